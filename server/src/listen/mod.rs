//! The listening socket: TLS or, on this machine only, plain HTTP; and how a server ends in order.
//!
//! Ending: no new connection is accepted, requests under way may finish within [`DRAIN`], then connections are
//! closed. Streams that never end by themselves (events, live devices) must end on the same signal.

pub mod leaving;
pub mod tls;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;

use leaving::{CountingAcceptor, SEND_BUFFER};
pub use tls::{TlsError, TlsIdentity, grouped};

/// How long requests under way may take when the server ends.
pub const DRAIN: Duration = Duration::from_secs(10);

/// How long a client may take to send the head of a request, and to shake hands for TLS.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// HTTP/2 streams at once on one connection; the office page needs two.
const STREAMS_MAX: u32 = 100;

/// How connections are protected.
#[derive(Debug, Clone)]
pub enum Transport {
    /// TLS.
    Tls(TlsIdentity),
    /// None: for measurements on this machine.
    InsecureHttp,
}

/// Why the server does not listen, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error("{address} is in use by another program: stop it, or choose another port with --listen")]
    Busy {
        /// The address.
        address: SocketAddr,
    },
    /// The system does not allow this port.
    #[error("the system does not let this user listen on {address}: choose a port above 1023 with --listen")]
    NotAllowed {
        /// The address.
        address: SocketAddr,
    },
    /// The machine has no such address, or something else is wrong with it.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Plain HTTP would be readable on the network.
    #[error("--insecure-http is for this machine only (127.0.0.1 or [::1]), not for {address}")]
    InsecureAddress {
        /// The address.
        address: SocketAddr,
    },
    /// Accepting connections failed.
    #[error("the server stopped listening on {address}: {source}")]
    Serving {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A bound address. Connections wait until [`Listener::serve`].
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    transport: Transport,
}

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    pub fn bind(address: SocketAddr, transport: Transport) -> Result<Self, ListenError> {
        if matches!(transport, Transport::InsecureHttp) && !address.ip().is_loopback() {
            return Err(ListenError::InsecureAddress { address });
        }
        let failed = |source: io::Error| {
            if source.kind() == io::ErrorKind::AddrInUse {
                ListenError::Busy { address }
            } else if source.kind() == io::ErrorKind::PermissionDenied {
                ListenError::NotAllowed { address }
            } else {
                ListenError::Address { address, source }
            }
        };
        let socket = TcpListener::bind(address).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Self { socket, address, transport }.with_send_buffer(SEND_BUFFER)
    }

    /// The same with another size of the system's buffer for each connection, in bytes.
    pub fn with_send_buffer(self, bytes: usize) -> Result<Self, ListenError> {
        // Accepted connections inherit it.
        let set = rustix::net::sockopt::set_socket_send_buffer_size(&self.socket, bytes);
        let address = self.address;
        set.map_err(|error| ListenError::Address { address, source: error.into() })?;
        Ok(self)
    }

    /// The address that is really bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a browser on this machine reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        match self.transport {
            Transport::Tls(_) => format!("https://{address}"),
            Transport::InsecureHttp => format!("http://{address}"),
        }
    }

    /// Answers requests by `router` until `shutdown` is ready, then ends in order. Handlers may extract
    /// `ConnectInfo<SocketAddr>`.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()> + Send) -> Result<(), ListenError> {
        let Self { socket, address, transport } = self;
        let serving = |source| ListenError::Serving { address, source };
        let handle = axum_server::Handle::new();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let mut server = axum_server::from_tcp(socket).map_err(serving)?.handle(handle.clone());
        let builder = server.http_builder();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
        let running = async {
            match transport {
                Transport::Tls(identity) => {
                    let config = RustlsConfig::from_config(identity.config);
                    let tls = RustlsAcceptor::new(config).handshake_timeout(HEAD_TIMEOUT);
                    server.acceptor(tls.acceptor(CountingAcceptor)).serve(service).await
                }
                Transport::InsecureHttp => server.acceptor(CountingAcceptor).serve(service).await,
            }
        };
        tokio::pin!(running);
        tokio::select! {
            result = &mut running => return result.map_err(serving),
            () = shutdown => handle.graceful_shutdown(Some(DRAIN)),
        }
        running.await.map_err(serving)
    }
}

#[cfg(test)]
mod tests;
