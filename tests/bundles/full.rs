//! A phone that carries as much for its colleagues as it may: the next bundle is refused by name, nothing is lost, and
//! after a sync there is room again.

use docket_client::replica::Share;
use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::bundle::Bundle;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::bodies::CreateEmergencyOrder;
use docket_sync_core::facts::values::EmergencyBasis;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::limits::{BUNDLE_FRAMES_MAX, CARRIED_BYTES_MAX, CARRIED_PUSHES_MAX};
use docket_sync_core::sync::frames::ProofBytes;
use docket_sync_core::time::HOUR;

use super::hostile::{altered, opened, refused};
use super::{act, quarantined, two_on_a_site};

/// An order that begins on the phone: one push, whose chain begins in it.
fn begun(li: &mut Device, number: usize) -> Result<DocumentId, Trouble> {
    let blank = li.client.blank_order()?;
    let begin = CreateEmergencyOrder {
        basis: EmergencyBasis::CustomerOnSite,
        problem: format!("漏水 {number}"),
        contact: "南京西路 1266 号".to_owned(),
        customer: None,
        site: None,
        unit: None,
    };
    li.client.execute(&blank, &act(begin))?;
    Ok(blank.id)
}

/// One bundle with a push of its own for each of `count` new orders.
fn many(li: &mut Device, count: usize) -> Result<Vec<u8>, Trouble> {
    let mut whole: Option<Bundle> = None;
    for number in 0..count {
        let order = begun(li, number)?;
        let handed = li.client.hand_over(&[order], Share::Unsent)?;
        let bundle = opened(li, &handed.bytes)?;
        match &mut whole {
            Some(whole) => whole.frames.extend(bundle.frames),
            None => whole = Some(bundle),
        }
    }
    Ok(whole.ok_or("a bundle")?.seal(&li.signing_key()?)?)
}

/// Two thousand orders are more than the office's rules look at in one settling.
async fn at_rest(world: &World, devices: &mut [&mut Device]) -> Result<(), Trouble> {
    let mut last = world.settle(devices).await;
    for _ in 0..10 {
        if last.is_ok() {
            break;
        }
        last = world.settle(devices).await;
    }
    last
}

#[tokio::test]
async fn u_08_a_phone_that_carries_2048_pushes_takes_no_more_until_it_has_synced() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, _) = two_on_a_site().await?;
    let mut left = CARRIED_PUSHES_MAX;
    while left > 0 {
        let count = left.min(BUNDLE_FRAMES_MAX);
        let taken = { many(&mut li, count)? };
        assert_eq!(zhang.client.take_over(&taken)?.orders.len(), count);
        left -= count;
    }
    let full = zhang.client.replica().carried();
    assert_eq!((full.orders, full.shown, full.waiting), (CARRIED_PUSHES_MAX, CARRIED_PUSHES_MAX, 0));

    // One more is too many, by its name; what was there is there, also after a restart.
    let one_more = many(&mut li, 1)?;
    assert_eq!(refused(&mut zhang, &one_more)?, "bundle_carries_too_much");
    assert_eq!(zhang.client.replica().carried(), full);
    zhang.restart()?;
    assert_eq!(zhang.client.replica().carried(), full);

    // He finds a signal: the server gets all of it, and there is room for the one that was refused.
    world.pass(HOUR);
    at_rest(&world, &mut [&mut zhang]).await?;
    assert_eq!(quarantined(&world)?, []);
    assert_eq!(zhang.client.replica().carried().unsent, 0);
    assert_eq!(zhang.client.take_over(&one_more)?.orders.len(), 1);
    // Li hears of it: nothing of his was lost, and nothing is there twice.
    at_rest(&world, &mut [&mut zhang, &mut li]).await?;
    assert_eq!((world.sync(&mut li).await?.unsent, quarantined(&world)?), (0, vec![]));
    Ok(())
}

#[tokio::test]
async fn u_08_a_phone_that_carries_16_mib_takes_no_more_until_it_has_synced() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    super::hand(&mut li, &mut zhang, &[order], Share::Whole)?;
    // Proofs of signatures are what is large in a bundle.
    const PROOF: usize = 32 * 1_024;
    const PROOFS: usize = 60;
    let mut taken = 0_usize;
    let full = loop {
        li.act(order, &Command::Note { text: format!("第 {taken} 次") })?;
        let bundle = altered(&mut li, order, |push| {
            let proof = |index: usize| ProofBytes(vec![u8::try_from(index).unwrap_or(0); PROOF]);
            push.proofs = (0..PROOFS).map(proof).collect();
        })?;
        let before = zhang.client.replica().carried();
        if zhang.client.take_over(&bundle).is_err() {
            assert_eq!(refused(&mut zhang, &bundle)?, "bundle_carries_too_much");
            assert_eq!(zhang.client.replica().carried(), before);
            break bundle;
        }
        taken += 1;
    };
    // As many as fit, and not one less.
    assert_eq!(taken, CARRIED_BYTES_MAX / (PROOF * PROOFS + 2_048));
    assert_eq!(zhang.show(order)?.view.notes.len(), taken);
    world.pass(HOUR);
    world.settle(&mut [&mut zhang]).await?;
    assert_eq!((quarantined(&world)?, world.view(order).await?.notes.len()), (vec![], taken));
    assert_eq!(zhang.client.take_over(&full)?.orders.len(), 1);
    world.settle(&mut [&mut zhang, &mut li]).await?;
    assert_eq!(world.view(order).await?.notes.len(), taken + 1);
    Ok(())
}
