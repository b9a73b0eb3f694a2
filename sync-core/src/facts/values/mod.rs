//! Values inside facts: money, quantities, windows, lines, people. Integers only, units always named.

mod ledger;
mod office;
mod onsite;

use minicbor::{Decode, Encode};

pub use ledger::*;
pub use office::*;
pub use onsite::*;

use crate::ids::{BlobId, FactRef, KeyId, PersonId, Signature};
use crate::time::UnixMillis;
use crate::wire::coded_enum;

/// An amount in integer minor units (fen, cents) of one currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Money {
    /// Minor units; negative for a credit.
    #[n(0)]
    pub minor: i64,
    /// ISO 4217 code, three capital letters.
    #[n(1)]
    pub currency: String,
}

/// A span of time promised or proposed to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Window {
    /// Earliest arrival.
    #[n(0)]
    pub from: UnixMillis,
    /// Latest arrival; not before `from`.
    #[n(1)]
    pub to: UnixMillis,
}

coded_enum! {
    /// How a request or an agreement reached us (C-003).
    Channel {
        /// 电话.
        Phone = 0 "phone",
        /// 传真.
        Fax = 1 "fax",
        /// 信函.
        Letter = 2 "letter",
        /// 电子邮件.
        Email = 3 "email",
        /// 网站.
        Website = 4 "website",
        /// App or WeChat (微信).
        App = 5 "app",
        /// 上门 / 自送.
        WalkIn = 6 "walk_in",
        /// 直营店.
        Store = 7 "store",
        /// Face to face on site.
        OnSite = 8 "on_site",
        /// Taken over from another system's file.
        Import = 9 "import",
    }
}

coded_enum! {
    /// Service class (C-020).
    ServiceClass {
        /// 有费.
        Chargeable = 0 "chargeable",
        /// 合同.
        Contract = 1 "contract",
        /// 免费 (in the guarantee period).
        Free = 2 "free",
        /// 一般行政.
        Internal = 3 "internal",
    }
}

coded_enum! {
    /// Urgency of a request (C-004); the time limit of each is policy.
    Urgency {
        /// 一般.
        Normal = 0 "normal",
        /// 紧急.
        Urgent = 1 "urgent",
        /// 危险: people or property in danger.
        Hazard = 2 "hazard",
    }
}

coded_enum! {
    /// Why a technician was passed over in the rotation (C-040).
    SkipReason {
        /// 技能不符: the skill does not fit.
        Skill = 0 "skill",
        /// 未返回: has not returned from an earlier order.
        NotReturned = 1 "not_returned",
        /// 停用: not on duty or no longer employed.
        Inactive = 2 "inactive",
        /// Overridden by the dispatcher with a reason (C-041).
        Overridden = 3 "overridden",
        /// Refused this order before.
        Refused = 4 "refused",
    }
}

/// One technician passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Skip {
    /// Who was passed over.
    #[n(0)]
    pub technician: PersonId,
    /// Why.
    #[n(1)]
    pub reason: SkipReason,
}

coded_enum! {
    /// What kind of thing a line records.
    LineKind {
        /// 工时: working time, quantity in thousandths of an hour.
        Labour = 0 "labour",
        /// 配件: a part fitted.
        Part = 1 "part",
        /// 费用: travel or another expense.
        Expense = 2 "expense",
        /// 读数: a measured value.
        Reading = 3 "reading",
        /// 照片: a photo, in `blob`.
        Photo = 4 "photo",
        /// 检查项: one step of a checklist.
        Checklist = 5 "checklist",
    }
}

coded_enum! {
    /// Result of a checklist step.
    CheckResult {
        /// 正常.
        Ok = 0 "ok",
        /// 不正常.
        Fault = 1 "fault",
        /// 不适用.
        NotApplicable = 2 "not_applicable",
    }
}

coded_enum! {
    /// Where a part came from (C-064).
    PartSource {
        /// From the technician's van stock.
        Van = 0 "van",
        /// Unknown source: flagged, never dropped.
        Unknown = 1 "unknown_source",
        /// Supplied by the customer.
        Customer = 2 "customer",
    }
}

/// One thing done, fitted, spent or measured on a visit. Lines add up; nothing is overwritten (R5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Line {
    /// What kind of line.
    #[n(0)]
    pub kind: LineKind,
    /// Name as the customer reads it.
    #[n(1)]
    pub name: String,
    /// Thousandths of `unit`.
    #[n(2)]
    pub quantity: i64,
    /// Unit of the quantity: `h`, `piece`, `m`, `kPa`, ...
    #[n(3)]
    pub unit: String,
    /// Total price of the line; absent is free of charge.
    #[n(4)]
    pub amount: Option<Money>,
    /// Catalogue code of the part or tariff item.
    #[n(5)]
    pub code: Option<String>,
    /// Serial number of the part.
    #[n(6)]
    pub serial: Option<String>,
    /// Source of a part.
    #[n(7)]
    pub source: Option<PartSource>,
    /// Result of a checklist step.
    #[n(8)]
    pub result: Option<CheckResult>,
    /// Attachment: a photo or voice note.
    #[n(9)]
    pub blob: Option<Blob>,
    /// The step of a form that it fills in.
    #[n(10)]
    pub entry: Option<FormEntry>,
    /// Before this the thing cannot be used (C-063): paint that dries, a seal that sets.
    #[n(11)]
    pub usable_from: Option<UnixMillis>,
}

/// Code of a checklist line: a warning tag hangs on the thing (挂牌, C-063).
pub const WARNING_TAG: &str = "warning_tag";
/// Code of a checklist line: the customer was warned in words (口头警告, C-063).
pub const ORAL_WARNING: &str = "oral_warning";

impl Line {
    /// A line without price, code or evidence.
    #[must_use]
    pub fn new(kind: LineKind, name: impl Into<String>, quantity: i64, unit: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            quantity,
            unit: unit.into(),
            amount: None,
            code: None,
            serial: None,
            source: None,
            result: None,
            blob: None,
            entry: None,
            usable_from: None,
        }
    }
}

/// What a line fills in of a form.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct FormEntry {
    /// Code of the form.
    #[n(0)]
    pub form: String,
    /// Its version that the author held.
    #[n(1)]
    pub version: u32,
    /// Code of the step.
    #[n(2)]
    pub step: String,
    /// The words of a step that takes words.
    #[n(3)]
    pub text: Option<String>,
    /// Who worked beside the author, who leads (C-050).
    #[n(4)]
    pub people: Option<Vec<PersonId>>,
}

/// A reference to an attachment; its bytes travel apart.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Blob {
    /// BLAKE3 of the bytes.
    #[n(0)]
    pub hash: BlobId,
    /// Size in bytes.
    #[n(1)]
    pub size: u64,
    /// Media type (RFC 6838).
    #[n(2)]
    pub media_type: String,
}

/// The customer's person whose promise a fact records.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct CustomerPerson {
    /// Name as given.
    #[n(0)]
    pub name: String,
    /// Relation to the customer: owner, tenant, guard, ...
    #[n(1)]
    pub relation: String,
    /// How the promise was made.
    #[n(2)]
    pub channel: Channel,
}

/// The other side of a two-party fact: a signature over the fact's digest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Witness {
    /// Who witnessed.
    #[n(0)]
    pub person: PersonId,
    /// The key that signed.
    #[n(1)]
    pub key: KeyId,
    /// Signature over the content digest of the fact without witnesses.
    #[n(2)]
    pub signature: Signature,
}

coded_enum! {
    /// The customer's written opinion at signing (签署意见, C-081). Explicit even when none was given.
    OpinionGrade {
        /// No opinion was given.
        NoneGiven = 0 "none_given",
        /// 满意.
        Satisfied = 1 "satisfied",
        /// 基本满意.
        Acceptable = 2 "acceptable",
        /// 不满意.
        Dissatisfied = 3 "dissatisfied",
    }
}

/// Opinion with the customer's words.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Opinion {
    /// The grade.
    #[n(0)]
    pub grade: OpinionGrade,
    /// The words, if any.
    #[n(1)]
    pub text: Option<String>,
}

/// A place as a device's receiver gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Place {
    /// Latitude in 1e-7 degrees, WGS 84.
    #[n(0)]
    pub latitude_e7: i32,
    /// Longitude in 1e-7 degrees, WGS 84.
    #[n(1)]
    pub longitude_e7: i32,
    /// Accuracy in metres.
    #[n(2)]
    pub accuracy_m: u32,
}

coded_enum! {
    /// Why work stays unfinished (C-140).
    UnfinishedReason {
        /// A part is missing.
        Parts = 0 "parts",
        /// The customer was absent or asked for another time.
        Customer = 1 "customer",
        /// Weather.
        Weather = 2 "weather",
        /// More people or another skill is needed.
        Skill = 3 "skill",
        /// Another reason, in words.
        Other = 4 "other",
    }
}

coded_enum! {
    /// What a person may decide about a review item.
    ReviewChoice {
        /// 继续: the work goes on; a contested cancel is withdrawn.
        Continue = 0 "continue",
        /// 终止: the work ends; what was done stands.
        Terminate = 1 "terminate",
        /// Keep what happened as it is.
        Keep = 2 "keep",
        /// Release the assigned technician; his turn is given back.
        Release = 3 "release",
        /// Write the uncovered lines off.
        WriteOff = 4 "write_off",
        /// The customer consented to what was not covered.
        Consented = 5 "consented",
        /// The earlier of two promises is kept.
        First = 6 "first",
        /// The later of two promises is kept.
        Second = 7 "second",
        /// Seen by its owner; nothing changes.
        Acknowledged = 8 "acknowledged",
        /// 换货: exchange what cannot be repaired (C-029).
        Exchange = 9 "exchange",
        /// 退款: give the money back (C-029, X-47, X-60).
        Refund = 10 "refund",
        /// 返还: return the goods unrepaired.
        Return = 11 "return",
    }
}

/// The visit a fact belongs to: the identity of the visit's first fact.
pub type VisitRef = FactRef;
