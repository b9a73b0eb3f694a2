//! A client that knows nothing of us, and a server that is killed while it sends.

use std::path::Path;
use std::time::Duration;

use docket_harness::condition::eventually;
use docket_harness::proxy::{Cut, Direction, Faults, Proxy};
use docket_harness::world::Trouble;
use docket_sync_core::attachments::blob_id;
use serde_json::Value;

use super::setting::{listed, log_in_as, photo};
use crate::network::setting::company;

/// Kills of every change; `DOCKET_UPLOAD_KILLS` asks for more.
const KILLS: usize = 6;

/// Starts the script; the file lies in `folder`.
pub(super) fn tus_client(url: &str, cookie: &str, order: &str, file: &Path, digest: &str) -> tokio::process::Command {
    let mut command = tokio::process::Command::new("node");
    command
        .arg("upload.mjs")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("browser"))
        .env("DOCKET_URL", url)
        .env("DOCKET_COOKIE", cookie)
        .env("DOCKET_ORDER", order)
        .env("DOCKET_FILE", file)
        .env("DOCKET_DIGEST", digest)
        .env("DOCKET_CHUNK", "262144")
        .kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_js_client_uploads_through_a_connection_that_is_cut_again_and_again() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    office.stop().await?;
    office.add_person("zhao", "赵敏", &["clerk"], &[]).await?;
    let address = office.serve().await?;
    let order = phones.first().ok_or("a phone")?.order;
    let cookie = log_in_as(address, "zhao").await?;
    let folder = tempfile::tempdir()?;
    let (file, bytes) = (folder.path().join("photo"), photo(3_000_000, 5));
    std::fs::write(&file, &bytes)?;
    let proxy = Proxy::start(address).await?;
    proxy.set_faults(Faults::cut(Cut::AfterBytes(Direction::Up, 400_000)));
    let url = format!("http://{}", proxy.address());
    let digest = blob_id(&bytes).to_string();
    let running = tus_client(&url, &cookie, &order.to_string(), &file, &digest).output();
    let output = tokio::time::timeout(Duration::from_secs(120), running).await??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_str(&said)?;
    assert!(said["retries"].as_u64() >= Some(5), "it was cut and went on: {said}");
    let items = listed(address, &cookie, order).await?;
    let [item] = items.as_slice() else { return Err(format!("{items:?}").into()) };
    assert_eq!((item["state"].as_str(), item["blob"].as_str()), (Some("unnamed"), Some(digest.as_str())));
    assert_eq!(item["name"], "site plan.png");
    assert_eq!(std::fs::read(stored(&office, &digest))?, bytes, "exactly the bytes");
    Ok(())
}

/// Where the server keeps a file.
fn stored(office: &docket_harness::office::Office, digest: &str) -> std::path::PathBuf {
    Path::new(&office.data()).join("attachments/blobs").join(&digest[..2]).join(digest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_it_takes_a_file_goes_on_and_has_exactly_the_bytes() -> Result<(), Trouble> {
    let kills = std::env::var("DOCKET_UPLOAD_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (mut office, address, phones) = company(1).await?;
    office.stop().await?;
    office.add_person("zhao", "赵敏", &["clerk"], &[]).await?;
    let first = office.serve().await?;
    assert_ne!(first.port(), 0, "{address}");
    let order = phones.first().ok_or("a phone")?.order;
    let cookie = log_in_as(first, "zhao").await?;
    let folder = tempfile::tempdir()?;
    let (file, bytes) = (folder.path().join("photo"), photo(4_000_000, 6));
    std::fs::write(&file, &bytes)?;
    // Slow enough that a kill meets a request at work.
    let proxy = Proxy::start(first).await?;
    proxy.set_faults(Faults { bytes_per_second: Some(2_000_000), ..Faults::default() });
    let digest = blob_id(&bytes).to_string();
    let url = format!("http://{}", proxy.address());
    let mut client = tus_client(&url, &cookie, &order.to_string(), &file, &digest)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let mut met = 0;
    for _ in 0..kills {
        let before = proxy.counts().up;
        let more = async || (proxy.counts().up > before + 300_000 || stored(&office, &digest).exists()).then_some(());
        eventually("bytes pass", Duration::from_secs(60), more).await?;
        if stored(&office, &digest).exists() {
            break;
        }
        office.kill().await?;
        met += 1;
        proxy.lead_to(office.serve().await?);
    }
    let status = tokio::time::timeout(Duration::from_secs(120), client.wait()).await??;
    assert!(status.success(), "{met} kills");
    assert!(met >= 3, "only {met} kills met it");
    assert_eq!(std::fs::read(stored(&office, &digest))?, bytes, "exactly the bytes");
    let address = office.address().ok_or("an address")?;
    let items = listed(address, &cookie, order).await?;
    assert_eq!(items.len(), 1, "one effect: {items:?}");
    let uploads = Path::new(&office.data()).join("attachments/uploads");
    let left = std::fs::read_dir(uploads)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "part"));
    assert_eq!(left.count(), 0, "nothing half sent is left");
    Ok(())
}
