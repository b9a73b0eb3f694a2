//! What devices say they hold and the store lacks, until somebody has given it back.

use docket_sync_core::ids::{ChangeHash, DeviceId, DocumentId, Epoch};
use docket_sync_core::sync::frames::DocumentHeads;
use minicbor::{Decode, Encode};

use super::losses::Losses;
use super::returned::Returned;
use super::{CLAIMS, RETURNED, key};
use crate::commit::{CommitError, Tables, Writer};
use crate::store::{KeyRange, Table};

/// Documents that are remembered as held by devices and lacking here; beyond it the report says that there are more.
const CLAIMS_MAX: usize = 50_000;
/// Of these, what one device may take: many times what a technician has with him.
const CLAIMS_OF_DEVICE_MAX: u64 = 5_000;

/// Heads of one document that are remembered as lacking.
const HEADS_MAX: usize = 1_024;

/// What a device holds of one document and the store lacked when they compared.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Claim {
    /// Log number of the newest receipt that a device has for it.
    #[n(0)]
    pub(super) number: u64,
    /// Heads that were lacking.
    #[n(1)]
    pub(super) heads: Vec<ChangeHash>,
    /// The device with that receipt.
    #[n(2)]
    pub(super) device: DeviceId,
    /// Epoch of the log that the number is of; absent where an older program noted it.
    #[n(3)]
    pub(super) epoch: Option<Epoch>,
}

impl Claim {
    /// This claim with another one of the same document; `None` where that adds nothing. Of one log the one that has seen
    /// more of it counts; what was lacking of an earlier log is lacking still.
    fn joined(self, other: Self, losses: &Losses) -> Option<Self> {
        let rank = |claim: &Self| claim.epoch.or(losses.unsaid_epoch()).map_or(0, |epoch| losses.rank(epoch));
        let (own, others) = (rank(&self), rank(&other));
        if own == others {
            return (other.number > self.number).then_some(other);
        }
        let is_earlier = own < others;
        let (mut later, earlier) = if is_earlier { (other, self) } else { (self, other) };
        let before = later.heads.len();
        let room = HEADS_MAX.saturating_sub(before);
        let more: Vec<ChangeHash> = earlier.heads.into_iter().filter(|head| !later.heads.contains(head)).collect();
        later.heads.extend(more.into_iter().take(room));
        (is_earlier || later.heads.len() > before).then_some(later)
    }
}

impl Writer {
    /// Remembers what a device holds and the store lacks, until somebody has given it back. Its numbers are its own
    /// word: they are of the last log of which it has shown a receipt, and count up to that.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_claims(&mut self, device: DeviceId, lacking: &[DocumentHeads]) -> Result<(), CommitError> {
        let losses = Losses::read(self)?;
        let row = key(RETURNED, &device.0);
        let mut returned: Returned = self.read(Table::Meta, &row)?.unwrap_or_default();
        let shown = returned.shown(losses.unsaid_epoch());
        let Some(shown) = shown.into_iter().max_by_key(|shown| losses.rank(shown.epoch)) else { return Ok(()) };
        let range = KeyRange::prefix(CLAIMS);
        let mut room = CLAIMS_MAX.saturating_sub(self.scan(Table::Meta, &range, CLAIMS_MAX)?.len());
        let before = returned.claims.unwrap_or(0);
        let mut claims = before;
        for held in lacking {
            let was_lost = |number: &u64| losses.of(shown.epoch, *number).is_some();
            let Some(number) = held.receipt.filter(was_lost) else { continue };
            let (key, number) = (claim_key(held.document), number.min(shown.number));
            let known: Option<Claim> = self.read(Table::Meta, &key)?;
            let is_new = known.is_none();
            if is_new && (room == 0 || claims >= CLAIMS_OF_DEVICE_MAX) {
                continue;
            }
            let claim = Claim { number, heads: held.heads.clone(), device, epoch: Some(shown.epoch) };
            let joined = match known {
                Some(known) => known.joined(claim, &losses),
                None => Some(claim),
            };
            let Some(claim) = joined else { continue };
            room = room.saturating_sub(usize::from(is_new));
            claims = claims.saturating_add(u64::from(is_new));
            self.write(Table::Meta, key, &claim);
            self.claims_changed();
        }
        if claims > before {
            returned.claims = Some(claims);
            self.write(Table::Meta, row, &returned);
        }
        Ok(())
    }

    /// An order has changed: what a device had said to hold of it may be here now.
    pub(crate) fn close_claim(
        &mut self,
        document: DocumentId,
        mut has: impl FnMut(&ChangeHash) -> bool,
    ) -> Result<(), CommitError> {
        if !self.has_claims()? {
            return Ok(());
        }
        let key = claim_key(document);
        let claim: Option<Claim> = self.read(Table::Meta, &key)?;
        if claim.is_some_and(|claim| claim.heads.iter().all(&mut has)) {
            self.remove(Table::Meta, key);
            self.claims_changed();
        }
        Ok(())
    }
}

fn claim_key(document: DocumentId) -> Vec<u8> {
    key(CLAIMS, &document.0)
}
