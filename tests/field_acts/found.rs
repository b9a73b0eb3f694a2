//! What a technician finds on site reaches the records of the office; what the customer signs for his goods is checked.

use std::sync::Arc;

use docket_client::signing::Consent;
use docket_harness::world::field::consent;
use docket_harness::world::{Trouble, World};
use docket_server::commit::Tables;
use docket_server::onsite::{FoundOnSite, swapped_unit};
use docket_server::reactor::{Runner, dead_letters};
use docket_server::signatures::SignatureCheck;
use docket_sync_core::commands::Act;
use docket_sync_core::facts::bodies::{ReportContact, ReturnCustody, SwapUnit, TakeCustody};
use docket_sync_core::facts::values::{Goods, ReceiptFate};
use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::lifecycle::facets::CustodyStage;
use docket_sync_core::lifecycle::view::ReviewKind;
use docket_sync_core::reference::Reference;
use docket_sync_core::time::HOUR;

use super::{act, li_with_an_order, quarantined};

async fn carried(world: &World) -> Result<(), Trouble> {
    Runner::new(world.office.clone(), Arc::new(FoundOnSite)).catch_up().await?;
    let letters = world.office.committer.run(|writer| dead_letters(writer, "found-on-site")).await?;
    assert_eq!(letters, [], "an order was set aside");
    Ok(())
}

fn reference(world: &World, id: RecordId) -> Result<Option<Reference>, Trouble> {
    let _durable = world.office.hub.read();
    Ok(world.office.store.as_ref().reference(id)?.map(|record| record.content))
}

fn contact(world: &World, site: RecordId) -> Result<Option<String>, Trouble> {
    match reference(world, site)? {
        Some(Reference::Site(site)) => Ok(site.contact),
        other => Err(format!("{other:?}").into()),
    }
}

fn report(name: &str, phone: Option<&str>) -> docket_sync_core::commands::Command {
    act(ReportContact { name: name.to_owned(), phone: phone.map(str::to_owned), note: None })
}

#[tokio::test]
async fn x_71_x_72_what_was_found_on_site_is_carried_into_the_records_once() -> Result<(), Trouble> {
    let (world, mut li, order) = li_with_an_order().await?;
    let mut zhang = world.technician("张师傅").await?;
    world.assign(order, zhang.person).await?;
    world.settle(&mut [&mut zhang, &mut li]).await?;
    let site = li.show(order)?.view.request.ok_or("a request")?.site;
    assert_eq!(contact(&world, site)?, None);
    zhang.arrive(order)?;
    zhang.act(order, &report("门卫 老王", Some("021-5550111")))?;
    let swap = SwapUnit {
        old: None,
        old_serial: Some("SN-1".to_owned()),
        new_serial: "SN-2".to_owned(),
        model: Some("KFR-35".to_owned()),
    };
    let swapped = zhang.act(order, &act(swap))?;
    let unit = swapped_unit(swapped.order.facts.get(swapped.fact).ok_or("the fact")?);
    world.pass(HOUR);
    world.settle(&mut [&mut zhang]).await?;
    carried(&world).await?;
    assert_eq!(contact(&world, site)?.as_deref(), Some("门卫 老王 021-5550111"));
    let Some(Reference::Unit(record)) = reference(&world, unit)? else { return Err("a unit".into()) };
    assert_eq!((record.site, record.serial.as_str(), record.model.as_str()), (site, "SN-2", "KFR-35"));
    let versions = world.log_length();
    carried(&world).await?;
    assert_eq!(world.log_length(), versions, "once");

    // A later report takes its place.
    zhang.clock.pass(HOUR);
    zhang.act(order, &report("陈先生", None))?;
    world.pass(3 * HOUR);
    world.settle(&mut [&mut zhang]).await?;
    carried(&world).await?;
    assert_eq!(contact(&world, site)?.as_deref(), Some("陈先生"));
    assert_eq!(quarantined(&world)?, []);
    // The phone gets it with the site's record.
    world.settle(&mut [&mut zhang]).await?;
    let here = zhang.client.reference(site)?;
    assert!(matches!(here, Some(Reference::Site(site)) if site.contact.as_deref() == Some("陈先生")));
    Ok(())
}

async fn checked(world: &World) -> Result<(), Trouble> {
    Ok(Runner::new(world.office.clone(), Arc::new(SignatureCheck)).catch_up().await?)
}

fn drawn() -> Result<Consent, Trouble> {
    consent()
}

fn board() -> Goods {
    Goods { name: "主控板".to_owned(), serial: Some("SN-7".to_owned()), unit: None, pieces: 1, condition: None }
}

/// What the office has of the only custody of an order: whether the customer countersigned, and how far it is.
async fn custody(world: &World, order: DocumentId) -> Result<(bool, CustodyStage), Trouble> {
    let view = world.view(order).await?;
    let custody = view.facets.custody.first().ok_or("a custody")?;
    Ok((custody.countersigned, custody.stage))
}

#[tokio::test]
async fn c_131_a_countersignature_rides_with_its_fact_and_is_checked_against_it() -> Result<(), Trouble> {
    let (world, mut li, order) = li_with_an_order().await?;
    li.begin(order)?;
    let take = TakeCustody { goods: board(), receipt: String::new(), due: None, countersigned: None };
    let shown = li.show(order)?;
    let taken = li.client.countersigned(&shown, (&Act::new(take), None), drawn()?)?;
    let custody_fact = taken.fact.reference();
    let shown = li.show(order)?;
    let back = ReturnCustody { custody: custody_fact, receipt: ReceiptFate::TakenBack, signed: None, statement: None };
    li.client.countersigned(&shown, (&Act::new(back), None), drawn()?)?;
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    assert_eq!(quarantined(&world)?, []);
    let proof = taken.order.facts.get(taken.fact).and_then(|fact| fact.body().proof()).ok_or("a proof")?;
    let stored = world.office.store.get(docket_server::store::Table::Blob, &proof.0)?;
    assert!(stored.is_some(), "it rode in the push");
    checked(&world).await?;
    assert_eq!(custody(&world, order).await?, (true, CustodyStage::Returned));
    assert!(world.view(order).await?.reviews.is_empty());
    Ok(())
}

#[tokio::test]
async fn c_082_what_was_signed_for_other_goods_does_not_count() -> Result<(), Trouble> {
    let (world, mut li, order) = li_with_an_order().await?;
    li.begin(order)?;
    let shown = li.show(order)?;
    let take = |goods| TakeCustody { goods, receipt: String::new(), due: None, countersigned: None };
    let good = li.client.countersigned(&shown, (&Act::new(take(board())), None), drawn()?)?;
    let signed = good.order.facts.get(good.fact).and_then(|fact| fact.body().proof()).ok_or("a proof")?;
    // The next receipt names what the customer drew for the first.
    let other = Goods { name: "压缩机".to_owned(), serial: Some("SN-8".to_owned()), ..board() };
    let swapped = TakeCustody { countersigned: Some(signed), ..take(other) };
    li.act(order, &act(swapped))?;
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    checked(&world).await?;
    let view = world.view(order).await?;
    let said: Vec<(&str, bool)> =
        view.facets.custody.iter().map(|one| (one.goods.name.as_str(), one.countersigned)).collect();
    assert_eq!(said, [("主控板", true), ("压缩机", false)]);
    assert!(view.reviews.iter().any(|review| review.kind == ReviewKind::SignatureUnverified));
    Ok(())
}
