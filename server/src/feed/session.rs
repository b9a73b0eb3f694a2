//! One device's session on the server: frames in, frames out. The adapters (WebSocket, POST) move bytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use docket_sync_core::document::heads_of;
use docket_sync_core::facts::{Origin, SCHEMA_LEVEL};
use docket_sync_core::ids::{ActorId, DeviceId, DocumentId, Nonce};
use docket_sync_core::limits::{BATCH_BYTES, FIRST_BATCH_BYTES};
use docket_sync_core::proof::Certificate;
use docket_sync_core::proof::Receipt;
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::frames::{
    Batch, Cover, DocumentHeads, Frame, Have, Heads, Hello, NonceFrame, Push, Renew, Stop, StopCode, Welcome,
};
use docket_sync_core::sync::gate::{self, Maker, Proof};
use docket_sync_core::sync::message::travels_digest;
use docket_sync_core::sync::server::{HelloVerdict, check_hello};
use ed25519_dalek::VerifyingKey;

use super::ahead::Ahead;
use super::devices::{DeviceRecord, first_nonce, read_device};
use super::pull::Pull;
use crate::commit::{CommitError, PushDone, ScopeId, Tables, Writer};
use crate::office::Office;
use crate::store::StoreError;

/// Milliseconds after which a device tries again when the server is busy.
const BUSY_RETRY_MS: u64 = 2_000;
/// Milliseconds after which a device tries again when the disk is full.
const FULL_RETRY_MS: u64 = 60_000;

/// A session's answer to one message.
#[derive(Debug, Default)]
pub struct Answer {
    /// Frames to send now.
    pub frames: Vec<Frame>,
    /// Whether the session ends after them.
    pub ends: bool,
}

impl Answer {
    fn ending(frame: Frame) -> Self {
        Self { frames: vec![frame], ends: true }
    }

    fn stop(code: StopCode, retry_after_ms: Option<u64>) -> Self {
        Self::ending(Frame::Stop(Stop { code, retry_after_ms }))
    }
}

/// Who speaks, once the Hello was good.
#[derive(Debug, Clone)]
struct Speaker {
    record: DeviceRecord,
    maker: Maker,
    scope: ScopeId,
    /// The actor of its incarnation.
    own: ActorId,
}

/// One session.
#[derive(Debug)]
pub struct ServerSession {
    office: Arc<Office>,
    speaker: Option<Speaker>,
    position: u64,
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
        Self { office, speaker: None, position: 0, has_sent: false, ahead: None, is_one_answer: false }
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

    /// Whether the device was revoked since its Hello.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_revoked(&mut self) -> Result<bool, CommitError> {
        let Some(speaker) = &mut self.speaker else { return Ok(false) };
        let _durable = self.office.hub.read();
        let record = read_device(self.office.store.as_ref(), speaker.record.device)?;
        speaker.maker.revoked = record.is_none_or(|record| record.revoked_at.is_some());
        Ok(speaker.maker.revoked)
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
        let revoked = self.speaker.as_ref().is_some_and(|speaker| speaker.maker.revoked);
        for frame in frames {
            match frame {
                Frame::Push(push) => answer.frames.push(self.push(push).await?),
                Frame::Sealed(sealed) => answer.frames.push(self.open_sealed(&sealed).await?),
                // A revoked device may leave what it has and gets nothing.
                _ if revoked => {}
                Frame::Stored(stored) => self.stored(stored.to),
                Frame::Heads(heads) => answer.frames.push(Frame::Have(self.have(&heads)?)),
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
        if revoked && !answer.ends {
            answer.frames.push(Frame::Stop(Stop { code: StopCode::Revoked, retry_after_ms: None }));
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

    fn pull<'a>(&'a self, speaker: &Speaker, durable: crate::hub::Durable) -> Pull<'a> {
        Pull {
            store: self.office.store.as_ref(),
            durable,
            identity: &self.office.identity,
            keys: &self.office.keys,
            scope: speaker.scope,
            own: speaker.own,
        }
    }

    /// Judges the Hello; gives the frames to say, or the answer that ends the session.
    async fn greet(&mut self, hello: &Hello, rest: &[Frame]) -> Result<Result<Vec<Frame>, Answer>, CommitError> {
        let office = self.office.clone();
        let store = office.identity.store;
        let Some(record) = read_device(office.store.as_ref(), hello.device)? else {
            return Ok(Err(Answer::stop(StopCode::NotAuthentic, None)));
        };
        let Some(maker) = record.maker() else { return Ok(Err(Answer::stop(StopCode::NotAuthentic, None))) };
        let contact = office.contacts.get(office.store.as_ref(), hello.device, first_nonce(store, hello.device))?;
        let verdict = check_hello(&contact.session, &maker.key, store, hello, travels_digest(rest));
        let nonce = match verdict {
            HelloVerdict::Stop(code) => return Ok(Err(Answer::stop(code, None))),
            HelloVerdict::Renew(reason) => {
                let renew = Renew { actor: None, sequence: hello.counter, reason };
                return Ok(Err(Answer::ending(Frame::Renew(renew))));
            }
            HelloVerdict::SayNonce => {
                let last_counter = contact.session.last_counter;
                let nonce = NonceFrame { nonce: contact.session.nonce_out, last_counter };
                return Ok(Err(Answer::ending(Frame::Nonce(nonce))));
            }
            HelloVerdict::Repeated => contact.session.nonce_out,
            HelloVerdict::Fresh => {
                let mut next = contact.clone();
                let nonce = Nonce(office.platform.bytes());
                next.session.advance(hello, store, nonce);
                next.last_sync_at = Some(office.platform.clock.now());
                next.pending = hello.pending;
                if !office.contacts.swap(hello.device, &contact.session, next.clone()) {
                    return Ok(Err(Answer::stop(StopCode::Busy, Some(BUSY_RETRY_MS))));
                }
                office.keep_contact(hello.device, next);
                nonce
            }
        };
        let person = record.persons.first().copied().unwrap_or(docket_sync_core::ids::PersonId([0; 16]));
        let own = Origin::Device { device: hello.device, incarnation: hello.incarnation }.actor();
        let speaker = Speaker { record, maker, scope: ScopeId::of(person), own };
        let welcome = self.welcome(&speaker, hello.cursor.as_ref(), nonce)?;
        self.speaker = Some(speaker);
        if self.position > contact.stored_to {
            // Over POST the next Hello's cursor serves as Stored.
            self.stored(self.position);
        }
        Ok(Ok(vec![Frame::Welcome(welcome)]))
    }

    fn welcome(&mut self, speaker: &Speaker, cursor: Option<&Cursor>, nonce: Nonce) -> Result<Welcome, CommitError> {
        let durable = self.office.hub.read();
        let identity = &self.office.identity;
        self.position = 0;
        if let Some(cursor) = cursor {
            let chain = self.office.store.log_entry(cursor.number)?.map(|entry| entry.chain);
            let known = chain.map(|chain| Cursor::new(identity.epoch, cursor.number, chain));
            if known.as_ref() == Some(cursor) {
                self.position = cursor.number;
            }
        }
        let pull = self.pull(speaker, *durable);
        let digest = if pull.is_current(self.position)? { Some(pull.digest()?) } else { None };
        Ok(Welcome {
            epoch: identity.epoch,
            server_time: self.office.platform.clock.now(),
            nonce,
            durable_to: durable.number,
            backed_up_to: 0,
            level: SCHEMA_LEVEL,
            digest,
            limits: None,
        })
    }

    pub(super) fn office(&self) -> &Office {
        &self.office
    }

    pub(super) async fn push(&self, push: Push) -> Result<Frame, CommitError> {
        let Some(speaker) = &self.speaker else {
            return Ok(Frame::Stop(Stop { code: StopCode::OutOfOrder, retry_after_ms: None }));
        };
        let device = speaker.record.device;
        let proof = self.proof(&push.cover, speaker)?;
        let contact = self.office.contacts.update(device, |_| {});
        let job = move |writer: &mut Writer| {
            writer.hear(device, contact);
            writer.push(device, &push, proof)
        };
        let done = self.office.committer.run(job).await;
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

    /// What covers a push: this device's envelope, a colleague's with his certificate, or a receipt.
    fn proof(&self, cover: &Cover, speaker: &Speaker) -> Result<Proof, CommitError> {
        let store = self.office.identity.store;
        Ok(match cover {
            Cover::Own { .. } => gate::own_proof(cover, store, speaker.maker.clone()),
            Cover::Relayed { envelope, certificate } => match self.relayed_maker(certificate)? {
                Some(maker) => Proof::Envelope { maker, envelope: envelope.clone() },
                None => Proof::None,
            },
            Cover::Receipt { receipt } => Receipt::from_bytes(receipt)
                .ok()
                .filter(|receipt| receipt.store == store && self.is_ours(receipt))
                .map_or(Proof::None, Proof::Receipt),
            Cover::None => Proof::None,
        })
    }

    fn is_ours(&self, receipt: &Receipt) -> bool {
        receipt.verify(&self.office.keys.signing().verifying_key()).is_ok()
    }

    fn relayed_maker(&self, certificate: &[u8]) -> Result<Option<Maker>, CommitError> {
        let Ok(certificate) = Certificate::from_bytes(certificate) else { return Ok(None) };
        if certificate.store_key != self.office.keys.public() || certificate.verify().is_err() {
            return Ok(None);
        }
        // A certificate that this store remembers may have been revoked since.
        let known = read_device(self.office.store.as_ref(), certificate.device)?;
        let Ok(key) = VerifyingKey::from_bytes(&certificate.device_key) else { return Ok(None) };
        Ok(Some(Maker {
            device: certificate.device,
            key,
            persons: certificate.persons.iter().map(|(person, _)| *person).collect(),
            revoked: known.is_some_and(|record| record.revoked_at.is_some()),
        }))
    }

    /// The device answered a ping: it is there.
    pub fn heard(&self) {
        self.stored(0);
    }

    fn stored(&self, to: u64) {
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

    fn have(&self, heads: &Heads) -> Result<Have, CommitError> {
        let _durable = self.office.hub.read();
        let mut documents = Vec::new();
        for held in &heads.documents {
            let known = self.heads(held.document)?;
            if known != held.heads {
                documents.push(DocumentHeads { document: held.document, heads: known, receipt: None });
            }
        }
        Ok(Have { documents })
    }

    fn heads(&self, document: DocumentId) -> Result<Vec<docket_sync_core::ids::ChangeHash>, CommitError> {
        let meta = self.office.store.meta(document)?;
        Ok(meta.map(|meta| heads_of(document, &meta.chains)).unwrap_or_default())
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
