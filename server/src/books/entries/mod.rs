//! What one order says to the books: parts, time, cash, goods, findings. A pure function of its facts and its fold;
//! kept beside the order, so that a question across orders loads no document.

mod read;

use docket_sync_core::facts::values::{Claim, CustodyPlace, FindingKind, Goods, Money, PartSource};
use docket_sync_core::ids::{Digest, FactRef, PersonId};
use docket_sync_core::lifecycle::facets::{CustodyStage, ReceiptState};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

pub(super) use self::read::of;

/// A part that was fitted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Part {
    /// The line.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// Who recorded it.
    #[n(2)]
    pub person: Option<PersonId>,
    /// Field time.
    #[n(3)]
    pub at: UnixMillis,
    /// Log number under which the store has it.
    #[n(4)]
    pub number: u64,
    /// Name.
    #[n(5)]
    pub name: String,
    /// Catalogue code.
    #[n(6)]
    pub code: Option<String>,
    /// Serial number.
    #[n(7)]
    pub serial: Option<String>,
    /// Thousandths of `unit`.
    #[n(8)]
    pub quantity: i64,
    /// Unit.
    #[n(9)]
    pub unit: String,
    /// Source as stated.
    #[n(10)]
    pub source: Option<PartSource>,
}

impl Part {
    /// Whether it came out of a stock of ours: whoever does not say otherwise took it from his van.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !matches!(self.source, Some(PartSource::Customer | PartSource::Unknown))
    }
}

/// Work from a start to a pause or an end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Work {
    /// The first start of the visit.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// The technician.
    #[n(2)]
    pub person: PersonId,
    /// From, in field time.
    #[n(3)]
    pub from: UnixMillis,
    /// Until.
    #[n(4)]
    pub to: UnixMillis,
}

/// Cash taken or handed in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cash {
    /// The fact.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// The technician.
    #[n(2)]
    pub person: PersonId,
    /// How much.
    #[n(3)]
    pub amount: Money,
    /// Field time.
    #[n(4)]
    pub at: UnixMillis,
    /// Number of the receipt; absent for cash handed in.
    #[n(5)]
    pub receipt: Option<String>,
    /// The accountant; absent for cash taken.
    #[n(6)]
    pub to: Option<PersonId>,
    /// Whether he has confirmed it.
    #[n(7)]
    pub confirmed: bool,
    /// The collections that a hand-over names.
    #[n(8)]
    pub collected: Vec<FactRef>,
}

/// The customer's goods with us: one line of the register (客户商品进出登记簿).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Held {
    /// The fact by which they were taken.
    #[n(0)]
    pub fact: FactRef,
    /// Its content digest.
    #[n(1)]
    pub digest: Digest,
    /// What.
    #[n(2)]
    pub goods: Goods,
    /// Number of the receipt.
    #[n(3)]
    pub receipt: String,
    /// The receipt.
    #[n(4)]
    pub receipt_state: ReceiptState,
    /// Who took them.
    #[n(5)]
    pub taken_by: Option<PersonId>,
    /// When, in field time.
    #[n(6)]
    pub taken_at: UnixMillis,
    /// Who holds them now: nobody of us, one, or everybody who claims to.
    #[n(7)]
    pub holders: Vec<PersonId>,
    /// Where they are.
    #[n(8)]
    pub place: CustodyPlace,
    /// How far the repair is.
    #[n(9)]
    pub stage: CustodyStage,
    /// Whether the customer countersigned (C-131).
    #[n(10)]
    pub countersigned: bool,
    /// Hand-overs that the other side has not confirmed.
    #[n(11)]
    pub unconfirmed: u32,
    /// When they were promised back.
    #[n(12)]
    pub promised: Option<UnixMillis>,
    /// When they came to the store or the bench (C-132).
    #[n(13)]
    pub received_at: Option<UnixMillis>,
    /// When they went back.
    #[n(14)]
    pub returned_at: Option<UnixMillis>,
    /// Thousandths of an hour on the repair card (C-133).
    #[n(15)]
    pub hours: i64,
    /// Parts on the repair card.
    #[n(16)]
    pub parts: Vec<String>,
}

impl Held {
    /// Whether they are with us.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage != CustodyStage::Returned
    }

    /// Whether more than one claims to hold them (R9).
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.holders.len() > 1
    }

    /// Whether they are on the bench, or wait for it.
    #[must_use]
    pub fn is_on_bench(&self) -> bool {
        self.is_open() && self.received_at.is_some() && self.stage < CustodyStage::Inspected
    }

    /// What makes the thing the same wherever it is named: its serial, or its unit's record.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let serial = self.goods.serial.as_deref().map(super::rules::serials::compared);
        serial.filter(|serial| !serial.is_empty()).or_else(|| self.goods.unit.map(|unit| unit.to_string()))
    }
}

/// A finding that the order holds and that was not lifted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Found {
    /// The fact that states it.
    #[n(0)]
    pub fact: FactRef,
    /// Its kind.
    #[n(1)]
    pub kind: FindingKind,
    /// The fact that it is about.
    #[n(2)]
    pub about: FactRef,
    /// What it is about, as people name it.
    #[n(3)]
    pub subject: String,
    /// Whose stock, time or cash.
    #[n(4)]
    pub person: Option<PersonId>,
    /// The facts of other orders.
    #[n(5)]
    pub others: Vec<Claim>,
    /// When it was stated.
    #[n(6)]
    pub at: UnixMillis,
    /// Whether nobody has decided about it.
    #[n(7)]
    pub is_open: bool,
}

/// Money that goes back to the customer (X-60, X-61, U-14).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Refund {
    /// Minor units by currency.
    #[n(0)]
    pub amounts: Vec<Money>,
    /// When the last payment was made.
    #[n(1)]
    pub at: UnixMillis,
}

/// Everything that one order says to the books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entries {
    /// Parts.
    #[n(0)]
    pub parts: Vec<Part>,
    /// Time.
    #[n(1)]
    pub work: Vec<Work>,
    /// Cash.
    #[n(2)]
    pub cash: Vec<Cash>,
    /// Goods.
    #[n(3)]
    pub goods: Vec<Held>,
    /// Findings.
    #[n(4)]
    pub found: Vec<Found>,
    /// What is to be given back.
    #[n(5)]
    pub refund: Option<Refund>,
    /// Cash in somebody's pocket.
    #[n(6)]
    pub pockets: Vec<(PersonId, Money)>,
    /// When something of it falls due.
    #[n(7)]
    pub due: Option<UnixMillis>,
}

impl Entries {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
