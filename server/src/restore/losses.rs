//! What a store has lost, loss by loss, and which of them a number of an older log speaks of.
//!
//! A number alone says nothing after two losses: the logs before and after a loss share their numbers up to where the
//! loss cut them, and no further. So a receipt is judged by the loss that ended its epoch, or by a later one that cut
//! deeper.

use docket_sync_core::ids::Epoch;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::{LOSSES, RESTORED, key};
use crate::commit::{CommitError, Tables, Writer};
use crate::log::LogRecord;
use crate::store::{KeyRange, Table, record};

/// Losses that are remembered one by one: more than a company has in its life. Of more, the last one counts.
const LOSSES_MAX: usize = 1_000;

/// A loss of a store, kept in it for ever.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Restored {
    /// The backup; for a loss that a device noticed, what it showed.
    #[n(0)]
    pub from: String,
    /// Last number that was kept.
    #[n(1)]
    pub until_number: u64,
    /// Time of the last record that was kept, where that is known.
    #[n(2)]
    pub until_at: Option<UnixMillis>,
    /// When it was restored, or when the loss was noticed.
    #[n(3)]
    pub at: UnixMillis,
    /// Epoch before.
    #[n(4)]
    pub epoch_before: Epoch,
    /// Epoch since; the same where nobody restored the store on purpose.
    #[n(5)]
    pub epoch: Epoch,
}

impl Restored {
    /// Whether nobody knew: the disk was rolled back, and a device showed it.
    #[must_use]
    pub fn was_unnoticed(&self) -> bool {
        self.epoch == self.epoch_before
    }
}

/// Every loss of a store, the first at the top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses(pub Vec<Restored>);

impl Losses {
    /// The losses that a store knows of.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn read(tables: &(impl Tables + ?Sized)) -> Result<Self, CommitError> {
        let mut losses: Vec<Restored> = Vec::new();
        for (_, value) in tables.scan(Table::Meta, &KeyRange::prefix(LOSSES), LOSSES_MAX)? {
            losses.push(record::decode("loss", &value)?);
        }
        // An older program kept the last one only.
        losses.extend(last_loss(tables)?.filter(|last| losses.last() != Some(last)));
        Ok(Self(losses))
    }

    /// The loss that took `number` of the log of `epoch`, as its place in the list; `None` where none did. Of an epoch
    /// that this store has never heard of, it lost all in the last one: it was restored from before it.
    #[must_use]
    pub fn of(&self, epoch: Epoch, number: u64) -> Option<usize> {
        let took = |loss: &Restored| loss.until_number < number;
        match self.0.iter().position(|loss| loss.epoch_before == epoch) {
            Some(first) => self.0.iter().skip(first).position(took).map(|place| place.saturating_add(first)),
            None if self.0.last().is_some_and(|last| last.epoch == epoch) => None,
            None => self.0.len().checked_sub(1),
        }
    }

    /// The epoch whose numbers are meant where nobody noted which: that before the last loss.
    #[must_use]
    pub(super) fn unsaid_epoch(&self) -> Option<Epoch> {
        self.0.last().map(|last| last.epoch_before)
    }

    /// Which of two epochs is the later one.
    #[must_use]
    pub(super) fn rank(&self, epoch: Epoch) -> usize {
        self.0.iter().rposition(|loss| loss.epoch == epoch).map_or(0, |place| place.saturating_add(1))
    }
}

impl Writer {
    /// Keeps a loss in the store and in the log.
    pub(super) fn keep_loss(&mut self, restored: Restored) -> Result<(), CommitError> {
        let known = Losses::read(self)?;
        // The list begins with what an older program kept.
        for (place, loss) in known.0.iter().chain([&restored]).enumerate() {
            let place = u64::try_from(place).unwrap_or(u64::MAX);
            self.write(Table::Meta, key(LOSSES, &place.to_be_bytes()), loss);
        }
        self.write(Table::Meta, RESTORED, &restored);
        let Restored { from, until_number, until_at, at, epoch_before, epoch } = restored;
        self.log(&LogRecord::Restored { from, until_number, until_at, epoch_before, epoch, at });
        Ok(())
    }
}

/// The last loss of a store, if it ever lost something.
///
/// # Errors
/// When the store fails.
pub(crate) fn last_loss(tables: &(impl Tables + ?Sized)) -> Result<Option<Restored>, CommitError> {
    tables.read(Table::Meta, RESTORED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(epoch_before: u8, epoch: u8, until_number: u64) -> Restored {
        let [epoch_before, epoch] = [epoch_before, epoch].map(|byte| Epoch([byte; 8]));
        Restored { from: String::new(), until_number, until_at: None, at: UnixMillis(0), epoch_before, epoch }
    }

    #[track_caller]
    fn check(losses: &[Restored], epoch: u8, number: u64, expected: Option<usize>) {
        assert_eq!(Losses(losses.to_vec()).of(Epoch([epoch; 8]), number), expected, "{number} of {epoch}");
    }

    #[test]
    fn a_number_is_of_the_loss_that_took_it() {
        // 1 had come to 500 and was restored to 300; 2 grew to 600 and was restored to 600; 3 goes on.
        let twice = [loss(1, 2, 300), loss(2, 3, 600)];
        check(&twice, 1, 500, Some(0));
        check(&twice, 1, 300, None);
        check(&twice, 2, 600, None);
        check(&twice, 2, 601, Some(1));
        check(&twice, 3, 900, None);
        // The second cut deeper than the first: 1 and 2 have 251 to 300 in common.
        let deeper = [loss(1, 2, 300), loss(2, 3, 250)];
        check(&deeper, 1, 280, Some(1));
        check(&deeper, 1, 301, Some(0));
        // Restored from a backup of before the first restore: 2 was never heard of.
        check(&[loss(1, 3, 200)], 2, 250, Some(0));
        // A disk that was rolled back behind a restore.
        let unnoticed = [loss(1, 2, 300), loss(2, 2, 700)];
        check(&unnoticed, 2, 850, Some(1));
        check(&unnoticed, 2, 700, None);
        check(&[loss(1, 2, 300)], 2, 850, None);
        check(&[], 1, 9, None);
    }
}
