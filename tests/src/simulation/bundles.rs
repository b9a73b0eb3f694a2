//! Orders handed from phone to phone where no network is (U-08). What was handed over is shown, relayed, and goes again
//! when the office has it: every other check sees to that.

use docket_client::replica::{ReplicaError, Share};
use docket_sync_core::bundle::BundleError;
use docket_sync_core::ids::DocumentId;

use super::company::Company;
use super::phone::IsCrash;
use crate::random::Random;
use crate::world::Trouble;

impl Company {
    /// A technician hands an order, or all that are not over, to another, who may take it twice.
    pub(super) fn hand_over(&mut self, index: usize, random: &mut Random) -> Result<(), Trouble> {
        let others = self.phones.len().saturating_sub(1);
        let other = self.number(index.saturating_add(1).saturating_add(random.position(others)));
        let share = if random.chance(1, 2) { Share::Whole } else { Share::Unsent };
        let orders = self.phone(index).orders()?;
        let one = orders.get(random.position(orders.len())).filter(|_| random.chance(1, 2));
        let named: Vec<DocumentId> = one.copied().into_iter().collect();
        let bundle = match self.phone(index).device.client.hand_over(&named, share) {
            Ok(handed) => handed.bytes,
            Err(ReplicaError::Bundle(BundleError::Empty) | ReplicaError::NoDocument(_)) => return Ok(()),
            Err(error) if error.is_crash() => return self.phone_crashed(index),
            Err(error) => return Err(error.into()),
        };
        let has_doubles = self.phones.iter().any(|phone| phone.is_doubled);
        for _ in 0..=u8::from(random.chance(1, 4)) {
            match self.phone(other).device.client.take_over(&bundle) {
                Ok(taken) => {
                    let entered = taken.orders.values().map(|order| order.entered).sum::<usize>();
                    self.coverage.bundles.0 = self.coverage.bundles.0.saturating_add(1);
                    let entered = u64::try_from(entered).unwrap_or(u64::MAX);
                    self.coverage.bundles.1 = self.coverage.bundles.1.saturating_add(entered);
                }
                // It has heard that the other phone is not trusted any more.
                Err(ReplicaError::Bundle(BundleError::Revoked)) => return Ok(()),
                // Two phones with one identity: what follows on the chain of one does not follow on the other's,
                // and a phone cannot tell that from a forgery. The giver keeps all of it.
                Err(ReplicaError::Bundle(BundleError::NoProof)) if has_doubles => return Ok(()),
                Err(error) if error.is_crash() => return self.phone_crashed(other),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
