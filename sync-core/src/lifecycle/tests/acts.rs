//! What honest people fill in for the acts of later kinds: something sensible on what their own page shows.

#![expect(clippy::wildcard_enum_match_arm, reason = "the kinds are told in groups")]
#![expect(clippy::too_many_lines, reason = "one short arm for each kind")]

use crate::commands::{Act, Command, CommandCode, Context};
use crate::facts::values::{
    ApprovalWay, BenchStep, Channel, ComplaintKind, CustodyPlace, EmergencyBasis, EscalationKind, Goods, HeaderChange,
    HeaderField, HoldReason, Matter, Money, Opinion, OpinionGrade, PartWanted, QuoteLine, ReceiptFate, ServiceClass,
    Severity, Urgency, Verdict, Witness,
};
use crate::facts::{FactBody, FactKind, bodies};
use crate::ids::{BlobId, Digest, FactRef, KeyId, PersonId, RecordId, Signature};
use crate::lifecycle::facets::{CustodyStage, Holder, ItemState};
use crate::lifecycle::scenario::{customer, part};
use crate::lifecycle::view::{OrderView, VisitState};

fn fen(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

/// The act of a code, when the page shows what it is about.
pub(super) fn act(
    view: &OrderView,
    context: &Context,
    code: CommandCode,
    value: u8,
    covered: (&[FactRef], Digest),
) -> Option<Command> {
    let kind = code.act()?;
    let body = planning(view, kind, value)
        .or_else(|| terms(view, kind, value, covered))
        .or_else(|| work(view, context, kind, value).or_else(|| books(view, kind, value)))?;
    let witness = |person| Witness { person, key: KeyId([6; 8]), signature: Signature([6; 64]) };
    let witnesses = match &body {
        FactBody::Approve(body) => vec![witness(body.approver)],
        FactBody::RemitCash(body) => vec![witness(body.to)],
        FactBody::HandoverVisit(body) if value.is_multiple_of(2) => vec![witness(body.to)],
        FactBody::TransferCustody(body) if value.is_multiple_of(2) => vec![witness(body.to), witness(body.from)],
        _ => Vec::new(),
    };
    Some(Command::State(Box::new(Act { body, customer: Some(customer()), witnesses })))
}

fn planning(view: &OrderView, kind: FactKind, value: u8) -> Option<FactBody> {
    let facets = &view.facets;
    let words = || "reason".to_owned();
    Some(match kind {
        FactKind::Hold => {
            let reason = HoldReason::ALL[usize::from(value) % HoldReason::ALL.len()];
            bodies::Hold { reason, text: None, told: None }.into()
        }
        FactKind::Release => {
            bodies::Release { hold: facets.holds.first()?.at.fact.reference(), reason: Some(words()) }.into()
        }
        FactKind::EditHeader => {
            let field = HeaderField::ALL[usize::from(value) % HeaderField::ALL.len()];
            bodies::EditHeader { changes: vec![HeaderChange { field, value: Some(value.to_string()) }], reason: None }
                .into()
        }
        FactKind::Decline => bodies::Decline { reason: words() }.into(),
        FactKind::CreateEmergencyOrder => bodies::CreateEmergencyOrder {
            basis: EmergencyBasis::CustomerOnSite,
            problem: words(),
            contact: words(),
            customer: None,
            site: None,
            unit: None,
        }
        .into(),
        FactKind::CompletePaperwork => bodies::CompletePaperwork {
            customer: RecordId([1; 16]),
            site: RecordId([2; 16]),
            unit: None,
            channel: Channel::OnSite,
            class: ServiceClass::Chargeable,
            urgency: Urgency::Hazard,
            serial: None,
        }
        .into(),
        FactKind::SelfDispatch => bodies::SelfDispatch { basis: EmergencyBasis::HeadUnreachable, reason: None }.into(),
        FactKind::RequestParts => {
            let part = PartWanted { name: "Valve".into(), quantity: 1_000, unit: "piece".into(), code: None };
            bodies::RequestParts { parts: vec![part], to_site: false, reason: None }.into()
        }
        FactKind::ReceiveParts => {
            let hold = facets.holds.iter().find(|hold| hold.reason == HoldReason::Parts)?;
            bodies::ReceiveParts { request: hold.at.fact.reference(), note: None }.into()
        }
        FactKind::Escalate => bodies::Escalate { kind: EscalationKind::CannotSolve, text: words() }.into(),
        FactKind::PlanLine => bodies::PlanLine { line: part("Valve", 1_000) }.into(),
        FactKind::DropPlannedLine => {
            bodies::DropPlannedLine { line: facets.planned.first()?.at.fact.reference(), reason: None }.into()
        }
        FactKind::AddWorkItem => {
            let item = facets.items.iter().map(|item| item.number).max().unwrap_or(1).checked_add(1)?;
            bodies::AddWorkItem { item, name: "Clean the filter".into() }.into()
        }
        FactKind::DropWorkItem => {
            let open = |state| !matches!(state, ItemState::Done | ItemState::Dropped);
            let item = facets.items.iter().rev().find(|item| open(item.state))?.number;
            bodies::DropWorkItem { item, reason: words() }.into()
        }
        _ => return None,
    })
}

fn terms(view: &OrderView, kind: FactKind, value: u8, covered: (&[FactRef], Digest)) -> Option<FactBody> {
    let (covered, covered_digest) = covered;
    let facets = &view.facets;
    let words = || "reason".to_owned();
    let quote = || facets.current_quote().map(|quote| (quote.at.fact.reference(), quote.version));
    let (voucher, opinion) = (Digest([8; 32]), Opinion { grade: OpinionGrade::NoneGiven, text: None });
    let some = || (!covered.is_empty()).then(|| covered.to_vec());
    Some(match kind {
        FactKind::SetWarranty => {
            let class = ServiceClass::ALL[usize::from(value) % ServiceClass::ALL.len()];
            bodies::SetWarranty { class, until: None, disputed: value.is_multiple_of(3), reason: None, repeat_of: None }
                .into()
        }
        FactKind::QualityVerdict => {
            let verdict = if value.is_multiple_of(2) { Verdict::Free } else { Verdict::Paid };
            bodies::QualityVerdict { verdict, evidence: words(), blob: None }.into()
        }
        FactKind::IssueQuote => {
            let version = facets.quotes.iter().map(|quote| quote.version).max().unwrap_or(0).checked_add(1)?;
            let (name, unit, amount) = ("Labour".into(), "h".into(), fen(i64::from(value)));
            let line = QuoteLine { name, quantity: 1_000, unit, amount, code: None };
            bodies::IssueQuote { version, lines: vec![line], tariff: None, reason: None }.into()
        }
        FactKind::GiveConsent => {
            let (quote, version) = quote()?;
            bodies::GiveConsent { quote, version }.into()
        }
        FactKind::RefuseConsent => {
            let (quote, version) = quote()?;
            bodies::RefuseConsent { quote, version, reason: None }.into()
        }
        FactKind::CancelByCustomer => bodies::CancelByCustomer { reason: words() }.into(),
        FactKind::GrantDiscount => {
            bodies::GrantDiscount { amount: fen(i64::from(value).max(1)), reason: words() }.into()
        }
        FactKind::SignByCode => bodies::SignByCode {
            voucher,
            covered: some()?,
            covered_digest,
            opinion,
            name: "Lin".into(),
            relation: "owner".into(),
            code: u32::from(value),
            proof: voucher,
            document: None,
        }
        .into(),
        FactKind::PrintVoucher => {
            let document = BlobId([5; 32]);
            bodies::PrintVoucher { voucher, covered: some()?, covered_digest, document }.into()
        }
        FactKind::AttachPaper => bodies::AttachPaper {
            voucher,
            covered: some()?,
            covered_digest,
            opinion,
            name: "Lin".into(),
            relation: "owner".into(),
            signed_at: crate::lifecycle::scenario::START,
            photo: BlobId([4; 32]),
            printed: None,
        }
        .into(),
        FactKind::FileDocument => {
            let missing = facets.missing.first()?;
            let (fact, demand) = (missing.fact.reference(), missing.demand);
            bodies::FileDocument { fact, demand, blob: None, reference: None }.into()
        }
        FactKind::OpenComplaint => {
            let (kind, severity) = (ComplaintKind::Service, Severity::Normal);
            bodies::OpenComplaint { kind, severity, text: words() }.into()
        }
        FactKind::Approve => {
            let quote = facets.quotes.first()?;
            // The digest is not in the view: an approval of something else covers nothing.
            bodies::Approve {
                matter: Matter::Quote,
                subject: quote.at.fact.reference(),
                digest: Digest([1; 32]),
                approver: PersonId([5; 16]),
                way: ApprovalWay::Presence,
                code: None,
                reason: None,
                secret: None,
            }
            .into()
        }
        _ => return None,
    })
}

fn work(view: &OrderView, context: &Context, kind: FactKind, value: u8) -> Option<FactBody> {
    let facets = &view.facets;
    let me = context.person;
    let words = || "reason".to_owned();
    let own = || view.visits.iter().filter(|visit| visit.technician == me);
    let mine = |custody: &&crate::lifecycle::facets::CustodyView| custody.holder == Holder::Person(me);
    let open = || facets.custody.iter().filter(|custody| custody.is_open());
    Some(match kind {
        FactKind::HandoverVisit => {
            let visit = own().find(|visit| visit.state != VisitState::Ended)?.id.reference();
            let to = PersonId([if me == PersonId([7; 16]) { 8 } else { 7 }; 16]);
            bodies::HandoverVisit { visit, to, open: Vec::new() }.into()
        }
        FactKind::OutcomeNotRepairable => {
            let visit = own().find(|visit| visit.started.is_some() && visit.outcome.is_none())?.id.reference();
            bodies::OutcomeNotRepairable { visit, finding: words() }.into()
        }
        FactKind::ReplaceLine => {
            let line = view.lines.iter().find(|line| line.by == crate::facts::Author::Person(me))?;
            let (visit, new) = (line.visit?.reference(), part("Valve", i64::from(value)));
            bodies::ReplaceLine { visit, line: line.at.fact.reference(), new }.into()
        }
        FactKind::ReportContact => {
            bodies::ReportContact { name: "Lin".into(), phone: Some(value.to_string()), note: None }.into()
        }
        FactKind::SwapUnit => {
            bodies::SwapUnit { old: None, old_serial: None, new_serial: value.to_string(), model: None }.into()
        }
        FactKind::CorrectFact => {
            let fact = view.lines.first()?.at.fact.reference();
            let correction = crate::facts::values::Correction::Line(part("Valve", i64::from(value)));
            bodies::CorrectFact { fact, correction, reason: words() }.into()
        }
        FactKind::TakeCustody => {
            let serial = Some("SN-9".to_owned());
            let goods = Goods { name: "Cooler".into(), serial, unit: None, pieces: 1, condition: None };
            bodies::TakeCustody { goods, receipt: format!("R{value}"), due: None, countersigned: None }.into()
        }
        FactKind::TransferCustody => {
            let custody = open().find(mine)?.at.fact.reference();
            let to = PersonId([if me == PersonId([7; 16]) { 8 } else { 7 }; 16]);
            bodies::TransferCustody { custody, from: me, to, place: CustodyPlace::Store }.into()
        }
        FactKind::ReturnCustody => {
            let custody = open().find(mine)?.at.fact.reference();
            let signed = Some(BlobId([3; 32]));
            bodies::ReturnCustody { custody, receipt: ReceiptFate::TakenBack, signed, statement: None }.into()
        }
        FactKind::BenchWork => {
            let custody = open().next()?.at.fact.reference();
            let step = BenchStep::ALL[usize::from(value) % BenchStep::ALL.len()];
            let line = (step == BenchStep::Line).then(|| part("Valve", i64::from(value)));
            bodies::BenchWork { custody, step, line, note: None }.into()
        }
        FactKind::Inspect => {
            let custody = open().find(|custody| custody.stage == CustodyStage::Repaired)?.at.fact.reference();
            bodies::Inspect { custody, passed: !value.is_multiple_of(4), remarks: None }.into()
        }
        FactKind::CollectCash => {
            let amount = fen(i64::from(value).max(1));
            bodies::CollectCash { amount, receipt: format!("C{value}"), reason: Some(words()) }.into()
        }
        FactKind::RemitCash => {
            let held = facets.money.pockets.iter().find(|((person, _), _)| *person == me)?;
            let amount = Money { minor: *held.1, currency: held.0.1.clone() };
            bodies::RemitCash { amount, to: PersonId([11; 16]), collected: Vec::new() }.into()
        }
        FactKind::BookTransfer => {
            bodies::BookTransfer { amount: fen(i64::from(value).max(1)), reference: "B".into() }.into()
        }
        _ => return None,
    })
}

fn books(view: &OrderView, kind: FactKind, value: u8) -> Option<FactBody> {
    let words = || "reason".to_owned();
    Some(match kind {
        FactKind::Reopen => bodies::Reopen { close: view.closed.as_ref()?.fact.reference(), reason: words() }.into(),
        FactKind::LinkDuplicate => bodies::LinkDuplicate {
            other: crate::ids::DocumentId([value; 16]),
            survives: !value.is_multiple_of(8),
            reason: None,
        }
        .into(),
        _ => return None,
    })
}
