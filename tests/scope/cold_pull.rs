//! A new phone: open work first, the proofs of open orders, and nothing lost when the pull is cut.

use docket_client::store::{DeviceStore, Table};
use docket_client::sync::Exchange;
use docket_harness::world::{Device, Trouble, World};
use docket_server::feed::session::ServerSession;
use docket_sync_core::commands::Command;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::sync::frames::{Batch, BatchDocument, Frame, News};
use docket_sync_core::sync::message::{Plain, pack, unpack};
use docket_sync_core::time::HOUR;

/// Finished orders beside the open one: several batches of them.
const FINISHED: usize = 24;

async fn company() -> Result<(World, Device, Vec<DocumentId>), Trouble> {
    let world = World::new(11).await?;
    let li = world.technician("李师傅").await?;
    Ok((world, li, Vec::new()))
}

/// The customer has signed; the voucher is not back.
async fn signed_order(world: &World, li: &mut Device, problem: &str) -> Result<DocumentId, Trouble> {
    let order = world.order(problem).await?;
    world.assign(order, li.person).await?;
    world.sync(li).await?;
    world.pass(HOUR);
    li.work(order)?;
    li.sign(order)?;
    world.sync(li).await?;
    Ok(order)
}

/// Whether the drawing of the order's signature is on the device.
fn shows_the_drawing(device: &Device, order: DocumentId) -> Result<bool, Trouble> {
    let shown = device.show(order)?;
    let signature = shown.view.signatures.first().ok_or("a signature")?;
    Ok(device.backup().open()?.get(Table::Proof, &signature.proof.0)?.is_some())
}

#[tokio::test]
async fn cold_pulls_bring_proofs_for_open_orders_only() -> Result<(), Trouble> {
    let (world, mut li, _) = company().await?;
    let open = signed_order(&world, &mut li, "空调不制冷").await?;
    let closed = signed_order(&world, &mut li, "热水器不点火").await?;
    world.act(world.clerk, closed, Command::ReturnVoucher { reason: None }).await?;
    world.act(world.clerk, closed, Command::Close).await?;
    let mut phone = world.enrol(li.person).await?;
    let report = world.sync(&mut phone).await?;
    assert_eq!(report.verified, Some(true));
    assert!(shows_the_drawing(&phone, open)?, "the new phone shows the drawn signature");
    assert!(!shows_the_drawing(&phone, closed)?, "the proof of a closed order stays in the office");
    Ok(())
}

/// Finished orders, then one that is to be done.
async fn a_long_list() -> Result<(World, Device, DocumentId), Trouble> {
    let (world, mut li, _) = company().await?;
    for number in 0..FINISHED {
        let order = world.order(&format!("维修 {number}")).await?;
        world.assign(order, li.person).await?;
        world.sync(&mut li).await?;
        world.pass(HOUR);
        li.work(order)?;
        world.sync(&mut li).await?;
    }
    let open = world.order("电梯异响").await?;
    world.assign(open, li.person).await?;
    Ok((world, li, open))
}

fn batches(frames: &[Frame]) -> Vec<&Batch> {
    frames.iter().filter_map(|frame| if let Frame::Batch(batch) = frame { Some(batch) } else { None }).collect()
}

fn wholes(batches: &[&Batch]) -> Vec<DocumentId> {
    let news = batches.iter().flat_map(|batch| &batch.documents);
    news.filter(|document| matches!(document.news, News::Whole { .. })).map(|document| document.document).collect()
}

fn without_repetition(mut documents: Vec<DocumentId>) -> Vec<DocumentId> {
    documents.sort_unstable();
    documents.dedup();
    documents
}

#[tokio::test]
async fn todays_and_open_work_comes_first_and_nothing_twice() -> Result<(), Trouble> {
    let (world, li, open) = a_long_list().await?;
    let mut phone = world.enrol(li.person).await?;
    let replica = phone.client.replica_mut();
    let mut exchange = Exchange::begin(replica);
    let message = exchange.next_message(replica)?.ok_or("a first message")?;
    let answer = world.carry(&message).await?;
    let frames = unpack(&answer)?;
    let batches = batches(&frames);
    assert!(batches.len() > 1, "the list does not fit into the first batch");
    let first = wholes(&batches[..1]);
    assert_eq!(first.first(), Some(&open), "what is to be done is on the screen first");
    let names_of_first = !batches[0].references.is_empty();
    assert!(names_of_first, "with the customer's name");
    let sent = wholes(&batches);
    assert_eq!(sent.len(), FINISHED + 1);
    assert_eq!(without_repetition(sent).len(), FINISHED + 1, "each order once");
    exchange.answered(replica, &answer)?;
    assert_eq!(exchange.report(replica).verified, Some(true));
    Ok(())
}

#[tokio::test]
async fn a_cut_cold_pull_goes_on_where_it_stopped_and_sends_at_most_one_frame_again() -> Result<(), Trouble> {
    let (world, li, open) = a_long_list().await?;
    let mut phone = world.enrol(li.person).await?;
    let replica = phone.client.replica_mut();
    let mut exchange = Exchange::begin(replica);
    let message = exchange.next_message(replica)?.ok_or("a first message")?;
    let mut frames = unpack(&world.carry(&message).await?)?;
    // The line breaks behind the first batch.
    let first = frames.iter().position(|frame| matches!(frame, Frame::Batch(_))).ok_or("a batch")?;
    frames.truncate(first + 1);
    let came = wholes(&batches(&frames));
    exchange.answered(replica, &pack(&frames, &mut Plain))?;
    assert!(phone.show(open).is_ok());
    // It calls again, on a socket this time.
    let replica = phone.client.replica_mut();
    let message = Exchange::begin(replica).next_message(replica)?.ok_or("another message")?;
    let mut session = ServerSession::new(world.office.clone());
    session.receive(unpack(&message)?).await?;
    let mut rest = Vec::new();
    while let Some(batch) = session.next_batch()? {
        rest.push(batch);
    }
    let again = wholes(&rest.iter().collect::<Vec<_>>());
    let repeated = again.iter().filter(|document| came.contains(document)).count();
    assert!(repeated <= came.len() && again.len() < FINISHED + 1, "{repeated} of {} came again", came.len());
    assert_eq!(without_repetition([came, again].concat()).len(), FINISHED + 1, "nothing is left out");
    let report = world.sync(&mut phone).await?;
    assert_eq!(report.verified, Some(true));
    Ok(())
}

#[tokio::test]
async fn what_changes_behind_an_order_that_was_sent_ahead_comes_as_records() -> Result<(), Trouble> {
    let (world, li, open) = a_long_list().await?;
    let mut phone = world.enrol(li.person).await?;
    let replica = phone.client.replica_mut();
    let mut exchange = Exchange::begin(replica);
    let message = exchange.next_message(replica)?.ok_or("a first message")?;
    let mut session = ServerSession::new(world.office.clone());
    let mut frames = session.receive(unpack(&message)?).await?.frames;
    let first = session.next_batch()?.ok_or("a first batch")?;
    assert!(wholes(&[&first]).contains(&open));
    frames.push(Frame::Batch(first));
    world.act(world.clerk, open, Command::Note { text: "带梯子".to_owned() }).await?;
    let mut kinds = Vec::new();
    while let Some(batch) = session.next_batch()? {
        kinds.extend(batch.documents.iter().filter(|news| news.document == open).map(|news| news.news.clone()));
        frames.push(Frame::Batch(batch));
    }
    assert!(matches!(kinds.as_slice(), [News::Records { .. }]), "{} times", kinds.len());
    exchange.answered(replica, &pack(&frames, &mut Plain))?;
    assert_eq!(exchange.report(replica).verified, Some(true));
    assert_eq!(phone.show(open)?.view.notes.len(), 1);
    Ok(())
}

/// The phone hears the first batch only, and calls again; gives what came the first time and the second.
async fn cut_behind_the_first(world: &World, phone: &mut Device) -> Result<[Vec<BatchDocument>; 2], Trouble> {
    let replica = phone.client.replica_mut();
    let mut exchange = Exchange::begin(replica);
    let message = exchange.next_message(replica)?.ok_or("a first message")?;
    let mut frames = unpack(&world.carry(&message).await?)?;
    let first = frames.iter().position(|frame| matches!(frame, Frame::Batch(_))).ok_or("a batch")?;
    frames.truncate(first + 1);
    exchange.answered(replica, &pack(&frames, &mut Plain))?;
    let mut exchange = Exchange::begin(replica);
    let message = exchange.next_message(replica)?.ok_or("another message")?;
    let answer = world.carry(&message).await?;
    exchange.answered(replica, &answer)?;
    assert_eq!(exchange.report(replica).verified, Some(true), "nothing is to be asked for");
    Ok([frames, unpack(&answer)?].map(|frames| batches(&frames).iter().flat_map(|b| b.documents.clone()).collect()))
}

fn first_news(parts: &[Vec<BatchDocument>; 2], order: DocumentId) -> Vec<bool> {
    let of = |part: &Vec<BatchDocument>| part.iter().any(|news| news.document == order);
    let is_whole = |part: &Vec<BatchDocument>| {
        part.iter().any(|news| news.document == order && matches!(news.news, News::Whole { .. }))
    };
    assert!(!of(&parts[0]), "the order changed last and comes behind the cut");
    vec![of(&parts[1]), is_whole(&parts[1])]
}

#[tokio::test]
async fn an_order_that_entered_before_a_cut_and_changed_behind_it_comes_whole() -> Result<(), Trouble> {
    let (world, li, _) = a_long_list().await?;
    let finished = li.client.list()?.into_iter().find(|(_, row)| row.problem == "维修 0");
    let (early, _) = finished.ok_or("the first order")?;
    // A new phone.
    world.act(world.clerk, early, Command::Note { text: "客户改期".to_owned() }).await?;
    let mut phone = world.enrol(li.person).await?;
    let parts = cut_behind_the_first(&world, &mut phone).await?;
    assert_eq!(first_news(&parts, early), [true, true]);
    // A phone that has followed until now.
    let wang = world.technician("王师傅").await?;
    let mut phone = world.enrol(wang.person).await?;
    world.sync(&mut phone).await?;
    let mut late = Vec::new();
    for number in 0..FINISHED {
        let order = world.order(&format!("保养 {number}")).await?;
        world.assign(order, wang.person).await?;
        for _ in 0..8 {
            world.act(world.clerk, order, Command::Note { text: "请带齐滤芯、扳手、梯子和铜管".repeat(8) }).await?;
        }
        late.push(order);
    }
    let early = *late.first().ok_or("an order")?;
    world.act(world.clerk, early, Command::Note { text: "改到下午".to_owned() }).await?;
    let parts = cut_behind_the_first(&world, &mut phone).await?;
    assert_eq!(first_news(&parts, early), [true, true]);
    assert_eq!(phone.show(early)?.view.notes.len(), 9);
    Ok(())
}
