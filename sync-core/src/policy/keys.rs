//! The keys of a policy file, what each takes, and errors that say what to write instead.
//!
//! The table is the one list of keys; a test holds the JSON Schema and the structs against it.

use core::fmt;

use serde_json::{Map, Value};

use crate::limits;

/// Why a policy file cannot be used: which key, and what to write there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy: {key} {problem}; write {instead}")]
pub struct PolicyError {
    /// The key as a JSON path: `$.callback.days`.
    pub key: String,
    /// What is wrong there.
    pub problem: PolicyProblem,
    /// What to write instead.
    pub instead: String,
}

/// What is wrong at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyProblem {
    /// The file is not JSON; what the parser said.
    NotJson(String),
    /// The file is larger than a reference record may be, in bytes.
    TooLarge(usize),
    /// Nobody reads this key.
    Unknown,
    /// The key is not there.
    Missing,
    /// The value is of the wrong type or out of range; the value found.
    Wrong(String),
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(said) => write!(f, "is not JSON ({said})"),
            Self::TooLarge(bytes) => write!(f, "has {bytes} bytes"),
            Self::Unknown => f.write_str("is not a key of a policy"),
            Self::Missing => f.write_str("is missing"),
            Self::Wrong(found) => write!(f, "cannot be {found}"),
        }
    }
}

impl PolicyError {
    fn new(path: &str, problem: PolicyProblem, instead: impl Into<String>) -> Self {
        let key = if path.is_empty() { "$".to_owned() } else { format!("$.{path}") };
        Self { key, problem, instead: instead.into() }
    }

    /// For what the table lets pass and the structs refuse: a defect of the table, not of the file.
    pub(super) fn whole(error: &serde_json::Error) -> Self {
        Self::new("", PolicyProblem::Wrong(error.to_string()), "a policy of the published schema")
    }
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// `true` or `false`.
    Switch,
    /// A whole number in this range, ends included.
    Whole(i64, i64),
    /// Text that is not empty, at most this many characters.
    Text(usize),
    /// Three capital letters (ISO 4217).
    Currency,
    /// One of these codes.
    Code(&'static [&'static str]),
    /// At most so many texts, each of at most so many characters.
    Texts(usize, usize),
}

/// Codes of [`crate::facts::values::Channel`] by which a customer can be asked.
const CHANNELS: &[&str] = &["phone", "fax", "letter", "email", "website", "app", "walk_in", "store", "on_site"];
const VERSION_MAX: i64 = 4_294_967_295;
const HOURS_PER_YEAR: i64 = 8_760;
/// Characters of one language's terms: they are shown whole on the device before signing.
const TERMS_MAX: usize = limits::TEXT_BYTES_MAX;

const KEYS: &[(&str, Takes)] = &[
    ("format", Takes::Whole(1, 1)),
    ("version", Takes::Whole(1, VERSION_MAX)),
    ("currency", Takes::Currency),
    ("utc_offset_minutes", Takes::Whole(-720, 840)),
    ("intake.confirmation_before_dispatch", Takes::Switch),
    ("intake.limit_hours.normal", Takes::Whole(1, HOURS_PER_YEAR)),
    ("intake.limit_hours.urgent", Takes::Whole(1, HOURS_PER_YEAR)),
    ("intake.limit_hours.hazard", Takes::Whole(1, HOURS_PER_YEAR)),
    ("dispatch.skip_unskilled", Takes::Switch),
    ("dispatch.skip_not_returned", Takes::Switch),
    ("dispatch.skip_refused", Takes::Switch),
    ("dispatch.orders_at_once", Takes::Whole(1, 100)),
    ("dispatch.override_moves_pointer", Takes::Switch),
    ("appointment.conflict_limit_hours", Takes::Whole(1, 720)),
    ("cancel.contested_minutes", Takes::Whole(1, 1_440)),
    ("signature.write_off_days", Takes::Whole(1, 365)),
    ("signature.seal_for_contract", Takes::Switch),
    ("callback.days", Takes::Whole(1, 60)),
    ("callback.channel", Takes::Code(CHANNELS)),
    ("callback.retry_hours", Takes::Whole(1, 168)),
    ("guarantee.repair_days", Takes::Whole(0, 3_650)),
    ("voucher.template", Takes::Text(64)),
    ("voucher.template_version", Takes::Whole(1, VERSION_MAX)),
    ("voucher.terms.en", Takes::Text(TERMS_MAX)),
    ("voucher.terms.zh", Takes::Text(TERMS_MAX)),
    ("books.remit_by_minutes", Takes::Whole(1, 1_440)),
    ("books.bench_machines_per_day", Takes::Whole(1, 10_000)),
    ("books.core_classes", Takes::Texts(200, 32)),
];

/// Sections and keys that came later: a policy written before takes what ships. The published schema demands them of
/// whoever writes a policy now.
const LATER: &[&str] = &["dispatch.orders_at_once", "signature.seal_for_contract", "guarantee", "books"];

impl Takes {
    fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Switch => value.is_boolean(),
            Self::Whole(min, max) => value.as_i64().is_some_and(|number| (min..=max).contains(&number)),
            Self::Text(max) => value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= max),
            Self::Currency => {
                value.as_str().is_some_and(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
            }
            Self::Code(codes) => value.as_str().is_some_and(|text| codes.contains(&text)),
            Self::Texts(number, max) => value
                .as_array()
                .is_some_and(|texts| texts.len() <= number && texts.iter().all(|text| Self::Text(max).accepts(text))),
        }
    }

    fn instead(self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Whole(min, max) if min == max => format!("{min}: this program reads no other"),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Text(max) => format!("a text of 1 to {max} characters"),
            Self::Currency => "three capital letters as in ISO 4217, for example \"CNY\"".to_owned(),
            Self::Code(codes) => format!("one of: {}", codes.join(", ")),
            Self::Texts(number, max) => format!("a list of at most {number} texts of 1 to {max} characters"),
        }
    }
}

/// Parses a policy file and checks every key of it.
pub(super) fn checked(json: &[u8]) -> Result<Value, PolicyError> {
    if json.len() > limits::REFERENCE_BYTES_MAX {
        let instead = format!("at most {} bytes", limits::REFERENCE_BYTES_MAX);
        return Err(PolicyError::new("", PolicyProblem::TooLarge(json.len()), instead));
    }
    let value: Value = serde_json::from_slice(json).map_err(|error| {
        PolicyError::new("", PolicyProblem::NotJson(error.to_string()), "a JSON object of the published schema")
    })?;
    // A file of a later format has keys that this program cannot know: say that first.
    if let Some(format) = value.get("format") {
        check_value("format", Takes::Whole(1, 1), format)?;
    }
    let value = with_later(value);
    check_section("", &value)?;
    for (path, takes) in KEYS {
        let found = path.split('.').try_fold(&value, |section, name| section.get(name));
        let Some(found) = found else {
            return Err(PolicyError::new(path, PolicyProblem::Missing, takes.instead()));
        };
        check_value(path, *takes, found)?;
    }
    Ok(value)
}

/// The file with the sections and keys that it is too old to have.
fn with_later(mut value: Value) -> Value {
    let shipped: Value = serde_json::from_str(super::DEFAULT_JSON).unwrap_or_default();
    for path in LATER {
        let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
        let pointer = if section.is_empty() { String::new() } else { format!("/{section}") };
        let ships = shipped.pointer(&pointer).and_then(|section| section.get(name));
        if let (Some(Value::Object(file)), Some(ships)) = (value.pointer_mut(&pointer), ships) {
            file.entry(name).or_insert_with(|| ships.clone());
        }
    }
    value
}

fn check_value(path: &str, takes: Takes, value: &Value) -> Result<(), PolicyError> {
    if takes.accepts(value) {
        return Ok(());
    }
    let found: String = value.to_string().chars().take(80).collect();
    Err(PolicyError::new(path, PolicyProblem::Wrong(found), takes.instead()))
}

/// Checks that a section is an object and holds known keys only. Sections nest at most as deep as the table.
fn check_section(path: &str, value: &Value) -> Result<(), PolicyError> {
    let names = names_in(path);
    let Some(section) = value.as_object() else {
        let found: String = value.to_string().chars().take(80).collect();
        let instead = format!("an object with the keys {}", names.join(", "));
        return Err(PolicyError::new(path, PolicyProblem::Wrong(found), instead));
    };
    for (name, inner) in section {
        let inner_path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if !names.contains(&name.as_str()) {
            let instead = format!("one of: {}", not_yet_in(section, &names).join(", "));
            return Err(PolicyError::new(&inner_path, PolicyProblem::Unknown, instead));
        }
        if !KEYS.iter().any(|(key, _)| *key == inner_path) {
            check_section(&inner_path, inner)?;
        }
    }
    Ok(())
}

/// The names directly inside a section, in the table's order.
fn names_in(path: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for (key, _) in KEYS {
        let inside =
            if path.is_empty() { Some(*key) } else { key.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')) };
        if let Some(name) = inside.and_then(|rest| rest.split('.').next())
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// The names that a misspelt key probably meant: those the section lacks, or all of them.
fn not_yet_in(section: &Map<String, Value>, names: &[&'static str]) -> Vec<&'static str> {
    let absent: Vec<_> = names.iter().copied().filter(|name| !section.contains_key(*name)).collect();
    if absent.is_empty() { names.to_vec() } else { absent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{DEFAULT_JSON, ServicePolicy};
    use std::collections::BTreeMap;

    const SCHEMA: &str = include_str!("../../../schemas/policy/service-policy.schema.json");

    fn default_value() -> Value {
        serde_json::from_str(DEFAULT_JSON).unwrap()
    }

    /// The default with `change` done to it, read.
    fn read(change: impl Fn(&mut Value)) -> Result<ServicePolicy, PolicyError> {
        let mut value = default_value();
        change(&mut value);
        ServicePolicy::from_json(value.to_string().as_bytes())
    }

    fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
        match value.as_object() {
            Some(section) => section.iter().for_each(|(name, inner)| {
                leaves(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, inner, found);
            }),
            None => found.push(path.to_owned()),
        }
    }

    fn schema_keys(path: &str, schema: &Value, found: &mut BTreeMap<String, Value>) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            found.insert(path.to_owned(), schema.clone());
            return;
        };
        assert_eq!(schema["additionalProperties"], Value::Bool(false), "{path}");
        let required: Vec<_> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(required.len(), properties.len(), "{path}");
        for (name, inner) in properties {
            assert!(required.contains(&name.as_str()), "{path}.{name} is not required");
            schema_keys(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, inner, found);
        }
    }

    #[test]
    fn schema_table_and_struct_agree_on_keys_and_ranges() {
        let mut table: Vec<_> = KEYS.iter().map(|(path, _)| (*path).to_owned()).collect();
        table.sort();
        let mut of_struct = Vec::new();
        let policy = serde_json::to_value(ServicePolicy::shipped().unwrap()).unwrap();
        leaves("", &policy, &mut of_struct);
        of_struct.sort();
        assert_eq!(table, of_struct);

        let mut of_schema = BTreeMap::new();
        schema_keys("", &serde_json::from_str(SCHEMA).unwrap(), &mut of_schema);
        assert_eq!(table, of_schema.keys().cloned().collect::<Vec<_>>());
        for (path, takes) in KEYS {
            let schema = &of_schema[*path];
            match takes {
                Takes::Switch => assert_eq!(schema["type"], "boolean", "{path}"),
                Takes::Whole(min, max) => {
                    assert_eq!(
                        (schema["minimum"].as_i64(), schema["maximum"].as_i64()),
                        (Some(*min), Some(*max)),
                        "{path}"
                    );
                }
                Takes::Text(max) => assert_eq!(schema["maxLength"], *max, "{path}"),
                Takes::Currency => assert_eq!(schema["pattern"], "^[A-Z]{3}$"),
                Takes::Code(codes) => {
                    let listed: Vec<_> =
                        schema["enum"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
                    assert_eq!(listed, *codes, "{path}");
                }
                Takes::Texts(number, max) => {
                    assert_eq!(
                        (&schema["maxItems"], &schema["items"]["maxLength"]),
                        (&(*number).into(), &(*max).into())
                    );
                }
            }
            assert!(schema["description"].is_string(), "{path}");
        }
    }

    /// Takes a key or a section out of the file.
    fn without(value: &mut Value, path: &str) {
        let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
        let section = section.split('.').filter(|name| !name.is_empty()).fold(value, |value, name| &mut value[name]);
        section.as_object_mut().unwrap().remove(name);
    }

    #[test]
    fn every_missing_key_is_named_with_what_to_write() {
        for (path, takes) in KEYS.iter().filter(|(path, _)| !LATER.contains(path)) {
            let error = read(|value| without(value, path)).unwrap_err();
            assert_eq!((error.key, error.problem), (format!("$.{path}"), PolicyProblem::Missing));
            assert_eq!(error.instead, takes.instead());
        }
    }

    #[test]
    fn a_policy_of_before_a_key_takes_what_ships() {
        for path in LATER {
            let policy = read(|value| without(value, path)).unwrap();
            assert_eq!(policy, ServicePolicy::shipped().unwrap(), "{path}");
        }
        let policy = read(|value| LATER.iter().for_each(|path| without(value, path))).unwrap();
        assert_eq!(policy, ServicePolicy::shipped().unwrap());
    }

    #[test]
    fn wrong_values_are_named_with_what_to_write() {
        let check = |change: &dyn Fn(&mut Value), expected: &str| {
            assert_eq!(read(change).unwrap_err().to_string(), expected);
        };
        check(
            &|value| value["callback"]["days"] = 0.into(),
            "policy: $.callback.days cannot be 0; write a whole number from 1 to 60",
        );
        check(
            &|value| value["callback"]["days"] = "3".into(),
            "policy: $.callback.days cannot be \"3\"; write a whole number from 1 to 60",
        );
        check(
            &|value| value["cancel"]["contested_minutes"] = 1.5.into(),
            "policy: $.cancel.contested_minutes cannot be 1.5; write a whole number from 1 to 1440",
        );
        check(
            &|value| value["currency"] = "RMB元".into(),
            "policy: $.currency cannot be \"RMB元\"; write three capital letters as in ISO 4217, for example \"CNY\"",
        );
        check(
            &|value| value["callback"]["channel"] = "import".into(),
            "policy: $.callback.channel cannot be \"import\"; write one of: phone, fax, letter, email, website, app, walk_in, store, on_site",
        );
        check(
            &|value| value["voucher"]["terms"]["zh"] = "".into(),
            "policy: $.voucher.terms.zh cannot be \"\"; write a text of 1 to 2048 characters",
        );
        check(
            &|value| value["books"]["core_classes"] = serde_json::json!(["CMP", ""]),
            "policy: $.books.core_classes cannot be [\"CMP\",\"\"]; write a list of at most 200 texts of 1 to 32 characters",
        );
        check(
            &|value| value["cancel"] = 30.into(),
            "policy: $.cancel cannot be 30; write an object with the keys contested_minutes",
        );
        check(
            &|value| value["format"] = 2.into(),
            "policy: $.format cannot be 2; write 1: this program reads no other",
        );
    }

    #[test]
    fn unknown_keys_are_refused_and_the_missing_ones_offered() {
        let error = read(|value| {
            let callback = value["callback"].as_object_mut().unwrap();
            let days = callback.remove("days").unwrap();
            callback.insert("day".into(), days);
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "policy: $.callback.day is not a key of a policy; write one of: days"
        );
        let error = read(|value| value["zones"] = Value::Array(vec![])).unwrap_err();
        assert_eq!((error.key.as_str(), error.problem), ("$.zones", PolicyProblem::Unknown));
    }

    #[test]
    fn what_is_not_json_or_too_large_is_refused() {
        assert!(matches!(ServicePolicy::from_json(b"{").unwrap_err().problem, PolicyProblem::NotJson(_)));
        assert!(ServicePolicy::from_json(b"[]").is_err());
        let large = vec![b' '; limits::REFERENCE_BYTES_MAX + 1];
        assert!(matches!(ServicePolicy::from_json(&large).unwrap_err().problem, PolicyProblem::TooLarge(_)));
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(ServicePolicy::from_json(deep.as_bytes()).is_err());
    }
}
