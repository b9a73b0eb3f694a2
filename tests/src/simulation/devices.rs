//! What becomes of phones: revoked, replaced by new ones, forgotten by an office that was restored, and confirmed.

use docket_server::commit::CommitError;
use docket_server::feed::devices::read_device;
use docket_server::restore::list_waiting;
use docket_server::store::Store;

use super::company::Company;
use super::phone::Phone;
use crate::random::Random;
use crate::world::Trouble;

impl Company {
    /// An administrator confirms the phones that the office has forgotten; of those that were revoked he cannot.
    pub(super) fn confirm_the_forgotten(&mut self) -> Result<(), Trouble> {
        let Some((by, _)) = self.people.first().cloned() else { return Ok(()) };
        let store: &dyn Store = self.office.store.as_ref();
        for (device, _) in list_waiting(store)? {
            let done = self.office.run(move |writer| writer.confirm_device(device, by));
            if self.office.is_down() {
                return self.office_crashed();
            }
            match done {
                Ok(_) => self.coverage.forgotten = self.coverage.forgotten.saturating_add(1),
                Err(CommitError::AlreadyDone { .. }) => {}
                Err(CommitError::Store(_)) if self.office.may_be_full() => self.found_no_room(),
                Err(error) => return Err(error.into()),
            }
        }
        self.ledger.follow(&self.office)
    }

    /// The technician of a phone gets a new one, which no backup knows yet.
    pub(super) fn replace(&mut self, index: usize, random: &mut Random) -> Result<(), Trouble> {
        if self.phones.len() >= 6 || random.chance(1, 3) {
            return Ok(());
        }
        let person = self.phone(index).device.person;
        let device = self.enrol(person);
        if self.office.is_down() {
            return self.office_crashed();
        }
        match device {
            Ok(device) => {
                self.phones.push(Phone::new(device, false));
                self.ledger.follow(&self.office)?;
                let new = self.phones.len().saturating_sub(1);
                self.sync(new).map(drop)
            }
            Err(_) if self.office.may_be_full() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A supervisor revokes a phone; all its twins with it.
    pub(super) fn revoke(&mut self, index: usize) -> Result<bool, Trouble> {
        let id = self.phone(index).id();
        if self.phone(index).is_revoked {
            return Ok(false);
        }
        let by = self.people.first().map(|(person, _)| *person).ok_or("a supervisor")?;
        let done = self.office.run(move |writer| writer.revoke(id, by, "lost".to_owned()));
        if self.office.is_down() {
            self.office_crashed()?;
        }
        // A job whose end nobody heard may be durable.
        let store: &dyn Store = self.office.store.as_ref();
        let known = read_device(store, id)?;
        if done.is_err() && known.is_none_or(|known| known.revoked_at.is_none()) {
            return Ok(false);
        }
        for phone in self.phones.iter_mut().filter(|phone| phone.id() == id) {
            phone.is_revoked = true;
        }
        self.ledger.follow(&self.office)?;
        Ok(true)
    }
}
