//! A restored store is the store as it was, in a new epoch, and its devices give back what it lacks.

use docket_harness::world::Trouble;

use super::setting::{Shelf, log_to, open, orders, rows};
use crate::network::setting::company;

#[tokio::test]
async fn a_restore_up_to_a_number_or_a_time_is_the_store_as_it_was_then() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let shelf = Shelf::new().await?;
    phones[0].note("before")?;
    phones[0].sync(address).await?;
    shelf.back_up(&office).await?;
    let then = shelf.manifest()?["series"][0]["pieces"][0].clone();
    let (number, at) = (then["log_to"].as_u64().unwrap(), then["last_at"].as_i64().unwrap());
    office.stop().await?;
    let earlier = office.copy()?;
    let address = office.serve().await?;
    phones[0].note("after")?;
    phones[0].sync(address).await?;
    shelf.back_up(&office).await?;
    let (mut restored, said) = shelf.restore(&["--to-number", &number.to_string()]).await?;
    assert!(said.contains(&format!("until number {number}")) && said.contains("Left out"), "{said}");
    let time = docket_sync_core::time::UnixMillis(at).to_string();
    let (by_time, said) = shelf.restore(&["--until", &time]).await?;
    assert!(said.contains(&format!("until number {number}")), "{said}");
    for restored in [&restored, &by_time] {
        let (left, right) = (open(&earlier)?, open(restored)?);
        assert_eq!(log_to(&left, number)?, log_to(&right, number)?);
        assert_eq!(orders(&left)?, orders(&right)?);
        assert_eq!(rows(&right)?.len(), 1);
    }
    // The device, which is ahead, notices the epoch and gives back what it has.
    let address = restored.serve().await?;
    let report = phones[0].sync(address).await?;
    assert_eq!(report.unsent, 0);
    assert_eq!(phones[0].sync(address).await?.verified, Some(true));
    assert_eq!(phones[0].notes()?, ["before", "after"]);
    restored.stop().await?;
    office.stop().await?;
    // The order folds to the same as before the loss: the log orders it differently, the facts are the same.
    let (left, right) = (rows(&open(&office)?)?, rows(&open(&restored)?)?);
    assert_eq!(left.len(), right.len());
    let (mut left, right) = (left[0].clone(), right[0].clone());
    left.number = right.number;
    assert_eq!(left, right, "every fact of the device is back");
    Ok(())
}

#[tokio::test]
async fn a_restored_store_goes_on_in_the_same_backup() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    let shelf = Shelf::new().await?;
    office.stop().await?;
    shelf.back_up(&office).await?;
    let (restored, _) = shelf.restore(&[]).await?;
    restored.add_person("new", "新来的人", &["technician"], &[]).await?;
    let said = shelf.back_up(&restored).await?;
    assert!(!said.contains("was begun"), "everything was restored, so its journal continues the series: {said}");
    shelf.verify().await?;
    let (again, _) = shelf.restore(&[]).await?;
    assert!(again.command(&["user", "list"]).await?.join("\n").contains("new"));
    Ok(())
}

#[tokio::test]
async fn nothing_as_old_as_asked_for_is_refused_and_leaves_no_store() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let refused = shelf.restore(&["--until", "2001-01-01T00:00:00Z"]).await.err().ok_or("it was restored")?.to_string();
    assert!(refused.contains("begins at") && refused.contains("as old as that"), "{refused}");
    let refused = shelf.restore(&["--series", "7"]).await.err().ok_or("it was restored")?.to_string();
    assert!(refused.contains("has 1 series"), "{refused}");
    Ok(())
}
