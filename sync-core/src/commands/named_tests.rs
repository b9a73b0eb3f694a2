//! What a body names is there, and is what the kind asks for.

use super::tests::{context, refused};
use super::*;
use crate::facts::values::{
    ApprovalWay, BenchStep, CallbackResult, ComplaintKind, Correction, HoldReason, Line, Matter, Money, Severity,
};
use crate::ids::{ActorId, DocumentId, FactId, FactRef};
use crate::lifecycle::fold;
use crate::lifecycle::scenario::{Scenario, Stage, Who, labour, part};

fn act(body: impl Into<FactBody>) -> Command {
    Command::State(Box::new(Act::new(body.into())))
}

fn fen(minor: i64) -> Money {
    Money { minor, currency: "CNY".into() }
}

fn nothing() -> FactRef {
    FactId { actor: ActorId([0xee; ActorId::LENGTH]), sequence: 9 }.reference()
}

/// An order that is over, with a discount, a complaint, a request for parts, a link and a close.
fn with_everything() -> (Scenario, Named) {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let wanted =
        crate::facts::values::PartWanted { name: "Valve".into(), quantity: 1_000, unit: "piece".into(), code: None };
    let request = stage.does(Who::A, bodies::RequestParts { parts: vec![wanted], to_site: false, reason: None });
    let visit = stage.works(Who::A);
    let line = stage.line(Who::A, visit, labour(1_000, 8_000));
    let gone = stage.line(Who::A, visit, part("Hose", 1_000));
    stage.does(Who::A, bodies::ReverseLine { line: gone.reference(), reason: "twice".into() });
    let note = stage.does(Who::A, bodies::AddNote { text: "3 bra".into() });
    let discount = stage.does(Who::A, bodies::GrantDiscount { amount: fen(500), reason: "waited".into() });
    let cash = stage.collects(Who::A, 8_000, "D07-C1");
    let to = stage.person(Who::Accountant);
    let remit = stage.does(Who::A, bodies::RemitCash { amount: fen(8_000), to, collected: vec![cash.reference()] });
    let (kind, severity) = (ComplaintKind::Service, Severity::Normal);
    let complaint = stage.does(Who::A, bodies::OpenComplaint { kind, severity, text: "late".into() });
    stage.everyone_looks();
    let other = DocumentId([9; 16]);
    let link = stage.does(Who::Clerk, bodies::LinkDuplicate { other, survives: true, reason: None });
    let waiting = scenario.clone();
    let stage = scenario.stage();
    stage.look(Who::A);
    let done = stage.done(Who::A, visit);
    stage.sign(Who::A, &[line, done]);
    stage.everyone_looks();
    let done_open = scenario.clone();
    let stage = scenario.stage();
    let close = stage.does(Who::Clerk, bodies::Close {});
    stage.everyone_looks();
    let named = Named { request, line, gone, note, discount, remit, complaint, link, done, close, waiting, done_open };
    (scenario, named)
}

struct Named {
    request: FactId,
    line: FactId,
    gone: FactId,
    note: FactId,
    discount: FactId,
    remit: FactId,
    complaint: FactId,
    link: FactId,
    done: FactId,
    close: FactId,
    /// Before the work was done.
    waiting: Scenario,
    /// Before the order was closed.
    done_open: Scenario,
}

/// Table 4.4, "names ...": what names nothing is refused with the field, what names the right thing is not.
#[test]
fn r10_what_names_nothing_is_refused_by_every_kind_that_names_something() {
    let (closed, named) = with_everything();
    let digest = |fact: FactId| closed.facts().get(fact).unwrap().digest;
    let approve = |subject: FactRef, digest| {
        let (matter, approver, way) = (Matter::Discount, closed.person(Who::Supervisor), ApprovalWay::Office);
        act(bodies::Approve { matter, subject, digest, approver, way, code: None, reason: None, secret: None })
    };
    let correct = |fact: FactRef, correction| act(bodies::CorrectFact { fact, correction, reason: "saw it".into() });
    let line = || Correction::Line(labour(1_000, 7_000));
    let time = || Correction::Time(crate::lifecycle::scenario::START);
    let text = || Correction::Text("3 bar".into());
    let callback = |about| act(bodies::RecordCallback { result: CallbackResult::Ok, about, text: None });
    let handle = |complaint| act(bodies::HandleComplaint { complaint, text: "called".into(), settled: true });
    let settle = |line| {
        let (period, payee) = ("2024-06".to_owned(), closed.person(Who::A));
        act(bodies::Settle { period, payee, amount: fen(100), lines: vec![line] })
    };
    let link = |other| act(bodies::LinkDuplicate { other, survives: false, reason: None });
    let (open, over) = (&named.waiting, &named.done_open);
    let cases: Vec<(&Scenario, Who, Command, Command, (&str, &str))> = vec![
        (
            open,
            Who::Supervisor,
            approve(named.discount.reference(), digest(named.discount)),
            approve(nothing(), digest(named.discount)),
            ("no_fact", "subject"),
        ),
        (
            open,
            Who::Supervisor,
            approve(named.discount.reference(), digest(named.discount)),
            approve(named.discount.reference(), digest(named.line)),
            ("no_fact", "subject"),
        ),
        (
            open,
            Who::Supervisor,
            correct(named.line.reference(), line()),
            correct(nothing(), line()),
            ("no_fact", "fact"),
        ),
        (
            open,
            Who::Supervisor,
            correct(named.line.reference(), line()),
            correct(named.gone.reference(), line()),
            ("wrong_correction", "correction"),
        ),
        (
            open,
            Who::Supervisor,
            correct(named.line.reference(), time()),
            correct(named.note.reference(), time()),
            ("wrong_correction", "correction"),
        ),
        (
            open,
            Who::Supervisor,
            correct(named.note.reference(), text()),
            correct(named.line.reference(), text()),
            ("wrong_correction", "correction"),
        ),
        (
            open,
            Who::Storekeeper,
            act(bodies::ReceiveParts { request: named.request.reference(), note: None }),
            act(bodies::ReceiveParts { request: named.line.reference(), note: None }),
            ("no_hold", "request"),
        ),
        (over, Who::Clerk, callback(named.done.reference()), callback(named.line.reference()), ("not_done", "about")),
        (
            open,
            Who::Clerk,
            handle(named.complaint.reference()),
            handle(named.line.reference()),
            ("no_complaint", "complaint"),
        ),
        (
            &closed,
            Who::Supervisor,
            act(bodies::Reopen { close: named.close.reference(), reason: "late part".into() }),
            act(bodies::Reopen { close: named.done.reference(), reason: "late part".into() }),
            ("not_closed", "close"),
        ),
        (
            open,
            Who::Clerk,
            act(bodies::Unlink { link: named.link.reference(), reason: "another".into() }),
            act(bodies::Unlink { link: named.done.reference(), reason: "another".into() }),
            ("no_fact", "link"),
        ),
        (open, Who::Clerk, link(DocumentId([8; 16])), link(closed.facts().document()), ("same_order", "other")),
        (over, Who::Accountant, settle(named.line.reference()), settle(named.gone.reference()), ("no_line", "lines")),
        (over, Who::Accountant, settle(named.line.reference()), settle(nothing()), ("no_line", "lines")),
        (
            open,
            Who::Accountant,
            Command::Acknowledge { fact: named.remit.reference(), digest: digest(named.remit) },
            Command::Acknowledge { fact: named.remit.reference(), digest: digest(named.line) },
            ("no_fact", "digest"),
        ),
        (
            open,
            Who::Accountant,
            Command::Acknowledge { fact: named.remit.reference(), digest: digest(named.remit) },
            Command::Acknowledge { fact: named.line.reference(), digest: digest(named.line) },
            ("no_fact", "fact"),
        ),
    ];
    for (scenario, who, good, bad, (code, field)) in cases {
        assert_eq!(refused(scenario, who, &good), None, "{good:?}");
        assert_eq!(refused(scenario, who, &bad), Some((code, Some(field))), "{bad:?}");
    }
    let clerk = Command::Acknowledge { fact: named.remit.reference(), digest: digest(named.remit) };
    assert_eq!(refused(open, Who::Clerk, &clerk), Some(("no_fact", Some("fact"))), "he is no party to it");
}

/// R10: an order that is said to go on in itself goes on; a settlement over what is no line does not count.
#[test]
fn r10_what_names_the_wrong_thing_is_void_where_it_arrives_all_the_same() {
    let (mut scenario, named) = with_everything();
    let other = scenario.facts().document();
    let link = scenario.stage().does(Who::Clerk, bodies::LinkDuplicate { other, survives: false, reason: None });
    let (period, payee, lines) = ("2024-06".to_owned(), scenario.person(Who::A), vec![named.note.reference()]);
    let settle = bodies::Settle { period, payee, amount: fen(100), lines };
    let settled = scenario.stage().does(Who::Accountant, settle);
    let view = fold(&scenario.facts());
    assert!(view.void.contains(&link) && view.void.contains(&settled), "{:?}", view.void);
    assert_eq!((view.facets.survivor, view.office.settled.len()), (None, 0));
}

/// U-13: what lies in the van is counted wherever it is fitted: on a visit, in place of another part, on the bench.
#[test]
fn u_13_the_quota_binds_on_the_bench_as_on_a_visit() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let compressor = |quantity| Line { quantity, code: Some("CMP-35".into()), ..part("Compressor", 90_000) };
    let old = stage.line(Who::A, visit, compressor(1_000));
    let custody = stage.takes(Who::A, "D07-R1").reference();
    let view = fold(&scenario.shown(Who::A));
    let quotas = BTreeMap::from([("CMP-35".to_owned(), 0)]);
    let context = Context { quotas, ..context(&scenario, Who::A) };
    let bench = |line: Line| act(bodies::BenchWork { custody, step: BenchStep::Line, line: Some(line), note: None });
    let visit = visit.reference();
    let replace = |new| act(bodies::ReplaceLine { visit, line: old.reference(), new });
    let refusal = |command: &Command| decide(&view, command, &context).err().map(|no| (no.code, no.field));
    assert_eq!(refusal(&bench(compressor(1_000))), Some(("over_quota", Some("line"))));
    assert_eq!(refusal(&replace(compressor(2_000))), Some(("over_quota", Some("new"))));
    assert_eq!(refusal(&replace(compressor(1_000))), None, "the old one is his again");
    let unknown = Line { source: Some(crate::facts::values::PartSource::Unknown), ..compressor(1_000) };
    assert_eq!(refusal(&bench(unknown)), None, "what was fitted all the same is recorded");
    // A line is a line: what is wrong with one on a visit is wrong with one on a repair card.
    for (wrong, field) in [
        (Line { quantity: 0, ..labour(1_000, 100) }, "quantity"),
        (Line { unit: " ".into(), ..labour(1_000, 100) }, "unit"),
    ] {
        assert_eq!(refusal(&bench(wrong.clone())).and_then(|(_, field)| field), Some(field));
        assert_eq!(refusal(&replace(wrong)).and_then(|(_, field)| field), Some(field));
    }
    let trimmed = decide(&view, &bench(Line { name: " Hours ".into(), ..labour(1_000, 100) }), &context).unwrap();
    let FactBody::BenchWork(body) = trimmed.body.clone() else { panic!("{trimmed:?}") };
    assert_eq!(body.line.unwrap().name, "Hours");
}

/// A hold that says why, beside a request: parts that arrive meet either.
#[test]
fn x_31_parts_that_arrive_name_a_request_or_a_hold_for_parts() {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.registered();
    let weather = stage.holds(Who::Dispatcher, HoldReason::Weather).reference();
    let parts = stage.holds(Who::Dispatcher, HoldReason::Parts).reference();
    stage.everyone_looks();
    let receive = |request| act(bodies::ReceiveParts { request, note: None });
    assert_eq!(refused(&scenario, Who::Storekeeper, &receive(parts)), None);
    assert_eq!(refused(&scenario, Who::Storekeeper, &receive(weather)), Some(("no_hold", Some("request"))));
}
