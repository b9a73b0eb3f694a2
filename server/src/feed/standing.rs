//! How a device stands with the store, and how a session begins.

use docket_sync_core::facts::{Origin, known_level};
use docket_sync_core::ids::{Nonce, PersonId};
use docket_sync_core::proof::Certificate;
use docket_sync_core::sabotage::{self, Bug};
use docket_sync_core::sync::cursor::Cursor;
use docket_sync_core::sync::frames::{Frame, Hello, NonceFrame, Renew, StopCode, Welcome};
use docket_sync_core::sync::gate::Ground;
use docket_sync_core::sync::message::travels_digest;
use docket_sync_core::sync::server::{HelloVerdict, check_hello};

use super::devices::{DeviceContact, DeviceRecord, first_nonce, read_device};
use super::session::{Answer, FULL_RETRY_MS, ServerSession, Speaker};
use crate::commit::{CommitError, ScopeId, Tables};
use crate::restore::was_revoked;
use crate::store::{Store, StoreError};

/// Milliseconds after which a device tries again when the server is busy.
const BUSY_RETRY_MS: u64 = 2_000;

/// How a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It works.
    Good,
    /// It was revoked: what it leaves is quarantined.
    Revoked,
    /// Nobody who works here uses it: what it leaves is judged as ever.
    Deactivated,
    /// The store vouched for it once and has forgotten it: what it leaves is held.
    Unconfirmed,
}

impl Standing {
    /// How a known device stands.
    pub(crate) fn of(store: &dyn Store, record: &DeviceRecord) -> Result<Self, CommitError> {
        if record.revoked_at.is_some() {
            return Ok(Self::Revoked);
        }
        for person in &record.persons {
            if store.person(*person)?.is_some_and(|person| person.active) {
                return Ok(Self::Good);
            }
        }
        Ok(Self::Deactivated)
    }

    /// Why it gets nothing.
    pub(crate) fn stop(self) -> Option<StopCode> {
        match self {
            Self::Good => None,
            Self::Revoked => Some(StopCode::Revoked),
            Self::Deactivated => Some(StopCode::Deactivated),
            Self::Unconfirmed => Some(StopCode::NotConfirmed),
        }
    }
}

impl ServerSession {
    /// Judges the Hello; gives the frames to say, or the answer that ends the session.
    pub(super) async fn greet(
        &mut self,
        hello: &Hello,
        rest: &[Frame],
    ) -> Result<Result<Vec<Frame>, Answer>, CommitError> {
        let office = self.office.clone();
        let identity = office.identity;
        let Some((record, standing, shown)) = self.who(hello, rest)? else {
            return Ok(Err(Answer::stop(StopCode::UnknownDevice, None)));
        };
        let Some(mut maker) = record.maker() else { return Ok(Err(Answer::stop(StopCode::NotAuthentic, None))) };
        maker.revoked = standing == Standing::Revoked;
        let first = first_nonce(&identity, hello.device);
        let contact = office.contacts.get(office.store.as_ref(), hello.device, first)?;
        let verdict = check_hello(&contact.session, &maker.key, identity.store, hello, travels_digest(rest));
        let position = self.position_of(hello.cursor.as_ref())?;
        let nonce = match verdict {
            HelloVerdict::Stop(code) => return Ok(Err(Answer::stop(code, None))),
            HelloVerdict::Renew(reason) => {
                let renew = Renew { actor: None, sequence: hello.counter, reason };
                return Ok(Err(Answer::ending(Frame::Renew(renew))));
            }
            HelloVerdict::SayNonce => {
                let last_counter = contact.session.last_counter;
                let nonce = NonceFrame { nonce: contact.session.nonce_out, last_counter };
                return Ok(Err(Answer::ending(Frame::Nonce(nonce))));
            }
            HelloVerdict::Repeated => contact.session.nonce_out,
            HelloVerdict::Fresh => {
                let mut next = contact.clone();
                let nonce = Nonce(office.platform.bytes());
                next.session.advance(hello, identity.store, nonce);
                next.last_sync_at = Some(office.platform.clock.now());
                next.pending = hello.pending;
                if position.is_none() {
                    note_ahead(&mut next, hello, &office.identity);
                }
                if !office.contacts.swap(hello.device, &contact.session, next.clone()) {
                    return Ok(Err(Answer::stop(StopCode::Busy, Some(BUSY_RETRY_MS))));
                }
                office.keep_contact(hello.device, next);
                nonce
            }
        };
        if let Some(certificate) = shown {
            match office.committer.run(move |writer| writer.keep_waiting(&certificate)).await {
                Ok(()) => {}
                Err(CommitError::Busy) => return Ok(Err(Answer::stop(StopCode::Busy, Some(BUSY_RETRY_MS)))),
                Err(CommitError::Store(StoreError::Full { .. })) => {
                    return Ok(Err(Answer::stop(StopCode::StorageFull, Some(FULL_RETRY_MS))));
                }
                Err(error) => return Err(error),
            }
        }
        let person = record.persons.first().copied().unwrap_or(PersonId([0; 16]));
        let own = Origin::Device { device: hello.device, incarnation: hello.incarnation }.actor();
        let ground = if position.is_some() { Ground::Whole } else { Ground::MayReturn };
        let speaker = Speaker { record, maker, scope: ScopeId::of(person), own, standing, ground };
        let welcome = self.welcome(&speaker, position.unwrap_or(0), nonce)?;
        // A walk that was cut goes on, and what entered the scope since it began was perhaps never passed.
        self.complete_to = hello.walk_from.map_or(self.position, |from| from.min(self.position));
        self.speaker = Some(speaker);
        if self.position > contact.stored_to && standing == Standing::Good {
            // Over POST the next Hello's cursor serves as Stored.
            self.stored(self.position);
        }
        Ok(Ok(vec![Frame::Welcome(welcome)]))
    }

    /// Who says Hello: a device that the store knows, or one that shows what the store once said about it, with the
    /// certificate that is to be remembered.
    #[expect(clippy::type_complexity, reason = "three answers to one question, taken apart at once")]
    fn who(
        &self,
        hello: &Hello,
        rest: &[Frame],
    ) -> Result<Option<(DeviceRecord, Standing, Option<Certificate>)>, CommitError> {
        let store = self.office.store.as_ref();
        if let Some(record) = read_device(store, hello.device)? {
            let standing = Standing::of(store, &record)?;
            return Ok(Some((record, standing, None)));
        }
        let Some(Frame::Introduce(shown)) = rest.first() else { return Ok(None) };
        let Some(certificate) = self.our_certificate(&shown.certificate) else { return Ok(None) };
        if certificate.device != hello.device {
            return Ok(None);
        }
        let record = DeviceRecord {
            device: certificate.device,
            key: certificate.device_key,
            persons: certificate.persons.iter().map(|(person, _)| *person).collect(),
            certificate: shown.certificate.clone(),
            enrolled_at: certificate.issued_at,
            revoked_at: None,
        };
        let standing = if was_revoked(store, hello.device)? { Standing::Revoked } else { Standing::Unconfirmed };
        let remembered = (standing == Standing::Unconfirmed).then_some(certificate);
        Ok(Some((record, standing, remembered)))
    }

    /// The number after which a device with this cursor has news; `None` when it stands where this store has never
    /// been: another epoch, a number above the log, or another chain value.
    fn position_of(&self, cursor: Option<&Cursor>) -> Result<Option<u64>, CommitError> {
        let Some(cursor) = cursor else { return Ok(Some(0)) };
        let _durable = self.office.hub.read();
        let chain = self.office.store.log_entry(cursor.number)?.map(|entry| entry.chain);
        let known = chain.map(|chain| Cursor::new(self.office.identity.epoch, cursor.number, chain));
        let is_here = known.as_ref() == Some(cursor) || (known.is_some() && sabotage::is_on(Bug::ChainNotCompared));
        Ok(is_here.then_some(cursor.number))
    }

    fn welcome(&mut self, speaker: &Speaker, position: u64, nonce: Nonce) -> Result<Welcome, CommitError> {
        let durable = self.office.hub.read();
        let pull = self.pull(speaker, *durable);
        let digest = if pull.is_current(position)? { Some(pull.digest()?) } else { None };
        let identity = &self.office.identity;
        let welcome = Welcome {
            epoch: identity.epoch,
            server_time: self.office.platform.clock.now(),
            nonce,
            durable_to: durable.number,
            backed_up_to: self.office.backed_up()?.map_or(0, |last| last.number),
            level: known_level(),
            digest,
            limits: None,
        };
        drop(durable);
        self.position = position;
        Ok(welcome)
    }
}

/// A device showed that it has seen more than the store has. With the store's own epoch nobody restored it: its
/// disk was rolled back, and that is said loudly. (A receipt proves it: see [`crate::restore`].)
fn note_ahead(contact: &mut DeviceContact, hello: &Hello, identity: &crate::identity::Identity) {
    let Some(cursor) = hello.cursor else { return };
    if contact.ahead.is_none_or(|known| known.number < cursor.number) {
        contact.ahead = Some(cursor);
    }
    if cursor.epoch == identity.epoch {
        tracing::error!(
            device.id = %hello.device, log.number = cursor.number,
            "a device stands where this log has never been: the store may have been rolled back"
        );
    }
}
