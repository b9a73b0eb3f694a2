//! `cargo xtask setup`: what the tests and the demo need beyond Cargo, made ready once.
//!
//! Nothing here skips silently: what is missing is installed where that is safe (Debian as root), and where
//! it is not, the failure says what to install.

mod chromium;
mod node;
mod stamp;
mod system;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::tool;

pub(crate) const ABOUT: &str = "makes ready what the tests need: the office page, Node, a browser";

pub(crate) const HELP: &str = "\
Builds the office page (server/web) when its sources changed, and makes the browser tests and the foreign check of
documents (tests/foreign) ready: their npm packages, and Chromium. On Debian as root it installs Node, Chromium and Chinese fonts by apt-get; elsewhere
it uses what is installed and says what is missing.

Usage: cargo xtask setup

Example: cargo xtask setup
";

/// Variables for the programs run afterwards: where Node and the browser were found.
pub(crate) type Variables = Vec<(&'static str, OsString)>;

/// The subcommand.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    if let Some(option) = arguments.first() {
        return Err(Failure::unknown_option("setup", option));
    }
    let mut progress = Progress::start();
    let variables = everything(&mut progress)?;
    for (name, value) in variables.iter().filter(|(name, _)| *name != "PATH") {
        progress.say(&format!("{name}={}", value.to_string_lossy()));
    }
    progress.say("ready: `cargo xtask test` and `cargo xtask demo` can run");
    Ok(ExitCode::SUCCESS)
}

/// The office page and all that the browser tests need.
pub(crate) fn everything(progress: &mut Progress) -> Result<Variables, Failure> {
    let mut variables = office_page(progress)?;
    let foreign = tool::root().join("tests/foreign");
    if foreign.join("package.json").is_file() {
        let node = node::ready(progress)?;
        install_packages(progress, &node, &foreign, "foreign-check-packages")?;
    }
    let folder = tool::root().join("tests/browser");
    if !folder.join("package.json").is_file() {
        progress.say("no browser tests in this checkout: no browser is needed");
        return Ok(variables);
    }
    let node = node::ready(progress)?;
    install_packages(progress, &node, &folder, "browser-tests-packages")?;
    let browser = progress.part("browser", chromium::ready)?;
    variables = node.variables();
    variables.push(("DOCKET_CHROMIUM", browser.into_os_string()));
    Ok(variables)
}

/// Builds the office page when its sources changed; the server embeds `server/web/dist`.
pub(crate) fn office_page(progress: &mut Progress) -> Result<Variables, Failure> {
    let root = tool::root();
    let folder = root.join("server/web");
    if !folder.join("package.json").is_file() {
        progress.say("no office page in this checkout: the server embeds a page that says so");
        return Ok(Variables::new());
    }
    let sources = stamp::of(&[&folder, &root.join("schemas/messages")])?;
    let stamp = stamp::Stamp::named("office-page");
    let node = node::ready(progress)?;
    if stamp.is(sources) && is_built(&folder.join("dist")) {
        progress.say("office page: up to date");
        return Ok(node.variables());
    }
    install_packages(progress, &node, &folder, "office-page-packages")?;
    progress.part("office page", || {
        let mut npm = node.npm();
        npm.args(["run", "build"]).current_dir(&folder);
        tool::run(&mut npm, "read the message above; the sources are in server/web")
    })?;
    if !is_built(&folder.join("dist")) {
        return Err(Failure::new(
            "the build of the office page left no dist/index.html",
            "look at server/web/package.json",
        ));
    }
    stamp.write(sources)?;
    Ok(node.variables())
}

/// The mark that `server/build.rs` writes into its stand-in page.
const STAND_IN: &str = "docket-stand-in";

fn is_built(dist: &Path) -> bool {
    std::fs::read_to_string(dist.join("index.html")).is_ok_and(|page| !page.contains(STAND_IN))
}

/// `npm ci`, when the lock file changed or the packages are gone.
fn install_packages(progress: &mut Progress, node: &node::Node, folder: &Path, name: &str) -> Result<(), Failure> {
    let inputs = stamp::of(&[&folder.join("package.json"), &folder.join("package-lock.json"), &folder.join(".npmrc")])?;
    let stamp = stamp::Stamp::named(name);
    if stamp.is(inputs) && folder.join("node_modules").is_dir() {
        return Ok(());
    }
    progress.part(name, || {
        let mut npm = node.npm();
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
        // Browsers come from the system; no package may fetch its own.
        npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        tool::run(&mut npm, "npm needs its package registry; check the network and run this again")
    })?;
    stamp.write(inputs)
}
