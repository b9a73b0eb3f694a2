//! The gate, case by case: what each hostile or unlucky record is told, and that it harms nothing else.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::document::{ChainHead, Chains, FirstStatement, Record};
use docket_sync_core::facts::bodies::{AddNote, CancelByOffice};
use docket_sync_core::facts::{Author, FactBody, Head, Restates, Role, SeenRef, StatedFact, Statement};
use docket_sync_core::ids::{ActorId, ChangeHash, DocumentId, FactRef, KeyId, PersonId, Signature};
use docket_sync_core::limits;
use docket_sync_core::proof::{Envelope, EnvelopeDocument, Receipt, ReceiptDocument};
use docket_sync_core::sync::frames::{
    Cover, DocumentRuns, Outcome, Push, QuarantineCode, RecordSet, RenewReason, Run, RunItem,
};
use docket_sync_core::sync::gate::{GateStore, Judged, Maker, Proof, Verdict, judge, own_proof};
use docket_sync_core::sync::server::ack;
use docket_sync_core::time::{MINUTE, UnixMillis};

use super::sample::{Device, NOON, ORDER, OTHER_ORDER, STORE, content, hashes, later, register_call};

const MAKER: Device = Device(0xd1);
const COLLEAGUE: Device = Device(0xd2);
const NEW_ORDER: DocumentId = DocumentId([0x0f; 16]);

/// What the store knows: two orders, on each a first note of the maker and of his colleague.
#[derive(Default)]
struct Memory {
    changes: BTreeMap<(DocumentId, ActorId, u64), ChangeHash>,
    refused: BTreeMap<(DocumentId, ActorId, u64), ChangeHash>,
    scopes: BTreeSet<(DocumentId, PersonId)>,
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
        of_document.map(|((_, actor, sequence), hash)| (*actor, ChainHead { sequence: *sequence, hash: *hash })).collect()
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
        if [MAKER, COLLEAGUE].iter().any(|device| device.person() == person) { vec![Role::Technician] } else { vec![] }
    }

    fn was_in_scope(&self, document: DocumentId, person: PersonId) -> bool {
        self.scopes.contains(&(document, person))
    }
}

fn maker(device: Device) -> Maker {
    Maker { device: device.id(), key: device.key().verifying_key(), persons: vec![device.person()], revoked: false }
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

fn with_bytes(bytes: Vec<u8>) -> Record {
    Record { bytes, ..MAKER.note(2) }
}

fn authored_by(person: PersonId) -> Record {
    let author = Some(Author::Person(person));
    MAKER.states(2, Statement { author, ..Statement::default() }, content(note()))
}

/// Content with `nested` CBOR behind its five fields.
fn nested(levels: usize) -> Record {
    let honest = MAKER.note(2).bytes;
    // [statement, content]: the statement is one byte here, the content's head grows from 5 to 6 fields.
    let mut bytes = [&honest[..2], &[0x86], &honest[3..]].concat();
    bytes.extend(vec![0x81; levels]);
    bytes.push(0);
    with_bytes(bytes)
}

/// Every single hostile record with what it is told.
fn hostile_records() -> Vec<(&'static str, Record, QuarantineCode)> {
    use QuarantineCode::{ForgedAuthor, Limit, Malformed, NewerKind, NotPermitted, TimeAhead, WrongActor};
    let ahead = limits::HYBRID_AHEAD_MAX_MS;
    let honest = || MAKER.note(2);
    let foreign = Restates { actor: COLLEAGUE.origin().actor(), sequence: 1 };
    let restates = Statement { restates: Some(foreign), ..Statement::default() };
    let system = Statement { author: Some(Author::System("review-default".into())), ..Statement::default() };
    let many_seen = |count: usize| {
        let seen = vec![SeenRef::Fact(FactRef { prefix: [1; 5], sequence: 1 }); count];
        MAKER.states(2, Statement::default(), docket_sync_core::facts::Content { seen, ..content(note()) })
    };
    vec![
        ("empty", with_bytes(vec![]), Malformed),
        ("no fact", with_bytes(vec![0xff; 40]), Malformed),
        ("cut", with_bytes(honest().bytes[..8].to_vec()), Malformed),
        ("bytes after the end", with_bytes([honest().bytes, vec![0]].concat()), Malformed),
        ("padded head", with_bytes([&[0x98, 0x02], &honest().bytes[1..]].concat()), Malformed),
        ("indefinite", with_bytes([&[0x9f], &honest().bytes[1..], &[0xff]].concat()), Malformed),
        ("deep nesting", nested(limits::NESTING_MAX), Malformed),
        ("nesting bomb", nested(10_000), Malformed),
        ("too many seen", many_seen(limits::SEEN_MAX + 1), Malformed),
        ("oversize", with_bytes(vec![0; limits::FACT_BYTES_MAX + 1]), Limit),
        ("long note", next(AddNote { text: "n".repeat(limits::NOTE_BYTES_MAX + 1) }), Limit),
        ("time ahead", Record { time: NOON.plus(2 * ahead + MINUTE), ..honest() }, TimeAhead),
        ("lo ahead", with_head(Head { lo_offset: Some(ahead + 10 * MINUTE), ..Head::default() }), TimeAhead),
        ("time of no century", Record { time: limits::TIME_MAX.plus(1), ..honest() }, TimeAhead),
        ("time before the century", Record { time: limits::TIME_MIN.plus(-1), ..honest() }, TimeAhead),
        ("forged author", authored_by(COLLEAGUE.person()), ForgedAuthor),
        ("author nobody", authored_by(PersonId([0; 16])), ForgedAuthor),
        ("system author", MAKER.states(2, system, content(note())), ForgedAuthor),
        ("restates a colleague", MAKER.states(2, restates, content(note())), WrongActor),
        ("unknown kind", next(FactBody::Unknown { kind: 200, bytes: vec![0x80] }), NewerKind),
        ("not permitted", next(CancelByOffice { reason: "no".into() }), NotPermitted),
        ("claimed role", with_head(Head { role: Some(Role::Supervisor), ..Head::default() }), NotPermitted),
    ]
}

/// The hostile record on one order, what follows it there, a colleague's fact there, and another order.
fn among_honest(hostile: Record) -> Documents {
    vec![(ORDER, vec![hostile, MAKER.note(3), MAKER.note(4)]), (OTHER_ORDER, vec![MAKER.note(2)])]
}

#[test]
fn every_hostile_record_is_told_why_and_only_what_follows_it_waits() {
    let memory = Memory::new();
    for (name, record, code) in hostile_records() {
        let documents = among_honest(record);
        for (push, proof) in [own_push(&memory, MAKER, &documents), relayed_push(&memory, MAKER, &documents)] {
            let judged = judge(&memory, STORE, &push, proof, NOON.plus(MINUTE)).unwrap();
            assert_eq!(told(&judged), [vec![Refused(code), Held(2), Held(2)], vec![Accepted]], "{name}");
            assert!(judged.renew.is_none() && judged.envelope.is_some(), "{name}");
            let exceptions = ack(&judged, 7, 1).exceptions;
            let outcomes: Vec<_> = exceptions.iter().map(|run| (run.first, run.count, run.outcome)).collect();
            let expected = [(2, 1, Outcome::Quarantined { code }), (3, 2, Outcome::Held { missing: 2 })];
            assert_eq!(outcomes, expected, "{name}");
        }
    }
}

#[test]
fn every_limit_admits_what_is_just_inside_it() {
    let memory = Memory::new();
    let ahead = limits::HYBRID_AHEAD_MAX_MS;
    let seen = vec![SeenRef::Fact(FactRef { prefix: [1; 5], sequence: 1 }); limits::SEEN_MAX];
    let inside = [
        nested(limits::NESTING_MAX - 2),
        next(AddNote { text: "n".repeat(limits::NOTE_BYTES_MAX) }),
        Record { time: NOON.plus(MINUTE + 2 * ahead), bytes: with_head(Head { lo_offset: Some(-ahead), ..Head::default() }).bytes, ..MAKER.note(2) },
        with_head(Head { role: Some(Role::Technician), ..Head::default() }),
        MAKER.states(2, Statement::default(), docket_sync_core::facts::Content { seen, ..content(note()) }),
    ];
    for record in inside {
        let documents = vec![(ORDER, vec![record])];
        let (push, proof) = own_push(&memory, MAKER, &documents);
        let judged = judge(&memory, STORE, &push, proof, NOON.plus(MINUTE)).unwrap();
        assert_eq!(told(&judged), [[Accepted]]);
    }
}

/// The device's first facts on an order that the store does not know from it.
fn first_records() -> Vec<(&'static str, Record, QuarantineCode)> {
    let other = Device(0xd3);
    let of_other = Statement { origin: Some(other.origin()), ..MAKER.statement(1) };
    let silent = Statement { author: None, ..MAKER.statement(1) };
    let lost = Statement { origin: None, ..MAKER.statement(1) };
    let call = || content(register_call());
    vec![
        ("origin of another", MAKER.states(1, of_other, call()), QuarantineCode::WrongActor),
        ("no author", MAKER.states(1, silent, call()), QuarantineCode::WrongActor),
        ("no origin", MAKER.states(1, lost, call()), QuarantineCode::WrongActor),
        ("actor of another", other.states(1, other.statement(1), call()), QuarantineCode::WrongActor),
        ("unknown order", MAKER.note(1), QuarantineCode::UnknownDocument),
        ("no right to register", MAKER.says(1, register_call()), QuarantineCode::NotPermitted),
    ]
}

#[test]
fn a_first_fact_must_say_truly_where_its_actor_comes_from() {
    let memory = Memory::new();
    for (name, record, code) in first_records() {
        let documents = vec![(NEW_ORDER, vec![record]), (ORDER, vec![MAKER.note(2)])];
        let (push, proof) = own_push(&memory, MAKER, &documents);
        let judged = judge(&memory, STORE, &push, proof, NOON.plus(MINUTE)).unwrap();
        assert_eq!(told(&judged), [vec![Refused(code)], vec![Accepted]], "{name}");
    }
}

#[test]
fn an_order_that_was_never_his_is_out_of_scope_and_a_revoked_device_is_out_of_everything() {
    let mut memory = Memory::new();
    memory.scopes.remove(&(ORDER, MAKER.person()));
    let documents = vec![(ORDER, vec![MAKER.note(2)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let (push, proof) = own_push(&memory, MAKER, &documents);
    let judged = judge(&memory, STORE, &push, proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[Refused(QuarantineCode::OutOfScope)], [Accepted]]);
    let (push, proof) = own_push(&memory, MAKER, &documents);
    let Proof::Envelope { maker, envelope } = proof else { unreachable!() };
    let revoked = Proof::Envelope { maker: Maker { revoked: true, ..maker }, envelope };
    let judged = judge(&memory, STORE, &push, revoked, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[Refused(QuarantineCode::Revoked)], [Refused(QuarantineCode::Revoked)]]);
}

/// Ways in which a push is not proved.
fn bad_proofs(memory: &Memory, documents: &Documents) -> Vec<(&'static str, Proof)> {
    let good = envelope(memory, MAKER, documents);
    let by = |envelope: Envelope| Proof::Envelope { maker: maker(MAKER), envelope };
    let mut other_hashes = good.documents.clone();
    other_hashes[0].changes[0] = ChangeHash([9; 32]);
    other_hashes[1].changes[0] = ChangeHash([9; 32]);
    let signed = |store, listed| Envelope::signed(store, MAKER.id(), 7, listed, &MAKER.key());
    let other_store = docket_sync_core::ids::StoreId([1; 16]);
    let zero = Signature([0; 64]);
    vec![
        ("nothing", Proof::None),
        ("signature of zeros", by(Envelope { signature: zero, ..good.clone() })),
        ("key of another", Proof::Envelope { maker: maker(COLLEAGUE), envelope: good.clone() }),
        ("other counter", by(Envelope { counter: 8, ..good.clone() })),
        ("other key id", by(Envelope { key: KeyId([0; 8]), ..good.clone() })),
        ("other store", by(signed(other_store, good.documents.clone()))),
        ("other hashes, signed", by(signed(STORE, other_hashes.clone()))),
        ("other hashes", by(Envelope { documents: other_hashes, ..good.clone() })),
        ("list cut away", by(Envelope { documents: vec![], signature: zero, ..good })),
    ]
}

#[test]
fn what_no_good_envelope_covers_is_quarantined_without_proof() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(2), MAKER.note(3)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    for (name, proof) in bad_proofs(&memory, &documents) {
        let judged = judge(&memory, STORE, &push(Cover::None, &documents), proof, NOON.plus(MINUTE)).unwrap();
        let refused = Refused(QuarantineCode::NoProof);
        assert_eq!(told(&judged), [vec![refused, Held(2)], vec![refused]], "{name}");
    }
}

#[test]
fn an_envelope_that_lists_a_part_covers_that_part() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(2)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let listed = envelope(&memory, MAKER, &documents[1..].to_vec());
    let proof = Proof::Envelope { maker: maker(MAKER), envelope: listed };
    let judged = judge(&memory, STORE, &push(Cover::None, &documents), proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[Refused(QuarantineCode::NoProof)], [Accepted]]);
}

#[test]
fn a_gap_holds_its_chain_and_never_lets_anything_pass_without_proof() {
    let memory = Memory::new();
    let gap = vec![(ORDER, vec![MAKER.note(5), MAKER.note(6)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let (push_own, own) = own_push(&memory, MAKER, &gap);
    let judged = judge(&memory, STORE, &push_own, own, NOON.plus(MINUTE)).unwrap();
    // The list cannot be rebuilt, so nothing of the push can be proved now; nothing of it is refused either.
    assert_eq!(told(&judged), [vec![Held(2), Held(2)], vec![Held(2)]]);
    assert!(judged.envelope.is_none());
    let (relayed, proof) = relayed_push(&memory, MAKER, &gap);
    let judged = judge(&memory, STORE, &relayed, proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [vec![Held(2), Held(2)], vec![Accepted]]);
    // A forged relay with a gap in it: the signature is of somebody else.
    let forged = Proof::Envelope { maker: maker(MAKER), envelope: envelope(&memory, COLLEAGUE, &gap) };
    let judged = judge(&memory, STORE, &relayed, forged, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [vec![Held(2), Held(2)], vec![Refused(QuarantineCode::NoProof)]]);
    let unlisted = Envelope { documents: vec![], ..envelope(&memory, COLLEAGUE, &gap) };
    let forged = Proof::Envelope { maker: maker(MAKER), envelope: unlisted };
    let judged = judge(&memory, STORE, &relayed, forged, NOON.plus(MINUTE)).unwrap();
    assert!(told(&judged).concat().iter().all(|told| *told != Accepted), "{:?}", told(&judged));
}

#[test]
fn what_follows_a_refused_change_of_an_earlier_push_is_held_with_its_hash() {
    let mut memory = Memory::new();
    let refused = next(CancelByOffice { reason: "no".into() });
    let actor = MAKER.origin().actor();
    let hash = hashes(ORDER, &memory.chains(ORDER), &[refused])[0];
    memory.refused.insert((ORDER, actor, 2), hash);
    let mut chains = memory.chains(ORDER);
    chains.insert(actor, ChainHead { sequence: 2, hash });
    let expected = hashes(ORDER, &chains, &[MAKER.note(3)])[0];
    let documents = vec![(ORDER, vec![MAKER.note(3)]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let judged = judge(&memory, STORE, &push(Cover::None, &documents), Proof::None, NOON.plus(MINUTE)).unwrap();
    let Verdict::Held { missing: 2, hash: Some(hash) } = judged.documents[0].records[0].1 else {
        panic!("{:?}", told(&judged));
    };
    assert_eq!(hash, expected);
}

#[test]
fn the_same_change_again_is_a_duplicate_and_another_content_in_its_place_asks_for_renewal() {
    let memory = Memory::new();
    let documents = vec![(ORDER, vec![MAKER.note(1), MAKER.note(2)])];
    let (again, proof) = own_push(&Memory::default(), MAKER, &documents);
    let judged = judge(&memory, STORE, &again, proof, NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[Duplicate, Accepted]]);
    let other = MAKER.states(1, MAKER.statement(1), content(note()));
    let documents = vec![(ORDER, vec![other]), (OTHER_ORDER, vec![MAKER.note(2)])];
    let (second, proof) = own_push(&Memory::default(), MAKER, &documents);
    let renew = judge(&memory, STORE, &second, proof, NOON.plus(MINUTE)).unwrap().renew.unwrap();
    assert_eq!((renew.sequence, renew.reason), (1, RenewReason::TwoContents));
    assert_eq!(renew.actor, Some(MAKER.origin().actor()));
}

#[test]
fn a_receipt_covers_its_heads_and_what_lies_before_them_and_nothing_else() {
    let memory = Memory::new();
    let records = vec![MAKER.note(2), MAKER.note(3), MAKER.note(4)];
    let heads = vec![hashes(ORDER, &memory.chains(ORDER), &records)[1]];
    let epoch = docket_sync_core::ids::Epoch([1; 8]);
    let listed = vec![ReceiptDocument { document: ORDER, heads }];
    let receipt = Receipt::signed(STORE, epoch, 9, docket_sync_core::ids::Digest([1; 32]), listed, &Device(1).key());
    let documents = vec![(ORDER, records), (OTHER_ORDER, vec![MAKER.note(2)])];
    let push = push(Cover::None, &documents);
    let judged = judge(&memory, STORE, &push, Proof::Receipt(receipt), NOON.plus(MINUTE)).unwrap();
    let refused = Refused(QuarantineCode::NoProof);
    assert_eq!(told(&judged), [vec![Accepted, Accepted, refused], vec![refused]]);
    let forged = next(AddNote { text: "forged".into() });
    let documents = vec![(ORDER, vec![forged, MAKER.note(3)])];
    let heads = vec![hashes(ORDER, &memory.chains(ORDER), &[MAKER.note(2), MAKER.note(3)])[1]];
    let listed = vec![ReceiptDocument { document: ORDER, heads }];
    let receipt = Receipt::signed(STORE, epoch, 9, docket_sync_core::ids::Digest([1; 32]), listed, &Device(1).key());
    let push = super::gate::push(Cover::None, &documents);
    let judged = judge(&memory, STORE, &push, Proof::Receipt(receipt), NOON.plus(MINUTE)).unwrap();
    assert_eq!(told(&judged), [[refused, Held(2)]]);
}

#[test]
fn frames_that_contradict_themselves_are_the_senders_fault() {
    let item = || RunItem { later: 0, bytes: MAKER.note(2).bytes };
    let run = |actor, first, items: Vec<RunItem>| RecordSet {
        actors: vec![MAKER.origin().actor()],
        documents: vec![DocumentRuns { document: ORDER, runs: vec![Run { actor, first, time: NOON, items }] }],
    };
    let many = (0..=limits::RECORDS_PER_PUSH_MAX).map(|_| RunItem { later: 0, bytes: vec![] }).collect();
    let cases = [
        ("unknown actor", run(1, 2, vec![item()])),
        ("actor far outside", run(u32::MAX, 2, vec![item()])),
        ("sequence 0", run(0, 0, vec![item()])),
        ("sequence beyond the numbers", run(0, u64::MAX, vec![item(), item()])),
        ("too many records", run(0, 2, many)),
    ];
    for (name, records) in cases {
        let push = Push { cover: Cover::None, records, proofs: vec![] };
        assert!(judge(&Memory::new(), STORE, &push, Proof::None, NOON).is_err(), "{name}");
    }
    let push = Push { cover: Cover::None, records: run(0, u64::MAX, vec![item()]), proofs: vec![] };
    let judged = judge(&Memory::new(), STORE, &push, Proof::None, NOON).unwrap();
    assert_eq!(told(&judged), [[Held(2)]]);
}

#[test]
fn facts_of_another_order_or_place_do_not_fit_their_envelope() {
    let memory = Memory::new();
    let signed = vec![(ORDER, vec![MAKER.note(2)])];
    let proof = || Proof::Envelope { maker: maker(MAKER), envelope: envelope(&memory, MAKER, &signed) };
    let moved = [
        vec![(OTHER_ORDER, vec![MAKER.note(2)])],
        vec![(ORDER, vec![Record { time: later(3), ..MAKER.note(2) }])],
        vec![(ORDER, vec![next(note())])],
    ];
    for documents in moved {
        let judged = judge(&memory, STORE, &push(Cover::None, &documents), proof(), NOON.plus(MINUTE)).unwrap();
        assert_eq!(told(&judged), [[Refused(QuarantineCode::NoProof)]]);
    }
    let stated = StatedFact::from_bytes(&MAKER.note(2).bytes).unwrap();
    assert_eq!(stated.to_bytes(), MAKER.note(2).bytes);
}
