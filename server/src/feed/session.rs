//! One device's session on the server: frames in, frames out. The adapters (WebSocket, POST) move bytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use docket_sync_core::document::Record;
use docket_sync_core::ids::{ActorId, DeviceId, DocumentId};
use docket_sync_core::limits::{BATCH_BYTES, FIRST_BATCH_BYTES};
use docket_sync_core::sync::frames::{Batch, Frame, Push, References, Stop, StopCode};
use docket_sync_core::sync::gate::{Ground, Maker};
use docket_sync_core::sync::server::ack_damaged;

use super::ahead::Ahead;
use super::devices::{DeviceRecord, read_device};
use super::pull::Pull;
use super::standing::Standing;
use crate::commit::{CommitError, PushDone, ScopeId, Tables as _, Writer};
use crate::office::Office;
use crate::store::StoreError;

/// Milliseconds after which a device tries again when the server is busy.
const BUSY_RETRY_MS: u64 = 2_000;
/// Milliseconds after which a device tries again when the disk is full.
pub(super) const FULL_RETRY_MS: u64 = 60_000;

/// A session's answer to one message.
#[derive(Debug, Default)]
pub struct Answer {
    /// Frames to send now.
    pub frames: Vec<Frame>,
    /// Whether the session ends after them.
    pub ends: bool,
    /// What ends the session once the news are sent: nothing is taken while the disk is full, and reading goes on.
    pub last_words: Option<Stop>,
}

impl Answer {
    pub(super) fn ending(frame: Frame) -> Self {
        Self { frames: vec![frame], ends: true, last_words: None }
    }

    pub(super) fn stop(code: StopCode, retry_after_ms: Option<u64>) -> Self {
        Self::ending(Frame::Stop(Stop { code, retry_after_ms }))
    }
}

/// Who speaks, once the Hello was good.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    pub(super) record: DeviceRecord,
    pub(super) maker: Maker,
    pub(super) scope: ScopeId,
    /// The actor of its incarnation.
    pub(super) own: ActorId,
    pub(super) standing: Standing,
    /// Whether it has seen more than the store has.
    pub(super) ground: Ground,
}

/// One session.
#[derive(Debug)]
pub struct ServerSession {
    pub(super) office: Arc<Office>,
    pub(super) speaker: Option<Speaker>,
    pub(super) position: u64,
    /// Where the device last had everything of its scope: at most `position`.
    pub(super) complete_to: u64,
    /// Whether a batch was sent: the first one is small, so that a screen has something soon.
    has_sent: bool,
    /// What a cold pull sends before its turn; absent until it begins.
    ahead: Option<Ahead>,
    /// Whether this session is one answer.
    is_one_answer: bool,
}

impl ServerSession {
    /// A session that has heard nothing.
    #[must_use]
    pub fn new(office: Arc<Office>) -> Self {
        Self { office, speaker: None, position: 0, complete_to: 0, has_sent: false, ahead: None, is_one_answer: false }
    }

    /// A session of one message and its answer: the next one remembers nothing of it.
    #[must_use]
    pub fn of_one_answer(office: Arc<Office>) -> Self {
        Self { is_one_answer: true, ..Self::new(office) }
    }

    /// What concerns this session, once it is open: two feeds, and the device's own standing.
    #[must_use]
    pub fn scopes(&self) -> Option<[ScopeId; 3]> {
        self.speaker.as_ref().map(|speaker| [speaker.scope, ScopeId::COMPANY, ScopeId::standing(speaker.record.device)])
    }

    /// Why the session must end, where the device was revoked or its person left since its Hello.
    ///
    /// # Errors
    /// When the store fails.
    pub fn must_stop(&mut self) -> Result<Option<StopCode>, CommitError> {
        let Some(speaker) = &mut self.speaker else { return Ok(None) };
        let _durable = self.office.hub.read();
        let store = self.office.store.as_ref();
        if let Some(record) = read_device(store, speaker.record.device)? {
            speaker.standing = Standing::of(store, &record)?;
        }
        speaker.maker.revoked = speaker.standing == Standing::Revoked;
        Ok(speaker.standing.stop())
    }

    /// The device, once the Hello was good.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.speaker.as_ref().map(|speaker| speaker.record.device)
    }

    /// Takes the frames of one message. Batches are not in the answer: see [`ServerSession::next_batch`].
    ///
    /// # Errors
    /// When the store fails; what can be said to the device is an answer, not an error.
    pub async fn receive(&mut self, frames: Vec<Frame>) -> Result<Answer, CommitError> {
        let mut frames = frames.into_iter();
        let mut answer = Answer::default();
        if self.speaker.is_none() {
            let Some(Frame::Hello(hello)) = frames.next() else {
                return Ok(Answer::stop(StopCode::OutOfOrder, None));
            };
            let rest: Vec<Frame> = frames.collect();
            match self.greet(&hello, &rest).await? {
                Ok(welcome) => answer.frames.extend(welcome),
                Err(refused) => return Ok(refused),
            }
            return self.serve(rest, answer).await;
        }
        self.serve(frames.collect(), answer).await
    }

    async fn serve(&mut self, frames: Vec<Frame>, mut answer: Answer) -> Result<Answer, CommitError> {
        let mut wanted = BTreeSet::new();
        let stop = self.speaker.as_ref().and_then(|speaker| speaker.standing.stop());
        for frame in frames {
            match frame {
                Frame::Push(push) => self.push_or_wait(&Arc::new(push), &mut answer).await?,
                // Nothing else is taken where there is no room.
                Frame::Sealed(_) | Frame::References(_) if answer.last_words.is_some() => {}
                Frame::Sealed(sealed) => answer.frames.push(self.open_sealed(&sealed).await?),
                // Such a device may leave what it has and gets nothing.
                _ if stop.is_some() => {}
                // The store knows it after all.
                Frame::Introduce(_) => {}
                Frame::References(given) => self.references(given).await?,
                Frame::Stored(stored) => self.stored(stored.to),
                Frame::Heads(heads) => answer.frames.push(Frame::Have(self.have(&heads).await?)),
                Frame::Want(want) => wanted.extend(want.documents),
                _ => answer.frames.push(Frame::Stop(Stop { code: StopCode::OutOfOrder, retry_after_ms: None })),
            }
            if matches!(answer.frames.last(), Some(Frame::Stop(_) | Frame::Renew(_))) {
                answer.ends = true;
                break;
            }
        }
        if !wanted.is_empty() && !answer.ends {
            answer.frames.push(Frame::Batch(self.whole(&wanted)?));
        }
        if let (Some(code), false) = (stop, answer.ends) {
            answer.frames.push(Frame::Stop(Stop { code, retry_after_ms: None }));
            answer.ends = true;
        }
        Ok(answer)
    }

    /// The next batch for this session, if anything is new.
    ///
    /// # Errors
    /// When the store fails or holds damage.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, CommitError> {
        let Some(speaker) = &self.speaker else { return Ok(None) };
        let durable = self.office.hub.read();
        if durable.number == self.position {
            return Ok(None);
        }
        let aim = if self.has_sent { BATCH_BYTES } else { FIRST_BATCH_BYTES };
        let mut ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.begin_ahead(speaker.scope)?,
        };
        let batch = self.pull(speaker, *durable).next(self.position, aim, &mut ahead)?;
        drop(durable);
        // Once the walk has come to the end, what was sent ahead needs no remembering.
        let is_last = batch.as_ref().is_none_or(|batch| batch.digest.is_some());
        self.ahead = Some(if is_last { Ahead::none() } else { ahead });
        if let Some(batch) = &batch {
            self.position = batch.to.number;
            if is_last {
                self.complete_to = self.position;
            }
            self.has_sent = true;
        }
        Ok(batch)
    }

    fn begin_ahead(&self, scope: ScopeId) -> Result<Ahead, CommitError> {
        let (store, now) = (self.office.store.as_ref(), self.office.platform.clock.now());
        match (self.position, self.is_one_answer) {
            (0, true) => Ahead::of_answer(store, scope, now),
            (0, false) => Ahead::of_session(store, scope, now),
            _ => Ok(Ahead::none()),
        }
    }

    pub(super) fn pull<'a>(&'a self, speaker: &Speaker, durable: crate::hub::Durable) -> Pull<'a> {
        Pull {
            store: self.office.store.as_ref(),
            durable,
            identity: &self.office.identity,
            keys: &self.office.keys,
            scope: speaker.scope,
            own: speaker.own,
            device: speaker.record.device,
            complete_to: self.complete_to,
            now: self.office.platform.clock.now(),
        }
    }

    pub(super) fn office(&self) -> &Office {
        &self.office
    }

    /// Takes a push. Where the disk is full the device gets its news first, unless something of it was taken before:
    /// what is acknowledged late is not among the news, and without it the device would find a difference.
    async fn push_or_wait(&self, push: &Arc<Push>, answer: &mut Answer) -> Result<(), CommitError> {
        let told = match answer.last_words.take() {
            Some(full) => Frame::Stop(full),
            None => self.push(push).await?,
        };
        match told {
            Frame::Stop(full) if full.code == StopCode::StorageFull && self.is_new(push)? => {
                answer.last_words = Some(full);
            }
            told => answer.frames.push(told),
        }
        Ok(())
    }

    /// Whether the store has nothing of it yet.
    fn is_new(&self, push: &Push) -> Result<bool, CommitError> {
        let _durable = self.office.hub.read();
        for (document, records) in push.records.unpack().unwrap_or_default() {
            let Some(meta) = self.office.store.meta(document)? else { continue };
            let is_known =
                |record: &Record| meta.chains.get(&record.actor).is_some_and(|head| record.sequence <= head.sequence);
            if records.iter().any(is_known) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) async fn push(&self, push: &Arc<Push>) -> Result<Frame, CommitError> {
        let Some(speaker) = &self.speaker else {
            return Ok(Frame::Stop(Stop { code: StopCode::OutOfOrder, retry_after_ms: None }));
        };
        let (device, ground) = (speaker.record.device, speaker.ground);
        let done = if let Some(certificate) = self.forgotten_maker(&push.cover)? {
            let push = Arc::clone(push);
            let held = self.office.committer.run(move |writer| writer.hold_relayed(&certificate, &push)).await;
            held.map(|ack| ack.map_or(PushDone::Stop(StopCode::QuarantineFull), PushDone::Acked))
        } else if speaker.standing == Standing::Unconfirmed {
            let push = Arc::clone(push);
            let held = self.office.committer.run(move |writer| writer.hold_push(device, &push)).await;
            held.map(|ack| ack.map_or(PushDone::Stop(StopCode::QuarantineFull), PushDone::Acked))
        } else {
            let proof = self.checked_ahead(push, self.proof(&push.cover, speaker)?);
            let contact = self.office.contacts.update(device, |_| {});
            let pushed = Arc::clone(push);
            let job = move |writer: &mut Writer| {
                writer.hear(device, contact);
                writer.push_on(device, &pushed, proof, ground)
            };
            match self.office.committer.run(job).await {
                Err(error) if error.is_damage() => self.without_damaged(push, error).await,
                done => done,
            }
        };
        Ok(match done {
            Ok(PushDone::Acked(ack)) => Frame::Ack(ack),
            Ok(PushDone::Renew(renew)) => Frame::Renew(renew),
            Ok(PushDone::Stop(code)) => Frame::Stop(Stop { code, retry_after_ms: None }),
            Err(CommitError::Busy) => stop(StopCode::Busy, BUSY_RETRY_MS),
            Err(CommitError::Stopping) => stop(StopCode::ShuttingDown, BUSY_RETRY_MS),
            Err(CommitError::Store(StoreError::Full { .. })) => stop(StopCode::StorageFull, FULL_RETRY_MS),
            Err(error) => return Err(error),
        })
    }

    /// A push that could not be taken because the store cannot read one of its orders: that one is named, so that the
    /// others do not wait for it.
    async fn without_damaged(&self, push: &Arc<Push>, error: CommitError) -> Result<PushDone, CommitError> {
        let push = Arc::clone(push);
        let job = move |writer: &mut Writer| {
            let damaged = writer.damaged_of(&push)?;
            let number = writer.tip().number;
            Ok((!damaged.is_empty()).then(|| ack_damaged(&push, damaged, number)))
        };
        match self.office.committer.run(job).await? {
            Some(Ok(ack)) => Ok(PushDone::Acked(ack)),
            Some(Err(_)) | None => Err(error),
        }
    }

    async fn references(&self, given: References) -> Result<(), CommitError> {
        let Some(speaker) = &self.speaker else { return Ok(()) };
        let device = speaker.record.device;
        match self.office.committer.run(move |writer| writer.take_references(device, &given)).await {
            // Reading goes on: the device has not given back what it holds, and offers it again.
            Err(CommitError::Store(error @ StoreError::Full { .. })) => {
                tracing::warn!(device.id = %device, %error, "what a device gives back is not taken yet");
                Ok(())
            }
            taken => taken,
        }
    }

    /// The device answered a ping: it is there.
    pub fn heard(&self) {
        self.stored(0);
    }

    pub(super) fn stored(&self, to: u64) {
        let Some(speaker) = &self.speaker else { return };
        let device = speaker.record.device;
        let now = self.office.platform.clock.now();
        let contact = self.office.contacts.update(device, |contact| {
            contact.has_stored(to, now);
            contact.last_sync_at = Some(now);
        });
        if let Some(contact) = contact {
            self.office.keep_contact(device, contact);
        }
    }

    fn whole(&self, documents: &BTreeSet<DocumentId>) -> Result<Batch, CommitError> {
        let Some(speaker) = &self.speaker else { return Err(CommitError::NotFound { what: "the session" }) };
        let durable = self.office.hub.read();
        self.pull(speaker, *durable).whole(documents, self.position)
    }
}

fn stop(code: StopCode, retry_after_ms: u64) -> Frame {
    Frame::Stop(Stop { code, retry_after_ms: Some(retry_after_ms) })
}
