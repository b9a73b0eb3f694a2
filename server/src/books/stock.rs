//! The storekeeper's hand: what he moves, counts and lets others draw from; and the quotas that devices hold (U-13).
//!
//! A stock belongs to a keeper: a technician's van, a storekeeper's store. Bins, lots and orders of parts are the
//! warehouse's, which is not here yet.

use docket_sync_core::facts::values::Claim;
use docket_sync_core::ids::PersonId;
use docket_sync_core::limits;
use docket_sync_core::reference::{PartQuota, Reference, part_quota_record};
use docket_sync_core::time::{DAY, UnixMillis};

use super::desk::Desk;
use super::records::{self, Account, AccountEntry, BooksRecord, FEATURE, Sharing, StockBooked};
use super::rules::stock::Used;
use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::store::{Table, record};

/// How long a quota names the lines that are in it: longer than an order stays on a device without being told.
const NAMED_FOR: i64 = 60 * DAY;
/// Entries of one account; a count makes the older ones history, and there is one a month.
const ENTRIES_MAX: usize = 10_000;
/// Greatest quantity of one entry in thousandths: a million pieces.
const QUANTITY_MAX: i64 = 1_000_000_000;

/// One part in one stock, as it stands.
///
/// # Errors
/// When the store fails.
pub(super) fn account<T: Tables + ?Sized>(
    tables: &T,
    keeper: PersonId,
    code: &str,
) -> Result<Option<Account>, CommitError> {
    tables.read(Table::Books, &records::account_key(keeper, code))
}

/// By how much the last stocktake of a part differs, as far as nothing explains it; thousandths.
///
/// # Errors
/// When the store fails.
pub fn variance<T: Tables + ?Sized>(tables: &T, keeper: PersonId, code: &str) -> Result<Option<i64>, CommitError> {
    Ok(account(tables, keeper, code)?.map(|account| account.variance))
}

/// Writes an account as it stands, and tells its keeper's devices where that is something new to them.
pub(super) fn keep(
    writer: &mut Writer,
    keeper: PersonId,
    code: &str,
    account: &Account,
    used: &[Used],
) -> Result<(), CommitError> {
    writer.write(Table::Books, records::account_key(keeper, code), account);
    let mut since = writer.now().plus(-NAMED_FOR);
    let mut named: Vec<&Used> = used.iter().filter(|one| one.claim.at >= since).collect();
    named.sort_by_key(|one| one.claim.rank());
    let spare = named.len().saturating_sub(limits::LIST_MAX);
    if let Some(first) = named.get(spare).filter(|_| spare > 0) {
        since = first.claim.at;
    }
    let counted: Vec<Claim> = named
        .iter()
        .skip(spare)
        .map(|one| Claim { order: one.claim.order, fact: one.claim.fact, person: None })
        .collect();
    let quota = PartQuota {
        keeper,
        code: code.to_owned(),
        name: account.name.clone(),
        unit: account.unit.clone(),
        left: account.left,
        is_quota: account.is_quota,
        counted,
        since,
    };
    let id = part_quota_record(keeper, code);
    let known = writer.reference(id)?.filter(|record| !record.deleted).map(|record| record.content);
    let is_news = match known {
        // That a day has passed is no news.
        Some(Reference::PartQuota(known)) => PartQuota { since, ..known } != quota,
        Some(_) | None => true,
    };
    if is_news {
        writer.write_reference(id, quota.into(), None)?;
    }
    Ok(())
}

/// Books a movement, or a count, of a stock.
///
/// # Errors
/// [`CommitError::Invalid`] for a field that cannot be; when the store fails.
pub fn book(writer: &mut Writer, by: PersonId, booked: StockBooked, is_count: bool) -> Result<(), CommitError> {
    check(writer, &booked, is_count)?;
    let (keeper, code) = (booked.keeper, booked.code.clone());
    let mut kept = account(writer, keeper, &code)?.unwrap_or_default();
    if kept.entries.len() >= ENTRIES_MAX {
        return Err(invalid("code", "stock_full", format!("an account has at most {ENTRIES_MAX} entries")));
    }
    kept.name.clone_from(&booked.name);
    kept.unit.clone_from(&booked.unit);
    if !is_count {
        kept.is_quota = booked.is_quota;
    }
    let (at, quantity) = (booked.at, booked.quantity);
    let record = if is_count { BooksRecord::Counted(booked) } else { BooksRecord::Moved(booked) };
    let number = log(writer, by, &record);
    kept.entries.push(AccountEntry { at, number, quantity, is_count });
    writer.write(Table::Books, records::account_key(keeper, &code), &kept);
    Desk::open(writer)?.settle_stock(keeper, &code)
}

/// From now on a person draws from `keeper`'s stock; from his own where they are one.
///
/// # Errors
/// When one of them is not known, or the store fails.
pub fn share(writer: &mut Writer, by: PersonId, person: PersonId, keeper: PersonId) -> Result<(), CommitError> {
    for (field, one) in [("person", person), ("keeper", keeper)] {
        if writer.person(one)?.is_none() {
            return Err(invalid(field, "unknown_record", format!("{field} {one} is nobody of this company")));
        }
    }
    let key = records::shares_key(person);
    let mut all: Vec<Sharing> = writer.read(Table::Books, &key)?.unwrap_or_default();
    let sharing = Sharing { person, keeper, at: writer.now() };
    all.push(sharing);
    // The present one and those that lines of the last months may ask for.
    let spare = all.len().saturating_sub(limits::LIST_MAX);
    all.drain(..spare);
    log(writer, by, &BooksRecord::Shares(sharing));
    writer.write(Table::Books, key, &all);
    Ok(())
}

fn check(writer: &Writer, booked: &StockBooked, is_count: bool) -> Result<(), CommitError> {
    if writer.person(booked.keeper)?.is_none() {
        return Err(invalid("keeper", "unknown_record", format!("{} is nobody of this company", booked.keeper)));
    }
    for (field, text) in [("code", &booked.code), ("name", &booked.name), ("unit", &booked.unit)] {
        if text.trim().is_empty() {
            return Err(invalid(field, "missing_field", format!("{field} is needed to book a part")));
        }
        // A code stands in keys.
        if text.len() > 64 && field != "name" || text.len() > limits::TEXT_BYTES_MAX {
            return Err(invalid(field, "too_long", format!("{field} is too long")));
        }
    }
    let quantity = booked.quantity;
    let is_wrong = quantity.abs() > QUANTITY_MAX || (is_count && quantity < 0) || (!is_count && quantity == 0);
    if is_wrong {
        return Err(invalid("quantity_thousandths", "wrong_quantity", "this cannot be moved or counted".to_owned()));
    }
    if booked.at > writer.now() || booked.at < UnixMillis(0) {
        return Err(invalid("at", "invalid_field", "it has not happened yet".to_owned()));
    }
    Ok(())
}

fn invalid(field: &'static str, code: &'static str, problem: String) -> CommitError {
    CommitError::Invalid { field, code, problem }
}

fn log(writer: &mut Writer, by: PersonId, entry: &BooksRecord) -> u64 {
    let at = writer.now();
    let bytes = record::encode(entry);
    writer.log(&LogRecord::Office { feature: FEATURE.to_owned(), document: None, bytes, by: Some(by), at })
}
