//! One line as an order: cells read, checked and parsed.

use std::fmt;

use chrono::NaiveDate;
use docket_sync_core::facts::values::{ServiceClass, Urgency};
use docket_sync_core::limits::TEXT_BYTES_MAX;

use super::columns::{Column, Defaults};
use super::errors::{LineCode, LineError};

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

/// The cells of one line.
pub(super) struct Row<'a> {
    pub(super) line: usize,
    pub(super) cells: Vec<(Column, &'a str)>,
    pub(super) defaults: &'a Defaults,
}

impl Row<'_> {
    pub(super) fn order(&self) -> Result<ImportedOrder, LineError> {
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
pub(super) fn hundredths(text: &str) -> Option<i64> {
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
