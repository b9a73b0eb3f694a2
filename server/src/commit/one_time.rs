//! One-time things that devices use without asking: codes of approvers (U-21), numbers of receipts (lifecycle 4.8).
//!
//! The office gives them in advance; the first fact that arrives uses one up, and this is where that is known. What
//! was given stays known when newer ones are given: facts may be long on their way.

use std::collections::BTreeSet;

use docket_sync_core::facts::{Block, Fact, FactBody, Ledger};
use docket_sync_core::ids::{DeviceId, Digest, DocumentId, PersonId};
use docket_sync_core::limits;
use docket_sync_core::proof::ApprovalCode;
use docket_sync_core::reference::{
    ApprovalCodes, NumberBlocks, Reference, ReferenceRecord, codes_record, numbers_record,
};
use docket_sync_core::sync::gate::{KnownCode, OneTime};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

use super::error::CommitError;
use super::keys;
use super::tables::Tables;
use super::writer::Writer;
use crate::feed::devices::DeviceRecord;
use crate::store::{KeyRange, Table};

/// Blocks that a device's record lists: the older ones are exhausted.
const BLOCKS_MAX: usize = 64;
/// Numbers ahead of a ledger at which a block without a signature is still believed: what a company gives in some days.
const UNSIGNED_AHEAD_MAX: u64 = 4 * limits::BLOCK_NUMBERS_MAX;

/// What is kept of one code for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct CodeRecord {
    #[n(0)]
    hash: Digest,
    #[n(1)]
    until: UnixMillis,
}

/// Codes as they are shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCodes {
    /// Number and code.
    pub codes: Vec<(u32, ApprovalCode)>,
    /// Last moment at which an approval by one of them may be stated.
    pub until: UnixMillis,
}

impl Writer {
    /// Gives an approver new one-time codes in place of those that he has; devices get their hashes.
    ///
    /// # Errors
    /// When he may not approve, the number of codes is out of range, or the store fails.
    pub fn issue_codes(
        &mut self,
        approver: PersonId,
        count: u32,
        until: UnixMillis,
    ) -> Result<IssuedCodes, CommitError> {
        let roles = self.roles(approver)?;
        let approvers = docket_sync_core::facts::FactKind::Approve.right().roles;
        let may = |role: &&docket_sync_core::facts::Role| **role != docket_sync_core::facts::Role::Technician;
        if !roles.iter().filter(may).any(|role| approvers.contains(role)) {
            let problem = "only who may approve something has codes for it".to_owned();
            return Err(CommitError::Invalid { field: "approver", code: "not_permitted", problem });
        }
        if count == 0 || usize::try_from(count).unwrap_or(usize::MAX) > limits::APPROVAL_CODES_MAX {
            let problem = format!("between 1 and {} codes", limits::APPROVAL_CODES_MAX);
            return Err(CommitError::Invalid { field: "count", code: "invalid_field", problem });
        }
        let list = codes_record(approver);
        let known = self.codes_of(approver)?;
        let first = known
            .as_ref()
            .map_or(1, |known| known.first.saturating_add(u32::try_from(known.hashes.len()).unwrap_or(u32::MAX)));
        if let Some(known) = known {
            self.end_codes(approver, &known)?;
        }
        let codes: Vec<(u32, ApprovalCode)> =
            (first..first.saturating_add(count)).map(|number| (number, ApprovalCode::of(self.random()))).collect();
        let hashes: Vec<Digest> = codes.iter().map(|(number, code)| code.hash(list, *number)).collect();
        for ((number, _), hash) in codes.iter().zip(&hashes) {
            self.write(Table::Index, keys::code(approver, *number), &CodeRecord { hash: *hash, until });
        }
        self.write_reference(
            list,
            ApprovalCodes { approver, first, hashes, until, signature: None }.into(),
            Some(approver),
        )?;
        Ok(IssuedCodes { codes, until })
    }

    fn codes_of(&self, approver: PersonId) -> Result<Option<ApprovalCodes>, CommitError> {
        Ok(match self.reference(codes_record(approver))?.map(|record| record.content) {
            Some(Reference::ApprovalCodes(codes)) => Some(codes),
            _ => None,
        })
    }

    /// Codes that newer ones take the place of: what was approved by them before now stands.
    fn end_codes(&mut self, approver: PersonId, codes: &ApprovalCodes) -> Result<(), CommitError> {
        let now = self.now();
        for (number, hash) in (codes.first..).zip(&codes.hashes) {
            let record = CodeRecord { hash: *hash, until: codes.until.min(now) };
            self.write(Table::Index, keys::code(approver, number), &record);
        }
        Ok(())
    }

    /// Gives a device the next `count` numbers of a ledger.
    ///
    /// # Errors
    /// When the device is not known or was revoked, the count is out of range, or the store fails.
    pub fn issue_block(
        &mut self,
        device: DeviceId,
        ledger: Ledger,
        count: u64,
        by: Option<PersonId>,
    ) -> Result<Block, CommitError> {
        let record: Option<DeviceRecord> = self.read(Table::Device, &device.0)?;
        let record = record.ok_or(CommitError::NotFound { what: "this device" })?;
        if record.revoked_at.is_some() {
            return Err(CommitError::AlreadyDone { what: "revoking this device" });
        }
        if count == 0 || count > limits::BLOCK_NUMBERS_MAX {
            let problem = format!("between 1 and {} numbers", limits::BLOCK_NUMBERS_MAX);
            return Err(CommitError::Invalid { field: "count", code: "invalid_field", problem });
        }
        let counter = keys::ledger(ledger);
        let taken: u64 = self.read(Table::Meta, &counter)?.unwrap_or(0);
        let block = Block { ledger, first: taken.saturating_add(1), last: taken.saturating_add(count) };
        self.write(Table::Meta, counter, &block.last);
        let mut blocks = self.blocks_of(device)?;
        if blocks.len() >= BLOCKS_MAX {
            blocks.remove(0);
        }
        blocks.push(block);
        self.put(Table::Index, keys::block(device, &block), Vec::new());
        self.write_reference(numbers_record(device), NumberBlocks { device, blocks, signature: None }.into(), by)?;
        Ok(block)
    }

    fn blocks_of(&self, device: DeviceId) -> Result<Vec<Block>, CommitError> {
        Ok(match self.reference(numbers_record(device))?.map(|record| record.content) {
            Some(Reference::NumberBlocks(numbers)) => numbers.blocks,
            _ => Vec::new(),
        })
    }

    /// Every block that a device ever had.
    pub(super) fn all_blocks(&self, device: DeviceId) -> Result<Vec<Block>, CommitError> {
        let mut blocks = Vec::new();
        for (key, _) in self.scan(Table::Index, &KeyRange::prefix(keys::blocks(device)), usize::MAX)? {
            blocks.extend(keys::read_block(&key));
        }
        Ok(blocks)
    }

    /// Codes that came back after the store had lost them count as given; where it has given the same number to
    /// another code meanwhile, that one is good.
    pub(crate) fn know_codes(&mut self, codes: &ApprovalCodes) -> Result<(), CommitError> {
        for (number, hash) in (codes.first..).zip(&codes.hashes) {
            let key = keys::code(codes.approver, number);
            if self.get(Table::Index, &key)?.is_none() {
                self.write(Table::Index, key, &CodeRecord { hash: *hash, until: codes.until });
            }
        }
        Ok(())
    }

    /// Blocks that came back after the store had lost them count as given: the ledger goes on behind them. Tells
    /// whether one of them was news.
    pub(crate) fn know_blocks(&mut self, device: DeviceId, given: &[Block]) -> Result<bool, CommitError> {
        let known: BTreeSet<Block> = self.all_blocks(device)?.into_iter().collect();
        let news: Vec<Block> = given.iter().copied().filter(|block| !known.contains(block)).collect();
        for block in &news {
            let counter = keys::ledger(block.ledger);
            let taken: u64 = self.read(Table::Meta, &counter)?.unwrap_or(0);
            self.write(Table::Meta, counter, &taken.max(block.last));
            self.put(Table::Index, keys::block(device, block), Vec::new());
        }
        Ok(!news.is_empty())
    }

    /// The record of a device's blocks, as one that lists `given` besides: signed, and later than either.
    pub(crate) fn list_blocks(&mut self, device: DeviceId, version: u64, given: &[Block]) -> Result<(), CommitError> {
        let id = numbers_record(device);
        let known = self.reference(id)?.map_or(0, |record| record.version);
        let mut blocks = self.blocks_of(device)?;
        blocks.extend(given.iter().filter(|block| !blocks.contains(block)).copied().collect::<Vec<_>>());
        blocks.sort_by_key(|block| (block.first, block.last));
        let from = blocks.len().saturating_sub(BLOCKS_MAX);
        blocks.drain(..from);
        let content = NumberBlocks { device, blocks, signature: None };
        let version = known.max(version).saturating_add(1);
        self.put_reference(ReferenceRecord::new(id, version, content), None)
    }

    /// Blocks that an older store gave without signing them, as a device tells of its own: those of the size in which
    /// they are given, not far ahead of the ledger and not another's. They give it numbers that nobody else has, at the
    /// worst.
    pub(crate) fn harmless_blocks(&self, told: &[Block]) -> Result<Vec<Block>, CommitError> {
        let mut given = Vec::new();
        for (key, _) in self.scan(Table::Index, &KeyRange::prefix(keys::BLOCK), usize::MAX)? {
            given.extend(keys::read_block(&key));
        }
        let mut harmless = Vec::new();
        for block in told.iter().take(BLOCKS_MAX) {
            let taken: u64 = self.read(Table::Meta, &keys::ledger(block.ledger))?.unwrap_or(0);
            let length = block.last.checked_sub(block.first).and_then(|length| length.checked_add(1));
            let is_usual = block.first > 0 && length.is_some_and(|length| length <= limits::BLOCK_NUMBERS_MAX);
            let is_near = block.first <= taken.saturating_add(UNSIGNED_AHEAD_MAX);
            let is_free = !given
                .iter()
                .any(|other| other.ledger == block.ledger && other.first <= block.last && block.first <= other.last);
            if is_usual && is_near && is_free {
                harmless.push(*block);
            }
        }
        Ok(harmless)
    }

    /// Notes what a fact that entered used up, and gives its device more numbers when half of them are gone.
    pub(super) fn note_one_time(
        &mut self,
        document: DocumentId,
        fact: &Fact,
        by: Option<DeviceId>,
    ) -> Result<(), CommitError> {
        let Some(once) = OneTime::of(fact.body()) else { return Ok(()) };
        let key = keys::one_time(&once);
        if self.get(Table::Index, &key)?.is_none() {
            self.write(Table::Index, key, &(document, fact.id.actor, fact.id.sequence));
        }
        let is_receipt = matches!(fact.body(), FactBody::TakeCustody(_) | FactBody::CollectCash(_));
        match (by, once) {
            (Some(device), OneTime::Number { ledger, number }) if is_receipt => self.refill(device, ledger, number),
            _ => Ok(()),
        }
    }

    fn refill(&mut self, device: DeviceId, ledger: Ledger, number: u64) -> Result<(), CommitError> {
        let blocks = self.blocks_of(device)?;
        let Some(last) = blocks.iter().rev().find(|block| block.ledger == ledger) else { return Ok(()) };
        let size = last.last.saturating_sub(last.first).saturating_add(1);
        let half = last.first.saturating_add(size / 2);
        if last.holds(ledger, number) && number >= half {
            match self.issue_block(device, ledger, size, None) {
                // A revoked device gets nothing more.
                Err(CommitError::AlreadyDone { .. } | CommitError::NotFound { .. }) => {}
                issued => drop(issued?),
            }
        }
        Ok(())
    }

    /// One of an approver's codes.
    pub(super) fn known_code(&self, approver: PersonId, number: u32) -> Result<Option<KnownCode>, CommitError> {
        let record: Option<CodeRecord> = self.read(Table::Index, &keys::code(approver, number))?;
        Ok(record.map(|record| KnownCode { hash: record.hash, until: record.until }))
    }
}
