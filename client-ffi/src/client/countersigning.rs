//! The customer signs for his goods: when they leave (C-131), and when they are back (C-082).

use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::FactBody;
use docket_sync_core::ids::BlobId;
use docket_sync_core::voucher::custody::CustodyReceipt;

use super::{Client, Executed, Shown};
use crate::signing::{Consent, SigningError};
use crate::store::DeviceStore;

impl<S: DeviceStore> Client<S> {
    /// States `take_custody` or `return_custody` with what the customer signed beside it.
    ///
    /// # Errors
    /// [`SigningError::NoReceipt`] for another command, a refusal, or a failure of the device.
    pub fn countersigned(&mut self, shown: &Shown, act: &Act, consent: Consent) -> Result<Executed, SigningError> {
        let mut act = act.clone();
        // It is decided as if he had signed: he has.
        if let FactBody::ReturnCustody(body) = &mut act.body {
            body.signed = Some(BlobId([0; 32]));
        }
        let mut fact = self.decided(shown, &Command::State(Box::new(act)))?;
        let (receipt, goods, returned) = match &fact.body {
            FactBody::TakeCustody(body) => (body.receipt.clone(), body.goods.clone(), false),
            FactBody::ReturnCustody(body) => {
                let mut taken = shown.view.facets.custody.iter();
                let taken = taken.find(|custody| custody.at.fact.reference() == body.custody);
                let taken = taken.ok_or(SigningError::NoReceipt)?;
                (taken.receipt.clone(), taken.goods.clone(), true)
            }
            _ => return Err(SigningError::NoReceipt),
        };
        let (name, relation) = (consent.name.trim().to_owned(), consent.relation.trim().to_owned());
        let signed =
            CustodyReceipt { document: shown.id, receipt, returned, goods, name, relation, strokes: consent.strokes };
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
