//! The office's books: numbers, reopening, and what never leaves the office (companion document).

use crate::facts::values::{CallbackResult, Liability, Money, Share};
use crate::ids::{DeviceId, FactRef, PersonId};

bodies! {
    /// A number of a ledger is taken for this order (lifecycle 4.8).
    AssignNumber {
        /// The ledger: `order`, `call`, `custody`, `cash`.
        0 ledger: String,
        /// The number.
        1 number: String,
        /// The provisional number that stays an alias for ever.
        2 alias: Option<String>,
    }

    /// A number was taken and is not used; the register shows why.
    VoidNumber {
        /// The ledger.
        0 ledger: String,
        /// The number.
        1 number: String,
        /// Why.
        2 reason: String,
    }

    /// A block of numbers goes to a device, so that what it prints offline is final.
    IssueBlock {
        /// The ledger.
        0 ledger: String,
        /// Prefix of its numbers.
        1 prefix: String,
        /// First number.
        2 first: u64,
        /// Last number.
        3 last: u64,
        /// The device.
        4 device: DeviceId,
    }

    /// A closed order is opened again.
    Reopen {
        /// The close.
        0 close: FactRef,
        /// Why.
        1 reason: String,
    }

    /// An invoice over covered or consented lines.
    Invoice {
        /// Its number.
        0 number: String,
        /// The lines.
        1 lines: Vec<FactRef>,
        /// Its total.
        2 amount: Money,
        /// Who pays, where it is not the customer (C-027).
        3 payer: Option<String>,
    }

    /// A credit: a reversing entry.
    Credit {
        /// The invoice, where there is one.
        0 invoice: Option<FactRef>,
        /// How much is given back.
        1 amount: Money,
        /// Why.
        2 reason: String,
    }

    /// Hours and parts are settled with a person or outlet.
    Settle {
        /// The period, as `2024-06`.
        0 period: String,
        /// Who is paid.
        1 payee: PersonId,
        /// How much.
        2 amount: Money,
        /// The lines.
        3 lines: Vec<FactRef>,
    }

    /// A cost of this order (C-096, C-223).
    RecordCost {
        /// What.
        0 name: String,
        /// How much.
        1 amount: Money,
        /// The line or visit that it belongs to.
        2 about: Option<FactRef>,
    }

    /// Whose fault it was, and who bears which share (C-027).
    SetLiability {
        /// The case.
        0 case: Liability,
        /// The shares.
        1 shares: Vec<Share>,
        /// On what ground.
        2 reason: Option<String>,
    }

    /// The callback's result (C-150).
    RecordCallback {
        /// What it found.
        0 result: CallbackResult,
        /// The DONE that it is about.
        1 about: FactRef,
        /// In words.
        2 text: Option<String>,
    }

    /// A step in handling a complaint (C-171).
    HandleComplaint {
        /// The complaint.
        0 complaint: FactRef,
        /// What was done.
        1 text: String,
        /// Whether it is settled.
        2 settled: bool,
    }
}
