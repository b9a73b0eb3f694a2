//! Whatever is handed to whom, in whatever order, and whoever meets the server when: one document.

use docket_client::replica::Share;
use docket_harness::random::Random;
use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::bundle::BundleError;
use docket_sync_core::commands::Command;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::MINUTE;

use super::quarantined;

const PHONES: usize = 3;
const STEPS: usize = 40;

fn below(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.next_u64() % u64::try_from(limit).unwrap()).unwrap()
}

async fn step(
    world: &World,
    phones: &mut [Device],
    orders: &[DocumentId],
    random: &mut Random,
    stated: &mut usize,
) -> Result<(), Trouble> {
    let one = below(random, PHONES);
    let other = (one + 1 + below(random, PHONES - 1)) % PHONES;
    let order = orders[below(random, orders.len())];
    match below(random, 8) {
        // Everybody writes in an order of his own; on paper that somebody handed to him he writes nothing.
        0..=2 => {
            let text = format!("note {stated}");
            phones[one].act(orders[one], &Command::Note { text })?;
            *stated += 1;
            // That took him two minutes by his clock.
            world.pass(2 * MINUTE);
        }
        3..=5 => {
            let share = if below(random, 2) == 0 { Share::Whole } else { Share::Unsent };
            let named = if below(random, 2) == 0 { vec![] } else { vec![order] };
            let bundle = match phones[one].client.hand_over(&named, share) {
                Ok(handed) => handed.bytes,
                Err(
                    docket_client::replica::ReplicaError::Bundle(BundleError::Empty)
                    | docket_client::replica::ReplicaError::NoDocument(_),
                ) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let taken = phones[other].client.take_over(&bundle)?;
            assert!(taken.orders.values().all(|order| order.refused.is_empty()), "{taken:?}");
            if below(random, 3) == 0 {
                phones[other].client.take_over(&bundle)?;
            }
        }
        6 => {
            world.sync(&mut phones[one]).await?;
        }
        _ => {
            if below(random, 2) == 0 {
                phones[one].restart()?;
            } else {
                world.sync_losing_the_answer(&mut phones[one]).await?;
            }
        }
    }
    world.pass_for(&phones.iter().collect::<Vec<_>>(), MINUTE);
    Ok(())
}

async fn history(seed: u64) -> Result<(), Trouble> {
    let world = World::new(seed).await?;
    let mut random = Random::from_seed(seed);
    let (mut phones, mut orders) = (Vec::new(), Vec::new());
    for name in ["李师傅", "张师傅", "吴师傅"] {
        let phone = world.technician(name).await?;
        let order = world.order(name).await?;
        world.assign(order, phone.person).await?;
        orders.push(order);
        phones.push(phone);
    }
    for phone in &mut phones {
        world.sync(phone).await?;
    }
    let mut stated = 0;
    for _ in 0..STEPS {
        step(&world, &mut phones, &orders, &mut random, &mut stated).await?;
    }
    world.settle(&mut phones.iter_mut().collect::<Vec<_>>()).await?;
    // What was relayed last goes from a phone when it hears that nothing more comes.
    for phone in &mut phones {
        world.sync(phone).await?;
    }
    assert_eq!(quarantined(&world)?, [], "seed {seed}");
    let mut notes = 0;
    for (phone, order) in phones.iter().zip(&orders) {
        let view = world.view(*order).await?;
        notes += view.notes.len();
        assert_eq!(phone.show(*order)?.view, *view, "seed {seed}");
        assert_eq!(phone.client.status().carried, Default::default(), "seed {seed}");
        assert_eq!(phone.client.status().differences, 0, "seed {seed}");
    }
    assert_eq!(notes, stated, "each note once, seed {seed}");
    Ok(())
}

#[tokio::test]
async fn u_08_any_order_of_bundles_and_pushes_comes_to_the_same_documents() -> Result<(), Trouble> {
    for seed in 0..24 {
        history(seed).await.map_err(|trouble| format!("seed {seed}: {trouble}"))?;
    }
    Ok(())
}
