//! `docket doctor` on stores that are sound, running, torn, damaged, without an engine, and on no store at all.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use docket_harness::office::Office;
use docket_harness::world::Trouble;

use super::setting::{Shelf, docket, good, said};
use crate::network::setting::company;

async fn examine(office: &Office) -> Result<(Option<i32>, serde_json::Value), Trouble> {
    let data = office.data();
    let output = docket(&["doctor", "--json", "--data", &data]).await?;
    Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
}

/// Level and sentence of the first finding about `of` that is not sound, or of the first one.
fn finding(report: &serde_json::Value, of: &str) -> (String, String) {
    let all = report["findings"].as_array().unwrap().iter().filter(|finding| finding["of"] == of);
    let all: Vec<_> = all.collect();
    let found = all.iter().find(|finding| finding["level"] != "sound").or(all.first());
    let found = found.unwrap_or_else(|| panic!("nothing about {of}: {report}"));
    (found["level"].as_str().unwrap().to_owned(), found["found"].as_str().unwrap().to_owned())
}

fn last_segment(office: &Office) -> Result<PathBuf, Trouble> {
    let folder = Path::new(&office.data()).join("store/journal");
    let names = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    Ok(names.filter(|path| path.extension().is_some_and(|end| end == "journal")).max().ok_or("a segment")?)
}

/// The byte after the last one that is not zero.
fn end_of(path: &Path) -> Result<usize, Trouble> {
    Ok(std::fs::read(path)?.iter().rposition(|byte| *byte != 0).ok_or("an empty segment")? + 1)
}

fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Trouble> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_type()?.is_dir() {
            all.extend(files(&entry.path())?);
        } else {
            all.push((entry.path(), std::fs::read(entry.path())?));
        }
    }
    all.sort();
    Ok(all)
}

#[tokio::test]
async fn a_sound_store_is_found_sound_running_or_not_and_nothing_in_it_changes() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    let (code, report) = examine(&office).await?;
    assert_eq!(code, Some(0), "{report}");
    assert!(finding(&report, "engine").1.contains("serves this store"), "{report}");
    office.stop().await?;
    let before = files(Path::new(&office.data()))?;
    let (code, report) = examine(&office).await?;
    assert_eq!(code, Some(0), "{report}");
    for of in ["format", "keys", "journal", "log", "documents", "engine"] {
        assert_eq!(finding(&report, of).0, "sound", "{report}");
    }
    assert!(finding(&report, "documents").1.contains("1 documents with"), "{report}");
    assert!(finding(&report, "backup").1.contains("No backup"), "{report}");
    assert!(finding(&report, "disk").1.contains("flushes of 4 KiB a second"), "{report}");
    assert!(before == files(Path::new(&office.data()))?, "looking changed a file");
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let (_, report) = examine(&office).await?;
    assert!(finding(&report, "backup").1.contains("0 hours ago"), "{report}");
    Ok(())
}

#[tokio::test]
async fn a_torn_tail_is_a_note_and_a_changed_byte_before_it_is_damage_with_its_place() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let torn = office.copy()?;
    let path = last_segment(&torn)?;
    let mut bytes = std::fs::read(&path)?;
    let end = end_of(&path)?.next_multiple_of(8);
    bytes[end..end + 20].copy_from_slice(b"DktF and then nothin");
    std::fs::write(&path, &bytes)?;
    // It was closed in order: nothing was cut off then.
    let (code, report) = examine(&torn).await?;
    assert_eq!(code, Some(1), "{report}");
    assert!(report.to_string().contains("closed in order"), "{report}");
    std::fs::write(Path::new(&torn.data()).join("store/running"), "a start of the machine")?;
    let (code, report) = examine(&torn).await?;
    assert_eq!((code, finding(&report, "journal").0.as_str()), (Some(0), "note"), "{report}");
    assert!(finding(&report, "journal").1.contains("nobody was told"), "{report}");
    let damaged = office.copy()?;
    let path = last_segment(&damaged)?;
    let mut bytes = std::fs::read(&path)?;
    bytes[700] ^= 1;
    std::fs::write(&path, &bytes)?;
    let (code, report) = examine(&damaged).await?;
    assert_eq!((code, finding(&report, "journal").0.as_str()), (Some(1), "damage"), "{report}");
    let sentence = finding(&report, "journal").1;
    assert!(sentence.contains("byte 512") && sentence.contains("whole frames go on at byte"), "{sentence}");
    // What is readable is saved, and the damaged store is as it was.
    let before = files(Path::new(&damaged.data()))?;
    let saved = tempfile::tempdir()?;
    let (data, to) = (damaged.data(), saved.path().join("saved").display().to_string());
    let output = docket(&["doctor", "--data", &data, "--salvage", &to]).await?;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(before == files(Path::new(&data))?, "salvage changed the damaged store");
    let records = std::fs::read_to_string(saved.path().join("saved/log-records.jsonl"))?;
    assert!(records.lines().count() > 3 && records.contains("\"behind_damage\":true"), "{records}");
    Ok(())
}

#[tokio::test]
async fn a_missing_or_broken_engine_loses_nothing_and_one_ahead_of_its_journal_is_damage() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    office.stop().await?;
    let earlier = office.copy()?;
    let engine = |office: &Office| Path::new(&office.data()).join("store/sled");
    let missing = office.copy()?;
    std::fs::remove_dir_all(engine(&missing))?;
    let (code, report) = examine(&missing).await?;
    assert_eq!((code, finding(&report, "engine").0.as_str()), (Some(0), "note"), "{report}");
    let broken = office.copy()?;
    std::fs::write(engine(&broken).join("db"), vec![0xa5; 100_000])?;
    let (code, report) = examine(&broken).await?;
    assert_eq!((code, finding(&report, "engine").0.as_str()), (Some(0), "note"), "{report}");
    // The journal of yesterday under the engine of today.
    office.add_person("later", "后来的人", &["technician"], &[]).await?;
    std::fs::remove_dir_all(Path::new(&office.data()).join("store/journal"))?;
    let journal = Path::new(&earlier.data()).join("store/journal");
    std::fs::create_dir(Path::new(&office.data()).join("store/journal"))?;
    for (path, bytes) in files(&journal)? {
        std::fs::write(Path::new(&office.data()).join("store/journal").join(path.file_name().unwrap()), bytes)?;
    }
    let (code, report) = examine(&office).await?;
    assert_eq!((code, finding(&report, "engine").0.as_str()), (Some(1), "damage"), "{report}");
    assert!(finding(&report, "engine").1.contains("has lost"), "{report}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_store_or_has_no_keys_is_said() -> Result<(), Trouble> {
    let nothing = Office::without_store()?;
    let data = nothing.data();
    let output = docket(&["doctor", "--data", &data]).await?;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(said(&output).trim().lines().count(), 1, "{}", said(&output));
    let office = Office::init("Test company").await?;
    let key = Path::new(&office.data()).join("keys/store.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644))?;
    let (code, report) = examine(&office).await?;
    assert_eq!((code, finding(&report, "keys").0.as_str()), (Some(0), "note"), "{report}");
    std::fs::remove_file(&key)?;
    let (code, report) = examine(&office).await?;
    assert_eq!((code, finding(&report, "keys").0.as_str()), (Some(1), "damage"), "{report}");
    assert!(good(&["doctor", "--help"]).await?.contains("Example"));
    Ok(())
}

#[tokio::test]
async fn the_only_segments_lost_head_is_made_up_for_by_the_backup_or_by_the_operator() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    office.stop().await?;
    let path = last_segment(&office)?;
    assert_eq!(path.file_stem().and_then(|name| name.to_str()), Some("0000000001"), "a small company has one segment");
    let mut bytes = std::fs::read(&path)?;
    bytes[..512].fill(0);
    std::fs::write(&path, &bytes)?;
    // The manifest of the last backup, in the folder that the record names, says whose journal it is.
    let (code, report) = examine(&office).await?;
    assert_eq!(code, Some(1), "{report}");
    assert!(finding(&report, "journal").1.contains("the head of the segment is not what was written"), "{report}");
    assert!(finding(&report, "documents").1.contains("1 documents with"), "its frames are looked at: {report}");
    let saved = tempfile::tempdir()?;
    let (data, to) = (office.data(), saved.path().join("saved").display().to_string());
    let output = docket(&["doctor", "--data", &data, "--salvage", &to]).await?;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("\n0 frames behind damage"), "{}", said(&output));
    // Without it the other findings are still told, and the operator can name it.
    std::fs::remove_file(Path::new(&data).join("backed-up.json"))?;
    let (code, report) = examine(&office).await?;
    assert_eq!(code, Some(1), "{report}");
    assert!(finding(&report, "journal").1.contains("--journal"), "{report}");
    assert_eq!(finding(&report, "keys").0, "sound", "{report}");
    assert!(finding(&report, "disk").1.contains("flushes of 4 KiB a second"), "{report}");
    let manifest = shelf.manifest()?;
    let journal = manifest["series"][0]["journal"].as_str().ok_or("a journal")?.to_owned();
    let output = docket(&["doctor", "--data", &data, "--journal", &journal]).await?;
    assert!(said(&output).contains("1 documents with"), "{}", said(&output));
    Ok(())
}
