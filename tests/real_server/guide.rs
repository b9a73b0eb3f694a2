//! The operator's guide names only commands and options that the program has, and what it says can be done as it says.

use std::process::Command;

use docket_harness::process::binary;
use docket_harness::world::Trouble;

/// In front of what the server's user runs.
pub(super) const AS_SERVER: &str = "runuser -u docket -- ";

/// The guide.
pub(super) fn guide() -> Result<String, Trouble> {
    Ok(std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operators/guide.md"))?)
}

/// The guide's command lines: words of the subcommand, then the options named.
pub(super) fn commands(guide: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let lines = guide.lines().map(str::trim).map(|line| line.strip_prefix(AS_SERVER).unwrap_or(line));
    lines
        .filter_map(|line| line.strip_prefix("docket "))
        .map(|line| {
            let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            let words = line.split_whitespace().take_while(is_word).collect();
            let options = line.split_whitespace().filter(|word| word.starts_with("--")).collect();
            (words, options)
        })
        .collect()
}

/// What of these commands the program does not have.
pub(super) fn missing(commands: Vec<(Vec<&str>, Vec<&str>)>) -> Result<Vec<String>, Trouble> {
    let mut missing = Vec::new();
    for (words, options) in commands {
        let output = Command::new(binary("docket")?).args(&words).arg("--help").output()?;
        let help = String::from_utf8(output.stdout)?;
        let name = words.join(" ");
        if !output.status.success() || !help.contains(&format!("docket {name}")) {
            missing.push(format!("docket {name}"));
        }
        missing.extend(
            options.iter().filter(|option| !help.contains(**option)).map(|option| format!("docket {name} {option}")),
        );
    }
    Ok(missing)
}

#[test]
fn the_guide_names_only_what_the_program_has() -> Result<(), Trouble> {
    let guide = guide()?;
    let commands = commands(&guide);
    assert!(commands.len() >= 12, "the guide shows how it is done: {commands:?}");
    let missing = missing(commands)?;
    assert!(missing.is_empty(), "the guide names what there is not:\n{}", missing.join("\n"));
    Ok(())
}

#[test]
fn words_and_options_of_a_command_line_are_told_apart() {
    let guide =
        "x\n    docket import orders open-orders.csv --data /d --confirmed\n    runuser -u docket -- docket healing\n";
    let found = commands(guide);
    assert_eq!(found[0], (vec!["import", "orders"], vec!["--data", "--confirmed"]));
    assert_eq!(found[1], (vec!["healing"], vec![]));
}
