//! Twelve deliberate bugs: the simulation notices each of them, and nothing without them.

use docket_harness::simulation::run;
use docket_sync_core::sabotage::{Bug, with};

/// A seed that catches each bug, and the check that does; `cargo xtask simulate --sabotage` searches them.
const CATCHES: &[(Bug, u64, &str)] = &[];

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
