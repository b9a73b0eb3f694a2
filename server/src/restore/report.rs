//! The report of a healing: what came back, by which device, and what nobody has returned yet. It is live: every
//! device that comes back changes it.

use std::collections::BTreeSet;

use docket_sync_core::ids::{ChangeHash, DeviceId, DocumentId};
use docket_sync_core::time::UnixMillis;

use super::claims::Claim;
use super::losses::{Losses, Restored};
use super::returned::{Returned, Shown};
use super::waiting::{Waiting, list_waiting};
use super::{CLAIMS, RETURNED, key};
use crate::commit::meta::ChangeEntry;
use crate::commit::{CommitError, Tables};
use crate::feed::devices::first_nonce;
use crate::office::Office;
use crate::store::{Entry, KeyRange, Store, Table, record};

/// Devices in a report.
const DEVICES_MAX: usize = 20_000;
/// Rows looked at while commits wait: the report of a large company lets them through between two pages.
const PAGE: usize = 256;
/// Documents in a report whose facts nobody returned; beyond it only their number is told.
const GAPS_MAX: usize = 1_000;

/// What is known of a loss and its healing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealingReport {
    /// The last loss; `None` for a store that never lost anything.
    pub loss: Option<Restored>,
    /// Greatest number that a device has seen of the log that the last loss cut off.
    pub seen_to: Option<u64>,
    /// The losses before that one, the first at the top, each with the greatest number that a device has seen of the log
    /// that it cut off: a device that was away since may still bring something of it.
    pub earlier: Vec<(Restored, Option<u64>)>,
    /// Every device that the store knows.
    pub devices: Vec<DeviceHealing>,
    /// Devices that wait to be confirmed.
    pub waiting: Vec<(DeviceId, Waiting)>,
    /// Documents of which a device had seen more than anybody has returned, by number; at most 1,000.
    pub gaps: Vec<Gap>,
    /// How many there are.
    pub gaps_total: usize,
}

/// One device and the loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceHealing {
    /// The device.
    pub device: DeviceId,
    /// Whether it has had contact since.
    pub is_back: bool,
    /// How far it had seen the last log that it knew of those that were lost, as its receipts show.
    pub seen_to: Option<u64>,
    /// What it gave back.
    pub returned: Returned,
}

/// What somebody has seen and nobody has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The document.
    pub document: DocumentId,
    /// The log number up to which a device had seen it.
    pub number: u64,
    /// When the loss was that took it; several losses may have taken the same number.
    pub lost_at: Option<UnixMillis>,
    /// That device.
    pub device: DeviceId,
}

impl HealingReport {
    /// Numbers of the log that devices have seen and the store lost: the first and the last.
    #[must_use]
    pub fn lost(&self) -> Option<(u64, u64)> {
        let until = self.loss.as_ref()?.until_number;
        self.seen_to.filter(|to| *to > until).map(|to| (until.saturating_add(1), to))
    }

    /// Facts that came back under the store's own receipts.
    #[must_use]
    pub fn known_again(&self) -> u64 {
        self.devices.iter().fold(0, |sum, device| sum.saturating_add(device.returned.known))
    }

    /// Facts that came under envelopes of devices.
    #[must_use]
    pub fn brought(&self) -> u64 {
        self.devices.iter().fold(0, |sum, device| sum.saturating_add(device.returned.brought))
    }

    /// Numbers that devices had seen and that nothing returned accounts for: decisions of the office, envelopes,
    /// reference records, and facts that no device has brought yet.
    #[must_use]
    pub fn unaccounted(&self) -> u64 {
        let back = self.known_again();
        self.lost().map_or(0, |(from, to)| to.saturating_sub(from).saturating_add(1).saturating_sub(back))
    }
}

/// The report as of now, read page by page: commits go on between them.
///
/// # Errors
/// When the store fails or holds damage.
pub fn healing_report(office: &Office) -> Result<HealingReport, CommitError> {
    let (losses, waiting) = {
        let _durable = office.hub.read();
        (Losses::read(office.store.as_ref())?, list_waiting(office.store.as_ref())?)
    };
    let mut seen = Seen { to: vec![None; losses.0.len()], losses: &losses };
    let mut devices = Vec::new();
    in_pages(office, Table::Device, KeyRange::all(), |row, _| {
        if row.len() == DeviceId::LENGTH && devices.len() < DEVICES_MAX {
            let device = DeviceId::from_slice(row);
            devices.extend(device.map(|device| healing_of(office, device, &mut seen)).transpose()?);
        }
        Ok(())
    })?;
    let mut gaps = Vec::new();
    in_pages(office, Table::Meta, KeyRange::prefix(CLAIMS), |row, value| {
        let Some(document) = row.get(CLAIMS.len()..).and_then(DocumentId::from_slice) else { return Ok(()) };
        let Claim { number, heads, device, epoch } = record::decode("claim", value)?;
        if !has_all(office.store.as_ref(), document, &heads)? {
            let shown = epoch.or(losses.unsaid_epoch()).map(|epoch| Shown { epoch, number });
            let lost_at = shown.and_then(|shown| seen.note(shown)).map(|loss| loss.at);
            gaps.push(Gap { document, number, lost_at, device });
        }
        Ok(())
    })?;
    gaps.sort_by_key(|gap| (gap.lost_at, gap.number, gap.document));
    let gaps_total = gaps.len();
    gaps.truncate(GAPS_MAX);
    let mut earlier: Vec<(Restored, Option<u64>)> = losses.0.iter().cloned().zip(seen.to).collect();
    let (loss, seen_to) = earlier.pop().map_or((None, None), |(loss, seen_to)| (Some(loss), seen_to));
    Ok(HealingReport { loss, seen_to, earlier, devices, waiting, gaps, gaps_total })
}

/// How far devices had seen the log that each loss cut off.
struct Seen<'a> {
    losses: &'a Losses,
    to: Vec<Option<u64>>,
}

impl Seen<'_> {
    /// Notes it with the loss that it speaks of, if there is one.
    fn note(&mut self, shown: Shown) -> Option<&Restored> {
        let place = self.losses.of(shown.epoch, shown.number)?;
        let to = self.to.get_mut(place)?;
        *to = (*to).max(Some(shown.number));
        self.losses.0.get(place)
    }
}

/// Calls `each` for every row of a range; what is not durable yet is not seen, and nobody waits for more than a page.
fn in_pages(
    office: &Office,
    table: Table,
    mut range: KeyRange,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), CommitError>,
) -> Result<(), CommitError> {
    loop {
        let _durable = office.hub.read();
        let page: Vec<Entry> = Tables::scan(office.store.as_ref(), table, &range, PAGE)?;
        for (row, value) in &page {
            each(row, value)?;
        }
        match page.into_iter().next_back() {
            Some((last, _)) => range = range.continued_after(last),
            None => return Ok(()),
        }
    }
}

fn healing_of(office: &Office, device: DeviceId, seen: &mut Seen<'_>) -> Result<DeviceHealing, CommitError> {
    let store = office.store.as_ref();
    let contact = office.contacts.get(store, device, first_nonce(&office.identity, device))?;
    let returned: Option<Returned> = store.read(Table::Meta, &key(RETURNED, &device.0))?;
    let returned = returned.unwrap_or_default();
    let since = seen.losses.0.last().map(|loss| loss.at);
    let is_back = since.is_some_and(|since| contact.last_sync_at.is_some_and(|at| at >= since));
    // What it says of itself counts for nothing here; a receipt is the store's.
    let mut shown = returned.shown(seen.losses.unsaid_epoch());
    shown.retain(|shown| seen.note(*shown).is_some());
    let last = shown.into_iter().max_by_key(|shown| seen.losses.rank(shown.epoch));
    Ok(DeviceHealing { device, is_back, seen_to: last.map(|shown| shown.number), returned })
}

/// Whether the store has each of these changes of a document, as a head or before one.
fn has_all(store: &dyn Store, document: DocumentId, heads: &[ChangeHash]) -> Result<bool, CommitError> {
    let Some(meta) = store.meta(document)? else { return Ok(heads.is_empty()) };
    let mut lacking: BTreeSet<ChangeHash> = heads.iter().copied().collect();
    for end in meta.chains.values() {
        lacking.remove(&end.hash);
    }
    if lacking.is_empty() {
        return Ok(true);
    }
    for (_, value) in Tables::scan(store, Table::Change, &KeyRange::prefix(document.0), usize::MAX)? {
        lacking.remove(&record::decode::<ChangeEntry>("change", &value)?.hash);
    }
    Ok(lacking.is_empty())
}
