//! `cargo xtask demo`: a company at work on this machine, in a browser.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::{setup, tool};

pub(crate) const ABOUT: &str = "plays a working day of a made-up company on a real server";

pub(crate) const HELP: &str = "\
Plays a working day of a made-up company on this machine: the server over TLS with its embedded store, an office,
technicians whose devices have bad networks. Prints the address of the office page, a line for every simulated
quarter of an hour, and what became of the day. Fails when a device ends up with anything else than the server, or
a signature does not verify.

Usage: cargo xtask demo [OPTIONS]

Options:
  --speed N          simulated seconds for each real one (default 540: a day takes about 75 seconds)
  --technicians N    technicians of the company (default 12)
  --orders N         orders that come in during the day (default 40)
  --seed N           the same seed plays the same day (default 1)
  --region NAME      where the company is: shanghai or bristol (default shanghai)
  --lang LANGUAGE    language of the demo's own lines: en or zh (default en)
  --for SECONDS      ends the day early
  --keep             leaves the server running after the day, until Ctrl-C
  --data DIR         keeps the store in this folder; `docket serve --data DIR` serves it again
  --listen ADDRESS   where the server listens (default 127.0.0.1:0, a free port)
  --json FILE        writes the summary and everything that was done to a file
  --release          builds optimised: slower to build, faster to run
  Further options after `--` go to the demo program as they are.

Example: cargo xtask demo --technicians 20 --seed 7 --keep
";

/// Options that take a value and are passed on to the demo program.
const WITH_VALUE: &[&str] =
    &["--speed", "--technicians", "--orders", "--seed", "--region", "--lang", "--for", "--data", "--listen", "--json"];

/// Checks the options, sets up, builds and runs the demo program.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let options = Options::parse(arguments)?;
    let mut progress = Progress::start();
    setup::office_page(&mut progress)?;
    progress.part("build the demo", || {
        // The server's program verifies a customer's copy at the end of the day.
        let mut cargo = tool::cargo();
        cargo.args(["build", "--package", "docket-server", "--package", "docket-tests"]);
        cargo.args(["--bin", "docket", "--bin", "docket-demo"]);
        cargo.args(options.release.then_some("--release"));
        tool::run(&mut cargo, "read the compiler's message above")
    })?;
    progress.say("the day begins; Ctrl-C ends it early");
    let profile = if options.release { "release" } else { "debug" };
    let program = tool::target_directory().join(profile).join(format!("docket-demo{}", std::env::consts::EXE_SUFFIX));
    let mut demo = std::process::Command::new(program);
    demo.args(&options.passed_on).current_dir(tool::root());
    tool::run(&mut demo, "read the message above")?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    passed_on: Vec<String>,
    release: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let name = argument.split_once('=').map_or(argument.as_str(), |(name, _)| name);
            if argument == "--" {
                options.passed_on.extend(rest.by_ref().cloned());
            } else if argument == "--release" {
                options.release = true;
            } else if argument == "--keep" {
                options.passed_on.push(argument.clone());
            } else if WITH_VALUE.contains(&name) {
                options.passed_on.push(argument.clone());
                if name == argument {
                    let value = rest.next().ok_or_else(|| {
                        Failure::new(format!("'{name}' needs a value"), "`cargo xtask demo --help` shows an example")
                    })?;
                    options.passed_on.push(value.clone());
                }
            } else {
                return Err(Failure::unknown_option("demo", argument));
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let shown = match Options::parse(&arguments) {
            Ok(options) => format!("{}{}", if options.release { "release: " } else { "" }, options.passed_on.join(" ")),
            Err(failure) => format!("refused: {}", failure.to_string().lines().next().unwrap_or_default()),
        };
        assert_eq!(shown, expected, "{line}");
    }

    #[test]
    fn demo_options_are_checked_and_passed_on() {
        check("--speed 60 --release --seed=7", "release: --speed 60 --seed=7");
        check("--data x --json y --lang zh", "--data x --json y --lang zh");
        check("--for", "refused: '--for' needs a value");
        check("--nonsense", "refused: 'demo' does not know '--nonsense'");
        check("--orders 3 --keep -- --more", "--orders 3 --keep --more");
    }
}
