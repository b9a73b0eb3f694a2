//! C-026: the repair itself is guaranteed; a new call on the same unit within the days is a repeat and free.

use std::sync::Arc;

use docket_client::client::ExecuteError;
use docket_harness::world::field::labour;
use docket_harness::world::{Trouble, World};
use docket_server::guarantee::RepairGuarantee;
use docket_server::intake::register::{NewCall, NewConfirmation, NewCustomer, NewUnit, OnFile};
use docket_server::reactor::Runner;
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::{CompletePaperwork, CreateEmergencyOrder, SetWarranty};
use docket_sync_core::facts::values::{Channel, EmergencyBasis, ServiceClass, Urgency};
use docket_sync_core::ids::{DocumentId, RecordId};
use docket_sync_core::lifecycle::facets::WarrantyFacet;
use docket_sync_core::reference::Language;
use docket_sync_core::time::{DAY, HOUR};

/// A call on a unit: a new one, or one on file.
async fn call(world: &World, unit: OnFile<NewUnit>) -> Result<(DocumentId, RecordId), Trouble> {
    let clerk = world.clerk;
    let call = NewCall {
        customer: OnFile::New(NewCustomer { name: "陈静".to_owned(), phone: "021-5550100".to_owned() }),
        site: OnFile::New("南京西路 1266 号".to_owned()),
        unit: Some(unit),
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Normal,
        problem: "空调不制冷".to_owned(),
        skill: None,
        origin: None,
    };
    let register = move |writer: &mut docket_server::commit::Writer| {
        let registered = writer.register_call(clerk, call)?;
        let given = NewConfirmation { content: "检查".to_owned(), window: None, amount: None, in_warranty: false };
        writer.confirm_call(clerk, registered.document, given)?;
        Ok(registered.document)
    };
    let order = world.office.committer.run(register).await?;
    Runner::new(world.office.clone(), Arc::new(RepairGuarantee)).catch_up().await?;
    let unit = world.view(order).await?.request.as_ref().and_then(|request| request.unit).ok_or("a unit")?;
    Ok((order, unit))
}

fn new_unit(serial: &str) -> OnFile<NewUnit> {
    OnFile::New(NewUnit { model: "KFR-35GW".to_owned(), serial: serial.to_owned() })
}

#[tokio::test]
async fn c_026_the_same_unit_within_the_guarantee_is_free_and_names_the_repair() -> Result<(), Trouble> {
    // 1. A unit is repaired and signed for; the voucher says until when the repair is guaranteed.
    let world = World::new(81).await?;
    let mut li = world.technician("李师傅").await?;
    let (first, unit) = call(&world, new_unit("SN-1")).await?;
    world.assign(first, li.person).await?;
    world.sync(&mut li).await?;
    world.pass(HOUR);
    li.work(first)?;
    let voucher = li.client.voucher(&li.show(first)?, Language::En)?;
    assert!(voucher.value("guarantee.repair").ok_or("a guarantee")?.starts_with("90 days, until "));
    li.sign(first)?;
    world.settle(&mut [&mut li]).await?;
    assert_eq!(world.view(first).await?.facets.repeat_of, None);
    assert!(world.view(first).await?.billable.values().sum::<i64>() > 0);

    // 2. On day 60 the customer calls again about it: free, and linked. Another unit's call is not.
    world.pass_for(&[&li], 60 * DAY);
    let (repeat, _) = call(&world, OnFile::Known(unit)).await?;
    let (other, _) = call(&world, new_unit("SN-2")).await?;
    let view = world.view(repeat).await?;
    assert_eq!((view.facets.class, view.facets.warranty), (Some(ServiceClass::Free), Some(WarrantyFacet::Free)));
    assert_eq!(view.facets.repeat_of, Some(first));
    assert!(view.explanations.iter().any(|why| why.value == "repeat"));
    assert_eq!(world.view(other).await?.facets.class, Some(ServiceClass::Chargeable));

    // 3. The technician sees it; he charges nothing (C-020), and the voucher says 0.
    world.assign(repeat, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    assert_eq!(li.show(repeat)?.view.facets.repeat_of, Some(first));
    li.work(repeat)?;
    let priced = Command::RecordLine { visit: li.visit(repeat)?, line: labour() };
    let refused = li.client.execute(&li.show(repeat)?, &priced).map(|executed| executed.fact);
    assert!(matches!(refused, Err(ExecuteError::Refused(refusal)) if refusal.code == "free_order"));
    let voucher = li.client.voucher(&li.show(repeat)?, Language::En)?;
    assert_eq!(
        (voucher.value("total.CNY"), voucher.value("order.class")),
        (Some("0.00 CNY"), Some("free, in guarantee"))
    );
    li.sign(repeat)?;
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    let view = world.view(repeat).await?;
    assert!(view.billable.values().all(|minor| *minor == 0));
    assert!(view.lines.iter().all(|line| line.charge.is_none()));

    // 4. The rule states it once, however often the log is read; a clerk who knows better judges after it.
    let facts = world.facts(repeat)?;
    let forget = |writer: &mut docket_server::commit::Writer| {
        writer.remove(docket_server::store::Table::Reactor, docket_server::guarantee::RULE.as_bytes().to_vec());
        Ok(())
    };
    world.office.committer.run(forget).await?;
    Runner::new(world.office.clone(), Arc::new(RepairGuarantee)).catch_up().await?;
    assert_eq!(world.facts(repeat)?, facts);
    let paid = SetWarranty {
        class: ServiceClass::Chargeable,
        until: None,
        disputed: false,
        reason: Some("another fault".to_owned()),
        repeat_of: None,
    };
    world.act(world.clerk, repeat, Command::State(Box::new(Act::new(paid)))).await?;
    let view = world.view(repeat).await?;
    assert_eq!((view.facets.class, view.facets.repeat_of), (Some(ServiceClass::Chargeable), None));

    // 5. Past the guarantee of the last repair the customer pays again.
    world.pass_for(&[&li], 91 * DAY);
    let (late, _) = call(&world, OnFile::Known(unit)).await?;
    assert_eq!(world.view(late).await?.facets.class, Some(ServiceClass::Chargeable));
    Ok(())
}

/// C-026, C-045: who goes out before anybody has registered the call repairs under the same guarantee. The unit is named
/// on site, or when the paper is completed.
#[tokio::test]
async fn c_026_an_emergency_order_on_a_repaired_unit_is_free() -> Result<(), Trouble> {
    let world = World::new(82).await?;
    let mut li = world.technician("李师傅").await?;
    let (first, unit) = call(&world, new_unit("SN-1")).await?;
    world.assign(first, li.person).await?;
    world.sync(&mut li).await?;
    world.pass(HOUR);
    li.work(first)?;
    world.settle(&mut [&mut li]).await?;
    world.pass_for(&[&li], 30 * DAY);
    world.settle(&mut [&mut li]).await?;
    let on_file = world.view(first).await?.request.clone().ok_or("a request")?;
    let mut orders = Vec::new();
    for unit in [Some(unit), None] {
        let begin = CreateEmergencyOrder {
            basis: EmergencyBasis::CustomerOnSite,
            problem: "又漏水".to_owned(),
            contact: "陈静".to_owned(),
            customer: Some(on_file.customer),
            site: Some(on_file.site),
            unit,
        };
        let blank = li.client.blank_order()?;
        li.client.execute(&blank, &Command::State(Box::new(Act::new(begin))))?;
        orders.push(blank.id);
    }
    world.settle(&mut [&mut li]).await?;
    let guarantee = || async { Runner::new(world.office.clone(), Arc::new(RepairGuarantee)).catch_up().await };
    guarantee().await?;
    let named = world.view(orders[0]).await?;
    assert_eq!((named.facets.class, named.facets.repeat_of), (Some(ServiceClass::Free), Some(first)));
    assert_eq!(world.view(orders[1]).await?.facets.repeat_of, None, "nobody said yet which unit it was");
    let (named_order, facts) = (orders[0], world.facts(orders[0])?);
    for order in &orders {
        let paper = CompletePaperwork {
            customer: on_file.customer,
            site: on_file.site,
            unit: Some(unit),
            channel: Channel::OnSite,
            class: ServiceClass::Chargeable,
            urgency: Urgency::Hazard,
            serial: None,
        };
        world.act(world.clerk, *order, Command::State(Box::new(Act::new(paper)))).await?;
    }
    guarantee().await?;
    for order in orders {
        let view = world.view(order).await?;
        assert_eq!((view.facets.class, view.facets.repeat_of), (Some(ServiceClass::Free), Some(first)));
    }
    assert_eq!(world.facts(named_order)?, facts + 1, "the paper alone: the rule had said it before");
    Ok(())
}
