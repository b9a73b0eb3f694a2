//! Two technicians with an order each, and a storekeeper; the books followed by hand, so that a story says when.

use std::sync::Arc;

use docket_harness::world::{Device, Trouble, World};
use docket_server::books::reactor::Bookkeeper;
use docket_server::books::records::StockBooked;
use docket_server::books::{desk, stock};
use docket_server::commit::Tables;
use docket_server::reactor::{Runner, dead_letters};
use docket_server::store::{MemoryStore, Table};
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{FindingKind, Line, VisitRef};
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::view::{OrderView, Review, ReviewKind, ReviewStatus, Rule};
use docket_sync_core::reference::{Reference, part_quota_record};
use docket_sync_core::time::{HOUR, MINUTE};

/// Li's device.
pub(super) const LI: usize = 0;
/// Zhang's device, or Li's second.
pub(super) const ZHANG: usize = 1;

/// The company.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) devices: Vec<Device>,
    /// The order of each device.
    pub(super) orders: Vec<DocumentId>,
    storekeeper: PersonId,
}

impl Stage {
    pub(super) async fn new() -> Result<Self, Trouble> {
        let world = World::new(11).await?;
        let devices = vec![world.technician("李师傅").await?, world.technician("张师傅").await?];
        Self::with(world, devices).await
    }

    /// The same with two devices of one technician.
    pub(super) async fn of_one() -> Result<Self, Trouble> {
        let world = World::new(11).await?;
        let phone = world.technician("李师傅").await?;
        let tablet = world.enrol(phone.person).await?;
        Self::with(world, vec![phone, tablet]).await
    }

    async fn with(world: World, devices: Vec<Device>) -> Result<Self, Trouble> {
        let storekeeper = world.person("仓管员", &[Role::Storekeeper]).await?;
        let mut orders = Vec::new();
        for device in &devices {
            let order = world.order("空调不制冷").await?;
            world.assign(order, device.person).await?;
            world.give_numbers(device).await?;
            orders.push(order);
        }
        let mut stage = Self { world, devices, orders, storekeeper };
        stage.settle().await?;
        stage.pass(HOUR);
        Ok(stage)
    }

    fn pass(&self, millis: i64) {
        self.world.pass_for(&self.devices.iter().collect::<Vec<_>>(), millis);
    }

    async fn settle(&mut self) -> Result<(), Trouble> {
        let mut devices: Vec<&mut Device> = self.devices.iter_mut().collect();
        self.world.settle(&mut devices).await
    }

    /// His visit has begun, offline.
    pub(super) fn begun(&mut self, device: usize) -> Result<VisitRef, Trouble> {
        self.devices[device].begin(self.orders[device])
    }

    /// He fits a part, offline.
    pub(super) fn fit(&mut self, device: usize, visit: VisitRef, line: Line) -> Result<FactId, Trouble> {
        self.devices[device].record(self.orders[device], visit, line)
    }

    /// One device comes back and the books follow.
    pub(super) async fn arrive(&mut self, device: usize) -> Result<(), Trouble> {
        self.world.sync(&mut self.devices[device]).await?;
        self.followed().await
    }

    /// The devices come back one after the other, the books follow each time; then everybody has everything.
    pub(super) async fn meet(&mut self, turn: [usize; 2]) -> Result<(), Trouble> {
        // What the devices did took them time; the office is not behind them.
        self.world.pass(HOUR + 30 * MINUTE);
        for device in turn {
            self.arrive(device).await?;
            self.world.pass(MINUTE);
        }
        self.settle().await?;
        self.followed().await?;
        self.settle().await?;
        for (device, order) in self.devices.iter().zip(&self.orders) {
            let shown = device.show(*order)?;
            assert_eq!(shown.view, *self.world.view(*order).await?, "a device shows something else than the office");
        }
        Ok(())
    }

    fn runner(&self) -> Runner {
        Runner::new(self.world.office.clone(), Arc::new(Bookkeeper))
    }

    async fn followed(&self) -> Result<(), Trouble> {
        self.runner().catch_up().await?;
        let letters = self.world.office.committer.run(|writer| dead_letters(writer, "books")).await?;
        assert_eq!(letters, [], "an order was set aside");
        Ok(())
    }

    /// The clock goes on at the office; nothing arrives.
    pub(super) async fn ticked(&self) -> Result<(), Trouble> {
        let mut runner = self.runner();
        runner.catch_up().await?;
        Ok(runner.tick().await?)
    }

    pub(super) async fn view(&self, device: usize) -> Result<OrderView, Trouble> {
        Ok(OrderView::clone(&*self.world.view(self.orders[device]).await?))
    }

    /// The storekeeper puts pieces into a van.
    pub(super) async fn moved(&self, device: usize, code: &str, pieces: i64, is_quota: bool) -> Result<(), Trouble> {
        self.book(device, code, pieces, is_quota, false).await
    }

    /// He counts a van.
    pub(super) async fn counted(&self, device: usize, code: &str, pieces: i64) -> Result<(), Trouble> {
        self.book(device, code, pieces, false, true).await
    }

    async fn book(
        &self,
        device: usize,
        code: &str,
        pieces: i64,
        is_quota: bool,
        is_count: bool,
    ) -> Result<(), Trouble> {
        let (keeper, by, at) = (self.devices[device].person, self.storekeeper, self.world.now());
        let booked = StockBooked {
            keeper,
            code: code.to_owned(),
            name: "压缩机".to_owned(),
            unit: "pcs".to_owned(),
            quantity: pieces * 1_000,
            at,
            is_quota,
            note: None,
        };
        Ok(self.world.office.committer.run(move |writer| stock::book(writer, by, booked, is_count)).await?)
    }

    /// One draws from the other's van from now on.
    pub(super) async fn shares(&self, device: usize, keeper: usize) -> Result<(), Trouble> {
        let (by, person, keeper) = (self.storekeeper, self.devices[device].person, self.devices[keeper].person);
        Ok(self.world.office.committer.run(move |writer| stock::share(writer, by, person, keeper)).await?)
    }

    /// Thousandths of a part that are left in all vans.
    pub(super) async fn left(&self, code: &str) -> Result<i64, Trouble> {
        let mut sum = 0;
        for device in &self.devices {
            let record = part_quota_record(device.person, code);
            let known = self.world.office.committer.run(move |writer| Tables::reference(writer, record)).await?;
            if let Some(Reference::PartQuota(quota)) = known.map(|record| record.content) {
                sum += quota.left;
            }
        }
        Ok(sum)
    }

    /// By how much the last stocktake of Li's van differs.
    pub(super) async fn variance(&self, code: &str) -> Result<i64, Trouble> {
        let (keeper, code) = (self.devices[LI].person, code.to_owned());
        let known = self.world.office.committer.run(move |writer| stock::variance(writer, keeper, &code)).await?;
        Ok(known.ok_or("a stock")?)
    }

    /// The office is set back to a backup.
    pub(super) async fn restored(&mut self, backup: (MemoryStore, u64)) -> Result<(), Trouble> {
        self.world.pass(HOUR);
        self.world.restore(backup)
    }

    /// No finding stands twice, and following the log again states nothing.
    pub(super) async fn said_once(&self) -> Result<(), Trouble> {
        for order in &self.orders {
            let order = *order;
            let entries = self.world.office.committer.run(move |writer| desk::entries_of(writer, order)).await?;
            let mut known: Vec<_> = entries.found.iter().map(|found| (found.kind, found.about)).collect();
            let all = known.len();
            known.sort_unstable();
            known.dedup();
            assert_eq!(known.len(), all, "said twice");
        }
        let before = self.world.log_length();
        self.world
            .office
            .committer
            .run(|writer| {
                writer.remove(Table::Reactor, b"books".to_vec());
                Ok(())
            })
            .await?;
        self.followed().await?;
        assert_eq!(self.world.log_length(), before, "told again, something is stated again");
        Ok(())
    }
}

/// Kinds of the findings that stand.
pub(super) fn found(view: &OrderView) -> Vec<FindingKind> {
    view.facets.findings.iter().filter(|one| one.lifted.is_none()).map(|one| one.kind).collect()
}

/// The rule and the value by which `pair` was decided.
pub(super) fn decided_by(view: &OrderView, pair: &str) -> Option<(Rule, String)> {
    let found = view.explanations.iter().find(|explanation| explanation.pair == Some(pair))?;
    Some((found.rule, found.value.clone()))
}

/// The one open review of a kind.
pub(super) fn open_review(view: &OrderView, kind: ReviewKind) -> Review {
    let mut open = view.reviews.iter().filter(|one| one.kind == kind && one.status == ReviewStatus::Open);
    let one = open.next().unwrap_or_else(|| panic!("no {kind} in {:?}", view.reviews));
    assert!(open.next().is_none(), "more than one {kind}");
    one.clone()
}
