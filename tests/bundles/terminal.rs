//! The same at two terminals, with a real server process and files on a disk.

use std::ffi::OsString;
use std::path::Path;

use docket_client::cli::{Surroundings, run};
use docket_harness::office::Office;
use docket_harness::world::Trouble;
use serde_json::Value;

use super::scanned::scanned as scanned_codes;

/// What one run said.
struct Said {
    exit: u8,
    out: String,
    err: String,
}

async fn device(data: &Path, arguments: &[&str]) -> Result<Said, Trouble> {
    let mut all = vec![OsString::from("docket-device"), "--data".into(), data.into()];
    all.extend(arguments.iter().map(OsString::from));
    // The program has a runtime of its own.
    let said = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(&all, &Surroundings::default(), &mut out, &mut err);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { exit, out: text(out), err: text(err) }
    });
    Ok(said.await?)
}

async fn json(data: &Path, arguments: &[&str]) -> Result<Value, Trouble> {
    let said = device(data, &[arguments, &["--json"]].concat()).await?;
    if said.exit != 0 {
        return Err(format!("{arguments:?}: {}", said.err).into());
    }
    Ok(serde_json::from_str(&said.out)?)
}

/// The stable code with which a command ends.
async fn code(data: &Path, arguments: &[&str]) -> Result<String, Trouble> {
    let said = device(data, &[arguments, &["--json"]].concat()).await?;
    let told: Value = serde_json::from_str(&said.err)?;
    Ok(told["code"].as_str().unwrap_or_default().to_owned())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
async fn u_08_two_terminals_exchange_files_and_codes_and_a_real_server_gets_it_from_either() -> Result<(), Trouble> {
    let mut office = Office::init("Test company").await?;
    let folder = tempfile::tempdir()?;
    let [li, zhang] = ["li", "zhang"].map(|name| folder.path().join(name));
    let mut enrolments = Vec::new();
    for login in ["li", "zhang"] {
        office.add_person(login, login, &["technician"], &[]).await?;
        enrolments.push(office.enrolment_code(login).await?);
    }
    let server = format!("http://{}", office.serve().await?);
    for (data, enrolment) in [&li, &zhang].into_iter().zip(&enrolments) {
        let said = device(data, &["enrol", "--server", &server, "--code", enrolment]).await?;
        assert_eq!(said.exit, 0, "{}", said.err);
        let said = device(data, &["sync"]).await?;
        assert_eq!(said.exit, 0, "{}", said.err);
    }
    // No network from here on.
    let said = device(&li, &["emergency", "basis=customer_on_site", "problem=water", "contact=Ms. Wang"]).await?;
    assert_eq!(said.exit, 0, "{}", said.err);
    let listed = json(&li, &["list"]).await?;
    let order = listed["items"][0]["id"].as_str().ok_or("an id")?.to_owned();
    assert_eq!(device(&li, &["act", "self_dispatch", &order, "basis=customer_on_site"]).await?.exit, 0);
    assert_eq!(device(&li, &["arrive", &order]).await?.exit, 0);
    let codes = text(&folder.path().join("codes"));
    let made = json(&li, &["bundle", "--qr", &codes, "--order", &order, "--unsent"]).await?;
    let count = made["codes"].as_u64().ok_or("codes")?;
    assert!(count > 1, "{made}");
    // Zhang's phone sees them on Li's screen: each text is what Li's device wrote beside its image.
    let images = std::fs::read_dir(&codes)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Trouble>>()?;
    let images: Vec<_> = images.into_iter().filter(|path| path.extension().is_some_and(|end| end == "svg")).collect();
    let mut scanned: Vec<String> = Vec::new();
    for (image, read) in images.iter().zip(scanned_codes(&images).await?) {
        assert_eq!(read, std::fs::read_to_string(image.with_extension("txt"))?, "{}", image.display());
        let seen = image.with_extension("seen");
        std::fs::write(&seen, read)?;
        scanned.push(text(&seen));
    }
    assert_eq!(u64::try_from(scanned.len())?, count);
    let first = scanned.pop().ok_or("a code")?;
    let some: Vec<&str> = core::iter::once("receive").chain(scanned.iter().map(String::as_str)).collect();
    assert_eq!(code(&zhang, &some).await?, "parts_missing");
    let all: Vec<&str> = some.iter().copied().chain([first.as_str(), first.as_str()]).collect();
    let taken = json(&zhang, &all).await?;
    assert_eq!((taken["orders"][0]["entered"].as_u64(), taken["orders"][0]["waiting"].as_u64()), (Some(3), Some(0)));
    let shown = device(&zhang, &["status"]).await?;
    assert!(shown.out.contains("3 facts in 1 orders"), "{}", shown.out);
    let file = text(&folder.path().join("li.bundle"));
    assert_eq!(device(&li, &["bundle", &file]).await?.exit, 0);
    let said = device(&zhang, &["receive", &file, "--lang", "zh"]).await?;
    assert!(said.out.contains("已有 3"), "{}{}", said.out, said.err);
    let cut = text(&folder.path().join("cut.bundle"));
    let bytes = std::fs::read(&file)?;
    std::fs::write(&cut, &bytes[..bytes.len() - 1])?;
    assert_eq!(code(&zhang, &["receive", &cut]).await?, "bundle_malformed");
    let said = device(&zhang, &["bundle"]).await?;
    assert_eq!(said.exit, 2, "a file or a folder must be named");

    // Zhang has a signal first.
    assert_eq!(device(&zhang, &["sync"]).await?.exit, 0);
    // What is not for his phone goes from it once the server has it and has told him that nothing more comes.
    assert_eq!(device(&zhang, &["sync"]).await?.exit, 0);
    assert_eq!(json(&zhang, &["status"]).await?["carried"]["orders"], 0);
    let said = json(&li, &["sync"]).await?;
    assert_eq!(json(&li, &["status"]).await?["verified"], true, "{said}");
    let shown = json(&li, &["show", &order]).await?;
    assert!(shown["serial"].is_string() || shown["request"]["serial"].is_string(), "the server numbered it: {shown}");
    office.stop().await?;
    Ok(())
}
