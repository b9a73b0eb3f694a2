//! the office cancels, the technician does not know.

use docket_harness::world::Trouble;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{ReviewChoice, Window};
use docket_sync_core::lifecycle::view::{CancelEffect, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet};
use docket_sync_core::time::{DAY, HOUR, MINUTE};

use super::pairs;
use super::stage::{LI, Stage, Way, decided_by, open_kinds, open_review, review};

pairs! {
    x_01_a_trip_does_not_stop_a_cancel(accepted, 2);
    x_01_nor_does_setting_out(set_out, 2);
    x_02_an_arrival_contests_a_cancel(arrived, 2);
    x_02_work_contests_a_cancel_and_the_supervisor_decides(working, 2);
    x_02_the_default_continues_after_half_an_hour(undecided, 2);
    x_03_unsigned_work_beats_an_unaware_cancel(done, 2);
    x_04_signed_work_beats_an_unaware_cancel(signed, 2);
    x_06_an_unfinished_visit_is_terminated(unfinished, 2);
    x_01_what_arrived_and_was_not_shown_was_not_known(not_shown, 1);
}

async fn accepted(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().act(order, &Command::Accept)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.cancels[0].effect), (OrderState::Cancelled, CancelEffect::Cancelled));
    assert_eq!(decided_by(&view, "X-01"), Some((Rule::R3, "cancelled".to_owned())));
    assert_eq!(view.technician(), None);
    Ok(())
}

async fn set_out(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().set_out(order)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!(view.state, OrderState::Cancelled);
    assert_eq!(decided_by(&view, "X-01"), Some((Rule::R3, "cancelled".to_owned())));
    assert!(view.visits[0].departed.is_some(), "the trip stays, as cost");
    let li = stage.devices[LI].person;
    assert!(view.notices.iter().any(|notice| notice.person == Some(li) && notice.message == "notice.stop"));
    assert_eq!(open_kinds(&view), []);
    Ok(())
}

async fn arrived(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().arrive(order)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.cancels[0].effect), (OrderState::CancelContested, CancelEffect::Contested));
    assert_eq!(decided_by(&view, "X-02"), Some((Rule::R3, "contested".to_owned())));
    let review = open_review(&view, ReviewKind::CancelContested, Role::Supervisor, ReviewChoice::Terminate);
    assert!(review.blocking);
    let latest = view.cancels[0].at.lo.max(view.visits[0].arrived.ok_or("arrived")?.lo);
    assert_eq!(review.due, Some(latest.plus(30 * MINUTE)));
    Ok(())
}

async fn working(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let visit = stage.li().begin(order)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!(view.state, OrderState::CancelContested);
    let contested = open_review(&view, ReviewKind::CancelContested, Role::Supervisor, ReviewChoice::Continue).id;

    // The supervisor lets him go on; the technician, who meanwhile reports DONE, and the office agree again.
    stage.part_at_once().await?;
    stage.li().done(order, visit)?;
    let decision =
        Command::ResolveReview { review: contested, choice: ReviewChoice::Continue, reason: "客户在场".to_owned() };
    stage.office(stage.world.clerk, decision);
    let view = stage.meet().await?;
    assert_eq!((view.state, view.cancels[0].effect), (OrderState::Completed, CancelEffect::Withdrawn));
    assert_eq!(review(&view, ReviewKind::CancelContested).map(|review| review.status), Some(ReviewStatus::Resolved));
    Ok(())
}

async fn undecided(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().begin(order)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!(view.state, OrderState::CancelContested);
    stage.world.pass(31 * MINUTE);
    stage.world.until("the default of X-02", order, |view| view.state == OrderState::InProgress).await?;
    stage.part().await?;
    let view = stage.checked().await?;
    let decided = review(&view, ReviewKind::CancelContested).ok_or("the review stays visible")?;
    assert_eq!((decided.status, decided.choice), (ReviewStatus::Defaulted, Some(ReviewChoice::Continue)));
    assert_eq!(view.cancels[0].effect, CancelEffect::Withdrawn);
    Ok(())
}

async fn done(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().work(order)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Unsigned));
    assert_eq!(decided_by(&view, "X-03"), Some((Rule::R3, "late".to_owned())));
    let review = open_review(&view, ReviewKind::LateCancel, Role::Supervisor, ReviewChoice::Acknowledged);
    let done = view.completed.ok_or("done")?.lo;
    assert_eq!(review.due, Some(done.max(view.cancels[0].at.lo).plus(DAY)));
    assert!(view.billable.is_empty(), "nothing is billed before it is signed");
    Ok(())
}

async fn signed(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().work(order)?;
    let signature = stage.li().sign(order)?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert_eq!(view.cancels[0].effect, CancelEffect::Late);
    let why = view.explanations.iter().find(|why| why.pair == Some("X-04")).ok_or("X-04")?;
    assert_eq!(why.rule, Rule::R3);
    assert!(why.winners.contains(&signature) && why.losers == [view.cancels[0].at.fact]);
    assert_eq!(open_kinds(&view), [ReviewKind::LateCancel]);
    assert_eq!(view.billable.get("CNY"), Some(&6_000), "billed once, by the terms he saw");
    // The customer's own copy still verifies, also where the signature was stated again.
    let shown = stage.devices[LI].show(order)?;
    let copy = stage.devices[LI].client.customer_copy(&shown, signature)?.ok_or("a copy")?;
    let report =
        docket_sync_core::voucher::copy::verify_copy(&copy.to_bytes(), Some(stage.world.office.keys.fingerprint()));
    assert!(report.passed(), "{report:?}");
    Ok(())
}

async fn unfinished(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let visit = stage.li().begin(order)?;
    let from = stage.world.now().plus(DAY);
    stage.li().unfinished(order, visit, Window { from, to: from.plus(2 * HOUR) })?;
    stage.cancel();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.cancels[0].effect), (OrderState::Terminated, CancelEffect::Terminated));
    assert_eq!(decided_by(&view, "X-06"), Some((Rule::R3, "terminated".to_owned())));
    assert_eq!(view.appointment, None, "the next appointment is withdrawn");
    assert!(view.visits[0].started.is_some() && view.visits[0].outcome.is_some(), "the visit stands");
    Ok(())
}

/// U-18: knowledge is what was shown. A sync in the background changes nothing about it, and a renewal neither.
async fn not_shown(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let before = stage.tablet().show(order)?;
    stage.world.act(stage.world.clerk, order, Command::Cancel { reason: "客户改约别家".to_owned() }).await?;
    stage.part().await?;
    assert_eq!(stage.li().show(order)?.view.state, OrderState::Cancelled);
    assert!(stage.li().act(order, &Command::Accept).is_err(), "nothing is offered on a cancelled order");
    let executed = stage.tablet().client.execute(&before, &Command::Accept)?;
    assert_eq!(executed.not_seen.len(), 1, "the cancel had arrived, and was not shown to him");
    let view = stage.meet().await?;
    assert_eq!(view.state, OrderState::Cancelled);
    assert_eq!(decided_by(&view, "X-01"), Some((Rule::R3, "cancelled".to_owned())));
    Ok(())
}
