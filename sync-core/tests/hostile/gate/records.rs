//! Hostile records and frames: form and right.

use docket_sync_core::document::Record;
use docket_sync_core::facts::bodies::{AddNote, CancelByOffice};
use docket_sync_core::facts::{Author, FactBody, Head, Restates, Role, SeenRef, Statement};
use docket_sync_core::ids::{DocumentId, FactRef, PersonId};
use docket_sync_core::limits;
use docket_sync_core::sync::frames::{Cover, DocumentRuns, Outcome, Push, QuarantineCode, RecordSet, Run, RunItem};
use docket_sync_core::sync::gate::{Maker, Proof, judge};
use docket_sync_core::sync::server::ack;
use docket_sync_core::time::MINUTE;

use super::super::sample::{Device, NOON, ORDER, OTHER_ORDER, STORE, content, register_call};
use super::{
    Accepted, COLLEAGUE, Documents, Held, MAKER, Memory, Refused, next, note, own_push, relayed_push, told, with_head,
};

const NEW_ORDER: DocumentId =
    DocumentId([0x01, 0x8f, 0xd1, 0x18, 0x94, 0, 0x7f, 0x0f, 0x8f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f]);

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
            let exceptions = ack(&judged, &Cover::None, 1).exceptions;
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
        Record {
            time: NOON.plus(MINUTE + 2 * ahead),
            bytes: with_head(Head { lo_offset: Some(-ahead), ..Head::default() }).bytes,
            ..MAKER.note(2)
        },
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
