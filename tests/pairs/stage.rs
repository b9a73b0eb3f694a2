//! The stage of a pair: who is there, what the office saw, how the sides meet, what must hold afterwards.

use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::RowRecord;
use docket_server::commit::Tables;
use docket_server::store::Table;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::ReviewChoice;
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::lifecycle::view::{OrderView, Review, ReviewKind, ReviewStatus, Rule};
use docket_sync_core::lifecycle::{Language, explain};
use docket_sync_core::time::{HOUR, MINUTE};

/// What happens to a device between its acts and its push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// Nothing.
    Plain,
    /// It restarts.
    Restarted,
    /// Its key store loses the incarnation.
    LostIncarnation,
    /// A frame asks it to renew itself.
    RenewFrame,
    /// A copy of it has used its session counter: the server asks it to renew itself.
    CounterConflict,
    /// The server took the push, and its answer was lost.
    AnswerLost,
    /// The same, and then the incarnation was lost too: everything is stated twice.
    AnswerLostThenRenewed,
}

impl Variant {
    const ALL: [Self; 7] = [
        Self::Plain,
        Self::Restarted,
        Self::LostIncarnation,
        Self::RenewFrame,
        Self::CounterConflict,
        Self::AnswerLost,
        Self::AnswerLostThenRenewed,
    ];
}

/// One way to tell a story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    variant: Variant,
    /// Which of the orders of arrival.
    turn: usize,
}

impl Way {
    /// Every variant with every order in which `parties` can arrive.
    pub(super) fn all(parties: usize) -> Vec<Self> {
        let turns: usize = (1..=parties).product();
        let ways = |variant| (0..turns).map(move |turn| Self { variant, turn });
        Variant::ALL.into_iter().flat_map(ways).collect()
    }

    /// The `turn`-th order of `parties`.
    fn arrivals(self, parties: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..parties).collect();
        let mut turn = self.turn;
        let mut order = Vec::new();
        while !left.is_empty() {
            order.push(left.remove(turn % left.len()));
            turn /= left.len() + 1;
        }
        order
    }
}

/// Li, who is sent first.
pub(super) const LI: usize = 0;
/// Zhang, his colleague.
pub(super) const ZHANG: usize = 1;
/// Li's second device.
pub(super) const TABLET: usize = 2;

/// A company with an order.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) order: DocumentId,
    /// Li's phone, Zhang's phone, Li's tablet.
    pub(super) devices: Vec<Device>,
    way: Way,
    copies: Vec<Device>,
    page: Vec<FactRef>,
    facts_before: usize,
    acts: Vec<(PersonId, Command)>,
}

impl Stage {
    /// The order is confirmed; nobody is sent yet.
    pub(super) async fn new(way: Way) -> Result<Self, Trouble> {
        let world = World::new(7).await?;
        let li = world.technician("李师傅").await?;
        let zhang = world.technician("张师傅").await?;
        let tablet = world.enrol(li.person).await?;
        let order = world.order("空调不制冷").await?;
        let (devices, copies, page) = (vec![li, zhang, tablet], Vec::new(), Vec::new());
        let mut stage = Self { world, order, devices, way, copies, page, facts_before: 0, acts: Vec::new() };
        stage.part().await?;
        Ok(stage)
    }

    /// The order is assigned to Li, and everybody knows.
    pub(super) async fn assigned(way: Way) -> Result<Self, Trouble> {
        let mut stage = Self::new(way).await?;
        stage.world.assign(stage.order, stage.devices[LI].person).await?;
        stage.part().await?;
        Ok(stage)
    }

    /// Everybody gets what there is; from here on nobody knows what the others do.
    pub(super) async fn part(&mut self) -> Result<(), Trouble> {
        self.world.pass(HOUR);
        self.part_at_once().await
    }

    /// The same, and no time has passed.
    pub(super) async fn part_at_once(&mut self) -> Result<(), Trouble> {
        let mut devices: Vec<&mut Device> = self.devices.iter_mut().collect();
        self.world.settle(&mut devices).await?;
        self.page = self.world.frontier(self.order).await?;
        self.facts_before = self.world.view(self.order).await?.facts;
        self.copies =
            self.devices.iter().zip(50..).map(|(device, seed)| device.cloned(seed)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Another person at the office.
    pub(super) async fn person(&self, name: &str, role: Role) -> Result<PersonId, Trouble> {
        self.world.person(name, &[role]).await
    }

    pub(super) fn li(&mut self) -> &mut Device {
        &mut self.devices[LI]
    }

    pub(super) fn zhang(&mut self) -> &mut Device {
        &mut self.devices[ZHANG]
    }

    pub(super) fn tablet(&mut self) -> &mut Device {
        &mut self.devices[TABLET]
    }

    /// What `person` does on the page he has, when it is the office's turn.
    pub(super) fn office(&mut self, person: PersonId, command: Command) {
        self.acts.push((person, command));
    }

    /// A dispatcher's cancel.
    pub(super) fn cancel(&mut self) {
        self.office(self.world.clerk, Command::Cancel { reason: "客户改约别家".to_owned() });
    }

    /// A dispatcher sends Zhang instead.
    pub(super) fn send_zhang(&mut self) {
        let command = sending(self.devices[ZHANG].person);
        self.office(self.world.clerk, command);
    }

    /// The sides meet in the order of the way; then everybody has everything, and what must always hold is checked.
    pub(super) async fn meet(&mut self) -> Result<OrderView, Trouble> {
        // What the devices did took them time; the office is not behind them.
        self.world.pass(22 * MINUTE);
        let unsent: Vec<usize> = self.devices.iter().map(pending).collect();
        let made = unsent.iter().sum::<usize>() + self.acts.len();
        let office = self.devices.len();
        let mut parties: Vec<usize> = (0..office).filter(|device| unsent[*device] > 0).collect();
        if !self.acts.is_empty() {
            parties.insert(0, office);
        }
        for turn in self.way.arrivals(parties.len()) {
            if parties[turn] == office {
                self.office_acts().await?;
            } else {
                self.arrive(parties[turn]).await?;
            }
            self.world.pass(MINUTE);
        }
        let mut devices: Vec<&mut Device> = self.devices.iter_mut().collect();
        self.world.settle(&mut devices).await?;
        let view = self.checked().await?;
        assert_eq!(view.facts, self.facts_before + made, "a fact is lost, or counts twice");
        Ok(view)
    }

    async fn office_acts(&mut self) -> Result<(), Trouble> {
        for (person, command) in std::mem::take(&mut self.acts) {
            self.world.act_on(person, self.order, &self.page, command).await?;
            self.world.pass(MINUTE);
        }
        Ok(())
    }

    /// A device comes back, after what the way does to it.
    async fn arrive(&mut self, device: usize) -> Result<(), Trouble> {
        let Self { world, devices, copies, .. } = self;
        let (device, copy) = (&mut devices[device], &mut copies[device]);
        let incarnation = device.client.replica().incarnation();
        match self.way.variant {
            Variant::Plain => {}
            Variant::Restarted => device.restart()?,
            Variant::LostIncarnation => device.lose_incarnation()?,
            Variant::RenewFrame => device.renew()?,
            Variant::CounterConflict => drop(world.sync(copy).await?),
            Variant::AnswerLost => world.sync_losing_the_answer(device).await?,
            Variant::AnswerLostThenRenewed => {
                world.sync_losing_the_answer(device).await?;
                device.lose_incarnation()?;
            }
        }
        world.sync(device).await?;
        let renewed = incarnation != device.client.replica().incarnation();
        let must = !matches!(self.way.variant, Variant::Plain | Variant::Restarted | Variant::AnswerLost);
        assert_eq!(renewed, must, "the way does what it says");
        Ok(())
    }

    /// What holds after every story: one view everywhere, a cold pull included, said in words, and reviews that end.
    pub(super) async fn checked(&mut self) -> Result<OrderView, Trouble> {
        let view = self.world.view(self.order).await?;
        let mut cold = self.world.enrol(self.devices[LI].person).await?;
        self.world.settle(&mut [&mut cold]).await?;
        let mut held = 0;
        for device in self.devices.iter().chain([&cold]) {
            let listed = device.client.list()?.iter().any(|(order, _)| *order == self.order);
            if listed {
                let shown = device.show(self.order)?;
                assert_eq!(shown.view, *view, "a device shows something else than the office");
                assert!(shown.refused.is_empty() && shown.unsent.is_empty());
                said_in_words(&view, &shown.facts);
                held += 1;
            }
        }
        assert!(held > 0, "nobody has the order");
        let row: RowRecord = {
            let _durable = self.world.office.hub.read();
            self.world.office.store.as_ref().read(Table::View, &self.order.0)?.ok_or("a row")?
        };
        assert_eq!((row.state, row.signature, row.technician), (view.state, view.signature, view.technician()));
        for review in &view.reviews {
            assert!(review.due.is_some() || review.blocking, "{review:?} never ends");
            assert!(review.choices.contains(&review.default), "{review:?}");
        }
        Ok(OrderView::clone(&view))
    }
}

/// A dispatcher's command to send `technician`.
pub(crate) fn sending(technician: PersonId) -> Command {
    Command::Assign {
        technician,
        skipped: Vec::new(),
        turn: None,
        reason: Some("离得近".to_owned()),
        skill: docket_sync_core::commands::SkillMatch::Fits,
    }
}

fn pending(device: &Device) -> usize {
    device.client.replica().journal().filter(|entry| entry.waits()).count()
}

fn said_in_words(view: &OrderView, facts: &docket_sync_core::lifecycle::FactSet) {
    for language in [Language::En, Language::Zh] {
        for reason in explain(view, facts, language) {
            assert!(!reason.text.is_empty() && !reason.text.contains('{'), "{reason:?}");
        }
    }
}

/// The rule and the value by which `pair` was decided.
pub(super) fn decided_by(view: &OrderView, pair: &str) -> Option<(Rule, String)> {
    let found = view.explanations.iter().find(|explanation| explanation.pair == Some(pair))?;
    Some((found.rule, found.value.clone()))
}

/// The one review of a kind: owner, time to decide, default, whether it blocks.
pub(super) fn review(view: &OrderView, kind: ReviewKind) -> Option<&Review> {
    let mut all = view.reviews.iter().filter(|review| review.kind == kind);
    let one = all.next()?;
    assert!(all.next().is_none(), "more than one {kind}");
    Some(one)
}

/// Checks an open review: its owner, its limit from the latest cause, its default.
pub(super) fn open_review(view: &OrderView, kind: ReviewKind, owner: Role, default: ReviewChoice) -> &Review {
    let review = review(view, kind).unwrap_or_else(|| panic!("no {kind} in {:?}", view.reviews));
    assert_eq!((review.status, review.owner, review.default), (ReviewStatus::Open, owner, default), "{review:?}");
    review
}

/// Kinds of the reviews that wait.
pub(super) fn open_kinds(view: &OrderView) -> Vec<ReviewKind> {
    let open = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open);
    let mut kinds: Vec<ReviewKind> = open.map(|review| review.kind).collect();
    kinds.sort_unstable();
    kinds
}
