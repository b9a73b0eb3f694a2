//! `cargo xtask nightly`: the heavy runs that are too long for every change.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::{setup, tool};

pub(crate) const ABOUT: &str = "runs the heavy checks: many seeds, many kills, large workloads";

pub(crate) const HELP: &str = "\
Runs the checks that take hours: the tests of every change again with larger numbers, which they read from
environment variables. A failure prints the seed that replays it.

Usage: cargo xtask nightly [OPTIONS]

Options:
  --only NAME        runs one of them
  --list             lists them and ends

Example: cargo xtask nightly --only kill_cycles
";

/// One heavy run: a filter of tests of the integration binary and the number that makes it heavy.
struct Run {
    name: &'static str,
    about: &'static str,
    /// Tests whose names contain this are run.
    filter: &'static str,
    /// Variable that the tests read, and its value here.
    variable: (&'static str, &'static str),
    /// A feature of the integration tests that only this run has.
    feature: Option<&'static str>,
}

/// The heavy runs. A run is a filter: it takes every test whose name contains it.
const RUNS: &[Run] = &[
    Run {
        name: "simulation",
        about: "10,000 simulated histories with loss, cuts, crashes, restores, clock jumps, attackers",
        filter: "simulation::",
        variable: ("DOCKET_SEEDS", "10000"),
        feature: None,
    },
    Run {
        name: "deliberate_bugs",
        about: "searches 2,000 simulated histories for one that catches each deliberate bug, and prints the table",
        filter: "every_deliberate_bug_is_caught",
        variable: ("DOCKET_SABOTAGE_SEEDS", "2000"),
        feature: Some("docket-tests/sabotage"),
    },
    Run {
        name: "kill_cycles",
        about: "1,000 kills of the real server under load, no acknowledged fact lost",
        filter: "kill_cycles",
        variable: ("DOCKET_KILL_CYCLES", "1000"),
        feature: None,
    },
    Run {
        name: "power_cuts",
        about: "200 power cuts of the store on a loop device, no acknowledged batch lost; as root",
        filter: "promise_1_power_cuts",
        variable: ("DOCKET_POWER_CYCLES", "200"),
        feature: None,
    },
    Run {
        name: "healing",
        about: "about 100,000 changes given back to a restored server by 50 devices, in any order",
        filter: "promise_5_fifty_devices",
        variable: ("DOCKET_HEALING_FACTS", "2000"),
        feature: None,
    },
    Run {
        name: "convergence",
        about: "2,000 random histories of six devices and an office, no fact lost, every digest equal",
        filter: "law_random_histories",
        variable: ("DOCKET_CONVERGENCE_SEEDS", "2000"),
        feature: None,
    },
    Run {
        name: "torn_tails",
        about: "10,000 cuts, zeros, garbage and flips in the last frames of the journal",
        filter: "store::journaled::tests::damage",
        variable: ("DOCKET_TORN_TAILS", "10000"),
        feature: None,
    },
    Run {
        name: "bit_flips",
        about: "20,000 flipped bits anywhere in the files of a store",
        filter: "a_bit_flipped_anywhere",
        variable: ("DOCKET_BIT_FLIPS", "20000"),
        feature: None,
    },
    Run {
        name: "orders_of_delivery",
        about: "every story of the pairs in 10,000 random orders of delivery",
        filter: "scenario::stories::tests",
        variable: ("DOCKET_ORDERS", "10000"),
        feature: None,
    },
    Run {
        name: "histories",
        about: "the invariants over 1,000 histories of two hundred facts, six replicas and the office",
        filter: "long_histories_keep_the_invariants",
        variable: ("DOCKET_HISTORIES", "1000"),
        feature: None,
    },
    Run {
        name: "laws",
        about: "property tests of fold, codec and calendar with 100,000 cases each",
        filter: "law_",
        variable: ("PROPTEST_CASES", "100000"),
        feature: None,
    },
];

/// Runs what `arguments` chooses, one after the other, and goes on after a failure.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let chosen: Vec<&Run> = match words.as_slice() {
        [] => RUNS.iter().collect(),
        ["--list"] => {
            for run in RUNS {
                println!("  {:14} {}", run.name, run.about);
            }
            return Ok(ExitCode::SUCCESS);
        }
        ["--only", name] => vec![RUNS.iter().find(|run| run.name == *name).ok_or_else(|| {
            Failure::new(format!("there is no heavy run '{name}'"), "`cargo xtask nightly --list` lists them")
        })?],
        [option, ..] => return Err(Failure::unknown_option("nightly", option)),
    };
    let mut progress = Progress::start();
    let variables = setup::everything(&mut progress)?;
    let mut failed = Vec::new();
    for run in chosen {
        let outcome = progress.part(run.name, || {
            let mut cargo = tool::cargo();
            cargo.args(["test", "--workspace", "--lib", "--tests", "--no-fail-fast", run.filter]);
            if let Some(feature) = run.feature {
                cargo.args(["--features", feature]);
            }
            cargo.envs(variables.iter().cloned()).env(run.variable.0, run.variable.1);
            let closing = tool::run_and_keep(&mut cargo, |line| line.starts_with("test result:"))?;
            let passed: u64 = closing.lines.iter().map(|line| passed_in(line)).sum();
            match (closing.status.success(), passed) {
                (false, _) => {
                    Err(Failure::new(format!("{} failed", run.name), "replay it with the seed printed above"))
                }
                (true, 0) => Err(Failure::new(
                    format!("no test matches '{}'", run.filter),
                    "write it, or take the run out of the list in xtask/src/nightly.rs",
                )),
                (true, _) => Ok(()),
            }
        });
        if let Err(failure) = outcome {
            println!("{failure}");
            failed.push(run.name);
        }
    }
    print!("\nTimes:\n{}", progress.report());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::new(format!("failed: {}", failed.join(", ")), "replay each with the seed printed above"))
}

/// Number of passed tests in libtest's closing line.
fn passed_in(line: &str) -> u64 {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = words.iter().zip(words.iter().skip(1)).find(|(_, word)| word.starts_with("passed"));
    number.and_then(|(number, _)| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_matches_no_test_is_noticed() {
        assert_eq!(passed_in("test result: ok. 0 passed; 0 failed; 0 ignored"), 0);
        assert_eq!(passed_in("test result: FAILED. 12 passed; 1 failed"), 12);
    }
}
