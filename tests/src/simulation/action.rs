//! A history as a list of actions, made from a seed before anything runs.
//!
//! Each action carries its own luck, so that a shorter list does the same things in the same places: that is what
//! makes a failure shrink.

use super::faults::{Fault, Faults};
use crate::random::Random;

/// What somebody does, or what goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A technician looks at an order and leaves it open.
    Open,
    /// A technician does something that his phone offers, on an order as he sees it now.
    Work,
    /// He does something on the page that he left open, however old.
    WorkOnPage,
    /// Somebody at the office opens an order and leaves it open.
    Read,
    /// Somebody at the office does something on a page, however old.
    Desk,
    /// A customer calls.
    Call,
    /// A phone syncs, all of it.
    Sync,
    /// A phone exchanges one message: a sync that others meet in the middle.
    Step,
    /// A phone opens a live session, or closes it.
    Live,
    /// A technician hands orders to another, phone to phone.
    HandOver,
    /// Time passes.
    Pass,
    /// Days pass.
    Days,
    /// The commit thread has a quiet moment.
    Tidy,
    /// The reactors read on.
    React,
    /// The phone and the office take a backup.
    Backup,
    /// The server is stopped in order and started again.
    Restart,
    /// Something goes wrong.
    Fault(Fault),
}

/// One step of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// What.
    pub kind: Kind,
    /// Whose phone, modulo their number.
    pub phone: usize,
    /// All that varies about it.
    pub luck: u64,
}

/// Weights of what is no fault.
const USUAL: &[(Kind, u64)] = &[
    (Kind::Open, 4),
    (Kind::Work, 34),
    (Kind::WorkOnPage, 6),
    (Kind::Read, 6),
    (Kind::Desk, 18),
    (Kind::Call, 2),
    (Kind::Sync, 12),
    (Kind::Step, 8),
    (Kind::Live, 5),
    (Kind::HandOver, 5),
    (Kind::Pass, 6),
    (Kind::Days, 1),
    (Kind::Tidy, 3),
    (Kind::React, 3),
    (Kind::Backup, 2),
    (Kind::Restart, 1),
];

/// The history of a seed.
#[must_use]
pub fn schedule(seed: u64, faults: &Faults, steps: usize) -> Vec<Action> {
    let mut random = Random::from_seed(seed).fork("schedule");
    (0..steps)
        .map(|_| {
            let kind = draw(&mut random, faults);
            Action { kind, phone: random.position(12), luck: random.next_u64() }
        })
        .collect()
}

fn draw(random: &mut Random, faults: &Faults) -> Kind {
    let mut at = random.below(1_000);
    for fault in Fault::ALL {
        let rate = u64::from(faults.rate(*fault));
        if at < rate {
            return Kind::Fault(*fault);
        }
        at = at.saturating_sub(rate);
    }
    let mut at = random.below(USUAL.iter().map(|(_, weight)| weight).sum());
    for (kind, weight) in USUAL {
        if at < *weight {
            return *kind;
        }
        at = at.saturating_sub(*weight);
    }
    Kind::Sync
}
