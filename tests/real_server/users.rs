//! The guide's own lines, one after the other, under the server's user as systemd would run it; and what is said when
//! root does what was the server's user's to do.
//!
//! Another user is needed, so they run as root; elsewhere the guide is followed by the one user there is.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use docket_harness::process::{Process, binary};
use docket_harness::world::Trouble;
use docket_server::platform::Platform;
use tempfile::TempDir;

use super::guide::{AS_SERVER, guide};

/// The server's user where root runs the tests: nobody's number.
const SERVER: u32 = 64_017;

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

/// The parts of the guide that are followed.
const FOLLOWED: [&str; 3] = ["## Install", "## Back up", "## Restore: the drill"];

/// The machine of the guide in a folder: each of its places is a folder inside.
struct Machine {
    folder: TempDir,
    user: u32,
    group: u32,
    server: Option<Process>,
    recipient: String,
}

/// Places of the guide and of the unit, and what they are in the folder.
const PLACES: [(&str, &str); 7] = [
    ("/var/lib/", "lib"),
    ("/mnt/", "mnt"),
    ("/srv/", "srv"),
    ("/run/", "run"),
    ("/usr/local/bin/", "bin"),
    ("/etc/systemd/system/", "units"),
    ("backup-key.txt", "key"),
];

impl Machine {
    fn new() -> Result<Self, Trouble> {
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let own = fs::metadata(folder.path())?;
        let is_root = own.uid() == 0;
        if !is_root {
            println!("another user needs root: the guide is followed by one user");
        }
        let (user, group) = if is_root { (SERVER, SERVER) } else { (own.uid(), own.gid()) };
        for (_, place) in PLACES {
            fs::create_dir(folder.path().join(place))?;
            fs::set_permissions(folder.path().join(place), fs::Permissions::from_mode(0o755))?;
        }
        fs::write(folder.path().join("srv/open-orders.csv"), "customer,phone,address,problem\nLin,1,Road 1,cold\n")?;
        Ok(Self { folder, user, group, server: None, recipient: String::new() })
    }

    /// Only root can be another user; elsewhere it says so.
    fn with_two_users() -> Result<Option<Self>, Trouble> {
        let machine = Self::new()?;
        if machine.user == SERVER {
            return Ok(Some(machine));
        }
        println!("skipped: needs root, to be two users");
        Ok(None)
    }

    fn path(&self, place: &str) -> PathBuf {
        self.folder.path().join(place)
    }

    /// A line of the guide as it is on this machine.
    fn here(&self, line: &str) -> String {
        let mut here = line.replace("-o docket -g docket", &format!("-o {} -g {}", self.user, self.group));
        for (place, inside) in PLACES {
            let inside = self.path(inside).display().to_string();
            let to = if place.ends_with('/') { format!("{inside}/") } else { format!("{inside}/{place}") };
            // The key has its name in more than one place.
            here = here.replace(&format!(" {place}"), &format!(" {to}"));
        }
        let now = Platform::system().clock.now().to_string();
        let here = here.replace("age1...", &self.recipient).replace("2026-11-21T08:00:00Z", &now);
        here.replace(" 0.0.0.0:8443", " 127.0.0.1:0")
    }

    fn command(&self, user: Option<(u32, u32)>, program: &Path) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program);
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        command.current_dir(self.path("srv")).env("PATH", path);
        if let Some((user, group)) = user.filter(|(user, _)| *user == SERVER) {
            command.uid(user).gid(group);
        }
        command
    }

    /// Runs a line as root or as the server's user.
    fn shell(&self, user: Option<(u32, u32)>, line: &str) -> Result<Output, Trouble> {
        Ok(self.command(user, Path::new("sh")).args(["-c", line]).output()?)
    }

    /// Runs `docket` as root.
    fn as_root(&self, arguments: &str) -> Result<(bool, String), Trouble> {
        let output = self.shell(None, &format!("docket {}", self.here(arguments)))?;
        Ok((output.status.success(), said(&output)))
    }

    fn as_server(&self, arguments: &str) -> Result<(bool, String), Trouble> {
        let output = self.shell(Some((self.user, self.group)), &format!("docket {}", self.here(arguments)))?;
        Ok((output.status.success(), said(&output)))
    }

    /// Puts the program where the guide does, without a copy where that is possible.
    fn install_program(&self) -> Result<(), Trouble> {
        let (from, to) = (binary("docket")?, self.path("bin/docket"));
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to)?;
        }
        Ok(())
    }

    /// Starts what a unit starts, as its user.
    async fn start(&mut self) -> Result<(), Trouble> {
        let unit = fs::read_to_string(self.path("units/docket.service"))?;
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).ok_or("what is started")?;
        let line = self.here(&format!(" {line}"));
        let mut words = line.split_whitespace();
        let program = PathBuf::from(words.next().ok_or("a program")?);
        let mut command = self.command(Some((self.user, self.group)), &program);
        command.args(words);
        let mut server = Process::spawn(command.into())?;
        let serves = |line: &str| line.starts_with("Docket serves ").then_some(());
        server.wait_for_line("the server to serve", DEADLINE, serves).await?;
        self.server = Some(server);
        Ok(())
    }

    /// Stops the server; gives what it said.
    async fn stop(&mut self) -> Result<String, Trouble> {
        let Some(mut server) = self.server.take() else { return Ok(String::new()) };
        server.ask_to_end().await?;
        let status = server.wait(DEADLINE).await.ok_or("the server to end")?;
        let said = server.output().join("\n");
        if status.success() { Ok(said) } else { Err(said.into()) }
    }

    /// Does what one line of the guide says.
    async fn follow(&mut self, line: &str) -> Result<String, Trouble> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            // Building is done; users and units are the machine's own.
            ["npm" | "cargo" | "useradd", ..] | ["systemctl", "daemon-reload"] => return Ok(String::new()),
            ["systemctl", "enable" | "start", ..] => return self.start().await.map(|()| String::new()),
            ["systemctl", "stop", ..] => return self.stop().await,
            ["install", "-m", "0755", "target/release/docket", ..] => {
                return self.install_program().map(|()| String::new());
            }
            _ => {}
        }
        let line = line.replace("docs/deploy", concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/deploy"));
        let output = match line.strip_prefix(AS_SERVER) {
            Some(line) => self.shell(Some((self.user, self.group)), &self.here(line))?,
            None => self.shell(None, &self.here(&line))?,
        };
        let said = said(&output);
        if !output.status.success() {
            return Err(format!("`{line}` ended with {}: {said}", output.status).into());
        }
        if let Some(recipient) = said.lines().find_map(|line| line.strip_prefix("Recipient: ")) {
            recipient.clone_into(&mut self.recipient);
        }
        Ok(said)
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// The command lines of one part of the guide.
fn lines<'a>(guide: &'a str, part: &str) -> Vec<&'a str> {
    let part = guide.lines().skip_while(|line| *line != part).skip(1).take_while(|line| !line.starts_with("## "));
    part.filter(|line| line.starts_with("    ")).map(str::trim).collect()
}

#[tokio::test]
async fn the_guide_is_followed_line_by_line_and_the_restored_store_is_served() -> Result<(), Trouble> {
    let guide = guide()?;
    let mut machine = Machine::new()?;
    for part in FOLLOWED {
        let lines = lines(&guide, part);
        assert!(lines.len() >= 4, "{part}: {lines:?}");
        for line in lines {
            // The guide says of this one that it wants the server stopped.
            if line.contains("docket healing") {
                let said = machine.stop().await?;
                assert!(said.contains("Docket serves"), "the restored store is served: {said}");
            }
            let said = machine.follow(line).await.map_err(|error| format!("{part}: {error}"))?;
            if line.contains("docket doctor") {
                assert!(said.contains("The store is sound."), "{said}");
            }
            if line.contains("docket healing") {
                assert!(
                    said.contains("Restored at"),
                    "the store in the place of the old one is the restored one: {said}"
                );
            }
        }
    }
    // A backup that the server's user has taken is read by the server: nothing is said of its record.
    machine
        .follow("runuser -u docket -- docket backup --data /var/lib/docket --to /mnt/backup --recipient age1...")
        .await?;
    machine.start().await?;
    let said = machine.stop().await?;
    assert!(!said.contains("record of the last backup"), "{said}");
    Ok(())
}

#[tokio::test]
async fn root_in_the_place_of_the_servers_user_is_refused_and_leaves_nothing_behind() -> Result<(), Trouble> {
    let Some(machine) = Machine::with_two_users()? else { return Ok(()) };
    machine.install_program()?;
    let data = machine.path("lib/docket");
    fs::create_dir(&data)?;
    chown(&data, Some(SERVER), Some(SERVER))?;
    let belongs = format!("belongs to the user with the number {SERVER}");
    let (is_done, said) = machine.as_root("init --data /var/lib/docket")?;
    assert!(!is_done && said.contains(&belongs) && said.lines().count() == 1, "{said}");
    assert_eq!(fs::read_dir(&data)?.count(), 0, "something was made");
    let (is_done, said) = machine.as_server("init --data /var/lib/docket")?;
    assert!(is_done, "{said}");
    let (is_done, key) = machine.as_root("backup key --out backup-key.txt")?;
    let recipient = key.lines().find_map(|line| line.strip_prefix("Recipient: ")).unwrap_or_default();
    assert!(is_done, "{key}");
    for command in [
        format!("backup --data /var/lib/docket --to /mnt/backup --recipient {recipient}"),
        "user add --data /var/lib/docket --login li --name Li --role technician".to_owned(),
        "serve --data /var/lib/docket --listen 127.0.0.1:0".to_owned(),
        "healing --data /var/lib/docket".to_owned(),
    ] {
        let (is_done, said) = machine.as_root(&command)?;
        assert!(!is_done && said.contains(&belongs) && !said.contains("delete"), "{command}: {said}");
    }
    assert!(!data.join("backed-up.json").exists() && !machine.path("mnt/backup").exists());
    Ok(())
}

#[tokio::test]
async fn a_store_of_roots_is_not_taken_for_one_without_keys() -> Result<(), Trouble> {
    let Some(machine) = Machine::with_two_users()? else { return Ok(()) };
    machine.install_program()?;
    // As an older program left it: root has made a store in the folder of the server's user.
    let (is_done, said) = machine.as_root("init --data /var/lib/docket")?;
    assert!(is_done, "{said}");
    chown(machine.path("lib/docket"), Some(SERVER), Some(SERVER))?;
    for command in ["serve --data /var/lib/docket --listen 127.0.0.1:0", "init --data /var/lib/docket"] {
        let (is_done, said) = machine.as_server(command)?;
        assert!(!is_done && said.contains("the user root") && said.contains("chown -R"), "{said}");
        assert!(!said.contains("delete") && !said.contains("without its keys"), "{said}");
    }
    let (is_done, said) = machine.as_root("doctor --data /var/lib/docket")?;
    assert!(!is_done && said.contains("belong to another user than the keys do"), "{said}");
    // Keys that may be seen by nobody but root, in folders that are the server's.
    for part in ["keys", "store", "tls"] {
        chown(machine.path("lib/docket").join(part), Some(SERVER), Some(SERVER))?;
    }
    let (is_done, said) = machine.as_server("serve --data /var/lib/docket --listen 127.0.0.1:0")?;
    assert!(!is_done && said.contains("store.key cannot be read by") && !said.contains("delete"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_record_of_the_last_backup_that_is_roots_is_said_in_the_log() -> Result<(), Trouble> {
    let Some(mut machine) = Machine::with_two_users()? else { return Ok(()) };
    for line in lines(&guide()?, "## Install") {
        machine.follow(line).await?;
    }
    assert!(!machine.stop().await?.contains("record of the last backup"), "before the first backup");
    for line in lines(&guide()?, "## Back up") {
        machine.follow(line).await?;
    }
    chown(machine.path("lib/docket/backed-up.json"), Some(0), Some(0))?;
    machine.start().await?;
    let said = machine.stop().await?;
    assert_eq!(said.matches("the record of the last backup cannot be read").count(), 1, "{said}");
    assert!(said.contains("as the user who runs this server"), "{said}");
    let (_, said) = machine.as_server("doctor --data /var/lib/docket")?;
    assert!(said.contains("How far the last backup went cannot be read"), "{said}");
    Ok(())
}
