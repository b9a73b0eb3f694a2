//! a phone that was cloned, keys and all, or restored from its own backup.

use docket_harness::world::{Device, MORNING, Trouble, World};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::ReviewChoice;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{OrderView, ReviewKind};
use docket_sync_core::time::{HOUR, MINUTE};

use super::stage::open_review;

fn note(text: &str) -> Command {
    Command::Note { text: text.to_owned() }
}

fn texts(view: &OrderView) -> Vec<&str> {
    let mut texts: Vec<&str> = view.notes.iter().map(|note| note.text.as_str()).collect();
    texts.sort_unstable();
    texts
}

/// A company, an order on Li's phone.
async fn company() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(76).await?;
    assert!(world.now() >= MORNING);
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    world.pass(HOUR);
    Ok((world, li, order))
}

#[tokio::test]
async fn x_76_a_cloned_phone_is_noticed_and_both_branches_are_kept() -> Result<(), Trouble> {
    for clone_first in [false, true] {
        let (world, mut li, order) = company().await?;
        // The branches begin at one place: same actor, same sequence, other content.
        let mut clone = li.cloned(99)?;
        li.act(order, &note("原机"))?;
        clone.act(order, &note("复制机"))?;
        clone.act(order, &Command::Accept)?;
        let incarnation = |device: &Device| device.client.replica().incarnation();
        let before = incarnation(&li);
        let (first, second) = if clone_first { (&mut clone, &mut li) } else { (&mut li, &mut clone) };
        world.sync(first).await?;
        world.sync(second).await?;
        assert_eq!(incarnation(first), before, "the first to come goes on");
        assert_ne!(incarnation(second), before, "the second is told to renew itself");
        for _ in 0..3 {
            // They share one session row: each Hello of one is news to the other.
            world.sync(&mut li).await?;
            world.sync(&mut clone).await?;
        }
        world.settle(&mut [&mut li]).await?;
        world.settle(&mut [&mut clone]).await?;
        let view = world.view(order).await?;
        assert_eq!(texts(&view), ["原机", "复制机"], "both branches are kept");
        assert_eq!(view.assignment().map(|his| his.facet.code()), Some("accepted"));
        let review = open_review(&view, ReviewKind::ClonedDevice, Role::Supervisor, ReviewChoice::Acknowledged);
        assert!(review.due.is_some());
        for device in [&li, &clone] {
            assert_eq!(device.show(order)?.view, *view);
        }
    }
    Ok(())
}

#[tokio::test]
async fn x_76_a_clone_that_pushes_on_an_open_session_counter_is_renewed() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let mut clone = li.cloned(98)?;
    // The clone says nothing new, and uses the counter.
    world.sync(&mut clone).await?;
    li.act(order, &note("原机"))?;
    let before = li.client.replica().incarnation();
    let report = world.sync(&mut li).await?;
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_ne!(li.client.replica().incarnation(), before);
    let view = world.view(order).await?;
    assert_eq!(texts(&view), ["原机"]);
    assert!(view.reviews.is_empty(), "one content, one fact: nothing to decide");
    Ok(())
}

#[tokio::test]
async fn x_76_a_phone_restored_from_its_backup_goes_on_as_another() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let backup = li.backup();
    li.act(order, &note("一"))?;
    li.act(order, &note("二"))?;
    world.settle(&mut [&mut li]).await?;
    // The phone is set back to yesterday; what it had sent it has forgotten.
    li.restore(backup)?;
    assert!(texts(&li.show(order)?.view).is_empty());
    world.pass_for(&[&li], MINUTE);
    li.act(order, &note("三"))?;
    world.settle(&mut [&mut li]).await?;
    let view = world.view(order).await?;
    assert_eq!(texts(&view), ["一", "三", "二"]);
    assert_eq!(li.show(order)?.view, *view);
    assert_eq!(view.facts, world.facts(order)?, "two contents under one identity are two facts");
    open_review(&view, ReviewKind::ClonedDevice, Role::Supervisor, ReviewChoice::Acknowledged);
    Ok(())
}
