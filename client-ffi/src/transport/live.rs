//! The live connection: a WebSocket (RFC 6455) that carries whole messages, binary, uncompressed.
//!
//! Messages are compressed inside, where that pays; the permessage-deflate extension is not offered.

use docket_sync_core::limits::MESSAGE_BYTES_MAX;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::{CONNECT_TIMEOUT, LIVE_PATH, LIVE_SILENCE, REQUEST_TIMEOUT, Server, Stream, TransportError, connect};

/// Read at once; the socket's library fills that much with zeros before every read.
const READ_BUFFER: usize = 16 * 1024;

/// An open live connection. Dropping it cuts it, which is harmless.
pub struct Live {
    socket: WebSocketStream<Box<dyn Stream>>,
}

impl core::fmt::Debug for Live {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Live {
    /// Connects to the server.
    ///
    /// # Errors
    /// When there is no connection, the server is another one, or it refuses.
    pub async fn connect(server: &Server) -> Result<Self, TransportError> {
        let stream = connect(server).await?;
        let scheme = if server.pin().is_some() { "wss" } else { "ws" };
        let request = format!("{scheme}://{}{LIVE_PATH}", server.authority())
            .into_client_request()
            .map_err(|error| TransportError::unreachable("making the request", error))?;
        let configuration = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX))
            .read_buffer_size(READ_BUFFER);
        let handshake = tokio_tungstenite::client_async_with_config(request, stream, Some(configuration));
        let (socket, _response) = tokio::time::timeout(CONNECT_TIMEOUT, handshake)
            .await
            .map_err(|elapsed| TransportError::unreachable("connecting to the server", elapsed))?
            .map_err(from_socket)?;
        Ok(Self { socket })
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When the connection was cut. Whether the server has the message is then unknown.
    pub async fn send(&mut self, message: Vec<u8>) -> Result<(), TransportError> {
        self.transmit(Message::Binary(message.into())).await
    }

    /// The server's next message; `None` when the server closed the connection.
    ///
    /// Cancelling it loses nothing. While nothing comes it asks whether the server is still there.
    ///
    /// # Errors
    /// When the connection was cut or the server sent something else.
    pub async fn receive(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let mut asked = false;
        loop {
            let next = match tokio::time::timeout(LIVE_SILENCE, self.socket.next()).await {
                Ok(next) => next,
                Err(elapsed) if asked => return Err(TransportError::unreachable("waiting for the server", elapsed)),
                Err(_) => {
                    self.transmit(Message::Ping(Bytes::new())).await?;
                    asked = true;
                    continue;
                }
            };
            asked = false;
            match next {
                None | Some(Ok(Message::Close(_))) => return Ok(None),
                Some(Ok(Message::Binary(message))) => return Ok(Some(message.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_) | Message::Frame(_))) => {
                    return Err(TransportError::Malformed("a text message on the live connection".to_owned()));
                }
                Some(Err(error)) => return Err(from_socket(error)),
            }
        }
    }

    /// Says goodbye; errors do not matter any more.
    pub async fn close(mut self) {
        drop(tokio::time::timeout(CONNECT_TIMEOUT, self.socket.close(None)).await);
    }

    async fn transmit(&mut self, message: Message) -> Result<(), TransportError> {
        tokio::time::timeout(REQUEST_TIMEOUT, self.socket.send(message))
            .await
            .map_err(|elapsed| TransportError::unreachable("sending to the server", elapsed))?
            .map_err(from_socket)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows")]
fn from_socket(error: Error) -> TransportError {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => TransportError::TooLarge { limit: MESSAGE_BYTES_MAX },
        Error::Http(response) => TransportError::Refused {
            status: response.status().as_u16(),
            code: String::new(),
            message: "no live connection".to_owned(),
        },
        other => TransportError::unreachable("talking with the server", other),
    }
}
