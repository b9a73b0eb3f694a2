//! Keys and values as they lie in the one tree of an engine [frozen]. Names no engine.
//!
//! ```text
//! [table][key]                            -> 0, value                 whole value
//!                                            1, u32 length            value in pieces
//! [0xFE][table][key][u32 number of piece] -> at most 16 KiB
//! [0xFF]"format"                          -> 1 alone, 2 behind a journal
//! [0xFF]"position"                        -> number (8) and hash (32) of the last frame of the journal in it
//! [0xFF]"aim"                             -> the same of the last frame of which a part may be in it
//! ```

use std::ops::Bound;

use super::KeyRange;

/// Most bytes of one value of the tree.
pub(super) const PIECE_BYTES: usize = 16 * 1024;

pub(super) const FORMAT_KEY: &[u8] = b"\xFFformat";
pub(super) const AIM_KEY: &[u8] = b"\xFFaim";
pub(super) const POSITION_KEY: &[u8] = b"\xFFposition";
pub(super) const PIECES_PREFIX: u8 = 0xFE;
pub(super) const WHOLE: u8 = 0;
pub(super) const IN_PIECES: u8 = 1;

/// How a value lies under its key.
pub(super) enum Head<'a> {
    Whole(&'a [u8]),
    InPieces { length: usize, pieces: u32 },
}

impl<'a> Head<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&WHOLE, value) => Some(Self::Whole(value)),
            (&IN_PIECES, length) => {
                let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
                let pieces = u32::try_from(length.div_ceil(PIECE_BYTES)).ok()?;
                Some(Self::InPieces { length, pieces })
            }
            _ => None,
        }
    }
}

pub(super) fn full_key(table: u8, key: &[u8]) -> Vec<u8> {
    [&[table], key].concat()
}

/// No two pieces share a key: the number has a fixed length at the end.
pub(super) fn piece_key(table: u8, key: &[u8], number: u32) -> Vec<u8> {
    [&[PIECES_PREFIX, table], key, number.to_be_bytes().as_slice()].concat()
}

pub(super) fn full_range(table: u8, range: &KeyRange) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let full = |bound: &Bound<Vec<u8>>, open: Bound<Vec<u8>>| match bound {
        Bound::Included(key) => Bound::Included(full_key(table, key)),
        Bound::Excluded(key) => Bound::Excluded(full_key(table, key)),
        Bound::Unbounded => open,
    };
    let next_table = vec![table.saturating_add(1)];
    (full(&range.from, Bound::Included(vec![table])), full(&range.to, Bound::Excluded(next_table)))
}
