//! What `docs/deploy` does is what the guide says: the same user, folder and program, and options that there are.

use std::fs;
use std::path::Path;

use docket_harness::world::Trouble;

use super::guide::{AS_SERVER, commands, guide, missing};

fn deploy(file: &str) -> Result<String, Trouble> {
    Ok(fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy").join(file))?)
}

/// The value of a setting that stands once in a unit.
fn setting<'a>(unit: &'a str, name: &str) -> Result<&'a str, Trouble> {
    let mut values = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(format!("{name} stands in the unit not exactly once").into()),
    }
}

#[test]
fn the_unit_runs_what_the_guide_installs_as_the_user_who_made_the_store() -> Result<(), Trouble> {
    let (unit, guide) = (deploy("docket.service")?, guide()?);
    let (user, group, state) = (setting(&unit, "User")?, setting(&unit, "Group")?, setting(&unit, "StateDirectory")?);
    assert_eq!(AS_SERVER, format!("runuser -u {user} -- "), "the guide's commands are run by the unit's user");
    // systemd makes the folder when it is absent and owns it to the user; it changes nothing inside.
    let folder = format!("/var/lib/{state}");
    assert!(
        guide.contains(&format!(
            "install -d -o {user} -g {group} -m {} {folder}\n",
            setting(&unit, "StateDirectoryMode")?
        ))
    );
    let started = setting(&unit, "ExecStart")?;
    let (program, arguments) = started.split_once(' ').ok_or("a command line")?;
    assert!(guide.contains(&format!("install -m 0755 target/release/docket {program}\n")));
    assert!(arguments.starts_with(&format!("serve --data {folder} ")), "{arguments}");
    let line = format!("docket {arguments}");
    let missing = missing(commands(&line))?;
    assert!(missing.is_empty(), "the unit names what there is not: {}", missing.join(", "));
    // Whatever works on the folder is run by him: nothing of the guide is left to root.
    let by_others: Vec<&str> = guide
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("docket ") && line.contains(&format!("--data {folder}")))
        .collect();
    assert!(by_others.is_empty(), "run by whoever reads the guide:\n{}", by_others.join("\n"));
    Ok(())
}

#[test]
fn the_container_runs_its_store_as_one_user() -> Result<(), Trouble> {
    let file = deploy("Containerfile")?;
    assert!(file.contains("useradd --system --uid 10001 --home-dir /data docket"));
    assert!(
        file.contains("install -d -o docket -g docket -m 0700 /data") && file.contains("\nUSER docket\nVOLUME /data\n")
    );
    let started = file.lines().find_map(|line| line.strip_prefix("CMD ")).ok_or("a command")?;
    let words: Vec<String> = serde_json::from_str(started)?;
    // Its first lines show how a store is made.
    let shown = file.lines().filter_map(|line| line.split_once(":/data docket ").map(|(_, line)| line));
    let lines: Vec<String> =
        shown.map(str::to_owned).chain([words.join(" ")]).map(|line| format!("docket {line}\n")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let missing = missing(commands(&lines.concat()))?;
    assert!(missing.is_empty(), "the container names what there is not: {}", missing.join(", "));
    assert!(lines.iter().all(|line| line.contains("--data /data")));
    Ok(())
}
