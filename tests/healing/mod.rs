//! A store that lost something, and the devices that bring it back (promise 5, X-74 to X-76).

mod damaged;
mod fleet;
mod forgotten;
mod hostile;
mod losses;
mod phones;
mod real;
mod sealed;
mod stage;

use docket_harness::world::Trouble;
use docket_server::restore::report::healing_report;
use docket_sync_core::commands::Command;
use docket_sync_core::lifecycle::view::{OrderState, SignatureFacet};
use docket_sync_core::time::HOUR;
use stage::{Notes as _, Stage, notes};

#[tokio::test]
async fn promise_5_the_work_of_a_day_comes_back_from_the_devices() -> Result<(), Trouble> {
    let mut stage = Stage::new(11).await?;
    let backup = stage.world.backup();
    let kept = backup.1;
    stage.day().await?;
    let before = stage.views().await?;
    let log_before = stage.world.log_length();

    // 1. The office burns down and begins again on yesterday's backup.
    stage.world.restore(backup)?;
    assert!(stage.world.view(stage.later).await.is_err(), "the order of today is lost");
    let report = healing_report(&stage.world.office)?;
    let loss = report.loss.ok_or("a loss")?;
    assert!(!loss.was_unnoticed());
    assert_eq!((loss.until_number, report.seen_to), (kept, None), "nobody has come back yet");

    // 2. Both technicians sync once.
    stage.world.pass(HOUR);
    stage.settle().await?;

    // 3. Every fact that any device held is back, and everybody has the same.
    assert_eq!(stage.views().await?, before);
    for (order, device) in [(stage.one, &stage.li), (stage.later, &stage.li), (stage.two, &stage.zhang)] {
        assert_eq!(device.show(order)?.view, *stage.world.view(order).await?);
    }
    let view = stage.world.view(stage.one).await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    let report = healing_report(&stage.world.office)?;
    assert!(report.devices.iter().all(|device| device.is_back), "{report:?}");
    assert_eq!(report.seen_to, Some(log_before));
    assert!(report.known_again() > 10 && report.gaps.is_empty(), "{report:?}");
    assert!(stage.quarantine()?.is_empty(), "{:?}", stage.quarantine()?);

    // 4. The customer of today's order has his name and address again.
    let row = stage.li.client.list()?.into_iter().find(|(id, _)| *id == stage.later).ok_or("a row")?.1;
    assert_eq!(row.customer, "陈静");
    let mut cold = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut cold]).await?;
    let row = cold.client.list()?.into_iter().find(|(id, _)| *id == stage.later).ok_or("a row")?.1;
    assert_eq!(row.customer, "陈静", "from the office, which has it back");

    // 5. Work goes on.
    stage.li.act(stage.later, &Command::Note { text: "继续".to_owned() })?;
    stage.settle().await?;
    assert_eq!(notes(&*stage.world.view(stage.later).await?), ["客户已通知", "继续"]);
    Ok(())
}

#[tokio::test]
async fn x_74_a_colleague_who_comes_first_brings_what_he_holds_of_others() -> Result<(), Trouble> {
    let mut stage = Stage::new(12).await?;
    let backup = stage.world.backup();
    // Zhang begins the order of both; Li takes over and pulls what Zhang did.
    stage.zhang.begin(stage.two)?;
    stage.settle().await?;
    stage.world.assign(stage.two, stage.li.person).await?;
    stage.settle().await?;
    let held = stage.li.show(stage.two)?.view;

    stage.world.restore(backup)?;
    // Zhang's phone is at the bottom of a lake: Li alone brings back what Zhang stated.
    stage.world.settle(&mut [&mut stage.li]).await?;
    assert_eq!(*stage.world.view(stage.two).await?, held);
    assert!(stage.quarantine()?.is_empty());
    // It was not at the bottom after all, and nothing is doubled.
    stage.settle().await?;
    assert_eq!(stage.world.view(stage.two).await?.facts, held.facts);
    Ok(())
}

#[tokio::test]
async fn x_74_work_on_an_order_that_the_store_has_lost_is_held_and_never_refused() -> Result<(), Trouble> {
    let mut stage = Stage::new(13).await?;
    let backup = stage.world.backup();
    let later = stage.world.order("今天的单").await?;
    stage.world.assign(later, stage.li.person).await?;
    stage.settle().await?;
    // Li works on it offline while the office is restored.
    stage.li.begin(later)?;
    stage.world.pass(HOUR);
    let incarnation = stage.li.client.replica().incarnation();
    stage.world.restore(backup)?;
    // The first answer only hands out a nonce: sessions of before the restore are void.
    stage.world.sync_losing_answer(&mut stage.li, 1).await?;
    let first = stage.quarantine()?;
    assert!(!first.is_empty() && first.iter().all(|(_, code)| code.is_none()), "held: {first:?}");
    stage.settle().await?;
    assert_eq!(stage.world.view(later).await?.state, OrderState::InProgress);
    assert_eq!(stage.li.client.replica().incarnation(), incarnation, "nothing had to be stated again");
    assert!(stage.li.client.status().refused.is_empty());
    assert!(stage.quarantine()?.is_empty(), "{:?}", stage.quarantine()?);
    Ok(())
}

#[tokio::test]
async fn x_74_a_disk_that_was_rolled_back_is_noticed_and_healed() -> Result<(), Trouble> {
    let mut stage = Stage::new(14).await?;
    let snapshot = stage.world.backup();
    let kept = snapshot.1;
    stage.day().await?;
    let before = stage.views().await?;
    stage.world.roll_back(snapshot)?;
    assert!(healing_report(&stage.world.office)?.loss.is_none(), "nobody knows yet");
    // The office goes on and gives the same numbers to other things.
    let another = stage.world.order("回滚之后").await?;
    stage.settle().await?;
    let report = healing_report(&stage.world.office)?;
    let loss = report.loss.ok_or("the loss was noticed")?;
    assert!(loss.was_unnoticed());
    assert_eq!(loss.until_number, kept, "it lay before this process began");
    let mut after = stage.views().await?;
    // The number of the register that was given twice has a suffix on the later order.
    let (lost, new) = (stage.world.view(stage.later).await?, stage.world.view(another).await?);
    let serial = |view: &docket_sync_core::lifecycle::view::OrderView| {
        view.request.as_ref().and_then(|request| request.serial.clone()).unwrap_or_default()
    };
    assert_eq!(serial(&new), format!("{}-2", serial(&lost)), "x_75");
    for (one, other) in after.iter_mut().zip(&before) {
        assert_eq!(one, other);
    }
    assert!(report.gaps.is_empty() && stage.quarantine()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn x_75_a_number_that_was_given_twice_gets_a_suffix_on_the_later_order() -> Result<(), Trouble> {
    let mut stage = Stage::new(15).await?;
    let backup = stage.world.backup();
    stage.world.assign(stage.world.order("先").await?, stage.li.person).await?;
    stage.settle().await?;
    let first = stage.newest_of_li()?;
    let serial = |view: &docket_sync_core::lifecycle::view::OrderView| {
        view.request.as_ref().and_then(|request| request.serial.clone()).unwrap_or_default()
    };
    let number = serial(&stage.li.show(first)?.view);
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    let second = stage.world.order("后").await?;
    assert_eq!(serial(&*stage.world.view(second).await?), number, "the restored register counts again");
    stage.settle().await?;
    assert_eq!(serial(&*stage.world.view(first).await?), number);
    assert_eq!(serial(&*stage.world.view(second).await?), format!("{number}-2"));
    // The register goes on above both.
    let third = stage.world.order("再后").await?;
    assert!(serial(&*stage.world.view(third).await?) > number);
    Ok(())
}

#[tokio::test]
async fn promise_5_the_report_names_what_nobody_returned() -> Result<(), Trouble> {
    let mut stage = Stage::new(16).await?;
    let backup = stage.world.backup();
    stage.li.note(stage.one, "只在李的手机")?;
    stage.settle().await?;
    let gone = stage.world.log_length();
    // The office alone did this; no device ever saw it.
    stage.world.order("没人见过").await?;
    stage.world.restore(backup)?;
    // Li's phone compares what it holds, and its answer is cut before it gives anything back.
    stage.compare_and_vanish().await?;
    let report = healing_report(&stage.world.office)?;
    let [gap] = report.gaps.as_slice() else { return Err(format!("one gap: {:?}", report.gaps).into()) };
    assert_eq!(gap.document, stage.one);
    assert!(gap.number <= gone && report.lost().is_some());
    // It comes back: the gap closes, live.
    stage.settle().await?;
    let report = healing_report(&stage.world.office)?;
    assert!(report.gaps.is_empty() && report.unaccounted() > 0, "{report:?}");
    Ok(())
}
