//! One-time codes (完单验收码): the customer agrees by reading out a code that he alone has (U-09).
//!
//! The office issues a list to a customer and hands it to him, by message or on paper. His record, which devices with
//! an order of his hold, carries for each code a random salt and a *check*: enough to tell a right code from a wrong
//! one without a network, and too little to find the code or to sign with it. The fact holds a *proof* made with the
//! code itself over order and voucher, which the office checks; a code is good once.
//!
//! A code has 60 random bits: a check on a stolen device would take 2^59 tries of one code of one customer.

use minicbor::{Decode, Encode};

use crate::ids::{Digest, DocumentId, RecordId};

/// Letters and digits of a code (RFC 4648 base32).
pub const CODE_LETTERS: usize = 12;
const KEY_CONTEXT: &str = "docket one-time code 1";

/// What a device knows of one code.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CodeCheck {
    /// Its number in the customer's list, from 1.
    #[n(0)]
    pub number: u32,
    /// Random.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// BLAKE3 of a domain name and the code's key.
    #[n(2)]
    pub check: Digest,
}

/// The secret that only customer and office have.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeKey([u8; 32]);

impl CodeCheck {
    /// The check of a code.
    #[must_use]
    pub fn new(customer: RecordId, number: u32, salt: [u8; 16], code: &str) -> Self {
        let key = CodeKey::new(customer, number, &salt, code);
        Self { number, salt, check: key.check() }
    }

    /// The code's key, when `code` is the right one; groups, spaces and case do not matter.
    #[must_use]
    pub fn accept(&self, customer: RecordId, code: &str) -> Option<CodeKey> {
        let key = CodeKey::new(customer, self.number, &self.salt, code);
        (key.check() == self.check).then_some(key)
    }
}

impl CodeKey {
    fn new(customer: RecordId, number: u32, salt: &[u8; 16], code: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(KEY_CONTEXT);
        hasher.update(&customer.0).update(&number.to_be_bytes()).update(salt).update(normal(code).as_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    fn check(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"docket-code-check-1").update(&self.0);
        Digest(*hasher.finalize().as_bytes())
    }

    /// What only somebody with the code can say about this voucher of this order.
    #[must_use]
    pub fn proof(&self, document: DocumentId, voucher: Digest, covered: Digest) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"docket-code-sign-1").update(&document.0).update(&voucher.0).update(&covered.0);
        Digest(*hasher.finalize().as_bytes())
    }
}

/// A code of 60 bits, the first of `random`, in groups of four.
#[must_use]
pub fn code_from(random: &[u8; 8]) -> String {
    let letters: Vec<char> = data_encoding::BASE32_NOPAD.encode(random).chars().take(CODE_LETTERS).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What was typed or read out; 0, 1 and 8, which base32 does not have, are read as O, I and B.
fn normal(code: &str) -> String {
    let letters = code.chars().filter(|letter| letter.is_ascii_alphanumeric());
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    letters.take(64).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: RecordId = RecordId([7; 16]);

    #[test]
    fn u_09_a_code_is_told_from_a_wrong_one_and_signs_one_voucher_of_one_order() {
        let code = code_from(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(code, "AEBA-GBAF-AYDQ");
        let check = CodeCheck::new(CUSTOMER, 3, [9; 16], &code);
        let key = check.accept(CUSTOMER, " aeba gbaf aydq ").unwrap();
        assert!(check.accept(CUSTOMER, "AEBA-GBAF-AYDR").is_none());
        assert!(check.accept(RecordId([8; 16]), &code).is_none(), "another customer's");
        let other = CodeCheck { number: 4, ..check.clone() };
        assert!(other.accept(CUSTOMER, &code).is_none(), "another number");
        let proof =
            |order, voucher, covered| key.proof(DocumentId([order; 16]), Digest([voucher; 32]), Digest([covered; 32]));
        let all = [proof(1, 1, 1), proof(2, 1, 1), proof(1, 2, 1), proof(1, 1, 2)];
        assert!((1..4).all(|index| all[0] != all[index]));
        assert_ne!(all[0], check.check, "the check signs nothing");
    }
}
