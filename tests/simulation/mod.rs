//! Simulated companies: histories from seeds, with what must hold checked after every step.
//!
//! `DOCKET_SEEDS` asks for more histories than those of every change; a failure prints the seed and how to replay it.

mod forgotten;
mod histories;
#[cfg(feature = "sabotage")]
mod sabotage;

use std::sync::atomic::{AtomicU64, Ordering};

use docket_harness::simulation::{Coverage, play, run, tell};

use self::forgotten::FORGOTTEN;
use self::histories::HISTORIES;

/// Histories of every change.
const SEEDS: u64 = 300;
/// Threads that play them.
const THREADS: usize = 2;

/// Kinds of facts that no history states, each with the reason. The list is exact: a kind that is stated from now on
/// must leave it, and one that is stated no more is noticed.
const NEVER_STATED: &[(&str, &str)] = &[("issue_block", NUMBERS)];
/// Blocks of numbers are records that devices get; no command states the kind.
const NUMBERS: &str = "blocks are given by a reference record";

/// Pairs that the histories of every change meet at least: most of the table.
const PAIRS_MIN: usize = 45;

/// Seeds that once broke a rule.
const REGRESSIONS: &[u64] = &[
    // A disk that was rolled back counted starts anew and reused an actor.
    41, //
    // Facts for orders that an office had lost were refused, not held until the orders came back.
    52, 71, 188, //
    // What a receipt covered was judged again, by a clock that had gone back.
    58, //
    // Reference records that the office lost made every later comparison of digests fail.
    91, //
    // Two starts from one disk at one time of the clock were one actor.
    101, 494, //
    // An order that came before its phone had given back what the office lost kept one receipt of two.
    299, //
    // A fact acknowledged after its order had been sealed made a second, empty order of it.
    2, 44, 360, //
    // A refused fact of an order that was only sealed could not be looked at.
    461, //
    // An office with a full disk answered as if it had failed.
    354,
];

#[test]
fn many_histories_keep_every_promise() {
    let seeds = std::env::var("DOCKET_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let play = || {
        let mut coverage = Coverage::default();
        let mut failures = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= seeds {
                return (coverage, failures);
            }
            let outcome = run(seed);
            coverage.add(&outcome.coverage);
            failures.extend(outcome.failure.map(|failure| tell(seed, &failure)));
        }
    };
    let (mut coverage, mut failures) = (Coverage::default(), Vec::new());
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..THREADS).map(|_| scope.spawn(play)).collect();
        for player in players {
            let (part, failed) = player.join().unwrap();
            coverage.add(&part);
            failures.extend(failed);
        }
    });
    println!("{coverage}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(coverage.faults_never_drawn(), Vec::<&str>::new(), "a fault never drawn is a defect of the simulator");
    let never: Vec<&str> = NEVER_STATED.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(coverage.kinds_never_drawn(), never, "a kind of fact that nobody states is not tested");
    assert!(coverage.pairs.len() >= PAIRS_MIN, "{:?}", coverage.pairs.keys());
    assert!(coverage.live.1 > 0, "nobody was told on a live session");
    assert!(coverage.bundles.1 > 0, "nothing was handed from phone to phone");
}

#[test]
fn what_once_failed_does_not_fail_again() {
    let failures: Vec<String> =
        REGRESSIONS.iter().filter_map(|seed| run(*seed).failure.map(|failure| tell(*seed, &failure))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for (seed, actions) in HISTORIES.iter().chain(FORGOTTEN) {
        assert_eq!(play(*seed, actions).failure, None, "{actions:#?} in the company of seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_in_one_process() {
    for seed in [0, 7, 13] {
        assert_eq!(run(seed).trace, run(seed).trace, "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_in_another_process() {
    let program = docket_harness::process::binary("docket-simulate").unwrap();
    let output = std::process::Command::new(program).args(["--seed", "7", "--trace"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let trace = format!("trace {}", run(7).trace);
    assert!(told.lines().any(|line| line == trace), "{trace} is not in: {told}");
}
