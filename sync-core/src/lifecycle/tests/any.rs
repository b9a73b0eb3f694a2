//! A body of any kind, from a few bytes: what nobody honest would state included.

#![expect(clippy::too_many_lines, reason = "one short arm for each kind")]

use super::laws::pick;
use crate::facts::values::{
    Answer, ApprovalWay, BenchStep, Blob, CallbackResult, Channel, CheckResult, Claim, ComplaintKind, Correction,
    CustodyPlace, Demand, EmergencyBasis, EscalationKind, FindingKind, FormEntry, Goods, HeaderChange, HeaderField,
    HoldReason, Liability, Line, LineKind, Matter, Money, Opinion, OpinionGrade, PartSource, PartWanted, QuoteLine,
    ReceiptFate, ReviewChoice, ServiceClass, Severity, Share, Skip, SkipReason, UnfinishedReason, Urgency, Verdict,
    Window,
};
use crate::facts::{Author, FactBody, FactKind, bodies};
use crate::ids::{
    ActorId, BlobId, DeviceId, Digest, DocumentId, FactRef, KeyId, PersonId, RecordId, ReviewId, Signature,
};
use crate::lifecycle::scenario::START;
use crate::sync::frames::QuarantineCode;
use crate::time::UnixMillis;
use crate::wire::Bytes;

/// Three technicians and an accountant, as [`crate::lifecycle::scenario::Who`] numbers them.
pub(super) fn person(value: u8) -> PersonId {
    PersonId([pick(&[7_u8, 8, 9, 11], value); 16])
}

fn at(value: u8) -> UnixMillis {
    START.plus(i64::from(value) * 60_000)
}

/// Amounts from less than nothing to the greatest.
fn money(value: u8) -> Money {
    let minor = pick(&[i64::MIN, -1, 0, 1, 8_000, i64::MAX], value);
    Money { minor, currency: pick(&["CNY", "USD", "?"], value / 8).to_owned() }
}

fn line(value: u8) -> Line {
    let entry = FormEntry {
        form: "small".into(),
        version: 1,
        step: "leak".into(),
        text: Some("x".into()),
        people: Some(vec![person(value), person(value)]),
    };
    Line {
        amount: value.is_multiple_of(2).then(|| money(value / 2)),
        code: value.is_multiple_of(3).then(|| pick(&["C-1", "C-2"], value).to_owned()),
        serial: value.is_multiple_of(5).then(|| "SN-1".to_owned()),
        source: value.is_multiple_of(7).then(|| pick(PartSource::ALL, value)),
        result: value.is_multiple_of(11).then(|| pick(CheckResult::ALL, value)),
        blob: value.is_multiple_of(13).then(|| blob(value)),
        entry: value.is_multiple_of(17).then_some(entry),
        usable_from: value.is_multiple_of(4).then(|| at(value)),
        ..Line::new(pick(LineKind::ALL, value), "Valve", pick(&[i64::MIN, 0, 1_000, i64::MAX], value), "piece")
    }
}

fn blob(value: u8) -> Blob {
    Blob { hash: BlobId([value; 32]), size: u64::from(value), media_type: "image/jpeg".into() }
}

fn opinion() -> Opinion {
    Opinion { grade: OpinionGrade::NoneGiven, text: None }
}

/// A body of this kind, which names these facts.
pub(super) fn body(kind: FactKind, target: FactRef, other: FactRef, value: u8) -> FactBody {
    let words = || "reason".to_owned();
    let some = || value.is_multiple_of(2).then(words);
    let window = Window { from: at(value), to: at(value / 2) };
    let digest = Digest([value / 64; 32]);
    let document = DocumentId([pick(&[1_u8, 2, 3], value); 16]);
    let record = RecordId([1; 16]);
    match kind {
        FactKind::RegisterCall => bodies::RegisterCall {
            customer: record,
            site: record,
            unit: None,
            channel: pick(Channel::ALL, value),
            class: pick(ServiceClass::ALL, value),
            urgency: pick(Urgency::ALL, value),
            problem: words(),
            serial: some(),
            skill: some(),
            origin: some(),
        }
        .into(),
        FactKind::ConfirmRequest => {
            let amount = value.is_multiple_of(3).then(|| money(value));
            bodies::ConfirmRequest { content: words(), window: Some(window), amount, in_warranty: true }.into()
        }
        FactKind::Assign => {
            let skipped = vec![Skip { technician: person(value / 4), reason: pick(SkipReason::ALL, value) }];
            bodies::Assign { technician: person(value), skipped, reason: some(), turn: Some(u64::MAX) }.into()
        }
        FactKind::Unassign => bodies::Unassign { technician: person(value), reason: words() }.into(),
        FactKind::Accept => bodies::Accept { assignment: target }.into(),
        FactKind::Refuse => bodies::Refuse { assignment: target, reason: words() }.into(),
        FactKind::ProposeAppointment => bodies::ProposeAppointment { window, reason: some() }.into(),
        FactKind::ConfirmAppointment => bodies::ConfirmAppointment { window }.into(),
        FactKind::Seen => bodies::Seen {}.into(),
        FactKind::Depart => bodies::Depart {}.into(),
        FactKind::Arrive => bodies::Arrive { visit: value.is_multiple_of(2).then_some(target), place: None }.into(),
        FactKind::Start => bodies::Start { visit: target }.into(),
        FactKind::Pause => bodies::Pause { visit: target, reason: words() }.into(),
        FactKind::Resume => bodies::Resume { visit: target }.into(),
        FactKind::End => bodies::End { visit: target }.into(),
        FactKind::RecordLine => bodies::RecordLine { visit: target, line: line(value) }.into(),
        FactKind::ReverseLine => bodies::ReverseLine { line: target, reason: words() }.into(),
        FactKind::AddNote => bodies::AddNote { text: words() }.into(),
        FactKind::OutcomeDone => bodies::OutcomeDone { visit: target, finding: some() }.into(),
        FactKind::OutcomeUnfinished => {
            let reason = pick(UnfinishedReason::ALL, value);
            bodies::OutcomeUnfinished { visit: target, reason, text: some(), next: Some(window) }.into()
        }
        FactKind::SignDocument => bodies::SignDocument {
            voucher: digest,
            covered: vec![target, other],
            covered_digest: digest,
            opinion: opinion(),
            name: words(),
            relation: words(),
            proof: BlobId([1; 32]),
            key: KeyId([1; 8]),
            signature: Signature([1; 64]),
        }
        .into(),
        FactKind::RefuseSignature => bodies::RefuseSignature { name: words(), reason: words() }.into(),
        FactKind::ReturnVoucher => bodies::ReturnVoucher { reason: some() }.into(),
        FactKind::WithdrawOwn => bodies::WithdrawOwn { fact: target, reason: words() }.into(),
        FactKind::Acknowledge => bodies::Acknowledge { fact: target, digest }.into(),
        FactKind::CancelByOffice => bodies::CancelByOffice { reason: words() }.into(),
        FactKind::Reinstate => bodies::Reinstate { cancel: target, reason: words() }.into(),
        FactKind::Close => bodies::Close {}.into(),
        FactKind::ReviewDefault => {
            bodies::ReviewDefault { review: ReviewId([value; 16]), choice: pick(ReviewChoice::ALL, value) }.into()
        }
        FactKind::ResolveReview => {
            let (review, choice) = (ReviewId([value; 16]), pick(ReviewChoice::ALL, value));
            bodies::ResolveReview { review, choice, reason: words() }.into()
        }
        FactKind::RejectSignature => bodies::RejectSignature { signature: target, digest, problem: words() }.into(),
        FactKind::Admit => bodies::Admit {
            actor: ActorId([value; ActorId::LENGTH]),
            sequence: u64::from(value),
            origin: None,
            author: Author::Person(person(value)),
            time: at(value),
            content: Bytes(vec![value; 4]),
            code: QuarantineCode::OutOfScope,
            reason: words(),
        }
        .into(),
        FactKind::Discard => bodies::Discard {
            actor: ActorId([value; ActorId::LENGTH]),
            sequence: u64::from(value),
            digest,
            code: QuarantineCode::OutOfScope,
            reason: words(),
        }
        .into(),
        FactKind::PassOver => bodies::PassOver { fact: target, seen: vec![other, target] }.into(),
        FactKind::Renumber => bodies::Renumber { serial: words(), kept_by: document }.into(),
        FactKind::Hold => {
            bodies::Hold { reason: pick(HoldReason::ALL, value), text: some(), told: Some(at(value)) }.into()
        }
        FactKind::Release => bodies::Release { hold: target, reason: some() }.into(),
        FactKind::EditHeader => {
            let change = HeaderChange { field: pick(HeaderField::ALL, value), value: some() };
            bodies::EditHeader { changes: vec![change], reason: None }.into()
        }
        FactKind::Decline => bodies::Decline { reason: words() }.into(),
        FactKind::AddWorkItem => bodies::AddWorkItem { item: value % 4, name: words() }.into(),
        FactKind::DropWorkItem => bodies::DropWorkItem { item: value % 4, reason: words() }.into(),
        FactKind::SetWarranty => bodies::SetWarranty {
            class: pick(ServiceClass::ALL, value),
            until: Some(at(value)),
            disputed: value.is_multiple_of(3),
            reason: some(),
            repeat_of: value.is_multiple_of(5).then_some(document),
        }
        .into(),
        FactKind::QualityVerdict => {
            bodies::QualityVerdict { verdict: pick(Verdict::ALL, value), evidence: words(), blob: None }.into()
        }
        FactKind::IssueQuote => {
            let quoted = QuoteLine {
                name: "Valve".into(),
                quantity: 1_000,
                unit: "piece".into(),
                amount: money(value),
                code: value.is_multiple_of(3).then(|| "C-1".to_owned()),
            };
            let lines = vec![quoted.clone(), quoted];
            bodies::IssueQuote { version: u32::from(value % 4), lines, tariff: None, reason: None }.into()
        }
        FactKind::GiveConsent => bodies::GiveConsent { quote: target, version: u32::from(value % 4) }.into(),
        FactKind::RefuseConsent => {
            bodies::RefuseConsent { quote: target, version: u32::from(value % 4), reason: None }.into()
        }
        FactKind::CancelByCustomer => bodies::CancelByCustomer { reason: words() }.into(),
        FactKind::CreateEmergencyOrder => bodies::CreateEmergencyOrder {
            basis: pick(EmergencyBasis::ALL, value),
            problem: words(),
            contact: words(),
            customer: None,
            site: None,
            unit: None,
        }
        .into(),
        FactKind::CompletePaperwork => bodies::CompletePaperwork {
            customer: record,
            site: record,
            unit: None,
            channel: pick(Channel::ALL, value),
            class: pick(ServiceClass::ALL, value),
            urgency: pick(Urgency::ALL, value),
            serial: some(),
        }
        .into(),
        FactKind::SelfDispatch => {
            bodies::SelfDispatch { basis: pick(EmergencyBasis::ALL, value), reason: some() }.into()
        }
        FactKind::HandoverVisit => {
            bodies::HandoverVisit { visit: target, to: person(value), open: vec![words()] }.into()
        }
        FactKind::TakeCustody => bodies::TakeCustody {
            goods: Goods {
                name: words(),
                serial: value.is_multiple_of(2).then(|| "SN-9".to_owned()),
                unit: value.is_multiple_of(3).then_some(record),
                pieces: u32::from(value),
                condition: None,
            },
            receipt: format!("R{}", value % 4),
            due: Some(at(value)),
            countersigned: value.is_multiple_of(5).then_some(BlobId([3; 32])),
        }
        .into(),
        FactKind::TransferCustody => {
            let (from, to) = (person(value), person(value / 4));
            bodies::TransferCustody { custody: target, from, to, place: pick(CustodyPlace::ALL, value) }.into()
        }
        FactKind::ReturnCustody => bodies::ReturnCustody {
            custody: target,
            receipt: pick(ReceiptFate::ALL, value),
            signed: value.is_multiple_of(3).then_some(BlobId([3; 32])),
            statement: some(),
        }
        .into(),
        FactKind::BenchWork => {
            let line = value.is_multiple_of(2).then(|| line(value));
            bodies::BenchWork { custody: target, step: pick(BenchStep::ALL, value), line, note: some() }.into()
        }
        FactKind::Inspect => {
            bodies::Inspect { custody: target, passed: value.is_multiple_of(2), remarks: some() }.into()
        }
        FactKind::CollectCash => {
            bodies::CollectCash { amount: money(value), receipt: format!("C{}", value % 4), reason: some() }.into()
        }
        FactKind::RemitCash => {
            bodies::RemitCash { amount: money(value), to: person(value / 2), collected: vec![target] }.into()
        }
        FactKind::BookTransfer => bodies::BookTransfer { amount: money(value), reference: words() }.into(),
        FactKind::GrantDiscount => bodies::GrantDiscount { amount: money(value), reason: words() }.into(),
        FactKind::CorrectFact => {
            let correction = match value % 3 {
                0 => Correction::Time(at(value)),
                1 => Correction::Line(line(value)),
                _ => Correction::Text(words()),
            };
            bodies::CorrectFact { fact: target, correction, reason: words() }.into()
        }
        FactKind::Reopen => bodies::Reopen { close: target, reason: words() }.into(),
        FactKind::LinkDuplicate => {
            bodies::LinkDuplicate { other: document, survives: value.is_multiple_of(2), reason: None }.into()
        }
        FactKind::Unlink => bodies::Unlink { link: target, reason: words() }.into(),
        FactKind::RequestParts => {
            let part = PartWanted { name: words(), quantity: i64::MAX, unit: words(), code: None };
            bodies::RequestParts { parts: vec![part], to_site: true, reason: None }.into()
        }
        FactKind::ReceiveParts => bodies::ReceiveParts { request: target, note: None }.into(),
        FactKind::Escalate => bodies::Escalate { kind: pick(EscalationKind::ALL, value), text: words() }.into(),
        FactKind::OutcomeNotRepairable => bodies::OutcomeNotRepairable { visit: target, finding: words() }.into(),
        FactKind::SignByCode => bodies::SignByCode {
            voucher: digest,
            covered: vec![target, other],
            covered_digest: digest,
            opinion: opinion(),
            name: words(),
            relation: words(),
            code: u32::from(value % 4),
            proof: digest,
            document: None,
        }
        .into(),
        FactKind::AttachPaper => bodies::AttachPaper {
            voucher: digest,
            covered: vec![target, other],
            covered_digest: digest,
            opinion: opinion(),
            name: words(),
            relation: words(),
            signed_at: at(value),
            photo: BlobId([2; 32]),
            printed: Some(other),
        }
        .into(),
        FactKind::PrintVoucher => bodies::PrintVoucher {
            voucher: digest,
            covered: vec![target, other],
            covered_digest: digest,
            document: BlobId([2; 32]),
        }
        .into(),
        FactKind::FileDocument => {
            bodies::FileDocument { fact: target, demand: pick(Demand::ALL, value), blob: None, reference: None }.into()
        }
        FactKind::AssignNumber => {
            bodies::AssignNumber { ledger: "order".into(), number: (value % 4).to_string(), alias: some() }.into()
        }
        FactKind::VoidNumber => {
            bodies::VoidNumber { ledger: "order".into(), number: (value % 4).to_string(), reason: words() }.into()
        }
        FactKind::IssueBlock => {
            let (ledger, prefix, device) = (words(), words(), DeviceId([7; 16]));
            bodies::IssueBlock { ledger, prefix, first: u64::MAX, last: u64::from(value), device }.into()
        }
        FactKind::OpenComplaint => {
            let (kind, severity) = (pick(ComplaintKind::ALL, value), pick(Severity::ALL, value));
            bodies::OpenComplaint { kind, severity, text: words() }.into()
        }
        FactKind::ReplaceLine => bodies::ReplaceLine { visit: other, line: target, new: line(value) }.into(),
        FactKind::PlanLine => bodies::PlanLine { line: line(value) }.into(),
        FactKind::DropPlannedLine => bodies::DropPlannedLine { line: target, reason: some() }.into(),
        FactKind::ReportContact => bodies::ReportContact { name: words(), phone: some(), note: None }.into(),
        FactKind::SwapUnit => {
            bodies::SwapUnit { old: None, old_serial: some(), new_serial: words(), model: None }.into()
        }
        FactKind::Approve => bodies::Approve {
            matter: pick(Matter::ALL, value),
            subject: target,
            digest,
            approver: person(value),
            way: pick(ApprovalWay::ALL, value),
            code: Some(u32::from(value % 4)),
            reason: None,
            secret: None,
        }
        .into(),
        FactKind::Invoice => {
            let (number, lines) = (value.to_string(), vec![target, other]);
            bodies::Invoice { number, lines, amount: money(value), payer: some() }.into()
        }
        FactKind::Credit => {
            let invoice = value.is_multiple_of(2).then_some(target);
            bodies::Credit { invoice, amount: money(value), reason: words() }.into()
        }
        FactKind::Settle => {
            let (period, payee) = ("2024-06".to_owned(), person(value));
            bodies::Settle { period, payee, amount: money(value), lines: vec![target, other] }.into()
        }
        FactKind::RecordCost => bodies::RecordCost { name: words(), amount: money(value), about: Some(target) }.into(),
        FactKind::SetLiability => {
            let answer = pick(&[Answer::Open, Answer::Agreed, Answer::Refused], value);
            let shares = vec![Share { party: words(), permille: u16::MAX, answer }; 2];
            bodies::SetLiability { case: pick(Liability::ALL, value), shares, reason: None }.into()
        }
        FactKind::RecordCallback => {
            bodies::RecordCallback { result: pick(CallbackResult::ALL, value), about: target, text: some() }.into()
        }
        FactKind::HandleComplaint => {
            bodies::HandleComplaint { complaint: target, text: words(), settled: value.is_multiple_of(2) }.into()
        }
        FactKind::StateFinding => {
            let others = vec![Claim { order: document, fact: other, person: Some(person(value)) }];
            let (kind, person) = (pick(FindingKind::ALL, value), Some(person(value / 4)));
            bodies::StateFinding { kind, fact: target, subject: words(), person, others }.into()
        }
        FactKind::LiftFinding => bodies::LiftFinding { finding: target, kind: pick(FindingKind::ALL, value) }.into(),
        // The law of who may reject what has its own cases.
        FactKind::Reject => reject(target, digest, value),
    }
}

fn reject(subject: FactRef, digest: Digest, value: u8) -> FactBody {
    bodies::Reject {
        matter: pick(Matter::ALL, value),
        subject,
        digest,
        reason: "reason".to_owned(),
        approver: value.is_multiple_of(2).then(|| person(value)),
        way: value.is_multiple_of(3).then(|| pick(ApprovalWay::ALL, value)),
        code: Some(u32::from(value % 4)),
        secret: None,
    }
    .into()
}
