//! The device's half of a session: a small state machine over a [`Replica`]. No I/O: messages go in and out
//! as frames.
//!
//! Over a WebSocket one session lives as long as the connection. Over HTTP POST every request is a session of
//! its own; [`DeviceSession::wants_more`] says whether another is needed at once.

use super::frames::{
    Ack, Batch, Frame, Have, Heads, Hello, Introduce, NonceFrame, Push, References, Renew, Sealed, Stop, StopCode,
    Stored, Want, Welcome,
};
use crate::ids::DocumentId;

/// What a session needs of a device's store. Every method that changes something is durable when it returns.
///
/// The replica keeps for each document the *base* (what the store has acknowledged or sent) and a journal of
/// its own facts that are not yet acknowledged. Views fold both; receipts and digests concern the base only.
pub trait Replica {
    /// Why the store failed.
    type Error;

    /// Whether pushes wait.
    fn has_unsent(&self) -> bool;

    /// The next pushes: own facts not yet acknowledged and not in flight, oldest first, each frame signed
    /// and within the limits, with the proofs of their signatures. Empty when nothing waits.
    ///
    /// # Errors
    /// When the store fails.
    fn next_pushes(&mut self) -> Result<Vec<Push>, Self::Error>;

    /// A signed Hello for what travels with it. Takes the next session counter, durable before it returns.
    ///
    /// # Errors
    /// When the store fails.
    fn hello(&mut self, travels: Option<crate::ids::Digest>) -> Result<Hello, Self::Error>;

    /// Keeps epoch, server time, next nonce, limits, `durable_to`, `backed_up_to`; compares the digest where
    /// one is given. An unknown epoch is kept aside until the healing is done.
    ///
    /// # Errors
    /// When the store fails.
    fn welcomed(&mut self, welcome: &Welcome) -> Result<Greeting, Self::Error>;

    /// Settles a push: accepted and duplicate facts move from the journal to the base; a quarantined fact is
    /// marked as not accepted; where facts are held behind it the device takes a new incarnation for that
    /// document's chain and states them again (same content, `restates`).
    ///
    /// # Errors
    /// When the store fails.
    fn acknowledged(&mut self, ack: &Ack) -> Result<(), Self::Error>;

    /// Applies a batch and moves the cursor, in one transaction: checks the receipt against the heads that
    /// result, keeps what it had where that fails and names those documents; own facts do not come back.
    ///
    /// # Errors
    /// When the store fails.
    fn apply(&mut self, batch: Batch) -> Result<Applied, Self::Error>;

    /// Keeps the nonce. A last counter above its own means that this device was restored from a backup: it
    /// takes a new incarnation and continues above that counter.
    ///
    /// # Errors
    /// When the store fails.
    fn new_nonce(&mut self, nonce: &NonceFrame) -> Result<(), Self::Error>;

    /// Takes a new incarnation, puts its own branch aside and states its journal again on it.
    ///
    /// # Errors
    /// When the store fails.
    fn renew(&mut self, renew: &Renew) -> Result<(), Self::Error>;

    /// Heads of every document it holds, with receipts.
    ///
    /// # Errors
    /// When the store fails.
    fn heads(&mut self) -> Result<Heads, Self::Error>;

    /// Reference records and the newest receipt, for a store that may have lost them. Nothing by default.
    ///
    /// # Errors
    /// When the store fails.
    fn references(&mut self) -> Result<Vec<References>, Self::Error> {
        Ok(Vec::new())
    }

    /// What introduces this device to a store that does not remember it; `None` while it does.
    fn introduction(&self) -> Option<Introduce> {
        None
    }

    /// The store does not remember this device: it introduces itself from now on, until it gets news again.
    ///
    /// # Errors
    /// When the store fails.
    fn forgotten(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Records with receipts or envelopes for what the store lacks, and the documents that are behind here.
    ///
    /// # Errors
    /// When the store fails.
    fn heal(&mut self, have: &Have) -> Result<Healed, Self::Error>;
}

/// Documents named in one Want, at most: the store answers with one batch and leaves out what does not fit.
pub const WANT_DOCUMENTS_MAX: usize = 500;

/// What a comparison of heads asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healed {
    /// What the store lacks.
    pub pushes: Vec<Push>,
    /// The same of documents that are kept here unreadable.
    pub sealed: Vec<Sealed>,
    /// Documents that lack something here, at most [`WANT_DOCUMENTS_MAX`]: asked for whole. The others are named
    /// when these have come.
    pub wanted: Vec<DocumentId>,
}

/// What a replica found in a Welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    /// The epoch is known.
    Known,
    /// The store was restored, or this device never pulled: heads are to be sent when it holds documents.
    NewEpoch,
    /// The digest differs: heads are compared and damaged documents asked for.
    DigestDiffers,
}

/// What a replica found in a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Documents whose receipt or content did not fit: asked for again, whole. At most [`WANT_DOCUMENTS_MAX`].
    pub wanted: Vec<DocumentId>,
    /// The cursor's number now.
    pub to: u64,
    /// After the last batch: whether the digests are equal.
    pub verified: Option<bool>,
    /// Whether heads are to be compared in any case: the store began from nothing although this device was
    /// further, as after a disk was rolled back.
    pub heads: bool,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was said.
    New,
    /// Hello is on its way.
    Greeting,
    /// Welcomed.
    Open,
    /// Over.
    Ended(Ending),
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Say Hello again at once: a nonce was renewed or the incarnation changed.
    Again,
    /// The server stopped it.
    Stopped(Stop),
    /// The server spoke out of order.
    Confused,
}

/// One session of a device.
#[derive(Debug)]
pub struct DeviceSession {
    phase: Phase,
    keeps_open: bool,
    stored: Option<u64>,
    awaiting_acks: usize,
    carried: Vec<Frame>,
    introduced: bool,
}

impl DeviceSession {
    /// A session over a connection that stays open.
    #[must_use]
    pub fn live() -> Self {
        let (phase, carried) = (Phase::New, Vec::new());
        Self { phase, keeps_open: true, stored: None, awaiting_acks: 0, carried, introduced: false }
    }

    /// A session of one request and one answer.
    #[must_use]
    pub fn single() -> Self {
        Self { keeps_open: false, ..Self::live() }
    }

    /// A session of one request and one answer that also carries what the session before it had to answer:
    /// heads, wishes and pushes that heal. They are covered by the Hello.
    #[must_use]
    pub fn single_carrying(frames: Vec<Frame>) -> Self {
        Self { carried: frames, ..Self::single() }
    }

    /// The first message's frames: Hello and what is ready to travel with it.
    ///
    /// # Errors
    /// When the replica's store fails.
    pub fn start<R: Replica>(&mut self, replica: &mut R) -> Result<Vec<Frame>, R::Error> {
        let introduction = replica.introduction();
        self.introduced = introduction.is_some();
        let mut travels: Vec<Frame> = introduction.into_iter().map(Frame::Introduce).collect();
        travels.append(&mut self.carried);
        travels.extend(replica.next_pushes()?.into_iter().map(Frame::Push));
        self.awaiting_acks = travels.iter().filter(|frame| matches!(frame, Frame::Push(_) | Frame::Sealed(_))).count();
        let hello = replica.hello(super::message::travels_digest(&travels))?;
        self.phase = Phase::Greeting;
        Ok(std::iter::once(Frame::Hello(hello)).chain(travels).collect())
    }

    /// Takes the frames of one message; gives the frames of the answer, if any.
    ///
    /// # Errors
    /// When the replica's store fails.
    pub fn receive<R: Replica>(&mut self, replica: &mut R, frames: Vec<Frame>) -> Result<Vec<Frame>, R::Error> {
        let mut answer = Vec::new();
        for frame in frames {
            if matches!(self.phase, Phase::Ended(_)) {
                break;
            }
            self.one(replica, frame, &mut answer)?;
        }
        if self.phase == Phase::Open && self.keeps_open {
            if let Some(to) = self.stored.take() {
                answer.push(Frame::Stored(Stored { to }));
            }
            if self.awaiting_acks == 0 {
                answer.extend(self.push_more(replica)?);
            }
        }
        Ok(answer)
    }

    /// The user did something while the connection is open: the frames to send now.
    ///
    /// # Errors
    /// When the replica's store fails.
    pub fn nudge<R: Replica>(&mut self, replica: &mut R) -> Result<Vec<Frame>, R::Error> {
        if self.phase == Phase::Open && self.keeps_open { self.push_more(replica) } else { Ok(Vec::new()) }
    }

    /// Why the session ended, when it did.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        match self.phase {
            Phase::Ended(ending) => Some(ending),
            Phase::New | Phase::Greeting | Phase::Open => None,
        }
    }

    /// Whether the server has welcomed this session.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Pushes on this session that were not yet answered.
    #[must_use]
    pub fn awaiting_acks(&self) -> usize {
        self.awaiting_acks
    }

    /// After a session: whether another should follow at once.
    #[must_use]
    pub fn wants_more<R: Replica>(&self, replica: &R) -> bool {
        match self.phase {
            // A store that has forgotten this device holds what it is given, message by message, and hands out nothing.
            Phase::Ended(Ending::Stopped(stop)) if stop.code == StopCode::NotConfirmed => {
                self.awaiting_acks == 0 && replica.has_unsent()
            }
            Phase::Ended(ending) => ending == Ending::Again,
            Phase::Open => self.awaiting_acks == 0 && replica.has_unsent(),
            Phase::New | Phase::Greeting => false,
        }
    }

    fn push_more<R: Replica>(&mut self, replica: &mut R) -> Result<Vec<Frame>, R::Error> {
        let pushes = replica.next_pushes()?;
        self.awaiting_acks = self.awaiting_acks.saturating_add(pushes.len());
        Ok(pushes.into_iter().map(Frame::Push).collect())
    }

    fn one<R: Replica>(&mut self, replica: &mut R, frame: Frame, answer: &mut Vec<Frame>) -> Result<(), R::Error> {
        match (frame, self.phase) {
            (Frame::Stop(stop), Phase::Greeting) if stop.code == StopCode::UnknownDevice && !self.introduced => {
                replica.forgotten()?;
                self.phase = Phase::Ended(Ending::Again);
            }
            (Frame::Stop(stop), _) => self.phase = Phase::Ended(Ending::Stopped(stop)),
            (Frame::Nonce(nonce), Phase::Greeting) => {
                replica.new_nonce(&nonce)?;
                self.phase = Phase::Ended(Ending::Again);
            }
            (Frame::Renew(renew), _) => {
                replica.renew(&renew)?;
                self.phase = Phase::Ended(Ending::Again);
            }
            (Frame::Welcome(welcome), Phase::Greeting) => {
                self.phase = Phase::Open;
                match replica.welcomed(&welcome)? {
                    Greeting::Known => {}
                    Greeting::NewEpoch => give_back(replica, answer)?,
                    Greeting::DigestDiffers => answer.push(Frame::Heads(replica.heads()?)),
                }
            }
            (Frame::Ack(ack), Phase::Open) => {
                self.awaiting_acks = self.awaiting_acks.saturating_sub(1);
                replica.acknowledged(&ack)?;
            }
            (Frame::Batch(batch), Phase::Open) => self.batch(replica, batch, answer)?,
            (Frame::Have(have), Phase::Open) => {
                let Healed { pushes, sealed, wanted } = replica.heal(&have)?;
                self.awaiting_acks = self.awaiting_acks.saturating_add(pushes.len()).saturating_add(sealed.len());
                answer.extend(pushes.into_iter().map(Frame::Push));
                answer.extend(sealed.into_iter().map(Frame::Sealed));
                want(wanted, answer);
            }
            _ => self.phase = Phase::Ended(Ending::Confused),
        }
        Ok(())
    }

    fn batch<R: Replica>(&mut self, replica: &mut R, batch: Batch, answer: &mut Vec<Frame>) -> Result<(), R::Error> {
        // Between the batches of one pull it would only be one more message for each; a cut loses no more,
        // since the next Hello says where this device stands.
        let is_last = batch.digest.is_some();
        let applied = replica.apply(batch)?;
        if is_last {
            self.stored = Some(applied.to);
        }
        want(applied.wanted, answer);
        if applied.heads {
            give_back(replica, answer)?;
        } else if applied.verified == Some(false) {
            answer.push(Frame::Heads(replica.heads()?));
        }
        Ok(())
    }
}

/// To a store that may have lost something: reference records first, since orders name them, then what is held.
fn give_back<R: Replica>(replica: &mut R, answer: &mut Vec<Frame>) -> Result<(), R::Error> {
    answer.extend(replica.references()?.into_iter().map(Frame::References));
    answer.push(Frame::Heads(replica.heads()?));
    Ok(())
}

fn want(documents: Vec<DocumentId>, answer: &mut Vec<Frame>) {
    if !documents.is_empty() {
        answer.push(Frame::Want(Want { documents }));
    }
}

/// A stop that the user should hear about in words.
#[must_use]
pub fn is_final(stop: &Stop) -> bool {
    matches!(stop.code, StopCode::Revoked | StopCode::Deactivated | StopCode::NotAuthentic | StopCode::Protocol)
}
