//! Carries messages to the company's server: one HTTP POST in the background, a WebSocket in the foreground.
//!
//! The server is known by the fingerprint of its certificate, given at enrolment: no public authority and no
//! host name is asked. Plain TCP is for a server on this machine only. Nothing here looks into a message.

mod address;
mod http;
mod live;
mod pin;

use core::time::Duration;

pub use address::Server;
pub use http::{Http, HttpAnswer};
pub use live::Live;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long connecting may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long one request may take from sending to the last byte: a large first pull over a slow line.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// After this long without a byte on a live connection it is pinged, and after as long again it counts as cut.
pub const LIVE_SILENCE: Duration = Duration::from_secs(30);

/// Path of one message in, one message out.
pub const SYNC_PATH: &str = "/device/sync";
/// Path of the live connection.
pub const LIVE_PATH: &str = "/device/live";
/// Path of enrolment.
pub const ENROL_PATH: &str = "/device/enrol";

/// Why a message did not get through.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address is not one of a server.
    #[error("'{0}' is not the address of a server; write https://HOST:PORT")]
    Address(String),
    /// A plain address that is not on this machine.
    #[error("http:// is for a server on this machine only; write https://")]
    PlainNotAllowed,
    /// An `https://` address without the fingerprint to know the server by.
    #[error("the fingerprint of the server's certificate is missing")]
    FingerprintMissing,
    /// The server's certificate has another fingerprint: it may be someone else.
    #[error("the server shows another certificate (fingerprint {shown}) than the one this device trusts")]
    WrongServer {
        /// Fingerprint of the certificate that was shown.
        shown: docket_sync_core::ids::Digest,
    },
    /// No connection, or it was cut: try again later.
    #[error("{attempt}: {source}")]
    Unreachable {
        /// What was attempted.
        attempt: &'static str,
        /// What the network said.
        source: Box<dyn core::error::Error + Send + Sync>,
    },
    /// The server understood and said no.
    #[error("the server refused ({status} {code}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's stable code, empty when it gave none.
        code: String,
        /// The server's sentence.
        message: String,
    },
    /// The answer is larger than a message may be.
    #[error("the server's answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not of the agreed form.
    #[error("the server's answer cannot be understood: {0}")]
    Malformed(String),
}

impl TransportError {
    fn unreachable(attempt: &'static str, source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self::Unreachable { attempt, source: source.into() }
    }
}

/// A connected stream, encrypted or (on this machine) plain.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens a stream to the server and proves that it is the pinned one.
async fn connect(server: &Server) -> Result<Box<dyn Stream>, TransportError> {
    tokio::time::timeout(CONNECT_TIMEOUT, connect_without_timeout(server))
        .await
        .map_err(|elapsed| TransportError::unreachable("connecting to the server", elapsed))?
}

async fn connect_without_timeout(server: &Server) -> Result<Box<dyn Stream>, TransportError> {
    let stream = connect_tcp(server).await?;
    // Messages are written whole; waiting for more to send only adds delay.
    stream.set_nodelay(true).map_err(|error| TransportError::unreachable("connecting to the server", error))?;
    match server.pin() {
        None => Ok(Box::new(stream)),
        Some(fingerprint) => Ok(Box::new(pin::handshake(stream, server.host(), fingerprint).await?)),
    }
}

async fn connect_tcp(server: &Server) -> Result<TcpStream, TransportError> {
    let failed = |error| TransportError::unreachable("connecting to the server", error);
    let addresses = tokio::net::lookup_host((server.host(), server.port())).await.map_err(failed)?;
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        if server.pin().is_none() && !address.ip().is_loopback() {
            return Err(TransportError::PlainNotAllowed);
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

#[cfg(test)]
mod tests;
