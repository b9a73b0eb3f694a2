//! Everything the adapters share: the store, the commit thread, what is durable, who the store is.

use std::sync::Arc;

use docket_sync_core::ids::DeviceId;
use tokio::sync::watch;

use crate::attachments::Attachments;
use crate::backup::{BackedUp, LastBackup};
use crate::commit::{CommitError, Committer, Inline, Tables as _};
use crate::feed::devices::{Contacts, DeviceContact};
use crate::hub::Hub;
use crate::identity::{Identity, StoreKeys};
use crate::platform::Platform;
use crate::scrub::Scrub;
use crate::store::Store;

/// The office of one company.
#[derive(Debug)]
pub struct Office {
    /// The store, for reading. Hold [`Hub::read`] while you do.
    pub store: Arc<dyn Store>,
    /// Where jobs go.
    pub committer: Committer,
    /// What is durable, and who listens.
    pub hub: Arc<Hub>,
    /// Who the store is.
    pub identity: Identity,
    /// The store's keys.
    pub keys: StoreKeys,
    /// Clock and randomness.
    pub platform: Platform,
    /// Sessions of devices.
    pub contacts: Contacts,
    /// What the last backup left in the data folder, where the server follows one.
    pub last_backup: LastBackup,
    /// Where attachments are kept, where the server keeps any.
    pub attachments: Attachments,
    /// What reading the closed segments of the journal again has shown, where the server does.
    pub scrub: Arc<Scrub>,
    stop: watch::Sender<bool>,
}

impl Office {
    /// Opens a store: see [`crate::commit::open`].
    ///
    /// # Errors
    /// When the store cannot be opened for writing.
    pub fn open(
        store: Arc<dyn Store>,
        keys: StoreKeys,
        platform: Platform,
        new: Option<Identity>,
    ) -> Result<(Arc<Self>, std::thread::JoinHandle<()>), CommitError> {
        let hub = Arc::new(Hub::default());
        let opened = crate::commit::open(store.clone(), keys.clone(), platform.clone(), hub.clone(), new)?;
        let office = Self::over(store, keys, platform, hub, opened.committer, opened.identity);
        Ok((Arc::new(office), opened.thread))
    }

    /// Opens a store without a thread: see [`crate::commit::open_inline`].
    ///
    /// # Errors
    /// When the store cannot be opened for writing.
    pub fn open_inline(
        store: Arc<dyn Store>,
        keys: StoreKeys,
        platform: Platform,
        new: Option<Identity>,
    ) -> Result<(Arc<Self>, Inline), CommitError> {
        let hub = Arc::new(Hub::default());
        let opened = crate::commit::open_inline(store.clone(), keys.clone(), platform.clone(), hub.clone(), new)?;
        let office = Self::over(store, keys, platform, hub, opened.committer, opened.identity);
        Ok((Arc::new(office), opened.inline))
    }

    fn over(
        store: Arc<dyn Store>,
        keys: StoreKeys,
        platform: Platform,
        hub: Arc<Hub>,
        committer: Committer,
        identity: Identity,
    ) -> Self {
        Self {
            store,
            committer,
            hub,
            identity,
            keys,
            platform,
            contacts: Contacts::default(),
            last_backup: LastBackup::default(),
            attachments: Attachments::default(),
            scrub: Arc::default(),
            stop: watch::Sender::new(false),
        }
    }

    /// The last backup of this very history: the log has the chain value there that the backup has. The caller holds
    /// [`Hub::read`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn backed_up(&self) -> Result<Option<BackedUp>, CommitError> {
        let Some(told) = self.last_backup.told() else { return Ok(None) };
        let chain = self.store.log_entry(told.number)?.map(|entry| entry.chain);
        Ok((chain == Some(told.chain)).then_some(told))
    }

    /// Ready when the server stops.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            let _sender_gone = stop.wait_for(|stopped| *stopped).await;
        }
    }

    /// Turns true when the server stops.
    #[must_use]
    pub fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Ready when nobody is left who holds a [`Office::stop_signal`] or waits for [`Office::stopping`].
    pub async fn emptied(&self) {
        self.stop.closed().await;
    }

    /// Tells everybody to finish: live sockets, event streams, reactors.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Writes a device's contact with the next group, without waiting for it.
    pub fn keep_contact(&self, device: DeviceId, contact: DeviceContact) {
        self.committer.forget(move |writer| {
            writer.keep_contact(device, &contact);
            writer.touch_device(device);
            Ok(())
        });
    }
}
