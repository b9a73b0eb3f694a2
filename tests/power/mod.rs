//! The power fails under load, on a file system that forgets what was not synced: nothing acknowledged is lost.
//!
//! Runs as root on Linux; elsewhere it says what it needs. `DOCKET_POWER_CYCLES` asks for more cuts than those of
//! every change. Counted is what was acknowledged before the cut: see [`LoopDisk`].

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use docket_client::sync::SyncError;
use docket_client::transport::{Http, Server};
use docket_harness::condition::eventually;
use docket_harness::loop_disk::{LoopDisk, LoopDiskError};
use docket_harness::office::{ADMIN, Office, PASSWORD};
use docket_harness::process::{Process, binary};
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_sync_core::ids::FactId;
use docket_sync_core::sync::frames::StopCode;

use crate::network::setting::{Phone, company_of, enrol, rest, rest_on};

/// Cuts of every change.
const CYCLES: u64 = 5;

/// Batches after which a disk is replaced: the journal keeps everything, and beside it the engine lies on 768 MiB.
const BATCHES_OF_A_DISK: u64 = 2_000;

/// Cuts of the store without its barrier: one that loses nothing proves nothing, so there are a few tries.
const CYCLES_WITHOUT: u64 = 5;

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(120);

fn cycles(usual: u64) -> u64 {
    std::env::var("DOCKET_POWER_CYCLES").ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(usual)
}

/// A disk, or `None` with the reason printed where there can be none.
fn disk() -> Result<Option<LoopDisk>, Trouble> {
    match LoopDisk::new() {
        Err(error @ LoopDiskError::Missing(_)) => {
            println!("{error}");
            Ok(None)
        }
        disk => Ok(Some(disk?)),
    }
}

/// What a store held after a power cut.
#[derive(Debug, PartialEq, Eq)]
enum After {
    /// Every batch up to this number, whole.
    Whole(u64),
    /// It could not be opened, or a batch was not whole.
    Broken(String),
}

/// One life of the writer: it writes until `more` batches are durable, then the power fails. Gives the last number
/// that it called durable before, and what is there after.
async fn one_cut(disk: &mut LoopDisk, boot: u64, more: u64, barrier: &[&str]) -> Result<(u64, After), Trouble> {
    let store = disk.path().join("store");
    let call = |read: &[&str], boot: u64| {
        let mut arguments = vec!["--store".to_owned(), store.display().to_string(), "--boot".to_owned()];
        arguments.push(boot.to_string());
        arguments.extend(barrier.iter().chain(read).map(|argument| (*argument).to_owned()));
        arguments
    };
    let program = binary("docket-store-writer")?;
    let mut writer = Process::start(&program, call(&[], boot))?;
    writer.wait_for_line("the writer to open its store", DEADLINE, |line| (line == "ready").then_some(())).await?;
    let last = |writer: &Process| {
        let lines = writer.output();
        lines.iter().rev().find_map(|line| line.strip_prefix("durable ")?.parse::<u64>().ok())
    };
    let first = eventually("a first durable batch", DEADLINE, || async { last(&writer) }).await?;
    let enough = first.saturating_add(more);
    eventually("durable batches", DEADLINE, || async { last(&writer).filter(|number| *number >= enough) }).await?;
    let durable = last(&writer).ok_or("a durable batch")?;
    disk.cut()?;
    writer.kill().await?;
    disk.power_on().await?;
    let output =
        tokio::process::Command::new(&program).args(call(&["--read"], boot.saturating_add(1))).output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = match said.lines().find_map(|line| line.strip_prefix("whole ")?.parse().ok()) {
        Some(number) => After::Whole(number),
        None => After::Broken(String::from_utf8_lossy(&output.stderr).into_owned()),
    };
    Ok((durable, after))
}

#[tokio::test]
async fn promise_1_power_cuts_lose_no_acknowledged_batch() -> Result<(), Trouble> {
    let Some(mut present) = disk()? else { return Ok(()) };
    let mut random = Random::from_seed(1);
    let (mut acknowledged, mut before, cycles) = (0, 0, cycles(CYCLES));
    for cycle in 0..cycles {
        if before > BATCHES_OF_A_DISK {
            present = disk()?.ok_or("a disk")?;
            before = 0;
        }
        let disk = &mut present;
        let more = 20 + u64::try_from(random.position(200))?;
        let (durable, after) = one_cut(disk, cycle * 2, more, &[]).await?;
        let After::Whole(found) = after else { return Err(format!("power cut {cycle}: {after:?}").into()) };
        assert!(found >= durable, "power cut {cycle}: {durable} were acknowledged, {found} are there");
        acknowledged += durable - before;
        before = durable;
    }
    println!("{cycles} power cuts: {acknowledged} batches acknowledged, none lost, none torn");
    Ok(())
}

#[tokio::test]
async fn power_cuts_without_the_barrier_lose_what_was_called_durable() -> Result<(), Trouble> {
    let Some(mut disk) = disk()? else { return Ok(()) };
    for cycle in 0..CYCLES_WITHOUT {
        let (durable, after) = one_cut(&mut disk, cycle * 2, 50, &["--without-barrier"]).await?;
        if after != After::Whole(durable) && !matches!(after, After::Whole(found) if found > durable) {
            println!("without the barrier: {durable} were called durable, after the power cut: {after:?}");
            return Ok(());
        }
    }
    Err("a store without its barrier lost nothing: these power cuts prove nothing".into())
}

/// Facts that the server has acknowledged, as the phones learn of them.
type Acknowledged = Arc<Mutex<BTreeSet<FactId>>>;

/// States notes and syncs until the server is gone.
async fn work(mut phone: Phone, address: SocketAddr, acknowledged: Acknowledged) -> Result<Phone, String> {
    let mut stated = BTreeSet::new();
    let server = Server::new(&format!("http://{address}"), None).map_err(|error| error.to_string())?;
    let mut http = Http::new(server);
    for number in 1_u64.. {
        let fact = phone.note(&format!("第 {number} 条")).map_err(|error| error.to_string())?;
        stated.insert(fact);
        let synced = phone.sync_with(&mut http).await;
        let waiting: BTreeSet<FactId> =
            phone.client.replica().journal().map(docket_client::replica::JournalEntry::id).collect();
        let mut known = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(stated.difference(&waiting));
        if synced.is_err() {
            break;
        }
    }
    Ok(phone)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_1_a_power_cut_of_the_real_server_loses_no_acknowledged_fact() -> Result<(), Trouble> {
    let Some(mut disk) = disk()? else { return Ok(()) };
    let office = Office::init_on(Path::new(&disk.path()), "Test company").await?;
    let (mut office, mut address, mut phones) = company_of(office, 3).await?;
    let acknowledged = Acknowledged::default();
    let cycles = cycles(CYCLES).div_ceil(2);
    for cycle in 0..cycles {
        let known = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len();
        let working = phones.drain(..).map(|phone| tokio::spawn(work(phone, address, Arc::clone(&acknowledged))));
        let working: Vec<_> = working.collect();
        eventually("facts to be acknowledged", DEADLINE, || async {
            (acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len() >= known + 12).then_some(())
        })
        .await?;
        let before = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        disk.cut()?;
        // Nothing may be said after a flush that failed: the process ends by itself, with one sentence.
        let (status, mut ended) = office.ended(DEADLINE).await?;
        assert_eq!(status.code(), Some(74), "{:?}", ended.output());
        let sentence = |line: &str| line.contains("cannot make writes durable").then_some(());
        ended.wait_for_line("the sentence", DEADLINE, sentence).await?;
        for phone in working {
            phones.push(phone.await??);
        }
        disk.power_on().await?;
        let mut held = BTreeSet::new();
        let mut codes = Vec::new();
        for phone in &phones {
            codes.push(office.enrolment_code(&phone.login).await?);
        }
        address = office.serve().await?;
        for (phone, (code, seed)) in phones.iter().zip(codes.iter().zip(1_000 * (cycle + 1)..)) {
            // A fresh phone pulls what the server has, before the old one may heal anything.
            let mut fresh = enrol(address, code, &phone.login, phone.order, seed).await?;
            assert_eq!(fresh.sync(address).await?.verified, Some(true));
            held.extend(fresh.client.show(phone.order)?.facts.iter().map(|fact| fact.id));
        }
        let lost: Vec<_> = before.difference(&held).collect();
        assert!(lost.is_empty(), "power cut {cycle}: acknowledged and lost: {lost:?}");
        println!("power cut {cycle}: {} facts acknowledged so far, none lost", before.len());
    }
    Ok(())
}

/// Bytes that leave less than the reserve of 256 MiB free on a disk of which `free` bytes are.
fn filler(free: u64) -> u64 {
    free.saturating_sub(64 * 1024 * 1024)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_devices_get_news_and_work_resumes_with_room() -> Result<(), Trouble> {
    let Some(disk) = disk()? else { return Ok(()) };
    let office = Office::init_on(Path::new(&disk.path()), "Test company").await?;
    let (_office, address, mut phones) = company_of(office, 1).await?;
    let given = serde_json::json!({"login": ADMIN, "password": PASSWORD});
    let login = rest(address, "POST", "/api/login", None, Some(&given)).await?;
    let (cookie, order) = (login.cookie.as_deref(), phones[0].order);
    let path = format!("/api/orders/{order}/commands");
    let note = |text: &str| serde_json::json!({"command": "note", "text": text});
    // News for the phone, and something that it has to send.
    let shown = rest(address, "GET", &format!("/api/orders/{order}"), cookie, None).await?.body;
    let noted = rest_on(address, "POST", &path, cookie, shown["etag"].as_str(), Some(&note("楼下按铃"))).await?;
    assert_eq!(noted.status, 200, "{}", noted.body);
    phones[0].note("已到楼下")?;
    let room = disk.path().join("room");
    std::fs::File::create(&room)?;
    let filled = std::process::Command::new("fallocate")
        .args(["-l", &filler(fs_free(&disk.path())?).to_string()])
        .arg(&room)
        .status()?;
    assert!(filled.success());

    let refused = phones[0].sync(address).await;
    let Err(SyncError::Stopped(stop)) = refused else { return Err(format!("{refused:?}").into()) };
    assert_eq!(stop.code, StopCode::StorageFull);
    assert_eq!(phones[0].waiting(), 1, "nothing was acknowledged");
    assert!(phones[0].notes()?.contains(&"楼下按铃".to_owned()), "the news came all the same");
    let answer = rest(address, "GET", &format!("/api/orders/{order}"), cookie, None).await?;
    assert_eq!(answer.status, 200, "reading goes on");
    let refused = rest_on(address, "POST", &path, cookie, answer.body["etag"].as_str(), Some(&note("满"))).await?;
    assert_eq!((refused.status, &refused.body["code"]), (507, &"disk_full".into()), "{}", refused.body);

    std::fs::remove_file(&room)?;
    assert_eq!(phones[0].sync(address).await?.verified, Some(true));
    assert_eq!(phones[0].waiting(), 0);
    Ok(())
}

fn fs_free(path: &Path) -> Result<u64, Trouble> {
    let said = std::process::Command::new("df").args(["--output=avail", "-B1"]).arg(path).output()?;
    let text = String::from_utf8(said.stdout)?;
    Ok(text.lines().nth(1).ok_or("a number")?.trim().parse()?)
}
