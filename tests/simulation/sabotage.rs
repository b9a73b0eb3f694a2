//! Twelve deliberate bugs: the simulation notices each of them, and nothing without them.
//!
//! On every change each bug is played in a history that is known to catch it. `DOCKET_SABOTAGE_SEEDS` searches that many
//! histories for the first that does, instead.

use docket_harness::simulation::first_catch;
use docket_sync_core::sabotage::Bug;

/// A seed that catches each bug, and the check that does; `cargo xtask simulate --sabotage` searches them.
const CATCHES: &[(Bug, u64, &str)] = &[
    (Bug::AcknowledgeBeforeFlush, 0, "what_is_acknowledged_is_durable"),
    (Bug::CursorBeforeData, 17, "digests_agree"),
    (Bug::EvictsUnsent, 29, "what_is_acknowledged_is_durable"),
    (Bug::FrontierOfHeads, 0, "a_fact_says_what_its_author_was_shown"),
    (Bug::DigestNotUpdated, 0, "digests_agree"),
    (Bug::FeedEntryLost, 0, "digests_agree"),
    (Bug::ActorReused, 15, "invariant_13_heal"),
    (Bug::ReceiptNotChecked, 14, "what_nobody_may_write_never_enters"),
    (Bug::HeldDropped, 15, "what_is_acknowledged_is_durable"),
    (Bug::TornTailAccepted, 47, "nothing_fails_by_itself"),
    (Bug::RetentionIgnored, 21, "own_work_is_kept"),
    (Bug::ChainNotCompared, 33, "a_cursor_is_of_this_log"),
];

#[test]
fn every_deliberate_bug_is_caught() {
    let searched: Option<u64> = std::env::var("DOCKET_SABOTAGE_SEEDS").ok().map(|seeds| seeds.parse().unwrap());
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let (_, seed, rule) = CATCHES.iter().find(|(of, ..)| of == bug).unwrap_or_else(|| panic!("no seed for {bug}"));
        let (from, to) = searched.map_or((*seed, *seed + 1), |seeds| (0, seeds));
        // What is broken without the bug catches nothing.
        let found = first_catch(*bug, from..to);
        let told = found.map_or_else(|| "-".to_owned(), |(seed, rule)| format!("seed {seed:>5}  {rule}"));
        println!("{:28} {told}", bug.code());
        match found {
            None => missed.push(format!("{bug}: nothing in seeds {from}..{to}")),
            Some((_, other)) if searched.is_none() && other != *rule => missed.push(format!("{bug}: by {other}")),
            Some(_) => {}
        }
    }
    assert!(missed.is_empty(), "not caught, or by another check than known: {missed:#?}");
}
