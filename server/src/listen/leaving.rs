//! How much has left on a connection: bytes that the system has taken from this process, counted under TLS.
//!
//! Who waits for a slow peer sees by it whether anything moves at all. The system's own buffer is kept small
//! ([`SEND_BUFFER`]), so that what it has taken is nearly what the peer has.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower::Layer as _;

/// Bytes that the system keeps for one connection: one that is read at 4 KiB a second empties a part of it, and so
/// takes more, every few seconds. The system takes megabytes when it is left alone.
pub const SEND_BUFFER: usize = 128 * 1024;

/// Bytes that have left on one connection. Clones count together; handlers find it among their extensions.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<AtomicU64>);

impl Leaving {
    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream whose written bytes are counted.
#[derive(Debug)]
pub struct Counted {
    stream: TcpStream,
    leaving: Leaving,
}

impl Counted {
    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.leaving.0.fetch_add(u64::try_from(*bytes).unwrap_or(0), Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Accepts connections whose written bytes are counted; each request finds the count of its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CountingAcceptor;

impl<S> Accept<TcpStream, S> for CountingAcceptor {
    type Stream = Counted;
    type Service = AddExtension<S, Leaving>;
    type Future = std::future::Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let leaving = Leaving::default();
        let service = Extension(leaving.clone()).layer(service);
        let accepted = stream.set_nodelay(true).map(|()| (Counted { stream, leaving }, service));
        std::future::ready(accepted)
    }
}
