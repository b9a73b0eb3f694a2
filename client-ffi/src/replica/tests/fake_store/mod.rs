//! A company's store of one scope in memory: what a server must do for a device, and no more.

mod feed;
mod gate;
mod taking;

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{Document, Record};
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Content, FactBody, Head, Origin, Role, SCHEMA_LEVEL, StatedFact, Statement};
use docket_sync_core::ids::{
    ActorId, ChangeHash, DeviceId, Digest, DocumentId, Epoch, Incarnation, Nonce, PersonId, RecordId, StoreId,
};
use docket_sync_core::proof::{Certificate, Certified, chain_next, chain_start};
use docket_sync_core::reference::{Customer, ReferenceRecord};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::frames::{Frame, Hello, NonceFrame, Renew, Stop, Welcome};
use docket_sync_core::sync::message::{Plain, pack, travels_digest, unpack};
use docket_sync_core::sync::server::{HelloVerdict, SessionRow, check_hello};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::SigningKey;

use super::{START, call};
use crate::platform::testing::MemoryKeyStore;
use crate::platform::{Clock, KeyStore as _, LowerBound, SecretName};
use crate::replica::stored::{DeviceState, IDENTITY, Identity, STATE, to_bytes};
use crate::store::{Batch as Rows, DeviceStore, Table};

pub(crate) const PERSON: PersonId = PersonId([0x11; 16]);
const STORE: StoreId = StoreId([0x5a; 16]);
const DEVICE: DeviceId = DeviceId([0xd1; 16]);
const INCARNATION: Incarnation = Incarnation([0x1c; 16]);

/// The secret of the store's sealing key.
pub(crate) fn sealing() -> x25519_dalek::StaticSecret {
    x25519_dalek::StaticSecret::from([0x21; 32])
}

#[derive(Clone)]
struct FakeOrder {
    document: Document,
    /// Number of each change.
    numbers: BTreeMap<(ActorId, u64), u64>,
    customer: RecordId,
    evicted_at: Option<u64>,
    /// Number at which it came back into the scope.
    entered_at: u64,
}

#[derive(Clone)]
pub(crate) struct FakeStore {
    key: SigningKey,
    epoch: Epoch,
    start: u64,
    session: SessionRow,
    orders: BTreeMap<DocumentId, FakeOrder>,
    references: BTreeMap<RecordId, (u64, ReferenceRecord)>,
    chain: Vec<Digest>,
    forbidden: BTreeSet<String>,
    quarantine: BTreeMap<(DocumentId, ActorId, u64), ChangeHash>,
    forgeries: u32,
    withheld: BTreeSet<[u8; 16]>,
    /// Proofs that devices sent.
    pub(crate) proofs: Vec<Vec<u8>>,
    /// Bundles that a device gave back.
    pub(crate) opened: usize,
    backed_up_to: u64,
    /// Its schema level, as it announces it.
    pub(crate) level: u8,
    nonces: u8,
    /// The server's clock; it goes only where a test lets time pass.
    now: UnixMillis,
}

impl FakeStore {
    pub(crate) fn new() -> Self {
        Self {
            key: SigningKey::from_bytes(&[0x70; 32]),
            epoch: Epoch([1; 8]),
            start: 1,
            session: SessionRow::new(Nonce([0; 16])),
            orders: BTreeMap::new(),
            references: BTreeMap::new(),
            chain: vec![chain_start(STORE)],
            forbidden: BTreeSet::new(),
            quarantine: BTreeMap::new(),
            forgeries: 0,
            withheld: BTreeSet::new(),
            proofs: Vec::new(),
            opened: 0,
            backed_up_to: 0,
            level: SCHEMA_LEVEL,
            nonces: 0,
            now: START,
        }
    }

    /// This store after it was restored from the backup that it is.
    pub(crate) fn restored(mut self) -> Self {
        self.epoch = Epoch(self.epoch.0.map(|byte| byte + 1));
        self.start += 1;
        self
    }

    fn number(&self) -> u64 {
        u64::try_from(self.chain.len()).unwrap() - 1
    }

    fn log(&mut self) -> u64 {
        let number = self.number() + 1;
        self.chain.push(chain_next(*self.chain.last().unwrap(), number, b"record"));
        number
    }

    pub(crate) fn enrol(&self, rows: &mut impl DeviceStore, keys: &MemoryKeyStore, clock: &impl Clock) {
        let device_key = SigningKey::from_bytes(&[0xde; 32]);
        let certificate = Certificate::issue(
            Certified {
                store: STORE,
                number: 1,
                device: DEVICE,
                device_key: device_key.verifying_key().to_bytes(),
                persons: vec![(PERSON, vec![Role::Technician])],
                issued_at: START,
                sealing_key: x25519_dalek::PublicKey::from(&sealing()).to_bytes(),
            },
            &self.key,
        );
        keys.put(SecretName::SigningKey, device_key.as_bytes()).unwrap();
        keys.put(SecretName::Incarnation, &INCARNATION.0).unwrap();
        let identity = Identity {
            store: STORE,
            device: DEVICE,
            person: PERSON,
            certificate: certificate.to_bytes(),
            server: "http://localhost".to_owned(),
            fingerprint: None,
        };
        let mut lower = LowerBound::default();
        lower.welcomed(START, clock.monotonic());
        let state = DeviceState::enrolled(INCARNATION, self.session.nonce_out, self.epoch, lower);
        let mut batch = Rows::new();
        batch.put(Table::Meta, IDENTITY, to_bytes(&identity)).put(Table::Meta, STATE, to_bytes(&state));
        rows.write(batch).unwrap();
    }

    /// Registers an order; `customer` is the last byte of its customer's record.
    pub(crate) fn order(&mut self, customer: u8) -> DocumentId {
        let id = DocumentId::new(START, [customer; 10]);
        let record = RecordId([0xc0 + customer; 16]);
        let document = Document::new(id).unwrap();
        self.orders.insert(
            id,
            FakeOrder { document, numbers: BTreeMap::new(), customer: record, evicted_at: None, entered_at: 0 },
        );
        self.office(id, call(record));
        id
    }

    /// This store after its disk was rolled back to where it is, unnoticed.
    pub(crate) fn rolled_back(mut self) -> Self {
        self.start += 1;
        self
    }

    /// Loses an order.
    pub(crate) fn lose(&mut self, document: DocumentId) {
        self.orders.remove(&document);
    }

    /// Leaves a document or a record out of the next batch.
    pub(crate) fn withhold(&mut self, id: [u8; 16]) {
        self.withheld.insert(id);
    }

    /// Adds a record to an order that is no fact.
    pub(crate) fn spoil(&mut self, document: DocumentId) {
        self.append(document, |_| vec![0xff; 9]);
    }

    pub(crate) fn note(&mut self, document: DocumentId, text: &str) {
        self.office(document, AddNote { text: text.to_owned() }.into());
    }

    pub(crate) fn office(&mut self, document: DocumentId, body: FactBody) {
        self.append(document, |statement| {
            let content = Content { level: SCHEMA_LEVEL, seen: Vec::new(), head: Head::default(), body };
            StatedFact::new(statement, content).to_bytes()
        });
    }

    fn append(&mut self, document: DocumentId, bytes: impl FnOnce(Statement) -> Vec<u8>) {
        let origin = Origin::Server { store: STORE, epoch: self.epoch, node: 0, start: self.start };
        let number = self.log();
        let order = self.orders.get_mut(&document).unwrap();
        let sequence = order.document.chains().get(&origin.actor()).map_or(0, |head| head.sequence) + 1;
        let statement = Statement {
            origin: (sequence == 1).then_some(origin),
            author: Some(Author::Person(PersonId([0x0f; 16]))),
            restates: None,
        };
        let bytes = bytes(statement);
        let record = Record { actor: origin.actor(), sequence, time: START, bytes };
        order.document.append(&record).unwrap();
        order.numbers.insert((record.actor, sequence), number);
    }

    pub(crate) fn reference(&mut self, id: RecordId, name: &str) {
        let number = self.log();
        let version = self.references.get(&id).map_or(0, |(_, record)| record.version) + 1;
        let customer = Customer { name: name.to_owned(), phone: String::new(), language: None, codes: None };
        self.references.insert(id, (number, ReferenceRecord::new(id, version, customer)));
    }

    pub(crate) fn evict(&mut self, document: DocumentId) {
        let number = self.log();
        self.orders.get_mut(&document).unwrap().evicted_at = Some(number);
    }

    pub(crate) fn enter(&mut self, document: DocumentId) {
        let number = self.log();
        let order = self.orders.get_mut(&document).unwrap();
        (order.evicted_at, order.entered_at) = (None, number);
    }

    pub(crate) fn forbid(&mut self, text: &str) {
        self.forbidden.insert(text.to_owned());
    }

    pub(crate) fn forge_receipts(&mut self, times: u32) {
        self.forgeries = times;
    }

    pub(crate) fn texts(&self, document: DocumentId) -> Vec<String> {
        let facts = self.orders[&document].document.facts().unwrap();
        let unique: BTreeMap<_, _> = facts.iter().map(|fact| (fact.id, fact)).collect();
        let mut texts: Vec<String> = unique
            .values()
            .filter_map(|fact| match fact.body() {
                FactBody::AddNote(note) => Some(note.text.clone()),
                _ => None,
            })
            .collect();
        texts.sort();
        texts
    }

    /// Answers one message.
    pub(crate) fn answer(&mut self, message: &[u8]) -> Vec<u8> {
        let frames = unpack(message).unwrap();
        let (first, rest) = frames.split_first().unwrap();
        let Frame::Hello(hello) = first else { panic!("no Hello") };
        pack(&self.answer_frames(hello, rest), &mut Plain)
    }

    fn answer_frames(&mut self, hello: &Hello, rest: &[Frame]) -> Vec<Frame> {
        let key = SigningKey::from_bytes(&[0xde; 32]).verifying_key();
        match check_hello(&self.session, &key, STORE, hello, travels_digest(rest)) {
            HelloVerdict::Fresh => {
                self.nonces += 1;
                self.session.advance(hello, STORE, Nonce([self.nonces; 16]));
            }
            HelloVerdict::Repeated => {}
            HelloVerdict::SayNonce => {
                let (nonce, last_counter) = (self.session.nonce_out, self.session.last_counter);
                return vec![Frame::Nonce(NonceFrame { nonce, last_counter })];
            }
            HelloVerdict::Renew(reason) => return vec![Frame::Renew(Renew { actor: None, sequence: 0, reason })],
            HelloVerdict::Stop(code) => return vec![Frame::Stop(Stop { code, retry_after_ms: None })],
        }
        let (mut acks, mut haves, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        for frame in rest {
            match frame {
                Frame::Push(push) => match self.push(push, hello) {
                    Ok(ack) => acks.push(ack),
                    Err(renew) => return vec![Frame::Renew(renew)],
                },
                Frame::Sealed(sealed) => acks.push(self.open_sealed(sealed, hello)),
                Frame::Heads(heads) => haves.push(self.have(&heads.documents)),
                Frame::Want(want) => wanted.extend(want.documents.iter().copied()),
                // What it knows of the company it forgot: not this store's subject.
                Frame::References(_) => {}
                _ => panic!("{frame:?} from a device"),
            }
        }
        let cursor = hello.cursor.filter(|cursor| cursor.epoch == self.epoch && self.chain_fits(cursor));
        let batch = self.batch(cursor.map_or(0, |cursor| cursor.number), &wanted);
        let welcome = Welcome {
            epoch: self.epoch,
            server_time: self.now,
            nonce: self.session.nonce_out,
            durable_to: self.number(),
            backed_up_to: self.backed_up_to,
            level: self.level,
            digest: batch.is_none().then(|| self.digest()),
            limits: None,
        };
        let acks_and_haves = acks.into_iter().chain(haves);
        core::iter::once(Frame::Welcome(welcome)).chain(acks_and_haves).chain(batch.map(Frame::Batch)).collect()
    }

    fn chain_fits(&self, cursor: &Cursor) -> bool {
        let at = usize::try_from(cursor.number).unwrap();
        self.chain.get(at).is_some_and(|chain| chain.0.starts_with(&cursor.chain))
    }
}
