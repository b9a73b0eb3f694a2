//! More than one loss: each is told, and a number counts for the log that it is of.

use docket_harness::world::Trouble;
use docket_server::restore::report::healing_report;
use docket_sync_core::time::HOUR;

use super::stage::{Notes as _, Stage, notes};

#[tokio::test]
async fn x_74_a_disk_rolled_back_behind_a_restore_is_told_as_a_loss_of_its_own() -> Result<(), Trouble> {
    let mut stage = Stage::new(41).await?;
    let backup = stage.world.backup();
    stage.day().await?;
    let seen = stage.world.log_length();
    stage.world.restore(backup)?;
    stage.world.pass(HOUR);
    stage.settle().await?;
    let first = healing_report(&stage.world.office)?;
    let restored = first.loss.clone().ok_or("a loss")?;
    assert!(!restored.was_unnoticed() && first.earlier.is_empty() && first.seen_to == Some(seen), "{first:?}");

    // It goes on in the new epoch, and the disk goes back a little without a word.
    let snapshot = stage.world.backup();
    let kept = snapshot.1;
    stage.li.note(stage.one, "第二次之前")?;
    stage.settle().await?;
    let gone = stage.world.log_length();
    stage.world.roll_back(snapshot)?;
    stage.world.pass(HOUR);
    stage.settle().await?;
    let report = healing_report(&stage.world.office)?;
    let loss = report.loss.clone().ok_or("a loss")?;
    assert!(loss.was_unnoticed(), "{report:?}");
    assert_eq!(loss.until_number, kept);
    assert_eq!(report.earlier, [(restored, Some(seen))], "the restore is remembered, with what was seen of its log");
    let (from, to) = report.lost().ok_or("numbers")?;
    assert!(from == kept + 1 && to > kept && to <= gone, "{report:?}");
    assert!(notes(&*stage.world.view(stage.one).await?).contains(&"第二次之前"), "it came back");
    Ok(())
}

#[tokio::test]
async fn promise_5_a_phone_that_was_away_through_two_restores_is_named_with_its_gap() -> Result<(), Trouble> {
    // It shows what it holds before the second restore, or behind it.
    for early in [true, false] {
        let mut stage = Stage::new(42).await?;
        let backup = stage.world.backup();
        let first_until = backup.1;
        stage.li.note(stage.one, "只在李的手机")?;
        stage.settle().await?;
        let gone = stage.world.log_length();
        stage.world.restore(backup)?;
        stage.world.settle(&mut [&mut stage.zhang]).await?;
        if early {
            stage.compare_and_vanish().await?;
            assert_eq!(healing_report(&stage.world.office)?.gaps.len(), 1);
        }
        // The store grows beyond the numbers that were lost, and is restored with all of them.
        while stage.world.log_length() <= gone {
            stage.world.order("新单").await?;
        }
        stage.world.settle(&mut [&mut stage.zhang]).await?;
        let again = stage.world.backup();
        stage.world.pass(HOUR);
        stage.world.restore(again)?;
        stage.world.settle(&mut [&mut stage.zhang]).await?;
        if !early {
            stage.compare_and_vanish().await?;
        }
        let report = healing_report(&stage.world.office)?;
        let [(first, seen_to)] = report.earlier.as_slice() else { return Err(format!("{report:?}").into()) };
        assert_eq!(
            (first.until_number, *seen_to > Some(first_until), *seen_to <= Some(gone)),
            (first_until, true, true)
        );
        let [gap] = report.gaps.as_slice() else { return Err(format!("one gap: {report:?}").into()) };
        assert_eq!((gap.document, gap.lost_at), (stage.one, Some(first.at)));
        assert!(gap.number > first_until && gap.number <= gone, "{gap:?}");
        assert_eq!((report.seen_to, report.lost()), (None, None), "of the second log nobody has seen more");
        // It comes back: the gap closes.
        stage.settle().await?;
        let report = healing_report(&stage.world.office)?;
        assert!(report.gaps.is_empty(), "{report:?}");
        assert_eq!(notes(&*stage.world.view(stage.one).await?), ["只在李的手机"]);
    }
    Ok(())
}
