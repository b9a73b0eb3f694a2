//! Node and npm: the ones on the PATH where they are new enough, else installed ones.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::{Variables, system};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::tool;

/// Lowest version of Node that the page's build tool supports, as (major, minor).
const LOWEST: (u32, u32) = (20, 19);

/// What is installed from the npm registry where the system's Node is older.
const PACKAGES: &[&str] = &["node@22", "npm@10"];

/// A Node that is new enough.
pub(crate) struct Node {
    /// Put before the PATH; empty when the PATH's own Node serves.
    folder: Option<PathBuf>,
}

impl Node {
    /// npm under this Node.
    pub(crate) fn npm(&self) -> Command {
        let program = self.folder.as_ref().map_or_else(|| PathBuf::from("npm"), |folder| folder.join("npm"));
        let mut command = Command::new(program);
        command.envs(self.variables());
        command
    }

    /// PATH for programs that start Node themselves.
    pub(crate) fn variables(&self) -> Variables {
        let Some(folder) = &self.folder else { return Variables::new() };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
        // A folder with a colon in its name cannot be on a PATH; then the system's Node has to serve.
        std::env::join_paths(folders).map_or_else(|_| Variables::new(), |path: OsString| vec![("PATH", path)])
    }
}

/// Finds Node, or installs it.
pub(crate) fn ready(progress: &mut Progress) -> Result<Node, Failure> {
    if is_new_enough(version_of("node")) && tool::find_on_path(&["npm"]).is_some() {
        return Ok(Node { folder: None });
    }
    let prefix = tool::target_directory().join("node");
    let folder = prefix.join("node_modules/.bin");
    if !is_new_enough(version_of(folder.join("node"))) {
        progress.part("Node", || {
            if tool::find_on_path(&["npm"]).is_none() {
                if !system::can_install() {
                    return Err(missing());
                }
                system::install(&["nodejs", "npm"])?;
            }
            if is_new_enough(version_of("node")) {
                return Ok(());
            }
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&prefix).args(PACKAGES);
            tool::run(&mut npm, "install Node yourself, then run this again")
        })?;
    }
    if is_new_enough(version_of("node")) {
        return Ok(Node { folder: None });
    }
    if is_new_enough(version_of(folder.join("node"))) { Ok(Node { folder: Some(folder) }) } else { Err(missing()) }
}

fn missing() -> Failure {
    let (major, minor) = LOWEST;
    Failure::new(
        format!("Node {major}.{minor} or newer with npm was not found"),
        "install Node (your system's packages, or the Node project's download), then run this again",
    )
}

fn version_of(program: impl AsRef<std::ffi::OsStr>) -> Option<String> {
    tool::output_of(program, &["--version"])
}

fn is_new_enough(version: Option<String>) -> bool {
    let Some(version) = version else { return false };
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= LOWEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, expected) in [
            ("v20.19.0", true),
            ("v20.9.0", false),
            ("v18.20.4", false),
            ("v22.1.0", true),
            ("v100.0.0", true),
            ("x", false),
        ] {
            assert_eq!(is_new_enough(Some(version.to_owned())), expected, "{version}");
        }
        assert!(!is_new_enough(None));
    }
}
