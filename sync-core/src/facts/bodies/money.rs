//! Cash on site and transfers (C-090 to C-094).

use crate::facts::values::Money;
use crate::ids::{FactRef, PersonId};

bodies! {
    /// The technician takes cash and leaves a receipt.
    CollectCash {
        /// How much.
        0 amount: Money,
        /// Final number of the receipt, from the device's own block.
        1 receipt: String,
        /// Why it is more than what is due.
        2 reason: Option<String>,
    }

    /// The technician hands cash to the accountant, who witnesses it (C-093).
    RemitCash {
        /// How much.
        0 amount: Money,
        /// The accountant.
        1 to: PersonId,
        /// The collections that it settles.
        2 collected: Vec<FactRef>,
    }

    /// The office books a payment that did not go through a technician.
    BookTransfer {
        /// How much.
        0 amount: Money,
        /// Reference of the bank.
        1 reference: String,
    }
}
