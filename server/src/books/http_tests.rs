//! The routes of the books, through the whole router.

use axum::http::StatusCode;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::bodies::{self, BookTransfer, Inspect, TransferCustody};
use docket_sync_core::facts::values::{BenchStep, CustodyPlace};
use docket_sync_core::time::{DAY, HOUR};
use serde_json::{Value, json};

use super::reactor::Bookkeeper;
use super::stage::{ACCOUNTANT, collect, company, fit, hand_in, moved, piece, take, yuan};
use crate::dispatch::http_tests::Page;
use crate::dispatch::world::{CLERK, World, order, person};

async fn list(page: &Page, path: &str) -> Value {
    let (status, answer) = page.ask("GET", path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    answer
}

/// One thing of every row.
fn of(list: &Value, what: &str) -> Vec<Value> {
    list["items"].as_array().unwrap().iter().map(|item| item.pointer(what).cloned().unwrap_or(Value::Null)).collect()
}

fn desk(world: &World) -> Page {
    Page::open_as(world, CLERK)
}

#[tokio::test]
async fn c_132_the_register_shows_goods_in_and_out_and_who_holds_them() {
    let world = company();
    take(&world, 1, 'A', "SJ-1");
    world.pass(HOUR);
    take(&world, 2, 'B', "SJ-2");
    world.follow(Bookkeeper).await;
    let page = desk(&world);
    let register = list(&page, "/api/custody").await;
    assert_eq!(of(&register, "/receipt"), [json!("SJ-2"), json!("SJ-1")], "the latest taken first");
    assert_eq!((of(&register, "/conflict"), &register["total"]), (vec![json!(true), json!(true)], &json!(2)));
    let both = json!([{"id": person('A').to_string(), "name": "technician-A"}, {"id": person('B').to_string(), "name": "technician-B"}]);
    assert_eq!(register["items"][0]["holders"], both, "both claims, no guess");
    let conflict = list(&page, "/api/findings?state=goods_claimed").await;
    assert_eq!(conflict["items"][0]["claims"].as_array().unwrap().len(), 2);
    assert_eq!(conflict["items"][0]["kind_text"]["zh"], "同一商品在两单被领取");
    for (path, total) in [
        ("/api/custody?state=conflict", 2),
        ("/api/custody?state=returned", 0),
        ("/api/custody?state=all&q=sj-1", 1),
        ("/api/custody?q=nothing", 0),
        (&format!("/api/custody?person={}", person('A')), 2),
        ("/api/holdings?state=goods", 2),
    ] {
        assert_eq!(list(&page, path).await["total"], total, "{path}");
    }
    let first = list(&page, "/api/custody?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second = list(&page, &format!("/api/custody?limit=1&after={next}")).await;
    assert_eq!((of(&second, "/receipt"), &second["next"]), (vec![json!("SJ-1")], &Value::Null));
    for path in
        ["/api/custody?state=lost", "/api/custody?person=x", "/api/custody?after=zz", "/api/cash?state=conflict"]
    {
        assert_eq!(page.ask("GET", path, None).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn c_133_the_repair_card_has_time_parts_and_the_day_on_which_it_is_due() {
    let world = company();
    take(&world, 1, 'A', "SJ-1");
    let custody = world.view(1).facets.custody[0].at.fact.reference();
    let booked = TransferCustody { custody, from: person('A'), to: CLERK, place: CustodyPlace::Bench };
    let transfer = world.state(order(1), person('A'), booked);
    let digest = world.run(move |writer| Ok(writer.known_order(order(1))?.facts.get(transfer).map(|fact| fact.digest)));
    world.state(order(1), CLERK, bodies::Acknowledge { fact: transfer.reference(), digest: digest.unwrap() });
    let labour = docket_sync_core::facts::values::Line {
        kind: docket_sync_core::facts::values::LineKind::Labour,
        name: "修板".to_owned(),
        quantity: 667,
        unit: "h".to_owned(),
        ..piece("", None)
    };
    for line in [Some(labour), Some(piece("PCB-1", None))] {
        world.state(order(1), CLERK, bodies::BenchWork { custody, step: BenchStep::Line, line, note: None });
    }
    world.follow(Bookkeeper).await;
    let page = desk(&world);
    let cards = list(&page, "/api/bench").await;
    let card = &cards["items"][0];
    assert_eq!((&card["hours_thousandths"], &card["parts"]), (&json!(667), &json!(["电容"])));
    assert_eq!((&card["place"], &card["holders"][0]["id"]), (&json!("bench"), &json!(CLERK.to_string())), "C-132");
    let (received, due) = (card["received_at"].as_i64().unwrap(), card["due_at"].as_i64().unwrap());
    assert!(due > received + DAY / 2 && due <= received + 2 * DAY, "C-137: one machine, the end of the next day");
    assert_eq!(list(&page, "/api/bench?state=late").await["total"], 0);
    world.pass(3 * DAY);
    // The night's session has ended.
    let page = desk(&world);
    assert_eq!(list(&page, "/api/bench?state=late").await["total"], 1);
    let mut runner = crate::reactor::Runner::new(world.office.clone(), std::sync::Arc::new(Bookkeeper));
    runner.catch_up().await.unwrap();
    runner.tick().await.unwrap();
    let late = list(&page, "/api/findings?state=bench_late").await;
    assert_eq!(of(&late, "/subject"), [json!("SJ-1")], "C-136: the supervisor hears of it at once");
    world.state(order(1), CLERK, bodies::BenchWork { custody, step: BenchStep::Repaired, line: None, note: None });
    world.state(order(1), CLERK, Inspect { custody, passed: true, remarks: None });
    world.follow(Bookkeeper).await;
    assert_eq!(list(&page, "/api/bench").await["total"], 0);
}

#[tokio::test]
async fn c_093_balances_moves_and_the_exception_are_listed() {
    let world = company();
    let late = collect(&world, 1, 30_000);
    collect(&world, 2, 5_000);
    hand_in(&world, 1, late, 10_000);
    world.follow(Bookkeeper).await;
    let page = desk(&world);
    let cash = list(&page, "/api/cash").await;
    let balance = &cash["items"][0];
    assert_eq!((&balance["held"], &balance["orders"]), (&json!({"minor": 25_000, "currency": "CNY"}), &json!(2)));
    assert_eq!(balance["overnight"], false);
    world.pass(DAY);
    let page = desk(&world);
    assert_eq!(list(&page, "/api/cash?state=overnight").await["total"], 1);
    let mut runner = crate::reactor::Runner::new(world.office.clone(), std::sync::Arc::new(Bookkeeper));
    runner.catch_up().await.unwrap();
    runner.tick().await.unwrap();
    assert_eq!(list(&page, "/api/findings?state=cash_overnight").await["total"], 2);
    let path = format!("/api/cash/moves?person={}", person('A'));
    let moves = list(&page, &path).await;
    assert_eq!(moves["total"], 3);
    let handed = list(&page, &format!("{path}&state=handed_in")).await;
    assert_eq!(
        (&handed["items"][0]["amount"]["minor"], &handed["items"][0]["confirmed"]),
        (&json!(10_000), &json!(true))
    );
    assert_eq!(page.ask("GET", "/api/cash/moves", None).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(list(&page, "/api/holdings?state=cash").await["total"], 2);
}

#[tokio::test]
async fn u_14_a_double_collection_is_a_refund_task_on_the_list() {
    let world = company();
    let line = fit(&world, 1, 'A', piece("CAP", None));
    let visit = world.view(1).visits[0].id.reference();
    world.state(order(1), person('A'), bodies::OutcomeDone { visit, finding: Some("repaired".to_owned()) });
    let signed_at = world.view(1).updated;
    let facts = world.run(|writer| writer.both(order(1)));
    let seen = docket_sync_core::attachments::covered_by_paper(&world.view(1), &facts, signed_at);
    assert!(seen.facts.contains(&line), "the paper shows the line");
    let paper = bodies::AttachPaper {
        voucher: docket_sync_core::ids::Digest([1; 32]),
        covered: seen.facts,
        covered_digest: seen.digest,
        opinion: docket_sync_core::facts::values::Opinion {
            grade: docket_sync_core::facts::values::OpinionGrade::Satisfied,
            text: None,
        },
        name: "王".to_owned(),
        relation: "本人".to_owned(),
        signed_at,
        photo: docket_sync_core::ids::BlobId([2; 32]),
        printed: None,
    };
    world.state(order(1), person('A'), paper);
    collect(&world, 1, 3_500);
    world.state(order(1), CLERK, BookTransfer { amount: yuan(3_500), reference: "bank 7".to_owned() });
    world.follow(Bookkeeper).await;
    let page = desk(&world);
    let refunds = list(&page, "/api/refunds").await;
    assert_eq!(
        (&refunds["total"], &refunds["items"][0]["amounts"]),
        // The order is free: all that was taken goes back (C-020).
        (&json!(1), &json!([{"minor": 7_000, "currency": "CNY"}]))
    );
    // The accountant gives it back: it is off the list.
    let review = world.view(1);
    let review = review.reviews.iter().find(|one| one.kind.code() == "refund_due").unwrap();
    let choice = docket_sync_core::facts::values::ReviewChoice::Refund;
    let resolve = bodies::ResolveReview { review: review.id, choice, reason: "已退".to_owned() };
    world.state_as(order(1), (ACCOUNTANT, Role::Accountant), resolve);
    world.follow(Bookkeeper).await;
    assert_eq!(list(&page, "/api/refunds").await["total"], 0);
}

#[tokio::test]
async fn u_13_the_storekeeper_books_and_nobody_else() {
    let world = company();
    world.hire_one("store", person('S'), &[Role::Storekeeper], "");
    moved(&world, 'B', "CAP", 2, false);
    let keeper = person('A').to_string();
    let body = json!({"keeper": keeper, "code": "CMP-35", "name": "压缩机", "unit": "piece", "quantity_thousandths": 2000, "quota": true});
    let clerk = desk(&world);
    let (status, error) = clerk.ask("POST", "/api/stock/moves", Some(body.clone())).await;
    assert_eq!((status, &error["code"]), (StatusCode::FORBIDDEN, &json!("not_permitted")));
    let store = Page::open_as(&world, person('S'));
    assert_eq!(store.ask("POST", "/api/stock/moves", Some(body.clone())).await.0, StatusCode::NO_CONTENT);
    let mut counted = body.clone();
    counted["quantity_thousandths"] = json!(1000);
    assert_eq!(store.ask("POST", "/api/stock/counts", Some(counted)).await.0, StatusCode::NO_CONTENT);
    let stocks = list(&store, &format!("/api/stock?person={keeper}")).await;
    let item = &stocks["items"][0];
    assert_eq!(
        (&item["left_thousandths"], &item["variance_thousandths"], &item["quota"]),
        (&json!(1000), &json!(-1000), &json!(true))
    );
    for (path, total) in
        [("/api/stock", 2), ("/api/stock?state=variance", 1), ("/api/stock?state=quota", 1), ("/api/stock?q=cap", 1)]
    {
        assert_eq!(list(&store, path).await["total"], total, "{path}");
    }
    for (field, value) in
        [("keeper", json!("")), ("code", json!("")), ("unit", json!(" ")), ("quantity_thousandths", json!(0))]
    {
        let mut wrong = body.clone();
        wrong[field] = value;
        let (status, error) = store.ask("POST", "/api/stock/moves", Some(wrong)).await;
        assert_eq!((status, &error["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{error}");
    }
    let share = json!({"person": person('B').to_string(), "keeper": keeper});
    assert_eq!(store.ask("POST", "/api/stock/shares", Some(share)).await.0, StatusCode::NO_CONTENT);
}
