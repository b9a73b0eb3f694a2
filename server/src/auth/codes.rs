//! Codes that enrol a device: made by an administrator for one person, shown once, used once.
//!
//! A code is 128 random bits in base32 (RFC 4648), shown in groups of four. The store keeps only its BLAKE3
//! digest, as key. Guessing unknown codes is braked by [`super::throttle`]; the tries counted here are those with
//! the right code and a wrong proof of the device key.

use core::fmt;
use core::str::FromStr;

use docket_sync_core::ids::{DeviceId, Digest, Epoch, PersonId};
use docket_sync_core::time::{MINUTE, UnixMillis};
use minicbor::{Decode, Encode};

use crate::store::record::{self, RecordError};

/// Milliseconds for which a code is good.
pub const CODE_MS: i64 = 15 * MINUTE;

/// Failed tries with a code, after which it is void.
pub const TRIES_MAX: u8 = 5;

/// The secret that the administrator hands to the technician.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode([u8; 16]);

impl EnrolmentCode {
    /// A code from random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// What the store keeps instead of the code, and looks it up by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(*blake3::hash(&self.0).as_bytes())
    }

    /// The bytes, as the device signs them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The text to show: 26 letters and digits in groups of four. Not `Display`, so that no log line shows it.
    #[must_use]
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(32);
        for (at, letter) in data_encoding::BASE32_NOPAD.encode(&self.0).chars().enumerate() {
            if at > 0 && at.is_multiple_of(4) {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentCode(..)")
    }
}

impl FromStr for EnrolmentCode {
    type Err = CodeError;

    /// Reads what a person typed: groups, spaces and case do not matter; 0, 1 and 8, which base32 does not have,
    /// are read as O, I and B.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 100 {
            return Err(CodeError::Shape);
        }
        let letters: String = text
            .chars()
            .filter(|character| !character.is_whitespace() && *character != '-')
            .map(|character| match character.to_ascii_uppercase() {
                '0' => 'O',
                '1' => 'I',
                '8' => 'B',
                other => other,
            })
            .collect();
        let bytes = data_encoding::BASE32_NOPAD.decode(letters.as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(CodeError::Shape)
    }
}

/// Why a code does not enrol a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not 26 letters and digits of base32.
    #[error("this is not an enrolment code: it has 26 letters and digits in groups of four")]
    Shape,
    /// No such code.
    #[error("this code is not known: look for a typing error or ask for a new code")]
    Unknown,
    /// Older than 15 minutes.
    #[error("this code has expired: ask for a new one")]
    Expired,
    /// Another device has used it.
    #[error("this code has been used: ask for a new one")]
    Used,
    /// Too many failed tries.
    #[error("this code was tried too often: ask for a new one")]
    TooManyTries,
    /// Made before the store was restored.
    #[error("this code is void since the store was restored: ask for a new one")]
    Void,
}

impl CodeError {
    /// Every error.
    pub const ALL: [Self; 6] = [Self::Shape, Self::Unknown, Self::Expired, Self::Used, Self::TooManyTries, Self::Void];

    /// The stable code of the error.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Shape => "code_malformed",
            Self::Unknown => "code_unknown",
            Self::Expired => "code_expired",
            Self::Used => "code_used",
            Self::TooManyTries => "code_too_many_tries",
            Self::Void => "code_void",
        }
    }
}

/// The device that a code has enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CodeUse {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// BLAKE3 of its public key.
    #[n(1)]
    pub key: Digest,
    /// When.
    #[n(2)]
    pub used_at: UnixMillis,
}

/// A code as stored under its digest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CodeRecord {
    /// Whose device it enrols.
    #[n(0)]
    pub person: PersonId,
    /// The store's epoch when it was made.
    #[n(1)]
    pub epoch: Epoch,
    /// Who made it.
    #[n(2)]
    pub created_by: PersonId,
    /// When it was made.
    #[n(3)]
    pub created_at: UnixMillis,
    /// Failed tries so far.
    #[n(4)]
    pub tries: u8,
    /// The device it has enrolled.
    #[n(5)]
    pub used: Option<CodeUse>,
}

/// What a code that stands is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeStanding {
    /// It may enrol the device.
    Fresh,
    /// It has enrolled this very device, whose answer was lost: the same answer again.
    Repeated(DeviceId),
}

impl CodeRecord {
    /// A code made now.
    #[must_use]
    pub fn new(person: PersonId, epoch: Epoch, created_by: PersonId, now: UnixMillis) -> Self {
        Self { person, epoch, created_by, created_at: now, tries: 0, used: None }
    }

    /// The first instant at which the code is no longer good.
    #[must_use]
    pub fn expires_at(&self) -> UnixMillis {
        self.created_at.plus(CODE_MS)
    }

    /// Whether the code enrols the device whose public key has the digest `key`. Looked at before the device's
    /// proof; a proof that fails then counts by [`CodeRecord::with_failed_try`].
    pub fn check(&self, key: Digest, epoch: Epoch, now: UnixMillis) -> Result<CodeStanding, CodeError> {
        if self.epoch != epoch {
            return Err(CodeError::Void);
        }
        // A code "from the future" was made by a clock that has been set back since.
        if now.since(self.created_at).unsigned_abs() >= CODE_MS.unsigned_abs() {
            return Err(CodeError::Expired);
        }
        if self.tries >= TRIES_MAX {
            return Err(CodeError::TooManyTries);
        }
        match self.used {
            None => Ok(CodeStanding::Fresh),
            Some(used) if used.key == key => Ok(CodeStanding::Repeated(used.device)),
            Some(_) => Err(CodeError::Used),
        }
    }

    /// The record after a try whose proof failed.
    #[must_use]
    pub fn with_failed_try(self) -> Self {
        Self { tries: self.tries.saturating_add(1), ..self }
    }

    /// The record after it has enrolled `device`.
    #[must_use]
    pub fn with_use(self, device: DeviceId, key: Digest, now: UnixMillis) -> Self {
        Self { used: Some(CodeUse { device, key, used_at: now }), ..self }
    }

    /// The stored bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        record::encode(self)
    }

    /// Reads the stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        record::decode("enrolment code", bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
    const EPOCH: Epoch = Epoch([1; 8]);
    const KEY: Digest = Digest([5; 32]);
    const DEVICE: DeviceId = DeviceId([6; 16]);

    fn record() -> CodeRecord {
        CodeRecord::new(PersonId([2; 16]), EPOCH, PersonId([3; 16]), NOW)
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = EnrolmentCode::new(*b"0123456789abcdef");
        assert_eq!(code.reveal(), "GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF-MY");
        for typed in
            ["GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF-MY", " gayt emzu gu3d 0obz mfrg gzdfmy", "GAYTEMZUGU3DOO8ZMFRGGZDFMY"]
        {
            assert_eq!(typed.parse(), Ok(code.clone()), "{typed}");
        }
        for refused in
            ["", "GAYT", "GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF-MZ", "GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF-M9", &"A".repeat(101)]
        {
            assert_eq!(refused.parse::<EnrolmentCode>(), Err(CodeError::Shape), "{refused}");
        }
        assert_eq!(format!("{code:?}"), "EnrolmentCode(..)");
    }

    #[test]
    fn a_code_lives_fifteen_minutes() {
        assert_eq!(record().check(KEY, EPOCH, NOW), Ok(CodeStanding::Fresh));
        assert_eq!(record().check(KEY, EPOCH, NOW.plus(CODE_MS - 1)), Ok(CodeStanding::Fresh));
        assert_eq!(record().check(KEY, EPOCH, record().expires_at()), Err(CodeError::Expired));
        assert_eq!(record().check(KEY, EPOCH, NOW.plus(-CODE_MS)), Err(CodeError::Expired));
        assert_eq!(record().check(KEY, Epoch([9; 8]), NOW), Err(CodeError::Void));
    }

    #[test]
    fn a_code_enrols_one_device_and_repeats_its_answer() {
        let used = record().with_use(DEVICE, KEY, NOW);
        assert_eq!(used.check(KEY, EPOCH, NOW.plus(1)), Ok(CodeStanding::Repeated(DEVICE)));
        assert_eq!(used.check(Digest([7; 32]), EPOCH, NOW.plus(1)), Err(CodeError::Used));
        assert_eq!(used.check(KEY, EPOCH, NOW.plus(CODE_MS)), Err(CodeError::Expired));
    }

    #[test]
    fn five_failed_proofs_void_a_code() {
        let mut tried = record();
        for _ in 0..4 {
            tried = tried.with_failed_try();
        }
        assert_eq!(tried.check(KEY, EPOCH, NOW), Ok(CodeStanding::Fresh));
        assert_eq!(tried.with_failed_try().check(KEY, EPOCH, NOW), Err(CodeError::TooManyTries));
    }

    #[test]
    fn golden_bytes_of_a_code() {
        let fresh = CodeRecord { created_at: UnixMillis(1), ..record() };
        let start = "5002020202020202020202020202020202480101010101010101500303030303030303030303030303030301";
        assert_eq!(data_encoding::HEXLOWER.encode(&fresh.to_bytes()), format!("85{start}00"));
        assert_eq!(CodeRecord::from_bytes(&fresh.to_bytes()), Ok(fresh.clone()));
        let used = fresh.with_failed_try().with_use(DEVICE, KEY, UnixMillis(2));
        let end = format!("018350{}5820{}02", "06".repeat(16), "05".repeat(32));
        assert_eq!(data_encoding::HEXLOWER.encode(&used.to_bytes()), format!("86{start}{end}"));
        assert_eq!(CodeRecord::from_bytes(&used.to_bytes()), Ok(used));
    }
}
