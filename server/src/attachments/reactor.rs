//! Follows the log: what facts name is written into the rows, so that a missing photo is seen and a named one is kept.

use docket_sync_core::attachments::{may_name, named_by};
use docket_sync_core::facts::StatedFact;
use docket_sync_core::ids::DocumentId;

use super::records::{self, NamedBy};
use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor};
use crate::store::Table;

/// Keeps which attachments facts name.
#[derive(Debug)]
pub struct NamedAttachments;

impl Reactor for NamedAttachments {
    fn name(&self) -> &'static str {
        records::FEATURE
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        let LogRecord::Fact(fact) = record else { return None };
        // What cannot be read names nothing that is known.
        let kind = StatedFact::from_bytes(&fact.bytes).ok().and_then(|fact| fact.content.body.kind());
        kind.is_some_and(may_name).then_some(Concern::Order(fact.document))
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        for order in page.orders() {
            page.for_order(order, || keep_named(writer, order))?;
        }
        Ok(())
    }
}

fn keep_named(writer: &mut Writer, order: DocumentId) -> Result<(), CommitError> {
    let Some(known) = writer.order(order)? else { return Ok(()) };
    let named: Vec<_> = known
        .facts
        .iter()
        .filter_map(|fact| {
            let named = named_by(fact.body())?;
            Some((named.blob, NamedBy::new(fact, named)))
        })
        .collect();
    for (blob, named) in named {
        // A proof travels with the facts and lies in the store.
        if writer.get(Table::Blob, &blob.0)?.is_none() {
            records::name(writer, order, blob, named)?;
        }
    }
    Ok(())
}
