//! Orders from a CSV file: by Docket's own columns, or a maintenance log as asset systems export it.
//!
//! A bad line is reported with its number and reason, and the rest goes on. A file whose header is not understood
//! is refused as a whole, before anything is taken over. Format: `schemas/import-orders.md`.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use docket_sync_core::facts::values::{ServiceClass, Urgency};
use docket_sync_core::limits::TEXT_BYTES_MAX;

use crate::intake::csv::{Lines, SplitError, Surplus, split, strict};

/// Largest file in bytes: it is read as a whole.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Longest line in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Most records of one file; more are imported in several files.
pub const RECORDS_MAX: usize = 100_000;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident $code:literal [$($alias:literal),*],)*) => {
        /// A column that an order file may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Column { $($(#[$doc])* $name),* }

        impl Column {
            /// The name in the header, and in errors.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The column with this name, in any case, or one of its other names.
            fn from_header(name: &str) -> Option<Self> {
                let name = name.trim().to_lowercase();
                $(if [$code, $($alias),*].contains(&name.as_str()) {
                    return Some(Self::$name);
                })*
                None
            }
        }
    };
}

columns! {
    /// Number of the order in the system it comes from.
    Reference "reference" ["编号"],
    /// Name of the customer.
    Customer "customer" ["客户"],
    /// His phone number.
    Phone "phone" ["电话"],
    /// Where the work is to be done.
    Address "address" ["地址"],
    /// Model of the unit.
    Model "model" ["型号"],
    /// Serial number of the unit.
    Serial "serial" ["序列号", "asset"],
    /// What is wrong, in the caller's words.
    Problem "problem" ["故障", "originalshorttext"],
    /// Service class.
    Class "class" ["类别"],
    /// Urgency.
    Urgency "urgency" ["紧急程度"],
    /// Skill that the work needs.
    Skill "skill" ["技能"],
    /// Day of the request.
    Date "date" ["日期", "bscstartdate"],
    /// Kind of maintenance in the system it comes from.
    Maintenance "maintenance_type" ["pmtype"],
    /// What the work cost.
    Cost "cost" ["费用"],
}

/// Columns without which nothing can be ordered (C-001); a default may stand for them.
const REQUIRED: [Column; 4] = [Column::Customer, Column::Phone, Column::Address, Column::Problem];

/// The header of a maintenance log: its one column of free text is the only one that can hold commas.
const MAINTENANCE_LOG: [Column; 5] = [Column::Date, Column::Serial, Column::Problem, Column::Maintenance, Column::Cost];

/// What stands for columns that a file does not have. An empty cell of a column it has is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults {
    /// Name of the customer.
    pub customer: Option<String>,
    /// His phone number.
    pub phone: Option<String>,
    /// Where the work is to be done.
    pub address: Option<String>,
    /// Service class; chargeable when not given.
    pub class: Option<ServiceClass>,
    /// Urgency; normal when not given.
    pub urgency: Option<Urgency>,
}

/// One order as a file states it. All texts are trimmed and without control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedOrder {
    /// Line of the file, from 1.
    pub line: usize,
    /// Number of the order in the system it comes from.
    pub reference: Option<String>,
    /// Name of the customer.
    pub customer: String,
    /// His phone number.
    pub phone: String,
    /// Where the work is to be done.
    pub address: String,
    /// Model of the unit.
    pub model: Option<String>,
    /// Serial number of the unit.
    pub serial: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// Service class.
    pub class: ServiceClass,
    /// Urgency.
    pub urgency: Urgency,
    /// Skill that the work needs.
    pub skill: Option<String>,
    /// Day of the request, in the company's zone.
    pub date: Option<NaiveDate>,
    /// Kind of maintenance in the system it comes from.
    pub maintenance_type: Option<String>,
    /// What the work cost, in hundredths of the file's currency.
    pub cost_hundredths: Option<i64>,
}

impl fmt::Debug for ImportedOrder {
    /// Without customer, phone, address and texts: debug output may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, class, urgency, date, .. } = self;
        let mut shown = f.debug_struct("ImportedOrder");
        shown.field("line", line).field("class", class).field("urgency", urgency).field("date", date);
        shown.finish_non_exhaustive()
    }
}

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
    /// Longer than [`LINE_BYTES_MAX`].
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

impl Defaults {
    fn text(&self, column: Column) -> Option<&String> {
        match column {
            Column::Customer => self.customer.as_ref(),
            Column::Phone => self.phone.as_ref(),
            Column::Address => self.address.as_ref(),
            Column::Reference
            | Column::Model
            | Column::Serial
            | Column::Problem
            | Column::Class
            | Column::Urgency
            | Column::Skill
            | Column::Date
            | Column::Maintenance
            | Column::Cost => None,
        }
    }
}

/// The cells of one line.
struct Row<'a> {
    line: usize,
    cells: Vec<(Column, &'a str)>,
    defaults: &'a Defaults,
}

impl Row<'_> {
    fn order(&self) -> Result<ImportedOrder, LineError> {
        Ok(ImportedOrder {
            line: self.line,
            reference: self.text(Column::Reference)?,
            customer: self.required(Column::Customer)?,
            phone: self.required(Column::Phone)?,
            address: self.required(Column::Address)?,
            model: self.text(Column::Model)?,
            serial: self.text(Column::Serial)?,
            problem: self.required(Column::Problem)?,
            class: self.class()?,
            urgency: self.urgency()?,
            skill: self.text(Column::Skill)?,
            date: self.parsed(Column::Date, LineCode::Date, date)?,
            maintenance_type: self.text(Column::Maintenance)?,
            cost_hundredths: self.parsed(Column::Cost, LineCode::Amount, hundredths)?,
        })
    }

    fn wrong(&self, column: Column, code: LineCode) -> LineError {
        LineError { line: self.line, field: Some(column.code()), code }
    }

    /// The trimmed text of a cell; `None` when the column is absent or the cell empty.
    fn text(&self, column: Column) -> Result<Option<String>, LineError> {
        let cell = self.cells.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell.trim());
        let Some(cell) = cell.filter(|cell| !cell.is_empty()) else { return Ok(None) };
        if cell.len() > TEXT_BYTES_MAX {
            return Err(self.wrong(column, LineCode::TextLength));
        }
        if cell.chars().any(|character| character.is_control() && character != '\t') {
            return Err(self.wrong(column, LineCode::ControlCharacter));
        }
        Ok(Some(cell.to_owned()))
    }

    fn required(&self, column: Column) -> Result<String, LineError> {
        let present = self.cells.iter().any(|(name, _)| *name == column);
        let text = if present { self.text(column)? } else { self.defaults.text(column).cloned() };
        text.ok_or_else(|| self.wrong(column, LineCode::MissingField))
    }

    fn parsed<T>(
        &self,
        column: Column,
        code: LineCode,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, LineError> {
        let text = self.text(column)?;
        text.map(|text| parse(&text).ok_or_else(|| self.wrong(column, code))).transpose()
    }

    fn class(&self) -> Result<ServiceClass, LineError> {
        let found = self.parsed(Column::Class, LineCode::UnknownValue, |text| match text {
            "有费" => Some(ServiceClass::Chargeable),
            "合同" => Some(ServiceClass::Contract),
            "免费" => Some(ServiceClass::Free),
            "一般行政" => Some(ServiceClass::Internal),
            other => ServiceClass::from_code(&other.to_ascii_lowercase()),
        })?;
        Ok(found.or(self.defaults.class).unwrap_or(ServiceClass::Chargeable))
    }

    fn urgency(&self) -> Result<Urgency, LineError> {
        let found = self.parsed(Column::Urgency, LineCode::UnknownValue, |text| match text {
            "一般" => Some(Urgency::Normal),
            "紧急" => Some(Urgency::Urgent),
            "危险" => Some(Urgency::Hazard),
            other => Urgency::from_code(&other.to_ascii_lowercase()),
        })?;
        Ok(found.or(self.defaults.urgency).unwrap_or(Urgency::Normal))
    }
}

/// A day as `2026-03-31` or `2026/3/31`; nothing else, since 03/04 is two different days.
fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_other| NaiveDate::parse_from_str(text, "%Y/%m/%d")).ok()
}

/// An amount such as `407`, `407.4` or `-407.40` in hundredths; no grouping, no exponent.
fn hundredths(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(decimals) || decimals.len() > 2 {
        return None;
    }
    let cents = decimals.parse::<i64>().ok()?.checked_mul(if decimals.len() == 1 { 10 } else { 1 })?;
    let amount = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
    Some(if negative { amount.saturating_neg() } else { amount })
}

#[cfg(test)]
mod tests;
