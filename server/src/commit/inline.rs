//! A committer without a thread: every job is a group of its own, done when the call returns.
//!
//! For a simulation, where one thread runs a whole company and nothing happens by itself: what the commit thread
//! does between jobs is done by [`Inline::tidy`]. A store that cannot go on ends this committer and not the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::CommitError;
use super::thread::{CommitThread, Committer, Ends, Job, Jobs, Work};
use super::tidy::SAVES_ALONE;
use crate::hub::Hub;
use crate::identity::{Identity, StoreKeys};
use crate::platform::Platform;
use crate::store::Store;

/// Steps what a commit thread would do by itself. Clones step the same committer.
#[derive(Clone)]
pub struct Inline {
    state: Arc<Mutex<State>>,
}

struct State {
    thread: CommitThread,
    /// What nobody waits for: it takes part in the next group and is lost in a crash before it.
    postponed: Vec<Work>,
    failed: bool,
}

impl core::fmt::Debug for Inline {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Inline")
    }
}

/// A store that was opened for writing without a thread.
#[derive(Debug)]
pub struct OpenedInline {
    /// Where jobs go.
    pub committer: Committer,
    /// Who the store is.
    pub identity: Identity,
    /// Steps what happens between jobs.
    pub inline: Inline,
}

/// Opens a store for writing, as [`super::open`] does, without a thread.
///
/// # Errors
/// As [`super::open`].
pub fn open_inline(
    store: Arc<dyn Store>,
    store_keys: StoreKeys,
    platform: Platform,
    hub: Arc<Hub>,
    new: Option<Identity>,
) -> Result<OpenedInline, CommitError> {
    let thread = CommitThread::begin(store, store_keys, platform, hub, new, Ends::Committer)?;
    let identity = *thread.writer.identity();
    let inline = Inline { state: Arc::new(Mutex::new(State { thread, postponed: Vec::new(), failed: false })) };
    Ok(OpenedInline { committer: Committer { jobs: Jobs::Inline(inline.clone()) }, identity, inline })
}

impl Inline {
    pub(super) fn run(&self, job: Job) -> Result<(), CommitError> {
        let mut state = self.state();
        if state.failed {
            return Err(CommitError::Stopping);
        }
        if !job.is_awaited {
            state.postponed.push(job.work);
            return Ok(());
        }
        state.group(Some(job.work));
        Ok(())
    }

    /// What a commit thread does when it is idle: folds loose changes into saves, fires what fell due.
    pub fn tidy(&self) {
        let mut state = self.state();
        if !state.failed {
            state.thread.tidy(SAVES_ALONE);
            state.group(None);
        }
    }

    /// Whether the store could not go on: a process would have ended.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One group: this job, and what waited for one.
    fn group(&mut self, job: Option<Work>) {
        let tidies = job.is_none();
        let mut answers: Vec<_> = job.into_iter().map(|work| work(&mut self.thread.writer)).collect();
        // A job that only reads causes no write.
        if tidies || !self.thread.writer.group_is_empty() {
            for work in std::mem::take(&mut self.postponed) {
                answers.push(work(&mut self.thread.writer));
            }
        }
        let ended = self.thread.finish_group(answers);
        self.failed = matches!(ended, Err(CommitError::Store(error)) if error.is_final());
    }
}
