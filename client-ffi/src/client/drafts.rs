//! Two-party facts (handover, goods, cash, approval in person): the giver drafts, the other side reads and signs on his
//! own device, the giver states it with the signature. Without it the giver may state it all the same; it waits then
//! for the other side's `acknowledge`.
//!
//! A draft and a signature are small; how they travel from screen to screen is the application's affair.

use docket_sync_core::DecodeError;
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::values::{ApprovalWay, Witness};
use docket_sync_core::facts::{Author, Fact, StatedFact, Statement, content_digest};
use docket_sync_core::ids::{ActorId, DocumentId, FactId, KeyId, Signature};
use docket_sync_core::proof::{Certificate, unwitnessed_digest};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};

use super::{Client, ExecuteError, Executed, Shown};
use crate::replica::ReplicaError;
use crate::store::DeviceStore;

/// Largest draft or signature that is read.
const BYTES_MAX: usize = docket_sync_core::limits::FACT_BYTES_MAX + docket_sync_core::limits::CERTIFICATE_BYTES_MAX;

/// A fact that is decided and not stated yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Draft {
    #[n(0)]
    pub(crate) document: DocumentId,
    #[n(1)]
    pub(crate) actor: ActorId,
    #[n(2)]
    pub(crate) sequence: u64,
    #[n(3)]
    pub(crate) author: Author,
    #[n(4)]
    pub(crate) time: UnixMillis,
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(crate) content: Vec<u8>,
}

/// The other side's signature, with the certificate of the device it was made on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Witnessed {
    #[n(0)]
    witness: Witness,
    #[cbor(n(1), with = "minicbor::bytes")]
    certificate: Vec<u8>,
}

/// Why a draft is not witnessed, or a signature not taken.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The bytes are no draft, or no signature.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Nobody witnesses what he states himself.
    #[error("this is a draft of your own: the other side signs it")]
    Own,
    /// The certificate is not of this company, or the signature not of its device.
    #[error("the signature does not belong to this draft")]
    Signature,
    /// The fact could not be stated.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

impl From<ReplicaError> for WitnessError {
    fn from(error: ReplicaError) -> Self {
        Self::Execute(error.into())
    }
}

impl Draft {
    /// The fact as it will stand, for showing what is signed.
    ///
    /// # Errors
    /// When the content is not of the layout.
    pub fn fact(&self) -> Result<Fact, DecodeError> {
        let stated = self.stated()?;
        let id = FactId { actor: self.actor, sequence: self.sequence };
        let digest = content_digest(self.document, id, &self.author, self.time, &stated.content_bytes);
        let (author, content) = (self.author.clone(), stated.content);
        Ok(Fact { id, origin: None, author, time: self.time, content, digest })
    }

    /// The order that it is about.
    #[must_use]
    pub fn order(&self) -> DocumentId {
        self.document
    }

    /// Bytes for the way to the other side.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::replica::to_bytes(self)
    }

    /// Reads them.
    ///
    /// # Errors
    /// When they are no draft.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let draft: Self = read("draft", bytes)?;
        draft.fact()?;
        Ok(draft)
    }

    pub(crate) fn stated(&self) -> Result<StatedFact, DecodeError> {
        let mut bytes = vec![0x82];
        bytes.extend(crate::replica::to_bytes(&Statement::default()));
        bytes.extend(&self.content);
        StatedFact::from_bytes(&bytes)
    }

    fn digest(&self) -> Result<docket_sync_core::ids::Digest, DecodeError> {
        let id = FactId { actor: self.actor, sequence: self.sequence };
        Ok(unwitnessed_digest(self.document, id, &self.author, self.time, &self.stated()?.content))
    }
}

impl Witnessed {
    /// Bytes for the way back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::replica::to_bytes(self)
    }

    /// Reads them.
    ///
    /// # Errors
    /// When they are no signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        read("witness", bytes)
    }
}

impl<S: DeviceStore> Client<S> {
    /// Decides a command and does not state it yet: the other side signs it first. The draft is good until this
    /// device states something else in the same order.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub fn draft(&mut self, shown: &Shown, command: &Command) -> Result<Draft, ExecuteError> {
        let mut decided = self.decided(shown, &expecting_approver(command))?;
        decided.head.witnesses = None;
        Ok(self.replica.draft_fact(decided)?)
    }

    /// Signs somebody else's draft with this device's key.
    ///
    /// # Errors
    /// When it is this person's own, or damaged.
    pub fn witness(&self, draft: &Draft) -> Result<Witnessed, WitnessError> {
        if draft.author == Author::Person(self.author) {
            return Err(WitnessError::Own);
        }
        let witness = Witness::signed(self.author, draft.digest()?, self.replica.key());
        Ok(Witnessed { witness, certificate: self.replica.identity().certificate.clone() })
    }

    /// States a draft with what the other side signed.
    ///
    /// # Errors
    /// When a signature is not of the draft, or the draft is outdated.
    pub fn confirm(&mut self, draft: &Draft, witnesses: Vec<Witnessed>) -> Result<Executed, WitnessError> {
        let digest = draft.digest()?;
        let mut good = Vec::new();
        let mut certificates = Vec::new();
        for witnessed in witnesses {
            certificates.push(witnessed.certificate.clone());
            good.push(self.checked(witnessed, digest)?);
        }
        for certificate in certificates {
            self.replica.keep_certificate(&certificate)?;
        }
        let shown = self.show(draft.document)?;
        let fact = self.replica.state_draft(draft, good)?;
        let order = self.show(draft.document)?;
        let not_seen = order.facts.iter().map(|fact| fact.id);
        let not_seen = not_seen.filter(|id| *id != fact && shown.facts.get(*id).is_none()).collect();
        Ok(Executed { fact, order, not_seen })
    }

    /// The signature, when a device of this company made it for a person who may use it.
    fn checked(&self, witnessed: Witnessed, digest: docket_sync_core::ids::Digest) -> Result<Witness, WitnessError> {
        let Witnessed { witness, certificate } = witnessed;
        let certificate = Certificate::from_bytes(&certificate)?;
        let ours = certificate.store_key == self.replica.certificate().store_key && certificate.verify().is_ok();
        let key = VerifyingKey::from_bytes(&certificate.device_key).or(Err(WitnessError::Signature))?;
        let his = certificate.roles(witness.person).is_some();
        if !ours || !his || witness.verify(digest, &key).is_err() {
            return Err(WitnessError::Signature);
        }
        Ok(witness)
    }
}

/// An approval in person is decided as if its approver had signed: he does so next.
fn expecting_approver(command: &Command) -> Command {
    let Command::State(act) = command else { return command.clone() };
    let word = act.body.word().filter(|word| word.way == ApprovalWay::Presence);
    let Some(approver) = word.and_then(|word| word.approver) else { return command.clone() };
    let (key, signature) = (KeyId([0; KeyId::LENGTH]), Signature([0; Signature::LENGTH]));
    let expected = Witness { person: approver, key, signature };
    Command::State(Box::new(Act { witnesses: vec![expected], ..(**act).clone() }))
}

fn read<T: for<'b> Decode<'b, ()>>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > BYTES_MAX {
        return Err(DecodeError::new(what, "too large"));
    }
    minicbor::decode(bytes).map_err(|error| DecodeError::new(what, error.to_string()))
}
