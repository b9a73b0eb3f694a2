//! How long an order stays on a technician's phone (sync.md, "Scope").

use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::commands::Command;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{DAY, HOUR};

use crate::pairs::sending;

async fn company() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(5).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    Ok((world, li, order))
}

/// Whether a phone that he enrols now gets the order.
async fn is_in_scope(world: &World, li: &Device, order: DocumentId) -> Result<bool, Trouble> {
    world.settle(&mut []).await?;
    let mut phone = world.enrol(li.person).await?;
    world.settle(&mut [&mut phone]).await?;
    Ok(phone.show(order).is_ok())
}

#[tokio::test]
async fn an_order_leaves_14_days_after_the_last_reason_and_late_facts_do_not_bring_it_back() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    world.pass(HOUR);
    li.work(order)?;
    li.sign(order)?;
    world.settle(&mut [&mut li]).await?;
    world.act(world.clerk, order, Command::ReturnVoucher { reason: None }).await?;
    world.act(world.clerk, order, Command::Close).await?;
    world.settle(&mut [&mut li]).await?;
    world.pass_for(&[&li], 13 * DAY);
    assert!(is_in_scope(&world, &li, order).await?);
    // A late fact does not begin the fourteen days anew.
    world.act(world.clerk, order, Command::Note { text: "发票已寄".to_owned() }).await?;
    world.pass_for(&[&li], DAY + HOUR);
    assert!(!is_in_scope(&world, &li, order).await?, "fourteen days after the close");
    world.act(world.clerk, order, Command::Note { text: "客户来电致谢".to_owned() }).await?;
    assert!(!is_in_scope(&world, &li, order).await?, "nor does it bring the order back");
    world.settle(&mut [&mut li]).await?;
    Ok(())
}

#[tokio::test]
async fn a_reassigned_order_stays_until_its_technician_has_seen_it() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let zhang = world.technician("张师傅").await?;
    world.act(world.clerk, order, sending(zhang.person)).await?;
    // He is on an island for three weeks.
    world.pass_for(&[&li], 21 * DAY);
    world.settle(&mut []).await?;
    world.sync(&mut li).await?;
    assert_eq!(li.show(order)?.view.technician(), Some(zhang.person), "his phone is told to whom it went");
    // The next contact says that this is on his disk.
    world.settle(&mut [&mut li]).await?;
    world.pass_for(&[&li], 8 * DAY);
    assert!(!is_in_scope(&world, &li, order).await?, "then it leaves");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_order_leaves_after_14_days_when_he_saw_the_cancel() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    world.act(world.clerk, order, Command::Cancel { reason: "客户取消".to_owned() }).await?;
    world.settle(&mut [&mut li]).await?;
    world.settle(&mut [&mut li]).await?;
    world.pass_for(&[&li], 15 * DAY);
    assert!(!is_in_scope(&world, &li, order).await?);
    Ok(())
}
