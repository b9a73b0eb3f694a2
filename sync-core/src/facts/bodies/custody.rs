//! Custody of the customer's goods (携回修护, C-130 to C-136).

use crate::facts::values::{BenchStep, CustodyPlace, Goods, Line, ReceiptFate};
use crate::ids::{BlobId, FactRef, PersonId};
use crate::time::UnixMillis;

bodies! {
    /// The technician takes goods with him and leaves the custody receipt (C-130).
    TakeCustody {
        /// What.
        0 goods: Goods,
        /// Final number of the receipt, from the device's own block.
        1 receipt: String,
        /// When they were promised back.
        2 due: Option<UnixMillis>,
        /// Proof of the customer's countersignature (C-131).
        3 countersigned: Option<BlobId>,
    }

    /// Goods go from one person to another. The author is one of the two; the other witnesses or acknowledges.
    TransferCustody {
        /// The custody.
        0 custody: FactRef,
        /// Who gives.
        1 from: PersonId,
        /// Who takes.
        2 to: PersonId,
        /// Where they are then.
        3 place: CustodyPlace,
    }

    /// The goods go back to the customer. Without his second signature the custody stays open (C-082).
    ReturnCustody {
        /// The custody.
        0 custody: FactRef,
        /// What became of the receipt.
        1 receipt: ReceiptFate,
        /// Proof of the customer's signature.
        2 signed: Option<BlobId>,
        /// His statement, where the receipt is lost.
        3 statement: Option<String>,
    }

    /// A step on the repair card (C-133).
    BenchWork {
        /// The custody.
        0 custody: FactRef,
        /// The step.
        1 step: BenchStep,
        /// Working time or a part.
        2 line: Option<Line>,
        /// In words.
        3 note: Option<String>,
    }

    /// The supervisor inspects repaired goods before they go back (C-134).
    Inspect {
        /// The custody.
        0 custody: FactRef,
        /// Whether they may go back.
        1 passed: bool,
        /// In words.
        2 remarks: Option<String>,
    }
}
