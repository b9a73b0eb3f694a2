//! Repair first, paper after (先抢修后补单): an order that begins on a phone, with all that was done and paid.

use docket_client::signing::Consent;
use docket_harness::world::field::{consent, customer, labour, part, yuan};
use docket_harness::world::{Trouble, World};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::bodies::{
    CollectCash, CompletePaperwork, CreateEmergencyOrder, RemitCash, SelfDispatch, SwapUnit,
};
use docket_sync_core::facts::values::{Channel, EmergencyBasis, ServiceClass, Urgency};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{OrderState, ReviewKind, ReviewStatus, SignatureFacet};
use docket_sync_core::reference::Language;
use docket_sync_core::time::{DAY, HOUR};

use super::{act, quarantined, refused};

#[tokio::test]
async fn u_06_an_emergency_order_with_parts_cash_and_signature_is_right_in_the_books_two_days_later()
-> Result<(), Trouble> {
    let world = World::new(22).await?;
    let accountant = world.person("周会计", &[Role::Accountant]).await?;
    let mut li = world.technician("李师傅").await?;
    world.give_numbers(&li).await?;
    // The customer is on file: another order of his is on the phone.
    let known = world.order("空调保养").await?;
    world.assign(known, li.person).await?;
    world.settle(&mut [&mut li]).await?;

    // No signal, and the customer stands in the water.
    let blank = li.client.blank_order()?;
    let order: DocumentId = blank.id;
    let on_file = li.show(known)?.view.request.ok_or("a request")?;
    let begin = act(CreateEmergencyOrder {
        basis: EmergencyBasis::CustomerOnSite,
        problem: "天花板漏水".to_owned(),
        contact: "陈静，南京西路 1266 号".to_owned(),
        customer: Some(on_file.customer),
        site: Some(on_file.site),
        unit: None,
    });
    let begun = li.client.execute(&blank, &begin)?;
    assert!(begun.order.view.facets.paperwork_due);
    assert_eq!(refused(&mut li, order, &begin)?, "already_registered");
    let himself = act(SelfDispatch { basis: EmergencyBasis::CustomerOnSite, reason: None });
    li.act(order, &himself)?;
    // Who dispatches himself has accepted; he is on site already.
    li.act(order, &Command::Arrive { visit: None, place: None })?;
    let visit = li.visit(order)?;
    li.act(order, &Command::Start { visit })?;
    li.record(order, visit, labour())?;
    li.record(order, visit, part("排水泵", 1_000, 9_000))?;
    li.done(order, visit)?;
    let shown = li.show(order)?;
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    let Consent { strokes, name, relation, opinion } = consent()?;
    li.client.sign(&shown, &voucher, Consent { strokes, name, relation, opinion })?;
    let cash = act(CollectCash { amount: yuan(15_000), receipt: String::new(), reason: None });
    li.act(order, &cash)?;

    // In the evening there is a signal. Nothing is refused; parts, hours and cash count at once.
    world.pass(8 * HOUR);
    world.settle(&mut [&mut li]).await?;
    assert_eq!(quarantined(&world)?, []);
    let view = world.view(order).await?;
    let serial = view.request.as_ref().and_then(|request| request.serial.clone()).ok_or("a number of the register")?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert_eq!(view.billable.get("CNY"), Some(&15_000));
    assert_eq!(view.facets.money.taken.get("CNY"), Some(&15_000));
    let due = |kind| view.reviews.iter().any(|review| review.kind == kind && review.status == ReviewStatus::Open);
    assert!(due(ReviewKind::PaperworkDue), "its supervisor owes the paper");
    assert_eq!(li.show(order)?.view, *view);

    // Two days later the office completes the paper; the accountant takes the cash; the order is filed.
    world.pass_for(&[&li], 2 * DAY);
    let paper = CompletePaperwork {
        customer: on_file.customer,
        site: on_file.site,
        unit: None,
        channel: Channel::OnSite,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Hazard,
        serial: None,
    };
    world.act(world.clerk, order, act(paper)).await?;
    world.act(world.clerk, order, Command::ReturnVoucher { reason: None }).await?;
    world.settle(&mut [&mut li]).await?;
    let remit = act(RemitCash { amount: yuan(15_000), to: accountant, collected: Vec::new() });
    let remitted = li.act(order, &remit)?;
    let digest = remitted.order.facts.get(remitted.fact).ok_or("the fact")?.digest;
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    let confirm = Command::Acknowledge { fact: remitted.fact.reference(), digest };
    world.act(accountant, order, confirm).await?;
    world.act(world.clerk, order, Command::Close).await?;
    world.settle(&mut [&mut li]).await?;
    let view = world.view(order).await?;
    assert_eq!(view.state, OrderState::Closed);
    assert_eq!(view.request.as_ref().and_then(|request| request.serial.clone()), Some(serial), "the number stays");
    let money = &view.facets.money;
    assert_eq!((money.remitted.get("CNY"), money.due.get("CNY").copied().unwrap_or(0)), (Some(&15_000), 0));
    assert!(money.pockets.is_empty() && money.overpaid.values().all(|minor| *minor == 0));
    assert_eq!(quarantined(&world)?, []);
    Ok(())
}

#[tokio::test]
async fn c_048_who_takes_an_order_himself_has_it_in_his_scope() -> Result<(), Trouble> {
    let world = World::new(23).await?;
    let mut li = world.technician("李师傅").await?;
    let mut zhang = world.technician("张师傅").await?;
    let order = world.order("停电").await?;
    world.assign(order, zhang.person).await?;
    world.settle(&mut [&mut li, &mut zhang]).await?;
    assert!(li.show(order).is_err());
    assert_eq!(
        refused(&mut zhang, order, &act(SelfDispatch { basis: EmergencyBasis::HeadUnreachable, reason: None }))?,
        "already_assigned"
    );
    let swapped = act(SwapUnit { old: None, old_serial: None, new_serial: "SN-2".to_owned(), model: None });
    assert_eq!(refused(&mut zhang, order, &swapped)?, "no_visit", "nothing is swapped from afar");
    zhang.begin(order)?;
    zhang.act(order, &swapped)?;
    let hold = docket_sync_core::facts::bodies::Hold {
        reason: docket_sync_core::facts::values::HoldReason::Weather,
        text: None,
        told: None,
    };
    zhang.act(order, &act(hold))?;
    let cancel = Command::State(Box::new(docket_sync_core::commands::Act {
        customer: Some(customer(Channel::OnSite)),
        ..docket_sync_core::commands::Act::new(docket_sync_core::facts::bodies::AddWorkItem {
            item: 2,
            name: "换插座".to_owned(),
        })
    }));
    zhang.act(order, &cancel)?;
    world.pass(HOUR);
    world.settle(&mut [&mut zhang]).await?;
    let view = world.view(order).await?;
    assert_eq!((view.facets.items.len(), view.facets.units.len(), view.facets.holds.len()), (2, 1, 1));
    assert_eq!(quarantined(&world)?, []);
    Ok(())
}
