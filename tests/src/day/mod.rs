//! One working day of a made-up company: the real server over TLS, real devices behind bad networks, an office that
//! knows only what has reached it.
//!
//! Time moves a minute at a time. In each minute the office acts, then its rules, then every technician on his own
//! device, then those devices sync whose time has come, all at once, each through its own proxy; then the rules act
//! on what arrived. A minute ends when all that is done, so a slow machine makes the day longer, never different.
//!
//! Invariant: what people do depends on the seed alone. Everything drawn is a fork of it by purpose (the company,
//! each technician's acts, each network, each order's fate), a sync that has a signal gets through within its minute
//! however often it was cut, and the office's rules run between syncs, not beside them.

pub mod acts;
pub mod clock;
pub mod desk;
pub mod device;
pub mod handwriting;
pub mod messages;
pub mod network;
mod onsite;
pub mod print;
pub mod setting;
pub mod summary;
pub mod technician;
#[cfg(test)]
mod tests;
pub mod visit;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{HOUR, MINUTE, UnixMillis};
use futures_util::future::try_join_all;

use crate::demo::{Company, Options};
use crate::random::Random;
use acts::Act;
use clock::DayClock;
use desk::Desk;
use device::Device;
use network::Signal;
use setting::{Setting, language};
use summary::{Status, Summary};
use technician::{LAST_START, Technician};

/// The day went wrong in a way that no check names.
pub type Trouble = Box<dyn core::error::Error + Send + Sync>;

/// Midnight UTC of the day: Monday 1 June 2026.
const DATE: UnixMillis = UnixMillis(1_780_272_000_000);

/// Minutes after which the day ends even if somebody is still at work.
pub const LENGTH: i64 = 780;

/// Which day.
#[derive(Debug, Clone)]
pub struct DayOptions {
    /// The company.
    pub company: Options,
    /// Where the store lies; a temporary folder when absent.
    pub data: Option<PathBuf>,
    /// Where the server listens.
    pub listen: SocketAddr,
}

impl DayOptions {
    /// The day of this company, in a temporary folder, on a free port.
    #[must_use]
    pub fn of(company: Options) -> Self {
        Self { company, data: None, listen: (Ipv4Addr::LOCALHOST, 0).into() }
    }
}

/// A day at work.
pub struct Day {
    /// The office.
    pub setting: Setting,
    /// Everything that was done, in order.
    pub acts: Vec<Act>,
    desk: Desk,
    technicians: Vec<Technician>,
    minute: i64,
}

impl Day {
    /// Makes the company, starts the server, gives every technician a device.
    ///
    /// # Errors
    /// When anything fails.
    pub async fn begin(options: &DayOptions) -> Result<Self, Trouble> {
        let company = Company::generate(&options.company)?;
        let seed = Random::from_seed(options.company.seed).fork("day");
        // Eight o'clock where the company is.
        let begins = DATE.plus(8 * HOUR).plus(company.utc_offset_minutes.saturating_mul(-MINUTE));
        let clock = DayClock::new(begins);
        let setting = Setting::open(company, clock.clone(), options.data.as_deref(), options.listen).await?;
        let desk = Desk::new(&setting.company, seed.fork("office"));
        let mut technicians = Vec::new();
        for person in setting.company.technicians() {
            let mut own = seed.fork(&person.login);
            let signal = Signal::draw(&mut own.fork("signal"), LAST_START);
            let folder = setting.folder().join("devices").join(&person.login);
            let at = (setting.address, setting.tls.fingerprint());
            let time = (clock.clone(), own.between(-90_000, 90_000));
            let device = Device::enrol(&setting.office, at, person.id, &folder, time).await?;
            let speaks = (language(&setting.company), setting.company.currency.clone());
            setting.give_numbers(device.client.replica().identity().device).await?;
            let who = (person.login.clone(), person.id);
            let (codes, cashier) = (setting.codes.clone(), setting.person("clerk")?);
            technicians.push(Technician::new(who, device, clock.clone(), speaks, (codes, cashier), &own, signal));
        }
        Ok(Self { setting, acts: Vec::new(), desk, technicians, minute: 0 })
    }

    /// Minutes of the day that have passed.
    #[must_use]
    pub fn minute(&self) -> i64 {
        self.minute
    }

    /// Plays one minute; `false` when the day is over.
    ///
    /// # Errors
    /// When the server or a device fails.
    pub async fn play_minute(&mut self) -> Result<bool, Trouble> {
        let minute = self.minute;
        self.setting.clock.move_to(minute);
        self.setting.react().await?;
        self.acts.extend(self.desk.act(&self.setting, minute).await?);
        if minute % 15 == 0 {
            self.setting.look_around().await?;
        }
        self.setting.react().await?;
        for technician in &mut self.technicians {
            self.acts.extend(technician.act(minute)?);
        }
        try_join_all(self.technicians.iter_mut().map(|technician| technician.sync(minute))).await?;
        self.setting.react().await?;
        self.minute = minute.saturating_add(1);
        let at_work = self.technicians.iter().any(Technician::is_at_work);
        Ok(self.minute < LENGTH && (self.minute <= LAST_START || at_work))
    }

    /// Everybody is back, with a good network: every device syncs until it has what the office has.
    ///
    /// # Errors
    /// When a device cannot.
    pub async fn come_back(&mut self) -> Result<(), Trouble> {
        try_join_all(self.technicians.iter_mut().map(|technician| technician.device.sync(&[], device::Carrier::Post)))
            .await?;
        self.setting.react().await?;
        let views = summary::views(self).await?;
        for (position, (_, view)) in views.iter().enumerate() {
            self.desk.take_notice(position, view, self.minute);
        }
        // The rules may have answered what arrived.
        try_join_all(self.technicians.iter_mut().map(|technician| technician.device.sync(&[], device::Carrier::Post)))
            .await?;
        Ok(())
    }

    /// How things stand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self) -> Result<Status, Trouble> {
        Status::of(self).await
    }

    /// What became of the day; compares and verifies everything. Call [`Self::come_back`] before.
    ///
    /// # Errors
    /// When the store or a device fails; a failed check is part of the summary.
    pub async fn summary(&self) -> Result<Summary, Trouble> {
        Summary::of(self).await
    }

    /// The orders, in the order of the register.
    pub fn orders(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.desk.orders.iter().map(|order| order.document)
    }
}
