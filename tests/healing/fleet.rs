//! Many devices, in any order.

use docket_harness::world::{Device, Trouble, World};
use docket_server::restore::report::healing_report;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::HOUR;

use super::forgotten::jot;

/// Facts for each of the devices: small here, by `DOCKET_HEALING_FACTS` what a night has room for (2,000 is about
/// 100,000 changes).
fn facts_each() -> usize {
    std::env::var("DOCKET_HEALING_FACTS").ok().and_then(|facts| facts.parse().ok()).unwrap_or(12)
}

const DEVICES: usize = 50;
const ORDERS_EACH: usize = 2;

#[tokio::test]
async fn promise_5_fifty_devices_bring_back_everything_in_any_order() -> Result<(), Trouble> {
    let mut world = World::new(41).await?;
    let mut devices: Vec<Device> = Vec::new();
    let mut orders: Vec<[DocumentId; ORDERS_EACH]> = Vec::new();
    for number in 0..DEVICES {
        let device = world.technician(&format!("技师 {number}")).await?;
        let mut own = Vec::new();
        for _ in 0..ORDERS_EACH {
            let order = world.order("保养").await?;
            world.assign(order, device.person).await?;
            own.push(order);
        }
        orders.push(own.try_into().map_err(|_many| "two orders")?);
        devices.push(device);
    }
    for device in &mut devices {
        world.settle(&mut [device]).await?;
    }
    let backup = world.backup();
    // Half of it is acknowledged when the office is lost, the other half is not.
    let facts = facts_each();
    for (device, own) in devices.iter_mut().zip(&orders) {
        for number in 0..facts {
            jot(device, own[number % ORDERS_EACH], number, 0)?;
            if number == facts / 2 {
                world.pass(HOUR);
                world.sync(device).await?;
            }
        }
    }
    world.restore(backup)?;
    world.pass(HOUR);
    // They come back in an order that has nothing to do with their numbers.
    for step in 0..DEVICES {
        let device = devices.get_mut(step * 7 % DEVICES).ok_or("a device")?;
        let report = world.sync(device).await?;
        assert_eq!((report.unsent, report.verified), (0, Some(true)), "device {}", step * 7 % DEVICES);
    }
    for (device, own) in devices.iter().zip(&orders) {
        let mut found = 0;
        for order in own {
            let view = world.view(*order).await?;
            found += view.notes.len();
            assert_eq!(device.show(*order)?.view, *view);
        }
        assert_eq!(found, facts);
    }
    let report = healing_report(&world.office)?;
    assert!(report.gaps.is_empty() && report.devices.iter().all(|device| device.is_back));
    println!("{} facts under receipts, {} under envelopes", report.known_again(), report.brought());
    Ok(())
}
