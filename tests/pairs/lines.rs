//! lines that add up, and lines that the customer did not see.

use docket_harness::world::Trouble;
use docket_harness::world::field::part;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::ReviewChoice;
use docket_sync_core::lifecycle::view::{
    Coverage, LineStanding, OrderState, OrderView, ReviewKind, ReviewStatus, Rule, SignatureFacet,
};
use docket_sync_core::time::DAY;

use super::pairs;
use super::stage::{LI, Stage, TABLET, Way, ZHANG, decided_by, open_review, review, sending};

pairs! {
    x_34_parts_of_two_technicians_add_up(both_consume, 2);
    x_43_a_line_added_elsewhere_is_not_covered(added_elsewhere, 2);
    x_43_the_default_writes_off_after_seven_days(written_off, 2);
    x_53_a_line_after_the_signature_is_not_covered(added_after, 1);
    x_53_a_second_signature_covers_it(signed_again, 1);
}

async fn both_consume(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let lis = stage.li().begin(order)?;
    stage.part().await?;
    let send = sending(stage.devices[ZHANG].person);
    stage.world.act(stage.world.clerk, order, send).await?;
    stage.part().await?;
    let zhangs = stage.zhang().begin(order)?;
    stage.part().await?;

    stage.li().record(order, lis, part("电容", 2_000, 4_000))?;
    stage.zhang().record(order, zhangs, part("电容", 3_000, 6_000))?;
    let view = stage.meet().await?;
    assert_eq!(view.lines.len(), 2);
    assert!(view.lines.iter().all(|line| line.standing == LineStanding::Effective));
    assert_eq!(view.lines.iter().map(|line| line.line.quantity).sum::<i64>(), 5_000);
    assert_eq!(decided_by(&view, "X-34").map(|(rule, _)| rule), Some(Rule::R5));
    assert!(view.billable.is_empty(), "nobody signed");
    Ok(())
}

/// Li's customer signs on the phone; on the tablet a part is added.
async fn parted(way: Way) -> Result<(Stage, OrderView), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let visit = stage.li().work(order)?;
    stage.part().await?;
    assert_eq!(stage.devices[LI].person, stage.devices[TABLET].person);
    stage.li().sign(order)?;
    stage.tablet().record(order, visit, part("铜管", 1_500, 9_000))?;
    let view = stage.meet().await?;
    Ok((stage, view))
}

async fn added_elsewhere(way: Way) -> Result<(), Trouble> {
    let (mut stage, view) = parted(way).await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::SignedPartial));
    assert_eq!((view.coverage, view.billable.get("CNY")), (Coverage::Partial, Some(&6_000)));
    assert_eq!(decided_by(&view, "X-43").map(|(rule, _)| rule), Some(Rule::R6));
    let waiting = open_review(&view, ReviewKind::UncoveredLines, Role::Clerk, ReviewChoice::WriteOff);
    let line = view.lines.iter().find(|line| !line.covered).ok_or("a line outside")?;
    assert!(!line.billable && line.standing == LineStanding::Effective);
    assert_eq!(waiting.due, Some(view.signatures[0].at.lo.max(line.at.lo).plus(7 * DAY)));

    // The clerk gets the customer's consent by phone: now it is billed.
    let consented =
        Command::ResolveReview {
            review: waiting.id, choice: ReviewChoice::Consented, reason: "电话同意".to_owned()
        };
    stage.part().await?;
    stage.office(stage.world.clerk, consented);
    let view = stage.meet().await?;
    assert_eq!(view.billable.get("CNY"), Some(&15_000));
    Ok(())
}

async fn written_off(way: Way) -> Result<(), Trouble> {
    let (mut stage, _) = parted(way).await?;
    let order = stage.order;
    stage.world.pass(7 * DAY);
    let off = |view: &OrderView| {
        review(view, ReviewKind::UncoveredLines).is_some_and(|review| review.status == ReviewStatus::Defaulted)
    };
    stage.world.until("the default of X-43", order, off).await?;
    stage.part().await?;
    let view = stage.checked().await?;
    assert_eq!(view.billable.get("CNY"), Some(&6_000));
    Ok(())
}

async fn added_after(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let visit = stage.li().work(order)?;
    stage.li().sign(order)?;
    stage.li().record(order, visit, part("铜管", 1_500, 9_000))?;
    let view = stage.meet().await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::SignedPartial));
    assert_eq!(decided_by(&view, "X-53").map(|(rule, _)| rule), Some(Rule::R6));
    assert_eq!(view.billable.get("CNY"), Some(&6_000));
    open_review(&view, ReviewKind::UncoveredLines, Role::Clerk, ReviewChoice::WriteOff);
    Ok(())
}

async fn signed_again(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    let visit = stage.li().work(order)?;
    stage.li().sign(order)?;
    stage.li().record(order, visit, part("铜管", 1_500, 9_000))?;
    stage.li().sign(order)?;
    let view = stage.meet().await?;
    assert_eq!((view.signature, view.coverage), (SignatureFacet::Signed, Coverage::Full));
    assert_eq!((view.signatures.len(), view.billable.get("CNY")), (2, Some(&15_000)));
    Ok(())
}
