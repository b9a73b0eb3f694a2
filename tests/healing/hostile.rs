//! A restored store believes what it has signed, and of the rest only what does no harm.

use docket_client::replica::DeviceReplica;
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::Tables;
use docket_server::restore::report::healing_report;
use docket_server::store::{KeyRange, Table};
use docket_sync_core::facts::{Block, Ledger, Role};
use docket_sync_core::ids::{ChangeHash, Digest, PersonId, RecordId};
use docket_sync_core::limits::BLOCK_NUMBERS_MAX;
use docket_sync_core::proof;
use docket_sync_core::reference::{
    ApprovalCodes, Customer, NumberBlocks, Reference, ReferenceRecord, codes_record, numbers_record, person_record,
};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::device::Replica as _;
use docket_sync_core::sync::frames::{Cover, DocumentHeads, Frame, Heads, ProofBytes, QuarantineCode, References};
use docket_sync_core::sync::message::{Plain, pack, unpack};
use docket_sync_core::time::{DAY, HOUR, UnixMillis};

use super::stage::{Notes as _, Stage, notes};
use crate::quarantine::rogue;

/// Li's phone holds a receipt of the lost stretch; the office is restored and hands it a nonce.
async fn restored(seed: u64) -> Result<Stage, Trouble> {
    let mut stage = Stage::new(seed).await?;
    let backup = stage.world.backup();
    stage.li.note(stage.one, "今天")?;
    stage.settle().await?;
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    greeted(&stage.world, &mut stage.li).await?;
    Ok(stage)
}

/// A phone in the wrong hands has the store's new nonce, and gives nothing back.
async fn greeted(world: &World, device: &mut Device) -> Result<(), Trouble> {
    match rogue::ask(world, device, Vec::new()).await?.first() {
        Some(Frame::Nonce(nonce)) => Ok(device.client.replica_mut().new_nonce(nonce)?),
        other => Err(format!("{other:?}").into()),
    }
}

/// What the phone says to have been given, with the receipt that it really has.
async fn tell(stage: &mut Stage, records: Vec<ReferenceRecord>) -> Result<(), Trouble> {
    let receipt = stage.li.client.replica_mut().references()?.into_iter().find_map(|given| given.receipt);
    assert!(receipt.is_some());
    let records = records.iter().map(|record| ProofBytes(record.to_bytes())).collect();
    let travels = vec![Frame::References(References { receipt, records })];
    let answer = rogue::ask(&stage.world, &mut stage.li, travels).await?;
    assert!(matches!(answer.first(), Some(Frame::Welcome(_))), "{answer:?}");
    Ok(())
}

fn known(world: &World, id: RecordId) -> Result<Option<ReferenceRecord>, Trouble> {
    let _durable = world.office.hub.read();
    Ok(Tables::reference(world.office.store.as_ref(), id)?)
}

fn customer(name: &str) -> Reference {
    Customer { name: name.to_owned(), phone: "1".to_owned(), language: None, codes: None }.into()
}

#[tokio::test]
async fn x_74_who_shows_a_loss_gives_himself_neither_codes_nor_names_that_stay() -> Result<(), Trouble> {
    let mut stage = restored(31).await?;
    let supervisor: PersonId = stage.world.person("主管", &[Role::Supervisor]).await?;
    let (store, key) = (stage.world.office.identity.store, stage.li.signing_key()?);
    let codes = ApprovalCodes {
        approver: supervisor,
        first: 1,
        hashes: vec![Digest([7; 32])],
        until: stage.world.now().plus(30 * DAY),
        signature: None,
    };
    let id = codes_record(supervisor);
    let unsigned = ReferenceRecord::new(id, 5, codes);
    // Somebody who is known, an order's customer, and two that nobody has heard of.
    let person = person_record(stage.world.clerk);
    let view = stage.world.view(stage.one).await?;
    let named = view.request.as_ref().ok_or("a request")?.customer;
    let before = (known(&stage.world, person)?, known(&stage.world, named)?.ok_or("a customer")?);
    let (new, far) = (RecordId([0x21; 16]), RecordId([0x22; 16]));
    tell(
        &mut stage,
        vec![
            unsigned.clone(),
            unsigned.signed_as_given(store, &key),
            ReferenceRecord::new(person, 9, customer("顶替")),
            ReferenceRecord::new(named, u64::MAX, customer("永远")),
            ReferenceRecord::new(far, u64::MAX, customer("永远")),
            ReferenceRecord::new(new, 2, customer("新客户")),
        ],
    )
    .await?;
    assert_eq!(known(&stage.world, id)?, None, "hashes of his own choice");
    assert_eq!((known(&stage.world, person)?, known(&stage.world, named)?.ok_or("a customer")?), before);
    assert_eq!(known(&stage.world, far)?, None, "no version that the office cannot write over");
    assert_eq!(
        known(&stage.world, new)?.ok_or("the lost one")?.content,
        customer("新客户"),
        "what was lost comes back"
    );
    Ok(())
}

#[tokio::test]
async fn x_74_a_ledger_is_not_moved_by_what_a_device_says_of_its_numbers() -> Result<(), Trouble> {
    let mut stage = restored(32).await?;
    let (li, zhang) = (stage.li.client.replica().identity().device, stage.zhang.client.replica().identity().device);
    let next = |stage: &Stage| {
        let committer = stage.world.office.committer.clone();
        async move { committer.run(move |writer| writer.issue_block(zhang, Ledger::Custody, 10, None)).await }
    };
    let given = next(&stage).await?;
    let block = |first: u64, last: u64| Block { ledger: Ledger::Custody, first, last };
    let record = |device, blocks: Vec<Block>| {
        ReferenceRecord::new(numbers_record(device), 900, NumberBlocks { device, blocks, signature: None })
    };
    let wild = vec![
        block(1, u64::MAX),
        block(given.last + 1, given.last + BLOCK_NUMBERS_MAX + 1),
        block(u64::MAX - 10, u64::MAX),
        block(0, 5),
        given,
    ];
    // Zhang's blocks are not Li's to tell.
    tell(&mut stage, vec![record(li, wild), record(zhang, vec![block(given.last + 1, given.last + 10)])]).await?;
    let after = next(&stage).await?;
    assert_eq!(after.first, given.last + 1, "the ledger is where it was");
    // A program that did not sign yet gave Li this one: he has it again, and the ledger goes on behind it.
    let lost = block(after.last + 1, after.last + 10);
    tell(&mut stage, vec![record(li, vec![lost])]).await?;
    let Some(Reference::NumberBlocks(numbers)) = known(&stage.world, numbers_record(li))?.map(|record| record.content)
    else {
        return Err("blocks".into());
    };
    assert!(numbers.blocks.contains(&lost) && numbers.signature.is_some(), "{numbers:?}");
    let behind = next(&stage).await?;
    assert_eq!(behind.first, lost.last + 1);
    // Once after a loss.
    tell(&mut stage, vec![record(li, vec![block(behind.last + 1, behind.last + 10)])]).await?;
    assert_eq!(next(&stage).await?.first, behind.last + 1);
    Ok(())
}

#[tokio::test]
async fn u_05_codes_and_numbers_that_a_restored_store_lost_come_back_under_its_signature() -> Result<(), Trouble> {
    let mut stage = Stage::new(33).await?;
    let supervisor: PersonId = stage.world.person("主管", &[Role::Supervisor]).await?;
    let zhang = stage.zhang.client.replica().identity().device;
    let backup = stage.world.backup();
    let until: UnixMillis = stage.world.now().plus(30 * DAY);
    let (_, block) = stage
        .world
        .office
        .committer
        .run(move |writer| {
            Ok((writer.issue_codes(supervisor, 3, until)?, writer.issue_block(zhang, Ledger::Custody, 100, None)?))
        })
        .await?;
    let before = known(&stage.world, codes_record(supervisor))?.ok_or("codes")?;
    stage.li.note(stage.one, "今天")?;
    stage.settle().await?;
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    assert_eq!(known(&stage.world, codes_record(supervisor))?, None);
    // Li alone brings back what concerns others.
    stage.world.settle(&mut [&mut stage.li]).await?;
    assert_eq!(known(&stage.world, codes_record(supervisor))?.ok_or("codes")?, before);
    let Some(Reference::NumberBlocks(numbers)) =
        known(&stage.world, numbers_record(zhang))?.map(|record| record.content)
    else {
        return Err("blocks".into());
    };
    assert!(numbers.blocks.contains(&block), "{numbers:?}");
    let next = stage.world.office.committer.run(move |writer| writer.issue_block(zhang, Ledger::Custody, 10, None));
    assert_eq!(next.await?.first, block.last + 1, "no number is given twice");
    stage.settle().await
}

#[tokio::test]
async fn x_74_what_a_device_says_of_the_loss_counts_as_far_as_its_receipt_shows() -> Result<(), Trouble> {
    let mut stage = Stage::new(34).await?;
    let backup = stage.world.backup();
    stage.li.note(stage.one, "今天")?;
    stage.settle().await?;
    let gone = stage.world.log_length();
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    greeted(&stage.world, &mut stage.li).await?;
    let lacking = |number: u8| DocumentHeads {
        document: docket_sync_core::ids::DocumentId([number; 16]),
        heads: vec![ChangeHash([number; 32])],
        receipt: Some(u64::MAX),
    };
    // Its cursor and its numbers are beyond all measure, and it shows nothing for them.
    let heads = Frame::Heads(Heads { documents: (1..=9).map(lacking).collect() });
    boast(&stage.world, &mut stage.li, vec![heads.clone()]).await?;
    let report = healing_report(&stage.world.office)?;
    assert_eq!((report.seen_to, report.gaps_total), (None, 0), "{report:?}");
    let receipt = stage.li.client.replica_mut().references()?.into_iter().find_map(|given| given.receipt);
    let shown = Frame::References(References { receipt, records: Vec::new() });
    boast(&stage.world, &mut stage.li, vec![shown, heads]).await?;
    let report = healing_report(&stage.world.office)?;
    assert!(report.seen_to.is_some_and(|to| to <= gone), "{report:?}");
    assert_eq!(report.gaps_total, 9);
    Ok(())
}

/// A Hello whose cursor is the device's invention.
async fn boast(world: &World, device: &mut Device, travels: Vec<Frame>) -> Result<(), Trouble> {
    let key = device.signing_key()?;
    let replica: &mut DeviceReplica<_> = device.client.replica_mut();
    let mut hello = replica.hello(docket_sync_core::sync::message::travels_digest(&travels))?;
    hello.cursor = hello.cursor.map(|cursor| Cursor { number: u64::MAX, ..cursor });
    hello.signature = proof::sign(&key, &hello.signed_bytes(world.office.identity.store));
    let frames: Vec<Frame> = std::iter::once(Frame::Hello(hello)).chain(travels).collect();
    let answer = unpack(&world.carry(&pack(&frames, &mut Plain)).await?)?;
    let Some(Frame::Welcome(welcome)) = answer.first() else { return Err(format!("{answer:?}").into()) };
    device.client.replica_mut().welcomed(welcome)?;
    Ok(())
}

#[tokio::test]
async fn x_74_a_gap_is_closed_by_the_push_that_fills_it() -> Result<(), Trouble> {
    let mut stage = Stage::new(35).await?;
    let backup = stage.world.backup();
    stage.li.note(stage.one, "今天")?;
    stage.settle().await?;
    stage.world.restore(backup)?;
    stage.compare_and_vanish().await?;
    let claims = |stage: &Stage| {
        Tables::scan(stage.world.office.store.as_ref(), Table::Meta, &KeyRange::prefix("restored/claim/"), 10)
    };
    assert_eq!(claims(&stage)?.len(), 1);
    stage.settle().await?;
    assert!(claims(&stage)?.is_empty(), "nobody has to look for it again");
    Ok(())
}

/// Two phones with one identity, of after the backup: the office confirms that identity, and neither branch is lost.
#[tokio::test]
async fn x_76_of_a_forgotten_device_that_was_cloned_both_branches_are_kept() -> Result<(), Trouble> {
    let mut stage = Stage::new(36).await?;
    let backup = stage.world.backup();
    let mut phone = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut phone]).await?;
    let mut clone = phone.cloned(4_713)?;
    phone.note(stage.one, "甲")?;
    clone.note(stage.one, "乙")?;
    clone.note(stage.later, "乙二")?;
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    assert!(stage.world.sync(&mut phone).await.is_err(), "it waits");
    let device = phone.client.replica().identity().device;
    let push = rogue::push_of(&mut clone)?;
    assert!(matches!(push.cover, Cover::Own { .. }));
    stage.world.office.committer.run(move |writer| writer.hold_push(device, &push)).await?;
    let admin = stage.world.clerk;
    stage.world.office.committer.run(move |writer| writer.confirm_device(device, admin)).await?;
    let view = stage.world.view(stage.one).await?;
    let kept = stage.quarantine()?;
    assert_eq!(notes(&view).len() + kept.len(), 3, "{kept:?}");
    assert!(kept.iter().any(|(_, code)| *code == Some(QuarantineCode::TwoContents)), "{kept:?}");
    assert!(healing_report(&stage.world.office)?.waiting.is_empty());
    Ok(())
}
