//! Types of what was agreed with the customer and what he paid: quotes, discounts, payments, agreements beside a
//! signature on the device. Plain values, as in `view`; named through `facets`.

use super::facets::{ConsentState, ProofWay};
use super::view::Moment;
use crate::facts::Author;
use crate::facts::values::{CustomerPerson, Money, Opinion, QuoteLine};
use crate::ids::{BlobId, Digest, FactId, FactRef};

/// One version of a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteView {
    /// When and by which fact.
    pub at: Moment,
    /// Version as printed.
    pub version: u32,
    /// Its lines.
    pub lines: Vec<QuoteLine>,
    /// What the customer said.
    pub consent: ConsentState,
    /// When and by which fact he said so.
    pub answer: Option<QuoteAnswer>,
    /// Whether it is the current one.
    pub current: bool,
}

/// The customer's answer to one version of a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteAnswer {
    /// When and by which fact.
    pub at: Moment,
    /// Who gave it, and how.
    pub customer: Option<CustomerPerson>,
}

/// A discount (C-095).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscountView {
    /// When and by which fact.
    pub at: Moment,
    /// Who granted it.
    pub by: Author,
    /// Off the bill.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Whether it counts; a technician's waits for its approval.
    pub counts: bool,
}

/// Money that came in on this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentView {
    /// When and by which fact.
    pub at: Moment,
    /// How much.
    pub amount: Money,
    /// Number of the cash receipt, or the bank's reference.
    pub receipt: String,
    /// Cash in a technician's hand; else a transfer.
    pub cash: bool,
}

/// A proof beside a signature on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofView {
    /// When and by which fact.
    pub at: Moment,
    /// How.
    pub way: ProofWay,
    /// Digest of the voucher.
    pub voucher: Digest,
    /// Name.
    pub name: String,
    /// Relation to the customer.
    pub relation: String,
    /// Number of the code.
    pub code: Option<u32>,
    /// The photo of the paper.
    pub photo: Option<BlobId>,
    /// Content address of the voucher as shown, where it came along.
    pub document: Option<BlobId>,
    /// Opinion.
    pub opinion: Opinion,
    /// Facts that the customer saw.
    pub covered: Vec<FactId>,
}

/// A voucher that was printed, to be signed by hand (U-09).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintView {
    /// When and by which fact.
    pub at: Moment,
    /// Digest of the voucher.
    pub voucher: Digest,
    /// References to the facts that it shows.
    pub covered: Vec<FactRef>,
    /// Digest of the covered facts.
    pub covered_digest: Digest,
    /// Content address of the voucher as printed.
    pub document: BlobId,
}
