//! A document that comes from the store while this device holds something that the store has lost, refused, or has
//! another content for.

use std::collections::BTreeSet;

use docket_sync_core::document::{ChainHead, Record};
use docket_sync_core::facts::{FactBody, StatedFact};
use docket_sync_core::ids::{ActorId, ChangeHash, DocumentId};

use super::base::Base;
use super::heal::Lacking;
use super::stored::{row_key, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::store::{DeviceStore, Table};

impl<S: DeviceStore> DeviceReplica<S> {
    /// A whole document replaces the base; what the base had beyond it is appended again, so that a store that
    /// lost it can be healed. Where a chain contradicts the old one, the old document is put aside; own facts on such
    /// a chain, which the store has lost to another phone with this identity, are stated again. Tells whether
    /// there was something beyond it.
    pub(super) fn keep_what_the_store_lacks(&mut self, base: &mut Base, work: &mut Work) -> Result<bool, ReplicaError> {
        let id = base.document.id();
        let old = match self.load_base(id) {
            Ok(Some(old)) => old,
            Ok(None) | Err(ReplicaError::Document(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let contradicted = contradicted(&old, base);
        let records = old.document.records();
        if !contradicted.is_empty() {
            let row = self.next_row();
            work.batch.put(
                Table::Aside,
                row_key(row),
                to_bytes(&Aside { document: id, bytes: old.document.bytes().to_vec() }),
            );
            let own = self.own_actors(&old);
            let lost = |record: &&Record| {
                contradicted.contains(&record.actor)
                    && own.contains(&record.actor)
                    && base.document.change_hash(record.actor, record.sequence)
                        != old.document.change_hash(record.actor, record.sequence)
            };
            let lost: Vec<Record> = records.iter().filter(lost).cloned().collect();
            work.reclaimed.extend(self.reclaim_facts(&old, &lost)?);
            self.give_back_aside(&old, base, &contradicted.difference(&own).copied().collect())?;
        }
        let mut kept = false;
        for record in records {
            let known = base.meta.chains.get(&record.actor).map_or(0, |head| head.sequence);
            if record.sequence > known && !contradicted.contains(&record.actor) {
                base.append(record)?;
                kept = true;
            }
        }
        Ok(kept)
    }

    /// What others stated and the store has lost to another content: nobody else may have it any more. It travels
    /// under the receipt that covers it, and the store keeps it for a person to decide.
    fn give_back_aside(&mut self, old: &Base, new: &Base, actors: &BTreeSet<ActorId>) -> Result<(), ReplicaError> {
        let document = old.document.id();
        let differs = |(record, hash): &(&Record, ChangeHash)| {
            actors.contains(&record.actor) && new.document.change_hash(record.actor, record.sequence) != Some(*hash)
        };
        let lost = old.document.changes().filter(differs).map(|(record, hash)| (record.clone(), hash)).collect();
        for (receipt, records) in self.split_by_receipts(old, lost)?.0 {
            let proofs = self.proofs_of(&records)?;
            let pushes = self.receipt_pushes(receipt.row, vec![Lacking { document, records, proofs }])?;
            self.flight.aside.extend(pushes);
        }
        Ok(())
    }

    /// Own facts that the store had refused and a supervisor has let in: they are among the store's now.
    pub(super) fn settle_admitted(&mut self, id: DocumentId, base: &Base, work: &mut Work) -> Result<(), ReplicaError> {
        let refused = || self.journal.iter().filter(|(_, entry)| entry.document == id && !entry.waits());
        if refused().next().is_none() {
            return Ok(());
        }
        let records = base.document.records();
        let admitted: BTreeSet<_> = records
            .iter()
            .filter_map(|record| match StatedFact::from_bytes(&record.bytes).ok()?.content.body {
                FactBody::Admit(admit) => admit.fact(id).map(|fact| (fact.id, fact.digest)),
                _ => None,
            })
            .collect();
        let mut rows = Vec::new();
        for (row, entry) in refused() {
            if admitted.contains(&(entry.id(), entry.fact()?.digest)) {
                rows.push(*row);
            }
        }
        for row in rows {
            self.journal.remove(&row);
            work.batch.delete(Table::Journal, row_key(row));
            work.touched.insert(id);
        }
        Ok(())
    }
}

/// A document that was put aside because the store's contradicts it.
#[derive(Debug, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
struct Aside {
    #[n(0)]
    document: DocumentId,
    #[cbor(n(1), with = "minicbor::bytes")]
    bytes: Vec<u8>,
}

/// Actors of which two documents have different changes in one place of the chain.
fn contradicted(old: &Base, new: &Base) -> BTreeSet<ActorId> {
    let differs = |(actor, old_head): &(&ActorId, &ChainHead)| {
        let Some(new_head) = new.meta.chains.get(*actor) else { return false };
        if old_head.sequence <= new_head.sequence {
            new.document.change_hash(**actor, old_head.sequence) != Some(old_head.hash)
        } else {
            old.document.change_hash(**actor, new_head.sequence) != Some(new_head.hash)
        }
    };
    old.meta.chains.iter().filter(differs).map(|(actor, _)| *actor).collect()
}
