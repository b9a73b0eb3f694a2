//! the voucher is booked back twice, and facts come after the close.

use docket_harness::world::Trouble;
use docket_harness::world::field::part;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{ReviewChoice, VisitRef};
use docket_sync_core::lifecycle::view::{LineStanding, OrderState, ReviewKind, Rule, VoucherFacet};
use docket_sync_core::time::DAY;

use super::pairs;
use super::stage::{Stage, Way, decided_by, open_kinds, open_review};

pairs! {
    x_62_a_voucher_is_struck_off_once(booked_twice, 1);
    x_63_late_facts_amend_a_closed_order(closed, 2);
}

/// Li has worked, the customer has signed, the office knows.
async fn signed(way: Way) -> Result<(Stage, VisitRef), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let visit = stage.li().work(order)?;
    stage.li().sign(order)?;
    stage.part().await?;
    Ok((stage, visit))
}

async fn booked_twice(way: Way) -> Result<(), Trouble> {
    let (mut stage, _) = signed(way).await?;
    let (one, other) = (stage.person("周文员", Role::Clerk).await?, stage.person("吴文员", Role::Clerk).await?);
    stage.office(one, Command::ReturnVoucher { reason: None });
    stage.office(other, Command::ReturnVoucher { reason: None });
    let view = stage.meet().await?;
    assert_eq!((view.state, view.voucher), (OrderState::Returned, VoucherFacet::Returned));
    assert_eq!(decided_by(&view, "X-62").map(|(rule, _)| rule), Some(Rule::R10));
    assert_eq!(open_kinds(&view), []);
    Ok(())
}

async fn closed(way: Way) -> Result<(), Trouble> {
    let (mut stage, visit) = signed(way).await?;
    let order = stage.order;
    stage.world.act(stage.world.clerk, order, Command::ReturnVoucher { reason: None }).await?;
    let page = stage.li().show(order)?;
    stage.part().await?;
    // The technician adds what he forgot, on what he had open; the clerk closes.
    let line = part("铜管", 1_500, 9_000);
    stage.li().client.execute(&page, &Command::RecordLine { visit, line })?;
    stage.office(stage.world.clerk, Command::Close);
    let view = stage.meet().await?;
    assert_eq!(view.state, OrderState::Closed);
    assert_eq!(decided_by(&view, "X-63"), Some((Rule::R12, "closed".to_owned())));
    let review = open_review(&view, ReviewKind::Amendment, Role::Supervisor, ReviewChoice::Keep);
    assert_eq!(review.due, Some(view.closed.ok_or("closed")?.lo.plus(7 * DAY)));
    let late = view.lines.iter().find(|line| line.line.name == "铜管").ok_or("the late line")?;
    assert_eq!(late.standing, LineStanding::Effective, "it counts; it is never rejected");
    Ok(())
}
