//! The operator's guide names only commands and options that the program has.

use std::process::Command;

use docket_harness::process::binary;
use docket_harness::world::Trouble;

/// The guide's command lines: words of the subcommand, then the options named.
fn commands(guide: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let lines = guide.lines().filter_map(|line| line.trim().strip_prefix("docket "));
    lines
        .map(|line| {
            let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            let words = line.split_whitespace().take_while(is_word).collect();
            let options = line.split_whitespace().filter(|word| word.starts_with("--")).collect();
            (words, options)
        })
        .collect()
}

#[test]
fn the_guide_names_only_what_the_program_has() -> Result<(), Trouble> {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operators/guide.md"))?;
    let commands = commands(&guide);
    assert!(commands.len() > 8, "the guide shows how it is done");
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
    assert!(missing.is_empty(), "the guide names what there is not:\n{}", missing.join("\n"));
    Ok(())
}

#[test]
fn words_and_options_of_a_command_line_are_told_apart() {
    let found = commands("x\n    docket import orders open-orders.csv --data /d --confirmed\n");
    assert_eq!(found, [(vec!["import", "orders"], vec!["--data", "--confirmed"])]);
}
