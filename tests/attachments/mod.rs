//! Attachments between the real server and real clients over real connections: cut, killed, restored.

mod clients;
mod healing;
mod missing;
mod paper;
mod setting;

use docket_client::sync::fetch_attachment;
use docket_client::transport::{Http, Server, TransportError};
use docket_harness::condition::eventually;
use docket_harness::proxy::{Cut, Direction, Faults, Proxy};
use docket_harness::world::Trouble;
use docket_sync_core::attachments::blob_id;
use std::time::Duration;

use self::setting::{listed, log_in, photo, was_cut};
use crate::network::setting::{company, enrol, rest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_holds_no_document_up_and_arrives_through_cuts_at_the_byte() -> Result<(), Trouble> {
    // 1. A technician takes a photo where there is no signal; the document goes first, the photo is still with him.
    let (_office, address, mut phones) = company(1).await?;
    let [phone] = phones.as_mut_slice() else { return Err("one phone".into()) };
    phone.begin_work()?;
    let bytes = photo(2_500_000, 1);
    phone.photograph("铭牌", &bytes)?;
    assert_eq!(phone.sync(address).await?.unsent, 0);
    let cookie = log_in(address).await?;
    let order = phone.order;
    // What the log says is written into the rows by a reactor.
    let missing = async || listed(address, &cookie, order).await.ok().filter(|items| items.len() == 1);
    let item = &eventually("the photo is listed", Duration::from_secs(30), missing).await?[0];
    assert_eq!((item["state"].as_str(), item["name"].as_str()), (Some("missing"), Some("铭牌")));
    assert_eq!(item["named"]["device"]["person"]["name"], "李师傅0", "the office sees on whose device it is");

    // 2. Every connection is cut after 300 KB; each round goes on where the last one ended.
    let proxy = Proxy::start(address).await?;
    proxy.set_faults(Faults::cut(Cut::AfterBytes(Direction::Up, 300_000)));
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 40, "it does not come to an end");
        match phone.send_files(proxy.address()).await {
            Ok(report) if report.sent == 1 => break,
            Ok(report) => assert_eq!(report.refused, 0),
            Err(error) => assert!(was_cut(&error), "{error}"),
        }
    }
    assert!(rounds >= 8, "{rounds} rounds for 2.5 MB");
    let sent = proxy.counts().up;
    assert!(sent < 3_400_000, "{sent} bytes were sent for 2.5 MB: what had arrived was sent again");
    let item = listed(address, &cookie, order).await?.remove(0);
    assert_eq!((item["state"].as_str(), item["size"].as_u64()), (Some("present"), Some(2_500_000)));

    // 3. Nothing is sent twice, and the device keeps the file: it is in no backup yet.
    proxy.reset_counts();
    assert_eq!(phone.send_files(proxy.address()).await?.sent, 0);
    assert_eq!(proxy.counts().up, 0);
    assert_eq!(phone.client.replica_mut().drop_backed_up()?, 0);
    assert_eq!(phone.client.replica().attachment_bytes(order, blob_id(&bytes))?, Some(bytes));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_reads_what_belongs_to_its_own_orders_and_nothing_else() -> Result<(), Trouble> {
    let (mut office, _, mut phones) = company(1).await?;
    office.stop().await?;
    office.add_person("wang", "王师傅", &["technician"], &[]).await?;
    let address = office.serve().await?;
    let [one] = phones.as_mut_slice() else { return Err("one phone".into()) };
    let cookie = log_in(address).await?;
    let code = async |person: &str| -> Result<String, Trouble> {
        let given = serde_json::json!({"person": person});
        let answer = rest(address, "POST", "/api/devices/codes", Some(&cookie), Some(&given)).await?.body;
        Ok(answer["code"].as_str().ok_or("a code")?.to_owned())
    };
    // A colleague who never had the order.
    let people = rest(address, "GET", "/api/technicians", Some(&cookie), None).await?.body;
    let people = people["items"].as_array().ok_or("technicians")?;
    let wang = people.iter().find(|person| person["name"] == "王师傅").and_then(|person| person["id"].as_str());
    let mut two = enrol(address, &code(wang.ok_or("a technician")?).await?, "wang", one.order, 66).await?;
    two.sync(address).await?;
    assert!(two.client.show(one.order).is_err(), "it is not in his scope");
    one.begin_work()?;
    let bytes = photo(700_000, 2);
    one.photograph("铭牌", &bytes)?;
    one.sync(address).await?;
    assert_eq!(one.send_files(address).await?.sent, 1);
    let (order, blob) = (one.order, blob_id(&bytes));
    let server = Server::new(&format!("http://{address}"), None)?;
    let stolen = fetch_attachment(two.client.replica_mut(), &mut Http::new(server.clone()), order, blob).await;
    let Err(docket_client::sync::SyncError::Transport(TransportError::Refused { status, .. })) = stolen else {
        return Err(format!("taken: {:?}", stolen.map(|bytes| bytes.len())).into());
    };
    assert_eq!(status, 404);
    // A device that lost the file gets its own back, in parts.
    let own = code(&one.client.person().to_string()).await?;
    let mut fresh = enrol(address, &own, "li0", order, 77).await?;
    let got = fetch_attachment(fresh.client.replica_mut(), &mut Http::new(server), order, blob).await?;
    assert_eq!(got, bytes);
    assert_eq!(fresh.client.replica().attachment_bytes(order, blob)?, Some(bytes), "and keeps it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signatures_go_first_then_the_oldest() -> Result<(), Trouble> {
    let (_office, _address, mut phones) = company(1).await?;
    let [phone] = phones.as_mut_slice() else { return Err("one phone".into()) };
    let order = phone.order;
    let replica = phone.client.replica_mut();
    replica.attach(order, &photo(10, 1), Some("first"), false)?;
    replica.attach(order, &photo(10, 2), Some("second"), false)?;
    replica.attach(order, &photo(10, 3), Some("seal"), true)?;
    replica.attach(order, &photo(10, 1), Some("first again"), false)?;
    let names: Vec<_> = replica.attachments_to_send()?.into_iter().map(|entry| entry.name.unwrap()).collect();
    assert_eq!(names, ["seal", "first", "second"]);
    assert!(replica.attach(order, b"<html>", None, false).is_err());
    Ok(())
}
