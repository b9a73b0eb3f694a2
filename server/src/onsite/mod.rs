//! What a technician found on site is carried into the reference records: a contact, a unit that was
//! exchanged. The fact stays; the record gets its next version, once for each fact.
//!
//! Not here: what the office writes itself, and forgetting.

use docket_sync_core::facts::bodies::{ReportContact, SwapUnit};
use docket_sync_core::facts::{Fact, FactBody, FactKind, StatedFact};
use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::reference::{Reference, Unit};

use crate::commit::{CommitError, Tables, Writer, keys};
use crate::log::LogRecord;
use crate::reactor::{Concern, Page, Reactor};
use crate::store::Table;

/// Carries what was found on site.
#[derive(Debug)]
pub struct FoundOnSite;

impl Reactor for FoundOnSite {
    fn name(&self) -> &'static str {
        "found-on-site"
    }

    fn concern(&self, record: &LogRecord) -> Option<Concern> {
        let LogRecord::Fact(fact) = record else { return None };
        let kind = StatedFact::from_bytes(&fact.bytes).ok()?.content.body.kind()?;
        matches!(kind, FactKind::ReportContact | FactKind::SwapUnit).then_some(Concern::Order(fact.document))
    }

    fn react(&self, writer: &mut Writer, page: &Page) -> Result<(), CommitError> {
        for order in page.orders() {
            page.for_order(order, || carry(writer, order))?;
        }
        Ok(())
    }
}

/// Carries every report of an order that was not carried yet.
fn carry(writer: &mut Writer, order: DocumentId) -> Result<(), CommitError> {
    let Some(known) = writer.order(order)? else { return Ok(()) };
    let facts: Vec<Fact> = known.facts.iter().cloned().collect();
    let view = writer.current_view(order)?;
    let site = view.request.as_ref().map(|request| request.site);
    let withdrawn = |fact: &Fact| {
        let takes_back =
            |other: &Fact| matches!(other.body(), FactBody::WithdrawOwn(body) if body.fact == fact.id.reference());
        facts.iter().any(|other| takes_back(other) && !view.void.contains(&other.id))
    };
    let contacts = facts.iter().filter(|fact| matches!(fact.body(), FactBody::ReportContact(_)));
    // What arrives late does not take the place of what was found after it.
    let last = contacts.filter(|fact| !withdrawn(fact)).max_by_key(|fact| (fact.lo(), fact.id)).map(|fact| fact.digest);
    for fact in &facts {
        let done = keys::carried(fact.digest);
        if withdrawn(fact) || view.void.contains(&fact.id) || writer.get(Table::Index, &done)?.is_some() {
            continue;
        }
        match fact.body() {
            FactBody::ReportContact(body) if last == Some(fact.digest) => contact(writer, site, body, fact)?,
            FactBody::ReportContact(_) => {}
            FactBody::SwapUnit(body) => unit(writer, site, body, fact)?,
            _ => continue,
        }
        writer.put(Table::Index, done, Vec::new());
    }
    Ok(())
}

/// The person to ask for on site, as found there.
fn contact(writer: &mut Writer, site: Option<RecordId>, body: &ReportContact, fact: &Fact) -> Result<(), CommitError> {
    let record = match site {
        Some(site) => writer.reference(site)?.filter(|record| !record.deleted),
        None => None,
    };
    let Some(record) = record else { return Ok(()) };
    let Reference::Site(mut content) = record.content else { return Ok(()) };
    let phone = body.phone.as_deref().map(str::trim).filter(|phone| !phone.is_empty());
    let found = Some(phone.map_or_else(|| body.name.clone(), |phone| format!("{} {phone}", body.name)));
    if content.contact == found {
        return Ok(());
    }
    content.contact = found;
    writer.write_reference(record.id, content.into(), fact.person()).map(drop)
}

/// The unit that stands there now: a record of its own, the old one stays as it was.
fn unit(writer: &mut Writer, site: Option<RecordId>, body: &SwapUnit, fact: &Fact) -> Result<(), CommitError> {
    let old = match body.old {
        Some(old) => writer.reference(old)?.map(|record| record.content),
        None => None,
    };
    let (site, model) = match old {
        Some(Reference::Unit(old)) => (Some(old.site), Some(old.model)),
        _ => (site, None),
    };
    let Some(site) = site else { return Ok(()) };
    let model = body.model.clone().or(model).unwrap_or_default();
    let content = Unit { site, model, serial: body.new_serial.clone(), warranty_until: None };
    writer.write_reference(swapped_unit(fact), content.into(), fact.person()).map(drop)
}

/// The record of a unit that was put in: the first 16 bytes of BLAKE3 over a domain name and the fact's digest.
#[must_use]
pub fn swapped_unit(fact: &Fact) -> RecordId {
    let mut id = [0; RecordId::LENGTH];
    blake3::Hasher::new().update(b"docket-swapped-unit-1").update(&fact.digest.0).finalize_xof().fill(&mut id);
    RecordId(id)
}
