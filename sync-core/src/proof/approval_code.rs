//! One-time codes for approvals (口令, U-21): issued to an approver in advance, read over the phone, checked on a
//! technician's device without a network.
//!
//! A code is 60 random bits in three groups of four letters, so that the list of hashes which every device holds
//! gives nothing away: trying all of them at 10^10 a second takes years, and a list lives for months.

use core::fmt;

use crate::ids::{Digest, RecordId};
use crate::wire;

/// Letters of a code.
const LETTERS: usize = 12;

/// A code as it is read out: letters and digits of base32 (RFC 4648).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalCode(String);

impl ApprovalCode {
    /// A code of random bytes; 60 bits of them are used.
    #[must_use]
    pub fn of(random: [u8; 8]) -> Self {
        let mut text = data_encoding::BASE32_NOPAD.encode(&random);
        text.truncate(LETTERS);
        Self(text)
    }

    /// Reads what a person typed: small letters, spaces and hyphens do not matter, and 0, 1, 8 are O, I, B.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let letters: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .map(|letter| match letter.to_ascii_uppercase() {
                '0' => 'O',
                '1' => 'I',
                '8' => 'B',
                other => other,
            })
            .collect();
        let is_code = letters.len() == LETTERS && letters.chars().all(|letter| matches!(letter, 'A'..='Z' | '2'..='7'));
        is_code.then_some(Self(letters))
    }

    /// The twelve letters as a fact holds them.
    #[must_use]
    pub fn letters(&self) -> &str {
        &self.0
    }

    /// Hash in the list with this record id: BLAKE3 over a domain name, list, number and letters.
    #[must_use]
    pub fn hash(&self, list: RecordId, number: u32) -> Digest {
        let bytes = wire::encode(&("docket-approval-code-1", list, number, self.0.as_str()));
        Digest(*blake3::hash(&bytes).as_bytes())
    }
}

impl fmt::Display for ApprovalCode {
    /// Three groups of four.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in self.0.chars().enumerate() {
            if index > 0 && index.is_multiple_of(4) {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_being_read_over_the_phone() {
        let code = ApprovalCode::of([0x5a; 8]);
        let said = code.to_string();
        assert_eq!(said.len(), 14);
        assert_eq!(ApprovalCode::read(&said.to_lowercase().replace('-', " ")), Some(code.clone()));
        assert_eq!(ApprovalCode::read("AB0D-EF1H-8KLM").unwrap().letters(), "ABODEFIHBKLM");
        for wrong in ["", "ABCD-EFGH", "ABCD-EFGH-IJK9", "ABCD-EFGH-IJKLM", "ÄBCD-EFGH-IJKL"] {
            assert_eq!(ApprovalCode::read(wrong), None, "{wrong}");
        }
        let hash = |list, number| code.hash(RecordId([list; 16]), number);
        assert!(hash(1, 1) != hash(1, 2) && hash(1, 1) != hash(2, 1));
    }
}
