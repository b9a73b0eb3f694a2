//! The companion document against devices: what they state does not get in, what is in it does not get out (sync.md,
//! Audience; invariant 14). What it means is told in the stories.

use docket_client::replica::NewFact;
use docket_harness::world::field::yuan;
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::Tables;
use docket_server::commit::listing::{Sorted, reviews_page};
use docket_server::store::Table;
use docket_sync_core::commands::{Act, Command, CommandCode};
use docket_sync_core::facts::values::{CallbackResult, EmergencyBasis, Money, Severity};
use docket_sync_core::facts::{Author, FactBody, FactKind, Head, Role, bodies};
use docket_sync_core::ids::{ChangeHash, DocumentId, FactRef};
use docket_sync_core::lifecycle::view::ReviewKind;
use docket_sync_core::sync::frames::{DocumentHeads, Frame, Heads, QuarantineCode, Want};
use docket_sync_core::time::{DAY, MINUTE};

use crate::quarantine::rogue::ask;

/// Li has done the order and the customer has signed; an accountant and a technician in one person has a phone.
async fn done() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(65).await?;
    let both = world.person("李师傅", &[Role::Technician, Role::Accountant]).await?;
    let mut li = world.enrol(both).await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    li.work(order)?;
    li.sign(order)?;
    world.pass(30 * MINUTE);
    world.settle(&mut [&mut li]).await?;
    Ok((world, li, order))
}

fn invoice(lines: Vec<FactRef>) -> FactBody {
    let amount = Money { minor: 6_000, currency: "CNY".to_owned() };
    bodies::Invoice { number: "INV-7".to_owned(), lines, amount, payer: None }.into()
}

fn stated(document: DocumentId, li: &Device, body: FactBody) -> NewFact {
    let (author, head) = (Author::Person(li.person), Head { role: Some(Role::Technician), ..Head::default() });
    NewFact { document, author, seen: Vec::new(), head, body, claimed: None, proof: None }
}

async fn satisfied(world: &World, order: DocumentId) -> Result<(), Trouble> {
    let about = world.view(order).await?.completed.ok_or("a DONE")?.fact.reference();
    let body = bodies::RecordCallback { result: CallbackResult::Ok, about, text: None };
    world.act(world.clerk, order, Command::State(Box::new(Act::new(body)))).await.map(drop)
}

#[tokio::test]
async fn an_office_kind_from_a_device_is_quarantined_with_its_code() -> Result<(), Trouble> {
    let (world, mut li, order) = done().await?;
    let shown = li.show(order)?;
    let line = shown.view.lines[0].at.fact.reference();
    // The library does not offer it, and refuses it.
    assert!(!li.client.offered(&shown)?.contains(&CommandCode::Invoice));
    let command = Command::State(Box::new(Act::new(invoice(vec![line]))));
    let refused = li.client.execute(&shown, &command).map(|done| done.fact);
    assert!(refused.is_err(), "{refused:?}");
    // Somebody else's program states it all the same.
    let fact = stated(order, &li, invoice(vec![line]));
    let id = li.client.replica_mut().state_fact(fact)?;
    world.sync(&mut li).await?;
    assert_eq!(li.client.status().refused, [(order, id, QuarantineCode::OfficeKind)]);
    assert!(world.view(order).await?.office.invoices.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_device_that_asks_for_the_companion_learns_nothing() -> Result<(), Trouble> {
    let (world, mut li, order) = done().await?;
    satisfied(&world, order).await?;
    let companion = order.companion();
    assert!(world.office.store.as_ref().meta(companion)?.is_some(), "it is there");
    let heads = vec![ChangeHash([1; 32])];
    let held = Heads { documents: vec![DocumentHeads { document: companion, heads, receipt: None }] };
    let of_unknown = Heads {
        documents: vec![DocumentHeads {
            document: DocumentId([7; 16]),
            heads: vec![ChangeHash([1; 32])],
            receipt: None,
        }],
    };
    for asked in
        [vec![Frame::Want(Want { documents: vec![companion] })], vec![Frame::Heads(held), Frame::Heads(of_unknown)]]
    {
        for frame in ask(&world, &mut li, asked).await? {
            match frame {
                Frame::Batch(batch) => {
                    let told = format!("{batch:?}");
                    assert!(!told.contains("Whole") && !told.contains("Records("), "{told}");
                }
                Frame::Have(have) => {
                    assert!(have.documents.iter().all(|line| line.heads.is_empty()), "{have:?}");
                }
                _ => {}
            }
        }
    }
    // Nor does what it states there get in.
    let note = stated(companion, &li, bodies::AddNote { text: "x".into() }.into());
    let id = li.client.replica_mut().state_fact(note)?;
    world.sync(&mut li).await?;
    assert_eq!(li.client.status().refused, [(companion, id, QuarantineCode::OutOfScope)]);
    Ok(())
}

#[tokio::test]
async fn nobody_takes_the_place_of_a_companion() -> Result<(), Trouble> {
    let (world, mut li, order) = done().await?;
    let companion = order.companion();
    let body = bodies::CreateEmergencyOrder {
        basis: EmergencyBasis::CustomerOnSite,
        customer: None,
        site: None,
        contact: "王".to_owned(),
        problem: "漏水".to_owned(),
        unit: None,
    };
    let begins = stated(companion, &li, body.into());
    let id = li.client.replica_mut().state_fact(begins)?;
    world.sync(&mut li).await?;
    assert_eq!(li.client.status().refused, [(companion, id, QuarantineCode::Malformed)]);
    satisfied(&world, order).await?;
    assert_eq!(world.view(order).await?.office.callback, Some(CallbackResult::Ok));
    Ok(())
}

#[tokio::test]
async fn an_office_review_is_listed_and_fires_its_default_in_the_companion() -> Result<(), Trouble> {
    let (world, mut li, order) = done().await?;
    satisfied(&world, order).await?;
    let complaint = bodies::OpenComplaint {
        kind: docket_sync_core::facts::values::ComplaintKind::Other,
        severity: Severity::Normal,
        text: "又漏了".to_owned(),
    };
    li.act(order, &Command::State(Box::new(Act::new(complaint))))?;
    world.pass(10 * MINUTE);
    world.settle(&mut [&mut li]).await?;
    let view = world.view(order).await?;
    assert_eq!(view.office.callback, Some(CallbackResult::Complaint), "the complaint governs (X-65)");
    let review = view.reviews.iter().find(|review| review.kind == ReviewKind::ComplaintGoverns).ok_or("a review")?;
    let listed = {
        let _durable = world.office.hub.read();
        Sorted::ALL.iter().all(|sorted| {
            let page = reviews_page(world.office.store.as_ref(), *sorted, None, 10).unwrap_or_default();
            page.iter().any(|listed| listed.id == review.id && listed.row.stake == Some(yuan(6_000)))
        })
    };
    assert!(listed, "the office lists it");
    let before = li.show(order)?;
    world.pass(4 * DAY);
    let decided = |view: &docket_sync_core::lifecycle::view::OrderView| {
        let of_kind = view.reviews.iter().find(|review| review.kind == ReviewKind::ComplaintGoverns);
        of_kind.is_some_and(|review| review.choice.is_some())
    };
    world.until("the default of X-65", order, decided).await?;
    world.settle(&mut [&mut li]).await?;
    let after = li.show(order)?;
    let defaults = |shown: &docket_client::client::Shown| {
        shown.facts.iter().filter(|fact| fact.kind() == Some(FactKind::ReviewDefault)).count()
    };
    assert_eq!(defaults(&after), defaults(&before), "the phone hears nothing of it");
    let row: Option<docket_server::commit::RowRecord> = {
        let _durable = world.office.hub.read();
        world.office.store.as_ref().read(Table::View, &order.companion().0)?
    };
    assert!(row.is_none(), "the companion is no order of its own");
    Ok(())
}

/// The server starts again on its store: both documents are read anew.
#[tokio::test]
async fn a_restarted_server_folds_both_documents() -> Result<(), Trouble> {
    let (world, _, order) = done().await?;
    satisfied(&world, order).await?;
    let before = world.view(order).await?;
    let world = world.restarted(|_| Ok(()))?;
    let after = world.view(order).await?;
    assert_eq!(after.office, before.office);
    assert_eq!(*after, *before);
    Ok(())
}
