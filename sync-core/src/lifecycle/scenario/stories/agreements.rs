//! What was agreed with the customer, and what he pays then (rules of groups B, D, E and F).

use super::super::{Expected, ReviewExpected, Stage, Who, labour, part};
use super::{review, story};
use crate::facts::values::{
    Answer, EscalationKind, Liability, Line, Money, PartSource, PartWanted, QuoteLine, ReviewChoice, ServiceClass,
    Share, Verdict,
};
use crate::facts::{Role, bodies};
use crate::lifecycle::view::{Coverage, OrderState, ReviewKind, ReviewStatus, SignatureFacet};
use crate::time::DAY;

fn completed() -> Expected {
    Expected { assigned: Some(Who::A), ..Expected::new(OrderState::Completed) }
}

fn signed() -> Expected {
    Expected { signature: SignatureFacet::Signed, coverage: Coverage::Full, billable: 8_000, ..completed() }
}

fn exception() -> ReviewExpected {
    review(ReviewKind::PolicyException, Role::Clerk, Some(7 * DAY), ReviewChoice::Keep)
}

fn judges(stage: &mut dyn Stage, class: ServiceClass, disputed: bool) {
    let reason = Some("in guarantee".into());
    stage.does(Who::Clerk, bodies::SetWarranty { class, until: None, disputed, reason, repeat_of: None });
    stage.everyone_looks();
}

fn quote_line(name: &str, fen: i64) -> QuoteLine {
    let amount = Money { minor: fen, currency: "CNY".into() };
    QuoteLine { name: name.into(), quantity: 1_000, unit: "piece".into(), amount, code: None }
}

story! {
    /// A free order: a price on a line is kept and not charged.
    c_020_a_free_order_charges_nothing(stage) {
        stage.dispatched();
        judges(stage, ServiceClass::Free, false);
        stage.works_and_signs(Who::A);
    } => Expected { billable: 0, reviews: vec![exception()], facets: vec![("held", "free")], ..signed() }
}

story! {
    /// A contract charges by its own terms: what the customer signed is billable.
    c_020_a_contract_charges_what_was_signed(stage) {
        stage.dispatched();
        judges(stage, ServiceClass::Contract, false);
        stage.works_and_signs(Who::A);
    } => Expected { facets: vec![("held", ""), ("warranty", "contract")], ..signed() }
}

story! {
    /// The customer agreed to version 1 of the quote; a further part waits for version 2.
    c_024_only_what_was_agreed_is_billable(stage) {
        stage.dispatched();
        let quote = stage.quotes(Who::A, 1, "Valve", 3_000);
        stage.consents(Who::A, quote, 1);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
        stage.line(Who::A, visit, part("Pump", 9_000));
        stage.done(Who::A, visit);
    } => Expected {
        billable: 3_000,
        facets: vec![("consent", "given"), ("no_consent", "false"), ("held", ",not_agreed")],
        ..completed()
    }
}

story! {
    /// He agrees to version 2, which has both, before the second part is fitted.
    c_024_the_next_version_makes_it_billable(stage) {
        stage.dispatched();
        let first = stage.quotes(Who::A, 1, "Valve", 3_000);
        stage.consents(Who::A, first, 1);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
        let lines = vec![quote_line("Valve", 3_000), quote_line("Pump", 9_000)];
        let second = stage.does(Who::A, bodies::IssueQuote { version: 2, lines, tariff: None, reason: None });
        stage.consents(Who::A, second, 2);
        stage.line(Who::A, visit, part("Pump", 9_000));
        stage.done(Who::A, visit);
    } => Expected { billable: 12_000, facets: vec![("consent", "given,given"), ("held", ",")], ..completed() }
}

story! {
    /// A part is fitted first and agreed to afterwards: the line is held.
    c_025_a_part_fitted_before_the_consent_is_held(stage) {
        stage.dispatched();
        let quote = stage.quotes(Who::A, 1, "Valve", 3_000);
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, part("Valve", 3_000));
        stage.consents(Who::A, quote, 1);
        stage.done(Who::A, visit);
    } => Expected { facets: vec![("consent", "given"), ("held", "no_prior_consent")], ..completed() }
}

story! {
    /// Joint liability: the shares that both agreed to.
    c_027_agreed_shares_are_kept(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        stage.everyone_looks();
        let share = |party: &str, permille| Share { party: party.into(), permille, answer: Answer::Agreed };
        let shares = vec![share("contractor", 600), share("owner", 400)];
        stage.does(Who::Clerk, bodies::SetLiability { case: Liability::Joint, shares, reason: None });
    } => Expected { facets: vec![("liability", "joint 600 400")], ..signed() }
}

story! {
    /// The guarantee is disputed: the quality department has to decide, and nothing is closed before.
    c_028_a_disputed_repair_waits_for_the_quality_department(stage) {
        stage.dispatched();
        judges(stage, ServiceClass::Free, true);
        stage.works_and_signs(Who::A);
    } => Expected {
        billable: 0,
        reviews: vec![review(ReviewKind::WarrantyDisputed, Role::Quality, None, ReviewChoice::Acknowledged)],
        facets: vec![("warranty", "disputed")],
        ..signed()
    }
}

story! {
    /// It has decided before the work: paid, as the customer then signs.
    c_028_the_verdict_settles_the_dispute(stage) {
        stage.dispatched();
        judges(stage, ServiceClass::Free, true);
        let (verdict, evidence) = (Verdict::Paid, "broken by force".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
        stage.everyone_looks();
        stage.works_and_signs(Who::A);
    } => Expected {
        reviews: vec![ReviewExpected {
            status: ReviewStatus::Lapsed,
            ..review(ReviewKind::WarrantyDisputed, Role::Quality, None, ReviewChoice::Acknowledged)
        }],
        facets: vec![("warranty", "paid"), ("held", "")],
        ..signed()
    }
}

story! {
    /// A clerk who knows the verdict sets another class: he may dispute it, not decide it.
    c_028_a_clerk_does_not_overrule_the_verdict(stage) {
        stage.dispatched();
        judges(stage, ServiceClass::Chargeable, true);
        let (verdict, evidence) = (Verdict::Free, "batch fault".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
        stage.everyone_looks();
        judges(stage, ServiceClass::Chargeable, false);
    } => Expected {
        visits: 0,
        void: 1,
        reviews: vec![
            ReviewExpected {
                status: ReviewStatus::Lapsed,
                ..review(ReviewKind::WarrantyDisputed, Role::Quality, None, ReviewChoice::Acknowledged)
            },
            review(ReviewKind::VoidFact, Role::Supervisor, Some(7 * DAY), ReviewChoice::Acknowledged),
        ],
        facets: vec![("warranty", "free")],
        assigned: Some(Who::A),
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// He disputes it again: the department decides again, and until then its verdict stands.
    c_028_a_verdict_is_disputed_again(stage) {
        stage.dispatched();
        judges(stage, ServiceClass::Chargeable, true);
        let (verdict, evidence) = (Verdict::Free, "batch fault".into());
        stage.does(Who::Quality, bodies::QualityVerdict { verdict, evidence, blob: None });
        stage.everyone_looks();
        judges(stage, ServiceClass::Chargeable, true);
    } => Expected {
        visits: 0,
        assigned: Some(Who::A),
        reviews: vec![
            ReviewExpected {
                status: ReviewStatus::Lapsed,
                ..review(ReviewKind::WarrantyDisputed, Role::Quality, None, ReviewChoice::Acknowledged)
            },
            review(ReviewKind::WarrantyDisputed, Role::Quality, None, ReviewChoice::Acknowledged),
        ],
        facets: vec![("warranty", "disputed")],
        ..Expected::new(OrderState::Dispatched)
    }
}

story! {
    /// The report said one thing, he found another: both are kept.
    c_031_the_customers_words_never_change(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let finding = Some("leak behind the panel".into());
        stage.does(Who::A, bodies::OutcomeDone { visit: visit.reference(), finding });
    } => Expected {
        facets: vec![("problem", "No cold water"), ("findings", "leak behind the panel")],
        ..completed()
    }
}

story! {
    /// A part of which nobody knows where it came from: flagged, charged as signed, never dropped.
    c_064_a_part_of_unknown_source_is_flagged(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let line = Line { source: Some(PartSource::Unknown), ..part("Valve", 8_000) };
        let line = stage.line(Who::A, visit, line);
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[line, done]);
    } => Expected {
        reviews: vec![review(ReviewKind::PartSource, Role::Storekeeper, Some(7 * DAY), ReviewChoice::Keep)],
        facets: vec![("lines", "effective"), ("held", "")],
        ..signed()
    }
}

story! {
    /// Parts are missing: they are ordered to the site, and the order waits for them.
    c_069_missing_parts_hold_the_order(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let parts = vec![PartWanted { name: "Compressor".into(), quantity: 1_000, unit: "piece".into(), code: None }];
        stage.does(Who::A, bodies::RequestParts { parts, to_site: true, reason: None });
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        assigned: Some(Who::A),
        facets: vec![("holds", "parts")],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// He does not sign and says why: the supervisor settles it within a day.
    c_086_an_objection_is_settled(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        stage.line(Who::A, visit, labour(1_000, 8_000));
        stage.done(Who::A, visit);
        stage.does(Who::A, bodies::RefuseSignature { name: "Lin".into(), reason: "too dear".into() });
    } => Expected {
        signature: SignatureFacet::Refused,
        reviews: vec![review(ReviewKind::SignatureRefused, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
        ..completed()
    }
}

story! {
    /// A technician's discount that nobody has approved does not count yet.
    c_095_a_discount_waits_for_its_approval(stage) {
        stage.dispatched();
        stage.works_and_signs(Who::A);
        let amount = Money { minor: 1_000, currency: "CNY".into() };
        stage.does(Who::A, bodies::GrantDiscount { amount, reason: "scratched the floor".into() });
    } => Expected { told: vec![("notice.approve_discount", Role::Supervisor)], ..signed() }
}

story! {
    /// A fault of the design goes up at once.
    c_146_a_design_fault_goes_up(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let text = "every valve of this batch cracks".into();
        stage.does(Who::A, bodies::Escalate { kind: EscalationKind::DesignFault, text });
        stage.does(Who::A, bodies::End { visit: visit.reference() });
    } => Expected {
        assigned: Some(Who::A),
        reviews: vec![review(ReviewKind::Escalation, Role::Supervisor, Some(DAY), ReviewChoice::Acknowledged)],
        told: vec![("notice.escalated", Role::Supervisor)],
        ..Expected::new(OrderState::OnHold)
    }
}

story! {
    /// After the signature more was done; he signs again for all of it.
    r6_he_signs_again_for_what_came_later(stage) {
        stage.dispatched();
        let visit = stage.works(Who::A);
        let valve = stage.line(Who::A, visit, part("Valve", 3_000));
        let done = stage.done(Who::A, visit);
        stage.sign(Who::A, &[valve, done]);
        let hours = stage.line(Who::A, visit, labour(1_000, 5_000));
        stage.sign(Who::A, &[valve, hours, done]);
    } => Expected { facets: vec![("held", ",")], ..signed() }
}
