//! Backup, restore and doctor with attachments; what the server lost, a device gives back.

use std::path::Path;
use std::time::Duration;

use docket_harness::condition::eventually;
use docket_harness::world::Trouble;
use docket_sync_core::attachments::blob_id;

use super::setting::{listed, log_in, photo};
use crate::backup::setting::{Shelf, docket};
use crate::network::setting::company;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_server_has_its_attachments_and_gets_later_ones_back_from_the_device() -> Result<(), Trouble> {
    // 1. A photo before the backup, another one after it.
    let (mut office, address, mut phones) = company(1).await?;
    let [phone] = phones.as_mut_slice() else { return Err("one phone".into()) };
    phone.begin_work()?;
    let (early, late) = (photo(400_000, 1), photo(500_000, 2));
    phone.photograph("before", &early)?;
    phone.sync(address).await?;
    assert_eq!(phone.send_files(address).await?.sent, 1);
    let shelf = Shelf::new().await?;
    let said = shelf.back_up(&office).await?;
    assert!(said.contains("Added 1 attachments"), "{said}");
    let said = shelf.back_up(&office).await?;
    assert!(!said.contains("attachments"), "what is there is not written again: {said}");
    assert!(shelf.verify().await?.contains("1 attachments have their digests"));
    phone.photograph("after", &late)?;
    phone.sync(address).await?;
    assert_eq!(phone.send_files(address).await?.sent, 1);
    office.stop().await?;

    // 2. The server is gone; the backup is restored, and the phone finds it by its usual name.
    let (mut restored, said) = shelf.restore(&[]).await?;
    assert!(said.contains("1 attachments are back"), "{said}");
    let address = restored.serve().await?;
    let cookie = log_in(address).await?;
    let order = phone.order;
    let states = async || -> Result<Vec<(String, String)>, Trouble> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let items = listed(address, &cookie, order).await?;
        Ok(items.iter().map(|item| (text(&item["name"]), text(&item["state"]))).collect())
    };
    let early_is_here = async || {
        let found = states().await.ok()?;
        (found == [("before".to_owned(), "present".to_owned())]).then_some(())
    };
    eventually("the early photo is listed", Duration::from_secs(30), early_is_here).await?;
    phone.sync(address).await?;
    let report = phone.send_files(address).await?;
    assert_eq!(report.sent, 2, "both are offered; the one that is here costs one request");
    let data = restored.data();
    let files = |name: &str| Path::new(&data).join("attachments/blobs").join(&name[..2]).join(name);
    assert_eq!(std::fs::read(files(&blob_id(&late).to_string()))?, late);

    // 3. The doctor takes every digest: one byte of one file.
    restored.stop().await?;
    let healthy = docket(&["doctor", "--data", &data]).await?;
    let told = String::from_utf8_lossy(&healthy.stdout).into_owned();
    assert!(told.contains("2 attachments have the digests they are named by"), "{told}");
    let path = files(&blob_id(&early).to_string());
    let mut bytes = std::fs::read(&path)?;
    bytes[1_000] ^= 1;
    std::fs::write(&path, bytes)?;
    let ill = docket(&["doctor", "--data", &data]).await?;
    let told = String::from_utf8_lossy(&ill.stdout).into_owned();
    assert!(ill.status.code() == Some(1) && told.contains(&blob_id(&early).to_string()), "{told}");
    std::fs::remove_file(&path)?;
    let told = String::from_utf8_lossy(&docket(&["doctor", "--data", &data]).await?.stdout).into_owned();
    assert!(told.contains("1 attachments that had arrived are gone"), "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x_74_a_photo_that_a_rolled_back_disk_lost_comes_back_from_the_device() -> Result<(), Trouble> {
    // 1. The disk as it stood before the photo came.
    let (mut office, address, mut phones) = company(1).await?;
    let [phone] = phones.as_mut_slice() else { return Err("one phone".into()) };
    phone.begin_work()?;
    phone.sync(address).await?;
    office.stop().await?;
    let mut before = office.copy()?;
    let address = office.serve().await?;
    let bytes = photo(300_000, 1);
    phone.photograph("铭牌", &bytes)?;
    phone.sync(address).await?;
    assert_eq!(phone.send_files(address).await?.sent, 1);
    phone.sync(address).await?;
    assert_eq!(phone.send_files(address).await?.sent, 0, "it is there");
    office.stop().await?;

    // 2. It is put back, and nobody says so: no restore, the same epoch.
    let address = before.serve().await?;
    for _ in 0..2 {
        phone.sync(address).await?;
        phone.send_files(address).await?;
    }
    let name = blob_id(&bytes).to_string();
    let path = Path::new(&before.data()).join("attachments/blobs").join(&name[..2]).join(name);
    assert_eq!(std::fs::read(path)?, bytes);
    let cookie = log_in(address).await?;
    let order = phone.order;
    let present = async || {
        let items = listed(address, &cookie, order).await.ok()?;
        (items.len() == 1 && items[0]["state"] == "present" && items[0]["name"] == "铭牌").then_some(())
    };
    eventually("the photo is there again", Duration::from_secs(30), present).await?;
    assert_eq!(phone.send_files(address).await?.sent, 0, "once");
    Ok(())
}
