//! A backup folder, its identity, and what two stores have in common.

use std::path::{Path, PathBuf};
use std::process::Output;

use docket_harness::office::Office;
use docket_harness::process::binary;
use docket_harness::world::Trouble;
use docket_server::commit::{RowRecord, Tables};
use docket_server::platform::Platform;
use docket_server::store::{Entry, JournaledStore, KeyRange, SledOptions, Store, Table};
use tempfile::TempDir;

/// A folder for backups, with an identity beside it.
pub(crate) struct Shelf {
    folder: TempDir,
    pub(crate) recipient: String,
}

impl Shelf {
    pub(crate) async fn new() -> Result<Self, Trouble> {
        let folder = tempfile::tempdir()?;
        let identity = folder.path().join("identity");
        let recipient = make_key(&identity).await?;
        Ok(Self { folder, recipient })
    }

    pub(crate) fn backup(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    pub(crate) fn identity(&self) -> String {
        self.folder.path().join("identity").display().to_string()
    }

    /// A file beside the backup.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `docket backup` of this office.
    pub(crate) async fn back_up(&self, office: &Office) -> Result<String, Trouble> {
        let (to, data) = (self.to(), office.data());
        good(&["backup", "--data", &data, "--to", &to, "--recipient", &self.recipient]).await
    }

    pub(crate) fn to(&self) -> String {
        self.backup().display().to_string()
    }

    /// `docket backup verify`.
    pub(crate) async fn verify(&self) -> Result<String, Trouble> {
        good(&["backup", "verify", "--from", &self.to(), "--identity", &self.identity()]).await
    }

    /// `docket restore` into a new office that is not served yet.
    pub(crate) async fn restore(&self, more: &[&str]) -> Result<(Office, String), Trouble> {
        let office = Office::without_store()?;
        let (from, identity, data) = (self.to(), self.identity(), office.data());
        let arguments = ["restore", "--from", &from, "--identity", &identity, "--data", &data];
        let said = good(&[arguments.as_slice(), more].concat()).await?;
        Ok((office, said))
    }

    /// The manifest as JSON.
    pub(crate) fn manifest(&self) -> Result<serde_json::Value, Trouble> {
        Ok(serde_json::from_slice(&std::fs::read(self.backup().join("manifest.json"))?)?)
    }

    /// Names of the pieces of the newest series.
    pub(crate) fn pieces(&self) -> Result<Vec<String>, Trouble> {
        let manifest = self.manifest()?;
        let pieces =
            manifest["series"].as_array().and_then(|series| series.last()).ok_or("a series")?["pieces"].clone();
        let names = pieces.as_array().ok_or("pieces")?.iter().map(|piece| piece["name"].as_str().unwrap().to_owned());
        Ok(names.collect())
    }
}

/// `docket backup key`; gives the recipient.
pub(crate) async fn make_key(file: &Path) -> Result<String, Trouble> {
    let said = good(&["backup", "key", "--out", &file.display().to_string()]).await?;
    let recipient = said.lines().find_map(|line| line.strip_prefix("Recipient: ")).ok_or("a recipient")?;
    Ok(recipient.to_owned())
}

/// Runs `docket ARGUMENTS` to its end.
pub(crate) async fn docket(arguments: &[&str]) -> Result<Output, Trouble> {
    Ok(tokio::process::Command::new(binary("docket")?).args(arguments).kill_on_drop(true).output().await?)
}

/// What both streams say.
pub(crate) fn said(output: &Output) -> String {
    [output.stdout.clone(), output.stderr.clone()].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

/// What a command that must succeed says.
pub(crate) async fn good(arguments: &[&str]) -> Result<String, Trouble> {
    let output = docket(arguments).await?;
    if output.status.success() { Ok(said(&output)) } else { Err(said(&output).into()) }
}

/// The one sentence of a command that must refuse.
pub(crate) async fn refused(arguments: &[&str]) -> Result<String, Trouble> {
    let output = docket(arguments).await?;
    assert!(!output.status.success(), "`docket {}` succeeded: {}", arguments.join(" "), said(&output));
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The store of an office that is not served.
pub(crate) fn open(office: &Office) -> Result<JournaledStore<docket_server::store::SledStore>, Trouble> {
    let folder = Path::new(&office.data()).join("store");
    Ok(JournaledStore::open(&folder, SledOptions::default(), &Platform::system())?)
}

/// Everything that a store says about orders: views, metadata, changes.
pub(crate) fn orders(store: &dyn Store) -> Result<Vec<Entry>, Trouble> {
    let mut all = Vec::new();
    for table in [Table::View, Table::Change, Table::Reference] {
        all.extend(Tables::scan(store, table, &KeyRange::all(), usize::MAX)?);
    }
    Ok(all)
}

/// Entries of the log up to `number`, with their chain values, as stored.
pub(crate) fn log_to(store: &dyn Store, number: u64) -> Result<Vec<Entry>, Trouble> {
    let range = KeyRange::before((number + 1).to_be_bytes());
    Ok(Tables::scan(store, Table::Log, &range, usize::MAX)?)
}

/// Number of rows that the office shows.
pub(crate) fn rows(store: &dyn Store) -> Result<Vec<RowRecord>, Trouble> {
    let rows = Tables::scan(store, Table::View, &KeyRange::all(), usize::MAX)?;
    Ok(rows.iter().map(|(_, bytes)| minicbor::decode(bytes)).collect::<Result<_, _>>()?)
}
