//! One technician's network: hours without a signal, cut connections, lost answers, slow minutes. All from his seed.
//!
//! What a bad line does to one sync is drawn before it begins, and the last try gets through: so whether a device
//! has synced at a minute depends on the seed alone, never on how many bytes a message happened to have.

use std::time::Duration;

use crate::proxy::{Cut, Direction, Faults};
use crate::random::Random;

/// Stretches of the day without any signal: cellars, lift shafts, villages in a valley.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// From a minute of the day to a later one.
    gaps: Vec<(i64, i64)>,
}

/// Tries that may fail in one sync before one gets through.
const BAD_TRIES_MAX: i64 = 3;

impl Signal {
    /// The gaps of a day of `length` minutes: one in six technicians keeps his signal, the others lose it once to
    /// three times, for forty minutes to three hours.
    #[must_use]
    pub fn draw(random: &mut Random, length: i64) -> Self {
        let number = if random.chance(1, 6) { 0 } else { random.between(1, 3) };
        let gaps = (0..number).map(|_| {
            let from = random.between(30, length.saturating_sub(120).max(30));
            (from, from.saturating_add(random.between(40, 180)))
        });
        Self { gaps: gaps.collect() }
    }

    /// Whether there is a signal at a minute of the day.
    #[must_use]
    pub fn is_there(&self, minute: i64) -> bool {
        self.gaps.iter().all(|(from, to)| minute < *from || minute >= *to)
    }
}

/// What the line does to the tries of one sync: the faults of those that fail, then of the one that gets through.
#[must_use]
pub fn tries(random: &mut Random) -> Vec<Faults> {
    let bad = if random.chance(1, 4) { random.between(1, BAD_TRIES_MAX) } else { 0 };
    let delay = random.chance(1, 6).then(|| Duration::from_millis(random.below(20).saturating_add(5)));
    let mut tries: Vec<Faults> = (0..bad).map(|_| Faults { delay, ..Faults::cut(cut(random)) }).collect();
    tries.push(Faults { delay, ..Faults::default() });
    tries
}

/// Where a connection breaks. A TLS handshake takes about 700 bytes up and 1,000 down: some cuts come before the
/// server has heard anything, some lose an answer after it has done everything.
fn cut(random: &mut Random) -> Cut {
    let bytes = |random: &mut Random, low, high| u64::try_from(random.between(low, high)).unwrap_or(0);
    match random.below(3) {
        0 => Cut::AfterBytes(Direction::Up, bytes(random, 100, 1_000)),
        1 => Cut::AfterBytes(Direction::Up, bytes(random, 1_000, 6_000)),
        _ => Cut::AfterBytes(Direction::Down, bytes(random, 800, 4_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_network_and_the_last_try_gets_through() {
        let (mut one, mut two) = (Random::from_seed(3), Random::from_seed(3));
        assert_eq!(Signal::draw(&mut one, 600), Signal::draw(&mut two, 600));
        let mut cuts = 0;
        for _ in 0..200 {
            let drawn = tries(&mut one);
            assert_eq!(drawn, tries(&mut two));
            assert!(drawn.last().is_some_and(|last| last.cut.is_none() && !last.refuse));
            cuts += drawn.len() - 1;
        }
        assert!((30..300).contains(&cuts), "{cuts} cuts in 200 syncs");
    }

    #[test]
    fn a_gap_has_no_signal_from_its_beginning_to_before_its_end() {
        let signal = Signal { gaps: vec![(60, 90), (200, 260)] };
        let minutes = [59, 60, 89, 90, 230];
        assert_eq!(minutes.map(|minute| signal.is_there(minute)), [true, false, false, true, false]);
    }
}
