//! `cargo xtask simulate`: many simulated histories, with progress.
//!
//! In the profile of tests, where the core is optimised: an optimised build of everything costs more than it saves.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::{setup, tool};

pub(crate) const ABOUT: &str = "plays simulated companies from seeds";

pub(crate) const HELP: &str = "\
Plays whole companies in one thread, each from a seed: office, phones, a network that loses and doubles, disks that
forget, clocks that jump, users and attackers. Checks after every step what must hold. A failure prints its seed and
the shortest history that shows it. The same seed gives the same history on every machine.

Usage: cargo xtask simulate [OPTIONS]

Options:
  --seeds N          number of seeds (default 10000)
  --from S           the first seed (default 0)
  --seed ONE         this seed only
  --threads N        threads that play (default: one for each core)
  --sabotage         searches, for each deliberate bug, the first seed that catches it (up to 2000)

Example: cargo xtask simulate --seeds 1000 --from 5000
";

const WITH_VALUE: &[&str] = &["--seeds", "--from", "--seed", "--threads"];

/// Builds the simulation and runs it with the options given.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let is_sabotage = check(arguments)?;
    let mut progress = Progress::start();
    setup::office_page(&mut progress)?;
    progress.part("build", || {
        let mut cargo = tool::cargo();
        // The whole workspace, so that Cargo chooses the same features of libraries as for the tests.
        cargo.args(["build", "--workspace", "--bin", "docket-simulate"]);
        if is_sabotage {
            cargo.args(["--features", "docket-tests/sabotage"]);
        }
        tool::run(&mut cargo, "read the compiler's message above")
    })?;
    let program =
        tool::target_directory().join("debug").join(format!("docket-simulate{}", std::env::consts::EXE_SUFFIX));
    let mut simulation = std::process::Command::new(program);
    simulation.args(arguments).current_dir(tool::root());
    if is_sabotage && !arguments.iter().any(|argument| argument.starts_with("--seeds")) {
        simulation.args(["--seeds", "2000"]);
    }
    progress.part("simulation", || tool::run(&mut simulation, "play it again with the seed printed above"))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the options are good, and whether deliberate bugs are asked for.
fn check(arguments: &[String]) -> Result<bool, Failure> {
    let mut is_sabotage = false;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split_once('=').map_or(argument.as_str(), |(name, _)| name);
        if WITH_VALUE.contains(&name) {
            if name == argument && rest.next().is_none() {
                return Err(Failure::new(
                    format!("'{name}' needs a value"),
                    "`cargo xtask simulate --help` shows an example",
                ));
            }
        } else if name == "--sabotage" {
            is_sabotage = true;
        } else {
            return Err(Failure::unknown_option("simulate", argument));
        }
    }
    Ok(is_sabotage)
}
