//! The dispatcher's desk inside one job of the commit thread: the roster, who is out, whose turn it is, what waits;
//! and dispatching, by the rotation or by a person's choice.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::commands::{Command, CommandCode, Refusal, SkillMatch};
use docket_sync_core::facts::bodies::Assign;
use docket_sync_core::facts::values::{Skip, SkipReason};
use docket_sync_core::facts::{Author, FactKind, Role};
use docket_sync_core::ids::{Digest, DocumentId, FactRef, PersonId, StoreId};
use docket_sync_core::lifecycle::view::{Assignment, OrderView};
use docket_sync_core::limits;
use docket_sync_core::policy::ServicePolicy;

use super::records::{self, DispatchRecord, Dispatched, FEATURE, Standing, TurnMoved, TurnRow, Waiting};
use super::rules::{self, Candidate, Decision, Needs, NobodyFits, Place, Pointer, Turn};
use crate::auth::people::PersonRecord;
use crate::commit::{CommitError, Stated, Tables, Writer};
use crate::company;
use crate::log::LogRecord;
use crate::store::{KeyRange, Table};

/// The rule that states assignments of the rotation: the author is `system:rotation`.
pub const ROTATION_RULE: &str = "rotation";

/// The rotation as it stands, read once for a job.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The policy in force.
    pub policy: ServicePolicy,
    /// Technicians, and how many orders each is out with.
    pub roster: Vec<Candidate>,
    /// Whose turn it is.
    pub pointer: Pointer,
    /// Whether somebody returned since the desk was opened.
    pub(super) freed: bool,
    /// Orders that began to wait since then, by their keys in the queue.
    pub(super) began_to_wait: BTreeSet<Vec<u8>>,
}

impl Desk {
    /// Reads roster, loads and pointer.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open<T: Tables + ?Sized>(tables: &T, store: StoreId) -> Result<Self, CommitError> {
        let mut open_orders: BTreeMap<PersonId, u32> = BTreeMap::new();
        for (key, _) in tables.scan(Table::Dispatch, &KeyRange::prefix(records::OUT), usize::MAX)? {
            if let Some(technician) = records::out_technician(&key) {
                let count = open_orders.entry(technician).or_default();
                *count = count.saturating_add(1);
            }
        }
        let mut roster = Vec::new();
        for (_, bytes) in tables.scan(Table::Person, &KeyRange::all(), usize::MAX)? {
            let person = PersonRecord::from_bytes(&bytes)?;
            if person.roles.contains(&Role::Technician) {
                roster.push(Candidate {
                    place: place_of(&person),
                    active: person.active,
                    open_orders: open_orders.get(&person.id).copied().unwrap_or(0),
                    skills: person.skills,
                });
            }
        }
        roster.sort_by_key(|candidate| candidate.place);
        Ok(Self {
            policy: company::policy(tables, store)?,
            roster,
            pointer: tables.read(Table::Dispatch, records::POINTER)?.unwrap_or_default(),
            freed: false,
            began_to_wait: BTreeSet::new(),
        })
    }

    /// The rotation's next technician.
    ///
    /// # Errors
    /// When everybody is passed over.
    pub fn next(&self, needs: &Needs) -> Result<Decision, NobodyFits> {
        rules::next(&self.policy.dispatch, &self.roster, &self.pointer, needs)
    }

    /// Brings records, turns and indexes of dispatch up to the order's present state.
    ///
    /// # Errors
    /// When the store fails or the order's document is damaged.
    pub fn follow(&mut self, writer: &mut Writer, order: DocumentId) -> Result<(), CommitError> {
        let view = match writer.current_view(order) {
            Ok(view) => view,
            Err(CommitError::NoOrder(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        for assignment in &view.assignments {
            let fact = assignment.at.fact.reference();
            let key = records::turn_key(order, fact);
            let mut row = match writer.read::<TurnRow>(Table::Dispatch, &key)? {
                Some(row) => row,
                None => self.record(writer, order, assignment)?,
            };
            let released = records::is_released(&view, assignment);
            if row.given_back == released {
                continue;
            }
            row.given_back = released;
            writer.write(Table::Dispatch, key, &row);
            if let Some(turn) = row.turn {
                let moved = TurnMoved { order, fact, turn };
                let record =
                    if released { DispatchRecord::GivenBack(moved) } else { DispatchRecord::TakenAgain(moved) };
                self.keep(writer, &record, None);
            }
        }
        self.index(writer, order, &view)
    }

    /// A dispatch that is not in the records yet, whoever decided it.
    fn record(
        &mut self,
        writer: &mut Writer,
        order: DocumentId,
        assignment: &Assignment,
    ) -> Result<TurnRow, CommitError> {
        let technician = assignment.technician;
        let by = match &assignment.by {
            Author::Person(person) => Some(*person),
            Author::System(_) => None,
        };
        let listed = self.roster.iter().map(|candidate| candidate.place).find(|place| place.technician == technician);
        let place = match (listed, writer.person(technician)?) {
            (Some(place), _) => place,
            (None, Some(person)) => place_of(&person),
            (None, None) => Place { entered_at: assignment.at.time, technician },
        };
        let chosen = by.is_some() && self.policy.dispatch.override_moves_pointer;
        let turn = assignment.turn.or_else(|| chosen.then(|| self.pointer.turn_of(place)));
        let fact = assignment.at.fact.reference();
        let record = DispatchRecord::Dispatched(Dispatched {
            order,
            fact,
            technician: place,
            turn,
            skipped: assignment.skipped.clone(),
            reason: assignment.reason.clone(),
            at: assignment.at.time,
            by,
        });
        self.keep(writer, &record, by);
        let row = TurnRow { turn: turn.map(|number| Turn { number, place }), given_back: false };
        writer.write(Table::Dispatch, records::turn_key(order, fact), &row);
        Ok(row)
    }

    fn keep(&mut self, writer: &mut Writer, record: &DispatchRecord, by: Option<PersonId>) {
        let number = writer.log(&LogRecord::Office {
            feature: FEATURE.to_owned(),
            document: Some(record.order()),
            bytes: crate::store::record::encode(record),
            by,
            at: writer.now(),
        });
        writer.put(Table::Dispatch, records::record_key(number), Vec::new());
        self.pointer = std::mem::take(&mut self.pointer).apply(record.step());
        writer.write(Table::Dispatch, records::POINTER, &self.pointer);
    }

    /// The queue, and who is out.
    fn index(&mut self, writer: &mut Writer, order: DocumentId, view: &OrderView) -> Result<(), CommitError> {
        let key = records::standing_key(order);
        let old: Standing = writer.read(Table::Dispatch, &key)?.unwrap_or_default();
        let waiting = records::waiting(order, view, &self.policy);
        let queue_key = waiting.as_ref().map(|(place, _)| records::queue_key(place));
        let new = Standing { queue_key: queue_key.clone(), out: records::out(view) };
        if let Some(gone) = old.queue_key.as_ref().filter(|key| Some(*key) != queue_key.as_ref()) {
            writer.remove(Table::Dispatch, gone.clone());
        }
        if let (Some(key), Some((_, waiting))) = (queue_key, waiting)
            && writer.read::<Waiting>(Table::Dispatch, &key)?.as_ref() != Some(&waiting)
        {
            writer.write(Table::Dispatch, key.clone(), &waiting);
            self.began_to_wait.insert(key);
        }
        for technician in old.out.difference(&new.out) {
            writer.remove(Table::Dispatch, records::out_key(*technician, order));
            self.count(*technician, |open| open.saturating_sub(1));
            self.freed = true;
        }
        for technician in new.out.difference(&old.out) {
            writer.put(Table::Dispatch, records::out_key(*technician, order), Vec::new());
            self.count(*technician, |open| open.saturating_add(1));
        }
        if new != old {
            writer.write(Table::Dispatch, key, &new);
        }
        Ok(())
    }

    fn count(&mut self, technician: PersonId, change: impl FnOnce(u32) -> u32) {
        if let Some(candidate) = self.roster.iter_mut().find(|candidate| candidate.place.technician == technician) {
            candidate.open_orders = change(candidate.open_orders);
        }
    }

    /// Sends the rotation's next technician to an order of the queue, if it still waits and somebody fits.
    pub(super) fn dispatch_by_rotation(&mut self, writer: &mut Writer, order: DocumentId) -> Result<(), CommitError> {
        let view = writer.current_view(order)?;
        let Some((_, waiting)) = records::waiting(order, &view, &self.policy).filter(|(_, waiting)| waiting.automatic)
        else {
            return Ok(());
        };
        let Ok(decision) = self.next(&waiting.needs()) else { return Ok(()) };
        // The same round of the same order is dispatched once, whichever node states it.
        let mut causes: Vec<Digest> = writer
            .known_order(order)?
            .facts
            .iter()
            .filter(|fact| fact.kind().is_some_and(moves_dispatch))
            .map(|fact| fact.digest)
            .collect();
        causes.sort_unstable();
        let assign = Assign {
            technician: decision.technician.technician,
            skipped: kept(decision.skipped),
            reason: None,
            turn: decision.turn,
        };
        writer.state_by_rule(order, ROTATION_RULE, &causes, assign.into())?;
        self.follow(writer, order)
    }
}

/// Whether a fact of this kind begins another round of dispatching an order.
fn moves_dispatch(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::RegisterCall
            | FactKind::ConfirmRequest
            | FactKind::Assign
            | FactKind::Unassign
            | FactKind::Refuse
            | FactKind::CancelByOffice
            | FactKind::Reinstate
    )
}

/// What fits into a fact.
fn kept(mut skipped: Vec<Skip>) -> Vec<Skip> {
    skipped.truncate(limits::LIST_MAX);
    skipped
}

fn place_of(person: &PersonRecord) -> Place {
    Place { entered_at: person.created_at, technician: person.id }
}

/// What a dispatcher asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchChoice {
    /// The technician he chose; `None` is the rotation's next.
    pub technician: Option<PersonId>,
    /// Why, where he passes over the rotation (C-041).
    pub reason: Option<String>,
    /// The frontier of the view he decided on. What he had seen is never inferred.
    pub frontier: Vec<FactRef>,
}

/// A person dispatches an order.
///
/// # Errors
/// A refusal where an override has no reason (C-041), or the order is not in a state for it;
/// [`CommitError::UnknownFrontier`] where this store does not know the view that was decided on;
/// [`CommitError::Invalid`] with the code `nobody_fits` where everybody is passed over, `not_a_technician` where
/// the person chosen is not of the roster.
pub fn dispatch_order(
    writer: &mut Writer,
    order: DocumentId,
    person: PersonId,
    choice: &DispatchChoice,
) -> Result<Stated, CommitError> {
    writer.view_at(order, &choice.frontier)?;
    let view = writer.current_view(order)?;
    let mut desk = Desk::open(writer, writer.identity().store)?;
    desk.follow(writer, order)?;
    let needs = records::needs(&view);
    let by_turn = desk.next(&needs);
    let decision = match (choice.technician, by_turn) {
        (None, Ok(decision)) => decision,
        // To take the rotation's next man is no override.
        (Some(technician), Ok(decision)) if decision.technician.technician == technician => decision,
        (None, Err(nobody)) => return Err(nobody_fits(&nobody)),
        (Some(technician), _) => {
            let chosen = rules::chosen(&desk.policy.dispatch, &desk.roster, &desk.pointer, &needs, technician);
            let decision = chosen.ok_or_else(not_a_technician)?;
            if choice.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
                return Err(CommitError::Refused(Box::new(Refusal {
                    code: "override_reason",
                    field: Some("reason"),
                    command: CommandCode::Assign,
                    from: view.state,
                    about: None,
                })));
            }
            decision
        }
    };
    let technician = decision.technician.technician;
    let command = Command::Assign {
        technician,
        skipped: kept(decision.skipped),
        turn: decision.turn,
        reason: choice.reason.clone(),
        skill: desk.skill_match(&needs, technician),
    };
    let stated = writer.office_command(order, person, &choice.frontier, &command)?;
    desk.follow(writer, order)?;
    Ok(stated)
}

impl Desk {
    fn skill_match(&self, needs: &Needs, technician: PersonId) -> SkillMatch {
        let candidate = self.roster.iter().find(|candidate| candidate.place.technician == technician);
        match (&needs.skill, candidate) {
            (Some(skill), Some(candidate)) if !candidate.skills.contains(skill) => SkillMatch::Lacks,
            _ => SkillMatch::Fits,
        }
    }
}

fn nobody_fits(nobody: &NobodyFits) -> CommitError {
    let mut counts: BTreeMap<SkipReason, usize> = BTreeMap::new();
    for skip in &nobody.skipped {
        let count = counts.entry(skip.reason).or_default();
        *count = count.saturating_add(1);
    }
    let reasons: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let problem = format!("the rotation passes over everybody ({}): choose somebody and say why", reasons.join(", "));
    CommitError::Invalid { field: "technician", code: "nobody_fits", problem }
}

fn not_a_technician() -> CommitError {
    let problem = "this person is no technician: choose somebody of the roster".to_owned();
    CommitError::Invalid { field: "technician", code: "not_a_technician", problem }
}
