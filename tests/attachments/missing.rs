//! What a backup does not have is said: by the backup when it is the store's file that is bad, by the restore else.

use std::fs;
use std::path::Path;

use docket_harness::world::Trouble;
use docket_sync_core::attachments::blob_id;

use super::setting::photo;
use crate::backup::setting::{Shelf, docket, said};
use crate::network::setting::company;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_without_a_photo_says_so_when_it_is_taken_and_when_it_is_restored() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(1).await?;
    let [phone] = phones.as_mut_slice() else { return Err("one phone".into()) };
    phone.begin_work()?;
    let bytes = photo(300_000, 1);
    let name = blob_id(&bytes).to_string();
    phone.photograph("plate", &bytes)?;
    phone.sync(address).await?;
    assert_eq!(phone.send_files(address).await?.sent, 1);

    // 1. One byte changes on the server's disk: the photo is not backed up as it is, and nothing is told to devices.
    let place = Path::new("blobs").join(&name[..2]);
    let kept = Path::new(&office.data()).join("attachments").join(&place).join(&name);
    let mut damaged = bytes.clone();
    damaged[100] ^= 1;
    fs::write(&kept, &damaged)?;
    let shelf = Shelf::new().await?;
    let (to, data) = (shelf.to(), office.data());
    let arguments = ["backup", "--data", &data, "--to", &to, "--recipient", &shelf.recipient];
    let output = docket(&arguments).await?;
    let sentence = said(&output);
    assert!(
        !output.status.success() && sentence.contains("1 attachments of the store cannot be backed up"),
        "{sentence}"
    );
    assert!(sentence.contains(&name) && !shelf.backup().join(&place).join(format!("{name}.age")).exists());
    phone.sync(address).await?;
    assert_eq!(phone.client.status().backed_up_to, 0, "the phone keeps its own");

    // 2. Mended: it is in the next run, and devices are told.
    fs::write(&kept, &bytes)?;
    assert!(shelf.back_up(&office).await?.contains("Added 1 attachments"));
    phone.sync(address).await?;
    assert!(phone.client.status().backed_up_to > 0);
    assert!(shelf.verify().await?.contains("1 attachments have their digests"));
    office.stop().await?;

    // 3. The backup was copied elsewhere without its folder of attachments.
    fs::remove_dir_all(shelf.backup().join("blobs"))?;
    let (_restored, sentence) = shelf.restore(&[]).await?;
    assert!(sentence.contains("0 attachments are back."), "{sentence}");
    assert!(sentence.contains(&format!("1 attachments of this store are not in the backup: {name}.")), "{sentence}");
    Ok(())
}
