//! The event stream: nothing is missed, whoever resumes where.

use std::time::Duration;

use axum::body::BodyDataStream;
use tokio_stream::StreamExt as _;

use super::*;

/// How long an event may take on a machine under load.
const DEADLINE: Duration = Duration::from_secs(20);

/// One event as the page gets it.
#[derive(Debug, Clone)]
struct Received {
    name: String,
    id: Option<String>,
    data: Value,
}

struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    /// Opens the stream; `after` is the id of the last event.
    async fn open(company: &Company, person: &Person, after: Option<&str>) -> Self {
        let mut request = Request::get("/api/events").header(header::COOKIE, &person.cookie);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = company.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    async fn next(&mut self) -> Received {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned)
                };
                if let (Some(name), Some(data)) = (field("event"), field("data")) {
                    return Received { name, id: field("id"), data: serde_json::from_str(&data).unwrap() };
                }
                continue;
            }
            let chunk = tokio::time::timeout(DEADLINE, self.body.next()).await.expect("an event in time");
            self.text.push_str(core::str::from_utf8(&chunk.expect("an open stream").unwrap()).unwrap());
        }
    }

    /// Events up to the first that `last` names, which is the last one.
    async fn until(&mut self, last: impl Fn(&Received) -> bool) -> Vec<Received> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let done = last(&event);
            events.push(event);
            if done {
                return events;
            }
        }
    }
}

async fn note(company: &Company, person: &Person, order: &str) -> u64 {
    let etag = company.get(person, &format!("/api/orders/{order}")).await.etag();
    let answer = company.command(person, order, &etag, &json!({"command": "note", "text": "x"})).await.ok();
    answer["order"]["number"].as_u64().unwrap()
}

#[tokio::test]
async fn a_change_reaches_everybody_who_looks() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let mut streams = [Stream::open(&company, &clerk, None).await, Stream::open(&company, &clerk, None).await];
    for stream in &mut streams {
        assert_eq!(stream.next().await.name, "ready");
    }
    let (order, _) = company.order(&clerk, "no power").await;
    for stream in &mut streams {
        let event = stream.next().await;
        assert_eq!((event.name.as_str(), event.data["id"].as_str()), ("order", Some(order.as_str())));
        assert_eq!(event.data["row"]["state"], "registered");
        assert_eq!(event.data["row"]["customer"]["name"], "陈静");
        let id = format!("{}.{}", event.data["number"], company.office.identity.epoch);
        assert_eq!(event.id, Some(id));
    }
}

#[tokio::test]
async fn resuming_at_any_event_misses_no_order() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let mut stream = Stream::open(&company, &clerk, None).await;
    let begin = stream.next().await.id.unwrap();
    let mut last = std::collections::BTreeMap::new();
    let mut orders = Vec::new();
    for number in 0..6 {
        orders.push(company.order(&clerk, &format!("fault {number}")).await.0);
    }
    // Again, in another order, so that earlier ones change after later ones.
    for order in [3, 0, 5, 3, 1].map(|index: usize| &orders[index]) {
        last.insert(order.clone(), note(&company, &clerk, order).await);
    }
    let end = *last.values().max().unwrap();
    let events = stream.until(|event| event.data["number"] == end).await;
    let mut ids = vec![begin];
    ids.extend(events.into_iter().filter_map(|event| event.id));
    for id in ids {
        let from: u64 = id.split('.').next().unwrap().parse().unwrap();
        if from == end {
            continue;
        }
        let mut resumed = Stream::open(&company, &clerk, Some(&id)).await;
        let events = resumed.until(|event| event.data["number"] == end).await;
        for (order, number) in last.iter().filter(|(_, number)| **number > from) {
            let seen = events.iter().filter(|event| event.data["id"] == order.as_str());
            let newest = seen.map(|event| event.data["row"]["number"].as_u64().unwrap()).max();
            assert_eq!(newest, Some(*number), "resumed at {id}, order {order}");
        }
    }
}

#[tokio::test]
async fn a_replay_sends_each_order_once_as_it_is_now() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let begin = company.office.hub.durable().number;
    let (order, _) = company.order(&clerk, "no power").await;
    for _ in 0..5 {
        note(&company, &clerk, &order).await;
    }
    let (other, _) = company.order(&clerk, "a leak").await;
    let mut stream = Stream::open(&company, &clerk, Some(&begin.to_string())).await;
    let events = stream.until(|event| event.data["id"] == other.as_str()).await;
    let of_order: Vec<_> = events.iter().filter(|event| event.data["id"] == order.as_str()).collect();
    assert_eq!((events.len(), of_order.len()), (2, 1));
    // And then it goes on live.
    let number = note(&company, &clerk, &order).await;
    assert_eq!(stream.next().await.data["number"], number);
}

#[tokio::test]
async fn an_id_of_another_epoch_or_of_the_future_is_answered_reset() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    for id in ["1.ffffffffffffffff", "1000000", "words"] {
        let now = company.office.hub.durable().number;
        let mut stream = Stream::open(&company, &clerk, Some(id)).await;
        let event = stream.next().await;
        assert_eq!((event.name.as_str(), event.data["number"].as_u64()), ("reset", Some(now)), "{id}");
        let (order, _) = company.order(&clerk, "x").await;
        assert_eq!(stream.next().await.data["id"], order, "{id}: it goes on from there");
    }
}

#[tokio::test]
async fn a_decision_about_a_technician_is_told() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let mut stream = Stream::open(&company, &clerk, None).await;
    assert_eq!(stream.next().await.name, "ready");
    let technician = company.person("technician", &[Role::Technician]).await;
    let event = stream.next().await;
    assert_eq!((event.name.as_str(), event.id), ("technician", None));
    assert_eq!(event.data["id"], technician.id.to_string());
}

#[tokio::test]
async fn the_stream_ends_when_the_office_stops() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let mut stream = Stream::open(&company, &clerk, None).await;
    assert_eq!(stream.next().await.name, "ready");
    company.office.stop();
    let end = tokio::time::timeout(DEADLINE, stream.body.next()).await.expect("the end in time");
    assert!(end.is_none());
}
