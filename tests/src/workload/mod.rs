//! W(N): N work orders as facts in causal order, the workload of every benchmark.
//!
//! Each order is 30 facts by three actors: the office and two technicians. The first technician inspects and
//! leaves without the part, the second one repairs and gets the signature. Now and then two of them write
//! without knowing of each other. An order depends on the seed and on its index alone, so that order 99,999
//! of 100,000 needs no other. Texts are stock phrases, three in four Chinese; signature strokes are proofs
//! and not here; the voucher's digest and the signature are random bytes, which is what they look like to a
//! compressor.

mod order;
mod phrases;
mod reference;

use docket_sync_core::facts::{Author, Origin, StatedFact};
use docket_sync_core::ids::{ActorId, DeviceId, DocumentId, Epoch, FactId, Incarnation, PersonId, StoreId};
use docket_sync_core::time::UnixMillis;

use crate::random::Random;

pub use reference::Reference;

/// The seed of published numbers.
pub const SEED: u64 = 20_261_121;

/// Facts of one order.
pub const FACTS_PER_ORDER: usize = 30;

/// Server starts and technicians' devices that write a workload.
const OFFICES: usize = 3;
const TECHNICIANS: usize = 40;

/// 2026-03-02T00:00:00Z, a Monday: when the first order is registered.
const FIRST_DAY: UnixMillis = UnixMillis(1_772_409_600_000);

/// A technician and the device he works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technician {
    /// The person.
    pub person: PersonId,
    /// The device in its incarnation: its actor writes his facts.
    pub origin: Origin,
}

/// N orders by these actors.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Number of orders.
    pub orders: usize,
    /// Server starts that write the office's facts.
    pub offices: Vec<Origin>,
    /// The dispatcher who is author of the office's facts.
    pub dispatcher: PersonId,
    /// Who visits.
    pub technicians: Vec<Technician>,
    finisher: Option<usize>,
    random: Random,
}

/// Who of the three wrote a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The office, through the server's actor.
    Office,
    /// The technician who came first.
    First,
    /// The technician who finished.
    Second,
}

/// One order.
#[derive(Debug, Clone)]
pub struct Order {
    /// The document.
    pub document: DocumentId,
    /// The two technicians: positions in [`Workload::technicians`], first and second visit.
    pub technicians: [usize; 2],
    /// The facts, causes before consequences.
    pub facts: Vec<WorkloadFact>,
}

/// One fact and all that a protocol needs to state it.
#[derive(Debug, Clone)]
pub struct WorkloadFact {
    /// Who of the three.
    pub side: Side,
    /// Actor and sequence.
    pub id: FactId,
    /// Where the actor comes from.
    pub origin: Origin,
    /// Who made it.
    pub author: Author,
    /// Hybrid time; grows along each actor's chain and from cause to consequence.
    pub time: UnixMillis,
    /// Statement and content, `seen` and head included.
    pub stated: StatedFact,
}

impl WorkloadFact {
    /// The record of the wire: actor, sequence, time, fact bytes.
    #[must_use]
    pub fn record(&self) -> (ActorId, u64, UnixMillis, Vec<u8>) {
        (self.id.actor, self.id.sequence, self.time, self.stated.to_bytes())
    }
}

impl Workload {
    /// W(N) of the published numbers, by made-up actors.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        Self::with_seed(orders, SEED)
    }

    /// Another workload of the same shape.
    #[must_use]
    pub fn with_seed(orders: usize, seed: u64) -> Self {
        let random = Random::from_seed(seed);
        let mut actors = random.fork("actors");
        let (store, epoch) = (StoreId(actors.bytes()), Epoch(actors.bytes()));
        let offices = (1..).take(OFFICES).map(|start| Origin::Server { store, epoch, node: 0, start }).collect();
        let technicians = std::iter::repeat_with(|| Technician {
            person: PersonId(actors.bytes()),
            origin: Origin::Device { device: DeviceId(actors.bytes()), incarnation: Incarnation(actors.bytes()) },
        });
        let technicians = technicians.take(TECHNICIANS).collect();
        let dispatcher = PersonId(random.fork("dispatcher").bytes());
        Self { orders, offices, dispatcher, technicians, finisher: None, random }
    }

    /// The same orders by actors that really exist: a running server and enrolled devices.
    #[must_use]
    pub fn by(mut self, office: Origin, dispatcher: PersonId, technicians: Vec<Technician>) -> Self {
        self.offices = vec![office];
        self.dispatcher = dispatcher;
        self.technicians = technicians;
        self
    }

    /// The technician at this position makes the second visit of every order: all are in his scope.
    #[must_use]
    pub fn finished_by(mut self, technician: usize) -> Self {
        self.finisher = Some(technician);
        self
    }

    /// The order at `index`, whatever [`Workload::orders`] says.
    ///
    /// # Panics
    /// When there is no office or there are fewer than two technicians to write it.
    #[must_use]
    pub fn order(&self, index: usize) -> Order {
        order::write(self, index, self.random.fork(&format!("order {index}")))
    }

    /// Customer, site and unit that the order at `index` refers to; many orders share one.
    #[must_use]
    pub fn reference(&self, index: usize) -> Reference {
        reference::of(&self.random, index)
    }

    /// All orders in turn.
    pub fn iter(&self) -> impl Iterator<Item = Order> + '_ {
        (0..self.orders).map(|index| self.order(index))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use docket_sync_core::facts::{FactBody, FactKind, SeenRef};
    use docket_sync_core::ids::FactRef;

    use super::*;

    #[test]
    fn an_order_is_thirty_facts_by_three_actors_in_causal_order() {
        for order in Workload::new(50).iter() {
            assert_eq!(order.facts.len(), FACTS_PER_ORDER);
            let mut last: BTreeMap<ActorId, (u64, UnixMillis)> = BTreeMap::new();
            let mut known: BTreeSet<FactRef> = BTreeSet::new();
            for fact in &order.facts {
                let (sequence, time) = last.get(&fact.id.actor).copied().unwrap_or_default();
                assert_eq!(fact.id.sequence, sequence + 1);
                assert!(fact.time > time);
                assert_eq!(fact.origin.actor(), fact.id.actor);
                for seen in &fact.stated.content.seen {
                    match seen {
                        SeenRef::Previous => assert!(sequence > 0),
                        SeenRef::Fact(reference) => assert!(known.contains(reference)),
                    }
                }
                last.insert(fact.id.actor, (fact.id.sequence, fact.time));
                known.insert(fact.id.reference());
            }
            assert_eq!(last.len(), 3);
        }
    }

    #[test]
    fn an_order_has_the_parts_that_the_workload_names() {
        let order = Workload::new(1).order(0);
        let mut kinds: BTreeMap<FactKind, usize> = BTreeMap::new();
        let mut note_characters = 0;
        for fact in &order.facts {
            *kinds.entry(fact.stated.content.body.kind().unwrap()).or_default() += 1;
            if let FactBody::AddNote(note) = &fact.stated.content.body {
                note_characters += note.text.chars().count();
            }
        }
        assert_eq!(kinds.get(&FactKind::RecordLine), Some(&12), "8 checks, 3 parts, labour");
        assert_eq!(kinds.get(&FactKind::ConfirmAppointment), Some(&1));
        assert_eq!(kinds.get(&FactKind::SignDocument), Some(&1));
        assert_eq!(note_characters, 400);
    }

    #[test]
    fn some_orders_have_facts_made_without_knowing_of_each_other() {
        let merged = Workload::new(200)
            .iter()
            .filter(|order| order.facts.iter().any(|fact| fact.stated.content.seen.len() > 1))
            .count();
        assert!((100..200).contains(&merged), "{merged} of 200");
    }

    #[test]
    fn facts_survive_their_bytes_and_an_order_is_about_four_kilobytes_as_json() {
        let workload = Workload::new(100);
        let (mut json, mut records) = (0, 0);
        for (index, order) in workload.iter().enumerate() {
            for fact in &order.facts {
                let bytes = fact.stated.to_bytes();
                assert_eq!(StatedFact::from_bytes(&bytes).unwrap(), fact.stated);
                records += bytes.len();
            }
            json += as_json(&workload.reference(index), &order).to_string().len();
        }
        assert!((3_500..5_000).contains(&(json / 100)), "{} bytes of JSON", json / 100);
        assert!((2_000..4_000).contains(&(records / 100)), "{} bytes of facts", records / 100);
    }

    /// The order as a conventional system would hold it: one JSON object with everything.
    fn as_json(reference: &Reference, order: &Order) -> serde_json::Value {
        let mut events = Vec::new();
        let (mut lines, mut notes) = (Vec::new(), Vec::new());
        for fact in &order.facts {
            let body = &fact.stated.content.body;
            if let FactBody::RecordLine(body) = body {
                lines.push(serde_json::json!(body.line));
            } else if let FactBody::AddNote(body) = body {
                notes.push(serde_json::json!({"text": body.text, "at": fact.time}));
            } else {
                events.push(serde_json::json!({"event": body.kind().map(FactKind::code), "at": fact.time}));
            }
        }
        let problem = order.facts.iter().find_map(|fact| {
            if let FactBody::RegisterCall(call) = &fact.stated.content.body { Some(call.problem.clone()) } else { None }
        });
        serde_json::json!({
            "id": order.document,
            "customer": {"id": reference.customer.id, "name": reference.customer.name, "phone": reference.customer.phone},
            "site": {"id": reference.site.id, "address": reference.site.address},
            "unit": {"id": reference.unit.id, "model": reference.unit.model, "serial": reference.unit.serial},
            "problem": problem, "lines": lines, "notes": notes, "events": events, "status": "completed",
        })
    }

    #[test]
    fn the_workload_never_changes() {
        // Published numbers are comparable only while these bytes stay as they are.
        let mut hasher = blake3::Hasher::new();
        for order in Workload::new(20).iter() {
            hasher.update(&order.document.0);
            for fact in &order.facts {
                hasher.update(&fact.time.0.to_be_bytes());
                hasher.update(&fact.stated.to_bytes());
            }
        }
        assert_eq!(
            hasher.finalize().to_hex().as_str(),
            "9d4c395de15e25a1ea52232f4d63f11ef7271bb8cd3d190da52a80f104edeb4e"
        );
    }

    #[test]
    fn one_technician_can_have_all_orders() {
        for order in Workload::new(100).finished_by(7).iter() {
            assert_eq!(order.technicians[1], 7);
            assert_ne!(order.technicians[0], 7);
        }
    }

    #[test]
    fn an_order_depends_on_its_index_alone() {
        let few = Workload::new(3).order(2);
        let many = Workload::new(100_000).order(2);
        assert_eq!(few.document, many.document);
        assert_eq!(few.facts.last().map(WorkloadFact::record), many.facts.last().map(WorkloadFact::record));
    }
}
