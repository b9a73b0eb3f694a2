//! The customer signs on the device, offline: the voucher as it is shown, his drawing, his words (C-080, C-081).

use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{Demand, Opinion, ServiceClass};
use docket_sync_core::facts::{Author, FactBody};
use docket_sync_core::ids::{FactId, PersonId};
use docket_sync_core::policy::{PolicyError, ServicePolicy};
use docket_sync_core::reference::{Language, Reference};
use docket_sync_core::time::UnixMillis;
use docket_sync_core::voucher::copy::CustomerCopy;
use docket_sync_core::voucher::strokes::Strokes;
use docket_sync_core::voucher::{
    Change, Names, Proof, SignError, Signing, Voucher, VoucherError, VoucherInput, shown_facts, sign,
};

use crate::client::{Client, ExecuteError, Executed, Shown};
use crate::platform::random_bytes;
use crate::replica::{COMPANY, NewFact, ReplicaError};
use crate::store::{DeviceStore, Table};

/// What the customer adds when he signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// His drawing.
    pub strokes: Strokes,
    /// His name as written.
    pub name: String,
    /// His relation to the customer of the order.
    pub relation: String,
    /// His opinion, explicit even when he gave none.
    pub opinion: Opinion,
}

/// The last signature, and what changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The sign fact.
    pub fact: FactId,
    /// Who signed.
    pub name: String,
    /// When, by the device's clock.
    pub at: UnixMillis,
    /// What reads otherwise now; empty when nothing does.
    pub changes: Vec<Change>,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The voucher cannot be offered.
    #[error(transparent)]
    Voucher(#[from] VoucherError),
    /// The drawing or the words do not do.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The device holds no policy that it can read.
    #[error("this device has no service policy yet: {0}")]
    Policy(#[from] PolicyError),
    /// The business says no, or the device failed.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The customer has no code of this number here.
    #[error("the customer has no code of this number on this device")]
    NoCode,
    /// The code is not the one.
    #[error("this is not the customer's code of this number")]
    WrongCode,
    /// The code agreed to something before.
    #[error("this code was used already: ask the customer for the next one")]
    UsedCode,
    /// No voucher with this code was printed for this order.
    #[error("no voucher with this code was printed for this order")]
    NoPrint,
    /// No signature of this order lacks a seal.
    #[error("no signature of this order lacks a seal")]
    NoSealMissing,
    /// There is no receipt of goods to sign.
    #[error("there is no receipt of goods to sign")]
    NoReceipt,
    /// There is no visit to sign for.
    #[error("there is no visit to sign for")]
    NoVisit,
}

impl From<ReplicaError> for SigningError {
    fn from(error: ReplicaError) -> Self {
        Self::Execute(error.into())
    }
}

impl<S: DeviceStore> Client<S> {
    /// The voucher of the order as it is shown, in the customer's language: to be read before it is signed.
    ///
    /// # Errors
    /// When something that a voucher must carry is missing (C-083), or the device fails.
    pub fn voucher(&self, shown: &Shown, language: Language) -> Result<Voucher, SigningError> {
        let policy = match self.policy()? {
            Some(policy) => policy,
            None => ServicePolicy::shipped()?,
        };
        let names = self.names(shown, language)?;
        let covered: Vec<_> = shown_facts(&shown.view)
            .into_iter()
            .filter_map(|fact| Some((fact, shown.facts.get(fact)?.digest)))
            .collect();
        let certificate = self.replica().certificate();
        let input = VoucherInput {
            document: shown.id,
            store: certificate.store,
            fingerprint: certificate.fingerprint(),
            language,
            policy: &policy,
            view: &shown.view,
            covered: &covered,
            names: &names,
        };
        let seed = random_bytes(&self.replica().platform().random).map_err(ReplicaError::from)?;
        Ok(Voucher::build(&input, &seed)?)
    }

    /// Signs `voucher`, which was made from `shown` and read by the customer.
    ///
    /// # Errors
    /// When the drawing or the words do not do, signing is not offered, or the device fails.
    pub fn sign(&mut self, shown: &Shown, voucher: &Voucher, consent: Consent) -> Result<Executed, SigningError> {
        let visit = shown.visit_of(self.person()).ok_or(SigningError::NoVisit)?.id.reference();
        let claimed = self.replica().time().claimed;
        let Consent { strokes, name, relation, opinion } = consent;
        let signing = Signing {
            strokes,
            opinion,
            // What is signed must be what the fact will say: commands trim what people type.
            name: name.trim().to_owned(),
            relation: relation.trim().to_owned(),
            claimed,
            device: self.replica().identity().device,
        };
        let signed = sign(voucher, signing, self.replica().key())?;
        let mut decision = self.decide(shown, &Command::Sign { visit, document: signed.body })?;
        // C-084: signed counts; the seal is missing until its photo is filed.
        let policy = self.policy()?;
        if policy.is_some_and(|policy| policy.signature.seal_for_contract)
            && shown.view.facets.class == Some(ServiceClass::Contract)
        {
            decision.head.missing.get_or_insert_default().push(Demand::Seal);
        }
        let fact = NewFact {
            document: shown.id,
            author: Author::Person(self.person()),
            seen: shown.view.frontier.clone(),
            head: decision.head,
            body: decision.body,
            claimed: Some(claimed),
            proof: Some(signed.proof),
        };
        Ok(self.state(shown, fact)?)
    }

    /// What reads otherwise than on the voucher that the customer signed last, as far as its proof is here; `None`
    /// when he has signed nothing. In the language that he signed in.
    ///
    /// # Errors
    /// When a voucher cannot be made now, or the device fails.
    pub fn changed_since_signed(&self, shown: &Shown) -> Result<Option<Signed>, SigningError> {
        let valid = shown.view.signatures.iter().filter(|signature| !signature.rejected);
        let Some(last) = valid.max_by_key(|signature| signature.at.time) else { return Ok(None) };
        let Some(proof) = self.replica().store().get(Table::Proof, &last.proof.0).map_err(ReplicaError::from)? else {
            return Ok(None);
        };
        // A proof that cannot be read does not verify either: the server says so in a fact.
        let Ok(proof) = Proof::from_bytes(&proof) else { return Ok(None) };
        let now = self.voucher(shown, proof.voucher.header.language)?;
        let (fact, name, at) = (last.at.fact, last.name.clone(), last.at.claimed);
        Ok(Some(Signed { fact, name, at, changes: proof.voucher.changes(&now) }))
    }

    /// The customer's own copy of a signature, which anybody can verify without us; `None` when the fact is no
    /// signature of this device or its proof is not here.
    ///
    /// # Errors
    /// When the device fails.
    pub fn customer_copy(&self, shown: &Shown, fact: FactId) -> Result<Option<CustomerCopy>, ReplicaError> {
        let identity = self.replica().identity();
        // A copy of this device may have stated something else under the same identity.
        for fact in shown.facts.under(fact) {
            let FactBody::SignDocument(body) = fact.body() else { continue };
            let Some(proof) = self.replica().store().get(Table::Proof, &body.proof.0)? else { continue };
            if body.key == self.replica().key_id() {
                return Ok(Some(CustomerCopy {
                    document: shown.id,
                    claimed: fact.claimed(),
                    device: identity.device,
                    body: body.clone(),
                    proof,
                    certificate: identity.certificate.clone(),
                }));
            }
        }
        Ok(None)
    }

    /// Names as the reference records have them now.
    fn names(&self, shown: &Shown, language: Language) -> Result<Names, ReplicaError> {
        let mut names = Names::default();
        if let Some(Reference::Company(company)) = self.replica().single_reference(COMPANY)? {
            company.name.text(language).clone_into(&mut names.company);
        }
        if let Some(request) = &shown.view.request {
            if let Some(Reference::Customer(customer)) = self.reference(request.customer)? {
                names.customer = customer.name;
                names.phone = customer.phone;
            }
            if let Some(Reference::Site(site)) = self.reference(request.site)? {
                names.address = site.address;
            }
            if let Some(Reference::Unit(unit)) = request.unit.map(|unit| self.reference(unit)).transpose()?.flatten() {
                names.model = Some(unit.model);
                names.unit_serial = Some(unit.serial).filter(|serial| !serial.is_empty());
            }
        }
        for visit in &shown.view.visits {
            let technician: PersonId = visit.technician;
            names.technicians.insert(technician, self.person_name(technician)?);
        }
        Ok(names)
    }
}
