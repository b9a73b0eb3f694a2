//! One body of every kind that came with schema level 2, with every optional field stated somewhere.

#![expect(clippy::wildcard_enum_match_arm, reason = "the kinds are told in groups")]

use docket_sync_core::facts::values::{
    Answer, ApprovalWay, BenchStep, Blob, CallbackResult, Channel, Claim, ComplaintKind, Correction, CustodyPlace,
    Demand, EmergencyBasis, EscalationKind, FindingKind, FormEntry, Goods, HeaderChange, HeaderField, HoldReason,
    Liability, Line, Matter, Opinion, OpinionGrade, PartWanted, QuoteLine, ReceiptFate, ServiceClass, Severity, Share,
    Urgency, Verdict,
};
use docket_sync_core::facts::{FactBody, FactKind, bodies};
use docket_sync_core::ids::{BlobId, Digest, DocumentId, FactRef, RecordId};

use super::kinds::{line, money};
use super::samples::{CLERK, DEVICE, NOON, TECHNICIAN, field, office};

fn words() -> String {
    "客户改期".to_owned()
}

fn opinion() -> Opinion {
    Opinion { grade: OpinionGrade::Acceptable, text: Some("稍慢".into()) }
}

fn goods() -> Goods {
    let (serial, unit) = (Some("SN-9".into()), Some(RecordId([3; 16])));
    Goods { name: "主控板".into(), serial, unit, pieces: 1, condition: Some("外壳有划痕".into()) }
}

/// A line that fills in a step of a form.
fn with_entry() -> Line {
    let (text, people) = (Some(words()), Some(vec![TECHNICIAN]));
    let entry = FormEntry { form: "gas_safety".into(), version: 2, step: "pressure".into(), text, people };
    Line { entry: Some(entry), usable_from: Some(NOON), ..line() }
}

fn covered() -> Vec<FactRef> {
    vec![office(1), field(16)]
}

/// A body of this kind, for kinds of level 2.
pub(crate) fn body(kind: FactKind) -> FactBody {
    planning(kind).or_else(|| terms(kind)).or_else(|| work(kind)).or_else(|| books(kind)).unwrap()
}

fn planning(kind: FactKind) -> Option<FactBody> {
    Some(match kind {
        FactKind::Hold => bodies::Hold { reason: HoldReason::Weather, text: Some(words()), told: Some(NOON) }.into(),
        FactKind::Release => bodies::Release { hold: office(31), reason: None }.into(),
        FactKind::EditHeader => {
            let phone = HeaderChange { field: HeaderField::Phone, value: Some("13900001111".into()) };
            let skill = HeaderChange { field: HeaderField::Skill, value: None };
            bodies::EditHeader { changes: vec![phone, skill], reason: Some(words()) }.into()
        }
        FactKind::Decline => bodies::Decline { reason: words() }.into(),
        FactKind::CreateEmergencyOrder => bodies::CreateEmergencyOrder {
            basis: EmergencyBasis::HeadUnreachable,
            problem: "水管爆裂".into(),
            contact: "三号楼 王先生".into(),
            customer: Some(RecordId([1; 16])),
            site: None,
            unit: None,
        }
        .into(),
        FactKind::CompletePaperwork => bodies::CompletePaperwork {
            customer: RecordId([1; 16]),
            site: RecordId([2; 16]),
            unit: Some(RecordId([3; 16])),
            channel: Channel::OnSite,
            class: ServiceClass::Chargeable,
            urgency: Urgency::Hazard,
            serial: Some("2025-11-000124".into()),
        }
        .into(),
        FactKind::SelfDispatch => {
            bodies::SelfDispatch { basis: EmergencyBasis::CustomerOnSite, reason: Some(words()) }.into()
        }
        FactKind::RequestParts => {
            let part = PartWanted { name: "电容".into(), quantity: 2_000, unit: "piece".into(), code: None };
            bodies::RequestParts { parts: vec![part], to_site: true, reason: None }.into()
        }
        FactKind::ReceiveParts => bodies::ReceiveParts { request: field(62), note: Some(words()) }.into(),
        FactKind::Escalate => bodies::Escalate { kind: EscalationKind::DesignFault, text: words() }.into(),
        FactKind::PlanLine => bodies::PlanLine { line: line() }.into(),
        FactKind::DropPlannedLine => bodies::DropPlannedLine { line: office(73), reason: None }.into(),
        FactKind::LinkDuplicate => {
            bodies::LinkDuplicate { other: DocumentId([6; 16]), survives: false, reason: Some(words()) }.into()
        }
        FactKind::Unlink => bodies::Unlink { link: office(60), reason: words() }.into(),
        _ => return None,
    })
}

fn terms(kind: FactKind) -> Option<FactBody> {
    let (voucher, covered_digest) = (Digest([0x71; 32]), Digest([0x72; 32]));
    Some(match kind {
        FactKind::SetWarranty => {
            let (class, until) = (ServiceClass::Free, Some(NOON));
            bodies::SetWarranty { class, until, disputed: true, reason: None, repeat_of: None }.into()
        }
        FactKind::QualityVerdict => {
            let blob = Blob { hash: BlobId([9; 32]), size: 70_000, media_type: "image/jpeg".into() };
            bodies::QualityVerdict { verdict: Verdict::Paid, evidence: words(), blob: Some(blob) }.into()
        }
        FactKind::IssueQuote => {
            let (name, unit, code) = ("电容 45 µF".into(), "piece".into(), Some("CAP-45".into()));
            let line = QuoteLine { name, quantity: 1_000, unit, amount: money(3_500), code };
            bodies::IssueQuote { version: 2, lines: vec![line], tariff: Some(7), reason: Some(words()) }.into()
        }
        FactKind::GiveConsent => bodies::GiveConsent { quote: office(39), version: 2 }.into(),
        FactKind::RefuseConsent => bodies::RefuseConsent { quote: office(39), version: 2, reason: None }.into(),
        FactKind::CancelByCustomer => bodies::CancelByCustomer { reason: words() }.into(),
        FactKind::GrantDiscount => bodies::GrantDiscount { amount: money(1_000), reason: words() }.into(),
        FactKind::SignByCode => bodies::SignByCode {
            voucher,
            covered: covered(),
            covered_digest,
            opinion: opinion(),
            name: "王秀英".into(),
            relation: "业主".into(),
            code: 4,
            proof: Digest([0x73; 32]),
            document: None,
        }
        .into(),
        FactKind::PrintVoucher => {
            let document = BlobId([0x95; 32]);
            bodies::PrintVoucher { voucher, covered: covered(), covered_digest, document }.into()
        }
        FactKind::AttachPaper => bodies::AttachPaper {
            voucher,
            covered: covered(),
            covered_digest,
            opinion: opinion(),
            name: "王秀英".into(),
            relation: "业主".into(),
            signed_at: NOON,
            photo: BlobId([0x74; 32]),
            printed: None,
        }
        .into(),
        FactKind::FileDocument => {
            bodies::FileDocument { fact: field(21), demand: Demand::Seal, blob: None, reference: Some(words()) }.into()
        }
        FactKind::OpenComplaint => {
            let (kind, severity) = (ComplaintKind::Charge, Severity::Serious);
            bodies::OpenComplaint { kind, severity, text: words() }.into()
        }
        FactKind::Approve => bodies::Approve {
            matter: Matter::Discount,
            subject: field(57),
            digest: Digest([0x76; 32]),
            approver: CLERK,
            way: ApprovalWay::Code,
            code: Some(3),
            reason: None,
            secret: Some("MFRGGZDFMZTW".into()),
        }
        .into(),
        FactKind::Reject => {
            let (matter, digest) = (Matter::Return, Digest([0x76; 32]));
            let (approver, way) = (Some(CLERK), Some(ApprovalWay::Code));
            let (code, secret) = (Some(4), Some("MFRGGZDFMZTW".into()));
            bodies::Reject { matter, subject: field(57), digest, reason: words(), approver, way, code, secret }.into()
        }
        _ => return None,
    })
}

fn work(kind: FactKind) -> Option<FactBody> {
    let visit = field(10);
    let custody = field(47);
    Some(match kind {
        FactKind::AddWorkItem => bodies::AddWorkItem { item: 2, name: "清洗滤网".into() }.into(),
        FactKind::DropWorkItem => bodies::DropWorkItem { item: 2, reason: words() }.into(),
        FactKind::HandoverVisit => bodies::HandoverVisit { visit, to: CLERK, open: vec![words()] }.into(),
        FactKind::OutcomeNotRepairable => bodies::OutcomeNotRepairable { visit, finding: words() }.into(),
        FactKind::ReplaceLine => bodies::ReplaceLine { visit, line: field(16), new: with_entry() }.into(),
        FactKind::ReportContact => {
            bodies::ReportContact { name: "李先生".into(), phone: Some("13900002222".into()), note: None }.into()
        }
        FactKind::SwapUnit => {
            let (old, old_serial) = (Some(RecordId([3; 16])), Some("SN-9".into()));
            bodies::SwapUnit { old, old_serial, new_serial: "SN-10".into(), model: None }.into()
        }
        FactKind::CorrectFact => {
            let correction = Correction::Time(NOON);
            bodies::CorrectFact { fact: field(16), correction, reason: words() }.into()
        }
        FactKind::TakeCustody => {
            let (due, countersigned) = (Some(NOON), Some(BlobId([0x75; 32])));
            bodies::TakeCustody { goods: goods(), receipt: "D07-R0012".into(), due, countersigned }.into()
        }
        FactKind::TransferCustody => {
            let place = CustodyPlace::Store;
            bodies::TransferCustody { custody, from: TECHNICIAN, to: CLERK, place }.into()
        }
        FactKind::ReturnCustody => {
            let (receipt, signed) = (ReceiptFate::Lost, Some(BlobId([0x75; 32])));
            bodies::ReturnCustody { custody, receipt, signed, statement: Some(words()) }.into()
        }
        FactKind::BenchWork => {
            bodies::BenchWork { custody, step: BenchStep::Line, line: Some(line()), note: None }.into()
        }
        FactKind::Inspect => bodies::Inspect { custody, passed: true, remarks: Some(words()) }.into(),
        FactKind::CollectCash => {
            bodies::CollectCash { amount: money(30_000), receipt: "D07-C0003".into(), reason: None }.into()
        }
        FactKind::RemitCash => {
            bodies::RemitCash { amount: money(30_000), to: CLERK, collected: vec![field(52)] }.into()
        }
        FactKind::BookTransfer => bodies::BookTransfer { amount: money(30_000), reference: "B-77".into() }.into(),
        _ => return None,
    })
}

fn books(kind: FactKind) -> Option<FactBody> {
    let number = || "2025-11-000124".to_owned();
    Some(match kind {
        FactKind::AssignNumber => {
            let (ledger, alias) = ("order".into(), Some("D07-0031".into()));
            bodies::AssignNumber { ledger, number: number(), alias }.into()
        }
        FactKind::VoidNumber => bodies::VoidNumber { ledger: "call".into(), number: number(), reason: words() }.into(),
        FactKind::IssueBlock => {
            let (ledger, prefix) = ("cash".into(), "D07-C".into());
            bodies::IssueBlock { ledger, prefix, first: 1, last: 500, device: DEVICE }.into()
        }
        FactKind::Reopen => bodies::Reopen { close: office(28), reason: words() }.into(),
        FactKind::Invoice => {
            let payer = Some("施工方".into());
            bodies::Invoice { number: number(), lines: covered(), amount: money(60_000), payer }.into()
        }
        FactKind::Credit => bodies::Credit { invoice: Some(office(80)), amount: money(5_000), reason: words() }.into(),
        FactKind::Settle => {
            bodies::Settle { period: "2025-11".into(), payee: TECHNICIAN, amount: money(800), lines: covered() }.into()
        }
        FactKind::RecordCost => {
            bodies::RecordCost { name: "快递".into(), amount: money(1_200), about: Some(field(16)) }.into()
        }
        FactKind::SetLiability => {
            let share = Share { party: "施工方".into(), permille: 600, answer: Answer::Agreed };
            bodies::SetLiability { case: Liability::Joint, shares: vec![share], reason: None }.into()
        }
        FactKind::RecordCallback => {
            bodies::RecordCallback { result: CallbackResult::Redo, about: field(19), text: Some(words()) }.into()
        }
        FactKind::StateFinding => {
            let others = vec![Claim { order: DocumentId([8; 16]), fact: field(16), person: Some(TECHNICIAN) }];
            let (kind, subject) = (FindingKind::SerialConflict, "SN-9".into());
            bodies::StateFinding { kind, fact: field(17), subject, person: Some(TECHNICIAN), others }.into()
        }
        FactKind::LiftFinding => bodies::LiftFinding { finding: office(90), kind: FindingKind::SerialConflict }.into(),
        FactKind::HandleComplaint => {
            bodies::HandleComplaint { complaint: field(71), text: words(), settled: false }.into()
        }
        _ => return None,
    })
}
