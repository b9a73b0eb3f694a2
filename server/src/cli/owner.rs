//! Whose a data folder is. What a command writes belongs to the user who runs it and is readable by nobody else: run by
//! another user than the server's, it leaves a store behind that the server cannot read.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Failure;

/// Where the system keeps the names of users.
const USERS: &str = "/etc/passwd";

/// The administrator of the machine.
const ROOT: u32 = 0;

/// Refuses to go on with the store in `data`, or to make one there, as another user than the one to whom it belongs.
pub(super) fn check(data: &Path) -> Result<(), Failure> {
    let own = rustix::process::geteuid().as_raw();
    let mut store = None;
    for part in ["keys", "store"] {
        store = store.or(metadata(&data.join(part))?);
    }
    let owner = match store {
        Some(store) => store.uid(),
        // A folder that is root's may be lent by its group, as in a container; root itself would shut out the owner.
        None => metadata(data)?.map(|folder| folder.uid()).filter(|_| own == ROOT).unwrap_or(own),
    };
    if owner == own {
        return Ok(());
    }
    let (folder, own) = (data.display(), user(own));
    let (owner, as_owner) = (user(owner), name(owner).unwrap_or_else(|| format!("#{owner}")));
    Err(Failure::new(format!(
        "{folder} belongs to {owner} and this is run by {own}, whose files {owner} could not read: run it as {owner}, \
         for example `sudo -u '{as_owner}' docket ...`; when the store is to be another user's, `chown -R USER {folder}` first"
    )))
}

/// Whether there is something at `path`; not to be allowed to look is another answer than no.
pub(super) fn stands(path: &Path) -> Result<bool, Failure> {
    metadata(path).map(|metadata| metadata.is_some())
}

/// What is said when `path` may not be looked at or read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let own = user(rustix::process::geteuid().as_raw());
    let path = path.display();
    Failure::new(match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "{path} cannot be read by {own}: {error}; run docket as the user to whom the store belongs, or give the \
             whole folder to the server's user with `chown -R`"
        ),
        _ => format!("reading {path}: {error}"),
    })
}

fn metadata(path: &Path) -> Result<Option<Metadata>, Failure> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// A user as the operator knows him.
fn user(id: u32) -> String {
    name(id).map_or_else(|| format!("the user with the number {id}"), |name| format!("the user {name}"))
}

fn name(id: u32) -> Option<String> {
    let users = fs::read_to_string(USERS).ok()?;
    name_in(&users, id).map(str::to_owned)
}

fn name_in(users: &str, id: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(id)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_his_name_or_his_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\ndocket:x:998:998::/var/lib/docket:/usr/sbin/nologin\n";
        assert_eq!(name_in(users, 998), Some("docket"));
        assert_eq!(name_in(users, 0), Some("root"));
        assert_eq!(name_in(users, 99), None);
        assert_eq!(user(u32::MAX - 7), format!("the user with the number {}", u32::MAX - 7));
    }

    #[test]
    fn what_may_not_be_looked_at_is_not_taken_for_absent() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!stands(&folder.path().join("nothing")).unwrap());
        assert!(stands(folder.path()).unwrap());
        // The same kind of answer as that of a folder without rights, for every user: a file is no folder.
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(stands(&file.join("keys")).is_err());
        check(folder.path()).map_err(|failure| failure.0).unwrap();
    }
}
