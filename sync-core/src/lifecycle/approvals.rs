//! Approvals: each covers one version of one fact, named by its digest (X-67, U-21). So does a rejection, and it needs
//! the same authority.

use std::collections::BTreeMap;

use super::causality::Node;
use super::facets::ApprovalView;
use super::findings::{Because, Findings};
use super::ground::{Ground, each, moment, role};
use super::reviews::terms;
use super::view::{ReviewKind, Rule};
use crate::facts::values::{ApprovalWay, Matter};
use crate::facts::{FactBody, FactKind, Role, Word};
use crate::ids::{Digest, FactRef, PersonId};

/// Approvals of one fact, signatures over it and versions of it that are looked at, the last ones: honest orders have a
/// few.
const LOOKED_AT_MAX: usize = 64;

/// Every approval and rejection that counts.
pub(super) struct Approvals<'a> {
    /// Approvals by the place of what they approve, in canonical order.
    given: BTreeMap<(usize, Matter), Vec<Node<'a>>>,
    /// Rejections by the version that they reject, in canonical order.
    refused: BTreeMap<(Digest, Matter), Vec<Node<'a>>>,
    /// Both, in canonical order, with what they are about and whether somebody with authority stands behind them.
    all: Vec<Said<'a>>,
}

struct Said<'a> {
    node: Node<'a>,
    subject: Node<'a>,
    matter: Matter,
    counts: bool,
}

impl<'a> Approvals<'a> {
    pub(super) fn new(ground: &Ground<'a>) -> Self {
        let mut approvals = Self { given: BTreeMap::new(), refused: BTreeMap::new(), all: Vec::new() };
        let mut stated: Vec<Node<'a>> = ground.of(FactKind::Approve).chain(ground.of(FactKind::Reject)).collect();
        stated.sort_by_key(Node::place);
        let mut codes: BTreeMap<(PersonId, u32), Node<'a>> = BTreeMap::new();
        for node in stated {
            let Some((matter, subject, digest, word)) = said(node.fact.body()) else { continue };
            let subject = ground.causality.resolve(subject).find(|fact| fact.fact.digest == digest);
            let first = word.approver.zip(word.code).map(|once| *codes.entry(once).or_insert(node));
            let counts = has_authority(ground, node, &word, first == Some(node));
            if let Some(subject) = subject {
                approvals.all.push(Said { node, subject, matter, counts });
            }
            match (node.fact.body(), subject) {
                (FactBody::Approve(_), Some(subject)) if counts => {
                    approvals.given.entry((subject.place(), matter)).or_default().push(node);
                }
                (FactBody::Reject(_), _) if counts => {
                    approvals.refused.entry((digest, matter)).or_default().push(node);
                }
                _ => {}
            }
        }
        approvals
    }

    /// Whether a fact is approved in a matter, and nobody who knew of that rejected it. What the customer signed for
    /// when it was approved stays so (R7): a rejection that he could not see does not take it from him.
    pub(super) fn is_approved(&self, ground: &Ground<'a>, subject: Node<'a>, matter: Matter) -> bool {
        let signed = || ground.covering(subject).iter().take(LOOKED_AT_MAX);
        self.stands(ground, subject, matter, None)
            || signed().any(|proof| self.stands(ground, subject, matter, Some(*proof)))
    }

    /// The same in what the author of `reader` knew, or in all facts: some approval knew every rejection.
    fn stands(&self, ground: &Ground<'a>, subject: Node<'a>, matter: Matter, reader: Option<Node<'a>>) -> bool {
        let known = |node: &&Node<'a>| reader.is_none_or(|reader| ground.knows(reader, **node));
        let refused = self.refused.get(&(subject.fact.digest, matter)).into_iter().flatten().filter(known);
        let refused: Vec<Node<'a>> = refused.copied().collect();
        let last = refused.last().map(Node::place);
        let given = self.given.get(&(subject.place(), matter)).into_iter().flatten().rev().filter(known);
        // Who knew them all comes after them.
        given
            .take_while(|approval| last.is_none_or(|last| approval.place() > last))
            .take(LOOKED_AT_MAX)
            .any(|approval| refused.iter().all(|rejection| ground.knows(*approval, *rejection)))
    }
}

/// The last ones, in canonical order.
fn last<'n, 'a>(nodes: &'n [Node<'a>]) -> &'n [Node<'a>] {
    nodes.get(nodes.len().saturating_sub(LOOKED_AT_MAX)..).unwrap_or_default()
}

/// What an approval or a rejection is about, and by whose word.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds approve nothing")]
fn said(body: &FactBody) -> Option<(Matter, FactRef, Digest, Word<'_>)> {
    let word = body.word()?;
    match body {
        FactBody::Approve(body) => Some((body.matter, body.subject, body.digest, word)),
        FactBody::Reject(body) => Some((body.matter, body.subject, body.digest, word)),
        _ => None,
    }
}

/// Whether somebody with authority stands behind it: he is the author, or the witness on the technician's device, or
/// he has read out a code (whose number the office checks against its list), and nobody used it before.
fn has_authority<'a>(ground: &Ground<'a>, node: Node<'a>, word: &Word<'_>, is_first: bool) -> bool {
    let own = role(node) != Role::Technician;
    match word.way {
        ApprovalWay::Office => own,
        ApprovalWay::Presence => {
            own || word.approver.is_some_and(|approver| ground.is_confirmed_by_another(node, approver))
        }
        ApprovalWay::Code => is_first,
    }
}

/// Every approval and rejection.
pub(super) fn approvals<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    approvals: &Approvals<'a>,
) -> Vec<ApprovalView> {
    let versions = Versions::new(ground);
    let mut views = Vec::with_capacity(approvals.all.len());
    for Said { node, subject, matter, counts } in &approvals.all {
        if !counts {
            // A technician's word alone approves nothing, and rejects nothing.
            findings.void(*node, Rule::R10);
        }
        let word = node.fact.body().word();
        let is_approval = matches!(node.fact.body(), FactBody::Approve(_));
        let newer = is_approval.then(|| versions.newer(ground, *node, *subject)).flatten();
        if let (true, Some(newer)) = (*counts, newer) {
            let because = Because {
                field: "approval",
                value: "older_version",
                rule: Rule::R6,
                pair: Some("X-67"),
                message: "explain.x_67",
            };
            findings.explain(because, &[*node, *subject], &[newer]);
            findings.raise(ground, &terms(ReviewKind::ApprovalOutdated), &[*node, newer], Rule::R6);
            let approver = word.as_ref().and_then(|word| word.approver);
            findings.tell(approver, Role::Supervisor, "notice.approve_again", newer);
        }
        views.push(ApprovalView {
            at: moment(*node),
            matter: *matter,
            subject: subject.id(),
            approver: word.as_ref().and_then(|word| word.approver).or_else(|| node.fact.person()),
            way: word.filter(|_| is_approval).map(|word| word.way),
            covers: *counts && newer.is_none(),
        });
    }
    views
}

/// Versions that take another's place.
struct Versions<'a> {
    quotes: Vec<Node<'a>>,
    /// Of lines and corrected facts, by the place of what they replace.
    replacing: BTreeMap<usize, Vec<Node<'a>>>,
}

impl<'a> Versions<'a> {
    fn new(ground: &Ground<'a>) -> Self {
        let mut replacing: BTreeMap<usize, Vec<Node<'a>>> = BTreeMap::new();
        let lines = each!(ground, ReplaceLine).map(|(node, body)| (node, body.line));
        for (node, replaced) in lines.chain(each!(ground, CorrectFact).map(|(node, body)| (node, body.fact))) {
            for replaced in ground.causality.resolve(replaced) {
                replacing.entry(replaced.place()).or_default().push(node);
            }
        }
        Self { quotes: ground.of(FactKind::IssueQuote).collect(), replacing }
    }

    /// A version that the approver did not know and that takes the subject's place.
    fn newer(&self, ground: &Ground<'a>, approval: Node<'a>, subject: Node<'a>) -> Option<Node<'a>> {
        let of_a_quote = matches!(subject.fact.body(), FactBody::IssueQuote(_));
        let quotes = if of_a_quote { last(&self.quotes) } else { &[] };
        let replacing = self.replacing.get(&subject.place()).map_or(&[][..], |all| last(all));
        quotes
            .iter()
            .chain(replacing)
            .copied()
            .find(|node| *node != subject && !ground.knows(approval, *node) && !ground.knows(subject, *node))
    }
}
