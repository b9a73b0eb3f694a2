//! Commands of the normal path.

use docket_sync_core::commands::{Command, CommandCode, SkillMatch};
use docket_sync_core::facts::values::{Channel, Line, UnfinishedReason};
use docket_sync_core::facts::{Author, bodies};
use docket_sync_core::lifecycle::view::{ReviewStatus, VisitState};

use super::{Hand, some, words as text};
use crate::random::Random;
use crate::world::field::{customer, labour, part, yuan};

/// A command that he might give; `None` where there is nothing to name.
#[expect(clippy::too_many_lines, reason = "one short arm for each command")]
#[expect(clippy::wildcard_enum_match_arm, reason = "acts are named by the table of kinds")]
pub(super) fn command(hand: &Hand<'_>, random: &mut Random, code: CommandCode) -> Option<Command> {
    let Hand { view, person, town, .. } = hand;
    let visit = hand.visit(random);
    Some(match code {
        CommandCode::Confirm => Command::Confirm {
            content: "维修".to_owned(),
            window: random.chance(1, 2).then(|| hand.window(random)),
            amount: Some(yuan(random.between(0, 50_000))),
            in_warranty: random.chance(1, 4),
            customer: None,
        },
        CommandCode::Assign => Command::Assign {
            technician: *some(random, &town.technicians)?,
            skipped: Vec::new(),
            turn: None,
            reason: Some(text()),
            skill: SkillMatch::Fits,
        },
        CommandCode::Unassign => Command::Unassign { technician: view.technician()?, reason: text() },
        CommandCode::Accept => Command::Accept,
        CommandCode::Refuse => Command::Refuse { reason: text() },
        CommandCode::Reschedule => {
            let confirmed = random.chance(1, 2);
            let window = hand.window(random);
            Command::Reschedule {
                window,
                confirmed,
                customer: confirmed.then(|| customer(Channel::Phone)),
                reason: None,
            }
        }
        CommandCode::Seen => Command::Seen,
        CommandCode::Depart => Command::Depart,
        CommandCode::Arrive => {
            let under_way = view
                .visits
                .iter()
                .find(|visit| visit.technician == *person && visit.state == VisitState::EnRoute)
                .map(|visit| visit.id.reference());
            Command::Arrive { visit: under_way, place: None }
        }
        CommandCode::Start => Command::Start { visit: visit? },
        CommandCode::Pause => Command::Pause { visit: visit?, reason: text() },
        CommandCode::Resume => Command::Resume { visit: visit? },
        CommandCode::End => Command::End { visit: visit? },
        CommandCode::RecordLine => {
            let line = match random.below(4) {
                0 | 1 => labour(),
                2 => part("电容", random.between(1, 4) * 1_000, 2_500),
                // Few serials, so that two lines claim one thing.
                _ => Line { serial: Some(format!("SN-{}", random.below(6))), ..part("压缩机", 1_000, 90_000) },
            };
            Command::RecordLine { visit: visit?, line }
        }
        CommandCode::ReverseLine => {
            // A part that two lines claim is reversed sooner than another.
            let findings = view.facets.findings.iter().filter(|finding| finding.is_open);
            let disputed =
                view.lines.iter().find(|line| findings.clone().any(|one| one.about == line.at.fact.reference()));
            let line = disputed.filter(|_| random.chance(2, 3)).or_else(|| some(random, &view.lines))?;
            Command::ReverseLine { line: line.at.fact.reference(), reason: text() }
        }
        CommandCode::Note => Command::Note { text: format!("备注 {}", random.below(1_000)) },
        CommandCode::Done => Command::Done { visit: visit?, finding: Some("更换电容".to_owned()) },
        CommandCode::Unfinished => Command::Unfinished {
            visit: visit?,
            reason: UnfinishedReason::Parts,
            text: Some(text()),
            next: random.chance(1, 2).then(|| hand.window(random)),
            customer: Some(customer(Channel::OnSite)),
        },
        CommandCode::RefuseSignature => Command::RefuseSignature { name: "陈静".to_owned(), reason: text() },
        CommandCode::ReturnVoucher => Command::ReturnVoucher { reason: Some(text()) },
        CommandCode::Withdraw => {
            if random.chance(1, 2) {
                // Money, goods, lines, hand-overs: whatever he stated himself and nobody builds on.
                let own =
                    view.facets.physical.iter().filter(|(id, author)| {
                        *author == Author::Person(*person) && !view.facets.relied_on.contains(id)
                    });
                let own: Vec<_> = own.map(|(id, _)| id.reference()).collect();
                return Some(Command::Withdraw { fact: *some(random, &own)?, reason: text() });
            }
            let visit = view.visits.get(random.position(view.visits.len()))?;
            let moments = [visit.departed, visit.arrived, visit.started, visit.ended];
            let moment = moments.into_iter().flatten().next_back()?;
            Command::Withdraw { fact: moment.fact.reference(), reason: text() }
        }
        CommandCode::Cancel => Command::Cancel { reason: text() },
        CommandCode::Reinstate => {
            let cancel = view.cancels.get(random.position(view.cancels.len()))?;
            Command::Reinstate { cancel: cancel.at.fact.reference(), reason: text() }
        }
        CommandCode::Close => Command::Close,
        CommandCode::ResolveReview => {
            let open: Vec<_> = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open).collect();
            let review = open.get(random.position(open.len()))?;
            Command::ResolveReview { review: review.id, choice: *random.pick(&review.choices), reason: text() }
        }
        CommandCode::Acknowledge => {
            let bodies::Acknowledge { fact, digest } = hand.acknowledge(random)?;
            Command::Acknowledge { fact, digest }
        }
        // Signing has its own way (`users`), registering too.
        _ => return None,
    })
}
