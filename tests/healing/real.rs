//! The same over REST and at the terminal of the real server: what a supervisor decides about the quarantine, what an
//! administrator sees of a loss, and the devices that he confirms.

use std::net::SocketAddr;

use docket_client::replica::NewFact;
use docket_client::sync::SyncError;
use docket_harness::office::{ADMIN, Office, PASSWORD};
use docket_harness::world::Trouble;
use docket_sync_core::facts::bodies::{AddNote, CancelByOffice, Close};
use docket_sync_core::facts::{Author, FactBody, Head};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::sync::frames::StopCode;
use serde_json::{Value, json};

use crate::backup::setting::{Shelf, docket, said};
use crate::network::setting::{Answer, Phone, company, company_of, enrol, rest};

/// Somebody who is logged in.
struct Person {
    address: SocketAddr,
    cookie: Option<String>,
}

impl Person {
    async fn login(address: SocketAddr, login: &str) -> Result<Self, Trouble> {
        let answer =
            rest(address, "POST", "/api/login", None, Some(&json!({"login": login, "password": PASSWORD}))).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Ok(Self { address, cookie: answer.cookie })
    }

    async fn get(&self, path: &str) -> Result<Value, Trouble> {
        let answer = rest(self.address, "GET", path, self.cookie.as_deref(), None).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(format!("{}: {}", answer.status, answer.body).into()) }
    }

    /// Status and code of the error, or the status alone.
    async fn post(&self, path: &str, body: &Value) -> Result<(u16, String), Trouble> {
        let Answer { status, body, .. } = rest(self.address, "POST", path, self.cookie.as_deref(), Some(body)).await?;
        Ok((status, body["code"].as_str().unwrap_or_default().to_owned()))
    }
}

/// States a fact that no command of the phone would make.
fn state(phone: &mut Phone, document: DocumentId, body: FactBody) -> Result<(), Trouble> {
    let (person, _) = phone.client.replica().certificate().persons.first().cloned().ok_or("a person")?;
    let seen = phone.client.show(document).map(|shown| shown.view.frontier).unwrap_or_default();
    let author = Author::Person(person);
    let fact = NewFact { document, author, seen, head: Head::default(), body, claimed: None, proof: None };
    phone.client.replica_mut().state_fact(fact)?;
    Ok(())
}

fn coded(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn r10_a_supervisor_admits_and_discards_over_rest_and_it_survives_a_kill() -> Result<(), Trouble> {
    let office = Office::init("Test company").await?;
    office.add_person("sun", "孙主管", &["supervisor"], &[]).await?;
    office.add_person("wu", "吴文员", &["clerk"], &[]).await?;
    let (mut office, address, mut phones) = company_of(office, 1).await?;
    let phone = &mut phones[0];
    let order = phone.order;
    state(phone, order, Close {}.into())?;
    state(phone, order, CancelByOffice { reason: "客户走了".to_owned() }.into())?;
    state(phone, DocumentId([0x17; 16]), AddNote { text: "没有的单".to_owned() }.into())?;
    phone.note("照常")?;
    assert_eq!(phone.sync(address).await?.unsent, 0);

    // 1. Everybody who works in the office sees it, with the reason and what it says.
    let (sun, wu) = (Person::login(address, "sun").await?, Person::login(address, "wu").await?);
    let listed = wu.get("/api/quarantine").await?;
    assert_eq!(listed["total"], 3, "{listed}");
    let items = listed["items"].as_array().ok_or("items")?;
    let find = |reason: &str, says: &str| {
        let is_it = |item: &&Value| {
            item["reason"] == reason && item["summary"].as_str().is_some_and(|text| text.contains(says))
        };
        items.iter().find(is_it).and_then(|item| item["key"].as_str()).map(str::to_owned).ok_or(listed.to_string())
    };
    assert!(items.iter().all(|item| item["decided"].is_null() && item["device"].is_string()), "{listed}");
    let cancel = find("not_permitted", "客户走了")?;
    let nowhere = find("unknown_document", "没有的单")?;
    let close = items.iter().filter_map(|item| item["key"].as_str()).find(|key| *key != cancel && *key != nowhere);
    let close = close.ok_or("the close")?.to_owned();

    // 2. Only a supervisor decides, he says why, and about what there is.
    let why = json!({"reason": "电话核实"});
    let path = |key: &str, act: &str| format!("/api/quarantine/{key}/{act}");
    for act in ["admit", "discard"] {
        assert_eq!(wu.post(&path(&cancel, act), &why).await?, coded(403, "not_permitted"));
        assert_eq!(sun.post(&path(&cancel, act), &json!({})).await?, coded(422, "missing_field"));
        assert_eq!(sun.post(&path(&cancel, act), &json!({"reason": "  "})).await?, coded(422, "missing_field"));
        for wrong in ["zz", &"00".repeat(40), "..%2f"] {
            assert_eq!(sun.post(&path(wrong, act), &why).await?, coded(404, "not_found"), "{wrong}");
        }
    }
    assert_eq!(sun.post(&path(&nowhere, "admit"), &why).await?, coded(422, "not_admissible"));
    assert_eq!(wu.get("/api/quarantine").await?, listed, "nothing was decided");

    // 3. He lets one in, leaves two out; twice is once.
    assert_eq!(sun.post(&path(&cancel, "admit"), &why).await?, coded(204, ""));
    for key in [&close, &nowhere] {
        assert_eq!(sun.post(&path(key, "discard"), &json!({"reason": "不属实"})).await?, coded(204, ""));
    }
    for (key, act) in [(&cancel, "admit"), (&cancel, "discard"), (&close, "admit"), (&nowhere, "discard")] {
        assert_eq!(sun.post(&path(key, act), &why).await?, coded(409, "already_done"), "{act}");
    }

    // 4. The server is killed; what was decided stays, and the author's phone shows it.
    office.kill().await?;
    let address = office.serve().await?;
    let decided = Person::login(address, "wu").await?.get("/api/quarantine").await?;
    let admitted = |key: &str| {
        let items = decided["items"].as_array().into_iter().flatten();
        items.filter(|item| item["key"] == key).map(|item| item["decided"]["admitted"].clone()).next()
    };
    assert_eq!(
        [&cancel, &close, &nowhere].map(|key| admitted(key)),
        [json!(true), json!(false), json!(false)].map(Some)
    );
    assert_eq!(phone.sync(address).await?.verified, Some(true));
    let shown = phone.client.show(order)?;
    let [refused] = shown.refused.as_slice() else { return Err(format!("{:?}", shown.refused).into()) };
    assert_eq!(refused.discarded.as_deref(), Some("不属实"));
    let known = shown.view.decided.iter().find(|decided| decided.admitted).ok_or("an admitted fact")?;
    assert_eq!(known.reason, "电话核实");
    assert_eq!(phone.notes()?, ["照常"]);
    Ok(())
}

#[tokio::test]
async fn x_23_a_supervisor_decides_at_once_about_all_that_waits_of_an_order_or_a_device() -> Result<(), Trouble> {
    let office = Office::init("Test company").await?;
    office.add_person("sun", "孙主管", &["supervisor"], &[]).await?;
    office.add_person("wu", "吴文员", &["clerk"], &[]).await?;
    let (_office, address, mut phones) = company_of(office, 1).await?;
    let phone = &mut phones[0];
    let order = phone.order;
    for reason in ["客户走了", "又打来了"] {
        state(phone, order, CancelByOffice { reason: reason.to_owned() }.into())?;
    }
    state(phone, DocumentId([0x17; 16]), AddNote { text: "没有的单".to_owned() }.into())?;
    assert_eq!(phone.sync(address).await?.unsent, 0);
    let (sun, wu) = (Person::login(address, "sun").await?, Person::login(address, "wu").await?);
    let (all, why) = ("/api/quarantine/decisions", "电话核实");
    let (order, device) = (order.to_string(), id_of(phone));
    let of_order = json!({"admit": true, "reason": why, "order": order});
    assert_eq!(wu.post(all, &of_order).await?, coded(403, "not_permitted"));
    for (body, code) in [
        (json!({"reason": why, "order": order}), "missing_field"),
        (json!({"admit": true, "order": order}), "missing_field"),
        (json!({"admit": true, "reason": why}), "missing_field"),
        (json!({"admit": true, "reason": why, "order": "zz"}), "invalid_field"),
        (json!({"admit": true, "reason": why, "device": "zz"}), "invalid_field"),
    ] {
        assert_eq!(sun.post(all, &body).await?, coded(422, code), "{body}");
    }
    let decide = async |body: Value| -> Result<Value, Trouble> {
        let answer = rest(address, "POST", all, sun.cookie.as_deref(), Some(&body)).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(format!("{}: {}", answer.status, answer.body).into()) }
    };
    let nobody = json!({"admit": false, "reason": why, "device": "00".repeat(16)});
    assert_eq!(decide(nobody).await?, json!({"decided": 0, "left": [], "next": null}));
    assert_eq!(decide(of_order).await?, json!({"decided": 2, "left": [], "next": null}));
    let left = decide(json!({"admit": true, "reason": why, "device": device})).await?;
    assert_eq!((&left["decided"], &left["left"][0]["code"]), (&json!(0), &json!("not_admissible")), "{left}");
    let after = json!({"admit": false, "reason": why, "device": device, "after": left["left"][0]["key"]});
    assert_eq!(decide(after).await?["decided"], 0, "behind it there is nothing");
    assert_eq!(decide(json!({"admit": false, "reason": why, "device": device})).await?["decided"], 1);
    assert_eq!(wu.get("/api/quarantine").await?["total"], 0);
    assert_eq!(phone.sync(address).await?.verified, Some(true));
    let shown = phone.client.show(phone.order)?;
    assert_eq!(shown.view.decided.iter().filter(|decided| decided.admitted).count(), 2);
    Ok(())
}

/// More phones of the first technician.
async fn more_phones(admin: &Person, order: DocumentId, count: u64) -> Result<Vec<Phone>, Trouble> {
    let people = admin.get("/api/technicians").await?;
    let wish = json!({"person": people["items"][0]["id"]});
    let mut phones = Vec::new();
    for number in 0..count {
        let made = rest(admin.address, "POST", "/api/devices/codes", admin.cookie.as_deref(), Some(&wish)).await?;
        let code = made.body["code"].as_str().ok_or_else(|| made.body.to_string())?.to_owned();
        let mut phone = enrol(admin.address, &code, "li0", order, 300 + number).await?;
        assert_eq!(phone.sync(admin.address).await?.verified, Some(true));
        phones.push(phone);
    }
    Ok(phones)
}

fn id_of(phone: &Phone) -> String {
    phone.client.replica().identity().device.to_string()
}

async fn held(phone: &mut Phone, address: SocketAddr) -> Result<(), Trouble> {
    match phone.sync(address).await {
        Err(SyncError::Stopped(stop)) if stop.code == StopCode::NotConfirmed => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

#[tokio::test]
async fn x_74_forgotten_devices_are_confirmed_over_rest_and_at_the_terminal() -> Result<(), Trouble> {
    let office = Office::init("Test company").await?;
    office.add_person("wu", "吴文员", &["clerk"], &[]).await?;
    let (mut office, address, mut phones) = company_of(office, 1).await?;
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;
    let admin = Person::login(address, ADMIN).await?;
    let lossless = admin.get("/api/store/healing").await?;
    assert_eq!((&lossless["lost"], &lossless["waiting"]), (&json!(false), &json!([])), "{lossless}");
    let mut more = more_phones(&admin, phones[0].order, 2).await?;
    phones[0].note("备份之后")?;
    phones[0].sync(address).await?;
    let (mut second, mut third) = (more.remove(0), more.remove(0));
    second.note("第二部手机")?;
    third.note("第三部手机")?;
    office.kill().await?;
    let (mut office, _) = shelf.restore(&[]).await?;
    let address = office.serve().await?;

    // 1. The report says what was lost, and who waits.
    held(&mut second, address).await?;
    held(&mut third, address).await?;
    assert!(admin_is_out(address, &admin).await?, "sessions of before the loss are void");
    let (admin, wu) = (Person::login(address, ADMIN).await?, Person::login(address, "wu").await?);
    let report = wu.get("/api/store/healing").await?;
    assert_eq!((&report["lost"], &report["unnoticed"]), (&json!(true), &json!(false)), "{report}");
    assert!(report["until_number"].as_u64() > Some(0) && report["from"].is_string(), "{report}");
    let waiting = report["waiting"].as_array().ok_or("waiting")?;
    assert_eq!(waiting.len(), 2, "{report}");
    assert!(waiting.iter().all(|row| row["facts"] == 1 && row["person"]["name"] == "李师傅0"), "{report}");
    let nobody = rest(address, "GET", "/api/store/healing", None, None).await?;
    assert_eq!(nobody.status, 401);

    // 2. An administrator confirms one of them over REST; nobody else, nothing else, and once.
    let path = |id: &str| format!("/api/devices/{id}/confirm");
    assert_eq!(wu.post(&path(&id_of(&second)), &json!({})).await?, coded(403, "not_permitted"));
    for wrong in ["zz", &"00".repeat(16), &id_of(&phones[0])] {
        assert_eq!(admin.post(&path(wrong), &json!({})).await?, coded(404, "not_found"), "{wrong}");
    }
    let answer = rest(address, "POST", &path(&id_of(&second)), admin.cookie.as_deref(), Some(&json!({}))).await?;
    assert_eq!((answer.status, &answer.body), (200, &json!({"admitted": 1})));
    assert_eq!(admin.post(&path(&id_of(&second)), &json!({})).await?, coded(404, "not_found"));
    assert_eq!(second.sync(address).await?.verified, Some(true));
    phones[0].sync(address).await?;
    let report = admin.get("/api/store/healing").await?;
    assert_eq!(report["waiting"].as_array().map(Vec::len), Some(1), "{report}");
    let row = |id: String| report["devices"].as_array().into_iter().flatten().find(|row| row["device"] == id);
    assert_eq!(row(id_of(&phones[0])).ok_or("the first phone")?["back"], true, "{report}");
    let brought = |field: &str| report[field].as_u64().unwrap_or(0);
    assert!(brought("known_again") + brought("brought") >= 1 && report["gaps"] == json!([]), "{report}");

    // 3. The other at the terminal, while the server does not run.
    office.stop().await?;
    let listed = office.command(&["device", "list"]).await?.join("\n");
    let waits = format!("{} waits to be confirmed, 1 facts held", id_of(&third));
    assert!(listed.contains(&waits) && listed.contains(&format!("{} enrolled", id_of(&second))), "{listed}");
    let told = office.command(&["healing"]).await?.join("\n");
    assert!(
        told.contains("Restored at") && told.contains(&waits) && told.contains("Devices that have come back: 2 of 2"),
        "{told}"
    );
    for (wrong, expected) in [("xyz", "is not the id of a device"), (&*"00".repeat(16), "one sentence")] {
        let data = office.data();
        let refused = docket(&["device", "confirm", "--data", &data, "--device", wrong]).await?;
        assert!(!refused.status.success(), "{wrong}");
        let refused = said(&refused);
        assert!(refused.starts_with("docket: ") && refused.trim().lines().count() == 1, "{expected}: {refused}");
    }
    let confirmed = office.command(&["device", "confirm", "--device", &id_of(&third)]).await?.join("\n");
    assert!(confirmed.contains("are in their orders now: 1"), "{confirmed}");
    assert!(!office.command(&["healing"]).await?.join("\n").contains("waits"));

    // 4. Everybody has everything.
    let address = office.serve().await?;
    for phone in [&mut third, &mut second, &mut phones[0]] {
        phone.sync(address).await?;
    }
    let mut notes = phones[0].notes()?;
    notes.sort_unstable();
    assert_eq!(notes, ["备份之后", "第三部手机", "第二部手机"]);
    for phone in [&mut third, &mut second] {
        assert_eq!(phone.sync(address).await?.verified, Some(true));
    }
    Ok(())
}

async fn admin_is_out(address: SocketAddr, admin: &Person) -> Result<bool, Trouble> {
    Ok(rest(address, "GET", "/api/store/healing", admin.cookie.as_deref(), None).await?.status == 401)
}

#[tokio::test]
async fn a_store_that_never_lost_anything_says_so_at_the_terminal() -> Result<(), Trouble> {
    let (mut office, _, phones) = company(1).await?;
    drop(phones);
    let running = docket(&["healing", "--data", &office.data()]).await?;
    assert!(!running.status.success() && said(&running).contains("in use by"), "{}", said(&running));
    office.stop().await?;
    assert_eq!(office.command(&["healing"]).await?, ["This store has never lost anything."]);
    Ok(())
}
