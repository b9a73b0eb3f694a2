//! `docket-simulate`: plays the histories of many seeds and prints what they came to.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::process::ExitCode;

use clap::Parser;
use docket_harness::simulation::{Coverage, Failure, STEPS, faults::Faults, play, run, schedule, shrink};

/// Plays simulated companies from seeds.
#[derive(Debug, Parser)]
struct Options {
    /// Number of seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed only.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (from, seeds) = options.seed.map_or((options.from, options.seeds), |seed| (seed, 1));
    let mut coverage = Coverage::default();
    let mut failed = 0_u64;
    let mut rules = std::collections::BTreeMap::new();
    for seed in from..from.saturating_add(seeds) {
        let outcome = run(seed);
        coverage.add(&outcome.coverage);
        if let Some(failure) = outcome.failure {
            failed += 1;
            *rules.entry(failure.violation.rule).or_insert(0) += 1;
            println!("seed {seed}: {:.300}", failure.violation.to_string());
            if options.seed.is_some() {
                tell(seed, &failure);
            }
        }
    }
    print!("{coverage}");
    println!("{rules:?}");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(seed: u64, failure: &Failure) {
    let actions = schedule(seed, &Faults::of_seed(seed), STEPS);
    let (actions, failure) = shrink(seed, &actions, failure);
    eprintln!("seed {seed} breaks {} with {} actions:", failure.violation, actions.len());
    for action in actions {
        eprintln!("  {action:?}");
    }
    let _ = play;
}
