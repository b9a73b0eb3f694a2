//! What the author of a refused fact had seen passes through to those of his facts that entered.
//!
//! A fact that stands behind a refused one names it as seen, and its content never changes. Were that reference only
//! unknown, the fold would take its author to know nothing of what came before: signed work would stand against a
//! cancel that he had read. So the store states once, as a fact of its own, what the refused fact had seen; every
//! replica folds that alike, and nothing of what was refused enters.
//!
//! A refused fact that somebody else carried here counts only where its proof was good: else he could put words into its
//! author's mouth.

use std::collections::BTreeSet;

use docket_sync_core::facts::bodies::PassOver;
use docket_sync_core::facts::{Fact, Origin, SeenRef, StatedFact};
use docket_sync_core::ids::{ActorId, DeviceId, Digest, DocumentId, FactId, FactRef};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::sync::gate::{Judged, Verdict};

use super::error::CommitError;
use super::quarantine::QuarantineEntry;
use super::tables::Tables;
use super::writer::Writer;
use crate::store::{KeyRange, Table, record};

/// The rule that states them.
const RULE: &str = "quarantine";
/// Refused facts passed for one push: who sends more is no technician at work.
const PASSED_MAX: usize = 256;

impl Writer {
    /// States what refused facts had seen that accepted facts of this push name.
    pub(super) fn pass_over_refused(&mut self, device: DeviceId, judged: &Judged) -> Result<(), CommitError> {
        let mut passed = 0_usize;
        for document in &judged.documents {
            let id = document.document;
            let mut waiting: Vec<FactId> = Vec::new();
            for (_, verdict) in &document.records {
                if let Verdict::Accept { fact, .. } = verdict {
                    waiting.extend(own_seen(fact, device));
                }
            }
            self.pass_over(device, id, waiting, &mut passed)?;
        }
        Ok(())
    }

    /// The same for one fact that a supervisor let in.
    pub(super) fn pass_over_before(&mut self, document: DocumentId, fact: &Fact) -> Result<(), CommitError> {
        let Some(Origin::Device { device, .. }) = fact.origin else { return Ok(()) };
        self.pass_over(device, document, own_seen(fact, device), &mut 0)
    }

    fn pass_over(
        &mut self,
        device: DeviceId,
        id: DocumentId,
        mut waiting: Vec<FactId>,
        passed: &mut usize,
    ) -> Result<(), CommitError> {
        let mut met = BTreeSet::new();
        while let Some(fact) = waiting.pop() {
            if *passed >= PASSED_MAX || !met.insert(fact) || self.is_known_fact(id, fact)? {
                continue;
            }
            let Some(seen) = self.seen_by_refused(id, fact, device)? else { continue };
            *passed = passed.saturating_add(1);
            let before = seen.iter().filter(|(actor, _)| *actor == Some(fact.actor));
            waiting.extend(before.filter_map(|(actor, reference)| same_actor(*actor, *reference)));
            let seen = seen.into_iter().map(|(_, reference)| reference).collect();
            let cause = Digest(*blake3::hash(&fact.reference().to_bytes()).as_bytes());
            let body = PassOver { fact: fact.reference(), seen };
            let passes = self.state_by_rule(id, RULE, &[cause], body.into());
            CommitError::unless_full(passes, "what a refused fact had seen")?;
        }
        Ok(())
    }

    fn is_known_fact(&mut self, document: DocumentId, fact: FactId) -> Result<bool, CommitError> {
        Ok(self.known_order(document)?.facts.get(fact).is_some())
    }

    /// What a refused fact of this device had seen: its own actor's facts with the actor, others by reference.
    fn seen_by_refused(
        &self,
        document: DocumentId,
        fact: FactId,
        device: DeviceId,
    ) -> Result<Option<Vec<(Option<ActorId>, FactRef)>>, CommitError> {
        let prefix = KeyRange::prefix(super::keys::change(document, fact.actor, fact.sequence));
        for (_, bytes) in self.scan(Table::Quarantine, &prefix, 16)? {
            let entry: QuarantineEntry = record::decode("quarantine entry", &bytes)?;
            if entry.code.is_none_or(|code| entry.device != device && !is_after_its_proof(code)) {
                continue;
            }
            let Ok(stated) = StatedFact::from_bytes(&entry.record.bytes) else { continue };
            let seen = stated.content.seen.iter().filter_map(|seen| match seen {
                SeenRef::Previous => {
                    let previous = FactId { actor: fact.actor, sequence: fact.sequence.checked_sub(1)? };
                    Some((Some(fact.actor), previous.reference()))
                }
                SeenRef::Fact(reference) => {
                    let is_own = FactId { actor: fact.actor, sequence: reference.sequence }.reference() == *reference;
                    Some((is_own.then_some(fact.actor), *reference))
                }
            });
            return Ok(Some(seen.collect()));
        }
        Ok(None)
    }
}

/// The facts of its own chain that a fact of this device names as seen: others' are not refused on its account.
fn own_seen(fact: &Fact, device: DeviceId) -> Vec<FactId> {
    if !matches!(fact.origin, Some(Origin::Device { device: origin, .. }) if origin == device) {
        return Vec::new();
    }
    let named = fact.content.seen.iter().filter_map(|seen| match seen {
        SeenRef::Previous => fact.id.sequence.checked_sub(1).map(|sequence| FactId { sequence, ..fact.id }),
        SeenRef::Fact(reference) => same_actor(Some(fact.id.actor), *reference),
    });
    named.collect()
}

/// Whether the gate gives this reason only for what its maker's signature covers.
fn is_after_its_proof(code: QuarantineCode) -> bool {
    matches!(
        code,
        QuarantineCode::NotPermitted
            | QuarantineCode::OutOfScope
            | QuarantineCode::OfficeKind
            | QuarantineCode::NewerKind
            | QuarantineCode::BadWitness
            | QuarantineCode::BadCode
            | QuarantineCode::UsedCode
            | QuarantineCode::ForeignNumber
            | QuarantineCode::UsedNumber
    )
}

fn same_actor(actor: Option<ActorId>, reference: FactRef) -> Option<FactId> {
    let fact = FactId { actor: actor?, sequence: reference.sequence };
    (fact.reference() == reference).then_some(fact)
}
