//! The gate for each change, and a signature that anybody checks with no server.

use docket_sync_core::document::{ChainHead, Document, FirstStatement, Record};
use docket_sync_core::facts::{Author, Block, Origin, Role};
use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, DocumentId, FactId, Incarnation, KeyId, PersonId, StoreId};
use docket_sync_core::proof::{Envelope, EnvelopeDocument};
use docket_sync_core::sync::frames::{Cover, Push, RecordSet};
use docket_sync_core::sync::gate::{GateStore, Judged, KnownCode, Maker, OneTime, Verdict, judge, own_proof};
use docket_sync_core::time::UnixMillis;
use docket_sync_core::voucher::copy::verify_copy;
use ed25519_dalek::{SigningKey, VerifyingKey};

use super::work::note;
use super::{Options, Row, RowError, Weight, cpu, float};
use crate::table::{Figure, Unit};

pub(super) const ROW: Row = Row {
    name: "gate",
    about: "judging a change: form, proof and right, by the facts of a push",
    weight: Weight::Usual,
    run: |options| Box::pin(async move { measure(&options) }),
};

pub(super) const VERIFY: Row = Row {
    name: "verify",
    about: "checking a customer's copy of a signed voucher with no server",
    weight: Weight::Usual,
    run: |options| Box::pin(async move { verify(&options) }),
};

/// Facts of one push.
const FACTS: [usize; 3] = [1, 10, 100];
/// Changes judged for each.
const CHANGES: usize = 4_000;
const COPIES: usize = 500;

const STORE: StoreId = StoreId([1; 16]);
const PERSON: PersonId = PersonId([2; 16]);
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// The published copy: bytes of `schemas/golden`.
const COPY: &str = include_str!("../../../schemas/golden/voucher/copy.hex");

/// A store that knows one document, which is in the scope of everybody.
struct Known(Document, Option<FirstStatement>);

impl GateStore for Known {
    fn chain(&self, _: DocumentId, actor: ActorId) -> Option<ChainHead> {
        self.0.chains().get(&actor).copied()
    }

    fn accepted(&self, _: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.0.change_hash(actor, sequence)
    }

    fn refused(&self, _: DocumentId, _: ActorId, _: u64) -> Option<ChangeHash> {
        None
    }

    fn first(&self, _: DocumentId, _: ActorId) -> Option<FirstStatement> {
        self.1.clone()
    }

    fn is_known(&self, _: DocumentId) -> bool {
        true
    }

    fn roles(&self, _: PersonId, _: UnixMillis) -> Vec<Role> {
        vec![Role::Technician]
    }

    fn was_in_scope(&self, _: DocumentId, _: PersonId) -> bool {
        true
    }

    fn witness_key(&self, _: PersonId, _: KeyId, _: UnixMillis) -> Option<VerifyingKey> {
        None
    }

    fn code(&self, _: PersonId, _: u32) -> Option<KnownCode> {
        None
    }

    fn blocks(&self, _: DeviceId) -> Vec<Block> {
        Vec::new()
    }

    fn used_by(&self, _: &OneTime) -> Option<(DocumentId, FactId)> {
        None
    }
}

fn measure(options: &Options) -> Result<Vec<Figure>, RowError> {
    let mut figures = Vec::new();
    for facts in FACTS {
        let pushes = options.times(CHANGES).div_ceil(facts);
        let each = judging(pushes, facts)? / float(pushes.saturating_mul(facts));
        let name = format!("change_of_{facts}_in_a_push");
        figures.push(Figure::new(&name, each, Unit::ProcessorSeconds).named("gate per change"));
    }
    Ok(figures)
}

/// Processor seconds of judging pushes of one device, which follow each other on its chain.
fn judging(pushes: usize, facts: usize) -> Result<f64, RowError> {
    let key = SigningKey::from_bytes(&[3; 32]);
    let device = DeviceId([4; 16]);
    let origin = Origin::Device { device, incarnation: Incarnation([5; 16]) };
    let maker = Maker { device, key: key.verifying_key(), persons: vec![PERSON], since: UnixMillis(0), revoked: false };
    let mut chain = Document::new(DocumentId([6; 16]))?;
    let first = FirstStatement { origin: Some(origin), author: Some(Author::Person(PERSON)) };
    let mut known = Known(Document::new(chain.id())?, Some(first));
    let mut seconds = 0.0;
    for (number, counter) in (0..pushes).zip(1..) {
        if number.is_multiple_of(50) {
            // A document has a limit of changes.
            chain = Document::new(chain.id())?;
            known.0 = Document::new(chain.id())?;
        }
        let (mut records, mut changes): (Vec<Record>, Vec<ChangeHash>) = (Vec::new(), Vec::new());
        for _ in 0..facts {
            let sequence = chain.chains().get(&origin.actor()).map_or(1, |head| head.sequence.saturating_add(1));
            let record = note(origin, PERSON, sequence, NOW);
            changes.push(chain.append(&record)?.hash);
            records.push(record);
        }
        let document = chain.id();
        let envelope = Envelope::signed(STORE, device, counter, vec![EnvelopeDocument { document, changes }], &key);
        let cover = Cover::Own { key: envelope.key, counter, signature: envelope.signature };
        let push = Push { cover, records: RecordSet::pack([(document, records.as_slice())]), proofs: Vec::new() };
        let proof = own_proof(&push.cover, STORE, maker.clone());
        let before = cpu::of_this_thread()?;
        let judged = judge(&known, STORE, &push, proof, NOW.plus(1_000_000))?;
        seconds += cpu::of_this_thread()? - before;
        if !are_accepted(&judged, facts) {
            return Err(format!("a push was not simply accepted: {judged:?}").into());
        }
        for record in &records {
            known.0.append(record)?;
        }
    }
    Ok(seconds)
}

fn are_accepted(judged: &Judged, facts: usize) -> bool {
    let verdicts = judged.documents.iter().flat_map(|document| &document.records).map(|(_, verdict)| verdict);
    verdicts.filter(|verdict| matches!(verdict, Verdict::Accept { .. })).count() == facts
}

fn verify(options: &Options) -> Result<Vec<Figure>, RowError> {
    let text: String = COPY.split_whitespace().collect();
    let copy = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes())?;
    let copies = options.times(COPIES);
    let before = cpu::of_this_thread()?;
    for _ in 0..copies {
        let report = verify_copy(std::hint::black_box(&copy), None);
        if !report.passed() {
            return Err(format!("the copy is not good: {report:?}").into());
        }
    }
    let each = (cpu::of_this_thread()? - before) / float(copies);
    Ok(vec![
        Figure::new("copy", each, Unit::ProcessorSeconds).named("verify a signature offline"),
        Figure::bytes("copy_bytes", u64::try_from(copy.len())?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_accepted_and_the_published_copy_is_good() {
        let options = Options::quick(10);
        assert_eq!(measure(&options).unwrap().len(), FACTS.len());
        assert!(verify(&options).unwrap().first().unwrap().value > 0.0);
    }
}
