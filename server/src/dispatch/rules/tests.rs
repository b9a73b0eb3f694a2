use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::{DAY, HOUR};
use proptest::prelude::*;

use super::*;

fn policy() -> DispatchPolicy {
    ServicePolicy::shipped().unwrap().dispatch
}

fn place(letter: char) -> Place {
    let number = u8::try_from(letter).unwrap();
    Place { entered_at: UnixMillis(number.into()), technician: PersonId([number; 16]) }
}

fn turn(letter: char, number: u64) -> Turn {
    Turn { number, place: place(letter) }
}

/// `A`: fit. `a`: inactive. `A!`: out. `A+x`: has skill x.
fn roster(text: &str) -> Vec<Candidate> {
    text.split_whitespace()
        .map(|word| {
            let letter = word.chars().next().unwrap();
            Candidate {
                place: place(letter.to_ascii_uppercase()),
                active: letter.is_ascii_uppercase(),
                skills: word.split('+').skip(1).map(|skill| skill.trim_end_matches('!').to_owned()).collect(),
                open_orders: u32::from(word.contains('!')),
            }
        })
        .collect()
}

fn names(skipped: &[Skip]) -> String {
    let letter = |person: PersonId| char::from(person.0[0]);
    let words = skipped.iter().map(|skip| format!("{}:{}", letter(skip.technician), skip.reason.code()));
    words.collect::<Vec<_>>().join(" ")
}

fn shown(decision: &Result<Decision, NobodyFits>) -> String {
    match decision {
        Ok(decision) => {
            let letter = char::from(decision.technician.technician.0[0]);
            let turn = decision.turn.map_or("-".to_owned(), |turn| turn.to_string());
            format!("{letter} turn {turn} [{}]", names(&decision.skipped))
        }
        Err(nobody) => format!("nobody [{}]", names(&nobody.skipped)),
    }
}

fn needs(skill: &str) -> Needs {
    Needs { skill: (!skill.is_empty()).then(|| skill.to_owned()), ..Needs::default() }
}

fn after(letter: char) -> Pointer {
    Pointer { last: Some(place(letter)), owed: vec![], turns: 7 }
}

fn check(pointer: &Pointer, people: &str, skill: &str, expected: &str) {
    assert_eq!(shown(&next(&policy(), &roster(people), pointer, &needs(skill))), expected, "{people}");
}

#[test]
fn c_040_rotation_skips_unskilled_and_not_returned_and_moves_on() {
    let start = Pointer::default();
    check(&start, "A B! C+s", "s", "C turn 1 [A:skill B:skill]");
    check(&start, "A B+s! C+s", "s", "C turn 1 [A:skill B:not_returned]");
    let moved = start.apply(Move::Taken(turn('C', 1)));
    check(&moved, "A B C", "", "A turn 2 []");
}

#[test]
fn c_040_everybody_gets_his_turn_in_the_fixed_order() {
    check(&after('A'), "A B C", "", "B turn 8 []");
    check(&after('B'), "C A B", "", "C turn 8 []");
    check(&after('C'), "A B C", "", "A turn 8 []");
    check(&after('B'), "A C", "", "C turn 8 []");
    check(&after('A'), "A b C", "", "C turn 8 [B:inactive]");
}

#[test]
fn c_040_nobody_fits_names_everybody() {
    check(&after('A'), "A B! c", "s", "nobody [B:skill C:inactive A:skill]");
    check(&after('A'), "A! B!", "", "nobody [B:not_returned A:not_returned]");
    check(&after('A'), "", "", "nobody []");
}

#[test]
fn c_040_policy_says_what_is_passed_over() {
    let mut lenient = policy();
    (lenient.skip_unskilled, lenient.skip_not_returned) = (false, false);
    assert_eq!(shown(&next(&lenient, &roster("A! B"), &Pointer::default(), &needs("s"))), "A turn 1 []");
    let mut day = policy();
    day.orders_at_once = 2;
    assert_eq!(shown(&next(&day, &roster("A! B"), &Pointer::default(), &needs(""))), "A turn 1 []");
}

#[test]
fn c_040_who_refused_or_lost_the_order_is_not_asked_again() {
    let needs =
        Needs { skill: None, refused: [place('A').technician].into(), taken_from: [place('B').technician].into() };
    let decision = next(&policy(), &roster("A B C"), &Pointer::default(), &needs);
    assert_eq!(shown(&decision), "C turn 1 [A:refused B:overridden]");
}

#[test]
fn c_041_override_takes_no_turn_unless_policy_says_so() {
    let people = roster("A B! C D");
    let choose = |policy: &DispatchPolicy, letter| {
        let chosen = chosen(policy, &people, &Pointer::default(), &needs(""), place(letter).technician);
        chosen.ok_or(NobodyFits { skipped: vec![] })
    };
    assert_eq!(shown(&choose(&policy(), 'C')), "C turn - [A:overridden B:not_returned]");
    let mut moves = policy();
    moves.override_moves_pointer = true;
    assert_eq!(shown(&choose(&moves, 'C')), "C turn 1 [A:overridden B:not_returned]");
    assert_eq!(shown(&choose(&policy(), 'Z')), "nobody []");
    let pointer = Pointer::default().apply(Move::None);
    check(&pointer, "A B C D", "", "A turn 1 []");
}

#[test]
fn x_15_a_turn_given_back_comes_first_and_leaves_the_round_alone() {
    let pointer = after('B').apply(Move::GivenBack(turn('A', 4)));
    check(&pointer, "A B C", "", "A turn 4 []");
    check(&pointer, "A! B C", "", "C turn 8 [A:not_returned]");
    let used = pointer.clone().apply(Move::Taken(turn('A', 4)));
    check(&used, "A B C", "", "C turn 8 []");
    let again = pointer.apply(Move::TakenAgain(turn('A', 4)));
    assert_eq!(again, after('B'));
}

#[test]
fn c_044_yesterdays_undispatched_go_first() {
    let order = |number: u8| DocumentId([number; 16]);
    let morning = UnixMillis(10 * DAY);
    let today = |number: u8, urgency| QueuePlace::new(urgency, morning.plus(i64::from(number)), order(number));
    let yesterday = |number: u8| QueuePlace::new(Urgency::Normal, morning.plus(-HOUR), order(number));
    let mut queue = vec![
        today(1, Urgency::Normal),
        yesterday(2),
        today(3, Urgency::Urgent),
        yesterday(4),
        today(5, Urgency::Hazard),
    ];
    queue.sort();
    let numbers: Vec<u8> = queue.iter().map(|place| place.order().0[0]).collect();
    assert_eq!(numbers, [5, 3, 2, 4, 1]);
    let mut bytes: Vec<_> = queue.iter().map(QueuePlace::to_bytes).collect();
    bytes.sort();
    let from_bytes: Vec<_> = bytes.iter().filter_map(|bytes| QueuePlace::order_in(bytes)).collect();
    assert_eq!(from_bytes, queue.iter().map(QueuePlace::order).collect::<Vec<_>>());
    assert_eq!(QueuePlace::order_in(b"short"), None);
}

#[test]
fn c_046_only_those_with_the_skill_are_candidates() {
    check(&Pointer::default(), "A+t B+s C+s", "s", "B turn 1 [A:skill]");
    check(&Pointer::default(), "A+t B+s C+s", "", "A turn 1 []");
}

#[test]
fn three_hundred_technicians_are_decided_at_once() {
    let people: Vec<Candidate> = (0..300_u32)
        .map(|number| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let entered_at = UnixMillis(number.into());
            let place = Place { entered_at, technician: PersonId(id) };
            Candidate { place, active: true, skills: BTreeSet::new(), open_orders: 1 }
        })
        .collect();
    let started = std::time::Instant::now();
    let decision = next(&policy(), &people, &Pointer::default(), &needs("s"));
    assert_eq!(decision.unwrap_err().skipped.len(), 300);
    assert!(started.elapsed().as_millis() <= 10, "{:?}", started.elapsed());
}

proptest! {
    /// Invariant 9: everybody who was before the chosen one is named, once, with a reason; and the pointer
    /// gives everybody his turn: nobody who fits is taken twice before another who fits is taken once.
    #[test]
    fn invariant_9_each_passed_man_has_a_reason_and_turns_are_equal(
        people in prop::collection::vec((any::<bool>(), 0_u32..2), 1..12),
        steps in prop::collection::vec(0_u8..3, 1..30),
    ) {
        let roster: Vec<Candidate> = people.iter().enumerate().map(|(index, (active, open_orders))| {
            let letter = char::from(b'A' + u8::try_from(index).unwrap());
            Candidate { place: place(letter), active: *active, skills: BTreeSet::new(), open_orders: *open_orders }
        }).collect();
        let fit = roster.iter().filter(|candidate| candidate.active && candidate.open_orders == 0).count();
        let mut pointer = Pointer::default();
        let mut taken: Vec<Turn> = Vec::new();
        for step in steps {
            match (step, next(&policy(), &roster, &pointer, &needs(""))) {
                (_, Err(nobody)) => {
                    prop_assert_eq!(fit, 0);
                    prop_assert_eq!(nobody.skipped.len(), roster.len());
                }
                (2, Ok(_)) if !taken.is_empty() => {
                    pointer = pointer.apply(Move::GivenBack(taken.pop().unwrap()));
                }
                (_, Ok(decision)) => {
                    let sequence: Vec<PersonId> =
                        pointer.sequence(&roster).iter().map(|candidate| candidate.place.technician).collect();
                    let passed: Vec<PersonId> = decision.skipped.iter().map(|skip| skip.technician).collect();
                    prop_assert_eq!(&sequence[..passed.len()], &passed[..]);
                    prop_assert_eq!(sequence[passed.len()], decision.technician.technician);
                    prop_assert_eq!(sequence.len(), roster.len());
                    let turn = Turn { number: decision.turn.unwrap(), place: decision.technician };
                    pointer = pointer.apply(Move::Taken(turn));
                    taken.push(turn);
                }
            }
        }
        let counts: Vec<usize> = roster.iter()
            .filter(|candidate| candidate.active && candidate.open_orders == 0)
            .map(|candidate| taken.iter().filter(|turn| turn.place == candidate.place).count())
            .collect();
        let (most, least) = (counts.iter().max().copied(), counts.iter().min().copied());
        prop_assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1, "{:?}", counts);
    }
}
