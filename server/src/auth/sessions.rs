//! Sessions of the office page: the token in the cookie, the record in the store, and when it ends.
//!
//! The store keeps only the BLAKE3 digest of a token, as key; who reads the store cannot use what he reads.

use core::fmt;
use core::str::FromStr;

use docket_sync_core::ids::{Digest, Epoch, PersonId};
use docket_sync_core::time::{DAY, HOUR, MINUTE, UnixMillis};
use minicbor::{Decode, Encode};

use crate::store::record::{self, RecordError};

/// Milliseconds without a request after which a session ends.
pub const IDLE_MS: i64 = 8 * HOUR;

/// Milliseconds after which a session ends in any case.
pub const ABSOLUTE_MS: i64 = DAY;

/// Milliseconds between two writes of "last used": a busy page does not write at every request.
pub const TOUCH_MS: i64 = MINUTE;

/// Name of the cookie.
pub const COOKIE: &str = "docket_session";

/// The secret in the cookie: 32 random bytes, 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken([u8; 32]);

impl SessionToken {
    /// A token from random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// What the store keeps instead of the token, and looks it up by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(*blake3::hash(&self.0).as_bytes())
    }

    /// The text for the cookie. Not `Display`, so that no log line shows it by accident.
    #[must_use]
    pub fn reveal(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

/// A text that is no session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session token")]
pub struct ParseTokenError;

impl FromStr for SessionToken {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(ParseTokenError)
    }
}

/// A session as stored under the digest of its token.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SessionRecord {
    /// Whose it is.
    #[n(0)]
    pub person: PersonId,
    /// The store's epoch at the login: a restored store voids its sessions.
    #[n(1)]
    pub epoch: Epoch,
    /// Time of the login.
    #[n(2)]
    pub created_at: UnixMillis,
    /// Time of a request, at most [`TOUCH_MS`] before the last one.
    #[n(3)]
    pub last_used_at: UnixMillis,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnd {
    /// Not used for [`IDLE_MS`].
    #[error("the session was not used for too long")]
    Idle,
    /// Older than [`ABSOLUTE_MS`].
    #[error("the session is too old")]
    Age,
    /// Made before the store was restored.
    #[error("the session is of another epoch of the store")]
    Epoch,
}

impl SessionRecord {
    /// A session that begins now.
    #[must_use]
    pub fn new(person: PersonId, epoch: Epoch, now: UnixMillis) -> Self {
        Self { person, epoch, created_at: now, last_used_at: now }
    }

    /// Whether the session still stands. Times that lie as far ahead as a session may live end it too: the
    /// server's clock was wrong when they were written.
    pub fn check(&self, epoch: Epoch, now: UnixMillis) -> Result<(), SessionEnd> {
        let beyond = |earlier: UnixMillis, limit: i64| now.since(earlier).unsigned_abs() >= limit.unsigned_abs();
        if self.epoch != epoch {
            Err(SessionEnd::Epoch)
        } else if beyond(self.created_at, ABSOLUTE_MS) {
            Err(SessionEnd::Age)
        } else if beyond(self.last_used_at, IDLE_MS) {
            Err(SessionEnd::Idle)
        } else {
            Ok(())
        }
    }

    /// The record to write for a request now, if it is time to write one.
    #[must_use]
    pub fn touched(&self, now: UnixMillis) -> Option<Self> {
        let due = now.since(self.last_used_at).unsigned_abs() >= TOUCH_MS.unsigned_abs();
        due.then(|| Self { last_used_at: now, ..self.clone() })
    }

    /// The stored bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        record::encode(self)
    }

    /// Reads the stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        record::decode("session", bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: UnixMillis = UnixMillis(1_700_000_000_000);
    const EPOCH: Epoch = Epoch([1; 8]);

    fn session() -> SessionRecord {
        SessionRecord::new(PersonId([2; 16]), EPOCH, LOGIN)
    }

    #[test]
    fn a_session_ends_when_idle_or_old() {
        let check = |record: &SessionRecord, after: i64| record.check(EPOCH, LOGIN.plus(after));
        assert_eq!(check(&session(), 0), Ok(()));
        assert_eq!(check(&session(), IDLE_MS - 1), Ok(()));
        assert_eq!(check(&session(), IDLE_MS), Err(SessionEnd::Idle));
        let busy = SessionRecord { last_used_at: LOGIN.plus(DAY - HOUR), ..session() };
        assert_eq!(check(&busy, DAY - 1), Ok(()));
        assert_eq!(check(&busy, DAY), Err(SessionEnd::Age));
        assert_eq!(check(&session(), -2 * DAY), Err(SessionEnd::Age), "written by a clock days ahead");
        assert_eq!(session().check(Epoch([9; 8]), LOGIN), Err(SessionEnd::Epoch));
    }

    #[test]
    fn last_used_is_written_once_a_minute() {
        assert_eq!(session().touched(LOGIN.plus(TOUCH_MS - 1)), None);
        let touched = session().touched(LOGIN.plus(TOUCH_MS)).unwrap();
        assert_eq!((touched.last_used_at, touched.created_at), (LOGIN.plus(TOUCH_MS), LOGIN));
    }

    #[test]
    fn a_token_is_read_back_and_never_shown() {
        let token = SessionToken::new([0xab; 32]);
        assert_eq!(token.reveal().parse(), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "SessionToken(..)");
        assert_eq!("ab".parse::<SessionToken>(), Err(ParseTokenError));
        assert_eq!("AB".repeat(32).parse::<SessionToken>(), Err(ParseTokenError), "one text for one token");
        assert_eq!(token.digest(), Digest(*blake3::hash(&[0xab; 32]).as_bytes()));
    }

    #[test]
    fn golden_bytes_of_a_session() {
        let record = SessionRecord { last_used_at: UnixMillis(2), created_at: UnixMillis(1), ..session() };
        let golden = "845002020202020202020202020202020202480101010101010101\
                      0102";
        assert_eq!(data_encoding::HEXLOWER.encode(&record.to_bytes()), golden);
        assert_eq!(SessionRecord::from_bytes(&record.to_bytes()), Ok(record.clone()));
        let mut grown = record.to_bytes();
        grown[0] = 0x85;
        grown.push(0x07);
        assert_eq!(SessionRecord::from_bytes(&grown), Ok(record), "fields of later versions are skipped");
        assert!(SessionRecord::from_bytes(&[0x84, 0x41]).is_err());
    }
}
