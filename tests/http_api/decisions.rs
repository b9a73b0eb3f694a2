//! What only a person decides, in his browser, on the real routes: what the gate kept apart, the list of reviews in both
//! orders, and a default that fired and is undone.

use docket_client::replica::NewFact;
use docket_harness::world::field::{labour, part};
use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies::{Close, TakeCustody};
use docket_sync_core::facts::values::Goods;
use docket_sync_core::facts::{Author, FactBody, Head, Ledger};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{ReviewKind, ReviewStatus};
use docket_sync_core::time::{DAY, HOUR};

use super::browser::{LOGIN, PASSWORD, Script, Served};

fn takes(name: &str, receipt: String) -> TakeCustody {
    let goods = Goods { name: name.to_owned(), serial: None, unit: None, pieces: 1, condition: None };
    TakeCustody { goods, receipt, due: None, countersigned: None }
}

/// States what no command of the device would.
fn state(device: &mut Device, document: DocumentId, body: FactBody) -> Result<(), Trouble> {
    let (author, seen) = (Author::Person(device.person), device.show(document)?.view.frontier);
    let fact = NewFact { document, author, seen, head: Head::default(), body, claimed: None, proof: None };
    device.client.replica_mut().state_fact(fact)?;
    Ok(())
}

async fn serial(world: &World, order: DocumentId) -> Result<String, Trouble> {
    let view = world.view(order).await?;
    Ok(view.request.as_ref().and_then(|request| request.serial.clone()).ok_or("a serial")?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u_19_r10_the_office_decides_in_its_browser() -> Result<(), Trouble> {
    // 1. Two orders that the office cancelled while Li, offline, had done them: the older one for less money.
    let world = World::new(63).await?;
    let served = Served::begin(&world).await?;
    let mut li = world.technician("李师傅").await?;
    world.give_numbers(&li).await?;
    let [old, dear, goods] = [world.order("一").await?, world.order("二").await?, world.order("三").await?];
    for order in [old, dear, goods] {
        world.assign(order, li.person).await?;
    }
    world.settle(&mut [&mut li]).await?;
    for (order, line) in [(old, labour()), (dear, part("压缩机", 1_000, 88_000))] {
        let visit = li.begin(order)?;
        li.record(order, visit, line)?;
        if order == dear {
            let take = Command::State(Box::new(Act::new(takes("主控板", String::new()))));
            li.act(order, &take)?;
        }
        li.done(order, visit)?;
        world.act(world.clerk, order, Command::Cancel { reason: "另请别家".to_owned() }).await?;
        world.pass(HOUR);
    }
    // 2. A receipt whose number was used before, and what a technician may not state.
    let visit = li.begin(goods)?;
    let used = Ledger::Custody.printed(1);
    state(&mut li, goods, takes("水泵", used.clone()).into())?;
    li.done(goods, visit)?;
    state(&mut li, goods, Close {}.into())?;
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    let late = |view: &docket_sync_core::lifecycle::view::OrderView, status| {
        view.reviews.iter().any(|review| review.kind == ReviewKind::LateCancel && review.status == status)
    };
    for order in [old, dear] {
        assert!(late(&*world.view(order).await?, ReviewStatus::Open), "{:?}", world.view(order).await?.reviews);
    }

    // 3. The lists, and the decisions about the quarantine.
    let serials = [serial(&world, old).await?, serial(&world, dear).await?, serial(&world, goods).await?];
    let [old_text, goods_text] = [old, goods].map(|order| order.to_string());
    let variables = [
        ("DOCKET_URL", served.url.as_str()),
        ("DOCKET_LOGIN", LOGIN),
        ("DOCKET_PASSWORD", PASSWORD),
        ("DOCKET_OLD", &serials[0]),
        ("DOCKET_DEAR", &serials[1]),
        ("DOCKET_GOODS", &serials[2]),
        ("DOCKET_OLD_ID", &old_text),
        ("DOCKET_GOODS_ID", &goods_text),
        ("DOCKET_NUMBER", &used),
    ];
    let mut script = Script::start("decisions.mjs", &variables)?;
    script.ready("ready: decided").await?;
    let view = world.view(goods).await?;
    let taken: Vec<_> = view.facets.custody.iter().map(|one| (one.goods.name.as_str(), one.receipt.as_str())).collect();
    assert_eq!(taken, [("水泵", used.as_str())], "what was admitted counts");
    let decided: Vec<bool> = view.decided.iter().map(|decided| decided.admitted).collect();
    assert_eq!(decided.iter().filter(|admitted| **admitted).count(), 1, "{decided:?}");
    assert!(view.closed.is_none(), "what was discarded counts for nothing");
    let by: Vec<_> = view.decided.iter().map(|decided| decided.by.clone()).collect();
    assert!(by.iter().all(|by| *by == Author::Person(served.person)), "{by:?}");

    // 4. Nobody decides about the cancel: the default does, and is undone by a person who may.
    world.pass(DAY + HOUR);
    world.until("the default has fired", old, |view| late(view, ReviewStatus::Defaulted)).await?;
    script.go("go").await?;
    script.ready("ready: undone").await?;
    let view = world.view(old).await?;
    let undone = view.reviews.iter().find(|review| review.kind == ReviewKind::LateCancel).ok_or("the review")?;
    assert_eq!(undone.status, ReviewStatus::Resolved);
    assert_ne!(undone.choice, Some(undone.default));
    script.go("go").await?;
    script.ended().await?;
    served.end(&world).await
}
