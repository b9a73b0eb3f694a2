//! X-42, second half: one person is in one place at a time.

use docket_sync_core::time::{MINUTE, UnixMillis};

use super::Claimed;

/// Overlap that is said: hours are booked in minutes, and two devices' bounds differ by seconds.
const OVERLAP_MIN_MS: i64 = MINUTE;

/// Work on one order from a start to a pause or an end; `claim.at` is the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The visit's first start, its order and its technician.
    pub claim: Claimed,
    /// From.
    pub from: UnixMillis,
    /// Until.
    pub to: UnixMillis,
}

/// For every span the spans of other orders that overlap it, by at least a minute; those without are left out.
#[must_use]
pub fn overlaps(spans: &[Span]) -> Vec<(Span, Vec<Claimed>)> {
    let mut found = Vec::new();
    for one in spans {
        let mut others: Vec<Claimed> = spans
            .iter()
            .filter(|other| other.claim.order != one.claim.order && other.claim.person == one.claim.person)
            .filter(|other| one.to.min(other.to).since(one.from.max(other.from)) >= OVERLAP_MIN_MS)
            .map(|other| other.claim)
            .collect();
        others.sort_by_key(Claimed::rank);
        others.dedup();
        if !others.is_empty() {
            found.push((*one, others));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::claim;
    use super::*;
    use docket_sync_core::ids::PersonId;

    fn span(order: u8, from: i64, to: i64) -> Span {
        let mut claim = claim(order, from);
        claim.person = Some(PersonId([7; 16]));
        Span { claim, from: UnixMillis(from * MINUTE), to: UnixMillis(to * MINUTE) }
    }

    #[test]
    fn x_42_one_person_on_two_orders_at_one_time_overlaps() {
        let cases: [(&[(u8, i64, i64)], usize); 6] = [
            (&[(1, 0, 60), (2, 30, 90)], 2),
            (&[(1, 0, 60), (2, 60, 90)], 0),
            // Less than a minute is two clocks, not two places.
            (&[(1, 0, 60), (2, 59, 90)], 2),
            (&[(1, 0, 60), (1, 30, 90)], 0),
            (&[(1, 0, 100), (2, 10, 20), (3, 30, 40)], 3),
            (&[(1, 0, 10), (2, 20, 30), (3, 25, 26)], 2),
        ];
        for (spans, expected) in cases {
            let spans: Vec<Span> = spans.iter().map(|(order, from, to)| span(*order, *from, *to)).collect();
            assert_eq!(overlaps(&spans).len(), expected, "{spans:?}");
        }
        let mut short = [span(1, 0, 60), span(2, 60, 90)];
        short[1].from = short[1].from.plus(-30_000);
        assert!(overlaps(&short).is_empty());
    }

    #[test]
    fn x_42_two_people_on_one_order_are_a_crew() {
        let mut other = span(2, 0, 60);
        other.claim.person = Some(PersonId([8; 16]));
        assert!(overlaps(&[span(1, 0, 60), other]).is_empty());
    }
}
