//! Orders: registering, listing, reading, and commands on the view that their author had.

use docket_sync_core::facts::bodies::{Arrive, Depart, OutcomeDone, Start};
use docket_sync_core::facts::{Author, FactBody, Head};
use docket_sync_core::ids::DocumentId;

use super::*;
use crate::commit::Statement;

impl Company {
    /// The technician works and reports done, as the facts of his device would say.
    async fn done(&self, technician: &Person, order: &str) {
        let (document, person): (DocumentId, _) = (order.parse().unwrap(), technician.id);
        let job = move |writer: &mut crate::commit::Writer| {
            let mut say = |body: FactBody| {
                let author = Author::Person(person);
                writer.state(document, Statement { author, head: Head::default(), body, seen: None })
            };
            let visit = say(Depart {}.into())?.reference();
            say(Arrive { visit: Some(visit), place: None }.into())?;
            say(Start { visit }.into())?;
            say(OutcomeDone { visit, finding: Some("fuse".to_owned()) }.into())
        };
        self.office.committer.run(job).await.unwrap();
    }
}

#[tokio::test]
async fn c_001_a_call_without_a_mandatory_field_is_refused_naming_it() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    for field in
        ["customer.name", "customer.phone", "site.address", "unit.model", "problem", "channel", "class", "urgency"]
    {
        let mut body = call("no power");
        let pointer = format!("/{}", field.replace('.', "/"));
        *body.pointer_mut(&pointer).unwrap() = json!("  ");
        let answer = company.post(&clerk, "/api/orders", &body).await;
        assert_eq!((answer.code(), &answer.body["field"]), ((422, "missing_field"), &json!(field)));
    }
    let mut body = call("no power");
    body["channel"] = json!("pigeon");
    let answer = company.post(&clerk, "/api/orders", &body).await;
    assert_eq!((answer.code(), &answer.body["field"]), ((422, "invalid_field"), &json!("channel")));
    assert_eq!(company.get(&clerk, "/api/orders").await.ok()["total"], 0, "nothing entered the register");

    let answer = company.post(&clerk, "/api/orders", &call("no power")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let serial = answer.ok()["serial"].clone();
    assert_eq!(serial, "2026-000001", "no serial was lost to the refusals");
    let rows = company.get(&clerk, "/api/orders").await.ok();
    assert_eq!((&rows["total"], &rows["items"][0]["serial"]), (&json!(1), &serial));
}

#[tokio::test]
async fn a_call_of_a_known_customer_names_his_records() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let (first, _) = company.order(&clerk, "no power").await;
    let (other, _) = company.order(&clerk, "a leak").await;
    let first = company.get(&clerk, &format!("/api/orders/{first}")).await.ok();
    let other = company.get(&clerk, &format!("/api/orders/{other}")).await.ok();
    let mut body = call("again");
    body["customer"] = json!({"id": first["customer"]["id"]});
    body["site"] = json!({"id": first["site"]["id"]});
    let again = company.post(&clerk, "/api/orders", &body).await.ok();
    let again = company.get(&clerk, &format!("/api/orders/{}", again["id"].as_str().unwrap())).await.ok();
    assert_eq!((&again["customer"], &again["site"]), (&first["customer"], &first["site"]));
    body["site"] = json!({"id": other["site"]["id"]});
    let refused = company.post(&clerk, "/api/orders", &body).await;
    assert_eq!((refused.code(), &refused.body["field"]), ((422, "invalid_field"), &json!("site.id")));
    body["customer"] = json!({"id": clerk.id.to_string()});
    let refused = company.post(&clerk, "/api/orders", &body).await;
    assert_eq!((refused.code(), &refused.body["field"]), ((422, "invalid_field"), &json!("customer.id")));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_newest_first() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk, Role::Dispatcher]).await;
    for letter in ["A", "B", "C", "D", "E"] {
        company.pass(1_000);
        company.order(&clerk, &format!("Fault {letter}{letter}")).await;
    }
    let problems = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|row| row["problem"].as_str().unwrap().to_owned()).collect()
    };
    let first = company.get(&clerk, "/api/orders?limit=2").await.ok();
    assert_eq!((problems(&first), &first["total"]), (vec!["Fault EE".to_owned(), "Fault DD".to_owned()], &json!(5)));
    let after = first["next"].as_str().unwrap();
    let second = company.get(&clerk, &format!("/api/orders?limit=2&after={after}")).await.ok();
    assert_eq!(problems(&second), ["Fault CC", "Fault BB"]);
    let after = second["next"].as_str().unwrap();
    let last = company.get(&clerk, &format!("/api/orders?limit=2&after={after}")).await.ok();
    assert_eq!(
        (problems(&last), &last["next"], &last["total"]),
        (vec!["Fault AA".to_owned()], &Value::Null, &json!(5))
    );

    let total = async |query: &str| company.get(&clerk, &format!("/api/orders?{query}")).await.ok()["total"].clone();
    assert_eq!(total("q=fault%20dd").await, 1);
    assert_eq!(total("q=%E5%8D%97%E4%BA%AC").await, 5, "the address");
    assert_eq!(total("q=%E9%99%88%E9%9D%99").await, 5, "the customer");
    assert_eq!(total("q=2026-000002").await, 1, "the serial");
    assert_eq!(total("q=nothing").await, 0);
    assert_eq!(total("state=registered&technician=&q=").await, 5);
    assert_eq!(total("state=closed").await, 0);
    assert_eq!(total(&format!("technician={}", clerk.id)).await, 0);
    for (query, field) in
        [("state=odd", "state"), ("technician=x", "technician"), ("limit=0", "limit"), ("after=x", "after")]
    {
        let answer = company.get(&clerk, &format!("/api/orders?{query}")).await;
        assert_eq!((answer.code(), &answer.body["field"]), ((422, "invalid_field"), &json!(field)));
    }
}

#[tokio::test]
async fn an_order_shows_its_facts_with_their_times_and_reasons() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk, Role::Dispatcher]).await;
    let (order, etag) = company.order(&clerk, "no power").await;
    company.pass(60_000);
    let confirm = json!({"command": "confirm", "content": "check the fuse", "amount": {"minor": 5000, "currency": "CNY"},
        "in_warranty": false, "window": {"from": NOW.0, "to": NOW.0 + 1}});
    let answer = company.command(&clerk, &order, &etag, &confirm).await;
    assert_ne!(answer.etag(), etag);
    let answer = answer.ok();
    assert_eq!(answer["not_seen"], json!([]));
    let detail = company.get(&clerk, &format!("/api/orders/{order}")).await;
    assert_eq!(detail.etag(), format!("\"{}\"", detail.body["etag"].as_str().unwrap()));
    let detail = detail.ok();
    assert_eq!(detail, answer["order"]);
    assert_eq!(detail["frontier"], json!([answer["fact"]]));
    assert_eq!(detail["state_text"], json!({"en": "Ready to dispatch", "zh": "待派工"}));
    let timeline = detail["timeline"].as_array().unwrap();
    assert_eq!(timeline.len(), 2);
    assert_eq!(timeline[0]["kind"], "register_call");
    assert_eq!(timeline[0]["author"], json!({"id": clerk.id.to_string(), "name": "clerk"}));
    assert_eq!(timeline[0]["received_at"], NOW.0);
    assert_eq!(timeline[1]["received_at"], NOW.0 + 60_000);
    assert_eq!(timeline[1]["seen"], json!([timeline[0]["fact"]]));
    let offers = detail["commands"].as_array().unwrap();
    let offer = |code: &str| offers.iter().find(|offer| offer["command"] == code).unwrap();
    assert!(offer("assign")["refusal"].is_null(), "{}", offer("assign"));
    assert_eq!(offer("reschedule")["known"]["window"], json!({"from": NOW.0, "to": NOW.0 + 1}));
    assert_eq!(offer("return_voucher")["refusal"]["code"], "voucher_not_out");
    assert_eq!(offer("release")["refusal"]["code"], "no_hold");
    for offer in offers {
        let why = &offer["refusal"]["text"];
        assert!(offer["refusal"].is_null() || why["en"] != why["zh"], "a reason in both languages: {offer}");
    }
    let names: Vec<&str> = offers.iter().filter_map(|offer| offer["command"].as_str()).collect();
    for missing in ["invoice", "take_custody", "sign_by_code", "depart", "create_emergency_order"] {
        assert!(!names.contains(&missing), "{missing} is none of a clerk's at a desk");
    }
    let missing = company.get(&clerk, &format!("/api/orders/{}", DocumentId([0; 16]))).await;
    assert_eq!(missing.code(), (404, "not_found"));
    assert_eq!(company.get(&clerk, "/api/orders/x").await.code(), (404, "not_found"));
}

#[tokio::test]
async fn a_command_without_a_view_does_nothing() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let (order, etag) = company.order(&clerk, "no power").await;
    let path = format!("/api/orders/{order}/commands");
    let note = json!({"command": "note", "text": "x"});
    assert_eq!(company.post(&clerk, &path, &note).await.code(), (428, "precondition_required"));
    assert_eq!(company.command(&clerk, &order, "*", &note).await.code(), (428, "precondition_required"));
    assert_eq!(company.get(&clerk, &format!("/api/orders/{order}")).await.etag(), etag);
}

#[tokio::test]
async fn an_unknown_view_is_409_with_the_present_order_and_nothing_is_done() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let (order, etag) = company.order(&clerk, "no power").await;
    let note = json!({"command": "note", "text": "x"});
    for unknown in ["\"vov2xk5l42\"", "\"gibberish\""] {
        let answer = company.command(&clerk, &order, unknown, &note).await;
        assert_eq!(answer.code(), (409, "unknown_frontier"));
        assert_eq!(answer.body["order"]["etag"].as_str().unwrap(), etag.trim_matches('"'));
        assert_eq!(answer.body["order"]["timeline"].as_array().unwrap().len(), 1);
    }
    let unknown = company.command(&clerk, &DocumentId([0; 16]).to_string(), &etag, &note).await;
    assert_eq!(unknown.code(), (404, "not_found"));
}

#[tokio::test]
async fn x_03_a_stale_cancel_is_stated_and_says_what_its_author_had_not_seen() {
    let company = Company::new();
    let office = company.person("office", &[Role::Clerk, Role::Dispatcher]).await;
    let technician = company.person("technician", &[Role::Technician]).await;
    let (order, etag) = company.order(&office, "no power").await;
    let confirm = json!({"command": "confirm", "content": "x", "amount": null, "in_warranty": true});
    let etag = company.command(&office, &order, &etag, &confirm).await.etag();
    let assign = json!({"command": "assign", "technician": technician.id.to_string(), "reason": "near"});
    let assigned = company.command(&office, &order, &etag, &assign).await;
    let before = assigned.etag();
    assert_eq!(assigned.ok()["order"]["technician"]["name"], "technician");
    company.done(&technician, &order).await;

    let answer = company
        .command(&office, &order, &before, &json!({"command": "cancel", "reason": "changed his mind"}))
        .await
        .ok();
    assert_eq!(answer["not_seen"].as_array().unwrap().len(), 4);
    let detail = &answer["order"];
    assert_eq!((&detail["state"], &detail["cancels"][0]["effect"]), (&json!("completed"), &json!("late")));
    let why = detail["explanations"].as_array().unwrap().iter().find(|one| one["pair"] == "X-03").unwrap();
    assert!(why["text"]["en"].is_string() && why["text"]["zh"].is_string());
    assert_eq!(detail["visits"][0]["outcome"]["finding"], "fuse");
    let late = detail["reviews"].as_array().unwrap().iter().find(|one| one["kind"] == "late_cancel").unwrap();
    let listed = company.get(&office, "/api/reviews?status=open").await.ok();
    assert!(listed["items"].as_array().unwrap().contains(late), "{listed}");

    // The same cancel by somebody who knows of the DONE is refused by the business.
    let etag = company.get(&office, &format!("/api/orders/{order}")).await.etag();
    let known = company.command(&office, &order, &etag, &json!({"command": "cancel", "reason": "x"})).await;
    assert_eq!(known.code(), (422, "already_done"));
}

#[tokio::test]
async fn a_stale_unassign_means_whom_its_author_saw() {
    let company = Company::new();
    let office = company.person("office", &[Role::Clerk, Role::Dispatcher]).await;
    let (ma, li) = (company.person("ma", &[Role::Technician]).await, company.person("li", &[Role::Technician]).await);
    let (order, etag) = company.order(&office, "no power").await;
    let confirm = json!({"command": "confirm", "content": "x", "amount": null, "in_warranty": true});
    let etag = company.command(&office, &order, &etag, &confirm).await.etag();
    let assign = |person: &Person| json!({"command": "assign", "technician": person.id.to_string(), "reason": "near"});
    let with_ma = company.command(&office, &order, &etag, &assign(&ma)).await.etag();
    company.command(&office, &order, &with_ma, &assign(&li)).await.ok();
    let answer =
        company.command(&office, &order, &with_ma, &json!({"command": "unassign", "reason": "ill"})).await.ok();
    assert_eq!(answer["order"]["technician"]["name"], "li", "Li was not meant");
}

#[tokio::test]
async fn refusals_name_the_field() {
    let company = Company::new();
    let office = company.person("office", &[Role::Clerk, Role::Dispatcher]).await;
    let (order, etag) = company.order(&office, "no power").await;
    let cases = [
        (json!({"command": "note"}), "missing_field", json!("text")),
        (json!({"command": "cancel", "reason": " "}), "missing_field", json!("reason")),
        (json!({"command": "assign", "technician": office.id.to_string()}), "not_a_technician", json!("technician")),
        (json!({"command": "assign", "technician": "x"}), "invalid_field", json!("technician")),
        (json!({"command": "reschedule", "window": {"from": NOW.0}}), "missing_field", json!("window.to")),
        (
            json!({"command": "reschedule", "window": {"from": NOW.0 + 1, "to": NOW.0}, "reason": "x"}),
            "window_reversed",
            json!("window.from"),
        ),
        (json!({"command": "reschedule", "from": 2}), "unknown_field", json!("from")),
        (
            json!({"command": "add_work_item", "name": "x", "customer": {"name": "x", "relation": " ", "channel": "phone"}}),
            "missing_field",
            json!("customer.relation"),
        ),
        (
            json!({"command": "set_liability", "case": "joint", "shares": [{"party": "us", "permille": 70000}]}),
            "invalid_field",
            json!("shares.0.permille"),
        ),
        (
            json!({"command": "set_liability", "case": "joint", "shares": [{"party": "us", "permille": 900}]}),
            "wrong_shares",
            json!("shares"),
        ),
        (json!({"command": "depart"}), "invalid_field", json!("command")),
        (json!({"command": "explode"}), "invalid_field", json!("command")),
        (json!({"command": "resolve_review", "review": "00", "choice": "keep"}), "invalid_field", json!("review")),
        (json!({"command": "close"}), "not_done", Value::Null),
    ];
    for (body, code, field) in cases {
        let answer = company.command(&office, &order, &etag, &body).await;
        assert_eq!((answer.code(), &answer.body["field"]), ((422, code), &field), "{body}: {}", answer.body);
    }
    let odd = company.command(&office, &order, &etag, &json!({"text": "x"})).await;
    assert_eq!(odd.code(), (400, "malformed_request"));
}

#[tokio::test]
async fn an_office_fact_is_stated_by_its_form() {
    let company = Company::new();
    let office = company.person("office", &[Role::Clerk, Role::Supervisor]).await;
    let (order, etag) = company.order(&office, "no power").await;
    let forms = company.get(&office, "/api/command-forms").await.ok();
    let form = forms.as_array().unwrap().iter().find(|form| form["command"] == "set_liability").unwrap().clone();
    let share = &form["fields"][1]["item"];
    assert_eq!((&form["fields"][1]["type"], &share["type"]), (&json!("list"), &json!("group")));
    let permille = share["fields"].as_array().unwrap().iter().find(|field| field["name"] == "permille").unwrap();
    assert_eq!((&permille["unit"], &permille["most"]), (&json!("\u{2030}"), &json!(1_000)));
    assert_eq!(form["fields"][0]["choices"][2]["text"]["zh"], "业主", "{}", form["fields"][0]);
    let body = json!({"command": "set_liability", "case": "joint", "reason": "both drove", "shares": [
        {"party": "owner", "permille": "600", "answer": "agreed"}, {"party": "contractor", "permille": 400}]});
    let answer = company.command(&office, &order, &etag, &body).await;
    let etag = answer.etag();
    let last = answer.ok()["order"]["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["kind"], "set_liability");
    // Approving names a fact; its digest, the approver and the way follow.
    let approve = json!({"command": "approve", "matter": "compensation", "subject": last["fact"]});
    let answer = company.command(&office, &order, &etag, &approve).await.ok();
    assert_eq!(answer["order"]["timeline"].as_array().unwrap().last().unwrap()["kind"], "approve");
}

#[tokio::test]
async fn an_order_is_created_once_for_one_idempotency_key() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let other = company.person("other", &[Role::Clerk]).await;
    let send = |person: &super::Person, key: &'static str, problem: &'static str| {
        let request = super::post(
            "/api/orders",
            &super::call(problem),
            &[("cookie", person.cookie.as_str()), ("idempotency-key", key)],
        );
        company.send(request)
    };
    let first = send(&clerk, "k-1", "no heat").await;
    assert_eq!(first.status.as_u16(), 201);
    let again = send(&clerk, "k-1", "no heat").await;
    assert_eq!((again.status.as_u16(), &again.body, again.etag()), (201, &first.body, first.etag()));
    assert_eq!(send(&clerk, "k-1", "no water").await.code(), (422, "idempotency_key_reused"));
    let total = async || company.get(&clerk, "/api/orders").await.ok()["total"].as_u64().unwrap();
    assert_eq!(total().await, 1);
    assert_eq!(send(&other, "k-1", "no heat").await.status.as_u16(), 201, "another person's keys are his own");
    assert_eq!(total().await, 2);
    company.pass(docket_sync_core::time::DAY);
    let clerk = company.session(clerk.id).await;
    assert_eq!(send(&clerk, "k-1", "no heat").await.status.as_u16(), 201, "after a day it is a new request");
    assert_eq!(company.get(&clerk, "/api/orders").await.ok()["total"], 3);
    assert_eq!(send(&clerk, "", "no heat").await.code(), (422, "invalid_field"));
}

#[tokio::test]
async fn a_command_on_a_full_order_is_refused_by_its_code_and_others_go_on() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk, Role::Dispatcher]).await;
    let (full, etag) = company.order(&clerk, "no power").await;
    let (other, other_etag) = company.order(&clerk, "a leak").await;
    let document: DocumentId = full.parse().unwrap();
    let person = clerk.id;
    for bytes in [60_000, 1_000, 0] {
        let fill = move |writer: &mut crate::commit::Writer| {
            let body = docket_sync_core::facts::bodies::AddNote { text: "x".repeat(bytes) }.into();
            let author = Author::Person(person);
            writer.state(document, Statement { author, head: Head::default(), body, seen: None }).map(drop)
        };
        while company.office.committer.run(fill).await.is_ok() {}
    }
    let note = json!({"command": "note", "text": "seen"});
    let refused = company.command(&clerk, &full, &etag, &note).await;
    assert_eq!(refused.code(), (413, "order_full"), "{}", refused.body);
    assert_eq!(company.get(&clerk, &format!("/api/orders/{full}")).await.ok()["problem"], "no power");
    assert_eq!(company.command(&clerk, &other, &other_etag, &note).await.status, StatusCode::OK);
}
