//! The register of calls: numbers without a gap and without repetition, although orders begin offline (U-11).

use std::collections::BTreeSet;

use docket_harness::random::Random;
use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::CreateEmergencyOrder;
use docket_sync_core::facts::values::EmergencyBasis;
use docket_sync_core::ids::DocumentId;

/// Devices, and orders that each of them begins without a network.
const DEVICES: usize = 5;
const ORDERS: usize = 200;
/// Orders that a device brings at once.
const AT_ONCE: usize = 20;

fn begun(device: &mut Device) -> Result<DocumentId, Trouble> {
    let blank = device.client.blank_order()?;
    let begin = CreateEmergencyOrder {
        basis: EmergencyBasis::CustomerOnSite,
        problem: "漏水".to_owned(),
        contact: "南京西路 1266 号".to_owned(),
        customer: None,
        site: None,
        unit: None,
    };
    device.client.execute(&blank, &Command::State(Box::new(Act::new(begin))))?;
    Ok(blank.id)
}

#[tokio::test]
async fn u_11_a_thousand_orders_of_five_devices_are_registered_without_gap_or_repetition() -> Result<(), Trouble> {
    let world = World::new(111).await?;
    let mut devices = Vec::new();
    for number in 0..DEVICES {
        devices.push(world.technician(&format!("师傅{number}")).await?);
    }
    // Each comes back ten times, in an order that nobody planned; the second time of each its answer is lost.
    let mut turns: Vec<usize> = (0..DEVICES).flat_map(|device| std::iter::repeat_n(device, ORDERS / AT_ONCE)).collect();
    Random::from_seed(11).shuffle(&mut turns);
    let mut orders = Vec::new();
    let mut lost = BTreeSet::new();
    for turn in turns {
        let device = &mut devices[turn];
        for _ in 0..AT_ONCE {
            orders.push(begun(device)?);
        }
        if lost.insert(turn) {
            world.sync_losing_the_answer(device).await?;
        }
        world.sync(device).await?;
    }
    let mut register = BTreeSet::new();
    for order in &orders {
        let view = world.view(*order).await?;
        let mut official = view.facets.numbers.iter().filter(|number| number.ledger == "call" && number.official);
        let serial = official.next().map(|number| number.number.clone()).ok_or("a number of the register")?;
        assert!(official.next().is_none(), "{serial} is not the only one");
        let (year, number) = serial.rsplit_once('-').ok_or("a number of the year")?;
        assert!(register.insert((year.to_owned(), number.parse::<usize>()?)), "{serial} was given twice");
    }
    let numbers: Vec<usize> = register.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, (1..=DEVICES * ORDERS).collect::<Vec<_>>(), "no number is missing");
    Ok(())
}
