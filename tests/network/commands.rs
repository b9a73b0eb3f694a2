//! The program's commands on what people give them by mistake: one clear sentence, and an exit that says so.

use docket_harness::office::{Office, OfficeError};
use docket_harness::process::binary;
use docket_harness::world::Trouble;

/// Runs `docket ARGUMENTS`, which must fail; gives what it said on standard error.
async fn fails(arguments: &[&str]) -> Result<String, Trouble> {
    let output = tokio::process::Command::new(binary("docket")?).args(arguments).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "`docket {}` ended well: {said}", arguments.join(" "));
    assert!(output.status.code().is_some(), "`docket {}` was killed: {said}", arguments.join(" "));
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    Ok(said)
}

fn is_one_sentence(said: &str) {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "not one sentence: {said}");
    assert!(lines[0].starts_with("docket: ") && lines[0].len() > 20, "{said}");
}

#[tokio::test]
async fn mistakes_at_the_terminal_have_one_clear_sentence_each() -> Result<(), Trouble> {
    let empty = tempfile::tempdir()?;
    let folder = empty.path().display().to_string();
    let missing = empty.path().join("nowhere").display().to_string();
    assert!(fails(&["serve", "--lissten", "x"]).await?.contains("--lissten"));
    assert!(fails(&["sreve"]).await?.contains("sreve"));
    assert!(fails(&["serve", "--listen", "nonsense", "--data", &folder]).await?.contains("nonsense"));
    is_one_sentence(&fails(&["serve", "--data", &missing, "--listen", "127.0.0.1:0"]).await?);
    is_one_sentence(&fails(&["serve", "--data", &folder, "--listen", "127.0.0.1:0"]).await?);
    is_one_sentence(&fails(&["serve", "--data", &folder, "--listen", "0.0.0.0:0", "--insecure-http"]).await?);
    is_one_sentence(&fails(&["serve", "--data", &folder, "--listen", "127.0.0.1:0", "--cache-mib", "0"]).await?);
    is_one_sentence(&fails(&["import", "orders", &missing, "--data", &folder]).await?);
    is_one_sentence(&fails(&["verify", &missing]).await?);
    is_one_sentence(&fails(&["user", "list", "--data", &missing]).await?);
    Ok(())
}

#[tokio::test]
async fn a_busy_port_and_a_damaged_store_are_said_in_a_sentence() -> Result<(), Trouble> {
    let mut office = Office::init("Test company").await?;
    let address = office.serve().await?.to_string();
    let other = Office::init("Other company").await?;
    let said = fails(&["serve", "--data", &other.data(), "--listen", &address, "--insecure-http"]).await?;
    is_one_sentence(&said);
    assert!(said.contains(&address), "{said}");
    office.stop().await?;
    // Every file of the store is overwritten in the middle.
    let mut damaged = 0;
    for file in files(std::path::Path::new(&office.data()).join("store"))? {
        let mut bytes = std::fs::read(&file)?;
        if bytes.len() > 16 {
            let length = bytes.len();
            bytes[4..length - 4].fill(0xa5);
            std::fs::write(&file, bytes)?;
            damaged += 1;
        }
    }
    assert!(damaged > 0);
    is_one_sentence(&fails(&["serve", "--data", &office.data(), "--listen", "127.0.0.1:0", "--insecure-http"]).await?);
    Ok(())
}

fn files(folder: std::path::PathBuf) -> Result<Vec<std::path::PathBuf>, Trouble> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[tokio::test]
async fn a_broken_order_file_is_taken_as_far_as_it_can_be_read() -> Result<(), Trouble> {
    let office = Office::init("Test company").await?;
    let folder = tempfile::tempdir()?;
    let import = async |name: &str, bytes: &[u8]| -> Result<String, Trouble> {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes)?;
        let file = file.display().to_string();
        match office.command(&["import", "orders", &file]).await {
            Ok(lines) => Err(format!("taken: {lines:?}").into()),
            Err(OfficeError::Command { output, .. }) => Ok(output),
            Err(error) => Err(error.into()),
        }
    };
    let said = import("header.csv", b"customer,phon,address,problem\nA,1,B,C\n").await?;
    assert!(said.contains("phon"), "{said}");
    let said = import("empty.csv", b"").await?;
    assert!(said.contains("docket: "), "{said}");
    let lines = "customer,phone,address,problem\n陈静,021,南京西路,不制冷\n,021,x,没有客户\n\"未完,021,x,y\n王五,022,x,漏水\n";
    let said = import("lines.csv", lines.as_bytes()).await?;
    assert!(said.contains("2 orders registered") && said.contains("line 3"), "{said}");
    let mut bytes = b"customer,phone,address,problem\n".to_vec();
    bytes.extend([0xff, 0xfe, b',', b'1', b',', b'x', b',', b'y', b'\n']);
    let said = import("latin.csv", &bytes).await?;
    assert!(said.contains("line 2") && !said.contains("panicked"), "{said}");
    Ok(())
}
