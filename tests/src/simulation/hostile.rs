//! Attacks: a phone in the wrong hands that holds its own key, and somebody on the wire who records and changes.
//!
//! Nothing that they may not state is entered in the ledger as honest: if it enters a log, a check fails.

use docket_client::replica::NewFact;
use docket_client::signing::Consent;
use docket_sync_core::document::{Record, rebuild_unchecked};
use docket_sync_core::facts::bodies::{AddNote, CancelByOffice, Close};
use docket_sync_core::facts::{
    Author, Content, Fact, FactBody, Head, Origin, Role, SCHEMA_LEVEL, StatedFact, Statement,
};
use docket_sync_core::ids::{Digest, DocumentId, Incarnation};
use docket_sync_core::proof::{Receipt, ReceiptDocument};
use docket_sync_core::reference::Language;
use docket_sync_core::sync::device::Replica;
use docket_sync_core::sync::frames::{Cover, Frame, Push, RecordSet};
use docket_sync_core::sync::message::{Plain, pack, travels_digest, unpack};
use docket_sync_core::voucher::{Signing, sign};

use super::checks;
use super::company::Company;
use super::phone::IsCrash;
use crate::random::Random;
use crate::world::Trouble;
use crate::world::field::consent;

/// What the rogue says where it may say nothing.
const FORGED: &str = "我是别人";

/// The name under which the rogue signs for a customer.
pub(super) const FORGED_NAME: &str = "冒名";

/// Whether no command of a phone could have made this: an attack that its own journal kept. (Only the first fact of a
/// chain says where it is from.)
pub(super) fn is_forbidden(fact: &Fact) -> bool {
    match fact.body() {
        FactBody::AddNote(note) => note.text == FORGED,
        FactBody::Close(_) | FactBody::Unknown { .. } => true,
        _ => false,
    }
}

impl Company {
    fn rogue(&self) -> usize {
        self.phones.iter().position(|phone| phone.is_rogue).unwrap_or(0)
    }

    /// The rogue states what its technician may not, among what he may.
    pub(super) fn hostile_fact(&mut self, random: &mut Random) -> Result<bool, Trouble> {
        if random.chance(1, 3) {
            return self.forged_signature();
        }
        let index = self.rogue();
        let order = self.orders.get(random.position(self.orders.len())).copied();
        let other = self.technicians.first().copied();
        let (Some(order), Some(other)) = (order, other) else { return Ok(false) };
        let phone = self.phone(index);
        let own = Author::Person(phone.device.person);
        let note = || FactBody::from(AddNote { text: FORGED.to_owned() });
        let (author, head, body) = match random.below(5) {
            0 => (Author::Person(other), Head::default(), note()),
            1 => (Author::System("review-default".to_owned()), Head::default(), note()),
            2 => (own, Head::default(), Close {}.into()),
            3 => (own, Head { role: Some(Role::Supervisor), ..Head::default() }, note()),
            // A kind that no version knows.
            _ => (own, Head::default(), FactBody::Unknown { kind: 200, bytes: vec![0x80] }),
        };
        let Ok(shown) = phone.device.show(order) else { return Ok(false) };
        let fact =
            NewFact { document: order, author, seen: shown.view.frontier, head, body, claimed: None, proof: None };
        match phone.device.client.replica_mut().state_fact(fact) {
            Ok(_) => Ok(true),
            Err(error) if error.is_crash() => self.phone_crashed(index).map(|()| true),
            Err(error) => Err(error.into()),
        }
    }

    /// The rogue changes the name under a signature: the gate lets it in, since its technician may sign, and the
    /// check of proofs finds it.
    fn forged_signature(&mut self) -> Result<bool, Trouble> {
        let index = self.rogue();
        let phone = self.phone(index);
        let key = phone.device.signing_key()?;
        for order in phone.own_orders()? {
            let shown = phone.device.show(order)?;
            let client = &mut phone.device.client;
            let (Ok(voucher), Ok(consent)) = (client.voucher(&shown, Language::Zh), consent()) else { continue };
            let Consent { strokes, name, relation, opinion } = consent;
            let claimed = client.replica().time().claimed;
            let device = client.replica().identity().device;
            let signing = Signing { strokes, opinion, name, relation, claimed, device };
            let mut signed = sign(&voucher, signing, &key)?;
            FORGED_NAME.clone_into(&mut signed.body.name);
            let fact = NewFact {
                document: order,
                author: Author::Person(phone.device.person),
                seen: shown.view.frontier,
                head: Head::default(),
                body: signed.body.into(),
                claimed: Some(claimed),
                proof: Some(signed.proof),
            };
            let fact = match client.replica_mut().state_fact(fact) {
                Ok(fact) => fact,
                Err(error) if error.is_crash() => return self.phone_crashed(index).map(|()| true),
                Err(error) => return Err(error.into()),
            };
            let shown = phone.device.show(order)?;
            for fact in shown.facts.under(fact) {
                self.ledger.state(order, fact);
                self.phone(index).waiting.insert(fact.id, (order, fact.digest));
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Somebody sends a recorded message again, or what he made of it.
    pub(super) fn send_recorded(&mut self, is_changed: bool, random: &mut Random) -> Result<bool, Trouble> {
        if self.wire.recorded.is_empty() {
            return Ok(false);
        }
        let mut message = random.pick(&self.wire.recorded).clone();
        if is_changed {
            for _ in 0..=random.below(3) {
                let at = random.position(message.len());
                if let Some(byte) = message.get_mut(at) {
                    *byte ^= u8::try_from(random.below(255)).unwrap_or(0).saturating_add(1);
                }
            }
            if random.chance(1, 4) {
                message.truncate(random.position(message.len()));
            }
        }
        drop(self.deliver(&message)?);
        Ok(true)
    }

    /// The rogue sends a cancel of a supervisor under a receipt that it signed itself.
    pub(super) fn forged_receipt(&mut self, random: &mut Random) -> Result<bool, Trouble> {
        let index = self.rogue();
        let Some(order) = self.orders.get(random.position(self.orders.len())).copied() else { return Ok(false) };
        let Some((supervisor, _)) = self.people.first().cloned() else { return Ok(false) };
        let identity = self.office.office.identity;
        let time = self.office.now();
        let phone = self.phone(index);
        let key = phone.device.signing_key()?;
        let origin = Origin::Device { device: phone.id(), incarnation: Incarnation(random.bytes()) };
        let statement = Statement { origin: Some(origin), author: Some(Author::Person(supervisor)), restates: None };
        let body = CancelByOffice { reason: "不要了".to_owned() }.into();
        let content = Content { level: SCHEMA_LEVEL, seen: Vec::new(), head: Head::default(), body };
        let bytes = StatedFact::new(statement, content).to_bytes();
        let record = Record { actor: origin.actor(), sequence: 1, time, bytes };
        let heads = vec![rebuild_unchecked(order, None, &record).hash];
        let receipt = Receipt::signed(
            identity.store,
            identity.epoch,
            1,
            Digest([0; 32]),
            vec![ReceiptDocument { document: order, heads }],
            &key,
        );
        let cover = Cover::Receipt { receipt: receipt.to_bytes() };
        self.push_by(index, Push { cover, records: pack_one(order, record), proofs: Vec::new() })?;
        Ok(true)
    }

    /// A good Hello of a phone, and a push that its library would not make.
    fn push_by(&mut self, index: usize, push: Push) -> Result<(), Trouble> {
        let phone = self.phone(index);
        phone.exchange = None;
        let travels = vec![Frame::Push(push)];
        let sent = travels.clone();
        let hello = match phone.device.client.replica_mut().hello(travels_digest(&travels)) {
            Ok(hello) => hello,
            Err(error) if error.is_crash() => return self.phone_crashed(index),
            Err(error) => return Err(error.into()),
        };
        let frames: Vec<Frame> = std::iter::once(Frame::Hello(hello)).chain(travels).collect();
        let Some(answer) = self.deliver(&pack(&frames, &mut Plain))? else { return Ok(()) };
        // The nonce of the next Hello is in the Welcome; the rest is none of the library's business.
        let phone = self.phone(index);
        let replica = phone.device.client.replica_mut();
        let frames = unpack(&answer)?;
        let is_acknowledged = frames.iter().any(|frame| matches!(frame, Frame::Ack(_)));
        let taken = match frames.into_iter().next() {
            Some(Frame::Welcome(welcome)) => replica.welcomed(&welcome).map(drop),
            Some(Frame::Nonce(nonce)) => replica.new_nonce(&nonce),
            _ => Ok(()),
        };
        match taken {
            Err(error) if error.is_crash() => self.phone_crashed(index)?,
            taken => taken?,
        }
        if is_acknowledged {
            for frame in sent {
                if let Frame::Push(push) = frame {
                    self.ledger.acknowledged(&push.records)?;
                }
            }
        }
        checks::what_is_refused_lies_whole(self)
    }
}

fn pack_one(document: DocumentId, record: Record) -> RecordSet {
    let records = [record];
    RecordSet::pack([(document, records.as_slice())].into_iter())
}
