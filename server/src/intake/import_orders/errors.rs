//! Why a file, or one of its lines, is not taken over.

use super::FILE_BYTES_MAX;

/// Why a file cannot be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Larger than [`FILE_BYTES_MAX`].
    #[error("the file has {size} bytes, at most {FILE_BYTES_MAX} are possible: split it")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// No line at all.
    #[error("the file is empty")]
    Empty,
    /// Not UTF-8.
    #[error("the file is not in UTF-8: save it as 'CSV UTF-8'")]
    Encoding,
    /// Fields are not separated by commas.
    #[error("the fields of the header are not separated by commas: save the file as 'CSV, comma separated'")]
    Separator,
    /// Quotes in the header are broken.
    #[error("the quotes in the header are broken")]
    HeaderQuoting,
    /// A column that is not known.
    #[error("the column '{name}' is not known: correct or remove it")]
    UnknownColumn {
        /// As in the header.
        name: String,
    },
    /// A column that stands twice in the header.
    #[error("the column '{column}' is there twice")]
    RepeatedColumn {
        /// Its name.
        column: &'static str,
    },
    /// A required column that is absent and has no default.
    #[error("the column '{column}' is missing")]
    MissingColumn {
        /// Its name.
        column: &'static str,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LineCode {
    /// Bytes that are not UTF-8.
    #[error("the line is not in UTF-8")]
    Encoding,
    /// Longer than [`super::LINE_BYTES_MAX`].
    #[error("the line is too long")]
    LineLength,
    /// More or fewer fields than the header.
    #[error("the line has more or fewer fields than the header")]
    FieldCount,
    /// Quotes that cannot be understood.
    #[error("the quotes in the line are broken")]
    Quoting,
    /// A required field is empty (C-001).
    #[error("the field is empty")]
    MissingField,
    /// Longer than a text may be.
    #[error("the text is too long")]
    TextLength,
    /// A character that is no text.
    #[error("the text holds a control character")]
    ControlCharacter,
    /// A value that the column does not have.
    #[error("the value is not one of those possible")]
    UnknownValue,
    /// Not a day.
    #[error("the date is not a day of the form 2026-03-31")]
    Date,
    /// Not an amount.
    #[error("the amount is not a number with at most two decimals")]
    Amount,
    /// More records than one file may have; nothing after this line is read.
    #[error("the file has too many records: import the rest as another file")]
    TooManyRecords,
}

impl LineCode {
    /// Every code.
    pub const ALL: [Self; 11] = [
        Self::Encoding,
        Self::LineLength,
        Self::FieldCount,
        Self::Quoting,
        Self::MissingField,
        Self::TextLength,
        Self::ControlCharacter,
        Self::UnknownValue,
        Self::Date,
        Self::Amount,
        Self::TooManyRecords,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Encoding => "not_utf8",
            Self::LineLength => "line_too_long",
            Self::FieldCount => "wrong_field_count",
            Self::Quoting => "broken_quoting",
            Self::MissingField => "missing_field",
            Self::TextLength => "text_too_long",
            Self::ControlCharacter => "control_character",
            Self::UnknownValue => "unknown_value",
            Self::Date => "invalid_date",
            Self::Amount => "invalid_amount",
            Self::TooManyRecords => "too_many_records",
        }
    }
}

/// A line that was not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {code}", field.map(|field| format!(", {field}")).unwrap_or_default())]
pub struct LineError {
    /// Its number, from 1; the header is line 1.
    pub line: usize,
    /// The column, where one is wrong.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub code: LineCode,
}
