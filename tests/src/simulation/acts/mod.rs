//! Commands with what a person might fill in: here who fills in, beside it one file a subject.
//!
//! Legal is what the page offers; whether the details fit is the product's to say. What nobody can fill in is `None`.

mod books;
mod goods;
mod path;
mod planning;
mod terms;
mod work;

use docket_sync_core::commands::{Act, Command, CommandCode, Context};
use docket_sync_core::facts::values::{Demand, Money, VisitRef, Window};
use docket_sync_core::facts::{FactBody, FactKind, Ledger, bodies};
use docket_sync_core::ids::{DocumentId, FactRef, PersonId, RecordId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::lifecycle::facets::ItemState;
use docket_sync_core::lifecycle::view::{OrderView, VisitState};
use docket_sync_core::time::{DAY, HOUR};

use crate::random::Random;
use crate::world::field::yuan;

/// Who and what else there is in the company.
#[derive(Debug, Clone, Default)]
pub struct Town {
    /// Technicians.
    pub technicians: Vec<PersonId>,
    /// Who takes cash back.
    pub accountant: Option<PersonId>,
    /// Orders that the office knows.
    pub orders: Vec<DocumentId>,
    /// A customer's record and a site's.
    pub site: Option<(RecordId, RecordId)>,
    /// Numbers that were taken from his blocks and stand on no receipt yet.
    pub spoiled: Vec<(Ledger, String)>,
}

/// A person before an order as it is shown to him.
#[derive(Debug)]
pub struct Hand<'a> {
    /// What he sees.
    pub view: &'a OrderView,
    /// The facts behind it, or more than those.
    pub facts: &'a FactSet,
    /// Who he is.
    pub person: PersonId,
    /// Who and what else there is.
    pub town: &'a Town,
}

impl Hand<'_> {
    /// A command of this name that he might give; `None` where there is nothing to name.
    #[must_use]
    pub fn command(&self, random: &mut Random, code: CommandCode) -> Option<Command> {
        let Some(kind) = code.act() else { return path::command(self, random, code) };
        Some(Command::State(Box::new(self.act(random, kind)?)))
    }

    fn act(&self, random: &mut Random, kind: FactKind) -> Option<Act> {
        planning::act(self, random, kind)
            .or_else(|| terms::act(self, random, kind))
            .or_else(|| work::act(self, random, kind))
            .or_else(|| goods::act(self, random, kind))
            .or_else(|| books::act(self, random, kind))
    }

    /// What he fills in beside the command itself, on a device whose app asks for it: another work item, what the
    /// policy demands and is not there, the colleague's visit that he goes on with. `None` is nothing.
    #[must_use]
    pub fn beside(&self, random: &mut Random, code: CommandCode) -> Option<Context> {
        let mut context = Context::new(self.person, &[]);
        let about_item = matches!(code, CommandCode::Done | CommandCode::Unfinished | CommandCode::RecordLine);
        let begins = matches!(code, CommandCode::Depart | CommandCode::Arrive);
        if about_item && random.chance(1, 2) {
            let open = self.view.facets.items.iter().filter(|item| item.number > 1 && item.state == ItemState::Open);
            context.work_item = open.last().map(|item| item.number);
        }
        if begins && self.view.facets.handed_to.contains(&self.person) {
            let handed = self.facts.iter().filter_map(|fact| match fact.body() {
                FactBody::HandoverVisit(body) if body.to == self.person => Some(body.visit),
                _ => None,
            });
            context.continues = handed.last();
        }
        if (begins || code == CommandCode::Done) && random.chance(1, 6) {
            context.missing = vec![*random.pick(Demand::ALL)];
        }
        let is_said = context.work_item.is_some() || context.continues.is_some() || !context.missing.is_empty();
        is_said.then_some(context)
    }

    /// One of his visits, mostly one that goes on.
    fn visit(&self, random: &mut Random) -> Option<VisitRef> {
        let his: Vec<_> = self.view.visits.iter().filter(|visit| visit.technician == self.person).collect();
        let open: Vec<_> = his.iter().copied().filter(|visit| visit.state != VisitState::Ended).collect();
        let some = if open.is_empty() || random.chance(1, 4) { his } else { open };
        some.get(random.position(some.len())).map(|visit| visit.id.reference())
    }

    /// The number of a receipt: of a slip that lies there, or the next, which the device fills in.
    fn receipt(&self, random: &mut Random, ledger: Ledger) -> String {
        let open = self.town.spoiled.iter().find(|(of, _)| *of == ledger).filter(|_| random.chance(1, 2));
        open.map(|(_, number)| number.clone()).unwrap_or_default()
    }

    fn window(&self, random: &mut Random) -> Window {
        let from = self.view.updated.plus(random.between(1, 5) * DAY);
        Window { from, to: from.plus(2 * HOUR) }
    }

    /// Another technician.
    fn colleague(&self, random: &mut Random) -> Option<PersonId> {
        let others: Vec<_> = self.town.technicians.iter().filter(|person| **person != self.person).collect();
        others.get(random.position(others.len())).map(|person| **person)
    }

    /// One of the facts for which `is` finds something to name.
    fn fact<T>(&self, random: &mut Random, is: impl Fn(&docket_sync_core::facts::Fact) -> Option<T>) -> Option<T> {
        let mut found: Vec<T> = self.facts.iter().filter_map(is).collect();
        let at = random.position(found.len());
        (at < found.len()).then(|| found.swap_remove(at))
    }

    /// A fact that confirms another, mostly one that two people are parties to.
    fn acknowledge(&self, random: &mut Random) -> Option<bodies::Acknowledge> {
        let two_party = |kind: Option<FactKind>| {
            let kinds = [FactKind::HandoverVisit, FactKind::TransferCustody, FactKind::RemitCash];
            kind.is_some_and(|kind| kinds.contains(&kind))
        };
        let all = random.chance(1, 3);
        self.fact(random, |fact| {
            (all || two_party(fact.kind()))
                .then(|| bodies::Acknowledge { fact: fact.id.reference(), digest: fact.digest })
        })
    }
}

/// A reason in words.
fn words() -> String {
    "原因".to_owned()
}

fn amount(random: &mut Random) -> Money {
    yuan(random.between(1, 300) * 100)
}

/// One of a list.
fn some<'a, T>(random: &mut Random, list: &'a [T]) -> Option<&'a T> {
    list.get(random.position(list.len()))
}

/// The reference of one of the facts of a list.
fn reference<T>(random: &mut Random, list: &[T], of: impl Fn(&T) -> FactRef) -> Option<FactRef> {
    some(random, list).map(of)
}

/// Commands that simulated people leave alone: a call has its own way.
#[must_use]
pub fn leaves_alone(code: CommandCode) -> bool {
    code == CommandCode::Register
}
