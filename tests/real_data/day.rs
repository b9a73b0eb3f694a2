//! The excavators' maintenance log as a company's work: imported whole, then its busiest stretch worked offline.
//!
//! Orders are from the file; who is sent, what is recorded and who acts at once is made up, from a seed.

use std::collections::{BTreeMap, BTreeSet};

use docket_harness::random::Random;
use docket_harness::world::field::{labour, part};
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::Tables;
use docket_server::intake::import_orders::{Defaults, ImportedOrder, OrderFile};
use docket_server::store::{KeyRange, Table};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::FactBody;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::ReviewStatus;
use docket_sync_core::time::{HOUR, MINUTE};

use super::real_file;

/// Records of the file.
const RECORDS: usize = 3_761;
/// Days of the stretch.
const STRETCH_DAYS: i64 = 60;
/// Orders of the stretch that are worked: a day of six people in the busiest season.
const ORDERS_MAX: usize = 72;

#[tokio::test]
async fn a_real_maintenance_log_is_worked_offline_by_six_devices() -> Result<(), Trouble> {
    let Some(file) = real_file("excavator-mwo/excavators.csv") else {
        println!("not run: a day on real orders");
        return Ok(());
    };
    let bytes = std::fs::read(file)?;
    let defaults = Defaults {
        customer: Some("矿山".to_owned()),
        phone: Some("021-5550100".to_owned()),
        address: Some("一号坑".to_owned()),
        ..Defaults::default()
    };
    let read: Result<Vec<ImportedOrder>, _> = OrderFile::new(&bytes, &defaults)?.collect();
    let read = read.map_err(|error| error.to_string())?;
    assert_eq!(read.len(), RECORDS, "none is swallowed");
    let world = World::new(11).await?;
    let documents = imported(&world, &read).await?;
    assert_eq!(documents.len(), RECORDS);
    let stretch = busiest(&read);
    let orders: Vec<DocumentId> = stretch.iter().take(ORDERS_MAX).map(|index| documents[*index]).collect();
    let mut day = Day::begin(world, orders).await?;
    day.work().await?;
    day.meet().await?;
    println!(
        "{RECORDS} orders imported, {} in the busiest {STRETCH_DAYS} days, {} worked: {} facts offline by 6 devices, \
         {} by the office at once, {} pairs of authors who did not know of each other, {} reviews ({} open)",
        stretch.len(),
        day.orders.len(),
        day.offline,
        day.office,
        day.pairs,
        day.reviews,
        day.open,
    );
    assert!(day.offline > 300 && day.pairs > 20 && day.reviews > 5);
    Ok(())
}

/// Registers every record through the import's path; gives the documents in the order of the file.
async fn imported(world: &World, read: &[ImportedOrder]) -> Result<Vec<DocumentId>, Trouble> {
    let clerk = world.clerk;
    for chunk in read.chunks(200) {
        let chunk = chunk.to_vec();
        world
            .office
            .committer
            .run(move |writer| {
                chunk.into_iter().try_for_each(|order| writer.import_order(clerk, order, true).map(drop))
            })
            .await?;
    }
    let _durable = world.office.hub.read();
    let store = world.office.store.as_ref();
    let mut documents = Vec::new();
    for (key, _) in Tables::scan(store, Table::View, &KeyRange::all(), RECORDS * 2)? {
        let document = DocumentId::from_slice(&key).ok_or("a key of 16 bytes")?;
        let facts = store.facts_after(document, 0)?;
        let (number, first) = facts.first().ok_or("a first fact")?;
        let stated = docket_sync_core::facts::StatedFact::from_bytes(&first.bytes)?;
        let FactBody::RegisterCall(call) = stated.content.body else { return Err("a call first".into()) };
        documents.push((*number, document, call.problem));
    }
    documents.sort_unstable_by_key(|(number, ..)| *number);
    for ((_, _, problem), order) in documents.iter().zip(read) {
        assert_eq!(*problem, order.problem, "line {} reads as it was typed", order.line);
    }
    Ok(documents.into_iter().map(|(_, document, _)| document).collect())
}

/// Indices of the records of the busiest stretch.
fn busiest(read: &[ImportedOrder]) -> Vec<usize> {
    let Some(epoch) = read.iter().filter_map(|order| order.date).min() else { return Vec::new() };
    let day = |order: &ImportedOrder| order.date.map(|date| date.signed_duration_since(epoch).num_days());
    let days: Vec<(i64, usize)> =
        read.iter().enumerate().filter_map(|(index, order)| Some((day(order)?, index))).collect();
    let mut starts: BTreeMap<i64, usize> = BTreeMap::new();
    for start in days.iter().map(|(day, _)| *day).collect::<BTreeSet<_>>() {
        starts.insert(start, days.iter().filter(|(day, _)| (start..start + STRETCH_DAYS).contains(day)).count());
    }
    let start = starts.iter().max_by_key(|(_, count)| **count).map_or(0, |(start, _)| *start);
    days.iter().filter(|(day, _)| (start..start + STRETCH_DAYS).contains(day)).map(|(_, index)| *index).collect()
}

struct Day {
    world: World,
    random: Random,
    orders: Vec<DocumentId>,
    /// Five technicians; the sixth device is the first one's tablet.
    devices: Vec<Device>,
    offline: usize,
    office: usize,
    pairs: usize,
    reviews: usize,
    open: usize,
}

impl Day {
    async fn begin(world: World, orders: Vec<DocumentId>) -> Result<Self, Trouble> {
        let mut devices = Vec::new();
        for name in ["李师傅", "张师傅", "赵师傅", "钱师傅", "孙师傅"] {
            devices.push(world.technician(name).await?);
        }
        devices.push(world.enrol(devices[0].person).await?);
        for (order, turn) in orders.iter().zip(0..) {
            world.assign(*order, devices[turn % 5].person).await?;
        }
        let random = Random::from_seed(11);
        let mut day = Self { world, random, orders, devices, offline: 0, office: 0, pairs: 0, reviews: 0, open: 0 };
        day.world.settle(&mut day.devices.iter_mut().collect::<Vec<_>>()).await?;
        Ok(day)
    }

    /// Everybody works without a signal; the office goes on with the pages of the morning.
    async fn work(&mut self) -> Result<(), Trouble> {
        for (turn, order) in self.orders.clone().into_iter().enumerate() {
            let page = self.world.frontier(order).await?;
            let device = turn % 5;
            self.visit(device, order, turn)?;
            if device == 0 {
                // His tablet notes something too, without knowing of the phone.
                let text = "照片稍后上传".to_owned();
                self.devices[5].act(order, &Command::Note { text })?;
                self.offline += 1;
            }
            let other = self.devices[(device + 1) % 5].person;
            let command = match turn % 6 {
                0 => Command::Cancel { reason: "停机计划改期".to_owned() },
                3 => docket_sync_core::commands::Command::Assign {
                    technician: other,
                    skipped: Vec::new(),
                    turn: None,
                    reason: Some("更近".to_owned()),
                    skill: docket_sync_core::commands::SkillMatch::Fits,
                },
                5 => Command::Note { text: "矿方催促".to_owned() },
                _ => continue,
            };
            // The office's clock is with the devices: the day passes for both.
            self.world.act_on(self.world.clerk, order, &page, command).await?;
            self.office += 1;
        }
        Ok(())
    }

    fn visit(&mut self, device: usize, order: DocumentId, turn: usize) -> Result<(), Trouble> {
        let before = self.devices[device].client.replica().journal().count();
        let done = turn % 4 != 1;
        let visit = self.devices[device].begin(order)?;
        self.devices[device].record(order, visit, labour())?;
        for _ in 0..self.random.below(3) {
            let cost = self.random.between(500, 90_000);
            self.devices[device].record(order, visit, part("GET", 1_000, cost))?;
        }
        if done {
            self.devices[device].done(order, visit)?;
            if turn % 3 != 2 {
                self.devices[device].sign(order)?;
            }
        }
        self.offline += self.devices[device].client.replica().journal().count() - before;
        Ok(())
    }

    /// In the evening all come back, in random order, some renewed; then all have the same.
    async fn meet(&mut self) -> Result<(), Trouble> {
        let longest = i64::try_from(self.offline)?;
        self.world.pass(longest * 2 * MINUTE + HOUR);
        let mut order: Vec<usize> = (0..self.devices.len()).collect();
        self.random.shuffle(&mut order);
        for (index, device) in order.into_iter().enumerate() {
            if index % 3 == 1 {
                self.devices[device].lose_incarnation()?;
            }
            self.world.sync(&mut self.devices[device]).await?;
        }
        self.world.settle(&mut self.devices.iter_mut().collect::<Vec<_>>()).await?;
        for order in &self.orders {
            let view = self.world.view(*order).await?;
            for device in &self.devices {
                if device.client.list()?.iter().any(|(listed, _)| listed == order) {
                    assert_eq!(device.show(*order)?.view, *view);
                }
            }
            self.reviews += view.reviews.len();
            self.open += view.reviews.iter().filter(|review| review.status == ReviewStatus::Open).count();
            self.pairs += concurrent_pairs(&self.devices, *order)?;
        }
        for device in &self.devices {
            let status = device.client.status();
            assert_eq!((status.pending, status.refused.len(), status.differences), (None, 0, 0));
        }
        Ok(())
    }
}

/// Pairs of authors of an order of whom one stated a fact that another did not know, and the other way round.
fn concurrent_pairs(devices: &[Device], order: DocumentId) -> Result<usize, Trouble> {
    for device in devices {
        if device.client.list()?.iter().any(|(listed, _)| *listed == order) {
            let facts = device.show(order)?.facts;
            let causality = docket_sync_core::lifecycle::Causality::new(&facts);
            let mut pairs = BTreeSet::new();
            for one in causality.nodes() {
                for other in causality.nodes().iter().filter(|other| other.place() > one.place()) {
                    if causality.concurrent(*one, *other) {
                        pairs.insert((one.id().actor, other.id().actor));
                    }
                }
            }
            return Ok(pairs.len());
        }
    }
    Ok(0)
}
