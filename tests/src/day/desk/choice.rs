//! What one order needs now: decided on its view, done by somebody of the office.

use docket_sync_core::commands::{Command, SkillMatch};
use docket_sync_core::facts::values::{Channel, CustomerPerson, Window};
use docket_sync_core::ids::{FactRef, PersonId};
use docket_sync_core::lifecycle::view::{
    AssignmentFacet, OrderState, OrderView, ReviewStatus, SignatureFacet, VoucherFacet,
};
use docket_sync_core::time::{HOUR, UnixMillis};

use super::fate::Whim;
use super::{Desk, Once, Registered, frontier};
use crate::day::Trouble;
use crate::day::messages::text;
use crate::day::setting::Setting;
use crate::demo::Company;
use crate::demo::names::lists;
use crate::random::Random;

/// One look at one order.
pub(super) struct Look<'a> {
    pub(super) registered: &'a Registered,
    pub(super) view: &'a OrderView,
    pub(super) minute: i64,
    pub(super) random: Random,
}

/// A command that somebody at the office decided on.
pub(super) struct Decided {
    pub(super) who: &'static str,
    pub(super) order: Registered,
    pub(super) frontier: Vec<FactRef>,
    pub(super) command: Command,
}

impl Desk {
    /// What one order needs now.
    pub(super) fn decide(
        &self,
        setting: &Setting,
        look: &Look<'_>,
        registered: &mut Registered,
    ) -> Result<Vec<Decided>, Trouble> {
        let (view, fate, minute) = (look.view, &look.registered.fate, look.minute);
        let minute_of = |time: UnixMillis| setting.clock.minute_of(time);
        let out = matches!(view.state, OrderState::Dispatched | OrderState::InProgress);
        let assigned = view.assignment().map(|assignment| minute_of(assignment.at.time));
        let mut decided = Vec::new();
        if let (Some(assigned), Some((after, whim)), true) = (assigned, fate.whim, out)
            && minute >= assigned.saturating_add(after)
            && registered.done.insert(Once::Whim)
        {
            decided.extend(self.follow(setting, look, whim)?);
        }
        let silent = minute.saturating_sub(minute_of(view.updated));
        if out && decided.is_empty() && silent >= fate.patience && registered.done.insert(Once::Impatience) {
            decided.extend(self.follow(setting, look, fate.on_silence)?);
        }
        decided.extend(self.reviews(look));
        let over = matches!(view.state, OrderState::Completed | OrderState::Cancelled | OrderState::Terminated);
        let known_for = minute.saturating_sub(minute_of(view.updated));
        if over && view.voucher == VoucherFacet::Out && known_for >= fate.returns_after {
            let unsigned = !matches!(view.signature, SignatureFacet::Signed | SignatureFacet::SignedPartial);
            let reason = unsigned.then(|| text("demo.text.unsigned", self.language).to_owned());
            decided.push(decision(look, "clerk", Command::ReturnVoucher { reason }));
        }
        let blocked = view.reviews.iter().any(|review| review.blocking && review.status == ReviewStatus::Open);
        if view.state == OrderState::Returned && fate.closes && !blocked && registered.done.insert(Once::Closed) {
            decided.push(decision(look, "clerk2", Command::Close));
        }
        Ok(decided)
    }

    /// Reviews that somebody decides today.
    pub(super) fn reviews(&self, look: &Look<'_>) -> Vec<Decided> {
        let Some(after) = look.registered.fate.resolves_after else { return Vec::new() };
        let open = look.view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
        // By kind: ids differ from run to run.
        let mut ripe: Vec<_> = open
            .filter(|review| {
                let since = self.reviews.get(&review.id).map_or(look.minute, |(_, since)| *since);
                look.minute.saturating_sub(since) >= after
            })
            .collect();
        ripe.sort_by_key(|review| review.kind);
        let reason = text("demo.text.review", self.language).to_owned();
        ripe.truncate(1);
        ripe.iter()
            .map(|review| {
                let command =
                    Command::ResolveReview { review: review.id, choice: review.default, reason: reason.clone() };
                decision(look, "chief", command)
            })
            .collect()
    }

    /// What comes up becomes commands.
    pub(super) fn follow(&self, setting: &Setting, look: &Look<'_>, whim: Whim) -> Result<Vec<Decided>, Trouble> {
        let say = |key| text(key, self.language).to_owned();
        let mut random = look.random.clone();
        let later = |random: &mut Random| window(setting.clock.at(look.minute.saturating_add(random.between(45, 150))));
        let customer = || self.customer(&setting.company, look.registered);
        let mut reschedule = |who, confirmed: bool| -> Result<Decided, Trouble> {
            let window = later(&mut random);
            let customer = if confirmed { Some(customer()?) } else { None };
            let reason = Some(say("demo.text.reschedule"));
            Ok(decision(look, who, Command::Reschedule { window, confirmed, customer, reason }))
        };
        Ok(match whim {
            Whim::Nothing => Vec::new(),
            Whim::Note => vec![decision(look, "clerk", Command::Note { text: say("demo.text.urged") })],
            Whim::Reschedule { confirmed } => vec![reschedule("clerk", confirmed)?],
            Whim::TwoClerks { confirmed } => vec![reschedule("clerk", confirmed)?, reschedule("clerk2", confirmed)?],
            Whim::Reassign => {
                let other = other_technician(&setting.company, look);
                let reason = Some(say("demo.text.reassign"));
                let command = other.map(|technician| Command::Assign {
                    technician,
                    skipped: Vec::new(),
                    turn: None,
                    reason,
                    skill: SkillMatch::Fits,
                });
                command.map(|command| decision(look, "dispatch", command)).into_iter().collect()
            }
            Whim::Cancel => {
                let reason =
                    look.random.clone().pick(&lists().cancel_reasons).in_language(self.language.code()).to_owned();
                vec![decision(look, "dispatch", Command::Cancel { reason })]
            }
        })
    }

    pub(super) fn customer(&self, company: &Company, registered: &Registered) -> Result<CustomerPerson, Trouble> {
        let order = company.orders.get(registered.position).ok_or("there is no such order")?;
        let customer = company.customers.get(order.customer).ok_or("there is no such customer")?;
        let relation = text("demo.text.relation", self.language).to_owned();
        Ok(CustomerPerson { name: customer.contact.clone(), relation, channel: Channel::Phone })
    }
}

/// Somebody else with the skill.
fn other_technician(company: &Company, look: &Look<'_>) -> Option<PersonId> {
    let skill = look.view.request.as_ref()?.skill.clone()?;
    let refused = |person: PersonId| {
        let refused = look.view.assignments.iter().filter(|one| one.facet == AssignmentFacet::Refused);
        refused.map(|assignment| assignment.technician).any(|technician| technician == person)
    };
    let fit: Vec<PersonId> = company
        .technicians()
        .filter(|technician| technician.skills.contains(&skill))
        .map(|technician| technician.id)
        .filter(|technician| look.view.technician() != Some(*technician) && !refused(*technician))
        .collect();
    (!fit.is_empty()).then(|| *look.random.clone().pick(&fit))
}

fn decision(look: &Look<'_>, who: &'static str, command: Command) -> Decided {
    Decided { who, order: look.registered.clone(), frontier: frontier(look.view), command }
}

/// Two hours from a time on.
pub(super) fn window(from: UnixMillis) -> Window {
    Window { from, to: from.plus(2 * HOUR) }
}
