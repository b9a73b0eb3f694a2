//! What every rule reads: the facts in canonical order, what was withdrawn, and how two intents compare.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::causality::{Causality, Node, Places, work};
use super::facets::ProofWay;
use super::fact_set::FactSet;
use super::findings::Findings;
use super::view::{Moment, Rule};
use super::withdrawals::{self, RelianceByPlace};
use crate::facts::bodies::{SignByCode, SignDocument};
use crate::facts::{Author, FactBody, FactKind, Role};
use crate::ids::{Digest, FactRef, PersonId};
use crate::sabotage::breaks;
use crate::voucher::covered_digest;

/// Every counting fact of one kind with its body, in canonical order.
macro_rules! each {
    ($ground:expr, $kind:ident) => {
        $ground.of(crate::facts::FactKind::$kind).filter_map(|node| {
            if let crate::facts::FactBody::$kind(body) = node.fact.body() { Some((node, body)) } else { None }
        })
    };
}
pub(super) use each;

/// The rule that checks signatures against their proofs; the fold hears nobody else about that.
pub const SIGNATURE_CHECK_RULE: &str = "signature-check";

/// Whether a rule of the system stated the fact.
pub(super) fn is_by_rule(node: Node<'_>, rule: &str) -> bool {
    matches!(&node.fact.author, Author::System(name) if name == rule)
}

/// The facts and their causal order.
pub(super) struct Ground<'a> {
    /// Who knew of what.
    pub(super) causality: Causality<'a>,
    /// Facts covered by some signature that counts.
    pub(super) signed: Places,
    /// Everything by which a customer agreed to what he saw, in canonical order.
    proofs: Vec<Proof<'a>>,
    /// Which of these cover a fact, by its place.
    covering: BTreeMap<usize, Vec<Node<'a>>>,
    /// Who confirmed which version of a two-party fact later, by its reference.
    acknowledged: BTreeMap<FactRef, Vec<(PersonId, Digest)>>,
    /// Agreements by a code that another one had used before.
    used: Places,
    /// Signatures that do not verify.
    rejected: Places,
    /// What others build on, by the place of the fact.
    relied_on: RelianceByPlace<'a>,
    /// Agreements over other contents than the facts that they name have: they cover nothing.
    mismatched: Places,
    /// Withdrawals by the place of the fact they take back.
    withdrawals: BTreeMap<usize, Vec<Node<'a>>>,
    /// Facts that count, by kind, in canonical order.
    by_kind: BTreeMap<FactKind, Vec<Node<'a>>>,
}

/// Choices between facts under one identity that are tried against a digest: six of them doubled.
const CHOICES_MAX: usize = 64;

/// Proofs of an order against which something else is held: honest orders have a few.
pub(super) const PROOFS_BESIDE_MAX: usize = 64;

/// How a customer agreed to what he saw: by signature, one-time code or on paper (R6).
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    /// The fact.
    pub(super) node: Node<'a>,
    /// What he saw.
    pub(super) covered: &'a [FactRef],
    /// How; absent for a signature on the device.
    pub(super) way: Option<ProofWay>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(facts: &'a FactSet, findings: &mut Findings<'a>) -> Self {
        let causality = Causality::new(facts);
        let mut ground = Self {
            causality,
            signed: Places::default(),
            proofs: Vec::new(),
            covering: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            used: Places::default(),
            rejected: Places::default(),
            relied_on: RelianceByPlace::new(),
            mismatched: Places::default(),
            withdrawals: BTreeMap::new(),
            by_kind: BTreeMap::new(),
        };
        let mut by_kind: BTreeMap<FactKind, Vec<Node<'a>>> = BTreeMap::new();
        for node in ground.live() {
            if let Some(kind) = node.fact.kind() {
                by_kind.entry(kind).or_default().push(node);
            }
        }
        ground.by_kind = by_kind;
        ground.rejected = ground.rejections().map(|(signature, _)| signature).collect();
        ground.used = ground.used_twice();
        ground.acknowledged = ground.acknowledgements();
        ground.proofs = ground.agreements();
        ground.mismatched = ground.proofs.iter().filter(|proof| ground.differs(proof)).map(|one| one.node).collect();
        let mut covering: BTreeMap<usize, Vec<Node<'a>>> = BTreeMap::new();
        for proof in &ground.proofs {
            for reference in proof.covered {
                if let Some(covered) = ground.covered_by(proof.node, *reference) {
                    let by = covering.entry(covered.place()).or_default();
                    if by.last() != Some(&proof.node) {
                        by.push(proof.node);
                    }
                    ground.signed.insert(covered);
                }
            }
        }
        ground.covering = covering;
        ground.relied_on = withdrawals::relied_on(&ground);
        ground.withdrawals = withdrawals::withdrawals(&ground, findings);
        ground
    }

    /// Facts that count: each `once` of the system once.
    pub(super) fn live(&self) -> impl Iterator<Item = Node<'a>> + '_ {
        let dropped = |node: &Node<'_>| breaks(Rule::R10) && node.fact.kind().is_none();
        let nodes = self.causality.nodes().iter().copied().inspect(|_| work::step());
        nodes.filter(move |node| !self.causality.is_repeated(*node) && !dropped(node))
    }

    /// Signatures that count: all but those that do not verify.
    pub(super) fn signatures(&self) -> impl Iterator<Item = (Node<'a>, &'a SignDocument)> + '_ {
        each!(self, SignDocument).filter(|(node, _)| !self.rejected.contains(*node))
    }

    /// Agreements by code that count: those that were checked in vain do not, and a code is good once.
    pub(super) fn codes(&self) -> impl Iterator<Item = (Node<'a>, &'a SignByCode)> + '_ {
        each!(self, SignByCode).filter(|(node, _)| !self.rejected.contains(*node) && !self.is_used(*node))
    }

    /// Whether another agreement used the same code before, in canonical order.
    pub(super) fn is_used(&self, node: Node<'a>) -> bool {
        self.used.contains(node)
    }

    fn used_twice(&self) -> Places {
        let (mut used, mut twice) = (BTreeSet::new(), Places::default());
        for (node, body) in each!(self, SignByCode) {
            if used.contains(&body.code) {
                twice.insert(node);
            } else if !self.rejected.contains(node) {
                used.insert(body.code);
            }
        }
        twice
    }

    fn acknowledgements(&self) -> BTreeMap<FactRef, Vec<(PersonId, Digest)>> {
        let mut by_fact: BTreeMap<FactRef, Vec<(PersonId, Digest)>> = BTreeMap::new();
        for (node, body) in each!(self, Acknowledge) {
            if let Some(person) = node.fact.person() {
                by_fact.entry(body.fact).or_default().push((person, body.digest));
            }
        }
        by_fact
    }

    /// Whether the signature does not verify.
    pub(super) fn is_rejected(&self, signature: Node<'a>) -> bool {
        self.rejected.contains(signature)
    }

    /// Signatures that do not verify, each with the fact that says so. Only the rule that checks proofs says so.
    pub(super) fn rejections(&self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> + '_ {
        each!(self, RejectSignature)
            .filter(|(node, _)| is_by_rule(*node, SIGNATURE_CHECK_RULE))
            .flat_map(|(node, body)| {
                self.causality.resolve(body.signature).map(move |signature| (signature, node, body))
            })
            .filter(|(signature, _, body)| {
                matches!(
                    signature.fact.kind(),
                    Some(
                        FactKind::SignDocument | FactKind::SignByCode | FactKind::TakeCustody | FactKind::ReturnCustody
                    )
                ) && signature.fact.digest == body.digest
            })
            .map(|(signature, node, _)| (signature, node))
    }

    /// Facts that count of one kind, in canonical order.
    pub(super) fn of(&self, kind: FactKind) -> impl Iterator<Item = Node<'a>> + '_ {
        self.by_kind.get(&kind).into_iter().flatten().copied().inspect(|_| work::step())
    }

    /// Whether there is a fact of one of these kinds.
    pub(super) fn has(&self, kinds: &[FactKind]) -> bool {
        kinds.iter().any(|kind| self.by_kind.contains_key(kind))
    }

    /// Everything by which a customer agreed to what he saw, in canonical order.
    pub(super) fn proofs(&self) -> &[Proof<'a>] {
        &self.proofs
    }

    /// Those that cover a fact, in canonical order.
    pub(super) fn covering(&self, node: Node<'a>) -> &[Node<'a>] {
        self.covering.get(&node.place()).map_or(&[], Vec::as_slice)
    }

    fn agreements(&self) -> Vec<Proof<'a>> {
        let signed = self.signatures().map(|(node, body)| Proof { node, covered: body.covered.as_slice(), way: None });
        let coded = self.codes().map(|(node, body)| Proof {
            node,
            covered: body.covered.as_slice(),
            way: Some(ProofWay::Code),
        });
        let papers = each!(self, AttachPaper).map(|(node, body)| Proof {
            node,
            covered: body.covered.as_slice(),
            way: Some(ProofWay::Paper),
        });
        let mut proofs: Vec<Proof<'a>> = signed.chain(coded).chain(papers).collect();
        proofs.sort_by_key(|proof| proof.node.place());
        proofs
    }

    /// Whether the other side of a two-party fact has confirmed it: as its witness, or by acknowledging it later.
    pub(super) fn is_confirmed_by(&self, node: Node<'a>, person: PersonId) -> bool {
        let witnesses = node.fact.content.head.witnesses.iter().flatten();
        node.fact.person() == Some(person)
            || witnesses.into_iter().any(|witness| witness.person == person)
            || self
                .acknowledged
                .get(&node.id().reference())
                .is_some_and(|said| said.contains(&(person, node.fact.digest)))
    }

    /// Whether somebody else than its author has confirmed it, as that person.
    pub(super) fn is_confirmed_by_another(&self, node: Node<'a>, person: PersonId) -> bool {
        node.fact.person() != Some(person) && self.is_confirmed_by(node, person)
    }

    pub(super) fn knows(&self, later: Node<'a>, earlier: Node<'a>) -> bool {
        self.causality.knows(later, earlier)
    }

    pub(super) fn concurrent(&self, one: Node<'a>, other: Node<'a>) -> bool {
        self.causality.concurrent(one, other)
    }

    /// Facts on which others build, by place.
    pub(super) fn relied_on(&self) -> &RelianceByPlace<'a> {
        &self.relied_on
    }

    /// Whether the fact was taken back.
    pub(super) fn is_withdrawn(&self, node: Node<'a>) -> bool {
        self.withdrawals.contains_key(&node.place())
    }

    /// Whether the author of `reader` knew that `node` was taken back.
    pub(super) fn knows_withdrawn(&self, reader: Node<'a>, node: Node<'a>) -> bool {
        self.withdrawals
            .get(&node.place())
            .is_some_and(|withdrawals| withdrawals.iter().any(|withdrawal| self.knows(reader, *withdrawal)))
    }

    /// Whether the customer agreed to other contents than the facts that he is said to have seen have (R6). Known once
    /// all of them are here; where a cloned device stated two, [`Self::proven`] finds the one he saw.
    fn differs(&self, proof: &Proof<'a>) -> bool {
        let Some((_, digest)) = paper(proof.node.fact.body()) else { return false };
        let mut pairs = Vec::with_capacity(proof.covered.len());
        for reference in proof.covered {
            let mut found = self.causality.resolve(*reference).filter(|node| *node != proof.node);
            let (Some(one), None) = (found.next(), found.next()) else { return false };
            pairs.push((one.id(), one.fact.digest));
        }
        !pairs.is_empty() && covered_digest(&pairs) != digest
    }

    /// Whether the agreement is over other contents than the facts that it names have.
    pub(super) fn is_mismatched(&self, agreement: Node<'a>) -> bool {
        self.mismatched.contains(agreement)
    }

    /// The fact that a signature covers under a reference: never one that was stated in knowledge of the signature. Of
    /// a cloned device's two facts only one can have been shown to the customer: the one the signature knew, or with
    /// which the digest of what it covers comes out; else neither is proven (R7).
    pub(super) fn covered_by(&self, signature: Node<'a>, reference: FactRef) -> Option<Node<'a>> {
        if self.is_mismatched(signature) {
            return None;
        }
        let shown = |node: &Node<'a>| *node != signature && !self.knows(*node, signature);
        let mut found = self.causality.resolve(reference).filter(shown);
        match (found.next(), found.next()) {
            (one, None) => one,
            (None, Some(_)) => None,
            (Some(_), Some(_)) => {
                let mut known = self.causality.resolve(reference).filter(|node| self.knows(signature, *node));
                let only = known.next().filter(|_| known.next().is_none());
                only.or_else(|| self.proven(signature, reference))
            }
        }
    }

    /// Of several facts under a reference the one with which a signature's digest of all that it covers comes out.
    fn proven(&self, signature: Node<'a>, reference: FactRef) -> Option<Node<'a>> {
        let (covered, digest) = paper(signature.fact.body())?;
        let mut choices: Vec<Vec<Node<'a>>> = vec![Vec::new()];
        for one in covered {
            let candidates: Vec<Node<'a>> = self.causality.resolve(*one).filter(|node| *node != signature).collect();
            let longer = |choice: &Vec<Node<'a>>| {
                let with = |node: &Node<'a>| choice.iter().chain([node]).copied().collect();
                candidates.iter().map(with).collect::<Vec<Vec<Node<'a>>>>()
            };
            choices = choices.iter().flat_map(longer).collect();
            if choices.len() > CHOICES_MAX {
                return None;
            }
        }
        let fits = |choice: &&Vec<Node<'a>>| {
            let pairs: Vec<_> = choice.iter().map(|node| (node.id(), node.fact.digest)).collect();
            covered_digest(&pairs) == digest
        };
        choices.iter().find(fits)?.iter().find(|node| node.id().reference() == reference).copied()
    }
}

/// What a customer's agreement covers, with the digest over it.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds cover nothing")]
fn paper(body: &FactBody) -> Option<(&[FactRef], Digest)> {
    match body {
        FactBody::SignDocument(body) => Some((&body.covered, body.covered_digest)),
        FactBody::SignByCode(body) => Some((&body.covered, body.covered_digest)),
        FactBody::AttachPaper(body) => Some((&body.covered, body.covered_digest)),
        _ => None,
    }
}

/// The role in which a fact was stated: as it says; else the one that its kind suggests.
pub(super) fn role(node: Node<'_>) -> Role {
    if let Some(role) = node.fact.content.head.role {
        return role;
    }
    node.fact.kind().map_or(Role::Clerk, suggested_role)
}

/// The role that a kind suggests: the first one in its row of the table of kinds.
#[must_use]
pub fn suggested_role(kind: FactKind) -> Role {
    kind.right().roles.first().copied().unwrap_or(Role::Dispatcher)
}

/// R2, role rank: supervisor, dispatcher, clerk, technician, system (a constant, never policy).
fn rank(node: Node<'_>) -> u8 {
    match (&node.fact.author, role(node)) {
        (Author::System(_), _) => 0,
        (_, Role::Auditor | Role::Administrator) => 1,
        (_, Role::Technician) => 2,
        (_, Role::Clerk | Role::Quality | Role::Accountant | Role::Storekeeper | Role::CallbackAgent) => 3,
        (_, Role::Dispatcher) => 4,
        (_, Role::Supervisor) => 5,
    }
}

/// R2 between two concurrent intents of equal safety: role rank, later `lo`, greater (actor, sequence).
pub(super) fn r2(one: Node<'_>, other: Node<'_>) -> Ordering {
    let key = |node: Node<'_>| (rank(node), node.fact.lo(), node.id(), node.fact.digest);
    if breaks(Rule::R2) { key(other).cmp(&key(one)) } else { key(one).cmp(&key(other)) }
}

/// R8 between two promises: the later `lo`, then the greater identity.
pub(super) fn later(one: Node<'_>, other: Node<'_>) -> Ordering {
    let key = |node: Node<'_>| (node.fact.lo(), node.id(), node.fact.digest);
    key(one).cmp(&key(other))
}

/// The moment that a fact states.
pub(super) fn moment(node: Node<'_>) -> Moment {
    moment_of(node.fact)
}

/// The same of a fact without its place.
pub(super) fn moment_of(fact: &crate::facts::Fact) -> Moment {
    Moment { fact: fact.id, time: fact.time, claimed: fact.claimed(), lo: fact.lo() }
}
