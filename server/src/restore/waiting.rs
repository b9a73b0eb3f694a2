//! Devices that the store once enrolled and has forgotten: what they send waits until an administrator confirms
//! them.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::Record;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{DeviceId, DocumentId, PersonId, StoreId};
use docket_sync_core::limits;
use docket_sync_core::proof::{Certificate, Envelope, Receipt};
use docket_sync_core::reference::Language;
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::frames::{Ack, AckRun, Cover, Outcome, Push};
use docket_sync_core::sync::gate::{self, Ground, Maker, Proof};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};

use super::{HELD, PUSHES, REVOKED, WAITING, key};
use crate::auth::people::NewPerson;
use crate::commit::{CommitError, PushDone, Tables, Writer, keys};
use crate::feed::devices::DeviceRecord;
use crate::log::LogRecord;
use crate::store::{KeyRange, Store, Table, record};

/// Devices that may wait at once: a certificate of this store is needed to be one of them.
const WAITING_MAX: usize = 10_000;

/// A device that waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Waiting {
    /// Its certificate, which this store signed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// When it first came.
    #[n(1)]
    pub first_at: UnixMillis,
    /// When it last came.
    #[n(2)]
    pub last_at: UnixMillis,
    /// Facts of it that wait here.
    #[n(3)]
    pub facts: u64,
    /// Their bytes.
    #[n(4)]
    pub bytes: u64,
}

impl Waiting {
    /// What the store once said about the device.
    #[must_use]
    pub fn certified(&self) -> Option<Certificate> {
        Certificate::from_bytes(&self.certificate).ok()
    }
}

/// Devices that wait to be confirmed.
///
/// # Errors
/// When the store fails.
pub fn list_waiting(store: &dyn Store) -> Result<Vec<(DeviceId, Waiting)>, CommitError> {
    let mut found = Vec::new();
    for (key, value) in Tables::scan(store, Table::Meta, &KeyRange::prefix(WAITING), WAITING_MAX)? {
        let device = key.get(WAITING.len()..).and_then(DeviceId::from_slice);
        let waiting = record::decode("waiting device", &value)?;
        found.extend(device.map(|device| (device, waiting)));
    }
    Ok(found)
}

/// Whether a device that the store does not know was revoked before it was forgotten.
pub(crate) fn was_revoked(tables: &(impl Tables + ?Sized), device: DeviceId) -> Result<bool, CommitError> {
    Ok(tables.get(Table::Meta, &key(REVOKED, &device.0))?.is_some())
}

/// A certificate, where the store with this id and key signed it.
pub(crate) fn our_certificate(bytes: &[u8], store: StoreId, store_key: &VerifyingKey) -> Option<Certificate> {
    let certificate = Certificate::from_bytes(bytes).ok()?;
    let is_ours =
        certificate.store == store && certificate.store_key == *store_key.as_bytes() && certificate.verify().is_ok();
    is_ours.then_some(certificate)
}

/// What covers a push of the device `speaker`: its own envelope, a colleague's with his certificate, or a receipt; all of
/// them of the store with this id and key.
pub(crate) fn proof_of(
    tables: &(impl Tables + ?Sized),
    (store, key): (StoreId, &VerifyingKey),
    cover: &Cover,
    speaker: &Maker,
) -> Result<Proof, CommitError> {
    Ok(match cover {
        Cover::Own { .. } => gate::own_proof(cover, store, speaker.clone()),
        Cover::Relayed { envelope, certificate } => {
            let maker = our_certificate(certificate, store, key).map(|certificate| maker_of(tables, &certificate));
            match maker.transpose()?.flatten() {
                Some(maker) => Proof::Envelope { maker, envelope: envelope.clone() },
                None => Proof::None,
            }
        }
        Cover::Receipt { receipt } => {
            let is_signed = |receipt: &Receipt| sabotage::is_on(Bug::ReceiptNotChecked) || receipt.verify(key).is_ok();
            let receipt = Receipt::from_bytes(receipt).ok();
            let receipt = receipt.filter(|receipt| receipt.store == store && is_signed(receipt));
            receipt.map_or(Proof::None, Proof::Receipt)
        }
        Cover::None => Proof::None,
    })
}

/// The device of a certificate of this store, as it stands now: one that the store remembers may have been revoked
/// since.
fn maker_of(tables: &(impl Tables + ?Sized), certificate: &Certificate) -> Result<Option<Maker>, CommitError> {
    let known: Option<DeviceRecord> = tables.read(Table::Device, &certificate.device.0)?;
    let revoked = match known {
        Some(record) => record.revoked_at.is_some(),
        None => was_revoked(tables, certificate.device)?,
    };
    let Ok(key) = VerifyingKey::from_bytes(&certificate.device_key) else { return Ok(None) };
    Ok(Some(Maker {
        device: certificate.device,
        key,
        persons: certificate.persons.iter().map(|(person, _)| *person).collect(),
        since: certificate.issued_at,
        revoked,
    }))
}

impl Writer {
    /// A forgotten device came with its certificate. What it left here before stays: it sends it again, and that is
    /// noticed.
    ///
    /// # Errors
    /// When the store fails, or too many wait.
    pub fn keep_waiting(&mut self, certificate: &Certificate) -> Result<(), CommitError> {
        let device = certificate.device;
        let known: Option<Waiting> = self.read(Table::Meta, &key(WAITING, &device.0))?;
        if known.is_none() {
            let others = self.scan(Table::Meta, &KeyRange::prefix(WAITING), WAITING_MAX)?;
            if others.len() >= WAITING_MAX {
                return Err(CommitError::Busy);
            }
            tracing::warn!(device.id = %device, "a device that this store does not remember waits to be confirmed");
        }
        let now = self.now();
        let (first_at, facts, bytes) = known.map_or((now, 0, 0), |known| (known.first_at, known.facts, known.bytes));
        let waiting = Waiting { certificate: certificate.to_bytes(), first_at, last_at: now, facts, bytes };
        self.write(Table::Meta, key(WAITING, &device.0), &waiting);
        self.touch_device(device);
        Ok(())
    }

    /// A colleague carries the push of a forgotten device: it waits like one that the device brought itself.
    ///
    /// # Errors
    /// As [`Writer::hold_push`].
    pub fn hold_relayed(&mut self, certificate: &Certificate, push: &Push) -> Result<Option<Ack>, CommitError> {
        let device = certificate.device;
        if self.get(Table::Meta, &key(WAITING, &device.0))?.is_none() {
            self.keep_waiting(certificate)?;
        }
        self.hold_push(device, push)
    }

    /// Keeps a push of a forgotten device whole and answers that everything in it is held. `None` when there is no
    /// room: nothing is acknowledged. A fact that waits here already is not kept twice; a push of which everything
    /// came again in later ones goes.
    ///
    /// # Errors
    /// When the store fails or the push contradicts itself.
    pub fn hold_push(&mut self, device: DeviceId, push: &Push) -> Result<Option<Ack>, CommitError> {
        let waiting_key = key(WAITING, &device.0);
        let mut waiting: Waiting =
            self.read(Table::Meta, &waiting_key)?.ok_or(CommitError::NotFound { what: "this device" })?;
        let Ok(documents) = push.records.unpack() else { return Ok(None) };
        let records = || documents.iter().flat_map(|(id, records)| records.iter().map(move |record| (*id, record)));
        let mut held = self.held_facts(device)?;
        let before: BTreeSet<PushId> = held.values().copied().collect();
        let (bytes, counted) = (record::encode(push), push.cover.counted());
        let id = push_id(counted.0, &bytes);
        let mut has_news = false;
        for fact in records().map(|(document, record)| fact_key(document, record)) {
            has_news |= held.insert(fact, id).is_none();
        }
        if has_news {
            let after: BTreeSet<PushId> = held.values().copied().collect();
            let mut kept_bytes = bytes.len();
            for other in after.iter().filter(|other| **other != id) {
                let push = self.get(Table::Meta, &push_key(device, other))?;
                kept_bytes = kept_bytes.saturating_add(push.map_or(0, |push| push.len()));
            }
            if held.len() > limits::QUARANTINE_ITEMS_PER_DEVICE_MAX
                || kept_bytes > limits::QUARANTINE_BYTES_PER_DEVICE_MAX
            {
                return Ok(None);
            }
            for gone in before.difference(&after) {
                self.remove(Table::Meta, push_key(device, gone));
            }
            for (fact, _) in held.iter().filter(|(_, push)| **push == id) {
                self.put(Table::Meta, held_key(device, fact), id.to_vec());
            }
            self.put(Table::Meta, push_key(device, &id), bytes);
            waiting.facts = u64::try_from(held.len()).unwrap_or(u64::MAX);
            waiting.bytes = u64::try_from(kept_bytes).unwrap_or(u64::MAX);
            self.write(Table::Meta, waiting_key, &waiting);
        }
        let run = |(document, record): (DocumentId, &Record)| AckRun {
            document,
            actor: record.actor,
            first: record.sequence,
            count: 1,
            outcome: Outcome::Held { missing: record.sequence },
        };
        let (counter, device) = counted;
        let exceptions = records().map(run).collect();
        Ok(Some(Ack { counter, number: self.tip().number, exceptions, device, ..Ack::default() }))
    }

    /// The facts of a device that wait here, each with the push that it lies in.
    fn held_facts(&self, device: DeviceId) -> Result<BTreeMap<FactKey, PushId>, CommitError> {
        let prefix = key(HELD, &device.0);
        let rows = self.scan(Table::Meta, &KeyRange::prefix(prefix.clone()), usize::MAX)?;
        let read = |(row, push): (Vec<u8>, Vec<u8>)| {
            Some((row.get(prefix.len()..)?.try_into().ok()?, push.as_slice().try_into().ok()?))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// An administrator confirms a forgotten device: it is one of the store's again, and what it left here is judged
    /// now, without its having to come back. Gives the number of facts that were admitted. What finds no room in its
    /// quarantine waits on: the device can be confirmed again when somebody has decided about that.
    ///
    /// # Errors
    /// When no such device waits, it was revoked, or the store fails.
    pub fn confirm_device(&mut self, device: DeviceId, by: PersonId) -> Result<u64, CommitError> {
        let mut waiting: Waiting =
            self.read(Table::Meta, &key(WAITING, &device.0))?.ok_or(CommitError::NotFound { what: "this device" })?;
        let known: Option<DeviceRecord> = self.read(Table::Device, &device.0)?;
        let is_revoked = known.as_ref().is_some_and(|known| known.revoked_at.is_some());
        if is_revoked || self.get(Table::Meta, &key(REVOKED, &device.0))?.is_some() {
            return Err(CommitError::AlreadyDone { what: "revoking this device" });
        }
        let known = match known {
            Some(known) => known,
            None => self.know_device_again(device, &waiting, by)?,
        };
        let admitted = self.judge_pushes(&known)?;
        let left = self.held_facts(device)?.len();
        if left == 0 {
            self.remove(Table::Meta, key(WAITING, &device.0));
        } else {
            waiting.facts = u64::try_from(left).unwrap_or(u64::MAX);
            self.write(Table::Meta, key(WAITING, &device.0), &waiting);
        }
        self.touch_device(device);
        Ok(admitted)
    }

    fn know_device_again(
        &mut self,
        device: DeviceId,
        waiting: &Waiting,
        by: PersonId,
    ) -> Result<DeviceRecord, CommitError> {
        let certificate = waiting
            .certified()
            .ok_or_else(|| CommitError::Internal("a certificate in the store is damaged".to_owned()))?;
        for (person, roles) in &certificate.persons {
            self.know_again(*person, roles, certificate.issued_at, by)?;
        }
        let issued: u64 = self.read(Table::Meta, keys::CERTIFICATES)?.unwrap_or(0);
        self.write::<u64>(Table::Meta, keys::CERTIFICATES, &issued.max(certificate.number));
        let known = DeviceRecord {
            device,
            key: certificate.device_key,
            persons: certificate.persons.iter().map(|(person, _)| *person).collect(),
            certificate: waiting.certificate.clone(),
            enrolled_at: certificate.issued_at,
            revoked_at: None,
        };
        self.write(Table::Device, device.0, &known);
        let at = self.now();
        self.log(&LogRecord::Enrolled { certificate: waiting.certificate.clone(), at });
        self.log(&LogRecord::Confirmed { device, by, at });
        Ok(known)
    }

    /// Judges what a device left here as if somebody else had carried it: the device is not there to be asked for
    /// anything, and of two branches of a cloned one both are kept. What was not taken stays.
    fn judge_pushes(&mut self, known: &DeviceRecord) -> Result<u64, CommitError> {
        let device = known.device;
        let Some(maker) = known.maker() else { return Ok(0) };
        let mut admitted = 0_u64;
        for (row, bytes) in self.scan(Table::Meta, &KeyRange::prefix(key(PUSHES, &device.0)), usize::MAX)? {
            let mut push: Push = record::decode("held push", &bytes)?;
            if let Cover::Own { key, counter, signature } = push.cover {
                let (store, documents) = (self.identity().store, Vec::new());
                let envelope = Envelope { store, device, key, counter, documents, signature };
                push.cover = Cover::Relayed { envelope, certificate: known.certificate.clone() };
            }
            let key = self.store_keys().signing().verifying_key();
            let proof = proof_of(self, (self.identity().store, &key), &push.cover, &maker)?;
            let PushDone::Acked(ack) = self.push_on(device, &push, proof, Ground::MayReturn)? else {
                tracing::warn!(device.id = %device, "a held push finds no room in quarantine and waits on");
                continue;
            };
            let refused = ack.exceptions.iter().fold(0, |sum, run| run.count.saturating_add(sum));
            let all = push.records.unpack().unwrap_or_default();
            let all = all.iter().fold(0, |sum, (_, records)| records.len().saturating_add(sum));
            admitted = admitted.saturating_add(u64::try_from(all).unwrap_or(u64::MAX).saturating_sub(refused));
            self.drop_push(device, &row)?;
        }
        Ok(admitted)
    }

    /// A push that was judged waits no more, nor do its facts.
    fn drop_push(&mut self, device: DeviceId, row: &[u8]) -> Result<(), CommitError> {
        for (fact, push) in self.held_facts(device)? {
            if push_key(device, &push) == row {
                self.remove(Table::Meta, held_key(device, &fact));
            }
        }
        self.remove(Table::Meta, row.to_vec());
        Ok(())
    }

    /// A person whom the store has forgotten is known again by his id and the roles of his certificate; an
    /// administrator gives him name and login.
    fn know_again(
        &mut self,
        person: PersonId,
        roles: &[Role],
        since: UnixMillis,
        by: PersonId,
    ) -> Result<(), CommitError> {
        let roles: BTreeSet<Role> = roles.iter().copied().collect();
        if let Some(known) = self.person(person)? {
            if !roles.is_subset(&known.roles) {
                let both = known.roles.union(&roles).map(|role| role.number()).collect();
                self.put(Table::Index, keys::roles_from(person, since), both);
            }
            return Ok(());
        }
        let login =
            format!("restored-{}", person.to_string().chars().filter(char::is_ascii_alphanumeric).collect::<String>());
        let new = NewPerson::new(&login, &login, roles.iter().copied(), [], Language::Zh);
        let new = new.map_err(|error| CommitError::Internal(format!("a person of a certificate: {error}")))?;
        self.put(Table::Login, new.login().as_str().as_bytes(), person.0.to_vec());
        let record = new.into_record(person, None, since);
        let held = record.roles.iter().map(|role| role.number()).collect();
        self.write_person(&record, Some(by))?;
        self.put(Table::Index, keys::roles_from(person, since), held);
        Ok(())
    }
}

/// A push that waits: the counter of its envelope, so that they lie in their order, and 8 bytes of its digest.
type PushId = [u8; 16];

/// A fact that waits: 16 bytes of the digest of its document and record.
type FactKey = [u8; 16];

fn push_id(counter: u64, bytes: &[u8]) -> PushId {
    let mut id = [0; 16];
    let (front, back) = id.split_at_mut(8);
    front.copy_from_slice(&counter.to_be_bytes());
    blake3::Hasher::new().update(bytes).finalize_xof().fill(back);
    id
}

fn fact_key(document: DocumentId, record: &Record) -> FactKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&document.0).update(&record.actor.0).update(&record.sequence.to_be_bytes());
    hasher.update(&record.time.0.to_be_bytes()).update(&record.bytes);
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    key
}

fn push_key(device: DeviceId, push: &PushId) -> Vec<u8> {
    key(PUSHES, &[device.0.as_slice(), push].concat())
}

fn held_key(device: DeviceId, fact: &FactKey) -> Vec<u8> {
    key(HELD, &[device.0.as_slice(), fact].concat())
}
