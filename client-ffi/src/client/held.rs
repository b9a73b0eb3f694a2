//! What the technician holds, from what is on his device: goods, cash, old parts that he owes, his van's quotas.
//!
//! The same questions that the office asks of all its people (U-12, U-13); offline, and of his own orders.

use std::collections::BTreeMap;

use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{FindingKind, LineKind, PartSource};
use docket_sync_core::facts::{Author, FactBody, bodies};
use docket_sync_core::ids::{DocumentId, FactRef};
use docket_sync_core::lifecycle::facets::{CustodyView, Holder};
use docket_sync_core::lifecycle::view::{LineStanding, OrderView};
use docket_sync_core::reference::{PartQuota, Reference, part_quota_record};

use super::Client;
use crate::replica::ReplicaError;
use crate::store::DeviceStore;

/// What one technician holds now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldHere {
    /// Goods of customers, each with its order; those that somebody else claims, too, are among them.
    pub goods: Vec<(DocumentId, CustodyView)>,
    /// Cash by currency, minor units.
    pub cash: BTreeMap<String, i64>,
    /// Old parts that he owes: order, line, code.
    pub cores: Vec<(DocumentId, FactRef, String)>,
    /// Parts in his van.
    pub parts: Vec<PartLeft>,
}

/// One part in his van.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartLeft {
    /// Catalogue code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Thousandths that are left, his own lines that the office does not know yet taken off.
    pub left: i64,
    /// Whether the device refuses to draw more.
    pub is_quota: bool,
}

impl<S: DeviceStore> Client<S> {
    /// What this technician holds, as far as this device knows.
    ///
    /// # Errors
    /// When the store fails or an order cannot be read.
    pub fn held(&self) -> Result<HeldHere, ReplicaError> {
        let mut held = HeldHere { parts: self.parts_left()?, ..HeldHere::default() };
        for (order, row) in self.list()? {
            if row.unreadable == Some(true) {
                continue;
            }
            let view = self.show(order)?.view;
            let mine = |custody: &&CustodyView| match &custody.holder {
                Holder::Customer => false,
                Holder::Person(person) => *person == self.author,
                Holder::Conflict(people) => people.contains(&self.author),
            };
            let goods = view.facets.custody.iter().filter(|custody| custody.is_open()).filter(mine);
            held.goods.extend(goods.map(|custody| (order, custody.clone())));
            for ((person, currency), minor) in &view.facets.money.pockets {
                if *person == self.author {
                    let sum = held.cash.entry(currency.clone()).or_insert(0);
                    *sum = sum.saturating_add(*minor);
                }
            }
            let owed = view.facets.findings.iter().filter(|finding| {
                finding.is_open && finding.kind == FindingKind::CoreOwed && finding.person == Some(self.author)
            });
            held.cores.extend(owed.map(|finding| (order, finding.about, finding.subject.clone())));
        }
        Ok(held)
    }

    /// What is left of the quotas that a command draws on, thousandths by code.
    pub(super) fn quotas(&self, command: &Command) -> Result<BTreeMap<String, i64>, ReplicaError> {
        let line = match command {
            Command::RecordLine { line, .. } => line,
            Command::State(act) => match &act.body {
                FactBody::ReplaceLine(body) => &body.new,
                FactBody::BenchWork(bodies::BenchWork { line: Some(line), .. }) => line,
                _ => return Ok(BTreeMap::new()),
            },
            _ => return Ok(BTreeMap::new()),
        };
        let code = line.code.as_deref().map(str::trim).unwrap_or_default();
        match self.reference(part_quota_record(self.author, code))? {
            Some(Reference::PartQuota(quota)) if quota.is_quota => {
                let left = self.left_of(vec![quota])?;
                Ok(left.into_iter().map(|part| (part.code, part.left)).collect())
            }
            Some(_) | None => Ok(BTreeMap::new()),
        }
    }

    /// The parts in his van: as the office last said, less what he has fitted since and it did not know.
    fn parts_left(&self) -> Result<Vec<PartLeft>, ReplicaError> {
        let quotas: Vec<PartQuota> = self
            .replica
            .references()?
            .into_iter()
            .filter(|record| !record.deleted)
            .filter_map(|record| if let Reference::PartQuota(quota) = record.content { Some(quota) } else { None })
            .filter(|quota| quota.keeper == self.author)
            .collect();
        self.left_of(quotas)
    }

    fn left_of(&self, quotas: Vec<PartQuota>) -> Result<Vec<PartLeft>, ReplicaError> {
        if quotas.is_empty() {
            return Ok(Vec::new());
        }
        let mut views = Vec::new();
        for (order, row) in self.list()? {
            if row.unreadable != Some(true) {
                views.push((order, self.show(order)?.view));
            }
        }
        let left = |quota: PartQuota| {
            let untold: i64 = views.iter().map(|(order, view)| self.untold(&quota, *order, view)).sum();
            PartLeft {
                left: quota.left.saturating_sub(untold),
                code: quota.code,
                name: quota.name,
                unit: quota.unit,
                is_quota: quota.is_quota,
            }
        };
        Ok(quotas.into_iter().map(left).collect())
    }

    /// Thousandths of a part that he has fitted on an order and that are not in the quota yet.
    fn untold(&self, quota: &PartQuota, order: DocumentId, view: &OrderView) -> i64 {
        let drawn = view.lines.iter().filter(|line| {
            line.standing == LineStanding::Effective
                && line.line.kind == LineKind::Part
                && line.by == Author::Person(self.author)
                && line.line.code.as_deref().map(str::trim) == Some(quota.code.as_str())
                && matches!(line.line.source, None | Some(PartSource::Van))
                && line.at.lo >= quota.since
        });
        let told = |fact: FactRef| quota.counted.iter().any(|claim| claim.order == order && claim.fact == fact);
        drawn
            .filter(|line| !told(line.at.fact.reference()))
            .fold(0_i64, |sum, line| sum.saturating_add(line.line.quantity))
    }
}
