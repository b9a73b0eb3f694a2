//! One body of every kind, with every optional field stated somewhere.

use docket_sync_core::Bytes;
use docket_sync_core::facts::bodies::{
    Accept, Acknowledge, Admit, Arrive, Assign, CancelByOffice, Close, ConfirmAppointment, ConfirmRequest, Depart,
    Discard, End, OutcomeDone, OutcomeUnfinished, PassOver, Pause, ProposeAppointment, RecordLine, Refuse,
    RefuseSignature, RegisterCall, Reinstate, RejectSignature, Renumber, ResolveReview, Resume, ReturnVoucher,
    ReverseLine, ReviewDefault, Seen, SignDocument, Start, Unassign, WithdrawOwn,
};
use docket_sync_core::facts::values::{
    Blob, Channel, CheckResult, Line, LineKind, Money, Opinion, OpinionGrade, PartSource, Place, ReviewChoice,
    ServiceClass, Skip, SkipReason, UnfinishedReason, Urgency, Window,
};
use docket_sync_core::facts::{Author, FactBody, FactKind, SeenRef};
use docket_sync_core::ids::{BlobId, Digest, KeyId, RecordId, ReviewId, Signature};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::time::{DAY, HOUR};

use super::samples::{CLERK, NOON, TECHNICIAN, by_device, content, device_origin, document, field, note, office};

pub(crate) fn register_call() -> RegisterCall {
    RegisterCall {
        customer: RecordId([1; 16]),
        site: RecordId([2; 16]),
        unit: Some(RecordId([3; 16])),
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Urgent,
        problem: "空调不制冷，外机异响".into(),
        serial: Some("2025-11-000123".into()),
        skill: None,
        origin: Some("old system 4711".into()),
    }
}

pub(crate) fn money(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

fn window() -> Window {
    Window { from: NOON.plus(DAY), to: NOON.plus(DAY + 2 * HOUR) }
}

pub(crate) fn line() -> Line {
    Line {
        kind: LineKind::Part,
        name: "电容 45 µF".into(),
        quantity: 2_000,
        unit: "piece".into(),
        amount: Some(money(-3_500)),
        code: Some("CAP-45".into()),
        serial: Some("SN-9".into()),
        source: Some(PartSource::Unknown),
        result: Some(CheckResult::NotApplicable),
        blob: Some(Blob { hash: BlobId([9; 32]), size: 70_000, media_type: "image/jpeg".into() }),
        entry: None,
        usable_from: None,
    }
}

fn signing() -> SignDocument {
    SignDocument {
        voucher: Digest([0x71; 32]),
        covered: vec![office(1), field(16)],
        covered_digest: Digest([0x72; 32]),
        opinion: Opinion { grade: OpinionGrade::Satisfied, text: Some("师傅很准时".into()) },
        name: "王秀英".into(),
        relation: "业主".into(),
        proof: BlobId([0x73; 32]),
        key: KeyId([0x74; 8]),
        signature: Signature([0x75; 64]),
    }
}

/// A body of this kind. What it refers to need not exist: only the layout matters here.
pub(crate) fn body(kind: FactKind) -> FactBody {
    let visit = field(10);
    let reason = || "客户改期".to_owned();
    match kind {
        FactKind::RegisterCall => register_call().into(),
        FactKind::ConfirmRequest => ConfirmRequest {
            content: "检查制冷系统".into(),
            window: Some(window()),
            amount: Some(money(15_000)),
            in_warranty: false,
        }
        .into(),
        FactKind::Assign => Assign {
            technician: TECHNICIAN,
            skipped: vec![Skip { technician: CLERK, reason: SkipReason::NotReturned }],
            reason: None,
            turn: Some(1_000),
        }
        .into(),
        FactKind::Unassign => Unassign { technician: TECHNICIAN, reason: reason() }.into(),
        FactKind::Accept => Accept { assignment: office(3) }.into(),
        FactKind::Refuse => Refuse { assignment: office(3), reason: reason() }.into(),
        FactKind::ProposeAppointment => ProposeAppointment { window: window(), reason: Some(reason()) }.into(),
        FactKind::ConfirmAppointment => ConfirmAppointment { window: window() }.into(),
        FactKind::Seen => Seen {}.into(),
        FactKind::Depart => Depart {}.into(),
        FactKind::Arrive => {
            let place = Place { latitude_e7: 312_304_000, longitude_e7: -1_214_737_000, accuracy_m: 12 };
            Arrive { visit: Some(visit), place: Some(place) }.into()
        }
        FactKind::Start => Start { visit }.into(),
        FactKind::Pause => Pause { visit, reason: reason() }.into(),
        FactKind::Resume => Resume { visit }.into(),
        FactKind::End => End { visit }.into(),
        FactKind::RecordLine => RecordLine { visit, line: line() }.into(),
        FactKind::ReverseLine => ReverseLine { line: field(16), reason: reason() }.into(),
        FactKind::AddNote => note("漏水 under the sink").into(),
        FactKind::OutcomeDone => OutcomeDone { visit, finding: Some("制冷剂不足，已补充".into()) }.into(),
        FactKind::OutcomeUnfinished => {
            let (reason, text) = (UnfinishedReason::Parts, None);
            OutcomeUnfinished { visit, reason, text, next: Some(window()) }.into()
        }
        FactKind::SignDocument => signing().into(),
        FactKind::RefuseSignature => RefuseSignature { name: "王秀英".into(), reason: reason() }.into(),
        FactKind::ReturnVoucher => ReturnVoucher { reason: None }.into(),
        FactKind::WithdrawOwn => WithdrawOwn { fact: field(19), reason: reason() }.into(),
        FactKind::Acknowledge => Acknowledge { fact: office(3), digest: Digest([0x76; 32]) }.into(),
        FactKind::CancelByOffice => CancelByOffice { reason: reason() }.into(),
        FactKind::Reinstate => Reinstate { cancel: office(26), reason: reason() }.into(),
        FactKind::Close => Close {}.into(),
        FactKind::ReviewDefault => {
            ReviewDefault { review: ReviewId([0x77; 16]), choice: ReviewChoice::Acknowledged }.into()
        }
        FactKind::ResolveReview => {
            let choice = ReviewChoice::Continue;
            ResolveReview { review: ReviewId([0x77; 16]), choice, reason: reason() }.into()
        }
        FactKind::Admit => {
            let refused = by_device(content(vec![SeenRef::Fact(field(2))], note("补录")));
            Admit {
                actor: device_origin().actor(),
                sequence: 3,
                origin: Some(device_origin()),
                author: Author::Person(TECHNICIAN),
                time: NOON,
                content: Bytes(refused.content_bytes),
                code: QuarantineCode::OutOfScope,
                reason: reason(),
            }
            .into()
        }
        FactKind::Discard => Discard {
            actor: device_origin().actor(),
            sequence: 3,
            digest: Digest([0x78; 32]),
            code: QuarantineCode::ForgedAuthor,
            reason: reason(),
        }
        .into(),
        FactKind::PassOver => PassOver { fact: field(3), seen: vec![field(2), office(4)] }.into(),
        FactKind::Renumber => Renumber { serial: "2025-000123-2".into(), kept_by: document() }.into(),
        FactKind::RejectSignature => {
            let problem = "'line.2.amount' is not what was signed".into();
            RejectSignature { signature: field(21), digest: Digest([0x78; 32]), problem }.into()
        }
        later => super::later_kinds::body(later),
    }
}
