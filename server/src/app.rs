//! The whole server put together: routes and reactors over one office.

use std::sync::Arc;

use axum::Router;
use docket_sync_core::ids::Digest;

use crate::commit::CommitError;
use crate::feed::adapter::Patience;
use crate::office::Office;

/// Every route of the server. `certificate` is BLAKE3 of the TLS certificate that clients see, where there is one.
pub fn router(office: Arc<Office>, certificate: Option<Digest>) -> Router {
    router_with(office, certificate, Patience::USUAL)
}

/// The same with another patience for devices on live sockets.
pub fn router_with(office: Arc<Office>, certificate: Option<Digest>, patience: Patience) -> Router {
    crate::api::router(office, certificate, patience)
}

/// Running reactors.
#[derive(Debug, Default)]
pub struct Reactors {
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Reactors {
    /// Waits until every reactor has ended; they end when the office stops.
    pub async fn finished(self) {
        for task in self.tasks {
            let _ended = task.await;
        }
    }
}

/// Starts what consumes the log: dispatch and callbacks.
///
/// # Errors
/// When the company's policy cannot be read.
pub fn start_reactors(office: &Arc<Office>) -> Result<Reactors, CommitError> {
    // Read here once, so that a server does not start under a policy that no reactor can apply.
    {
        let _durable = office.hub.read();
        crate::company::policy(office.store.as_ref(), office.identity.store)?;
    }
    let mut tasks = crate::reactor::spawn_all(office);
    tasks.push(tokio::spawn(crate::attachments::collect::run(office.clone())));
    Ok(Reactors { tasks })
}
