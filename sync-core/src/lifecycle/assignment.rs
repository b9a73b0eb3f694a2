//! Who is to do the order. Intents: concurrent ones by R2; a visit that took place counts whoever was assigned (R4).

use std::collections::BTreeMap;

use super::answers::Answers;
use super::cancel::Cancels;
use super::causality::{Node, Places};
use super::dispatches::{Dispatch, dispatches, goods_taken};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, r2};
use super::reviews::terms;
use super::view::{Assignment, AssignmentFacet, ReviewKind, Rule};
use super::visits::{VisitFacts, Visits};
use crate::facts::values::ReviewChoice;
use crate::facts::{FactBody, Role};
use crate::ids::PersonId;
use crate::sabotage::breaks;

/// Every assignment and the effective one.
pub(super) struct Assignments<'a> {
    /// In canonical order.
    pub(super) all: Vec<Assignment>,
    /// Index of the effective one.
    pub(super) effective: Option<usize>,
    /// Its fact.
    pub(super) node: Option<Node<'a>>,
}

struct Candidate<'a> {
    node: Node<'a>,
    body: Dispatch<'a>,
    facet: AssignmentFacet,
    live: bool,
}

/// R2 and R4 over all assignments.
pub(super) fn assignments<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    cancels: &Cancels<'a>,
) -> Assignments<'a> {
    let mut candidates = candidates(ground, findings, cancels);
    let winner = winner(ground, findings, visits, &mut candidates);
    let effective = match (cancels.ended(), winner) {
        (Some(cancel), _) => {
            release_all(ground, findings, &mut candidates, cancel);
            None
        }
        (None, Some(winner)) => rivals(ground, findings, visits, &mut candidates, winner),
        (None, None) => None,
    };
    let node = effective.and_then(|index| candidates.get(index)).map(|candidate| candidate.node);
    let all = candidates
        .into_iter()
        .map(|candidate| Assignment {
            at: moment(candidate.node),
            by: candidate.node.fact.author.clone(),
            technician: candidate.body.technician,
            facet: candidate.facet,
            skipped: candidate.body.skipped.to_vec(),
            turn: candidate.body.turn,
            reason: candidate.body.reason.map(str::to_owned),
        })
        .collect();
    Assignments { all, effective, node }
}

/// Every assignment with its own facet, and whether it may be the effective one.
fn candidates<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, cancels: &Cancels<'a>) -> Vec<Candidate<'a>> {
    let mut valid = Vec::new();
    let all = dispatches(ground);
    for (node, body) in all.iter().copied() {
        // Assigning a cancelled order needs a reinstate first; else it contradicts its own past.
        if cancels.ended().is_some_and(|cancel| ground.knows(node, cancel)) {
            findings.void(node, Rule::R3);
        } else {
            valid.push((node, body));
        }
    }
    let replaced = ground.causality.known_to_any(valid.iter().map(|(node, _)| *node));
    let unassigned: Vec<(Node<'a>, PersonId)> =
        each!(ground, Unassign).map(|(node, body)| (node, body.technician)).collect();
    let current_unassigns = ground
        .causality
        .known_to_any(valid.iter().map(|(node, _)| *node).chain(unassigned.iter().map(|(node, _)| *node)));
    let answers = Answers::new(ground);
    all.into_iter()
        .map(|(node, body)| {
            let mut candidate = Candidate { node, body, facet: answers.facet(ground, node, &body), live: true };
            let taken_back = unassigned.iter().any(|(unassign, technician)| {
                *technician == body.technician
                    && (ground.knows(*unassign, node)
                        || (ground.concurrent(*unassign, node)
                            && !current_unassigns.contains(*unassign)
                            && r2(*unassign, node).is_gt()))
            });
            if findings.is_void(node) || replaced.contains(node) || taken_back {
                candidate.live = false;
                // refused and unassigned is out once; the refusal shows.
                if candidate.facet != AssignmentFacet::Refused {
                    candidate.facet = AssignmentFacet::Superseded;
                }
            } else if candidate.facet == AssignmentFacet::Refused {
                candidate.live = false;
            }
            candidate
        })
        .collect()
}

/// The assignment that R2 leaves, after outcomes have used up theirs.
fn winner<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    candidates: &mut [Candidate<'a>],
) -> Option<usize> {
    let known = |outcomes: &dyn Fn(&VisitFacts<'a>) -> Vec<Node<'a>>| {
        let mut of: BTreeMap<PersonId, Vec<Node<'a>>> = BTreeMap::new();
        for visit in &visits.all {
            of.entry(visit.technician).or_default().extend(outcomes(visit));
        }
        let known = |(person, nodes): (PersonId, Vec<Node<'a>>)| (person, ground.causality.known_to_any(nodes));
        of.into_iter().map(known).collect::<BTreeMap<PersonId, Places>>()
    };
    let ended = known(&|visit| visit.unfinished.iter().chain(&visit.not_repairable).copied().collect());
    let done = known(&|visit| visit.dones.clone());
    let rest = ground.causality.known_to_any(visits.all.iter().flat_map(|visit| visit.unfinished.iter().copied()));
    for candidate in candidates.iter_mut().filter(|candidate| candidate.live) {
        // A visit that ends unfinished uses up the assignment it was made for; the clerk schedules anew (C-141).
        let by_him = |known: &BTreeMap<PersonId, Places>| {
            known.get(&candidate.body.technician).is_some_and(|places| places.contains(candidate.node))
        };
        // He has done his part while another item stays unfinished: the rest is scheduled anew.
        let used = by_him(&ended) || (rest.contains(candidate.node) && by_him(&done));
        if used && visits.completed.is_none() {
            candidate.live = false;
            candidate.facet = AssignmentFacet::Released;
        }
    }
    let live: Vec<(usize, Node<'a>)> = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.live)
        .map(|(index, candidate)| (index, candidate.node))
        .collect();
    let (winner, won) =
        live.iter().copied().reduce(|best, other| if r2(other.1, best.1).is_gt() { other } else { best })?;
    let losers: Vec<Node<'a>> = live.iter().map(|(_, node)| *node).filter(|node| *node != won).collect();
    if !losers.is_empty() {
        let himself = |node: &Node<'a>| matches!(node.fact.body(), FactBody::SelfDispatch(_));
        let (taken, given): (Vec<Node<'a>>, Vec<Node<'a>>) = losers.iter().copied().partition(himself);
        for (pair, message, losers) in [("X-18", "explain.x_18", given), ("X-22", "explain.x_22", taken)] {
            if !losers.is_empty() {
                let because =
                    Because { field: "assignment", value: "superseded", rule: Rule::R2, pair: Some(pair), message };
                findings.explain(because, &[won], &losers);
            }
        }
        for loser in &losers {
            findings.tell_author(*loser, "notice.superseded", won);
        }
    }
    let won_technician = candidates.get(winner).map(|candidate| candidate.body.technician);
    for candidate in candidates.iter_mut().filter(|candidate| candidate.live && candidate.node != won) {
        candidate.live = false;
        candidate.facet = AssignmentFacet::Superseded;
        if Some(candidate.body.technician) != won_technician {
            findings.tell(Some(candidate.body.technician), Role::Technician, "notice.released", won);
        }
    }
    Some(winner)
}

/// The order ended: what the canceller knew is released, what he did not know is superseded.
fn release_all<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    candidates: &mut [Candidate<'a>],
    cancel: Node<'a>,
) {
    for candidate in candidates.iter_mut().filter(|candidate| candidate.live) {
        candidate.live = false;
        candidate.facet =
            if ground.knows(cancel, candidate.node) { AssignmentFacet::Released } else { AssignmentFacet::Superseded };
        findings.tell(Some(candidate.body.technician), Role::Technician, "notice.stop", cancel);
    }
}

/// What another technician did that the winning assignment did not know, the furthest step first.
enum Rival<'a> {
    /// he has done it.
    Done(Node<'a>),
    /// he is on site.
    Working(Node<'a>),
    /// he has accepted or set out.
    Coming(Node<'a>, bool),
}

/// the winning assignment meets what others did without knowing of it. Answers the effective one.
fn rivals<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    candidates: &mut [Candidate<'a>],
    winner: usize,
) -> Option<usize> {
    let (won, technician) = candidates.get(winner).map(|candidate| (candidate.node, candidate.body.technician))?;
    let worked = |person: PersonId| visits.all.iter().any(|visit| visit.technician == person && !visit.work.is_empty());
    let mut effective = Some(winner);
    goods_taken(ground, findings, won, technician);
    for person in others(ground, visits, technician) {
        let Some(rival) = rival(ground, visits, won, person) else {
            continue;
        };
        let given_way = match rival {
            Rival::Done(_) if worked(technician) => false,
            Rival::Done(done) => {
                explain(findings, Rule::R4, "X-15", "explain.x_15", done, won);
                findings.tell(Some(technician), Role::Technician, "notice.released", done);
                findings.tell_author(won, "notice.released_by_done", done);
                true
            }
            Rival::Working(work) => {
                explain(findings, Rule::R4, "X-14", "explain.x_14", work, won);
                findings.tell(Some(technician), Role::Technician, "notice.other_on_site", work);
                findings.tell_author(won, "notice.other_on_site", work);
                let terms = terms(ReviewKind::WorkByReplaced);
                let decision = findings.raise(ground, &terms, &[won, work], Rule::R4);
                decision.is_some_and(|decision| decision.choice == ReviewChoice::Release)
            }
            Rival::Coming(step, standing) => {
                coming(ground, findings, visits, (won, technician), (step, person), standing)
            }
        };
        if given_way {
            effective = hand_over(candidates, winner, person);
        }
    }
    // X-15 without a rival's assignment: the work is done and this technician had no part in it.
    let done_without_him = visits.completed.is_some_and(|done| !ground.knows(won, done)) && !worked(technician);
    if done_without_him && effective == Some(winner) {
        let done_by = visits.completed.and_then(|done| done.fact.person());
        effective = done_by.and_then(|person| hand_over(candidates, winner, person));
    }
    effective
}

/// Everybody but the winner who answered an assignment or began a visit, sorted.
fn others<'a>(ground: &Ground<'a>, visits: &Visits<'a>, technician: PersonId) -> Vec<PersonId> {
    let mut others: Vec<PersonId> = each!(ground, Accept)
        .filter_map(|(node, _)| node.fact.person())
        .chain(each!(ground, SelfDispatch).filter_map(|(node, _)| node.fact.person()))
        .chain(visits.all.iter().map(|visit| visit.technician))
        .filter(|person| *person != technician && !breaks(Rule::R4))
        .collect();
    others.sort_unstable();
    others.dedup();
    others
}

fn rival<'a>(ground: &Ground<'a>, visits: &Visits<'a>, won: Node<'a>, person: PersonId) -> Option<Rival<'a>> {
    let unknown = |node: &Node<'a>| ground.concurrent(*node, won);
    let his: Vec<&VisitFacts<'a>> = visits.all.iter().filter(|visit| visit.technician == person).collect();
    if let Some(done) = his.iter().flat_map(|visit| visit.dones.iter().copied()).find(|done| !ground.knows(won, *done))
    {
        // He finished what the dispatcher took from him; begun in ignorance, it counts although told later.
        let unaware = his.iter().any(|visit| visit.begin().is_some_and(|begin| !ground.knows(begin, won)));
        return unaware.then_some(Rival::Done(done));
    }
    let open = || his.iter().filter(|visit| visit.is_open());
    if let Some(work) = open().find_map(|visit| visit.work.iter().copied().find(unknown)) {
        return Some(Rival::Working(work));
    }
    if let Some(begin) = open().filter_map(|visit| visit.begin()).find(unknown) {
        return Some(Rival::Coming(begin, true));
    }
    let answers = each!(ground, Accept).map(|(node, _)| node).chain(each!(ground, SelfDispatch).map(|(node, _)| node));
    let accept = answers.into_iter().find(|node| node.fact.person() == Some(person) && unknown(node))?;
    // Once his device has seen the new assignment he knows that he need not go.
    let told = ground.live().any(|node| node.fact.person() == Some(person) && ground.knows(node, won));
    Some(Rival::Coming(accept, !told))
}

/// two technicians believe to be assigned. Answers whether the winner gives way.
fn coming<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    visits: &Visits<'a>,
    (won, technician): (Node<'a>, PersonId),
    (step, person): (Node<'a>, PersonId),
    standing: bool,
) -> bool {
    let terms = terms(ReviewKind::DoubleAssigned);
    if !standing {
        if findings.decision(ground, &terms, &[won, step]).is_some() {
            findings.lapse(ground, &terms, &[won, step], Rule::R2);
        }
        return false;
    }
    explain(findings, Rule::R2, "X-17", "explain.x_17", won, step);
    findings.tell(Some(person), Role::Technician, "notice.reassigned", won);
    findings.tell(Some(technician), Role::Technician, "notice.other_under_way", step);
    let decision = findings.raise(ground, &terms, &[won, step], Rule::R2);
    match decision.map(|decision| decision.choice) {
        Some(ReviewChoice::Release) => true,
        Some(ReviewChoice::First) => {
            let arrival = |person: PersonId| {
                let his = visits.all.iter().filter(move |visit| visit.technician == person);
                his.filter_map(VisitFacts::arrived).map(|node| (node.fact.lo(), node.id())).min()
            };
            match (arrival(person), arrival(technician)) {
                (Some(his), Some(other)) => his < other,
                (Some(_), None) => true,
                (None, _) => false,
            }
        }
        _ => false,
    }
}

/// The winner is released, and `person`'s own assignment, if he has one, counts again.
fn hand_over(candidates: &mut [Candidate<'_>], winner: usize, person: PersonId) -> Option<usize> {
    if let Some(candidate) = candidates.get_mut(winner) {
        candidate.live = false;
        candidate.facet = AssignmentFacet::Released;
    }
    let index = candidates.iter().rposition(|candidate| candidate.body.technician == person)?;
    if let Some(candidate) = candidates.get_mut(index) {
        candidate.live = true;
        candidate.facet = AssignmentFacet::Accepted;
    }
    Some(index)
}

pub(super) fn explain<'a>(
    findings: &mut Findings<'a>,
    rule: Rule,
    pair: &'static str,
    message: &'static str,
    winner: Node<'a>,
    loser: Node<'a>,
) {
    findings.explain(
        Because { field: "assignment", value: "effective", rule, pair: Some(pair), message },
        &[winner],
        &[loser],
    );
}

/// Whether anybody has taken the order out, for the voucher's facet.
pub(super) fn went_out(assignments: &Assignments<'_>, visits: &Visits<'_>) -> bool {
    !visits.all.is_empty() || assignments.all.iter().any(|assignment| assignment.facet == AssignmentFacet::Accepted)
}
