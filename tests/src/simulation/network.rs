//! Messages between phones and the office: byte strings that get lost, late, doubled or cut.

use docket_client::sync::{Exchange, SyncError};
use docket_sync_core::sync::frames::StopCode;

use super::company::Company;
use super::faults::Fault;
use super::phone::{IsCrash, OneWay};
use super::{Violation, checks};
use crate::world::Trouble;

/// Messages that lie around: whoever listens may send one of them again.
const RECORDED_MAX: usize = 24;
/// Messages of one sync in a history; more is a sync that does not end.
const MESSAGES_MAX: usize = 60;

/// How an exchange of one message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// More is to be sent.
    Goes,
    /// The sync is over.
    Done,
    /// It broke off: nothing came back, or somebody lost power.
    Broken,
    /// The server stopped it.
    Stopped(StopCode),
}

/// Lies around: messages on their way, and messages that were seen.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Requests whose senders gave up.
    pub(super) late: Vec<Vec<u8>>,
    /// Requests that somebody recorded.
    pub(super) recorded: Vec<Vec<u8>>,
}

impl Wire {
    fn record(&mut self, message: &[u8]) {
        if self.recorded.len() == RECORDED_MAX {
            self.recorded.remove(0);
        }
        self.recorded.push(message.to_vec());
    }
}

impl Company {
    /// A phone syncs until it is done or something breaks.
    pub(super) fn sync(&mut self, phone: usize) -> Result<Step, Trouble> {
        for _ in 0..MESSAGES_MAX {
            match self.exchange(phone, None)? {
                Step::Goes => {}
                ended => return Ok(ended),
            }
        }
        Err(Violation::new("a_sync_ends", format!("phone {phone} sent {MESSAGES_MAX} messages in one sync")).into())
    }

    /// One message of a phone to the office and back, with a fault.
    pub(super) fn exchange(&mut self, index: usize, fault: Option<Fault>) -> Result<Step, Trouble> {
        let Some(message) = self.next_message(index)? else { return Ok(Step::Broken) };
        self.wire.record(&message);
        let one_way = self.direction(index);
        if one_way == Some(OneWay::In) {
            self.coverage.fault(Fault::OneWay);
            return Ok(self.hang_up(index));
        }
        if fault == Some(Fault::LostRequest) {
            return Ok(self.hang_up(index));
        }
        if fault == Some(Fault::Delayed) {
            self.wire.late.push(message);
            return Ok(self.hang_up(index));
        }
        let mut answer = self.deliver(&message)?;
        if fault == Some(Fault::Duplicated) {
            let again = self.deliver(&message)?;
            answer = answer.and(again);
        }
        if one_way == Some(OneWay::Out) {
            self.coverage.fault(Fault::OneWay);
            return Ok(self.hang_up(index));
        }
        let Some(answer) = answer.filter(|_| fault != Some(Fault::LostAnswer)) else {
            return Ok(self.hang_up(index));
        };
        let step = self.take_answer(index, &answer)?;
        if fault == Some(Fault::Cut) && step == Step::Goes {
            return Ok(self.hang_up(index));
        }
        Ok(step)
    }

    fn next_message(&mut self, index: usize) -> Result<Option<Vec<u8>>, Trouble> {
        let phone = self.phone(index);
        // One session at a time.
        phone.line = None;
        let replica = phone.device.client.replica_mut();
        let exchange = phone.exchange.get_or_insert_with(|| Exchange::begin(replica));
        match exchange.next_message(replica) {
            Ok(Some(message)) => Ok(Some(message)),
            Ok(None) => {
                phone.exchange = None;
                Ok(None)
            }
            Err(error) if error.is_crash() => {
                self.phone_crashed(index)?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The office takes a message; `None` when it went down over it.
    pub(super) fn deliver(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        self.coverage.messages = self.coverage.messages.saturating_add(1);
        let answer = self.office.carry(message)?;
        let answered = answer.as_ref().map_or(0, Vec::len);
        self.bytes = self.bytes.saturating_add(message.len()).saturating_add(answered);
        if self.office.is_down() {
            self.office_crashed()?;
            return Ok(None);
        }
        self.ledger.follow(&self.office)?;
        Ok(answer)
    }

    fn take_answer(&mut self, index: usize, answer: &[u8]) -> Result<Step, Trouble> {
        let phone = self.phone(index);
        let Some(mut exchange) = phone.exchange.take() else { return Ok(Step::Broken) };
        let replica = phone.device.client.replica_mut();
        let step = match exchange.answered(replica, answer) {
            Ok(()) => Step::Goes,
            Err(SyncError::Stopped(stop)) => {
                if stop.code == StopCode::StorageFull {
                    self.found_no_room();
                }
                Step::Stopped(stop.code)
            }
            Err(error) if error.is_crash() => {
                self.phone_crashed(index)?;
                Step::Broken
            }
            Err(error) => return Err(error.into()),
        };
        checks::what_is_acknowledged_is_durable(self, index)?;
        if step != Step::Goes {
            return Ok(step);
        }
        if exchange.is_done() {
            checks::after_a_sync(self, index)?;
            return Ok(Step::Done);
        }
        self.phone(index).exchange = Some(exchange);
        Ok(Step::Goes)
    }

    /// The phone waits for an answer in vain.
    fn hang_up(&mut self, index: usize) -> Step {
        self.phone(index).exchange = None;
        Step::Broken
    }

    fn direction(&mut self, index: usize) -> Option<OneWay> {
        let phone = self.phone(index);
        let (way, left) = phone.one_way?;
        phone.one_way = left.checked_sub(1).map(|left| (way, left));
        Some(way)
    }

    /// Requests whose senders gave up long ago arrive.
    pub(super) fn deliver_late(&mut self) -> Result<(), Trouble> {
        for message in std::mem::take(&mut self.wire.late) {
            drop(self.deliver(&message)?);
        }
        Ok(())
    }
}
