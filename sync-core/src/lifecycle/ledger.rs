//! What the ledger found across orders and stated here (lifecycle 4.5): and the exceptions of
//! the books. The fold does not judge a finding; it shows it, asks its owner, and holds what it must hold.

use std::collections::BTreeMap;

use super::causality::{Node, Places};
use super::facets::FindingView;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, is_by_rule, moment};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::Role;
use crate::facts::bodies::StateFinding;
use crate::facts::values::{FindingKind, ReviewChoice};
use crate::ids::PersonId;

/// Goods that are held on another order, too.
pub(super) struct ClaimedElsewhere<'a> {
    /// The fact by which they were taken here.
    pub(super) take: Node<'a>,
    /// The finding.
    pub(super) finding: Node<'a>,
    /// Who took them there.
    pub(super) others: Vec<PersonId>,
}

/// A finding that holds a line, and what lifted it.
#[derive(Clone, Copy)]
struct Asked<'a> {
    finding: Node<'a>,
    lift: Option<Node<'a>>,
}

impl<'a> Ledger<'a> {
    /// The finding for which a line was not charged as the author of `reader` saw it.
    pub(super) fn held_for(
        &self,
        ground: &Ground<'a>,
        findings: &Findings<'a>,
        line: Node<'a>,
        reader: Node<'a>,
    ) -> Option<Node<'a>> {
        let terms = terms(ReviewKind::SerialConflict);
        let holds = |asked: &&Asked<'a>| {
            ground.knows(reader, asked.finding)
                && !asked.lift.is_some_and(|lift| ground.knows(reader, lift))
                && findings.decision_known_to(ground, reader, &terms, &[asked.finding]) != Some(ReviewChoice::Keep)
        };
        self.asked.get(&line.place()).into_iter().flatten().find(holds).map(|asked| asked.finding)
    }
}

/// What the ledger found.
#[derive(Default)]
pub(super) struct Ledger<'a> {
    /// In canonical order, lifted ones too.
    pub(super) views: Vec<FindingView>,
    /// Lines that are not billable until the storekeeper has decided.
    pub(super) held: Places,
    /// What holds a line until somebody has decided, lifted or not, by the line's place.
    asked: BTreeMap<usize, Vec<Asked<'a>>>,
    /// Goods with a second claim.
    pub(super) goods: Vec<ClaimedElsewhere<'a>>,
}

/// Reads the findings.
pub(super) fn ledger<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Ledger<'a> {
    let mut ledger = Ledger::default();
    let stated: Vec<(Node<'a>, &'a StateFinding)> = each!(ground, StateFinding).collect();
    for (node, body) in stated {
        if !is_by_rule(node, body.kind.rule()) {
            findings.void(node, Rule::R10);
            continue;
        }
        let lift = each!(ground, LiftFinding)
            .filter(|(lift, _)| is_by_rule(*lift, body.kind.rule()))
            .find(|(_, lift)| ground.causality.resolve(lift.finding).any(|finding| finding == node));
        let about: Vec<Node<'a>> = ground.causality.resolve(body.fact).collect();
        explain(findings, node, body, &about);
        let settled = review(ground, findings, node, body, lift.is_some());
        let is_open = lift.is_none() && settled.is_none();
        if body.kind == FindingKind::SerialConflict {
            for line in &about {
                let asked = Asked { finding: node, lift: lift.map(|(lift, _)| lift) };
                ledger.asked.entry(line.place()).or_default().push(asked);
            }
        }
        match body.kind {
            // Not billable while the conflict stands, nor when the storekeeper has decided for the other line.
            FindingKind::SerialConflict if lift.is_none() && settled != Some(ReviewChoice::Keep) => {
                for line in &about {
                    ledger.held.insert(*line);
                }
            }
            FindingKind::GoodsClaimed if lift.is_none() => {
                let others: Vec<PersonId> = body.others.iter().filter_map(|claim| claim.person).collect();
                let claimed =
                    about.iter().map(|take| ClaimedElsewhere { take: *take, finding: node, others: others.clone() });
                ledger.goods.extend(claimed);
            }
            _ => {}
        }
        ledger.views.push(FindingView {
            at: moment(node),
            kind: body.kind,
            about: body.fact,
            subject: body.subject.clone(),
            person: body.person,
            others: body.others.clone(),
            lifted: lift.map(|(lift, _)| lift.fact.digest),
            is_open,
        });
    }
    ledger
}

/// Who decides about a kind; `None` where there is nothing to decide, or another rule asks.
fn review_kind(kind: FindingKind) -> Option<ReviewKind> {
    match kind {
        FindingKind::SerialConflict => Some(ReviewKind::SerialConflict),
        FindingKind::StockDispute => Some(ReviewKind::StockDispute),
        FindingKind::TimeOverlap => Some(ReviewKind::TimeOverlap),
        FindingKind::CashOvernight => Some(ReviewKind::CashOvernight),
        FindingKind::CoreOwed => Some(ReviewKind::CoreOwed),
        FindingKind::BenchLate => Some(ReviewKind::BenchLate),
        FindingKind::VarianceExplained | FindingKind::GoodsClaimed => None,
    }
}

/// Asks the owner; answers what was decided.
fn review<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    node: Node<'a>,
    body: &StateFinding,
    lifted: bool,
) -> Option<ReviewChoice> {
    let terms = terms(review_kind(body.kind)?);
    if lifted {
        findings.lapse(ground, &terms, &[node], Rule::R9);
        return None;
    }
    match body.kind {
        FindingKind::CashOvernight => {
            findings.tell(body.person, Role::Technician, "notice.cash_overnight", node);
            findings.tell(None, Role::Accountant, "notice.cash_overnight", node);
        }
        FindingKind::CoreOwed => findings.tell(body.person, Role::Technician, "notice.core_owed", node),
        FindingKind::TimeOverlap => findings.tell(body.person, Role::Technician, "notice.time_overlap", node),
        FindingKind::SerialConflict | FindingKind::StockDispute => {
            for line in ground.causality.resolve(body.fact) {
                findings.tell_author(line, "notice.which_part", node);
            }
        }
        FindingKind::BenchLate => findings.tell(None, Role::Supervisor, "notice.bench_late", node),
        FindingKind::VarianceExplained | FindingKind::GoodsClaimed => {}
    }
    findings.raise(ground, &terms, &[node], Rule::R9).map(|decision| decision.choice)
}

/// Why; the sentences quote the fact that the finding is about.
fn explain<'a>(findings: &mut Findings<'a>, node: Node<'a>, body: &StateFinding, about: &[Node<'a>]) {
    let (field, rule, pair, message) = match body.kind {
        FindingKind::SerialConflict => ("line", Rule::R9, Some("X-35"), "explain.x_35"),
        FindingKind::StockDispute => ("line", Rule::R5, Some("X-36"), "explain.x_36"),
        FindingKind::VarianceExplained => ("line", Rule::R11, Some("X-41"), "explain.x_41"),
        FindingKind::TimeOverlap => ("visits", Rule::R5, Some("X-42"), "explain.x_42"),
        FindingKind::CashOvernight => ("money", Rule::R11, None, "explain.cash_overnight"),
        FindingKind::CoreOwed => ("line", Rule::R9, None, "explain.core_owed"),
        FindingKind::BenchLate => ("custody", Rule::R11, None, "explain.bench_late"),
        // The rule of custody says it, with both claims.
        FindingKind::GoodsClaimed => return,
    };
    let winners = if about.is_empty() { vec![node] } else { about.to_vec() };
    findings.explain(Because { field, value: body.kind.code(), rule, pair, message }, &winners, &[]);
}
