//! Puts the texts of the catalogue into the command line's help, in the language that was asked for.

use clap::{Command, CommandFactory as _};
use docket_sync_core::lifecycle::Language;

use super::args::Cli;
use super::messages::{find, text};

/// An example for every command; a test runs them through the parser.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    (
        "enrol",
        "docket-device enrol --server https://docket.example:8443 --code GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF-MY --fingerprint 4b1f...e2",
    ),
    ("list", "docket-device list --all"),
    ("show", "docket-device show S-2026-0017"),
    ("accept", "docket-device accept S-2026-0017"),
    ("refuse", "docket-device refuse S-2026-0017 --reason \"no ladder on the van\""),
    ("depart", "docket-device depart S-2026-0017"),
    ("arrive", "docket-device arrive S-2026-0017"),
    ("start", "docket-device start S-2026-0017"),
    ("pause", "docket-device pause S-2026-0017 --reason \"fetching a part\""),
    ("resume", "docket-device resume S-2026-0017"),
    ("end", "docket-device end S-2026-0017"),
    ("part", "docket-device part add S-2026-0017 --name \"Capacitor 45 uF\" --quantity 1 --amount 35.00 --source van"),
    (
        "part add",
        "docket-device part add S-2026-0017 --name \"Capacitor 45 uF\" --quantity 1 --amount 35.00 --source van",
    ),
    ("labour", "docket-device labour add S-2026-0017 --hours 1.5 --amount 150.00"),
    ("labour add", "docket-device labour add S-2026-0017 --hours 1.5 --amount 150.00"),
    ("photo", "docket-device photo add S-2026-0017 plate.jpg --name \"Name plate\""),
    ("photo add", "docket-device photo add S-2026-0017 plate.jpg --name \"Name plate\""),
    (
        "paper",
        "docket-device paper S-2026-0017 signed.jpg --code K7QM-2XRD --name \"Wang Xiuying\" --relation owner --signed-at 2026-11-22T10:00",
    ),
    ("document", "docket-device document S-2026-0017 seal.jpg --demand seal"),
    ("attachments", "docket-device attachments S-2026-0017"),
    (
        "fetch",
        "docket-device fetch S-2026-0017 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0 --out plate.jpg",
    ),
    ("note", "docket-device note S-2026-0017 \"the tap in the cellar was closed\""),
    ("form", "docket-device form S-2026-0017"),
    ("check", "docket-device check S-2026-0017 gas_safety.pressure --value 2.1"),
    ("done", "docket-device done S-2026-0017 --finding \"seal replaced, no leak\""),
    (
        "unfinished",
        "docket-device unfinished S-2026-0017 --reason parts --next 2026-11-23T09:00/2026-11-23T11:00 --customer \"Ms. Wang\" --relation owner",
    ),
    ("voucher", "docket-device voucher S-2026-0017 --customer-lang zh"),
    (
        "sign",
        "docket-device sign S-2026-0017 --from strokes.json --name \"Wang Xiuying\" --relation owner --opinion satisfied --copy signed-copy.html",
    ),
    (
        "sign-by-code",
        "docket-device sign-by-code S-2026-0017 --number 3 --code AEBA-GBAF-AYDQ --name \"Wang Xiuying\" --relation owner --opinion satisfied",
    ),
    ("print", "docket-device print S-2026-0017 --out voucher.html --customer-lang zh"),
    ("seal", "docket-device seal S-2026-0017 --photo seal.jpg"),
    ("copy", "docket-device copy S-2026-0017 --out signed-copy.html"),
    (
        "refuse-signature",
        "docket-device refuse-signature S-2026-0017 --name \"Wang Xiuying\" --reason \"the price was another on the phone\"",
    ),
    (
        "emergency",
        "docket-device emergency basis=customer_on_site problem=\"water from the ceiling\" contact=\"Ms. Wang, 12 Liberation Road\"",
    ),
    ("act", "docket-device act take_custody S-2026-0017 goods.name=\"Control board\" goods.pieces=1"),
    ("offers", "docket-device offers S-2026-0017"),
    ("numbers", "docket-device numbers"),
    (
        "draft",
        "docket-device draft handover_visit S-2026-0017 to=00000000-0000-0000-0000-000000000000 --to handover.draft",
    ),
    ("witness", "docket-device witness handover.draft --to handover.signed"),
    ("confirm", "docket-device confirm handover.draft --witness handover.signed"),
    (
        "countersign",
        "docket-device countersign take_custody S-2026-0017 goods.name=\"Control board\" goods.pieces=1 --from strokes.json --name \"Wang Xiuying\" --relation owner",
    ),
    ("bundle", "docket-device bundle --qr codes --order S-2026-0017 --unsent"),
    ("receive", "docket-device receive from-zhang.bundle"),
    ("sync", "docket-device sync --live"),
    ("held", "docket-device held"),
    ("status", "docket-device status --json"),
];

/// The command line with its texts.
pub(super) fn command(language: Language) -> Command {
    let version = clap::Arg::new("version")
        .short('V')
        .long("version")
        .action(clap::ArgAction::Version)
        .help(text("device.help.any.version", language));
    let command = with_texts(Cli::command().disable_version_flag(true).arg(version), "", language);
    let codes =
        format!("{}\n{}", text("device.help.exit_codes.heading", language), text("device.help.exit_codes", language));
    command.after_help(codes)
}

fn with_texts(command: Command, path: &str, language: Language) -> Command {
    let own =
        if path.is_empty() { "device.help".to_owned() } else { format!("device.help.{}", path.replace(' ', ".")) };
    let mut command = command
        .about(find(&own, language).unwrap_or_default())
        .disable_help_flag(true)
        .arg(
            clap::Arg::new("help")
                .short('h')
                .long("help")
                .action(clap::ArgAction::Help)
                .help(text("device.help.any.help", language))
                .help_heading(text("device.help.heading.options", language)),
        )
        .help_template(template(language, path.is_empty()))
        .subcommand_help_heading(text("device.help.heading.commands", language));
    if let Some((_, example)) = EXAMPLES.iter().find(|(name, _)| *name == path) {
        command = command.after_help(format!("{} {example}", text("device.help.example", language)));
    }
    let arguments: Vec<String> = command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
    for argument in arguments.iter().filter(|argument| *argument != "help") {
        let special = find(&format!("{own}.{argument}"), language);
        let help = special.or_else(|| find(&format!("device.help.any.{argument}"), language)).unwrap_or_default();
        command = command.mut_arg(argument, |argument| {
            let positional = argument.is_positional();
            let heading = if positional { "device.help.heading.arguments" } else { "device.help.heading.options" };
            argument.help(help).help_heading(text(heading, language))
        });
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(&name, |sub| with_texts(sub, &below, language));
    }
    command
}

fn template(language: Language, top: bool) -> String {
    let usage = text("device.help.heading.usage", language);
    let name = if top { "{name} {version}\n" } else { "" };
    format!("{name}{{about}}\n\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(command: &Command, path: &str, found: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            let below = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
            found.push(below.clone());
            paths(sub, &below, found);
        }
    }

    #[test]
    fn every_command_and_argument_has_a_text_in_both_languages_and_an_example_that_parses() {
        for language in [Language::En, Language::Zh] {
            let command = command(language);
            let mut found = Vec::new();
            paths(&command, "", &mut found);
            assert_eq!(found.len(), EXAMPLES.len());
            check(&command, "");
        }
        for (path, example) in EXAMPLES {
            assert!(example.starts_with(&format!("docket-device {path}")), "{example}");
            let arguments = split(example);
            command(Language::En).try_get_matches_from(arguments).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }

    fn check(command: &Command, path: &str) {
        assert!(command.get_about().is_some_and(|about| !about.to_string().is_empty()), "no text for '{path}'");
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "no text for '{path}' {}", argument.get_id());
        }
        for sub in command.get_subcommands() {
            let below = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
            assert!(EXAMPLES.iter().any(|(name, _)| *name == below), "no example for '{below}'");
            check(sub, &below);
        }
    }

    /// Words of an example, quoted ones as one.
    fn split(example: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (index, part) in example.split('"').enumerate() {
            if index % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }
}
