//! Laws that hold for every set of facts: those that people make by their commands, and hostile ones.

use proptest::prelude::*;

use super::Dice;
use super::hostile::hostile_set;
use crate::commands::{Command, CommandCode, Context, SkillMatch, decide, offered};
use crate::facts::bodies;
use crate::facts::values::{Channel, Line, Opinion, OpinionGrade, ServiceClass, UnfinishedReason, Urgency};
use crate::facts::{Fact, Head, SeenRef};
use crate::ids::{BlobId, Digest, FactId, FactRef, KeyId, RecordId, Signature};
use crate::lifecycle::facets::WarrantyFacet;
use crate::lifecycle::scenario::{Scenario, Stage, Who, customer, labour, morning, part};
use crate::lifecycle::view::{OrderState, OrderView, ReviewKind};
use crate::lifecycle::{Causality, FactSet, Language, explain, fold, invariants};
use crate::voucher::covered_digest;

/// One instruction: every byte decides one thing.
pub(super) type Byte8 = [u8; 8];

pub(super) fn pick<T: Copy>(list: &[T], byte: u8) -> T {
    list[usize::from(byte) % list.len()]
}

pub(super) fn signature(covered: Vec<FactRef>, covered_digest: Digest) -> bodies::SignDocument {
    bodies::SignDocument {
        voucher: Digest([1; 32]),
        covered,
        covered_digest,
        opinion: Opinion { grade: OpinionGrade::NoneGiven, text: None },
        name: "x".into(),
        relation: "x".into(),
        proof: BlobId([1; 32]),
        key: KeyId([1; 8]),
        signature: Signature([1; 64]),
    }
}

/// What people seldom do; otherwise few orders would get far.
const RARE: &[CommandCode] = &[
    CommandCode::Cancel,
    CommandCode::Unassign,
    CommandCode::Refuse,
    CommandCode::End,
    CommandCode::Withdraw,
    CommandCode::ReverseLine,
    CommandCode::RefuseSignature,
    CommandCode::Reschedule,
    CommandCode::Pause,
    CommandCode::Note,
    CommandCode::Close,
];

/// Which acts people do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Acts {
    /// Those of the normal path.
    NormalPath,
    /// All of them.
    All,
}

/// One step of people who only do what is offered to them, on what their own page shows.
pub(super) fn honest(scenario: &mut Scenario, acts: Acts, code: Byte8) {
    let [who, choice, look, value, rare, ..] = code;
    let specialists = [Who::Accountant, Who::Storekeeper, Who::Quality, Who::ATablet];
    let usual = [Who::Clerk, Who::Dispatcher, Who::OtherDispatcher, Who::Supervisor, Who::A, Who::B];
    // A third technician and a second device of the first.
    let with_more_devices = [usual.as_slice(), &[Who::C, Who::ATablet]].concat();
    let who = match acts {
        Acts::All if rare.is_multiple_of(24) => pick(&specialists, who),
        Acts::All => pick(&with_more_devices, who),
        Acts::NormalPath => pick(&usual, who),
    };
    if !look.is_multiple_of(3) {
        scenario.look(who);
    }
    let view = fold(&scenario.shown(who));
    let context = Context::new(scenario.person(who), who.roles());
    let mut codes = offered(&view, &context);
    codes.retain(|code| acts == Acts::All || code.act().is_none());
    let usual = |code: &CommandCode| !RARE.contains(code) && code.act().is_none();
    if !rare.is_multiple_of(8) && codes.iter().any(usual) {
        codes.retain(usual);
    }
    let Some(code) = codes.get(usize::from(choice) % codes.len().max(1)) else { return };
    let technicians: &[Who] = if acts == Acts::All { &[Who::A, Who::B, Who::C] } else { &[Who::A, Who::B] };
    let Some(command) = command(&view, scenario, (&context, technicians), *code, value) else { return };
    let Ok(decision) = decide(&view, &command, &context) else { return };
    let fact = scenario.act(who, decision.head, decision.body);
    let after = fold(&scenario.shown(who));
    assert!(!after.void.contains(&fact), "{command:?} was offered in {:?} and is void", view.state);
}

/// The command with everything filled in, as far as the view has what it names.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
fn command(
    view: &OrderView,
    scenario: &Scenario,
    (context, technicians): (&Context, &[Who]),
    code: CommandCode,
    value: u8,
) -> Option<Command> {
    let reason = "because".to_owned();
    let window = morning(i64::from(value % 5));
    let visits = || view.visits.iter().filter(|visit| visit.technician == context.person);
    let visit = || visits().next_back().map(|visit| visit.id.reference());
    let confirmed = value.is_multiple_of(2);
    let shown: Vec<FactId> = view.lines.iter().map(|line| line.at.fact).collect();
    let covered: Vec<FactRef> = shown.iter().map(FactId::reference).collect();
    let covering = || {
        let facts = scenario.facts();
        let pairs: Vec<_> = shown.iter().filter_map(|id| facts.get(*id).map(|fact| (*id, fact.digest))).collect();
        covered_digest(&pairs)
    };
    Some(match code {
        CommandCode::Register => Command::Register {
            customer: RecordId([1; 16]),
            site: RecordId([1; 16]),
            unit: None,
            channel: Channel::Phone,
            class: pick(ServiceClass::ALL, value),
            urgency: pick(Urgency::ALL, value),
            problem: reason,
            serial: None,
            skill: None,
            origin: None,
        },
        CommandCode::Confirm => Command::Confirm {
            content: reason,
            window: confirmed.then_some(window),
            amount: part("x", 5).amount,
            in_warranty: false,
            customer: Some(customer()),
        },
        CommandCode::Assign => Command::Assign {
            technician: scenario.person(pick(technicians, value)),
            skipped: Vec::new(),
            turn: None,
            reason: Some(reason),
            skill: SkillMatch::Fits,
        },
        CommandCode::Unassign => Command::Unassign { technician: view.technician()?, reason },
        CommandCode::Accept => Command::Accept,
        CommandCode::Refuse => Command::Refuse { reason },
        CommandCode::Reschedule => Command::Reschedule { window, confirmed, customer: Some(customer()), reason: None },
        CommandCode::Seen => Command::Seen,
        CommandCode::Depart => Command::Depart,
        CommandCode::Arrive => Command::Arrive {
            visit: view.open_visits().find(|visit| visit.technician == context.person).map(|v| v.id.reference()),
            place: None,
        },
        CommandCode::Start => Command::Start { visit: visit()? },
        CommandCode::Pause => Command::Pause { visit: visit()?, reason },
        CommandCode::Resume => Command::Resume { visit: visit()? },
        CommandCode::End => Command::End { visit: visit()? },
        CommandCode::RecordLine => {
            // C-020: a free order takes no price.
            let free = matches!(view.facets.warranty, Some(WarrantyFacet::Free | WarrantyFacet::Internal));
            let amount = labour(1_000, i64::from(value)).amount.filter(|_| !free);
            Command::RecordLine { visit: visit()?, line: Line { amount, ..labour(1_000, 0) } }
        }
        CommandCode::ReverseLine => Command::ReverseLine { line: *covered.first()?, reason },
        CommandCode::Note => Command::Note { text: reason },
        CommandCode::Done => Command::Done { visit: visit()?, finding: None },
        CommandCode::Unfinished => Command::Unfinished {
            visit: visit()?,
            reason: UnfinishedReason::Parts,
            text: Some(reason),
            next: confirmed.then_some(window),
            customer: None,
        },
        CommandCode::Sign => Command::Sign { visit: visit()?, document: signature(covered, covering()) },
        CommandCode::RefuseSignature => Command::RefuseSignature { name: "x".into(), reason },
        CommandCode::ReturnVoucher => Command::ReturnVoucher { reason: Some(reason) },
        CommandCode::Withdraw => Command::Withdraw { fact: *covered.last()?, reason },
        CommandCode::Acknowledge => return None,
        CommandCode::Cancel => Command::Cancel { reason },
        CommandCode::Reinstate => Command::Reinstate { cancel: view.cancels.first()?.at.fact.reference(), reason },
        CommandCode::Close => Command::Close,
        CommandCode::ResolveReview => {
            let review = view.reviews.iter().find(|review| review.choice.is_none())?;
            let choice = pick(&review.choices, value);
            Command::ResolveReview { review: review.id, choice, reason }
        }
        act => return super::acts::act(view, context, act, value, (&covered, covering())),
    })
}

pub(super) fn honest_set(code: &[Byte8]) -> FactSet {
    let mut scenario = Scenario::default();
    for code in code {
        honest(&mut scenario, Acts::All, *code);
    }
    scenario.facts()
}

/// What every view must be in itself.
fn check(facts: &FactSet) {
    let view = fold(facts);
    let broken = [
        invariants::billing_safety(facts, &view),
        invariants::cancel_safety(&view),
        invariants::review_liveness(&view),
        invariants::sla_purity(facts, &view),
    ]
    .concat();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(view.assigned.is_none_or(|index| index < view.assignments.len()));
    assert_eq!(view.facts, facts.len());
    for language in Language::ALL {
        assert_eq!(explain(&view, facts, *language).len(), view.explanations.len());
    }
}

pub(super) fn codes(count: usize) -> impl Strategy<Value = Vec<Byte8>> {
    prop::collection::vec(any::<Byte8>(), 0..count)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Invariant 1: the order of arrival and repetition change nothing, for hostile facts either.
    #[test]
    fn convergence_under_permutation_and_duplication(code in codes(40), seed in any::<u64>()) {
        let facts = hostile_set(&code);
        let mut list: Vec<Fact> = facts.iter().chain(facts.iter()).cloned().collect();
        Dice(seed).shuffle(&mut list);
        let mut other = FactSet::new(facts.document());
        other.extend(list);
        prop_assert_eq!(fold(&other), fold(&facts));
    }

    #[test]
    fn hostile_facts_never_panic_and_keep_the_invariants(code in codes(60)) {
        check(&hostile_set(&code));
    }

    /// The same in the middle of an order on which people work: there is something to contradict.
    #[test]
    fn hostile_facts_among_honest_ones_never_panic(honest in codes(60), code in codes(40)) {
        let mut facts = honest_set(&honest);
        facts.extend(hostile_set(&code).iter().cloned());
        check(&facts);
    }

    #[test]
    fn honest_orders_keep_the_invariants(code in codes(90)) {
        let facts = honest_set(&code);
        check(&facts);
        prop_assert_eq!(invariants::all(&facts), Vec::<String>::new());
    }

    /// Invariant 4: more facts never take a signature away, nor what it covers.
    #[test]
    fn a_signature_once_given_stays(code in codes(80), cut in 0..100_usize) {
        let all = honest_set(&code);
        let mut some = FactSet::new(all.document());
        some.extend(all.iter().take(cut).cloned());
        let (less, more) = (fold(&some), fold(&all));
        prop_assert_eq!(invariants::monotone_signature(&less, &more), Vec::<String>::new());
        for line in less.lines.iter().filter(|line| line.covered) {
            prop_assert!(more.lines.iter().any(|other| other.at == line.at && other.covered));
        }
    }

    /// The canonical order respects knowledge, and knowledge is transitive and without circles.
    #[test]
    fn knowledge_is_a_partial_order(code in codes(40)) {
        let facts = hostile_set(&code);
        let causality = Causality::new(&facts);
        for one in causality.nodes() {
            prop_assert!(!causality.knows(*one, *one));
            for other in causality.nodes().iter().filter(|other| causality.knows(*one, **other)) {
                prop_assert!(other.place() < one.place());
                for third in causality.nodes().iter().filter(|third| causality.knows(*other, **third)) {
                    prop_assert!(causality.knows(*one, *third));
                }
            }
        }
    }

    /// Who decides on the present frontier has seen everything.
    #[test]
    fn the_frontier_is_everything_there_is_to_see(code in codes(40)) {
        let mut scenario = Scenario::default();
        let mut facts = hostile_set(&code);
        let seen = Causality::new(&facts).frontier().iter().map(|id| SeenRef::Fact(id.reference())).collect();
        scenario.wait(crate::time::DAY * 400);
        let mut fact = scenario.fact(Who::C, seen, Head::default(), bodies::Seen {}.into());
        fact.id.sequence = 1_000;
        let id = fact.id;
        facts.insert(fact);
        let causality = Causality::new(&facts);
        prop_assert_eq!(causality.frontier(), vec![id]);
        let last = *causality.nodes().last().unwrap();
        prop_assert!(causality.nodes().iter().all(|node| *node == last || causality.knows(last, *node)));
    }
}

/// The honest laws are worth something only if people get everywhere by what is offered to them. Acts of later kinds
/// are told one by one in the stories; here everybody keeps to the normal path and what disturbs it.
#[test]
fn honest_people_reach_every_state_and_every_review() {
    let mut dice = Dice(11);
    let mut reached = std::collections::BTreeSet::new();
    let mut reviews = std::collections::BTreeSet::new();
    for _ in 0..80 {
        let mut scenario = Scenario::default();
        for step in 0..120 {
            honest(&mut scenario, Acts::NormalPath, dice.next().to_be_bytes());
            if step % 4 == 0 {
                let view = fold(&scenario.facts());
                reached.insert(view.state);
                reviews.extend(view.reviews.iter().map(|review| review.kind));
            }
        }
    }
    let beside = [
        OrderState::OnHold,
        OrderState::AwaitingConsent,
        OrderState::InCustody,
        OrderState::Merged,
        OrderState::Declined,
    ];
    for state in OrderState::ALL.iter().filter(|state| !beside.contains(state)) {
        assert!(reached.contains(state), "nobody reached {state}");
    }
    // Cloned devices are made by nobody honest; later kinds of reviews need acts of later kinds.
    for kind in ReviewKind::ALL.iter().filter(|kind| **kind != ReviewKind::ClonedDevice && kind.number() < 13) {
        assert!(reviews.contains(kind), "nobody met {kind}");
    }
}
