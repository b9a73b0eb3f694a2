//! The `docket` program.

fn main() -> std::process::ExitCode {
    docket_server::cli::run()
}
