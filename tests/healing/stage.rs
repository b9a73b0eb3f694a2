//! A company with two technicians, on the evening of its backup.

use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Table, record};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::Window;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::sync::device::{DeviceSession, Replica};
use docket_sync_core::sync::frames::{Frame, QuarantineCode};
use docket_sync_core::sync::message::{Plain, pack, travels_digest, unpack};
use docket_sync_core::time::{DAY, HOUR};

/// Li's orders `one` and `later`, Zhang's order `two`.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) li: Device,
    pub(crate) zhang: Device,
    pub(crate) one: DocumentId,
    pub(crate) two: DocumentId,
    /// Made on the day after the backup.
    pub(crate) later: DocumentId,
}

pub(crate) fn notes(view: &OrderView) -> Vec<&str> {
    view.notes.iter().map(|note| note.text.as_str()).collect()
}

impl Stage {
    pub(crate) async fn new(seed: u64) -> Result<Self, Trouble> {
        let world = World::new(seed).await?;
        let (li, zhang) = (world.technician("李师傅").await?, world.technician("张师傅").await?);
        let (one, two) = (world.order("一").await?, world.order("二").await?);
        world.assign(one, li.person).await?;
        world.assign(two, zhang.person).await?;
        let mut stage = Self { world, li, zhang, one, two, later: one };
        stage.settle().await?;
        stage.world.pass(HOUR);
        Ok(stage)
    }

    /// A day's work: Li finishes and signs, Zhang does not finish, the office makes an order for Li.
    pub(crate) async fn day(&mut self) -> Result<(), Trouble> {
        self.li.work(self.one)?;
        self.li.sign(self.one)?;
        let visit = self.zhang.begin(self.two)?;
        let from = self.world.now().plus(DAY);
        self.zhang.unfinished(self.two, visit, Window { from, to: from.plus(HOUR) })?;
        self.world.pass(4 * HOUR);
        self.settle().await?;
        self.later = self.world.order("今天的单").await?;
        self.world.assign(self.later, self.li.person).await?;
        self.settle().await?;
        self.li.act(self.later, &Command::Accept)?;
        let clerk = self.world.clerk;
        self.world.act(clerk, self.later, Command::Note { text: "客户已通知".to_owned() }).await?;
        self.settle().await
    }

    pub(crate) async fn settle(&mut self) -> Result<(), Trouble> {
        self.world.settle(&mut [&mut self.li, &mut self.zhang]).await
    }

    /// Every order as the office sees it.
    pub(crate) async fn views(&self) -> Result<Vec<OrderView>, Trouble> {
        let mut views = Vec::new();
        for order in [self.one, self.two, self.later] {
            views.push((*self.world.view(order).await?).clone());
        }
        Ok(views)
    }

    /// What lies in quarantine: the reasons, `None` for what is held.
    pub(crate) fn quarantine(&self) -> Result<Vec<(DocumentId, Option<QuarantineCode>)>, Trouble> {
        let _durable = self.world.office.hub.read();
        let rows = Tables::scan(self.world.office.store.as_ref(), Table::Quarantine, &KeyRange::all(), 10_000)?;
        let mut found = Vec::new();
        for (_, value) in rows {
            let entry: QuarantineEntry = record::decode("quarantine", &value)?;
            found.push((entry.document, entry.code));
        }
        Ok(found)
    }

    pub(crate) fn newest_of_li(&self) -> Result<DocumentId, Trouble> {
        let orders = self.li.client.list()?;
        let newest = orders.into_iter().filter(|(id, _)| *id != self.one).map(|(id, _)| id).next();
        newest.ok_or_else(|| "an order".into())
    }

    /// Li's phone says Hello and what it holds, and hears no answer to that.
    pub(crate) async fn compare_and_vanish(&mut self) -> Result<(), Trouble> {
        let mut travels: Vec<Frame> = Vec::new();
        for _ in 0..3 {
            let replica = self.li.client.replica_mut();
            replica.begin_session();
            let mut session = DeviceSession::single_carrying(std::mem::take(&mut travels));
            let frames = session.start(replica)?;
            let answer = unpack(&self.world.carry(&pack(&frames, &mut Plain)).await?)?;
            if answer.iter().any(|frame| matches!(frame, Frame::Have(_))) {
                return Ok(());
            }
            travels = session.receive(self.li.client.replica_mut(), answer)?;
            let _covered = travels_digest(&travels);
            assert!(self.li.client.replica().journal().next().is_none() || !self.li.client.replica().has_unsent());
        }
        Err("the office said nothing about heads".into())
    }
}

/// What Li says about an order.
impl Notes for Device {
    fn note(&mut self, order: DocumentId, text: &str) -> Result<(), Trouble> {
        self.act(order, &Command::Note { text: text.to_owned() }).map(drop)
    }
}

/// Notes in one line of a story.
pub(crate) trait Notes {
    /// Writes a note.
    fn note(&mut self, order: DocumentId, text: &str) -> Result<(), Trouble>;
}
