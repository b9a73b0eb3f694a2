//! The office's books: what no technician reads.

use docket_sync_core::commands::Act;
use docket_sync_core::facts::values::{Answer, CallbackResult, Liability, Share};
use docket_sync_core::facts::{FactBody, FactKind, bodies};

use super::{Hand, amount, some, words};
use crate::random::Random;

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are in the files beside this one")]
pub(super) fn act(hand: &Hand<'_>, random: &mut Random, kind: FactKind) -> Option<Act> {
    let body: FactBody = match kind {
        FactKind::Invoice => {
            let lines = hand.view.lines.iter().filter(|line| line.billable).map(|line| line.at.fact.reference());
            let number = format!("INV-{}", random.below(10_000));
            bodies::Invoice { number, lines: lines.collect(), amount: amount(random), payer: None }.into()
        }
        FactKind::Credit => bodies::Credit { invoice: None, amount: amount(random), reason: words() }.into(),
        FactKind::Settle => bodies::Settle {
            period: "2024-06".to_owned(),
            payee: *some(random, &hand.town.technicians)?,
            amount: amount(random),
            lines: hand.view.lines.iter().map(|line| line.at.fact.reference()).collect(),
        }
        .into(),
        FactKind::RecordCost => {
            bodies::RecordCost { name: "外包".to_owned(), amount: amount(random), about: None }.into()
        }
        FactKind::SetLiability => {
            let share = |party: &str, permille| Share { party: party.to_owned(), permille, answer: Answer::Open };
            let shares = vec![share("业主", 400), share("施工方", 600)];
            bodies::SetLiability { case: *random.pick(Liability::ALL), shares, reason: Some(words()) }.into()
        }
        FactKind::RecordCallback => bodies::RecordCallback {
            result: *random.pick(CallbackResult::ALL),
            about: hand.view.completed?.fact.reference(),
            text: Some(words()),
        }
        .into(),
        FactKind::HandleComplaint => bodies::HandleComplaint {
            complaint: some(random, &hand.view.facets.complaints)?.at.fact.reference(),
            text: words(),
            settled: random.chance(1, 2),
        }
        .into(),
        _ => return None,
    };
    Some(Act::new(body))
}
