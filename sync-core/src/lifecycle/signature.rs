//! Signatures: each binds to the facts that the customer saw and never becomes invalid (R6).

use super::causality::{Node, Places};
use super::facets::ProofWay;
use super::findings::{Because, Findings};
use super::ground::{Ground, PROOFS_BESIDE_MAX, Proof, SIGNATURE_CHECK_RULE, each, is_by_rule, moment};
use super::lines::Lines;
use super::reviews::terms;
use super::view::{ReviewKind, Rule, SignatureFacet, SignatureView};

/// Every signature and the facet they make.
pub(super) struct Signatures {
    /// In canonical order.
    pub(super) views: Vec<SignatureView>,
    /// The facet.
    pub(super) facet: SignatureFacet,
}

/// R6 and R8 over signatures and refusals.
pub(super) fn signatures<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, lines: &Lines<'a>) -> Signatures {
    rejections(ground, findings);
    // A code is good once: whoever heard it read out cannot use it again.
    for (node, _) in each!(ground, SignByCode).filter(|(node, _)| ground.is_used(*node)) {
        findings.void(node, Rule::R6);
    }
    let proofs = ground.proofs();
    let signed: Vec<Node<'a>> = proofs.iter().map(|proof| proof.node).collect();
    beside_each_other(ground, findings, proofs);
    mismatches(ground, findings, proofs);
    let refused = refusals(ground, findings, &signed);
    let views = each!(ground, SignDocument)
        .map(|(node, body)| SignatureView {
            at: moment(node),
            by: node.fact.author.clone(),
            voucher: body.voucher,
            covered: body
                .covered
                .iter()
                .filter_map(|reference| ground.covered_by(node, *reference))
                .map(|covered| covered.id())
                .collect(),
            opinion: body.opinion.clone(),
            name: body.name.clone(),
            relation: body.relation.clone(),
            proof: body.proof,
            key: body.key,
            signature: body.signature,
            rejected: ground.is_rejected(node),
        })
        .collect();
    let on_device = proofs.iter().any(|proof| proof.way.is_none());
    let on_paper = proofs.iter().any(|proof| proof.way == Some(ProofWay::Paper));
    let covers_all = lines.uncovered.is_empty() && proofs.iter().any(|proof| !ground.is_mismatched(proof.node));
    let facet = match (signed.is_empty(), covers_all) {
        (false, true) if on_device => SignatureFacet::Signed,
        (false, true) if on_paper => SignatureFacet::Paper,
        (false, true) => SignatureFacet::Code,
        (false, false) => SignatureFacet::SignedPartial,
        (true, _) if refused => SignatureFacet::Refused,
        (true, _) => SignatureFacet::Unsigned,
    };
    Signatures { views, facet }
}

/// two proofs at once are both kept; each covers what it covers. Said once for each proof that has another
/// beside it, against the first of these: a proof for every pair would be as many as the square of what a device sends.
fn beside_each_other<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, proofs: &[Proof<'a>]) {
    for (index, other) in proofs.iter().enumerate() {
        let mut before = proofs.iter().take(index.min(PROOFS_BESIDE_MAX));
        let Some(one) = before.find(|one| ground.concurrent(one.node, other.node)) else { continue };
        let (pair, message) = if one.way == other.way { ("X-45", "explain.x_45") } else { ("X-51", "explain.x_51") };
        let because = Because { field: "signature", value: "both", rule: Rule::R6, pair: Some(pair), message };
        findings.explain(because, &[one.node, other.node], &[]);
    }
}

/// An agreement over other contents than the facts that it names have covers nothing; a supervisor finds out why.
fn mismatches<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, proofs: &[Proof<'a>]) {
    for proof in proofs.iter().filter(|proof| ground.is_mismatched(proof.node)) {
        let message = "explain.signature_other_facts";
        let because = Because { field: "signature", value: "covers_nothing", rule: Rule::R6, pair: None, message };
        findings.explain(because, &[], &[proof.node]);
        findings.raise(ground, &terms(ReviewKind::SignatureUnverified), &[proof.node], Rule::R6);
        findings.tell_author(proof.node, "notice.signature_other_facts", proof.node);
    }
}

/// A signature whose proof is there and does not verify counts for nothing; a supervisor finds out why. Only the
/// rule that checks proofs may say so.
fn rejections<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    let mut told = Places::default();
    for (signature, rejection) in ground.rejections() {
        if told.contains(signature) {
            continue;
        }
        told.insert(signature);
        let because = Because {
            field: "signature",
            value: "rejected",
            rule: Rule::R6,
            pair: None,
            message: "explain.signature_unverified",
        };
        findings.explain(because, &[rejection], &[signature]);
        findings.raise(ground, &terms(ReviewKind::SignatureUnverified), &[signature, rejection], Rule::R6);
        findings.tell_author(signature, "notice.signature_unverified", signature);
    }
    for (node, _) in each!(ground, RejectSignature).filter(|(node, _)| !is_by_rule(*node, SIGNATURE_CHECK_RULE)) {
        findings.void(node, Rule::R10);
    }
}

/// Whether a refusal stands. A signature given knowing of the refusal settles it; one given elsewhere at the same
/// time does not: both are kept and a supervisor calls (X-52, R8).
fn refusals<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, signed: &[Node<'a>]) -> bool {
    let mut stands = false;
    let settled = ground.causality.known_to_any(signed.iter().copied());
    for (refusal, _) in each!(ground, RefuseSignature) {
        if settled.contains(refusal) {
            continue;
        }
        stands = true;
        let other =
            signed.iter().take(PROOFS_BESIDE_MAX).copied().find(|signature| ground.concurrent(*signature, refusal));
        let (kind, pair, message, causes) = match other {
            Some(signature) => {
                let causes = vec![signature, refusal];
                (ReviewKind::ConflictingCommitments, Some("X-52"), "explain.x_52", causes)
            }
            None => (ReviewKind::SignatureRefused, None, "explain.signature_refused", vec![refusal]),
        };
        let because = Because { field: "signature", value: "refused", rule: Rule::R8, pair, message };
        findings.explain(because, &other.into_iter().collect::<Vec<_>>(), &[refusal]);
        findings.raise(ground, &terms(kind), &causes, Rule::R8);
    }
    stands
}
