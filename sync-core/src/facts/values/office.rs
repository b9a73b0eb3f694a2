//! Values of approvals, complaints, callbacks and the office's books.

use minicbor::{Decode, Encode};

use crate::wire::coded_enum;

coded_enum! {
    /// What is approved (rules 1.8).
    Matter {
        /// 折扣 (C-095).
        Discount = 0 "discount",
        /// 报价 (C-096).
        Quote = 1 "quote",
        /// 退货 (C-030).
        Return = 2 "return",
        /// 赔偿 (C-098).
        Compensation = 3 "compensation",
        /// 作业许可 (C-215).
        Permit = 4 "permit",
        /// 领料.
        Requisition = 5 "requisition",
        /// Another matter, named in the reason.
        Other = 6 "other",
    }
}

coded_enum! {
    /// How an approval was given (U-21).
    ApprovalWay {
        /// At the office's own page.
        Office = 0 "office",
        /// 当面: the supervisor countersigned on the technician's device.
        Presence = 1 "presence",
        /// 口令: a one-time code read over the phone.
        Code = 2 "code",
    }
}

coded_enum! {
    /// What a callback found (C-150).
    CallbackResult {
        /// 结束: satisfied.
        Ok = 0 "ok",
        /// 退回重填.
        Refill = 1 "refill",
        /// 退回重办.
        Redo = 2 "redo",
        /// 转投诉.
        Complaint = 3 "complaint",
        /// 未接通.
        NotReached = 4 "not_reached",
    }
}

coded_enum! {
    /// What a complaint is about (C-170).
    ComplaintKind {
        /// 质量.
        Quality = 0 "quality",
        /// 服务.
        Service = 1 "service",
        /// 收费.
        Charge = 2 "charge",
        /// 其他.
        Other = 3 "other",
    }
}

coded_enum! {
    /// How serious a complaint is.
    Severity {
        /// 一般.
        Normal = 0 "normal",
        /// 严重.
        Serious = 1 "serious",
    }
}

coded_enum! {
    /// Whose fault it was (C-027).
    Liability {
        /// 施工方: the contractor pays all.
        Contractor = 0 "contractor",
        /// 共同: shares are agreed.
        Joint = 1 "joint",
        /// 业主自购材料: the owner pays all.
        Owner = 2 "owner",
    }
}

/// Whether a party has agreed to its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(index_only)]
pub enum Answer {
    /// Not asked, or silent.
    #[n(0)]
    Open,
    /// Agreed.
    #[n(1)]
    Agreed,
    /// Refused.
    #[n(2)]
    Refused,
}

/// One party's share of the costs (C-027).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
pub struct Share {
    /// Who pays, in words.
    #[n(0)]
    pub party: String,
    /// Thousandths of the whole, 0 to 1000.
    #[n(1)]
    pub permille: u16,
    /// His answer.
    #[n(2)]
    pub answer: Answer,
}
