//! The shortest history that still fails in the same way.

use super::{Action, Failure, play};

/// Histories played to shrink one.
const TRIES_MAX: usize = 150;

/// Leaves out chunks of `actions`, ever smaller ones, as long as the same rule still breaks; gives what is left.
#[must_use]
pub fn shrink(seed: u64, actions: &[Action], failure: &Failure) -> (Vec<Action>, Failure) {
    let mut kept: Vec<Action> = actions.iter().take(failure.at.saturating_add(1)).copied().collect();
    let mut shown = failure.clone();
    let mut chunk = kept.len().div_ceil(2);
    let mut tries = 0_usize;
    while chunk > 0 && tries < TRIES_MAX {
        let mut at = 0;
        let mut has_shrunk = false;
        while at < kept.len() && tries < TRIES_MAX {
            let without: Vec<Action> =
                kept.iter().take(at).chain(kept.iter().skip(at.saturating_add(chunk))).copied().collect();
            tries = tries.saturating_add(1);
            match play(seed, &without).failure.filter(|now| now.violation.rule == failure.violation.rule) {
                Some(now) => (kept, shown, has_shrunk) = (without, now, true),
                None => at = at.saturating_add(chunk),
            }
        }
        chunk =
            if chunk == 1 && !has_shrunk { 0 } else { chunk.div_ceil(2).max(1).min(chunk.saturating_sub(1).max(1)) };
    }
    (kept, shown)
}
