//! A real office with orders, and devices that reach it over real connections.

use std::net::SocketAddr;

use docket_client::client::Client;
use docket_client::enrolment::data_key;
use docket_client::enrolment::{EnrolledAt, accept, request};
use docket_client::platform::Platform;
use docket_client::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use docket_client::store::sealed::SealedStore;
use docket_client::store::sqlite::SqliteStore;
use docket_client::sync::{SyncError, SyncReport, post};
use docket_client::transport::{Http, Server};
use docket_harness::office::{ADMIN, Office, PASSWORD};
use docket_harness::world::{MORNING, Trouble};
use docket_sync_core::commands::Command;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::proof::enrolment::EnrolmentAnswer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer over REST.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) body: Value,
}

/// One REST request on a connection of its own.
pub(crate) async fn rest(
    address: SocketAddr,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, Trouble> {
    rest_on(address, method, path, cookie, None, body).await
}

/// The same, decided on the view with this tag.
pub(crate) async fn rest_on(
    address: SocketAddr,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    etag: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, Trouble> {
    let view = etag.map(|etag| format!("if-match: \"{etag}\"\r\n")).unwrap_or_default();
    let body = body.map(Value::to_string).unwrap_or_default();
    let cookie = cookie.map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{cookie}{view}content-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let answer = raw(address, format!("{head}{body}").as_bytes()).await?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").ok_or("a head")?;
    let status = head.split(' ').nth(1).ok_or("a status")?.parse()?;
    let named = |name: &str| head.lines().find(|line| line.to_lowercase().starts_with(name));
    let cookie = named("set-cookie: ").and_then(|line| line.get(12..)?.split(';').next()).map(str::to_owned);
    Ok(Answer { status, cookie, body: serde_json::from_str(body).unwrap_or(Value::Null) })
}

/// Sends bytes, gives all that comes until the end of the connection.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// A device with its order.
pub(crate) struct Phone {
    pub(crate) client: Client<SealedStore<SqliteStore, CountingRandom>>,
    // Its store lies there; it goes with the phone.
    _folder: tempfile::TempDir,
    pub(crate) keys: MemoryKeyStore,
    pub(crate) order: DocumentId,
    pub(crate) login: String,
}

/// A company of `count` technicians, each with an order of his own and a phone that has it. The office serves over
/// plain HTTP on the address given back.
pub(crate) async fn company(count: usize) -> Result<(Office, SocketAddr, Vec<Phone>), Trouble> {
    company_of(Office::init("Test company").await?, count).await
}

/// The same in an office that was just made.
pub(crate) async fn company_of(mut office: Office, count: usize) -> Result<(Office, SocketAddr, Vec<Phone>), Trouble> {
    let mut codes = Vec::new();
    for number in 0..count {
        let login = format!("li{number}");
        office.add_person(&login, &format!("李师傅{number}"), &["technician"], &[]).await?;
        codes.push((office.enrolment_code(&login).await?, login));
    }
    let file = format!("{}.csv", office.data());
    let lines: Vec<String> =
        (0..count).map(|number| format!("陈静,021-5550100,南京西路 {number} 号,空调不制冷\n")).collect();
    std::fs::write(&file, format!("customer,phone,address,problem\n{}", lines.concat()))?;
    office.command(&["import", "orders", &file, "--confirmed"]).await?;
    let address = office.serve().await?;
    let given = json!({"login": ADMIN, "password": PASSWORD});
    let login = rest(address, "POST", "/api/login", None, Some(&given)).await?;
    assert_eq!(login.status, 200, "{}", login.body);
    let cookie = login.cookie.as_deref();
    let orders = rest(address, "GET", "/api/orders?limit=50", cookie, None).await?.body;
    let people = rest(address, "GET", "/api/technicians", cookie, None).await?.body;
    let mut phones = Vec::new();
    for (number, (code, login)) in codes.iter().enumerate() {
        let order = orders["items"][number]["id"].as_str().ok_or("an order")?.to_owned();
        let name = format!("李师傅{number}");
        let people = people["items"].as_array().ok_or("technicians")?;
        let person = people.iter().find(|person| person["name"] == *name).ok_or("a technician")?;
        let sent = json!({"technician": person["id"], "reason": "离得近"});
        let path = format!("/api/orders/{order}/dispatch");
        let shown = rest(address, "GET", &format!("/api/orders/{order}"), cookie, None).await?.body;
        let answer = rest_on(address, "POST", &path, cookie, shown["etag"].as_str(), Some(&sent)).await?;
        // The rotation may have sent him already.
        let sent = answer.status == 200 || answer.body["code"] == "already_assigned";
        assert!(sent, "{}", answer.body);
        let order: DocumentId = order.parse()?;
        let mut phone = enrol(address, code, login, order, u64::try_from(number)?).await?;
        assert_eq!(phone.sync(address).await?.verified, Some(true));
        phones.push(phone);
    }
    Ok((office, address, phones))
}

/// A phone enrolled with `code`.
pub(crate) async fn enrol(
    address: SocketAddr,
    code: &str,
    login: &str,
    order: DocumentId,
    seed: u64,
) -> Result<Phone, Trouble> {
    let keys = MemoryKeyStore::new();
    let platform = Platform {
        keys: Box::new(keys.clone()),
        clock: Box::new(ManualClock::new(MORNING)),
        random: Box::new(CountingRandom::new(1_000 + seed)),
    };
    let folder = tempfile::tempdir()?;
    let rows = SqliteStore::open(folder.path())?;
    let key = data_key(&platform)?;
    let mut store = SealedStore::new(rows, CountingRandom::new(5_000 + seed), &key);
    let server = Server::new(&format!("http://{address}"), None)?;
    let question = serde_json::to_value(request(&store, &platform, code)?)?;
    let answer = Http::new(server.clone()).post_enrolment(&question).await?;
    let answer: EnrolmentAnswer = serde_json::from_value(answer)?;
    accept(&mut store, &platform, &answer, EnrolledAt { server: server.url(), fingerprint: None })?;
    let client = Client::open(store, platform)?;
    Ok(Phone { client, _folder: folder, keys, order, login: login.to_owned() })
}

impl Phone {
    /// One sync over a connection of its own.
    pub(crate) async fn sync(&mut self, address: SocketAddr) -> Result<SyncReport, SyncError> {
        let server = Server::new(&format!("http://{address}"), None)?;
        self.sync_with(&mut Http::new(server)).await
    }

    /// One sync over `http`.
    pub(crate) async fn sync_with(&mut self, http: &mut Http) -> Result<SyncReport, SyncError> {
        post(self.client.replica_mut(), http).await
    }

    /// A note on its order.
    pub(crate) fn note(&mut self, text: &str) -> Result<docket_sync_core::ids::FactId, Trouble> {
        let shown = self.client.show(self.order)?;
        Ok(self.client.execute(&shown, &Command::Note { text: text.to_owned() })?.fact)
    }

    /// Notes that it shows.
    pub(crate) fn notes(&self) -> Result<Vec<String>, Trouble> {
        Ok(self.client.show(self.order)?.view.notes.into_iter().map(|note| note.text).collect())
    }

    /// Facts that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.client.replica().journal().count()
    }
}
