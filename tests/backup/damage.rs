//! One changed byte anywhere in a backup is found, and the piece is named.

use docket_harness::world::Trouble;

use super::setting::{Shelf, make_key, refused};
use crate::network::setting::company;

#[tokio::test]
async fn a_changed_byte_in_any_file_is_found_by_verify_and_by_restore_and_the_file_named() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    phones[0].note("second piece")?;
    phones[0].sync(address).await?;
    shelf.back_up(&office).await?;
    office.stop().await?;
    let mut files = shelf.pieces()?;
    assert_eq!(files.len(), 2);
    files.extend(["manifest.json".to_owned(), "keys-0001.age".to_owned()]);
    let (from, identity) = (shelf.to(), shelf.identity());
    let target = shelf.beside("target").display().to_string();
    for name in &files {
        let path = shelf.backup().join(name);
        let good = std::fs::read(&path)?;
        // Head, middle and end: format and recipients, contents, authentication.
        for position in [0, 40, good.len() / 3, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[position] ^= 0x04;
            std::fs::write(&path, &bad)?;
            for command in [
                vec!["backup", "verify", "--from", &from, "--identity", &identity],
                vec!["restore", "--from", &from, "--identity", &identity, "--data", &target],
            ] {
                let sentence = refused(&command).await?;
                assert!(sentence.contains(name.as_str()), "byte {position} of {name}: {sentence}");
                assert_eq!(sentence.trim().lines().count(), 1, "one sentence: {sentence}");
            }
        }
        std::fs::remove_file(&path)?;
        let sentence = refused(&["backup", "verify", "--from", &from, "--identity", &identity]).await?;
        assert!(sentence.contains(name.as_str()), "{name} is missing: {sentence}");
        std::fs::write(&path, &good)?;
    }
    shelf.verify().await?;
    // What the refused restores left is no store, and a restore takes its place.
    let sentence = refused(&["serve", "--data", &target, "--listen", "127.0.0.1:0", "--insecure-http"]).await?;
    assert!(sentence.contains("restore"), "{sentence}");
    super::setting::good(&["restore", "--from", &from, "--identity", &identity, "--data", &target]).await?;
    Ok(())
}

#[tokio::test]
async fn somebody_elses_identity_opens_nothing_and_is_told_whose_it_is() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let other = shelf.beside("other");
    make_key(&other).await?;
    let (from, other) = (shelf.to(), other.display().to_string());
    let target = shelf.beside("target");
    let data = target.display().to_string();
    for command in [
        vec!["backup", "verify", "--from", &from, "--identity", &other],
        vec!["restore", "--from", &from, "--identity", &other, "--data", &data],
    ] {
        let sentence = refused(&command).await?;
        assert!(sentence.contains("does not open keys-0001.age") && sentence.contains(&shelf.recipient), "{sentence}");
    }
    assert!(!target.exists(), "a restore that cannot open the backup makes no folder");
    Ok(())
}
