//! What is durable, and who wants to know.
//!
//! Readers take [`Hub::read`] while they read: it gives the durable number, and no commit is applied
//! meanwhile, so that what they see is durable and of one moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use docket_sync_core::ids::Digest;
use tokio::sync::{Notify, broadcast};

use crate::commit::{ScopeId, Touched};

/// Groups kept for listeners that are slower than commits; beyond it they read the log.
const NEWS_KEPT: usize = 1_024;

/// Everything up to `number` is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable {
    /// Last number.
    pub number: u64,
    /// Chain value there.
    pub chain: Digest,
}

/// One durable group of commits.
#[derive(Debug, Clone)]
pub struct News {
    /// Number after the group.
    pub number: u64,
    /// What it touched.
    pub touched: Arc<Touched>,
}

/// The durable number and the listeners.
#[derive(Debug)]
pub struct Hub {
    durable: RwLock<Durable>,
    scopes: Mutex<BTreeMap<ScopeId, Vec<Weak<Notify>>>>,
    news: broadcast::Sender<News>,
}

impl Default for Hub {
    fn default() -> Self {
        let (news, _) = broadcast::channel(NEWS_KEPT);
        let durable = Durable { number: 0, chain: Digest([0; 32]) };
        Self { durable: RwLock::new(durable), scopes: Mutex::default(), news }
    }
}

impl Hub {
    /// Holds commits back while the caller reads; keep it short.
    pub fn read(&self) -> RwLockReadGuard<'_, Durable> {
        self.durable.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is durable now.
    #[must_use]
    pub fn durable(&self) -> Durable {
        *self.read()
    }

    pub(crate) fn lock_for_commit(&self) -> RwLockWriteGuard<'_, Durable> {
        self.durable.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes up when the feed of one of `scopes` moves, as long as the result lives.
    #[must_use]
    pub fn listen(&self, scopes: &[ScopeId]) -> Arc<Notify> {
        let notify = Arc::new(Notify::new());
        let mut listeners = self.listeners();
        for scope in scopes {
            let list = listeners.entry(*scope).or_default();
            list.retain(|listener| listener.strong_count() > 0);
            list.push(Arc::downgrade(&notify));
        }
        notify
    }

    /// Every durable group from now on.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    pub(crate) fn publish(&self, touched: Touched) {
        let number = self.durable().number;
        {
            let listeners = self.listeners();
            for listener in touched.scopes.iter().filter_map(|scope| listeners.get(scope)).flatten() {
                if let Some(notify) = listener.upgrade() {
                    notify.notify_one();
                }
            }
        }
        let _nobody_listens = self.news.send(News { number, touched: Arc::new(touched) });
    }

    fn listeners(&self) -> MutexGuard<'_, BTreeMap<ScopeId, Vec<Weak<Notify>>>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
