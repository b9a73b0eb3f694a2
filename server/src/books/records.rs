//! What the books keep in their table, and the records that they add to the log. Format: `schemas/log-office.md`.
//!
//! Facts and log are the truth; every row can be made again from them. Each kind of row has a letter of its own at the
//! beginning of its key.

use docket_sync_core::facts::values::FindingKind;
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::entries::Entries;
use super::rules::serials;
use crate::store::KeyRange;

/// The feature's name in the log.
pub const FEATURE: &str = "books";

/// What the books add to the log [frozen].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum BooksRecord {
    /// The storekeeper moved parts into a stock, or out of it.
    #[n(0)]
    Moved(#[n(0)] StockBooked),
    /// He counted a stock (盘点).
    #[n(1)]
    Counted(#[n(0)] StockBooked),
    /// A person draws from another one's stock from now on, or from his own again.
    #[n(2)]
    Shares(#[n(0)] Sharing),
}

/// A movement or a count.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StockBooked {
    /// Whose stock: a technician's van, a storekeeper's store.
    #[n(0)]
    pub keeper: PersonId,
    /// Catalogue code.
    #[n(1)]
    pub code: String,
    /// Name.
    #[n(2)]
    pub name: String,
    /// Unit.
    #[n(3)]
    pub unit: String,
    /// Thousandths moved, or counted.
    #[n(4)]
    pub quantity: i64,
    /// When it happened.
    #[n(5)]
    pub at: UnixMillis,
    /// Whether it is a quota: its keeper's devices refuse to draw more (U-13).
    #[n(6)]
    pub is_quota: bool,
    /// Why.
    #[n(7)]
    pub note: Option<String>,
}

/// Who draws from whose stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sharing {
    /// Who.
    #[n(0)]
    pub person: PersonId,
    /// Whose.
    #[n(1)]
    pub keeper: PersonId,
    /// From when.
    #[n(2)]
    pub at: UnixMillis,
}

/// One entry of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct AccountEntry {
    #[n(0)]
    pub(super) at: UnixMillis,
    #[n(1)]
    pub(super) number: u64,
    #[n(2)]
    pub(super) quantity: i64,
    #[n(3)]
    pub(super) is_count: bool,
}

/// One part in one stock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Account {
    #[n(0)]
    pub(super) name: String,
    #[n(1)]
    pub(super) unit: String,
    #[n(2)]
    pub(super) is_quota: bool,
    #[n(3)]
    pub(super) entries: Vec<AccountEntry>,
    /// The fold as it was last told, for lists.
    #[n(4)]
    pub(super) left: i64,
    #[n(5)]
    pub(super) variance: i64,
    #[n(6)]
    pub(super) counted_at: Option<UnixMillis>,
    #[n(7)]
    pub(super) disputed: u32,
}

/// The letters of the rows, each once; a test holds them apart.
pub(super) mod letter {
    /// Order -> its entries.
    pub(in crate::books) const ORDER: u8 = b'o';
    /// Serial, order.
    pub(in crate::books) const SERIAL: u8 = b's';
    /// Keeper, code, order: lines of a stock.
    pub(in crate::books) const DRAWN: u8 = b'k';
    /// Keeper, code -> [`super::Account`].
    pub(in crate::books) const ACCOUNT: u8 = b'a';
    /// Person, from, order: working time.
    pub(in crate::books) const WORK: u8 = b'w';
    /// Person, order: cash in his pocket.
    pub(in crate::books) const POCKET: u8 = b'p';
    /// Person, latest first, order, fact: what he took and handed in.
    pub(in crate::books) const CASH: u8 = b'c';
    /// Identity of goods, order: goods with us.
    pub(in crate::books) const GOODS: u8 = b'g';
    /// Latest first, order, fact: goods with us.
    pub(in crate::books) const REGISTER: u8 = b'r';
    /// Latest first, order, fact: goods that went back.
    pub(in crate::books) const RETURNED: u8 = b'x';
    /// Day, order, fact: goods received by the bench.
    pub(in crate::books) const BENCH: u8 = b'b';
    /// Kind and subject, order, fact: findings that stand.
    pub(in crate::books) const FOUND: u8 = b'f';
    /// Latest first, order, fact: findings that nobody has decided about.
    pub(in crate::books) const OPEN: u8 = b'q';
    /// Latest first, order: refunds.
    pub(in crate::books) const REFUND: u8 = b'u';
    /// Due time, order.
    pub(in crate::books) const DUE: u8 = b'd';
    /// Person -> who he draws from, by time.
    pub(in crate::books) const SHARES: u8 = b'h';
    /// All of them.
    #[cfg(test)]
    pub(in crate::books) const ALL: &[u8] = &[
        ORDER, SERIAL, DRAWN, ACCOUNT, WORK, POCKET, CASH, GOODS, REGISTER, RETURNED, BENCH, FOUND, OPEN, REFUND, DUE,
        SHARES,
    ];
}

fn key(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    core::iter::once(letter).chain(parts.iter().flat_map(|part| part.iter().copied())).collect()
}

/// A text in a key: no other text's key begins with it.
fn word(text: &str) -> Vec<u8> {
    [blake3::hash(text.as_bytes()).as_bytes().get(..16).unwrap_or_default()].concat()
}

fn millis(at: UnixMillis) -> [u8; 8] {
    u64::try_from(at.0).unwrap_or(0).to_be_bytes()
}

fn latest_first(at: UnixMillis) -> [u8; 8] {
    u64::MAX.saturating_sub(u64::try_from(at.0).unwrap_or(0)).to_be_bytes()
}

pub(super) fn order_key(order: DocumentId) -> Vec<u8> {
    key(letter::ORDER, &[&order.0])
}

pub(super) fn serial_prefix(serial: &str) -> Vec<u8> {
    key(letter::SERIAL, &[&word(&serials::compared(serial))])
}

pub(super) fn drawn_prefix(keeper: PersonId, code: &str) -> Vec<u8> {
    key(letter::DRAWN, &[&keeper.0, &word(code)])
}

/// The text of the code ends the key: a list of accounts reads it there.
pub(super) fn account_key(keeper: PersonId, code: &str) -> Vec<u8> {
    key(letter::ACCOUNT, &[&keeper.0, code.as_bytes()])
}

/// Keeper and code of an account's key.
pub(super) fn read_account(account: &[u8]) -> Option<(PersonId, String)> {
    let (keeper, code) = account.get(1..)?.split_at_checked(PersonId::LENGTH)?;
    Some((PersonId::from_slice(keeper)?, String::from_utf8(code.to_vec()).ok()?))
}

pub(super) fn work_key(person: PersonId, from: UnixMillis, order: DocumentId) -> Vec<u8> {
    key(letter::WORK, &[&person.0, &millis(from), &order.0])
}

/// Working time of a person that begins from one moment to another.
pub(super) fn work_range(person: PersonId, from: UnixMillis, to: UnixMillis) -> KeyRange {
    KeyRange::new(key(letter::WORK, &[&person.0, &millis(from)]), key(letter::WORK, &[&person.0, &millis(to.plus(1))]))
}

pub(super) fn goods_prefix(identity: &str) -> Vec<u8> {
    key(letter::GOODS, &[&word(identity)])
}

pub(super) fn bench_prefix(day: i64) -> Vec<u8> {
    key(letter::BENCH, &[&day.to_be_bytes()])
}

pub(super) fn due_key(due: UnixMillis, order: DocumentId) -> Vec<u8> {
    key(letter::DUE, &[&millis(due), &order.0])
}

pub(super) fn shares_key(person: PersonId) -> Vec<u8> {
    key(letter::SHARES, &[&person.0])
}

/// Findings of one kind about one thing. Of overlaps of time all are one person's, whatever the day is called.
pub(super) fn found_prefix(kind: FindingKind, person: Option<PersonId>, subject: &str) -> Vec<u8> {
    let subject = if kind == FindingKind::TimeOverlap { "" } else { subject };
    let person = person.map_or([0; 16], |person| person.0);
    key(letter::FOUND, &[&[kind.number()], &word(&format!("{} {subject}", data_encoding::HEXLOWER.encode(&person)))])
}

pub(super) fn cash_prefix(person: PersonId) -> Vec<u8> {
    key(letter::CASH, &[&person.0])
}

/// The order at the end of a key.
pub(super) fn last_order(key: &[u8]) -> Option<DocumentId> {
    key.get(key.len().checked_sub(DocumentId::LENGTH)?..).and_then(DocumentId::from_slice)
}

/// Order and fact behind the first `skip` bytes of a key.
pub(super) fn order_and_fact(key: &[u8], skip: usize) -> Option<(DocumentId, FactRef)> {
    let (order, fact) = key.get(skip..)?.split_at_checked(DocumentId::LENGTH)?;
    Some((DocumentId::from_slice(order)?, FactRef::from_bytes(fact)?))
}

/// Bytes before order and fact in a list by time.
pub(super) const TIMED: usize = 9;

/// Every key under which an order's entries stand beside its row. `keeper` says whose stock a line is from.
pub(super) fn places(
    order: DocumentId,
    entries: &Entries,
    zone: super::rules::Zone,
    keeper: impl Fn(PersonId, UnixMillis) -> PersonId,
) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    for part in &entries.parts {
        if let Some(serial) = &part.serial {
            keys.push([serial_prefix(serial), order.0.to_vec()].concat());
        }
        if let (Some(code), Some(person), true) = (&part.code, part.person, part.is_ours()) {
            keys.push([drawn_prefix(keeper(person, part.at), code), order.0.to_vec()].concat());
        }
    }
    keys.extend(entries.work.iter().map(|work| work_key(work.person, work.from, order)));
    keys.extend(entries.pockets.iter().map(|(person, _)| key(letter::POCKET, &[&person.0, &order.0])));
    for cash in &entries.cash {
        keys.push(key(letter::CASH, &[&cash.person.0, &latest_first(cash.at), &order.0, &cash.fact.to_bytes()]));
    }
    for held in &entries.goods {
        let list = if held.is_open() { letter::REGISTER } else { letter::RETURNED };
        keys.push(key(list, &[&latest_first(held.taken_at), &order.0, &held.fact.to_bytes()]));
        if let (Some(identity), true) = (held.identity(), held.is_open()) {
            keys.push([goods_prefix(&identity), order.0.to_vec()].concat());
        }
        if let Some(at) = held.received_at {
            keys.push([bench_prefix(zone.day(at)), order.0.to_vec(), held.fact.to_bytes()].concat());
        }
    }
    for found in &entries.found {
        let prefix = found_prefix(found.kind, found.person, &found.subject);
        keys.push([prefix, order.0.to_vec(), found.about.to_bytes()].concat());
        if found.is_open && found.kind != FindingKind::VarianceExplained {
            keys.push(key(letter::OPEN, &[&latest_first(found.at), &order.0, &found.fact.to_bytes()]));
        }
    }
    keys.extend(entries.refund.iter().map(|refund| key(letter::REFUND, &[&latest_first(refund.at), &order.0])));
    keys.extend(entries.due.iter().map(|due| due_key(*due, order)));
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_kinds_of_rows_share_a_prefix() {
        let letters: BTreeSet<u8> = letter::ALL.iter().copied().collect();
        assert_eq!(letters.len(), letter::ALL.len());
        let (person, order) = (PersonId([7; 16]), DocumentId([8; 16]));
        let keys = [
            order_key(order),
            serial_prefix("SN-1"),
            drawn_prefix(person, "CAP"),
            account_key(person, "CAP"),
            work_key(person, UnixMillis(1), order),
            goods_prefix("SN-1"),
            bench_prefix(3),
            due_key(UnixMillis(1), order),
            shares_key(person),
            found_prefix(FindingKind::SerialConflict, None, "SN-1"),
            cash_prefix(person),
        ];
        for (index, one) in keys.iter().enumerate() {
            for other in keys.iter().skip(index + 1) {
                assert!(!one.starts_with(other) && !other.starts_with(one), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_code_of_an_account_is_read_back() {
        let person = PersonId([9; 16]);
        assert_eq!(read_account(&account_key(person, "压缩机-1")), Some((person, "压缩机-1".to_owned())));
        assert_ne!(drawn_prefix(person, "CAP"), drawn_prefix(person, "CAP-1"));
    }
}
