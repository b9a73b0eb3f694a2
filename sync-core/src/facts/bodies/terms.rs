//! Terms with the customer: guarantee, quotes, consent, cancel, discount, complaint; other ways to sign.

use crate::facts::values::{
    Blob, ComplaintKind, Demand, Matter, Money, Opinion, QuoteLine, ServiceClass, Severity, Verdict,
};
use crate::ids::{BlobId, Digest, DocumentId, FactRef, PersonId};
use crate::time::UnixMillis;

bodies! {
    /// The clerk judges who pays (C-020, C-021).
    SetWarranty {
        /// Service class.
        0 class: ServiceClass,
        /// End of the guarantee, where there is one.
        1 until: Option<UnixMillis>,
        /// Whether the customer disputes it: then the quality department decides (C-028).
        2 disputed: bool,
        /// On what ground.
        3 reason: Option<String>,
        /// The repair whose guarantee covers this one (C-026).
        4 repeat_of: Option<DocumentId>,
    }

    /// The quality department decides a dispute (C-028).
    QualityVerdict {
        /// Free or paid.
        0 verdict: Verdict,
        /// On what evidence.
        1 evidence: String,
        /// A photo or report.
        2 blob: Option<Blob>,
    }

    /// A version of the quote. It takes the place of every version that its author knew.
    IssueQuote {
        /// Version as printed, from 1.
        0 version: u32,
        /// What is offered.
        1 lines: Vec<QuoteLine>,
        /// Version of the tariff.
        2 tariff: Option<u32>,
        /// Why it differs from the version before.
        3 reason: Option<String>,
    }

    /// The customer agrees to one version of a quote (C-023, C-024); the envelope's `customer` says who.
    GiveConsent {
        /// The quote.
        0 quote: FactRef,
        /// Its version, as he was told.
        1 version: u32,
    }

    /// The customer does not agree.
    RefuseConsent {
        /// The quote.
        0 quote: FactRef,
        /// Its version, as he was told.
        1 version: u32,
        /// Why.
        2 reason: Option<String>,
    }

    /// The customer cancels; the envelope's `customer` says who and how.
    CancelByCustomer {
        /// Why.
        0 reason: String,
    }

    /// A discount, each with its reason (C-095). It is a credit on the signed terms.
    GrantDiscount {
        /// Amount off the bill.
        0 amount: Money,
        /// Why.
        1 reason: String,
    }

    /// The customer proves his agreement by a one-time code in place of a signature (完单验收码).
    SignByCode {
        /// Digest of the voucher.
        0 voucher: Digest,
        /// The facts that the voucher shows.
        1 covered: Vec<FactRef>,
        /// BLAKE3 over the identities and content digests of the covered facts.
        2 covered_digest: Digest,
        /// The customer's opinion.
        3 opinion: Opinion,
        /// Name.
        4 name: String,
        /// Relation to the customer.
        5 relation: String,
        /// Number of the code in the list that was issued for this order.
        6 code: u32,
        /// BLAKE3 over the code's words and the voucher's digest: the list's holder can check it.
        7 proof: Digest,
        /// Content address of the voucher as shown, which travels beside the fact.
        8 document: Option<BlobId>,
    }

    /// The voucher was printed, to be signed by hand (U-09). Its short code and digest stand on the paper.
    PrintVoucher {
        /// Digest of the voucher.
        0 voucher: Digest,
        /// The facts that the voucher shows.
        1 covered: Vec<FactRef>,
        /// BLAKE3 over the identities and content digests of the covered facts.
        2 covered_digest: Digest,
        /// Content address of the voucher as printed, which travels beside the fact.
        3 document: BlobId,
    }

    /// A voucher signed by hand, entered later with its photo (U-09).
    AttachPaper {
        /// Digest of the voucher, as printed on it.
        0 voucher: Digest,
        /// The facts that the voucher shows.
        1 covered: Vec<FactRef>,
        /// BLAKE3 over the identities and content digests of the covered facts.
        2 covered_digest: Digest,
        /// The customer's opinion.
        3 opinion: Opinion,
        /// Name as written.
        4 name: String,
        /// Relation to the customer.
        5 relation: String,
        /// When it was signed, as written.
        6 signed_at: UnixMillis,
        /// The photo.
        7 photo: BlobId,
        /// The print of which it is.
        8 printed: Option<FactRef>,
    }

    /// A document that a policy demanded is there now.
    FileDocument {
        /// The fact that lacked it.
        0 fact: FactRef,
        /// Which document.
        1 demand: Demand,
        /// Its photo.
        2 blob: Option<Blob>,
        /// Its number or date, in words.
        3 reference: Option<String>,
    }

    /// A complaint on behalf of a customer (C-170).
    OpenComplaint {
        /// What about.
        0 kind: ComplaintKind,
        /// How serious.
        1 severity: Severity,
        /// In words.
        2 text: String,
    }

    /// Somebody with authority approves one version of something (rules 1.8, U-21).
    Approve {
        /// What matter.
        0 matter: Matter,
        /// The fact that states it.
        1 subject: FactRef,
        /// Its content digest: the version that is approved.
        2 digest: Digest,
        /// Who approves; on a technician's device he is a witness or has read a code.
        3 approver: PersonId,
        /// How.
        4 way: crate::facts::values::ApprovalWay,
        /// Number of the one-time code, for [`crate::facts::values::ApprovalWay::Code`].
        5 code: Option<u32>,
        /// In words.
        6 reason: Option<String>,
        /// The one-time code as it was read out, for [`crate::facts::values::ApprovalWay::Code`]: everybody who holds
        /// the approver's list can check it, and it is worth nothing once it is used.
        7 secret: Option<String>,
    }

    /// He does not approve it.
    Reject {
        /// What matter.
        0 matter: Matter,
        /// The fact that states it.
        1 subject: FactRef,
        /// Its content digest.
        2 digest: Digest,
        /// Why.
        3 reason: String,
        /// Who rejects; on a technician's device he is a witness or has read a code. The author himself otherwise.
        4 approver: Option<PersonId>,
        /// How; in his own right where it is absent.
        5 way: Option<crate::facts::values::ApprovalWay>,
        /// Number of the one-time code, as in an approval.
        6 code: Option<u32>,
        /// The one-time code as it was read out.
        7 secret: Option<String>,
    }
}
