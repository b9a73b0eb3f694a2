//! CBOR of records that the server keeps for itself (people, sessions, codes): positional arrays, total decoding.

/// Bytes that are not the record they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stored {what} cannot be decoded at byte {position}: {problem}")]
pub struct RecordError {
    /// The record that was expected.
    pub what: &'static str,
    /// Byte offset of the problem, 0 when not known.
    pub position: usize,
    /// What was wrong there.
    pub problem: String,
}

/// The CBOR bytes of `record`.
#[must_use]
pub fn encode<T: minicbor::Encode<()>>(record: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail; the error type is uninhabited.
    minicbor::encode(record, &mut bytes).unwrap_or_default();
    bytes
}

/// Decodes one record that must fill `bytes`; unknown fields at the end of it are skipped.
pub fn decode<'b, T: minicbor::Decode<'b, ()>>(what: &'static str, bytes: &'b [u8]) -> Result<T, RecordError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let record = decoder.decode().map_err(|error| RecordError {
        what,
        position: error.position().unwrap_or(0),
        problem: error.to_string(),
    })?;
    if decoder.position() == bytes.len() {
        Ok(record)
    } else {
        Err(RecordError { what, position: decoder.position(), problem: "bytes after the end".into() })
    }
}
