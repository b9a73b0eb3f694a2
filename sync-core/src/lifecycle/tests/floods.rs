//! A fold stays within its bound whatever one technician's two phones state: what is compared, and what people are
//! asked, grows as the facts do and not as their square. Counted in steps, not in time.

use super::laws::pick;
use super::{any, hostile};
use crate::facts::values::{Line, LineKind, VisitRef};
use crate::facts::{Fact, FactBody, FactKind, Head, Role, SeenRef, bodies};
use crate::ids::FactRef;
use crate::lifecycle::causality::work;
use crate::lifecycle::scenario::{Scenario, Who, labour, part};
use crate::lifecycle::view::OrderView;
use crate::lifecycle::{FactSet, fold};

/// Steps and, in the view, what grows.
struct Cost {
    steps: u64,
    reviews: usize,
    named: usize,
}

/// Facts of two people on two devices that know nothing of each other.
fn flood(kinds: &[FactKind], count: usize, style: Style) -> FactSet {
    let mut scenario = Scenario::default();
    scenario.stage().registered();
    let begun: Vec<(Who, FactRef)> = [Who::A, Who::B]
        .into_iter()
        .map(|who| {
            let visit = scenario.stage().works(who);
            (who, visit.reference())
        })
        .collect();
    let mut facts = scenario.facts();
    let mut stated: Vec<Fact> = Vec::with_capacity(count);
    for index in 0..count {
        let (who, visit) = begun[index % 2];
        // The kinds one after another: what is named was stated first.
        let kind = kinds[index * kinds.len() / count];
        let share = count / kinds.len();
        let named = match index.checked_sub(share) {
            Some(earlier) if kinds.len() > 1 => stated[earlier].id.reference(),
            _ => visit,
        };
        let value = u8::try_from(index % 251).unwrap();
        let seen = match style {
            Style::Unaware => Vec::new(),
            Style::Aware => stated.last().map(|last| SeenRef::Fact(last.id.reference())).into_iter().collect(),
        };
        let head = Head { work_item: (index % 3 == 2).then_some(value % 4), ..hostile::head(2, visit) };
        stated.push(scenario.fact(who, seen, head, body(kind, (visit, named), value, index)));
    }
    facts.extend(stated);
    facts
}

/// Whether each fact knows the one before, or none knows another.
#[derive(Clone, Copy, Debug)]
enum Style {
    Unaware,
    Aware,
}

/// The body of a kind that meets most of its like: one part, one serial, one quote, one subject, visits of its author.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are as any")]
fn body(kind: FactKind, (visit, named): (VisitRef, FactRef), value: u8, index: usize) -> FactBody {
    let code = || Some("C-1".to_owned());
    match kind {
        FactKind::RecordLine => {
            let usable_from = Some(crate::lifecycle::scenario::START);
            bodies::RecordLine { visit, line: Line { code: code(), usable_from, ..part("Valve", 100) } }.into()
        }
        FactKind::ReplaceLine => {
            bodies::ReplaceLine { visit, line: named, new: Line { code: code(), ..part("Valve", 100) } }.into()
        }
        FactKind::Arrive => bodies::Arrive { visit: None, place: None }.into(),
        FactKind::Start => bodies::Start { visit }.into(),
        FactKind::Pause => bodies::Pause { visit, reason: "x".into() }.into(),
        FactKind::Resume => bodies::Resume { visit }.into(),
        FactKind::End => bodies::End { visit: named }.into(),
        FactKind::OutcomeDone => bodies::OutcomeDone { visit: named, finding: None }.into(),
        FactKind::OutcomeUnfinished => {
            let (reason, next) = (crate::facts::values::UnfinishedReason::Parts, None);
            bodies::OutcomeUnfinished { visit: named, reason, text: Some("x".into()), next }.into()
        }
        FactKind::AddWorkItem => bodies::AddWorkItem { item: 2, name: "x".into() }.into(),
        FactKind::SignByCode => match any::body(kind, named, visit, value) {
            FactBody::SignByCode(body) => bodies::SignByCode { code: u32::try_from(index).unwrap(), ..body }.into(),
            other => other,
        },
        FactKind::Approve => match any::body(kind, named, visit, value) {
            FactBody::Approve(body) => {
                let (way, code) = (crate::facts::values::ApprovalWay::Code, u32::try_from(index).ok());
                bodies::Approve { way, code, ..body }.into()
            }
            other => other,
        },
        FactKind::BenchWork => {
            let line = Some(Line { kind: LineKind::Labour, ..labour(1_000, 100) });
            let step = crate::facts::values::BenchStep::Line;
            bodies::BenchWork { custody: named, step, line, note: None }.into()
        }
        other => any::body(other, named, visit, value),
    }
}

fn cost(facts: &FactSet) -> Cost {
    work::taken();
    let view: OrderView = fold(facts);
    let named = view.explanations.iter().map(|one| one.winners.len() + one.losers.len()).sum::<usize>();
    let causes = view.reviews.iter().map(|review| review.causes.len()).sum::<usize>();
    Cost { steps: work::taken(), reviews: view.reviews.len(), named: named + causes + view.notices.len() }
}

/// Kinds that a technician may state.
fn of_the_field() -> Vec<FactKind> {
    FactKind::ALL.iter().copied().filter(|kind| kind.right().roles.contains(&Role::Technician)).collect()
}

const FEW: usize = 240;
const MANY: usize = 2 * FEW;
/// Steps for each fact of the larger flood: the caps of what is held against each other are 16 to 128.
const STEPS_OF_ONE: u64 = 900;

/// Twice the facts are at most three times the work, where the work is worth a look; twice the reviews.
fn grows_beyond(kinds: &[FactKind], style: Style) -> Option<String> {
    let (few, many) = (cost(&flood(kinds, FEW, style)), cost(&flood(kinds, MANY, style)));
    let is_much = many.steps > STEPS_OF_ONE * u64::try_from(MANY).unwrap();
    let steps = many.steps > few.steps * 3 && many.steps > 120 * u64::try_from(MANY).unwrap();
    let asked = many.reviews > 2 * MANY + 64 || many.named > 24 * MANY + 4_000;
    (is_much || steps || asked).then(|| {
        format!(
            "{kinds:?} {style:?}: {} and {} steps, {} reviews, {} facts named",
            few.steps, many.steps, many.reviews, many.named
        )
    })
}

#[test]
fn facts_of_every_kind_of_the_field_fold_in_bounded_work() {
    let mut beyond = Vec::new();
    for kind in of_the_field() {
        for style in [Style::Unaware, Style::Aware] {
            beyond.extend(grows_beyond(&[kind], style));
        }
    }
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}

/// Each kind with those that it meets: what names it, what ends it, what stands beside it.
#[test]
fn mixtures_of_kinds_fold_in_bounded_work() {
    use FactKind::{
        Accept, Acknowledge, AddWorkItem, Approve, AttachPaper, BenchWork, CancelByCustomer, CollectCash, Depart, End,
        FileDocument, GiveConsent, GrantDiscount, HandoverVisit, Hold, IssueQuote, OutcomeDone, OutcomeNotRepairable,
        OutcomeUnfinished, PrintVoucher, RecordLine, Refuse, RefuseConsent, RefuseSignature, Reject, Release,
        RemitCash, ReplaceLine, ReturnCustody, ReverseLine, Seen, SelfDispatch, SignByCode, SignDocument, Start,
        TakeCustody, TransferCustody, WithdrawOwn,
    };
    let mixtures: &[&[FactKind]] = &[
        &[AddWorkItem, OutcomeDone],
        &[AddWorkItem, OutcomeUnfinished],
        &[Depart, OutcomeDone],
        &[Depart, RecordLine],
        &[Depart, OutcomeUnfinished],
        &[Depart, OutcomeNotRepairable],
        &[Depart, HandoverVisit],
        &[Depart, WithdrawOwn],
        &[Depart, End, Start],
        &[RecordLine, ReverseLine],
        &[RecordLine, ReplaceLine],
        &[RecordLine, WithdrawOwn],
        &[RecordLine, SignDocument],
        &[RecordLine, SignByCode],
        &[RecordLine, AttachPaper],
        &[PrintVoucher, AttachPaper],
        &[SignDocument, RefuseSignature],
        &[SignDocument, OutcomeUnfinished],
        &[IssueQuote, GiveConsent],
        &[IssueQuote, GiveConsent, RecordLine],
        &[IssueQuote, RefuseConsent, GiveConsent],
        &[SelfDispatch, Depart],
        &[SelfDispatch, Accept, Refuse],
        &[SelfDispatch, Seen],
        &[Hold, Release],
        &[Hold, Depart],
        &[Depart, FileDocument],
        &[TakeCustody, TransferCustody],
        &[TakeCustody, TransferCustody, WithdrawOwn],
        &[TakeCustody, BenchWork],
        &[TakeCustody, ReturnCustody],
        &[CollectCash, RemitCash],
        &[RemitCash, Acknowledge],
        &[TransferCustody, Acknowledge],
        &[GrantDiscount, Approve, Reject],
        &[CancelByCustomer, Depart],
        &[CancelByCustomer, OutcomeDone],
        &[CancelByCustomer, RecordLine],
        &[CancelByCustomer, TakeCustody],
    ];
    let mut beyond = Vec::new();
    for kinds in mixtures {
        for style in [Style::Unaware, Style::Aware] {
            beyond.extend(grows_beyond(kinds, style));
        }
    }
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}

/// As many as an order can hold, of what was once as many reviews as the square: two people, one part, one item.
#[test]
fn an_order_filled_with_rivals_asks_about_each_once() {
    for kinds in [&[FactKind::RecordLine][..], &[FactKind::Depart, FactKind::OutcomeDone]] {
        let facts = flood(kinds, 8_000, Style::Unaware);
        let cost = cost(&facts);
        assert!(cost.reviews < 20_000, "{kinds:?}: {} reviews", cost.reviews);
        assert!(cost.steps < 8_000 * STEPS_OF_ONE, "{kinds:?}: {} steps", cost.steps);
    }
    // The kinds are those of the table: a new one is met here, too.
    assert!(of_the_field().len() > 45, "{}", pick(&[of_the_field().len()], 0));
}
