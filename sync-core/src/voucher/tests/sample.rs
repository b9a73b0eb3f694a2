//! One order with Chinese text, its voucher, its signature and its copy.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use crate::facts::bodies::SignDocument;
use crate::facts::values::{
    Channel, CheckResult, CustodyPlace, CustomerPerson, Goods, Line, LineKind, Money, Opinion, OpinionGrade,
    PartSource, QuoteLine, ServiceClass, Urgency, Window,
};
use crate::facts::{Author, Role};
use crate::ids::{ActorId, DeviceId, Digest, DocumentId, FactId, PersonId, RecordId, StoreId};
use crate::lifecycle::facets::{
    ConsentState, CustodyStage, CustodyView, DiscountView, Holder, PaymentView, QuoteAnswer, QuoteView, ReceiptState,
};
use crate::lifecycle::view::{
    Appointment, Confirmation, Coverage, LineStanding, LineView, Moment, NotBillable, OrderState, OrderView, Outcome,
    Request, SignatureFacet, Visit, VisitState, VoucherFacet,
};
use crate::policy::ServicePolicy;
use crate::proof::certificate::{Certificate, Certified, Fingerprint};
use crate::reference::Language;
use crate::time::{HOUR, MINUTE, UnixMillis};
use crate::voucher::copy::CustomerCopy;
use crate::voucher::strokes::{self, Strokes};
use crate::voucher::{
    Names, Proof, SignedFact, SignedVoucher, Signing, Voucher, VoucherError, VoucherInput, shown_facts, sign,
};

/// Everything that goes into a voucher and its signature; tests change a part.
pub(super) struct Sample {
    pub(super) view: OrderView,
    pub(super) policy: ServicePolicy,
    pub(super) names: Names,
    pub(super) language: Language,
    pub(super) covered: Vec<(FactId, Digest)>,
    pub(super) signing: Signing,
    device_key: SigningKey,
    store_key: SigningKey,
}

const TECHNICIAN: PersonId = PersonId([0x11; 16]);
const DEVICE: DeviceId = DeviceId([0xd1; 16]);
const STORE: StoreId = StoreId([0x5a; 16]);
/// 2025-11-21 19:30 at +08:00.
const ARRIVAL: UnixMillis = UnixMillis(1_763_724_600_000);

fn fact(office: bool, sequence: u64) -> FactId {
    FactId { actor: ActorId([if office { 0x0f } else { 0xf0 }; 16]), sequence }
}

fn moment(office: bool, sequence: u64, time: UnixMillis) -> Moment {
    Moment { fact: fact(office, sequence), time, claimed: time, lo: time }
}

fn money(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

fn line(sequence: u64, kind: LineKind, name: &str, quantity: i64, unit: &str, amount: Option<i64>) -> LineView {
    let part = kind == LineKind::Part;
    let line = Line {
        kind,
        name: name.into(),
        quantity,
        unit: unit.into(),
        amount: amount.map(money),
        code: part.then(|| "CAP-45".into()),
        serial: part.then(|| "SN-9".into()),
        source: part.then_some(PartSource::Van),
        result: (kind == LineKind::Checklist).then_some(CheckResult::Ok),
        blob: None,
        entry: None,
        usable_from: None,
    };
    LineView {
        at: moment(false, sequence, ARRIVAL.plus(HOUR)),
        by: Author::Person(TECHNICIAN),
        visit: Some(fact(false, 2)),
        line,
        standing: LineStanding::Effective,
        covered: false,
        billable: false,
        held: Some(if amount.is_some() { NotBillable::NotAgreed } else { NotBillable::NoCharge }),
        charge: amount.map(money),
    }
}

fn visit() -> Visit {
    let ended = moment(false, 10, ARRIVAL.plus(95 * MINUTE));
    Visit {
        id: fact(false, 2),
        technician: TECHNICIAN,
        state: VisitState::Ended,
        departed: Some(moment(false, 2, ARRIVAL.plus(-40 * MINUTE))),
        arrived: Some(moment(false, 3, ARRIVAL)),
        started: Some(moment(false, 4, ARRIVAL.plus(5 * MINUTE))),
        ended: Some(ended),
        outcome: Some(Outcome::Done { at: ended, finding: Some("制冷剂不足，已补充".into()) }),
    }
}

fn request() -> Request {
    Request {
        at: moment(true, 1, ARRIVAL.plus(-6 * HOUR)),
        by: Author::Person(PersonId([0x22; 16])),
        customer: RecordId([1; 16]),
        site: RecordId([2; 16]),
        unit: Some(RecordId([3; 16])),
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Urgent,
        problem: "空调不制冷，外机异响".into(),
        serial: Some("2024-06-001234".into()),
        skill: None,
    }
}

fn view() -> OrderView {
    OrderView {
        document: crate::ids::DocumentId([1; 16]),
        stated: vec![],
        state: OrderState::Completed,
        frontier: vec![fact(false, 10)],
        facts: 12,
        updated: ARRIVAL.plus(95 * MINUTE),
        request: Some(request()),
        confirmation: Some(Confirmation {
            at: moment(true, 2, ARRIVAL.plus(-5 * HOUR)),
            content: "检查制冷系统".into(),
            amount: Some(money(15_000)),
            in_warranty: false,
        }),
        assignments: vec![],
        assigned: None,
        visits: vec![visit()],
        appointment: None,
        blocked_windows: vec![],
        lines: vec![
            line(5, LineKind::Part, "电容 45 µF", 2_000, "piece", Some(3_500)),
            line(6, LineKind::Labour, "维修工时", 1_500, "h", Some(12_000)),
            line(7, LineKind::Reading, "低压压力", 450_000, "kPa", None),
            line(8, LineKind::Checklist, "外机支架牢固", 0, "", None),
            line(9, LineKind::Expense, "上门费", 1_000, "次", None),
        ],
        notes: vec![],
        signature: SignatureFacet::Unsigned,
        signatures: vec![],
        coverage: Coverage::None,
        billable: BTreeMap::new(),
        cancels: vec![],
        voucher: VoucherFacet::Out,
        completed: None,
        closed: None,
        void: vec![],
        reviews: vec![],
        notices: vec![],
        explanations: vec![],
        unknown_facts: 0,
        facets: crate::lifecycle::facets::Facets::default(),
        decided: Vec::new(),
        office: crate::lifecycle::OfficeView::default(),
    }
}

/// Quote, discount, cash, goods, a free line, a next appointment: everything that binds the customer.
pub(super) fn with_terms(order: &mut Sample) {
    let at = |sequence, minutes| moment(false, sequence, ARRIVAL.plus(minutes * MINUTE));
    let view = &mut order.view;
    let customer =
        Some(CustomerPerson { name: "王秀英".into(), relation: "业主".into(), channel: Channel::OnSite });
    view.lines[0].held = Some(NotBillable::Free);
    view.facets.quotes = vec![QuoteView {
        at: at(20, 8),
        version: 2,
        lines: vec![QuoteLine {
            name: "维修".into(),
            quantity: 1_000,
            unit: "次".into(),
            amount: money(16_000),
            code: None,
        }],
        consent: ConsentState::Given,
        answer: Some(QuoteAnswer { at: at(21, 10), customer: customer.clone() }),
        current: true,
    }];
    let by = Author::Person(PersonId([0x22; 16]));
    view.facets.discounts = vec![DiscountView {
        at: at(22, 60),
        by: by.clone(),
        amount: money(1_500),
        reason: "老客户".into(),
        counts: true,
    }];
    view.facets.money.discount = [("CNY".to_owned(), 1_500)].into();
    view.facets.payments =
        vec![PaymentView { at: at(23, 90), amount: money(10_000), receipt: "R-0007".into(), cash: true }];
    view.facets.custody = vec![CustodyView {
        at: at(24, 80),
        goods: Goods { name: "主板".into(), serial: Some("MB-1".into()), unit: None, pieces: 1, condition: None },
        receipt: "K-0003".into(),
        receipt_state: ReceiptState::Live,
        holder: Holder::Person(TECHNICIAN),
        place: CustodyPlace::Van,
        stage: CustodyStage::Taken,
        countersigned: true,
        unconfirmed: vec![],
    }];
    // 2025-11-23, 09:00 to 11:00 at +08:00.
    let from = ARRIVAL.plus(37 * HOUR + 30 * MINUTE);
    view.appointment = Some(Appointment {
        at: at(25, 92),
        by,
        window: Window { from, to: from.plus(2 * HOUR) },
        confirmed: true,
        customer,
    });
}

/// The order as it is before signing.
pub(super) fn sample() -> Sample {
    let view = view();
    let digest = |fact: FactId| (fact, Digest(*blake3::hash(fact.to_string().as_bytes()).as_bytes()));
    let covered = shown_facts(&view).into_iter().map(digest).collect();
    Sample {
        view,
        policy: ServicePolicy::shipped().unwrap(),
        names: Names {
            company: "清风售后服务有限公司".into(),
            company_phone: Some("400-000-0000".into()),
            customer: "王秀英".into(),
            phone: "13800000000".into(),
            address: "解放路 12 号 3 单元 401".into(),
            model: Some("KFR-35GW".into()),
            unit_serial: Some("SN-20240117".into()),
            technicians: [(TECHNICIAN, "李师傅".to_owned())].into(),
        },
        language: Language::Zh,
        covered,
        signing: Signing {
            strokes: Strokes::from_drawing(&strokes::tests::sample(60)).unwrap(),
            opinion: Opinion { grade: OpinionGrade::Satisfied, text: Some("师傅很准时".into()) },
            name: "王秀英".into(),
            relation: "业主".into(),
            claimed: ARRIVAL.plus(100 * MINUTE),
            device: DEVICE,
        },
        device_key: SigningKey::from_bytes(&[11; 32]),
        store_key: SigningKey::from_bytes(&[22; 32]),
    }
}

impl Sample {
    pub(super) fn input(&self) -> VoucherInput<'_> {
        VoucherInput {
            document: DocumentId::new(ARRIVAL.plus(-6 * HOUR), [5; 10]),
            store: STORE,
            fingerprint: self.fingerprint(),
            language: self.language,
            policy: &self.policy,
            view: &self.view,
            covered: &self.covered,
            names: &self.names,
        }
    }

    pub(super) fn try_voucher(&self) -> Result<Voucher, VoucherError> {
        Voucher::build(&self.input(), &[7; 32])
    }

    pub(super) fn voucher(&self) -> Voucher {
        self.try_voucher().unwrap()
    }

    pub(super) fn key(&self) -> SigningKey {
        self.device_key.clone()
    }

    pub(super) fn device_key(&self) -> [u8; 32] {
        self.key().verifying_key().to_bytes()
    }

    pub(super) fn store_key(&self) -> SigningKey {
        self.store_key.clone()
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.store_key().verifying_key().to_bytes())
    }

    pub(super) fn signed(&self) -> SignedVoucher {
        sign(&self.voucher(), self.signing.clone(), &self.key()).unwrap()
    }

    pub(super) fn statement_text(&self) -> String {
        Proof::from_bytes(&self.signed().proof).unwrap().statement.render_text(self.language)
    }

    pub(super) fn fact<'a>(&self, body: &'a SignDocument) -> SignedFact<'a> {
        SignedFact { document: self.input().document, claimed: self.signing.claimed, device: self.signing.device, body }
    }

    pub(super) fn certified(&self, device_key: &SigningKey) -> Certified {
        Certified {
            store: STORE,
            number: 17,
            device: self.signing.device,
            device_key: device_key.verifying_key().to_bytes(),
            persons: vec![(TECHNICIAN, vec![Role::Technician])],
            issued_at: ARRIVAL.plus(-100 * HOUR),
            sealing_key: [0x77; 32],
        }
    }

    pub(super) fn certificate(&self, device_key: &SigningKey, store_key: &SigningKey) -> Certificate {
        Certificate::issue(self.certified(device_key), store_key)
    }

    pub(super) fn copy(&self) -> CustomerCopy {
        let signed = self.signed();
        CustomerCopy {
            document: self.input().document,
            claimed: self.signing.claimed,
            device: self.signing.device,
            body: signed.body,
            proof: signed.proof,
            certificate: self.certificate(&self.key(), &self.store_key()).to_bytes(),
        }
    }
}
