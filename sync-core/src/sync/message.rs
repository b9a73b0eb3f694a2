//! Messages: frames that are ready together travel in one, plain or as a piece of the session's zstd stream.
//!
//! Layout: byte 0 is the version (1), byte 1 says how the rest is packed (0 plain, 1 the next piece of the
//! session's stream), then CBOR frames one after the other. The stream is a row of zstd frames (RFC 8878): one
//! for each burst of messages, flushed at the end of every message.

use super::frames::Frame;
use crate::ids::Digest;
use crate::{DecodeError, limits, wire};

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const STREAM: u8 = 1;

/// Bytes below which compressing a message is not worth it.
const WORTH_COMPRESSING: usize = 256;

/// The sending half of a session's compression stream. The server's is libzstd; a device needs none.
pub trait Compress {
    /// Feeds `bytes` to the stream and flushes it; ends the zstd frame when `last`, so that an idle session
    /// needs no memory for it. `None` when this message is to travel plain.
    fn compress(&mut self, bytes: &[u8], last: Burst) -> Option<Vec<u8>>;
}

/// Whether more messages follow at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Burst {
    /// More follow: the stream stays open.
    GoesOn,
    /// This is the last one for now.
    Ends,
}

/// A session that does not compress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Compress for Plain {
    fn compress(&mut self, _bytes: &[u8], _last: Burst) -> Option<Vec<u8>> {
        None
    }
}

/// Packs frames into one message.
pub fn pack(frames: &[Frame], compress: &mut dyn Compress, last: Burst) -> Vec<u8> {
    let body = body(frames);
    if body.len() >= WORTH_COMPRESSING {
        if let Some(piece) = compress.compress(&body, last) {
            return [&[VERSION, STREAM], piece.as_slice()].concat();
        }
    }
    [&[VERSION, PLAIN], body.as_slice()].concat()
}

fn body(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(wire::encode).collect()
}

/// Digest of what travels with a Hello: BLAKE3 over the other frames' bytes; `None` when there are none.
#[must_use]
pub fn travels_digest(frames: &[Frame]) -> Option<Digest> {
    if frames.is_empty() {
        return None;
    }
    Some(Digest(*blake3::hash(&body(frames)).as_bytes()))
}

/// The receiving half of a session's stream: pure Rust, on device and server.
pub struct Unpacker {
    decoder: ruzstd::decoding::FrameDecoder,
    pending: Vec<u8>,
    started: bool,
    out: Vec<u8>,
}

impl Default for Unpacker {
    fn default() -> Self {
        Self { decoder: ruzstd::decoding::FrameDecoder::new(), pending: Vec::new(), started: false, out: Vec::new() }
    }
}

impl core::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Unpacker").field("started", &self.started).finish_non_exhaustive()
    }
}

impl Unpacker {
    /// The frames of one message.
    ///
    /// # Errors
    /// When the message is not of the layout, larger than [`limits::MESSAGE_BYTES_MAX`] packed or unpacked, or
    /// holds more than [`limits::FRAMES_PER_MESSAGE_MAX`] frames. The session cannot go on after an error.
    pub fn unpack(&mut self, message: &[u8]) -> Result<Vec<Frame>, DecodeError> {
        if message.len() > limits::MESSAGE_BYTES_MAX {
            return Err(DecodeError::new("message", "too large"));
        }
        match message.split_at_checked(2) {
            Some(([VERSION, PLAIN], body)) => decode_frames(body),
            Some(([VERSION, STREAM], piece)) => {
                self.inflate(piece)?;
                let frames = decode_frames(&self.out);
                self.out.clear();
                frames
            }
            Some(([version, _], _)) if *version != VERSION => {
                Err(DecodeError::new("message", format!("version {version} is not spoken here")))
            }
            _ => Err(DecodeError::new("message", "no header")),
        }
    }

    fn inflate(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        let failed = |error: &dyn core::fmt::Display| DecodeError::new("compressed message", error.to_string());
        self.pending.extend_from_slice(piece);
        let mut source = self.pending.as_slice();
        if !self.started {
            self.decoder.reset(&mut source).map_err(|error| failed(&error))?;
            self.started = true;
        }
        let mut chunk = vec![0; 128 * 1024];
        loop {
            let (read, written) =
                self.decoder.decode_from_to(source, &mut chunk).map_err(|error| failed(&error))?;
            source = source.get(read..).unwrap_or_default();
            self.out.extend(chunk.get(..written).unwrap_or_default());
            if self.out.len() > limits::MESSAGE_BYTES_MAX {
                return Err(DecodeError::new("compressed message", "too large when unpacked"));
            }
            if read == 0 && written == 0 {
                break;
            }
        }
        self.pending = source.to_vec();
        if self.decoder.is_finished() {
            self.started = false;
            self.pending.clear();
        }
        Ok(())
    }
}

fn decode_frames(body: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    let mut decoder = minicbor::Decoder::new(body);
    let mut frames = Vec::new();
    while decoder.position() < body.len() {
        if frames.len() >= limits::FRAMES_PER_MESSAGE_MAX {
            return Err(DecodeError::new("message", "too many frames"));
        }
        frames.push(decoder.decode().map_err(|error| DecodeError::from_cbor("frame", &error))?);
    }
    Ok(frames)
}

/// Bytes of one frame, for stores and golden files.
#[must_use]
pub fn frame_bytes(frame: &Frame) -> Vec<u8> {
    wire::encode(frame)
}
