//! What the office page gets of work that a real device did: signatures, proofs, contacts.

pub(crate) mod browser;
mod decisions;
mod verification;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use docket_client::signing::Consent;
use docket_harness::world::{Device, Trouble, World};
use docket_server::auth::sessions::{COOKIE, SessionRecord, SessionToken};
use docket_server::store::Table;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{Line, LineKind, Money, Opinion, OpinionGrade};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::reference::Language;
use docket_sync_core::time::MINUTE;
use docket_sync_core::voucher::copy::{Answer, verify_copy};
use docket_sync_core::voucher::strokes::{Drawing, DrawnPoint, Strokes};
use serde_json::Value;
use tower::ServiceExt as _;

/// A browser in which a person is logged in.
struct Page {
    router: Router,
    cookie: String,
}

impl Page {
    async fn open(world: &World, person: PersonId) -> Result<Self, Trouble> {
        let token = SessionToken::new(world.office.platform.bytes());
        let digest = token.digest();
        let begin = move |writer: &mut docket_server::commit::Writer| {
            let session = SessionRecord::new(person, writer.identity().epoch, writer.now());
            writer.put(Table::Session, digest.0, session.to_bytes());
            Ok(())
        };
        world.office.committer.run(begin).await?;
        let router = docket_server::app::router(Arc::clone(&world.office), None);
        Ok(Self { router, cookie: format!("{COOKIE}={}", token.reveal()) })
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, Vec<u8>), Trouble> {
        let request = Request::get(path).header(header::COOKIE, &self.cookie).body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        Ok((status, axum::body::to_bytes(response.into_body(), usize::MAX).await?.to_vec()))
    }

    async fn json(&self, path: &str) -> Result<Value, Trouble> {
        let (status, body) = self.get(path).await?;
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}

/// What the office page gets at a path.
pub(crate) async fn as_page(world: &World, path: &str) -> Result<Value, Trouble> {
    Page::open(world, world.clerk).await?.json(path).await
}

/// Two crossing strokes on a canvas of 300 by 100 pixels.
fn drawing() -> Drawing {
    let point = |x: f64, y: f64, t: f64| DrawnPoint { x, y, t, pressure: 0.5 };
    let strokes = vec![
        vec![point(10.0, 10.0, 0.0), point(50.0, 90.0, 100.0)],
        vec![point(50.0, 10.0, 300.0), point(10.0, 90.0, 400.0)],
    ];
    Drawing { width: 300.0, height: 100.0, strokes }
}

/// The technician does the work, and the customer signs; nothing is sent yet.
fn work_and_sign(device: &mut Device, order: DocumentId) -> Result<(), Trouble> {
    let fee = Money { minor: 8_000, currency: "CNY".to_owned() };
    let line = Line {
        kind: LineKind::Labour,
        name: "工时".to_owned(),
        quantity: 750,
        unit: "h".to_owned(),
        amount: Some(fee),
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    };
    let shown = device.client.show(order)?;
    let done = device.client.execute(&shown, &Command::Depart)?;
    let visit = done.order.visit_of(device.person).ok_or("a visit")?.id.reference();
    let commands = [
        Command::Arrive { visit: Some(visit), place: None },
        Command::Start { visit },
        Command::RecordLine { visit, line },
        Command::Done { visit, finding: Some("缺制冷剂".to_owned()) },
    ];
    let mut shown = done.order;
    for command in commands {
        device.clock.pass(10 * MINUTE);
        shown = device.client.execute(&shown, &command)?.order;
    }
    let voucher = device.client.voucher(&shown, Language::Zh)?;
    let consent = Consent {
        strokes: Strokes::from_drawing(&drawing())?,
        name: "陈静".to_owned(),
        relation: "owner".to_owned(),
        opinion: Opinion { grade: OpinionGrade::Satisfied, text: Some("很好".to_owned()) },
    };
    device.client.sign(&shown, &voucher, consent)?;
    Ok(())
}

#[tokio::test]
async fn c_080_the_office_sees_the_signature_as_drawn_and_verified() -> Result<(), Trouble> {
    let world = World::new(80).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    work_and_sign(&mut li, order)?;
    world.pass(60 * MINUTE);
    world.sync(&mut li).await?;

    let page = Page::open(&world, world.clerk).await?;
    let detail = page.json(&format!("/api/orders/{order}")).await?;
    assert_eq!((&detail["state"], &detail["signature"]), (&"completed".into(), &"signed".into()));
    let signature = &detail["signatures"][0];
    assert_eq!(signature["verified"], true);
    assert_eq!(signature["proof"], "present");
    assert_eq!((&signature["name"], &signature["opinion"]["grade"]), (&"陈静".into(), &"satisfied".into()));
    assert_eq!(signature["canvas"], serde_json::json!({"width": 300, "height": 100}));
    assert_eq!(signature["strokes"].as_array().map(Vec::len), Some(2));
    assert_eq!(signature["strokes"][0][1], serde_json::json!({"x": 50.0, "y": 90.0, "t": 100.0, "p": 0.5}));
    assert_eq!(detail["lines"][0]["covered"], true);
    assert_eq!(detail["technician"]["last_sync_at"], world.now().0);

    // The proof and the customer's copy are the bytes that the device made.
    let blob = signature["proof_blob"].as_str().ok_or("an address")?;
    let (status, proof) = page.get(&format!("/api/orders/{order}/proof/{blob}")).await?;
    assert_eq!((status, blake3::hash(&proof).to_hex().as_str()), (StatusCode::OK, blob));
    let fact = signature["fact"].as_str().ok_or("a fact")?;
    let (status, copy) = page.get(&format!("/api/orders/{order}/signatures/{fact}/copy")).await?;
    assert_eq!(status, StatusCode::OK);
    let report = verify_copy(&copy, Some(world.office.keys.fingerprint()));
    assert_eq!((report.intact, report.signed, report.vouched), (Answer::Yes, Answer::Yes, Answer::Yes));

    // Another order's address does not open this proof.
    let other = world.order("漏水").await?;
    let (status, _) = page.get(&format!("/api/orders/{other}/proof/{blob}")).await?;
    assert_eq!(status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn a_signature_whose_proof_was_changed_is_not_verified() -> Result<(), Trouble> {
    let world = World::new(81).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    work_and_sign(&mut li, order)?;
    world.pass(60 * MINUTE);
    world.sync(&mut li).await?;
    let page = Page::open(&world, world.clerk).await?;
    let path = format!("/api/orders/{order}");
    let blob: docket_sync_core::ids::BlobId =
        page.json(&path).await?["signatures"][0]["proof_blob"].as_str().ok_or("an address")?.parse()?;
    let damage = move |writer: &mut docket_server::commit::Writer| {
        let mut bytes = docket_server::commit::Tables::get(writer, Table::Blob, &blob.0)?.unwrap_or_default();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        writer.put(Table::Blob, blob.0, bytes);
        Ok(())
    };
    world.office.committer.run(damage).await?;
    assert_eq!(page.json(&path).await?["signatures"][0]["verified"], false);
    Ok(())
}
