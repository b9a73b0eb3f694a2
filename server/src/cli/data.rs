//! Opening a data folder for a command.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use zeroize::Zeroizing;

use super::{Failure, owner};
use crate::auth::people::PersonRecord;
use crate::commit::Tables;
use crate::identity::StoreKeys;
use crate::office::Office;
use crate::platform::Platform;
use crate::store::{JournaledStore, KeyRange, SledOptions, StoreError, Table, folder};

/// A command's office: nothing else runs on the store.
pub(super) struct Opened {
    pub(super) office: Arc<Office>,
    thread: std::thread::JoinHandle<()>,
}

impl Opened {
    /// Waits until everything is written.
    pub(super) fn close(self) {
        let Self { office, thread } = self;
        office.stop();
        drop(office);
        let _ended = thread.join();
    }
}

pub(super) fn keys_file(data: &Path) -> PathBuf {
    data.join("keys").join("store.key")
}

/// Reads the store's keys.
pub(super) fn read_keys(data: &Path) -> Result<StoreKeys, Failure> {
    let path = keys_file(data);
    owner::check(data)?;
    check_keys_stand(data)?;
    let text = fs::read_to_string(&path).map(Zeroizing::new).map_err(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return owner::unreadable(&path, &error);
        }
        let folder = data.display();
        Failure::new(if new_keys_file(data).exists() {
            format!("the store in {folder} was not finished: run `docket init` or `docket restore` again")
        } else {
            format!("{folder} holds no Docket store: make one with `docket init --data {folder}`")
        })
    })?;
    let damaged = || Failure::new(format!("{} is damaged: restore it from your backup", path.display()));
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).or(Err(damaged()))?;
    let secret = Zeroizing::new(<[u8; StoreKeys::LENGTH]>::try_from(bytes).or(Err(damaged()))?);
    Ok(StoreKeys::from_secret(&secret))
}

/// Keys of a store that is being made: they get their name when everything else is durable.
fn new_keys_file(data: &Path) -> PathBuf {
    data.join("keys").join("store.key.new")
}

/// Refuses a store that lost its keys: nobody but a backup has them. Keys that this user may not see are not lost.
fn check_keys_stand(data: &Path) -> Result<(), Failure> {
    let (store, keys) = (data.join("store"), keys_file(data));
    if owner::stands(&store)? && !owner::stands(&keys)? && !owner::stands(&new_keys_file(data))? {
        let (store, keys) = (store.display(), keys.display());
        return Err(Failure::new(format!(
            "{store} holds a store without its keys: restore {keys} from your backup, or delete {store} to begin anew"
        )));
    }
    Ok(())
}

/// Refuses a folder that holds a store. What an `init` left that did not come to its end is no store.
pub(super) fn check_new(data: &Path) -> Result<(), Failure> {
    owner::check(data)?;
    if owner::stands(&keys_file(data))? {
        return Err(Failure::new(format!("{} already holds a store; choose another folder", data.display())));
    }
    check_keys_stand(data)
}

/// Makes a folder that only its owner enters.
pub(super) fn make_private(folder: &Path) -> Result<(), Failure> {
    let made = || -> std::io::Result<()> {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            }
            made => made,
        }
    };
    made().map_err(|error| Failure::new(format!("making the folder {}: {error}", folder.display())))
}

/// Removes what an `init` or a `restore` left that did not come to its end, and writes new keys, readable by the owner only. They
/// count as the store's keys from [`finish_keys`] on.
pub(super) fn begin_keys(data: &Path, secret: &[u8; StoreKeys::LENGTH]) -> Result<(), Failure> {
    check_new(data)?;
    let (store, path) = (data.join("store"), new_keys_file(data));
    if owner::stands(&store)? {
        // Another `init` or `restore` may be at work on it now.
        if let Err(error @ StoreError::Locked { .. }) = folder::lock(&store) {
            return Err(error.into());
        }
        fs::remove_dir_all(&store)
            .map_err(|error| Failure::new(format!("removing the unfinished {}: {error}", store.display())))?;
    }
    make_private(&data.join("keys"))?;
    let writing = |error| Failure::new(format!("writing {}: {error}", path.display()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&path).map_err(writing)?;
    let text = Zeroizing::new(data_encoding::HEXLOWER.encode(secret));
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(writing)?;
    make_private(&store)
}

/// The store is whole: its keys get their name.
pub(super) fn finish_keys(data: &Path) -> Result<(), Failure> {
    let path = keys_file(data);
    let finished = || -> std::io::Result<()> {
        fs::rename(new_keys_file(data), &path)?;
        fs::File::open(data.join("keys"))?.sync_all()?;
        fs::File::open(data)?.sync_all()
    };
    finished().map_err(|error| Failure::new(format!("writing {}: {error}", path.display())))
}

/// Opens the store in `data` for a command.
pub(super) fn open(data: &Path) -> Result<Opened, Failure> {
    let keys = read_keys(data)?;
    let platform = Platform::system();
    let store = JournaledStore::open(&data.join("store"), SledOptions::default(), &platform)?;
    let (office, thread) = Office::open(Arc::new(store), keys, platform, None)?;
    Ok(Opened { office, thread })
}

/// An active administrator, in whose name a command at the server's own terminal acts.
pub(super) fn administrator(office: &Office) -> Result<PersonId, Failure> {
    people(office)?
        .into_iter()
        .find(|person| person.holds(Role::Administrator))
        .map(|person| person.id)
        .ok_or_else(|| Failure::new("this store has no active administrator"))
}

/// The person with a login.
pub(super) fn person(office: &Office, login: &str) -> Result<PersonRecord, Failure> {
    people(office)?
        .into_iter()
        .find(|person| person.login.as_str() == login.trim().to_lowercase())
        .ok_or_else(|| Failure::new(format!("nobody has the login '{login}': see `docket user list`")))
}

/// Everybody.
pub(super) fn people(office: &Office) -> Result<Vec<PersonRecord>, Failure> {
    let _durable = office.hub.read();
    let rows = Tables::scan(office.store.as_ref(), Table::Person, &KeyRange::all(), usize::MAX)?;
    rows.iter().map(|(_, bytes)| PersonRecord::from_bytes(bytes).map_err(Failure::from)).collect()
}
