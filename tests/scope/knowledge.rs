//! A device that denies knowledge it has acknowledged is shown as such (sync.md, "Knowledge is stated").

use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::denials::denials;
use docket_sync_core::commands::Command;
use docket_sync_core::ids::{DocumentId, FactId, FactRef};
use docket_sync_core::time::{HOUR, MINUTE};

async fn company() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(21).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    Ok((world, li, order))
}

fn note(text: &str) -> Command {
    Command::Note { text: text.to_owned() }
}

fn denied(world: &World, order: DocumentId, fact: FactId) -> Result<Vec<FactRef>, Trouble> {
    let _durable = world.office.hub.read();
    Ok(denials(world.office.store.as_ref(), order)?.remove(&fact).unwrap_or_default())
}

#[tokio::test]
async fn what_a_device_had_on_disk_and_its_author_denies_is_told() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let page = li.show(order)?;
    let news = world.act(world.clerk, order, note("客户不在家")).await?;
    world.settle(&mut [&mut li]).await?;
    world.pass_for(&[&li], HOUR);
    world.settle(&mut [&mut li]).await?;
    // An hour after his phone had the note he acts on a page without it.
    let stale = li.client.execute(&page, &Command::Accept)?.fact;
    li.clock.pass(MINUTE);
    world.settle(&mut [&mut li]).await?;
    assert_eq!(denied(&world, order, stale)?, [news.reference()]);
    Ok(())
}

#[tokio::test]
async fn who_was_offline_denies_nothing() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    world.pass_for(&[&li], HOUR);
    let honest = li.act(order, &Command::Accept)?.fact;
    world.act(world.clerk, order, note("客户不在家")).await?;
    world.pass_for(&[&li], HOUR);
    world.settle(&mut [&mut li]).await?;
    assert_eq!(denied(&world, order, honest)?, []);
    let knowing = li.act(order, &Command::Depart)?.fact;
    world.settle(&mut [&mut li]).await?;
    assert_eq!(denied(&world, order, knowing)?, []);
    Ok(())
}
