//! An order is full one day, and that is nobody else's trouble.

use docket_harness::world::Trouble;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Author;
use docket_sync_core::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_BYTES_OF_OFFICE, NOTE_BYTES_MAX};
use docket_sync_core::sync::frames::QuarantineCode;

use super::{Stage, note_by, notes};

/// A phone gone mad fills an order with more than any message can carry.
#[tokio::test]
async fn an_order_takes_what_a_message_can_carry_and_harms_no_device_behind_it() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let (one, other, li) = (stage.one, stage.other, Author::Person(stage.li.person));
    let stated = 5 * 1024 * 1024 / NOTE_BYTES_MAX;
    for number in 0..stated {
        // Bytes that do not compress into nothing.
        let text: String =
            (0..NOTE_BYTES_MAX / 32).map(|part| format!("{:032x}", (number * 7_919 + part) * 1_000_003)).collect();
        stage.state(one, li.clone(), note_by(&text))?;
    }
    stage.note(other, "旁边")?;
    for _ in 0..5 {
        stage.world.sync(&mut stage.li).await?;
    }
    assert_eq!(stage.li.client.status().pending, None, "everything is answered");

    // What fits is in it, whole; the rest waits for a person and is told.
    let taken = stage.world.view(one).await?.notes.len();
    let fits = (DOCUMENT_BYTES_MAX - DOCUMENT_BYTES_OF_OFFICE) / NOTE_BYTES_MAX;
    assert!((fits * 9 / 10..=fits).contains(&taken), "{taken} of {stated}, about {fits} fit");
    let kept = stage.quarantine()?;
    assert!(kept.iter().all(|(order, code)| (*order, *code) == (one, Some(QuarantineCode::Limit))), "{kept:?}");
    assert_eq!(kept.len(), stated - taken);
    assert_eq!(stage.li.client.status().refused.len(), stated - taken);

    // The office still decides on it, and every device has everything.
    stage.world.act(stage.world.clerk, one, Command::Cancel { reason: "终端失控".to_owned() }).await?;
    let mut cold = stage.world.enrol(stage.li.person).await?;
    stage.world.settle(&mut [&mut cold, &mut stage.li, &mut stage.zhang]).await?;
    assert_eq!(cold.client.status().verified, Some(true));
    assert_eq!(cold.show(one)?.view, *stage.world.view(one).await?);
    assert_eq!(notes(&*stage.world.view(other).await?), ["旁边"]);
    assert_eq!(cold.show(other)?.view, *stage.world.view(other).await?);
    Ok(())
}
