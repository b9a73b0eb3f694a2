//! A phone at work, the office's list of attachments, and files to attach.

use std::net::SocketAddr;

use docket_client::sync::{AttachmentReport, SyncError, send_attachments};
use docket_client::transport::{Http, Server, TransportError};
use docket_harness::office::{ADMIN, PASSWORD};
use docket_harness::world::Trouble;
use docket_sync_core::commands::Command;
use docket_sync_core::ids::DocumentId;
use serde_json::{Value, json};

use crate::network::setting::{Phone, rest};

/// A file that is taken for a photo and shrinks nowhere.
pub(super) fn photo(bytes: usize, seed: u64) -> Vec<u8> {
    let mut file = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut file);
    file.splice(..4, *b"\xff\xd8\xff\xe0");
    file
}

impl Phone {
    /// Its technician accepts, goes there and begins.
    pub(super) fn begin_work(&mut self) -> Result<(), Trouble> {
        for step in 0..4 {
            let shown = self.client.show(self.order)?;
            let visit = shown.visit_of(self.client.person()).map(|visit| visit.id.reference());
            let command = match (step, visit) {
                (0, _) => Command::Accept,
                (1, _) => Command::Depart,
                (2, visit) => Command::Arrive { visit, place: None },
                (_, Some(visit)) => Command::Start { visit },
                (_, None) => return Err("there is no visit".into()),
            };
            self.client.execute(&shown, &command)?;
        }
        Ok(())
    }

    /// He takes a photo.
    pub(super) fn photograph(&mut self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let shown = self.client.show(self.order)?;
        self.client.add_photo(&shown, name, bytes)?;
        Ok(())
    }

    /// One round of sending over a connection of its own.
    pub(super) async fn send_files(&mut self, address: SocketAddr) -> Result<AttachmentReport, SyncError> {
        let server = Server::new(&format!("http://{address}"), None)?;
        send_attachments(self.client.replica_mut(), &mut Http::new(server)).await
    }
}

/// Whether the network failed, and nothing else.
pub(super) fn was_cut(error: &SyncError) -> bool {
    matches!(error, SyncError::Transport(TransportError::Unreachable { .. }))
}

/// The administrator's cookie.
pub(super) async fn log_in(address: SocketAddr) -> Result<String, Trouble> {
    log_in_as(address, ADMIN).await
}

/// Somebody's cookie.
pub(super) async fn log_in_as(address: SocketAddr, login: &str) -> Result<String, Trouble> {
    let given = json!({"login": login, "password": PASSWORD});
    let answer = rest(address, "POST", "/api/login", None, Some(&given)).await?;
    answer.cookie.ok_or_else(|| "a cookie".into())
}

/// The attachments of an order as the office lists them.
pub(super) async fn listed(address: SocketAddr, cookie: &str, order: DocumentId) -> Result<Vec<Value>, Trouble> {
    let answer = rest(address, "GET", &format!("/api/orders/{order}/attachments"), Some(cookie), None).await?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Ok(answer.body["items"].as_array().cloned().unwrap_or_default())
}
