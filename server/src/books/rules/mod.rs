//! What the books hold true across orders, as pure functions: no store, no clock.

pub mod bench;
pub mod cash;
pub mod serials;
pub mod stock;
pub mod time;

use docket_sync_core::ids::{Digest, DocumentId, FactRef, PersonId};
use docket_sync_core::time::{DAY, MINUTE, UnixMillis};

/// A fact of one order that takes part in something across orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The order.
    pub order: DocumentId,
    /// The fact.
    pub fact: FactRef,
    /// Its content digest.
    pub digest: Digest,
    /// Who stated it.
    pub person: Option<PersonId>,
    /// Field time: the lower bound of its true time, never that of its upload (C-198).
    pub at: UnixMillis,
}

impl Claimed {
    /// Claims in an order that every node finds: field time, then the order, then the fact.
    #[must_use]
    pub fn rank(&self) -> (UnixMillis, DocumentId, FactRef) {
        (self.at, self.order, self.fact)
    }
}

/// The company's zone, minutes east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub i32);

impl Zone {
    fn offset(self) -> i64 {
        MINUTE.saturating_mul(self.0.into())
    }

    /// Days since 1970-01-01 in this zone.
    #[must_use]
    pub fn day(self, at: UnixMillis) -> i64 {
        at.plus(self.offset()).0.div_euclid(DAY)
    }

    /// When a day begins.
    #[must_use]
    pub fn start(self, day: i64) -> UnixMillis {
        UnixMillis(DAY.saturating_mul(day)).plus(self.offset().saturating_neg())
    }

    /// The last millisecond of a day.
    #[must_use]
    pub fn end(self, day: i64) -> UnixMillis {
        self.start(day.saturating_add(1)).plus(-1)
    }

    /// The day as people write it.
    #[must_use]
    pub fn date(self, at: UnixMillis) -> String {
        at.plus(self.offset()).to_string().get(..10).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The claim of order and person `number` at a minute.
    pub(crate) fn claim(number: u8, minute: i64) -> Claimed {
        Claimed {
            order: DocumentId([number; 16]),
            fact: FactRef { prefix: [number; 5], sequence: 1 },
            digest: Digest([number; 32]),
            person: Some(PersonId([number; 16])),
            at: UnixMillis(minute * MINUTE),
        }
    }

    #[test]
    fn days_are_the_companys() {
        let shanghai = Zone(480);
        // 1970-01-01T16:00:00Z is the first moment of the 2nd in Shanghai.
        let at = UnixMillis(16 * 60 * MINUTE);
        assert_eq!((shanghai.day(at.plus(-1)), shanghai.day(at)), (0, 1));
        assert_eq!((shanghai.start(1), shanghai.end(0)), (at, at.plus(-1)));
        assert_eq!(shanghai.date(at), "1970-01-02");
    }
}
