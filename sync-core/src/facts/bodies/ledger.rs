//! What the ledger finds across orders and enters in each of them (lifecycle 4.5).

use crate::facts::values::{Claim, FindingKind};
use crate::ids::{FactRef, PersonId};

bodies! {
    /// The server has found something that this order's facts alone do not show. Stated by the rule of its kind.
    StateFinding {
        /// What.
        0 kind: FindingKind,
        /// The fact of this order that it is about.
        1 fact: FactRef,
        /// What it is about, as people name it: a serial number, a part's code, a currency, a receipt.
        2 subject: String,
        /// Whose stock, time or cash, where it is somebody's.
        3 person: Option<PersonId>,
        /// The facts of other orders.
        4 others: Vec<Claim>,
    }

    /// What the ledger had found does not hold any more. Stated by the same rule.
    LiftFinding {
        /// The finding.
        0 finding: FactRef,
        /// Its kind.
        1 kind: FindingKind,
    }
}
