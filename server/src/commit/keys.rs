//! Keys of the tables that the commit path writes.

use docket_sync_core::facts::{Block, Ledger};
use docket_sync_core::ids::{ActorId, DeviceId, Digest, DocumentId, FactId, PersonId, RecordId};
use docket_sync_core::sync::gate::OneTime;
use docket_sync_core::time::UnixMillis;

/// Meta: the store's [`crate::identity::Identity`].
pub(crate) const IDENTITY: &[u8] = b"identity";
/// Meta: last number and chain value.
pub(crate) const TIP: &[u8] = b"tip";
/// Meta: prefix of serial counters by year.
pub(crate) const SERIAL: &[u8] = b"serial/";
/// Meta: what the program that opened the store last had done to it; see [`super::upgrade`].
pub(crate) const OPENED: &[u8] = b"opened";
/// Meta: number of the last certificate.
pub(crate) const CERTIFICATES: &[u8] = b"certificates";

/// A scope: one technician's, or the company-wide one (all zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeId(pub [u8; 16]);

impl ScopeId {
    /// The company-wide scope: people, catalogue, policy.
    pub const COMPANY: Self = Self([0; 16]);

    /// Not a feed: who waits for it hears when the device is revoked.
    #[must_use]
    pub fn standing(device: DeviceId) -> Self {
        Self(device.0)
    }

    /// A technician's scope.
    #[must_use]
    pub fn of(person: PersonId) -> Self {
        Self(person.0)
    }
}

/// A thing in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A document.
    Document(DocumentId),
    /// A reference record.
    Reference(RecordId),
}

impl Item {
    fn bytes(self) -> [u8; 17] {
        let (kind, id) = match self {
            Self::Document(id) => (b'd', id.0),
            Self::Reference(id) => (b'r', id.0),
        };
        let mut bytes = [kind; 17];
        for (to, from) in bytes.iter_mut().skip(1).zip(id) {
            *to = from;
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, id) = bytes.split_first()?;
        let id = <[u8; 16]>::try_from(id).ok()?;
        match kind {
            b'd' => Some(Self::Document(DocumentId(id))),
            b'r' => Some(Self::Reference(RecordId(id))),
            _ => None,
        }
    }
}

pub(crate) fn number(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

pub(crate) fn change(document: DocumentId, actor: ActorId, sequence: u64) -> Vec<u8> {
    [document.0.as_slice(), &actor.0, &sequence.to_be_bytes()].concat()
}

/// Prefix of [`change`] for one actor.
pub(crate) fn chain(document: DocumentId, actor: ActorId) -> Vec<u8> {
    [document.0.as_slice(), &actor.0].concat()
}

/// Index: the log numbers of a document's facts.
pub(crate) fn document_number(document: DocumentId, number: u64) -> Vec<u8> {
    [b"d".as_slice(), &document.0, &number.to_be_bytes()].concat()
}

/// Index: prefix of [`unsaved`].
pub(crate) const UNSAVED: &[u8] = b"u";

/// Index: an order that has changes beside its save.
pub(crate) fn unsaved(document: DocumentId) -> Vec<u8> {
    [UNSAVED, &document.0].concat()
}

/// Index: an order in somebody's scope that still asks for work of his.
pub(crate) fn open_in_scope(scope: ScopeId, document: DocumentId) -> Vec<u8> {
    [open_orders(scope).as_slice(), &document.0].concat()
}

/// Prefix of [`open_in_scope`].
pub(crate) fn open_orders(scope: ScopeId) -> Vec<u8> {
    [b"s".as_slice(), &scope.0].concat()
}

/// The document at the end of a key.
pub(crate) fn read_document(key: &[u8]) -> Option<DocumentId> {
    key.get(key.len().checked_sub(DocumentId::LENGTH)?..).and_then(DocumentId::from_slice)
}

/// Index: what a request with an idempotency key was answered.
pub(crate) fn request(request: Digest) -> Vec<u8> {
    [b"q".as_slice(), &request.0].concat()
}

/// Index: prefix of [`request_at`].
pub(crate) const REQUESTS: &[u8] = b"Q";

/// Index: when a request was answered.
pub(crate) fn request_at(at: UnixMillis, request: Digest) -> Vec<u8> {
    [REQUESTS, &u64::try_from(at.0).unwrap_or(0).to_be_bytes(), &request.0].concat()
}

/// The request of such a key.
pub(crate) fn read_request(key: &[u8]) -> Option<Digest> {
    key.get(9..).and_then(Digest::from_slice)
}

/// Index: what a fact's device had on disk and its author had not seen.
pub(crate) fn denial(document: DocumentId, fact: FactId) -> Vec<u8> {
    [denials(document).as_slice(), &fact.actor.0, &fact.sequence.to_be_bytes()].concat()
}

/// Prefix of [`denial`].
pub(crate) fn denials(document: DocumentId) -> Vec<u8> {
    [b"k".as_slice(), &document.0].concat()
}

/// The fact of a [`denial`].
pub(crate) fn read_denial(key: &[u8]) -> Option<FactId> {
    let actor = key.get(17..33).and_then(ActorId::from_slice)?;
    Some(FactId { actor, sequence: read_number(key)? })
}

/// Prefix of [`document_number`].
pub(crate) fn document_numbers(document: DocumentId) -> Vec<u8> {
    [b"d".as_slice(), &document.0].concat()
}

/// Index: the scopes that hold a reference record, and the documents in each that name it.
pub(crate) fn reference_scope(record: RecordId, scope: ScopeId) -> Vec<u8> {
    [b"r".as_slice(), &record.0, &scope.0].concat()
}

/// Prefix of [`reference_scope`].
pub(crate) fn reference_scopes(record: RecordId) -> Vec<u8> {
    [b"r".as_slice(), &record.0].concat()
}

/// Index: prefix of [`form`].
pub(crate) const FORMS: &[u8] = b"F";

/// Index: the record of a form, by its code.
pub(crate) fn form(code: &str) -> Vec<u8> {
    [FORMS, code.as_bytes()].concat()
}

/// Index: the roles a person had from a moment on.
pub(crate) fn roles_from(person: PersonId, at: UnixMillis) -> Vec<u8> {
    [roles_of(person).as_slice(), &u64::try_from(at.0).unwrap_or(0).to_be_bytes()].concat()
}

/// Index: a customer's one-time code that was used -> digest of the fact that used it.
pub(crate) fn used_code(customer: RecordId, number: u32) -> Vec<u8> {
    [b"Y".as_slice(), &customer.0, &number.to_be_bytes()].concat()
}

/// Index: the orders of a unit.
pub(crate) fn unit_order(unit: RecordId, document: DocumentId) -> Vec<u8> {
    [unit_orders(unit).as_slice(), &document.0].concat()
}

/// Prefix of [`unit_order`].
pub(crate) fn unit_orders(unit: RecordId) -> Vec<u8> {
    [b"U".as_slice(), &unit.0].concat()
}

/// The order of a key under [`unit_orders`].
pub(crate) fn read_unit_order(key: &[u8]) -> Option<DocumentId> {
    key.get(1 + RecordId::LENGTH..).and_then(DocumentId::from_slice)
}

/// Prefix of [`roles_from`].
pub(crate) fn roles_of(person: PersonId) -> Vec<u8> {
    [b"p".as_slice(), &person.0].concat()
}

/// Index: the fact that used up a one-time thing.
pub(crate) fn one_time(once: &OneTime) -> Vec<u8> {
    match once {
        OneTime::Code { approver, number } => [b"zc".as_slice(), &approver.0, &number.to_be_bytes()].concat(),
        OneTime::Number { ledger, number } => [b"zn".as_slice(), &[ledger.number()], &number.to_be_bytes()].concat(),
    }
}

/// Index: a fact whose news was carried into the reference records.
pub(crate) fn carried(fact: Digest) -> Vec<u8> {
    [b"oz".as_slice(), &fact.0].concat()
}

/// Index: one of an approver's codes.
pub(crate) fn code(approver: PersonId, number: u32) -> Vec<u8> {
    [b"zl".as_slice(), &approver.0, &number.to_be_bytes()].concat()
}

/// Prefix of every [`block`].
pub(crate) const BLOCK: &[u8] = b"zb";

/// Index: a block of numbers that a device was given.
pub(crate) fn block(device: DeviceId, block: &Block) -> Vec<u8> {
    let Block { ledger, first, last } = block;
    [blocks(device).as_slice(), &[ledger.number()], &first.to_be_bytes(), &last.to_be_bytes()].concat()
}

/// Prefix of [`block`].
pub(crate) fn blocks(device: DeviceId) -> Vec<u8> {
    [BLOCK, &device.0].concat()
}

/// The block of such a key.
pub(crate) fn read_block(key: &[u8]) -> Option<Block> {
    let ledger = Ledger::from_number(*key.get(18)?)?;
    let number = |at: usize| Some(u64::from_be_bytes(<[u8; 8]>::try_from(key.get(at..at.checked_add(8)?)?).ok()?));
    Some(Block { ledger, first: number(19)?, last: number(27)? })
}

/// Meta: the last number of a ledger that was given to a device.
pub(crate) fn ledger(ledger: Ledger) -> Vec<u8> {
    [b"ledger/".as_slice(), ledger.code().as_bytes()].concat()
}

/// Prefix of [`serial`]; no serial is the beginning of another one's key.
pub(crate) fn serials(serial: &str) -> Vec<u8> {
    [b"x".as_slice(), serial.as_bytes(), &[0]].concat()
}

/// Index: the orders that were registered under a serial.
pub(crate) fn serial(serial: &str, document: DocumentId) -> Vec<u8> {
    [serials(serial).as_slice(), &document.0].concat()
}

/// The order of a key under [`serials`].
pub(crate) fn read_serial(key: &[u8], serial: &str) -> Option<DocumentId> {
    key.get(serials(serial).len()..).and_then(DocumentId::from_slice)
}

pub(crate) fn feed(scope: ScopeId, number: u64, item: Item) -> Vec<u8> {
    [scope.0.as_slice(), &number.to_be_bytes(), &item.bytes()].concat()
}

/// The first key of a scope's feed after `number`.
pub(crate) fn feed_after(scope: ScopeId, number: u64) -> Vec<u8> {
    [scope.0.as_slice(), &number.saturating_add(1).to_be_bytes()].concat()
}

/// Number and item of a feed key.
pub(crate) fn read_feed(key: &[u8]) -> Option<(u64, Item)> {
    let number = <[u8; 8]>::try_from(key.get(16..24)?).ok()?;
    Some((u64::from_be_bytes(number), Item::from_bytes(key.get(24..)?)?))
}

pub(crate) fn scope_item(scope: ScopeId, item: Item) -> Vec<u8> {
    [scope.0.as_slice(), &item.bytes()].concat()
}

/// The scope's own row: its digest.
pub(crate) fn scope_digest(scope: ScopeId) -> Vec<u8> {
    scope.0.to_vec()
}

pub(crate) fn timer(due: UnixMillis, document: DocumentId) -> Vec<u8> {
    [u64::try_from(due.0).unwrap_or(0).to_be_bytes().as_slice(), &document.0].concat()
}

/// Due time and document of a timer key.
pub fn read_timer(key: &[u8]) -> Option<(UnixMillis, DocumentId)> {
    let (due, document) = key.split_at_checked(8)?;
    let due = u64::from_be_bytes(<[u8; 8]>::try_from(due).ok()?);
    Some((UnixMillis(i64::try_from(due).ok()?), DocumentId::from_slice(document)?))
}

/// The number at the end of a key.
pub(crate) fn read_number(key: &[u8]) -> Option<u64> {
    <[u8; 8]>::try_from(key.get(key.len().checked_sub(8)?..)?).ok().map(u64::from_be_bytes)
}
