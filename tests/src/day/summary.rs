//! What became of the day: counts, and the checks that everything arrived and verifies.

use std::collections::BTreeMap;
use std::sync::Arc;

use docket_server::commit::{Tables, Writer};
use docket_server::feed::devices::list_devices;
use docket_server::store::Table;
use docket_sync_core::facts::{Author, FactBody};
use docket_sync_core::ids::{DocumentId, KeyId, PersonId};
use docket_sync_core::lifecycle::view::{OrderState, OrderView, ReviewStatus, VoucherFacet};
use docket_sync_core::lifecycle::{Causality, FactSet};
use docket_sync_core::voucher::copy::{CustomerCopy, verify_copy};
use docket_sync_core::voucher::{SignedFact, verify_sign};
use serde::Serialize;

use super::device::SyncCounts;
use super::technician::Technician;
use super::{Day, Trouble};
use crate::proxy::Counts;

/// Devices of a company, at most.
const DEVICES_MAX: usize = 10_000;

/// How things stand at a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Minute of the day.
    pub minute: i64,
    /// Orders by state's code.
    pub orders: BTreeMap<&'static str, usize>,
    /// Devices without a signal.
    pub without_signal: usize,
    /// All devices.
    pub devices: usize,
    /// Facts that exist on a device only.
    pub waiting: u64,
    /// What the syncs came to.
    pub syncs: SyncCounts,
}

impl Status {
    pub(super) async fn of(day: &Day) -> Result<Self, Trouble> {
        let minute = day.minute;
        let waiting =
            |technician: &Technician| technician.device.client.status().pending.map_or(0, |pending| pending.count);
        Ok(Self {
            minute,
            orders: by_state(&views(day).await?),
            without_signal: day.technicians.iter().filter(|technician| !technician.has_signal(minute)).count(),
            devices: day.technicians.len(),
            waiting: day.technicians.iter().map(waiting).sum(),
            syncs: all_syncs(day),
        })
    }

    /// Orders in these states.
    #[must_use]
    pub fn in_states(&self, states: &[OrderState]) -> usize {
        states.iter().filter_map(|state| self.orders.get(state.code())).sum()
    }
}

/// What became of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Minutes that were played.
    pub minutes: i64,
    /// Acts of people.
    pub acts: usize,
    /// Orders by state's code.
    pub orders: BTreeMap<&'static str, usize>,
    /// Facts of all orders.
    pub facts: usize,
    /// Facts made while there was no signal.
    pub facts_offline: u64,
    /// Facts of people that some other person's fact did not know of, nor the other way round.
    pub facts_concurrent: usize,
    /// Named pairs of concurrent facts that decided something at some time of the day: pair and number of orders.
    pub pairs: BTreeMap<&'static str, usize>,
    /// Reviews that were raised during the day, by kind's code.
    pub reviews: BTreeMap<&'static str, usize>,
    /// Reviews that still wait for a decision.
    pub reviews_open: usize,
    /// Vouchers back at the office.
    pub vouchers_returned: usize,
    /// Signatures, and those that verified.
    pub signatures: usize,
    /// Those of them that verified.
    pub signatures_verified: usize,
    /// Devices.
    pub devices: usize,
    /// Devices whose digest is the server's and whose orders look as the server's.
    pub devices_equal: usize,
    /// Devices whose digest differed at any time of the day.
    pub digests_differed: u64,
    /// Facts that the server did not accept, with the reason's code.
    pub refused: BTreeMap<String, usize>,
    /// Facts that never arrived.
    pub facts_unsent: u64,
    /// What the syncs came to.
    pub syncs: SyncCounts,
    /// Bytes through the proxies, TLS included.
    pub bytes: Bytes,
    /// The register at the end.
    pub register: Vec<RegisterRow>,
    /// A customer's copy as `docket verify` reads it, of the last signature.
    #[serde(skip)]
    pub copy: Option<Vec<u8>>,
    /// Sentences about what failed; empty when all is well.
    pub failures: Vec<String>,
}

/// One order at the end of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterRow {
    /// Its serial.
    pub serial: String,
    /// Its state's code.
    pub state: &'static str,
    /// Login of the technician to whom it is assigned.
    pub technician: Option<String>,
    /// Number of its facts.
    pub facts: usize,
}

/// Bytes that devices moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// From devices.
    pub up: u64,
    /// To devices.
    pub down: u64,
}

impl Summary {
    pub(super) async fn of(day: &Day) -> Result<Self, Trouble> {
        let views = views(day).await?;
        let mut summary = Self {
            minutes: day.minute,
            acts: day.acts.len(),
            orders: by_state(&views),
            facts: views.iter().map(|(_, view)| view.facts).sum(),
            facts_offline: day.technicians.iter().map(|technician| technician.offline_facts).sum(),
            facts_concurrent: 0,
            pairs: BTreeMap::new(),
            reviews: BTreeMap::new(),
            reviews_open: 0,
            register: register(day, &views),
            vouchers_returned: views.iter().filter(|(_, view)| view.voucher == VoucherFacet::Returned).count(),
            signatures: 0,
            signatures_verified: 0,
            devices: day.technicians.len(),
            devices_equal: 0,
            digests_differed: 0,
            refused: BTreeMap::new(),
            facts_unsent: 0,
            syncs: all_syncs(day),
            bytes: bytes(day),
            copy: None,
            failures: Vec::new(),
        };
        day.desk.pairs.iter().for_each(|(_, pair)| count(&mut summary.pairs, *pair));
        day.desk.reviews.values().for_each(|(kind, _)| count(&mut summary.reviews, kind.code()));
        for (_, view) in &views {
            let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
            summary.reviews_open = summary.reviews_open.saturating_add(open.count());
        }
        summary.look_at_facts(day, &views)?;
        summary.compare_devices(day, &views)?;
        Ok(summary)
    }

    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// Counts what was concurrent and verifies every signature from what the server holds.
    fn look_at_facts(&mut self, day: &Day, views: &[(DocumentId, Arc<OrderView>)]) -> Result<(), Trouble> {
        let office = &day.setting.office;
        let _durable = office.hub.read();
        let store = office.store.as_ref();
        let devices = list_devices(store, DEVICES_MAX)?;
        for (document, _) in views {
            let facts = facts(store, *document)?;
            let mut set = FactSet::new(*document);
            set.extend(facts);
            let causality = Causality::new(&set);
            let people = || causality.nodes().iter().filter(|node| is_person(&node.fact.author));
            let unaware = people().filter(|one| {
                people().any(|other| one.fact.author != other.fact.author && causality.concurrent(**one, *other))
            });
            self.facts_concurrent = self.facts_concurrent.saturating_add(unaware.count());
            for fact in set.iter() {
                let FactBody::SignDocument(body) = fact.body() else { continue };
                self.signatures = self.signatures.saturating_add(1);
                let proof = Tables::get(store, Table::Blob, &body.proof.0)?;
                let device = devices.iter().map(|(device, _)| device).find(|device| KeyId::of(&device.key) == body.key);
                let (Some(proof), Some(device)) = (proof, device) else {
                    self.failures.push(format!("order {document}: a signature without its proof or its device"));
                    continue;
                };
                let signed = SignedFact { document: *document, claimed: fact.claimed(), device: device.device, body };
                match verify_sign(&signed, &proof, &device.key) {
                    Ok(_) => self.signatures_verified = self.signatures_verified.saturating_add(1),
                    Err(mismatch) => self.failures.push(format!("order {document}: a signature fails: {mismatch}")),
                }
                let copy = CustomerCopy {
                    document: *document,
                    claimed: fact.claimed(),
                    device: device.device,
                    body: body.clone(),
                    proof,
                    certificate: device.certificate.clone(),
                };
                self.copy = Some(copy.to_bytes());
            }
        }
        let fingerprint = Some(office.keys.fingerprint());
        if self.copy.as_ref().is_some_and(|copy| !verify_copy(copy, fingerprint).passed()) {
            self.failures.push("a customer's copy does not verify".to_owned());
        }
        Ok(())
    }

    /// Every device has what the server has, by digest and to look at.
    fn compare_devices(&mut self, day: &Day, views: &[(DocumentId, Arc<OrderView>)]) -> Result<(), Trouble> {
        let by_id: BTreeMap<DocumentId, &OrderView> = views.iter().map(|(id, view)| (*id, view.as_ref())).collect();
        for technician in &day.technicians {
            let client = &technician.device.client;
            let status = client.status();
            let unsent = status.pending.map_or(0, |pending| pending.count);
            self.facts_unsent = self.facts_unsent.saturating_add(unsent);
            self.digests_differed = self.digests_differed.saturating_add(status.differences);
            for (_, _, code) in &status.refused {
                count(&mut self.refused, code.to_string());
            }
            let mut differs = Vec::new();
            for (id, row) in client.list()?.iter().filter(|(_, row)| !row.evicted) {
                let shown = client.show(*id)?;
                if by_id.get(id).is_none_or(|view| **view != shown.view) {
                    differs.push(row.serial.clone().unwrap_or_default());
                }
            }
            let login = &technician.login;
            if status.verified != Some(true) || status.differences > 0 {
                self.failures.push(format!("{login}: the device's digest is not the server's"));
            } else if !differs.is_empty() {
                self.failures.push(format!("{login}: orders look different: {}", differs.join(", ")));
            } else if unsent > 0 || !status.refused.is_empty() {
                self.failures.push(format!("{login}: {unsent} facts unsent, {} refused", status.refused.len()));
            } else {
                self.devices_equal = self.devices_equal.saturating_add(1);
            }
        }
        Ok(())
    }
}

/// The facts of an order as the log has them.
fn facts(
    store: &(dyn docket_server::store::Store + 'static),
    document: DocumentId,
) -> Result<Vec<docket_sync_core::facts::Fact>, Trouble> {
    let meta = store.meta(document)?.ok_or("an order is gone")?;
    Ok(docket_server::commit::tables::resolve(&store.document(document, &meta)?)?)
}

fn is_person(author: &Author) -> bool {
    matches!(author, Author::Person(_))
}

fn count<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    let counted = counts.entry(key).or_default();
    *counted = counted.saturating_add(1);
}

pub(super) async fn views(day: &Day) -> Result<Vec<(DocumentId, Arc<OrderView>)>, Trouble> {
    let documents: Vec<DocumentId> = day.orders().collect();
    let read = move |writer: &mut Writer| {
        documents.iter().map(|document| Ok((*document, writer.current_view(*document)?))).collect()
    };
    Ok(day.setting.office.committer.run(read).await?)
}

fn register(day: &Day, views: &[(DocumentId, Arc<OrderView>)]) -> Vec<RegisterRow> {
    let login = |person: PersonId| {
        let people = day.setting.company.people.iter();
        people.clone().find(|one| one.id == person).map(|one| one.login.clone())
    };
    let rows = day.desk.orders.iter().zip(views).map(|(order, (_, view))| RegisterRow {
        serial: order.serial.clone(),
        state: view.state.code(),
        technician: view.technician().and_then(login),
        facts: view.facts,
    });
    rows.collect()
}

fn by_state(views: &[(DocumentId, Arc<OrderView>)]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (_, view) in views {
        count(&mut counts, view.state.code());
    }
    counts
}

fn all_syncs(day: &Day) -> SyncCounts {
    let mut all = SyncCounts::default();
    for counts in day.technicians.iter().map(|technician| technician.device.counts) {
        all.syncs = all.syncs.saturating_add(counts.syncs);
        all.live = all.live.saturating_add(counts.live);
        all.cuts = all.cuts.saturating_add(counts.cuts);
        all.without_signal = all.without_signal.saturating_add(counts.without_signal);
    }
    all
}

fn bytes(day: &Day) -> Bytes {
    let mut bytes = Bytes::default();
    for Counts { up, down, .. } in day.technicians.iter().map(|technician| technician.device.proxy.counts()) {
        bytes.up = bytes.up.saturating_add(up);
        bytes.down = bytes.down.saturating_add(down);
    }
    bytes
}
