//! What everybody must see at the end of a story, as plain values; a check answers the differences.

use std::collections::BTreeMap;

use super::Who;
use crate::facts::Role;
use crate::facts::values::{Correction, ReviewChoice, Window};
use crate::ids::PersonId;
use crate::lifecycle::FactSet;
use crate::lifecycle::facets::Holder;
use crate::lifecycle::view::{
    CancelEffect, Coverage, OrderState, OrderView, Outcome, ReviewKind, ReviewStatus, Rule, SignatureFacet, Visit,
    VoucherFacet,
};

/// A review that must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewExpected {
    /// Its kind.
    pub kind: ReviewKind,
    /// Who decides.
    pub owner: Role,
    /// Limit in milliseconds from the latest cause; `None` never.
    pub limit_ms: Option<i64>,
    /// What happens otherwise.
    pub default: ReviewChoice,
    /// Where it stands.
    pub status: ReviewStatus,
}

/// What a view must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// State.
    pub state: OrderState,
    /// Who is to do the order.
    pub assigned: Option<Who>,
    /// The time that shows.
    pub appointment: Option<Window>,
    /// Other times that block the calendar.
    pub blocked: Vec<Window>,
    /// Signature facet.
    pub signature: SignatureFacet,
    /// Coverage.
    pub coverage: Coverage,
    /// Billable fen.
    pub billable: i64,
    /// Effects of the cancels, in canonical order.
    pub cancels: Vec<CancelEffect>,
    /// Voucher facet.
    pub voucher: VoucherFacet,
    /// Reviews, in any order.
    pub reviews: Vec<ReviewExpected>,
    /// Rules and pairs that `explain` must cite.
    pub cites: Vec<(Rule, &'static str)>,
    /// Messages that somebody must get.
    pub told: Vec<(&'static str, Role)>,
    /// Number of visits.
    pub visits: usize,
    /// Number of void facts.
    pub void: usize,
    /// Facets beside the state, each in the words of [`facet`].
    pub facets: Vec<(&'static str, &'static str)>,
}

impl Expected {
    /// An order in this state, with nothing else to see.
    #[must_use]
    pub fn new(state: OrderState) -> Self {
        Self {
            state,
            assigned: None,
            appointment: None,
            blocked: Vec::new(),
            signature: SignatureFacet::Unsigned,
            coverage: Coverage::None,
            billable: 0,
            cancels: Vec::new(),
            voucher: VoucherFacet::Out,
            reviews: Vec::new(),
            cites: Vec::new(),
            told: Vec::new(),
            visits: 1,
            void: 0,
            facets: Vec::new(),
        }
    }

    /// The differences between this and a view of these facts; empty when it is as it must be.
    #[must_use]
    pub fn differences(&self, view: &OrderView, facts: &FactSet, person: &dyn Fn(Who) -> PersonId) -> Vec<String> {
        let mut list = Vec::new();
        let mut same = |what: &str, expected: String, found: String| {
            if expected != found {
                list.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        same("state", self.state.to_string(), view.state.to_string());
        same("assigned", format!("{:?}", self.assigned.map(person)), format!("{:?}", view.technician()));
        let window = view.appointment.as_ref().map(|appointment| appointment.window);
        same("appointment", format!("{:?}", self.appointment), format!("{window:?}"));
        same("blocked windows", format!("{:?}", self.blocked), format!("{:?}", view.blocked_windows));
        same("signature", self.signature.to_string(), view.signature.to_string());
        same("coverage", self.coverage.to_string(), view.coverage.to_string());
        let billable = view.billable.get("CNY").copied().unwrap_or(0);
        same("billable fen", self.billable.to_string(), billable.to_string());
        let effects: Vec<_> = view.cancels.iter().map(|cancel| cancel.effect).collect();
        same("cancels", format!("{:?}", self.cancels), format!("{effects:?}"));
        same("voucher", self.voucher.to_string(), view.voucher.to_string());
        same("visits", self.visits.to_string(), view.visits.len().to_string());
        same("void facts", self.void.to_string(), view.void.len().to_string());
        same("reviews", self.reviews(), reviews(view, facts));
        for (name, expected) in &self.facets {
            same(&format!("facet {name}"), (*expected).to_owned(), facet(view, name, person));
        }
        for (rule, pair) in &self.cites {
            let cited = view.explanations.iter().any(|reason| reason.rule == *rule && reason.pair == Some(*pair));
            same(&format!("cites {rule} {pair}"), "true".into(), cited.to_string());
        }
        for (message, role) in &self.told {
            let told = view.notices.iter().any(|notice| notice.message == *message && notice.role == *role);
            same(&format!("tells {role} {message}"), "true".into(), told.to_string());
        }
        list
    }

    fn reviews(&self) -> String {
        let mut lines: Vec<String> = self
            .reviews
            .iter()
            .map(|review| {
                let ReviewExpected { kind, owner, limit_ms, default, status } = review;
                format!("{kind} of {owner} within {limit_ms:?} else {default}: {status}")
            })
            .collect();
        lines.sort();
        lines.join("; ")
    }
}

/// What a correction is about.
fn about(correction: &Correction) -> &'static str {
    match correction {
        Correction::Time(_) => "time",
        Correction::Line(_) => "line",
        Correction::Text(_) => "text",
    }
}

/// What was found on a visit.
fn finding(visit: &Visit) -> Option<String> {
    match visit.outcome.as_ref()? {
        Outcome::Done { finding, .. } => finding.clone(),
        Outcome::NotRepairable { finding, .. } => Some(finding.clone()),
        Outcome::Unfinished { text, .. } => text.clone(),
    }
}

/// A facet in words: codes joined by commas, amounts in fen.
pub(super) fn facet(view: &OrderView, name: &str, person: &dyn Fn(Who) -> PersonId) -> String {
    let facets = &view.facets;
    let joined = |codes: Vec<String>| codes.join(",");
    let fen = |sums: &BTreeMap<String, i64>| sums.get("CNY").copied().unwrap_or(0).to_string();
    match name {
        "items" => joined(facets.items.iter().map(|item| format!("{}:{}", item.number, item.state)).collect()),
        "holds" => joined(facets.holds.iter().map(|hold| hold.reason.to_string()).collect()),
        "header" => {
            let words = |value: &Option<String>| value.clone().unwrap_or_default();
            joined(facets.header.iter().map(|field| format!("{}={}", field.field, words(&field.value))).collect())
        }
        "warranty" => facets.warranty.map_or(String::new(), |warranty| warranty.to_string()),
        "consent" => joined(facets.quotes.iter().map(|quote| quote.consent.to_string()).collect()),
        "no_consent" => facets.no_consent.to_string(),
        "paperwork" => if facets.paperwork_due { "due" } else { "ok" }.to_owned(),
        "custody" => joined(facets.custody.iter().map(|custody| custody.stage.to_string()).collect()),
        "holder" => joined(
            facets
                .custody
                .iter()
                .map(|custody| match &custody.holder {
                    Holder::Customer => "customer".to_owned(),
                    Holder::Person(holder) => {
                        let who = Who::ALL.iter().find(|who| person(**who) == *holder);
                        who.map_or_else(|| holder.to_string(), |who| format!("{who:?}"))
                    }
                    Holder::Conflict(_) => "conflict".to_owned(),
                })
                .collect(),
        ),
        "receipt" => joined(facets.custody.iter().map(|custody| custody.receipt_state.to_string()).collect()),
        "taken" => fen(&facets.money.taken),
        "pockets" => joined(facets.money.pockets.values().map(i64::to_string).collect()),
        "remitted" => fen(&facets.money.remitted),
        "overpaid" => fen(&facets.money.overpaid),
        "due" => fen(&facets.money.due),
        "complaints" => facets.complaints.len().to_string(),
        "approvals" => joined(facets.approvals.iter().map(|approval| approval.covers.to_string()).collect()),
        "contacts" => joined(facets.contacts.iter().filter_map(|contact| contact.phone.clone()).collect()),
        "numbers" => joined(facets.numbers.iter().map(|number| number.number.clone()).collect()),
        "missing" => joined(facets.missing.iter().map(|missing| missing.demand.to_string()).collect()),
        "low_confidence" => facets.low_confidence.len().to_string(),
        "corrections" => joined(facets.corrections.iter().map(|one| about(&one.correction).to_owned()).collect()),
        "findings_in_words" => joined(view.visits.iter().filter_map(finding).collect()),
        "lines" => joined(view.lines.iter().map(|line| line.standing.to_string()).collect()),
        "held" => {
            joined(view.lines.iter().map(|line| line.held.map_or(String::new(), |why| why.to_string())).collect())
        }
        "problem" => view.request.as_ref().map_or(String::new(), |request| request.problem.clone()),
        "findings" => joined(view.visits.iter().filter_map(|visit| found(visit.outcome.as_ref()?)).collect()),
        "countersigned" => joined(facets.custody.iter().map(|custody| custody.countersigned.to_string()).collect()),
        "liability" => view.office.liability.as_ref().map_or(String::new(), |(case, shares)| {
            let shares = shares.iter().map(|share| share.permille.to_string());
            core::iter::once(case.to_string()).chain(shares).collect::<Vec<_>>().join(" ")
        }),
        "units" => joined(facets.units.iter().map(|unit| unit.new_serial.clone()).collect()),
        "planned" => facets.planned.len().to_string(),
        "proofs" => joined(facets.proofs.iter().map(|proof| proof.way.to_string()).collect()),
        "unknown" => view.unknown_facts.to_string(),
        "callback" => view.office.callback.map_or(String::new(), |result| result.to_string()),
        "invoiced" => fen(&view.office.invoiced),
        "credited" => fen(&view.office.credited),
        "costs" => fen(&view.office.costs),
        other => format!("no facet {other}"),
    }
}

fn found(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Done { finding, .. } => finding.clone(),
        Outcome::NotRepairable { finding, .. } => Some(finding.clone()),
        Outcome::Unfinished { text, .. } => text.clone(),
    }
}

/// The reviews of a view in the form of [`Expected::reviews`]; the limit is the terms' one, if the due time is it.
fn reviews(view: &OrderView, facts: &FactSet) -> String {
    let mut lines: Vec<String> = view
        .reviews
        .iter()
        .map(|review| {
            let causes = review.causes.iter().flat_map(|cause| facts.under(*cause));
            let latest = causes.map(crate::facts::Fact::lo).max();
            let limit = review.due.zip(latest).map(|(due, latest)| due.since(latest));
            let (kind, owner, default, status) = (review.kind, review.owner, review.default, review.status);
            format!("{kind} of {owner} within {limit:?} else {default}: {status}")
        })
        .collect();
    lines.sort();
    lines.join("; ")
}
