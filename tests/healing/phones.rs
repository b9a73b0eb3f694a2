//! Phones that were restored or cloned, also while the store was.

use docket_harness::world::Trouble;
use docket_sync_core::lifecycle::view::ReviewKind;
use docket_sync_core::time::HOUR;

use super::stage::{Notes as _, Stage, notes};

#[tokio::test]
async fn x_76_two_phones_with_one_identity_both_keep_their_branch() -> Result<(), Trouble> {
    let mut stage = Stage::new(31).await?;
    stage.li.note(stage.one, "共同")?;
    stage.settle().await?;
    let mut clone = stage.li.cloned(4_711)?;
    stage.li.note(stage.one, "原机")?;
    clone.note(stage.one, "副本")?;
    stage.world.pass(HOUR);
    stage.settle().await?;
    stage.world.settle(&mut [&mut clone]).await?;
    stage.world.settle(&mut [&mut stage.li, &mut clone, &mut stage.zhang]).await?;
    let view = stage.world.view(stage.one).await?;
    let mut texts = notes(&view);
    texts.sort_unstable();
    assert_eq!(texts, ["共同", "副本", "原机"]);
    assert!(view.reviews.iter().any(|review| review.kind == ReviewKind::ClonedDevice), "{:?}", view.reviews);
    assert_eq!(clone.show(stage.one)?.view, *view);
    Ok(())
}

#[tokio::test]
async fn x_76_a_phone_from_its_own_backup_meets_a_restored_store() -> Result<(), Trouble> {
    let mut stage = Stage::new(32).await?;
    let phone = stage.li.backup();
    let office = stage.world.backup();
    stage.li.note(stage.one, "两边都丢了")?;
    stage.settle().await?;
    // Both lose the afternoon, and the phone states something else in its place.
    stage.world.restore(office)?;
    stage.li.restore(phone)?;
    stage.li.note(stage.one, "重来")?;
    stage.world.pass(HOUR);
    stage.settle().await?;
    assert_eq!(notes(&*stage.world.view(stage.one).await?), ["重来"]);
    stage.settle().await
}

#[tokio::test]
async fn x_76_a_clone_that_came_first_after_a_restore_costs_the_other_nothing() -> Result<(), Trouble> {
    let mut stage = Stage::new(33).await?;
    let office = stage.world.backup();
    let mut clone = stage.li.cloned(4_712)?;
    // Li's fact is acknowledged, then lost by the store; the clone takes its place there.
    stage.li.note(stage.one, "已确认")?;
    stage.settle().await?;
    stage.world.restore(office)?;
    clone.note(stage.one, "副本")?;
    stage.world.pass(HOUR);
    stage.world.settle(&mut [&mut clone]).await?;
    assert_eq!(notes(&*stage.world.view(stage.one).await?), ["副本"]);
    stage.world.settle(&mut [&mut stage.li, &mut clone]).await?;
    let view = stage.world.view(stage.one).await?;
    let mut texts = notes(&view);
    texts.sort_unstable();
    assert_eq!(texts, ["副本", "已确认"], "both branches are kept");
    Ok(())
}
