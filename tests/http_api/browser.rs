//! The office page in a real browser against the real routes: a state change that a device makes arrives
//! without a reload, and the customer's signature is drawn and marked verified.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use docket_harness::world::{Trouble, World};
use docket_server::auth::password::{PasswordCost, hash};
use docket_server::auth::people::NewPerson;
use docket_server::listen::tls::TlsIdentity;
use docket_server::listen::{ListenError, Listener, Transport};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use docket_sync_core::reference::Language;
use docket_sync_core::time::MINUTE;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::work_and_sign;

/// How long the browser may take for one step, start included.
const STEP: Duration = Duration::from_secs(60);

/// Where the browser is; the set-up names it, else the usual places are looked at.
pub(crate) fn chromium() -> Result<PathBuf, Trouble> {
    let named = std::env::var_os("DOCKET_CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    named
        .into_iter()
        .chain(usual)
        .find(|path| path.exists())
        .ok_or_else(|| "no Chromium is installed: run `cargo xtask setup`, which installs it or says how".into())
}

/// Runs a script of the browser's to its end; gives what it said. One that fails or does not end in time is an error.
pub(crate) async fn script(name: &str, arguments: &[&Path], most: Duration) -> Result<String, Trouble> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let mut command = tokio::process::Command::new("node");
    command.arg(name).args(arguments).current_dir(folder).env("CHROMIUM", chromium()?).kill_on_drop(true);
    let output = tokio::time::timeout(most, command.output()).await??;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() { Ok(said) } else { Err(format!("{name}: {said}").into()) }
}

/// How long everything against the stand-in may take: 31 pages in two widths and languages, and every form twice.
const STAND_IN: Duration = Duration::from_secs(240);

#[tokio::test]
async fn the_page_stands_a_server_that_misbehaves() -> Result<(), Trouble> {
    let said = script("stand_in.mjs", &[], STAND_IN).await?;
    let steps = said.lines().filter(|line| line.starts_with("ok: ")).count();
    assert!(steps >= 15, "{said}");
    Ok(())
}

/// Who logs in: he may do whatever an office does.
pub(super) const LOGIN: &str = "zhao";
pub(super) const PASSWORD: &str = "open-the-office";

/// The real routes of a world's office over TLS, with a person who may log in.
pub(super) struct Served {
    pub(super) url: String,
    pub(super) person: PersonId,
    serving: JoinHandle<Result<(), ListenError>>,
    _keys: TempDir,
}

impl Served {
    pub(super) async fn begin(world: &World) -> Result<Self, Trouble> {
        let cheap = PasswordCost { memory_kib: 64, iterations: 1, lanes: 1 };
        let secret = hash(PASSWORD, world.office.platform.bytes(), cheap)?;
        let roles = [Role::Clerk, Role::Dispatcher, Role::Supervisor];
        let person = NewPerson::new(LOGIN, "赵敏", roles, [], Language::En)?;
        let person = world.office.committer.run(move |writer| writer.add_person(person, Some(secret), None)).await?;
        let keys = tempfile::tempdir()?;
        let tls = TlsIdentity::load_or_make(keys.path(), &[])?;
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Transport::Tls(tls.clone()))?;
        let url = listener.url();
        let router = docket_server::app::router(world.office.clone(), Some(tls.fingerprint()));
        let serving = tokio::spawn(listener.serve(router, world.office.stopping()));
        Ok(Self { url, person: person.id, serving, _keys: keys })
    }

    pub(super) async fn end(self, world: &World) -> Result<(), Trouble> {
        world.office.stop();
        self.serving.await??;
        Ok(())
    }
}

/// A script that waits for this side between its steps.
pub(super) struct Script {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Script {
    pub(super) fn start(name: &str, variables: &[(&str, &str)]) -> Result<Self, Trouble> {
        let mut child = tokio::process::Command::new("node")
            .arg(name)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("browser"))
            .envs(variables.iter().copied())
            .env("CHROMIUM", chromium()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or("the script's input")?;
        let output = BufReader::new(child.stdout.take().ok_or("the script's output")?).lines();
        Ok(Self { child, input, output })
    }

    /// Waits until the script has ended, and ended well.
    pub(super) async fn ended(mut self) -> Result<(), Trouble> {
        let status = tokio::time::timeout(STEP, self.child.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("the browser script failed: {status}").into()) }
    }

    /// Waits until the script says that it has come to `step`.
    pub(super) async fn ready(&mut self, step: &str) -> Result<(), Trouble> {
        let line = tokio::time::timeout(STEP, self.output.next_line()).await??;
        let line = line.ok_or_else(|| format!("the browser ended before it came to '{step}'"))?;
        if line == step { Ok(()) } else { Err(format!("the browser says '{line}', expected '{step}'").into()) }
    }

    pub(super) async fn go(&mut self, words: &str) -> Result<(), Trouble> {
        self.input.write_all(format!("{words}\n").as_bytes()).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_office_page_shows_a_devices_work_live_and_the_signature_drawn() -> Result<(), Trouble> {
    // 1. A company with a person who may log in, an order that is given to Li, and the real routes over TLS.
    let world = World::new(61).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    let serial =
        world.view(order).await?.request.as_ref().and_then(|request| request.serial.clone()).ok_or("a serial")?;
    let served = Served::begin(&world).await?;

    // 2. The browser logs in and sees the order dispatched.
    let mut script = Script::start(
        "office.mjs",
        &[
            ("DOCKET_URL", &served.url),
            ("DOCKET_LOGIN", LOGIN),
            ("DOCKET_PASSWORD", PASSWORD),
            ("DOCKET_SERIAL", &serial),
        ],
    )?;
    script.ready("ready: list dispatched").await?;

    // 3. Li accepts, works and lets the customer sign, offline; then he has signal.
    let shown = li.client.show(order)?;
    li.client.execute(&shown, &Command::Accept)?;
    work_and_sign(&mut li, order)?;
    world.pass(60 * MINUTE);
    world.sync(&mut li).await?;
    script.go("go completed").await?;

    // 4. The row changed without a reload; the order shows the signature, drawn and verified.
    script.ready("ready: changed completed").await?;
    script.go("go").await?;
    script.ready("ready: order completed").await?;
    script.go("go").await?;
    script.ended().await?;
    served.end(&world).await
}
