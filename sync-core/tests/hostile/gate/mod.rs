//! The gate, case by case: what each hostile or unlucky record is told, and that it harms nothing else.

mod evidence;
mod proofs;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{ChainHead, Chains, FirstStatement, Record};
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Block, FactBody, Head, Ledger, Role, Statement};
use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, DocumentId, FactId, KeyId, PersonId};
use docket_sync_core::proof::{ApprovalCode, Envelope, EnvelopeDocument};
use docket_sync_core::reference::codes_record;
use docket_sync_core::sync::frames::{Cover, Push, QuarantineCode, RecordSet};
use docket_sync_core::sync::gate::{GateStore, Judged, KnownCode, Maker, OneTime, Proof, Verdict, own_proof};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::VerifyingKey;

use super::sample::{Device, ORDER, OTHER_ORDER, STORE, content, hashes};

const MAKER: Device = Device(0xd1);
const COLLEAGUE: Device = Device(0xd2);

/// The supervisor.
const HEAD: PersonId = PersonId([0x5e; 16]);

/// The third of his one-time codes.
fn code() -> ApprovalCode {
    ApprovalCode::of([0x3c; 8])
}

/// What the store knows: two orders, on each a first note of the maker and of his colleague.
#[derive(Default)]
struct Memory {
    changes: BTreeMap<(DocumentId, ActorId, u64), ChangeHash>,
    refused: BTreeMap<(DocumentId, ActorId, u64), ChangeHash>,
    scopes: BTreeSet<(DocumentId, PersonId)>,
    used: BTreeMap<OneTime, (DocumentId, FactId)>,
}

impl Memory {
    fn new() -> Self {
        let mut memory = Self::default();
        for document in [ORDER, OTHER_ORDER] {
            for device in [MAKER, COLLEAGUE] {
                let hash = hashes(document, &Chains::new(), &[device.note(1)])[0];
                memory.changes.insert((document, device.origin().actor(), 1), hash);
                memory.scopes.insert((document, device.person()));
            }
        }
        memory
    }

    fn chains(&self, document: DocumentId) -> Chains {
        let of_document = self.changes.iter().filter(|((known, _, _), _)| *known == document);
        of_document
            .map(|((_, actor, sequence), hash)| (*actor, ChainHead { sequence: *sequence, hash: *hash }))
            .collect()
    }
}

impl GateStore for Memory {
    fn chain(&self, document: DocumentId, actor: ActorId) -> Option<ChainHead> {
        self.chains(document).get(&actor).copied()
    }

    fn accepted(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.changes.get(&(document, actor, sequence)).copied()
    }

    fn refused(&self, document: DocumentId, actor: ActorId, sequence: u64) -> Option<ChangeHash> {
        self.refused.get(&(document, actor, sequence)).copied()
    }

    fn first(&self, document: DocumentId, actor: ActorId) -> Option<FirstStatement> {
        let device = [MAKER, COLLEAGUE].into_iter().find(|device| device.origin().actor() == actor)?;
        self.accepted(document, actor, 1)?;
        Some(FirstStatement { origin: Some(device.origin()), author: Some(Author::Person(device.person())) })
    }

    fn is_known(&self, document: DocumentId) -> bool {
        !self.chains(document).is_empty()
    }

    fn roles(&self, person: PersonId, _since: UnixMillis) -> Vec<Role> {
        if person == HEAD {
            return vec![Role::Supervisor];
        }
        if [MAKER, COLLEAGUE].iter().any(|device| device.person() == person) { vec![Role::Technician] } else { vec![] }
    }

    fn witness_key(&self, person: PersonId, key: KeyId, _at: UnixMillis) -> Option<VerifyingKey> {
        let known = [MAKER, COLLEAGUE].into_iter().filter(|device| device.person() == person);
        known.map(|device| device.key().verifying_key()).find(|known| KeyId::of(known.as_bytes()) == key)
    }

    fn code(&self, approver: PersonId, number: u32) -> Option<KnownCode> {
        let of = [HEAD, COLLEAGUE.person()].contains(&approver) && number == 3;
        let hash = code().hash(codes_record(approver), number);
        of.then_some(KnownCode { hash, until: UnixMillis(i64::MAX) })
    }

    fn blocks(&self, device: DeviceId) -> Vec<Block> {
        let block = |ledger| Block { ledger, first: 51, last: 60 };
        if device == MAKER.id() { vec![block(Ledger::Custody), block(Ledger::Cash)] } else { vec![] }
    }

    fn used_by(&self, once: &OneTime) -> Option<(DocumentId, FactId)> {
        self.used.get(once).copied()
    }

    fn was_in_scope(&self, document: DocumentId, person: PersonId) -> bool {
        self.scopes.contains(&(document, person))
    }
}

fn maker(device: Device) -> Maker {
    let (key, persons) = (device.key().verifying_key(), vec![device.person()]);
    Maker { device: device.id(), key, persons, since: UnixMillis(0), revoked: false }
}

type Documents = Vec<(DocumentId, Vec<Record>)>;

/// The push of `documents` with an envelope by `device` over exactly these changes, which travels without them.
fn own_push(memory: &Memory, device: Device, documents: &Documents) -> (Push, Proof) {
    let envelope = envelope(memory, device, documents);
    let cover = Cover::Own { key: envelope.key, counter: envelope.counter, signature: envelope.signature };
    let proof = own_proof(&cover, STORE, maker(device));
    (push(cover, documents), proof)
}

/// The same, carried by somebody else: with the list.
fn relayed_push(memory: &Memory, device: Device, documents: &Documents) -> (Push, Proof) {
    let envelope = envelope(memory, device, documents);
    let cover = Cover::Relayed { envelope: envelope.clone(), certificate: vec![] };
    (push(cover, documents), Proof::Envelope { maker: maker(device), envelope })
}

fn envelope(memory: &Memory, device: Device, documents: &Documents) -> Envelope {
    let listed = documents.iter().map(|(document, records)| EnvelopeDocument {
        document: *document,
        changes: hashes(*document, &memory.chains(*document), records),
    });
    Envelope::signed(STORE, device.id(), 7, listed.collect(), &device.key())
}

fn push(cover: Cover, documents: &Documents) -> Push {
    let documents = documents.iter().map(|(document, records)| (*document, records.as_slice()));
    Push { cover, records: RecordSet::pack(documents), proofs: vec![] }
}

/// The verdicts in short, document by document.
fn told(judged: &Judged) -> Vec<Vec<Told>> {
    let short = |(_, verdict): &(Record, Verdict)| match verdict {
        Verdict::Accept { .. } => Told::Accepted,
        Verdict::Duplicate => Told::Duplicate,
        Verdict::Held { missing, .. } => Told::Held(*missing),
        Verdict::Quarantine { code, .. } => Told::Refused(*code),
    };
    judged.documents.iter().map(|document| document.records.iter().map(short).collect()).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Accepted,
    Duplicate,
    Held(u64),
    Refused(QuarantineCode),
}
use Told::{Accepted, Duplicate, Held, Refused};

/// A hostile record, in one document of a push that is honest otherwise.
fn next(body: impl Into<FactBody>) -> Record {
    MAKER.says(2, body)
}

fn with_head(head: Head) -> Record {
    MAKER.states(2, Statement::default(), docket_sync_core::facts::Content { head, ..content(note()) })
}

fn note() -> AddNote {
    AddNote { text: "x".into() }
}
