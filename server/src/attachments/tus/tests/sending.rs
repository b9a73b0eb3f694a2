//! What the protocol leaves to us: who has an upload, what is refused at its end, what is kept, sent and tidied up.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use docket_sync_core::attachments::blob_id;
use docket_sync_core::facts::Role;
use docket_sync_core::time::DAY;
use tower::ServiceExt as _;

use super::{Desk, PNG};
use crate::attachments::collect;
use crate::attachments::limits::Limits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_request_is_refused_while_one_sends_and_who_asks_where_it_stands_takes_over() {
    let desk = Arc::new(Desk::new(Limits::USUAL).await);
    let upload = desk.begin(PNG).await;
    // A body whose end never comes: the connection is half dead.
    let (parts, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    parts.send(Ok(Bytes::from_static(&PNG[..9]))).await.unwrap();
    let (first, address) = (desk.clone(), upload.clone());
    let sending = tokio::spawn(async move {
        let headers = [("content-type", "application/offset+octet-stream"), ("upload-offset", "0")];
        let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
        first.send("PATCH", &address, &headers, body).await.says()
    });
    // The channel holds one part: when the second fits, the first is being taken.
    parts.send(Ok(Bytes::from_static(&PNG[9..12]))).await.unwrap();
    parts.send(Ok(Bytes::new())).await.unwrap();
    assert_eq!(desk.patch(&upload, 0, PNG, &[]).await.says(), (423, "upload_busy".into()));
    assert_eq!(desk.offset(&upload).await, "12", "what came over the dead connection counts");
    assert_eq!(sending.await.unwrap(), (408, "upload_cut".into()));
    assert_eq!(desk.patch(&upload, 12, &PNG[12..], &[]).await.status, 204);
    assert_eq!(desk.get(PNG, &[]).await.body, PNG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_are_refused_at_the_end_and_leave_nothing() {
    let desk = Desk::new(Limits::USUAL).await;
    let mut other = PNG.to_vec();
    other[20] ^= 1;
    let upload = desk.begin(PNG).await;
    assert_eq!(desk.patch(&upload, 0, &other, &[]).await.says(), (422, "wrong_digest".into()));
    assert_eq!(desk.send("HEAD", &upload, &[], "").await.status, 404);
    let script = b"<script>alert(1)</script>";
    let upload = desk.begin(script).await;
    assert_eq!(desk.patch(&upload, 0, script, &[]).await.says(), (415, "attachment_unknown_medium".into()));
    assert_eq!(desk.get(PNG, &[]).await.status, 404);
    for folder in ["uploads", "blobs"] {
        assert_eq!(std::fs::read_dir(desk.place.folder.join(folder)).unwrap().count(), 0, "{folder}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_costs_nothing_twice_and_a_digest_alone_gives_nothing() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    desk.patch(&upload, 0, PNG, &[]).await;
    let again = desk.announce(PNG).await;
    assert_eq!((again.status, again.header("upload-offset")), (201, PNG.len().to_string().as_str()));
    assert!(!again.header("docket-number").is_empty());
    assert_eq!(desk.offset(again.header("location")).await, PNG.len().to_string());
    // Somebody whose role reads nothing here learns nothing.
    let technician = desk.company.person("li", &[Role::Technician]).await;
    let path = format!("/api/orders/{}/attachments/{}", desk.order, blob_id(PNG));
    assert_eq!(desk.send_as(&technician, "GET", &path, &[], "").await.says(), (403, "not_permitted".into()));
    let auditor = desk.company.person("audit", &[Role::Auditor]).await;
    assert_eq!(desk.send_as(&auditor, "GET", &path, &[], "").await.status, 200);
    let headers = [("upload-length", "5"), ("upload-metadata", &*desk.metadata(b"%PDF-"))];
    let sent = desk.send_as(&auditor, "POST", "/api/attachments", &headers, "").await;
    assert_eq!(sent.says(), (403, "not_permitted".into()));
    let nobody = Request::get(&path).body(Body::empty()).unwrap();
    assert_eq!(desk.company.router.clone().oneshot(nobody).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_or_gone_is_taken_again_although_the_order_is_full() {
    let desk = Desk::new(Limits { order_files: 1, ..Limits::USUAL }).await;
    let upload = desk.begin(PNG).await;
    desk.patch(&upload, 0, PNG, &[]).await;
    let first = desk.announce(PNG).await.header("docket-number").to_owned();
    let name = blob_id(PNG).to_string();
    let path = desk.place.folder.join("blobs").join(&name[..2]).join(&name);
    let mut damaged = PNG.to_vec();
    damaged[20] ^= 1;
    for lost in [Some(damaged), Some(PNG[..9].to_vec()), None] {
        match &lost {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let again = desk.announce(PNG).await;
        assert_eq!((again.status, again.header("upload-offset"), again.header("docket-number")), (201, "0", ""));
        let taken = desk.patch(again.header("location"), 0, PNG, &[]).await;
        assert_eq!((taken.status, taken.header("docket-number")), (204, first.as_str()), "it has arrived once");
        assert_eq!(desk.get(PNG, &[]).await.body, PNG);
    }
    assert_eq!(desk.announce(PNG).await.header("docket-number"), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_order_sender_and_store_are_said_with_their_codes() {
    let desk = Desk::new(Limits { order_files: 2, sender_uploads: 1, ..Limits::USUAL }).await;
    let upload = desk.begin(PNG).await;
    assert_eq!(desk.announce(b"%PDF-2").await.says(), (413, "too_many_uploads".into()));
    desk.patch(&upload, 0, PNG, &[]).await;
    let second = desk.begin(b"%PDF-2").await;
    desk.patch(&second, 0, b"%PDF-2", &[]).await;
    assert_eq!(desk.announce(b"%PDF-3").await.says(), (413, "attachments_of_order_full".into()));
    assert_eq!(desk.announce(PNG).await.status, 201, "what the order has already needs no place in it");
    let small = Desk::new(Limits { total_bytes: 10, ..Limits::USUAL }).await;
    assert_eq!(small.announce(PNG).await.says(), (507, "attachments_full".into()));
    let full = Desk::new(Limits { reserve_bytes: u64::MAX / 2, ..Limits::USUAL }).await;
    assert_eq!(full.announce(PNG).await.says(), (507, "disk_full".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_sent_whole_in_part_or_not_again_and_never_runs() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    desk.patch(&upload, 0, PNG, &[]).await;
    let whole = desk.get(PNG, &[]).await;
    let etag = whole.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", blob_id(PNG)));
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("image/png", "bytes"));
    assert!(whole.header("content-disposition").starts_with("inline; filename=\""), "{:?}", whole.headers);
    assert!(whole.header("content-disposition").ends_with("filename*=UTF-8''%E7%85%A7%E7%89%87.png"));
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    let part = desk.get(PNG, &[("range", "bytes=1-3")]).await;
    let total = PNG.len();
    assert_eq!((part.status, &part.body[..]), (206, &b"PNG"[..]));
    assert_eq!(part.header("content-range"), format!("bytes 1-3/{total}"));
    let beyond = desk.get(PNG, &[("range", "bytes=900-")]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{total}").as_str()));
    assert_eq!(desk.get(PNG, &[("if-none-match", &etag)]).await.status, 304);
    let changed = desk.get(PNG, &[("range", "bytes=1-3"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status, &changed.body[..]), (200, PNG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_fact_names_goes_after_its_time_and_what_is_left_alone_stays() {
    let mut desk = Desk::new(Limits { orphan_ms: DAY, upload_ms: 10 * DAY, ..Limits::USUAL }).await;
    let upload = desk.begin(PNG).await;
    desk.patch(&upload, 0, PNG, &[]).await;
    let (office, place) = (desk.company.office.clone(), desk.place.clone());
    let tidy = async || collect::collect(&office, &place, office.platform.clock.now()).await.unwrap();
    assert_eq!(tidy().await, collect::Collected::default());
    desk.pass(DAY - 1).await;
    assert_eq!(tidy().await, collect::Collected::default());
    desk.pass(2).await;
    assert_eq!(tidy().await, collect::Collected { uploads: 0, rows: 1, files: 1 });
    assert_eq!(desk.get(PNG, &[]).await.status, 404);
    // The sender who asks again is told to send again.
    assert_eq!(desk.announce(PNG).await.header("upload-offset"), "0");
}

#[test]
fn every_code_of_attachments_is_in_the_message_catalogue_and_used() {
    type Catalogue = std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>;
    let catalogue: Catalogue =
        serde_json::from_str(include_str!("../../../../../schemas/messages/attachments.json")).unwrap();
    let sources = [
        include_str!("../mod.rs"),
        include_str!("../create.rs"),
        include_str!("../patch.rs"),
        include_str!("../headers.rs"),
        include_str!("../../caller.rs"),
        include_str!("../../files.rs"),
        include_str!("../../finish.rs"),
        include_str!("../../mod.rs"),
        include_str!("../../rules.rs"),
        include_str!("../../sent.rs"),
        include_str!("../../../../../sync-core/src/attachments/mod.rs"),
    ];
    for (key, texts) in &catalogue {
        assert!(["en", "zh"].iter().all(|language| !texts[*language].is_empty()), "{key}");
        let quoted = format!("\"{}\"", key.strip_prefix("error.").unwrap());
        assert!(sources.iter().any(|source| source.contains(&quoted)), "{key} is the text of nothing");
    }
    // Codes of errors made here stand behind a status.
    for source in sources {
        for line in source.split("ApiError::new(").skip(1) {
            let Some((before, rest)) = line.split_once('"') else { continue };
            if before.contains(".code()") {
                continue;
            }
            let code = rest.split('"').next().unwrap();
            let known =
                ["method_not_allowed", "busy"].contains(&code) || catalogue.contains_key(&format!("error.{code}"));
            assert!(known, "{code} has no text");
        }
    }
}
