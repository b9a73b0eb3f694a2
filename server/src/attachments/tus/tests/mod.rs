//! The protocol, demand by demand: tus 1.0.0 core and the extensions that are announced.
//! Each test names the part of the specification that it proves. In [`sending`] is what the protocol leaves to us.

mod sending;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response};
use data_encoding::BASE64;
use docket_sync_core::attachments::blob_id;
use docket_sync_core::facts::Role;
use docket_sync_core::time::DAY;
use sha2::Digest as _;
use tower::ServiceExt as _;

use crate::api::tests::{Company, Person};
use crate::attachments::limits::Limits;
use crate::attachments::{Place, collect};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

struct Desk {
    company: Company,
    clerk: Person,
    order: String,
    place: Arc<Place>,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    fn says(&self) -> (u16, String) {
        (self.status, self.code())
    }
}

impl Desk {
    async fn new(limits: Limits) -> Self {
        let company = Company::new();
        let folder = tempfile::tempdir().unwrap();
        company.office.attachments.keep_in(folder.path(), limits, &company.office.platform).unwrap();
        let clerk = company.person("zhao", &[Role::Clerk]).await;
        let (order, _) = company.order(&clerk, "漏水").await;
        let place = company.office.attachments.place().unwrap();
        Self { company, clerk, order, place, _folder: folder }
    }

    /// Time passes; the clerk logs in again.
    async fn pass(&mut self, millis: i64) {
        self.company.pass(millis);
        self.clerk = self.company.session(self.clerk.id).await;
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.send_as(&self.clerk, method, path, headers, body).await
    }

    async fn send_as(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("cookie", &person.cookie);
        if !headers.iter().any(|(name, _)| *name == "tus-resumable") {
            request = request.header("tus-resumable", "1.0.0");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let response: Response<Body> =
            self.company.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn metadata(&self, bytes: &[u8]) -> String {
        let pair = |key: &str, value: &str| format!("{key} {}", BASE64.encode(value.as_bytes()));
        let digest = blob_id(bytes).to_string();
        [pair("order", &self.order), pair("digest", &digest), pair("filename", "照片.png")].join(",")
    }

    async fn announce(&self, bytes: &[u8]) -> Answer {
        let length = bytes.len().to_string();
        let headers = [("upload-length", length.as_str()), ("upload-metadata", &self.metadata(bytes))];
        self.send("POST", "/api/attachments", &headers, "").await
    }

    /// Announces a file; gives the upload's address.
    async fn begin(&self, bytes: &[u8]) -> String {
        let answer = self.announce(bytes).await;
        assert_eq!(answer.says(), (201, String::new()));
        answer.header("location").to_owned()
    }

    async fn patch(&self, upload: &str, offset: usize, bytes: &[u8], more: &[(&str, &str)]) -> Answer {
        let offset = offset.to_string();
        let usual = [("content-type", "application/offset+octet-stream"), ("upload-offset", offset.as_str())];
        let headers: Vec<_> = usual
            .into_iter()
            .filter(|(name, _)| !more.iter().any(|(other, _)| other == name))
            .chain(more.iter().copied())
            .collect();
        self.send("PATCH", upload, &headers, bytes.to_vec()).await
    }

    async fn offset(&self, upload: &str) -> String {
        let answer = self.send("HEAD", upload, &[], "").await;
        assert_eq!(answer.status, 200, "{}", answer.code());
        answer.header("upload-offset").to_owned()
    }

    async fn get(&self, bytes: &[u8], headers: &[(&str, &str)]) -> Answer {
        let path = format!("/api/orders/{}/attachments/{}", self.order, blob_id(bytes));
        self.send("GET", &path, headers, "").await
    }
}

fn sha1(bytes: &[u8]) -> String {
    format!("sha1 {}", BASE64.encode(&sha1::Sha1::digest(bytes)))
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256 {}", BASE64.encode(&sha2::Sha256::digest(bytes)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_core_head_says_offset_and_length_and_is_never_cached() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    let answer = desk.send("HEAD", &upload, &[], "").await;
    assert_eq!(answer.status, 200);
    let said = ["upload-offset", "upload-length", "cache-control", "tus-resumable"].map(|name| answer.header(name));
    assert_eq!(said, ["0", &PNG.len().to_string(), "no-store", "1.0.0"]);
    assert_eq!(answer.header("upload-metadata"), desk.metadata(PNG));
    for gone in ["/api/attachments/00", "/api/attachments/../../etc/passwd", &format!("{upload}0")] {
        let answer = desk.send("HEAD", gone, &[], "").await;
        assert!(answer.status == 404 && answer.header("upload-offset").is_empty(), "{gone}: {}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_core_patch_appends_at_the_offset_and_nowhere_else() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    let answer = desk.patch(&upload, 0, &PNG[..10], &[]).await;
    assert_eq!((answer.status, answer.header("upload-offset"), answer.header("tus-resumable")), (204, "10", "1.0.0"));
    let cases: [(usize, &[(&str, &str)], (u16, &str)); 6] = [
        (9, &[], (409, "upload_offset")),
        (11, &[], (409, "upload_offset")),
        (10, &[("content-type", "application/octet-stream")], (415, "unsupported_media_type")),
        (10, &[("content-type", "")], (415, "unsupported_media_type")),
        (10, &[("upload-offset", "-1")], (400, "malformed_request")),
        (10, &[("upload-offset", "")], (400, "malformed_request")),
    ];
    for (offset, headers, (status, code)) in cases {
        assert_eq!(desk.patch(&upload, offset, b"x", headers).await.says(), (status, code.to_owned()), "{headers:?}");
        assert_eq!(desk.offset(&upload).await, "10");
    }
    assert_eq!(
        desk.patch(&upload, 10, &[&PNG[10..], b"x"].concat(), &[]).await.says(),
        (400, "upload_too_long".into())
    );
    assert_eq!(desk.offset(&upload).await, "10", "what was too much does not count, nor what came with it");
    assert_eq!(desk.patch("/api/attachments/00", 0, b"x", &[]).await.status, 404);
    let last = desk.patch(&upload, 10, &PNG[10..], &[]).await;
    assert_eq!((last.status, last.header("upload-offset")), (204, PNG.len().to_string().as_str()));
    assert!(!last.header("docket-number").is_empty(), "the sender learns under which number it arrived");
    assert_eq!(desk.patch(&upload, 0, PNG, &[]).await.status, 409, "a whole file is not written over");
    assert_eq!(desk.get(PNG, &[]).await.body, PNG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_core_versions_that_are_not_spoken_are_refused_before_anything_happens() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    for version in ["", "0.2.2", "2.0.0"] {
        for (method, path) in [("HEAD", &upload), ("PATCH", &upload), ("DELETE", &upload)] {
            let answer = desk.send(method, path, &[("tus-resumable", version)], "").await;
            assert_eq!((answer.status, answer.header("tus-version")), (412, "1.0.0"), "{method} {version}");
        }
    }
    assert_eq!(desk.offset(&upload).await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_core_options_tell_what_is_spoken_without_a_version() {
    let desk = Desk::new(Limits { file_bytes: 1_234, ..Limits::USUAL }).await;
    let answer = desk.send("OPTIONS", "/api/attachments", &[("tus-resumable", "")], "").await;
    let said =
        ["tus-version", "tus-extension", "tus-max-size", "tus-checksum-algorithm"].map(|name| answer.header(name));
    assert_eq!(answer.status, 204);
    assert_eq!(said, ["1.0.0", "creation,termination,checksum,expiration", "1234", "sha1,sha256"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_core_the_method_may_stand_in_a_header() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    let headers = [
        ("x-http-method-override", "PATCH"),
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", "0"),
    ];
    assert_eq!(desk.send("POST", &upload, &headers, PNG.to_vec()).await.status, 204);
    let head = desk.send("POST", &upload, &[("x-http-method-override", "HEAD")], "").await;
    assert_eq!(head.header("upload-offset"), PNG.len().to_string());
    assert_eq!(desk.send("GET", &upload, &[], "").await.status, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_creation_needs_length_and_metadata_within_the_limits() {
    let desk = Desk::new(Limits { file_bytes: 100, ..Limits::USUAL }).await;
    let metadata = desk.metadata(PNG);
    let elsewhere = metadata
        .replace(&BASE64.encode(desk.order.as_bytes()), &BASE64.encode(b"01890a5d-ac96-774b-bcce-b302099a8057"));
    let long = format!("{metadata},x {}", BASE64.encode(&[b'y'; 4_096]));
    let cases: [(&[(&str, &str)], (u16, &str)); 9] = [
        (&[("upload-metadata", &metadata)], (400, "malformed_request")),
        (&[("upload-length", "ten"), ("upload-metadata", &metadata)], (400, "malformed_request")),
        (&[("upload-defer-length", "1"), ("upload-metadata", &metadata)], (400, "malformed_request")),
        (&[("upload-length", "0"), ("upload-metadata", &metadata)], (400, "attachment_empty")),
        (&[("upload-length", "101"), ("upload-metadata", &metadata)], (413, "attachment_too_large")),
        (&[("upload-length", "99999999999"), ("upload-metadata", &metadata)], (413, "attachment_too_large")),
        (&[("upload-length", "10")], (400, "invalid_metadata")),
        (&[("upload-length", "10"), ("upload-metadata", &long)], (400, "invalid_metadata")),
        (&[("upload-length", "10"), ("upload-metadata", &elsewhere)], (404, "not_found")),
    ];
    for (headers, (status, code)) in cases {
        let answer = desk.send("POST", "/api/attachments", headers, "").await;
        assert_eq!(answer.says(), (status, code.to_owned()), "{headers:?}");
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
    }
    assert_eq!(desk.place.uploads.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_checksum_bytes_that_differ_do_not_count() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    for sum in [sha1(b"other"), sha256(b"other")] {
        let answer = desk.patch(&upload, 0, &PNG[..8], &[("upload-checksum", &sum)]).await;
        assert_eq!(answer.says(), (460, "checksum_mismatch".into()));
        assert_eq!(desk.offset(&upload).await, "0");
    }
    for sum in ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 nonsense", "sha1"] {
        let answer = desk.patch(&upload, 0, &PNG[..8], &[("upload-checksum", sum)]).await;
        assert_eq!(answer.says(), (400, "invalid_checksum".into()), "{sum}");
    }
    assert_eq!(desk.patch(&upload, 0, &PNG[..8], &[("upload-checksum", &sha1(&PNG[..8]))]).await.status, 204);
    assert_eq!(desk.patch(&upload, 8, &PNG[8..], &[("upload-checksum", &sha256(&PNG[8..]))]).await.status, 204);
    assert_eq!(desk.get(PNG, &[]).await.body, PNG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_termination_forgets_the_upload_and_nobody_elses() {
    let desk = Desk::new(Limits::USUAL).await;
    let upload = desk.begin(PNG).await;
    let other = desk.company.person("qian", &[Role::Dispatcher]).await;
    for method in ["HEAD", "DELETE"] {
        assert_eq!(desk.send_as(&other, method, &upload, &[], "").await.status, 404, "{method}");
    }
    assert_eq!(desk.send("DELETE", &upload, &[], "").await.status, 204);
    assert_eq!(desk.send("HEAD", &upload, &[], "").await.status, 404);
    assert_eq!(desk.patch(&upload, 0, PNG, &[]).await.status, 404);
    assert_eq!(std::fs::read_dir(desk.place.folder.join("uploads")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_expiration_is_told_and_kept() {
    let mut desk = Desk::new(Limits { upload_ms: DAY, ..Limits::USUAL }).await;
    let announced = desk.announce(PNG).await;
    let upload = announced.header("location").to_owned();
    let first = announced.header("upload-expires").to_owned();
    assert!(first.ends_with(" GMT") && first.len() == 29, "{first}");
    desk.pass(DAY / 2).await;
    let later = desk.patch(&upload, 0, &PNG[..5], &[]).await;
    assert_ne!(later.header("upload-expires"), first, "every byte prolongs it");
    desk.pass(DAY - 1).await;
    assert_eq!(desk.offset(&upload).await, "5");
    desk.pass(2).await;
    for method in ["HEAD", "PATCH"] {
        let headers = [("content-type", "application/offset+octet-stream"), ("upload-offset", "5")];
        assert_eq!(desk.send(method, &upload, &headers, "").await.status, 410, "{method}");
    }
    let now = desk.company.office.platform.clock.now();
    let done = collect::collect(&desk.company.office, &desk.place, now).await.unwrap();
    assert_eq!((done.uploads, desk.place.uploads.count()), (1, 0));
}
