//! Messages: frames that are ready together travel in one, plain or compressed.
//!
//! Layout: byte 0 is the version (1), byte 1 says how the rest is packed (0 plain, 1 one zstd frame, RFC 8878),
//! then CBOR frames one after the other. Every message stands by itself: a decoder in pure Rust gives out what
//! lies in its window only at the end of a zstd frame, and a cut connection leaves no state behind.

use super::frames::Frame;
use crate::ids::Digest;
use crate::{DecodeError, limits, wire};

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// Largest window that a sender may use: a message's own limit.
const WINDOW_MAX: u64 = 4 * 1024 * 1024;

/// Bytes below which compressing a message is not worth it.
const WORTH_COMPRESSING: usize = 256;

/// The same on a device, where a single fact is to leave at once.
const WORTH_COMPRESSING_HERE: usize = 1_024;

/// Compresses messages. The server's is libzstd; a device has a small encoder in pure Rust.
pub trait Compress {
    /// One zstd frame that holds `bytes`; `None` when this message is to travel plain.
    fn compress(&mut self, bytes: &[u8]) -> Option<Vec<u8>>;
}

/// A sender that does not compress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Compress for Plain {
    fn compress(&mut self, _bytes: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// A small zstd encoder in pure Rust: pushes of a day become a third smaller.
#[derive(Debug, Clone, Copy, Default)]
pub struct Light;

impl Compress for Light {
    fn compress(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if bytes.len() < WORTH_COMPRESSING_HERE {
            return None;
        }
        Some(ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest))
    }
}

/// Packs frames into one message.
pub fn pack(frames: &[Frame], compress: &mut dyn Compress) -> Vec<u8> {
    let body = body(frames);
    if body.len() >= WORTH_COMPRESSING {
        if let Some(packed) = compress.compress(&body).filter(|packed| packed.len() < body.len()) {
            return [&[VERSION, ZSTD], packed.as_slice()].concat();
        }
    }
    [&[VERSION, PLAIN], body.as_slice()].concat()
}

fn body(frames: &[Frame]) -> Vec<u8> {
    let mut body = Vec::new();
    for frame in frames {
        // Writing to a Vec cannot fail; the error type is uninhabited.
        minicbor::encode(frame, &mut body).unwrap_or_default();
    }
    body
}

/// Digest of what travels with a Hello: BLAKE3 over the other frames' bytes; `None` when there are none.
#[must_use]
pub fn travels_digest(frames: &[Frame]) -> Option<Digest> {
    if frames.is_empty() {
        return None;
    }
    Some(Digest(*blake3::hash(&body(frames)).as_bytes()))
}

/// The frames of one message. Pure Rust, on device and server.
///
/// # Errors
/// When the message is not of the layout, larger than [`limits::MESSAGE_BYTES_MAX`] packed or unpacked, or holds
/// more than [`limits::FRAMES_PER_MESSAGE_MAX`] frames.
pub fn unpack(message: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    unpack_at_most(message, limits::FRAMES_PER_MESSAGE_MAX)
}

/// The same with another limit of frames.
///
/// # Errors
/// As [`unpack`].
pub fn unpack_at_most(message: &[u8], frames_max: usize) -> Result<Vec<Frame>, DecodeError> {
    if message.len() > limits::MESSAGE_BYTES_MAX {
        return Err(DecodeError::new("message", "too large"));
    }
    match message.split_at_checked(2) {
        Some(([VERSION, PLAIN], body)) => decode_frames(body, frames_max),
        Some(([VERSION, ZSTD], packed)) => decode_frames(&inflate(packed)?, frames_max),
        Some(([version, _], _)) if *version != VERSION => {
            Err(DecodeError::new("message", format!("version {version} is not spoken here")))
        }
        _ => Err(DecodeError::new("message", "no header")),
    }
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let failed = |error: &dyn core::fmt::Display| DecodeError::new("compressed message", error.to_string());
    let mut source = packed;
    let mut decoder = ruzstd::decoding::FrameDecoder::new();
    decoder.set_max_window_size(WINDOW_MAX);
    decoder.init(&mut source).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    loop {
        let step = ruzstd::decoding::BlockDecodingStrategy::UptoBlocks(1);
        let finished = decoder.decode_blocks(&mut source, step).map_err(|error| failed(&error))?;
        if bytes.len().saturating_add(decoder.can_collect()) > limits::MESSAGE_BYTES_MAX {
            return Err(DecodeError::new("compressed message", "too large when unpacked"));
        }
        bytes.extend(decoder.collect().unwrap_or_default());
        if finished {
            return if source.is_empty() { Ok(bytes) } else { Err(DecodeError::new("message", "bytes after the end")) };
        }
    }
}

fn decode_frames(body: &[u8], frames_max: usize) -> Result<Vec<Frame>, DecodeError> {
    if wire::check_shape("message", body)? > frames_max {
        return Err(DecodeError::new("message", "too many frames"));
    }
    let mut decoder = minicbor::Decoder::new(body);
    let mut frames = Vec::new();
    while decoder.position() < body.len() {
        frames.push(decoder.decode().map_err(|error| DecodeError::from_cbor("frame", &error))?);
    }
    Ok(frames)
}

/// Bytes of one frame, for stores and golden files.
#[must_use]
pub fn frame_bytes(frame: &Frame) -> Vec<u8> {
    wire::encode(frame)
}
