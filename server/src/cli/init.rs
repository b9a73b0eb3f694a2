//! `docket init`: a new store.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{Epoch, StoreId};
use docket_sync_core::policy;
use docket_sync_core::reference::{Language, PolicyRecord};
use zeroize::Zeroizing;

use super::{Failure, data, say};
use crate::auth::password;
use crate::auth::people::{NewPerson, check_new_password};
use crate::commit::CommitError;
use crate::identity::{Identity, StoreKeys};
use crate::listen::tls::{TlsIdentity, grouped};
use crate::office::Office;
use crate::platform::Platform;
use crate::store::{JournaledStore, SledOptions};

/// Makes a company's store: keys, epoch, TLS certificate, first administrator.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  docket init --data /var/lib/docket --company 'Northern Air Conditioning' --admin wang\n\n\
    The administrator's password is read from --password-file; without it one is made and printed once."
)]
pub(super) struct InitOptions {
    /// Folder of the new store; made when absent.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The company's name, as vouchers show it.
    #[arg(long, value_name = "NAME", default_value = "Docket")]
    company: String,
    /// Login of the first administrator.
    #[arg(long, value_name = "LOGIN", default_value = "admin")]
    admin: String,
    /// File whose first line is the administrator's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Service policy (JSON); the shipped one when absent. See schemas/policy.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Names or addresses that the certificate is good for, beside those of this machine.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// The company's own certificate (PEM), copied into the folder; one is made when absent.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

pub(super) fn run(options: InitOptions) -> Result<(), Failure> {
    data::check_new(&options.data)?;
    let platform = Platform::system();
    let policy = read_policy(options.policy.as_ref())?;
    let given = options.password_file.as_ref().map(read_password).transpose()?;
    let made = given.is_none();
    let secret = given.unwrap_or_else(|| Zeroizing::new(make_password(&platform)));
    let everything = [Role::Administrator, Role::Clerk, Role::Dispatcher, Role::Supervisor];
    let admin = NewPerson::new(&options.admin, &options.admin, everything, [], Language::En)?;
    check_new_password(&secret, admin.login())?;
    let hash = password::hash(&secret, platform.bytes(), password::PasswordCost::default())?;
    fs::create_dir_all(&options.data)
        .map_err(|error| Failure::new(format!("making the folder {}: {error}", options.data.display())))?;
    let tls_folder = options.data.join("tls");
    data::make_private(&tls_folder)?;
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => TlsIdentity::keep(&tls_folder, certificate, key)?,
        _ => TlsIdentity::load_or_make(&tls_folder, &options.host)?,
    };
    let keys_secret = Zeroizing::new(platform.bytes::<{ StoreKeys::LENGTH }>());
    data::begin_keys(&options.data, &keys_secret)?;
    let keys = StoreKeys::from_secret(&keys_secret);
    let store = JournaledStore::open(&options.data.join("store"), SledOptions::default(), &platform)?;
    let new = Identity { store: StoreId(platform.bytes()), epoch: Epoch(platform.bytes()), node: 0, start: 0 };
    let (office, thread) = Office::open(Arc::new(store), keys.clone(), platform, Some(new))?;
    let company = options.company.clone();
    office.committer.run_blocking(move |writer| {
        let admin = writer.add_person(admin, Some(hash), None)?;
        writer.write_company(&company, policy, Some(admin.id))?;
        writer.write_shipped_forms(Some(admin.id)).map_err(|error| CommitError::Internal(error.to_string()))
    })?;
    office.stop();
    drop(office);
    let _ended = thread.join();
    data::finish_keys(&options.data)?;
    say(&format!("Store {} is ready in {}.", new.store, options.data.display()));
    say(&format!("Store key fingerprint (on every voucher): {}", keys.fingerprint()));
    say(&format!("TLS certificate fingerprint (for devices): {}", grouped(&tls.fingerprint())));
    say(&format!("Administrator: {}", options.admin));
    if made {
        say(&format!("Password (shown this once): {}", secret.as_str()));
    }
    say(&format!("Next: docket serve --data {} --listen 127.0.0.1:8443", options.data.display()));
    Ok(())
}

fn read_policy(file: Option<&PathBuf>) -> Result<PolicyRecord, Failure> {
    let json = match file {
        None => policy::DEFAULT_JSON.as_bytes().to_vec(),
        Some(path) => {
            fs::read(path).map_err(|error| Failure::new(format!("reading the policy {}: {error}", path.display())))?
        }
    };
    let policy = policy::ServicePolicy::from_json(&json)?;
    Ok(PolicyRecord { version: policy.version, json })
}

fn read_password(path: &PathBuf) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("reading the password from {}: {error}", path.display())))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn make_password(platform: &Platform) -> String {
    data_encoding::BASE32_NOPAD.encode(&platform.bytes::<10>()).to_lowercase()
}

pub(super) fn password_from(file: Option<&PathBuf>, platform: &Platform) -> Result<(Zeroizing<String>, bool), Failure> {
    Ok(match file {
        Some(path) => (read_password(path)?, false),
        None => (Zeroizing::new(make_password(platform)), true),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    fn options(data: &Path, pem: Option<&Path>) -> InitOptions {
        InitOptions {
            data: data.to_owned(),
            company: "Test company".to_owned(),
            admin: "admin".to_owned(),
            password_file: None,
            policy: None,
            host: Vec::new(),
            tls_cert: pem.map(|pem| pem.join("certificate.pem")),
            tls_key: pem.map(|pem| pem.join("key.pem")),
        }
    }

    fn refusal(options: InitOptions) -> String {
        run(options).expect_err("init refuses").0
    }

    #[test]
    fn a_given_certificate_is_remembered_and_the_folders_are_private() {
        let (folder, pem) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data = folder.path().join("data");
        let given = TlsIdentity::load_or_make(pem.path(), &[]).unwrap();
        run(options(&data, Some(pem.path()))).map_err(|failure| failure.0).unwrap();
        drop(pem);
        let served = TlsIdentity::load_or_make(&data.join("tls"), &[]).unwrap();
        assert_eq!(served.fingerprint(), given.fingerprint(), "serve uses what init was given");
        for part in ["keys", "store", "tls"] {
            let mode = fs::metadata(data.join(part)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "others can enter {part}");
        }
        assert!(refusal(options(&data, None)).contains("already holds a store"));
    }

    #[test]
    fn an_init_that_was_cut_off_can_be_run_again_and_lost_keys_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        run(options(data, None)).map_err(|failure| failure.0).unwrap();
        let first = data::read_keys(data).map_err(|failure| failure.0).unwrap().fingerprint();
        // The last moment before the keys get their name: everything else was written.
        fs::rename(data.join("keys/store.key"), data.join("keys/store.key.new")).unwrap();
        let Err(Failure(said)) = data::read_keys(data) else { panic!("an unfinished store was opened") };
        assert!(said.contains("docket init"), "{said}");
        run(options(data, None)).map_err(|failure| failure.0).unwrap();
        let second = data::read_keys(data).map_err(|failure| failure.0).unwrap().fingerprint();
        assert_ne!(first, second);
        let opened = data::open(data).map_err(|failure| failure.0).unwrap();
        let people = data::people(&opened.office).map_err(|failure| failure.0).unwrap();
        opened.close();
        assert_eq!(people.len(), 1, "nothing is left of the first try");
        fs::remove_file(data.join("keys/store.key")).unwrap();
        let said = refusal(options(data, None));
        assert!(said.contains("restore") && said.contains("store.key"), "{said}");
        assert!(data.join("store").exists(), "a store is not removed because its keys are lost");
    }
}
