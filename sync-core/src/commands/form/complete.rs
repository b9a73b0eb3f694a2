//! What the program adds to what a person filled in: he names a fact, its digest follows; he copies a paper's code or
//! says when it was signed, what it covers follows.

use serde_json::{Map, Value};

use super::read::{FieldType, FormError, FormField, FromForm};
use crate::attachments::{covered_by_paper, read_printed_digest};
use crate::commands::CommandCode;
use crate::facts::values::OpinionGrade;
use crate::ids::FactRef;
use crate::lifecycle::FactSet;
use crate::lifecycle::view::OrderView;
use crate::time::UnixMillis;
use crate::voucher::VerificationCode;

/// The code that is printed on a voucher.
const CODE: &str = "code";
/// What only the program knows of a voucher.
const OF_VOUCHER: &[&str] = &["voucher", "covered", "covered_digest", "printed"];

/// Whether the program fills it in.
fn is_made(command: CommandCode, name: &str) -> bool {
    match command {
        CommandCode::Approve | CommandCode::Reject => name == "digest",
        CommandCode::AttachPaper => OF_VOUCHER.contains(&name),
        _ => false,
    }
}

/// The fields as a person sees them.
pub(super) fn adapt(command: CommandCode, fields: &mut Vec<FormField>) {
    for field in fields.iter_mut().filter(|field| is_made(command, field.name)) {
        field.field_type = FieldType::Made;
        field.required = false;
    }
    if command == CommandCode::AttachPaper {
        fields.insert(0, <Option<String> as FromForm>::field(CODE));
    }
}

/// Adds what follows from the facts of the order; what is there already stays.
///
/// # Errors
/// Where a paper's code is that of no voucher printed for this order.
pub fn complete(
    command: CommandCode,
    values: &mut Map<String, Value>,
    view: &OrderView,
    facts: &FactSet,
) -> Result<(), FormError> {
    match command {
        CommandCode::Approve | CommandCode::Reject if !values.contains_key("digest") => {
            let named: Option<FactRef> =
                values.get("subject").and_then(Value::as_str).and_then(|text| text.trim().parse().ok());
            let Some(named) = named else { return Ok(()) };
            let fact = facts.iter().find(|fact| fact.id.reference() == named);
            let fact = fact.ok_or_else(|| FormError::new("subject", "no_fact", "this order has no such fact"))?;
            values.insert("digest".to_owned(), fact.digest.to_string().into());
            Ok(())
        }
        CommandCode::AttachPaper => paper(values, view, facts),
        _ => Ok(()),
    }
}

/// A printed voucher says what it covers; another paper covers what it can have shown when it was signed (U-09).
fn paper(values: &mut Map<String, Value>, view: &OrderView, facts: &FactSet) -> Result<(), FormError> {
    let code = values.remove(CODE);
    let code = code.as_ref().and_then(Value::as_str).map(str::trim).filter(|code| !code.is_empty());
    if !values.contains_key("opinion") {
        values.insert("opinion".to_owned(), serde_json::json!({"grade": OpinionGrade::NoneGiven.code()}));
    }
    let print =
        code.and_then(|code| view.facets.prints.iter().find(|print| VerificationCode(print.voucher).begins_with(code)));
    let (voucher, covered, digest, printed) = match (code, print) {
        (_, Some(print)) => {
            (print.voucher, print.covered.clone(), print.covered_digest, Some(print.at.fact.reference()))
        }
        (code, None) => {
            // A paper whose print is not known here carries the whole digest, or none.
            let problem = "no voucher with this code was printed for this order";
            let no_print = || FormError::new(CODE, "no_print", problem);
            let whole = code.map(|code| read_printed_digest(code).ok_or_else(no_print)).transpose()?;
            let Some(signed_at) = values.get("signed_at") else { return Ok(()) };
            let covered = covered_by_paper(view, facts, UnixMillis::from_form(signed_at, "signed_at")?);
            (whole.unwrap_or(covered.digest), covered.facts, covered.digest, None)
        }
    };
    let covered: Vec<Value> = covered.iter().map(|fact| fact.to_string().into()).collect();
    let printed = printed.map_or(Value::Null, |fact| fact.to_string().into());
    let made = [Value::from(voucher.to_string()), covered.into(), digest.to_string().into(), printed];
    for (name, value) in OF_VOUCHER.iter().zip(made) {
        values.insert((*name).to_owned(), value);
    }
    Ok(())
}
