//! A voucher's total is what signing makes due, and nothing that the customer signed becomes dearer later (R6, R7):
//! over every story, at every step, and over random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::laws::{Acts, Byte8, codes, honest};
use crate::commands::{CommandCode, Context, offered};
use crate::facts::bodies::{LiftFinding, StateFinding};
use crate::facts::values::{FindingKind, ReviewChoice};
use crate::facts::{Author, Fact, FactBody, FactKind, Head, SeenRef};
use crate::ids::{Digest, FactId, PersonId, StoreId};
use crate::lifecycle::scenario::{STORIES, Scenario, Stage, Who, part};
use crate::lifecycle::view::{NotBillable, OrderView, ReviewKind};
use crate::lifecycle::{FactSet, fold};
use crate::policy::ServicePolicy;
use crate::proof::certificate::Fingerprint;
use crate::reference::Language;
use crate::voucher::{Names, Voucher, VoucherInput, shown_facts};

type Sums = BTreeMap<String, i64>;

const TECHNICIANS: [Who; 4] = [Who::A, Who::B, Who::C, Who::ATablet];

/// What the voucher of a view asks for, as it is printed.
fn total(view: &OrderView, facts: &FactSet) -> Sums {
    let covered: Vec<(FactId, Digest)> =
        shown_facts(view).into_iter().filter_map(|id| Some((id, facts.get(id)?.digest))).collect();
    let input = VoucherInput {
        document: facts.document(),
        store: StoreId([9; 16]),
        fingerprint: Fingerprint([1; 16]),
        language: Language::En,
        policy: &ServicePolicy::shipped().unwrap(),
        view,
        covered: &covered,
        names: &Names::default(),
    };
    let voucher = Voucher::build(&input, &[7; 32]).unwrap();
    let printed = voucher.value("total.CNY").unwrap_or("0.00 CNY");
    let fen: String = printed.chars().filter(char::is_ascii_digit).collect();
    billed(&[("CNY".to_owned(), fen.parse().unwrap())].into())
}

fn billed(sums: &Sums) -> Sums {
    sums.iter().filter(|(_, minor)| **minor != 0).map(|(currency, minor)| (currency.clone(), *minor)).collect()
}

/// Lets the customer sign what a technician's device shows, if it offers that; checks that the total is due then, and
/// answers it.
fn signs(scenario: &mut Scenario, who: Who, told: &str) -> Option<Sums> {
    let shown = scenario.shown(who);
    let view = fold(&shown);
    let context = Context::new(scenario.person(who), who.roles());
    if !offered(&view, &context).contains(&CommandCode::Sign) {
        return None;
    }
    let total = total(&view, &shown);
    scenario.stage().sign(who, &shown_facts(&view));
    let signed = fold(&scenario.shown(who));
    assert_eq!(billed(&signed.billable), total, "{told}: {:#?}", view.lines);
    Some(total)
}

/// A story in which somebody signs after a step that the story does not know of.
struct WithSignature {
    scenario: Scenario,
    /// After which step.
    after: usize,
    who: Who,
    acts: usize,
    /// What was signed for, and what the device knew then.
    signed: Option<(Sums, FactSet)>,
    told: String,
}

impl Stage for WithSignature {
    fn act(&mut self, who: Who, head: Head, body: FactBody) -> FactId {
        let fact = self.scenario.act(who, head, body);
        self.acts += 1;
        if self.acts == self.after {
            let total = signs(&mut self.scenario, self.who, &self.told);
            self.signed = total.map(|total| (total, self.scenario.shown(self.who)));
        }
        fact
    }

    fn look(&mut self, who: Who) {
        self.scenario.look(who);
    }

    fn person(&self, who: Who) -> PersonId {
        self.scenario.person(who)
    }

    fn office_facts(&self) -> FactSet {
        self.scenario.office_facts()
    }

    fn digest(&self, fact: FactId) -> Digest {
        self.scenario.digest(fact)
    }
}

/// Whether the customer said anything else about what he pays: by consent, or beside what this device knew.
fn said_more(facts: &FactSet, signed: &FactSet) -> bool {
    let since = |fact: &&Fact| signed.get(fact.id).is_none();
    let agrees = |fact: &Fact| match fact.body() {
        FactBody::SignDocument(_) | FactBody::SignByCode(_) | FactBody::AttachPaper(_) => true,
        FactBody::ResolveReview(body) => body.choice == ReviewChoice::Consented,
        _ => false,
    };
    facts.iter().any(|fact| fact.kind() == Some(FactKind::GiveConsent)) || facts.iter().filter(since).any(agrees)
}

#[test]
fn r7_the_voucher_of_every_story_says_what_signing_makes_due_and_it_does_not_rise() {
    let (mut vouchers, mut kept) = (0, 0);
    for story in STORIES {
        let mut steps = 1;
        let mut after = 0;
        while after < steps {
            after += 1;
            for who in [Who::A, Who::B] {
                let told = format!("{} signed by {who:?} after step {after}", story.name);
                let scenario = Scenario::default();
                let mut stage = WithSignature { scenario, after, who, acts: 0, signed: None, told };
                (story.play)(&mut stage);
                steps = stage.acts;
                let WithSignature { mut scenario, signed: Some((total, signed)), told, .. } = stage else { continue };
                vouchers += 1;
                scenario.stage().everyone_looks();
                let facts = scenario.facts();
                if !said_more(&facts, &signed) {
                    let view = fold(&facts);
                    let due = view.billable.get("CNY").copied().unwrap_or(0);
                    assert!(due <= total.get("CNY").copied().unwrap_or(0), "{told}: {due} of {total:?}\n{view:#?}");
                    kept += 1;
                }
            }
        }
    }
    assert!(vouchers > 100 && kept > 20, "{vouchers} vouchers, {kept} of them the last word");
}

/// The story of a person's day, and in its middle a signature.
fn random_history(code: &[Byte8], cut: usize) -> Option<(Scenario, Sums, FactSet)> {
    let mut scenario = Scenario::default();
    let (before, after) = code.split_at(cut.min(code.len()));
    for code in before {
        honest(&mut scenario, Acts::All, *code);
    }
    for who in TECHNICIANS {
        signs(&mut scenario.clone(), who, &format!("{who:?}"));
    }
    let mut sign = |who: &Who| signs(&mut scenario, *who, "a random history").map(|total| (total, *who));
    let (total, who) = TECHNICIANS.iter().find_map(&mut sign)?;
    let known = scenario.shown(who);
    for code in after {
        honest(&mut scenario, Acts::All, *code);
    }
    scenario.stage().everyone_looks();
    Some((scenario, total, known))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn r7_random_histories_charge_what_was_signed_and_no_more(code in codes(140), cut in 20..120_usize) {
        if let Some((scenario, total, signed)) = random_history(&code, cut) {
            let facts = scenario.facts();
            if !said_more(&facts, &signed) {
                let due = fold(&facts).billable.get("CNY").copied().unwrap_or(0);
                prop_assert!(due <= total.get("CNY").copied().unwrap_or(0), "{} of {:?}", due, total);
            }
        }
    }
}

/// A finding of the ledger: two lines claim one serial number.
fn finding(scenario: &mut Scenario, body: impl Into<FactBody>) -> FactId {
    let seen = scenario.office_facts().iter().map(|fact| SeenRef::Fact(fact.id.reference())).collect();
    let mut fact = scenario.fact(Who::Timer, seen, Head::default(), body.into());
    fact.author = Author::System(FindingKind::SerialConflict.rule().to_owned());
    let id = fact.id;
    scenario.give(Who::Timer, fact);
    id
}

/// A line is asked about, everybody knows, and the customer signs a voucher that shows it as not charged.
fn signed_while_asked_about() -> (Scenario, FactId, FactId) {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, part("Compressor", 9_000));
    stage.done(Who::A, visit);
    stage.everyone_looks();
    let body = StateFinding {
        kind: FindingKind::SerialConflict,
        fact: line.reference(),
        subject: "SN-1".into(),
        person: None,
        others: Vec::new(),
    };
    let found = finding(&mut scenario, body);
    scenario.stage().everyone_looks();
    assert_eq!(signs(&mut scenario, Who::A, "asked about"), Some(Sums::new()));
    scenario.stage().everyone_looks();
    (scenario, line, found)
}

fn held(scenario: &Scenario, line: FactId) -> Option<NotBillable> {
    fold(&scenario.facts()).lines.iter().find(|view| view.at.fact == line).and_then(|view| view.held)
}

#[test]
fn x_35_what_he_signed_while_the_storekeeper_was_asked_is_not_charged_on_that_signature() {
    let (mut kept, line, _) = signed_while_asked_about();
    assert_eq!(held(&kept, line), Some(NotBillable::LedgerAsks));
    kept.stage().resolve(Who::Storekeeper, ReviewKind::SerialConflict, ReviewChoice::Keep);
    assert_eq!(held(&kept, line), Some(NotBillable::SignedAsFree));
    let (mut lifted, line, found) = signed_while_asked_about();
    finding(&mut lifted, LiftFinding { finding: found.reference(), kind: FindingKind::SerialConflict });
    assert_eq!(held(&lifted, line), Some(NotBillable::SignedAsFree));
    // The clerk has called him, and he pays.
    lifted.stage().everyone_looks();
    lifted.stage().resolve(Who::Clerk, ReviewKind::NotCharged, ReviewChoice::Consented);
    assert_eq!(held(&lifted, line), None);
    // Decided before he signs again, it is on the voucher.
    kept.stage().everyone_looks();
    let shown = kept.shown(Who::A);
    let view = fold(&shown);
    assert_eq!(view.lines[0].held, Some(NotBillable::SignedAsFree));
    assert_eq!(total(&view, &shown), [("CNY".to_owned(), 9_000)].into());
    kept.stage().sign(Who::A, &shown_facts(&view));
    assert_eq!(fold(&kept.shown(Who::A)).lines[0].held, None);
}
