//! One-time things on the device: numbers of receipts from its own blocks, codes that were read out on it.
//!
//! Invariant: a number is given out once. What was given out last lies in the platform's key store, outside backups,
//! so that a restored device goes on behind it; a crash on the way loses a number and never gives one twice.

use docket_sync_core::facts::values::ApprovalWay;
use docket_sync_core::facts::{Block, FactBody, Ledger, receipt_number};
use docket_sync_core::ids::PersonId;
use docket_sync_core::proof::ApprovalCode;
use docket_sync_core::reference::{ApprovalCodes, Reference, codes_record, numbers_record};
use minicbor::{Decode, Encode};

use super::stored::{DeviceState, from_bytes, to_bytes};
use super::{DeviceReplica, ReplicaError, Work};
use crate::platform::SecretName;
use crate::store::DeviceStore;

/// A number that was given out and that no fact names yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct OpenNumber {
    #[n(0)]
    pub(crate) ledger: Ledger,
    #[n(1)]
    pub(crate) number: u64,
}

/// A code of an approver that was used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct SpentCode {
    #[n(0)]
    pub(crate) approver: PersonId,
    #[n(1)]
    pub(crate) number: u32,
}

/// The last numbers that were given out, as the key store has them.
#[derive(Debug, Clone, Copy, Default, Encode, Decode)]
#[cbor(array)]
struct LastGiven {
    #[n(0)]
    custody: u64,
    #[n(1)]
    cash: u64,
}

impl LastGiven {
    fn of(&mut self, ledger: Ledger) -> &mut u64 {
        match ledger {
            Ledger::Custody => &mut self.custody,
            Ledger::Cash => &mut self.cash,
        }
    }
}

/// How a device stands with the numbers of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// The ledger.
    pub ledger: Ledger,
    /// The next number, as it is printed.
    pub next: Option<String>,
    /// How many are left.
    pub left: u64,
    /// Given out, and named by no fact: they are used, or declared void.
    pub open: Vec<String>,
}

/// What a code that somebody read out is worth here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// The approver's code of this number, not used here.
    Good(u32),
    /// Used on this device before.
    Used,
    /// None of his.
    Wrong,
    /// His list is not on this device.
    NoList,
}

impl<S: DeviceStore> DeviceReplica<S> {
    /// How this device stands with the numbers of a ledger.
    ///
    /// # Errors
    /// When store or platform fail.
    pub fn numbers(&self, ledger: Ledger) -> Result<Numbers, ReplicaError> {
        let last = *self.last_given()?.of(ledger);
        let blocks = self.blocks(ledger)?;
        let left = blocks.iter().map(|block| block.last.saturating_add(1).saturating_sub(block.first.max(last + 1)));
        let left = left.fold(0, u64::saturating_add);
        let open = self.state.open_numbers(ledger).map(|number| ledger.printed(number)).collect();
        Ok(Numbers { ledger, next: next_of(&blocks, last).map(|number| ledger.printed(number)), left, open })
    }

    /// Gives out the next number of a ledger, for good; `None` when none is left.
    ///
    /// # Errors
    /// When store or platform fail: the number may be lost then, and is not given again.
    pub fn take_number(&mut self, ledger: Ledger) -> Result<Option<String>, ReplicaError> {
        self.guarded(|this| {
            let mut given = this.last_given()?;
            let Some(number) = next_of(&this.blocks(ledger)?, *given.of(ledger)) else { return Ok(None) };
            let open = this.state.open_numbers.get_or_insert_default();
            if !open.iter().any(|known| known.ledger == ledger && known.number == number) {
                open.push(OpenNumber { ledger, number });
            }
            this.commit(Work::default())?;
            *given.of(ledger) = number;
            this.platform.keys.put(SecretName::Numbers, &to_bytes(&given))?;
            Ok(Some(ledger.printed(number)))
        })
    }

    /// Whether a number was given out here and no fact names it yet.
    #[must_use]
    pub fn is_open_number(&self, ledger: Ledger, printed: &str) -> bool {
        ledger.read(printed).is_some_and(|number| self.state.open_numbers(ledger).any(|open| open == number))
    }

    /// What a code is worth that somebody read out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_code(&self, approver: PersonId, code: &ApprovalCode) -> Result<CodeCheck, ReplicaError> {
        let list = codes_record(approver);
        let record = self.reference(list)?.filter(|record| !record.deleted).map(|record| record.content);
        let Some(Reference::ApprovalCodes(ApprovalCodes { first, hashes, .. })) = record else {
            return Ok(CodeCheck::NoList);
        };
        let found = (first..).zip(&hashes).find(|(number, hash)| code.hash(list, *number) == **hash);
        let Some((number, _)) = found else { return Ok(CodeCheck::Wrong) };
        let spent = self.state.spent_codes.iter().flatten();
        let used = spent.into_iter().any(|spent| spent.approver == approver && spent.number == number);
        Ok(if used { CodeCheck::Used } else { CodeCheck::Good(number) })
    }

    /// The next number after the last one given out, without taking it.
    pub(crate) fn peek_number(&self, ledger: Ledger) -> Result<Option<String>, ReplicaError> {
        Ok(self.numbers(ledger)?.next)
    }

    /// A fact uses up what it names, in the batch that states it.
    pub(super) fn use_up(&mut self, body: &FactBody) {
        if let Some((ledger, printed)) = receipt_number(body) {
            let number = ledger.read(printed);
            if let Some(open) = &mut self.state.open_numbers {
                open.retain(|known| known.ledger != ledger || Some(known.number) != number);
            }
        }
        let by_code = body.word().filter(|word| word.way == ApprovalWay::Code);
        if let Some((approver, number)) = by_code.and_then(|word| word.approver.zip(word.code)) {
            let spent = self.state.spent_codes.get_or_insert_default();
            if spent.len() >= docket_sync_core::limits::LIST_MAX {
                spent.remove(0);
            }
            spent.push(SpentCode { approver, number });
        }
    }

    fn blocks(&self, ledger: Ledger) -> Result<Vec<Block>, ReplicaError> {
        let record = self.reference(numbers_record(self.identity.device))?.filter(|record| !record.deleted);
        let Some(Reference::NumberBlocks(numbers)) = record.map(|record| record.content) else {
            return Ok(Vec::new());
        };
        let mut blocks: Vec<Block> = numbers.blocks.into_iter().filter(|block| block.ledger == ledger).collect();
        blocks.sort_unstable();
        Ok(blocks)
    }

    fn last_given(&self) -> Result<LastGiven, ReplicaError> {
        match self.platform.keys.get(SecretName::Numbers)? {
            Some(bytes) => Ok(from_bytes("numbers", &bytes)?),
            None => Ok(LastGiven::default()),
        }
    }
}

impl DeviceState {
    fn open_numbers(&self, ledger: Ledger) -> impl Iterator<Item = u64> + '_ {
        let open = self.open_numbers.iter().flatten();
        open.filter(move |open| open.ledger == ledger).map(|open| open.number)
    }
}

fn next_of(blocks: &[Block], last: u64) -> Option<u64> {
    let next = last.saturating_add(1);
    blocks.iter().find(|block| block.last >= next).map(|block| block.first.max(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_in_the_next_block_and_end_with_the_last() {
        let block = |first, last| Block { ledger: Ledger::Cash, first, last };
        let blocks = [block(1, 3), block(11, 12)];
        let next: Vec<Option<u64>> = [0, 2, 3, 11, 12].map(|last| next_of(&blocks, last)).into();
        assert_eq!(next, [Some(1), Some(3), Some(11), Some(12), None]);
        assert_eq!(next_of(&[], 0), None);
    }
}
