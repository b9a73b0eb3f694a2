//! The customer signs offline; what follows from it follows by itself, and his copy verifies without us.

use std::time::Duration;

use docket_harness::condition::eventually;
use docket_harness::world::{Trouble, World};
use docket_server::app::start_reactors;
use docket_server::callbacks::records;
use docket_sync_core::commands::Command;
use docket_sync_core::lifecycle::view::{OrderState, SignatureFacet, VoucherFacet};
use docket_sync_core::reference::Language;
use docket_sync_core::time::{DAY, HOUR};
use docket_sync_core::voucher::copy::verify_copy;

#[tokio::test]
async fn journey_3_signature_to_follow_up() -> Result<(), Trouble> {
    // 1. Li has an order.
    let world = World::new(3).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    let _reactors = start_reactors(&world.office)?;

    // 2. Without a signal he does the work; the customer reads the voucher in Chinese and signs it.
    world.pass(HOUR);
    li.work(order)?;
    let shown = li.show(order)?;
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    let read = voucher.render_text(Language::Zh);
    for word in ["陈静", "南京西路 1266 号", "更换电容", "李师傅", "空调不制冷"] {
        assert!(read.contains(word), "the voucher shows {word}:\n{read}");
    }
    let signature = li.sign(order)?;
    let shown = li.show(order)?;
    assert_eq!((shown.view.state, shown.view.signature), (OrderState::Completed, SignatureFacet::Signed));
    let copy = li.client.customer_copy(&shown, signature)?.ok_or("a copy")?.to_bytes();

    // 3. Hours later it reaches the office, proof included; the callback is due within three days of the work.
    world.pass(3 * HOUR);
    world.settle(&mut [&mut li]).await?;
    let done = world.view(order).await?.completed.ok_or("done")?.lo;
    let callback = eventually("the callback", Duration::from_secs(20), || async {
        let _durable = world.office.hub.read();
        records::get(world.office.store.as_ref(), order).ok()?
    });
    let callback = callback.await?;
    assert_eq!((callback.completion.at, callback.completion.technician), (done, Some(li.person)));
    let after = callback.due_at.since(done);
    assert!((2 * DAY..=4 * DAY).contains(&after), "due {after} ms after the work: at the end of the third day");
    assert_eq!(callback.outcome, None);

    // 4. The clerk books the voucher back: struck off once.
    world.act(world.clerk, order, Command::ReturnVoucher { reason: None }).await?;
    world.settle(&mut [&mut li]).await?;
    let view = world.view(order).await?;
    assert_eq!((view.state, view.voucher), (OrderState::Returned, VoucherFacet::Returned));
    assert_eq!(li.show(order)?.view, *view);

    // 5. The company is gone. The customer's copy answers all three questions by itself.
    let fingerprint = world.office.keys.fingerprint();
    drop((world, li));
    let report = verify_copy(&copy, Some(fingerprint));
    assert!(report.passed(), "{report:?}");
    for language in [Language::En, Language::Zh] {
        assert!(!report.render_text(language).is_empty());
    }

    // 6. One byte of what he read is changed: the copy says which field.
    for (word, part) in [("更换电容", "finding"), ("南京西路 1266 号", "address")] {
        let at = copy.windows(word.len()).position(|bytes| bytes == word.as_bytes()).ok_or("the word in the copy")?;
        let mut changed = copy.clone();
        changed[at + 2] ^= 1;
        let report = verify_copy(&changed, Some(fingerprint));
        assert!(!report.passed());
        let named = report.first_difference.clone().ok_or("a field")?;
        assert!(named.contains(part), "{word}: {named}");
        assert!(report.render_text(Language::Zh).contains(&named));
    }
    Ok(())
}
