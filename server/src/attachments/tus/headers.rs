//! Headers of the upload protocol, taken apart: metadata and checksums. Pure.

use axum::http::{HeaderMap, StatusCode};
use data_encoding::BASE64;
use docket_sync_core::ids::{BlobId, DocumentId};
use docket_sync_core::limits::{ATTACHMENT_METADATA_BYTES_MAX, ATTACHMENT_NAME_BYTES_MAX};
use sha2::Digest as _;

use crate::error::ApiError;

/// The version of the protocol that is spoken.
pub(super) const VERSION: &str = "1.0.0";

/// Extensions that are spoken.
pub(super) const EXTENSIONS: &str = "creation,termination,checksum,expiration";

/// Checksums of a request's bytes that are checked.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

/// Pairs in the metadata that are read.
const PAIRS_MAX: usize = 16;

/// What the sender says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) order: DocumentId,
    pub(super) digest: BlobId,
    pub(super) name: Option<String>,
    /// As sent.
    pub(super) raw: String,
}

fn wrong(problem: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_metadata", problem).at("Upload-Metadata")
}

impl Metadata {
    /// Reads `key base64,key base64`; other keys are the sender's own.
    pub(super) fn read(raw: &str) -> Result<Self, ApiError> {
        if raw.len() > ATTACHMENT_METADATA_BYTES_MAX {
            return Err(wrong(format!("the metadata have more than {ATTACHMENT_METADATA_BYTES_MAX} bytes")));
        }
        let (mut order, mut digest, mut name) = (None, None, None);
        let mut seen = std::collections::BTreeSet::new();
        for pair in raw.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
            let decoded = BASE64.decode(value.trim().as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = decoded.ok_or_else(|| wrong(format!("the value of '{key}' is not text in base64")))?;
            if !seen.insert(key) || seen.len() > PAIRS_MAX {
                return Err(wrong("the metadata name a key twice, or too many"));
            }
            match key {
                "order" => order = Some(text.parse().map_err(|_no_id| wrong("'order' is not an order"))?),
                "digest" => {
                    digest = Some(text.parse().map_err(|_no_id| wrong("'digest' is not 64 hexadecimal digits"))?)
                }
                "filename" => name = plain_name(&text)?,
                _ => {}
            }
        }
        let order = order.ok_or_else(|| wrong("the metadata do not name the order"))?;
        let digest = digest.ok_or_else(|| wrong("the metadata do not name the digest"))?;
        Ok(Self { order, digest, name, raw: raw.to_owned() })
    }
}

/// A file name is shown and never used as a path: its last part, without what could deceive a reader.
fn plain_name(text: &str) -> Result<Option<String>, ApiError> {
    if text.len() > ATTACHMENT_NAME_BYTES_MAX {
        return Err(wrong(format!("the file name has more than {ATTACHMENT_NAME_BYTES_MAX} bytes")));
    }
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let hides = |char: char| {
        char.is_control() || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name: String = last.chars().filter(|char| !hides(*char)).collect();
    let name = name.trim();
    Ok((!name.is_empty() && !name.chars().all(|char| char == '.')).then(|| name.to_owned()))
}

/// A checksum in the making, and what it must come to.
#[derive(Debug, Clone)]
pub(super) enum Checksum {
    Sha1(sha1::Sha1, Vec<u8>),
    Sha256(sha2::Sha256, Vec<u8>),
}

impl Checksum {
    /// Reads `Upload-Checksum`, where there is one.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
        let wrong = |problem| ApiError::new(StatusCode::BAD_REQUEST, "invalid_checksum", problem).at("Upload-Checksum");
        let text = value.to_str().map_err(|_no_text| wrong("the checksum is no text"))?;
        let (algorithm, value) =
            text.split_once(' ').ok_or_else(|| wrong("write the algorithm, a space and base64"))?;
        let sum = BASE64.decode(value.trim().as_bytes()).map_err(|_no_base64| wrong("the checksum is not base64"))?;
        match (algorithm, sum.len()) {
            ("sha1", 20) => Ok(Some(Self::Sha1(sha1::Sha1::new(), sum))),
            ("sha256", 32) => Ok(Some(Self::Sha256(sha2::Sha256::new(), sum))),
            ("sha1" | "sha256", _) => Err(wrong("the checksum has another length than its algorithm")),
            _ => Err(wrong("this algorithm is not spoken here: see Tus-Checksum-Algorithm")),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher, _) => hasher.update(bytes),
            Self::Sha256(hasher, _) => hasher.update(bytes),
        }
    }

    /// Whether the bytes came to what was said.
    pub(super) fn agrees(self) -> bool {
        match self {
            Self::Sha1(hasher, sum) => hasher.finalize().as_slice() == sum,
            Self::Sha256(hasher, sum) => hasher.finalize().as_slice() == sum,
        }
    }
}

/// A header that is a number of bytes.
pub(super) fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok());
    let wrong = || ApiError::malformed(format!("{name} is not a number of bytes")).at(name);
    number.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> String {
        format!("{key} {}", BASE64.encode(value.as_bytes()))
    }

    #[test]
    fn metadata_name_order_and_digest_and_nothing_deceives() {
        let (order, digest) = ("01890a5d-ac96-774b-bcce-b302099a8057", "ab".repeat(32));
        let line = |name: &str| [pair("order", order), pair("digest", &digest), pair("filename", name)].join(",");
        let names = [
            ("photo.jpg", Some("photo.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\photos\\照片.jpg", Some("照片.jpg")),
            ("gpj.\u{202e}exe", Some("gpj.exe")),
            ("a\r\nb", Some("ab")),
            ("..", None),
            ("/", None),
        ];
        for (sent, expected) in names {
            assert_eq!(Metadata::read(&line(sent)).unwrap().name.as_deref(), expected, "{sent}");
        }
        let read = Metadata::read(&format!("{}, extra", line("a"))).unwrap();
        assert_eq!((read.order.to_string(), read.digest.to_string()), (order.to_owned(), digest.clone()));
        let bad = [
            String::new(),
            pair("order", order),
            pair("digest", &digest),
            [pair("order", "x"), pair("digest", &digest)].join(","),
            [pair("order", order), pair("digest", "../../x")].join(","),
            [pair("order", order), pair("order", order), pair("digest", &digest)].join(","),
            format!("order {order},digest !!!"),
            line(&"n".repeat(ATTACHMENT_NAME_BYTES_MAX + 1)),
            format!("{},{}", line("a"), pair("x", &"y".repeat(ATTACHMENT_METADATA_BYTES_MAX))),
            (0..40).map(|index| pair(&format!("k{index}"), "v")).collect::<Vec<_>>().join(","),
        ];
        for raw in bad {
            let error = Metadata::read(&raw).unwrap_err();
            assert_eq!((error.status().as_u16(), error.body().code), (400, "invalid_metadata"), "{raw}");
        }
    }

    #[test]
    fn checksums_of_the_named_algorithms_are_checked() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("upload-checksum", value.parse().unwrap());
            Checksum::read(&headers)
        };
        let check = |value: &str, bytes: &[u8]| {
            let mut sum = read(value).unwrap().unwrap();
            sum.update(bytes);
            sum.agrees()
        };
        // The protocol's own example: sha1 of "hello world".
        assert!(check("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", b"hello world"));
        assert!(!check("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", b"hello worlD"));
        assert!(check("sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=", b"hello world"));
        for bad in ["sha1", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 %%%", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="] {
            assert_eq!(read(bad).unwrap_err().body().code, "invalid_checksum", "{bad}");
        }
        assert!(Checksum::read(&HeaderMap::new()).unwrap().is_none());
    }
}
