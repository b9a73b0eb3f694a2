//! A piece: consecutive frames of the journal, compressed (zstd) and then encrypted (age), in one file.
//!
//! Inside stand the frames one after the other, each behind its length in 4 bytes (big endian). What a frame is,
//! the journal knows; here it is bytes, and the file around them is checked by its BLAKE3 and by age.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write};
use std::path::Path;
use std::sync::Arc;

use docket_sync_core::ids::Digest;

use super::error::BackupError;
use super::folder::{self, Unfinished, io_error};
use super::sealing::{Identities, Recipients};
use crate::store::disk::Disk;

/// Level of zstd: about as fast as the disk; what frames packed themselves hardly shrinks further.
const LEVEL: i32 = 3;

/// Bytes of the length before a frame.
const LENGTH_BYTES: usize = 4;

/// A file that is being written, its size and its BLAKE3.
#[derive(Debug)]
pub struct Hashed {
    file: BufWriter<Unfinished>,
    hasher: blake3::Hasher,
}

impl Hashed {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(file: Unfinished) -> Self {
        Self { file: BufWriter::new(file), hasher: blake3::Hasher::new() }
    }

    /// The file with everything written to it (not yet durable), its size and its BLAKE3.
    pub fn finish(self) -> io::Result<(Unfinished, u64, Digest)> {
        let bytes = self.hasher.count();
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok((file, bytes, Digest(*self.hasher.finalize().as_bytes())))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A piece that is being written.
pub struct PieceWriter {
    disk: Arc<dyn Disk>,
    name: String,
    output: zstd::stream::write::Encoder<'static, age::stream::StreamWriter<Hashed>>,
    frame_bytes: u64,
}

impl core::fmt::Debug for PieceWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PieceWriter({})", self.name)
    }
}

/// A piece that has been written, durable under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceFile {
    /// Bytes of its frames.
    pub frame_bytes: u64,
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub blake3: Digest,
}

impl PieceWriter {
    /// Begins the piece `name` in the folder of `disk`.
    pub fn begin(disk: &Arc<dyn Disk>, name: &str, recipients: &Recipients) -> Result<Self, BackupError> {
        let file = folder::create_unfinished(disk.as_ref(), name)?;
        let writing = || io_error("writing", disk.as_ref(), name);
        let sealed = recipients.seal(Hashed::new(file)).map_err(writing())?;
        let output = zstd::stream::write::Encoder::new(sealed, LEVEL).map_err(writing())?;
        Ok(Self { disk: disk.clone(), name: name.to_owned(), output, frame_bytes: 0 })
    }

    /// Adds a frame.
    pub fn add(&mut self, frame: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(frame.len()).map_err(io::Error::other);
        let written = length.and_then(|length| {
            self.output.write_all(&length.to_be_bytes())?;
            self.output.write_all(frame)
        });
        written.map_err(io_error("writing", self.disk.as_ref(), &self.name))?;
        self.frame_bytes = self.frame_bytes.saturating_add(u64::try_from(frame.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Bytes of the frames so far.
    #[must_use]
    pub fn frame_bytes(&self) -> u64 {
        self.frame_bytes
    }

    /// Ends the piece, makes it durable and gives it its name.
    pub fn finish(self) -> Result<PieceFile, BackupError> {
        let Self { disk, name, output, frame_bytes } = self;
        let ended = output.finish().and_then(age::stream::StreamWriter::finish).and_then(Hashed::finish);
        let (file, bytes, blake3) = ended.map_err(io_error("writing", disk.as_ref(), &name))?;
        folder::finish(disk.as_ref(), &name, &file)?;
        Ok(PieceFile { frame_bytes, bytes, blake3 })
    }
}

/// Opens a file and checks that it is as it was written: its size and its BLAKE3. Stands at its beginning.
pub fn check_file(path: &Path, name: &str, bytes: u64, blake3: Digest) -> Result<File, BackupError> {
    let reading = || BackupError::io("reading", path);
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BackupError::piece(name, "it is missing"));
        }
        file => file.map_err(reading())?,
    };
    let length = file.metadata().map_err(reading())?.len();
    if length != bytes {
        return Err(BackupError::piece(name, format!("it has {length} bytes and should have {bytes}")));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(&mut file).map_err(reading())?;
    if Digest(*hasher.finalize().as_bytes()) != blake3 {
        return Err(BackupError::piece(name, "its BLAKE3 is not what the manifest says"));
    }
    file.rewind().map_err(reading())?;
    Ok(file)
}

/// The frames of a piece, in their order.
pub struct PieceReader {
    name: String,
    input: zstd::stream::read::Decoder<'static, BufReader<age::stream::StreamReader<BufReader<File>>>>,
    frame_bytes_max: usize,
}

impl core::fmt::Debug for PieceReader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PieceReader({})", self.name)
    }
}

impl PieceReader {
    /// Opens a piece that [`check_file`] has checked. A frame above `frame_bytes_max` is refused before it is read.
    pub fn open(
        file: File,
        name: &str,
        recipients: &[String],
        identities: &Identities,
        frame_bytes_max: usize,
    ) -> Result<Self, BackupError> {
        let opened = identities.open(name, recipients, BufReader::new(file))?;
        let failed = |error: io::Error| BackupError::piece(name, error.to_string());
        let input = zstd::stream::read::Decoder::new(opened).map_err(failed)?;
        Ok(Self { name: name.to_owned(), input, frame_bytes_max })
    }

    /// The next frame; `None` at the end.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        let name = &self.name;
        let failed = |error: io::Error| BackupError::piece(name, error.to_string());
        let mut length = [0; LENGTH_BYTES];
        let mut filled = 0;
        while let Some(rest) = length.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest).map_err(failed)? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(BackupError::piece(name, "it ends in the middle of a frame")),
                read => filled = filled.saturating_add(read),
            }
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > self.frame_bytes_max {
            return Err(BackupError::piece(name, format!("a frame of {length} bytes is too large")));
        }
        let mut frame = vec![0; length];
        self.input.read_exact(&mut frame).map_err(failed)?;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sealing::make_identity;
    use super::*;

    const FRAME_MAX: usize = 1 << 20;

    struct Sample {
        folder: tempfile::TempDir,
        identities: Identities,
        written: PieceFile,
    }

    fn sample(frames: &[&[u8]]) -> Sample {
        let folder = tempfile::tempdir().unwrap();
        let (text, recipient) = make_identity("today");
        std::fs::write(folder.path().join("identity"), text.as_bytes()).unwrap();
        let identities = Identities::read(&folder.path().join("identity")).unwrap();
        let recipients = Recipients::read(&[recipient]).unwrap();
        let disk: Arc<dyn Disk> = Arc::new(crate::store::disk::RealDisk::new(folder.path()));
        let mut writer = PieceWriter::begin(&disk, "piece.age", &recipients).unwrap();
        for frame in frames {
            writer.add(frame).unwrap();
        }
        let written = writer.finish().unwrap();
        Sample { folder, identities, written }
    }

    impl Sample {
        fn read(&self) -> Result<Vec<Vec<u8>>, BackupError> {
            let path = self.folder.path().join("piece.age");
            let file = check_file(&path, "piece.age", self.written.bytes, self.written.blake3)?;
            self.frames(file)
        }

        fn frames(&self, file: File) -> Result<Vec<Vec<u8>>, BackupError> {
            let mut reader = PieceReader::open(file, "piece.age", &[], &self.identities, FRAME_MAX)?;
            std::iter::from_fn(|| reader.next_frame().transpose()).collect()
        }
    }

    #[test]
    fn frames_come_back_as_they_were() {
        let large = vec![7; FRAME_MAX];
        let frames: [&[u8]; 4] = [b"one", b"", &large, b"four"];
        let sample = sample(&frames);
        assert_eq!(sample.read().unwrap(), frames);
        assert_eq!(sample.written.frame_bytes, 7 + 1_048_576);
        assert!(sample.written.bytes < 10_000, "frames are compressed");
    }

    #[test]
    fn a_changed_byte_is_found_and_the_piece_named_by_its_hash_and_also_without() {
        let sample = sample(&[b"one", b"two"]);
        let path = sample.folder.path().join("piece.age");
        let good = std::fs::read(&path).unwrap();
        for position in 0..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            let said = sample.read().unwrap_err().to_string();
            assert!(said.contains("piece.age") && said.contains("BLAKE3"), "byte {position}: {said}");
            // Encryption alone finds it too: who can write the folder cannot change what is inside.
            assert!(sample.frames(File::open(&path).unwrap()).is_err(), "byte {position}");
        }
        std::fs::write(&path, &good[..good.len() - 1]).unwrap();
        assert!(sample.read().unwrap_err().to_string().contains("should have"));
        std::fs::remove_file(&path).unwrap();
        assert!(sample.read().unwrap_err().to_string().contains("missing"));
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_before_it_is_read() {
        let sample = sample(&[&vec![0; FRAME_MAX + 1]]);
        assert!(sample.read().unwrap_err().to_string().contains("too large"));
    }
}
