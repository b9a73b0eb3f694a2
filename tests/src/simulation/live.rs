//! Live sessions: a phone in the foreground, which is told what others do while it happens, and says what its own
//! technician does at once. The frames are those of `network`, without a message for each round.

use docket_server::commit::CommitError;
use docket_server::feed::session::{Answer, ServerSession};
use docket_sync_core::sync::device::{DeviceSession, Ending};
use docket_sync_core::sync::frames::Frame;

use super::company::Company;
use super::office::at_once;
use super::phone::IsCrash;
use super::{Violation, checks};
use crate::world::Trouble;

/// Rounds until both ends of a line have nothing more to say; more is a line that does not come to rest.
const ROUNDS_MAX: usize = 60;

/// An open line: the phone's end, the office's end, and the start of the server that it belongs to.
pub(super) struct Line {
    device: DeviceSession,
    server: ServerSession,
    start: u64,
}

/// What became of a line in one round.
enum Round {
    Goes(Vec<Frame>),
    Quiet,
    Over,
}

impl Company {
    /// A phone opens a live session, or closes the one it has.
    pub(super) fn go_live(&mut self, index: usize) -> Result<(), Trouble> {
        let (office, start) = (self.office.office.clone(), self.office.starts());
        let phone = self.phone(index);
        if phone.line.take().is_some() || phone.one_way.is_some() {
            return Ok(());
        }
        phone.exchange = None;
        let replica = phone.device.client.replica_mut();
        replica.begin_session();
        let mut device = DeviceSession::live();
        let first = match device.start(replica) {
            Ok(first) => first,
            Err(error) if error.is_crash() => return self.phone_crashed(index),
            Err(error) => return Err(error.into()),
        };
        let line = Line { device, server: ServerSession::new(office), start };
        self.coverage.live.0 = self.coverage.live.0.saturating_add(1);
        self.talk(index, line, first)
    }

    /// What is new goes out on every open line, in both directions.
    pub(super) fn fan_out(&mut self) -> Result<(), Trouble> {
        for index in 0..self.phones.len() {
            let start = self.office.starts();
            let phone = self.phone(index);
            // A server that went down took its ends of all lines with it.
            let Some(mut line) = phone.line.take().filter(|line| line.start == start) else { continue };
            let first = match line.device.nudge(phone.device.client.replica_mut()) {
                Ok(first) => first,
                Err(error) if error.is_crash() => return self.phone_crashed(index),
                Err(error) => return Err(error.into()),
            };
            if line.server.must_stop()?.is_none() {
                self.talk(index, line, first)?;
            }
        }
        Ok(())
    }

    /// Frames of the phone go to the office, its answer and its news come back, until both are quiet.
    fn talk(&mut self, index: usize, mut line: Line, mut frames: Vec<Frame>) -> Result<(), Trouble> {
        for _ in 0..ROUNDS_MAX {
            match self.round(index, &mut line, frames)? {
                Round::Goes(answer) => frames = answer,
                Round::Over => return Ok(()),
                Round::Quiet => {
                    if self.phone(index).device.client.replica().is_caught_up() {
                        checks::after_a_sync(self, index)?;
                    }
                    self.phone(index).line = Some(line);
                    return Ok(());
                }
            }
        }
        Err(Violation::new("a_sync_ends", format!("the line of phone {index} does not come to rest")).into())
    }

    fn round(&mut self, index: usize, line: &mut Line, frames: Vec<Frame>) -> Result<Round, Trouble> {
        let mut news = Vec::new();
        let (mut ends, mut last) = (false, None);
        if !frames.is_empty() {
            self.coverage.messages = self.coverage.messages.saturating_add(1);
            let answer = self.office.with_program(|_| at_once(line.server.receive(frames)))?;
            if self.office.is_down() {
                self.office_crashed()?;
                return Ok(Round::Over);
            }
            self.ledger.follow(&self.office)?;
            match answer {
                Ok(Answer { frames, ends: over, last_words }) => (news, ends, last) = (frames, over, last_words),
                Err(CommitError::Store(_)) if self.office.may_be_full() => return Ok(Round::Over),
                Err(error) => return Err(error.into()),
            }
        }
        while !ends && let Some(batch) = line.server.next_batch()? {
            self.coverage.live.1 = self.coverage.live.1.saturating_add(1);
            news.push(Frame::Batch(batch));
        }
        news.extend(last.map(Frame::Stop));
        if news.is_empty() {
            return Ok(Round::Quiet);
        }
        let phone = self.phone(index);
        let answer = match line.device.receive(phone.device.client.replica_mut(), news) {
            Ok(answer) => answer,
            Err(error) if error.is_crash() => {
                self.phone_crashed(index)?;
                return Ok(Round::Over);
            }
            Err(error) => return Err(error.into()),
        };
        checks::what_is_acknowledged_is_durable(self, index)?;
        match line.device.ending() {
            None => Ok(if answer.is_empty() { Round::Quiet } else { Round::Goes(answer) }),
            Some(Ending::Again | Ending::Stopped(_)) => Ok(Round::Over),
            Some(Ending::Confused) => {
                Err(Violation::new("nothing_fails_by_itself", format!("phone {index} was spoken to out of order"))
                    .into())
            }
        }
    }
}
