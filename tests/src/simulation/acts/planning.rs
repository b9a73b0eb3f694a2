//! Planning, the header, work items, duplicates.

use docket_sync_core::commands::Act;
use docket_sync_core::facts::values::{
    Channel, EmergencyBasis, EscalationKind, HeaderChange, HeaderField, HoldReason, PartWanted, ServiceClass, Urgency,
};
use docket_sync_core::facts::{FactBody, FactKind, bodies};
use docket_sync_core::lifecycle::facets::ItemState;

use super::{Hand, reference, some, words};
use crate::random::Random;
use crate::world::field::{customer, labour, part};

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are in the files beside this one")]
#[expect(clippy::too_many_lines, reason = "one short arm for each kind")]
pub(super) fn act(hand: &Hand<'_>, random: &mut Random, kind: FactKind) -> Option<Act> {
    let facets = &hand.view.facets;
    let with_customer = matches!(kind, FactKind::AddWorkItem | FactKind::DropWorkItem);
    let body: FactBody = match kind {
        FactKind::Hold => {
            let told = random.chance(1, 2).then_some(hand.view.updated);
            bodies::Hold { reason: *random.pick(HoldReason::ALL), text: Some(words()), told }.into()
        }
        FactKind::Release => {
            let hold = reference(random, &facets.holds, |hold| hold.at.fact.reference())?;
            bodies::Release { hold, reason: Some(words()) }.into()
        }
        FactKind::EditHeader => {
            let field = *random.pick(HeaderField::ALL);
            let changes = vec![HeaderChange { field, value: header(random, field) }];
            bodies::EditHeader { changes, reason: Some(words()) }.into()
        }
        FactKind::Decline => bodies::Decline { reason: words() }.into(),
        FactKind::CompletePaperwork => {
            let (customer, site) = hand.town.site?;
            bodies::CompletePaperwork {
                customer,
                site,
                unit: None,
                channel: Channel::Phone,
                class: *random.pick(ServiceClass::ALL),
                urgency: Urgency::Hazard,
                serial: None,
            }
            .into()
        }
        FactKind::SelfDispatch => {
            bodies::SelfDispatch { basis: *random.pick(EmergencyBasis::ALL), reason: Some(words()) }.into()
        }
        FactKind::RequestParts => {
            let quantity = random.between(1, 4) * 1_000;
            let wanted = PartWanted { name: "压缩机".to_owned(), quantity, unit: "pcs".to_owned(), code: None };
            bodies::RequestParts { parts: vec![wanted], to_site: random.chance(1, 2), reason: Some(words()) }.into()
        }
        FactKind::ReceiveParts => {
            let waits: Vec<_> = facets.holds.iter().filter(|hold| hold.reason == HoldReason::Parts).collect();
            let request = some(random, &waits)?.at.fact.reference();
            bodies::ReceiveParts { request, note: None }.into()
        }
        FactKind::Escalate => bodies::Escalate { kind: *random.pick(EscalationKind::ALL), text: words() }.into(),
        FactKind::PlanLine => {
            let line = if random.chance(1, 2) { labour() } else { part("电容", 1_000, 2_500) };
            bodies::PlanLine { line }.into()
        }
        FactKind::DropPlannedLine => {
            let line = reference(random, &facets.planned, |planned| planned.at.fact.reference())?;
            bodies::DropPlannedLine { line, reason: None }.into()
        }
        FactKind::LinkDuplicate => {
            let others: Vec<_> = hand.town.orders.iter().filter(|order| **order != hand.facts.document()).collect();
            let other = **some(random, &others)?;
            bodies::LinkDuplicate { other, survives: random.chance(1, 2), reason: Some(words()) }.into()
        }
        FactKind::Unlink => {
            let link = hand
                .fact(random, |fact| matches!(fact.body(), FactBody::LinkDuplicate(_)).then(|| fact.id.reference()))?;
            bodies::Unlink { link, reason: words() }.into()
        }
        FactKind::AddWorkItem => {
            let item = facets.items.iter().map(|item| item.number).max().unwrap_or(1).checked_add(1)?;
            bodies::AddWorkItem { item, name: "清洗滤网".to_owned() }.into()
        }
        FactKind::DropWorkItem => {
            let open: Vec<_> = facets.items.iter().filter(|item| item.state == ItemState::Open).collect();
            bodies::DropWorkItem { item: some(random, &open)?.number, reason: words() }.into()
        }
        _ => return None,
    };
    let customer = with_customer.then(|| customer(Channel::OnSite));
    Some(Act { customer, ..Act::new(body) })
}

fn header(random: &mut Random, field: HeaderField) -> Option<String> {
    let value = match field {
        HeaderField::Priority => random.pick(Urgency::ALL).code().to_owned(),
        HeaderField::RepairPlace => "on_site".to_owned(),
        HeaderField::BenchDue => "2024-06-20T08:00:00Z".to_owned(),
        HeaderField::Skill => "aircon".to_owned(),
        HeaderField::Description | HeaderField::Phone | HeaderField::Address | HeaderField::Contact => {
            format!("改为 {}", random.below(9))
        }
    };
    random.chance(5, 6).then_some(value)
}
