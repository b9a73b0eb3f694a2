//! What the gate asks, answered by a device: its base, what it carries, its journal, and what it knows of people.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{ChainHead, Chains, FirstStatement, Record};
use docket_sync_core::facts::{Block, Role, StatedFact};
use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, DocumentId, FactId, KeyId, PersonId};
use docket_sync_core::lifecycle::facets::Holder;
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::proof::Certificate;
use docket_sync_core::reference::{Reference, codes_record, numbers_record, person_record};
use docket_sync_core::sync::gate::{GateStore, Ground, KnownCode, OneTime};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;

use super::super::base::Base;
use super::super::{DeviceReplica, ReplicaError};
use crate::store::{DeviceStore, Table, scan_all};

/// The gate's look-ups over a replica. What a device does not know is held for the store.
pub(super) struct Look<'a, S> {
    replica: &'a DeviceReplica<S>,
    orders: BTreeMap<DocumentId, Known>,
    certificates: &'a [Certificate],
}

/// Of one order.
#[derive(Default)]
struct Known {
    chains: Chains,
    hashes: BTreeMap<(ActorId, u64), ChangeHash>,
    firsts: BTreeMap<ActorId, FirstStatement>,
    /// Whose order it is or was.
    people: BTreeSet<PersonId>,
}

impl Known {
    fn add(&mut self, record: &Record, hash: ChangeHash) {
        self.hashes.insert((record.actor, record.sequence), hash);
        let head = self.chains.entry(record.actor).or_insert(ChainHead { sequence: record.sequence, hash });
        if head.sequence < record.sequence {
            *head = ChainHead { sequence: record.sequence, hash };
        }
        if record.sequence == 1 {
            if let Ok(stated) = StatedFact::from_bytes(&record.bytes) {
                let (origin, author) = (stated.statement.origin, stated.statement.author);
                self.firsts.insert(record.actor, FirstStatement { origin, author });
            }
        }
    }
}

impl<'a, S: DeviceStore> Look<'a, S> {
    /// Over the orders of one push.
    pub(super) fn over(
        replica: &'a DeviceReplica<S>,
        orders: impl Iterator<Item = DocumentId>,
        certificates: &'a [Certificate],
    ) -> Result<Self, ReplicaError> {
        let mut known = BTreeMap::new();
        for order in orders {
            known.insert(order, replica.known(order)?);
        }
        known.retain(|_, known| !known.chains.is_empty());
        Ok(Self { replica, orders: known, certificates })
    }

    fn reference(&self, id: docket_sync_core::ids::RecordId) -> Option<Reference> {
        let record = self.replica.reference(id).ok().flatten()?;
        (!record.deleted).then_some(record.content)
    }
}

impl<S: DeviceStore> DeviceReplica<S> {
    fn known(&self, order: DocumentId) -> Result<Known, ReplicaError> {
        // Damaged here, or sealed: it is judged as if it were new.
        let base: Option<Base> = match self.load_base(order) {
            Ok(base) => base,
            Err(ReplicaError::Document(_) | ReplicaError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        let mut known = Known::default();
        for (record, hash) in base.iter().flat_map(|base| base.document.changes()) {
            known.add(record, hash);
        }
        for (record, hash) in self.carried_over(order, base.as_ref()) {
            known.add(&record, hash);
        }
        for entry in self.journal.values().filter(|entry| entry.document == order && entry.waits()) {
            known.add(&entry.record, entry.hash);
        }
        if known.chains.is_empty() {
            return Ok(known);
        }
        let mut facts = FactSet::new(order);
        facts.extend(self.facts_over(order, base.as_ref())?);
        let view = fold(&facts);
        known.people.extend(view.assignments.iter().map(|assignment| assignment.technician));
        known.people.extend(view.visits.iter().map(|visit| visit.technician));
        known.people.extend(view.facets.handed_to.iter().copied().chain(view.facets.made_by));
        for custody in &view.facets.custody {
            match &custody.holder {
                Holder::Person(person) => drop(known.people.insert(*person)),
                Holder::Conflict(people) => known.people.extend(people),
                Holder::Customer => {}
            }
        }
        Ok(known)
    }

    /// Certificates that came here with bundles and signatures.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>, ReplicaError> {
        let rows = scan_all(&self.store, Table::Certificate)?;
        let kept = rows.iter().filter_map(|(_, bytes)| Certificate::from_bytes(bytes).ok());
        Ok(kept.chain([self.certificate.clone()]).collect())
    }
}

impl<S: DeviceStore> GateStore for Look<'_, S> {
    fn chain(&self, document: DocumentId, actor: ActorId) -> Option<ChainHead> {
        self.orders.get(&document)?.chains.get(&actor).copied()
    }

    fn accepted(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.orders.get(&document)?.hashes.get(&(actor, sequence)).copied()
    }

    fn refused(&self, _document: DocumentId, _actor: ActorId, _sequence: u64) -> Option<ChangeHash> {
        None
    }

    fn first(&self, document: DocumentId, actor: ActorId) -> Option<FirstStatement> {
        self.orders.get(&document)?.firsts.get(&actor).cloned()
    }

    fn is_known(&self, document: DocumentId) -> bool {
        self.orders.contains_key(&document)
    }

    fn roles(&self, person: PersonId, _since: UnixMillis) -> Vec<Role> {
        let mut roles = match self.reference(person_record(person)) {
            Some(Reference::Person(record)) => record.roles,
            _ => Vec::new(),
        };
        roles.extend(self.certificates.iter().filter_map(|certificate| certificate.roles(person)).flatten());
        roles
    }

    fn was_in_scope(&self, document: DocumentId, person: PersonId) -> bool {
        self.orders.get(&document).is_some_and(|known| known.people.contains(&person))
    }

    fn witness_key(&self, person: PersonId, key: KeyId, _at: UnixMillis) -> Option<VerifyingKey> {
        let of_him = |one: &&Certificate| one.key_id() == key && one.roles(person).is_some();
        let certificate = self.certificates.iter().find(of_him)?;
        VerifyingKey::from_bytes(&certificate.device_key).ok()
    }

    fn code(&self, approver: PersonId, number: u32) -> Option<KnownCode> {
        let Some(Reference::ApprovalCodes(codes)) = self.reference(codes_record(approver)) else { return None };
        let at = usize::try_from(number.checked_sub(codes.first)?).ok()?;
        Some(KnownCode { hash: *codes.hashes.get(at)?, until: codes.until })
    }

    fn blocks(&self, device: DeviceId) -> Vec<Block> {
        match self.reference(numbers_record(device)) {
            Some(Reference::NumberBlocks(numbers)) => numbers.blocks,
            _ => Vec::new(),
        }
    }

    fn used_by(&self, _once: &OneTime) -> Option<(DocumentId, FactId)> {
        // Only the store sees every order.
        None
    }

    fn ground(&self) -> Ground {
        Ground::OnDevice
    }
}
