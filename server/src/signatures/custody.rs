//! The customer's countersignature on a receipt of goods (C-131), and his second one when they come back (C-082).

use docket_sync_core::facts::{Fact, FactBody};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::voucher::custody::{CustodyReceipt, ReceiptFacts};

use crate::commit::{CommitError, Tables, Writer};
use crate::store::Table;

/// What is wrong with it; `None` when it is what the fact says, or did not arrive yet.
pub(super) fn problem(writer: &mut Writer, document: DocumentId, fact: &Fact) -> Result<Option<String>, CommitError> {
    let Some(blob) = fact.body().proof() else { return Ok(None) };
    let Some(proof) = writer.get(Table::Blob, &blob.0)? else { return Ok(None) };
    let expected = match fact.body() {
        FactBody::TakeCustody(body) => {
            ReceiptFacts { document, receipt: body.receipt.clone(), returned: false, goods: body.goods.clone() }
        }
        FactBody::ReturnCustody(body) => {
            let view = writer.current_view(document)?;
            let taken = view.facets.custody.iter().find(|custody| custody.at.fact.reference() == body.custody);
            let Some(taken) = taken else { return Ok(None) };
            ReceiptFacts { document, receipt: taken.receipt.clone(), returned: true, goods: taken.goods.clone() }
        }
        _ => return Ok(None),
    };
    Ok(CustodyReceipt::check(&proof, &expected).err().map(|mismatch| mismatch.to_string()))
}
