//! What people do, in one call each, on any stage.

use super::{Stage, Who, customer};
use crate::facts::values::{
    Channel, Line, Money, Opinion, OpinionGrade, ReviewChoice, ServiceClass, UnfinishedReason, Urgency, Window,
};
use crate::facts::{FactBody, Head, bodies};
use crate::ids::{BlobId, Digest, FactId, KeyId, RecordId, Signature};
use crate::lifecycle::fold;
use crate::lifecycle::view::ReviewKind;

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
        let mut hasher = blake3::Hasher::new();
        for fact in covered {
            hasher.update(&self.digest(*fact).0);
        }
        let digest = Digest(*hasher.finalize().as_bytes());
        self.does(
            who,
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
            },
        )
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

    /// Decides the first open review of a kind, if there is one.
    pub fn resolve(&mut self, who: Who, kind: ReviewKind, choice: ReviewChoice) -> Option<FactId> {
        self.look(who);
        let review = fold(&self.office_facts()).reviews.into_iter().find(|review| review.kind == kind)?;
        Some(self.does(who, bodies::ResolveReview { review: review.id, choice, reason: "called".into() }))
    }
}
