//! Facts that a technician's device states in a benchmark: the bodies that technicians state in the workload,
//! in its proportions.

use docket_client::replica::NewFact;
use docket_sync_core::document::Record;
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{self, Author, Content, FactBody, Head, Origin, SCHEMA_LEVEL, SeenRef, StatedFact};
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::time::UnixMillis;

use super::RowError;
use super::device::Device;
use crate::workload::{Side, Workload};

/// Bodies of technicians' facts, one after the other, for ever.
#[derive(Debug)]
pub(super) struct Bodies {
    bodies: Vec<FactBody>,
    next: usize,
}

impl Bodies {
    /// From the orders that follow the workload's last one.
    pub(super) fn after(workload: &Workload) -> Self {
        let orders = (0..20).map(|more| workload.order(workload.orders.saturating_add(more)));
        let facts = orders.flat_map(|order| order.facts).filter(|fact| fact.side != Side::Office);
        Self { bodies: facts.map(|fact| fact.stated.content.body).collect(), next: 0 }
    }

    /// The next one.
    pub(super) fn take(&mut self) -> Result<FactBody, RowError> {
        let body = self.bodies.get(self.next.checked_rem(self.bodies.len()).unwrap_or(0)).cloned();
        // Prime to the facts of an order, so that kinds come in turn.
        self.next = self.next.saturating_add(7);
        body.ok_or_else(|| "the workload has no technicians' facts".into())
    }
}

/// States one fact on an order as it is shown now; it is durable when this returns.
pub(super) fn state(device: &mut Device, document: DocumentId, body: FactBody) -> Result<(), RowError> {
    let shown = device.client.show(document)?;
    let author = Author::Person(device.client.person());
    let seen = shown.view.frontier;
    let fact = NewFact { document, author, seen, head: Head::default(), body, claimed: None, proof: None };
    device.client.replica_mut().state_fact(fact)?;
    Ok(())
}

/// A note that follows the actor's fact before it.
pub(super) fn note(origin: Origin, person: PersonId, sequence: u64, now: UnixMillis) -> Record {
    let begins = sequence == 1;
    let content = Content {
        level: SCHEMA_LEVEL,
        seen: if begins { Vec::new() } else { vec![SeenRef::Previous] },
        head: Head::default(),
        body: FactBody::AddNote(AddNote {
            text: format!("第 {sequence} 次读数：压力 1.2 MPa，电流 8.4 A，声音正常")
        }),
    };
    let statement = facts::Statement {
        origin: begins.then_some(origin),
        author: begins.then_some(Author::Person(person)),
        restates: None,
    };
    let time = now.plus(i64::try_from(sequence).unwrap_or(0));
    Record { actor: origin.actor(), sequence, time, bytes: StatedFact::new(statement, content).to_bytes() }
}
