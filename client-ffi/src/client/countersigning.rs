//! The customer signs for his goods: when they leave (C-131), and when they are back (C-082).

use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::{FactBody, Ledger};
use docket_sync_core::ids::BlobId;
use docket_sync_core::voucher::custody::{CustodyReceipt, ReceiptFacts};

use super::{Client, ExecuteError, Executed, Shown};
use crate::signing::{Consent, SigningError};
use crate::store::DeviceStore;

impl<S: DeviceStore> Client<S> {
    /// What the customer is to read before he signs for his goods: a receipt that has no number yet gets the next of
    /// this device.
    ///
    /// # Errors
    /// [`SigningError::NoReceipt`] for another command or when the goods are not on this order; a failure of the device.
    pub fn to_countersign(&self, shown: &Shown, act: &Act) -> Result<ReceiptFacts, SigningError> {
        let mut facts = receipt_facts(shown, &act.body)?;
        if facts.receipt.is_empty() {
            facts.receipt = self.replica.numbers(Ledger::Custody).map_err(ExecuteError::from)?.next.unwrap_or_default();
        }
        Ok(facts)
    }

    /// States `take_custody` or `return_custody`, about one work item where it is named, with what the customer signed
    /// beside it.
    ///
    /// # Errors
    /// [`SigningError::NoReceipt`] for another command, a refusal, or a failure of the device.
    pub fn countersigned(
        &mut self,
        shown: &Shown,
        (act, work_item): (&Act, Option<u8>),
        consent: Consent,
    ) -> Result<Executed, SigningError> {
        // Another command takes no number and states nothing.
        receipt_facts(shown, &act.body)?;
        let mut act = act.clone();
        // It is decided as if he had signed: he has.
        if let FactBody::ReturnCustody(body) = &mut act.body {
            body.signed = Some(BlobId([0; 32]));
        }
        self.work_item = work_item;
        let decided = self.decided(shown, &Command::State(Box::new(act)));
        self.work_item = None;
        let mut fact = decided?;
        let ReceiptFacts { document, receipt, returned, goods } = receipt_facts(shown, &fact.body)?;
        let (name, relation) = (consent.name.trim().to_owned(), consent.relation.trim().to_owned());
        let signed = CustodyReceipt { document, receipt, returned, goods, name, relation, strokes: consent.strokes };
        let bytes = signed.to_bytes();
        let blob = Some(BlobId(*blake3::hash(&bytes).as_bytes()));
        match &mut fact.body {
            FactBody::TakeCustody(body) => body.countersigned = blob,
            FactBody::ReturnCustody(body) => body.signed = blob,
            _ => return Err(SigningError::NoReceipt),
        }
        fact.proof = Some(bytes);
        Ok(self.state(shown, fact)?)
    }
}

/// What the fact says about the goods: those that are taken, or those that were taken and come back.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are not about goods")]
fn receipt_facts(shown: &Shown, body: &FactBody) -> Result<ReceiptFacts, SigningError> {
    let (receipt, goods, returned) = match body {
        FactBody::TakeCustody(body) => (body.receipt.clone(), body.goods.clone(), false),
        FactBody::ReturnCustody(body) => {
            let mut taken = shown.view.facets.custody.iter();
            let taken = taken.find(|custody| custody.at.fact.reference() == body.custody);
            let taken = taken.ok_or(SigningError::NoReceipt)?;
            (taken.receipt.clone(), taken.goods.clone(), true)
        }
        _ => return Err(SigningError::NoReceipt),
    };
    Ok(ReceiptFacts { document: shown.id, receipt, returned, goods })
}
