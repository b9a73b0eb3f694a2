//! What a technician does with his phone, command by command.

use docket_client::client::{ExecuteError, Executed, Shown};
use docket_client::replica::NewFact;
use docket_client::signing::SigningError;
use docket_sync_core::commands::{Command, CommandCode, Context, Decision, decide};
use docket_sync_core::facts::Author;
use docket_sync_core::reference::Language;

use super::acts;
use super::phone::Phone;
use crate::random::Random;
use crate::world::field::consent;

/// One of the commands that are offered. What makes a visit go on to its end, and what answers something, is as
/// likely as all the rest together.
pub(super) fn one_of(random: &mut Random, mut offered: Vec<CommandCode>) -> Option<CommandCode> {
    offered.retain(|code| !acts::leaves_alone(*code));
    let going: Vec<CommandCode> = offered.iter().copied().filter(|code| goes_on(*code)).collect();
    let codes = if going.is_empty() || random.chance(1, 2) { &offered } else { &going };
    codes.get(random.position(codes.len())).copied()
}

fn goes_on(code: CommandCode) -> bool {
    use CommandCode as C;
    let visit = matches!(
        code,
        C::Depart | C::Arrive | C::Start | C::Resume | C::RecordLine | C::Done | C::Sign | C::ReturnCustody
    );
    let answer = matches!(
        code,
        C::QualityVerdict | C::CompletePaperwork | C::BenchWork | C::Inspect | C::ReceiveParts | C::FileDocument
    );
    let end = matches!(code, C::ReturnVoucher | C::Close | C::Reopen | C::ResolveReview | C::Unlink);
    visit || answer || end || matches!(code, C::GiveConsent | C::RefuseConsent | C::RemitCash | C::DropPlannedLine)
}

/// What became of a command: a fact, nothing that could be stated, or an error.
pub(super) type Done = Result<Option<Executed>, ExecuteError>;

/// The customer draws his signature.
pub(super) fn sign(phone: &mut Phone, shown: &Shown) -> Done {
    let client = &mut phone.device.client;
    let Ok(consent) = consent() else { return Ok(None) };
    match client.voucher(shown, Language::Zh) {
        Ok(voucher) => match client.sign(shown, &voucher, consent) {
            Ok(executed) => Ok(Some(executed)),
            Err(SigningError::Execute(error)) => Err(error),
            Err(_) => Ok(None),
        },
        Err(_) => Ok(None),
    }
}

/// He prints the page for a customer who signs on paper.
pub(super) fn print(phone: &mut Phone, shown: &Shown) -> Done {
    let client = &mut phone.device.client;
    let Ok(voucher) = client.voucher(shown, Language::Zh) else { return Ok(None) };
    match client.print_voucher(shown, &voucher) {
        Ok((executed, _)) => Ok(Some(executed)),
        Err(SigningError::Execute(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A command with what he might fill in.
pub(super) fn act(phone: &mut Phone, shown: &Shown, code: CommandCode, town: &acts::Town, random: &mut Random) -> Done {
    let hand = acts::Hand { view: &shown.view, facts: &shown.facts, person: phone.device.person, town };
    let Some(command) = hand.command(random, code) else { return Ok(None) };
    match hand.beside(random, code) {
        None => phone.device.client.execute(shown, &command).map(Some),
        Some(context) => act_beside(phone, shown, &command, context).map(Some),
    }
}

/// What an app does that asks for more than the command itself: decided with it, and stated.
fn act_beside(phone: &mut Phone, shown: &Shown, command: &Command, context: Context) -> Result<Executed, ExecuteError> {
    let client = &mut phone.device.client;
    let roles = client.replica().certificate().roles(phone.device.person).unwrap_or_default().to_vec();
    let policy = client.policy()?.map(|policy| policy.version);
    let Decision { body, head } = decide(&shown.view, command, &Context { roles, policy, ..context })
        .map_err(|refusal| ExecuteError::Refused(Box::new(refusal)))?;
    let author = Author::Person(phone.device.person);
    let seen = shown.view.frontier.clone();
    let new = NewFact { document: shown.id, author, seen, head, body, claimed: None, proof: None };
    let fact = client.replica_mut().state_fact(new)?;
    Ok(Executed { fact, order: client.show(shown.id)?, not_seen: Vec::new() })
}
