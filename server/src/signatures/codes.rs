//! Customers' one-time codes (U-09): the office issues them, and checks what was agreed to with one.
//!
//! No code is kept: each is made again from a secret of the store and the salt in the customer's record.

use docket_sync_core::facts::bodies::SignByCode;
use docket_sync_core::ids::{Digest, DocumentId, PersonId, RecordId};
use docket_sync_core::limits;
use docket_sync_core::reference::{Customer, Reference};
use docket_sync_core::voucher::one_time::{CodeCheck, code_from};

use crate::commit::{CommitError, Tables, Writer, keys};
use crate::store::Table;

/// Most codes that are issued at once.
pub const CODES_AT_ONCE_MAX: u32 = 20;
const PURPOSE: &str = "docket one-time codes of customers 1";

/// A code with its number: shown once, to be handed to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCode {
    /// Number in the customer's list.
    pub number: u32,
    /// The code in groups of four.
    pub code: String,
}

impl Writer {
    /// Issues further codes to a customer; those that he has stay good.
    pub fn issue_customer_codes(
        &mut self,
        customer: RecordId,
        count: u32,
        by: PersonId,
        salts: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<Vec<IssuedCode>, CommitError> {
        let invalid = |field, code, problem: String| CommitError::Invalid { field, code, problem };
        if !(1..=CODES_AT_ONCE_MAX).contains(&count) {
            let problem = format!("from 1 to {CODES_AT_ONCE_MAX} codes are issued at once");
            return Err(invalid("count", "invalid_field", problem));
        }
        let mut record = customer_record(self, customer)?
            .ok_or_else(|| invalid("customer", "not_found", "there is no such customer".to_owned()))?;
        let mut codes = record.codes.take().unwrap_or_default();
        let last = codes.iter().map(|check| check.number).max().unwrap_or(0);
        if codes.len().saturating_add(usize::try_from(count).unwrap_or(usize::MAX)) > limits::LIST_MAX {
            return Err(invalid("count", "too_many", format!("a customer has at most {} codes", limits::LIST_MAX)));
        }
        let mut issued = Vec::new();
        for number in (1..=count).map(|more| last.saturating_add(more)) {
            let salt = salts();
            let code = plain(self, customer, number, &salt);
            codes.push(CodeCheck::new(customer, number, salt, &code));
            issued.push(IssuedCode { number, code });
        }
        record.codes = Some(codes);
        self.write_reference(customer, record.into(), Some(by))?;
        Ok(issued)
    }
}

fn customer_record(writer: &Writer, customer: RecordId) -> Result<Option<Customer>, CommitError> {
    let record = writer.reference(customer)?.filter(|record| !record.deleted);
    Ok(match record.map(|record| record.content) {
        Some(Reference::Customer(customer)) => Some(customer),
        Some(_) | None => None,
    })
}

fn plain(writer: &Writer, customer: RecordId, number: u32, salt: &[u8; 16]) -> String {
    let mut hasher = blake3::Hasher::new_keyed(&writer.store_keys().derived(PURPOSE));
    hasher.update(&customer.0).update(&number.to_be_bytes()).update(salt);
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    code_from(&bytes)
}

/// What is wrong with an agreement by code; `None` when it is good. The first that uses a code has it: `fact` is
/// remembered as the one.
pub(super) fn problem(
    writer: &mut Writer,
    document: DocumentId,
    fact: Digest,
    body: &SignByCode,
) -> Result<Option<String>, CommitError> {
    let view = writer.current_view(document)?;
    let Some(customer) = view.request.as_ref().map(|request| request.customer) else { return Ok(None) };
    let record = customer_record(writer, customer)?;
    let codes = record.and_then(|record| record.codes).unwrap_or_default();
    let Some(check) = codes.iter().find(|check| check.number == body.code) else {
        return Ok(Some(format!("no code {} was issued to this customer", body.code)));
    };
    let code = plain(writer, customer, check.number, &check.salt);
    let key = check.accept(customer, &code);
    if key.is_none_or(|key| key.proof(document, body.voucher, body.covered_digest) != body.proof) {
        return Ok(Some(format!("it was not made with code {}", body.code)));
    }
    let place = keys::used_code(customer, body.code);
    match Tables::get(writer, Table::Index, &place)? {
        Some(used) if used != fact.0 => Ok(Some(format!("code {} was used before", body.code))),
        Some(_) => Ok(None),
        None => {
            writer.put(Table::Index, place, fact.0.to_vec());
            Ok(None)
        }
    }
}
