//! What a device keeps, sealed, of an order that left its scope, given back to the real server after a loss.

use docket_harness::world::Trouble;
use docket_server::backup::BackedUp;
use docket_server::commit::Tables;
use docket_server::store::disk::RealDisk;
use docket_sync_core::commands::Command;
use docket_sync_core::time::{DAY, HOUR};

use super::stage::{Notes as _, Stage, notes};

/// Li's order gets a note of his and one of the office, is cancelled, and leaves his phone.
async fn leave(stage: &mut Stage) -> Result<(), Trouble> {
    let (one, clerk) = (stage.one, stage.world.clerk);
    stage.li.note(one, "师傅写的")?;
    stage.settle().await?;
    stage.world.act(clerk, one, Command::Note { text: "办公室写的".to_owned() }).await?;
    stage.world.act(clerk, one, Command::Cancel { reason: "客户取消".to_owned() }).await?;
    stage.settle().await?;
    stage.settle().await?;
    stage.world.pass_for(&[&stage.li, &stage.zhang], 15 * DAY);
    stage.settle().await?;
    stage.settle().await
}

#[tokio::test]
async fn promise_5_what_left_a_phone_comes_back_to_a_restored_server() -> Result<(), Trouble> {
    let mut stage = Stage::new(51).await?;
    let backup = stage.world.backup();
    leave(&mut stage).await?;
    assert!(stage.li.show(stage.one).is_err(), "nobody reads it on the phone");
    let before = stage.world.view(stage.one).await?;
    assert_eq!(notes(&before), ["师傅写的", "办公室写的"]);

    // The office begins again on a backup of before it all. What the phone has of that order only the office can read.
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    assert!(notes(&*stage.world.view(stage.one).await?).is_empty());
    stage.world.settle(&mut [&mut stage.li]).await?;
    assert_eq!(*stage.world.view(stage.one).await?, *before, "his facts and the office's, under receipt and envelope");
    assert!(stage.quarantine()?.is_empty(), "{:?}", stage.quarantine()?);
    // Once more is once.
    stage.settle().await?;
    assert_eq!(*stage.world.view(stage.one).await?, *before);
    Ok(())
}

#[tokio::test]
async fn promise_5_a_sealed_bundle_gives_nobody_a_right() -> Result<(), Trouble> {
    use crate::quarantine::rogue;
    use docket_sync_core::sync::frames::{Frame, Sealed, SealedBundle};

    let mut stage = Stage::new(52).await?;
    // Bytes that do not open: an answer, nothing taken, the session goes on.
    let bundles = vec![SealedBundle { document: stage.one, bytes: vec![7; 300] }];
    let answer = rogue::ask(&stage.world, &mut stage.li, vec![Frame::Sealed(Sealed { bundles })]).await?;
    assert!(
        matches!(answer.as_slice(), [Frame::Welcome(_), Frame::Ack(ack), ..] if ack.exceptions.is_empty()),
        "{answer:?}"
    );
    assert!(notes(&*stage.world.view(stage.one).await?).is_empty() && stage.quarantine()?.is_empty());
    stage.settle().await
}

/// A receipt names heads: what lies before them is proven by what comes with it, however long the order is.
#[tokio::test]
async fn promise_5_a_long_order_comes_back_whole() -> Result<(), Trouble> {
    let mut stage = Stage::new(53).await?;
    let backup = stage.world.backup();
    for number in 0..12 {
        stage.li.note(stage.one, &format!("师傅 {number}"))?;
        stage.settle().await?;
        let text = format!("办公室 {number}");
        stage.world.act(stage.world.clerk, stage.one, Command::Note { text }).await?;
    }
    leave(&mut stage).await?;
    let before = stage.world.view(stage.one).await?;
    assert_eq!(notes(&before).len(), 26);
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    stage.world.settle(&mut [&mut stage.li]).await?;
    assert_eq!(stage.quarantine()?, []);
    assert_eq!(*stage.world.view(stage.one).await?, *before);
    Ok(())
}

/// The disk was rolled back, the office worked on, and its log, with a backup of it, has passed every number that the
/// phone has of the old one. Numbers of two logs say nothing about each other.
#[tokio::test]
async fn promise_5_what_left_a_phone_is_not_dropped_by_the_numbers_of_another_log() -> Result<(), Trouble> {
    let mut stage = Stage::new(54).await?;
    let snapshot = stage.world.backup();
    leave(&mut stage).await?;
    let before = stage.world.view(stage.one).await?;
    let length = stage.world.log_length();
    // Long enough for the phone to drop it.
    stage.world.pass_for(&[&stage.li, &stage.zhang], 31 * DAY);
    stage.world.roll_back(snapshot)?;
    while stage.world.log_length() < length + 20 {
        stage.world.order("回滚之后").await?;
    }
    let data = tempfile::tempdir()?;
    let number = stage.world.log_length();
    let chain = {
        let _durable = stage.world.office.hub.read();
        Tables::log_entry(stage.world.office.store.as_ref(), number)?.ok_or("an entry")?.chain
    };
    let told = BackedUp { number, chain, at_ms: stage.world.now().0, to: "/backup".to_owned() };
    told.write(&RealDisk::new(data.path()))?;
    stage.world.office.last_backup.follow(data.path());
    stage.settle().await?;
    let after = stage.world.view(stage.one).await?;
    assert_eq!(notes(&after), notes(&before), "what lay sealed on the phone came back");
    Ok(())
}
