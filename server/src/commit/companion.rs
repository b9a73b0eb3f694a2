//! The companion document of an order: its OFFICE facts, which never leave the office (sync.md, Audience).
//!
//! It is a document like any other, written by this server alone on a chain of its own: logged, backed up, restored,
//! examined as every other is. Invariant: it is in no scope and no feed, so that no device gets it, a digest of it, or
//! a word that there is one. What concerns both documents (lists, reviews, timers, commands) reads their union.

use std::sync::Arc;

use docket_sync_core::facts::{Audience, FactBody};
use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::lifecycle::companion::belongs_to_office;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::lifecycle::{Causality, FactSet, fold};

use super::error::CommitError;
use super::state::Statement;
use super::writer::Writer;

impl Writer {
    /// Whether an order has office facts.
    pub(super) fn has_companion(&mut self, order: DocumentId) -> Result<bool, CommitError> {
        let companion = self.order(order.companion())?;
        Ok(companion.is_some_and(|companion| companion.meta.companion_of == Some(order)))
    }

    /// The facts of both documents of an order.
    pub fn both(&mut self, order: DocumentId) -> Result<FactSet, CommitError> {
        let mut facts = self.known_order(order)?.facts.clone();
        if self.has_companion(order)? {
            facts.extend(self.known_order(order.companion())?.facts.iter().cloned());
        }
        Ok(facts)
    }

    /// The fold of both documents; `field` is that of the order's own.
    pub(super) fn view_of_both(
        &mut self,
        order: DocumentId,
        field: &Arc<OrderView>,
        facts: &FactSet,
    ) -> Result<(Arc<OrderView>, FactSet), CommitError> {
        let mut both = facts.clone();
        if !self.has_companion(order)? {
            return Ok((field.clone(), both));
        }
        both.extend(self.known_order(order.companion())?.facts.iter().cloned());
        Ok((Arc::new(fold(&both)), both))
    }

    /// Whether a fact with this body lies in the companion.
    pub(super) fn lies_in_companion(&mut self, order: DocumentId, body: &FactBody) -> Result<bool, CommitError> {
        let Some(kind) = body.kind().filter(|kind| kind.lies_in(Audience::Office)) else { return Ok(false) };
        if kind.audience() == Audience::Office {
            return Ok(true);
        }
        if !self.has_companion(order)? {
            return Ok(false);
        }
        let both = self.both(order)?;
        Ok(belongs_to_office(body, &both, &fold(&both)))
    }

    /// States an office fact, which may have seen facts of both documents.
    pub(super) fn state_in_companion(
        &mut self,
        order: DocumentId,
        statement: Statement,
    ) -> Result<FactId, CommitError> {
        self.known_order(order)?;
        let companion = order.companion();
        if self.order(companion)?.is_none() {
            self.begin_order(companion)?;
            if let Some(new) = self.orders.get_mut(&companion) {
                new.meta.companion_of = Some(order);
            }
        }
        if !self.has_companion(order)? {
            return Err(CommitError::Internal(format!("{companion} is a document of its own")));
        }
        let seen = match statement.seen {
            Some(seen) => seen,
            None => Causality::new(&self.both(order)?).frontier(),
        };
        let fact =
            self.state_as(self.origin().in_companion(), companion, Statement { seen: Some(seen), ..statement })?;
        if let Some(known) = self.orders.get_mut(&order) {
            known.office_changed = true;
        }
        self.job_orders.insert(order);
        Ok(fact)
    }
}
