//! A backup beside a running server: consistent, incremental, and told to the devices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use docket_harness::world::Trouble;

use super::setting::{Shelf, log_to, open, orders, said};
use crate::network::setting::{Phone, company};

fn number(manifest: &serde_json::Value, field: &str) -> u64 {
    let last = manifest["series"].as_array().and_then(|series| series.last()).unwrap();
    last["pieces"].as_array().and_then(|pieces| pieces.last()).unwrap()[field].as_u64().unwrap()
}

async fn push(mut phone: Phone, address: std::net::SocketAddr, over: Arc<AtomicBool>) -> Result<Phone, String> {
    let mut count = 0_u32;
    while !over.load(Ordering::SeqCst) {
        count += 1;
        phone.note(&format!("第 {count} 条")).map_err(|error| error.to_string())?;
        phone.sync(address).await.map_err(|error| error.to_string())?;
    }
    Ok(phone)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_pushing_office_restores_every_document_and_the_log_to_the_byte() -> Result<(), Trouble> {
    let (mut office, address, phones) = company(2).await?;
    let shelf = Shelf::new().await?;
    let over = Arc::new(AtomicBool::new(false));
    let pushing: Vec<_> = phones.into_iter().map(|phone| tokio::spawn(push(phone, address, over.clone()))).collect();
    for run in 0..4 {
        let said = shelf.back_up(&office).await?;
        assert_eq!(said.contains("Series 1 was begun"), run == 0, "{said}");
        assert_eq!(said.contains("Keys and certificates"), run == 0, "{said}");
    }
    let beside = number(&shelf.manifest()?, "log_to");
    over.store(true, Ordering::SeqCst);
    for phone in pushing {
        phone.await??;
    }
    assert!(shelf.verify().await?.contains("documents with"));
    // What was taken while they pushed is a prefix of the log, to the byte.
    let (restored, _) = shelf.restore(&[]).await?;
    office.stop().await?;
    let (left, right) = (open(&office)?, open(&restored)?);
    assert!(beside > 10, "the phones pushed too little");
    assert_eq!(log_to(&left, beside)?, log_to(&right, beside)?);
    drop((left, right));
    // What is taken afterwards is everything.
    shelf.back_up(&office).await?;
    let (restored, _) = shelf.restore(&[]).await?;
    let (left, right) = (open(&office)?, open(&restored)?);
    let all = number(&shelf.manifest()?, "log_to");
    assert!(all > beside, "the phones pushed nothing after the fourth run");
    assert_eq!(log_to(&left, u64::MAX - 1)?.len(), usize::try_from(all)?);
    assert_eq!(log_to(&left, all)?, log_to(&right, all)?);
    assert_eq!(orders(&left)?, orders(&right)?, "views, changes and reference records are the same");
    Ok(())
}

#[tokio::test]
async fn a_second_run_adds_only_what_is_new_and_devices_hear_of_it() -> Result<(), Trouble> {
    let (office, address, mut phones) = company(1).await?;
    let shelf = Shelf::new().await?;
    let phone = &mut phones[0];
    phone.sync(address).await?;
    assert_eq!(phone.client.status().backed_up_to, 0, "nothing is backed up yet");
    shelf.back_up(&office).await?;
    let first = shelf.manifest()?;
    phone.sync(address).await?;
    assert_eq!(phone.client.status().backed_up_to, number(&first, "log_to"), "a running server tells the new number");
    phone.note("new")?;
    phone.sync(address).await?;
    let before = std::fs::read(shelf.backup().join(&shelf.pieces()?[0]))?;
    shelf.back_up(&office).await?;
    let second = shelf.manifest()?;
    assert_eq!(shelf.pieces()?.len(), 2);
    assert_eq!(std::fs::read(shelf.backup().join(&shelf.pieces()?[0]))?, before, "an earlier piece is never touched");
    assert_eq!(number(&second, "first_frame"), number(&first, "last_frame") + 1);
    assert!(number(&second, "frame_bytes") < number(&first, "frame_bytes") / 2, "the second piece is small");
    assert!(second["keys"].as_array().unwrap().len() == 1, "the keys have not changed");
    phone.sync(address).await?;
    assert_eq!(phone.client.status().backed_up_to, number(&second, "log_to"));
    Ok(())
}

#[tokio::test]
async fn a_store_that_was_rolled_back_begins_a_new_series_and_the_old_one_stays() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let earlier = office.copy()?;
    office.add_person("lost", "后来的人", &["technician"], &[]).await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let said = shelf.back_up(&earlier).await?;
    assert!(said.contains("Series 2 was begun") && said.contains("rolled back"), "{said}");
    assert_eq!(shelf.manifest()?["series"].as_array().unwrap().len(), 2);
    let verified = shelf.verify().await?;
    assert!(verified.contains("2 pieces"), "{verified}");
    let (old, _) = shelf.restore(&["--series", "1"]).await?;
    let people = old.command(&["user", "list"]).await?.join("\n");
    assert!(people.contains("lost"), "{people}");
    let (new, _) = shelf.restore(&[]).await?;
    assert!(!new.command(&["user", "list"]).await?.join("\n").contains("lost"));
    Ok(())
}

#[tokio::test]
async fn another_recipient_gets_the_keys_again_and_what_is_new() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let second = super::setting::make_key(&shelf.beside("second")).await?;
    let (data, to) = (office.data(), shelf.to());
    let arguments = ["backup", "--data", &data, "--to", &to, "--recipient", &shelf.recipient, "--recipient", &second];
    let output = super::setting::docket(&arguments).await?;
    assert!(said(&output).contains("Keys and certificates"), "{}", said(&output));
    assert_eq!(shelf.manifest()?["keys"].as_array().unwrap().len(), 2);
    shelf.verify().await?;
    // The new recipient cannot open what was written before him.
    let identity = shelf.beside("second").display().to_string();
    let sentence = super::setting::refused(&["backup", "verify", "--from", &to, "--identity", &identity]).await?;
    assert!(sentence.contains("does not open frames-0001-000000000001.age"), "{sentence}");
    Ok(())
}
