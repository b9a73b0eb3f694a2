//! The digest of a scope: a sum, since saved bytes and orders of arrival differ between replicas.

use crate::ids::{ChangeHash, Digest, DocumentId, RecordId};

/// A sum modulo 2^256 of BLAKE3 values, one for each change and reference record in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DigestSum([u64; 4]);

impl DigestSum {
    /// The term of one change (skeletons and restated facts too).
    #[must_use]
    pub fn of_change(document: DocumentId, hash: ChangeHash) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&document.0);
        hasher.update(&hash.0);
        Self::from_digest(Digest(*hasher.finalize().as_bytes()))
    }

    /// The term of one version of a reference record.
    #[must_use]
    pub fn of_reference(record: RecordId, version: u64) -> Self {
        Self::from_digest(crate::reference::digest_leaf(record, version))
    }

    /// This sum plus `other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let mut sum = [0; 4];
        let mut carry = false;
        for ((to, left), right) in sum.iter_mut().zip(self.0).zip(other.0) {
            let (partial, first) = left.overflowing_add(right);
            let (total, second) = partial.overflowing_add(u64::from(carry));
            *to = total;
            carry = first || second;
        }
        Self(sum)
    }

    /// This sum minus `other`.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let negated = Self(other.0.map(|limb| !limb)).plus(Self([1, 0, 0, 0]));
        self.plus(negated)
    }

    /// The 32 bytes, little-endian.
    #[must_use]
    pub fn to_digest(self) -> Digest {
        let mut bytes = [0; 32];
        for (to, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            to.copy_from_slice(&limb.to_le_bytes());
        }
        Digest(bytes)
    }

    /// Reads the 32 bytes.
    #[must_use]
    pub fn from_digest(digest: Digest) -> Self {
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(digest.0.chunks_exact(8)) {
            *limb = bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        }
        Self(limbs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_order_and_can_be_taken_back() {
        let terms: Vec<_> =
            (0..50).map(|number| DigestSum::of_change(DocumentId([number; 16]), ChangeHash([number; 32]))).collect();
        let forward = terms.iter().fold(DigestSum::default(), |sum, term| sum.plus(*term));
        let backward = terms.iter().rev().fold(DigestSum::default(), |sum, term| sum.plus(*term));
        assert_eq!(forward, backward);
        let rest = terms.iter().skip(1).fold(forward, |sum, term| sum.minus(*term));
        assert_eq!(rest, terms[0]);
        assert_eq!(DigestSum::from_digest(forward.to_digest()), forward);
        let all_ones = DigestSum([u64::MAX; 4]);
        assert_eq!(all_ones.plus(DigestSum([1, 0, 0, 0])), DigestSum::default());
    }
}
