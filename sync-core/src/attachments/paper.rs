//! A voucher signed by hand and entered later (U-09): what it covers, and the digest that is printed on it.

use std::collections::BTreeMap;

use crate::facts::values::Correction;
use crate::facts::{Fact, FactBody};
use crate::ids::{Digest, FactId, FactRef};
use crate::lifecycle::causality::Node;
use crate::lifecycle::view::OrderView;
use crate::lifecycle::{Causality, FactSet};
use crate::limits;
use crate::time::UnixMillis;
use crate::voucher::{covered_digest, shown_facts};

/// Facts that a paper covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The facts.
    pub facts: Vec<FactRef>,
    /// BLAKE3 over their identities and content digests.
    pub digest: Digest,
}

/// What a paper signed at `signed_at` covers: everything that a voucher shows, that had been stated by then, and that
/// the technician knew who had it signed. What was added later, or by a colleague whom he had not heard of, the customer
/// has not seen (R7).
#[must_use]
pub fn covered_by_paper(view: &OrderView, facts: &FactSet, signed_at: UnixMillis) -> Covered {
    let causality = Causality::new(facts);
    let corrected = corrected_times(&causality);
    let was_there = |node: &Node<'_>| {
        let corrected = corrected.get(&node.id().reference()).copied();
        corrected.unwrap_or_else(|| stated_at(node.fact)) <= signed_at
    };
    let by_then: Vec<Node<'_>> = causality.nodes().iter().copied().filter(was_there).collect();
    // He had it signed who was the last to say how his visit had ended.
    let outcomes = by_then.iter().filter(|node| is_outcome(node.fact.body()));
    let technician = outcomes.max_by_key(|node| (node.fact.time, node.place())).map(|node| &node.fact.author);
    let is_his = |node: &Node<'_>| technician.is_none_or(|technician| node.fact.author == *technician);
    let known = causality.known_to_any(by_then.iter().copied().filter(is_his));
    let on_it = by_then.iter().filter(|node| is_his(node) || known.contains(**node));
    let on_it: BTreeMap<FactId, Digest> = on_it.map(|node| (node.id(), node.fact.digest)).collect();
    let covered: Vec<(FactId, Digest)> =
        shown_facts(view).into_iter().filter_map(|id| Some((id, *on_it.get(&id)?))).collect();
    Covered { facts: covered.iter().map(|(id, _)| id.reference()).collect(), digest: covered_digest(&covered) }
}

/// What supervisors said about the time of facts whose phone had a wrong clock; the last one counts.
fn corrected_times(causality: &Causality<'_>) -> BTreeMap<FactRef, UnixMillis> {
    let corrections = causality.nodes().iter().filter_map(|node| match node.fact.body() {
        FactBody::CorrectFact(body) => Some(body),
        _ => None,
    });
    let times = corrections.filter_map(|body| match body.correction {
        Correction::Time(time) => Some((body.fact, time)),
        Correction::Line(_) | Correction::Text(_) => None,
    });
    times.collect()
}

/// When a fact had been stated at the latest, as far as its clocks say: the hybrid time; of a phone whose own clock is
/// off the later of both, since nobody knows which of them is right.
fn stated_at(fact: &Fact) -> UnixMillis {
    let is_off = fact.claimed().since(fact.time).unsigned_abs() > limits::CLOCK_OFF_MS.unsigned_abs();
    if is_off { fact.claimed().max(fact.time) } else { fact.time }
}

fn is_outcome(body: &FactBody) -> bool {
    matches!(body, FactBody::OutcomeDone(_) | FactBody::OutcomeUnfinished(_) | FactBody::OutcomeNotRepairable(_))
}

/// A digest as people copy it from a paper: 64 hexadecimal digits or 52 letters of base32 (RFC 4648); spaces, hyphens
/// and capitals do not matter.
#[must_use]
pub fn read_printed_digest(text: &str) -> Option<Digest> {
    let plain: String = text.chars().filter(|char| !matches!(char, ' ' | '-' | ':')).collect();
    if plain.len() == 64 {
        return plain.to_lowercase().parse().ok();
    }
    let bytes = data_encoding::BASE32_NOPAD.decode(plain.to_uppercase().as_bytes()).ok()?;
    Digest::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Head, bodies};
    use crate::lifecycle::fold;
    use crate::lifecycle::scenario::{Scenario, Stage, Who, labour, part};
    use crate::time::{HOUR, MINUTE};

    /// A works, with a clock that is so far off; then the customer signs by hand, and A fits another part. Answers the
    /// first line, the second, and when he signed.
    fn signed_by_hand(off: i64) -> (Scenario, [FactId; 2], UnixMillis) {
        let mut scenario = Scenario::default();
        scenario.stage().dispatched();
        let act = |scenario: &mut Scenario, body: FactBody| {
            scenario.act(Who::A, Head { claimed_offset: Some(off), ..Head::default() }, body)
        };
        let visit = act(&mut scenario, bodies::Depart {}.into()).reference();
        act(&mut scenario, bodies::Start { visit }.into());
        let first = act(&mut scenario, bodies::RecordLine { visit, line: labour(1_000, 8_000) }.into());
        let done = act(&mut scenario, bodies::OutcomeDone { visit, finding: Some("leak".into()) }.into());
        scenario.wait(10 * MINUTE);
        let signed_at = scenario.facts().get(done).map(|fact| fact.time.plus(5 * MINUTE)).unwrap();
        let second = act(&mut scenario, bodies::RecordLine { visit, line: part("Valve", 3_000) }.into());
        scenario.stage().everyone_looks();
        (scenario, [first, second], signed_at)
    }

    fn covers(facts: &FactSet, signed_at: UnixMillis) -> impl Fn(FactId) -> bool + use<> {
        let covered = covered_by_paper(&fold(facts), facts, signed_at);
        move |fact| covered.facts.contains(&fact.reference())
    }

    #[test]
    fn u_09_a_paper_covers_what_had_been_done_when_it_was_signed() {
        let (scenario, [first, second], signed_at) = signed_by_hand(0);
        let covers = covers(&scenario.facts(), signed_at);
        assert!(covers(first) && !covers(second));
    }

    #[test]
    fn u_09_a_slow_phone_puts_nothing_under_a_paper_that_was_done_after_it() {
        let (scenario, [first, second], signed_at) = signed_by_hand(-3 * HOUR);
        let covers = covers(&scenario.facts(), signed_at);
        assert!(covers(first) && !covers(second), "the hybrid time says so, whatever the phone claims");
    }

    #[test]
    fn u_09_a_fast_phones_work_is_covered_once_its_time_is_corrected() {
        let (mut scenario, [first, second], signed_at) = signed_by_hand(3 * HOUR);
        let before = covers(&scenario.facts(), signed_at);
        assert!(!before(first) && !before(second), "in doubt for the customer");
        let outcome = scenario.facts().iter().find(|fact| is_outcome(fact.body())).map(|fact| fact.id).unwrap();
        for fact in [first, outcome] {
            let correction = Correction::Time(signed_at.plus(-MINUTE));
            let body = bodies::CorrectFact { fact: fact.reference(), correction, reason: "his clock".into() };
            scenario.stage().does(Who::Supervisor, body);
        }
        let after = covers(&scenario.facts(), signed_at);
        assert!(after(first) && !after(second));
    }

    #[test]
    fn u_09_a_paper_does_not_cover_what_a_colleague_did_on_a_phone_that_nobody_had_met() {
        let mut scenario = Scenario::default();
        let stage = scenario.stage();
        stage.dispatched_beside(Who::B);
        let hers = stage.works(Who::B);
        let unknown = stage.line(Who::B, hers, part("Pump", 9_000));
        let his = stage.works(Who::A);
        let known = stage.line(Who::A, his, labour(1_000, 8_000));
        stage.done(Who::A, his);
        stage.everyone_looks();
        let facts = scenario.facts();
        let signed_at = facts.iter().map(|fact| fact.time).max().unwrap().plus(MINUTE);
        let registered = facts.iter().find(|fact| matches!(fact.body(), FactBody::RegisterCall(_))).unwrap().id;
        let covers = covers(&facts, signed_at);
        assert!(covers(known) && covers(registered) && !covers(unknown));
    }

    #[test]
    fn a_printed_digest_is_read_as_people_copy_it() {
        let digest = Digest([0xa5; 32]);
        let hexadecimal = digest.to_string();
        let base32 = data_encoding::BASE32_NOPAD.encode(&digest.0);
        let groups: Vec<String> =
            base32.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
        for text in
            [hexadecimal.clone(), hexadecimal.to_uppercase(), base32.to_lowercase(), groups.join("-"), groups.join(" ")]
        {
            assert_eq!(read_printed_digest(&text), Some(digest), "{text}");
        }
        for text in ["", "a5a5", &hexadecimal[..63], &base32[..51], "1".repeat(52).as_str()] {
            assert_eq!(read_printed_digest(text), None, "{text}");
        }
    }
}
