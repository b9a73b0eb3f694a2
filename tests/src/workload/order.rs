//! One order of the workload, told step by step.

use docket_sync_core::facts::bodies::{
    Accept, AddNote, Arrive, Assign, ConfirmAppointment, ConfirmRequest, Depart, End, OutcomeDone, OutcomeUnfinished,
    RecordLine, RegisterCall, SignDocument, Start,
};
use docket_sync_core::facts::values::{
    Channel, CheckResult, CustomerPerson, Line, LineKind, Money, Opinion, OpinionGrade, PartSource, Place,
    ServiceClass, UnfinishedReason, Urgency, Window,
};
use docket_sync_core::facts::{
    Author, Content, FactBody, Head, Origin, SeenRef, StatedFact, Statement, content_digest,
};
use docket_sync_core::ids::{BlobId, Digest, DocumentId, FactId, FactRef, KeyId, PersonId, Signature};
use docket_sync_core::time::{DAY, HOUR, MINUTE, SECOND, UnixMillis};
use docket_sync_core::voucher::covered_digest;

use super::{FIRST_DAY, Order, Reference, Side, Workload, WorkloadFact, phrases};
use crate::random::Random;

/// Schema level of the workload's facts: the one it was published with, so that its bytes stay what they are.
const LEVEL: u8 = 1;

/// Orders registered on one day, and how far apart their visits begin: longer than one lasts, so that whoever makes the
/// same visit of every order is at one place at a time.
const ORDERS_PER_DAY: usize = 40;
const SLOT: i64 = 36 * MINUTE;
/// Between two facts of an order.
const PAUSE: (i64, i64) = (20 * SECOND, 150 * SECOND);

/// Characters of each of the two notes.
const NOTE_CHARACTERS: usize = 200;

/// Currency of all amounts.
const CURRENCY: &str = "CNY";

/// Writes the order at `index`.
pub(super) fn write(workload: &Workload, index: usize, mut random: Random) -> Order {
    let day = i64::try_from(index / ORDERS_PER_DAY).unwrap_or(0);
    let registered = FIRST_DAY.plus(day.saturating_mul(DAY)).plus(random.between(0, 8 * HOUR));
    let document = DocumentId::new(registered, random.bytes());
    let technicians = two_of(workload.technicians.len(), workload.finisher, &mut random);
    let people = technicians.map(|position| {
        workload.technicians.get(position).unwrap_or_else(|| unreachable!("two_of stays inside the list"))
    });
    let office = *random.pick(&workload.offices);
    let mut story = Story {
        document,
        sides: [
            Writer::new(Side::Office, office, workload.dispatcher),
            Writer::new(Side::First, people[0].origin, people[0].person),
            Writer::new(Side::Second, people[1].origin, people[1].person),
        ],
        ancestors: Vec::new(),
        facts: Vec::new(),
        now: registered,
        random,
    };
    let slot = i64::try_from(index % ORDERS_PER_DAY).unwrap_or(0).saturating_mul(SLOT);
    let from = FIRST_DAY.plus(day.saturating_add(1).saturating_mul(DAY)).plus(slot);
    let appointment = Window { from, to: from.plus(2 * HOUR) };

    let next = Window { from: appointment.from.plus(DAY), to: appointment.to.plus(DAY) };
    story.call_comes_in(&workload.reference(index), format!("2026-{index:06}"));
    story.first_is_sent(people[0].person, appointment);
    story.first_inspects(appointment, next);
    story.second_repairs(people[1].person, next);
    Order { document, technicians, facts: story.facts }
}

/// Two different positions below `length`; the second is `finisher` where there is one.
fn two_of(length: usize, finisher: Option<usize>, random: &mut Random) -> [usize; 2] {
    assert!(length >= 2, "an order of the workload needs two technicians, there are {length}");
    let other_than = |random: &mut Random, taken: usize| {
        let position = random.position(length.saturating_sub(1));
        if position >= taken { position.saturating_add(1) } else { position }
    };
    if let Some(second) = finisher {
        return [other_than(random, second), second];
    }
    let first = random.position(length);
    [first, other_than(random, first)]
}

fn assign(technician: PersonId) -> Assign {
    Assign { technician, skipped: Vec::new(), reason: None, turn: None }
}

fn money(minor: i64) -> Money {
    Money { minor, currency: CURRENCY.to_owned() }
}

/// One of the three who write: what he wrote last and what he knows.
struct Writer {
    side: Side,
    origin: Origin,
    person: PersonId,
    sequence: u64,
    /// Facts known, one bit for each position in the story.
    known: u64,
}

impl Writer {
    fn new(side: Side, origin: Origin, person: PersonId) -> Self {
        Self { side, origin, person, sequence: 0, known: 0 }
    }
}

struct Story {
    document: DocumentId,
    sides: [Writer; 3],
    /// Of each fact: the facts before it, one bit for each position.
    ancestors: Vec<u64>,
    facts: Vec<WorkloadFact>,
    now: UnixMillis,
    random: Random,
}

impl Story {
    fn writer(&mut self, side: Side) -> &mut Writer {
        let [office, first, second] = &mut self.sides;
        match side {
            Side::Office => office,
            Side::First => first,
            Side::Second => second,
        }
    }

    /// `who` gets to know all that `from` knows.
    fn learn(&mut self, who: Side, from: Side) {
        let known = self.writer(from).known;
        self.writer(who).known |= known;
    }

    fn office(&mut self, body: impl Into<FactBody>) -> FactRef {
        self.say(Side::Office, body)
    }

    fn say(&mut self, side: Side, body: impl Into<FactBody>) -> FactRef {
        self.say_with(side, body, Head::default())
    }

    fn say_with(&mut self, side: Side, body: impl Into<FactBody>, head: Head) -> FactRef {
        self.now = self.now.plus(self.random.between(PAUSE.0, PAUSE.1));
        let position = self.facts.len();
        let writer = self.writer(side);
        let (known, origin, person, side) = (writer.known, writer.origin, writer.person, writer.side);
        writer.sequence = writer.sequence.saturating_add(1);
        writer.known |= bit(position);
        let id = FactId { actor: origin.actor(), sequence: writer.sequence };
        let author = Author::Person(person);
        let first = id.sequence == 1;
        let statement = Statement {
            origin: first.then_some(origin),
            author: (first || side == Side::Office).then(|| author.clone()),
            restates: None,
        };
        let content = Content { level: LEVEL, seen: self.seen(known, id), head, body: body.into() };
        self.ancestors.push(known);
        let stated = StatedFact::new(statement, content);
        self.facts.push(WorkloadFact { side, id, origin, author, time: self.now, stated });
        id.reference()
    }

    /// The frontier of what is known: the facts that no other known fact comes after.
    fn seen(&self, known: u64, id: FactId) -> Vec<SeenRef> {
        let (mut behind, mut seen) = (0, Vec::new());
        for (position, ancestors) in self.ancestors.iter().enumerate() {
            if known & bit(position) != 0 {
                behind |= ancestors;
            }
        }
        for (position, fact) in self.facts.iter().enumerate() {
            if known & !behind & bit(position) != 0 {
                let is_own = fact.id.actor == id.actor;
                seen.push(if is_own { SeenRef::Previous } else { SeenRef::Fact(fact.id.reference()) });
            }
        }
        seen
    }

    /// The office registers the call and confirms it with the customer.
    fn call_comes_in(&mut self, reference: &Reference, serial: String) {
        let problem = phrases::text(&mut self.random, 190);
        let channel = *self.random.pick(&[Channel::Phone, Channel::App, Channel::Email]);
        self.office(RegisterCall {
            customer: reference.customer.id,
            site: reference.site.id,
            unit: Some(reference.unit.id),
            channel,
            class: ServiceClass::Chargeable,
            urgency: Urgency::Normal,
            problem,
            serial: Some(serial),
            skill: Some("air_conditioning".to_owned()),
            origin: None,
        });
        self.confirm_request();
    }

    /// The office sends the first technician and agrees a time.
    fn first_is_sent(&mut self, technician: PersonId, appointment: Window) {
        let assigned = self.office(assign(technician));
        self.learn(Side::First, Side::Office);
        // In every second order he takes it before he knows of the appointment.
        let unaware = self.random.chance(1, 2);
        self.confirm_appointment(appointment);
        if !unaware {
            self.learn(Side::First, Side::Office);
        }
        self.say(Side::First, Accept { assignment: assigned });
        self.learn(Side::First, Side::Office);
    }

    /// He inspects, lacks a part and leaves.
    fn first_inspects(&mut self, appointment: Window, next: Window) {
        self.now = appointment.from;
        let visit = self.go_there(Side::First);
        self.checks(Side::First, visit, 0);
        self.part(Side::First, visit);
        self.note(Side::First);
        let reason = UnfinishedReason::Parts;
        self.say(Side::First, OutcomeUnfinished { visit, reason, text: None, next: Some(next) });
        // In every third order the office sends the second man before it knows that the first one left.
        let unaware = self.random.chance(1, 3);
        if unaware {
            self.learn(Side::Office, Side::First);
        }
        self.say(Side::First, End { visit });
        if !unaware {
            self.learn(Side::Office, Side::First);
        }
    }

    /// The second technician repairs, and the customer signs.
    fn second_repairs(&mut self, technician: PersonId, next: Window) {
        let assigned = self.office(assign(technician));
        self.learn(Side::Second, Side::Office);
        self.say(Side::Second, Accept { assignment: assigned });
        self.learn(Side::Second, Side::First);
        self.now = next.from;
        let visit = self.go_there(Side::Second);
        self.say(Side::Second, Start { visit });
        self.checks(Side::Second, visit, 4);
        self.part(Side::Second, visit);
        self.part(Side::Second, visit);
        self.labour(Side::Second, visit);
        self.note(Side::Second);
        self.say(Side::Second, OutcomeDone { visit, finding: None });
        self.sign();
    }

    fn confirm_request(&mut self) {
        let content = phrases::text(&mut self.random, 30);
        let amount = Some(money(self.random.between(1, 20).saturating_mul(5_000)));
        let in_warranty = self.random.chance(1, 4);
        let head = self.customer();
        self.say_with(Side::Office, ConfirmRequest { content, window: None, amount, in_warranty }, head);
    }

    fn confirm_appointment(&mut self, window: Window) {
        let head = self.customer();
        self.say_with(Side::Office, ConfirmAppointment { window }, head);
    }

    fn customer(&mut self) -> Head {
        let name = (*self.random.pick(&["王先生", "李女士", "陈经理", "Ms Turner", "周主任"])).to_owned();
        let relation = (*self.random.pick(&["owner", "tenant", "caretaker"])).to_owned();
        let channel = Channel::Phone;
        Head { customer: Some(CustomerPerson { name, relation, channel }), ..Head::default() }
    }

    fn go_there(&mut self, side: Side) -> FactRef {
        let visit = self.say(side, Depart {});
        let mut around =
            |centre: i32| centre.saturating_add(i32::try_from(self.random.between(-900_000, 900_000)).unwrap_or(0));
        let place = Place { latitude_e7: around(312_304_000), longitude_e7: around(1_214_737_000), accuracy_m: 12 };
        self.say(side, Arrive { visit: Some(visit), place: Some(place) });
        visit
    }

    fn checks(&mut self, side: Side, visit: FactRef, from: usize) {
        for name in phrases::checks().iter().skip(from).take(4) {
            let result = if self.random.chance(1, 6) { CheckResult::Fault } else { CheckResult::Ok };
            let line = Line { result: Some(result), ..line(LineKind::Checklist, name, 1_000, "step") };
            self.say(side, RecordLine { visit, line });
        }
    }

    fn part(&mut self, side: Side, visit: FactRef) {
        let part = phrases::any_part(&mut self.random);
        let pieces = self.random.between(1, 3);
        let serial = self.random.chance(1, 3).then(|| format!("SN{:08}", self.random.below(100_000_000)));
        let line = Line {
            amount: Some(money(part.price_minor.saturating_mul(pieces))),
            code: Some(part.code.to_owned()),
            serial,
            source: Some(PartSource::Van),
            ..line(LineKind::Part, part.name, pieces.saturating_mul(1_000), "piece")
        };
        self.say(side, RecordLine { visit, line });
    }

    fn labour(&mut self, side: Side, visit: FactRef) {
        let quarters = self.random.between(2, 16);
        let line = Line {
            amount: Some(money(quarters.saturating_mul(3_000))),
            ..line(LineKind::Labour, "工时", quarters.saturating_mul(250), "h")
        };
        self.say(side, RecordLine { visit, line });
    }

    fn note(&mut self, side: Side) {
        let (current, pressure) = (self.random.between(5, 120), self.random.between(80, 420));
        let reading = format!("{}.{} A, {pressure} kPa. ", current / 10, current % 10);
        let rest = NOTE_CHARACTERS.saturating_sub(reading.chars().count());
        let text = reading + &phrases::text(&mut self.random, rest);
        self.say(side, AddNote { text });
    }

    fn sign(&mut self) {
        // The voucher shows the request, the lines and the outcome.
        let is_shown = |body: &FactBody| {
            matches!(
                body,
                FactBody::RegisterCall(_)
                    | FactBody::ConfirmRequest(_)
                    | FactBody::RecordLine(_)
                    | FactBody::OutcomeDone(_)
            )
        };
        let shown = self.facts.iter().filter(|fact| is_shown(&fact.stated.content.body));
        let digest = |fact: &WorkloadFact| {
            content_digest(self.document, fact.id, &fact.author, fact.time, &fact.stated.content_bytes)
        };
        let (covered, pairs): (Vec<_>, Vec<_>) =
            shown.map(|fact| (fact.id.reference(), (fact.id, digest(fact)))).unzip();
        let signing = SignDocument {
            voucher: Digest(self.random.bytes()),
            covered,
            covered_digest: covered_digest(&pairs),
            opinion: Opinion { grade: OpinionGrade::Satisfied, text: None },
            name: (*self.random.pick(&["王建国", "李敏", "陈晓东", "Alice Turner", "周丽"])).to_owned(),
            relation: "owner".to_owned(),
            proof: BlobId(self.random.bytes()),
            key: KeyId(self.random.bytes()),
            signature: Signature(self.random.bytes()),
        };
        self.say(Side::Second, signing);
    }
}

fn line(kind: LineKind, name: &str, quantity: i64, unit: &str) -> Line {
    Line {
        kind,
        name: name.to_owned(),
        quantity,
        unit: unit.to_owned(),
        amount: None,
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    }
}

/// The bit of a position; a story has fewer than 64 facts.
fn bit(position: usize) -> u64 {
    u32::try_from(position).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
}
