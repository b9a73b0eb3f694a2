//! Codes that are read out in a basement, numbers that are printed there, signatures of colleagues.

use docket_harness::world::field::yuan;
use docket_harness::world::{Device, Trouble, World};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::bodies::{Approve, CollectCash, GrantDiscount, HandoverVisit, VoidNumber};
use docket_sync_core::facts::values::{ApprovalWay, Matter};
use docket_sync_core::facts::{FactBody, Ledger};
use docket_sync_core::ids::{DocumentId, FactId, PersonId};
use docket_sync_core::sync::frames::QuarantineCode;
use docket_sync_core::time::{DAY, HOUR};

use super::{act, li_with_an_order, quarantined, refused};

/// The supervisor's codes, as he has them on paper.
async fn codes(world: &World) -> Result<Vec<String>, Trouble> {
    let supervisor = world.clerk;
    let job = move |writer: &mut docket_server::commit::Writer| {
        let until = writer.now().plus(90 * DAY);
        writer.issue_codes(supervisor, 3, until)
    };
    let issued = world.office.committer.run(job).await?;
    Ok(issued.codes.iter().map(|(_, code)| code.to_string()).collect())
}

fn approval(device: &Device, order: DocumentId, subject: FactId, by: PersonId, code: &str) -> Result<Command, Trouble> {
    let shown = device.show(order)?;
    let digest = shown.facts.get(subject).ok_or("the fact")?.digest;
    Ok(act(Approve {
        matter: Matter::Discount,
        subject: subject.reference(),
        digest,
        approver: by,
        way: ApprovalWay::Code,
        code: None,
        reason: None,
        secret: Some(code.to_owned()),
    }))
}

fn discount(device: &mut Device, order: DocumentId) -> Result<FactId, Trouble> {
    let body = GrantDiscount { amount: yuan(1_000), reason: "老客户".to_owned() };
    Ok(device.act(order, &act(body))?.fact)
}

#[tokio::test]
async fn u_21_a_discount_is_approved_by_code_in_a_basement_and_a_replay_fails() -> Result<(), Trouble> {
    let (world, mut li, first) = li_with_an_order().await?;
    let codes = codes(&world).await?;
    let second = world.order("空调异响").await?;
    world.assign(second, li.person).await?;
    let mut tablet = world.enrol(li.person).await?;
    world.settle(&mut [&mut li, &mut tablet]).await?;

    // In the basement: nobody is reached but by the phone in the wall.
    let wanted = discount(&mut li, first)?;
    let supervisor = world.clerk;
    let guess = approval(&li, first, wanted, supervisor, "AAAA-BBBB-CCCC")?;
    assert_eq!(refused(&mut li, first, &guess)?, "wrong_code");
    let colleague = approval(&li, first, wanted, li.person, &codes[0])?;
    assert_eq!(refused(&mut li, first, &colleague)?, "no_codes");
    let approved = approval(&li, first, wanted, supervisor, &codes[0].to_lowercase())?;
    let done = li.act(first, &approved)?;
    assert!(done.order.view.facets.approvals.iter().any(|approval| approval.covers), "it counts at once");

    // The same code again, on another order of the same phone: refused on the spot.
    let other = discount(&mut li, second)?;
    let replay = approval(&li, second, other, supervisor, &codes[0])?;
    assert_eq!(refused(&mut li, second, &replay)?, "code_used");
    li.restart()?;
    assert_eq!(refused(&mut li, second, &replay)?, "code_used", "nor after a restart");

    // And on his tablet, which does not know: the office finds it.
    let third = discount(&mut tablet, second)?;
    let replay = approval(&tablet, second, third, supervisor, &codes[0])?;
    tablet.act(second, &replay)?;
    world.sync(&mut li).await?;
    world.sync(&mut tablet).await?;
    assert_eq!(quarantined(&world)?, [(second, Some(QuarantineCode::UsedCode))]);
    let view = world.view(first).await?;
    assert!(view.facets.approvals.iter().any(|approval| approval.covers));
    assert!(world.view(second).await?.facets.approvals.is_empty(), "harms nothing else");
    // The next code is good.
    let approved = approval(&li, second, other, supervisor, &codes[1])?;
    li.act(second, &approved)?;
    world.settle(&mut [&mut li, &mut tablet]).await?;
    assert!(world.view(second).await?.facets.approvals.iter().any(|approval| approval.covers));
    Ok(())
}

fn cash(receipt: &str) -> Command {
    act(CollectCash { amount: yuan(6_000), receipt: receipt.to_owned(), reason: Some("预付".to_owned()) })
}

fn receipt(done: &docket_client::client::Executed) -> String {
    match done.order.facts.get(done.fact).map(|fact| fact.body().clone()) {
        Some(FactBody::CollectCash(body)) => body.receipt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn c_090_receipts_carry_numbers_of_the_own_block_each_once_also_after_a_crash() -> Result<(), Trouble> {
    let (world, mut li, order) = li_with_an_order().await?;
    assert_eq!(receipt(&li.act(order, &cash(""))?), "R-000001");
    assert_eq!(refused(&mut li, order, &cash("R-000002"))?, "foreign_number", "it was not given out");

    // A number is printed, and the phone dies before anything is stated: it is open, and never given again.
    let printed = li.client.replica_mut().take_number(Ledger::Cash)?.ok_or("a number")?;
    assert_eq!(printed, "R-000002");
    let backup = li.backup();
    li.restart()?;
    let numbers = li.client.replica().numbers(Ledger::Cash)?;
    assert_eq!((numbers.open.as_slice(), numbers.left), (["R-000002".to_owned()].as_slice(), 8));
    assert_eq!(receipt(&li.act(order, &cash(""))?), "R-000003");
    assert_eq!(receipt(&li.act(order, &cash("R-000002"))?), "R-000002", "used after all");
    let fourth = li.client.replica_mut().take_number(Ledger::Cash)?.ok_or("a number")?;
    let void = |number: &str| {
        act(VoidNumber { ledger: "cash".to_owned(), number: number.to_owned(), reason: "受潮".to_owned() })
    };
    li.act(order, &void(&fourth))?;
    assert_eq!(refused(&mut li, order, &void(&fourth))?, "foreign_number", "void once");

    // The phone is restored from the backup: it goes on behind the numbers that it had given out.
    world.pass(HOUR);
    world.sync(&mut li).await?;
    li.restore(backup)?;
    assert_eq!(receipt(&li.act(order, &cash(""))?), "R-000005");
    world.settle(&mut [&mut li]).await?;
    assert_eq!(quarantined(&world)?, []);

    // With half of them gone, the office sends as many again.
    assert_eq!(receipt(&li.act(order, &cash(""))?), "R-000006");
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    assert_eq!(li.client.replica().numbers(Ledger::Cash)?.left, 4 + 10);
    Ok(())
}

#[tokio::test]
async fn u_12_a_visit_is_handed_over_with_both_signatures_and_with_one() -> Result<(), Trouble> {
    let (world, mut li, order) = li_with_an_order().await?;
    let mut zhang = world.technician("张师傅").await?;
    let mut wu = world.technician("吴师傅").await?;
    world.settle(&mut [&mut zhang, &mut wu]).await?;
    let visit = li.begin(order)?;
    let handover = act(HandoverVisit { visit, to: zhang.person, open: vec!["试机".to_owned()] });

    // Zhang reads the draft on his own phone and signs; Li's phone takes nobody else's signature for it.
    let shown = li.show(order)?;
    let draft = li.client.draft(&shown, &handover)?;
    let carried = docket_client::client::Draft::from_bytes(&draft.to_bytes())?;
    assert_eq!(carried.fact()?.body(), draft.fact()?.body());
    assert!(li.client.witness(&draft).is_err(), "nobody witnesses his own");
    let signed = zhang.client.witness(&carried)?;
    let later = li.client.draft(&shown, &handover)?;
    assert!(li.client.confirm(&later, vec![signed.clone()]).is_err(), "he signed another draft");
    let done = li.client.confirm(&draft, vec![signed.clone()])?;
    assert!(li.client.confirm(&draft, vec![signed]).is_err(), "a draft is stated once");
    assert!(done.order.view.notices.iter().all(|notice| notice.message != "notice.confirm_handover"));
    li.clock.pass(HOUR);
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    assert_eq!(quarantined(&world)?, []);

    // The order is in Zhang's scope now: he was given it.
    world.settle(&mut [&mut zhang]).await?;
    let shown = zhang.show(order)?;
    assert_eq!(shown.view.facets.handed_to, [zhang.person]);
    zhang.act(order, &Command::Depart)?;
    zhang.act(order, &Command::Arrive { visit: Some(zhang.visit(order)?), place: None })?;
    world.settle(&mut [&mut li, &mut zhang]).await?;
    assert_eq!(quarantined(&world)?, []);
    assert!(wu.show(order).is_err(), "nobody else has it");
    let view = world.view(order).await?;
    assert_eq!(view.visits.len(), 2);
    Ok(())
}
