//! The company's own records: its name and keys as vouchers show them, its service policy.

use docket_sync_core::ids::{PersonId, RecordId, StoreId};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference::{Company, PolicyRecord, Reference, Translated};

use crate::commit::{CommitError, Tables, Writer};

impl Writer {
    /// Writes the company's record and its policy.
    ///
    /// # Errors
    /// When the store fails.
    pub fn write_company(&mut self, name: &str, policy: PolicyRecord, by: Option<PersonId>) -> Result<(), CommitError> {
        let store = self.identity().store;
        let company = Company {
            name: Translated { en: name.to_owned(), zh: name.to_owned() },
            store,
            store_key: self.store_keys().public(),
            phone: String::new(),
            address: Translated::default(),
        };
        self.write_reference(company_record(store), company.into(), by)?;
        self.write_reference(policy_record(store), policy.into(), by)?;
        Ok(())
    }
}

/// The store's policy in force; the shipped one where a store has none.
///
/// # Errors
/// When the store fails or the stored policy is not valid.
pub fn policy<T: Tables + ?Sized>(tables: &T, id: StoreId) -> Result<ServicePolicy, CommitError> {
    let invalid = |error: docket_sync_core::policy::PolicyError| CommitError::Internal(error.to_string());
    match tables.reference(policy_record(id))?.map(|record| record.content) {
        Some(Reference::PolicyRecord(record)) => ServicePolicy::from_json(&record.json).map_err(invalid),
        _ => ServicePolicy::shipped().map_err(invalid),
    }
}

/// Id of the company's record.
#[must_use]
pub fn company_record(store: StoreId) -> RecordId {
    fixed_record("company", store)
}

/// Id of the policy's record.
#[must_use]
pub fn policy_record(store: StoreId) -> RecordId {
    fixed_record("policy", store)
}

/// Id of a record of which a store has exactly one.
pub(crate) fn fixed_record(what: &str, store: StoreId) -> RecordId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"docket-fixed-record-1");
    hasher.update(what.as_bytes());
    hasher.update(&store.0);
    let mut id = [0; RecordId::LENGTH];
    hasher.finalize_xof().fill(&mut id);
    RecordId(id)
}
