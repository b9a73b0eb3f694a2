//! Installing packages of the system: only on Debian and its like, and only as root.

use std::path::Path;
use std::process::Command;
use std::sync::Once;

use crate::failure::Failure;
use crate::tool;

/// Whether this process may install Debian packages.
pub(crate) fn can_install() -> bool {
    Path::new("/etc/debian_version").exists()
        && tool::find_on_path(&["apt-get"]).is_some()
        && tool::output_of("id", &["-u"]).as_deref() == Some("0")
}

/// Installs Debian packages; the package lists are brought up to date once in a run.
pub(crate) fn install(packages: &[&str]) -> Result<(), Failure> {
    static LISTS: Once = Once::new();
    let mut lists = Ok(());
    LISTS.call_once(|| {
        lists = tool::run(apt_get().arg("update"), "check the network and the package sources");
    });
    lists?;
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    tool::run(&mut install, "check the network and the package sources")
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // Another installation may be running: wait for it instead of failing.
    command.args(["-qq", "-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
