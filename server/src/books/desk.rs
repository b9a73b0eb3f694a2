//! The bookkeeper's desk inside one job of the commit thread: takes an order's entries and notes everything that they
//! touch. `settle` asks the rules about it, `enter` states or lifts findings in the orders concerned.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::facts::Role;
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::UnixMillis;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::entries::{self, Entries, Held, Part};
use super::records::{self, Sharing};
use super::rules::cash::{CashRule, HandedIn, Standing, Taken};
use super::rules::{Zone, bench, cash, serials};
use crate::commit::meta::ChangeEntry;
use crate::commit::{CommitError, Tables, Writer, keys};
use crate::store::{KeyRange, Table};

/// Something that orders have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A serial number; before stocks, since only the first claim leaves one.
    Serial(String),
    /// A part in somebody's stock.
    Stock(PersonId, String),
    /// A person's time, as an order changed it.
    Time(PersonId, UnixMillis, UnixMillis, DocumentId),
    /// Goods.
    Goods(String),
}

/// An order's row: its entries and where else they stand.
#[derive(Debug, Clone, Default, Encode, Decode)]
#[cbor(array)]
struct Kept {
    #[n(0)]
    entries: Entries,
    #[n(1)]
    keys: Vec<ByteVec>,
}

/// What an order says to the books.
///
/// # Errors
/// When the store fails or the row is damaged.
pub fn entries_of<T: Tables + ?Sized>(tables: &T, order: DocumentId) -> Result<Entries, CommitError> {
    Ok(tables.read::<Kept>(Table::Books, &records::order_key(order))?.unwrap_or_default().entries)
}

/// From whose stock a person drew at a moment.
///
/// # Errors
/// When the store fails.
pub fn keeper_of<T: Tables + ?Sized>(tables: &T, person: PersonId, at: UnixMillis) -> Result<PersonId, CommitError> {
    let shares: Vec<Sharing> = tables.read(Table::Books, &records::shares_key(person))?.unwrap_or_default();
    Ok(shares.iter().rev().find(|one| one.at <= at).map_or(person, |one| one.keeper))
}

/// How many machines the bench received on a day of the company.
///
/// # Errors
/// When the store fails.
pub fn received_on<T: Tables + ?Sized>(tables: &T, day: i64) -> Result<u64, CommitError> {
    let found = tables.scan(Table::Books, &KeyRange::prefix(records::bench_prefix(day)), usize::MAX)?;
    Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
}

/// Until when goods are due: as promised, or by the batch in which the bench received them.
///
/// # Errors
/// When the store fails.
pub fn due_of<T: Tables + ?Sized>(
    tables: &T,
    policy: &ServicePolicy,
    held: &Held,
) -> Result<Option<UnixMillis>, CommitError> {
    let zone = Zone(policy.utc_offset_minutes);
    let batch = match held.received_at {
        Some(at) => {
            let machines = received_on(tables, zone.day(at))?;
            Some(bench::batch_due(zone, at, machines, policy.books.bench_machines_per_day))
        }
        None => None,
    };
    Ok(bench::due(held.promised, batch))
}

/// How each collection of an order stands.
#[must_use]
pub fn cash_standings(policy: &ServicePolicy, entries: &Entries) -> Vec<(Taken, Standing)> {
    let rule = CashRule { zone: Zone(policy.utc_offset_minutes), remit_by_minutes: policy.books.remit_by_minutes };
    let taken: Vec<Taken> = entries
        .cash
        .iter()
        .filter(|one| one.receipt.is_some())
        .map(|one| Taken {
            fact: one.fact,
            person: one.person,
            currency: one.amount.currency.clone(),
            minor: one.amount.minor,
            at: one.at,
        })
        .collect();
    let handed_in: Vec<HandedIn> = entries
        .cash
        .iter()
        .filter(|one| one.receipt.is_none() && one.confirmed)
        .map(|one| HandedIn {
            person: one.person,
            currency: one.amount.currency.clone(),
            minor: one.amount.minor,
            at: one.at,
            collected: one.collected.clone(),
        })
        .collect();
    cash::standings(&rule, &taken, &handed_in)
}

/// The desk.
pub struct Desk<'w> {
    pub(super) writer: &'w mut Writer,
    pub(super) policy: ServicePolicy,
    pub(super) touched: BTreeSet<Subject>,
}

impl core::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Desk").field("touched", &self.touched).finish_non_exhaustive()
    }
}

impl<'w> Desk<'w> {
    /// Opens the books.
    ///
    /// # Errors
    /// When the store fails or the policy is not valid.
    pub fn open(writer: &'w mut Writer) -> Result<Self, CommitError> {
        let policy = crate::company::policy(writer, writer.identity().store)?;
        Ok(Self { writer, policy, touched: BTreeSet::new() })
    }

    pub(super) fn zone(&self) -> Zone {
        Zone(self.policy.utc_offset_minutes)
    }

    /// Takes what an order says now, and settles everything that it touches.
    ///
    /// # Errors
    /// When the store fails or the order is damaged.
    pub fn follow(&mut self, order: DocumentId) -> Result<(), CommitError> {
        let old = entries_of(self.writer, order)?;
        let Some(new) = self.read(order)? else { return Ok(()) };
        self.touch(order, &old)?;
        self.touch(order, &new)?;
        self.keep(order, new.clone())?;
        self.settle_order(order, &new)?;
        self.settle()
    }

    /// What the order says, with the moment at which it is to be looked at again; `None` when it is not known.
    pub(super) fn read(&mut self, order: DocumentId) -> Result<Option<Entries>, CommitError> {
        let view = match self.writer.current_view(order) {
            Ok(view) => view,
            Err(CommitError::NoOrder(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut numbers = BTreeMap::new();
        for line in &view.lines {
            let id = line.at.fact;
            let change: Option<ChangeEntry> =
                self.writer.read(Table::Change, &keys::change(order, id.actor, id.sequence))?;
            numbers.insert(id, change.map_or(self.writer.tip().number, |change| change.number));
        }
        let known = self.writer.known_order(order)?;
        let mut entries = entries::of(&known.facts, &view, |id| numbers.get(&id).copied().unwrap_or(0));
        for cash in &mut entries.cash {
            // C-093: handed in to an accountant, and to nobody else.
            if let Some(to) = cash.to.filter(|_| cash.confirmed) {
                cash.confirmed = self.writer.roles_since(to, cash.at)?.contains(&Role::Accountant);
            }
        }
        entries.due = self.next_due(&entries)?;
        Ok(Some(entries))
    }

    /// When cash or goods of the order are late, if that is still to come.
    fn next_due(&self, entries: &Entries) -> Result<Option<UnixMillis>, CommitError> {
        let now = self.writer.now();
        let mut all: Vec<UnixMillis> = Vec::new();
        for (_, standing) in cash_standings(&self.policy, entries) {
            all.extend((standing.open > 0).then_some(standing.due));
        }
        for held in entries.goods.iter().filter(|held| held.is_open()) {
            all.extend(due_of(self.writer, &self.policy, held)?);
        }
        Ok(all.into_iter().map(|due| due.plus(1)).filter(|due| *due > now).min())
    }

    /// Writes the order's row and moves it in every list.
    pub(super) fn keep(&mut self, order: DocumentId, entries: Entries) -> Result<(), CommitError> {
        let row_key = records::order_key(order);
        let old: Option<Kept> = self.writer.read(Table::Books, &row_key)?;
        let mut keepers = BTreeMap::new();
        for part in &entries.parts {
            if let Some(person) = part.person {
                keepers.insert((person, part.at), keeper_of(self.writer, person, part.at)?);
            }
        }
        let keeper = |person, at| keepers.get(&(person, at)).copied().unwrap_or(person);
        let keys = records::places(order, &entries, self.zone(), keeper);
        let before: BTreeSet<Vec<u8>> =
            old.map(|old| old.keys.into_iter().map(Vec::from).collect()).unwrap_or_default();
        for key in before.iter().filter(|key| keys.binary_search(key).is_err()) {
            self.writer.remove(Table::Books, key.clone());
        }
        for key in keys.iter().filter(|key| !before.contains(*key)) {
            self.writer.put(Table::Books, key.clone(), Vec::new());
        }
        if entries.is_empty() {
            if !before.is_empty() {
                self.writer.remove(Table::Books, row_key);
            }
            return Ok(());
        }
        let keys = keys.into_iter().map(ByteVec::from).collect();
        self.writer.write(Table::Books, row_key, &Kept { entries, keys });
        Ok(())
    }

    /// Notes what these entries have in common with other orders.
    fn touch(&mut self, order: DocumentId, entries: &Entries) -> Result<(), CommitError> {
        for part in &entries.parts {
            if let Some(serial) = &part.serial {
                self.touched.insert(Subject::Serial(serials::compared(serial)));
            }
            self.touch_stock(part)?;
        }
        for work in &entries.work {
            self.touched.insert(Subject::Time(work.person, work.from, work.to, order));
        }
        self.touched.extend(entries.goods.iter().filter_map(Held::identity).map(Subject::Goods));
        Ok(())
    }

    pub(super) fn touch_stock(&mut self, part: &Part) -> Result<(), CommitError> {
        if let (Some(code), Some(person), true) = (&part.code, part.person, part.is_ours()) {
            let keeper = keeper_of(self.writer, person, part.at)?;
            self.touched.insert(Subject::Stock(keeper, code.clone()));
        }
        Ok(())
    }
}
