//! Every refusal of the commands is one sentence that says what to do, and an exit code that is not 0.

use docket_harness::office::Office;
use docket_harness::world::Trouble;

use super::setting::{Shelf, docket, make_key, refused, said};

async fn sentence(arguments: &[&str], expected: &str) -> Result<(), Trouble> {
    let sentence = refused(arguments).await?;
    assert!(sentence.contains(expected), "`docket {}`: {sentence}", arguments.join(" "));
    assert_eq!(sentence.trim().lines().count(), 1, "one sentence: {sentence}");
    assert!(sentence.starts_with("docket: "), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn refusals_of_backup_and_restore_are_one_sentence_each() -> Result<(), Trouble> {
    let office = Office::init("Test company").await?;
    let shelf = Shelf::new().await?;
    let (data, to, identity, recipient) = (office.data(), shelf.to(), shelf.identity(), shelf.recipient.clone());
    let absent = shelf.beside("absent").display().to_string();
    let backup = |data: &str, recipient: &str| {
        ["backup", "--data", data, "--to", &to, "--recipient", recipient].map(str::to_owned)
    };
    for (arguments, expected) in
        [(backup(&absent, &recipient), "holds no Docket store"), (backup(&data, "age1nobody"), "is not a recipient")]
    {
        sentence(&arguments.each_ref().map(String::as_str), expected).await?;
    }
    assert!(!shelf.backup().exists(), "a refused backup makes no folder");
    sentence(&["backup", "verify", "--from", &to, "--identity", &identity], "holds no backup").await?;
    sentence(&["restore", "--from", &to, "--identity", &identity, "--data", &absent], "holds no backup").await?;
    sentence(&["restore", "--from", &to, "--identity", &absent, "--data", &absent], "reading").await?;
    sentence(&["backup", "key", "--out", &identity], "making").await?;
    sentence(&["restore", "--from", &to, "--identity", &identity, "--data", &data], "already holds a store").await?;
    shelf.back_up(&office).await?;
    // Another store's backup folder, and a store's folder of identities that is none.
    let other = Office::init("Another company").await?;
    let arguments = backup(&other.data(), &recipient);
    sentence(&arguments.each_ref().map(String::as_str), "choose another folder").await?;
    let manifest = shelf.backup().join("manifest.json").display().to_string();
    sentence(&["backup", "verify", "--from", &to, "--identity", &manifest], "holds no identity").await?;
    Ok(())
}

#[tokio::test]
async fn two_backups_into_one_folder_exclude_each_other() -> Result<(), Trouble> {
    let office = Office::init("Test company").await?;
    let shelf = Shelf::new().await?;
    let held = docket_server::backup::folder::hold(&shelf.backup())?;
    let (data, to) = (office.data(), shelf.to());
    let arguments = ["backup", "--data", &data, "--to", &to, "--recipient", &shelf.recipient];
    sentence(&arguments, "another backup is writing").await?;
    drop(held);
    shelf.back_up(&office).await?;
    Ok(())
}

#[tokio::test]
async fn wrong_options_are_explained_and_help_has_examples() -> Result<(), Trouble> {
    for arguments in [
        &["backup"][..],
        &["backup", "--data", "x"],
        &["backup", "--data", "x", "--to", "y"],
        &["restore", "--from", "x"],
        &["restore", "--from", "x", "--identity", "y", "--data", "z", "--until", "yesterday"],
        &[
            "restore",
            "--from",
            "x",
            "--identity",
            "y",
            "--data",
            "z",
            "--until",
            "2026-01-01T00:00:00Z",
            "--to-number",
            "4",
        ],
    ] {
        let output = docket(arguments).await?;
        assert!(!output.status.success() && said(&output).contains("error:"), "{arguments:?}: {}", said(&output));
    }
    for command in [&["backup"][..], &["backup", "key"], &["backup", "verify"], &["restore"]] {
        let output = docket(&[command, &["--help"]].concat()).await?;
        assert!(output.status.success() && said(&output).contains("Example"), "{command:?}: {}", said(&output));
    }
    Ok(())
}

#[tokio::test]
async fn an_identity_is_readable_by_its_owner_only() -> Result<(), Trouble> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("identity");
    let recipient = make_key(&file).await?;
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file)?;
    assert!(text.contains("AGE-SECRET-KEY-1") && text.contains(&recipient), "the age tool reads the file as it is");
    Ok(())
}
