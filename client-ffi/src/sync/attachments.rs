//! Sends and fetches attachments over HTTP (tus 1.0.0), beside the sync of documents and never before it.
//!
//! Every request is signed with the device's key and the nonce of the answer before (`proof::request`). A connection
//! that is cut is an error of this round; the next one asks the server where it stands and goes on there.

use docket_sync_core::ids::{BlobId, DocumentId};
use docket_sync_core::limits::{ATTACHMENT_BYTES_MAX, ATTACHMENT_CHUNK_BYTES};
use docket_sync_core::proof::request::{Asked, NONCE_HEADER, RequestProof};

use super::SyncError;
use crate::replica::{DeviceReplica, KeptAttachment};
use crate::store::DeviceStore;
use crate::transport::{Http, HttpAnswer, TransportError};

/// Path under which uploads are announced.
const UPLOADS: &str = "/api/attachments";

/// Requests that one upload may take beyond its parts: answers that send the device back to ask.
const ASKED_AGAIN_MAX: u32 = 8;

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttachmentReport {
    /// Files that the server took.
    pub sent: usize,
    /// Files that still wait: their order is not known to the server yet.
    pub waiting: usize,
    /// Files that the server refused for good.
    pub refused: usize,
}

/// Sends everything that waits, signatures first.
///
/// # Errors
/// When the server cannot be reached or has no room; what was sent until then is kept on both sides.
pub async fn send_attachments<S: DeviceStore>(
    replica: &mut DeviceReplica<S>,
    http: &mut Http,
) -> Result<AttachmentReport, SyncError> {
    let mut report = AttachmentReport::default();
    let mut line = Line { http, nonce: String::new() };
    for entry in replica.attachments_to_send()? {
        match line.send_one(replica, &entry).await? {
            // It is about to go here, and is there.
            Sent::There if replica.is_confirmed(&entry) => {}
            Sent::Taken | Sent::There => report.sent = report.sent.saturating_add(1),
            Sent::NotYet => report.waiting = report.waiting.saturating_add(1),
            Sent::Refused => report.refused = report.refused.saturating_add(1),
        }
    }
    replica.drop_backed_up()?;
    Ok(report)
}

/// The bytes of an attachment of an order: those that are here, else the server's, which are then kept.
///
/// # Errors
/// When the server cannot be reached or refuses, or what it sends is another file.
pub async fn fetch_attachment<S: DeviceStore>(
    replica: &mut DeviceReplica<S>,
    http: &mut Http,
    order: DocumentId,
    blob: BlobId,
) -> Result<Vec<u8>, SyncError> {
    if let Some(bytes) = replica.attachment_bytes(order, blob)? {
        return Ok(bytes);
    }
    let path = format!("/api/orders/{order}/attachments/{blob}");
    let mut line = Line { http, nonce: String::new() };
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let last = bytes.len().saturating_add(ATTACHMENT_CHUNK_BYTES).saturating_sub(1);
        let range = format!("bytes={}-{last}", bytes.len());
        let answer = line.ask(replica, "GET", &path, &[("range", &range)], Vec::new()).await?;
        if !matches!(answer.status, 200 | 206) {
            return Err(answer.refusal().into());
        }
        bytes.extend_from_slice(&answer.body);
        let total = answer.header("content-range").and_then(|range| range.rsplit_once('/')?.1.parse::<u64>().ok());
        let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if here > ATTACHMENT_BYTES_MAX {
            return Err(malformed("the server sends more than an attachment may have"));
        }
        if answer.status == 200 || answer.body.is_empty() || total.is_none_or(|total| here >= total) {
            break;
        }
    }
    if replica.keep_fetched(order, blob, &bytes)? { Ok(bytes) } else { Err(malformed("the server sends another file")) }
}

fn malformed(problem: &str) -> SyncError {
    TransportError::Malformed(problem.to_owned()).into()
}

enum Sent {
    Taken,
    /// The server has it already.
    There,
    NotYet,
    Refused,
}

/// Where an upload stands.
enum Stands {
    /// So many bytes are there; the number once the file is.
    At { offset: u64, number: Option<u64> },
    /// The server does not know it.
    Unknown,
}

/// Signed requests over one connection.
struct Line<'a> {
    http: &'a mut Http,
    nonce: String,
}

impl Line<'_> {
    async fn send_one<S: DeviceStore>(
        &mut self,
        replica: &mut DeviceReplica<S>,
        entry: &KeptAttachment,
    ) -> Result<Sent, SyncError> {
        let (order, blob) = (entry.order, entry.blob.hash);
        let mut upload = entry.upload.clone();
        for _ in 0..ASKED_AGAIN_MAX {
            let stands = match &upload {
                Some(address) => self.stands(replica, address).await?,
                None => Stands::Unknown,
            };
            let (address, at) = match (upload.take(), stands) {
                (Some(address), Stands::At { offset, number }) => (address, (offset, number)),
                (_, Stands::Unknown | Stands::At { .. }) => match self.announce(replica, entry).await? {
                    Announced::At(address, offset, number) => {
                        replica.note_upload(order, blob, Some(address.clone()))?;
                        (address, (offset, number))
                    }
                    Announced::NotYet => return Ok(Sent::NotYet),
                    Announced::Refused(code) => {
                        replica.refuse_attachment(order, blob, &code)?;
                        return Ok(Sent::Refused);
                    }
                },
            };
            if let (_, Some(number)) = at {
                replica.confirm_there(entry, number)?;
                return Ok(Sent::There);
            }
            match self.append(replica, entry, &address, at).await? {
                Appended::Whole(number) => {
                    replica.confirm_attachment(order, blob, number)?;
                    return Ok(Sent::Taken);
                }
                Appended::Again => upload = Some(address),
                Appended::Refused(code) => {
                    replica.refuse_attachment(order, blob, &code)?;
                    return Ok(Sent::Refused);
                }
            }
        }
        Ok(Sent::NotYet)
    }

    async fn stands<S: DeviceStore>(&mut self, replica: &DeviceReplica<S>, address: &str) -> Result<Stands, SyncError> {
        let answer = self.ask(replica, "HEAD", address, &[TUS], Vec::new()).await?;
        match answer.status {
            200 => Ok(place(&answer)?),
            404 | 410 => Ok(Stands::Unknown),
            _ => Err(answer.refusal().into()),
        }
    }

    async fn announce<S: DeviceStore>(
        &mut self,
        replica: &DeviceReplica<S>,
        entry: &KeptAttachment,
    ) -> Result<Announced, SyncError> {
        let pair = |key: &str, value: &str| format!("{key} {}", data_encoding::BASE64.encode(value.as_bytes()));
        let mut metadata = vec![pair("order", &entry.order.to_string()), pair("digest", &entry.blob.hash.to_string())];
        metadata.extend(entry.name.as_deref().map(|name| pair("filename", name)));
        let (length, metadata) = (entry.blob.size.to_string(), metadata.join(","));
        let headers = [TUS, ("upload-length", &length), ("upload-metadata", &metadata)];
        let answer = self.ask(replica, "POST", UPLOADS, &headers, Vec::new()).await?;
        match answer.status {
            201 => {
                let address = answer.header("location").filter(|address| address.starts_with('/')).map(str::to_owned);
                let address = address.ok_or_else(|| malformed("an upload without an address"))?;
                match place(&answer)? {
                    Stands::At { offset, number } => Ok(Announced::At(address, offset, number)),
                    Stands::Unknown => Ok(Announced::At(address, 0, None)),
                }
            }
            // The order is not there yet, or this sender has too much on its way: later.
            404 => Ok(Announced::NotYet),
            413 if answer.code() == "too_many_uploads" => Ok(Announced::NotYet),
            400 | 413 | 415 | 422 => Ok(Announced::Refused(answer.code())),
            _ => Err(answer.refusal().into()),
        }
    }

    async fn append<S: DeviceStore>(
        &mut self,
        replica: &DeviceReplica<S>,
        entry: &KeptAttachment,
        address: &str,
        (mut offset, mut number): (u64, Option<u64>),
    ) -> Result<Appended, SyncError> {
        loop {
            if let Some(number) = number {
                return Ok(Appended::Whole(number));
            }
            let Some(part) = replica.attachment_part(entry.blob.hash, offset)? else { return Ok(Appended::Again) };
            let at = offset.to_string();
            let headers = [TUS, ("content-type", "application/offset+octet-stream"), ("upload-offset", at.as_str())];
            let answer = self.ask(replica, "PATCH", address, &headers, part).await?;
            match answer.status {
                204 => match place(&answer)? {
                    Stands::At { offset: next, number: arrived } => (offset, number) = (next, arrived),
                    Stands::Unknown => return Ok(Appended::Again),
                },
                404 | 408 | 409 | 410 | 423 | 460 => return Ok(Appended::Again),
                413 | 415 | 422 => return Ok(Appended::Refused(answer.code())),
                _ => return Err(answer.refusal().into()),
            }
        }
    }

    /// One signed request; once more where the nonce was not good.
    async fn ask<S: DeviceStore>(
        &mut self,
        replica: &DeviceReplica<S>,
        method: &'static str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<HttpAnswer, SyncError> {
        let said = |name: &str| headers.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| *value);
        let asked = Asked {
            store: replica.identity().store,
            method,
            target,
            offset: said("upload-offset"),
            length: said("upload-length"),
            metadata: said("upload-metadata"),
        };
        for again in [true, false] {
            let device = replica.identity().device;
            let proof = RequestProof::signed(device, &self.nonce, &asked, replica.key()).to_header();
            let signed: Vec<_> = headers.iter().copied().chain([("authorization", proof.as_str())]).collect();
            let answer = self.http.request(method, target, &signed, body.clone()).await?;
            if let Some(nonce) = answer.header(NONCE_HEADER) {
                nonce.clone_into(&mut self.nonce);
            }
            if answer.status != 401 || !again {
                return Ok(answer);
            }
        }
        Err(SyncError::OutOfOrder)
    }
}

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

enum Announced {
    At(String, u64, Option<u64>),
    NotYet,
    Refused(String),
}

enum Appended {
    Whole(u64),
    Again,
    Refused(String),
}

fn place(answer: &HttpAnswer) -> Result<Stands, SyncError> {
    let number = |name| answer.header(name).and_then(|value| value.parse().ok());
    let offset = number("upload-offset").ok_or_else(|| malformed("an upload without an offset"))?;
    Ok(Stands::At { offset, number: number("docket-number") })
}
