//! How far the repair of goods on our bench is (C-133, C-134).

use super::causality::Node;
use super::facets::CustodyStage;
use super::ground::Ground;
use crate::facts::FactBody;
use crate::facts::values::{BenchStep, CustodyPlace};

/// How far the repair is after these steps. An inspection covers the work that its author knew; what was done besides or
/// since is inspected again (C-134).
pub(super) fn stage<'a>(ground: &Ground<'a>, steps: impl Iterator<Item = Node<'a>>) -> CustodyStage {
    let (mut stage, mut work) = (CustodyStage::Taken, Vec::new());
    for step in steps {
        stage = stage_after(stage, step.fact.body());
        if is_bench_work(step.fact.body()) {
            work.push(step);
        } else if stage == CustodyStage::Inspected && matches!(step.fact.body(), FactBody::Inspect(_)) {
            work.retain(|done| !ground.knows(step, *done));
            if !work.is_empty() {
                stage = CustodyStage::OnBench;
            }
        }
    }
    stage
}

/// Work that changes the goods.
fn is_bench_work(body: &FactBody) -> bool {
    matches!(body, FactBody::BenchWork(body) if matches!(body.step, BenchStep::Begin | BenchStep::Line))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds do not move the repair")]
fn stage_after(before: CustodyStage, body: &FactBody) -> CustodyStage {
    match body {
        FactBody::TransferCustody(body) => match body.place {
            CustodyPlace::Van if before >= CustodyStage::Inspected => CustodyStage::Returning,
            CustodyPlace::Store if before < CustodyStage::BookedIn => CustodyStage::BookedIn,
            CustodyPlace::Bench if before < CustodyStage::OnBench => CustodyStage::OnBench,
            CustodyPlace::Van | CustodyPlace::Store | CustodyPlace::Bench => before,
        },
        FactBody::BenchWork(body) => match body.step {
            BenchStep::Begin | BenchStep::Line if before == CustodyStage::Repaired => before,
            BenchStep::Begin | BenchStep::Line => CustodyStage::OnBench,
            BenchStep::Repaired | BenchStep::Unrepairable => CustodyStage::Repaired,
        },
        FactBody::Inspect(body) if body.passed => CustodyStage::Inspected,
        FactBody::Inspect(_) => CustodyStage::OnBench,
        _ => before,
    }
}
