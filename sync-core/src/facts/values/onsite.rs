//! Values of holds, terms with the customer, custody, parts wanted, documents that a policy demands.

use minicbor::{Decode, Encode};

use super::{Line, Money};
use crate::ids::RecordId;
use crate::time::UnixMillis;
use crate::wire::coded_enum;

coded_enum! {
    /// Why an order waits (挂起).
    HoldReason {
        /// 天气 (C-043).
        Weather = 0 "weather",
        /// 待件 (C-069).
        Parts = 1 "parts",
        /// 客户.
        Customer = 2 "customer",
        /// 待批.
        Approval = 3 "approval",
        /// 上报 (C-068).
        Escalated = 4 "escalated",
    }
}

coded_enum! {
    /// What of an order's header the office may edit, field by field.
    HeaderField {
        /// What is to be done, in words.
        Description = 0 "description",
        /// Telephone of the contact.
        Phone = 1 "phone",
        /// Address of the site.
        Address = 2 "address",
        /// Name of the contact.
        Contact = 3 "contact",
        /// Priority: a code of [`super::Urgency`].
        Priority = 4 "priority",
        /// Where the repair takes place: `on_site` forbids taking goods away.
        RepairPlace = 5 "repair_place",
        /// When bench work is due, as RFC 3339.
        BenchDue = 6 "bench_due",
        /// Skill that the work needs.
        Skill = 7 "skill",
    }
}

/// One field of the header with its new value; absent empties it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct HeaderChange {
    /// The field.
    #[n(0)]
    pub field: HeaderField,
    /// Its value.
    #[n(1)]
    pub value: Option<String>,
}

coded_enum! {
    /// Why somebody goes out before the paperwork (先抢修后补单, C-045, C-048).
    EmergencyBasis {
        /// 客户在场: the customer asked on site.
        CustomerOnSite = 0 "customer_on_site",
        /// 主管联系不上: the head could not be reached.
        HeadUnreachable = 1 "head_unreachable",
    }
}

coded_enum! {
    /// The quality department's verdict on a disputed repair (C-028).
    Verdict {
        /// 免费: in guarantee.
        Free = 0 "free",
        /// 有费: the customer pays.
        Paid = 1 "paid",
    }
}

/// One line of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct QuoteLine {
    /// Name as the customer reads it.
    #[n(0)]
    pub name: String,
    /// Thousandths of `unit`.
    #[n(1)]
    pub quantity: i64,
    /// Unit of the quantity.
    #[n(2)]
    pub unit: String,
    /// Price of the whole line.
    #[n(3)]
    pub amount: Money,
    /// Catalogue code of the part or tariff item.
    #[n(4)]
    pub code: Option<String>,
}

/// The customer's goods that are taken away.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Goods {
    /// Name as the customer reads it.
    #[n(0)]
    pub name: String,
    /// Serial number; what has one is the same thing wherever it is named.
    #[n(1)]
    pub serial: Option<String>,
    /// The unit's record, where one is known.
    #[n(2)]
    pub unit: Option<RecordId>,
    /// Pieces.
    #[n(3)]
    pub pieces: u32,
    /// State at the hand-over, in words.
    #[n(4)]
    pub condition: Option<String>,
}

coded_enum! {
    /// Where goods are.
    CustodyPlace {
        /// 车上: in a technician's van.
        Van = 0 "van",
        /// 仓库: booked in (C-132).
        Store = 1 "store",
        /// 工作台: on the bench.
        Bench = 2 "bench",
    }
}

coded_enum! {
    /// One step on the repair card (修护卡, C-133).
    BenchStep {
        /// 开工.
        Begin = 0 "begin",
        /// 换件 or working time: see the line.
        Line = 1 "line",
        /// 修好.
        Repaired = 2 "repaired",
        /// 修不好.
        Unrepairable = 3 "unrepairable",
    }
}

coded_enum! {
    /// What became of the custody receipt when the goods went back (C-135).
    ReceiptFate {
        /// Taken back and voided.
        TakenBack = 0 "taken_back",
        /// Lost by the customer: void without paper, with his signed statement.
        Lost = 1 "lost",
    }
}

coded_enum! {
    /// What a policy demands with a fact, and that may be filed later.
    Demand {
        /// 盖章: a seal beside the signature (C-084).
        Seal = 0 "seal",
        /// 书面通知: the written notice for work on a weekday (C-042).
        WeekdayNotice = 1 "weekday_notice",
        /// 预约: an appointment before the visit (C-047).
        Appointment = 2 "appointment",
        /// 安全检查 (C-062).
        SafetyCheck = 3 "safety_check",
        /// 诊断 (C-060).
        Diagnosis = 4 "diagnosis",
        /// 回收单据 (C-067).
        RecyclingDocument = 5 "recycling_document",
        /// 挂牌或口头警告 (C-063).
        Warning = 6 "warning",
        /// 记录不全: steps of a form are lacking or out of order (C-060, C-065).
        Record = 7 "record",
    }
}

/// A part that is wanted (C-069).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct PartWanted {
    /// Name.
    #[n(0)]
    pub name: String,
    /// Thousandths of `unit`.
    #[n(1)]
    pub quantity: i64,
    /// Unit.
    #[n(2)]
    pub unit: String,
    /// Catalogue code.
    #[n(3)]
    pub code: Option<String>,
}

coded_enum! {
    /// Why work goes up to the supervisor (C-068, C-146).
    EscalationKind {
        /// 解决不了.
        CannotSolve = 0 "cannot_solve",
        /// 设计缺陷: goes to the general manager.
        DesignFault = 1 "design_fault",
        /// 争议.
        Dispute = 2 "dispute",
        /// 安全.
        Danger = 3 "danger",
    }
}

/// What a supervisor states in place of what a fact said; the original stays readable.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Correction {
    /// The true time of what happened.
    #[n(0)]
    Time(#[n(0)] UnixMillis),
    /// A line as it should read.
    #[n(1)]
    Line(#[n(0)] Line),
    /// A text as it should read.
    #[n(2)]
    Text(#[n(0)] String),
}
