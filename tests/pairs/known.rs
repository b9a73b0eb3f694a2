//! Time travel (U-18): the order as a person knew it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use docket_harness::world::{Trouble, World};
use docket_server::auth::sessions::{COOKIE, SessionRecord, SessionToken};
use docket_server::store::Table;
use docket_sync_core::commands::Command;
use docket_sync_core::ids::PersonId;
use docket_sync_core::time::{HOUR, MINUTE};
use serde_json::Value;
use tower::ServiceExt as _;

async fn get(world: &World, person: PersonId, path: &str) -> Result<(StatusCode, Value), Trouble> {
    let token = SessionToken::new(world.office.platform.bytes());
    let digest = token.digest();
    let begin = move |writer: &mut docket_server::commit::Writer| {
        let session = SessionRecord::new(person, writer.identity().epoch, writer.now());
        writer.put(Table::Session, digest.0, session.to_bytes());
        Ok(())
    };
    world.office.committer.run(begin).await?;
    let cookie = format!("{COOKIE}={}", token.reveal());
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty())?;
    let response = docket_server::app::router(world.office.clone(), None).oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    Ok((status, serde_json::from_slice(&body)?))
}

/// the canceller's page was without the signature; the server had it by then, or got it later.
#[tokio::test]
async fn u_18_the_canceller_is_shown_what_he_knew() -> Result<(), Trouble> {
    let world = World::new(18).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    let page = world.frontier(order).await?;
    li.work(order)?;
    let signature = li.sign(order)?.reference().to_string();
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    let command = Command::Cancel { reason: "客户改约别家".to_owned() };
    let cancel = world.act_on(world.clerk, order, &page, command).await?;
    assert_eq!(world.view(order).await?.state.code(), "completed");

    let (_, now) = get(&world, world.clerk, &format!("/api/orders/{order}")).await?;
    assert_eq!((&now["state"], &now["signature"]), (&"completed".into(), &"signed".into()));
    let path = format!("/api/orders/{order}/known?fact={}", cancel.reference());
    let (status, then) = get(&world, world.clerk, &path).await?;
    assert_eq!(status, StatusCode::OK, "{then}");
    let view = &then["order"];
    assert_eq!((&view["state"], &view["signature"]), (&"dispatched".into(), &"unsigned".into()));
    assert_eq!(view["signatures"].as_array().map(Vec::len), Some(0), "without the signature");
    assert_eq!(view["commands"].as_array().map(Vec::len), Some(0), "nobody acts in the past");
    let had_arrived = then["had_arrived"].as_array().ok_or("a list")?;
    assert!(had_arrived.contains(&signature.into()), "it had arrived, and he did not look again: {then}");

    // The same by person and time: an hour earlier he knew no cancel either.
    let by_time = |at: i64| format!("/api/orders/{order}/known?person={}&at={at}", world.clerk);
    let (_, at_cancel) = get(&world, world.clerk, &by_time(world.now().0)).await?;
    assert_eq!(at_cancel["order"]["state"], "cancelled", "what he believed afterwards");
    assert_eq!(at_cancel["order"]["signatures"].as_array().map(Vec::len), Some(0));
    let (_, before) = get(&world, world.clerk, &by_time(world.now().plus(-30 * MINUTE).0)).await?;
    assert_eq!(before["order"]["state"], "dispatched");

    let (status, _) = get(&world, world.clerk, &format!("/api/orders/{order}/known")).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    Ok(())
}
