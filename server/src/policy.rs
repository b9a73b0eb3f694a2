//! The service policy in force: the newest version of one reference record, or the one that ships.
//!
//! Not here: what a policy says (`docket_sync_core::policy`).

use docket_sync_core::ids::{PersonId, RecordId};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference::{PolicyRecord, Reference};

use crate::commit::{CommitError, Tables, Writer};

/// The reference record that holds the policy, in every store [frozen].
pub const RECORD: RecordId = RecordId(*b"service-policy-1");

/// The policy in force now.
///
/// # Errors
/// When the store fails, or holds a policy that this version cannot read.
pub fn current<T: Tables + ?Sized>(tables: &T) -> Result<ServicePolicy, CommitError> {
    let unreadable = |error: docket_sync_core::policy::PolicyError| CommitError::Internal(error.to_string());
    match tables.reference(RECORD)?.map(|record| record.content) {
        Some(Reference::PolicyRecord(record)) => ServicePolicy::from_json(&record.json).map_err(unreadable),
        Some(_) | None => ServicePolicy::shipped().map_err(unreadable),
    }
}

/// Puts a policy into force: everywhere, from now on. Gives the version of its record.
///
/// # Errors
/// As [`Writer::write_reference`].
pub fn publish(writer: &mut Writer, policy: &ServicePolicy, by: Option<PersonId>) -> Result<u64, CommitError> {
    let record = PolicyRecord { version: policy.version, json: policy.to_json() };
    writer.write_reference(RECORD, record.into(), by)
}
