//! The customer agrees without drawing on the device: by a one-time code, or by hand on paper (U-09); and the seal
//! that a contract demands beside the signature (C-084).

use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::{AttachPaper, FileDocument, PrintVoucher, SignByCode};
use docket_sync_core::facts::values::{Blob, Demand, Opinion};
use docket_sync_core::facts::{Author, FactBody};
use docket_sync_core::ids::{BlobId, RecordId};
use docket_sync_core::reference::Reference;
use docket_sync_core::time::UnixMillis;
use docket_sync_core::voucher::one_time::{CodeCheck, CodeKey};
use docket_sync_core::voucher::{VerificationCode, Voucher, blob_id, covered_digest};

use crate::client::{Client, Executed, Shown};
use crate::replica::{NewFact, ReplicaError};
use crate::signing::SigningError;
use crate::store::DeviceStore;

/// What the customer says beside his agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// His name.
    pub name: String,
    /// His relation to the customer of the order.
    pub relation: String,
    /// His opinion, explicit even when he gave none.
    pub opinion: Opinion,
}

/// A paper as it came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// The code that is printed on it, or at least its first eight letters.
    pub code: String,
    /// Content address of its photo.
    pub photo: BlobId,
    /// When it was signed, as written.
    pub signed_at: UnixMillis,
}

impl<S: DeviceStore> Client<S> {
    /// The customer reads out one of his codes; checked here, without a network.
    ///
    /// # Errors
    /// When he has no such code, it is wrong or was used, signing is not offered, or the device fails.
    pub fn sign_by_code(
        &mut self,
        shown: &Shown,
        voucher: &Voucher,
        (number, code): (u32, &str),
        words: Words,
    ) -> Result<Executed, SigningError> {
        let customer = shown.view.request.as_ref().map(|request| request.customer).ok_or(SigningError::NoCode)?;
        let key = self.code_key(customer, number, code)?;
        let bytes = voucher.to_bytes();
        let (digest, covered) = (voucher.digest(), covered_digest(&voucher.covered));
        let body = SignByCode {
            voucher: digest,
            covered: voucher.covered_references(),
            covered_digest: covered,
            opinion: words.opinion,
            name: words.name.trim().to_owned(),
            relation: words.relation.trim().to_owned(),
            code: number,
            proof: key.proof(shown.id, digest, covered),
            document: Some(blob_id(&bytes)),
        };
        self.state_with(shown, body.into(), Some(bytes))
    }

    /// Prints the voucher: states that it was, and gives the page.
    ///
    /// # Errors
    /// When signing is not offered, or the device fails.
    pub fn print_voucher(&mut self, shown: &Shown, voucher: &Voucher) -> Result<(Executed, String), SigningError> {
        let bytes = voucher.to_bytes();
        let body = PrintVoucher {
            voucher: voucher.digest(),
            covered: voucher.covered_references(),
            covered_digest: covered_digest(&voucher.covered),
            document: blob_id(&bytes),
        };
        let done = self.state_with(shown, body.into(), Some(bytes))?;
        Ok((done, voucher.to_print()))
    }

    /// Enters a paper that was signed by hand. Which voucher it is, its code says.
    ///
    /// # Errors
    /// When no print of this order has the code, signing is not offered, or the device fails.
    pub fn attach_printed(&mut self, shown: &Shown, paper: &Paper, words: Words) -> Result<Executed, SigningError> {
        let mut prints = shown.view.facets.prints.iter();
        let print = prints.find(|print| VerificationCode(print.voucher).begins_with(&paper.code));
        let print = print.ok_or(SigningError::NoPrint)?;
        let body = AttachPaper {
            voucher: print.voucher,
            covered: print.covered.clone(),
            covered_digest: print.covered_digest,
            opinion: words.opinion,
            name: words.name.trim().to_owned(),
            relation: words.relation.trim().to_owned(),
            signed_at: paper.signed_at,
            photo: paper.photo,
            printed: Some(print.at.fact.reference()),
        };
        self.state_with(shown, body.into(), None)
    }

    /// Files the photo of the seal that a signature lacks.
    ///
    /// # Errors
    /// When none is missing, or the device fails.
    pub fn file_seal(&mut self, shown: &Shown, photo: Blob) -> Result<Executed, SigningError> {
        let mut missing = shown.view.facets.missing.iter();
        let missing = missing.find(|missing| missing.demand == Demand::Seal).ok_or(SigningError::NoSealMissing)?;
        let body =
            FileDocument { fact: missing.fact.reference(), demand: Demand::Seal, blob: Some(photo), reference: None };
        self.state_with(shown, body.into(), None)
    }

    fn state_with(&mut self, shown: &Shown, body: FactBody, proof: Option<Vec<u8>>) -> Result<Executed, SigningError> {
        let decision = self.decide(shown, &Command::State(Box::new(Act::new(body))))?;
        let fact = NewFact {
            document: shown.id,
            author: Author::Person(self.person()),
            seen: shown.view.frontier.clone(),
            head: decision.head,
            body: decision.body,
            claimed: None,
            proof,
        };
        Ok(self.state(shown, fact)?)
    }

    /// The key of a code that is right and, as far as this device knows, not used.
    fn code_key(&self, customer: RecordId, number: u32, code: &str) -> Result<CodeKey, SigningError> {
        let Some(Reference::Customer(record)) = self.reference(customer)? else { return Err(SigningError::NoCode) };
        let codes = record.codes.unwrap_or_default();
        let check: &CodeCheck = codes.iter().find(|check| check.number == number).ok_or(SigningError::NoCode)?;
        let key = check.accept(customer, code).ok_or(SigningError::WrongCode)?;
        if self.has_used(customer, number)? { Err(SigningError::UsedCode) } else { Ok(key) }
    }

    fn has_used(&self, customer: RecordId, number: u32) -> Result<bool, ReplicaError> {
        for (order, row) in self.list()? {
            if row.evicted {
                continue;
            }
            let shown = self.show(order)?;
            let his = shown.view.request.as_ref().is_some_and(|request| request.customer == customer);
            if his && shown.view.facets.proofs.iter().any(|proof| proof.code == Some(number)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
