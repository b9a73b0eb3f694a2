//! What an action does to a company.

use docket_sync_core::facts::SCHEMA_LEVEL;
use docket_sync_core::policy::DEFAULT_JSON;
use docket_sync_core::reference::PolicyRecord;
use docket_sync_core::time::{DAY, HOUR, MINUTE};

use super::action::{Action, Kind};
use super::company::Company;
use super::faults::Fault;
use super::phone::OneWay;
use crate::random::Random;
use crate::world::Trouble;

/// A year of 365 days, in milliseconds.
const YEAR: i64 = 365 * DAY;

impl Company {
    /// Does one action.
    pub(super) fn act(&mut self, action: &Action) -> Result<(), Trouble> {
        let mut random = Random::from_seed(action.luck);
        let index = self.number(action.phone);
        match action.kind {
            Kind::Open => self.open_page(index, &mut random),
            Kind::Work => self.work(index, false, &mut random),
            Kind::WorkOnPage => self.work(index, true, &mut random),
            Kind::Read => self.read(&mut random),
            Kind::Desk => self.desk(&mut random),
            Kind::Call => self.call(random.position(8)),
            Kind::Sync => self.sync(index).map(drop),
            Kind::Step => self.exchange(index, None).map(drop),
            Kind::Live => self.go_live(index),
            Kind::HandOver => self.hand_over(index, &mut random),
            Kind::Pass => {
                self.pass(random.between(1, 90) * MINUTE);
                Ok(())
            }
            Kind::Days => {
                self.pass(random.between(1, 20) * DAY);
                self.tidy()
            }
            Kind::Tidy => self.tidy(),
            Kind::React => {
                self.react()?;
                // Orders that begin on a phone are there for the office, too, once they have come.
                self.orders = self.orders_at_the_office()?;
                if random.chance(1, 2) {
                    self.confirm_the_forgotten()?;
                }
                self.decide_about_quarantine(&mut random)
            }
            Kind::Backup => {
                self.phone(index).back_up();
                self.back_up_the_office()
            }
            Kind::Restart => {
                self.office.start()?;
                self.ledger.follow(&self.office)
            }
            Kind::Fault(fault) => self.strike(fault, index, &mut random),
        }
    }

    fn pass(&mut self, millis: i64) {
        self.office.pass(millis);
        for phone in self.phones.iter().filter(|phone| !phone.is_twin) {
            phone.device.clock.pass(millis);
        }
    }

    pub(super) fn tidy(&mut self) -> Result<(), Trouble> {
        self.office.tidy();
        if self.office.is_down() {
            return self.office_crashed();
        }
        self.ledger.follow(&self.office)?;
        self.deliver_late()
    }

    pub(super) fn react(&mut self) -> Result<(), Trouble> {
        self.office.react()?;
        if self.office.is_down() {
            return self.office_crashed();
        }
        self.ledger.follow(&self.office)
    }

    /// Something goes wrong. What only strikes later, or only where it meets something, counts when it does.
    fn strike(&mut self, fault: Fault, index: usize, random: &mut Random) -> Result<(), Trouble> {
        let struck = match fault {
            Fault::LostRequest | Fault::LostAnswer | Fault::Delayed | Fault::Duplicated | Fault::Cut => {
                self.exchange(index, Some(fault))?;
                true
            }
            Fault::OneWay => {
                let way = if random.chance(1, 2) { OneWay::Out } else { OneWay::In };
                self.phone(index).one_way = Some((way, random.below(6)));
                false
            }
            Fault::OfficeCrash => {
                self.office.plan_crash(random.next_u64());
                false
            }
            Fault::LostWrites => {
                self.office.plan_power_loss(random.next_u64());
                false
            }
            Fault::PowerLoss => {
                self.lose_power(random.next_u64())?;
                true
            }
            Fault::FullDisk => {
                let is_full = !self.office.is_full;
                self.office.set_full(is_full);
                false
            }
            Fault::OfficeRestore | Fault::OfficeRollback => {
                let is_restore = fault == Fault::OfficeRestore;
                if is_restore && random.chance(1, 2) {
                    // What came in since the backup is on one phone only, and its number is given out again.
                    self.call_for(index, random.position(8))?;
                }
                if is_restore && random.chance(1, 3) {
                    // A phone that the restored office will not know.
                    self.replace(index, random)?;
                }
                self.office_goes_back(is_restore)?;
                if is_restore {
                    self.call(random.position(8))?;
                }
                true
            }
            Fault::PhoneCrash => {
                self.phone(index).plan_crash(random.next_u64());
                false
            }
            Fault::PhoneRestore => self.restore_phone(index)?,
            Fault::PhoneClone => {
                // Two twins are as good as ten.
                let few = self.phones.len() < 6;
                if few {
                    self.clone_phone(index)?;
                }
                few
            }
            Fault::PhoneRenew => {
                let phone = self.phone(index);
                phone.hang_up();
                phone.page = None;
                phone.device.lose_incarnation()?;
                true
            }
            Fault::PhoneReboot => {
                self.phone(index).device.clock.reboot();
                self.phone(index).restart()?;
                true
            }
            Fault::Revoked => self.revoke(index)? && self.replace(index, random).map(|()| true)?,
            Fault::Reassigned => self.reassign(random)?,
            Fault::OlderServer => {
                self.older_for = 5 + random.below(20);
                self.ledger.office_was_older = true;
                self.run_level(SCHEMA_LEVEL - 1)?;
                true
            }
            Fault::HostileFact => self.hostile_fact(random)?,
            Fault::Replayed | Fault::Mutated => self.send_recorded(fault == Fault::Mutated, random)?,
            Fault::ForgedReceipt => self.forged_receipt(random)?,
            Fault::DaylightSaving => {
                self.summer_time_turns(random)?;
                true
            }
            Fault::OfficeClockDays | Fault::OfficeClockYears | Fault::PhoneClockDays | Fault::PhoneClockYears => {
                self.clocks_jump(fault, index, random);
                true
            }
        };
        if struck {
            self.coverage.fault(fault);
        }
        Ok(())
    }

    /// Summer time begins or ends: days begin an hour earlier or later from now on, which the office publishes as a
    /// new version of the policy, and the phones' clocks are set, rightly or not.
    fn summer_time_turns(&mut self, random: &mut Random) -> Result<(), Trouble> {
        self.is_summer = !self.is_summer;
        self.policy_version = self.policy_version.saturating_add(1);
        let offset = if self.is_summer { 9 * 60 } else { 8 * 60 };
        let mut policy: serde_json::Value = serde_json::from_str(DEFAULT_JSON)?;
        let (version, keys) = (self.policy_version, policy.as_object_mut().ok_or("a policy")?);
        keys.insert("version".to_owned(), version.into());
        keys.insert("utc_offset_minutes".to_owned(), offset.into());
        let record = PolicyRecord { version, json: serde_json::to_vec(&policy)? };
        let done = self.office.run(move |writer| writer.write_company("清风", record, None));
        if self.office.is_down() {
            self.office_crashed()?;
        } else if let Err(error) = done
            && !self.office.may_be_full()
        {
            return Err(error.into());
        }
        self.ledger.follow(&self.office)?;
        let direction = if self.is_summer { 1 } else { -1 };
        for phone in self.phones.iter().filter(|phone| !phone.is_twin && random.chance(1, 2)) {
            let clock = &phone.device.clock;
            clock.set_wall(docket_client::platform::Clock::wall(clock).plus(HOUR * direction));
        }
        Ok(())
    }

    fn clocks_jump(&mut self, fault: Fault, index: usize, random: &mut Random) {
        let direction = if random.chance(1, 2) { 1 } else { -1 };
        let wall = |company: &mut Self, index: usize, jump: i64| {
            let clock = &company.phone(index).device.clock;
            let now = docket_client::platform::Clock::wall(clock);
            clock.set_wall(now.plus(jump));
        };
        match fault {
            Fault::OfficeClockDays | Fault::OfficeClockYears => {
                let jump = if fault == Fault::OfficeClockDays { 2 * DAY } else { 10 * YEAR };
                self.office.pass(jump * direction);
                if direction < 0 {
                    let now = self.office.now();
                    self.ledger.office_clock_low = Some(self.ledger.office_clock_low.map_or(now, |low| low.min(now)));
                }
            }
            Fault::PhoneClockDays => wall(self, index, 2 * DAY * direction),
            _ => wall(self, index, 10 * YEAR * direction),
        }
    }
}
