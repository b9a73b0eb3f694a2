//! Twelve deliberate bugs: the simulation notices each of them, and nothing without them.

use docket_harness::simulation::run;
use docket_sync_core::sabotage::{Bug, with};

/// A seed that catches each bug, and the check that does; `cargo xtask simulate --sabotage` searches them.
const CATCHES: &[(Bug, u64, &str)] = &[
    (Bug::AcknowledgeBeforeFlush, 0, "what_is_acknowledged_is_durable"),
    (Bug::CursorBeforeData, 33, "everything_converges"),
    (Bug::EvictsUnsent, 36, "what_is_acknowledged_is_durable"),
    (Bug::FrontierOfHeads, 0, "a_fact_says_what_its_author_was_shown"),
    (Bug::DigestNotUpdated, 0, "digests_agree"),
    (Bug::FeedEntryLost, 0, "digests_agree"),
    (Bug::ActorReused, 15, "everything_converges"),
    (Bug::ReceiptNotChecked, 14, "what_nobody_may_write_never_enters"),
    (Bug::HeldDropped, 15, "what_is_acknowledged_is_durable"),
    (Bug::TornTailAccepted, 28, "nothing_fails_by_itself"),
    (Bug::RetentionIgnored, 4, "own_work_is_kept"),
    (Bug::ChainNotCompared, 33, "a_cursor_is_of_this_log"),
];

#[test]
fn every_deliberate_bug_is_caught() {
    for bug in Bug::ALL {
        let (_, seed, rule) = CATCHES.iter().find(|(of, ..)| of == bug).unwrap_or_else(|| panic!("no seed for {bug}"));
        let failure = with(Some(*bug), || run(*seed)).failure;
        let broken = failure.map(|failure| failure.violation.rule);
        println!("{bug:28} seed {seed:>5}  {}", broken.unwrap_or("nothing"));
        assert_eq!(broken, Some(*rule), "{bug} with seed {seed}");
        assert_eq!(run(*seed).failure, None, "seed {seed} without {bug}");
    }
}
