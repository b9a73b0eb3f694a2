//! Invariant 1, convergence: random histories of six devices and an office that act without knowledge of each other,
//! sync when they please and are renewed now and then, end in one state, and no fact is lost.
//!
//! `DOCKET_CONVERGENCE_SEEDS` asks for more histories than those of every change.

use std::collections::BTreeSet;

use docket_client::client::ExecuteError;
use docket_harness::random::Random;
use docket_harness::simulation::acts;
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::{CommitError, Writer};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::lifecycle::companion::field_facts;
use docket_sync_core::lifecycle::fold;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::time::MINUTE;

/// Histories of every change.
const SEEDS: u64 = 10;
/// Steps of one history.
const STEPS: usize = 200;
/// Orders of one history: few, so that people meet.
const ORDERS: usize = 3;

#[tokio::test]
async fn law_random_histories_converge_and_lose_nothing() -> Result<(), Trouble> {
    let seeds = std::env::var("DOCKET_CONVERGENCE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let mut all = Counts::default();
    for seed in 0..seeds {
        let told = tokio::spawn(history(seed)).await;
        let counts = told.map_err(Trouble::from).flatten();
        all.add(&counts.map_err(|error| format!("the history of seed {seed}: {error}"))?);
    }
    println!("{seeds} histories: {all:?}");
    assert!(all.field > 0 && all.office > 0 && all.renewals > 0 && all.reviews > 0, "{all:?}");
    Ok(())
}

/// What happened in a history.
#[derive(Debug, Default)]
struct Counts {
    /// Facts by devices.
    field: usize,
    /// Facts by people at the office.
    office: usize,
    /// Commands that a view refused.
    refused: usize,
    /// Complete syncs, and messages whose answer was lost.
    syncs: usize,
    lost_answers: usize,
    renewals: usize,
    restarts: usize,
    /// Reviews in the end, open or decided.
    reviews: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        let Self { field, office, refused, syncs, lost_answers, renewals, restarts, reviews } = other;
        self.field += field;
        self.office += office;
        self.refused += refused;
        self.syncs += syncs;
        self.lost_answers += lost_answers;
        self.renewals += renewals;
        self.restarts += restarts;
        self.reviews += reviews;
    }
}

struct History {
    world: World,
    random: Random,
    devices: Vec<Device>,
    clerks: Vec<(PersonId, Vec<Role>)>,
    orders: Vec<DocumentId>,
    town: acts::Town,
    /// What people at the office have on their screens.
    pages: Vec<(DocumentId, OrderView)>,
    stated: BTreeSet<(DocumentId, FactId)>,
    counts: Counts,
}

async fn history(seed: u64) -> Result<Counts, Trouble> {
    let mut history = History::begin(seed).await?;
    for _ in 0..STEPS {
        history.step().await?;
    }
    history.end().await?;
    Ok(history.counts)
}

impl History {
    async fn begin(seed: u64) -> Result<Self, Trouble> {
        let world = World::new(seed).await?;
        let mut devices = Vec::new();
        for name in ["李师傅", "张师傅", "赵师傅", "钱师傅"] {
            devices.push(world.technician(name).await?);
        }
        for owner in [0, 1] {
            devices.push(world.enrol(devices[owner].person).await?);
        }
        let mut clerks = vec![(world.clerk, vec![Role::Clerk, Role::Dispatcher, Role::Supervisor])];
        for (name, role) in [("周文员", Role::Clerk), ("吴调度", Role::Dispatcher), ("孙主管", Role::Supervisor)]
        {
            clerks.push((world.person(name, &[role]).await?, vec![role]));
        }
        let mut orders = Vec::new();
        for number in 0..ORDERS {
            let order = world.order("空调不制冷").await?;
            world.assign(order, devices[number % 4].person).await?;
            orders.push(order);
        }
        let technicians = devices.iter().map(|device| device.person).collect();
        let town = acts::Town { technicians, orders: orders.clone(), ..acts::Town::default() };
        let random = Random::from_seed(seed).fork("history");
        let (pages, stated, counts) = (Vec::new(), BTreeSet::new(), Counts::default());
        Ok(Self { world, random, devices, clerks, orders, town, pages, stated, counts })
    }

    async fn step(&mut self) -> Result<(), Trouble> {
        let minutes = self.random.between(0, 6);
        let devices: Vec<&Device> = self.devices.iter().collect();
        self.world.pass_for(&devices, minutes * MINUTE);
        let device = self.random.position(self.devices.len());
        match self.random.below(100) {
            0..=44 => self.field(device),
            45..=62 => self.office().await,
            63..=72 => self.look().await,
            73..=89 => {
                self.world.sync(&mut self.devices[device]).await?;
                self.counts.syncs += 1;
                Ok(())
            }
            90..=93 => {
                self.world.sync_losing_the_answer(&mut self.devices[device]).await?;
                self.counts.lost_answers += 1;
                Ok(())
            }
            94..=95 => {
                self.devices[device].restart()?;
                self.counts.restarts += 1;
                Ok(())
            }
            96..=97 => {
                self.devices[device].lose_incarnation()?;
                self.counts.renewals += 1;
                Ok(())
            }
            _ => {
                self.devices[device].renew()?;
                self.counts.renewals += 1;
                Ok(())
            }
        }
    }

    /// A technician does something that his device offers him.
    fn field(&mut self, device: usize) -> Result<(), Trouble> {
        let device = &mut self.devices[device];
        let listed = device.client.list()?;
        let Some((order, _)) = listed.get(self.random.position(listed.len())).cloned() else { return Ok(()) };
        let shown = device.show(order)?;
        let offered = device.client.offered(&shown)?;
        if offered.is_empty() {
            return Ok(());
        }
        let code = *self.random.pick(&offered);
        if code == docket_sync_core::commands::CommandCode::Sign {
            if let Ok(fact) = device.sign(order) {
                self.counts.field += 1;
                self.stated.insert((order, fact));
            }
            return Ok(());
        }
        let hand = acts::Hand { view: &shown.view, facts: &shown.facts, person: device.person, town: &self.town };
        let command = hand.command(&mut self.random, code).filter(|_| !acts::leaves_alone(code));
        let Some(command) = command else { return Ok(()) };
        match device.client.execute(&shown, &command) {
            Ok(executed) => {
                self.counts.field += 1;
                self.stated.insert((order, executed.fact));
            }
            Err(ExecuteError::Refused(_)) => self.counts.refused += 1,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Somebody at the office opens a page, and leaves it open.
    async fn look(&mut self) -> Result<(), Trouble> {
        let order = *self.random.pick(&self.orders);
        let view = self.world.view(order).await?;
        self.pages.push((order, OrderView::clone(&view)));
        Ok(())
    }

    /// Somebody acts on one of the last pages, however old.
    async fn office(&mut self) -> Result<(), Trouble> {
        if self.pages.is_empty() {
            return self.look().await;
        }
        let newest = self.pages.len().saturating_sub(6);
        let (order, page) = self.random.pick(self.pages.get(newest..).unwrap_or_default()).clone();
        let (person, roles) = self.random.pick(&self.clerks).clone();
        let offered =
            docket_sync_core::commands::offered(&page, &docket_sync_core::commands::Context::new(person, &roles));
        let Some(code) = offered.get(self.random.position(offered.len())).copied() else { return Ok(()) };
        let known = move |writer: &mut Writer| Ok(writer.known_order(order)?.facts.clone());
        let facts = self.world.office.committer.run(known).await?;
        let hand = acts::Hand { view: &page, facts: &facts, person, town: &self.town };
        let command = hand.command(&mut self.random, code).filter(|_| !acts::leaves_alone(code));
        let Some(command) = command else { return Ok(()) };
        let seen: Vec<_> = page.frontier.iter().map(FactId::reference).collect();
        match self.world.act_on(person, order, &seen, command).await {
            Ok(fact) => {
                self.counts.office += 1;
                self.stated.insert((order, fact));
            }
            Err(error) if matches!(error.downcast_ref(), Some(CommitError::Refused(_))) => self.counts.refused += 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Everybody meets, and then all have the same.
    async fn end(&mut self) -> Result<(), Trouble> {
        let mut cold = Vec::new();
        for device in 0..4 {
            cold.push(self.world.enrol(self.devices[device].person).await?);
        }
        let mut all: Vec<&mut Device> = self.devices.iter_mut().chain(&mut cold).collect();
        self.world.settle(&mut all).await?;
        for order in &self.orders {
            let document = *order;
            let all = self.world.office.committer.run(move |writer: &mut Writer| writer.both(document)).await?;
            // What the office states to itself never leaves it.
            let field = field_facts(&all);
            let view = fold(&field);
            let mut held = 0;
            for device in self.devices.iter().chain(&cold) {
                if device.client.list()?.iter().any(|(listed, _)| listed == order) {
                    let shown = device.show(*order)?;
                    if shown.view != view || !shown.refused.is_empty() {
                        return Err(format!("views of {order} differ:\n{:#?}\n{view:#?}", shown.view).into());
                    }
                    let is_field = |fact: &FactId| all.get(*fact).is_none_or(|fact| !fact.is_of_office());
                    let missing = self
                        .stated
                        .iter()
                        .find(|(of, fact)| of == order && is_field(fact) && shown.facts.get(*fact).is_none());
                    if let Some((_, fact)) = missing {
                        return Err(format!("{fact:?} of {order} is lost").into());
                    }
                    held += 1;
                }
            }
            if held == 0 && self.stated.iter().any(|(of, _)| of == order) {
                return Err(format!("nobody holds {order}").into());
            }
            self.counts.reviews += view.reviews.len();
        }
        let differences: u64 = self.devices.iter().map(|device| device.client.status().differences).sum();
        if differences > 0 {
            return Err(format!("digests differed {differences} times").into());
        }
        Ok(())
    }
}
