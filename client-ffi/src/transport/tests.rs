//! The adapters against a real listener on this machine: pinning, limits, refusals, live messages.

#![expect(clippy::arithmetic_side_effects, reason = "offsets in a few bytes of a test")]

use std::sync::Arc;

use docket_sync_core::ids::Digest;
use docket_sync_core::limits::MESSAGE_BYTES_MAX;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;

use super::{Http, Live, Server, Stream, TransportError, pin};

/// A listener with a certificate of its own, and its fingerprint.
async fn listener() -> (TcpListener, TlsAcceptor, Digest, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["not-the-name.invalid".to_owned()]).unwrap();
    let der = certified.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let configuration = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    (listener, TlsAcceptor::from(Arc::new(configuration)), pin::fingerprint(&der), url)
}

/// Reads one request (headers and a body of the given length), answers with `answer`, as often as asked.
async fn answer_posts(stream: &mut (impl Stream + ?Sized), answers: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for answer in answers {
        let mut read = Vec::new();
        let body_at = loop {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            assert_ne!(length, 0, "the device hung up");
            read.extend_from_slice(&part[..length]);
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8(read[..body_at].to_vec()).unwrap().to_lowercase();
        let length: usize = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        while read.len() < body_at + length {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            read.extend_from_slice(&part[..length]);
        }
        bodies.push(read[body_at..].to_vec());
        stream.write_all(answer).await.unwrap();
        stream.flush().await.unwrap();
    }
    bodies
}

fn response(status: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[tokio::test]
async fn messages_go_over_one_pinned_connection() {
    let (listener, acceptor, fingerprint, url) = listener().await;
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        answer_posts(&mut stream, &[response("200 OK", b"one"), response("200 OK", b"two")]).await
    };
    let ask = async {
        let mut http = Http::new(Server::new(&url, Some(fingerprint)).unwrap());
        let first = http.post_message(b"first".to_vec()).await.unwrap();
        let second = http.post_message(vec![7; 100_000]).await.unwrap();
        (first, second)
    };
    let (bodies, answers) = tokio::join!(serve, ask);
    assert_eq!(bodies, [b"first".to_vec(), vec![7; 100_000]]);
    assert_eq!(answers, (b"one".to_vec(), b"two".to_vec()));
}

#[tokio::test]
async fn another_certificate_is_refused_before_a_byte_is_sent() {
    let (listener, acceptor, fingerprint, url) = listener().await;
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.map(drop).is_err()
    };
    let ask = async {
        let server = Server::new(&url, Some(Digest([9; 32]))).unwrap();
        Http::new(server).post_message(b"secret".to_vec()).await
    };
    let (hung_up, answer) = tokio::join!(serve, ask);
    assert!(hung_up, "the handshake must not succeed for the server either");
    assert!(matches!(answer, Err(TransportError::WrongServer { shown }) if shown == fingerprint), "{answer:?}");
}

#[tokio::test]
async fn a_refusal_carries_the_servers_code_and_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = br#"{"code":"code_expired","message":"The code has expired.","field":null}"#;
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        answer_posts(&mut stream, &[response("410 Gone", body)]).await
    };
    let mut http = Http::new(Server::new(&url, None).unwrap());
    let request = serde_json::json!({"code": "x"});
    let (_, answer) = tokio::join!(serve, http.post_enrolment(&request));
    let Err(TransportError::Refused { status: 410, code, message }) = answer else { panic!("{answer:?}") };
    assert_eq!((code.as_str(), message.as_str()), ("code_expired", "The code has expired."));
}

#[tokio::test]
async fn an_answer_above_the_limit_is_not_swallowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MESSAGE_BYTES_MAX + 1);
        let mut part = [0; 4096];
        assert_ne!(stream.read(&mut part).await.unwrap(), 0);
        stream.write_all(head.as_bytes()).await.unwrap();
        // The device hangs up in the middle: writing then fails.
        drop(stream.write_all(&vec![0; MESSAGE_BYTES_MAX + 1]).await);
    };
    let mut http = Http::new(Server::new(&url, None).unwrap());
    let (answer, ()) = tokio::join!(
        async {
            let answer = http.post_message(Vec::new()).await;
            drop(http);
            answer
        },
        serve
    );
    assert!(matches!(answer, Err(TransportError::TooLarge { limit: MESSAGE_BYTES_MAX })), "{answer:?}");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let answer = Http::new(Server::new(&url, None).unwrap()).post_message(Vec::new()).await;
    assert!(matches!(answer, Err(TransportError::Unreachable { .. })), "{answer:?}");
}

#[tokio::test]
async fn live_messages_go_both_ways_until_the_server_closes() {
    let (listener, acceptor, fingerprint, url) = listener().await;
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let received = socket.next().await.unwrap().unwrap();
        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        socket.send(received).await.unwrap();
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    };
    let talk = async {
        let mut live = Live::connect(&Server::new(&url, Some(fingerprint)).unwrap()).await.unwrap();
        live.send(vec![3; 70_000]).await.unwrap();
        assert_eq!(live.receive().await.unwrap(), Some(vec![3; 70_000]));
        assert_eq!(live.receive().await.unwrap(), None);
        live.close().await;
    };
    tokio::join!(serve, talk);
}
