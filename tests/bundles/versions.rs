//! Phones of different versions on one site (U-15, X-78): what an older one does not understand it keeps, forwards, and
//! does not change by a byte.

use docket_client::replica::Share;
use docket_harness::world::{Device, Trouble};
use docket_server::commit::{QuarantineEntry, Tables};
use docket_server::store::{KeyRange, Table};
use docket_sync_core::bundle::{Bundle, Trusted};
use docket_sync_core::commands::Command;
use docket_sync_core::document::Record;
use docket_sync_core::facts::FactBody;
use docket_sync_core::ids::DocumentId;
use docket_sync_core::proof::Envelope;
use docket_sync_core::sync::frames::{Cover, Frame, ProofBytes, Push, QuarantineCode};
use docket_sync_core::time::HOUR;

use super::{counts, hand, quarantined, two_on_a_site};
use crate::quarantine::rogue::{change, listed};

fn opened(device: &Device, bytes: &[u8]) -> Result<Bundle, Trouble> {
    let certificate = device.client.replica().certificate();
    Ok(Bundle::open(bytes, &Trusted { store: certificate.store, store_key: certificate.store_key })?)
}

/// The push of a bundle that has something beside it.
fn with_proof(bundle: &Bundle) -> Result<&Push, Trouble> {
    let pushes = bundle.frames.iter().filter_map(|frame| match frame {
        Frame::Push(push) => Some(push),
        _ => None,
    });
    Ok(pushes.into_iter().find(|push| !push.proofs.is_empty()).ok_or("a push with a proof")?)
}

fn records(push: &Push, order: DocumentId) -> Result<Vec<Record>, Trouble> {
    let documents = push.records.unpack()?;
    Ok(documents.into_iter().find(|(id, _)| *id == order).ok_or("the order")?.1)
}

#[tokio::test]
async fn u_15_an_older_phone_forwards_a_later_kind_with_what_rides_beside_it_unchanged() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    let mut wu = world.technician("吴师傅").await?;
    hand(&mut li, &mut zhang, &[order], Share::Whole)?;

    // Li's phone is of a later version: a kind that nobody else here knows, naming a small blob.
    li.act(order, &Command::Note { text: "later".to_owned() })?;
    let blob = b"what the customer saw on a later version".to_vec();
    let address = *blake3::hash(&blob).as_bytes();
    let body = [vec![0x82, 0x01, 0x58, 0x20], address.to_vec()].concat();
    let handed = li.client.hand_over(&[order], Share::Unsent)?;
    let mut bundle = opened(&li, &handed.bytes)?;
    let (key, certificate) = (li.signing_key()?, li.client.replica().certificate().clone());
    for frame in &mut bundle.frames {
        let Frame::Push(push) = frame else { continue };
        change(push, |stated| {
            stated.content.level = 200;
            stated.content.body = FactBody::Unknown { kind: 240, bytes: body.clone() };
        })?;
        let envelope = Envelope::signed(certificate.store, certificate.device, 9_000, listed(push)?, &key);
        push.cover = Cover::Relayed { envelope, certificate: certificate.to_bytes() };
        push.proofs = vec![ProofBytes(blob.clone())];
    }
    let sent = records(with_proof(&bundle)?, order)?;
    let taken = zhang.client.take_over(&bundle.seal(&key)?)?;
    assert_eq!(counts(&taken, order), (0, 0, 1, vec![]), "kept, and not interpreted");

    // Zhang hands it on; Wu gets the same bytes, under Li's envelope, with the blob.
    zhang.restart()?;
    let onward = zhang.client.hand_over(&[order], Share::Unsent)?;
    let onward_bundle = opened(&wu, &onward.bytes)?;
    let push = with_proof(&onward_bundle)?;
    assert_eq!((records(push, order)?, &push.proofs), (sent.clone(), &vec![ProofBytes(blob.clone())]));
    let taken = wu.client.take_over(&onward.bytes)?;
    assert_eq!(counts(&taken, order), (0, 0, 1, vec![]));

    // The server is older, too: it keeps it whole, to be judged after its upgrade, and the blob with it.
    world.pass(HOUR);
    world.sync(&mut wu).await?;
    world.sync(&mut zhang).await?;
    assert_eq!(quarantined(&world)?, [(order, Some(QuarantineCode::NewerKind))], "once, whoever brought it");
    let _durable = world.office.hub.read();
    let store = world.office.store.as_ref();
    for (_, value) in Tables::scan(store, Table::Quarantine, &KeyRange::all(), usize::MAX)? {
        let entry: QuarantineEntry = docket_server::store::record::decode("quarantine", &value)?;
        assert_eq!(vec![entry.record], sent, "byte for byte");
    }
    assert_eq!(Tables::get(store, Table::Blob, &address)?, Some(blob), "what rides beside it waits with it");
    Ok(())
}
