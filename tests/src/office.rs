//! A real office: the `docket` program on a folder of its own, set up, served, stopped, killed, started again.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Process, ProcessError, binary};

/// How long the server may take to start: a machine under load, a debug build, a recovery after a kill.
const START: Duration = Duration::from_secs(60);

/// How long it may take to end in order: it drains for ten seconds.
const END: Duration = Duration::from_secs(30);

/// Login of the administrator that every office has.
pub const ADMIN: &str = "admin";

/// His password, and that of everybody else here.
pub const PASSWORD: &str = "correct horse battery staple";

/// An office could not be set up or served.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The program was not built, or does not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The folder.
    #[error("a folder for the office: {0}")]
    Folder(#[source] std::io::Error),
    /// A command of the program ended with an error.
    #[error("`docket {command}` ended with {status}: {output}")]
    Command {
        /// What was called.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it printed.
        output: String,
    },
    /// A command printed something else than expected.
    #[error("`docket {command}` printed no {what}: {output}")]
    Answer {
        /// What was called.
        command: String,
        /// What was looked for.
        what: &'static str,
        /// What it printed.
        output: String,
    },
    /// It does not end when it is asked to.
    #[error("the server did not end within {END:?}")]
    DoesNotEnd,
}

/// One company's store in a folder of its own, and its server while it runs. Dropping it kills and removes both.
#[derive(Debug)]
pub struct Office {
    folder: TempDir,
    running: Option<(Process, SocketAddr)>,
}

impl Office {
    /// Makes a store with an administrator ([`ADMIN`], [`PASSWORD`]).
    ///
    /// # Errors
    /// When the program is not built or refuses.
    pub async fn init(company: &str) -> Result<Self, OfficeError> {
        Self::init_on(&std::env::temp_dir(), company).await
    }

    /// The same on the disk that `place` lies on.
    ///
    /// # Errors
    /// As [`Office::init`].
    pub async fn init_on(place: &Path, company: &str) -> Result<Self, OfficeError> {
        let folder = tempfile::tempdir_in(place).map_err(OfficeError::Folder)?;
        std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).map_err(OfficeError::Folder)?;
        let office = Self { folder, running: None };
        let password = office.path("password");
        office.command(&["init", "--company", company, "--admin", ADMIN, "--password-file", &password]).await?;
        Ok(office)
    }

    /// A folder without a store: for one that is restored from a backup.
    ///
    /// # Errors
    /// When there is no room for a folder.
    pub fn without_store() -> Result<Self, OfficeError> {
        let folder = tempfile::tempdir().map_err(OfficeError::Folder)?;
        std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).map_err(OfficeError::Folder)?;
        Ok(Self { folder, running: None })
    }

    /// The same store in another folder, not served. This one must not be served either.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn copy(&self) -> Result<Self, OfficeError> {
        let folder = tempfile::tempdir().map_err(OfficeError::Folder)?;
        copy_files(self.folder.path(), folder.path()).map_err(OfficeError::Folder)?;
        Ok(Self { folder, running: None })
    }

    /// Runs `docket ARGUMENTS --data FOLDER` to its end and gives the lines it printed.
    ///
    /// The store is open in one process at a time: not while the server runs.
    ///
    /// # Errors
    /// When the program refuses.
    pub async fn command(&self, arguments: &[&str]) -> Result<Vec<String>, OfficeError> {
        let program = binary("docket")?;
        let mut command = tokio::process::Command::new(&program);
        command.args(arguments).arg("--data").arg(self.data()).kill_on_drop(true);
        let failed = |source| ProcessError::System { program: program.display().to_string(), source };
        let output = command.output().await.map_err(failed)?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if output.status.success() {
            return Ok(text.lines().map(str::to_owned).collect());
        }
        Err(OfficeError::Command { command: arguments.join(" "), status: output.status, output: text })
    }

    /// Adds a person with [`PASSWORD`].
    ///
    /// # Errors
    /// When the program refuses.
    pub async fn add_person(
        &self,
        login: &str,
        name: &str,
        roles: &[&str],
        skills: &[&str],
    ) -> Result<(), OfficeError> {
        let password = self.path("password");
        let mut arguments = vec!["user", "add", "--login", login, "--name", name, "--password-file", &password];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        arguments.extend(skills.iter().flat_map(|skill| ["--skill", skill]));
        self.command(&arguments).await.map(drop)
    }

    /// A code with which this technician enrols one device.
    ///
    /// # Errors
    /// When the program refuses.
    pub async fn enrolment_code(&self, login: &str) -> Result<String, OfficeError> {
        let arguments = ["device", "enrol", "--login", login];
        let lines = self.command(&arguments).await?;
        let code = lines.iter().find_map(|line| line.strip_prefix("Code: "));
        code.map(|code| code.trim().to_owned()).ok_or_else(|| OfficeError::Answer {
            command: arguments.join(" "),
            what: "code",
            output: lines.join("\n"),
        })
    }

    /// Starts the server on a free port of the loopback, over plain HTTP, and gives its address.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve(&mut self) -> Result<SocketAddr, OfficeError> {
        self.serve_with(&[]).await
    }

    /// The same with more options.
    ///
    /// # Errors
    /// As [`Office::serve`].
    pub async fn serve_with(&mut self, more: &[&str]) -> Result<SocketAddr, OfficeError> {
        let program = binary("docket")?;
        let data = self.data();
        let usual = ["serve", "--listen", "127.0.0.1:0", "--insecure-http", "--data", &data];
        let mut process = Process::start(&program, [usual.as_slice(), more].concat())?;
        let address = process
            .wait_for_line("the server to say where it listens", START, |line| {
                line.split_once(" on http://")?.1.trim_end_matches('/').parse().ok()
            })
            .await?;
        self.running = Some((process, address));
        Ok(address)
    }

    /// Where it listens, while it runs.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.running.as_ref().map(|(_, address)| *address)
    }

    /// The server's process, while it runs: for its usage and its output.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.running.as_mut().map(|(process, _)| process)
    }

    /// Kills the server at once (SIGKILL), as a power cut of the machine would, but for the disk's cache.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(&mut self) -> Result<(), OfficeError> {
        if let Some((mut process, _)) = self.running.take() {
            process.kill().await?;
        }
        Ok(())
    }

    /// Asks the server to end in order and waits for it.
    ///
    /// # Errors
    /// When it does not.
    pub async fn stop(&mut self) -> Result<std::process::ExitStatus, OfficeError> {
        let Some((mut process, _)) = self.running.take() else { return Ok(std::process::ExitStatus::default()) };
        process.ask_to_end().await?;
        process.wait(END).await.ok_or(OfficeError::DoesNotEnd)
    }

    /// Waits until the server ends by itself; gives how, and the process for what it printed.
    ///
    /// # Errors
    /// When none runs, or it does not end before the deadline.
    pub async fn ended(
        &mut self,
        deadline: std::time::Duration,
    ) -> Result<(std::process::ExitStatus, Process), OfficeError> {
        let (mut process, _) = self.running.take().ok_or(OfficeError::DoesNotEnd)?;
        let status = process.wait(deadline).await.ok_or(OfficeError::DoesNotEnd)?;
        Ok((status, process))
    }

    /// The store's folder.
    #[must_use]
    pub fn data(&self) -> String {
        self.path("data")
    }

    fn path(&self, name: &str) -> String {
        Path::new(self.folder.path()).join(name).display().to_string()
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for file in std::fs::read_dir(from)? {
        let file = file?;
        let target = to.join(file.file_name());
        if file.file_type()?.is_dir() {
            copy_files(&file.path(), &target)?;
        } else {
            std::fs::copy(file.path(), target)?;
        }
    }
    Ok(())
}
