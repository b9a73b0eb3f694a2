//! How the values of facts are filled in.

use serde_json::Value;

use super::read::{FieldType, FormError, FromForm, form_struct};
use crate::facts::values::{
    Answer, ApprovalWay, BenchStep, Blob, CallbackResult, Channel, CheckResult, Claim, ComplaintKind, Correction,
    CustodyPlace, CustomerPerson, Demand, EmergencyBasis, EscalationKind, FindingKind, FormEntry, Goods, HeaderChange,
    HeaderField, HoldReason, Liability, Line, LineKind, Matter, Money, Opinion, OpinionGrade, PartSource, PartWanted,
    Place, QuoteLine, ReceiptFate, ReviewChoice, ServiceClass, Severity, Share, Skip, SkipReason, UnfinishedReason,
    Urgency, Verdict, Window,
};
use crate::facts::{Author, Origin};
use crate::ids::{
    ActorId, BlobId, DeviceId, Digest, DocumentId, FactRef, KeyId, PersonId, RecordId, ReviewId, Signature,
};
use crate::sync::frames::QuarantineCode;
use crate::time::UnixMillis;
use crate::wire::Bytes;

impl FromForm for String {
    fn field_type() -> FieldType {
        FieldType::Text
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        match value {
            Value::String(text) => Ok(text.trim().to_owned()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(FormError::invalid(path, "text")),
        }
    }
}

impl FromForm for bool {
    fn field_type() -> FieldType {
        FieldType::Flag
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) if text == "true" || text == "yes" => Ok(true),
            Value::String(text) if text == "false" || text == "no" => Ok(false),
            _ => Err(FormError::invalid(path, "true or false")),
        }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl FromForm for $type {
            fn field_type() -> FieldType {
                FieldType::Number(0, <$type>::MAX.try_into().unwrap_or(i64::MAX))
            }

            fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
                let read = match value {
                    Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                read.ok_or_else(|| FormError::invalid(path, format!("a whole number from 0 to {}", <$type>::MAX)))
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64);

/// Only coordinates.
impl FromForm for i32 {
    fn field_type() -> FieldType {
        FieldType::Number(i32::MIN.into(), i32::MAX.into())
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let read = value.as_i64().and_then(|number| number.try_into().ok());
        read.ok_or_else(|| FormError::invalid(path, "a whole number"))
    }
}

/// Only quantities: thousandths of a unit.
impl FromForm for i64 {
    fn field_type() -> FieldType {
        FieldType::Thousandths
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let read = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => decimal(text, 3),
            _ => None,
        };
        read.ok_or_else(|| FormError::invalid(path, "thousandths, or a decimal as text: \"1.5\""))
    }
}

impl FromForm for UnixMillis {
    fn field_type() -> FieldType {
        FieldType::Time
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let read = match value {
            Value::Number(number) => number.as_i64().map(UnixMillis),
            Value::String(text) => chrono::DateTime::parse_from_rfc3339(text.trim())
                .ok()
                .map(|time| UnixMillis(time.timestamp_millis()))
                .or_else(|| text.trim().parse().ok().map(UnixMillis)),
            _ => None,
        };
        let sane = |time: &UnixMillis| (crate::limits::TIME_MIN..=crate::limits::TIME_MAX).contains(time);
        let expected = "milliseconds since 1970, or a time such as 2026-11-23T09:00:00+08:00";
        read.filter(sane).ok_or_else(|| FormError::invalid(path, expected))
    }
}

impl FromForm for Money {
    fn field_type() -> FieldType {
        FieldType::Amount
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let read = match value {
            Value::Object(fields) => {
                let minor = fields.get("minor").and_then(Value::as_i64);
                let currency = fields.get("currency").and_then(Value::as_str);
                minor.zip(currency).map(|(minor, currency)| Self { minor, currency: currency.to_owned() })
            }
            Value::String(text) => text.trim().rsplit_once(' ').and_then(|(amount, currency)| {
                Some(Self { minor: decimal(amount, 2)?, currency: currency.trim().to_uppercase() })
            }),
            _ => None,
        };
        read.ok_or_else(|| FormError::invalid(path, "{minor, currency}, or an amount such as \"35.00 CNY\""))
    }
}

macro_rules! ids {
    ($($type:ident $name:literal),* $(,)?) => {$(
        impl FromForm for $type {
            fn field_type() -> FieldType {
                FieldType::Id($name)
            }

            fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
                let read = value.as_str().and_then(|text| text.trim().parse().ok());
                read.ok_or_else(|| FormError::invalid(path, concat!("the id of a ", $name)))
            }
        }
    )*};
}
ids!(
    RecordId "record", PersonId "person", DocumentId "order", FactRef "fact", ReviewId "review", DeviceId "device",
    BlobId "attachment", Digest "digest",
);

macro_rules! choices {
    ($($type:ident $family:literal),* $(,)?) => {$(
        impl FromForm for $type {
            fn field_type() -> FieldType {
                FieldType::Choice($family, Self::ALL.iter().map(|value| value.code()).collect())
            }

            fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
                value.as_str().and_then(|code| Self::from_code(code.trim())).ok_or_else(|| {
                    let codes: Vec<&str> = Self::ALL.iter().map(|value| value.code()).collect();
                    FormError::invalid(path, format!("one of: {}", codes.join(", ")))
                })
            }
        }
    )*};
}
choices!(
    ApprovalWay "way", BenchStep "bench", CallbackResult "callback", Channel "channel", CheckResult "result",
    ComplaintKind "complaint", CustodyPlace "place", Demand "demand", EmergencyBasis "basis",
    EscalationKind "escalation", HeaderField "header", HoldReason "hold", Liability "liability", LineKind "line",
    Matter "matter", OpinionGrade "opinion", PartSource "source", ReceiptFate "receipt", ReviewChoice "choice",
    ServiceClass "class", Severity "severity", SkipReason "skip", UnfinishedReason "unfinished", Urgency "urgency",
    Verdict "verdict",
);

impl FromForm for Answer {
    fn field_type() -> FieldType {
        FieldType::Choice("answer", vec!["open", "agreed", "refused"])
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        match value.as_str() {
            Some("open") => Ok(Self::Open),
            Some("agreed") => Ok(Self::Agreed),
            Some("refused") => Ok(Self::Refused),
            _ => Err(FormError::invalid(path, "one of: open, agreed, refused")),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::Open)
    }
}

form_struct! {
    Window { from, to }
    CustomerPerson { name, relation, channel }
    FormEntry { form, version, step, text, people }
    Goods { name, serial, unit, pieces, condition }
    HeaderChange { field, value }
    Line { kind, name, quantity, unit, amount, code, serial, source, result, blob, entry, usable_from }
    Opinion { grade, text }
    PartWanted { name, quantity, unit, code }
    Place { latitude_e7, longitude_e7, accuracy_m }
    QuoteLine { name, quantity, unit, amount, code }
    Share { party, permille, answer }
    Skip { technician, reason }
}

impl FromForm for Blob {
    fn field_type() -> FieldType {
        FieldType::File
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let fields = super::read::group(value, path)?;
        Ok(Self { hash: fields.read("hash")?, size: fields.read("size")?, media_type: fields.read("media_type")? })
    }
}

impl FromForm for Correction {
    fn field_type() -> FieldType {
        FieldType::Group(vec![
            <Option<UnixMillis> as FromForm>::field("time"),
            <Option<Line> as FromForm>::field("line"),
            <Option<String> as FromForm>::field("text"),
        ])
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let fields = super::read::group(value, path)?;
        let (time, line, text): (Option<UnixMillis>, Option<Line>, Option<String>) =
            (fields.read("time")?, fields.read("line")?, fields.read("text")?);
        match (time, line, text) {
            (Some(time), None, None) => Ok(Self::Time(time)),
            (None, Some(line), None) => Ok(Self::Line(line)),
            (None, None, Some(text)) => Ok(Self::Text(text)),
            _ => Err(FormError::invalid(path, "one of: time, line, text")),
        }
    }
}

macro_rules! made {
    ($($type:ty),*) => {$(
        impl FromForm for $type {
            fn field_type() -> FieldType {
                FieldType::Made
            }

            fn from_form(_: &Value, path: &str) -> Result<Self, FormError> {
                Err(FormError::new(path, "invalid_field", "this is made by the program"))
            }
        }
    )*};
}
made!(ActorId, Author, Bytes, Claim, FindingKind, KeyId, Origin, QuarantineCode, Signature);

/// A decimal in units of 10^-places.
pub(super) fn decimal(text: &str, places: usize) -> Option<i64> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = |digits: &str| digits.chars().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > places {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}
