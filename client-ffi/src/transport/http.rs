//! One HTTP/1.1 connection: messages and JSON documents, each a POST.

use docket_sync_core::limits::MESSAGE_BYTES_MAX;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::{ENROL_PATH, REQUEST_TIMEOUT, SYNC_PATH, Server, TransportError, connect};

/// A connection that is opened when it is needed, kept for the next request, and opened again when it was cut.
#[derive(Debug)]
pub struct Http {
    server: Server,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Http {
    /// A connection to `server`, not yet opened.
    #[must_use]
    pub fn new(server: Server) -> Self {
        Self { server, sender: None }
    }

    /// Sends one sync message; gives the server's message.
    ///
    /// # Errors
    /// When it did not get through, or was refused. Whether the server has it is then unknown; messages may
    /// be sent again.
    pub async fn post_message(&mut self, message: Vec<u8>) -> Result<Vec<u8>, TransportError> {
        self.post(SYNC_PATH, "application/octet-stream", message).await
    }

    /// Enrols: sends a JSON document, gives the server's.
    ///
    /// # Errors
    /// As [`Self::post_message`], and when the answer is not JSON.
    pub async fn post_enrolment(&mut self, request: &serde_json::Value) -> Result<serde_json::Value, TransportError> {
        let answer = self.post(ENROL_PATH, "application/json", request.to_string().into_bytes()).await?;
        serde_json::from_slice(&answer).map_err(|error| TransportError::Malformed(error.to_string()))
    }

    /// One request of any method; whatever the server answers is an answer.
    ///
    /// # Errors
    /// When it did not get through; whether the server has it is then unknown.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<HttpAnswer, TransportError> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|error| TransportError::unreachable("making the request", error))?;
        let exchange = tokio::time::timeout(REQUEST_TIMEOUT, self.send(method, path, headers, body)).await;
        let result =
            exchange.unwrap_or_else(|elapsed| Err(TransportError::unreachable("waiting for the server", elapsed)));
        if result.is_err() {
            self.sender = None;
        }
        result
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<HttpAnswer, TransportError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.authority())
            .header(USER_AGENT, concat!("docket-device/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| TransportError::unreachable("making the request", error))?;
        let sender = self.ready_sender().await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| TransportError::unreachable("sending to the server", error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MESSAGE_BYTES_MAX).collect().await.map_err(from_body)?;
        Ok(HttpAnswer { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes().into() })
    }

    async fn post(&mut self, path: &str, media_type: &str, body: Vec<u8>) -> Result<Vec<u8>, TransportError> {
        let exchange = tokio::time::timeout(REQUEST_TIMEOUT, self.exchange(path, media_type, body)).await;
        let result =
            exchange.unwrap_or_else(|elapsed| Err(TransportError::unreachable("waiting for the server", elapsed)));
        if result.is_err() {
            // After a failure the connection may be in the middle of something.
            self.sender = None;
        }
        result
    }

    async fn exchange(&mut self, path: &str, media_type: &str, body: Vec<u8>) -> Result<Vec<u8>, TransportError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, self.server.authority())
            .header(USER_AGENT, concat!("docket-device/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, media_type)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| TransportError::unreachable("making the request", error))?;
        let sender = self.ready_sender().await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| TransportError::unreachable("sending to the server", error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MESSAGE_BYTES_MAX).collect().await.map_err(from_body)?;
        let body = body.to_bytes();
        if status == StatusCode::OK || status == StatusCode::CREATED {
            Ok(body.into())
        } else {
            Err(refusal(status, &body))
        }
    }

    /// The kept connection if it is still good, otherwise a new one.
    async fn ready_sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, TransportError> {
        let kept = match self.sender.take() {
            Some(mut sender) => sender.ready().await.is_ok().then_some(sender),
            None => None,
        };
        let sender = match kept {
            Some(sender) => sender,
            None => open(&self.server).await?,
        };
        Ok(self.sender.insert(sender))
    }
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    headers: hyper::HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// A header's value, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The server's stable code, empty where it gave none.
    #[must_use]
    pub fn code(&self) -> String {
        serde_json::from_slice::<ErrorBody>(&self.body).map(|error| error.code).unwrap_or_default()
    }

    /// The answer as a refusal.
    #[must_use]
    pub fn refusal(&self) -> TransportError {
        refusal(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &self.body)
    }
}

async fn open(server: &Server) -> Result<SendRequest<Full<Bytes>>, TransportError> {
    let stream = connect(server).await?;
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| TransportError::unreachable("connecting to the server", error))?;
    // The task ends when the sender is dropped or the connection is cut; its errors reach the sender.
    drop(tokio::spawn(async move { drop(connection.await) }));
    Ok(sender)
}

fn from_body(error: Box<dyn core::error::Error + Send + Sync>) -> TransportError {
    if error.is::<LengthLimitError>() {
        TransportError::TooLarge { limit: MESSAGE_BYTES_MAX }
    } else {
        TransportError::unreachable("receiving from the server", error)
    }
}

/// The server's error form: `{"code", "message", "field"}`.
#[derive(serde::Deserialize)]
struct ErrorBody {
    code: String,
    message: String,
}

fn refusal(status: StatusCode, body: &[u8]) -> TransportError {
    let (code, message) = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(error) => (error.code, error.message),
        Err(_) => (String::new(), status.canonical_reason().unwrap_or("no reason given").to_owned()),
    };
    TransportError::Refused { status: status.as_u16(), code, message }
}
