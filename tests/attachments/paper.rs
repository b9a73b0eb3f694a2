//! Paper comes in late: the clerk sends its photo and enters what is written on it (U-09).

use docket_harness::world::{MORNING, Trouble};
use docket_sync_core::attachments::blob_id;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{Line, LineKind, Money};
use docket_sync_core::lifecycle::facets::ProofWay;
use docket_sync_core::lifecycle::view::OrderState;
use docket_sync_core::time::MINUTE;
use serde_json::json;

use super::clients::tus_client;
use super::setting::{listed, log_in_as, photo};
use crate::network::setting::{company, rest, rest_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u_09_a_paper_signed_by_hand_is_entered_the_next_day_and_completes_the_order() -> Result<(), Trouble> {
    // 1. The work is done in the morning; the phone is dead when the customer signs, at ten, on paper.
    let (mut office, _, mut phones) = company(1).await?;
    office.stop().await?;
    office.add_person("zhao", "赵敏", &["clerk"], &[]).await?;
    let address = office.serve().await?;
    let [phone] = phones.as_mut_slice() else { return Err("one phone".into()) };
    phone.begin_work()?;
    let shown = phone.client.show(phone.order)?;
    let visit = shown.visit_of(phone.client.person()).ok_or("a visit")?.id.reference();
    let amount = Some(Money { minor: 15_000, currency: "CNY".into() });
    let line = Line {
        kind: LineKind::Labour,
        name: "加氟".into(),
        quantity: 1_000,
        unit: "h".into(),
        amount,
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    };
    phone.client.execute(&shown, &Command::RecordLine { visit, line })?;
    let shown = phone.client.show(phone.order)?;
    phone.client.execute(&shown, &Command::Done { visit, finding: None })?;
    phone.sync(address).await?;

    // 2. The clerk cannot enter what has no photo.
    let cookie = log_in_as(address, "zhao").await?;
    let order = phone.order;
    let path = format!("/api/orders/{order}/commands");
    let shown = rest(address, "GET", &format!("/api/orders/{order}"), Some(&cookie), None).await?.body;
    let etag = shown["etag"].as_str().ok_or("a tag")?.to_owned();
    let bytes = photo(300_000, 9);
    let digest = blob_id(&bytes).to_string();
    // The server's clock is that of the machine: what counts is when the work was stated, not what the phone's clock said.
    let signed_at = phone.client.show(phone.order)?.view.updated.0;
    let body = json!({"command": "attach_paper", "photo": digest, "name": "王秀英", "relation": "业主", "signed_at": signed_at});
    let early = rest_on(address, "POST", &path, Some(&cookie), Some(&etag), Some(&body)).await?;
    assert_eq!((early.status, early.body["code"].as_str()), (422, Some("attachment_pending")), "{}", early.body);
    let blind = rest(address, "POST", &path, Some(&cookie), Some(&body)).await?;
    assert_eq!(blind.status, 428, "a command names the view that it was decided on");

    // 3. He sends it and enters the paper.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("paper");
    std::fs::write(&file, &bytes)?;
    let url = format!("http://{address}");
    let sent = tus_client(&url, &cookie, &order.to_string(), &file, &digest).output().await?;
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let entered = rest_on(address, "POST", &path, Some(&cookie), Some(&etag), Some(&body)).await?;
    assert_eq!(entered.status, 200, "{}", entered.body);

    // 4. Everybody sees the order completed, proven by paper, signed at ten.
    phone.sync(address).await?;
    let view = phone.client.show(order)?.view;
    assert_eq!(view.state, OrderState::Completed);
    let [proof] = view.facets.proofs.as_slice() else { return Err("one proof".into()) };
    assert_eq!((proof.way, proof.name.as_str()), (ProofWay::Paper, "王秀英"));
    assert!(!proof.covered.is_empty(), "it covers what had been stated by then");
    let named = async || listed(address, &cookie, order).await.ok().filter(|items| items[0]["state"] == "present");
    let waiting =
        docket_harness::condition::eventually("the photo is named", std::time::Duration::from_secs(30), named);
    let items = waiting.await?;
    assert_eq!((items.len(), items[0]["signs"].as_bool()), (1, Some(true)));

    // 5. What is stated after it was signed is not covered.
    let later = json!({"command": "attach_paper", "photo": digest, "name": "王秀英", "relation": "业主", "signed_at": MORNING.plus(-MINUTE).0});
    let shown = rest(address, "GET", &format!("/api/orders/{order}"), Some(&cookie), None).await?.body;
    let etag = shown["etag"].as_str().ok_or("a tag")?.to_owned();
    let refused = rest_on(address, "POST", &path, Some(&cookie), Some(&etag), Some(&later)).await?;
    assert_eq!(refused.status, 422, "a paper from before the work covers nothing: {}", refused.body);
    Ok(())
}
