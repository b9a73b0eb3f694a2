//! Values of what the ledger finds across orders (lifecycle 4.5, "Where a pair is decided").

use minicbor::{Decode, Encode};

use crate::ids::{DocumentId, FactRef, PersonId};
use crate::wire::coded_enum;

coded_enum! {
    /// What the ledger can find. Each kind is stated by one rule, whose name is the author after `system:`.
    FindingKind {
        /// 序列号冲突: one serial number was used more than once.
        SerialConflict = 0 "serial_conflict",
        /// 库存争议: more was drawn from one stock than was there.
        StockDispute = 1 "stock_dispute",
        /// 盘差已说明: a line that came after a stocktake explains its variance.
        VarianceExplained = 2 "variance_explained",
        /// 工时重叠: one person worked on two orders at one time.
        TimeOverlap = 3 "time_overlap",
        /// 现金过夜: cash was not handed in on its day (C-093).
        CashOvernight = 4 "cash_overnight",
        /// 旧件未交: the old part is owed (交旧领新, C-116).
        CoreOwed = 5 "core_owed",
        /// 修护逾期: goods on the bench are late (C-136).
        BenchLate = 6 "bench_late",
        /// 商品重复领取: the same goods are held on another order, too (R9).
        GoodsClaimed = 7 "goods_claimed",
    }
}

impl FindingKind {
    /// The rule that states and lifts it; the fold hears nobody else about it.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::SerialConflict => "serial-conflict",
            Self::StockDispute => "stock-dispute",
            Self::VarianceExplained => "stocktake",
            Self::TimeOverlap => "time-overlap",
            Self::CashOvernight => "cash-overnight",
            Self::CoreOwed => "old-for-new",
            Self::BenchLate => "bench-late",
            Self::GoodsClaimed => "goods-claimed",
        }
    }
}

/// A fact of another order that a finding is about, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Claim {
    /// The order.
    #[n(0)]
    pub order: DocumentId,
    /// The fact.
    #[n(1)]
    pub fact: FactRef,
    /// Who stated it.
    #[n(2)]
    pub person: Option<PersonId>,
}
