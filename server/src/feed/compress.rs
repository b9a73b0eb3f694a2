//! Messages to devices are compressed by libzstd at level 3.

use docket_sync_core::sync::message::Compress;

/// zstd level: 11 ms of CPU for 3.1 MB, within a tenth of the best size.
const LEVEL: i32 = 3;

/// libzstd, one frame a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Zstd;

impl Compress for Zstd {
    fn compress(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        zstd::bulk::compress(bytes, LEVEL).ok()
    }
}

#[cfg(test)]
mod tests {
    use docket_sync_core::ids::DocumentId;
    use docket_sync_core::sync::frames::{Frame, Want};
    use docket_sync_core::sync::message::{pack, unpack};

    use super::*;

    #[test]
    fn the_device_reads_what_the_server_packs() {
        for count in [1_u8, 40, 255] {
            let documents = (0..count).map(|byte| DocumentId([byte; 16])).collect();
            let frames = vec![Frame::Want(Want { documents })];
            let packed = pack(&frames, &mut Zstd);
            assert!(packed.len() < 2_500, "{} bytes", packed.len());
            assert_eq!(unpack(&packed).unwrap(), frames);
        }
    }

    #[test]
    fn the_server_reads_what_a_device_packs() {
        use docket_sync_core::sync::message::Light;
        for count in [1_u8, 40, 255] {
            let documents = (0..count).map(|byte| DocumentId([byte; 16])).collect();
            let frames = vec![Frame::Want(Want { documents })];
            let packed = pack(&frames, &mut Light);
            assert!(packed.len() < 3_500, "{} bytes", packed.len());
            assert_eq!(unpack(&packed).unwrap(), frames);
        }
    }

    #[test]
    fn damaged_and_bomb_like_messages_are_errors() {
        let frames = vec![Frame::Want(Want { documents: vec![DocumentId([1; 16]); 1_000] })];
        let packed = pack(&frames, &mut Zstd);
        for cut in 0..packed.len() {
            assert!(unpack(&packed[..cut]).is_err(), "cut at {cut}");
        }
        for position in 2..packed.len() {
            let mut damaged = packed.clone();
            damaged[position] ^= 0x55;
            let _any_answer_but_a_panic = unpack(&damaged);
        }
        let bomb = Zstd.compress(&vec![0; 64 * 1024 * 1024]).unwrap();
        let message = [&[1, 1], bomb.as_slice()].concat();
        assert!(message.len() < 20_000);
        assert!(unpack(&message).is_err());
    }
}
