use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::routing::get;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    url: String,
    stop: Arc<Notify>,
    task: JoinHandle<Result<(), ListenError>>,
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn start(transport: Transport, router: Router) -> Running {
    let listener = Listener::bind(any_port(), transport).unwrap();
    let (address, url, stop) = (listener.address(), listener.url(), Arc::new(Notify::new()));
    let signal = Arc::clone(&stop);
    let task = tokio::spawn(listener.serve(router, async move { signal.notified().await }));
    Running { address, url, stop, task }
}

impl Running {
    async fn end(self) {
        self.stop.notify_one();
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap().unwrap();
    }
}

fn peer() -> Router {
    Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }))
}

async fn request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // A peer that closes TLS without a farewell is an error of `read_to_end`; what came is what counts.
    let _bytes = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn tls_stream(
    address: SocketAddr,
    certificate: CertificateDer<'static>,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await.unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

#[tokio::test]
async fn tls_with_a_certificate_of_our_own_making() {
    let folder = tempfile::tempdir().unwrap();
    let identity = TlsIdentity::load_or_make(folder.path(), &[]).unwrap();
    let running = start(Transport::Tls(identity), peer());
    assert_eq!(running.url, format!("https://{}", running.address));
    let certificate = CertificateDer::from_pem_file(folder.path().join("certificate.pem")).unwrap();
    let answer = request(&mut tls_stream(running.address, certificate).await).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
    running.end().await;
}

#[tokio::test]
async fn plain_http_on_this_machine_only() {
    let running = start(Transport::InsecureHttp, peer());
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    assert!(request(&mut stream).await.starts_with("HTTP/1.1 200"));
    running.end().await;
    let error = Listener::bind("0.0.0.0:0".parse().unwrap(), Transport::InsecureHttp).unwrap_err();
    assert!(matches!(error, ListenError::InsecureAddress { address } if address.ip() == IpAddr::from([0, 0, 0, 0])));
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_ends() {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at_entry, at_exit) = (Arc::clone(&entered), Arc::clone(&go_on));
    let slow = get(move || async move {
        at_entry.notify_one();
        at_exit.notified().await;
        "done"
    });
    let running = start(Transport::InsecureHttp, Router::new().route("/", slow));
    let address = running.address;
    let client = tokio::spawn(async move { request(&mut TcpStream::connect(address).await.unwrap()).await });
    tokio::time::timeout(DEADLINE, entered.notified()).await.unwrap();
    running.stop.notify_one();
    // New connections are refused once the end has begun.
    tokio::time::timeout(DEADLINE, async { while TcpStream::connect(address).await.is_ok() {} }).await.unwrap();
    assert!(!running.task.is_finished());
    go_on.notify_one();
    assert!(client.await.unwrap().ends_with("done"));
    tokio::time::timeout(DEADLINE, running.task).await.unwrap().unwrap().unwrap();
}

#[test]
fn a_busy_port_says_what_to_do() {
    let first = Listener::bind(any_port(), Transport::InsecureHttp).unwrap();
    let error = Listener::bind(first.address(), Transport::InsecureHttp).unwrap_err();
    let expected = "is in use by another program: stop it, or choose another port with --listen";
    assert_eq!(error.to_string(), format!("{} {expected}", first.address()));
    let error = Listener::bind("192.0.2.1:1".parse().unwrap(), Transport::Tls(some_identity())).unwrap_err();
    assert!(matches!(error, ListenError::Address { .. }), "{error}");
}

#[test]
fn an_open_address_is_shown_as_this_machine() {
    let listener = Listener::bind("0.0.0.0:0".parse().unwrap(), Transport::Tls(some_identity())).unwrap();
    assert_eq!(listener.url(), format!("https://127.0.0.1:{}", listener.address().port()));
}

fn some_identity() -> TlsIdentity {
    TlsIdentity::load_or_make(tempfile::tempdir().unwrap().path(), &[]).unwrap()
}
