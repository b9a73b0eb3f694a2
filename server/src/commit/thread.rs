//! The commit thread: groups jobs, applies, flushes, answers, publishes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use docket_sync_core::proof::chain_start;
use docket_sync_core::time::SECOND;
use tokio::sync::oneshot;

use super::error::CommitError;
use super::inline::Inline;
use super::keys;
use super::meta::Tip;
use super::tidy::{SAVES, SAVES_ALONE};
use super::upgrade::Upgrade;
use super::writer::Writer;
use crate::hub::{Durable, Hub};
use crate::identity::{Identity, StoreKeys};
use crate::log::LogRecord;
use crate::platform::Platform;
use crate::store::{Store, StoreError, Table, record};

/// Jobs that may wait; more are answered Busy.
const QUEUE: usize = 4_096;
/// Jobs in one group: one flush serves them all.
const GROUP_MAX: usize = 1_024;
/// Jobs that nobody waits for before they are done without waiting for one that somebody waits for.
const POSTPONED_MAX: usize = 256;
/// Bytes after which a group takes no more jobs: far below what one batch may hold.
const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long the thread waits for a job before it tidies up, and how long where there is more to tidy.
const IDLE: Duration = Duration::from_millis(200);
const SHORTLY: Duration = Duration::from_millis(2);
/// Milliseconds between two rounds of tidying while jobs keep coming.
const BUSY: i64 = SECOND / 20;

/// A job decides and gives the closure that answers its caller once the group is durable.
pub(super) type Answer = Box<dyn FnOnce(Result<(), CommitError>) + Send>;
pub(super) type Work = Box<dyn FnOnce(&mut Writer) -> Answer + Send>;

pub(super) struct Job {
    pub(super) work: Work,
    /// Whether somebody waits. What nobody waits for takes part in the next flush and causes none.
    pub(super) is_awaited: bool,
}

/// Sends jobs to the commit thread.
#[derive(Clone)]
pub struct Committer {
    pub(super) jobs: Jobs,
}

/// Where jobs are run.
#[derive(Clone)]
pub(super) enum Jobs {
    /// On the commit thread.
    Thread(SyncSender<Job>),
    /// At once, by whoever asks.
    Inline(Inline),
}

impl core::fmt::Debug for Committer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Committer")
    }
}

/// A store that was opened for writing.
#[derive(Debug)]
pub struct Opened {
    /// Where jobs go.
    pub committer: Committer,
    /// Who the store is.
    pub identity: Identity,
    /// The thread; it ends when every committer is gone.
    pub thread: std::thread::JoinHandle<()>,
}

impl Committer {
    /// Runs `work` on the writer; answers when what it wrote is durable.
    ///
    /// # Errors
    /// What `work` says, [`CommitError::Busy`] when too many jobs wait, or the store's failure.
    pub async fn run<T, W>(&self, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        self.send(true, work, move |result| {
            let _caller_gone = send.send(result);
        })?;
        receive.await.unwrap_or(Err(CommitError::Stopping))
    }

    /// Runs `work` and blocks until it is durable. For commands at a terminal.
    ///
    /// # Errors
    /// As [`Committer::run`].
    pub fn run_blocking<T, W>(&self, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    {
        let (send, receive) = sync_channel(1);
        self.send(true, work, move |result| {
            let _caller_gone = send.send(result);
        })?;
        receive.recv().unwrap_or(Err(CommitError::Stopping))
    }

    /// Runs `work` with the next group, or soon when there is none, and waits for nothing: only for what may be
    /// lost in a crash.
    pub fn forget<W>(&self, work: W)
    where
        W: FnOnce(&mut Writer) -> Result<(), CommitError> + Send + 'static,
    {
        let sent = self.send(false, work, |result| {
            if let Err(error) = result {
                tracing::warn!(%error, "a write that nobody waits for failed");
            }
        });
        if let Err(error) = sent {
            tracing::debug!(%error, "a write that nobody waits for was left out");
        }
    }

    fn send<T, W>(
        &self,
        is_awaited: bool,
        work: W,
        answer: impl FnOnce(Result<T, CommitError>) + Send + 'static,
    ) -> Result<(), CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    {
        let work: Work = Box::new(move |writer| {
            let result = run_job(writer, work);
            Box::new(move |durable| answer(durable.and(result)))
        });
        match &self.jobs {
            Jobs::Thread(jobs) => jobs.try_send(Job { work, is_awaited }).map_err(|error| match error {
                TrySendError::Full(_) => CommitError::Busy,
                TrySendError::Disconnected(_) => CommitError::Stopping,
            }),
            Jobs::Inline(inline) => inline.run(Job { work, is_awaited }),
        }
    }
}

/// One job on a store that nobody serves; durable when it returns.
///
/// # Errors
/// What the job says, or the store's failure.
pub(crate) fn alone<T>(
    store: Arc<dyn Store>,
    store_keys: StoreKeys,
    platform: Platform,
    work: impl FnOnce(&mut Writer) -> Result<T, CommitError>,
) -> Result<T, CommitError> {
    let (identity, tip) = read_end(store.as_ref(), None)?;
    let mut writer = Writer::new(store.clone(), identity, store_keys, platform, tip);
    let value = run_job(&mut writer, work)?;
    store.apply(&writer.take_group())?;
    store.flush()?;
    Ok(value)
}

/// Who the store is, and the end of its log.
fn read_end(store: &dyn Store, new: Option<Identity>) -> Result<(Identity, Tip), CommitError> {
    let identity: Identity = match store.get(Table::Meta, keys::IDENTITY)? {
        Some(bytes) => record::decode("identity", &bytes)?,
        None => new.ok_or(CommitError::NotFound { what: "a store in this folder" })?,
    };
    let tip = match store.get(Table::Meta, keys::TIP)? {
        Some(bytes) => record::decode("tip", &bytes)?,
        None => Tip { number: 0, chain: chain_start(identity.store) },
    };
    Ok((identity, tip))
}

pub(super) fn run_job<T>(
    writer: &mut Writer,
    work: impl FnOnce(&mut Writer) -> Result<T, CommitError>,
) -> Result<T, CommitError> {
    writer.begin_job();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let value = work(writer)?;
        writer.settle()?;
        Ok(value)
    }))
    .unwrap_or_else(|_| Err(CommitError::Internal("a job of the commit thread panicked".to_owned())));
    match &result {
        Ok(_) => writer.keep_job(),
        Err(_) => writer.drop_job(),
    }
    result
}

/// Opens a store for writing: reads or makes its identity, takes a new actor, starts the commit thread.
///
/// # Errors
/// When the store fails or holds no identity and `new` gives none.
pub fn open(
    store: Arc<dyn Store>,
    store_keys: StoreKeys,
    platform: Platform,
    hub: Arc<Hub>,
    new: Option<Identity>,
) -> Result<Opened, CommitError> {
    let thread = CommitThread::begin(store, store_keys, platform, hub, new, Ends::Process)?;
    let identity = *thread.writer.identity();
    let (jobs, queue) = sync_channel(QUEUE);
    let thread = std::thread::Builder::new()
        .name("commit".to_owned())
        .spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| thread.run(&queue))).is_err() {
                tracing::error!("the commit thread failed; the process ends");
                std::process::exit(70);
            }
        })
        .map_err(|error| CommitError::Internal(format!("starting the commit thread: {error}")))?;
    Ok(Opened { committer: Committer { jobs: Jobs::Thread(jobs) }, identity, thread })
}

/// What ends when the store cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// The process, at once.
    Process,
    /// This committer: every job after it is told that the office is stopping.
    Committer,
}

pub(super) struct CommitThread {
    pub(super) writer: Writer,
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    ends: Ends,
}

impl CommitThread {
    /// Brings what an older program left up to what this one keeps, a small job at a time.
    fn bring_up(&mut self, mut upgrade: Upgrade) -> Result<(), CommitError> {
        while !upgrade.is_done() {
            match run_job(&mut self.writer, |writer| upgrade.next(writer)) {
                Ok(()) => self.finish_group(Vec::new())?,
                Err(error) if upgrade.goes_on_after(&error) => {
                    tracing::error!(%error, "a change in quarantine cannot be judged again and waits on");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads or makes the identity, takes a new actor, and makes that durable.
    pub(super) fn begin(
        store: Arc<dyn Store>,
        store_keys: StoreKeys,
        platform: Platform,
        hub: Arc<Hub>,
        new: Option<Identity>,
        ends: Ends,
    ) -> Result<Self, CommitError> {
        let (mut identity, tip) = read_end(store.as_ref(), new)?;
        let last_start = identity.start;
        identity.start = identity.next_start(platform.clock.now(), platform.bytes());
        let mut writer = Writer::new(store.clone(), identity, store_keys, platform, tip);
        let started = LogRecord::Started { origin: identity.origin(), at: writer.now() };
        let upgrade = run_job(&mut writer, |writer| {
            writer.write(Table::Meta, keys::IDENTITY, &identity);
            writer.log(&started);
            Upgrade::begin(writer, last_start)
        })?;
        writer.find_unsaved()?;
        let mut thread = Self { writer, store, hub, ends };
        thread.finish_group(Vec::new())?;
        thread.bring_up(upgrade)?;
        Ok(thread)
    }

    fn run(mut self, queue: &Receiver<Job>) {
        let mut postponed: Vec<Work> = Vec::new();
        let mut tidied = self.writer.now();
        let mut has_more = false;
        loop {
            let mut awaited: Vec<Work> = Vec::new();
            let next = queue.recv_timeout(if has_more { SHORTLY } else { IDLE });
            // Under steady load nothing is ever idle, and what falls due must fire all the same.
            let since = self.writer.now().since(tidied);
            let is_idle = matches!(next, Err(RecvTimeoutError::Timeout)) || since >= SECOND;
            let is_over = matches!(next, Err(RecvTimeoutError::Disconnected));
            let more = std::iter::from_fn(|| queue.try_recv().ok());
            for job in next.ok().into_iter().chain(more).take(GROUP_MAX) {
                let list = if job.is_awaited { &mut awaited } else { &mut postponed };
                list.push(job.work);
            }
            if awaited.is_empty() && postponed.len() < POSTPONED_MAX && !is_idle && !is_over {
                continue;
            }
            let is_time = is_idle || is_over || (!awaited.is_empty() && since >= BUSY);
            let mut answers = Vec::new();
            for work in awaited.into_iter().chain(postponed.drain(..)) {
                answers.push(work(&mut self.writer));
                if self.writer.group_bytes() >= GROUP_BYTES_MAX {
                    let _full_is_answered = self.finish_group(std::mem::take(&mut answers));
                }
            }
            let _full_is_answered = self.finish_group(answers);
            if is_time {
                // A few orders at a time, and nobody's answer behind them.
                has_more = self.tidy(if is_over { SAVES_ALONE } else { SAVES });
                tidied = self.writer.now();
                let _full_is_noted = self.finish_group(Vec::new());
            }
            if is_over {
                return;
            }
        }
    }

    pub(super) fn finish_group(&mut self, answers: Vec<Answer>) -> Result<(), CommitError> {
        if self.writer.group_is_empty() {
            for answer in answers {
                answer(Ok(()));
            }
            return Ok(());
        }
        match self.make_durable() {
            Ok(()) => {
                let touched = self.writer.group_done();
                self.hub.publish(touched);
                for answer in answers {
                    answer(Ok(()));
                }
                Ok(())
            }
            Err(error) if error.is_final() && self.ends == Ends::Process => stop_process(&error),
            // Dropped, an answer says that the office is stopping.
            Err(error) if error.is_final() => Err(CommitError::Store(error)),
            Err(error) => {
                tracing::error!(%error, "nothing of this group was committed");
                let durable = self.hub.durable();
                self.writer.group_failed(Tip { number: durable.number, chain: durable.chain });
                // What the group had taken off the list of loose changes is on it still.
                if let Err(error) = self.writer.find_unsaved() {
                    tracing::warn!(%error, "orders with loose changes could not be listed");
                }
                for answer in answers {
                    answer(Err(CommitError::Store(copy(&error))));
                }
                Err(CommitError::Store(error))
            }
        }
    }

    /// Commits the group. No reader looks from the moment at which it could see any of it until all of it is
    /// durable and the durable number says so.
    fn make_durable(&mut self) -> Result<(), StoreError> {
        let batch = self.writer.take_group();
        let tip = self.writer.tip();
        let mut durable = None;
        self.store.commit(&batch, &mut || durable = Some(self.hub.lock_for_commit()))?;
        if let Some(durable) = &mut durable {
            **durable = Durable { number: tip.number, chain: tip.chain };
        }
        Ok(())
    }
}

/// Errors that are not final carry no source that could not be said again.
fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full { free, reserve } => StoreError::Full { free: *free, reserve: *reserve },
        other => StoreError::Engine { attempt: "committing", problem: other.to_string() },
    }
}

/// A failed flush: nothing may be said or retried after it (reliability: the system may have dropped pages).
fn stop_process(error: &StoreError) -> ! {
    tracing::error!(%error, "the store cannot make writes durable; the process ends");
    std::process::exit(74)
}
