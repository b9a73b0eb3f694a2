//! What the customer signs when goods leave his house and when they come back (C-131, C-082): the receipt's number, the
//! goods as they are named on it, his name, what he drew.
//!
//! It rides beside `take_custody` and `return_custody` as a proof does beside a signature; the fact names it by its
//! digest, so that the envelope that covers the fact covers it. Format: `schemas/voucher.md`.

use minicbor::{Decode, Encode};

use super::strokes::Strokes;
use crate::facts::values::Goods;
use crate::ids::DocumentId;
use crate::{DecodeError, limits, wire};

const DOMAIN: &str = "docket-custody-1";

/// What the customer signed about his goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyReceipt {
    /// The order.
    pub document: DocumentId,
    /// Number of the receipt, as it is printed.
    pub receipt: String,
    /// Whether the goods came back; else they were taken.
    pub returned: bool,
    /// The goods as he read them.
    pub goods: Goods,
    /// Who signed.
    pub name: String,
    /// What he is to the customer.
    pub relation: String,
    /// What he drew.
    pub strokes: Strokes,
}

/// What the facts of the order say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptFacts {
    /// The order.
    pub document: DocumentId,
    /// Number of the receipt.
    pub receipt: String,
    /// Whether the goods came back.
    pub returned: bool,
    /// The goods.
    pub goods: Goods,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    domain: String,
    #[n(1)]
    document: DocumentId,
    #[n(2)]
    receipt: String,
    #[n(3)]
    returned: bool,
    #[n(4)]
    goods: Goods,
    #[n(5)]
    name: String,
    #[n(6)]
    relation: String,
    #[cbor(n(7), with = "minicbor::bytes")]
    strokes: Vec<u8>,
}

/// What differs between what was signed and the fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustodyMismatch {
    /// The bytes are not of the layout.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// One thing is not the same.
    #[error("{field} is not what was signed")]
    Differs {
        /// Which.
        field: &'static str,
    },
}

impl CustodyReceipt {
    /// Bytes, deterministic.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(&Wire {
            domain: DOMAIN.to_owned(),
            document: self.document,
            receipt: self.receipt.clone(),
            returned: self.returned,
            goods: self.goods.clone(),
            name: self.name.clone(),
            relation: self.relation.clone(),
            strokes: self.strokes.to_bytes(),
        })
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// When they are larger than [`limits::PROOF_BYTES_MAX`], not of the layout, or not deterministic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "custody receipt";
        if bytes.len() > limits::PROOF_BYTES_MAX {
            return Err(DecodeError::new(WHAT, "too large"));
        }
        let read: Wire = wire::decode_deterministic(WHAT, bytes)?;
        if read.domain != DOMAIN {
            return Err(DecodeError::new(WHAT, format!("not of the format {DOMAIN}")));
        }
        let Wire { document, receipt, returned, goods, name, relation, strokes, .. } = read;
        Ok(Self { document, receipt, returned, goods, name, relation, strokes: Strokes::from_bytes(&strokes)? })
    }

    /// Whether what was signed is what the fact says: the order, the way the goods went, the receipt, the goods.
    ///
    /// # Errors
    /// The first thing that is not the same.
    pub fn check(bytes: &[u8], expected: &ReceiptFacts) -> Result<(), CustodyMismatch> {
        let signed = Self::from_bytes(bytes)?;
        let same = [
            ("order", signed.document == expected.document),
            ("direction", signed.returned == expected.returned),
            ("receipt", signed.receipt == expected.receipt),
            ("goods", signed.goods == expected.goods),
            ("name", !signed.name.trim().is_empty()),
            ("strokes", signed.strokes.strokes.iter().any(|stroke| stroke.len() > 1)),
        ];
        match same.iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(CustodyMismatch::Differs { field }),
            None => Ok(()),
        }
    }
}
