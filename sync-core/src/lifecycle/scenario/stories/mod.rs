//! The pairs of lifecycle 4.5 as stories: what people did without knowing of each other, and what everybody sees.

mod assignments;
mod cancels;
mod contested;
mod records;
mod times;

use super::{Expected, ReviewExpected, Stage};
use crate::facts::Role;
use crate::facts::values::ReviewChoice;
use crate::lifecycle::view::{ReviewKind, ReviewStatus};

/// One pair.
#[derive(Clone, Copy)]
pub struct Story {
    /// Name of the test: pair and result.
    pub name: &'static str,
    /// The steps. Afterwards everybody looks.
    pub play: fn(&mut dyn Stage),
    /// What everybody must see then.
    pub expected: fn() -> Expected,
}

impl core::fmt::Debug for Story {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! stories {
    ($($file:ident { $($name:ident),* $(,)? })*) => {
        /// Every story.
        pub const STORIES: &[Story] = &[$($(
            Story { name: stringify!($name), play: $file::$name::play, expected: $file::$name::expected },
        )*)*];

        #[cfg(test)]
        mod tests {
            use super::*;
            $($(
                #[test]
                fn $name() {
                    let story = Story { name: stringify!($name), play: $file::$name::play, expected: $file::$name::expected };
                    crate::lifecycle::tests::check_in_every_order(&story);
                }
            )*)*
        }
    };
}

stories! {
    cancels {
        x_01_cancel_meets_acceptance, x_01_cancel_meets_departure, x_03_done_work_beats_unaware_cancel, x_04_signed_work_beats_unaware_cancel, x_06_cancel_meets_unfinished, x_10_cancel_beats_other_intents, x_11_cancel_meets_a_promise, x_12_two_cancels_are_one, x_80_work_after_a_known_cancel, r3_b_known_work_is_terminated, r3_b_cancel_knowing_done_is_void, reinstate_takes_the_cancel_back,
    }
    contested {
        x_02_cancel_meets_arrival_and_is_contested, x_02_cancel_meets_work_and_is_contested, x_02_supervisor_continues, x_02_supervisor_terminates, x_02_default_fires_twice_and_counts_once, x_02_continued_work_is_done, x_02_terminated_but_done, x_80_done_knowing_the_decision_to_stop, x_12_continuing_takes_back_every_known_cancel,
    }
    assignments {
        x_14_reassigned_while_working, x_15_reassigned_but_done, x_16_both_did_the_work, x_17_reassigned_but_accepted,
        x_17_reassigned_but_departed, x_18_two_dispatchers_assign, x_18_supervisor_outranks_a_later_dispatcher,
        x_21_refused_and_unassigned,
    }
    times {
        x_20_reassigned_keeps_the_promised_time, x_26_two_plans_the_later_counts, x_27_two_promises_block_both,
        x_27_the_first_is_kept, x_28_promise_beats_plan, x_29_done_withdraws_the_new_time,
        x_29_unfinished_keeps_the_new_time, c_141_unfinished_uses_up_its_time,
    }
    records {
        x_34_parts_of_two_technicians_add_up, x_43_line_elsewhere_is_uncovered, x_43_customer_consents,
        x_53_line_after_signing_is_uncovered, x_62_voucher_returned_twice, x_63_late_facts_amend_a_closed_order,
    }
}

fn review(kind: ReviewKind, owner: Role, limit_ms: Option<i64>, default: ReviewChoice) -> ReviewExpected {
    ReviewExpected { kind, owner, limit_ms, default, status: ReviewStatus::Open }
}
