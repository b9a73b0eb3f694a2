//! What travels beside a fact: the small blob that it names by its digest.

use super::FactBody;
use crate::ids::BlobId;

/// Byte strings of 32 bytes looked at in one fact of an unknown kind.
const CANDIDATES_MAX: usize = 16;

impl FactBody {
    /// Content address of the small blob that travels beside the fact: what a customer saw, and what he drew.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind has a proof")]
    pub fn proof(&self) -> Option<BlobId> {
        match self {
            Self::SignDocument(body) => Some(body.proof),
            Self::SignByCode(body) => body.document,
            Self::PrintVoucher(body) => Some(body.document),
            Self::TakeCustody(body) => body.countersigned,
            Self::ReturnCustody(body) => body.signed,
            _ => None,
        }
    }

    /// The blobs that ride beside the fact. A kind of a later version may name one in a place that this version does
    /// not know (U-15): there every byte string of 32 bytes may be its address, and whoever has such a blob sends it on.
    #[must_use]
    pub fn proofs(&self) -> Vec<BlobId> {
        match self {
            Self::Unknown { bytes, .. } => addresses(bytes),
            _ => self.proof().into_iter().collect(),
        }
    }
}

/// Every place where a CBOR byte string of 32 bytes may stand.
fn addresses(bytes: &[u8]) -> Vec<BlobId> {
    // Head of such a string: major type 2, one byte of length, 32.
    let heads = bytes.windows(2).enumerate().filter(|(_, head)| *head == [0x58, 0x20]);
    let at = |position: usize| bytes.get(position.saturating_add(2)..position.saturating_add(34));
    heads.filter_map(|(position, _)| BlobId::from_slice(at(position)?)).take(CANDIDATES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u_15_a_kind_of_a_later_version_may_name_blobs_anywhere() {
        let address = |byte: u8| [vec![0x58, 0x20], vec![byte; 32]].concat();
        let bytes = [vec![0x84, 0x01], address(7), vec![0x41, 0x20], address(9)].concat();
        let body = FactBody::Unknown { kind: 200, bytes };
        assert_eq!((body.proof(), body.proofs()), (None, vec![BlobId([7; 32]), BlobId([9; 32])]));
        let cut = FactBody::Unknown { kind: 200, bytes: address(7)[..20].to_vec() };
        assert_eq!(cut.proofs(), []);
    }
}
