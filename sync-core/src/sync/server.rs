//! The store's half of a session, as pure decisions: whether a Hello is good, what an Ack says, how a batch
//! is cut. Reading feeds and committing are the server's.

use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};

use super::frames::{Ack, AckRun, Cover, Hello, Outcome, PROTOCOL, Push, RenewReason, StopCode};
use super::gate::{Judged, Verdict};
use crate::DecodeError;
use crate::ids::{ActorId, Digest, DocumentId, Incarnation, Nonce, StoreId};
use crate::proof;

/// What a store remembers of a device's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SessionRow {
    /// Counter of the last Hello that was answered.
    #[n(0)]
    pub last_counter: u64,
    /// Digest of that Hello.
    #[n(1)]
    pub last_hello: Option<Digest>,
    /// Nonce handed out last.
    #[n(2)]
    pub nonce_out: Nonce,
    /// Nonce consumed last.
    #[n(3)]
    pub nonce_used: Option<Nonce>,
    /// Incarnation seen last.
    #[n(4)]
    pub incarnation: Option<Incarnation>,
}

impl SessionRow {
    /// The row of a device that was just enrolled.
    #[must_use]
    pub fn new(nonce: Nonce) -> Self {
        Self { last_counter: 0, last_hello: None, nonce_out: nonce, nonce_used: None, incarnation: None }
    }
}

/// The decision about a Hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelloVerdict {
    /// A new session: the row takes counter, digest and nonce by [`SessionRow::advance`].
    Fresh,
    /// The same request again: answered from the present state; a lost answer is harmless.
    Repeated,
    /// Unknown nonce or lower counter: hand out a nonce; nothing else happens.
    SayNonce,
    /// The counter was used for another Hello.
    Renew(RenewReason),
    /// No session.
    Stop(StopCode),
}

/// Judges a Hello: signature first, then counter and nonce.
#[must_use]
pub fn check_hello(
    row: &SessionRow,
    key: &VerifyingKey,
    store: StoreId,
    hello: &Hello,
    travels: Option<Digest>,
) -> HelloVerdict {
    if hello.protocol != PROTOCOL {
        return HelloVerdict::Stop(StopCode::Protocol);
    }
    let signed = hello.signed_bytes(store);
    let authentic = proof::verify(key, "hello", &signed, &hello.signature).is_ok() && hello.travels == travels;
    if !authentic {
        return HelloVerdict::Stop(StopCode::NotAuthentic);
    }
    let same = row.last_hello == Some(hello_digest(hello, store));
    let knows_nonce = hello.nonce == row.nonce_out || Some(hello.nonce) == row.nonce_used;
    if hello.counter == row.last_counter && row.last_hello.is_some() {
        if same { HelloVerdict::Repeated } else { HelloVerdict::Renew(RenewReason::CounterReused) }
    } else if hello.counter > row.last_counter && knows_nonce {
        HelloVerdict::Fresh
    } else {
        HelloVerdict::SayNonce
    }
}

fn hello_digest(hello: &Hello, store: StoreId) -> Digest {
    Digest(*blake3::hash(&hello.signed_bytes(store)).as_bytes())
}

impl SessionRow {
    /// Takes notice of a fresh Hello and hands out `next`.
    pub fn advance(&mut self, hello: &Hello, store: StoreId, next: Nonce) {
        self.last_counter = hello.counter;
        self.last_hello = Some(hello_digest(hello, store));
        self.nonce_used = Some(hello.nonce);
        self.nonce_out = next;
        self.incarnation = Some(hello.incarnation);
    }
}

/// The Ack of a judged push that became durable at `number`.
#[must_use]
pub fn ack(judged: &Judged, cover: &Cover, number: u64) -> Ack {
    let (counter, device) = cover.counted();
    let mut exceptions: Vec<AckRun> = Vec::new();
    for document in &judged.documents {
        for (record, verdict) in &document.records {
            if let Some(outcome) = outcome(verdict) {
                add_exception(&mut exceptions, document.document, record.actor, record.sequence, outcome);
            }
        }
    }
    Ack { counter, number, exceptions, device, ..Ack::default() }
}

/// The Ack of a push that could not be taken because the store cannot read `damaged`, which it names: nothing of it was
/// kept.
///
/// # Errors
/// When its records contradict themselves.
pub fn ack_damaged(push: &Push, damaged: Vec<DocumentId>, number: u64) -> Result<Ack, DecodeError> {
    let mut exceptions: Vec<AckRun> = Vec::new();
    for (document, records) in push.records.unpack()? {
        for record in records {
            let outcome = Outcome::Held { missing: record.sequence };
            exceptions.push(AckRun { document, actor: record.actor, first: record.sequence, count: 1, outcome });
        }
    }
    let (counter, device) = push.cover.counted();
    Ok(Ack { counter, number, exceptions, device, damaged: Some(damaged), ..Ack::default() })
}

fn outcome(verdict: &Verdict) -> Option<Outcome> {
    match verdict {
        Verdict::Accept { .. } => None,
        Verdict::Duplicate => Some(Outcome::Duplicate),
        Verdict::Held { missing, .. } => Some(Outcome::Held { missing: *missing }),
        Verdict::Quarantine { code, .. } => Some(Outcome::Quarantined { code: *code }),
    }
}

fn add_exception(runs: &mut Vec<AckRun>, document: DocumentId, actor: ActorId, sequence: u64, outcome: Outcome) {
    if let Some(run) = runs.last_mut() {
        let follows = run.document == document
            && run.actor == actor
            && run.outcome == outcome
            && run.first.checked_add(run.count) == Some(sequence);
        if follows {
            run.count = run.count.saturating_add(1);
            return;
        }
    }
    runs.push(AckRun { document, actor, first: sequence, count: 1, outcome });
}
