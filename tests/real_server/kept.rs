//! Folders that older programs left are served by this one. They lie in `tests/kept`, each file compressed: format 1 is
//! the engine alone, format 2 was made by the last program of that format.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_harness::office::{Office, PASSWORD};
use docket_harness::world::Trouble;
use docket_server::store::disk::RealDisk;
use docket_server::store::journal::Reader;
use serde_json::json;

use crate::network::setting::rest;

fn unpack(from: &Path, to: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name")?;
        match name.strip_suffix(".zst") {
            Some(name) => fs::write(to.join(name), zstd::decode_all(fs::File::open(&path)?)?)?,
            None => unpack(&path, &to.join(name))?,
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_folder_of_every_format_is_served_and_kept_for_the_way_back_to_its_old_program() -> Result<(), Trouble> {
    for format in [1, 2] {
        let mut office = Office::without_store()?;
        let data = office.data();
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("kept/format-{format}"));
        unpack(&kept, Path::new(&data))?;
        for _ in 0..2 {
            let address = office.serve().await?;
            let given = json!({"login": "chen", "password": PASSWORD});
            let logged_in = rest(address, "POST", "/api/login", None, Some(&given)).await?;
            assert_eq!(logged_in.status, 200, "format {format}: {}", logged_in.body);
            let orders = rest(address, "GET", "/api/orders", logged_in.cookie.as_deref(), None).await?;
            let text = orders.body.to_string();
            assert!(text.contains("不制冷") && text.contains("漏水"), "format {format}: {text}");
            assert!(office.stop().await?.success());
        }
        let store = Path::new(&data).join("store");
        assert_eq!(fs::read_to_string(store.join("format"))?, "3\n");
        let kept_copy = kept_copy(&store, format)?;
        check_is_the_old_store(&kept_copy, &kept.join("store"), format)?;
        // The way back, as the operator's guide says it: the new store is put away, what was kept takes its name.
        fs::rename(&store, Path::new(&data).join("store.newer"))?;
        let moved = Path::new(&data).join("store.newer").join(kept_copy.file_name().ok_or("a name")?);
        fs::rename(&moved, &store)?;
        check_is_the_old_store(&store, &kept.join("store"), format)?;
        // And once more forward: nothing of what was there is missing.
        let address = office.serve().await?;
        let given = json!({"login": "chen", "password": PASSWORD});
        let logged_in = rest(address, "POST", "/api/login", None, Some(&given)).await?;
        let orders = rest(address, "GET", "/api/orders", logged_in.cookie.as_deref(), None).await?;
        assert!(orders.body.to_string().contains("漏水"), "format {format}: {}", orders.body);
        assert!(office.stop().await?.success());
    }
    Ok(())
}

/// The one folder in which the upgrade kept the store of this format.
fn kept_copy(store: &Path, format: u32) -> Result<PathBuf, Trouble> {
    let prefix = format!("store.format-{format}-");
    let paths = fs::read_dir(store)?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_kept = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    let mut copies: Vec<PathBuf> = paths.filter(is_kept).collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    copies.pop().ok_or_else(|| "a copy".into())
}

/// Holds, to the byte, what a program of this format reads of the folder that was kept: the engine in format 1; the
/// journal, from which it makes the engine, and the number of the format from format 2 on.
fn check_is_the_old_store(copy: &Path, kept: &Path, format: u32) -> Result<(), Trouble> {
    let read: &[&str] = if format == 1 { &["sled/conf", "sled/db"] } else { &["format", "journal/0000000001.journal"] };
    for name in read {
        let before = zstd::decode_all(fs::File::open(kept.join(format!("{name}.zst")))?)?;
        assert!(fs::read(copy.join(name))? == before, "{name} of format {format} is not what it was");
    }
    if format > 1 {
        assert!(!copy.join("sled").exists() && !copy.join("running").exists());
        let mut tables = 0;
        for frame in Reader::open(Arc::new(RealDisk::new(copy)), "journal")?.frames(1) {
            let batch = frame?.batch().ok_or("a batch")?;
            let newer = batch.writes().find(|(table, ..)| table.number() > 26);
            assert!(newer.is_none(), "format 2 has the tables 1 to 26");
            tables += batch.len();
        }
        assert!(tables > 50, "{tables} writes");
    }
    Ok(())
}
