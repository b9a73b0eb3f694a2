//! A phone in the wrong hands: it holds its own key and says what the library would not.

use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::document::{ChainHead, Record, rebuild_unchecked};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::{ActorId, DocumentId};
use docket_sync_core::proof::{self, Envelope, EnvelopeDocument};
use docket_sync_core::sync::device::{DeviceSession, Replica};
use docket_sync_core::sync::frames::{Cover, Frame, Push, RecordSet};
use docket_sync_core::sync::message::{Plain, pack, travels_digest, unpack};
use std::collections::BTreeMap;

/// The push that the device would send now.
pub(crate) fn push_of(device: &mut Device) -> Result<Push, Trouble> {
    device.client.replica_mut().begin_session();
    let push = device.client.replica_mut().next_pushes()?.pop().ok_or("a push")?;
    device.client.replica_mut().begin_session();
    Ok(push)
}

/// Rewrites what the facts of a push say.
pub(crate) fn change(push: &mut Push, change: impl Fn(&mut StatedFact)) -> Result<(), Trouble> {
    let mut documents: Vec<(DocumentId, Vec<Record>)> = push.records.unpack()?;
    for record in documents.iter_mut().flat_map(|(_, records)| records) {
        let mut stated = StatedFact::from_bytes(&record.bytes)?;
        change(&mut stated);
        record.bytes = StatedFact::new(stated.statement, stated.content).to_bytes();
    }
    push.records = RecordSet::pack(documents.iter().map(|(document, records)| (*document, records.as_slice())));
    Ok(())
}

/// Signs an envelope of `device` over what `push` carries. Its chains begin in it.
pub(crate) fn cover(push: &mut Push, world: &World, device: &Device, counter: u64) -> Result<(), Trouble> {
    let listed = listed(push)?;
    let (store, id) = (world.office.identity.store, device.client.replica().identity().device);
    let envelope = Envelope::signed(store, id, counter, listed, &device.signing_key()?);
    push.cover = Cover::Own { key: envelope.key, counter, signature: envelope.signature };
    Ok(())
}

/// The changes of a push whose chains begin in it.
pub(crate) fn listed(push: &Push) -> Result<Vec<EnvelopeDocument>, Trouble> {
    let mut listed = Vec::new();
    for (document, records) in push.records.unpack()? {
        let mut ends: BTreeMap<ActorId, ChainHead> = BTreeMap::new();
        let mut changes = Vec::new();
        for record in records {
            let built = rebuild_unchecked(document, ends.get(&record.actor), &record);
            ends.insert(record.actor, ChainHead { sequence: record.sequence, hash: built.hash });
            changes.push(built.hash);
        }
        listed.push(EnvelopeDocument { document, changes });
    }
    Ok(listed)
}

/// A good Hello with `travels`; gives the server's frames, which the device does not get to see.
pub(crate) async fn ask(world: &World, device: &mut Device, travels: Vec<Frame>) -> Result<Vec<Frame>, Trouble> {
    let hello = device.client.replica_mut().hello(travels_digest(&travels))?;
    let frames: Vec<Frame> = std::iter::once(Frame::Hello(hello)).chain(travels).collect();
    let answer = unpack(&world.carry(&pack(&frames, &mut Plain)).await?)?;
    // The nonce for the next Hello is in the Welcome.
    if let Some(Frame::Welcome(welcome)) = answer.first() {
        device.client.replica_mut().welcomed(welcome)?;
    }
    Ok(answer)
}

/// One request of the device as it makes it; gives the server's frames.
pub(crate) async fn as_ever(world: &World, device: &mut Device) -> Result<Vec<Frame>, Trouble> {
    altered(world, device, |_| {}).await
}

/// One request of the device whose records were changed before they were signed; the device takes the answer.
pub(crate) async fn altered(
    world: &World,
    device: &mut Device,
    change: impl Fn(&mut Vec<Record>),
) -> Result<Vec<Frame>, Trouble> {
    device.client.replica_mut().begin_session();
    let mut session = DeviceSession::single();
    let mut frames = session.start(device.client.replica_mut())?;
    for frame in &mut frames {
        let Frame::Push(push) = frame else { continue };
        let before = push.records.clone();
        let mut documents: Vec<(DocumentId, Vec<Record>)> = push.records.unpack()?;
        for (_, records) in &mut documents {
            change(records);
        }
        push.records = RecordSet::pack(documents.iter().map(|(document, records)| (*document, records.as_slice())));
        if push.records != before {
            let Cover::Own { counter, .. } = push.cover else { return Err("an own cover".into()) };
            cover(push, world, device, counter)?;
        }
    }
    let travels = travels_digest(frames.get(1..).unwrap_or_default());
    let key = device.signing_key()?;
    if let Some(Frame::Hello(hello)) = frames.first_mut() {
        hello.travels = travels;
        hello.signature = proof::sign(&key, &hello.signed_bytes(world.office.identity.store));
    }
    let answer = unpack(&world.carry(&pack(&frames, &mut Plain)).await?)?;
    session.receive(device.client.replica_mut(), answer.clone())?;
    Ok(answer)
}
