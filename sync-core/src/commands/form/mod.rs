//! Forms: what a person fills in for a fact, as typed fields with their choices, and how what he filled in is read.
//!
//! One mapping for every kind, made from the bodies themselves: the device's command line, the office's REST and a
//! phone's screens read and show the same fields under the same names. What is wrong is said with the path of the field
//! (`goods.pieces`, `lines.2.amount`). What follows from the order as it shows (the only open custody, the current
//! quote) need not be filled in: see `defaults`. What only the program can know (the digest of the fact that is
//! approved, what a paper covers) is added by `complete`.

mod complete;
mod defaults;
mod meaning;
mod plain;
mod read;
mod values;

use serde_json::Value;

pub use complete::complete;
pub use defaults::defaults;
pub(crate) use read::FromForm;
pub use read::{FieldType, FormError, FormField, Reader};

use super::{Act, Command, CommandCode};
use crate::facts::FactBody;
use crate::facts::values::CustomerPerson;

/// Key of the customer's person, unless the body has a field of that name.
const CUSTOMER: &str = "customer";
/// Key of the work item.
const WORK_ITEM: &str = "work_item";

/// What a person fills in for one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The command.
    pub command: CommandCode,
    /// Its fields, in their order; then the customer's person, where he may be named.
    pub fields: Vec<FormField>,
}

/// A command that was filled in, with the work item that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The command.
    pub command: Command,
    /// The work item; absent is item 1.
    pub work_item: Option<u8>,
}

impl Form {
    /// The form of a command; `None` for those that only a device states, each in its own way.
    #[must_use]
    pub fn of(command: CommandCode) -> Option<Self> {
        if let Some(fields) = plain::fields(command) {
            return Some(Self { command, fields });
        }
        let kind = command.act()?;
        let mut fields = FactBody::form(kind);
        if !fields.iter().any(|field| field.name == CUSTOMER) {
            let field = <Option<CustomerPerson> as FromForm>::field(CUSTOMER);
            let required = super::acts::is_with_customer(kind);
            fields.push(FormField { required, ..field });
        }
        fields.push(<Option<u8> as FromForm>::field(WORK_ITEM));
        complete::adapt(command, &mut fields);
        Some(Self { command, fields })
    }

    /// Every form, in the order of the commands.
    #[must_use]
    pub fn all() -> Vec<(CommandCode, Self)> {
        CommandCode::ALL.iter().filter_map(|code| Some((*code, Self::of(*code)?))).collect()
    }

    /// Reads what was filled in: a JSON object with the fields by name.
    ///
    /// # Errors
    /// The first field that is missing, unknown or of another type, with its path.
    pub fn read(&self, filled: &Value) -> Result<Filled, FormError> {
        let Value::Object(values) = filled else {
            return Err(FormError::new("", "invalid_field", "an object with the fields by name"));
        };
        for name in values.keys() {
            if !self.fields.iter().any(|field| field.name == *name) {
                return Err(FormError::new(name, "unknown_field", "no field of this form"));
            }
        }
        let reader = Reader::new(values);
        if let Some(command) = plain::read(self.command, &reader) {
            return Ok(Filled { command: command?, work_item: None });
        }
        let no_form = || FormError::new("", "invalid_field", "this command has no form");
        let kind = self.command.act().ok_or_else(no_form)?;
        let body = FactBody::from_form(kind, &reader)?;
        let has_own = FactBody::form(kind).iter().any(|field| field.name == CUSTOMER);
        let customer: Option<CustomerPerson> = if has_own { None } else { reader.read(CUSTOMER)? };
        let work_item: Option<u8> = reader.read(WORK_ITEM)?;
        let act = Act { body, customer, witnesses: Vec::new() };
        Ok(Filled { command: Command::State(Box::new(act)), work_item })
    }

    /// The path of the field that a refusal names: `relation` is `customer.relation` where the form has it there.
    #[must_use]
    pub fn path_of(&self, field: &str) -> String {
        fn find(fields: &[FormField], wanted: &str) -> Option<String> {
            fields.iter().find_map(|field| match &field.field_type {
                _ if field.name == wanted => Some(wanted.to_owned()),
                FieldType::Group(inner) => find(inner, wanted).map(|path| format!("{}.{path}", field.name)),
                _ => None,
            })
        }
        let own = self.fields.iter().any(|own| own.name == field);
        if own { field.to_owned() } else { find(&self.fields, field).unwrap_or_else(|| field.to_owned()) }
    }

    /// The form as a JSON Schema (draft 2020-12).
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = read::object_schema(&self.fields);
        if let Some(object) = schema.as_object_mut() {
            object.insert("title".to_owned(), self.command.code().into());
        }
        schema
    }
}

#[cfg(test)]
mod tests;
