//! What people do, in one call each, on any stage.

use super::{Stage, Who, customer};
use crate::facts::values::{
    Channel, Goods, HeaderChange, HeaderField, HoldReason, Line, Money, Opinion, OpinionGrade, QuoteLine, ReceiptFate,
    ReviewChoice, ServiceClass, UnfinishedReason, Urgency, Window, Witness,
};
use crate::facts::{FactBody, Head, bodies};
use crate::ids::{BlobId, Digest, FactId, KeyId, RecordId, Signature};
use crate::lifecycle::fold;
use crate::lifecycle::view::ReviewKind;
use crate::voucher::covered_digest;

/// What people do, in one call each.
impl dyn Stage + '_ {
    /// States a fact with an empty head.
    pub fn does(&mut self, who: Who, body: impl Into<FactBody>) -> FactId {
        self.act(who, Head::default(), body.into())
    }

    /// Everybody exchanges everything.
    pub fn everyone_looks(&mut self) {
        for _ in 0..2 {
            for who in Who::ALL {
                self.look(*who);
            }
        }
    }

    /// The call is registered and confirmed.
    pub fn registered(&mut self) {
        self.does(
            Who::Clerk,
            bodies::RegisterCall {
                customer: RecordId([1; 16]),
                site: RecordId([2; 16]),
                unit: None,
                channel: Channel::Phone,
                class: ServiceClass::Chargeable,
                urgency: Urgency::Normal,
                problem: "No cold water".into(),
                serial: Some("2024-06-000001".into()),
                skill: None,
                origin: None,
            },
        );
        let body = bodies::ConfirmRequest {
            content: "Repair the cooler".into(),
            window: None,
            amount: Some(Money { minor: 10_000, currency: "CNY".into() }),
            in_warranty: false,
        };
        self.act(Who::Clerk, Head { customer: Some(customer()), ..Head::default() }, body.into());
        self.everyone_looks();
    }

    /// Registered, confirmed and assigned to A, who has accepted; everybody knows.
    pub fn dispatched(&mut self) -> FactId {
        self.registered();
        let assignment = self.assign(Who::Dispatcher, Who::A);
        self.look(Who::A);
        self.accept(Who::A, assignment);
        self.everyone_looks();
        assignment
    }

    /// The same, where a colleague had the order before A: it is on his device too, and he may help.
    pub fn dispatched_beside(&mut self, colleague: Who) -> FactId {
        self.registered();
        self.assign(Who::Dispatcher, colleague);
        self.everyone_looks();
        let assignment = self.assign(Who::Dispatcher, Who::A);
        self.look(Who::A);
        self.accept(Who::A, assignment);
        self.everyone_looks();
        assignment
    }

    /// The rotation's next man, or an override.
    pub fn assign(&mut self, who: Who, technician: Who) -> FactId {
        let technician = self.person(technician);
        let reason = Some("reassigned".into());
        self.does(who, bodies::Assign { technician, skipped: Vec::new(), reason, turn: None })
    }

    /// Accepts an assignment.
    pub fn accept(&mut self, who: Who, assignment: FactId) -> FactId {
        self.does(who, bodies::Accept { assignment: assignment.reference() })
    }

    /// Cancels.
    pub fn cancel(&mut self, who: Who) -> FactId {
        self.does(who, bodies::CancelByOffice { reason: "ordered twice".into() })
    }

    /// Sets out: begins a visit.
    pub fn depart(&mut self, who: Who) -> FactId {
        self.does(who, bodies::Depart {})
    }

    /// Arrives.
    pub fn arrive(&mut self, who: Who, visit: FactId) -> FactId {
        self.does(who, bodies::Arrive { visit: Some(visit.reference()), place: None })
    }

    /// Sets out, arrives and starts; answers the visit.
    pub fn works(&mut self, who: Who) -> FactId {
        let visit = self.depart(who);
        self.arrive(who, visit);
        self.does(who, bodies::Start { visit: visit.reference() });
        visit
    }

    /// Records a line.
    pub fn line(&mut self, who: Who, visit: FactId, line: Line) -> FactId {
        self.does(who, bodies::RecordLine { visit: visit.reference(), line })
    }

    /// Reports done.
    pub fn done(&mut self, who: Who, visit: FactId) -> FactId {
        let finding = Some("Compressor replaced".into());
        self.does(who, bodies::OutcomeDone { visit: visit.reference(), finding })
    }

    /// Reports unfinished, with the next visit agreed.
    pub fn unfinished(&mut self, who: Who, visit: FactId, next: Window) -> FactId {
        let body = bodies::OutcomeUnfinished {
            visit: visit.reference(),
            reason: UnfinishedReason::Parts,
            text: None,
            next: Some(next),
        };
        self.act(who, Head { customer: Some(customer()), ..Head::default() }, body.into())
    }

    /// The customer signs for these facts on the technician's device.
    pub fn sign(&mut self, who: Who, covered: &[FactId]) -> FactId {
        let body = self.signing(covered);
        self.does(who, body)
    }

    /// The digest over facts that a customer saw.
    #[must_use]
    pub fn covering(&self, covered: &[FactId]) -> Digest {
        let pairs: Vec<_> = covered.iter().map(|fact| (*fact, self.digest(*fact))).collect();
        covered_digest(&pairs)
    }

    /// What the customer's signature over these facts says, without a proof.
    #[must_use]
    pub fn signing(&self, covered: &[FactId]) -> bodies::SignDocument {
        let digest = self.covering(covered);
        bodies::SignDocument {
            voucher: digest,
            covered: covered.iter().map(FactId::reference).collect(),
            covered_digest: digest,
            opinion: Opinion { grade: OpinionGrade::Satisfied, text: None },
            name: "Lin".into(),
            relation: "owner".into(),
            proof: BlobId(digest.0),
            key: KeyId([7; 8]),
            signature: Signature([7; 64]),
        }
    }

    /// Plans a time.
    pub fn plan(&mut self, who: Who, window: Window) -> FactId {
        self.does(who, bodies::ProposeAppointment { window, reason: None })
    }

    /// Agrees a time with the customer.
    pub fn agree(&mut self, who: Who, window: Window) -> FactId {
        let head = Head { customer: Some(customer()), ..Head::default() };
        self.act(who, head, bodies::ConfirmAppointment { window }.into())
    }

    /// States a fact that records the customer's promise.
    pub fn promises(&mut self, who: Who, body: impl Into<FactBody>) -> FactId {
        self.act(who, Head { customer: Some(customer()), ..Head::default() }, body.into())
    }

    /// States a fact that these people witness.
    pub fn witnessed(&mut self, who: Who, witnesses: &[Who], body: impl Into<FactBody>) -> FactId {
        let (key, signature) = (KeyId([6; 8]), Signature([6; 64]));
        let witness = |who: &Who| Witness { person: self.person(*who), key, signature };
        let witnesses = Some(witnesses.iter().map(witness).collect());
        self.act(who, Head { witnesses, ..Head::default() }, body.into())
    }

    /// States a fact on one work item.
    pub fn on_item(&mut self, who: Who, item: u8, body: impl Into<FactBody>) -> FactId {
        self.act(who, Head { work_item: Some(item), ..Head::default() }, body.into())
    }

    /// Issues a quote of one line.
    pub fn quotes(&mut self, who: Who, version: u32, name: &str, fen: i64) -> FactId {
        let amount = Money { minor: fen, currency: "CNY".into() };
        let line = QuoteLine { name: name.into(), quantity: 1_000, unit: "piece".into(), amount, code: None };
        self.does(who, bodies::IssueQuote { version, lines: vec![line], tariff: None, reason: None })
    }

    /// The customer agrees to a quote.
    pub fn consents(&mut self, who: Who, quote: FactId, version: u32) -> FactId {
        self.promises(who, bodies::GiveConsent { quote: quote.reference(), version })
    }

    /// Takes a cooler away.
    pub fn takes(&mut self, who: Who, receipt: &str) -> FactId {
        let (name, serial) = ("Cooler".into(), Some("SN-9".into()));
        let goods = Goods { name, serial, unit: None, pieces: 1, condition: None };
        let countersigned = Some(BlobId([5; 32]));
        self.does(who, bodies::TakeCustody { goods, receipt: receipt.into(), due: None, countersigned })
    }

    /// Gives goods back; the customer signs.
    pub fn gives_back(&mut self, who: Who, custody: FactId, receipt: ReceiptFate) -> FactId {
        let statement = (receipt == ReceiptFate::Lost).then(|| "lost it".to_owned());
        let signed = Some(BlobId([6; 32]));
        self.does(who, bodies::ReturnCustody { custody: custody.reference(), receipt, signed, statement })
    }

    /// Collects cash.
    pub fn collects(&mut self, who: Who, fen: i64, receipt: &str) -> FactId {
        let amount = Money { minor: fen, currency: "CNY".into() };
        self.does(who, bodies::CollectCash { amount, receipt: receipt.into(), reason: None })
    }

    /// Edits one field of the header.
    pub fn edits(&mut self, who: Who, field: HeaderField, value: &str) -> FactId {
        let changes = vec![HeaderChange { field, value: Some(value.to_owned()) }];
        self.does(who, bodies::EditHeader { changes, reason: None })
    }

    /// Puts the order on hold.
    pub fn holds(&mut self, who: Who, reason: HoldReason) -> FactId {
        self.does(who, bodies::Hold { reason, text: None, told: None })
    }

    /// The customer confirms by a one-time code.
    pub fn confirms_by_code(&mut self, who: Who, covered: &[FactId]) -> FactId {
        let (voucher, opinion) = (Digest([8; 32]), Opinion { grade: OpinionGrade::Satisfied, text: None });
        let (digest, proof) = (self.covering(covered), voucher);
        let covered = covered.iter().map(FactId::reference).collect();
        let (name, relation) = ("Lin".into(), "owner".into());
        self.does(
            who,
            bodies::SignByCode {
                voucher,
                covered,
                covered_digest: digest,
                opinion,
                name,
                relation,
                code: 4,
                proof,
                document: None,
            },
        )
    }

    /// Sets out, works an hour for eighty yuan, reports done, and the customer signs all of it.
    pub fn works_and_signs(&mut self, who: Who) -> FactId {
        let visit = self.works(who);
        let hours = self.line(who, visit, super::labour(1_000, 8_000));
        let done = self.done(who, visit);
        self.sign(who, &[hours, done]);
        visit
    }

    /// Decides the first open review of a kind, if there is one.
    pub fn resolve(&mut self, who: Who, kind: ReviewKind, choice: ReviewChoice) -> Option<FactId> {
        self.look(who);
        let review = fold(&self.office_facts()).reviews.into_iter().find(|review| review.kind == kind)?;
        Some(self.does(who, bodies::ResolveReview { review: review.id, choice, reason: "called".into() }))
    }
}
