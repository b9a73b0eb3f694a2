//! What a form file must be, beyond its types: errors name the key.

use std::collections::BTreeSet;

use super::{Condition, Form, Step, Takes};
use crate::limits;
use crate::reference::Translated;

/// Most bytes of a form file.
const FORM_BYTES_MAX: usize = 32 * 1_024;
/// Most steps of a form.
const STEPS_MAX: usize = 100;
/// Most bytes of a code.
const CODE_MAX: usize = 64;
/// Most people who are asked for at once.
const PEOPLE_MAX: u8 = 16;

/// Why a form file cannot be used: which key, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("form: {key}: {problem}")]
pub struct FormError {
    /// The key as a JSON path: `$.steps[3].after[0]`.
    pub key: String,
    /// What is wrong there and what is possible instead.
    pub problem: String,
}

impl FormError {
    fn new(key: impl core::fmt::Display, problem: impl Into<String>) -> Self {
        Self { key: format!("$.{key}"), problem: problem.into() }
    }
}

pub(super) fn read(json: &[u8]) -> Result<Form, FormError> {
    if json.len() > FORM_BYTES_MAX.min(limits::REFERENCE_BYTES_MAX) {
        return Err(FormError::new("", format!("{} bytes; at most {FORM_BYTES_MAX}", json.len())));
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    let form: Form = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| FormError::new(error.path(), error.inner().to_string()))?;
    reader.end().map_err(|error| FormError::new("", error.to_string()))?;
    if form.format != 1 {
        return Err(FormError::new("format", "1: this program reads no other"));
    }
    if form.version == 0 {
        return Err(FormError::new("version", "a whole number from 1"));
    }
    code("code", &form.code)?;
    title("title", &form.title)?;
    if form.steps.is_empty() || form.steps.len() > STEPS_MAX {
        return Err(FormError::new("steps", format!("1 to {STEPS_MAX} steps")));
    }
    if form.applies.skills.len() > limits::LIST_MAX {
        return Err(FormError::new("applies.skills", format!("at most {} skills", limits::LIST_MAX)));
    }
    let mut earlier: BTreeSet<&str> = BTreeSet::new();
    for (index, step) in form.steps.iter().enumerate() {
        let at = format!("steps[{index}]");
        code(&format!("{at}.code"), &step.code)?;
        title(&format!("{at}.title"), &step.title)?;
        takes(&at, &step.takes)?;
        for (place, before) in step.after.iter().enumerate() {
            known(&format!("{at}.after[{place}]"), before, &earlier)?;
        }
        if let Some(condition) = &step.when {
            when(&at, condition, &form, &earlier)?;
        }
        if !earlier.insert(&step.code) {
            return Err(FormError::new(format!("{at}.code"), "another step has this code"));
        }
    }
    Ok(form)
}

fn code(key: &str, code: &str) -> Result<(), FormError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if code.is_empty() || code.len() > CODE_MAX || !code.bytes().all(plain) {
        return Err(FormError::new(key, format!("1 to {CODE_MAX} of a-z, 0-9 and _")));
    }
    Ok(())
}

fn title(key: &str, title: &Translated) -> Result<(), FormError> {
    for (language, text) in [("en", &title.en), ("zh", &title.zh)] {
        if text.trim().is_empty() || text.len() > limits::TEXT_BYTES_MAX {
            return Err(FormError::new(format!("{key}.{language}"), "a text in each language"));
        }
    }
    Ok(())
}

fn takes(at: &str, takes: &Takes) -> Result<(), FormError> {
    match takes {
        Takes::Reading { unit, min, max } => {
            if unit.is_empty() || unit.len() > CODE_MAX {
                return Err(FormError::new(format!("{at}.takes.unit"), "the unit of the value, such as \"kPa\""));
            }
            if let (Some(min), Some(max)) = (min, max)
                && min > max
            {
                return Err(FormError::new(format!("{at}.takes.max"), format!("not below {min}")));
            }
            Ok(())
        }
        Takes::People { least } if !(2..=PEOPLE_MAX).contains(least) => {
            Err(FormError::new(format!("{at}.takes.least"), format!("2 to {PEOPLE_MAX} people")))
        }
        Takes::Check | Takes::Photo | Takes::Text | Takes::People { .. } => Ok(()),
    }
}

/// Only earlier steps can be named, so a form has no circles.
fn known(key: &str, named: &str, earlier: &BTreeSet<&str>) -> Result<(), FormError> {
    if earlier.contains(named) {
        return Ok(());
    }
    Err(FormError::new(key, format!("{named} is not an earlier step")))
}

fn when(at: &str, condition: &Condition, form: &Form, earlier: &BTreeSet<&str>) -> Result<(), FormError> {
    known(&format!("{at}.when.step"), &condition.step, earlier)?;
    let said = [condition.is.is_some(), condition.below.is_some(), condition.above.is_some()];
    if said.iter().filter(|said| **said).count() != 1 {
        return Err(FormError::new(format!("{at}.when"), "exactly one of is, below, above"));
    }
    let reads = matches!(form.step(&condition.step).map(takes_of), Some(Takes::Reading { .. }));
    if reads == condition.is.is_some() {
        let instead = if reads { "below or above: the step is a reading" } else { "is: the step is no reading" };
        return Err(FormError::new(format!("{at}.when"), instead));
    }
    Ok(())
}

fn takes_of(step: &Step) -> &Takes {
    &step.takes
}
