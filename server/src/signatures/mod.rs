//! Signatures whose proof has arrived are checked once (C-080): one that does not verify does not count.
//!
//! The fold reads facts only, so what the check finds is a fact by `system:signature-check`; devices see the same.
//! Not here: how a signature is verified.

pub mod codes;
mod custody;

use docket_sync_core::facts::bodies::RejectSignature;
use docket_sync_core::facts::{Fact, FactBody, FactKind, Origin, StatedFact};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::SIGNATURE_CHECK_RULE;
use docket_sync_core::voucher::{SignedFact, verify_sign};

use crate::commit::{CommitError, Tables, Writer};
use crate::feed::devices::DeviceRecord;
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor};
use crate::store::Table;

/// Longest description of what differs, in characters.
const PROBLEM_CHARACTERS_MAX: usize = 200;

/// Checks signatures against their proofs.
#[derive(Debug)]
pub struct SignatureCheck;

impl Reactor for SignatureCheck {
    fn name(&self) -> &'static str {
        SIGNATURE_CHECK_RULE
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        match record {
            LogRecord::Proof { document, .. } => Some(Concern::Order(*document)),
            LogRecord::Fact(fact) => {
                // The proof may have been here before the fact.
                let kind = StatedFact::from_bytes(&fact.bytes).ok().and_then(|fact| fact.content.body.kind());
                kind.is_some_and(is_signature).then_some(Concern::Order(fact.document))
            }
            LogRecord::Started { .. }
            | LogRecord::Envelope { .. }
            | LogRecord::Enrolled { .. }
            | LogRecord::Revoked { .. }
            | LogRecord::Quarantined { .. }
            | LogRecord::Restored { .. }
            | LogRecord::Confirmed { .. }
            | LogRecord::Decided { .. }
            | LogRecord::Reference { .. }
            | LogRecord::Person { .. }
            | LogRecord::Office { .. } => None,
        }
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        for order in page.orders() {
            page.for_order(order, || check(writer, order))?;
        }
        Ok(())
    }
}

/// States what does not verify, once for each signature.
fn check(writer: &mut Writer, order: DocumentId) -> Result<(), CommitError> {
    let Some(known) = writer.order(order)? else { return Ok(()) };
    let rejected: Vec<_> = known
        .facts
        .iter()
        .filter_map(|fact| if let FactBody::RejectSignature(body) = fact.body() { Some(body.digest) } else { None })
        .collect();
    let is_open = |fact: &&Fact| fact.kind().is_some_and(is_signature) && !rejected.contains(&fact.digest);
    let open: Vec<Fact> = known.facts.iter().filter(is_open).cloned().collect();
    for fact in open {
        let Some(problem) = problem(writer, order, &fact)? else { continue };
        let body = RejectSignature { signature: fact.id.reference(), digest: fact.digest, problem };
        writer.state_by_rule(order, SIGNATURE_CHECK_RULE, &[fact.digest], body.into())?;
    }
    Ok(())
}

/// Kinds beside which something rides that the customer signed.
fn is_signature(kind: FactKind) -> bool {
    matches!(kind, FactKind::SignDocument | FactKind::SignByCode | FactKind::TakeCustody | FactKind::ReturnCustody)
}

/// What is wrong with a signature; `None` when it verifies, or cannot be checked yet.
fn problem(writer: &mut Writer, document: DocumentId, fact: &Fact) -> Result<Option<String>, CommitError> {
    if let FactBody::SignByCode(body) = fact.body() {
        return codes::problem(writer, document, fact.digest, body);
    }
    if let FactBody::TakeCustody(_) | FactBody::ReturnCustody(_) = fact.body() {
        return custody::problem(writer, document, fact);
    }
    let FactBody::SignDocument(body) = fact.body() else { return Ok(None) };
    let Some(Origin::Device { device, .. }) = fact.origin else { return Ok(None) };
    let Some(proof) = writer.get(Table::Blob, &body.proof.0)? else { return Ok(None) };
    let Some(record) = writer.read::<DeviceRecord>(Table::Device, &device.0)? else { return Ok(None) };
    let signed = SignedFact { document, claimed: fact.claimed(), device, body };
    let mismatch = verify_sign(&signed, &proof, &record.key).err();
    Ok(mismatch.map(|mismatch| mismatch.to_string().chars().take(PROBLEM_CHARACTERS_MAX).collect()))
}
