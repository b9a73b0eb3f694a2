//! The terminal device. Everything is in `docket_client::cli`; this reads the surroundings and hands them over.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use docket_client::cli::{Surroundings, run};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok());
    let surroundings = Surroundings {
        data: std::env::var_os("DOCKET_DEVICE_DATA").map(PathBuf::from),
        home: std::env::home_dir(),
        locale: locale.filter(|locale| !locale.is_empty()),
    };
    let code = run(&arguments, &surroundings, &mut std::io::stdout().lock(), &mut std::io::stderr().lock());
    ExitCode::from(code)
}
