//! What the office will make of each order: drawn when it comes in, done when it is time.

use crate::random::Random;

/// What the office will make of an order, drawn when it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fate {
    /// Minute at which the customer confirms.
    pub(super) confirms_at: i64,
    /// Agrees a time of today so many minutes later.
    pub(super) agrees_in: Option<i64>,
    /// Something that comes up so many minutes after it was assigned.
    pub(super) whim: Option<(i64, Whim)>,
    /// Nothing heard of it for so many minutes: somebody becomes impatient.
    pub(super) patience: i64,
    pub(super) on_silence: Whim,
    /// Minutes from the completion, as the office knows it, to the voucher's return.
    pub(super) returns_after: i64,
    pub(super) closes: bool,
    /// Minutes after which its reviews are decided, if anybody cares.
    pub(super) resolves_after: Option<i64>,
}

/// Something that comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whim {
    Nothing,
    Note,
    /// Another time, agreed with the customer or not.
    Reschedule {
        confirmed: bool,
    },
    /// Two clerks give it another time, neither knowing of the other.
    TwoClerks {
        confirmed: bool,
    },
    Reassign,
    Cancel,
}

impl Fate {
    pub(super) fn draw(random: &mut Random, minute: i64) -> Self {
        let whims = [
            Whim::Note,
            Whim::Reschedule { confirmed: random.chance(1, 2) },
            Whim::TwoClerks { confirmed: random.chance(1, 2) },
            Whim::Reassign,
            Whim::Cancel,
        ];
        let silences = [Whim::Nothing, Whim::Note, Whim::Reassign, Whim::Cancel, Whim::Cancel];
        Self {
            confirms_at: if random.chance(1, 5) { minute.saturating_add(30) } else { minute },
            agrees_in: random.chance(1, 4).then(|| random.between(60, 150)),
            whim: random.chance(2, 5).then(|| (random.between(10, 90), *random.pick(&whims))),
            patience: random.between(40, 90),
            on_silence: *random.pick(&silences),
            returns_after: random.between(15, 70),
            closes: random.chance(1, 3),
            resolves_after: random.chance(2, 3).then(|| random.between(10, 60)),
        }
    }
}
