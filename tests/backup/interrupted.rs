//! A backup or a restore that is killed leaves nothing that misleads, and is simply run again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use docket_harness::condition::eventually;
use docket_harness::office::Office;
use docket_harness::process::binary;
use docket_harness::world::Trouble;
use docket_server::store::Entry;

use super::setting::{Shelf, good, log_to, open, orders, refused};
use crate::network::setting::company;

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Starts `docket ARGUMENTS` and kills it when `is_time` says so. Gives whether it was killed before its end.
async fn kill_when(arguments: &[&str], is_time: impl Fn() -> bool) -> Result<bool, Trouble> {
    let mut command = tokio::process::Command::new(binary("docket")?);
    let mut child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    let ended = eventually("the moment to kill it", DEADLINE, || {
        let ended = child.try_wait().ok().flatten();
        let over = ended.is_some() || is_time();
        async move { over.then_some(ended) }
    });
    let ended = ended.await?;
    if ended.is_none() {
        child.kill().await?;
    }
    Ok(ended.is_none())
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn orders_of(office: &Office) -> Result<(usize, Vec<Entry>), Trouble> {
    let store = open(office)?;
    Ok((log_to(&store, u64::MAX - 1)?.len(), orders(&store)?))
}

#[tokio::test]
async fn a_backup_killed_at_any_step_is_run_again_and_is_whole() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let mut killed = 0;
    for step in 1..=4 {
        let shelf = Shelf::new().await?;
        let (data, to) = (office.data(), shelf.to());
        let arguments = ["backup", "--data", &data, "--to", &to, "--recipient", &shelf.recipient];
        // The lock, the keys, the manifest, the piece: one more file each time.
        killed += usize::from(kill_when(&arguments, || files(&shelf.backup()) >= step).await?);
        shelf.back_up(&office).await?;
        shelf.verify().await?;
        let (restored, _) = shelf.restore(&[]).await?;
        assert_eq!(orders_of(&office)?.1, orders_of(&restored)?.1);
        let unfinished = std::fs::read_dir(shelf.backup())?.flatten();
        assert!(unfinished.into_iter().all(|file| !file.file_name().to_string_lossy().ends_with(".part")));
    }
    assert!(killed > 0, "no run was killed before its end");
    Ok(())
}

#[tokio::test]
async fn a_piece_without_its_line_in_the_manifest_is_written_again() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let manifest = std::fs::read(shelf.backup().join("manifest.json"))?;
    phones[0].note("one more")?;
    phones[0].sync(address).await?;
    shelf.back_up(&office).await?;
    let orphan = shelf.pieces()?[1].clone();
    // As if the power had failed between the piece and the manifest.
    std::fs::write(shelf.backup().join("manifest.json"), manifest)?;
    phones[0].note("and one more")?;
    phones[0].sync(address).await?;
    office.stop().await?;
    shelf.back_up(&office).await?;
    assert_eq!(shelf.pieces()?[1], orphan, "the piece has the same name and another content");
    shelf.verify().await?;
    let (restored, _) = shelf.restore(&[]).await?;
    assert_eq!(orders_of(&office)?.1, orders_of(&restored)?.1);
    Ok(())
}

#[tokio::test]
async fn a_restore_killed_at_any_step_is_no_store_and_is_run_again() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let (from, identity) = (shelf.to(), shelf.identity());
    let mut killed = 0;
    for appears in ["keys", "store", "tls", "store/journal", "store/sled"] {
        let restored = Office::without_store()?;
        let data = restored.data();
        let arguments = ["restore", "--from", &from, "--identity", &identity, "--data", &data];
        if kill_when(&arguments, || Path::new(&data).join(appears).exists()).await? {
            killed += 1;
            assert!(!Path::new(&data).join("keys/store.key").exists(), "{appears}: the keys have their name last");
            let sentence = refused(&["user", "list", "--data", &data]).await?;
            assert!(sentence.contains("docket "), "{sentence}");
            good(&arguments).await?;
        }
        assert_eq!(orders_of(&office)?.1, orders_of(&restored)?.1, "{appears}");
        let sentence = refused(&arguments).await?;
        assert!(sentence.contains("already holds a store"), "{sentence}");
    }
    assert!(killed > 0, "no restore was killed before its end");
    Ok(())
}
