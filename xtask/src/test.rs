//! `cargo xtask test`: everything that is checked on every change, with one command.

use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::progress::Progress;
use crate::{setup, tool};

pub(crate) const ABOUT: &str = "sets up what is missing and runs all tests";

pub(crate) const HELP: &str = "\
Sets up what the tests need (see `cargo xtask setup --help`), builds the real programs, and runs the examples
in the documentation, the unit tests and the integration tests, and the tests of the office page and in a
browser. Uses `cargo nextest` where it is installed. The runner's closing lines are printed last. DOCKET_DATA
may name a folder of real data; tests use it where it is set.

Usage: cargo xtask test [OPTIONS] [FILTER]

Options:
  --plain            uses `cargo test` even where nextest is installed
  --no-setup         skips the set-up and all that needs Node: for a second run that changed only Rust
  FILTER             runs only the Rust tests whose names contain it

Example: cargo xtask test
Example: cargo xtask test --no-setup x_04_signed_work_beats_unaware_cancel
";

/// Runs the tests; the exit code is the worst of the runners'.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let options = Options::parse(arguments)?;
    let mut progress = Progress::start();
    let variables = match options.setup {
        Setup::Run => setup::everything(&mut progress)?,
        Setup::Skip => setup::Variables::new(),
    };
    progress.part("build the programs", || {
        // The same packages as below, so that Cargo chooses the same features and builds nothing twice.
        let mut cargo = tool::cargo();
        cargo.args(["build", "--workspace", "--bins"]);
        tool::run(&mut cargo, "read the compiler's message above")
    })?;
    let mut closings = Vec::new();
    let page_tests = if options.is_full() { page_runs() } else { Vec::new() };
    for (name, mut command) in page_tests.into_iter().chain(runs(&options)) {
        command.envs(variables.iter().cloned());
        let closing = progress.part(name, || closing_of(name, command))?;
        if !closing.status.success() {
            progress.say(&format!("{name}: FAILED; the other runs go on"));
        }
        closings.push(closing);
    }
    print!("\nTimes:\n{}", progress.report());
    // The runners' own lines end the output: whoever reads only the end reads the result.
    println!("\nClosing lines of the test runners:");
    for line in closings.iter().flat_map(|closing| &closing.lines) {
        println!("{line}");
    }
    Ok(if closings.iter().all(|closing| closing.status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tests of the office page, by its own `npm test`. The browser against the real server is driven by a Rust test.
fn page_runs() -> Vec<(&'static str, Command)> {
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"]).current_dir(tool::root().join("server/web"));
    vec![("tests of the office page", npm)]
}

/// The runs of Rust tests in order; the one with nearly all tests is last.
fn runs(options: &Options) -> Vec<(&'static str, Command)> {
    let mut examples = tool::cargo();
    examples.args(["test", "--workspace", "--doc", "--no-fail-fast"]).args(&options.filter);
    let mut tests = tool::cargo();
    let name = if options.runner == Runner::Nextest {
        // A filter may match nothing in this run: that is an error only where nothing was asked for by name.
        let none = if options.filter.is_some() { "warn" } else { "fail" };
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests", none]);
        "tests (nextest)"
    } else {
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
        "tests"
    };
    tests.args(&options.filter);
    let mut runs = vec![("examples in documentation", examples)];
    if options.filter.is_none() {
        // Deliberate bugs are compiled in for this run only; of the whole workspace, so that Cargo chooses the same
        // features of libraries as for the other runs.
        let mut sabotage = tool::cargo();
        sabotage.args(["test", "--workspace", "--features", "docket-tests/sabotage"]);
        // The table of bugs with the history that caught each is printed.
        sabotage.args(["--lib", "--test", "all", "sabotage", "--", "--show-output"]);
        runs.push(("deliberate bugs", sabotage));
    }
    runs.push((name, tests));
    runs
}

/// Runs one runner. A run that ends well but says nothing of its tests is a failure: nothing was tested.
fn closing_of(name: &str, mut command: Command) -> Result<tool::Closing, Failure> {
    let mut closing = tool::run_and_keep(&mut command, is_closing_line)?;
    if closing.lines.is_empty() && closing.status.success() {
        return Err(Failure::new(
            format!("`{}` ended without saying how many tests ran", tool::shown(&command)),
            "run it by hand and look at its output",
        ));
    }
    if closing.lines.is_empty() {
        closing.lines.push(format!("{name}: ended with {}", closing.status));
    }
    Ok(closing)
}

/// Whether a line is a runner's own summary: libtest's, nextest's, vitest's or Node's, failures included.
fn is_closing_line(line: &str) -> bool {
    // Indented, it is the output of one failed test that nextest shows.
    if line.starts_with("test result:") {
        return true;
    }
    let line = line.trim_start();
    line.starts_with("Summary [")
        || ["FAIL [", "TIMEOUT [", "SIGABRT [", "SIGSEGV [", "SIGKILL ["].iter().any(|word| line.starts_with(word))
        || ["Test Files  ", "Tests  ", "\u{2139} pass ", "\u{2139} fail ", "# pass ", "# fail "]
            .iter()
            .any(|word| line.starts_with(word))
        || line.starts_with("error: could not compile")
        || line.starts_with("error: test failed")
        || line.starts_with("error: test run failed")
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    setup: Setup,
    runner: Runner,
    filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setup {
    Run,
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Nextest,
    Plain,
}

impl Options {
    /// Whether everything is tested, not a part that was asked for.
    fn is_full(&self) -> bool {
        self.setup == Setup::Run && self.filter.is_none()
    }

    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self { setup: Setup::Run, runner: installed_runner(), filter: None };
        for argument in arguments.iter().filter(|argument| *argument != "--") {
            match argument.as_str() {
                "--plain" => options.runner = Runner::Plain,
                "--no-setup" => options.setup = Setup::Skip,
                option if option.starts_with('-') => return Err(Failure::unknown_option("test", option)),
                filter if options.filter.is_none() => options.filter = Some(filter.to_owned()),
                second => return Err(Failure::unknown_option("test", second)),
            }
        }
        Ok(options)
    }
}

fn installed_runner() -> Runner {
    if tool::find_on_path(&["cargo-nextest"]).is_some() { Runner::Nextest } else { Runner::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_the_runners_own() {
        for line in [
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "     Summary [   0.142s] 12 tests run: 12 passed, 0 skipped",
            "        FAIL [   0.004s] (1/3) docket-tests::all tidy::names",
            "      Tests  14 passed (14)",
            "# pass 3",
        ] {
            assert!(is_closing_line(line), "{line}");
        }
        for line in [
            "    test result: FAILED. 0 passed; 1 failed",
            "test tidy::names ... ok",
            "   Compiling docket",
            "        PASS [   0.004s] (1/3) a b",
        ] {
            assert!(!is_closing_line(line), "{line}");
        }
    }

    #[test]
    fn the_run_with_the_summary_is_last() {
        let options = Options { setup: Setup::Skip, runner: Runner::Nextest, filter: Some("x_04".into()) };
        let shown: Vec<String> = runs(&options).iter().map(|(_, command)| tool::shown(command)).collect();
        assert!(shown.last().is_some_and(|line| line.contains("nextest run --workspace") && line.ends_with("x_04")));
    }
}
