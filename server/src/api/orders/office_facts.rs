//! Commands whose facts lie in the companion document: from what was filled in to the fact's body.

use docket_sync_core::facts::values::{Answer, CallbackResult, Liability, Money, Share};
use docket_sync_core::facts::{FactBody, bodies};
use docket_sync_core::ids::FactRef;

use super::commands::{AmountBody, CommandBody, ShareBody, missing, read_code, read_id};
use crate::commit::CommitError;

/// The body of an office fact; `done` is the DONE that counts in the view that was decided on.
#[expect(clippy::wildcard_enum_match_arm, reason = "the caller sends no other command here")]
pub(super) fn office_body(body: CommandBody, done: Option<FactRef>) -> Result<FactBody, CommitError> {
    Ok(match body {
        CommandBody::Invoice { number, lines, amount, payer } => {
            let (number, lines) = (number.unwrap_or_default(), references("lines", &lines)?);
            bodies::Invoice { number, lines, amount: money(amount)?, payer }.into()
        }
        CommandBody::Credit { invoice, amount, reason } => {
            let invoice = invoice.map(|invoice| read_id("invoice", Some(&invoice))).transpose()?;
            bodies::Credit { invoice, amount: money(amount)?, reason: reason.unwrap_or_default() }.into()
        }
        CommandBody::Settle { period, payee, amount, lines } => {
            let (payee, lines) = (read_id("payee", payee.as_deref())?, references("lines", &lines)?);
            bodies::Settle { period: period.unwrap_or_default(), payee, amount: money(amount)?, lines }.into()
        }
        CommandBody::RecordCost { name, amount, about } => {
            let about = about.map(|about| read_id("about", Some(&about))).transpose()?;
            bodies::RecordCost { name: name.unwrap_or_default(), amount: money(amount)?, about }.into()
        }
        CommandBody::SetLiability { case, shares, reason } => {
            let case = read_code("case", case.as_deref(), Liability::from_code)?;
            let shares = shares.into_iter().map(share).collect::<Result<_, _>>()?;
            bodies::SetLiability { case, shares, reason }.into()
        }
        CommandBody::RecordCallback { result, about, text } => {
            let result = read_code("result", result.as_deref(), CallbackResult::from_code)?;
            let about = match about {
                Some(about) => read_id("about", Some(&about))?,
                None => done.ok_or_else(|| missing("about"))?,
            };
            bodies::RecordCallback { result, about, text }.into()
        }
        CommandBody::HandleComplaint { complaint, text, settled } => {
            let complaint = read_id("complaint", complaint.as_deref())?;
            bodies::HandleComplaint { complaint, text: text.unwrap_or_default(), settled }.into()
        }
        _ => return Err(CommitError::Internal("a command of the field came as one of the office".to_owned())),
    })
}

fn money(amount: Option<AmountBody>) -> Result<Money, CommitError> {
    let AmountBody { minor, currency } = amount.ok_or_else(|| missing("amount"))?;
    Ok(Money { minor, currency })
}

fn references(field: &'static str, lines: &[String]) -> Result<Vec<FactRef>, CommitError> {
    lines.iter().map(|line| read_id(field, Some(line))).collect()
}

fn share(body: ShareBody) -> Result<Share, CommitError> {
    let ShareBody { party, permille, answer } = body;
    let answer = read_code("answer", Some(answer.as_deref().unwrap_or("open")), answer_of)?;
    Ok(Share { party, permille, answer })
}

fn answer_of(code: &str) -> Option<Answer> {
    match code {
        "open" => Some(Answer::Open),
        "agreed" => Some(Answer::Agreed),
        "refused" => Some(Answer::Refused),
        _other => None,
    }
}
