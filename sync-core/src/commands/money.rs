//! Cash, transfers, discounts and invoices, as a person fills them in (C-027, C-090, C-093).

use super::{Desk, Refusal};
use crate::facts::values::{Liability, Money, Share};
use crate::facts::{FactBody, bodies};
use crate::ids::FactRef;
use crate::lifecycle::is_settled;
use crate::lifecycle::view::LineView;

/// Cash of this order in his pocket, minor units; of one currency, or of any.
pub(super) fn pocket(desk: &Desk<'_>, currency: Option<&str>) -> i64 {
    let his = desk.view.facets.money.pockets.iter().filter(|((person, _), _)| *person == desk.context.person);
    let of_currency = his.filter(|((_, other), _)| currency.is_none_or(|currency| currency == other));
    of_currency.map(|(_, minor)| *minor).max().unwrap_or(0)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds move no money")]
pub(super) fn check(desk: &Desk<'_>, body: &FactBody) -> Result<(), Refusal> {
    let positive = |amount: &Money| amount.minor > 0;
    match body {
        FactBody::CollectCash(body) => {
            let due = desk.view.facets.money.due.get(&body.amount.currency).copied().unwrap_or(0);
            if !positive(&body.amount) {
                return desk.wrong("wrong_amount", "amount");
            }
            if body.amount.minor > due && body.reason.is_none() { desk.wrong("over_due", "reason") } else { Ok(()) }
        }
        // C-093: two people count it.
        FactBody::RemitCash(body) if body.to == desk.context.person => desk.wrong("not_to_yourself", "to"),
        FactBody::RemitCash(body) => {
            let held = pocket(desk, Some(&body.amount.currency));
            let fits = positive(&body.amount) && body.amount.minor <= held;
            if fits { Ok(()) } else { desk.wrong("wrong_amount", "amount") }
        }
        FactBody::BookTransfer(body) if !positive(&body.amount) => desk.wrong("wrong_amount", "amount"),
        FactBody::GrantDiscount(body) if !positive(&body.amount) => desk.wrong("wrong_amount", "amount"),
        FactBody::Invoice(body) => invoice(desk, body),
        _ => Ok(()),
    }
}

/// R7: what may be charged, once, to who bears it, and not above what it costs.
fn invoice(desk: &Desk<'_>, body: &bodies::Invoice) -> Result<(), Refusal> {
    if body.lines.is_empty() {
        return desk.wrong("missing_field", "lines");
    }
    let currency = body.amount.currency.as_str();
    let payer = body.payer.as_deref().map(str::trim).filter(|payer| !payer.is_empty());
    let share = payers(desk, payer)?;
    let office = &desk.view.office;
    let (mut cost, mut taken) = (0_i64, 0_i64);
    for (index, line) in body.lines.iter().enumerate() {
        let named = |view: &&LineView| view.at.fact.reference() == *line && view.billable;
        let charge = desk.view.lines.iter().find(named).and_then(|view| view.charge.as_ref());
        let Some(charge) = charge.filter(|charge| charge.currency == currency) else {
            return desk.wrong("nothing_billable", "lines");
        };
        let billed = || office.billed.iter().filter(|billed| billed.line == *line);
        let again = billed().any(|billed| share.is_none() || billed.payer.as_deref() == payer);
        if again || body.lines.iter().take(index).any(|other: &FactRef| other == line) {
            return desk.wrong("line_billed", "lines");
        }
        cost = cost.saturating_add(charge.minor);
        taken = billed().fold(taken, |sum, billed| sum.saturating_add(billed.amount.minor));
    }
    let known = |sums: &std::collections::BTreeMap<String, i64>| sums.get(currency).copied().unwrap_or(0);
    let billed = known(&office.invoiced).saturating_sub(known(&office.credited)).max(0);
    let left = cost.saturating_sub(taken).min(known(&desk.view.billable).saturating_sub(billed));
    let his = share.map_or(left, |share| portion(cost, share.permille).min(left));
    if body.amount.minor > 0 && body.amount.minor <= his { Ok(()) } else { desk.wrong("wrong_amount", "amount") }
}

/// The payer's share, where the costs are shared; without everybody's agreement there is no bill (C-027).
fn payers<'a>(desk: &Desk<'a>, payer: Option<&str>) -> Result<Option<&'a Share>, Refusal> {
    let Some((case, shares)) = &desk.view.office.liability else { return Ok(None) };
    if !is_settled(*case, shares) {
        return desk.wrong("shares_open", "payer");
    }
    if *case != Liability::Joint {
        return Ok(None);
    }
    match shares.iter().find(|share| payer == Some(share.party.trim())) {
        Some(share) => Ok(Some(share)),
        None => desk.wrong("no_share", "payer"),
    }
}

/// Thousandths of a sum, a begun unit upwards.
fn portion(minor: i64, permille: u16) -> i64 {
    let exact = i128::from(minor).saturating_mul(i128::from(permille)).saturating_add(999);
    i64::try_from(exact.checked_div(1_000).unwrap_or(0)).unwrap_or(i64::MAX)
}
