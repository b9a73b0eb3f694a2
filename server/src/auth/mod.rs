//! Who may come in: people and their passwords, sessions of the office page, codes that enrol devices, and the
//! brake on guessing.
//!
//! Everything here is a rule over records: the time and random bytes are arguments, reading and writing the
//! records is the caller's. Devices prove themselves by keys and certificates (sync-core's `proof`), not here.
//! What a role may do is a constant of the fact kinds, not here.

pub mod codes;
pub mod password;
pub mod people;
mod register;
pub mod sessions;
pub mod throttle;

pub use codes::{CodeError, CodeRecord, EnrolmentCode};
pub use password::PasswordCost;
pub use people::{Login, NewPerson, PersonError, PersonRecord};
pub use register::PersonChange;
pub use sessions::{SessionEnd, SessionRecord, SessionToken};
pub use throttle::{Throttle, TooManyTries};
