//! `cargo xtask bench`: the benchmarks, optimised, with a table and machine-readable results.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::{setup, tool};

pub(crate) const ABOUT: &str = "runs the benchmarks and prints a table";

pub(crate) const HELP: &str = "\
Builds everything optimised and runs the benchmarks: bytes, messages, processor seconds, memory, wall time.
Each row is printed when it is measured.
Bytes, messages and processor seconds are comparable between machines; wall time only within one run.

Usage: cargo xtask bench [OPTIONS]

Options:
  --json FILE        also writes the results to FILE as JSON
  --only NAME,...    runs only these rows (default: all but `large_store`)
  --n N              work orders of the workload (default 1000)
  --changes N        changes in the store of the row `large_store` (default 2000000)
  --frames           also shows every message of a pull with its frames
  --quick            repeats little: to see that it runs, not for numbers
  --list             lists the rows and ends

Example: cargo xtask bench --only cold_pull,no_op --n 1000 --json target/bench.json
";

const WITH_VALUE: &[&str] = &["--json", "--only", "--rows", "--n", "--changes"];
const FLAGS: &[&str] = &["--list", "--frames", "--quick"];

/// Builds the bench program optimised and runs it with the options given.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    check(arguments)?;
    let mut progress = Progress::start();
    setup::office_page(&mut progress)?;
    progress.part("build optimised", || {
        let mut cargo = tool::cargo();
        cargo.args(["build", "--release", "--package", "docket-server", "--package", "docket-client"]);
        cargo.args(["--package", "docket-tests", "--bins"]);
        tool::run(&mut cargo, "read the compiler's message above")
    })?;
    let program =
        tool::target_directory().join("release").join(format!("docket-bench{}", std::env::consts::EXE_SUFFIX));
    let mut bench = std::process::Command::new(program);
    bench.args(arguments).current_dir(tool::root());
    progress.part("benchmarks", || tool::run(&mut bench, "read the message above"))?;
    Ok(ExitCode::SUCCESS)
}

fn check(arguments: &[String]) -> Result<(), Failure> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split_once('=').map_or(argument.as_str(), |(name, _)| name);
        if WITH_VALUE.contains(&name) {
            if name == argument && rest.next().is_none() {
                return Err(Failure::new(
                    format!("'{name}' needs a value"),
                    "`cargo xtask bench --help` shows an example",
                ));
            }
        } else if !FLAGS.contains(&argument.as_str()) {
            return Err(Failure::unknown_option("bench", argument));
        }
    }
    Ok(())
}
