//! Numbers of receipts that are printed where there is no network: from a block that the office gave to the device.
//!
//! Not here: who gives blocks, and which number comes next on a device.

use minicbor::{Decode, Encode};

use super::FactBody;
use crate::wire::coded_enum;

coded_enum! {
    /// A ledger whose numbers devices give out themselves.
    Ledger {
        /// 携回收据: receipts for goods taken away (C-130).
        Custody = 0 "custody",
        /// 现金收据: receipts for cash (C-090).
        Cash = 1 "cash",
    }
}

impl Ledger {
    /// What its numbers begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Custody => "C-",
            Self::Cash => "R-",
        }
    }

    /// A number as it is printed.
    #[must_use]
    pub fn printed(self, number: u64) -> String {
        format!("{}{number:06}", self.prefix())
    }

    /// The number of a printed one; `None` for any other spelling.
    #[must_use]
    pub fn read(self, printed: &str) -> Option<u64> {
        let number = printed.strip_prefix(self.prefix())?.parse().ok()?;
        (self.printed(number) == printed).then_some(number)
    }
}

/// Consecutive numbers of one ledger for one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Block {
    /// The ledger.
    #[n(0)]
    pub ledger: Ledger,
    /// First number.
    #[n(1)]
    pub first: u64,
    /// Last number.
    #[n(2)]
    pub last: u64,
}

impl Block {
    /// Whether the number lies in it.
    #[must_use]
    pub fn holds(&self, ledger: Ledger, number: u64) -> bool {
        self.ledger == ledger && (self.first..=self.last).contains(&number)
    }
}

/// The number that a fact uses up: of a receipt, or one that it declares void. The text as stated.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds print nothing")]
pub fn receipt_number(body: &FactBody) -> Option<(Ledger, &str)> {
    match body {
        FactBody::TakeCustody(body) => Some((Ledger::Custody, &body.receipt)),
        FactBody::CollectCash(body) => Some((Ledger::Cash, &body.receipt)),
        FactBody::VoidNumber(body) => Some((Ledger::from_code(&body.ledger)?, &body.number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(Ledger::Custody.printed(31), "C-000031");
        assert_eq!(Ledger::Custody.read("C-000031"), Some(31));
        assert_eq!(Ledger::Cash.read("R-1000000"), Some(1_000_000));
        for wrong in ["C-31", "C-0000031", "R-000031", "C-+00031", "C-", "c-000031", "C-000031 "] {
            assert_eq!(Ledger::Custody.read(wrong), None, "{wrong}");
        }
    }
}
