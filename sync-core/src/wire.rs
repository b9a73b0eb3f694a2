//! Deterministic CBOR (RFC 8949) for everything that leaves a process: positional arrays, definite lengths.
//!
//! Encoding is by `minicbor`'s derive (arrays by position; absent fields at the end are left out, unknown
//! fields at the end are ignored, so a format can grow). This module adds total decoding with one error type.

/// Bytes that are not what their format says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be decoded at byte {position}: {problem}")]
pub struct DecodeError {
    /// The format that was expected.
    pub what: &'static str,
    /// Byte offset of the problem, 0 when not known.
    pub position: usize,
    /// What was wrong there.
    pub problem: String,
}

impl DecodeError {
    /// An error at an unknown position.
    pub fn new(what: &'static str, problem: impl Into<String>) -> Self {
        Self { what, position: 0, problem: problem.into() }
    }

    pub(crate) fn from_cbor(what: &'static str, error: &minicbor::decode::Error) -> Self {
        Self { what, position: error.position().unwrap_or(0), problem: error.to_string() }
    }
}

/// The CBOR bytes of `value`.
pub(crate) fn encode<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail; the error type is uninhabited.
    minicbor::encode(value, &mut bytes).unwrap_or_default();
    bytes
}

/// Decodes one value that must fill `bytes`.
pub(crate) fn decode<'b, T: minicbor::Decode<'b, ()>>(what: &'static str, bytes: &'b [u8]) -> Result<T, DecodeError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|error| DecodeError::from_cbor(what, &error))?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(DecodeError { what, position: decoder.position(), problem: "bytes after the end".into() })
    }
}

/// Decodes one value that must fill `bytes` and whose encoding must be exactly `bytes` (RFC 8949 4.2), for
/// formats that are signed or addressed by their hash.
pub(crate) fn decode_deterministic<T>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError>
where
    T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
{
    let value: T = decode(what, bytes)?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(DecodeError::new(what, "not deterministic CBOR"))
    }
}

/// Raw bytes of one CBOR item, kept as they came.
pub(crate) fn raw_item<'b>(what: &'static str, decoder: &mut minicbor::Decoder<'b>) -> Result<&'b [u8], DecodeError> {
    let start = decoder.position();
    decoder.skip().map_err(|error| DecodeError::from_cbor(what, &error))?;
    decoder
        .input()
        .get(start..decoder.position())
        .ok_or_else(|| DecodeError::new(what, "truncated"))
}

/// Makes an enum whose variants are small numbers on the wire and stable lower-case codes in text.
macro_rules! coded_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal $code:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Every variant, in the order of its numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable number in stored formats.
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $(Self::$variant => $number),* }
            }

            /// The variant with this number.
            #[must_use]
            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// The stable text code, used by REST, policy files and explanations.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The variant with this text code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self, encoder: &mut minicbor::Encoder<W>, _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.u8(self.number())?;
                Ok(())
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let position = decoder.position();
                Self::from_number(decoder.u8()?).ok_or_else(|| {
                    minicbor::decode::Error::message(concat!("unknown ", stringify!($name))).at(position)
                })
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::from_code(&code).ok_or_else(|| {
                    serde::de::Error::custom(format!("'{code}' is not one of: {}", [$($code),*].join(", ")))
                })
            }
        }
    };
}
pub(crate) use coded_enum;
