//! The header of every stored value [frozen]. Not the form in which one engine cuts large values.
//!
//! ```text
//! byte 0     version, 1
//! byte 1     flags: bit 0 = the payload is encrypted; all other bits are 0
//! 8 bytes    id of the key, only when bit 0 is set
//! the rest   payload
//! ```
//!
//! The header is on every value from the first day, so that a value can later be made unreadable by destroying
//! its key (Forgetting, sync.md) without a migration.

use docket_sync_core::ids::KeyId;

/// Version of the header.
pub const VERSION: u8 = 1;

/// Flag of byte 1: the payload is encrypted and the id of its key follows.
pub const FLAG_ENCRYPTED: u8 = 0b0000_0001;

/// Bytes before the payload of a plain value.
const PLAIN_HEADER: usize = 2;

/// Bytes before the payload of an encrypted value.
const ENCRYPTED_HEADER: usize = PLAIN_HEADER + KeyId::LENGTH;

/// A value as stored: its payload, and the key that the payload is encrypted with, if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredValue {
    /// The key of an encrypted payload.
    pub key: Option<KeyId>,
    /// Plain bytes, or ciphertext when `key` is given.
    pub payload: Vec<u8>,
}

/// Bytes that are not a stored value of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Fewer bytes than the header needs.
    #[error("a stored value of {length} bytes is shorter than its header")]
    Short {
        /// Length in bytes.
        length: usize,
    },
    /// A header version that this program does not know.
    #[error("a stored value has header version {version}, this program knows only {VERSION}")]
    Version {
        /// The version found.
        version: u8,
    },
    /// Flags that this program does not know.
    #[error("a stored value has unknown flags {flags:#010b}")]
    Flags {
        /// The flags found.
        flags: u8,
    },
}

/// The stored form of a plain payload.
#[must_use]
pub fn plain(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len().saturating_add(PLAIN_HEADER));
    bytes.extend_from_slice(&[VERSION, 0]);
    bytes.extend_from_slice(payload);
    bytes
}

/// Turns a plain payload into its stored form.
pub(super) fn make_plain(payload: &mut Vec<u8>) {
    payload.splice(..0, [VERSION, 0]);
}

/// The stored form of a payload that is encrypted with `key`.
#[must_use]
pub fn encrypted(key: KeyId, ciphertext: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ciphertext.len().saturating_add(ENCRYPTED_HEADER));
    bytes.extend_from_slice(&[VERSION, FLAG_ENCRYPTED]);
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(ciphertext);
    bytes
}

/// Reads a stored value. Total: any bytes give a value or an error.
pub fn decode(mut bytes: Vec<u8>) -> Result<StoredValue, ValueError> {
    let short = ValueError::Short { length: bytes.len() };
    let [version, flags] = *bytes.first_chunk::<PLAIN_HEADER>().ok_or(short)?;
    if version != VERSION {
        return Err(ValueError::Version { version });
    }
    let (key, header) = match flags {
        0 => (None, PLAIN_HEADER),
        FLAG_ENCRYPTED => {
            let id = bytes.get(PLAIN_HEADER..ENCRYPTED_HEADER).and_then(KeyId::from_slice).ok_or(short)?;
            (Some(id), ENCRYPTED_HEADER)
        }
        flags => return Err(ValueError::Flags { flags }),
    };
    bytes.drain(..header);
    Ok(StoredValue { key, payload: bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: KeyId = KeyId([1, 2, 3, 4, 5, 6, 7, 8]);

    #[test]
    fn golden_bytes_of_the_header() {
        assert_eq!(plain(b"abc"), [1, 0, b'a', b'b', b'c']);
        assert_eq!(plain(b""), [1, 0]);
        for payload in [b"".as_slice(), b"abc"] {
            let mut made = payload.to_vec();
            make_plain(&mut made);
            assert_eq!(made, plain(payload));
        }
        assert_eq!(encrypted(KEY, b"xy"), [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, b'x', b'y']);
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(decode(plain(b"abc")), Ok(StoredValue { key: None, payload: b"abc".to_vec() }));
        assert_eq!(decode(plain(b"")), Ok(StoredValue { key: None, payload: Vec::new() }));
        assert_eq!(decode(encrypted(KEY, b"")), Ok(StoredValue { key: Some(KEY), payload: Vec::new() }));
    }

    #[test]
    fn unknown_versions_and_flags_are_refused() {
        assert_eq!(decode(vec![]), Err(ValueError::Short { length: 0 }));
        assert_eq!(decode(vec![1]), Err(ValueError::Short { length: 1 }));
        assert_eq!(decode(vec![2, 0]), Err(ValueError::Version { version: 2 }));
        assert_eq!(decode(vec![1, 2]), Err(ValueError::Flags { flags: 2 }));
        assert_eq!(decode(vec![1, 1, 0, 0, 0, 0, 0, 0, 0]), Err(ValueError::Short { length: 9 }));
    }
}
