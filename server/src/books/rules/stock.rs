//! One part in one stock: what came, what was counted, what was used (X-36, X-41, C-118).
//!
//! A stocktake is the truth of its moment: lines of before are in it, however late they arrive. A line that arrives
//! after the stocktake and was used before it explains a variance.

use docket_sync_core::time::UnixMillis;

use super::Claimed;

/// What moved a stock by the storekeeper's hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Thousandths that came, or went where negative.
    Moved(i64),
    /// Thousandths that were counted.
    Counted(i64),
}

/// One entry of the storekeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// When it happened.
    pub at: UnixMillis,
    /// Log number under which the store has it.
    pub number: u64,
    /// What.
    pub entry: Entry,
}

/// A part that a line took from this stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The line.
    pub claim: Claimed,
    /// Log number under which the store has it.
    pub number: u64,
    /// Thousandths; 0 where another line has taken the same serial.
    pub quantity: i64,
}

/// How a stock stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Thousandths that should be there; negative where more was used than came.
    pub left: i64,
    /// Thousandths by which the last stocktake differed from what was used and came before it, as far as is known.
    pub variance: i64,
    /// When that was.
    pub counted_at: Option<UnixMillis>,
    /// Lines that compete for what was not there.
    pub disputed: Vec<Claimed>,
    /// Lines that explain a variance.
    pub explained: Vec<Claimed>,
}

/// The stock as it stands.
#[must_use]
pub fn fold(booked: &[Booked], used: &[Used]) -> Stock {
    let mut booked = booked.to_vec();
    booked.sort_by_key(|one| (one.at, one.number));
    let mut used = used.to_vec();
    used.sort_by_key(|one| one.claim.rank());
    let mut stock = Stock::default();
    // Thousandths at the last stocktake, and its moment.
    let (mut base, mut since) = (0_i64, None);
    let mut moved = 0_i64;
    for one in &booked {
        match one.entry {
            Entry::Moved(quantity) => moved = moved.saturating_add(quantity),
            Entry::Counted(counted) => {
                let lines: Vec<&Used> = between(&used, since, Some(one.at)).collect();
                let expected = |lines: &[&Used]| base.saturating_add(moved).saturating_sub(sum(lines.iter().copied()));
                explain(&mut stock, one, counted, &lines, expected);
                stock.variance = counted.saturating_sub(expected(&lines));
                stock.counted_at = Some(one.at);
                (base, since, moved) = (counted, Some(one.at), 0);
            }
        }
    }
    let open: Vec<&Used> = between(&used, since, None).collect();
    stock.left = base.saturating_add(moved).saturating_sub(sum(open.iter().copied()));
    stock.disputed = disputed(base.saturating_add(moved), stock.left, &open);
    stock
}

/// Lines used after one moment, up to another.
fn between(used: &[Used], after: Option<UnixMillis>, until: Option<UnixMillis>) -> impl Iterator<Item = &Used> {
    used.iter().filter(move |one| {
        after.is_none_or(|after| one.claim.at > after) && until.is_none_or(|until| one.claim.at <= until)
    })
}

fn sum<'a>(used: impl Iterator<Item = &'a Used>) -> i64 {
    used.fold(0_i64, |sum, one| sum.saturating_add(one.quantity))
}

/// late lines explain as far as something was missing.
fn explain(stock: &mut Stock, count: &Booked, counted: i64, lines: &[&Used], expected: impl Fn(&[&Used]) -> i64) {
    let (known, late): (Vec<&Used>, Vec<&Used>) = lines.iter().copied().partition(|one| one.number < count.number);
    let mut missing = expected(&known).saturating_sub(counted);
    for one in late {
        if missing > 0 && one.quantity > 0 {
            missing = missing.saturating_sub(one.quantity);
            stock.explained.push(one.claim);
        }
    }
}

/// from the line that took the last that was there. Which of them really came from here, a person must ask.
fn disputed(there: i64, left: i64, open: &[&Used]) -> Vec<Claimed> {
    if left >= 0 {
        return Vec::new();
    }
    let mut rest = there;
    let mut last_good = None;
    for (index, one) in open.iter().enumerate().filter(|(_, one)| one.quantity > 0) {
        rest = rest.saturating_sub(one.quantity);
        if rest < 0 {
            let from = last_good.unwrap_or(index);
            return open.iter().skip(from).filter(|one| one.quantity > 0).map(|one| one.claim).collect();
        }
        last_good = Some(index);
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::tests::claim;
    use super::*;
    use docket_sync_core::time::MINUTE;

    fn moved(minute: i64, pieces: i64) -> Booked {
        let number = u64::try_from(minute).unwrap();
        Booked { at: UnixMillis(minute * MINUTE), number, entry: Entry::Moved(pieces * 1_000) }
    }

    fn counted(minute: i64, pieces: i64) -> Booked {
        Booked { entry: Entry::Counted(pieces * 1_000), ..moved(minute, 0) }
    }

    /// Order `number` used one piece at a minute; the store heard of it at `number`-th of its log.
    fn used(order: u8, minute: i64, number: u64) -> Used {
        Used { claim: claim(order, minute), number, quantity: 1_000 }
    }

    fn orders(claims: &[Claimed]) -> Vec<u8> {
        claims.iter().map(|claim| claim.order.0[0]).collect()
    }

    #[test]
    fn x_36_lines_compete_for_what_was_not_there() {
        let one = moved(1, 1);
        let stock = fold(&[one], &[used(1, 10, 10)]);
        assert_eq!((stock.left, orders(&stock.disputed)), (0, vec![]));
        let stock = fold(&[one], &[used(2, 11, 12), used(1, 10, 11)]);
        assert_eq!((stock.left, orders(&stock.disputed)), (-1_000, vec![1, 2]));
        let stock = fold(&[moved(1, 3)], &[used(1, 10, 10), used(2, 11, 11), used(3, 12, 12), used(4, 13, 13)]);
        assert_eq!((stock.left, orders(&stock.disputed)), (-1_000, vec![3, 4]), "the first two had theirs");
        let stock = fold(&[moved(1, 1), moved(20, 1)], &[used(1, 10, 10), used(2, 11, 11)]);
        assert_eq!((stock.left, orders(&stock.disputed)), (0, vec![]), "more was brought");
    }

    #[test]
    fn x_35_a_serial_that_is_claimed_twice_leaves_the_stock_once() {
        let again = Used { quantity: 0, ..used(2, 11, 11) };
        let stock = fold(&[moved(1, 1)], &[used(1, 10, 10), again]);
        assert_eq!((stock.left, stock.disputed.len()), (0, 0));
    }

    #[test]
    fn x_41_a_line_of_before_the_count_explains_the_variance() {
        let books = [moved(1, 10), counted(100, 9)];
        let stock = fold(&books, &[]);
        assert_eq!((stock.left, stock.variance), (9_000, -1_000), "C-118: nine counted, ten expected");
        let stock = fold(&books, &[used(1, 50, 200)]);
        assert_eq!((stock.left, stock.variance, orders(&stock.explained)), (9_000, 0, vec![1]));
        let stock = fold(&books, &[used(1, 50, 60)]);
        assert_eq!((stock.variance, orders(&stock.explained)), (0, vec![]), "known at the count");
        let stock = fold(&books, &[used(1, 150, 200)]);
        assert_eq!((stock.left, stock.variance), (8_000, -1_000), "used after it explains nothing");
        let stock = fold(&books, &[used(1, 50, 200), used(2, 51, 201)]);
        assert_eq!((stock.variance, orders(&stock.explained)), (1_000, vec![1]), "one was missing, not two");
    }

    #[test]
    fn a_stock_is_the_same_in_whatever_order_it_is_told() {
        let (books, lines) = ([moved(1, 2), counted(100, 1), moved(101, 1)], [used(1, 50, 200), used(2, 150, 201)]);
        let told = fold(&books, &lines);
        let (mut books, mut lines) = (books, lines);
        books.reverse();
        lines.reverse();
        assert_eq!(fold(&books, &lines), told);
        assert_eq!(told.left, 1_000);
    }
}
