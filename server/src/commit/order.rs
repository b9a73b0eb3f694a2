//! Orders in the writer's memory: loaded when touched, folded once per job, written back at its end.

use std::sync::Arc;

use docket_sync_core::document::{FirstStatement, Record, SavedDocument};
use docket_sync_core::facts::values::{ServiceClass, Urgency, Window};
use docket_sync_core::facts::{Fact, FactBody};
use docket_sync_core::ids::{DeviceId, DocumentId, FactId, PersonId, RecordId};
use docket_sync_core::lifecycle::view::{
    AssignmentFacet, Coverage, OrderState, OrderView, ReviewStatus, SignatureFacet, VoucherFacet,
};
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::sync::digest::DigestSum;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::fullness::has_room;
use super::keys;
use super::meta::{ChangeEntry, DocumentMeta};
use super::push::serial_in;
use super::reasons::{Holders, note_ends};
use super::saves::SAVED_BYTES_MAX;
use super::tables::{Tables, resolve_records};
use super::writer::Writer;
use crate::log::{FactRecord, LogRecord};
use crate::store::Table;

/// Changes after which a save is written again even when the order is busy.
const UNSAVED_MAX: u64 = 32;

/// One order, decoded.
#[derive(Debug)]
pub struct Order {
    /// Metadata beside the save.
    pub meta: DocumentMeta,
    /// The document, without the library: that is called when it is saved.
    pub document: SavedDocument,
    /// Its facts.
    pub facts: FactSet,
    /// The fold of the facts.
    pub view: Arc<OrderView>,
    /// Digest terms of the changes of this job.
    added: DigestSum,
    /// Whether this job changed it.
    pub(super) changed: bool,
    /// The reference records that it named before this job, where that has changed.
    pub(super) named_before: Option<Vec<RecordId>>,
    /// Whether this job changed its companion.
    pub(super) office_changed: bool,
    /// Facts that devices stated first in this job, each with its device.
    pub(super) arrived: Vec<(FactId, DeviceId)>,
}

/// The order as lists show it, stored beside it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RowRecord {
    /// State.
    #[n(0)]
    pub state: OrderState,
    /// Serial in the register.
    #[n(1)]
    pub serial: Option<String>,
    /// The customer's record.
    #[n(2)]
    pub customer: Option<RecordId>,
    /// The site's record.
    #[n(3)]
    pub site: Option<RecordId>,
    /// The unit's record.
    #[n(4)]
    pub unit: Option<RecordId>,
    /// Service class.
    #[n(5)]
    pub class: Option<ServiceClass>,
    /// Urgency.
    #[n(6)]
    pub urgency: Option<Urgency>,
    /// The customer's words.
    #[n(7)]
    pub problem: String,
    /// Who is to do it.
    #[n(8)]
    pub technician: Option<PersonId>,
    /// Where the assignment stands.
    #[n(9)]
    pub assignment: Option<AssignmentFacet>,
    /// The effective appointment.
    #[n(10)]
    pub window: Option<Window>,
    /// Whether the customer agreed to it.
    #[n(11)]
    pub confirmed: bool,
    /// Signature facet.
    #[n(12)]
    pub signature: SignatureFacet,
    /// Coverage.
    #[n(13)]
    pub coverage: Coverage,
    /// Voucher facet.
    #[n(14)]
    pub voucher: VoucherFacet,
    /// Open review items.
    #[n(15)]
    pub open_reviews: u64,
    /// When it was registered.
    #[n(16)]
    pub registered_at: UnixMillis,
    /// Time of its latest fact.
    #[n(17)]
    pub updated_at: UnixMillis,
    /// Log number of its last change.
    #[n(18)]
    pub number: u64,
    /// Skill the work needs.
    #[n(19)]
    pub skill: Option<String>,
    /// When it was completed.
    #[n(20)]
    pub completed_at: Option<UnixMillis>,
}

impl RowRecord {
    pub(crate) fn of(view: &OrderView, number: u64) -> Self {
        let request = view.request.as_ref();
        let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open).count();
        Self {
            state: view.state,
            serial: request.and_then(|request| request.serial.clone()),
            customer: request.map(|request| request.customer),
            site: request.map(|request| request.site),
            unit: request.and_then(|request| request.unit),
            class: request.map(|request| request.class),
            urgency: request.map(|request| request.urgency),
            problem: request.map(|request| request.problem.clone()).unwrap_or_default(),
            technician: view.technician(),
            assignment: view.assignment().map(|assignment| assignment.facet),
            window: view.appointment.as_ref().map(|appointment| appointment.window),
            confirmed: view.appointment.as_ref().is_some_and(|appointment| appointment.confirmed),
            signature: view.signature,
            coverage: view.coverage,
            voucher: view.voucher,
            open_reviews: u64::try_from(open).unwrap_or(u64::MAX),
            registered_at: request.map_or(view.updated, |request| request.at.time),
            updated_at: view.updated,
            number,
            skill: request.and_then(|request| request.skill.clone()),
            completed_at: view.completed.as_ref().map(|moment| moment.time),
        }
    }
}

/// A change that may enter, with its fact.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    pub(super) document: DocumentId,
    pub(super) record: &'a Record,
    pub(super) fact: Fact,
    pub(super) first: Option<FirstStatement>,
    pub(super) carried_by: Option<DeviceId>,
}

impl Writer {
    /// The order, loaded; `None` when it is not known.
    pub fn order(&mut self, document: DocumentId) -> Result<Option<&Order>, CommitError> {
        if !self.orders.contains_key(&document) {
            let Some(meta) = self.meta(document)? else { return Ok(None) };
            let loaded = self.saved_document(document, &meta)?;
            let mut facts = FactSet::new(document);
            for fact in resolve_records(document, loaded.records())? {
                facts.insert(fact);
            }
            let view = Arc::new(fold(&facts));
            self.orders.insert(
                document,
                Order {
                    meta,
                    document: loaded,
                    facts,
                    view,
                    added: DigestSum::default(),
                    changed: false,
                    named_before: None,
                    office_changed: false,
                    arrived: Vec::new(),
                },
            );
        }
        Ok(self.orders.get(&document))
    }

    /// The order, or [`CommitError::NoOrder`].
    pub fn known_order(&mut self, document: DocumentId) -> Result<&Order, CommitError> {
        self.order(document)?.ok_or(CommitError::NoOrder(document))
    }

    /// Makes room for a document that is not known yet.
    pub(super) fn begin_order(&mut self, document: DocumentId) -> Result<(), CommitError> {
        if self.order(document)?.is_none() {
            let facts = FactSet::new(document);
            let view = Arc::new(fold(&facts));
            let order = Order {
                meta: DocumentMeta::new(document),
                document: SavedDocument::new(document)?,
                facts,
                view,
                added: DigestSum::default(),
                changed: false,
                named_before: None,
                office_changed: false,
                arrived: Vec::new(),
            };
            self.orders.insert(document, order);
            self.job_orders.insert(document);
        }
        Ok(())
    }

    /// Adds one judged change to its document: log, index, chains, facts. Views follow at the job's end.
    pub(super) fn admit(&mut self, admission: Admission<'_>) -> Result<u64, CommitError> {
        let Admission { document, record, fact, first, carried_by } = admission;
        self.begin_order(document)?;
        self.job_orders.insert(document);
        let order = self.orders.get_mut(&document).ok_or(CommitError::NoOrder(document))?;
        if !has_room(&order.document, record) {
            return Err(CommitError::OrderFull(order.meta.companion_of.unwrap_or(document)));
        }
        let hash = order.document.append(record)?;
        order.changed = true;
        order.added = order.added.plus(DigestSum::of_change(document, hash));
        if let Some(first) = first {
            order.meta.firsts.insert(record.actor, first);
        }
        // A colleague may have carried it here: what it says of its device, and what it used up, is its maker's.
        let made_by = carried_by.and_then(|_| order.meta.maker(record.actor));
        if let (Some(device), true) = (made_by, (record.actor, record.sequence) == (fact.id.actor, fact.id.sequence)) {
            order.arrived.push((fact.id, device));
        }
        self.index_fact(document, &fact, made_by)?;
        let (time, lo) = (fact.time, self.now());
        self.hybrid.observe(time, lo);
        if let Some(order) = self.orders.get_mut(&document) {
            order.facts.insert(fact);
        }
        let number = self.log(&LogRecord::Fact(FactRecord {
            document,
            actor: record.actor,
            sequence: record.sequence,
            time: record.time,
            bytes: record.bytes.clone(),
            hash,
            received_at: lo,
            carried_by,
        }));
        let entry = ChangeEntry { number, hash };
        self.write(Table::Change, keys::change(document, record.actor, record.sequence), &entry);
        self.put(Table::Index, keys::document_number(document, number), Vec::new());
        if let Some(order) = self.orders.get_mut(&document) {
            order.meta.last = number;
            order.meta.unsaved = order.meta.unsaved.saturating_add(1);
            order.meta.chains = order.document.chains().clone();
        }
        Ok(number)
    }

    /// What a fact says that is looked up elsewhere: records that it names, its serial, its unit, proofs, one-time
    /// things. The same again changes nothing.
    pub(super) fn index_fact(
        &mut self,
        document: DocumentId,
        fact: &Fact,
        made_by: Option<DeviceId>,
    ) -> Result<(), CommitError> {
        let order = self.orders.get_mut(&document).ok_or(CommitError::NoOrder(document))?;
        // What a supervisor lets in counts as if it had come by itself.
        let contained = match fact.body() {
            FactBody::Admit(admit) => admit.fact(document),
            _ => None,
        };
        let fact = contained.as_ref().unwrap_or(fact);
        for record in fact.body().named_records() {
            if !order.meta.references.contains(&record) {
                order.named_before.get_or_insert_with(|| order.meta.references.clone());
                order.meta.references.push(record);
            }
        }
        if let Some(proof) = fact.body().proof() {
            let proofs = order.meta.proofs.get_or_insert_default();
            if !proofs.contains(&proof) {
                proofs.push(proof);
            }
        }
        let serial = serial_in(fact.body()).map(|serial| keys::serial(serial, document));
        let unit = match fact.body() {
            FactBody::RegisterCall(call) => call.unit,
            FactBody::CreateEmergencyOrder(call) => call.unit,
            FactBody::CompletePaperwork(paper) => paper.unit,
            _ => None,
        };
        let unit = unit.map(|unit| keys::unit_order(unit, document));
        for index in serial.into_iter().chain(unit) {
            self.put(Table::Index, index, Vec::new());
        }
        self.note_one_time(document, fact, made_by)
    }

    /// The order as the office sees it, with both documents; this job may have changed it.
    pub fn current_view(&mut self, document: DocumentId) -> Result<Arc<OrderView>, CommitError> {
        self.known_order(document)?;
        if self.has_companion(document)? {
            return Ok(Arc::new(fold(&self.both(document)?)));
        }
        let order = self.orders.get_mut(&document).ok_or(CommitError::NoOrder(document))?;
        if order.changed {
            order.view = Arc::new(fold(&order.facts));
        }
        Ok(order.view.clone())
    }

    /// End of a job: folds what changed and writes views, metadata, scopes, timers.
    pub(super) fn settle(&mut self) -> Result<(), CommitError> {
        for document in self.job_orders.clone() {
            self.settle_order(document)?;
        }
        Ok(())
    }

    pub(super) fn settle_order(&mut self, document: DocumentId) -> Result<(), CommitError> {
        let Some(mut order) = self.orders.remove(&document) else { return Ok(()) };
        let is_companion = order.meta.companion_of.is_some();
        let concerns_office = order.changed || order.office_changed;
        let mut holders = None;
        if order.changed {
            order.changed = false;
            order.view = Arc::new(fold(&order.facts));
            let before = order.meta.sum();
            let after = before.plus(order.added);
            order.added = DigestSum::default();
            order.meta.digest = Some(after.to_digest());
            if !is_companion {
                self.note_denials(document, &mut order)?;
                self.close_claim(document, |head| order.document.change_hashes().any(|hash| hash == *head))?;
                let reasons = self.reasons(&order.view, &order.facts)?;
                note_ends(&mut order.meta, &order.view, &reasons, self.now());
                let hold = self.holders(&order.meta, &order.view, &order.facts, &reasons.now)?;
                self.move_scopes(document, &mut order, &hold, before, after)?;
                holders = Some(hold);
            }
            order.meta.unknown = u64::try_from(order.view.unknown_facts).ok().filter(|unknown| *unknown > 0);
            // Saves of many orders do not fit into one batch with what this job writes besides: they follow.
            let waits = order.meta.unsaved < UNSAVED_MAX || self.job_bytes() >= SAVED_BYTES_MAX;
            if waits || !self.save_order(document, &mut order) {
                self.unsaved.insert(document, self.now());
                self.put(Table::Index, keys::unsaved(document), Vec::new());
            }
        }
        if concerns_office && !is_companion {
            order.office_changed = false;
            let holders = match holders {
                Some(holders) => holders,
                // Only its companion changed.
                None => {
                    let reasons = self.reasons(&order.view, &order.facts)?;
                    self.holders(&order.meta, &order.view, &order.facts, &reasons.now)?
                }
            };
            self.settle_lists(document, &mut order, &holders)?;
        }
        if concerns_office {
            self.write(Table::DocumentMeta, document.0, &order.meta);
        }
        self.orders.insert(document, order);
        Ok(())
    }

    /// What the office sees of an order that changed, or whose companion did: lists, reviews, timers.
    fn settle_lists(&mut self, document: DocumentId, order: &mut Order, holders: &Holders) -> Result<(), CommitError> {
        let (view, facts) = self.view_of_both(document, &order.view, &order.facts)?;
        self.set_timer(document, &mut order.meta, &view, holders);
        let row = RowRecord::of(&view, order.meta.last);
        self.list_reviews(document, &view, &facts)?;
        self.list_order(document, self.row(document)?.as_ref(), &row)?;
        self.write(Table::View, document.0, &row);
        self.job_touched.orders.insert(document);
        Ok(())
    }

    /// The order's row as it was before this job; a damaged one is written anew.
    fn row(&self, document: DocumentId) -> Result<Option<RowRecord>, CommitError> {
        match self.read(Table::View, &document.0) {
            Err(error) if error.is_damage() => Ok(None),
            row => row,
        }
    }
}
