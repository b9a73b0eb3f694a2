//! Twelve deliberate bugs: the simulation notices each of them, and nothing without them.
//!
//! Each bug is played first in a history that is known to catch it. A change of the product or the simulator makes
//! other histories of the same seeds; then the first `WITHIN` are searched. What catches a bug in none of them hardly
//! ever catches it. `DOCKET_SABOTAGE_SEEDS` searches that many from the first on, instead, and prints the table.

use docket_harness::simulation::first_catch;
use docket_sync_core::sabotage::Bug;

/// A seed that caught each bug, and the check that did; `cargo xtask simulate --sabotage` searches them.
const CATCHES: &[(Bug, u64, &str)] = &[
    (Bug::AcknowledgeBeforeFlush, 12, "what_is_acknowledged_is_durable"),
    (Bug::CursorBeforeData, 41, "everything_converges"),
    (Bug::EvictsUnsent, 10, "what_is_acknowledged_is_durable"),
    (Bug::FrontierOfHeads, 1, "nothing_fails_by_itself"),
    (Bug::DigestNotUpdated, 0, "digests_agree"),
    (Bug::FeedEntryLost, 0, "digests_agree"),
    (Bug::ActorReused, 19, "invariant_13_heal"),
    (Bug::ReceiptNotChecked, 0, "what_nobody_may_write_never_enters"),
    (Bug::HeldDropped, 10, "what_is_acknowledged_is_durable"),
    (Bug::TornTailAccepted, 224, "nothing_fails_by_itself"),
    (Bug::RetentionIgnored, 9, "own_work_is_kept"),
    (Bug::ChainNotCompared, 19, "a_cursor_is_of_this_log"),
];

/// Histories in which each bug is caught at least once; most are in the first 50.
const WITHIN: u64 = 600;

#[test]
fn every_deliberate_bug_is_caught() {
    let searched: Option<u64> = std::env::var("DOCKET_SABOTAGE_SEEDS").ok().map(|seeds| seeds.parse().unwrap());
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let (_, seed, rule) = CATCHES.iter().find(|(of, ..)| of == bug).unwrap_or_else(|| panic!("no seed for {bug}"));
        // What is broken without the bug catches nothing.
        let known = || first_catch(*bug, *seed..*seed + 1);
        let found = match searched {
            Some(seeds) => first_catch(*bug, 0..seeds),
            None => known().or_else(|| first_catch(*bug, 0..WITHIN)),
        };
        let Some(found) = found else {
            missed.push(bug.code());
            continue;
        };
        let is_new = if found == (*seed, *rule) { "" } else { "  another history than known" };
        println!("{:28} seed {:>5}  {}{is_new}", bug.code(), found.0, found.1);
    }
    assert!(missed.is_empty(), "not caught in {} histories: {missed:?}", searched.unwrap_or(WITHIN));
}
