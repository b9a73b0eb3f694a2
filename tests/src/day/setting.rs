//! The office of the day: a new store on disk, served over TLS on this machine, with the company's people and
//! customers on file. Its clock is the day's.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use docket_server::attachments::limits::Limits;
use docket_server::auth::password::{self, PasswordCost};
use docket_server::auth::people::NewPerson;
use docket_server::commit::{CommitError, Writer};
use docket_server::identity::{Identity, StoreKeys};
use docket_server::listen::{ListenError, Listener, TlsIdentity, Transport};
use docket_server::office::Office;
use docket_server::platform::Platform;
use docket_server::reactor::Runner;
use docket_server::store::{JournaledStore, SledOptions};
use docket_server::{app, reactor};
use docket_sync_core::facts::Ledger;
use docket_sync_core::ids::{DeviceId, DocumentId, Epoch, PersonId, RecordId, StoreId};
use docket_sync_core::policy::{DEFAULT_JSON, ServicePolicy};
use docket_sync_core::reference::{Customer, Language, PolicyRecord, Site, Unit};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::Trouble;
use super::clock::DayClock;
use crate::demo::Company;

/// Password of everybody in the demo's company; the accounts exist in a demo's store only.
pub const PASSWORD: &str = "demo-password";

/// Memory for the store's cache: a day is small.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Receipts of one device on one day, with room.
const RECEIPTS: u64 = 50;

/// What customers hold to sign by: number and code, by order.
pub type Codes = Arc<Mutex<BTreeMap<DocumentId, (u32, String)>>>;

/// The office.
pub struct Setting {
    /// The server's inside.
    pub office: Arc<Office>,
    /// The day's time.
    pub clock: DayClock,
    /// The company.
    pub company: Company,
    /// What devices know the server by, and where it listens.
    pub tls: TlsIdentity,
    /// Where it listens.
    pub address: SocketAddr,
    /// The code that a customer reads out instead of signing, by order (U-09).
    pub codes: Codes,
    folder: Folder,
    reactors: Vec<Runner>,
    serving: JoinHandle<Result<(), ListenError>>,
    commit_thread: std::thread::JoinHandle<()>,
}

/// Where everything lies.
enum Folder {
    Temporary(TempDir),
    Given(PathBuf),
}

impl Setting {
    /// Makes the store in `data`, or in a temporary folder, writes the company into it and serves it.
    ///
    /// # Errors
    /// When the folder holds a store already, or anything fails.
    pub async fn open(
        company: Company,
        clock: DayClock,
        data: Option<&Path>,
        listen: SocketAddr,
    ) -> Result<Self, Trouble> {
        let folder = match data {
            Some(path) => Folder::Given(path.to_owned()),
            None => Folder::Temporary(tempfile::tempdir()?),
        };
        let path = folder.path();
        let tls = TlsIdentity::load_or_make(&path.join("tls"), &[])?;
        let listener = Listener::bind(listen, Transport::Tls(tls.clone()))?;
        let address = listener.address();
        let platform = Platform { clock: Arc::new(clock.clone()), random: Platform::system().random };
        let secret = platform.bytes::<{ StoreKeys::LENGTH }>();
        write_keys(path, &secret)?;
        let options = SledOptions { cache_bytes: CACHE_BYTES, ..SledOptions::default() };
        let store = Arc::new(JournaledStore::open(&path.join("store"), options, &platform)?);
        let new = Identity { store: StoreId(platform.bytes()), epoch: Epoch(platform.bytes()), node: 0, start: 0 };
        let keys = StoreKeys::from_secret(&secret);
        let (office, commit_thread) = Office::open(store, keys, platform, Some(new))?;
        put_on_file(&office, &clock, &company).await?;
        let attachments = path.join(docket_server::attachments::FOLDER);
        office.attachments.keep_in(&attachments, Limits::USUAL, &office.platform)?;
        let reactors = reactor::all(&office);
        let serving =
            tokio::spawn(listener.serve(app::router(office.clone(), Some(tls.fingerprint())), office.stopping()));
        let codes = Codes::default();
        Ok(Self { office, clock, company, tls, address, codes, folder, reactors, serving, commit_thread })
    }

    /// Everything that lies on disk is under it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Somebody of the office.
    ///
    /// # Errors
    /// When nobody has this login.
    pub fn person(&self, login: &str) -> Result<PersonId, Trouble> {
        let person = self.company.people.iter().find(|person| person.login == login);
        Ok(person.ok_or("nobody has this login")?.id)
    }

    /// Gives a device numbers for its receipts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn give_numbers(&self, device: DeviceId) -> Result<(), Trouble> {
        let clerk = self.person("clerk")?;
        let job = move |writer: &mut Writer| {
            for ledger in Ledger::ALL {
                writer.issue_block(device, *ledger, RECEIPTS, Some(clerk))?;
            }
            Ok(())
        };
        Ok(self.office.committer.run(job).await?)
    }

    /// Gives the customer of an order a code to sign by.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn give_code(&self, order: DocumentId, customer: RecordId) -> Result<(), Trouble> {
        let (clerk, platform) = (self.person("clerk")?, self.office.platform.clone());
        let job = move |writer: &mut Writer| writer.issue_customer_codes(customer, 1, clerk, &mut || platform.bytes());
        let issued = self.office.committer.run(job).await?;
        let code = issued.into_iter().next().ok_or("no code was issued")?;
        self.codes.lock().map_err(|_poisoned| "the codes are gone")?.insert(order, (code.number, code.code));
        Ok(())
    }

    /// Lets the office's own rules act: what fell due, dispatch, callbacks. By hand and not in the background, so
    /// that they see the same at the same minute of every run.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn react(&mut self) -> Result<(), Trouble> {
        self.office.committer.run(Writer::fire_due).await?;
        for runner in &mut self.reactors {
            runner.catch_up().await?;
        }
        Ok(())
    }

    /// Lets the reactors look at what has fallen due or was left undone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_around(&mut self) -> Result<(), Trouble> {
        for runner in &mut self.reactors {
            runner.tick().await?;
        }
        Ok(())
    }

    /// Hands the reactors over to the background and lets time go on: the day is over, people look at the page.
    pub fn release(&mut self) {
        self.reactors.clear();
        self.clock.release();
        // They end when the office stops.
        drop(reactor::spawn_all(&self.office));
    }

    /// Stops serving and closes the store.
    ///
    /// # Errors
    /// When serving had failed.
    pub async fn close(self) -> Result<(), Trouble> {
        let Self { office, reactors, serving, commit_thread, folder, .. } = self;
        office.stop();
        drop(reactors);
        serving.await??;
        drop(office);
        tokio::task::spawn_blocking(move || commit_thread.join())
            .await?
            .map_err(|_panic| "the commit thread failed")?;
        drop(folder);
        Ok(())
    }
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }
}

/// Keeps the store's keys where `docket serve` looks for them, for its owner only and never over others.
fn write_keys(data: &Path, secret: &[u8]) -> Result<(), Trouble> {
    let folder = data.join("keys");
    std::fs::create_dir_all(&folder)?;
    let mut options = std::fs::File::options();
    options.write(true).create_new(true).mode(0o600);
    let file = options.open(folder.join("store.key"));
    let mut file = file.map_err(|error| format!("{}: a store is there already, or: {error}", data.display()))?;
    std::io::Write::write_all(&mut file, data_encoding::HEXLOWER.encode(secret).as_bytes())?;
    Ok(())
}

/// The language of the company's people.
#[must_use]
pub fn language(company: &Company) -> Language {
    Language::from_code(&company.language).unwrap_or(Language::En)
}

/// Writes people, customers and policy.
async fn put_on_file(office: &Office, clock: &DayClock, company: &Company) -> Result<(), Trouble> {
    let hash = password::hash(PASSWORD, office.platform.bytes(), PasswordCost::default())?;
    let policy = policy(company)?;
    let (company, clock) = (company.clone(), clock.clone());
    let job = move |writer: &mut Writer| {
        writer.write_company(&company.name, policy, None)?;
        writer.write_shipped_forms(None).map_err(|error| CommitError::Internal(error.to_string()))?;
        for person in &company.people {
            // The rotation goes by the time at which people were entered.
            clock.step();
            let skills = person.skills.iter().map(String::as_str);
            let roles = person.roles.iter().copied();
            let new = NewPerson::new(&person.login, &person.name, roles, skills, language(&company));
            let new = new.map_err(|error| CommitError::Internal(error.to_string()))?;
            let record = new.into_record(person.id, Some(hash.clone()), clock.time());
            writer.put(docket_server::store::Table::Login, person.login.as_bytes(), person.id.0.to_vec());
            writer.write_person(&record, None)?;
        }
        for customer in &company.customers {
            let (name, phone) = (customer.name.clone(), customer.phone.clone());
            writer.write_reference(customer.id, Customer { name, phone, language: None, codes: None }.into(), None)?;
            let contact = Some(customer.contact.clone());
            let address = customer.address.clone();
            let site = Site { customer: customer.id, address, zone: None, contact };
            writer.write_reference(customer.site, site.into(), None)?;
            for unit in &customer.units {
                let (model, serial) = (unit.model.clone(), unit.serial.clone());
                let unit_record = Unit { site: customer.site, model, serial, warranty_until: None };
                writer.write_reference(unit.id, unit_record.into(), None)?;
            }
        }
        Ok(())
    };
    Ok(office.committer.run(job).await?)
}

/// The shipped policy in the company's money and time zone.
fn policy(company: &Company) -> Result<PolicyRecord, Trouble> {
    let mut policy: serde_json::Value = serde_json::from_str(DEFAULT_JSON)?;
    if let Some(fields) = policy.as_object_mut() {
        fields.insert("currency".to_owned(), company.currency.as_str().into());
        fields.insert("utc_offset_minutes".to_owned(), company.utc_offset_minutes.into());
    }
    let json = serde_json::to_vec(&policy)?;
    Ok(PolicyRecord { version: ServicePolicy::from_json(&json)?.version, json })
}
