//! Which facts are about which of the customer's goods.

use std::collections::BTreeMap;

use super::causality::Node;
use super::custody::CLAIMS_MAX;
use super::ground::Ground;
use crate::facts::values::Goods;
use crate::facts::{FactBody, bodies};
use crate::ids::{FactRef, RecordId};

/// What was done with goods, by the place of the fact by which they were taken.
pub(super) fn steps<'a>(ground: &Ground<'a>) -> BTreeMap<usize, Vec<Node<'a>>> {
    let mut steps: BTreeMap<usize, Vec<Node<'a>>> = BTreeMap::new();
    for node in ground.live().filter(|node| !ground.is_withdrawn(*node)) {
        for take in about(node.fact.body()).into_iter().flat_map(|custody| ground.causality.resolve(custody)) {
            steps.entry(take.place()).or_default().push(node);
        }
    }
    steps
}

/// Receipts by the thing that they are about.
pub(super) struct Things<'a> {
    by_serial: BTreeMap<&'a str, Vec<usize>>,
    by_unit: BTreeMap<RecordId, Vec<usize>>,
}

impl<'a> Things<'a> {
    pub(super) fn new(takes: &[(Node<'a>, &'a bodies::TakeCustody)]) -> Self {
        let mut things = Self { by_serial: BTreeMap::new(), by_unit: BTreeMap::new() };
        for (index, (_, body)) in takes.iter().enumerate() {
            if let Some(serial) = body.goods.serial.as_deref() {
                things.by_serial.entry(serial).or_default().push(index);
            }
            if let Some(unit) = body.goods.unit {
                things.by_unit.entry(unit).or_default().push(index);
            }
        }
        things
    }

    /// The first receipts about the same thing, sorted; with more it is in conflict all the same.
    pub(super) fn same(&self, goods: &Goods) -> Vec<usize> {
        let by_serial = goods.serial.as_deref().and_then(|serial| self.by_serial.get(serial));
        let by_unit = goods.unit.and_then(|unit| self.by_unit.get(&unit));
        let first = |of: Option<&Vec<usize>>| of.into_iter().flatten().copied().take(CLAIMS_MAX).collect::<Vec<_>>();
        let mut same = [first(by_serial), first(by_unit)].concat();
        same.sort_unstable();
        same.dedup();
        same
    }
}

/// The custody that a fact is about.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are not about goods")]
fn about(body: &FactBody) -> Option<FactRef> {
    match body {
        FactBody::TransferCustody(body) => Some(body.custody),
        FactBody::ReturnCustody(body) => Some(body.custody),
        FactBody::BenchWork(body) => Some(body.custody),
        FactBody::Inspect(body) => Some(body.custody),
        _ => None,
    }
}
