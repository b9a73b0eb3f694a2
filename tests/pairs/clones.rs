//! a phone that was cloned, keys and all, or restored from its own backup.

use docket_client::sync::Exchange;
use docket_harness::world::{Device, MORNING, Trouble, World};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::ReviewChoice;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{OrderView, ReviewKind};
use docket_sync_core::sync::frames::Frame;
use docket_sync_core::sync::message::unpack;
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

/// One message of a phone and its answer.
async fn one_message(world: &World, device: &mut Device) -> Result<(), Trouble> {
    let replica = device.client.replica_mut();
    let mut exchange = Exchange::begin(replica);
    let message = exchange.next_message(replica)?.ok_or("a message")?;
    exchange.answered(replica, &world.carry(&message).await?)?;
    Ok(())
}

/// All come to rest with the same notes, and with a review for each of so many places that have two contents.
async fn rests(
    world: &World,
    devices: &mut [&mut Device],
    order: DocumentId,
    expected: &[&str],
    places: usize,
) -> Result<(), Trouble> {
    for _ in 0..4 {
        // They share one session row: each Hello of one is news to the others.
        for device in devices.iter_mut() {
            world.sync(device).await?;
        }
    }
    for device in devices.iter_mut() {
        world.settle(&mut [device]).await?;
    }
    let view = world.view(order).await?;
    assert_eq!(texts(&view), expected, "every branch is kept, and nothing twice");
    let cloned = view.reviews.iter().filter(|review| review.kind == ReviewKind::ClonedDevice);
    assert_eq!(cloned.count(), places, "a review for each place with two contents");
    for device in devices {
        assert_eq!(device.show(order)?.view, *view);
        assert!(device.client.replica().journal().next().is_none());
    }
    Ok(())
}

#[tokio::test]
async fn x_76_renewed_twice_in_a_row_it_keeps_every_branch() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let mut clones = vec![li.cloned(101)?];
    li.act(order, &note("原机"))?;
    clones[0].act(order, &note("副本一"))?;
    one_message(&world, &mut clones[0]).await?;
    // What Li's phone states again it is told to state again: another clone of it was faster.
    let mut exchange = Exchange::begin(li.client.replica_mut());
    let (mut renewed, mut incarnations) = (0, vec![li.client.replica().incarnation()]);
    while let Some(message) = exchange.next_message(li.client.replica_mut())? {
        let answer = world.carry(&message).await?;
        let is_renew = unpack(&answer)?.iter().any(|frame| matches!(frame, Frame::Renew(_)));
        exchange.answered(li.client.replica_mut(), &answer)?;
        if is_renew {
            renewed += 1;
            incarnations.push(li.client.replica().incarnation());
            if clones.len() == 1 {
                let mut clone = li.cloned(102)?;
                clone.act(order, &note("副本二"))?;
                one_message(&world, &mut clone).await?;
                clones.push(clone);
            }
        }
    }
    assert_eq!(renewed, 2, "in a row");
    incarnations.dedup();
    assert_eq!(incarnations.len(), 3);
    let [first, second] = clones.as_mut_slice() else { return Err("two clones".into()) };
    rests(&world, &mut [&mut li, first, second], order, &["副本一", "副本二", "原机"], 1).await
}

#[tokio::test]
async fn x_76_renewed_while_what_it_states_again_is_on_its_way_it_loses_nothing() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let mut first = li.cloned(103)?;
    li.act(order, &note("原机"))?;
    first.act(order, &note("副本一"))?;
    one_message(&world, &mut first).await?;
    // It is told to renew itself; what it states again arrives, and it does not hear so.
    let before = li.client.replica().incarnation();
    world.sync_losing_answer(&mut li, 1).await?;
    let renewed = li.client.replica().incarnation();
    assert_ne!(before, renewed);
    assert_eq!(texts(&*world.view(order).await?), ["副本一", "原机"], "it has arrived");
    assert_eq!(li.client.status().pending.map(|pending| pending.count), Some(1), "and waits here");
    // Cloned in that moment; both go on, and the clone is faster.
    let mut second = li.cloned(104)?;
    second.act(order, &note("副本二"))?;
    li.act(order, &note("原机二"))?;
    one_message(&world, &mut second).await?;
    one_message(&world, &mut li).await?;
    assert_ne!(li.client.replica().incarnation(), renewed, "renewed once more");
    rests(&world, &mut [&mut li, &mut first, &mut second], order, &["副本一", "副本二", "原机", "原机二"], 2).await
}
