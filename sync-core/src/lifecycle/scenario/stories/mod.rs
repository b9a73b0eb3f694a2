//! The pairs of lifecycle 4.5 as stories: what people did without knowing of each other, and what everybody sees.

mod agreements;
mod approvals;
mod assignments;
mod cancels;
mod contested;
mod custody;
mod encounters;
mod holds;
mod knowledge;
mod money;
mod office;
mod parts;
mod records;
mod returns;
mod terms;
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

/// Calls a macro with the name of every story, by file: whoever plays them elsewhere gets each new one for free.
#[macro_export]
macro_rules! for_each_story {
    ($callback:ident) => {
        $callback! {
            cancels {
                x_01_cancel_meets_acceptance, x_01_cancel_meets_departure, x_03_done_work_beats_unaware_cancel, x_03_charges_wait_for_the_supervisor, x_03_charged_after_the_decision, x_04_signed_work_beats_unaware_cancel, x_06_cancel_meets_unfinished, x_10_cancel_beats_other_intents, x_11_cancel_meets_a_promise, x_12_two_cancels_are_one, x_80_work_after_a_known_cancel, r3_b_known_work_is_terminated, r3_b_cancel_knowing_done_is_void, reinstate_takes_the_cancel_back, x_03_signed_after_both_knew,
                x_80_signed_as_not_charged_and_reinstated,
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
            encounters {
                x_05_customer_cancels_while_somebody_signs, x_05_charged_after_the_call, x_05_signed_while_the_call_is_awaited, r3_a_the_customer_cancels, x_07_cancel_meets_goods_taken_away, x_07_goods_are_returned, x_08_cancel_meets_a_part, x_09_cancel_meets_cash, x_10_cancel_beats_hold_and_edit, x_11_cancel_meets_consent, x_13_cancel_meets_a_complaint, r3_b_known_custody_stays_open,
            }
            holds {
                x_19_reassigned_while_goods_are_taken, x_22_dispatched_while_he_went_by_himself, c_048_he_goes_by_himself, x_25_passed_over_while_he_returned, x_30_hold_meets_work, x_30_hold_lapses_on_done, x_31_hold_meets_arrived_parts, x_31_one_of_two_parts_has_come,
                x_31_what_is_named_is_met, c_023_work_without_any_agreement_is_flagged, x_32_two_holds_are_two_reasons, x_32_one_of_two_is_released, c_068_escalated_is_not_idle, c_007_declined, c_045_repair_first_paper_after, c_045_paper_is_completed, u_08_a_visit_is_handed_over,
            }
            parts {
                x_37_what_may_be_one_part, x_38_used_while_taken_off_the_plan, x_39_one_line_edited_on_two_devices, x_39_the_technician_says_which, x_40_an_older_tariff, x_50_one_item_done_another_unfinished, a_dropped_item_is_not_waited_for, c_029_not_repairable_needs_a_decision, a_correction_in_favour_applies, r7_a_price_that_he_signed_does_not_rise,
            }
            terms {
                x_44_signed_while_the_header_is_edited, x_45_two_people_sign_two_vouchers, x_46_signed_while_a_discount_is_granted, x_47_signed_as_paid_judged_as_free, x_48_signed_as_free_judged_as_paid, x_48_signed_as_free_set_as_paid, x_48_signed_as_free_put_under_a_contract_later, x_49_consent_to_an_older_quote, x_51_signature_and_code, x_52_refused_and_signed, x_67_approved_an_older_version, c_023_no_consent_is_not_billable,
            }
            approvals {
                u_21_a_discount_approved_in_person, u_21_a_technicians_word_alone_rejects_nothing,
                u_21_a_discount_rejected_in_person, r7_a_signed_discount_is_not_rejected_any_more,
                r7_a_discount_rejected_while_it_is_signed_stays, u_21_a_signature_approves_no_discount,
            }
            custody {
                x_54_taken_while_told_to_repair_on_site, x_55_both_took_the_same_unit, x_55_taken_from_a_colleague_who_holds_it, x_55_taken_twice_by_one_person, x_56_returned_while_the_date_is_extended, x_57_returned_while_the_bench_adds_a_part, x_58_returned_without_the_receipt, x_59_booked_in_unconfirmed, x_59_booked_in_and_confirmed, c_082_a_return_without_signature_stays_open, c_130_the_receipt_has_its_number_on_site, c_131_a_receipt_without_countersignature_shows, c_135_the_second_signature_voids_the_receipt,
                r9_nobody_passes_on_what_he_does_not_hold, r9_the_holder_is_found_and_passes_them_on,
                r9_a_claim_does_not_end_by_what_two_others_do, r9_goods_that_went_on_are_not_withdrawn,
                c_131_what_the_customer_countersigned_is_not_withdrawn,
                c_131_booked_in_without_countersignature_is_an_exception,
                c_134_an_uninspected_return_is_an_exception, c_134_an_inspected_return_is_none,
            }
            returns {
                c_134_work_after_the_inspection_is_inspected_again,
                c_134_work_that_the_inspector_did_not_know_is_inspected_again,
                r9_nobody_gives_back_what_he_does_not_hold, r9_the_holder_keeps_what_another_said_to_have_given_back,
                r9_what_another_gave_back_is_back_when_the_supervisor_says_so,
            }
            agreements {
                c_020_a_free_order_charges_nothing, c_020_a_contract_charges_what_was_signed,
                c_028_a_clerk_does_not_overrule_the_verdict, c_028_a_verdict_is_disputed_again, c_024_only_what_was_agreed_is_billable,
                c_024_the_next_version_makes_it_billable, c_025_a_part_fitted_before_the_consent_is_held,
                c_027_agreed_shares_are_kept, c_028_a_disputed_repair_waits_for_the_quality_department,
                c_028_the_verdict_settles_the_dispute, c_031_the_customers_words_never_change,
                c_064_a_part_of_unknown_source_is_flagged, c_069_missing_parts_hold_the_order,
                c_086_an_objection_is_settled, c_095_a_discount_waits_for_its_approval, c_146_a_design_fault_goes_up,
                r6_he_signs_again_for_what_came_later,
            }
            money {
                x_60_both_collect, x_61_collected_and_transferred, c_093_cash_is_handed_in,
                c_093_nobody_hands_cash_in_to_himself, c_093_cash_waits_for_the_accountant,
                c_093_what_was_handed_in_is_not_withdrawn,
                r7_unsigned_and_paid_is_refunded_at_the_strike_off,
            }
            office {
                x_65_satisfied_and_complained, x_65_the_complaint_is_settled, x_65_the_supervisor_has_called,
                r7_a_line_is_invoiced_once, r3_b_known_through_an_office_fact,
                r7_an_invoice_bills_lines_and_not_more_than_they_cost, r7_a_replaced_line_is_not_billed_again,
                r7_a_credited_line_is_billed_again, r7_an_invoice_over_what_is_free_meanwhile_is_doubtful,
                r7_a_doubtful_invoice_is_credited, c_027_agreed_shares_are_two_invoices,
                c_027_without_shares_there_is_one_payer, c_027_shares_that_are_not_agreed_stay_open,
                c_027_shares_are_agreed_at_last,
            }
            knowledge {
                x_33_weekday_work_without_notice, x_33_the_notice_is_filed, x_71_phone_changed_in_two_places, x_72_unit_exchanged_while_judged, x_73_the_printed_number_stays_an_alias, x_77_a_wrong_clock, x_77_a_supervisor_corrects_the_time, x_77_a_corrected_line_says_nothing_about_the_clock, r12_a_finding_is_corrected, r12_a_close_is_taken_back, x_78_a_newer_kind_is_kept, x_79_judged_by_the_policy_he_held,
            }
            records {
                x_34_parts_of_two_technicians_add_up, x_43_line_elsewhere_is_uncovered, x_43_customer_consents,
                x_53_line_after_signing_is_uncovered, x_62_voucher_returned_twice, x_63_late_facts_amend_a_closed_order,
                c_085_work_that_was_struck_off_is_the_supervisors_to_withdraw, r1_work_withdrawn_while_it_is_struck_off,
            }
        }
    };
}
for_each_story!(stories);

/// One story: steps on a stage, and what everybody must see then.
macro_rules! story {
    ($(#[$doc:meta])* $name:ident($stage:ident) $play:block => $expected:expr) => {
        $(#[$doc])*
        pub(super) mod $name {
            use super::*;

            pub(crate) fn play($stage: &mut dyn Stage) $play

            pub(crate) fn expected() -> Expected {
                $expected
            }
        }
    };
}
use story;

fn review(kind: ReviewKind, owner: Role, limit_ms: Option<i64>, default: ReviewChoice) -> ReviewExpected {
    ReviewExpected { kind, owner, limit_ms, default, status: ReviewStatus::Open }
}
