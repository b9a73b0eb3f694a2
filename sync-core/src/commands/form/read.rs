//! Reading typed fields from JSON, with the path of what is wrong; the type of each field for showing a form.

use core::fmt;

use serde_json::{Map, Value, json};

/// Why something filled in cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FormError {
    /// Path of the field: `goods.pieces`.
    pub field: String,
    /// `missing_field`, `invalid_field` or `unknown_field`.
    pub code: &'static str,
    /// What it should be.
    pub problem: String,
}

impl FormError {
    pub(crate) fn new(field: &str, code: &'static str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, problem: problem.into() }
    }

    pub(crate) fn invalid(field: &str, expected: impl fmt::Display) -> Self {
        Self::new(field, "invalid_field", format!("this should be {expected}"))
    }

    fn missing(field: &str) -> Self {
        Self::new(field, "missing_field", "is missing")
    }
}

/// What may stand in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// Words.
    Text,
    /// Yes or no.
    Flag,
    /// A whole number between the two, both included.
    Number(i64, i64),
    /// Thousandths of a unit: a whole number, or a decimal as text (`"1.5"`).
    Thousandths,
    /// An instant: milliseconds since 1970, or RFC 3339 text.
    Time,
    /// An amount: `{minor, currency}`, or text (`"35.00 CNY"`).
    Amount,
    /// An id of the kind named.
    Id(&'static str),
    /// One of these codes; the catalogue has their words in this family.
    Choice(&'static str, Vec<&'static str>),
    /// A file that was sent: `{hash, size, media_type}`; where the file's row is at hand, its address alone.
    File,
    /// Fields of its own.
    Group(Vec<FormField>),
    /// Several of the same.
    List(Box<FieldType>),
    /// Made by the program, not by people.
    Made,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Its name.
    pub name: &'static str,
    /// What may stand in it.
    pub field_type: FieldType,
    /// Whether it must be filled in, unless the program knows it.
    pub required: bool,
}

/// The fields of one JSON object, with the path that leads there.
#[derive(Debug)]
pub struct Reader<'a> {
    values: &'a Map<String, Value>,
    path: String,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(values: &'a Map<String, Value>) -> Self {
        Self { values, path: String::new() }
    }

    /// Reads one field.
    pub(crate) fn read<T: FromForm>(&self, name: &str) -> Result<T, FormError> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        match self.values.get(name) {
            None | Some(Value::Null) => T::absent().ok_or_else(|| FormError::missing(&path)),
            Some(value) => T::from_form(value, &path),
        }
    }
}

/// A value that a person can fill in.
pub(crate) trait FromForm: Sized {
    /// What may stand in such a field.
    fn field_type() -> FieldType;

    /// The value, from what was filled in.
    fn from_form(value: &Value, path: &str) -> Result<Self, FormError>;

    /// The value of a field that was left out; `None` where it must not be.
    fn absent() -> Option<Self> {
        None
    }

    /// A field of this type.
    fn field(name: &'static str) -> FormField {
        FormField { name, field_type: Self::field_type(), required: Self::absent().is_none() }
    }
}

/// The fields of an object of its own.
pub(crate) fn group<'a>(value: &'a Value, path: &str) -> Result<Reader<'a>, FormError> {
    match value {
        Value::Object(values) => Ok(Reader { values, path: path.to_owned() }),
        _ => Err(FormError::invalid(path, "an object with fields")),
    }
}

/// Values made of named fields.
macro_rules! form_struct {
    ($($type:ident { $($field:ident),* $(,)? })*) => {$(
        impl FromForm for $type {
            fn field_type() -> FieldType {
                fn of<S, T: FromForm>(_: impl Fn(&S) -> &T, name: &'static str) -> $crate::commands::form::FormField {
                    T::field(name)
                }
                FieldType::Group(vec![$(of(|value: &$type| &value.$field, stringify!($field))),*])
            }

            fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
                let fields = $crate::commands::form::read::group(value, path)?;
                Ok(Self { $($field: fields.read(stringify!($field))?),* })
            }
        }
    )*};
}
pub(crate) use form_struct;

impl<T: FromForm> FromForm for Option<T> {
    fn field_type() -> FieldType {
        T::field_type()
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        T::from_form(value, path).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromForm> FromForm for Vec<T> {
    fn field_type() -> FieldType {
        FieldType::List(Box::new(T::field_type()))
    }

    fn from_form(value: &Value, path: &str) -> Result<Self, FormError> {
        let Value::Array(items) = value else {
            // One is a list of one.
            return T::from_form(value, path).map(|one| vec![one]);
        };
        if items.len() > crate::limits::LIST_MAX {
            return Err(FormError::new(path, "too_long", format!("at most {}", crate::limits::LIST_MAX)));
        }
        items.iter().enumerate().map(|(index, item)| T::from_form(item, &format!("{path}.{index}"))).collect()
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }

    fn field(name: &'static str) -> FormField {
        FormField { name, field_type: Self::field_type(), required: false }
    }
}

/// The JSON Schema of an object with these fields.
pub(super) fn object_schema(fields: &[FormField]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), schema(&field.field_type))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn schema(field: &FieldType) -> Value {
    match field {
        FieldType::Text => json!({"type": "string", "maxLength": crate::limits::TEXT_BYTES_MAX}),
        FieldType::Flag => json!({"type": "boolean"}),
        FieldType::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        FieldType::Thousandths => json!({
            "type": ["integer", "string"], "description": "thousandths; as text a decimal: \"1.5\"",
        }),
        FieldType::Time => json!({
            "type": ["integer", "string"], "description": "milliseconds since 1970 UTC, or RFC 3339 text",
        }),
        FieldType::Amount => json!({
            "type": ["object", "string"], "description": "{minor, currency}, or text: \"35.00 CNY\"",
        }),
        FieldType::Id(kind) => json!({"type": "string", "description": kind}),
        FieldType::Choice(_, codes) => json!({"enum": codes}),
        FieldType::File => json!({
            "type": ["object", "string"], "description": "{hash, size, media_type}; at the office its address",
        }),
        FieldType::Group(fields) => object_schema(fields),
        FieldType::List(of) => json!({"type": "array", "items": schema(of), "maxItems": crate::limits::LIST_MAX}),
        FieldType::Made => json!({"description": "made by the program"}),
    }
}
