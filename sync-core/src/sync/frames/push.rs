//! Changes on their way to the store, and what became of them.

use minicbor::{Decode, Encode};

use super::records::RecordSet;
use crate::ids::{ActorId, DeviceId, DocumentId, KeyId, Signature};
use crate::proof::Envelope;
use crate::time::UnixMillis;
use crate::wire::coded_enum;

/// What covers the changes of a push.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Cover {
    /// An envelope of the session's own device; the receiver rebuilds the list of hashes.
    #[n(0)]
    Own {
        /// The key.
        #[n(0)]
        key: KeyId,
        /// Envelope counter.
        #[n(1)]
        counter: u64,
        /// The signature.
        #[n(2)]
        signature: Signature,
    },
    /// Somebody's envelope with its list, and the certificate of the device.
    #[n(1)]
    Relayed {
        /// The envelope.
        #[n(0)]
        envelope: Envelope,
        /// The certificate's bytes.
        #[cbor(n(1), with = "minicbor::bytes")]
        certificate: Vec<u8>,
    },
    /// A receipt of this store, of whatever epoch (healing).
    #[n(2)]
    Receipt {
        /// The receipt's bytes.
        #[cbor(n(0), with = "minicbor::bytes")]
        receipt: Vec<u8>,
    },
    /// Nothing: everything is quarantined.
    #[n(3)]
    None,
}

impl Cover {
    /// The counter under which a push is acknowledged, and whose it is where that is not the session's own device.
    #[must_use]
    pub fn counted(&self) -> (u64, Option<DeviceId>) {
        match self {
            Self::Own { counter, .. } => (*counter, None),
            Self::Relayed { envelope, .. } => (envelope.counter, Some(envelope.device)),
            Self::Receipt { .. } | Self::None => (0, None),
        }
    }
}

/// Changes on their way to the store.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Push {
    /// What covers them.
    #[n(0)]
    pub cover: Cover,
    /// The records.
    #[n(1)]
    pub records: RecordSet,
    /// Proofs (voucher, salts, strokes) of signatures among them.
    #[n(2)]
    pub proofs: Vec<ProofBytes>,
}

/// Bytes of one proof.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ProofBytes(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

coded_enum! {
    /// Why something was put into quarantine. Codes are stable; the device shows their text.
    QuarantineCode {
        /// The bytes are not a fact of the layout.
        Malformed = 1 "malformed",
        /// Larger, longer or more than a limit allows.
        Limit = 2 "limit",
        /// `lo` or hybrid time lies in the server's future.
        TimeAhead = 3 "time_ahead",
        /// No envelope, or one whose signature is wrong.
        NoProof = 4 "no_proof",
        /// The actor is not the digest of the stated origin, or of another device.
        WrongActor = 5 "wrong_actor",
        /// The author is not one of the device's persons.
        ForgedAuthor = 6 "forged_author",
        /// The author's roles may not state this kind.
        NotPermitted = 7 "not_permitted",
        /// The order was never the technician's.
        OutOfScope = 8 "out_of_scope",
        /// The device was revoked.
        Revoked = 9 "revoked",
        /// A kind of a later schema level: kept whole, judged after the upgrade.
        NewerKind = 10 "newer_kind",
        /// The document is unknown and this fact does not begin one.
        UnknownDocument = 11 "unknown_document",
        /// The document library failed on it.
        Library = 12 "library",
        /// Its place on the chain holds another content, and who carried it did not make it.
        TwoContents = 13 "two_contents",
        /// A witness's signature is not his over this fact, or his key is not known.
        BadWitness = 16 "bad_witness",
        /// The one-time code is not one of the approver's, or he may not approve.
        BadCode = 17 "bad_code",
        /// The one-time code was used before.
        UsedCode = 18 "used_code",
        /// The number of the receipt is not of the device's own block.
        ForeignNumber = 19 "foreign_number",
        /// The number of the receipt was used before.
        UsedNumber = 20 "used_number",
        /// A kind that lies in the companion document, which no device has.
        OfficeKind = 30 "office_kind",
    }
}

/// What became of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// In the document, durable.
    #[n(0)]
    Accepted,
    /// It was there already.
    #[n(1)]
    Duplicate,
    /// Waits behind a refused or missing change of its actor.
    #[n(2)]
    Held {
        /// The sequence that is missing or refused.
        #[n(0)]
        missing: u64,
    },
    /// Kept apart until a person decides.
    #[n(3)]
    Quarantined {
        /// Why.
        #[n(0)]
        code: QuarantineCode,
    },
}

/// Answers one push. Changes that are not listed were accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ack {
    /// Counter of the push's envelope; 0 for one without.
    #[n(0)]
    pub counter: u64,
    /// Log number at which it became durable.
    #[n(1)]
    pub number: u64,
    /// Everything that was not simply accepted.
    #[n(2)]
    pub exceptions: Vec<AckRun>,
    /// Documents of the push that the store holds and cannot read. Nothing of the push was kept then, and everything in
    /// it is listed as held: the device sends the others again without these, which stay with it.
    #[n(3)]
    pub damaged: Option<Vec<DocumentId>>,
    /// Whose envelope it was, where another device carried it: counters are of one device.
    #[n(4)]
    pub device: Option<DeviceId>,
    /// The server's time when it was durable: the upper bound of the true time of what was accepted (U-10).
    #[n(5)]
    pub at: Option<UnixMillis>,
}

/// Consecutive changes with the same outcome.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AckRun {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The actor.
    #[n(1)]
    pub actor: ActorId,
    /// First sequence.
    #[n(2)]
    pub first: u64,
    /// How many.
    #[n(3)]
    pub count: u64,
    /// What became of them.
    #[n(4)]
    pub outcome: Outcome,
}
