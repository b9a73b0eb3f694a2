//! Automerge chunks taken apart and put together again with a right checksum, so that one edit reaches the library.
//!
//! Format: <https://automerge.org/automerge-binary-format-spec>.

use sha2::{Digest as _, Sha256};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// A change chunk by its parts; columns are (specification, data).
#[derive(Clone)]
pub(crate) struct ChangeChunk {
    pub(crate) kind: u8,
    pub(crate) dependencies: Vec<Vec<u8>>,
    pub(crate) actor: Vec<u8>,
    /// Sequence, first operation, time, length of the message: as encoded.
    pub(crate) numbers: [Vec<u8>; 4],
    pub(crate) other_actors: Vec<Vec<u8>>,
    pub(crate) columns: Vec<(u64, Vec<u8>)>,
    pub(crate) extra: Vec<u8>,
}

impl ChangeChunk {
    pub(crate) fn read(chunk: &[u8]) -> Self {
        let mut reader = Reader { bytes: chunk, position: 9 };
        reader.number();
        let dependencies = (0..reader.number()).map(|_| reader.take(32)).collect();
        let actor = reader.string();
        let numbers = [0; 4].map(|_| reader.raw_number());
        let other_actors = (0..reader.number()).map(|_| reader.string()).collect();
        let lengths: Vec<(u64, u64)> = (0..reader.number()).map(|_| (reader.number(), reader.number())).collect();
        let columns = lengths.into_iter().map(|(column, length)| (column, reader.take(length))).collect();
        let extra = chunk[reader.position..].to_vec();
        Self { kind: chunk[8], dependencies, actor, numbers, other_actors, columns, extra }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let string = |bytes: &Vec<u8>| [length(bytes), bytes.clone()].concat();
        let mut content = length(&self.dependencies);
        content.extend(self.dependencies.concat());
        content.extend(string(&self.actor));
        content.extend(self.numbers.concat());
        content.extend(length(&self.other_actors));
        content.extend(self.other_actors.iter().flat_map(string));
        content.extend(length(&self.columns));
        for (column, data) in &self.columns {
            content.extend([leb(*column), length(data)].concat());
        }
        content.extend(self.columns.iter().flat_map(|(_, data)| data.clone()));
        content.extend(&self.extra);
        chunk(self.kind, &content)
    }
}

/// A chunk of this type with its checksum.
pub(crate) fn chunk(kind: u8, content: &[u8]) -> Vec<u8> {
    let body = [vec![kind], length(content), content.to_vec()].concat();
    [&MAGIC, &Sha256::digest(&body)[..4], body.as_slice()].concat()
}

/// The type-2 form of a change: the same hash, the content deflated (here: one stored block, RFC 1951).
pub(crate) fn deflated(change: &[u8]) -> Vec<u8> {
    let mut reader = Reader { bytes: change, position: 9 };
    reader.number();
    let content = &change[reader.position..];
    let size = u16::try_from(content.len()).unwrap();
    let stored = [&[1], size.to_le_bytes().as_slice(), &(!size).to_le_bytes(), content].concat();
    [&MAGIC, &change[4..8], &[2], length(&stored).as_slice(), &stored].concat()
}

/// The same chunk with the checksum that its bytes need.
pub(crate) fn repaired(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = Sha256::digest(&bytes[8..]);
    bytes[4..8].copy_from_slice(&checksum[..4]);
    bytes
}

/// An unsigned number, seven bits a byte, low bits first.
pub(crate) fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn length<T>(items: &[T]) -> Vec<u8> {
    leb(u64::try_from(items.len()).unwrap())
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Reader<'_> {
    fn take(&mut self, length: u64) -> Vec<u8> {
        let end = self.position + usize::try_from(length).unwrap();
        let taken = self.bytes[self.position..end].to_vec();
        self.position = end;
        taken
    }

    fn raw_number(&mut self) -> Vec<u8> {
        let length = self.bytes[self.position..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        self.take(u64::try_from(length).unwrap())
    }

    fn number(&mut self) -> u64 {
        self.raw_number().iter().rev().fold(0, |number, byte| (number << 7) | u64::from(byte & 0x7f))
    }

    fn string(&mut self) -> Vec<u8> {
        let length = self.number();
        self.take(length)
    }
}
