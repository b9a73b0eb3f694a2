//! Every identifier of the product, one newtype each, in one registry.
//!
//! All are plain bytes: [`DocumentId`] shows itself as a UUID, the others as lower-case hexadecimal.

use core::fmt;
use core::str::FromStr;

/// A text that is not an identifier of the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: expected {expected}")]
pub struct ParseIdError {
    /// The kind of identifier that was expected.
    pub kind: &'static str,
    /// The shape that was expected.
    pub expected: &'static str,
}

macro_rules! byte_ids {
    ($($(#[$doc:meta])* $name:ident[$length:literal];)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;

            /// The identifier whose bytes are `bytes`, if their number fits.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                <[u8; $length]>::try_from(bytes).ok().map(Self)
            }

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self, encoder: &mut minicbor::Encoder<W>, _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.0)?;
                Ok(())
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let position = decoder.position();
                Self::from_slice(decoder.bytes()?).ok_or_else(|| {
                    minicbor::decode::Error::message(concat!("wrong length of ", stringify!($name))).at(position)
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }
    )*};
}

macro_rules! hexadecimal_ids {
    ($($name:ident $expected:literal;)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| Self::from_slice(&bytes))
                    .ok_or(ParseIdError { kind: stringify!($name), expected: $expected })
            }
        }
    )*};
}

byte_ids! {
    /// Who writes one chain of changes: the digest of a device and its incarnation, or of a server start.
    ActorId[16];
    /// BLAKE3 of an attachment's bytes.
    BlobId[32];
    /// Hash of one Automerge change (SHA-256, by the Automerge format).
    ChangeHash[32];
    /// One device that an administrator enrolled.
    DeviceId[16];
    /// A BLAKE3 digest.
    Digest[32];
    /// One work order: a UUIDv7 (RFC 9562) made where the order is made.
    DocumentId[16];
    /// Drawn by a store when it is made and whenever it is restored.
    Epoch[8];
    /// Drawn by a device's platform, kept outside backups: a restored phone is a new incarnation.
    Incarnation[16];
    /// The first 8 bytes of BLAKE3 of a public key.
    KeyId[8];
    /// A number used once, handed out by the server.
    Nonce[16];
    /// A person who may be the author of a fact.
    PersonId[16];
    /// One reference record: customer, site, unit, person, catalogue entry, policy.
    RecordId[16];
    /// One review item: the digest of its kind and of the facts that caused it, cut to 16 bytes.
    ReviewId[16];
    /// An Ed25519 signature.
    Signature[64];
    /// One store (one company's server side), for ever.
    StoreId[16];
}

hexadecimal_ids! {
    ActorId "32 hexadecimal digits";
    BlobId "64 hexadecimal digits";
    ChangeHash "64 hexadecimal digits";
    DeviceId "32 hexadecimal digits";
    Digest "64 hexadecimal digits";
    Epoch "16 hexadecimal digits";
    Incarnation "32 hexadecimal digits";
    KeyId "16 hexadecimal digits";
    Nonce "32 hexadecimal digits";
    PersonId "32 hexadecimal digits";
    RecordId "32 hexadecimal digits";
    ReviewId "32 hexadecimal digits";
    Signature "128 hexadecimal digits";
    StoreId "32 hexadecimal digits";
}

impl DocumentId {
    /// A new id from the time in milliseconds since 1970 and ten random bytes (RFC 9562, version 7).
    #[must_use]
    pub fn new(now: crate::time::UnixMillis, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.0).unwrap_or(0);
        Self(*uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_bytes())
    }

    /// Whether it can have been made where an order was made, until this moment: a UUIDv7 whose time has come. A digest
    /// seldom looks like one, so that nobody takes the place of a companion.
    #[must_use]
    pub fn is_made_until(self, now: crate::time::UnixMillis) -> bool {
        let uuid = uuid::Uuid::from_bytes(self.0);
        let made = uuid.get_timestamp().map(|made| made.to_unix()).and_then(|(seconds, _)| i64::try_from(seconds).ok());
        uuid.get_version_num() == 7
            && uuid.get_variant() == uuid::Variant::RFC4122
            && made.is_some_and(|seconds| seconds <= now.0.div_euclid(1_000).saturating_add(1))
    }

    /// The document that holds the order's OFFICE facts: the first 16 bytes of BLAKE3("office", order id). No device
    /// ever has it (sync.md, Audience).
    #[must_use]
    pub fn companion(self) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"office");
        hasher.update(&self.0);
        let mut id = [0; Self::LENGTH];
        hasher.finalize_xof().fill(&mut id);
        Self(id)
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl FromStr for DocumentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::try_parse(text)
            .map(|id| Self(*id.as_bytes()))
            .map_err(|_| ParseIdError { kind: "DocumentId", expected: "a UUID" })
    }
}

/// Identity of a fact inside its document: actor and sequence of its first statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId {
    /// The actor that stated it first.
    pub actor: ActorId,
    /// Its number on that actor's chain, from 1.
    pub sequence: u64,
}

/// Number of actor bytes in a fact's key and in a reference to a fact.
pub const ACTOR_PREFIX: usize = 5;

impl FactId {
    /// The short reference that `seen` and the REST frontier use.
    #[must_use]
    pub fn reference(&self) -> FactRef {
        let mut prefix = [0; ACTOR_PREFIX];
        for (to, from) in prefix.iter_mut().zip(self.actor.0) {
            *to = from;
        }
        FactRef { prefix, sequence: self.sequence }
    }
}

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference().fmt(f)
    }
}

/// A reference to a fact of the same document: first 5 bytes of the actor, and the sequence.
///
/// Its text form is the fact's key in the document: base32 (RFC 4648, lower case, no padding) of the prefix,
/// then the sequence in decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactRef {
    /// First bytes of the actor.
    pub prefix: [u8; ACTOR_PREFIX],
    /// Sequence on that actor's chain.
    pub sequence: u64,
}

impl FactRef {
    /// The wire form: the prefix, then the sequence in as few big-endian bytes as it needs.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let sequence = self.sequence.to_be_bytes();
        let skip = sequence.iter().take_while(|byte| **byte == 0).count().min(7);
        self.prefix.iter().chain(sequence.iter().skip(skip)).copied().collect()
    }

    /// Reads the wire form; `None` when it is too short, too long or padded.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (prefix, tail) = bytes.split_at_checked(ACTOR_PREFIX)?;
        if tail.is_empty() || tail.len() > 8 || (tail.len() > 1 && tail.first() == Some(&0)) {
            return None;
        }
        let sequence = tail.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Some(Self { prefix: prefix.try_into().ok()?, sequence })
    }
}

impl<C> minicbor::Encode<C> for FactRef {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(&self.to_bytes())?;
        Ok(())
    }
}

impl<'b, C> minicbor::Decode<'b, C> for FactRef {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let position = decoder.position();
        Self::from_bytes(decoder.bytes()?)
            .ok_or_else(|| minicbor::decode::Error::message("not a reference to a fact").at(position))
    }
}

/// Length of the base32 form of an actor prefix.
const PREFIX_TEXT: usize = 8;

fn base32() -> data_encoding::Encoding {
    let mut specification = data_encoding::Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
}

impl fmt::Display for FactRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", base32().encode(&self.prefix), self.sequence)
    }
}

impl FromStr for FactRef {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseIdError { kind: "FactRef", expected: "8 base32 letters and a number" };
        let (prefix, sequence) = text.split_at_checked(PREFIX_TEXT).ok_or_else(|| error.clone())?;
        let prefix = base32().decode(prefix.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        match (prefix, sequence.parse()) {
            (Some(prefix), Ok(sequence)) if !sequence_is_padded(text) => Ok(Self { prefix, sequence }),
            _ => Err(error),
        }
    }
}

fn sequence_is_padded(text: &str) -> bool {
    text.get(PREFIX_TEXT..).is_some_and(|number| number.starts_with(['0', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fact_reference_text_is_the_document_key() {
        let id = FactId { actor: ActorId([0xab; 16]), sequence: 42 };
        assert_eq!(id.to_string(), "vov2xk5l42");
        assert_eq!("vov2xk5l42".parse::<FactRef>().unwrap(), id.reference());
        assert!("vov2xk5l042".parse::<FactRef>().is_err());
        assert!("vov2".parse::<FactRef>().is_err());
    }

    #[test]
    fn fact_reference_wire_form_is_short_and_canonical() {
        for sequence in [0, 1, 255, 256, u64::MAX] {
            let reference = FactRef { prefix: [1; 5], sequence };
            assert_eq!(FactRef::from_bytes(&reference.to_bytes()), Some(reference));
        }
        assert_eq!(FactRef { prefix: [1; 5], sequence: 7 }.to_bytes().len(), 6);
        assert_eq!(FactRef::from_bytes(&[1, 1, 1, 1, 1, 0, 7]), None);
        assert_eq!(FactRef::from_bytes(&[1, 1, 1, 1, 1]), None);
    }

    #[test]
    fn document_id_is_a_version_7_uuid() {
        let id = DocumentId::new(crate::time::UnixMillis(1_700_000_000_000), [7; 10]);
        let text = id.to_string();
        assert_eq!(text.as_bytes()[14], b'7');
        assert_eq!(text.parse::<DocumentId>().unwrap(), id);
    }
}
