//! A customer calls, and the order is in the right technician's pocket, with a reason for everyone passed over.

use docket_harness::condition::eventually;
use docket_harness::world::{Trouble, World};
use docket_server::app::start_reactors;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::SkipReason;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{AssignmentFacet, OrderState};
use docket_sync_core::lifecycle::{Language, summary};
use docket_sync_core::reference::Reference;
use std::time::Duration;

/// Waits until the rotation has sent somebody.
async fn dispatched(world: &World, order: DocumentId) -> Result<(), Trouble> {
    let sent = eventually("the rotation to send somebody", Duration::from_secs(20), || async {
        world.view(order).await.ok()?.technician().map(drop)
    });
    Ok(sent.await?)
}

#[tokio::test]
async fn journey_2_customer_call_to_technicians_pocket() -> Result<(), Trouble> {
    // 1. Three technicians stand in the rotation: Li and Zhao know air conditioning, Zhang knows gas.
    let world = World::new(2).await?;
    let mut li = world.technician("李师傅").await?;
    world.pass(1);
    let zhang = world.skilled("张师傅", &[Role::Technician], "gas").await?;
    let mut zhang = world.enrol(zhang).await?;
    world.pass(1);
    let mut zhao = world.technician("赵师傅").await?;
    let _reactors = start_reactors(&world.office)?;

    // 2. A customer calls about a gas boiler; the clerk registers and confirms: the call gets its serial.
    let order = world.order_needing("壁挂炉有煤气味", Some("gas")).await?;
    let view = world.view(order).await?;
    let request = view.request.as_ref().ok_or("a request")?;
    assert!(request.serial.as_deref().is_some_and(|serial| serial.ends_with("-000001")), "{request:?}");

    // 3. The rotation sends Zhang, and says why Li was passed over (C-040, C-046).
    dispatched(&world, order).await?;
    let view = world.view(order).await?;
    let assignment = view.assignment().ok_or("an assignment")?;
    assert_eq!((view.state, assignment.technician), (OrderState::Dispatched, zhang.person));
    assert_eq!(assignment.turn, Some(1));
    let skipped: Vec<_> = assignment.skipped.iter().map(|skip| (skip.technician, skip.reason)).collect();
    assert_eq!(skipped, [(li.person, SkipReason::Skill)]);

    // 4. The order enters Zhang's feed, with the customer, his phone and the address; nobody else gets it.
    world.settle(&mut [&mut li, &mut zhang, &mut zhao]).await?;
    assert!(li.client.list()?.is_empty() && zhao.client.list()?.is_empty());
    let shown = zhang.show(order)?;
    assert_eq!(shown.view, *world.view(order).await?);
    let request = shown.view.request.as_ref().ok_or("a request")?;
    assert_eq!(request.problem, "壁挂炉有煤气味");
    let Some(Reference::Customer(customer)) = zhang.client.reference(request.customer)? else {
        return Err("a customer".into());
    };
    assert_eq!((customer.name.as_str(), customer.phone.as_str()), ("陈静", "021-5550100"));
    let Some(Reference::Site(site)) = zhang.client.reference(request.site)? else { return Err("a site".into()) };
    assert_eq!(site.address, "南京西路 1266 号");
    assert!(li.client.reference(request.customer)?.is_none(), "least data: Li holds nothing of this customer");
    for language in [Language::En, Language::Zh] {
        assert!(shown.facts.iter().all(|fact| !summary(fact, language).is_empty()));
    }

    // 5. He takes it, and the office sees that.
    zhang.act(order, &docket_sync_core::commands::Command::Accept)?;
    world.pass(docket_sync_core::time::HOUR);
    world.settle(&mut [&mut zhang]).await?;
    assert_eq!(world.view(order).await?.assignment().map(|his| his.facet), Some(AssignmentFacet::Accepted));

    // 6. The next call needs no gas: the turn goes on behind Zhang, to Zhao, then around to Li.
    for (problem, next) in [("空调漏水", zhao.person), ("空调不制热", li.person)] {
        let order = world.order(problem).await?;
        dispatched(&world, order).await?;
        assert_eq!(world.view(order).await?.technician(), Some(next), "{problem}");
    }
    Ok(())
}
