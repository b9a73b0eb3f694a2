//! The benchmarks: `cargo xtask bench` builds this optimised and runs it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use docket_harness::bench::{LARGE_STORE, Options, ROWS, Row, RowError, Step, choose, step};
use docket_harness::table::{Measurement, Results};

/// Runs the benchmarks and prints a table.
#[derive(Debug, Parser)]
#[command(name = "docket-bench", after_help = "Example: docket-bench --only floor --n 1000 --json bench.json")]
struct Arguments {
    /// Also writes the results to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only these rows, with commas between them.
    #[arg(long, alias = "rows", value_name = "NAME,...")]
    only: Option<String>,
    /// Work orders of the workload.
    #[arg(long, default_value_t = 1_000)]
    n: usize,
    /// Changes in the store of the row `large_store`.
    #[arg(long, value_name = "N", default_value_t = LARGE_STORE)]
    changes: usize,
    /// Shows every message of a pull with its frames.
    #[arg(long)]
    frames: bool,
    /// Repeats little: to see that it runs, not for numbers.
    #[arg(long)]
    quick: bool,
    /// Lists the rows and ends.
    #[arg(long)]
    list: bool,
    /// Does one step of the row `large_store` and says in JSON what it took: the row calls this.
    #[arg(long, hide = true, requires = "data")]
    step: Option<Step>,
    /// The data folder of that step.
    #[arg(long, hide = true)]
    data: Option<PathBuf>,
}

/// The server's allocator: some rows do the server's work in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Arguments { step: Some(step), data: Some(data), n, .. } = &arguments {
        return match run_step(*step, data, *n) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
    if arguments.list {
        for row in ROWS {
            println!("  {:24} {}", row.name, row.about);
        }
        return ExitCode::SUCCESS;
    }
    let rows = match choose(arguments.only.as_deref()) {
        Ok(rows) => rows,
        Err(name) => {
            eprintln!("error: there is no row '{name}'\n next: `cargo xtask bench --list` lists them");
            return ExitCode::FAILURE;
        }
    };
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its times say nothing");
    }
    match run(&arguments, &rows) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_step(chosen: Step, data: &Path, orders: usize) -> Result<(), RowError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let took = runtime.block_on(step(chosen, data, orders))?;
    println!("{}", serde_json::to_string(&took)?);
    Ok(())
}

fn run(arguments: &Arguments, rows: &[&Row]) -> std::io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut results = Results::new(arguments.n);
    let mut options = if arguments.quick { Options::quick(arguments.n) } else { Options::new(arguments.n) };
    (options.frames, options.changes) = (arguments.frames, arguments.changes);
    let mut failed = Vec::new();
    for row in rows {
        let started = Instant::now();
        println!("{} ...", row.name);
        match runtime.block_on((row.run)(options.clone())) {
            Ok(figures) => {
                let measured = Measurement { row: row.name.to_owned(), figures };
                println!("{}", measured.table());
                results.rows.push(measured);
                // A run that is cut off leaves what it had measured.
                write_json(arguments, &results)?;
            }
            Err(error) => {
                eprintln!("{} failed: {error}", row.name);
                failed.push(row.name);
            }
        }
        println!("{}: {:.1} s", row.name, started.elapsed().as_secs_f64());
    }
    println!("\n{}", results.table());
    if let Some(file) = &arguments.json {
        println!("written to {}", file.display());
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn write_json(arguments: &Arguments, results: &Results) -> std::io::Result<()> {
    arguments.json.as_ref().map_or(Ok(()), |file| std::fs::write(file, results.json()))
}
