//! `docket-simulate`: plays the histories of many seeds and prints what they came to.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::process::ExitCode;

use clap::Parser;
use docket_harness::simulation::{Coverage, run, tell};

/// Seeds between two lines of progress.
const PROGRESS: u64 = 100;
/// Failures that are shrunk and told in full; the others are only named.
const TOLD_MAX: usize = 5;

/// Plays simulated companies from seeds and checks what must hold.
///
/// Example: docket-simulate --seeds 1000 --from 5000
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
    /// Prints the digest of each history.
    #[arg(long)]
    trace: bool,
    /// Searches a seed that catches each deliberate bug, instead.
    #[cfg(feature = "sabotage")]
    #[arg(long)]
    sabotage: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    #[cfg(feature = "sabotage")]
    if options.sabotage {
        return search(&options);
    }
    let (from, seeds) = options.seed.map_or((options.from, options.seeds), |seed| (seed, 1));
    let mut coverage = Coverage::default();
    let mut failed = Vec::new();
    for seed in from..from.saturating_add(seeds) {
        let outcome = run(seed);
        coverage.add(&outcome.coverage);
        if options.trace {
            println!("trace {}", outcome.trace);
        }
        if let Some(failure) = outcome.failure {
            if failed.len() < TOLD_MAX {
                eprintln!("{}", tell(seed, &failure));
            } else {
                eprintln!("seed {seed} breaks {}", failure.violation.rule);
            }
            failed.push(seed);
        }
        let played = seed.saturating_sub(from).saturating_add(1);
        if played.is_multiple_of(PROGRESS) {
            eprintln!("{played} of {seeds} seeds, {} failed", failed.len());
        }
    }
    print!("{coverage}");
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("failed: {failed:?}");
    ExitCode::FAILURE
}

/// Prints which seed first catches each bug, and by which check.
#[cfg(feature = "sabotage")]
fn search(options: &Options) -> ExitCode {
    use docket_sync_core::sabotage::Bug;
    let mut missed = false;
    println!("{:28} {:>6}  caught by", "bug", "seed");
    for bug in Bug::ALL {
        let seeds = options.from..options.from.saturating_add(options.seeds);
        match docket_harness::simulation::first_catch(*bug, seeds) {
            Some((seed, rule)) => println!("{:28} {seed:>6}  {rule}", bug.code()),
            None => {
                missed = true;
                println!("{:28} {:>6}  nothing", bug.code(), "-");
            }
        }
    }
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
