//! What each kind of reference record says, by position. New fields go to the end and are optional.

use minicbor::{Decode, Encode};

use crate::facts::values::{Claim, Money};
use crate::facts::{Block, Role};
use crate::ids::{DeviceId, Digest, PersonId, RecordId, Signature, StoreId};
use crate::time::UnixMillis;
use crate::voucher::one_time::CodeCheck;
use crate::wire::coded_enum;
use crate::{DecodeError, limits, wire};

coded_enum! {
    /// A language that the product speaks to people in.
    Language {
        /// English.
        En = 0 "en",
        /// 简体中文.
        Zh = 1 "zh",
    }
}

impl From<crate::lifecycle::Language> for Language {
    fn from(language: crate::lifecycle::Language) -> Self {
        match language {
            crate::lifecycle::Language::En => Self::En,
            crate::lifecycle::Language::Zh => Self::Zh,
        }
    }
}

/// One text in every language of the product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(array)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    /// English.
    #[n(0)]
    pub en: String,
    /// 简体中文.
    #[n(1)]
    pub zh: String,
}

impl Translated {
    /// The text in `language`; the other one where it is empty.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        let (first, second) = match language {
            Language::En => (&self.en, &self.zh),
            Language::Zh => (&self.zh, &self.en),
        };
        if first.is_empty() { second } else { first }
    }
}

coded_enum! {
    /// Who gets records of a kind.
    ReferenceScope {
        /// Every device of the company, by one company-wide index.
        Company = 0 "company",
        /// Devices that have an order in scope which names the record.
        Orders = 1 "orders",
        /// Devices of the one person whom it concerns: [`Reference::holder`].
        Holder = 2 "holder",
    }
}

macro_rules! reference_kinds {
    ($(
        $(#[$doc:meta])*
        $number:literal $code:literal $name:ident $scope:ident {
            $($(#[$field_doc:meta])* $index:literal $field:ident: $type:ty $(, with $with:literal)?;)*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
            #[cbor(array)]
            pub struct $name {
                $($(#[$field_doc])* #[n($index)] $(#[cbor(with = $with)])? pub $field: $type),*
            }

            impl From<$name> for Reference {
                fn from(content: $name) -> Self {
                    Self::$name(content)
                }
            }
        )*

        coded_enum! {
            /// The kind of a reference record. Numbers and codes are frozen; the list only grows.
            ReferenceKind { $(
                #[doc = concat!("`", $code, "`.")]
                $name = $number $code
            ),* }
        }

        impl ReferenceKind {
            /// Who gets records of this kind.
            #[must_use]
            pub fn scope(self) -> ReferenceScope {
                match self { $(Self::$name => ReferenceScope::$scope),* }
            }
        }

        /// The content of a reference record by kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant wraps the struct of the same name, documented there")]
        pub enum Reference {
            $($name($name),)*
            /// A kind of a later version: kept whole, not interpreted.
            Unknown {
                /// Its number.
                kind: u8,
                /// Its CBOR.
                bytes: Vec<u8>,
            },
        }

        impl Reference {
            /// The kind, unless this version does not know it.
            #[must_use]
            pub fn kind(&self) -> Option<ReferenceKind> {
                match self {
                    $(Self::$name(_) => Some(ReferenceKind::$name),)*
                    Self::Unknown { .. } => None,
                }
            }

            /// The kind's number on the wire.
            #[must_use]
            pub fn kind_number(&self) -> u8 {
                match self {
                    $(Self::$name(_) => $number,)*
                    Self::Unknown { kind, .. } => *kind,
                }
            }

            pub(super) fn encode_into(&self, bytes: &mut Vec<u8>) {
                match self {
                    $(Self::$name(content) => bytes.extend(wire::encode(content)),)*
                    Self::Unknown { bytes: unknown, .. } => bytes.extend(unknown),
                }
            }

            pub(super) fn decode_from(kind: u8, item: &[u8]) -> Result<Self, DecodeError> {
                Ok(match kind {
                    $($number => Self::$name(wire::decode(concat!("reference ", $code), item)?),)*
                    _ => Self::Unknown { kind, bytes: item.to_vec() },
                })
            }
        }
    };
}

reference_kinds! {
    /// Who asked for the service (客户).
    0 "customer" Customer Orders {
        /// Name.
        0 name: String;
        /// Phone number as dialled.
        1 phone: String;
        /// Language he reads, where known.
        2 language: Option<Language>;
        /// One-time codes that were issued to him, in a form that finds out a wrong one (U-09).
        3 codes: Option<Vec<CodeCheck>>;
    }

    /// Where the work is done.
    1 "site" Site Orders {
        /// Whose site.
        0 customer: RecordId;
        /// Address as a driver reads it.
        1 address: String;
        /// Zone of the policy, where known.
        2 zone: Option<String>;
        /// Person to ask for, where it is not the customer.
        3 contact: Option<String>;
    }

    /// What is serviced.
    2 "unit" Unit Orders {
        /// Where it stands.
        0 site: RecordId;
        /// Model.
        1 model: String;
        /// Serial number; empty where none can be read.
        2 serial: String;
        /// End of the guarantee, where known.
        3 warranty_until: Option<UnixMillis>;
    }

    /// A person of the company. His log-in and password are not reference data.
    3 "person" Person Company {
        /// Name as colleagues and customers read it.
        0 name: String;
        /// Roles he holds now.
        1 roles: Vec<Role>;
        /// Skills by their codes (C-046).
        2 skills: Vec<String>;
        /// Whether he works here now.
        3 active: bool;
    }

    /// One part or service with its price (价目).
    4 "catalogue_item" CatalogueItem Company {
        /// Code on lines.
        0 code: String;
        /// Name as the customer reads it.
        1 name: Translated;
        /// Unit of the quantity.
        2 unit: String;
        /// Price of one unit.
        3 price: Money;
    }

    /// One version of the service policy; see [`crate::policy::ServicePolicy`].
    5 "policy" PolicyRecord Company {
        /// The policy's own version, which facts record.
        0 version: u32;
        /// The policy file (JSON, UTF-8).
        1 json: Vec<u8>, with "minicbor::bytes";
    }

    /// A device was revoked, signed by the store: whoever holds it can tell a store that has forgotten it.
    7 "revocation" Revocation Company {
        /// A [`crate::proof::Revocation`].
        0 signed: Vec<u8>, with "minicbor::bytes";
    }

    /// One part in one person's stock (车存). As a quota it may not be drawn below nothing offline (U-13).
    12 "part_quota" PartQuota Holder {
        /// Whose stock.
        0 keeper: PersonId;
        /// Catalogue code.
        1 code: String;
        /// Name.
        2 name: String;
        /// Unit of the quantity.
        3 unit: String;
        /// Thousandths that are left when the lines in `counted` are taken off.
        4 left: i64;
        /// Whether its keeper's devices refuse to draw more.
        5 is_quota: bool;
        /// Lines since `since` that are taken off already.
        6 counted: Vec<Claim>;
        /// Every line of before is taken off.
        7 since: UnixMillis;
    }

    /// One version of a form; see [`crate::forms::Form`].
    13 "form" FormRecord Company {
        /// Code of the form.
        0 code: String;
        /// The form's own version, which lines record.
        1 version: u32;
        /// The form file (JSON, UTF-8).
        2 json: Vec<u8>, with "minicbor::bytes";
    }

    /// One-time codes by which somebody approves over the phone (口令, U-21), as hashes.
    20 "approval_codes" ApprovalCodes Company {
        /// Who reads them out.
        0 approver: PersonId;
        /// Number of the first code; the others follow. Numbers are never used for another code.
        1 first: u32;
        /// Hash of each code: see [`crate::proof::ApprovalCode::hash`].
        2 hashes: Vec<Digest>;
        /// After this moment no approval by them is stated.
        3 until: UnixMillis;
        /// The store's signature: see [`super::ReferenceRecord::signed_as_given`]. Absent in records of before it.
        4 signature: Option<Signature>;
    }

    /// The blocks of receipt numbers that a device has, exhausted ones included (lifecycle 4.8).
    21 "number_blocks" NumberBlocks Company {
        /// The device.
        0 device: DeviceId;
        /// Its blocks, in the order in which they were given.
        1 blocks: Vec<Block>;
        /// The store's signature: see [`super::ReferenceRecord::signed_as_given`]. Absent in records of before it.
        2 signature: Option<Signature>;
    }

    /// The company as vouchers show it.
    6 "company" Company Company {
        /// Name.
        0 name: Translated;
        /// Its store.
        1 store: StoreId;
        /// The store's public signing key (Ed25519); its fingerprint is on every voucher.
        2 store_key: [u8; 32], with "minicbor::bytes";
        /// Phone number for customers.
        3 phone: String;
        /// Address.
        4 address: Translated;
    }
}

impl Reference {
    /// Who gets it; `None` for a kind that this version does not know.
    #[must_use]
    pub fn scope(&self) -> Option<ReferenceScope> {
        self.kind().map(ReferenceKind::scope)
    }

    /// The one person whom it concerns, for kinds of [`ReferenceScope::Holder`].
    #[must_use]
    pub fn holder(&self) -> Option<PersonId> {
        if let Self::PartQuota(quota) = self { Some(quota.keeper) } else { None }
    }

    /// The same kind with nothing in it.
    pub(super) fn blank(&self) -> Self {
        let nothing = RecordId([0; 16]);
        match self {
            Self::Customer(_) => {
                Customer { name: String::new(), phone: String::new(), language: None, codes: None }.into()
            }
            Self::Site(_) => Site { customer: nothing, address: String::new(), zone: None, contact: None }.into(),
            Self::Unit(_) => {
                Unit { site: nothing, model: String::new(), serial: String::new(), warranty_until: None }.into()
            }
            Self::Person(_) => {
                Person { name: String::new(), roles: Vec::new(), skills: Vec::new(), active: false }.into()
            }
            Self::CatalogueItem(_) => {
                let price = Money { minor: 0, currency: String::new() };
                CatalogueItem { code: String::new(), name: Translated::default(), unit: String::new(), price }.into()
            }
            Self::PolicyRecord(_) => PolicyRecord { version: 0, json: Vec::new() }.into(),
            Self::Revocation(_) => Revocation { signed: Vec::new() }.into(),
            Self::FormRecord(_) => FormRecord { code: String::new(), version: 0, json: Vec::new() }.into(),
            Self::ApprovalCodes(codes) => {
                let (first, hashes, signature) = (codes.first, Vec::new(), None);
                ApprovalCodes { approver: PersonId([0; 16]), first, hashes, until: UnixMillis(0), signature }.into()
            }
            Self::NumberBlocks(_) => NumberBlocks { device: DeviceId([0; 16]), blocks: vec![], signature: None }.into(),
            // Whose it was stays: it tells where the record that is gone has to go.
            Self::PartQuota(quota) => PartQuota {
                keeper: quota.keeper,
                code: String::new(),
                name: String::new(),
                unit: String::new(),
                left: 0,
                is_quota: false,
                counted: Vec::new(),
                since: UnixMillis(0),
            }
            .into(),
            Self::Company(_) => Company {
                name: Translated::default(),
                store: StoreId([0; 16]),
                store_key: [0; 32],
                phone: String::new(),
                address: Translated::default(),
            }
            .into(),
            Self::Unknown { kind, .. } => Self::Unknown { kind: *kind, bytes: vec![0x80] },
        }
    }

    /// Checks every text and list against its limit; what else there is has the bound of the record as a whole.
    pub(super) fn check_limits(&self) -> Result<(), DecodeError> {
        let (texts, lists): (Vec<&str>, Vec<usize>) = match self {
            Self::Customer(customer) => {
                (vec![&customer.name, &customer.phone], vec![customer.codes.as_ref().map_or(0, Vec::len)])
            }
            Self::Site(site) => {
                let optional = [&site.zone, &site.contact].into_iter().flatten().map(String::as_str);
                (optional.chain([site.address.as_str()]).collect(), vec![])
            }
            Self::Unit(unit) => (vec![&unit.model, &unit.serial], vec![]),
            Self::Person(person) => {
                let skills = person.skills.iter().map(String::as_str);
                (skills.chain([person.name.as_str()]).collect(), vec![person.skills.len(), person.roles.len()])
            }
            Self::CatalogueItem(item) => {
                (vec![&item.code, &item.name.en, &item.name.zh, &item.unit, &item.price.currency], vec![])
            }
            Self::Company(company) => {
                let (name, address) = (&company.name, &company.address);
                (vec![&name.en, &name.zh, &company.phone, &address.en, &address.zh], vec![])
            }
            Self::FormRecord(form) => (vec![&form.code], vec![]),
            Self::ApprovalCodes(codes) => (vec![], vec![codes.hashes.len()]),
            Self::NumberBlocks(numbers) => (vec![], vec![numbers.blocks.len()]),
            Self::PartQuota(quota) => (vec![&quota.code, &quota.name, &quota.unit], vec![quota.counted.len()]),
            Self::PolicyRecord(_) | Self::Revocation(_) | Self::Unknown { .. } => (vec![], vec![]),
        };
        if texts.iter().any(|text| text.len() > limits::TEXT_BYTES_MAX) {
            return Err(DecodeError::new("reference record", "a text is too long"));
        }
        if lists.iter().any(|length| *length > limits::LIST_MAX) {
            return Err(DecodeError::new("reference record", "a list is too long"));
        }
        Ok(())
    }
}
