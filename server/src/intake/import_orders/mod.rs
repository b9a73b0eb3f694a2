//! Orders from a CSV file: by Docket's own columns, or a maintenance log as asset systems export it.
//!
//! A bad line is reported with its number and reason, and the rest goes on. A file whose header is not understood
//! is refused as a whole, before anything is taken over. Format: `schemas/import-orders.md`.

mod columns;
mod errors;
mod record;

use std::collections::BTreeSet;

pub use columns::{Column, Defaults};
pub use errors::{FileError, LineCode, LineError};
pub use record::ImportedOrder;
use record::Row;

use crate::intake::csv::{Lines, SplitError, Surplus, split, strict};

/// Largest file in bytes: it is read as a whole.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Longest line in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Most records of one file; more are imported in several files.
pub const RECORDS_MAX: usize = 100_000;

/// Columns without which nothing can be ordered (C-001); a default may stand for them.
const REQUIRED: [Column; 4] = [Column::Customer, Column::Phone, Column::Address, Column::Problem];

/// The header of a maintenance log: its one column of free text is the only one that can hold commas.
const MAINTENANCE_LOG: [Column; 5] = [Column::Date, Column::Serial, Column::Problem, Column::Maintenance, Column::Cost];

/// A file of orders: an iterator over its records. Empty lines are passed over.
#[derive(Debug, Clone)]
pub struct OrderFile<'a> {
    lines: Lines<'a>,
    columns: Vec<Column>,
    /// Index of the free text.
    text: usize,
    surplus: Surplus,
    defaults: &'a Defaults,
    records: usize,
}

impl<'a> OrderFile<'a> {
    /// Reads the header of `bytes`.
    pub fn new(bytes: &'a [u8], defaults: &'a Defaults) -> Result<Self, FileError> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(FileError::TooLarge { size: bytes.len() });
        }
        let mut lines = Lines::new(bytes);
        let (_, header) = lines.next().ok_or(FileError::Empty)?;
        let header = std::str::from_utf8(header).map_err(|_position| FileError::Encoding)?;
        if header.contains('\0') {
            // UTF-16 without marks reads like this.
            return Err(FileError::Encoding);
        }
        if header.trim().is_empty() {
            return Err(FileError::Empty);
        }
        if !header.contains(',') && header.contains([';', '\t']) {
            return Err(FileError::Separator);
        }
        let columns = columns(header)?;
        let given = [Some(Column::Customer), Some(Column::Phone), Some(Column::Address)].map(|column| {
            let column = column?;
            defaults.text(column).map(|_text| column)
        });
        let absent = |column: &Column| !columns.contains(column) && !given.contains(&Some(*column));
        if let Some(column) = REQUIRED.iter().find(|column| absent(column)) {
            return Err(FileError::MissingColumn { column: column.code() });
        }
        let surplus = if columns == MAINTENANCE_LOG { Surplus::BelongsToText } else { Surplus::Refuse };
        let text = columns.iter().position(|column| *column == Column::Problem).unwrap_or_default();
        Ok(Self { lines, columns, text, surplus, defaults, records: 0 })
    }

    /// The columns that this line has. In a maintenance log the cost at the end may be missing, its comma too: the
    /// line then ends with the kind of maintenance, and an order needs no cost.
    fn columns_of(&self, line: &str) -> &[Column] {
        let last = line.rsplit(',').next().unwrap_or_default().trim();
        let is_kind = last.starts_with(|first: char| first.is_ascii_alphabetic())
            && last.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match self.columns.split_last() {
            Some((Column::Cost, without_cost)) if self.columns == MAINTENANCE_LOG && is_kind => without_cost,
            _ => &self.columns,
        }
    }

    fn record(&self, line: usize, bytes: &[u8]) -> Result<ImportedOrder, LineError> {
        let wrong = |code| LineError { line, field: None, code };
        if self.records > RECORDS_MAX {
            return Err(wrong(LineCode::TooManyRecords));
        }
        if bytes.len() > LINE_BYTES_MAX {
            return Err(wrong(LineCode::LineLength));
        }
        let text = std::str::from_utf8(bytes).map_err(|_position| wrong(LineCode::Encoding))?;
        let columns = self.columns_of(text);
        let fields = split(text, columns.len(), self.text, self.surplus).map_err(|error| {
            wrong(match error {
                SplitError::FieldCount => LineCode::FieldCount,
                SplitError::Quoting => LineCode::Quoting,
            })
        })?;
        let cells = columns.iter().copied().zip(fields.iter().map(AsRef::as_ref)).collect();
        let row = Row { line, cells, defaults: self.defaults };
        row.order()
    }
}

impl Iterator for OrderFile<'_> {
    type Item = Result<ImportedOrder, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, bytes) = self.lines.find(|(_, bytes)| !bytes.trim_ascii().is_empty())?;
        self.records = self.records.saturating_add(1);
        let record = self.record(line, bytes);
        if self.records > RECORDS_MAX {
            self.lines = Lines::new(&[]);
        }
        Some(record)
    }
}

fn columns(header: &str) -> Result<Vec<Column>, FileError> {
    let mut columns = Vec::new();
    let mut seen = BTreeSet::new();
    for name in strict(header).ok_or(FileError::HeaderQuoting)? {
        let unknown = || FileError::UnknownColumn { name: name.trim().chars().take(100).collect() };
        let column = Column::from_header(&name).ok_or_else(unknown)?;
        if !seen.insert(column) {
            return Err(FileError::RepeatedColumn { column: column.code() });
        }
        columns.push(column);
    }
    Ok(columns)
}

#[cfg(test)]
mod tests;
