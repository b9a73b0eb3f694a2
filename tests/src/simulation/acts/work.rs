//! Work on site beside the normal path, and what is corrected of it.

use docket_sync_core::commands::Act;
use docket_sync_core::facts::values::Correction;
use docket_sync_core::facts::{FactBody, FactKind, bodies};

use super::{Hand, some, words};
use crate::random::Random;
use crate::world::field::{labour, part};

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are in the files beside this one")]
pub(super) fn act(hand: &Hand<'_>, random: &mut Random, kind: FactKind) -> Option<Act> {
    let body: FactBody = match kind {
        FactKind::HandoverVisit => bodies::HandoverVisit {
            visit: hand.visit(random)?,
            to: hand.colleague(random)?,
            open: vec!["滤网".to_owned()],
        }
        .into(),
        FactKind::OutcomeNotRepairable => {
            bodies::OutcomeNotRepairable { visit: hand.visit(random)?, finding: "主板烧毁".to_owned() }.into()
        }
        FactKind::ReplaceLine => {
            let visit = hand.visit(random)?;
            let old = some(random, &hand.view.lines)?;
            let line = old.at.fact.reference();
            let mut new = old.line.clone();
            new.quantity = random.between(1, 4) * 500;
            bodies::ReplaceLine { visit, line, new }.into()
        }
        FactKind::ReportContact => bodies::ReportContact {
            name: "陈静".to_owned(),
            phone: Some(format!("021-55501{:02}", random.below(100))),
            note: None,
        }
        .into(),
        FactKind::SwapUnit => {
            let new_serial = format!("SN-{}", random.below(20));
            bodies::SwapUnit { old: None, old_serial: Some("SN-0".to_owned()), new_serial, model: None }.into()
        }
        FactKind::CorrectFact => correct(hand, random)?.into(),
        FactKind::Reopen => bodies::Reopen { close: hand.view.closed?.fact.reference(), reason: words() }.into(),
        _ => return None,
    };
    Some(Act::new(body))
}

/// A supervisor corrects a fact: what it said of a line, or when it happened.
fn correct(hand: &Hand<'_>, random: &mut Random) -> Option<bodies::CorrectFact> {
    let line = if random.chance(1, 2) { labour() } else { part("电容", 2_000, random.between(1, 90) * 100) };
    let at = hand.view.updated;
    let (fact, correction) = hand.fact(random, |fact| {
        let correction = match fact.body() {
            FactBody::RecordLine(_) => Correction::Line(line.clone()),
            FactBody::AddNote(_) => Correction::Text(words()),
            _ => Correction::Time(at),
        };
        Some((fact.id.reference(), correction))
    })?;
    Some(bodies::CorrectFact { fact, correction, reason: words() })
}
