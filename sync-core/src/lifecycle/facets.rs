//! Types of the facets beside an order's state (lifecycle 4.2): work items, holds, header, terms, custody, money.
//! Plain values, as in `view`.

use std::collections::BTreeMap;

pub use super::agreed::{DiscountView, PaymentView, PrintView, ProofView, QuoteAnswer, QuoteView};
pub use super::corrections::CorrectionView;
pub use super::handovers::UnconfirmedView;
use super::view::Moment;
use crate::facts::Author;
use crate::facts::values::{
    ApprovalWay, Claim, ComplaintKind, CustodyPlace, Demand, FindingKind, Goods, HeaderField, HoldReason, Line, Matter,
    ServiceClass, Severity,
};
use crate::ids::{Digest, DocumentId, FactId, FactRef, PersonId};
use crate::wire::coded_enum;

coded_enum! {
    /// Where one work item stands.
    ItemState {
        /// Nothing is stated about it.
        Open = 0 "open",
        /// An effective DONE.
        Done = 1 "done",
        /// Its last outcome says unfinished.
        Unfinished = 2 "unfinished",
        /// Dropped with the customer.
        Dropped = 3 "dropped",
        /// It cannot be repaired.
        NotRepairable = 4 "not_repairable",
    }
}

coded_enum! {
    /// Who pays (facet `warranty`).
    WarrantyFacet {
        /// Free of charge.
        Free = 0 "free",
        /// Under a contract.
        Contract = 1 "contract",
        /// The customer pays.
        Paid = 2 "paid",
        /// Nobody outside is charged.
        Internal = 3 "internal",
        /// The quality department has to decide (C-028).
        Disputed = 4 "disputed",
    }
}

coded_enum! {
    /// What the customer said to a quote.
    ConsentState {
        /// Nothing yet.
        Open = 0 "open",
        /// He agreed.
        Given = 1 "given",
        /// He did not.
        Refused = 2 "refused",
        /// A later version took its place; what was agreed of it stays agreed.
        Superseded = 3 "superseded",
    }
}

coded_enum! {
    /// Sub-states of goods taken away (state `IN_CUSTODY`).
    CustodyStage {
        /// 已携回: taken, in the van.
        Taken = 0 "taken",
        /// 已入册: booked in.
        BookedIn = 1 "booked_in",
        /// 修护中.
        OnBench = 2 "on_bench",
        /// 已修好.
        Repaired = 3 "repaired",
        /// 已检验.
        Inspected = 4 "inspected",
        /// 送回途中.
        Returning = 5 "returning",
        /// 已送回.
        Returned = 6 "returned",
    }
}

coded_enum! {
    /// A custody receipt.
    ReceiptState {
        /// In the customer's hands.
        Live = 0 "live",
        /// Taken back and void.
        Void = 1 "void",
        /// Lost, void with a signed statement.
        VoidWithoutPaper = 2 "void_without_paper",
    }
}

coded_enum! {
    /// How a customer proved his agreement beside a signature on the device.
    ProofWay {
        /// A one-time code.
        Code = 0 "code",
        /// A hand-signed paper.
        Paper = 1 "paper",
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// Its number.
    pub number: u8,
    /// What is to be done; item 1 is the request itself.
    pub name: Option<String>,
    /// Where it stands.
    pub state: ItemState,
    /// The fact that its state rests on.
    pub by: Option<FactId>,
}

/// A reason to wait that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldView {
    /// When and by which fact.
    pub at: Moment,
    /// Who stated it.
    pub by: Author,
    /// The reason.
    pub reason: HoldReason,
}

/// One field of the header as it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderView {
    /// When and by which fact.
    pub at: Moment,
    /// The field.
    pub field: HeaderField,
    /// Its value.
    pub value: Option<String>,
}

/// Who holds something now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The customer.
    Customer,
    /// One of us.
    Person(PersonId),
    /// Two claims, nobody guesses (R9); sorted.
    Conflict(Vec<PersonId>),
}

/// The customer's goods with us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyView {
    /// When and by which fact they were taken.
    pub at: Moment,
    /// What.
    pub goods: Goods,
    /// Number of the receipt.
    pub receipt: String,
    /// The receipt.
    pub receipt_state: ReceiptState,
    /// Who holds them.
    pub holder: Holder,
    /// Where they are.
    pub place: CustodyPlace,
    /// How far the repair is.
    pub stage: CustodyStage,
    /// Whether the customer countersigned (C-131).
    pub countersigned: bool,
    /// Hand-overs that the other side has not confirmed.
    pub unconfirmed: Vec<FactId>,
}

impl CustodyView {
    /// Whether the goods are still with us.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage != CustodyStage::Returned
    }
}

/// Money of this order, per currency in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoneyView {
    /// Taken by technicians.
    pub taken: BTreeMap<String, i64>,
    /// Paid by transfer.
    pub transferred: BTreeMap<String, i64>,
    /// Handed to the accountant and confirmed by him.
    pub remitted: BTreeMap<String, i64>,
    /// Discounts that count.
    pub discount: BTreeMap<String, i64>,
    /// Billable and not yet paid; never negative.
    pub due: BTreeMap<String, i64>,
    /// Paid beyond what is billable; never negative.
    pub overpaid: BTreeMap<String, i64>,
    /// Cash of this order in a technician's pocket.
    pub pockets: BTreeMap<(PersonId, String), i64>,
}

/// An approval or a rejection, with the version that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    /// When and by which fact.
    pub at: Moment,
    /// What matter.
    pub matter: Matter,
    /// The fact that is approved.
    pub subject: FactId,
    /// Who approved or rejected.
    pub approver: Option<PersonId>,
    /// How; absent for a rejection.
    pub way: Option<ApprovalWay>,
    /// Whether it covers what shows now.
    pub covers: bool,
}

/// A complaint; it lives on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComplaintView {
    /// When and by which fact.
    pub at: Moment,
    /// What about.
    pub kind: ComplaintKind,
    /// How serious.
    pub severity: Severity,
    /// In words.
    pub text: String,
}

/// A contact as found or edited; confirmed ones first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactView {
    /// When and by which fact.
    pub at: Moment,
    /// Name.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Whether the customer himself said so.
    pub confirmed: bool,
}

/// An exchanged unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitSwap {
    /// When and by which fact.
    pub at: Moment,
    /// Serial of the unit that was there.
    pub old_serial: Option<String>,
    /// Serial of the new one.
    pub new_serial: String,
}

/// A number of this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberView {
    /// When and by which fact.
    pub at: Moment,
    /// The ledger.
    pub ledger: String,
    /// The number.
    pub number: String,
    /// Whether it is the official one; others are aliases for ever.
    pub official: bool,
    /// Why it is void.
    pub void: Option<String>,
}

/// A document that a policy demanded and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingView {
    /// The fact that lacks it.
    pub fact: FactId,
    /// Which.
    pub demand: Demand,
}

/// A planned line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLine {
    /// When and by which fact.
    pub at: Moment,
    /// The line.
    pub line: Line,
}

/// What the ledger found across orders (lifecycle 4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingView {
    /// When and by which fact it was stated.
    pub at: Moment,
    /// What.
    pub kind: FindingKind,
    /// The fact of this order that it is about.
    pub about: FactRef,
    /// What it is about, as people name it.
    pub subject: String,
    /// Whose stock, time or cash.
    pub person: Option<PersonId>,
    /// The facts of other orders.
    pub others: Vec<Claim>,
    /// Digest of the fact that lifted it.
    pub lifted: Option<Digest>,
    /// Neither lifted nor decided.
    pub is_open: bool,
}

/// Everything beside the state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Work items, by number.
    pub items: Vec<WorkItem>,
    /// Holds in force.
    pub holds: Vec<HoldView>,
    /// Edited fields of the header.
    pub header: Vec<HeaderView>,
    /// Class in force: as registered, or as judged since.
    pub class: Option<ServiceClass>,
    /// Who pays.
    pub warranty: Option<WarrantyFacet>,
    /// The order whose repair this one repeats, within its guarantee (C-026).
    pub repeat_of: Option<DocumentId>,
    /// The quality department's last decision (C-028).
    pub verdict: Option<FactId>,
    /// Whether the paperwork of an emergency order is due (C-045).
    pub paperwork_due: bool,
    /// Work began although the customer has not agreed to the current quote (C-023).
    pub no_consent: bool,
    /// Every version of the quote.
    pub quotes: Vec<QuoteView>,
    /// Goods with us, and those that went back.
    pub custody: Vec<CustodyView>,
    /// Money.
    pub money: MoneyView,
    /// Discounts, in canonical order.
    pub discounts: Vec<DiscountView>,
    /// Cash and transfers, in canonical order.
    pub payments: Vec<PaymentView>,
    /// Approvals.
    pub approvals: Vec<ApprovalView>,
    /// Complaints.
    pub complaints: Vec<ComplaintView>,
    /// Contacts.
    pub contacts: Vec<ContactView>,
    /// Exchanged units.
    pub units: Vec<UnitSwap>,
    /// Numbers.
    pub numbers: Vec<NumberView>,
    /// Documents still to be filed.
    pub missing: Vec<MissingView>,
    /// Proofs beside signatures on the device.
    pub proofs: Vec<ProofView>,
    /// Vouchers printed, in canonical order.
    pub prints: Vec<PrintView>,
    /// Planned lines.
    pub planned: Vec<PlannedLine>,
    /// People to whom a visit was handed over: they may begin one.
    pub handed_to: Vec<PersonId>,
    /// Who made the order on site, where it began with an emergency (C-045).
    pub made_by: Option<PersonId>,
    /// Orders of the same call.
    pub linked: Vec<DocumentId>,
    /// The order that goes on in place of this one.
    pub survivor: Option<DocumentId>,
    /// What the ledger found, in canonical order.
    pub findings: Vec<FindingView>,
    /// Facts whose claimed time contradicts the server's (R11): their confidence is LOW.
    pub low_confidence: Vec<FactId>,
    /// Corrections that count: of times, of lines, of words.
    pub corrections: Vec<CorrectionView>,
    /// Two-party facts that the other side has not confirmed.
    pub unconfirmed: Vec<UnconfirmedView>,
    /// Physical facts that stand, with their authors: what can be taken back.
    pub physical: Vec<(FactId, Author)>,
    /// Of these, facts that only a supervisor may take back, since others build on them.
    pub relied_on: Vec<FactId>,
}

impl Facets {
    /// Whether some goods are with us.
    #[must_use]
    pub fn in_custody(&self) -> bool {
        self.custody.iter().any(CustodyView::is_open)
    }

    /// The quote that the customer is asked about now.
    #[must_use]
    pub fn current_quote(&self) -> Option<&QuoteView> {
        self.quotes.iter().find(|quote| quote.current)
    }
}
