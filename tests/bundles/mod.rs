//! Two technicians on a site without a network (U-08): what one hands over is judged by the other's phone as the server
//! judges it, is shown there, and reaches the server by whoever gets a signal first.

mod full;
mod hostile;
mod laws;
pub(crate) mod scanned;
mod terminal;
mod versions;

use docket_client::client::Draft;
use docket_client::replica::{Share, Taken};
use docket_harness::world::field::{labour, part};
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Table};
use docket_sync_core::bundle::{Parts, split};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::FactBody;
use docket_sync_core::facts::bodies::HandoverVisit;
use docket_sync_core::facts::values::VisitRef;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{OrderState, SignatureFacet, VisitState};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::time::{HOUR, MINUTE};

/// Li with an order on his phone; Zhang, who has been told of nothing.
async fn two_on_a_site() -> Result<(World, Device, Device, DocumentId), Trouble> {
    let world = World::new(81).await?;
    let mut li = world.technician("李师傅").await?;
    let mut zhang = world.technician("张师傅").await?;
    world.give_numbers(&li).await?;
    let order = world.order("空调漏水").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li, &mut zhang]).await?;
    Ok((world, li, zhang, order))
}

fn act(body: impl Into<FactBody>) -> Command {
    Command::State(Box::new(Act::new(body)))
}

/// What lies in quarantine at the office.
fn quarantined(world: &World) -> Result<Vec<(DocumentId, Option<QuarantineCode>)>, Trouble> {
    let _durable = world.office.hub.read();
    let store = world.office.store.as_ref();
    let mut found = Vec::new();
    for (_, value) in Tables::scan(store, Table::Quarantine, &KeyRange::all(), usize::MAX)? {
        let entry: QuarantineEntry = docket_server::store::record::decode("quarantine", &value)?;
        found.push((entry.document, entry.code));
    }
    Ok(found)
}

/// One hands over, the other takes: as a file.
fn hand(from: &mut Device, to: &mut Device, orders: &[DocumentId], share: Share) -> Result<Taken, Trouble> {
    let handed = from.client.hand_over(orders, share)?;
    Ok(to.client.take_over(&handed.bytes)?)
}

/// The same as QR codes, scanned from the last to the first.
fn show(from: &mut Device, to: &mut Device, orders: &[DocumentId], share: Share) -> Result<Taken, Trouble> {
    let handed = from.client.hand_over(orders, share)?;
    let mut read = Parts::default();
    for part in split(&handed.bytes)?.iter().rev() {
        assert!(!part.qr_modules().is_empty());
        read.add(&part.text())?;
    }
    Ok(to.client.take_over(&read.whole()?)?)
}

/// What came of the one order in a bundle: new, known, waiting, refused.
fn counts(taken: &Taken, order: DocumentId) -> (usize, usize, usize, Vec<QuarantineCode>) {
    let order = taken.orders.get(&order).cloned().unwrap_or_default();
    (order.entered, order.known, order.waiting, order.refused)
}

/// The visit goes to the other with both signatures, as it does with two phones in two hands.
fn give_visit(from: &mut Device, to: &mut Device, order: DocumentId, visit: VisitRef) -> Result<(), Trouble> {
    let handover = act(HandoverVisit { visit, to: to.person, open: vec!["试机".to_owned()] });
    let shown = from.show(order)?;
    let draft = from.client.draft(&shown, &handover)?;
    let signed = to.client.witness(&Draft::from_bytes(&draft.to_bytes())?)?;
    let done = from.client.confirm(&draft, vec![signed])?;
    assert!(done.order.view.notices.iter().all(|notice| notice.message != "notice.confirm_handover"));
    from.clock.pass(2 * MINUTE);
    Ok(())
}

#[tokio::test]
async fn u_08_who_was_handed_a_visit_that_was_taken_back_unseen_has_worked_on_his_order() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    let visit = li.begin(order)?;
    li.act(order, &act(HandoverVisit { visit, to: zhang.person, open: Vec::new() }))?;
    hand(&mut li, &mut zhang, &[order], Share::Whole)?;
    // Li takes it back and Zhang, who cannot know, is under way; the office hears of both sides of it at once.
    let shown = li.show(order)?;
    let handover = shown.facts.iter().find(|fact| matches!(fact.body(), FactBody::HandoverVisit(_))).ok_or("given")?;
    li.act(order, &Command::Withdraw { fact: handover.id.reference(), reason: "我自己去".to_owned() })?;
    zhang.clock.pass(HOUR);
    zhang.act(order, &Command::Depart)?;
    world.pass(2 * HOUR);
    world.sync(&mut li).await?;
    assert_eq!(world.view(order).await?.facets.handed_to, []);
    world.sync(&mut zhang).await?;
    assert_eq!(quarantined(&world)?, []);
    let view = world.view(order).await?;
    assert!(view.visits.iter().any(|visit| visit.technician == zhang.person), "what he did is there");
    Ok(())
}

#[tokio::test]
async fn u_08_two_phones_without_a_network_share_parts_and_hand_over_a_visit_and_the_server_has_each_fact_once()
-> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    let before = world.facts(order)?;

    // In the cellar there is no signal. Li begins, fits a part, shows his phone to Zhang.
    let visit = li.begin(order)?;
    li.record(order, visit, part("压缩机", 1_000, 120_000))?;
    assert!(zhang.show(order).is_err());
    let taken = hand(&mut li, &mut zhang, &[order], Share::Whole)?;
    let (entered, known, waiting, refused) = counts(&taken, order);
    assert_eq!((entered, known, waiting, refused), (li.show(order)?.facts.len(), 0, 0, vec![]));
    assert_eq!(zhang.show(order)?.view, li.show(order)?.view, "both see the same");
    let row = zhang.client.list()?.into_iter().find(|(id, _)| *id == order).ok_or("a row")?.1;
    assert_eq!((row.customer.as_str(), row.address.as_str()), ("陈静", "南京西路 1266 号"), "with name and address");
    zhang.restart()?;
    assert_eq!(zhang.show(order)?.view, li.show(order)?.view, "also after a restart");

    // Li hands the visit over, both signing; Zhang goes on with it and fits a part of his own.
    give_visit(&mut li, &mut zhang, order, visit)?;
    let taken = show(&mut li, &mut zhang, &[order], Share::Unsent)?;
    let (entered, known, ..) = counts(&taken, order);
    assert_eq!((entered, known), (1, 5), "the hand-over, and what he had before");
    assert_eq!(zhang.show(order)?.view.facets.handed_to, [zhang.person]);
    zhang.clock.pass(HOUR);
    zhang.act(order, &Command::Depart)?;
    let his = zhang.visit(order)?;
    zhang.act(order, &Command::Arrive { visit: Some(his), place: None })?;
    zhang.act(order, &Command::Start { visit: his })?;
    zhang.record(order, his, part("滤芯", 2_000, 8_000))?;
    let back = show(&mut zhang, &mut li, &[order], Share::Unsent)?;
    let (entered, known, waiting, refused) = counts(&back, order);
    assert_eq!((entered, waiting, refused), (4, 0, vec![]));
    assert!(known > 0, "his own facts come back to him, and are there once");
    assert_eq!(li.show(order)?.view, zhang.show(order)?.view);
    let parts: i64 = li.show(order)?.view.lines.iter().map(|line| line.line.quantity).sum();
    assert_eq!(parts, 3_000, "each other's parts");

    // Zhang has a signal first: Li's facts reach the server with his, under Li's envelope.
    world.pass(2 * HOUR);
    let made = li.show(order)?.facts.len();
    let report = world.sync(&mut zhang).await?;
    assert_eq!((report.unsent, report.verified), (0, Some(true)));
    assert_eq!(quarantined(&world)?, []);
    assert_eq!(world.facts(order)?, made, "all of both, each once");
    assert!(made > before);
    assert_eq!(*world.view(order).await?, zhang.show(order)?.view);

    // Li's turn: what he pushes is there already, and is no conflict.
    let facts = world.facts(order)?;
    world.settle(&mut [&mut li, &mut zhang]).await?;
    assert_eq!(world.facts(order)?, facts, "no duplicates");
    assert_eq!(quarantined(&world)?, []);
    assert_eq!(*world.view(order).await?, li.show(order)?.view);
    for phone in [&li, &zhang] {
        assert_eq!(phone.client.status().carried, Default::default(), "nothing is carried any more");
        assert_eq!(phone.client.status().differences, 0);
    }

    // Zhang finishes; the order is one order.
    zhang.record(order, his, labour())?;
    zhang.done(order, his)?;
    zhang.sign(order)?;
    world.settle(&mut [&mut zhang, &mut li]).await?;
    let view = world.view(order).await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert!(view.visits.iter().all(|visit| visit.state == VisitState::Ended));
    Ok(())
}

#[tokio::test]
async fn u_08_an_order_that_began_on_site_comes_to_the_server_by_a_colleague_whose_own_it_is_not() -> Result<(), Trouble>
{
    use docket_sync_core::facts::bodies::{CollectCash, CreateEmergencyOrder, SelfDispatch};
    use docket_sync_core::facts::values::EmergencyBasis;
    let (world, mut li, mut zhang, _) = two_on_a_site().await?;
    let blank = li.client.blank_order()?;
    let order = blank.id;
    let basis = EmergencyBasis::CustomerOnSite;
    let begin = CreateEmergencyOrder {
        basis,
        problem: "天花板漏水".to_owned(),
        contact: "南京西路 1266 号".to_owned(),
        customer: None,
        site: None,
        unit: None,
    };
    li.client.execute(&blank, &act(begin))?;
    li.act(order, &act(SelfDispatch { basis, reason: None }))?;
    li.act(order, &Command::Arrive { visit: None, place: None })?;
    let visit = li.visit(order)?;
    li.act(order, &Command::Start { visit })?;
    li.record(order, visit, labour())?;
    li.done(order, visit)?;
    li.sign(order)?;
    // A receipt with a number of Li's own block: Zhang's phone knows the block.
    let cash = CollectCash { amount: docket_harness::world::field::yuan(6_000), receipt: String::new(), reason: None };
    li.act(order, &act(cash))?;
    let taken = show(&mut li, &mut zhang, &[order], Share::Unsent)?;
    let facts = li.show(order)?.facts.len();
    assert_eq!(counts(&taken, order), (facts, 0, 0, vec![]));
    assert_eq!(zhang.show(order)?.view, li.show(order)?.view);
    // With the proof of the signature: Zhang can show what was signed.
    assert_eq!(zhang.show(order)?.view.signature, SignatureFacet::Signed);

    // Li's phone falls into the water. Zhang syncs.
    world.pass(HOUR);
    world.settle(&mut [&mut zhang]).await?;
    assert_eq!(quarantined(&world)?, []);
    let view = world.view(order).await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert!(view.request.as_ref().is_some_and(|request| request.serial.is_some()), "a number of the register");
    assert_eq!(view.facets.money.taken.get("CNY"), Some(&6_000));
    // It is not his order: what he carried is gone from his phone.
    assert!(zhang.show(order).is_err());
    assert_eq!(zhang.client.status().carried, Default::default());
    // A phone that comes out of the water after all loses nothing and doubles nothing.
    let facts = world.facts(order)?;
    world.settle(&mut [&mut li]).await?;
    assert_eq!(world.facts(order)?, facts);
    assert_eq!(li.show(order)?.view, *world.view(order).await?);
    Ok(())
}

#[tokio::test]
async fn u_08_what_comes_before_what_it_builds_on_waits_and_enters_with_it() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    let visit = li.begin(order)?;
    let taken = hand(&mut li, &mut zhang, &[order], Share::Unsent)?;
    let (entered, _, waiting, _) = counts(&taken, order);
    assert_eq!((entered, waiting), (0, 4), "an order that he has not got");
    assert!(zhang.show(order).is_err());
    let again = hand(&mut li, &mut zhang, &[order], Share::Unsent)?;
    assert_eq!(counts(&again, order), (0, 4, 0, vec![]), "handed over twice is carried once");
    li.record(order, visit, labour())?;
    let whole = hand(&mut li, &mut zhang, &[order], Share::Whole)?;
    let (_, _, waiting, refused) = counts(&whole, order);
    assert_eq!((waiting, refused), (0, vec![]));
    assert_eq!(zhang.show(order)?.view, li.show(order)?.view);
    assert_eq!(zhang.client.status().carried.waiting, 0);

    // A third one, to whom Zhang shows it, has it from two hands.
    let mut wu = world.technician("吴师傅").await?;
    hand(&mut zhang, &mut wu, &[order], Share::Whole)?;
    assert_eq!(wu.show(order)?.view, li.show(order)?.view);
    world.pass(HOUR);
    world.settle(&mut [&mut wu, &mut zhang, &mut li]).await?;
    assert_eq!(quarantined(&world)?, []);
    assert_eq!(li.show(order)?.view, *world.view(order).await?);
    assert!(wu.show(order).is_err() && zhang.show(order).is_err(), "it is Li's order");
    Ok(())
}
