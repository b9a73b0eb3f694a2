//! The books over a real commit thread, in every order of arrival and after every possible crash.

use std::sync::Arc;

use docket_sync_core::facts::Role;
use docket_sync_core::facts::bodies::{self, RecordLine, ReverseLine};
use docket_sync_core::facts::values::{FindingKind, Line, PartSource, Urgency};
use docket_sync_core::lifecycle::facets::Holder;
use docket_sync_core::lifecycle::view::{LineStanding, ReviewKind, ReviewStatus};
use docket_sync_core::reference::{PartQuota, Reference, part_quota_record};
use docket_sync_core::time::{DAY, HOUR, MINUTE};

use super::desk::entries_of;
use super::reactor::Bookkeeper;
use super::records::StockBooked;
use super::stage::{
    ACCOUNTANT, again, arrive, book, collect, company, facts, fit, found, hand_in, hand_in_to, left, moved, piece,
    rows, take,
};
use super::{records, stock};
use crate::commit::Tables;
use crate::dispatch::world::{CLERK, Recorded, World, after_a_crash, order, person};
use crate::reactor::{Runner, dead_letters};

#[tokio::test]
async fn x_35_the_same_serial_on_two_orders_holds_both_until_one_is_reversed() {
    let world = company();
    fit(&world, 1, 'A', piece("CAP", Some("SN-9001")));
    world.follow(Bookkeeper).await;
    assert_eq!(found(&world, 1), []);
    let second = fit(&world, 2, 'B', piece("CAP", Some("sn 9001")));
    world.follow(Bookkeeper).await;
    for (number, other) in [(1, 2), (2, 1)] {
        let view = world.view(number);
        assert_eq!(found(&world, number), [FindingKind::SerialConflict]);
        assert!(
            view.lines[0].held == Some(docket_sync_core::lifecycle::view::NotBillable::LedgerAsks)
                && !view.lines[0].billable
        );
        let review = view.reviews.iter().find(|review| review.kind == ReviewKind::SerialConflict).unwrap();
        assert!(review.blocking && review.status == ReviewStatus::Open, "the storekeeper asks both");
        assert_eq!(view.facets.findings[0].others[0].order, order(other), "each names the other's claim");
    }
    // It was another one: both are free again.
    world.state(order(2), person('B'), ReverseLine { line: second, reason: "看错".to_owned() });
    world.follow(Bookkeeper).await;
    assert_eq!((found(&world, 1), found(&world, 2)), (vec![], vec![]));
    assert!(world.view(1).lines[0].held != Some(docket_sync_core::lifecycle::view::NotBillable::LedgerAsks));
    let stands = facts(&world);
    again(&world).await;
    assert_eq!(facts(&world), stands, "told again, nothing is stated again");
    // Claimed again: another finding, with another cause.
    fit(&world, 3, 'B', piece("CAP", Some("SN-9001")));
    world.follow(Bookkeeper).await;
    assert_eq!(
        (found(&world, 1), found(&world, 3)),
        (vec![FindingKind::SerialConflict], vec![FindingKind::SerialConflict])
    );
    assert_eq!(world.run(|writer| dead_letters(writer, "books")), []);
}

#[tokio::test]
async fn x_35_a_serial_leaves_the_stock_once() {
    let world = company();
    moved(&world, 'A', "CAP", 1, false);
    moved(&world, 'B', "CAP", 1, false);
    fit(&world, 1, 'A', piece("CAP", Some("SN-9001")));
    fit(&world, 2, 'B', piece("CAP", Some("SN-9001")));
    world.follow(Bookkeeper).await;
    assert_eq!((left(&world, 'A', "CAP"), left(&world, 'B', "CAP")), ((0, 0), (1, 0)), "stock -1, not -2");
}

#[tokio::test]
async fn x_36_two_who_share_a_stock_dispute_the_last_piece() {
    let world = company();
    moved(&world, 'A', "CAP", 1, false);
    world.run(|writer| stock::share(writer, CLERK, person('B'), person('A')));
    fit(&world, 1, 'A', piece("CAP", None));
    fit(&world, 2, 'B', piece("CAP", None));
    world.follow(Bookkeeper).await;
    assert_eq!(left(&world, 'A', "CAP").0, -1);
    for number in [1, 2] {
        assert_eq!(found(&world, number), [FindingKind::StockDispute]);
        assert!(world.view(number).lines[0].standing == LineStanding::Effective);
    }
    // The storekeeper finds that one more had been handed out.
    moved(&world, 'A', "CAP", 1, false);
    assert_eq!((found(&world, 1), found(&world, 2), left(&world, 'A', "CAP").0), (vec![], vec![], 0));
}

#[tokio::test]
async fn x_41_a_late_line_of_before_the_count_explains_its_variance() {
    let world = company();
    moved(&world, 'A', "CAP", 10, false);
    let visit = arrive(&world, 1, 'A');
    world.pass(HOUR);
    book(&world, 'A', "CAP", 9, false, true);
    assert_eq!(left(&world, 'A', "CAP"), (9, -1), "C-118: a variance of one");
    // The line was made before the count, offline, and arrives after it.
    world.pass(-HOUR / 2);
    world.state(order(1), person('A'), RecordLine { visit, line: piece("CAP", None) });
    world.pass(HOUR / 2);
    world.follow(Bookkeeper).await;
    assert_eq!(left(&world, 'A', "CAP"), (9, 0));
    let view = world.view(1);
    assert_eq!(found(&world, 1), [FindingKind::VarianceExplained]);
    assert!(view.explanations.iter().any(|why| why.pair == Some("X-41")));
    assert!(view.reviews.iter().all(|review| review.status != ReviewStatus::Open), "nobody has to be asked");
}

#[tokio::test]
async fn x_42_one_technician_on_two_orders_at_one_time_confirms_the_split() {
    let world = company();
    let one = arrive(&world, 1, 'A');
    world.pass(30 * MINUTE);
    let other = arrive(&world, 2, 'A');
    world.pass(30 * MINUTE);
    world.state(order(1), person('A'), bodies::OutcomeDone { visit: one, finding: None });
    world.follow(Bookkeeper).await;
    assert_eq!(found(&world, 1), [], "the other visit goes on");
    world.state(order(2), person('A'), bodies::OutcomeDone { visit: other, finding: None });
    world.follow(Bookkeeper).await;
    assert_eq!((found(&world, 1), found(&world, 2)), (vec![FindingKind::TimeOverlap], vec![FindingKind::TimeOverlap]));
    // A crew overlaps nobody.
    let crew = arrive(&world, 2, 'B');
    world.pass(HOUR);
    world.state(order(2), person('B'), bodies::End { visit: crew });
    world.follow(Bookkeeper).await;
    assert_eq!(found(&world, 2), [FindingKind::TimeOverlap]);
}

#[tokio::test]
async fn x_42_who_paused_here_to_help_there_overlaps_nothing() {
    let world = company();
    let one = arrive(&world, 1, 'A');
    world.pass(10 * MINUTE);
    world.state(order(1), person('A'), bodies::Pause { visit: one, reason: "救急".to_owned() });
    let other = arrive(&world, 2, 'A');
    world.pass(10 * MINUTE);
    world.state(order(2), person('A'), bodies::OutcomeDone { visit: other, finding: None });
    world.pass(MINUTE);
    world.state(order(1), person('A'), bodies::Resume { visit: one });
    world.pass(MINUTE);
    world.state(order(1), person('A'), bodies::OutcomeDone { visit: one, finding: None });
    world.follow(Bookkeeper).await;
    assert_eq!((found(&world, 1), found(&world, 2)), (vec![], vec![]));
}

#[tokio::test]
async fn c_093_cash_that_stays_overnight_is_an_exception_by_the_clock() {
    let world = company();
    let mut runner = Runner::new(world.office.clone(), Arc::new(Bookkeeper));
    let (late, in_time) = (collect(&world, 1, 30_000), collect(&world, 2, 5_000));
    hand_in(&world, 2, in_time, 5_000);
    runner.catch_up().await.unwrap();
    runner.tick().await.unwrap();
    assert_eq!((found(&world, 1), found(&world, 2)), (vec![], vec![]));
    world.pass(DAY);
    runner.tick().await.unwrap();
    assert_eq!((found(&world, 1), found(&world, 2)), (vec![FindingKind::CashOvernight], vec![]));
    let view = world.view(1);
    let told = |who, role| {
        view.notices.iter().any(|one| one.message == "notice.cash_overnight" && one.person == who && one.role == role)
    };
    assert!(told(Some(person('A')), docket_sync_core::facts::Role::Technician));
    assert!(told(None, docket_sync_core::facts::Role::Accountant));
    runner.tick().await.unwrap();
    assert_eq!(found(&world, 1).len(), 1, "said once");
    // Handed in the next day: it was overnight all the same.
    hand_in(&world, 1, late, 30_000);
    runner.catch_up().await.unwrap();
    assert_eq!(found(&world, 1), [FindingKind::CashOvernight]);
    assert!(world.view(1).facets.money.pockets.is_empty());
}

#[tokio::test]
async fn c_093_cash_given_to_anybody_but_an_accountant_stays_overnight() {
    let world = company();
    let mut runner = Runner::new(world.office.clone(), Arc::new(Bookkeeper));
    let taken = [1, 2, 3].map(|number| collect(&world, number, 30_000));
    // To himself, to a colleague who confirms it, to the accountant.
    for (number, (to, taken)) in (1..).zip([person('A'), person('B'), ACCOUNTANT].into_iter().zip(taken)) {
        hand_in_to(&world, to, number, taken, 30_000);
    }
    world.pass(DAY);
    runner.catch_up().await.unwrap();
    runner.tick().await.unwrap();
    let overnight = vec![FindingKind::CashOvernight];
    assert_eq!([1, 2, 3].map(|number| found(&world, number)), [overnight.clone(), overnight, vec![]]);
}

#[tokio::test]
async fn c_116_an_old_part_is_owed_until_the_storekeeper_has_it() {
    let world = company();
    world.set_policy(|policy| policy.books.core_classes = vec!["CMP".to_owned()]);
    let line = fit(&world, 1, 'A', piece("CMP-35", None));
    fit(&world, 2, 'A', piece("CAP-45", None));
    fit(&world, 3, 'A', Line { source: Some(PartSource::Customer), ..piece("CMP-35", None) });
    world.follow(Bookkeeper).await;
    assert_eq!([1, 2, 3].map(|number| found(&world, number)), [vec![FindingKind::CoreOwed], vec![], vec![]]);
    let view = world.view(1);
    let owed = &view.facets.findings[0];
    assert_eq!((owed.about, owed.person), (line, Some(person('A'))));
    let review = view.reviews.iter().find(|review| review.kind == ReviewKind::CoreOwed).unwrap();
    assert!(review.blocking, "nothing is filed before");
    let choice = docket_sync_core::facts::values::ReviewChoice::Return;
    let resolve = bodies::ResolveReview { review: review.id, choice, reason: "旧件已收".to_owned() };
    world.state(order(1), CLERK, resolve.clone());
    world.follow(Bookkeeper).await;
    assert!(world.run(|writer| entries_of(writer, order(1))).found[0].is_open, "not the clerk's to decide");
    world.state_as(order(1), (person('S'), Role::Storekeeper), resolve);
    world.follow(Bookkeeper).await;
    let entries = world.run(|writer| entries_of(writer, order(1)));
    assert!(!entries.found[0].is_open);
}

#[tokio::test]
async fn u_13_the_keeper_is_told_what_is_left_of_his_quota() {
    let world = company();
    moved(&world, 'A', "CMP-1", 2, true);
    let quota = |world: &World| -> PartQuota {
        let record = world.run(|writer| writer.reference(part_quota_record(person('A'), "CMP-1"))).unwrap();
        let Reference::PartQuota(quota) = record.content else { panic!("no quota") };
        quota
    };
    assert_eq!((quota(&world).left, quota(&world).is_quota, quota(&world).counted.len()), (2_000, true, 0));
    let line = fit(&world, 1, 'A', piece("CMP-1", None));
    fit(&world, 2, 'A', Line { source: Some(PartSource::Unknown), ..piece("CMP-1", None) });
    world.follow(Bookkeeper).await;
    let told = quota(&world);
    assert_eq!((told.left, told.counted.len()), (1_000, 1), "what came from elsewhere is not in it");
    assert_eq!((told.counted[0].order, told.counted[0].fact), (order(1), line));
    let review = |number| world.view(number).reviews.iter().any(|review| review.kind == ReviewKind::PartSource);
    assert!(review(2) && !review(1), "C-064: an unknown source is flagged");
}

#[tokio::test]
async fn x_55_goods_that_two_orders_hold_are_a_conflict_in_both() {
    let world = company();
    take(&world, 1, 'A', "SJ-1");
    take(&world, 2, 'B', "SJ-2");
    world.follow(Bookkeeper).await;
    for number in [1, 2] {
        let view = world.view(number);
        assert_eq!(view.facets.custody[0].holder, Holder::Conflict(vec![person('A'), person('B')]), "nobody guesses");
        let review = view.reviews.iter().find(|review| review.kind == ReviewKind::CustodyConflict).unwrap();
        assert!(review.blocking);
    }
    let entries = world.run(|writer| entries_of(writer, order(1)));
    assert!(entries.goods[0].is_conflict());
}

#[tokio::test]
async fn after_any_crash_and_in_whatever_order_the_books_say_the_same() {
    let recorded = Arc::new(Recorded::default());
    let world = World::open(recorded.clone());
    world.hire("A B");
    for number in 1..=3 {
        world.call(number, Urgency::Normal, "");
    }
    moved(&world, 'A', "CAP", 1, true);
    fit(&world, 1, 'A', piece("CAP", Some("SN-1")));
    collect(&world, 1, 8_000);
    world.follow(Bookkeeper).await;
    fit(&world, 2, 'B', piece("CAP", Some("SN-1")));
    world.follow(Bookkeeper).await;
    let (kept, stated) = (rows(&world), facts(&world));
    drop(world);
    let states = recorded.states();
    let mut ended = 0;
    for state in &states {
        let world = World::open(Arc::new(after_a_crash(state)));
        world.follow(Bookkeeper).await;
        let known =
            world.run(|writer| Ok((1..=3).all(|number| writer.order(order(number)).is_ok_and(|one| one.is_some()))));
        if !known || world.view(2).lines.is_empty() {
            continue;
        }
        ended += 1;
        assert_eq!(facts(&world), stated, "each finding once");
        again(&world).await;
        assert_eq!(facts(&world), stated, "told again, nothing is stated again");
        let keys = |rows: &[(Vec<u8>, Vec<u8>)]| rows.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        // Findings are stated at the time of the crash's end; what they are about is the same.
        let timeless = |rows: &[(Vec<u8>, Vec<u8>)]| {
            keys(rows).into_iter().filter(|key| key[0] != records::letter::OPEN).collect::<Vec<_>>()
        };
        assert_eq!(timeless(&rows(&world)), timeless(&kept));
    }
    assert!(ended > 2 && states.len() > 15, "{ended} of {} crashes", states.len());
}

#[tokio::test]
async fn what_the_storekeeper_cannot_book_is_refused_by_its_field() {
    let world = company();
    let check = |change: fn(&mut StockBooked), is_count: bool, field: &str| {
        let done = world.office.committer.run_blocking(move |writer| {
            let mut booked = StockBooked {
                keeper: person('A'),
                code: "CAP".to_owned(),
                name: "电容".to_owned(),
                unit: "piece".to_owned(),
                quantity: 1_000,
                at: writer.now(),
                is_quota: false,
                note: None,
            };
            change(&mut booked);
            stock::book(writer, CLERK, booked, is_count)
        });
        match done {
            Err(crate::commit::CommitError::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    };
    check(|booked| booked.keeper = docket_sync_core::ids::PersonId([3; 16]), false, "keeper");
    check(|booked| booked.code = " ".to_owned(), false, "code");
    check(|booked| booked.code = "X".repeat(65), false, "code");
    check(|booked| booked.unit.clear(), false, "unit");
    check(|booked| booked.quantity = 0, false, "quantity_thousandths");
    check(|booked| booked.quantity = -1, true, "quantity_thousandths");
    check(|booked| booked.quantity = i64::MAX, false, "quantity_thousandths");
    check(|booked| booked.at = booked.at.plus(1), false, "at");
}
