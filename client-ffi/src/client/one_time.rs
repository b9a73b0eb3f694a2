//! What the device fills in or checks before a command is decided: numbers of receipts, codes of approvers.

use docket_sync_core::commands::{Act, Command, Refusal};
use docket_sync_core::facts::values::ApprovalWay;
use docket_sync_core::facts::{FactBody, Ledger};
use docket_sync_core::proof::ApprovalCode;

use super::{Client, ExecuteError, Shown};
use crate::replica::CodeCheck;
use crate::store::DeviceStore;

/// A command with what the device knows of it.
pub(super) struct Completed {
    pub(super) command: Command,
    /// The ledger whose next number the fact takes.
    pub(super) takes: Option<Ledger>,
}

impl<S: DeviceStore> Client<S> {
    /// Fills in the next number where none was taken before, and looks a code up.
    pub(super) fn completed(&self, shown: &Shown, command: &Command) -> Result<Completed, ExecuteError> {
        let as_it_is = || Ok(Completed { command: command.clone(), takes: None });
        let Command::State(act) = command else { return as_it_is() };
        let mut act: Act = (**act).clone();
        let refuse = |code, field| {
            let (command, from) = (command.code(), shown.view.state);
            Err(ExecuteError::Refused(Box::new(Refusal { code, field: Some(field), command, from, about: None })))
        };
        let mut takes = None;
        let receipt = match &mut act.body {
            FactBody::TakeCustody(body) => Some((Ledger::Custody, &mut body.receipt)),
            FactBody::CollectCash(body) => Some((Ledger::Cash, &mut body.receipt)),
            _ => None,
        };
        if let Some((ledger, printed)) = receipt {
            if printed.trim().is_empty() {
                let Some(next) = self.replica.peek_number(ledger)? else { return refuse("no_numbers", "receipt") };
                *printed = next;
                takes = Some(ledger);
            } else if !self.replica.is_open_number(ledger, printed) {
                return refuse("foreign_number", "receipt");
            }
        }
        if let FactBody::VoidNumber(body) = &act.body {
            let ledger = Ledger::from_code(&body.ledger);
            if !ledger.is_some_and(|ledger| self.replica.is_open_number(ledger, &body.number)) {
                return refuse("foreign_number", "number");
            }
        }
        if let Some(word) = act.body.word().filter(|word| word.way == ApprovalWay::Code) {
            let Some(code) = word.secret.and_then(ApprovalCode::read) else {
                return refuse("wrong_code", "secret");
            };
            let Some(approver) = word.approver else { return refuse("missing_field", "approver") };
            let (number, letters) = match self.replica.check_code(approver, &code)? {
                CodeCheck::Good(number) => (Some(number), Some(code.letters().to_owned())),
                CodeCheck::Used => return refuse("code_used", "secret"),
                CodeCheck::Wrong => return refuse("wrong_code", "secret"),
                CodeCheck::NoList => return refuse("no_codes", "approver"),
            };
            match &mut act.body {
                FactBody::Approve(body) => (body.code, body.secret) = (number, letters),
                FactBody::Reject(body) => (body.code, body.secret) = (number, letters),
                _ => {}
            }
        }
        Ok(Completed { command: Command::State(Box::new(act)), takes })
    }
}
