//! `cargo xtask`: set-up and chores of this repository, in Rust, so that they run the same everywhere.
//!
//! What it is not: a build system. Cargo builds Rust, npm builds the office page; this program calls both in
//! the right order, says what it is doing and how long it took, and says what to do next when it cannot.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

mod bench;
mod demo;
mod failure;
mod nightly;
mod progress;
mod setup;
mod simulate;
mod test;
mod tool;

use std::process::ExitCode;

use failure::Failure;

/// One subcommand: its name, one line about it, its help, and what it does with the arguments after it.
struct Command {
    name: &'static str,
    about: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<ExitCode, Failure>,
}

const COMMANDS: &[Command] = &[
    Command { name: "demo", about: demo::ABOUT, help: demo::HELP, run: demo::run },
    Command { name: "test", about: test::ABOUT, help: test::HELP, run: test::run },
    Command { name: "bench", about: bench::ABOUT, help: bench::HELP, run: bench::run },
    Command { name: "simulate", about: simulate::ABOUT, help: simulate::HELP, run: simulate::run },
    Command { name: "nightly", about: nightly::ABOUT, help: nightly::HELP, run: nightly::run },
    Command { name: "setup", about: setup::ABOUT, help: setup::HELP, run: setup::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode, Failure> {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", overview());
        return Ok(ExitCode::SUCCESS);
    };
    if is_help(name) {
        return Ok(help_of(rest.first().map(String::as_str)));
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(Failure::new(format!("there is no command '{name}'"), "`cargo xtask help` lists the commands"));
    };
    // Arguments after `--` belong to the program that is run.
    if rest.iter().take_while(|argument| *argument != "--").any(|argument| is_help(argument)) {
        print!("{}", command.help);
        return Ok(ExitCode::SUCCESS);
    }
    (command.run)(rest)
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "help" | "--help" | "-h")
}

fn help_of(name: Option<&str>) -> ExitCode {
    match name.and_then(|name| COMMANDS.iter().find(|command| command.name == name)) {
        Some(command) => print!("{}", command.help),
        None => print!("{}", overview()),
    }
    ExitCode::SUCCESS
}

fn overview() -> String {
    let lines = COMMANDS.iter().map(|command| format!("  {:8} {}\n", command.name, command.about));
    let lines = lines.collect::<Vec<_>>().concat();
    format!(
        "Set-up and chores of Docket.\n\nUsage: cargo xtask COMMAND [OPTIONS]\n\nCommands:\n{lines}  help     shows this, \
         or the help of one command\n\nExample: cargo xtask demo --help\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn every_command_has_help_with_usage_and_an_example() {
        for command in COMMANDS {
            assert!(command.help.contains(&format!("Usage: cargo xtask {}", command.name)), "{}", command.name);
            assert!(command.help.contains("Example"), "{}", command.name);
            assert!(command.help.ends_with('\n'), "{}", command.name);
            assert!(overview().contains(command.about), "{}", command.name);
        }
    }

    #[test]
    fn an_unknown_command_says_where_the_list_is() {
        let failure = dispatch(&words("tset")).unwrap_err();
        assert!(failure.to_string().contains("tset"));
        assert!(failure.to_string().contains("cargo xtask help"));
    }

    #[test]
    fn unknown_options_are_refused_before_anything_runs() {
        for line in ["demo --sped 2", "test --fast", "bench --rowz x", "nightly --all", "simulate --sed 1", "setup now"]
        {
            let failure = dispatch(&words(line)).unwrap_err().to_string();
            assert!(failure.contains("--help"), "{line}: {failure}");
        }
    }
}
