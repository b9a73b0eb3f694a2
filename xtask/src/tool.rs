//! Running other programs: where the repository is, which program is installed, and what its last lines were.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::failure::Failure;

/// The repository's root: the parent of this crate.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where Cargo puts what it builds.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// The cargo that runs this program, in the repository's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The first of `names` that is on the PATH.
pub(crate) fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// What a program prints for these arguments, trimmed; `None` when it cannot be run or fails.
pub(crate) fn output_of(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command line as a person would type it, for messages.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs a command with its output on the terminal; `next` says what to do when it fails.
pub(crate) fn run(command: &mut Command, next: &str) -> Result<(), Failure> {
    let line = shown(command);
    let status =
        command.status().map_err(|error| Failure::new(format!("`{line}` could not be started: {error}"), next))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` ended with {status}"), next)) }
}

/// How a program ended, and those of its lines that were asked for.
pub(crate) struct Closing {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// The lines kept, in order, without colour codes.
    pub(crate) lines: Vec<String>,
}

/// Lines kept of one run: a runner's closing lines are few, a broken run may print many.
const LINES_KEPT_MAX: usize = 200;

/// Runs a command, passes its output through as it comes, and keeps the lines that `keep` wants.
pub(crate) fn run_and_keep(command: &mut Command, keep: fn(&str) -> bool) -> Result<Closing, Failure> {
    let line = shown(command);
    let failed =
        |error: std::io::Error| Failure::new(format!("`{line}`: {error}"), "see whether the program is installed");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (sender, receiver) = mpsc::channel();
    let output = child.stdout.take().map(|stream| pass_through(stream, std::io::stdout(), sender.clone()));
    let errors = child.stderr.take().map(|stream| pass_through(stream, std::io::stderr(), sender));
    let mut lines = VecDeque::new();
    for line in receiver {
        let plain = without_colour(&line);
        if keep(&plain) {
            if lines.len() == LINES_KEPT_MAX {
                lines.pop_front();
            }
            lines.push_back(plain);
        }
    }
    for reader in [output, errors].into_iter().flatten() {
        // A reader cannot panic; were it to, the child's status still says how the run ended.
        let _joined = reader.join();
    }
    let status = child.wait().map_err(failed)?;
    Ok(Closing { status, lines: lines.into() })
}

fn pass_through(
    stream: impl Read + Send + 'static,
    mut terminal: impl Write + Send + 'static,
    lines: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            // A closed terminal must not stop the run: reading goes on so that the child can end.
            let _written = terminal.write_all(&bytes).and_then(|()| terminal.flush());
            let _sent = lines.send(String::from_utf8_lossy(&bytes).trim_end().to_owned());
            bytes.clear();
        }
    })
}

/// The text without ANSI colour sequences (ECMA-48 SGR).
pub(crate) fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_taken_out_and_text_stays() {
        assert_eq!(without_colour("\u{1b}[32;1mSummary\u{1b}[0m 派工 ok"), "Summary 派工 ok");
    }

    #[test]
    fn kept_lines_come_from_both_streams_and_the_status_is_true() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo keep out; echo other; echo keep err >&2; exit 3"]);
        let closing = run_and_keep(&mut command, |line| line.starts_with("keep")).unwrap();
        let mut lines = closing.lines;
        lines.sort();
        assert_eq!(lines, ["keep err", "keep out"]);
        assert_eq!(closing.status.code(), Some(3));
    }

    #[test]
    fn a_missing_program_is_a_clear_failure() {
        let failure = run(&mut Command::new("no-such-program-here"), "install it").unwrap_err().to_string();
        assert!(failure.contains("no-such-program-here") && failure.contains("install it"), "{failure}");
    }
}
