//! The real programs as child processes: found, started, waited for, killed, measured.

mod usage;

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::condition::{DeadlineError, eventually};

pub use usage::{Usage, UsageError, usage_of};

/// Lines of output kept of one process, for waiting and for messages.
const LINES_KEPT_MAX: usize = 2_000;

/// A child process could not be started or did not do what was waited for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program beside the running test.
    #[error("{} was not built: run `cargo xtask test`, or `cargo build --workspace --bins`", path.display())]
    NotBuilt {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{program}: {source}")]
    System {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It did not get ready in time, or ended instead.
    #[error("{program}: {source}; {state}; its last lines:\n{output}")]
    NotReady {
        /// The program.
        program: String,
        /// What was waited for.
        source: DeadlineError,
        /// Whether it still runs.
        state: String,
        /// What it printed last.
        output: String,
    },
}

/// The program `name` that Cargo built in the profile of the running test, bench or demo.
///
/// # Errors
/// When it is not there; the error says how to build it.
pub fn binary(name: &str) -> Result<PathBuf, ProcessError> {
    let running =
        std::env::current_exe().map_err(|source| ProcessError::System { program: name.to_owned(), source })?;
    // Tests run in target/PROFILE/deps, programs in target/PROFILE.
    let folder = running.parent().unwrap_or(Path::new("."));
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() { Ok(path) } else { Err(ProcessError::NotBuilt { path }) }
}

/// A running program; killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    program: String,
    child: Child,
    pid: u32,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts `program`; its output is kept, not printed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, ProcessError> {
        let mut command = Command::new(program);
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts a command with its own environment or folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: Command) -> Result<Self, ProcessError> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let failed = |source| ProcessError::System { program: program.clone(), source };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        let pid = child.id().ok_or_else(|| failed(io::Error::other("ended at once")))?;
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stream) = child.stdout.take() {
            tokio::spawn(keep_lines(stream, Arc::clone(&lines)));
        }
        if let Some(stream) = child.stderr.take() {
            tokio::spawn(keep_lines(stream, Arc::clone(&lines)));
        }
        Ok(Self { program, child, pid, lines })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it printed last, at most 2,000 lines of both streams.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Waits for a line of its output that `read` makes something of: an address, a port, "ready".
    ///
    /// # Errors
    /// When no such line comes before the deadline; the error shows what it printed.
    pub async fn wait_for_line<T>(
        &mut self,
        what: &str,
        deadline: Duration,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ProcessError> {
        let lines = Arc::clone(&self.lines);
        let found = eventually(what, deadline, || {
            let found = lines.lock().unwrap_or_else(PoisonError::into_inner).iter().find_map(|line| read(line));
            async move { found }
        });
        let found = found.await;
        found.map_err(|source| self.not_ready(source))
    }

    /// Waits until `GET path` at `address` is answered with 200, over plain HTTP.
    ///
    /// # Errors
    /// When it is not before the deadline; the error shows what the process printed.
    pub async fn wait_for_http(
        &mut self,
        address: std::net::SocketAddr,
        path: &str,
        deadline: Duration,
    ) -> Result<(), ProcessError> {
        let what = format!("http://{address}{path} to answer 200");
        let answered = eventually(&what, deadline, || async { answers_ok(address, path).await.ok()?.then_some(()) });
        answered.await.map_err(|source| self.not_ready(source))
    }

    /// Kills it at once (SIGKILL on Unix), as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(&mut self) -> Result<(), ProcessError> {
        self.child.kill().await.map_err(|source| ProcessError::System { program: self.program.clone(), source })
    }

    /// Asks it to end in order (SIGTERM).
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn ask_to_end(&self) -> Result<(), ProcessError> {
        let failed = |source| ProcessError::System { program: self.program.clone(), source };
        let status = Command::new("kill").arg("-TERM").arg(self.pid.to_string()).status().await.map_err(failed)?;
        if status.success() { Ok(()) } else { Err(failed(io::Error::other("there is no such process to end"))) }
    }

    /// Waits until it ends by itself; `None` when it does not before the deadline.
    pub async fn wait(&mut self, deadline: Duration) -> Option<std::process::ExitStatus> {
        tokio::time::timeout(deadline, self.child.wait()).await.ok()?.ok()
    }

    /// Processor seconds and memory up to now.
    ///
    /// # Errors
    /// When it has ended, or the system does not say.
    pub fn usage(&self) -> Result<Usage, UsageError> {
        usage_of(self.pid)
    }

    fn not_ready(&mut self, source: DeadlineError) -> ProcessError {
        let state = match self.child.try_wait() {
            Ok(Some(status)) => format!("it ended with {status}"),
            Ok(None) => "it still runs".to_owned(),
            Err(error) => format!("its state is not known: {error}"),
        };
        let output = self.output();
        let last = output.get(output.len().saturating_sub(40)..).unwrap_or_default().join("\n");
        ProcessError::NotReady { program: self.program.clone(), source, state, output: last }
    }
}

async fn keep_lines(stream: impl AsyncRead + Unpin, lines: Arc<Mutex<VecDeque<String>>>) {
    let mut reader = BufReader::new(stream).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Longest head of an answer that is looked at.
const ANSWER_BYTES_MAX: u64 = 4_096;

async fn answers_ok(address: std::net::SocketAddr, path: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut head = stream.take(ANSWER_BYTES_MAX);
    head.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Process {
        Process::start(Path::new("sh"), ["-c", script]).unwrap()
    }

    #[tokio::test]
    async fn a_line_is_waited_for_and_read() {
        let mut process = shell("echo starting; echo port 4711; exec cat /dev/zero > /dev/null");
        let port = process.wait_for_line("a port", SOON, |line| line.strip_prefix("port ")?.parse::<u16>().ok());
        assert_eq!(port.await.unwrap(), 4711);
        process.kill().await.unwrap();
        assert!(process.wait(SOON).await.is_some());
    }

    #[tokio::test]
    async fn a_process_that_ends_instead_says_why() {
        let mut process = shell("echo the disk is full >&2; exit 7");
        let error = process.wait_for_line("ready", Duration::from_millis(300), |_| None::<()>).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("the disk is full") && text.contains('7') && text.contains("ready"), "{text}");
    }

    #[tokio::test]
    async fn a_program_that_was_not_built_says_how_to_build_it() {
        assert!(binary("no-such-program").unwrap_err().to_string().contains("cargo xtask test"));
    }

    #[tokio::test]
    async fn readiness_is_an_answer_over_http() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 256];
                let read = stream.read(&mut request).await.unwrap();
                assert!(request[..read].starts_with(b"GET /readyz "));
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let mut process = shell("exec cat /dev/zero > /dev/null");
        process.wait_for_http(address, "/readyz", SOON).await.unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn processor_time_and_memory_are_measured() {
        let process = shell("while :; do :; done");
        let used = eventually("some processor time", SOON, || async {
            process.usage().ok().filter(|usage| usage.processor_seconds > 0.05)
        });
        let used = used.await.unwrap();
        assert!(used.memory_bytes > 100_000 && used.memory_bytes_max >= used.memory_bytes, "{used:?}");
    }
}
