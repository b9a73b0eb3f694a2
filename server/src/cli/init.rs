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
use crate::identity::{Identity, StoreKeys};
use crate::listen::tls::{TlsIdentity, grouped};
use crate::office::Office;
use crate::platform::Platform;
use crate::store::{SledOptions, SledStore, Store};

/// Makes a company's store: keys, epoch, TLS certificate, first administrator.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  docket init --data /var/lib/docket --company 'Northern Air Conditioning' --admin wang\n\n\
    The administrator's password is read from --password-file; without it one is made and printed once.")]
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
    /// The company's own certificate (PEM); one is made when absent.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

pub(super) fn run(options: InitOptions) -> Result<(), Failure> {
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
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => TlsIdentity::load(certificate, key)?,
        _ => TlsIdentity::load_or_make(&options.data.join("tls"), &options.host)?,
    };
    let keys_secret = Zeroizing::new(platform.bytes::<{ StoreKeys::LENGTH }>());
    data::write_keys(&options.data, &keys_secret)?;
    let keys = StoreKeys::from_secret(&keys_secret);
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&options.data.join("store"), SledOptions::default())?);
    let new = Identity { store: StoreId(platform.bytes()), epoch: Epoch(platform.bytes()), node: 0, start: 0 };
    let (office, thread) = Office::open(store, keys.clone(), platform, Some(new))?;
    let company = options.company.clone();
    office.committer.run_blocking(move |writer| {
        let admin = writer.add_person(admin, Some(hash), None)?;
        writer.write_company(&company, policy, Some(admin.id))
    })?;
    office.stop();
    drop(office);
    let _ended = thread.join();
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
        Some(path) => fs::read(path)
            .map_err(|error| Failure::new(format!("reading the policy {}: {error}", path.display())))?,
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
