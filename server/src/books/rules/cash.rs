//! C-093: cash is handed in on the day on which it was taken.

use docket_sync_core::ids::{FactRef, PersonId};
use docket_sync_core::time::{MINUTE, UnixMillis};

use super::Zone;

/// The company's rule: minutes after midnight of its zone by which cash is handed in, 1 to 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CashRule {
    /// The zone.
    pub zone: Zone,
    /// Minutes after midnight.
    pub remit_by_minutes: u32,
}

impl CashRule {
    /// Until when cash taken at `taken` is to be handed in. What is taken later in the evening is due when the day
    /// ends: nothing stays overnight.
    #[must_use]
    pub fn due(&self, taken: UnixMillis) -> UnixMillis {
        let day = self.zone.day(taken);
        let by = self.zone.start(day).plus(MINUTE.saturating_mul(self.remit_by_minutes.into())).plus(-1);
        if by > taken { by } else { self.zone.end(day) }
    }
}

/// Cash that a technician took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The fact.
    pub fact: FactRef,
    /// Who.
    pub person: PersonId,
    /// Currency.
    pub currency: String,
    /// Minor units.
    pub minor: i64,
    /// Field time.
    pub at: UnixMillis,
}

/// Cash that he handed in, once the accountant has confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedIn {
    /// Who.
    pub person: PersonId,
    /// Currency.
    pub currency: String,
    /// Minor units.
    pub minor: i64,
    /// Field time of the hand-over.
    pub at: UnixMillis,
    /// The collections that it names.
    pub collected: Vec<FactRef>,
}

/// How one collection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Minor units that are still in his pocket.
    pub open: i64,
    /// When the last of it was handed in.
    pub settled_at: Option<UnixMillis>,
    /// Until when it was to be handed in.
    pub due: UnixMillis,
}

impl Standing {
    /// Whether some of it was in his pocket after it was due.
    #[must_use]
    pub fn is_overnight(&self, now: UnixMillis) -> bool {
        match self.settled_at {
            Some(at) if self.open <= 0 => at > self.due,
            _ => self.open > 0 && now > self.due,
        }
    }
}

/// Each collection of one order with what became of it: a hand-over settles what it names, then the oldest.
#[must_use]
pub fn standings(rule: &CashRule, taken: &[Taken], handed_in: &[HandedIn]) -> Vec<(Taken, Standing)> {
    let mut all: Vec<(Taken, Standing)> = taken
        .iter()
        .map(|one| (one.clone(), Standing { open: one.minor, settled_at: None, due: rule.due(one.at) }))
        .collect();
    all.sort_by_key(|(one, _)| (one.at, one.fact));
    let mut remits: Vec<&HandedIn> = handed_in.iter().collect();
    remits.sort_by_key(|one| one.at);
    for remit in remits {
        let mut left = remit.minor;
        for named in [true, false] {
            for (one, standing) in &mut all {
                let is_his = one.person == remit.person && one.currency == remit.currency;
                if !is_his || standing.open <= 0 || left <= 0 || remit.collected.contains(&one.fact) != named {
                    continue;
                }
                let settled = left.min(standing.open);
                left = left.saturating_sub(settled);
                standing.open = standing.open.saturating_sub(settled);
                standing.settled_at = Some(remit.at);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_sync_core::time::HOUR;

    const RULE: CashRule = CashRule { zone: Zone(480), remit_by_minutes: 22 * 60 };

    /// An hour of the company's first day.
    fn hour(hour: i64) -> UnixMillis {
        UnixMillis((hour - 8) * HOUR)
    }

    fn fact(sequence: u64) -> FactRef {
        FactRef { prefix: [1; 5], sequence }
    }

    fn taken(sequence: u64, minor: i64, at: i64) -> Taken {
        Taken { fact: fact(sequence), person: PersonId([7; 16]), currency: "CNY".into(), minor, at: hour(at) }
    }

    fn handed(minor: i64, at: i64, collected: &[u64]) -> HandedIn {
        let collected = collected.iter().map(|sequence| fact(*sequence)).collect();
        HandedIn { person: PersonId([7; 16]), currency: "CNY".into(), minor, at: hour(at), collected }
    }

    #[test]
    fn c_093_cash_is_due_on_the_evening_of_the_companys_day() {
        assert_eq!(RULE.due(hour(16)), hour(22).plus(-1));
        assert_eq!(RULE.due(hour(23)), hour(24).plus(-1), "taken after closing: before midnight");
        let midnight = CashRule { remit_by_minutes: 1_440, ..RULE };
        assert_eq!(midnight.due(hour(0)), hour(24).plus(-1));
    }

    #[test]
    fn c_093_what_is_handed_in_late_was_overnight_and_what_is_known_late_was_not() {
        let night = |handed_in: &[HandedIn], now: i64| {
            standings(&RULE, &[taken(1, 300, 16)], handed_in).iter().any(|(_, one)| one.is_overnight(hour(now)))
        };
        assert!(!night(&[], 21) && night(&[], 22), "by the clock");
        assert!(
            !night(&[handed(300, 18, &[1])], 40),
            "the office heard of it the next day; by field time it was in time"
        );
        assert!(night(&[handed(300, 33, &[1])], 40), "handed in the next morning");
        assert!(night(&[handed(200, 18, &[1])], 40), "not all of it");
    }

    #[test]
    fn a_hand_over_settles_what_it_names_and_then_the_oldest() {
        let all = standings(&RULE, &[taken(1, 100, 9), taken(2, 50, 10), taken(3, 50, 11)], &[handed(120, 18, &[2])]);
        assert_eq!(all.iter().map(|(_, one)| one.open).collect::<Vec<_>>(), [30, 0, 50]);
        let other = HandedIn { person: PersonId([8; 16]), ..handed(500, 18, &[]) };
        let all = standings(&RULE, &[taken(1, 100, 9)], &[other]);
        assert_eq!(all[0].1.open, 100, "another's money is not his");
    }
}
