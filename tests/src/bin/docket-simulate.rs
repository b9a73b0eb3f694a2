//! `docket-simulate`: plays the histories of many seeds and prints what they came to.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use clap::Parser;
use docket_harness::simulation::{Coverage, run, story, tell};

/// Seeds between two lines of progress.
const PROGRESS: u64 = 100;
/// Seeds among which every fault must strike.
const MANY: u64 = 300;
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
    /// Threads that play; one for each core when absent.
    #[arg(long)]
    threads: Option<usize>,
    /// Prints the digest of each history.
    #[arg(long)]
    trace: bool,
    /// Prints the facts of the shortest history that fails.
    #[arg(long)]
    story: bool,
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
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let table = Table { next: AtomicU64::new(0), failed: AtomicUsize::new(0), from, seeds };
    let (mut coverage, mut failed) = (Coverage::default(), Vec::new());
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| table.play(&options))).collect();
        for player in players {
            let (part, seeds) = player.join().unwrap_or_default();
            coverage.add(&part);
            failed.extend(seeds);
        }
    });
    print!("{coverage}");
    let never = coverage.faults_never_drawn();
    if seeds >= MANY && !never.is_empty() {
        eprintln!("never drawn, which is a defect of the simulator: {}", never.join(", "));
        return ExitCode::FAILURE;
    }
    if coverage.histories != seeds {
        eprintln!("a thread ended early: {} of {seeds} histories were played", coverage.histories);
        return ExitCode::FAILURE;
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    failed.sort_unstable();
    println!("failed: {failed:?}");
    ExitCode::FAILURE
}

/// The seeds that threads take one by one.
struct Table {
    next: AtomicU64,
    failed: AtomicUsize,
    from: u64,
    seeds: u64,
}

impl Table {
    /// Plays until no seed is left; gives what occurred, and the seeds that failed.
    fn play(&self, options: &Options) -> (Coverage, Vec<u64>) {
        let (mut coverage, mut failed) = (Coverage::default(), Vec::new());
        loop {
            let played = self.next.fetch_add(1, Ordering::SeqCst);
            if played >= self.seeds {
                return (coverage, failed);
            }
            let seed = self.from.saturating_add(played);
            let outcome = run(seed);
            coverage.add(&outcome.coverage);
            if options.trace {
                println!("trace {}", outcome.trace);
            }
            if let Some(failure) = outcome.failure {
                if options.story {
                    story(seed, &failure).iter().for_each(|line| println!("{line}"));
                }
                if self.failed.fetch_add(1, Ordering::SeqCst) < TOLD_MAX {
                    eprintln!("{}", tell(seed, &failure));
                } else {
                    eprintln!("seed {seed} breaks {}", failure.violation.rule);
                }
                failed.push(seed);
            }
            if played > 0 && played.is_multiple_of(PROGRESS) {
                eprintln!("{played} of {} seeds, {} failed", self.seeds, self.failed.load(Ordering::SeqCst));
            }
        }
    }
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
