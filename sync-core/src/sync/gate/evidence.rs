//! What a fact shows beside its author's right: signatures of witnesses, one-time codes, numbers of receipts.
//!
//! A two-party fact without a witness is legal: it waits for the other side's `acknowledge`. One with a signature that
//! is not his is a forgery. Codes and numbers are one-time things: the first fact that arrives uses them up, for
//! every order.

use std::collections::BTreeMap;

use super::{GateStore, Maker, OneTime};
use crate::facts::values::{ApprovalWay, Witness};
use crate::facts::{Fact, FactBody, Ledger, Role, SCHEMA_LEVEL, Word, receipt_number};
use crate::ids::{DocumentId, FactId};
use crate::limits;
use crate::proof::ApprovalCode;
use crate::reference::codes_record;
use crate::sync::frames::QuarantineCode;

/// One-time things that the facts of this push use up; the store does not know it yet.
pub(super) type Spent = BTreeMap<OneTime, (DocumentId, FactId)>;

/// What the fact uses up.
pub(super) fn spends(fact: &Fact) -> Option<OneTime> {
    OneTime::of(fact.body())
}

/// Checks everything that a fact of `maker` shows.
pub(super) fn check_evidence(
    store: &dyn GateStore,
    maker: &Maker,
    document: DocumentId,
    fact: &Fact,
    spent: &Spent,
) -> Result<(), QuarantineCode> {
    check_witnesses(store, document, fact)?;
    if let Some(word) = fact.body().word() {
        check_approval(store, fact, &word)?;
    }
    check_number(store, maker, fact)?;
    let Some(once) = spends(fact) else { return Ok(()) };
    let by = spent.get(&once).copied().or_else(|| store.used_by(&once));
    match (by, once) {
        (None, _) => Ok(()),
        // Stated again, or carried here by somebody else.
        (Some(by), _) if by == (document, fact.id) => Ok(()),
        (Some(_), OneTime::Code { .. }) => Err(QuarantineCode::UsedCode),
        (Some(_), OneTime::Number { .. }) => Err(QuarantineCode::UsedNumber),
    }
}

fn check_witnesses(store: &dyn GateStore, document: DocumentId, fact: &Fact) -> Result<(), QuarantineCode> {
    let Some(witnesses) = fact.content.head.witnesses.as_ref().filter(|witnesses| !witnesses.is_empty()) else {
        return Ok(());
    };
    if witnesses.len() > limits::WITNESSES_MAX {
        return Err(QuarantineCode::Limit);
    }
    if fact.content.level > SCHEMA_LEVEL {
        // What this version does not know of the content cannot be written again, and so not be checked.
        return Err(QuarantineCode::NewerKind);
    }
    let digest = fact.unwitnessed_digest(document);
    let is_good = |witness: &Witness| {
        let key = store.witness_key(witness.person, witness.key, fact.lo());
        fact.person() != Some(witness.person) && key.is_some_and(|key| witness.verify(digest, &key).is_ok())
    };
    if witnesses.iter().all(is_good) { Ok(()) } else { Err(QuarantineCode::BadWitness) }
}

/// U-21: who approves or rejects in person or by a code holds a role for it, whoever's device states it.
fn check_approval(store: &dyn GateStore, fact: &Fact, word: &Word<'_>) -> Result<(), QuarantineCode> {
    let may_approve = |approver| {
        let roles = store.roles(approver, fact.lo());
        let approvers = crate::facts::FactKind::Approve.right().roles;
        roles.iter().any(|role| *role != Role::Technician && approvers.contains(role))
    };
    let refusal = match word.way {
        ApprovalWay::Office => return Ok(()),
        ApprovalWay::Presence => QuarantineCode::BadWitness,
        ApprovalWay::Code => QuarantineCode::BadCode,
    };
    let Some(approver) = word.approver else { return Err(refusal) };
    if word.way == ApprovalWay::Code {
        let (Some(number), Some(secret)) = (word.code, word.secret) else { return Err(refusal) };
        let known = store.code(approver, number).filter(|known| fact.lo() <= known.until);
        let hash = ApprovalCode::read(secret).map(|code| code.hash(codes_record(approver), number));
        if hash.is_none() || hash != known.map(|known| known.hash) {
            return Err(refusal);
        }
    }
    if may_approve(approver) { Ok(()) } else { Err(refusal) }
}

fn check_number(store: &dyn GateStore, maker: &Maker, fact: &Fact) -> Result<(), QuarantineCode> {
    let Some((ledger, printed)) = receipt_number(fact.body()) else {
        // Numbers of other ledgers are the office's.
        let void = matches!(fact.body(), FactBody::VoidNumber(_));
        return if void { Err(QuarantineCode::NotPermitted) } else { Ok(()) };
    };
    let own = |ledger: Ledger, number: u64| store.blocks(maker.device).iter().any(|block| block.holds(ledger, number));
    let is_own = ledger.read(printed).is_some_and(|number| own(ledger, number));
    if is_own { Ok(()) } else { Err(QuarantineCode::ForeignNumber) }
}
