//! Work on site beside the normal path: work items, hand-over, not repairable, edited lines, contacts, units.

use crate::facts::values::{Correction, Line, VisitRef};
use crate::ids::{FactRef, PersonId, RecordId};

bodies! {
    /// One more thing to do, agreed with the customer.
    AddWorkItem {
        /// Its number, from 2; `register_call` opens item 1.
        0 item: u8,
        /// What is to be done.
        1 name: String,
    }

    /// A thing need not be done any more, agreed with the customer.
    DropWorkItem {
        /// Its number.
        0 item: u8,
        /// Why.
        1 reason: String,
    }

    /// The technician gives his visit to a colleague, who witnesses it; it ends here. The colleague begins his own
    /// visit, which `continues` this one.
    HandoverVisit {
        /// The visit.
        0 visit: VisitRef,
        /// Who takes it.
        1 to: PersonId,
        /// What is still open.
        2 open: Vec<String>,
    }

    /// What cannot be repaired (C-029).
    OutcomeNotRepairable {
        /// The visit.
        0 visit: VisitRef,
        /// What was found.
        1 finding: String,
    }

    /// The author states a line anew in place of an older one: an edit. Both stay visible.
    ReplaceLine {
        /// The visit.
        0 visit: VisitRef,
        /// The line that it takes the place of.
        1 line: FactRef,
        /// The line.
        2 new: Line,
    }

    /// Contact data as found on site; a rule of the server carries it into the reference record.
    ReportContact {
        /// Name.
        0 name: String,
        /// Telephone.
        1 phone: Option<String>,
        /// Anything else.
        2 note: Option<String>,
    }

    /// The unit was exchanged on site.
    SwapUnit {
        /// The unit that was there.
        0 old: Option<RecordId>,
        /// Its serial.
        1 old_serial: Option<String>,
        /// The serial of the new one.
        2 new_serial: String,
        /// Its model.
        3 model: Option<String>,
    }

    /// A supervisor corrects what a fact said; the original stays (R12: a red entry).
    CorrectFact {
        /// The fact.
        0 fact: FactRef,
        /// What it should say.
        1 correction: Correction,
        /// Why.
        2 reason: String,
    }
}
