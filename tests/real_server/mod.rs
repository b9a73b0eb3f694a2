//! The real server process: it starts, ends in order, survives being killed, and refuses a second one.

mod deploy;
mod device_commands;
mod guide;
mod kept;
mod users;

use docket_client::enrolment::request;
use docket_client::platform::Platform;
use docket_client::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use docket_client::store::memory::MemoryStore;
use docket_client::transport::{Http, Server, TransportError};
use docket_harness::office::{Office, OfficeError, PASSWORD};
use docket_harness::proxy::Proxy;
use docket_harness::world::{MORNING, Trouble};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::network::setting::rest;

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

/// Asks to enrol a device of its own with this code; gives the status and code of a refusal.
async fn refused(address: std::net::SocketAddr, code: &str, seed: u64) -> Result<Option<(u16, String)>, Trouble> {
    let platform = Platform {
        keys: Box::new(MemoryKeyStore::new()),
        clock: Box::new(ManualClock::new(MORNING)),
        random: Box::new(CountingRandom::new(seed)),
    };
    let question = serde_json::to_value(request(&MemoryStore::new(), &platform, code)?)?;
    match Http::new(Server::new(&format!("http://{address}"), None)?).post_enrolment(&question).await {
        Ok(_) => Ok(None),
        Err(TransportError::Refused { status, code, .. }) => Ok(Some((status, code))),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test]
async fn a_code_enrols_one_device_also_after_the_server_was_killed() -> Result<(), Trouble> {
    let mut office = office().await;
    office.add_person("li", "李师傅", &["technician"], &[]).await?;
    let code = office.enrolment_code("li").await?;
    let address = office.serve().await?;
    assert_eq!(refused(address, &code, 1).await?, None);
    assert_eq!(refused(address, &code, 2).await?, Some((403, "code_used".to_owned())));
    office.kill().await?;
    let address = office.serve().await?;
    assert_eq!(refused(address, &code, 3).await?, Some((403, "code_used".to_owned())), "it was spent durably");
    Ok(())
}

#[tokio::test]
async fn a_person_is_changed_at_the_terminal_and_what_is_not_named_stays() -> Result<(), Trouble> {
    let mut office = office().await;
    office.add_person("li", "李师傅", &["technician"], &["gas"]).await?;
    let set = async |office: &Office, arguments: &[&str]| {
        office.command(&[&["user", "set", "--login", "li"], arguments].concat()).await.map(|lines| lines.join("\n"))
    };
    assert_eq!(set(&office, &["--role", "clerk", "--role", "dispatcher"]).await?, "li is active as clerk,dispatcher.");
    assert_eq!(set(&office, &["--active", "no"]).await?, "li is inactive as clerk,dispatcher.");
    let password = office.data() + ".new-password";
    std::fs::write(&password, "another long password\n")?;
    assert_eq!(set(&office, &["--password-file", &password]).await?, "li is inactive as clerk,dispatcher.");
    // Nothing to change, nobody of that name, no such role: a sentence each, and nothing is changed.
    let said = |error| match error {
        Err(OfficeError::Command { output, .. }) => Ok(output),
        other => Err(Trouble::from(format!("taken: {other:?}"))),
    };
    assert!(said(set(&office, &[]).await)?.contains("nothing is to be changed"));
    assert!(said(set(&office, &["--active", "perhaps"]).await)?.contains("yes, no"));
    assert!(said(set(&office, &["--role", "boss"]).await)?.contains("possible are"));
    let nobody = office.command(&["user", "set", "--login", "nobody", "--active", "no"]).await;
    assert!(said(nobody.map(|lines| lines.join("\n")))?.starts_with("docket: "));

    let log_in = async |address, password: &str| -> Result<(u16, Value), Trouble> {
        let given = json!({"login": "li", "password": password});
        let answer = rest(address, "POST", "/api/login", None, Some(&given)).await?;
        Ok((answer.status, answer.body))
    };
    let address = office.serve().await?;
    assert_eq!(log_in(address, "another long password").await?.0, 401, "who does not work here cannot log in");
    assert!(office.stop().await?.success());
    assert_eq!(set(&office, &["--active", "yes"]).await?, "li is active as clerk,dispatcher.");
    let address = office.serve().await?;
    assert_eq!(log_in(address, PASSWORD).await?.0, 401, "the old password");
    let (status, person) = log_in(address, "another long password").await?;
    assert_eq!((status, &person["roles"]), (200, &json!(["clerk", "dispatcher"])), "{person}");
    Ok(())
}
