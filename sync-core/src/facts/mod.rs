//! Facts: what happened, what was promised, what is planned. A fact is never edited or removed.
//!
//! The bytes of a fact are a CBOR array `[statement, content]`. The *statement* says who states it in this
//! document (present only where it cannot be derived); the *content* is the same in every statement of the
//! same fact. The identity of a fact is the (document, actor, sequence) of its first statement, and its
//! digest is over identity, author, time and content.
//!
//! Format: `schemas/fact.md`; golden bytes: `schemas/golden`.

mod beside;
pub mod bodies;
pub(crate) mod complete;
mod contained;
mod kinds;
mod level;
mod numbers;
mod origin;
mod reach;
mod rights;
pub mod values;

use minicbor::{Decode, Encode};

pub use kinds::{FactBody, FactKind};
#[cfg(feature = "scenario")]
pub use level::as_level;
pub use level::{SCHEMA_LEVEL, known_level};
pub use numbers::{Block, Ledger, receipt_number};
pub use origin::Origin;
pub use reach::Word;
pub use rights::{Audience, Class, Reach, Right, Role};

use crate::DecodeError;
use crate::ids::{ActorId, Digest, DocumentId, FactId, FactRef, PersonId};
use crate::time::UnixMillis;
use crate::{limits, wire};

/// Who made a fact: a person, or a rule of the system; never "the office".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Author {
    /// A person.
    Person(PersonId),
    /// A rule, by its stable code without the prefix `system:`.
    System(String),
}

impl core::fmt::Display for Author {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::System(rule) => write!(f, "system:{rule}"),
        }
    }
}

impl<C> Encode<C> for Author {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Person(person) => encoder.bytes(&person.0)?,
            Self::System(rule) => encoder.str(rule)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Author {
    fn decode(decoder: &mut minicbor::Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.datatype()? == minicbor::data::Type::String {
            Ok(Self::System(decoder.str()?.to_owned()))
        } else {
            PersonId::decode(decoder, context).map(Self::Person)
        }
    }
}

/// Who states the fact in this place, as far as it cannot be derived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Statement {
    /// Stated by the first fact of an actor in a document.
    #[n(0)]
    pub origin: Option<Origin>,
    /// Stated by the first fact of an actor, by every fact of a server, and where the author differs.
    #[n(1)]
    pub author: Option<Author>,
    /// The first statement, when this is not it.
    #[n(2)]
    pub restates: Option<Restates>,
}

/// The identity that a statement repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Restates {
    /// Actor of the first statement.
    #[n(0)]
    pub actor: ActorId,
    /// Sequence of the first statement.
    #[n(1)]
    pub sequence: u64,
}

/// One fact named as seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeenRef {
    /// The identity just before this one on the same actor: one byte on the wire.
    Previous,
    /// Any other fact.
    Fact(FactRef),
}

impl<C> Encode<C> for SeenRef {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Previous => {
                encoder.u8(0)?;
                Ok(())
            }
            Self::Fact(reference) => reference.encode(encoder, context),
        }
    }
}

impl<'b, C> Decode<'b, C> for SeenRef {
    fn decode(decoder: &mut minicbor::Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.datatype()? == minicbor::data::Type::Bytes {
            return FactRef::decode(decoder, context).map(Self::Fact);
        }
        let position = decoder.position();
        match decoder.u8()? {
            0 => Ok(Self::Previous),
            _ => Err(minicbor::decode::Error::message("not a seen reference").at(position)),
        }
    }
}

/// The rarely used fields of the envelope, as a CBOR map with small keys; empty is one byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// Claimed wall-clock time minus hybrid time, milliseconds; absent when 0.
    #[n(0)]
    pub claimed_offset: Option<i64>,
    /// `lo` minus hybrid time, milliseconds; absent when 0.
    #[n(1)]
    pub lo_offset: Option<i64>,
    /// The customer's person whose promise the fact records.
    #[n(2)]
    pub customer: Option<values::CustomerPerson>,
    /// The other side of a two-party fact.
    #[n(3)]
    pub witnesses: Option<Vec<values::Witness>>,
    /// Version of the policy that its author held.
    #[n(4)]
    pub policy: Option<u32>,
    /// Work item; absent is item 1.
    #[n(5)]
    pub work_item: Option<u8>,
    /// For `system:` facts: digest of rule and cause. Facts with the same `once` count as one.
    #[n(6)]
    pub once: Option<Digest>,
    /// The role in which its author acts, stated where the rank of roles can decide (R2) or where the right
    /// to correct another person's fact depends on it. The gate checks that he held it.
    #[n(7)]
    pub role: Option<Role>,
    /// What the policy that its author held demanded and was not there (C-042, C-084): it may be filed later.
    #[n(8)]
    pub missing: Option<Vec<values::Demand>>,
    /// Version of the tariff that a price was taken from (C-097).
    #[n(9)]
    pub tariff: Option<u32>,
    /// On the first fact of a visit: the colleague's visit that it continues (U-08).
    #[n(10)]
    pub continues: Option<values::VisitRef>,
}

/// What a fact says, equal in every statement of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Schema level it was stated at.
    pub level: u8,
    /// The frontier of the view it was decided on.
    pub seen: Vec<SeenRef>,
    /// Rare envelope fields.
    pub head: Head,
    /// Kind and fields.
    pub body: FactBody,
}

impl Content {
    /// Canonical bytes: `[kind, level, seen, head, body]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x85];
        bytes.extend(wire::encode(&self.body.kind_number()));
        bytes.extend(wire::encode(&self.level));
        bytes.extend(wire::encode(&self.seen));
        bytes.extend(wire::encode(&self.head));
        self.body.encode_into(&mut bytes);
        bytes
    }
}

/// The bytes of a fact, taken apart. The content bytes are kept as they came: digests are over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedFact {
    /// Who states it here.
    pub statement: Statement,
    /// What it says.
    pub content: Content,
    /// The content's bytes.
    pub content_bytes: Vec<u8>,
}

impl StatedFact {
    /// A new statement of `content`.
    #[must_use]
    pub fn new(statement: Statement, content: Content) -> Self {
        let content_bytes = content.to_bytes();
        Self { statement, content, content_bytes }
    }

    /// The same content under another statement (stating again).
    #[must_use]
    pub fn restated(&self, statement: Statement) -> Self {
        Self { statement, ..self.clone() }
    }

    /// The bytes that lie in the document.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x82];
        bytes.extend(wire::encode(&self.statement));
        bytes.extend(&self.content_bytes);
        bytes
    }

    /// Reads the bytes of a fact.
    ///
    /// # Errors
    /// When they are not of the layout or not deterministic, larger than [`limits::FACT_BYTES_MAX`] or hold
    /// more than [`limits::SEEN_MAX`] references. Unknown kinds and fields at the end are not errors.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > limits::FACT_BYTES_MAX {
            return Err(DecodeError::new("fact", format!("{} bytes, at most {}", bytes.len(), limits::FACT_BYTES_MAX)));
        }
        wire::check_shape("fact", bytes)?;
        let mut decoder = minicbor::Decoder::new(bytes);
        let read = |error: &minicbor::decode::Error| DecodeError::from_cbor("fact", error);
        if decoder.array().map_err(|error| read(&error))? != Some(2) {
            return Err(DecodeError::new("fact", "not an array of statement and content"));
        }
        let statement = decoder.decode().map_err(|error| read(&error))?;
        let content_bytes = bytes.get(decoder.position()..).unwrap_or_default().to_vec();
        if decoder.array().map_err(|error| read(&error))?.is_none_or(|length| length < 5) {
            return Err(DecodeError::new("fact", "content needs kind, level, seen, head and body"));
        }
        let kind = decoder.u8().map_err(|error| read(&error))?;
        let level = decoder.u8().map_err(|error| read(&error))?;
        let seen: Vec<SeenRef> = decoder.decode().map_err(|error| read(&error))?;
        if seen.len() > limits::SEEN_MAX {
            return Err(DecodeError::new("fact", "too many seen references"));
        }
        let head = decoder.decode().map_err(|error| read(&error))?;
        let body = FactBody::decode_from(kind, level, wire::raw_item("fact body", &mut decoder)?)?;
        let mut whole = minicbor::Decoder::new(&content_bytes);
        if wire::raw_item("fact content", &mut whole)?.len() != content_bytes.len() {
            return Err(DecodeError::new("fact", "bytes after the end"));
        }
        Ok(Self { statement, content: Content { level, seen, head, body }, content_bytes })
    }
}

/// A fact as readers see it: identity, author and times resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Identity: its first statement.
    pub id: FactId,
    /// Where its first statement's actor comes from, where that is known.
    pub origin: Option<Origin>,
    /// Who made it.
    pub author: Author,
    /// Hybrid time: the change's time.
    pub time: UnixMillis,
    /// What it says.
    pub content: Content,
    /// Digest over identity, author, time and content.
    pub digest: Digest,
}

impl Fact {
    /// The claimed wall-clock time.
    #[must_use]
    pub fn claimed(&self) -> UnixMillis {
        self.time.plus(self.content.head.claimed_offset.unwrap_or(0))
    }

    /// Lower bound of the true time.
    #[must_use]
    pub fn lo(&self) -> UnixMillis {
        self.time.plus(self.content.head.lo_offset.unwrap_or(0))
    }

    /// Whether it lies in the companion document, which never leaves the office.
    #[must_use]
    pub fn is_of_office(&self) -> bool {
        self.origin.is_some_and(|origin| origin.is_in_companion())
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &FactBody {
        &self.content.body
    }

    /// The kind, unless this version does not know it.
    #[must_use]
    pub fn kind(&self) -> Option<FactKind> {
        self.content.body.kind()
    }

    /// The person who made it, unless a rule did.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match &self.author {
            Author::Person(person) => Some(*person),
            Author::System(_) => None,
        }
    }
}

/// Digest of a fact: BLAKE3 over a domain name, document, identity, author, time and content bytes.
#[must_use]
pub fn content_digest(document: DocumentId, id: FactId, author: &Author, time: UnixMillis, content: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-fact-1");
    hasher.update(&document.0);
    hasher.update(&id.actor.0);
    hasher.update(&id.sequence.to_be_bytes());
    hasher.update(&wire::encode(author));
    hasher.update(&time.0.to_be_bytes());
    hasher.update(content);
    Digest(*hasher.finalize().as_bytes())
}

/// `once` of a system fact: BLAKE3 over a domain name, the rule's code and the digests that caused it.
#[must_use]
pub fn once_digest(rule: &str, causes: &[Digest]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-once-1");
    hasher.update(&u64::try_from(rule.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(rule.as_bytes());
    for cause in causes {
        hasher.update(&cause.0);
    }
    Digest(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> StatedFact {
        let content = Content {
            level: SCHEMA_LEVEL,
            seen: vec![SeenRef::Previous],
            head: Head::default(),
            body: bodies::AddNote { text: text.to_owned() }.into(),
        };
        StatedFact::new(Statement::default(), content)
    }

    #[test]
    fn a_fact_survives_its_bytes_and_is_small() {
        let fact = note("漏水 under the sink");
        let bytes = fact.to_bytes();
        assert_eq!(StatedFact::from_bytes(&bytes).unwrap(), fact);
        assert!(bytes.len() <= "漏水 under the sink".len() + 12, "{} bytes", bytes.len());
    }

    #[test]
    fn unknown_kinds_and_trailing_fields_are_kept_whole() {
        let mut bytes = note("x").to_bytes();
        // kind 18 becomes 200, which no version knows yet.
        let position = bytes.iter().position(|byte| *byte == 18).unwrap();
        bytes.splice(position..=position, [0x18, 200]);
        let fact = StatedFact::from_bytes(&bytes).unwrap();
        assert!(matches!(fact.content.body, FactBody::Unknown { kind: 200, .. }));
        assert_eq!(fact.to_bytes(), bytes);
        assert_eq!(fact.content.to_bytes(), fact.content_bytes);
    }

    #[test]
    fn damaged_bytes_are_errors_at_every_cut() {
        let bytes = note("a longer note, so that there is something to cut").to_bytes();
        for cut in 0..bytes.len() {
            assert!(StatedFact::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(StatedFact::from_bytes(&longer).is_err());
    }

    #[test]
    fn restating_keeps_the_content() {
        let fact = note("same");
        let statement =
            Statement { restates: Some(Restates { actor: ActorId([1; 16]), sequence: 3 }), ..Statement::default() };
        let again = fact.restated(statement);
        assert_eq!(again.content_bytes, fact.content_bytes);
        assert_ne!(again.to_bytes(), fact.to_bytes());
    }
}
