//! `cargo xtask demo`: a company at work on this machine, in a browser.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::{setup, tool};

pub(crate) const ABOUT: &str = "starts a server with a made-up company and technicians at work";

pub(crate) const HELP: &str = "\
Starts the office server with a made-up company, lets its technicians work with bad networks, and prints the
address of the office page. Ctrl-C ends it and removes its data.

Usage: cargo xtask demo [OPTIONS]

Options:
  --speed N          how many times faster than real time the day runs (default 60)
  --technicians N    technicians of the company (default 12)
  --orders N         orders at the start of the day (default 40)
  --seed N           the same seed makes the same company (default 1)
  --for DURATION     ends by itself after this long: 90s, 5m (default: runs until Ctrl-C)
  --release          builds optimised: slower to build, faster to run
  Further options after `--` go to the demo program as they are.

Example: cargo xtask demo --speed 120 --technicians 20 --seed 7 --for 5m
";

/// Options that take a value and are passed on to the demo program.
const WITH_VALUE: &[&str] = &["--speed", "--technicians", "--orders", "--seed", "--for"];

/// Checks the options, sets up, builds and runs the demo program.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let options = Options::parse(arguments)?;
    let mut progress = Progress::start();
    setup::office_page(&mut progress)?;
    progress.part("build the demo", || {
        // The server is its own process in the demo, so its binary is built too.
        let mut cargo = tool::cargo();
        cargo.args([
            "build",
            "--package",
            "docket-server",
            "--package",
            "docket-client",
            "--package",
            "docket-tests",
            "--bins",
        ]);
        cargo.args(options.release.then_some("--release"));
        tool::run(&mut cargo, "read the compiler's message above")
    })?;
    progress.say("the demo starts; Ctrl-C ends it");
    let profile = if options.release { "release" } else { "debug" };
    let program = tool::target_directory().join(profile).join(format!("docket-demo{}", std::env::consts::EXE_SUFFIX));
    let mut demo = std::process::Command::new(program);
    demo.args(&options.passed_on).current_dir(tool::root());
    tool::run(&mut demo, "read the message above; another port or seed may help")?;
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
        check("--for", "refused: '--for' needs a value");
        check("--nonsense", "refused: 'demo' does not know '--nonsense'");
        check("--orders 3 -- --port 8443", "--orders 3 --port 8443");
    }
}
