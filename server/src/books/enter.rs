//! Entering findings in the orders concerned: stating what is wanted, lifting what is not.
//!
//! Invariant: a finding carries `once`, so that two nodes or a restored store state it once.

use docket_sync_core::facts::FactBody;
use docket_sync_core::facts::bodies::{LiftFinding, StateFinding};
use docket_sync_core::facts::values::{Claim, FindingKind};
use docket_sync_core::ids::{Digest, DocumentId, FactRef, PersonId};
use docket_sync_core::lifecycle::FactSet;
use docket_sync_core::lifecycle::facets::FindingView;

use super::desk::Desk;
use super::records;
use super::rules::Claimed;
use crate::commit::{CommitError, Tables};
use crate::store::{KeyRange, Table};

/// A finding that must stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) kind: FindingKind,
    pub(super) claim: Claimed,
    pub(super) subject: String,
    pub(super) person: Option<PersonId>,
    pub(super) others: Vec<Claim>,
}

impl Desk<'_> {
    /// The findings that stand about one thing.
    pub(super) fn known(
        &self,
        kind: FindingKind,
        person: Option<PersonId>,
        subject: &str,
    ) -> Result<Vec<(DocumentId, FactRef)>, CommitError> {
        let prefix = records::found_prefix(kind, person, subject);
        let skip = prefix.len();
        let keys = self.writer.scan(Table::Books, &KeyRange::prefix(prefix), usize::MAX)?;
        Ok(keys.iter().filter_map(|(key, _)| records::order_and_fact(key, skip)).collect())
    }

    /// States what is wanted and does not stand, lifts what stands and is not wanted.
    pub(super) fn reconcile(
        &mut self,
        kind: FindingKind,
        wanted: &[Wanted],
        known: &[(DocumentId, FactRef)],
    ) -> Result<(), CommitError> {
        for one in wanted {
            let stated = self.state(one);
            self.unless_damaged(one.claim.order, stated)?;
        }
        for (order, about) in known {
            if !wanted.iter().any(|one| one.claim.order == *order && one.claim.fact == *about) {
                let lifted = self.lift(*order, kind, *about);
                self.unless_damaged(*order, lifted)?;
            }
        }
        Ok(())
    }

    /// An order that cannot be read, or has no room, keeps nobody else from his finding.
    fn unless_damaged(&mut self, order: DocumentId, done: Result<bool, CommitError>) -> Result<(), CommitError> {
        match done {
            Ok(false) => Ok(()),
            Ok(true) => match self.read(order)? {
                Some(entries) => self.keep(order, entries),
                None => Ok(()),
            },
            Err(error) if error.is_damage() || matches!(error, CommitError::OrderFull(_)) => {
                tracing::error!(work_order.id = %order, %error, "a finding cannot be entered in this order");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// What the order has about a fact, in canonical order.
    fn stated(
        &mut self,
        order: DocumentId,
        kind: FindingKind,
        about: FactRef,
    ) -> Result<Vec<FindingView>, CommitError> {
        let view = self.writer.current_view(order)?;
        Ok(view.facets.findings.iter().filter(|one| one.kind == kind && one.about == about).cloned().collect())
    }

    fn state(&mut self, wanted: &Wanted) -> Result<bool, CommitError> {
        let Wanted { kind, claim, subject, person, others } = wanted;
        let stated = self.stated(claim.order, *kind, claim.fact)?;
        if stated.iter().any(|one| one.lifted.is_none()) {
            return Ok(false);
        }
        // What was lifted and holds again is another finding, with another cause.
        let causes: Vec<Digest> =
            core::iter::once(claim.digest).chain(stated.iter().filter_map(|one| one.lifted).last()).collect();
        let body = StateFinding {
            kind: *kind,
            fact: claim.fact,
            subject: subject.clone(),
            person: *person,
            others: others.clone(),
        };
        self.writer.state_by_rule(claim.order, kind.rule(), &causes, FactBody::from(body))?;
        Ok(true)
    }

    fn lift(&mut self, order: DocumentId, kind: FindingKind, about: FactRef) -> Result<bool, CommitError> {
        let stated = self.stated(order, kind, about)?;
        let Some(stands) = stated.iter().find(|one| one.lifted.is_none()) else { return Ok(false) };
        // A claim that this store does not know (any more) is not contradicted: it may be given back.
        for claim in &stands.others {
            let has = |facts: &FactSet| facts.iter().any(|fact| fact.id.reference() == claim.fact);
            if !self.writer.order(claim.order)?.is_some_and(|known| has(&known.facts)) {
                return Ok(false);
            }
        }
        let known = self.writer.known_order(order)?;
        let Some(digest) = known.facts.get(stands.at.fact).map(|fact| fact.digest) else { return Ok(false) };
        let body = LiftFinding { finding: stands.at.fact.reference(), kind };
        self.writer.state_by_rule(order, kind.rule(), &[digest], FactBody::from(body))?;
        Ok(true)
    }
}
