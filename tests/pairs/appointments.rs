//! two clerks set a time.

use docket_harness::world::Trouble;
use docket_harness::world::field::customer;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{Channel, ReviewChoice, Window};
use docket_sync_core::lifecycle::view::{OrderState, ReviewKind, Rule};
use docket_sync_core::time::{DAY, HOUR, UnixMillis};

use super::pairs;
use super::stage::{Stage, Way, decided_by, open_kinds, open_review};

pairs! {
    x_26_of_two_plans_the_later_wins(planned, 1);
    x_27_two_promises_are_both_kept(promised, 1);
    x_28_a_promise_face_to_face_beats_a_plan(face_to_face, 2);
}

fn window(from: UnixMillis) -> Window {
    Window { from, to: from.plus(2 * HOUR) }
}

fn set(window: Window, confirmed: bool) -> Command {
    let customer = confirmed.then(|| customer(Channel::Phone));
    Command::Reschedule { window, confirmed, customer, reason: None }
}

async fn planned(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let (one, other) = (stage.person("周文员", Role::Clerk).await?, stage.person("吴文员", Role::Clerk).await?);
    let (early, late) = (window(stage.world.now().plus(DAY)), window(stage.world.now().plus(2 * DAY)));
    stage.office(one, set(late, false));
    stage.office(other, set(early, false));
    let view = stage.meet().await?;
    let shown = view.appointment.as_ref().ok_or("a time")?;
    assert_eq!((shown.window, shown.confirmed), (early, false), "the later act, not the later time");
    assert_eq!(decided_by(&view, "X-26"), Some((Rule::R2, "planned".to_owned())));
    assert!(view.blocked_windows.is_empty());
    assert!(view.notices.iter().any(|notice| notice.person == Some(one)), "the loser is told");
    assert_eq!((view.state, open_kinds(&view)), (OrderState::Dispatched, Vec::new()));
    Ok(())
}

async fn promised(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let (one, other) = (stage.person("周文员", Role::Clerk).await?, stage.person("吴文员", Role::Clerk).await?);
    let (early, late) = (window(stage.world.now().plus(DAY)), window(stage.world.now().plus(2 * DAY)));
    stage.office(one, set(late, true));
    stage.office(other, set(early, true));
    let view = stage.meet().await?;
    let shown = view.appointment.as_ref().ok_or("a time")?;
    assert_eq!((shown.window, shown.confirmed), (early, true));
    assert_eq!(view.blocked_windows, [late]);
    assert_eq!(decided_by(&view, "X-27"), Some((Rule::R8, "two_promises".to_owned())));
    let review = open_review(&view, ReviewKind::AppointmentConflict, Role::Clerk, ReviewChoice::Keep);
    assert_eq!(review.due, Some(shown.at.lo.plus(DAY)));
    Ok(())
}

async fn face_to_face(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let (promise, plan) = (window(stage.world.now().plus(DAY)), window(stage.world.now().plus(2 * DAY)));
    let customer = Some(customer(Channel::OnSite));
    stage.li().act(order, &Command::Reschedule { window: promise, confirmed: true, customer, reason: None })?;
    stage.office(stage.world.clerk, set(plan, false));
    let view = stage.meet().await?;
    assert_eq!(view.appointment.as_ref().map(|shown| (shown.window, shown.confirmed)), Some((promise, true)));
    assert_eq!(decided_by(&view, "X-28"), Some((Rule::R1, "promised".to_owned())));
    Ok(())
}
