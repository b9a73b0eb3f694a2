//! What the rules say about everything that an order touched, and about the order itself.
//!
//! Invariant: what stands afterwards is what the rules want of the entries as they are now, in whatever order they came.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::facts::values::{Claim, FindingKind, PartSource};
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::time::{DAY, UnixMillis};

use super::desk::{Desk, Subject, cash_standings, due_of, entries_of, keeper_of};
use super::enter::Wanted;
use super::entries::{Entries, Held, Part};
use super::records::{self, AccountEntry};
use super::rules::stock::{Booked, Entry, Used};
use super::rules::time::Span;
use super::rules::{Claimed, serials, stock, time};
use crate::commit::{CommitError, Tables};
use crate::store::{KeyRange, Table};

/// Longest working time that is looked for: who forgot to leave for longer is asked by others.
const SPAN_MAX: i64 = 14 * DAY;

impl Desk<'_> {
    /// Settles a stock whose account changed by the storekeeper's hand.
    pub(super) fn settle_stock(&mut self, keeper: PersonId, code: &str) -> Result<(), CommitError> {
        self.touched.insert(Subject::Stock(keeper, code.to_owned()));
        self.settle()
    }

    pub(super) fn settle(&mut self) -> Result<(), CommitError> {
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
            let mut of_fact =
                spans.iter().filter(|span| span.claim.order == *order && span.claim.fact == *fact).peekable();
            (of_fact.peek().is_none() && *order == changed) || of_fact.any(here)
        };
        let known = self.known(FindingKind::TimeOverlap, Some(person), "")?;
        let known: Vec<_> = known.into_iter().filter(concerns).collect();
        // A visit with several spans keeps its finding while any of them overlaps.
        let other = time::overlaps(&spans);
        let still = |(order, fact): &(DocumentId, FactRef)| {
            other.iter().any(|(span, _)| span.claim.order == *order && span.claim.fact == *fact)
        };
        let known: Vec<_> = known.into_iter().filter(|one| wanted.contains_key(one) || !still(one)).collect();
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
    pub(super) fn settle_order(&mut self, order: DocumentId, entries: &Entries) -> Result<(), CommitError> {
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
