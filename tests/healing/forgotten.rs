//! Devices that a restored store has forgotten, and revocations that it has forgotten.

use docket_client::replica::NewFact;
use docket_client::sync::SyncError;
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::Tables;
use docket_server::restore::report::healing_report;
use docket_server::store::{KeyRange, Table};
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Head, Role};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::limits::QUARANTINE_ITEMS_PER_DEVICE_MAX;
use docket_sync_core::proof::{Certificate, Certified, Envelope};
use docket_sync_core::sync::device::Replica as _;
use docket_sync_core::sync::frames::{Ack, Cover, Frame, Introduce, Outcome, QuarantineCode, StopCode};
use docket_sync_core::sync::message::{Plain, pack, travels_digest, unpack};
use docket_sync_core::time::HOUR;

use ed25519_dalek::SigningKey;

use super::stage::{Notes as _, Stage, notes};
use crate::quarantine::rogue;

fn stopped(result: Result<docket_client::sync::SyncReport, Trouble>) -> Option<StopCode> {
    match result.err()?.downcast_ref::<SyncError>() {
        Some(SyncError::Stopped(stop)) => Some(stop.code),
        _ => None,
    }
}

/// A technician who was hired after the backup, with an order of his own.
async fn hire(world: &World) -> Result<Device, Trouble> {
    world.technician("新师傅").await
}

#[tokio::test]
async fn x_74_a_device_that_the_store_has_forgotten_waits_and_loses_nothing() -> Result<(), Trouble> {
    let mut stage = Stage::new(21).await?;
    let admin = stage.world.person("管理员", &[Role::Administrator]).await?;
    let backup = stage.world.backup();
    let mut new = hire(&stage.world).await?;
    let order = stage.world.order("新人的单").await?;
    stage.world.assign(order, new.person).await?;
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang, &mut new]).await?;
    new.note(order, "路上")?;
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);

    // 1. It introduces itself; what it sends is held; it gets nothing.
    for _ in 0..3 {
        assert_eq!(stopped(stage.world.sync(&mut new).await), Some(StopCode::NotConfirmed));
    }
    let report = healing_report(&stage.world.office)?;
    let [(device, waiting)] = report.waiting.as_slice() else { return Err(format!("{report:?}").into()) };
    assert_eq!((*device, waiting.facts), (new.client.replica().identity().device, 1));
    assert!(stage.world.view(order).await.is_err());
    assert_eq!(new.client.status().pending.map(|pending| pending.count), Some(1), "nothing is acknowledged");
    stage.settle().await?;

    // 2. An administrator confirms it. Its order comes back with its next sync, and its held work with it.
    let device = *device;
    stage.world.office.committer.run(move |writer| writer.confirm_device(device, admin)).await?;
    stage.world.settle(&mut [&mut stage.li, &mut stage.zhang, &mut new]).await?;
    assert_eq!(notes(&*stage.world.view(order).await?), ["路上"]);
    assert!(new.client.status().refused.is_empty() && stage.quarantine()?.is_empty());
    assert!(healing_report(&stage.world.office)?.waiting.is_empty());
    // Twice is once.
    let again = stage.world.office.committer.run(move |writer| writer.confirm_device(device, admin)).await;
    assert!(again.is_err());
    Ok(())
}

/// A second phone of Li's, of after the backup, with `count` notes of `length` bytes that the office has not heard of; the office is
/// restored.
async fn forgotten_phone(stage: &mut Stage, count: usize, length: usize) -> Result<Device, Trouble> {
    let backup = stage.world.backup();
    let mut phone = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut phone]).await?;
    for number in 0..count {
        jot(&mut phone, stage.one, number, length)?;
    }
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    Ok(phone)
}

/// A note on no view: showing one for each of hundreds takes its time.
pub(super) fn jot(phone: &mut Device, document: DocumentId, number: usize, length: usize) -> Result<(), Trouble> {
    let text = format!("{number}{}", ".".repeat(length));
    let (author, body) = (Author::Person(phone.person), AddNote { text }.into());
    let fact = NewFact { document, author, seen: Vec::new(), head: Head::default(), body, claimed: None, proof: None };
    phone.client.replica_mut().state_fact(fact)?;
    Ok(())
}

#[tokio::test]
async fn x_74_every_push_of_a_forgotten_device_is_held_until_it_is_confirmed() -> Result<(), Trouble> {
    let mut stage = Stage::new(26).await?;
    // A push carries at most 1 MiB.
    let (count, length) = (150, 7_900);
    let mut phone = forgotten_phone(&mut stage, count, length).await?;
    let device = phone.client.replica().identity().device;
    // Again and again: everything waits here, once.
    for more in 0..3 {
        assert_eq!(stopped(stage.world.sync(&mut phone).await), Some(StopCode::NotConfirmed));
        let report = healing_report(&stage.world.office)?;
        let [(waits, waiting)] = report.waiting.as_slice() else { return Err(format!("{report:?}").into()) };
        assert_eq!((*waits, waiting.facts), (device, u64::try_from(count + more)?));
        assert!(waiting.bytes < 8_300 * u64::try_from(count)?, "{} bytes: kept once", waiting.bytes);
        jot(&mut phone, stage.one, count + more, length)?;
    }
    // The last note was never sent: what waits here enters without the phone.
    let admin = stage.world.clerk;
    let admitted = stage.world.office.committer.run(move |writer| writer.confirm_device(device, admin)).await?;
    assert_eq!(admitted, u64::try_from(count + 2)?);
    let view = stage.world.view(stage.one).await?;
    let numbers: Vec<String> = notes(&view).iter().map(|text| text.trim_end_matches('.').to_owned()).collect();
    assert_eq!(numbers, (0..count + 2).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(stage.quarantine()?.is_empty());
    // Nothing of it is left behind, and the phone goes on.
    let rows = Tables::scan(stage.world.office.store.as_ref(), Table::Meta, &KeyRange::prefix("waiting/"), 10)?;
    assert!(rows.is_empty(), "{rows:?}");
    stage.world.settle(&mut [&mut phone, &mut stage.li]).await?;
    assert_eq!(notes(&*stage.world.view(stage.one).await?).len(), count + 3);
    Ok(())
}

#[tokio::test]
async fn x_74_a_forgotten_device_that_fills_its_place_is_told_and_loses_nothing() -> Result<(), Trouble> {
    let mut stage = Stage::new(27).await?;
    let count = QUARANTINE_ITEMS_PER_DEVICE_MAX + 1;
    let mut phone = forgotten_phone(&mut stage, count, 0).await?;
    assert_eq!(stopped(stage.world.sync(&mut phone).await), Some(StopCode::QuarantineFull));
    assert_eq!(healing_report(&stage.world.office)?.waiting[0].1.facts, 0, "a push is held whole or not at all");
    let pending = phone.client.status().pending.map(|pending| pending.count);
    assert_eq!(pending, Some(u64::try_from(count)?), "nothing is acknowledged");
    Ok(())
}

#[tokio::test]
async fn x_74_what_a_colleague_carries_of_a_forgotten_device_waits_with_it() -> Result<(), Trouble> {
    let mut stage = Stage::new(28).await?;
    let mut phone = forgotten_phone(&mut stage, 2, 0).await?;
    let certificate = phone.client.replica().certificate().to_bytes();
    let (store, device) = (stage.world.office.identity.store, phone.client.replica().identity().device);
    let key = phone.signing_key()?;
    let mut push = rogue::push_of(&mut phone)?;
    let envelope = Envelope::signed(store, device, 700, rogue::listed(&push)?, &key);
    push.cover = Cover::Relayed { envelope, certificate };
    // Li carries it, twice: the office has never heard of that phone.
    stage.settle().await?;
    for _ in 0..2 {
        let answer = rogue::ask(&stage.world, &mut stage.li, vec![Frame::Push(push.clone())]).await?;
        let held = |ack: &Ack| ack.exceptions.iter().all(|run| matches!(run.outcome, Outcome::Held { .. }));
        assert!(
            matches!(answer.as_slice(), [.., Frame::Ack(ack)] | [.., Frame::Ack(ack), _] if held(ack) && ack.exceptions.len() == 2),
            "{answer:?}"
        );
    }
    assert!(notes(&*stage.world.view(stage.one).await?).is_empty(), "nothing enters");
    assert!(stage.quarantine()?.is_empty(), "nothing is refused");
    let report = healing_report(&stage.world.office)?;
    let [(waits, waiting)] = report.waiting.as_slice() else { return Err(format!("{report:?}").into()) };
    assert_eq!((*waits, waiting.facts), (device, 2));
    // The phone itself comes and waits beside it, once.
    assert_eq!(stopped(stage.world.sync(&mut phone).await), Some(StopCode::NotConfirmed));
    assert_eq!(healing_report(&stage.world.office)?.waiting[0].1.facts, 2);
    let admin = stage.world.clerk;
    let admitted = stage.world.office.committer.run(move |writer| writer.confirm_device(device, admin)).await?;
    assert_eq!(admitted, 2);
    assert_eq!(notes(&*stage.world.view(stage.one).await?), ["0", "1"]);
    stage.world.settle(&mut [&mut phone, &mut stage.li]).await?;
    Ok(())
}

#[tokio::test]
async fn x_74_held_work_on_known_orders_enters_when_the_device_is_confirmed() -> Result<(), Trouble> {
    let mut stage = Stage::new(22).await?;
    let backup = stage.world.backup();
    // Li gets a second phone after the backup.
    let mut phone = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut phone]).await?;
    phone.note(stage.one, "新手机")?;
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    assert_eq!(stopped(stage.world.sync(&mut phone).await), Some(StopCode::NotConfirmed));
    let (device, admin) = (phone.client.replica().identity().device, stage.world.clerk);
    let admitted = stage.world.office.committer.run(move |writer| writer.confirm_device(device, admin)).await?;
    assert_eq!(admitted, 1, "without its having to come back");
    assert_eq!(notes(&*stage.world.view(stage.one).await?), ["新手机"]);
    stage.world.settle(&mut [&mut phone, &mut stage.li]).await?;
    assert_eq!(notes(&*stage.world.view(stage.one).await?), ["新手机"], "once");
    Ok(())
}

#[tokio::test]
async fn a_device_of_another_store_is_no_forgotten_one() -> Result<(), Trouble> {
    let stage = Stage::new(23).await?;
    let other = World::new(99).await?;
    let mut stranger = other.technician("外人").await?;
    // A certificate that another store signed: the ids may be equal, the key is not.
    let theirs = stranger.client.replica().certificate().clone();
    let said = Certified {
        store: theirs.store,
        number: theirs.number,
        device: theirs.device,
        device_key: theirs.device_key,
        persons: theirs.persons.clone(),
        issued_at: theirs.issued_at,
        sealing_key: theirs.sealing_key,
    };
    let forged = Certificate::issue(said, &SigningKey::from_bytes(&[8; 32]));
    let travels = vec![Frame::Introduce(Introduce { certificate: forged.to_bytes() })];
    let hello = stranger.client.replica_mut().hello(travels_digest(&travels))?;
    let frames: Vec<Frame> = std::iter::once(Frame::Hello(hello)).chain(travels).collect();
    let answer = unpack(&stage.world.carry(&pack(&frames, &mut Plain)).await?)?;
    assert!(matches!(answer.as_slice(), [Frame::Stop(stop)] if stop.code == StopCode::UnknownDevice), "{answer:?}");
    assert!(healing_report(&stage.world.office)?.waiting.is_empty());
    Ok(())
}

#[tokio::test]
async fn x_74_a_revocation_that_the_store_has_lost_comes_back_with_any_device() -> Result<(), Trouble> {
    let mut stage = Stage::new(24).await?;
    let backup = stage.world.backup();
    let (device, by): (_, PersonId) = (stage.li.client.replica().identity().device, stage.world.clerk);
    stage.world.office.committer.run(move |writer| writer.revoke(device, by, "丢失".to_owned())).await?;
    stage.world.settle(&mut [&mut stage.zhang]).await?;
    stage.world.restore(backup)?;
    // Zhang comes first and carries it.
    stage.world.settle(&mut [&mut stage.zhang]).await?;
    stage.li.note(stage.one, "谁拿着手机")?;
    assert_eq!(stopped(stage.world.sync(&mut stage.li).await), Some(StopCode::Revoked));
    assert!(notes(&*stage.world.view(stage.one).await?).is_empty());
    assert!(stage.quarantine()?.iter().all(|(_, code)| *code == Some(QuarantineCode::Revoked)));
    stage.world.settle(&mut [&mut stage.zhang]).await?;
    Ok(())
}

#[tokio::test]
async fn x_74_a_forgotten_device_that_had_been_revoked_is_not_confirmed() -> Result<(), Trouble> {
    let mut stage = Stage::new(25).await?;
    let backup = stage.world.backup();
    let mut phone = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut phone]).await?;
    let (device, by): (_, PersonId) = (phone.client.replica().identity().device, stage.world.clerk);
    stage.world.office.committer.run(move |writer| writer.revoke(device, by, "丢失".to_owned())).await?;
    stage.settle().await?;
    stage.world.restore(backup)?;
    phone.note(stage.one, "捡到的手机")?;
    assert_eq!(stopped(stage.world.sync(&mut phone).await), Some(StopCode::NotConfirmed), "nobody has said so yet");
    stage.settle().await?;
    assert_eq!(stopped(stage.world.sync(&mut phone).await), Some(StopCode::Revoked));
    let confirmed = stage.world.office.committer.run(move |writer| writer.confirm_device(device, by)).await;
    assert!(confirmed.is_err());
    assert!(notes(&*stage.world.view(stage.one).await?).is_empty());
    Ok(())
}
