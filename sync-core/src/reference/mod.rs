//! Reference data: customers, sites, units, people, the catalogue, the policy, the company.
//!
//! The office writes these as versioned records; they travel to devices by the same log numbers as documents
//! and are read-only there. Names, phones and addresses live here and not in documents, so that they can be
//! forgotten. A record is replaced whole by its next version; there is nothing to merge.
//!
//! Not here: where records are stored, who may write them, who may see which (only the coarse
//! [`ReferenceScope`] is a property of the kind).
//!
//! Format: `schemas/reference.md`; golden bytes: `schemas/golden/voucher/reference-*.hex`.

mod given;
mod kinds;

use minicbor::{Decode, Encode};

pub use kinds::{
    ApprovalCodes, CatalogueItem, Company, Customer, FormRecord, Language, NumberBlocks, PartQuota, Person,
    PolicyRecord, Reference, ReferenceKind, ReferenceScope, Revocation, Site, Translated, Unit,
};

use crate::ids::{DeviceId, Digest, PersonId, RecordId};
use crate::{DecodeError, limits, wire};

/// One version of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRecord {
    /// Identity, for ever. A person's record has the bytes of his [`PersonId`].
    pub id: RecordId,
    /// Version, from 1; the greater one replaces the smaller one.
    pub version: u64,
    /// The record is gone: its content is blank and only the kind is left.
    pub deleted: bool,
    /// What it says.
    pub content: Reference,
}

/// What precedes the body on the wire.
#[derive(Encode, Decode)]
#[cbor(transparent)]
struct Number(#[n(0)] u8);

impl ReferenceRecord {
    /// A record that stands.
    #[must_use]
    pub fn new(id: RecordId, version: u64, content: impl Into<Reference>) -> Self {
        Self { id, version, deleted: false, content: content.into() }
    }

    /// The next version, which says that the record is gone and says nothing else.
    #[must_use]
    pub fn tombstone(&self) -> Self {
        Self { id: self.id, version: self.version.saturating_add(1), deleted: true, content: self.content.blank() }
    }

    /// Bytes: `[id, version, deleted, kind, body]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x85];
        bytes.extend(wire::encode(&self.id));
        bytes.extend(wire::encode(&self.version));
        bytes.extend(wire::encode(&self.deleted));
        bytes.extend(wire::encode(&Number(self.content.kind_number())));
        self.content.encode_into(&mut bytes);
        bytes
    }

    /// Reads the bytes of a record.
    ///
    /// # Errors
    /// When they are not of the layout, exceed [`limits::REFERENCE_BYTES_MAX`], or a text or list in them
    /// exceeds its limit. Unknown kinds and fields at the end are not errors.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "reference record";
        if bytes.len() > limits::REFERENCE_BYTES_MAX {
            let problem = format!("{} bytes, at most {}", bytes.len(), limits::REFERENCE_BYTES_MAX);
            return Err(DecodeError::new(WHAT, problem));
        }
        wire::check_shape(WHAT, bytes)?;
        let read = |error: minicbor::decode::Error| DecodeError::from_cbor(WHAT, &error);
        let mut decoder = minicbor::Decoder::new(bytes);
        if decoder.array().map_err(read)? != Some(5) {
            return Err(DecodeError::new(WHAT, "not an array of id, version, deleted, kind and body"));
        }
        let id = decoder.decode().map_err(read)?;
        let version = decoder.u64().map_err(read)?;
        let deleted = decoder.bool().map_err(read)?;
        let Number(kind) = decoder.decode().map_err(read)?;
        let content = Reference::decode_from(kind, wire::raw_item(WHAT, &mut decoder)?)?;
        if decoder.position() != bytes.len() {
            return Err(DecodeError {
                what: WHAT,
                position: decoder.position(),
                problem: "bytes after the end".into(),
            });
        }
        content.check_limits()?;
        Ok(Self { id, version, deleted, content })
    }

    /// This version's part of the sync digest.
    #[must_use]
    pub fn digest_leaf(&self) -> Digest {
        digest_leaf(self.id, self.version)
    }
}

/// What one version of one record adds to the sync digest (sync.md, Digest): BLAKE3 over a domain name,
/// record id and version (8 bytes, big endian).
#[must_use]
pub fn digest_leaf(id: RecordId, version: u64) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-ref-1");
    hasher.update(&id.0);
    hasher.update(&version.to_be_bytes());
    Digest(*hasher.finalize().as_bytes())
}

/// The record that describes a person: the same 16 bytes.
#[must_use]
pub fn person_record(person: PersonId) -> RecordId {
    RecordId(person.0)
}

/// The record that says how much of a part is in a person's stock: the first 16 bytes of BLAKE3 over a domain name, the
/// person and the part's code.
#[must_use]
pub fn part_quota_record(keeper: PersonId, code: &str) -> RecordId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-part-quota-1");
    hasher.update(&keeper.0);
    hasher.update(code.as_bytes());
    let mut id = [0; RecordId::LENGTH];
    hasher.finalize_xof().fill(&mut id);
    RecordId(id)
}

/// The record of an approver's one-time codes.
#[must_use]
pub fn codes_record(approver: PersonId) -> RecordId {
    derived_record("docket-approval-codes-1", approver.0)
}

/// The record of a device's blocks of numbers.
#[must_use]
pub fn numbers_record(device: DeviceId) -> RecordId {
    derived_record("docket-number-blocks-1", device.0)
}

fn derived_record(domain: &str, of: [u8; 16]) -> RecordId {
    let mut id = [0; RecordId::LENGTH];
    blake3::Hasher::new().update(domain.as_bytes()).update(&of).finalize_xof().fill(&mut id);
    RecordId(id)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::facts::values::{Claim, Money};
    use crate::facts::{Block, Ledger, Role};
    use crate::ids::{DocumentId, FactRef, Signature, StoreId};
    use crate::time::UnixMillis;
    use proptest::prelude::*;

    fn both(en: &str, zh: &str) -> Translated {
        Translated { en: en.to_owned(), zh: zh.to_owned() }
    }

    /// One record of every kind, with Chinese text in it.
    pub(crate) fn samples() -> Vec<(&'static str, ReferenceRecord)> {
        let customer =
            Customer {
                name: "王秀英".into(), phone: "13800000000".into(), language: Some(Language::Zh), codes: None
            };
        let site = Site {
            customer: RecordId([1; 16]),
            address: "解放路 12 号 3 单元 401".into(),
            zone: Some("urban".into()),
            contact: None,
        };
        let unit = Unit {
            site: RecordId([2; 16]),
            model: "KFR-35GW".into(),
            serial: "SN-20240117".into(),
            warranty_until: Some(UnixMillis(1_800_000_000_000)),
        };
        let person = Person {
            name: "李师傅".into(),
            roles: vec![Role::Technician],
            skills: vec!["refrigeration".into()],
            active: true,
        };
        let item = CatalogueItem {
            code: "CAP-45".into(),
            name: both("Capacitor 45 µF", "电容 45 µF"),
            unit: "piece".into(),
            price: Money { minor: 3_500, currency: "CNY".into() },
        };
        let policy = PolicyRecord { version: 3, json: br#"{"format":1}"#.to_vec() };
        let company = Company {
            name: both("Clear Air Service", "清风售后服务有限公司"),
            store: StoreId([9; 16]),
            store_key: [8; 32],
            phone: "400-000-0000".into(),
            address: both("1 Harbour Road", "海港路 1 号"),
        };
        let codes = ApprovalCodes {
            approver: PersonId([4; 16]),
            first: 21,
            hashes: vec![Digest([5; 32])],
            until: UnixMillis(1_800_000_000_000),
            signature: Some(Signature([1; Signature::LENGTH])),
        };
        let block = Block { ledger: Ledger::Custody, first: 51, last: 100 };
        let blocks = NumberBlocks { device: DeviceId([6; 16]), blocks: vec![block], signature: None };
        let line = Claim { order: DocumentId([9; 16]), fact: FactRef { prefix: [4; 5], sequence: 12 }, person: None };
        let quota = PartQuota {
            keeper: PersonId([5; 16]),
            code: "CMP-35".into(),
            name: "压缩机".into(),
            unit: "piece".into(),
            left: 2_000,
            is_quota: true,
            counted: vec![line],
            since: UnixMillis(1_780_270_200_000),
        };
        let contents: Vec<(&'static str, Reference)> = vec![
            ("customer", customer.into()),
            ("site", site.into()),
            ("unit", unit.into()),
            ("person", person.into()),
            ("catalogue", item.into()),
            ("policy", policy.into()),
            ("company", company.into()),
            ("form", FormRecord { code: "gas_safety".into(), version: 1, json: b"{}".to_vec() }.into()),
            ("revocation", Revocation { signed: vec![7; 9] }.into()),
            ("approval-codes", codes.into()),
            ("number-blocks", blocks.into()),
            ("part-quota", quota.into()),
        ];
        let records = (1_u8..).zip(contents);
        records.map(|(id, (name, content))| (name, ReferenceRecord::new(RecordId([id; 16]), 2, content))).collect()
    }

    #[test]
    fn every_kind_survives_its_bytes_and_every_cut_is_an_error() {
        for (name, record) in samples() {
            let bytes = record.to_bytes();
            assert_eq!(ReferenceRecord::from_bytes(&bytes).unwrap(), record, "{name}");
            for cut in 0..bytes.len() {
                assert!(ReferenceRecord::from_bytes(&bytes[..cut]).is_err(), "{name} cut at {cut}");
            }
        }
        assert_eq!(samples().len(), ReferenceKind::ALL.len(), "a sample of every kind");
    }

    #[test]
    fn people_catalogue_policy_and_company_go_to_everyone_the_rest_with_orders() {
        let wide: Vec<_> = samples()
            .into_iter()
            .filter(|(_, record)| record.content.scope() == Some(ReferenceScope::Company))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            wide,
            ["person", "catalogue", "policy", "company", "form", "revocation", "approval-codes", "number-blocks"]
        );
        for (name, record) in samples() {
            let one_persons = record.content.scope() == Some(ReferenceScope::Holder);
            assert_eq!(record.content.holder().is_some(), one_persons, "{name}");
            assert_eq!(record.tombstone().content.holder(), record.content.holder(), "{name}");
        }
    }

    #[test]
    fn a_tombstone_keeps_the_kind_and_nothing_else() {
        for (name, record) in samples() {
            let gone = record.tombstone();
            assert!(gone.deleted && gone.version == record.version + 1);
            assert_eq!(gone.content.kind(), record.content.kind());
            let bytes = gone.to_bytes();
            let text = String::from_utf8_lossy(&bytes);
            for word in ["王", "138", "解放", "KFR", "SN-", "李", "CAP", "format", "清风"] {
                assert!(!text.contains(word), "{name} still says {word}");
            }
            assert_eq!(ReferenceRecord::from_bytes(&bytes).unwrap(), gone);
        }
    }

    #[test]
    fn unknown_kinds_and_trailing_fields_are_kept_or_ignored() {
        let mut bytes = vec![0x85];
        bytes.extend(wire::encode(&RecordId([7; 16])));
        bytes.extend([1, 0xf4, 0x18, 99, 0x82, 1, 2]);
        let record = ReferenceRecord::from_bytes(&bytes).unwrap();
        assert!(matches!(record.content, Reference::Unknown { kind: 99, .. }));
        assert_eq!(record.content.scope(), None);
        assert_eq!(record.to_bytes(), bytes);

        let mut longer = vec![0x85];
        longer.extend(wire::encode(&RecordId([7; 16])));
        // A customer with a fifth field of a later version.
        longer.extend([1, 0xf4, 0x00, 0x85, 0x61, b'a', 0x61, b'1', 0xf6, 0xf6, 0x61, b'z']);
        let record = ReferenceRecord::from_bytes(&longer).unwrap();
        assert_eq!(
            record.content,
            Customer { name: "a".into(), phone: "1".into(), language: None, codes: None }.into()
        );
    }

    #[test]
    fn texts_and_lists_over_their_limits_are_errors() {
        let customer = |name: String| {
            ReferenceRecord::new(
                RecordId([1; 16]),
                1,
                Customer { name, phone: String::new(), language: None, codes: None },
            )
        };
        assert!(ReferenceRecord::from_bytes(&customer("x".repeat(limits::TEXT_BYTES_MAX)).to_bytes()).is_ok());
        assert!(ReferenceRecord::from_bytes(&customer("x".repeat(limits::TEXT_BYTES_MAX + 1)).to_bytes()).is_err());
        let skills = vec![String::new(); limits::LIST_MAX + 1];
        let person = Person { name: String::new(), roles: vec![], skills, active: false };
        assert!(ReferenceRecord::from_bytes(&ReferenceRecord::new(RecordId([1; 16]), 1, person).to_bytes()).is_err());
    }

    #[test]
    fn digest_leaves_differ_by_record_and_by_version() {
        let leaf = digest_leaf(RecordId([1; 16]), 2);
        assert_ne!(leaf, digest_leaf(RecordId([1; 16]), 3));
        assert_ne!(leaf, digest_leaf(RecordId([2; 16]), 2));
        assert_eq!(
            leaf,
            ReferenceRecord::new(RecordId([1; 16]), 2, PolicyRecord { version: 1, json: vec![] }).digest_leaf()
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(record) = ReferenceRecord::from_bytes(&bytes) {
                prop_assert_eq!(ReferenceRecord::from_bytes(&record.to_bytes()).unwrap(), record);
            }
        }

        #[test]
        fn any_customer_survives_its_bytes(name in "\\PC{0,40}", phone in "[0-9+ -]{0,20}", version: u64, zh: Option<bool>) {
            let language = zh.map(|zh| if zh { Language::Zh } else { Language::En });
            let record = ReferenceRecord::new(RecordId([3; 16]), version, Customer { name, phone, language, codes: None });
            prop_assert_eq!(ReferenceRecord::from_bytes(&record.to_bytes()).unwrap(), record);
        }
    }
}
