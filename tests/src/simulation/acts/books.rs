//! The office's books: what no technician reads.

use docket_sync_core::commands::Act;
use docket_sync_core::facts::values::{Answer, CallbackResult, Liability, Share};
use docket_sync_core::facts::{FactBody, FactKind, bodies};
use docket_sync_core::ids::FactRef;
use docket_sync_core::lifecycle::view::LineStanding;

use super::{Hand, amount, some, words};
use crate::random::Random;
use crate::world::field::yuan;

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are in the files beside this one")]
pub(super) fn act(hand: &Hand<'_>, random: &mut Random, kind: FactKind) -> Option<Act> {
    let body: FactBody = match kind {
        FactKind::Invoice => invoice(hand, random)?.into(),
        FactKind::Credit => {
            let invoices = hand.view.office.invoices.iter().filter(|invoice| !invoice.void);
            let invoices: Vec<_> = invoices.collect();
            let whole = some(random, &invoices).filter(|_| random.chance(1, 2));
            let (invoice, amount) = match whole {
                Some(invoice) => (Some(invoice.at.fact.reference()), invoice.amount.clone()),
                None => (None, amount(random)),
            };
            bodies::Credit { invoice, amount, reason: words() }.into()
        }
        FactKind::Settle => bodies::Settle {
            period: "2024-06".to_owned(),
            payee: *some(random, &hand.town.technicians)?,
            amount: amount(random),
            lines: {
                let effective = hand.view.lines.iter().filter(|line| line.standing == LineStanding::Effective);
                effective.map(|line| line.at.fact.reference()).collect()
            },
        }
        .into(),
        FactKind::RecordCost => {
            bodies::RecordCost { name: "外包".to_owned(), amount: amount(random), about: None }.into()
        }
        FactKind::SetLiability => {
            let answer = if random.chance(2, 3) { Answer::Agreed } else { Answer::Open };
            let share = |party: &str, permille| Share { party: party.to_owned(), permille, answer };
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

/// What is billable and not billed yet, to the customer, or a party's share of it.
fn invoice(hand: &Hand<'_>, random: &mut Random) -> Option<bodies::Invoice> {
    let office = &hand.view.office;
    let party = match &office.liability {
        Some((Liability::Joint, shares)) => Some(some(random, shares)?),
        Some(_) | None => None,
    };
    let payer = party.map(|share| share.party.clone());
    let billed = |line: FactRef| {
        office.billed.iter().any(|billed| billed.line == line && (payer.is_none() || billed.payer == payer))
    };
    let lines: Vec<_> =
        hand.view.lines.iter().filter(|line| line.billable && !billed(line.at.fact.reference())).collect();
    let cost: i64 = lines.iter().filter_map(|line| line.charge.as_ref()).map(|charge| charge.minor).sum();
    let left = hand.view.billable.get("CNY").copied().unwrap_or(0) - office.invoiced.get("CNY").copied().unwrap_or(0)
        + office.credited.get("CNY").copied().unwrap_or(0);
    let share = party.map_or(cost, |share| cost * i64::from(share.permille) / 1_000);
    Some(bodies::Invoice {
        number: format!("INV-{}", random.below(10_000)),
        lines: lines.iter().map(|line| line.at.fact.reference()).collect(),
        amount: yuan(share.min(left)),
        payer,
    })
}
