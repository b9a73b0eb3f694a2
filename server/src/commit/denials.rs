//! Devices that deny knowledge they had acknowledged: a fact whose author's device had stored other facts of the
//! order before he stated it, and whose `seen` does not have them (sync.md, "Knowledge is stated").
//!
//! It is shown, never judged: a screen that was not redrawn may say so honestly.

use docket_sync_core::facts::{Fact, Origin};
use docket_sync_core::ids::{DeviceId, DocumentId, FactId, FactRef};
use docket_sync_core::lifecycle::Causality;
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::keys;
use super::meta::ChangeEntry;
use super::order::Order;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::{DeviceContact, contact_key};
use crate::store::{KeyRange, Table};

/// Facts named for one fact; more would say no more.
const NAMED_MAX: usize = 16;

/// What one fact's device had on disk and its author states he had not seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Denial {
    #[n(0)]
    had: Vec<FactRef>,
}

/// What the facts of an order deny, by the fact.
///
/// # Errors
/// When the store fails or a row is damaged.
pub fn denials<T: Tables + ?Sized>(
    tables: &T,
    order: DocumentId,
) -> Result<std::collections::BTreeMap<FactId, Vec<FactRef>>, CommitError> {
    let mut denials = std::collections::BTreeMap::new();
    for (key, value) in tables.scan(Table::Index, &KeyRange::prefix(keys::denials(order)), usize::MAX)? {
        let Some(fact) = keys::read_denial(&key) else { continue };
        let denial: Denial = crate::store::record::decode("denial", &value)?;
        denials.insert(fact, denial.had);
    }
    Ok(denials)
}

impl Writer {
    /// Notes what the facts that came with this job deny.
    pub(super) fn note_denials(&mut self, document: DocumentId, order: &mut Order) -> Result<(), CommitError> {
        let arrived = std::mem::take(&mut order.arrived);
        if arrived.is_empty() {
            return Ok(());
        }
        // Who knew of what is asked only where a device has stored anything.
        let mut known = None;
        for (id, device) in arrived {
            let contact = match &self.heard {
                Some((heard, contact)) if *heard == device => Some(contact.clone()),
                _ => self.read::<DeviceContact>(Table::Device, &contact_key(device))?,
            };
            let latest = order.facts.iter().filter(|fact| fact.id == id).map(Fact::lo).max();
            if latest.is_none_or(|lo| contact.as_ref().and_then(|contact| contact.stored_at(lo)).is_none()) {
                continue;
            }
            let causality = known.get_or_insert_with(|| Causality::new(&order.facts));
            let Some(node) = causality.nodes().iter().find(|node| node.id() == id) else { continue };
            let Some(had) = contact.and_then(|contact| contact.stored_at(node.fact.lo())) else { continue };
            let mut named = Vec::new();
            for other in causality.nodes() {
                let is_news = *other != *node && !is_of(other.fact, device) && !causality.knows(*node, *other);
                if is_news && named.len() < NAMED_MAX && self.number_of(document, other.id())?.is_some_and(|n| n <= had)
                {
                    named.push(other.id().reference());
                }
            }
            if !named.is_empty() {
                self.write(Table::Index, keys::denial(document, id), &Denial { had: named });
            }
        }
        Ok(())
    }

    fn number_of(&self, document: DocumentId, fact: FactId) -> Result<Option<u64>, CommitError> {
        let entry: Option<ChangeEntry> =
            self.read(Table::Change, &keys::change(document, fact.actor, fact.sequence))?;
        Ok(entry.map(|entry| entry.number))
    }
}

fn is_of(fact: &Fact, device: DeviceId) -> bool {
    matches!(fact.origin, Some(Origin::Device { device: of, .. }) if of == device)
}
