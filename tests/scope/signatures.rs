//! C-080: a signature whose proof contradicts it does not count, here or on any device.

use std::sync::Arc;

use docket_client::replica::NewFact;
use docket_harness::world::{Device, Trouble, World};
use docket_server::reactor::Runner;
use docket_server::signatures::SignatureCheck;
use docket_sync_core::facts::bodies::SignDocument;
use docket_sync_core::facts::{Author, Head, Role};
use docket_sync_core::ids::{DocumentId, Signature};
use docket_sync_core::lifecycle::view::{ReviewKind, ReviewStatus, SignatureFacet};
use docket_sync_core::time::{HOUR, MINUTE};
use docket_sync_core::voucher::copy::CustomerCopy;

async fn company() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(9).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    world.pass(HOUR);
    li.work(order)?;
    Ok((world, li, order))
}

async fn check(world: &World) -> Result<(), Trouble> {
    Ok(Runner::new(world.office.clone(), Arc::new(SignatureCheck)).catch_up().await?)
}

/// What an honest signature says, and its proof, taken on a copy of the phone.
fn honest(li: &Device, order: DocumentId) -> Result<CustomerCopy, Trouble> {
    let mut phone = li.cloned(77)?;
    let fact = phone.sign(order)?;
    Ok(phone.client.customer_copy(&phone.show(order)?, fact)?.ok_or("the customer's copy")?)
}

#[tokio::test]
async fn c_080_a_signature_that_does_not_verify_is_no_signature() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    let CustomerCopy { body, proof, claimed, .. } = honest(&li, order)?;
    let forged = SignDocument { signature: Signature([1; 64]), ..body };
    let seen = li.show(order)?.view.frontier;
    let author = Author::Person(li.person);
    let head = Head::default();
    let proof = Some(proof);
    let fact = NewFact { document: order, author, seen, head, body: forged.into(), claimed: Some(claimed), proof };
    li.client.replica_mut().state_fact(fact)?;
    li.clock.pass(MINUTE);
    world.sync(&mut li).await?;
    assert_eq!(world.view(order).await?.signature, SignatureFacet::Signed, "until the check has looked at the proof");
    check(&world).await?;
    let view = world.view(order).await?;
    assert_eq!(view.signature, SignatureFacet::Unsigned);
    assert!(view.signatures[0].rejected);
    let review = view.reviews.iter().find(|review| review.kind == ReviewKind::SignatureUnverified).ok_or("a review")?;
    assert_eq!((review.status, review.owner, review.due.is_some()), (ReviewStatus::Open, Role::Supervisor, true));
    assert!(view.lines.iter().all(|line| !line.covered), "it covers nothing");
    // His phone says the same, and takes another signature.
    world.settle(&mut [&mut li]).await?;
    assert_eq!(li.show(order)?.view.signature, SignatureFacet::Unsigned);
    li.sign(order)?;
    world.settle(&mut [&mut li]).await?;
    check(&world).await?;
    assert_eq!(world.view(order).await?.signature, SignatureFacet::Signed);
    // Everything again from the start of the log states nothing twice.
    let facts = world.facts(order)?;
    let forget = |writer: &mut docket_server::commit::Writer| {
        writer.remove(docket_server::store::Table::Reactor, b"signature-check".to_vec());
        Ok(())
    };
    world.office.committer.run(forget).await?;
    check(&world).await?;
    assert_eq!(world.facts(order)?, facts);
    Ok(())
}

#[tokio::test]
async fn c_080_an_honest_signature_is_checked_and_stands() -> Result<(), Trouble> {
    let (world, mut li, order) = company().await?;
    li.sign(order)?;
    world.sync(&mut li).await?;
    let facts = world.facts(order)?;
    check(&world).await?;
    assert_eq!(world.view(order).await?.signature, SignatureFacet::Signed);
    assert_eq!(world.facts(order)?, facts, "nothing is stated about it");
    Ok(())
}
