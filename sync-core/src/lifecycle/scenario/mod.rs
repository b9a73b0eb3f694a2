//! Stories of several people on one order, told once and played on any stage: the fold alone, two replicas, or a
//! server with devices. For tests; behind the feature `scenario`.
//!
//! A [`Story`] is a list of steps on a [`Stage`] and what everybody must see afterwards. [`Scenario`] is the stage
//! that only makes facts: each person states them on what his own page or device shows, and `look` brings it up to
//! date. Nothing here reads a clock: every fact is one minute after the one before.

mod calls;
mod expected;
mod stories;

use std::collections::BTreeMap;

pub use expected::{Expected, ReviewExpected};
pub use stories::{STORIES, Story};

use super::view::Review;
use super::{Causality, FactSet};
use crate::facts::bodies;
use crate::facts::values::{Channel, CustomerPerson, Line, LineKind, Money, PartSource, Window};
use crate::facts::{
    Audience, Author, Content, Fact, FactBody, FactKind, Head, Origin, Role, SCHEMA_LEVEL, SeenRef, StatedFact,
    Statement, content_digest,
};
use crate::ids::{ActorId, DeviceId, Digest, DocumentId, Epoch, FactId, Incarnation, PersonId, StoreId};
use crate::lifecycle::companion::{belongs_to_office, field_facts};
use crate::time::{DAY, HOUR, MINUTE, UnixMillis};

/// Who acts. The office works on one server, each technician on his own device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A clerk.
    Clerk,
    /// Another clerk.
    OtherClerk,
    /// A dispatcher.
    Dispatcher,
    /// Another dispatcher.
    OtherDispatcher,
    /// A supervisor.
    Supervisor,
    /// The timer that fires defaults of reviews.
    Timer,
    /// Technician A.
    A,
    /// Technician B.
    B,
    /// Technician C.
    C,
    /// Technician A on his second device.
    ATablet,
    /// An accountant.
    Accountant,
    /// A storekeeper.
    Storekeeper,
    /// Somebody of the quality department.
    Quality,
}

impl Who {
    /// Everybody.
    pub const ALL: &'static [Self] = &[
        Self::Clerk,
        Self::OtherClerk,
        Self::Dispatcher,
        Self::OtherDispatcher,
        Self::Supervisor,
        Self::Timer,
        Self::A,
        Self::B,
        Self::C,
        Self::ATablet,
        Self::Accountant,
        Self::Storekeeper,
        Self::Quality,
    ];

    /// His roles.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Clerk | Self::OtherClerk => &[Role::Clerk],
            Self::Dispatcher | Self::OtherDispatcher => &[Role::Dispatcher],
            Self::Supervisor => &[Role::Supervisor],
            Self::Timer => &[],
            Self::A | Self::B | Self::C | Self::ATablet => &[Role::Technician],
            Self::Accountant => &[Role::Accountant],
            Self::Storekeeper => &[Role::Storekeeper],
            Self::Quality => &[Role::Quality],
        }
    }

    /// Whether he works on a device.
    #[must_use]
    pub fn is_technician(self) -> bool {
        matches!(self, Self::A | Self::B | Self::C | Self::ATablet)
    }

    /// The role that he states with a fact, as `decide` does: where the kind does not suggest it.
    #[must_use]
    pub fn stated_role(self, body: &FactBody) -> Option<Role> {
        let suggested =
            body.kind().filter(|kind| kind.level() > 1 || *kind == FactKind::ResolveReview).map(super::suggested_role);
        let role = self.roles().first().copied();
        role.filter(|role| *role == Role::Supervisor || suggested.is_some_and(|suggested| suggested != *role))
    }

    /// The person that he is: one may have two devices.
    #[must_use]
    pub fn himself(self) -> Self {
        if self == Self::ATablet { Self::A } else { self }
    }

    fn number(self) -> u8 {
        Self::ALL.iter().zip(1..).find(|(who, _)| **who == self).map_or(0, |(_, number)| number)
    }
}

/// Where a story is played.
pub trait Stage {
    /// `who` states a fact on what his page or device shows now; only he (and the server, for the office) has it.
    fn act(&mut self, who: Who, head: Head, body: FactBody) -> FactId;
    /// His page is drawn again, or his device exchanges everything with the server.
    fn look(&mut self, who: Who);
    /// His id.
    fn person(&self, who: Who) -> PersonId;
    /// The facts that the server has.
    fn office_facts(&self) -> FactSet;
    /// Content digest of a fact that this stage made.
    fn digest(&self, fact: FactId) -> Digest;
}

/// The start of every story's calendar: 2024-06-01T00:00:00Z.
pub const START: UnixMillis = UnixMillis(1_717_200_000_000);

/// The morning of a day, counted from the story's start.
#[must_use]
pub fn morning(day: i64) -> Window {
    let from = START.plus(day.saturating_mul(DAY)).plus(8 * HOUR);
    Window { from, to: from.plus(2 * HOUR) }
}

/// The customer's person.
#[must_use]
pub fn customer() -> CustomerPerson {
    CustomerPerson { name: "Mrs. Lin".into(), relation: "owner".into(), channel: Channel::Phone }
}

/// A part with a price in fen.
#[must_use]
pub fn part(name: &str, fen: i64) -> Line {
    Line {
        amount: Some(Money { minor: fen, currency: "CNY".into() }),
        source: Some(PartSource::Van),
        ..Line::new(LineKind::Part, name, 1_000, "piece")
    }
}

/// Working time with a price in fen.
#[must_use]
pub fn labour(thousandths_of_hours: i64, fen: i64) -> Line {
    let unit = "h".into();
    let source = None;
    Line { kind: LineKind::Labour, quantity: thousandths_of_hours, unit, source, ..part("Labour", fen) }
}

/// Head and body of the fact by which a review's default fires.
#[must_use]
pub fn default_fact(review: &Review, facts: &FactSet) -> (Head, FactBody) {
    match crate::commands::review_default(review, facts) {
        Some(decision) => (decision.head, decision.body),
        None => (Head::default(), bodies::ReviewDefault { review: review.id, choice: review.default }.into()),
    }
}

/// The stage that makes facts and folds them.
#[derive(Debug, Clone)]
pub struct Scenario {
    document: DocumentId,
    server: FactSet,
    shown: BTreeMap<Who, FactSet>,
    /// Last sequence of each actor.
    sequences: BTreeMap<ActorId, u64>,
    now: UnixMillis,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Scenario {
    /// An empty order; different seeds give different documents.
    #[must_use]
    pub fn new(seed: u8) -> Self {
        let document = DocumentId::new(START, [seed; 10]);
        Self {
            document,
            server: FactSet::new(document),
            shown: BTreeMap::new(),
            sequences: BTreeMap::new(),
            now: START,
        }
    }

    /// This as a stage, for the calls of `dyn Stage`.
    pub fn stage(&mut self) -> &mut dyn Stage {
        self
    }

    /// Everything that anybody has stated.
    #[must_use]
    pub fn facts(&self) -> FactSet {
        let mut all = self.server.clone();
        for shown in self.shown.values() {
            all.extend(shown.iter().cloned());
        }
        all
    }

    /// What one person's page or device shows.
    #[must_use]
    pub fn shown(&self, who: Who) -> FactSet {
        self.shown.get(&who).cloned().unwrap_or_else(|| FactSet::new(self.document))
    }

    /// Lets time pass: the next fact is this much later.
    pub fn wait(&mut self, millis: i64) {
        self.now = self.now.plus(millis);
    }

    /// Where a person's facts come from.
    #[must_use]
    pub fn origin(who: Who) -> Origin {
        if who.is_technician() {
            Origin::Device { device: DeviceId([who.number(); 16]), incarnation: Incarnation([who.number(); 16]) }
        } else {
            Origin::Server { store: StoreId([9; 16]), epoch: Epoch([9; 8]), node: 0, start: 1 }
        }
    }

    /// A fact with explicit `seen`, at the next minute; given to nobody yet.
    pub fn fact(&mut self, who: Who, seen: Vec<SeenRef>, head: Head, body: FactBody) -> Fact {
        let of_office = body.kind().is_some_and(|kind| kind.audience() == Audience::Office);
        self.fact_in(of_office, who, seen, head, body)
    }

    fn fact_in(&mut self, of_office: bool, who: Who, seen: Vec<SeenRef>, head: Head, body: FactBody) -> Fact {
        self.now = self.now.plus(MINUTE);
        let (origin, document) = if of_office {
            (Self::origin(who).in_companion(), self.document.companion())
        } else {
            (Self::origin(who), self.document)
        };
        let sequence = self.sequences.entry(origin.actor()).or_insert(0);
        *sequence = sequence.saturating_add(1);
        let id = FactId { actor: origin.actor(), sequence: *sequence };
        let author = if who == Who::Timer {
            Author::System(super::REVIEW_DEFAULT_RULE.to_owned())
        } else {
            Author::Person(self.person(who))
        };
        let head = Head { role: who.stated_role(&body), ..head };
        let stated = StatedFact::new(Statement::default(), Content { level: SCHEMA_LEVEL, seen, head, body });
        let digest = content_digest(document, id, &author, self.now, &stated.content_bytes);
        Fact { id, origin: Some(origin), author, time: self.now, content: stated.content, digest }
    }

    /// Gives a fact to one person, and to the server if he works there.
    pub fn give(&mut self, who: Who, fact: Fact) {
        if !who.is_technician() {
            self.server.insert(fact.clone());
        }
        let document = self.document;
        self.shown.entry(who).or_insert_with(|| FactSet::new(document)).insert(fact);
    }
}

impl Stage for Scenario {
    fn act(&mut self, who: Who, head: Head, body: FactBody) -> FactId {
        let shown = self.shown(who);
        let of_office = !who.is_technician() && belongs_to_office(&body, &shown, &super::fold(&shown));
        let actor = if of_office { Self::origin(who).in_companion().actor() } else { Self::origin(who).actor() };
        let next = self.sequences.get(&actor).copied().unwrap_or(0).saturating_add(1);
        let page = if of_office { shown } else { field_facts(&shown) };
        let seen = Causality::new(&page)
            .frontier()
            .into_iter()
            .map(|id| {
                if id.actor == actor && id.sequence.checked_add(1) == Some(next) {
                    SeenRef::Previous
                } else {
                    SeenRef::Fact(id.reference())
                }
            })
            .collect();
        let fact = self.fact_in(of_office, who, seen, head, body);
        let id = fact.id;
        self.give(who, fact);
        id
    }

    fn look(&mut self, who: Who) {
        let shown = self.shown(who);
        self.server.extend(shown.iter().cloned());
        let shown = if who.is_technician() { field_facts(&self.server) } else { self.server.clone() };
        self.shown.insert(who, shown);
    }

    fn person(&self, who: Who) -> PersonId {
        PersonId([who.himself().number(); 16])
    }

    fn office_facts(&self) -> FactSet {
        self.server.clone()
    }

    fn digest(&self, fact: FactId) -> Digest {
        self.facts().get(fact).map_or(Digest([0; 32]), |fact| fact.digest)
    }
}
