//! Passwords of office people: Argon2id (RFC 9106) as PHC strings. A password itself is never kept or logged.
//!
//! One hash takes tens of milliseconds of one core by design: call these functions off the asynchronous threads.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc};
use argon2::{Algorithm, Argon2, Params, Version};

/// Fewest characters of a new password (NIST SP 800-63B asks for 8 at least).
pub const PASSWORD_CHARACTERS_MIN: usize = 10;

/// Most bytes of a password: more only costs time before it is refused.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// What one hash costs. The cost is written into each hash, so a change meets new passwords only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB, two passes, one lane: OWASP's first choice for Argon2id.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, iterations: 2, lanes: 1 }
    }
}

/// A hash that could not be made or read. A wrong password is not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The cost is outside what Argon2 allows.
    #[error("password hashing refused its parameters: {problem}")]
    Hashing {
        /// What the algorithm said.
        problem: String,
    },
    /// The stored text is not a PHC string of Argon2.
    #[error("a stored password hash cannot be read: {problem}")]
    Stored {
        /// What is wrong with it.
        problem: String,
    },
}

/// The PHC string of `password` with the random `salt`.
pub fn hash(password: &str, salt: [u8; 16], cost: PasswordCost) -> Result<String, PasswordError> {
    let hashed = argon2(cost)?.hash_password_with_salt(password.as_bytes(), &salt).map_err(hashing)?;
    Ok(hashed.to_string())
}

/// Whether `password` is the one that `stored` was made from. Takes the same time for every wrong password.
pub fn verify(password: &str, stored: &str) -> Result<bool, PasswordError> {
    let problem = |error: &dyn std::fmt::Display| PasswordError::Stored { problem: error.to_string() };
    let stored = phc::PasswordHash::new(stored).map_err(|error| problem(&error))?;
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    match Argon2::default().verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(problem(&error)),
    }
}

/// Does the work of [`verify`] for a login that nobody has, so that the time of the answer does not tell.
/// Always false.
pub fn verify_nobody(password: &str, cost: PasswordCost) -> Result<bool, PasswordError> {
    if password.len() <= PASSWORD_BYTES_MAX {
        let hashed = argon2(cost)?.hash_password_with_salt(password.as_bytes(), &[0; 16]).map_err(hashing)?;
        std::hint::black_box(hashed);
    }
    Ok(false)
}

fn argon2(cost: PasswordCost) -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, None)
        .map_err(|error| PasswordError::Hashing { problem: error.to_string() })?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hashing(error: argon2::password_hash::Error) -> PasswordError {
    PasswordError::Hashing { problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, iterations: 1, lanes: 1 };

    #[test]
    fn a_password_opens_only_its_own_hash() {
        let stored = hash("correct horse", [1; 16], CHEAP).unwrap();
        assert!(verify("correct horse", &stored).unwrap());
        assert!(!verify("correct horsf", &stored).unwrap());
        assert!(!verify("", &stored).unwrap());
        assert!(!verify(&"x".repeat(PASSWORD_BYTES_MAX + 1), &stored).unwrap());
    }

    #[test]
    fn golden_phc_string() {
        let stored = hash("密码 password", [1; 16], CHEAP).unwrap();
        assert_eq!(
            stored,
            "$argon2id$v=19$m=64,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$LalE3QVcuVfZFaZovJhrMhCo62gluZsr6Isu7SuMxeA"
        );
        assert_ne!(hash("密码 password", [2; 16], CHEAP).unwrap(), stored, "the salt counts");
    }

    #[test]
    fn the_default_cost_is_written_into_the_hash() {
        let stored = hash("x", [1; 16], PasswordCost::default()).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    }

    #[test]
    fn nobody_has_no_password() {
        assert_eq!(verify_nobody("anything", CHEAP), Ok(false));
    }

    #[test]
    fn damaged_hashes_and_bad_costs_are_errors() {
        assert!(matches!(verify("x", "plain text"), Err(PasswordError::Stored { .. })));
        let none = PasswordCost { memory_kib: 0, ..CHEAP };
        assert!(matches!(hash("x", [1; 16], none), Err(PasswordError::Hashing { .. })));
    }
}
