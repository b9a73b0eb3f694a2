//! Witnesses, one-time codes, numbers of receipts, roles that nobody holds: what a fact shows beside its proof.

use docket_sync_core::document::Record;
use docket_sync_core::facts::bodies::{
    self, Approve, CollectCash, HandoverVisit, ResolveReview, SelfDispatch, VoidNumber,
};
use docket_sync_core::facts::values::{ApprovalWay, EmergencyBasis, Matter, Money, ReviewChoice, Witness};
use docket_sync_core::facts::{Author, Content, FactBody, Head, Role, Statement};
use docket_sync_core::ids::{Digest, DocumentId, FactId, FactRef, PersonId, ReviewId};
use docket_sync_core::proof::unwitnessed_digest;
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::sync::gate::{OneTime, judge};

use super::super::sample::{Device, NOON, ORDER, OTHER_ORDER, STORE, content, later};
use super::{Accepted, COLLEAGUE, HEAD, MAKER, Memory, Refused, Told, code, next, own_push, told};

const ELSEWHERE: FactRef = FactRef { prefix: [1; 5], sequence: 1 };

fn said(memory: &Memory, documents: &[(DocumentId, Vec<Record>)]) -> Vec<Vec<Told>> {
    let (push, proof) = own_push(memory, MAKER, &documents.to_vec());
    told(&judge(memory, STORE, &push, proof, NOON).unwrap())
}

fn one(memory: &Memory, record: Record) -> Told {
    said(memory, &[(ORDER, vec![record])])[0][0]
}

fn handover(witnesses: impl Fn(Digest) -> Vec<Witness>) -> Record {
    let to = COLLEAGUE.person();
    let mut content = content(HandoverVisit { visit: ELSEWHERE, to, open: vec!["seal".into()] });
    let id = FactId { actor: MAKER.origin().actor(), sequence: 2 };
    let digest = unwitnessed_digest(ORDER, id, &Author::Person(MAKER.person()), later(2), &content);
    let witnesses = witnesses(digest);
    content.head.witnesses = (!witnesses.is_empty()).then_some(witnesses);
    MAKER.states(2, Statement::default(), content)
}

fn signs(device: Device, person: PersonId, digest: Digest) -> Witness {
    Witness::signed(person, digest, &device.key())
}

#[test]
fn u_12_a_witness_has_signed_this_fact_with_a_key_of_his_or_it_is_quarantined() {
    let memory = Memory::new();
    let refused = Refused(QuarantineCode::BadWitness);
    assert_eq!(one(&memory, handover(|_| vec![])), Accepted, "a missing one is legal: it waits for acknowledge");
    assert_eq!(one(&memory, handover(|digest| vec![signs(COLLEAGUE, COLLEAGUE.person(), digest)])), Accepted);
    let bad: [(&str, &dyn Fn(Digest) -> Witness); 5] = [
        ("another fact", &|_| signs(COLLEAGUE, COLLEAGUE.person(), Digest([9; 32]))),
        ("the giver for the taker", &|digest| signs(MAKER, COLLEAGUE.person(), digest)),
        ("the giver as his own witness", &|digest| signs(MAKER, MAKER.person(), digest)),
        ("a device that nobody enrolled", &|digest| signs(Device(0xd7), COLLEAGUE.person(), digest)),
        ("another name under his signature", &|digest| Witness {
            person: HEAD,
            ..signs(COLLEAGUE, COLLEAGUE.person(), digest)
        }),
    ];
    for (name, witness) in bad {
        assert_eq!(one(&memory, handover(|digest| vec![witness(digest)])), refused, "{name}");
        let with_good = handover(|digest| vec![signs(COLLEAGUE, COLLEAGUE.person(), digest), witness(digest)]);
        assert_eq!(one(&memory, with_good), refused, "{name} beside a good one");
    }
}

fn approve(way: ApprovalWay, approver: PersonId, number: u32, secret: &str) -> Approve {
    Approve {
        matter: Matter::Discount,
        subject: ELSEWHERE,
        digest: Digest([7; 32]),
        approver,
        way,
        code: Some(number),
        reason: None,
        secret: Some(secret.to_owned()),
    }
}

/// By the technician, who says so.
fn by_technician(body: impl Into<FactBody>, sequence: u64) -> Record {
    let head = Head { role: Some(Role::Technician), ..Head::default() };
    MAKER.states(sequence, MAKER.statement(sequence), Content { head, ..content(body) })
}

#[test]
fn u_21_a_code_is_the_approvers_own_and_good_once() {
    let memory = Memory::new();
    let by_code = |approver, number, secret: &str| {
        one(&memory, by_technician(approve(ApprovalWay::Code, approver, number, secret), 2))
    };
    let good = code().to_string();
    assert_eq!(by_code(HEAD, 3, &good), Accepted);
    assert_eq!(by_code(HEAD, 3, &good.to_lowercase()), Accepted, "as it was typed");
    let bad = Refused(QuarantineCode::BadCode);
    assert_eq!(by_code(HEAD, 4, &good), bad, "of another number");
    assert_eq!(by_code(HEAD, 3, "AAAA-BBBB-CCCC"), bad, "guessed");
    assert_eq!(by_code(COLLEAGUE.person(), 3, &good), bad, "a technician has no codes that count");

    // Twice in one push, on two orders: the second is a replay.
    let record = || by_technician(approve(ApprovalWay::Code, HEAD, 3, &good), 2);
    let told = said(&memory, &[(ORDER, vec![record()]), (OTHER_ORDER, vec![record()])]);
    assert_eq!(told, [[Accepted], [Refused(QuarantineCode::UsedCode)]]);
    // And one that somebody else had used before; the same fact carried here again is the same.
    let mut memory = Memory::new();
    let once = OneTime::Code { approver: HEAD, number: 3 };
    let id = FactId { actor: MAKER.origin().actor(), sequence: 2 };
    memory.used.insert(once, (ORDER, id));
    let told = said(&memory, &[(ORDER, vec![record()]), (OTHER_ORDER, vec![record()])]);
    assert_eq!(told, [[Accepted], [Refused(QuarantineCode::UsedCode)]]);
}

#[test]
fn u_21_an_approval_in_person_is_by_somebody_who_may() {
    let memory = Memory::new();
    let in_person = |approver| one(&memory, by_technician(approve(ApprovalWay::Presence, approver, 3, ""), 2));
    assert_eq!(in_person(COLLEAGUE.person()), Refused(QuarantineCode::BadWitness), "his colleague is no supervisor");
    assert_eq!(in_person(HEAD), Accepted, "without a signature it counts for nothing until he acknowledges it");
}

#[test]
fn u_21_a_rejection_by_code_or_in_person_shows_what_an_approval_shows() {
    let memory = Memory::new();
    let reject = |approver: Option<PersonId>, way, secret: &str| {
        let (matter, subject, digest) = (Matter::Discount, ELSEWHERE, Digest([7; 32]));
        let (reason, code, secret) = ("no".into(), Some(3), Some(secret.to_owned()));
        by_technician(bodies::Reject { matter, subject, digest, reason, approver, way, code, secret }, 2)
    };
    let good = code().to_string();
    let (by_code, in_person) = (Some(ApprovalWay::Code), Some(ApprovalWay::Presence));
    assert_eq!(one(&memory, reject(Some(HEAD), by_code, &good)), Accepted);
    assert_eq!(one(&memory, reject(Some(HEAD), by_code, "AAAA-BBBB-CCCC")), Refused(QuarantineCode::BadCode));
    assert_eq!(one(&memory, reject(None, by_code, &good)), Refused(QuarantineCode::BadCode));
    let colleague = reject(Some(COLLEAGUE.person()), in_person, "");
    assert_eq!(one(&memory, colleague), Refused(QuarantineCode::BadWitness));
    assert_eq!(one(&memory, reject(None, None, "")), Accepted, "his word alone enters and counts for nothing");
    // A code that approved something rejects nothing any more.
    let approval = by_technician(approve(ApprovalWay::Code, HEAD, 3, &good), 2);
    let told = said(&memory, &[(ORDER, vec![approval]), (OTHER_ORDER, vec![reject(Some(HEAD), by_code, &good)])]);
    assert_eq!(told, [[Accepted], [Refused(QuarantineCode::UsedCode)]]);
}

fn cash(receipt: &str) -> CollectCash {
    CollectCash { amount: Money { minor: 100, currency: "CNY".into() }, receipt: receipt.into(), reason: None }
}

#[test]
fn c_090_the_number_of_a_receipt_is_from_the_own_block_and_used_once() {
    let memory = Memory::new();
    let told = |receipt: &str| one(&memory, by_technician(cash(receipt), 2));
    assert_eq!(told("R-000051"), Accepted);
    assert_eq!(told("R-000060"), Accepted);
    for foreign in ["R-000050", "R-000061", "R-51", "C-000051", "51", ""] {
        assert_eq!(told(foreign), Refused(QuarantineCode::ForeignNumber), "{foreign}");
    }
    let twice = [by_technician(cash("R-000052"), 2), by_technician(cash("R-000052"), 3)];
    let used = Refused(QuarantineCode::UsedNumber);
    assert_eq!(said(&memory, &[(ORDER, twice.to_vec())]), [[Accepted, used]]);
    // A number that was declared void is used up.
    let void = |ledger: &str, number: &str| VoidNumber {
        ledger: ledger.into(),
        number: number.into(),
        reason: "the pad got wet".into(),
    };
    let spoilt = [by_technician(void("cash", "R-000053"), 2), by_technician(cash("R-000053"), 3)];
    assert_eq!(said(&memory, &[(ORDER, spoilt.to_vec())]), [[Accepted, used]]);
    let numbers_of_the_office = by_technician(void("order", "2026-000001"), 2);
    assert_eq!(one(&memory, numbers_of_the_office), Refused(QuarantineCode::NotPermitted));
}

#[test]
fn c_048_who_dispatches_himself_makes_the_order_his_and_nobody_else_does() {
    let mut memory = Memory::new();
    memory.scopes.remove(&(ORDER, MAKER.person()));
    let himself = || SelfDispatch { basis: EmergencyBasis::HeadUnreachable, reason: None };
    let out = Refused(QuarantineCode::OutOfScope);
    assert_eq!(one(&memory, next(bodies::Depart {})), out);
    let told = said(&memory, &[(ORDER, vec![by_technician(himself(), 2), MAKER.says(3, bodies::Depart {})])]);
    assert_eq!(told, [[Accepted, Accepted]]);
}

#[test]
fn a_decision_is_made_in_a_role_that_its_author_holds() {
    let memory = Memory::new();
    let resolve = || ResolveReview { review: ReviewId([1; 16]), choice: ReviewChoice::Keep, reason: "seen".into() };
    assert_eq!(one(&memory, by_technician(resolve(), 2)), Accepted, "the fold knows whose review it is");
    // Without a stated role it would be read as a clerk's.
    assert_eq!(one(&memory, next(resolve())), Refused(QuarantineCode::NotPermitted));
}
