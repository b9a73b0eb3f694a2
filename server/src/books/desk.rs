//! The bookkeeper's desk inside one job of the commit thread: takes an order's entries, asks the rules about everything
//! that they touch, and states or lifts findings in the orders concerned.
//!
//! Invariant: what stands is what the rules want of the entries as they are now, in whatever order they came; a finding
//! carries `once`, so that two nodes or a restored store state it once.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::facts::FactBody;
use docket_sync_core::facts::bodies::{LiftFinding, StateFinding};
use docket_sync_core::facts::values::{Claim, FindingKind, PartSource};
use docket_sync_core::ids::{Digest, DocumentId, FactRef, PersonId};
use docket_sync_core::lifecycle::facets::FindingView;
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::{DAY, UnixMillis};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::entries::{self, Entries, Held, Part};
use super::records::{self, AccountEntry, Sharing};
use super::rules::cash::{CashRule, HandedIn, Standing, Taken};
use super::rules::stock::{Booked, Entry, Used};
use super::rules::time::Span;
use super::rules::{Claimed, Zone, bench, cash, serials, stock, time};
use crate::commit::meta::ChangeEntry;
use crate::commit::{CommitError, Tables, Writer, keys};
use crate::store::{KeyRange, Table};

/// Longest working time that is looked for: who forgot to leave for longer is asked by others.
const SPAN_MAX: i64 = 14 * DAY;

/// Something that orders have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// A serial number; before stocks, since only the first claim leaves one.
    Serial(String),
    /// A part in somebody's stock.
    Stock(PersonId, String),
    /// A person's time, as an order changed it.
    Time(PersonId, UnixMillis, UnixMillis, DocumentId),
    /// Goods.
    Goods(String),
}

/// A finding that must stand.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    kind: FindingKind,
    claim: Claimed,
    subject: String,
    person: Option<PersonId>,
    others: Vec<Claim>,
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
    touched: BTreeSet<Subject>,
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

    fn zone(&self) -> Zone {
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
    fn read(&mut self, order: DocumentId) -> Result<Option<Entries>, CommitError> {
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
    fn keep(&mut self, order: DocumentId, entries: Entries) -> Result<(), CommitError> {
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

    fn touch_stock(&mut self, part: &Part) -> Result<(), CommitError> {
        if let (Some(code), Some(person), true) = (&part.code, part.person, part.is_ours()) {
            let keeper = keeper_of(self.writer, person, part.at)?;
            self.touched.insert(Subject::Stock(keeper, code.clone()));
        }
        Ok(())
    }

    /// Settles a stock whose account changed by the storekeeper's hand.
    pub(super) fn settle_stock(&mut self, keeper: PersonId, code: &str) -> Result<(), CommitError> {
        self.touched.insert(Subject::Stock(keeper, code.to_owned()));
        self.settle()
    }

    fn settle(&mut self) -> Result<(), CommitError> {
        while let Some(subject) = self.touched.pop_first() {
            match subject {
                Subject::Serial(serial) => self.settle_serial(&serial)?,
                Subject::Stock(keeper, code) => self.settle_account(keeper, &code)?,
                Subject::Time(person, from, to, order) => self.settle_time(person, (from, to), order)?,
                Subject::Goods(identity) => self.settle_goods(&identity)?,
            }
        }
        Ok(())
    }

    /// Orders under a prefix, with what they say.
    fn under(&self, prefix: Vec<u8>) -> Result<Vec<(DocumentId, Entries)>, CommitError> {
        self.orders(&KeyRange::prefix(prefix))
    }

    fn orders(&self, range: &KeyRange) -> Result<Vec<(DocumentId, Entries)>, CommitError> {
        let keys = self.writer.scan(Table::Books, range, usize::MAX)?;
        let orders: BTreeSet<DocumentId> = keys.iter().filter_map(|(key, _)| records::last_order(key)).collect();
        orders.into_iter().map(|order| Ok((order, entries_of(self.writer, order)?))).collect()
    }

    fn serial_claims(&self, serial: &str) -> Result<Vec<(Claimed, Part)>, CommitError> {
        let mut claims = Vec::new();
        for (order, entries) in self.under(records::serial_prefix(serial))? {
            let same = |part: &Part| part.serial.as_deref().map(serials::compared).as_deref() == Some(serial);
            claims.extend(entries.parts.into_iter().filter(same).map(|part| (claim(order, &part), part)));
        }
        claims.sort_by_key(|(claim, _)| claim.rank());
        Ok(claims)
    }

    ///
    fn settle_serial(&mut self, serial: &str) -> Result<(), CommitError> {
        let found = self.serial_claims(serial)?;
        for (_, part) in &found {
            self.touch_stock(part)?;
        }
        let claims: Vec<Claimed> = found.iter().map(|(claim, _)| *claim).collect();
        let wanted: Vec<Wanted> = serials::conflict(&claims)
            .iter()
            .map(|claim| Wanted {
                kind: FindingKind::SerialConflict,
                claim: *claim,
                subject: serial.to_owned(),
                person: None,
                others: others(&claims, claim),
            })
            .collect();
        let known = self.known(FindingKind::SerialConflict, None, serial)?;
        self.reconcile(FindingKind::SerialConflict, &wanted, &known)
    }

    /// C-118, U-13.
    fn settle_account(&mut self, keeper: PersonId, code: &str) -> Result<(), CommitError> {
        let Some(mut account) = super::stock::account(self.writer, keeper, code)? else { return Ok(()) };
        let used = self.used(keeper, code)?;
        let booked: Vec<Booked> = account.entries.iter().map(AccountEntry::booked).collect();
        let stock = stock::fold(&booked, &used);
        account.left = stock.left;
        account.variance = stock.variance;
        account.counted_at = stock.counted_at;
        account.disputed = u32::try_from(stock.disputed.len()).unwrap_or(u32::MAX);
        super::stock::keep(self.writer, keeper, code, &account, &used)?;
        let kinds = [(FindingKind::StockDispute, &stock.disputed), (FindingKind::VarianceExplained, &stock.explained)];
        for (kind, claims) in kinds {
            let wanted: Vec<Wanted> = claims
                .iter()
                .map(|claim| Wanted {
                    kind,
                    claim: *claim,
                    subject: code.to_owned(),
                    person: Some(keeper),
                    others: if kind == FindingKind::StockDispute { others(claims, claim) } else { Vec::new() },
                })
                .collect();
            let known = self.known(kind, Some(keeper), code)?;
            self.reconcile(kind, &wanted, &known)?;
        }
        Ok(())
    }

    /// Lines that drew on a stock.
    fn used(&self, keeper: PersonId, code: &str) -> Result<Vec<Used>, CommitError> {
        let mut used = Vec::new();
        for (order, entries) in self.under(records::drawn_prefix(keeper, code))? {
            for part in entries.parts.iter().filter(|part| part.code.as_deref() == Some(code) && part.is_ours()) {
                let Some(person) = part.person else { continue };
                if keeper_of(self.writer, person, part.at)? != keeper {
                    continue;
                }
                let claim = claim(order, part);
                let takes = match part.serial.as_deref().map(serials::compared) {
                    Some(serial) => {
                        let claims: Vec<Claimed> =
                            self.serial_claims(&serial)?.into_iter().map(|(claim, _)| claim).collect();
                        serials::takes(&claims, &claim)
                    }
                    None => true,
                };
                used.push(Used { claim, number: part.number, quantity: if takes { part.quantity } else { 0 } });
            }
        }
        Ok(used)
    }

    /// X-42, second half.
    fn settle_time(
        &mut self,
        person: PersonId,
        (from, to): (UnixMillis, UnixMillis),
        changed: DocumentId,
    ) -> Result<(), CommitError> {
        let range = records::work_range(person, from.plus(-SPAN_MAX), to.plus(SPAN_MAX));
        let mut spans = Vec::new();
        for (order, entries) in self.orders(&range)? {
            spans.extend(entries.work.iter().filter(|work| work.person == person).map(|work| Span {
                claim: Claimed { order, fact: work.fact, digest: work.digest, person: Some(person), at: work.from },
                from: work.from,
                to: work.to,
            }));
        }
        // Only what lies in the changed time can overlap otherwise than before.
        let here = |span: &Span| span.from < to && span.to > from;
        let mut wanted: BTreeMap<(DocumentId, FactRef), Wanted> = BTreeMap::new();
        for (span, with) in time::overlaps(&spans).into_iter().filter(|(span, _)| here(span)) {
            let one = wanted.entry((span.claim.order, span.claim.fact)).or_insert_with(|| Wanted {
                kind: FindingKind::TimeOverlap,
                claim: span.claim,
                subject: self.zone().date(span.from),
                person: Some(person),
                others: Vec::new(),
            });
            one.others.extend(with.iter().map(to_claim));
            one.others.sort_unstable();
            one.others.dedup();
        }
        let concerns = |(order, fact): &(DocumentId, FactRef)| {
            let mut of_fact = spans.iter().filter(|span| span.claim.order == *order && span.claim.fact == *fact).peekable();
            (of_fact.peek().is_none() && *order == changed) || of_fact.any(here)
        };
        let known = self.known(FindingKind::TimeOverlap, Some(person), "")?;
        let known: Vec<_> = known.into_iter().filter(concerns).collect();
        // A visit with several spans keeps its finding while any of them overlaps.
        let other = time::overlaps(&spans);
        let still = |(order, fact): &(DocumentId, FactRef)| {
            other.iter().any(|(span, _)| span.claim.order == *order && span.claim.fact == *fact)
        };
        let known: Vec<_> =
            known.into_iter().filter(|one| wanted.contains_key(one) || !still(one)).collect();
        self.reconcile(FindingKind::TimeOverlap, &wanted.into_values().collect::<Vec<_>>(), &known)
    }

    /// R9 across orders: goods that are with us on two orders.
    fn settle_goods(&mut self, identity: &str) -> Result<(), CommitError> {
        let mut claims = Vec::new();
        for (order, entries) in self.under(records::goods_prefix(identity))? {
            let same = |held: &&Held| held.is_open() && held.identity().as_deref() == Some(identity);
            claims.extend(entries.goods.iter().filter(same).map(|held| Claimed {
                order,
                fact: held.fact,
                digest: held.digest,
                person: held.taken_by,
                at: held.taken_at,
            }));
        }
        let elsewhere = |claim: &Claimed| claims.iter().any(|other| other.order != claim.order);
        let wanted: Vec<Wanted> = claims
            .iter()
            .filter(|claim| elsewhere(claim))
            .map(|claim| Wanted {
                kind: FindingKind::GoodsClaimed,
                claim: *claim,
                subject: identity.to_owned(),
                person: None,
                others: claims.iter().filter(|other| other.order != claim.order).map(to_claim).collect(),
            })
            .collect();
        let known = self.known(FindingKind::GoodsClaimed, None, identity)?;
        self.reconcile(FindingKind::GoodsClaimed, &wanted, &known)
    }

    /// What one order's entries alone say, by the clock and the policy: cash, old parts, the bench.
    fn settle_order(&mut self, order: DocumentId, entries: &Entries) -> Result<(), CommitError> {
        let now = self.writer.now();
        let mut wanted = Vec::new();
        for (taken, standing) in cash_standings(&self.policy, entries) {
            let digest = entries.cash.iter().find(|cash| cash.fact == taken.fact).map(|cash| cash.digest);
            if let (true, Some(digest)) = (standing.is_overnight(now), digest) {
                let person = Some(taken.person);
                let claim = Claimed { order, fact: taken.fact, digest, person, at: taken.at };
                let (kind, subject) = (FindingKind::CashOvernight, taken.currency.clone());
                wanted.push(Wanted { kind, claim, subject, person, others: Vec::new() });
            }
        }
        for part in entries.parts.iter().filter(|part| self.owes_core(part)) {
            let (kind, claim) = (FindingKind::CoreOwed, claim(order, part));
            let subject = part.code.clone().unwrap_or_else(|| part.name.clone());
            wanted.push(Wanted { kind, claim, subject, person: part.person, others: Vec::new() });
        }
        for held in &entries.goods {
            let Some(due) = due_of(self.writer, &self.policy, held)? else { continue };
            if held.returned_at.unwrap_or(now) > due {
                let claim =
                    Claimed { order, fact: held.fact, digest: held.digest, person: held.taken_by, at: held.taken_at };
                let (kind, subject) = (FindingKind::BenchLate, held.receipt.clone());
                wanted.push(Wanted { kind, claim, subject, person: None, others: Vec::new() });
            }
        }
        for kind in [FindingKind::CashOvernight, FindingKind::CoreOwed, FindingKind::BenchLate] {
            let of_kind: Vec<Wanted> = wanted.iter().filter(|one| one.kind == kind).cloned().collect();
            let known = entries.found.iter().filter(|found| found.kind == kind).map(|found| (order, found.about));
            self.reconcile(kind, &of_kind, &known.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// C-116: a part of a class for which the old one comes back. Its class is its code up to the first hyphen.
    fn owes_core(&self, part: &Part) -> bool {
        let class = part.code.as_deref().and_then(|code| code.split('-').next()).unwrap_or_default();
        part.source != Some(PartSource::Customer) && self.policy.books.core_classes.iter().any(|one| one == class)
    }

    /// The findings that stand about one thing.
    fn known(
        &self,
        kind: FindingKind,
        person: Option<PersonId>,
        subject: &str,
    ) -> Result<Vec<(DocumentId, FactRef)>, CommitError> {
        let prefix = records::found_prefix(kind, person, subject);
        let skip = prefix.len();
        let keys = self.writer.scan(Table::Books, &KeyRange::prefix(prefix), usize::MAX)?;
        Ok(keys.iter().filter_map(|(key, _)| records::order_and_fact(key, skip)).collect())
    }

    /// States what is wanted and does not stand, lifts what stands and is not wanted.
    fn reconcile(
        &mut self,
        kind: FindingKind,
        wanted: &[Wanted],
        known: &[(DocumentId, FactRef)],
    ) -> Result<(), CommitError> {
        for one in wanted {
            let stated = self.state(one);
            self.unless_damaged(one.claim.order, stated)?;
        }
        for (order, about) in known {
            if !wanted.iter().any(|one| one.claim.order == *order && one.claim.fact == *about) {
                let lifted = self.lift(*order, kind, *about);
                self.unless_damaged(*order, lifted)?;
            }
        }
        Ok(())
    }

    /// An order that cannot be read keeps nobody else from his finding.
    fn unless_damaged(&mut self, order: DocumentId, done: Result<bool, CommitError>) -> Result<(), CommitError> {
        match done {
            Ok(false) => Ok(()),
            Ok(true) => match self.read(order)? {
                Some(entries) => self.keep(order, entries),
                None => Ok(()),
            },
            Err(error) if error.is_damage() => {
                tracing::error!(work_order.id = %order, %error, "a finding cannot be entered in an order that is damaged");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// What the order has about a fact, in canonical order.
    fn stated(&mut self, order: DocumentId, kind: FindingKind, about: FactRef) -> Result<Vec<FindingView>, CommitError> {
        let view = self.writer.current_view(order)?;
        Ok(view.facets.findings.iter().filter(|one| one.kind == kind && one.about == about).cloned().collect())
    }

    fn state(&mut self, wanted: &Wanted) -> Result<bool, CommitError> {
        let Wanted { kind, claim, subject, person, others } = wanted;
        let stated = self.stated(claim.order, *kind, claim.fact)?;
        if stated.iter().any(|one| one.lifted.is_none()) {
            return Ok(false);
        }
        // What was lifted and holds again is another finding, with another cause.
        let causes: Vec<Digest> =
            core::iter::once(claim.digest).chain(stated.iter().filter_map(|one| one.lifted).last()).collect();
        let body = StateFinding {
            kind: *kind,
            fact: claim.fact,
            subject: subject.clone(),
            person: *person,
            others: others.clone(),
        };
        self.writer.state_by_rule(claim.order, kind.rule(), &causes, FactBody::from(body))?;
        Ok(true)
    }

    fn lift(&mut self, order: DocumentId, kind: FindingKind, about: FactRef) -> Result<bool, CommitError> {
        let stated = self.stated(order, kind, about)?;
        let Some(stands) = stated.iter().find(|one| one.lifted.is_none()) else { return Ok(false) };
        let known = self.writer.known_order(order)?;
        let Some(digest) = known.facts.get(stands.at.fact).map(|fact| fact.digest) else { return Ok(false) };
        let body = LiftFinding { finding: stands.at.fact.reference(), kind };
        self.writer.state_by_rule(order, kind.rule(), &[digest], FactBody::from(body))?;
        Ok(true)
    }
}

fn claim(order: DocumentId, part: &Part) -> Claimed {
    Claimed { order, fact: part.fact, digest: part.digest, person: part.person, at: part.at }
}

fn to_claim(claim: &Claimed) -> Claim {
    Claim { order: claim.order, fact: claim.fact, person: claim.person }
}

/// The claims beside one.
fn others(claims: &[Claimed], one: &Claimed) -> Vec<Claim> {
    claims.iter().filter(|other| other.rank() != one.rank()).map(to_claim).collect()
}

impl AccountEntry {
    fn booked(&self) -> Booked {
        let entry = if self.is_count { Entry::Counted(self.quantity) } else { Entry::Moved(self.quantity) };
        Booked { at: self.at, number: self.number, entry }
    }
}
