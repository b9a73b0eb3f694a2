//! Deterministic CBOR (RFC 8949) for everything that leaves a process: positional arrays, definite lengths.
//!
//! Encoding is by `minicbor`'s derive (arrays by position; absent fields at the end are left out, unknown
//! fields at the end are ignored, so a format can grow). This module adds total decoding with one error type.

use crate::limits;

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

/// Bytes that travel as one byte string.
#[derive(Debug, Clone, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

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
    if encode(&value) == bytes { Ok(value) } else { Err(DecodeError::new(what, "not deterministic CBOR")) }
}

/// Decodes one value that must fill `bytes`, after [`check_shape`]: for formats that come from strangers.
pub(crate) fn decode_checked<'b, T: minicbor::Decode<'b, ()>>(
    what: &'static str,
    bytes: &'b [u8],
) -> Result<T, DecodeError> {
    check_shape(what, bytes)?;
    decode(what, bytes)
}

/// Checks that `bytes` are whole items of the CBOR that our formats use: integers, byte and text strings,
/// arrays, maps with ascending unsigned keys, false, true, null; definite lengths, shortest heads (RFC 8949
/// 4.2), no more than [`limits::NESTING_MAX`] levels and [`limits::ITEMS_MAX`] items. Gives the number of items
/// of the outermost level.
///
/// It needs no memory but one row a level, so it comes before anything that builds values: a byte of CBOR can
/// cost 60 bytes in memory.
pub(crate) fn check_shape(what: &'static str, bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut shape = Shape { bytes, position: 0, items: 0, open: Vec::new() };
    let mut outermost: usize = 0;
    while shape.position < bytes.len() || !shape.open.is_empty() {
        if shape.open.is_empty() {
            outermost = outermost.saturating_add(1);
        }
        let position = shape.position;
        shape.item().map_err(|problem| DecodeError { what, position, problem: problem.to_owned() })?;
    }
    Ok(outermost)
}

/// An array or map whose items are still to come.
struct Level {
    left: u64,
    is_map: bool,
    last_key: Option<u64>,
}

struct Shape<'b> {
    bytes: &'b [u8],
    position: usize,
    items: usize,
    open: Vec<Level>,
}

impl Shape<'_> {
    fn item(&mut self) -> Result<(), &'static str> {
        self.items = self.items.saturating_add(1);
        if self.items > limits::ITEMS_MAX {
            return Err("too many items");
        }
        let (major, value) = self.head()?;
        if let Some(level) = self.open.last_mut() {
            level.take(major, value)?;
        }
        match major {
            0 | 1 => {}
            2 => drop(self.take(value)?),
            3 => drop(core::str::from_utf8(self.take(value)?).or(Err("text that is not UTF-8"))?),
            4 => self.open(value, false)?,
            5 => self.open(value, true)?,
            7 if (20..=22).contains(&value) => {}
            _ => return Err("a tag, number or value that no format here uses"),
        }
        while self.open.last().is_some_and(|level| level.left == 0) {
            self.open.pop();
        }
        Ok(())
    }

    /// Major type and number of the next head; the number must be in its shortest form.
    fn head(&mut self) -> Result<(u8, u64), &'static str> {
        let first = self.take(1)?.first().copied().unwrap_or_default();
        let (major, short) = (first >> 5, first & 0x1f);
        let (width, least) = match short {
            0..=23 => return Ok((major, u64::from(short))),
            24 if major == 7 => return Err("a value that no format here uses"),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err("a length that is not definite"),
        };
        let value = self.take(width)?.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        if value < least || major == 7 { Err("a number that is not in its shortest form") } else { Ok((major, value)) }
    }

    fn take(&mut self, length: u64) -> Result<&[u8], &'static str> {
        let end = usize::try_from(length).ok().and_then(|length| self.position.checked_add(length));
        let taken = end.and_then(|end| self.bytes.get(self.position..end)).ok_or("end of the bytes")?;
        self.position = self.position.saturating_add(taken.len());
        Ok(taken)
    }

    fn open(&mut self, length: u64, is_map: bool) -> Result<(), &'static str> {
        let left = if is_map { length.saturating_mul(2) } else { length };
        let rest = self.bytes.len().saturating_sub(self.position);
        // Every item needs a byte: a length beyond the bytes is refused before anybody believes it.
        if usize::try_from(left).map_or(true, |left| left > rest) {
            return Err("end of the bytes");
        }
        if self.open.len() >= limits::NESTING_MAX {
            return Err("nested too deeply");
        }
        self.open.push(Level { left, is_map, last_key: None });
        Ok(())
    }
}

impl Level {
    /// Counts an item of this level; a key of a map must be unsigned and greater than the one before it.
    fn take(&mut self, major: u8, value: u64) -> Result<(), &'static str> {
        let is_key = self.is_map && self.left.is_multiple_of(2);
        self.left = self.left.saturating_sub(1);
        if !is_key {
            return Ok(());
        }
        if major != 0 || self.last_key.is_some_and(|last| last >= value) {
            return Err("keys of a map that do not ascend");
        }
        self.last_key = Some(value);
        Ok(())
    }
}

/// Raw bytes of one CBOR item, kept as they came.
pub(crate) fn raw_item<'b>(what: &'static str, decoder: &mut minicbor::Decoder<'b>) -> Result<&'b [u8], DecodeError> {
    let start = decoder.position();
    decoder.skip().map_err(|error| DecodeError::from_cbor(what, &error))?;
    decoder.input().get(start..decoder.position()).ok_or_else(|| DecodeError::new(what, "truncated"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_form_of_known_items_has_a_shape() {
        let good: [&[u8]; 9] = [
            &[],
            &[0x00, 0x20],
            &[0x18, 24],
            &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x82, 0x41, 0xff, 0x62, 0xc3, 0xa9],
            &[0xa2, 0x00, 0xf4, 0x01, 0xf6],
            &[0x80, 0xa0],
            &[0x81; limits::NESTING_MAX - 1],
            &[0x79, 0x00, 0x00],
        ];
        let expected = [Ok(0), Ok(2), Ok(1), Ok(1), Ok(1), Ok(1), Ok(2), Err(()), Err(())];
        for (bytes, expected) in good.into_iter().zip(expected) {
            assert_eq!(check_shape("test", bytes).or(Err(())), expected, "{bytes:02x?}");
        }
        let bad: [&[u8]; 16] = [
            &[0x18, 23],
            &[0x19, 0, 255],
            &[0x58, 1, 0],
            &[0x9f, 0xff],
            &[0x5f, 0xff],
            &[0xff],
            &[0x1c],
            &[0xc0, 0x00],
            &[0xf7],
            &[0xf8, 0x20],
            &[0xf9, 0x00, 0x00],
            &[0x61, 0xff],
            &[0xa2, 0x01, 0x00, 0x01, 0x00],
            &[0xa2, 0x01, 0x00, 0x00, 0x00],
            &[0xa1, 0x40, 0x00],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        for bytes in bad {
            assert!(check_shape("test", bytes).is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn nesting_and_number_of_items_are_bounded() {
        let nested = |levels: usize| [vec![0x81; levels], vec![0x00]].concat();
        assert_eq!(check_shape("test", &nested(limits::NESTING_MAX)), Ok(1));
        assert!(check_shape("test", &nested(limits::NESTING_MAX + 1)).is_err());
        assert!(check_shape("test", &nested(10_000)).is_err());
        assert_eq!(check_shape("test", &vec![0; limits::ITEMS_MAX]), Ok(limits::ITEMS_MAX));
        assert!(check_shape("test", &vec![0; limits::ITEMS_MAX + 1]).is_err());
    }
}
