//! Bundles in the wrong hands: each is refused with a code of its own, and changes nothing on the phone that took it.

use docket_client::replica::{ReplicaError, Share};
use docket_harness::world::field::labour;
use docket_harness::world::{Device, Trouble};
use docket_sync_core::bundle::{Bundle, Trusted};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::Author;
use docket_sync_core::ids::{DocumentId, PersonId};
use docket_sync_core::proof::{Certificate, Certified, Envelope};
use docket_sync_core::sync::frames::{Cover, Frame, Push, QuarantineCode};
use docket_sync_core::time::HOUR;
use ed25519_dalek::SigningKey;

use super::{counts, hand, quarantined, two_on_a_site};
use crate::quarantine::rogue::{change, listed};

pub(super) fn opened(device: &Device, bytes: &[u8]) -> Result<Bundle, Trouble> {
    let certificate = device.client.replica().certificate();
    Ok(Bundle::open(bytes, &Trusted { store: certificate.store, store_key: certificate.store_key })?)
}

/// Li's bundle, opened and changed by somebody who holds his key.
pub(super) fn altered(li: &mut Device, order: DocumentId, change: impl Fn(&mut Push)) -> Result<Vec<u8>, Trouble> {
    let handed = li.client.hand_over(&[order], Share::Unsent)?;
    let mut bundle = opened(li, &handed.bytes)?;
    for frame in &mut bundle.frames {
        if let Frame::Push(push) = frame {
            change(push);
        }
    }
    Ok(bundle.seal(&li.signing_key()?)?)
}

/// The code with which a phone refuses a bundle; what was on it is as it was.
pub(super) fn refused(device: &mut Device, bytes: &[u8]) -> Result<&'static str, Trouble> {
    let before = (device.client.list()?, device.client.status());
    let code = match device.client.take_over(bytes) {
        Err(ReplicaError::Bundle(error)) => error.code(),
        Err(error) => return Err(error.into()),
        Ok(taken) => return Err(format!("taken: {taken:?}").into()),
    };
    assert_eq!((device.client.list()?, device.client.status()), before, "{code}");
    Ok(code)
}

/// Signs over what a push carries, as its maker's device, or somebody else's.
fn cover(push: &mut Push, li: &Device, key: &SigningKey, certificate: &Certificate) -> Result<(), Trouble> {
    let listed = listed(push)?;
    let store = li.client.replica().identity().store;
    let envelope = Envelope::signed(store, certificate.device, 9_000, listed, key);
    push.cover = Cover::Relayed { envelope, certificate: certificate.to_bytes() };
    Ok(())
}

#[tokio::test]
async fn u_08_hostile_bundles_are_refused_by_name_and_nothing_is_lost() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    let visit = li.begin(order)?;
    li.record(order, visit, labour())?;
    let good = li.client.hand_over(&[order], Share::Whole)?.bytes;

    // Cut, or with one byte changed.
    assert_eq!(refused(&mut zhang, good.get(..good.len() / 2).ok_or("half")?)?, "bundle_malformed");
    for position in [0, 20, 60, good.len() / 2, good.len() - 1] {
        let mut changed = good.clone();
        changed[position] ^= 0x20;
        let code = refused(&mut zhang, &changed)?;
        assert!(["bundle_malformed", "bundle_other_company", "bundle_certificate", "bundle_signature"].contains(&code));
    }
    // A certificate that another store signed over the same device; a good one under somebody else's signature.
    let bundle = opened(&li, &good)?;
    let said = Certified {
        store: bundle.sender.store,
        number: 1,
        device: bundle.sender.device,
        device_key: bundle.sender.device_key,
        persons: bundle.sender.persons.clone(),
        issued_at: bundle.sender.issued_at,
        sealing_key: bundle.sender.sealing_key,
    };
    let sender = Certificate::issue(said, &SigningKey::from_bytes(&[0x66; 32]));
    let foreign = Bundle { sender, ..bundle.clone() }.seal(&li.signing_key()?)?;
    assert_eq!(refused(&mut zhang, &foreign)?, "bundle_other_company");
    let others = bundle.seal(&zhang.signing_key()?)?;
    assert_eq!(refused(&mut zhang, &others)?, "bundle_signature");

    // Facts that were changed behind their envelope, or have none.
    let forged = altered(&mut li, order, |push| {
        change(push, |stated| stated.content.head.work_item = Some(7)).unwrap();
    })?;
    assert_eq!(refused(&mut zhang, &forged)?, "bundle_no_proof");
    assert_eq!(refused(&mut zhang, &altered(&mut li, order, |push| push.cover = Cover::None)?)?, "bundle_no_proof");
    let receipt = altered(&mut li, order, |push| push.cover = Cover::Receipt { receipt: vec![1, 2, 3] })?;
    assert_eq!(refused(&mut zhang, &receipt)?, "bundle_no_proof");
    // Zhang's phone vouches for what Li's phone made: the actor is not its.
    let (key, certificate) = (zhang.signing_key()?, zhang.client.replica().certificate().clone());
    hand(&mut li, &mut zhang, &[order], Share::Whole)?;
    let mut wu = world.technician("吴师傅").await?;
    hand(&mut li, &mut wu, &[order], Share::Whole)?;
    li.act(order, &Command::Note { text: "之后".to_owned() })?;
    let stolen = altered(&mut li, order, |push| {
        let envelope = match &push.cover {
            Cover::Relayed { envelope, .. } => envelope.documents.clone(),
            _ => Vec::new(),
        };
        let store = certificate.store;
        let envelope = Envelope::signed(store, certificate.device, 9_000, envelope, &key);
        push.cover = Cover::Relayed { envelope, certificate: certificate.to_bytes() };
    })?;
    let taken = wu.client.take_over(&stolen)?;
    assert_eq!(counts(&taken, order).3, [QuarantineCode::WrongActor]);

    // All of it was only tried: the good one comes in, and the server has it all, once.
    let (.., refusals) = counts(&hand(&mut li, &mut zhang, &[order], Share::Whole)?, order);
    assert_eq!(refusals, []);
    world.pass(HOUR);
    world.settle(&mut [&mut zhang, &mut wu, &mut li]).await?;
    assert_eq!(quarantined(&world)?, []);
    assert_eq!(*world.view(order).await?, li.show(order)?.view);
    Ok(())
}

#[tokio::test]
async fn u_08_a_forged_author_is_refused_by_the_colleagues_phone_as_by_the_server() -> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    hand(&mut li, &mut zhang, &[order], Share::Whole)?;
    li.act(order, &Command::Note { text: "我没写过".to_owned() })?;
    let (key, certificate) = (li.signing_key()?, li.client.replica().certificate().clone());
    let forged = PersonId([0x77; 16]);
    let handed = li.client.hand_over(&[order], Share::Unsent)?;
    let mut bundle = opened(&li, &handed.bytes)?;
    for frame in &mut bundle.frames {
        if let Frame::Push(push) = frame {
            change(push, |stated| stated.statement.author = Some(Author::Person(forged)))?;
            cover(push, &li, &key, &certificate)?;
        }
    }
    let taken = zhang.client.take_over(&bundle.seal(&key)?)?;
    assert_eq!(counts(&taken, order), (0, 0, 0, vec![QuarantineCode::ForgedAuthor]));
    assert_eq!(zhang.show(order)?.view.notes.len(), 0);
    // Zhang brings nothing of it to the server: it is for the phone that said it to answer for it.
    world.settle(&mut [&mut zhang]).await?;
    assert_eq!(quarantined(&world)?, []);
    Ok(())
}

#[tokio::test]
async fn x_23_u_08_a_revoked_phone_hands_over_nothing_and_what_others_carry_of_it_waits_for_a_person()
-> Result<(), Trouble> {
    let (world, mut li, mut zhang, order) = two_on_a_site().await?;
    let mut wu = world.technician("吴师傅").await?;
    world.settle(&mut [&mut wu]).await?;
    li.begin(order)?;
    let (device, by) = (li.client.replica().identity().device, world.clerk);
    hand(&mut li, &mut wu, &[order], Share::Whole)?;
    world.office.committer.run(move |writer| writer.revoke(device, by, "丢失".to_owned())).await?;
    world.settle(&mut [&mut zhang]).await?;

    // Zhang has heard of it, Wu has not.
    let own = li.client.hand_over(&[order], Share::Whole)?.bytes;
    assert_eq!(refused(&mut zhang, &own)?, "bundle_revoked");
    let taken = hand(&mut wu, &mut zhang, &[order], Share::Whole)?;
    let (entered, _, waiting, refusals) = counts(&taken, order);
    assert!(entered > 0, "what the store's receipt covers stands");
    assert_eq!((waiting, refusals), (4, vec![]), "what was made on the revoked phone waits");
    assert!(zhang.show(order)?.view.visits.is_empty());
    world.pass(HOUR);
    world.sync(&mut zhang).await?;
    let kept = quarantined(&world)?;
    assert_eq!(kept.len(), 4, "visible, for a supervisor to decide");
    assert!(kept.iter().all(|(of, code)| *of == order && matches!(code, Some(QuarantineCode::Revoked) | None)));
    assert!(world.view(order).await?.visits.is_empty());
    Ok(())
}
