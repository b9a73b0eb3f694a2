//! The real server process: it starts, ends in order, survives being killed, and refuses a second one.

use docket_harness::office::{Office, OfficeError, PASSWORD};
use docket_harness::proxy::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The status line of the answer to `GET path`.
async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// Whether somebody answers there, and not with an error of the server.
async fn answers(address: std::net::SocketAddr) -> bool {
    let status = get(address, "/healthz").await;
    status.starts_with("HTTP/1.1 ") && !status.starts_with("HTTP/1.1 5")
}

async fn office() -> Office {
    Office::init("Test company").await.unwrap()
}

#[tokio::test]
async fn the_server_answers_and_ends_in_order() {
    let mut office = office().await;
    let address = office.serve().await.unwrap();
    assert!(answers(address).await);
    assert!(office.process().unwrap().usage().unwrap().memory_bytes > 1_000_000);
    assert!(office.stop().await.unwrap().success());
}

#[tokio::test]
async fn a_killed_server_starts_again_on_the_same_store() {
    let mut office = office().await;
    office.serve().await.unwrap();
    office.kill().await.unwrap();
    assert_eq!(office.address(), None);
    let address = office.serve().await.unwrap();
    assert!(answers(address).await);
}

#[tokio::test]
async fn a_second_server_on_one_store_is_refused_with_a_sentence() {
    let mut office = office().await;
    office.serve().await.unwrap();
    let error = office.command(&["serve", "--listen", "127.0.0.1:0", "--insecure-http"]).await.unwrap_err();
    let OfficeError::Command { output, .. } = error else { panic!("{error}") };
    assert!(output.contains("docket: "), "{output}");
}

#[tokio::test]
async fn people_and_codes_are_made_before_the_server_runs() {
    let office = office().await;
    office.add_person("li", "李师傅", &["technician"], &["gas"]).await.unwrap();
    let code = office.enrolment_code("li").await.unwrap();
    assert!(code.len() >= 8, "{code}");
    assert!(office.enrolment_code("nobody").await.is_err());
    let people = office.command(&["user", "list"]).await.unwrap().join("\n");
    assert!(people.contains("李师傅") && !people.contains(PASSWORD), "{people}");
}

#[tokio::test]
async fn a_server_is_reached_through_the_proxy_and_its_bytes_are_counted() {
    let mut office = office().await;
    let proxy = Proxy::start(office.serve().await.unwrap()).await.unwrap();
    assert!(answers(proxy.address()).await);
    assert!(proxy.counts().opening > 50, "{:?}", proxy.counts());
}
