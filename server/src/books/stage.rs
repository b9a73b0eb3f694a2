//! A small company whose people fit parts, take cash and goods: the stage of the books' tests.

use std::sync::Arc;

use docket_sync_core::facts::Role;
use docket_sync_core::facts::bodies::{self, CollectCash, RecordLine, RemitCash, TakeCustody};
use docket_sync_core::facts::values::{FindingKind, Goods, Line, LineKind, Money, PartSource, Urgency, VisitRef};
use docket_sync_core::ids::{FactId, FactRef, PersonId};
use docket_sync_core::time::MINUTE;

use super::reactor::Bookkeeper;
use super::records::StockBooked;
use super::stock;
use crate::commit::Tables;
use crate::dispatch::world::{CLERK, World, order, person};
use crate::store::{KeyRange, MemoryStore, Table};

/// Who counts the cash.
pub(super) const ACCOUNTANT: PersonId = PersonId([0xAC; 16]);

pub(super) fn company() -> World {
    let world = World::open(Arc::new(MemoryStore::new()));
    world.hire("A B");
    world.hire_one("accountant", ACCOUNTANT, &[Role::Accountant], "");
    for number in 1..=3 {
        world.call(number, Urgency::Normal, "");
    }
    world
}

pub(super) fn arrive(world: &World, number: u8, letter: char) -> VisitRef {
    world.pass(MINUTE);
    let visit = world.state(order(number), person(letter), bodies::Arrive { visit: None, place: None }).reference();
    world.state(order(number), person(letter), bodies::Start { visit });
    visit
}

pub(super) fn piece(code: &str, serial: Option<&str>) -> Line {
    Line {
        kind: LineKind::Part,
        name: "电容".to_owned(),
        quantity: 1_000,
        unit: "piece".to_owned(),
        amount: None,
        code: Some(code.to_owned()),
        serial: serial.map(str::to_owned),
        source: Some(PartSource::Van),
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    }
}

pub(super) fn yuan(minor: i64) -> Money {
    Money { minor, currency: "CNY".to_owned() }
}

/// The technician fits a part on the order.
pub(super) fn fit(world: &World, number: u8, letter: char, line: Line) -> FactRef {
    let visit = arrive(world, number, letter);
    world.state(order(number), person(letter), RecordLine { visit, line }).reference()
}

pub(super) fn moved(world: &World, letter: char, code: &str, pieces: i64, is_quota: bool) {
    book(world, letter, code, pieces, is_quota, false);
}

pub(super) fn book(world: &World, letter: char, code: &str, pieces: i64, is_quota: bool, is_count: bool) {
    let code = code.to_owned();
    world.run(move |writer| {
        let booked = StockBooked {
            keeper: person(letter),
            code,
            name: "电容".to_owned(),
            unit: "piece".to_owned(),
            quantity: pieces * 1_000,
            at: writer.now(),
            is_quota,
            note: None,
        };
        stock::book(writer, CLERK, booked, is_count)
    });
}

/// Kinds of the findings that stand in an order.
pub(super) fn found(world: &World, number: u8) -> Vec<FindingKind> {
    let view = world.view(number);
    view.facets.findings.iter().filter(|one| one.lifted.is_none()).map(|one| one.kind).collect()
}

pub(super) fn left(world: &World, letter: char, code: &'static str) -> (i64, i64) {
    let account = world.run(move |writer| stock::account(writer, person(letter), code)).unwrap();
    (account.left / 1_000, account.variance / 1_000)
}

/// Everything again from the start of the log.
pub(super) async fn again(world: &World) {
    world.run(|writer| {
        writer.remove(Table::Reactor, b"books".to_vec());
        Ok(())
    });
    world.follow(Bookkeeper).await;
}

pub(super) fn facts(world: &World) -> Vec<usize> {
    (1..=3).map(|number| world.view(number).facts).collect()
}

pub(super) fn rows(world: &World) -> Vec<(Vec<u8>, Vec<u8>)> {
    world.run(|writer| Ok(writer.scan(Table::Books, &KeyRange::all(), usize::MAX)?))
}

pub(super) fn collect(world: &World, number: u8, minor: i64) -> FactRef {
    let body = CollectCash { amount: yuan(minor), receipt: format!("XJ-{number}"), reason: None };
    world.state(order(number), person('A'), body).reference()
}

pub(super) fn hand_in(world: &World, number: u8, collected: FactRef, minor: i64) -> FactId {
    hand_in_to(world, ACCOUNTANT, number, collected, minor)
}

pub(super) fn hand_in_to(world: &World, to: PersonId, number: u8, collected: FactRef, minor: i64) -> FactId {
    let body = RemitCash { amount: yuan(minor), to, collected: vec![collected] };
    let remit = world.state(order(number), person('A'), body);
    let digest =
        world.run(move |writer| Ok(writer.known_order(order(number))?.facts.get(remit).map(|fact| fact.digest)));
    world.state(order(number), to, bodies::Acknowledge { fact: remit.reference(), digest: digest.unwrap() });
    remit
}

pub(super) fn take(world: &World, number: u8, letter: char, receipt: &str) {
    arrive(world, number, letter);
    let goods =
        Goods { name: "主机".to_owned(), serial: Some("M-77".to_owned()), unit: None, pieces: 1, condition: None };
    let body = TakeCustody { goods, receipt: receipt.to_owned(), due: None, countersigned: None };
    world.state(order(number), person(letter), body);
}
