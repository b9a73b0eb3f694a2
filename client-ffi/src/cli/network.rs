//! The two commands that need a network: enrolling and syncing.

use core::time::Duration;

use docket_sync_core::ids::Digest;
use docket_sync_core::proof::enrolment::EnrolmentAnswer;

use super::args;
use super::error::CliError;
use super::messages::{filled, text};
use super::{App, TerminalClient, open_store, platform};
use crate::enrolment::{EnrolledAt, accept, request};
use crate::replica::DeviceReplica;
use crate::store::DeviceStore;
use crate::sync::{AttachmentReport, LiveEnd, SyncError, SyncReport, live, post, send_attachments};
use crate::transport::{Http, Server, TransportError};

/// Milliseconds of the first pause before a lost live connection is opened again; it doubles up to the last.
const RECONNECT_FIRST_MS: u64 = 500;
const RECONNECT_LAST_MS: u64 = 30_000;

impl App<'_> {
    pub(super) fn enrol(&mut self, asked: &args::Enrol) -> Result<(), CliError> {
        let fingerprint = asked.fingerprint.as_deref().map(fingerprint).transpose()?;
        let server = Server::new(&asked.server, fingerprint)?;
        let platform = platform(&self.data)?;
        let mut store = open_store(&self.data, &platform)?;
        let question = request(&store, &platform, &asked.code)?;
        let question = serde_json::to_value(&question).map_err(|error| TransportError::Malformed(error.to_string()))?;
        let at = EnrolledAt { server: server.url(), fingerprint: server.pin() };
        let answer = runtime()?.block_on(Http::new(server).post_enrolment(&question))?;
        let answer: EnrolmentAnswer =
            serde_json::from_value(answer).map_err(|error| TransportError::Malformed(error.to_string()))?;
        let identity = accept(&mut store, &platform, &answer, at)?;
        if self.json {
            return self.say_json(&serde_json::json!({
                "device": identity.device, "store": identity.store, "person": identity.person,
            }));
        }
        self.say(&filled("device.said.enrolled", self.language, &[("device", &identity.device.to_string())]))
    }

    pub(super) fn sync(&mut self, asked: &args::Sync) -> Result<(), CliError> {
        let mut client = self.open()?;
        let identity = client.replica().identity();
        let server = Server::new(&identity.server, identity.fingerprint)?;
        let runtime = runtime()?;
        if asked.live {
            let session = self.stay(&mut client, &server);
            return match asked.seconds {
                Some(seconds) => runtime.block_on(async {
                    let limit = Duration::from_secs(seconds);
                    tokio::time::timeout(limit, session).await.unwrap_or(Ok(()))
                }),
                None => runtime.block_on(session),
            };
        }
        let mut http = Http::new(server);
        let report = runtime.block_on(post(client.replica_mut(), &mut http))?;
        // Documents first, and told: a photo that cannot be sent holds nothing up.
        self.say_report(&report)?;
        let sent = runtime.block_on(send_attachments(client.replica_mut(), &mut http))?;
        self.say_attachments(sent)
    }

    fn say_attachments(&mut self, report: AttachmentReport) -> Result<(), CliError> {
        if self.json || report == AttachmentReport::default() {
            return Ok(());
        }
        let (sent, waiting, refused) =
            (report.sent.to_string(), report.waiting.to_string(), report.refused.to_string());
        let values = [("sent", sent.as_str()), ("waiting", &waiting), ("refused", &refused)];
        self.say(&filled("device.said.attachments_sent", self.language, &values))
    }

    fn say_report(&mut self, report: &SyncReport) -> Result<(), CliError> {
        if self.json {
            return self.say_json(&serde_json::json!({
                "sent": report.sent, "unsent": report.unsent, "verified": report.verified, "rounds": report.rounds,
            }));
        }
        let (sent, unsent) = (report.sent.to_string(), report.unsent.to_string());
        self.say(&filled("device.said.synced", self.language, &[("sent", &sent), ("unsent", &unsent)]))?;
        self.say(text(verified_key(report.verified), self.language))
    }

    /// Stays connected, showing what changes, until the program is ended or the server refuses for good.
    async fn stay(&mut self, client: &mut TerminalClient, server: &Server) -> Result<(), CliError> {
        let mut pause = RECONNECT_FIRST_MS;
        loop {
            // Before the line is taken by the live session; what is attached later goes with the next one.
            match send_attachments(client.replica_mut(), &mut Http::new(server.clone())).await {
                Ok(report) => self.say_attachments(report)?,
                Err(SyncError::Replica(error)) => return Err(error.into()),
                // The live session says what is wrong with the line.
                Err(_) => {}
            }
            let mut last = None;
            let end = live(client.replica_mut(), server, |replica| {
                pause = RECONNECT_FIRST_MS;
                let now = Seen::of(replica);
                if last != Some(now) {
                    last = Some(now);
                    // Output that cannot be written ends the program at its next command.
                    drop(self.say_seen(now));
                }
                false
            });
            match end.await {
                Ok(LiveEnd::Again | LiveEnd::Enough) => {}
                Err(SyncError::Transport(error @ TransportError::Unreachable { .. })) => {
                    self.say(&filled("device.said.unreachable", self.language, &[("problem", &error.to_string())]))?;
                }
                Err(SyncError::Stopped(stop)) if stop.retry_after_ms.is_some() => {
                    pause = stop.retry_after_ms.unwrap_or(pause).min(RECONNECT_LAST_MS);
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
            pause = pause.saturating_mul(2).min(RECONNECT_LAST_MS);
        }
    }

    fn say_seen(&mut self, seen: Seen) -> Result<(), CliError> {
        if self.json {
            let line = serde_json::json!({"number": seen.number, "unsent": seen.unsent, "verified": seen.verified});
            writeln!(self.out, "{line}")?;
        } else {
            let (number, unsent) = (seen.number.to_string(), seen.unsent.to_string());
            let verified = text(verified_key(seen.verified), self.language);
            let values = [("number", number.as_str()), ("unsent", &unsent), ("verified", verified)];
            self.say(&filled("device.said.live", self.language, &values))?;
        }
        Ok(self.out.flush()?)
    }
}

/// What a live session shows when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    number: u64,
    unsent: usize,
    verified: Option<bool>,
}

impl Seen {
    fn of<S: DeviceStore>(replica: &DeviceReplica<S>) -> Self {
        let state = replica.state();
        let unsent = replica.journal().filter(|entry| entry.waits()).count();
        Self { number: state.cursor.map_or(0, |cursor| cursor.number), unsent, verified: state.verified }
    }
}

/// The sentence about a comparison of digests.
pub(super) fn verified_key(verified: Option<bool>) -> &'static str {
    match verified {
        Some(true) => "device.said.verified",
        Some(false) => "device.said.differs",
        None => "device.said.not_compared",
    }
}

/// A fingerprint as people write it: spaces, colons, hyphens and capitals do not matter.
fn fingerprint(text: &str) -> Result<Digest, CliError> {
    let digits: String = text.chars().filter(|char| !matches!(char, ' ' | ':' | '-')).collect();
    let digits = digits.to_lowercase();
    digits.parse().map_err(|_ignored| CliError::Value { what: "device.error.fingerprint", value: text.to_owned() })
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
