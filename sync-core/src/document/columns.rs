//! Numbers and columns of Automerge's binary format: LEB128, run lengths, deltas.
//!
//! What it is not: it knows nothing of documents. Total: bytes that are not of the form give `None`, and a column
//! never gives more values than its reader asks for.
//!
//! Source: the Automerge binary document format specification, "Column data".

/// Reads numbers and byte strings from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }

    /// An unsigned number; the shortest form only, so that one number has one encoding.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number: u64 = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return (byte != 0 || shift == 0).then_some(number);
            }
        }
        None
    }

    /// A length or an index.
    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A signed number, in two's complement.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let mut number: i64 = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= i64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                let negative = byte & 0x40 != 0;
                let above = shift.saturating_add(7);
                return Some(if negative && above < 64 { number | (-1_i64).checked_shl(above)? } else { number });
            }
        }
        None
    }

    /// A byte string with its length before it.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }
}

/// A column of run lengths, with exactly `count` values; a column that is not there has none of them.
pub(super) fn runs<'a, T: Copy>(
    column: &'a [u8],
    count: usize,
    value: impl Fn(&mut Reader<'a>) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    if column.is_empty() {
        return Some(vec![None; count]);
    }
    let mut reader = Reader::new(column);
    let mut values = Vec::with_capacity(count);
    while !reader.is_at_end() {
        let run = reader.signed()?;
        let length = if run == 0 { reader.length()? } else { usize::try_from(run.unsigned_abs()).ok()? };
        if length > count.checked_sub(values.len())? {
            return None;
        }
        if run > 0 {
            let repeated = value(&mut reader)?;
            values.extend(core::iter::repeat_n(Some(repeated), length));
        } else if run == 0 {
            values.extend(core::iter::repeat_n(None, length));
        } else {
            for _ in 0..length {
                values.push(Some(value(&mut reader)?));
            }
        }
    }
    (values.len() == count).then_some(values)
}

/// A column of numbers, none of them absent.
pub(super) fn numbers(column: &[u8], count: usize) -> Option<Vec<u64>> {
    runs(column, count, Reader::number)?.into_iter().collect()
}

/// A column of differences to the value before, none of them absent.
pub(super) fn deltas(column: &[u8], count: usize) -> Option<Vec<i64>> {
    let mut last = 0_i64;
    runs(column, count, Reader::signed)?
        .into_iter()
        .map(|difference| {
            last = last.checked_add(difference?)?;
            Some(last)
        })
        .collect()
}

/// Whether a column of yes and no holds `count` times no: run lengths that begin with no.
pub(super) fn is_all_no(column: &[u8], count: usize) -> bool {
    let mut reader = Reader::new(column);
    column.is_empty() || (reader.length() == Some(count) && reader.is_at_end())
}

/// Appends an unsigned number.
pub(super) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Appends the number of `bytes_counted`.
pub(super) fn put_length(bytes: &mut Vec<u8>, length: usize) {
    put_number(bytes, u64::try_from(length).unwrap_or(u64::MAX));
}

/// Appends a signed number.
pub(super) fn put_signed(bytes: &mut Vec<u8>, mut number: i64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        let is_last = (number == 0 && low & 0x40 == 0) || (number == -1 && low & 0x40 != 0);
        if is_last {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_longer_forms_are_refused() {
        for number in [0, 1, 127, 128, 16_384, u64::from(u32::MAX)] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            assert_eq!(Reader::new(&bytes).number(), Some(number));
        }
        for number in [0, 1, -1, 63, 64, -64, -65, 1_763_700_000_000, -1_763_700_000_000] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            assert_eq!(Reader::new(&bytes).signed(), Some(number));
        }
        assert_eq!(Reader::new(&[0x80, 0x00]).number(), None, "two forms of one number");
        assert_eq!(Reader::new(&[0xff; 11]).number(), None);
    }

    #[test]
    fn a_run_longer_than_asked_for_is_refused_before_it_takes_memory() {
        assert_eq!(numbers(&[0xff, 0xff, 0xff, 0xff, 0x07, 1], 3), None);
        assert_eq!(numbers(&[3, 1], 3), Some(vec![1, 1, 1]));
        assert_eq!(numbers(&[0x7d, 1, 2, 3], 3), Some(vec![1, 2, 3]));
        assert_eq!(numbers(&[2, 1], 3), None, "too few");
        assert_eq!(deltas(&[2, 1, 0x7f, 0x7f], 3), Some(vec![1, 2, 1]));
    }
}
