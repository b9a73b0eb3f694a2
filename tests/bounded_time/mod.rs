//! A phone whose clock is wrong (U-10): what it claims stays, what counts is the interval between the server's contacts.

use docket_harness::world::{MORNING, Trouble, World};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::Role;
use docket_sync_core::facts::bodies::CorrectFact;
use docket_sync_core::facts::values::{Channel, Correction, Window};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{Between, HOUR, MINUTE, UnixMillis, Verdict};

use crate::http_api::as_page;

/// An order whose customer was promised somebody by eleven.
async fn promised(world: &World, by: UnixMillis) -> Result<DocumentId, Trouble> {
    let order = world.order("空调不制冷").await?;
    let window = Window { from: MORNING, to: by };
    let customer = docket_harness::world::field::customer(Channel::Phone);
    let command = Command::Reschedule { window, confirmed: true, customer: Some(customer), reason: None };
    world.act(world.clerk, order, command).await?;
    Ok(order)
}

#[tokio::test]
async fn u_10_a_phone_three_hours_behind_shows_an_interval_and_no_false_pass() -> Result<(), Trouble> {
    let world = World::new(110).await?;
    let mut li = world.technician("李师傅").await?;
    let limit = MORNING.plus(2 * HOUR);
    let order = promised(&world, limit).await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;

    // He comes an hour late, without a signal, on a phone whose clock he has set back by three hours.
    li.clock.set_wall(MORNING.plus(-3 * HOUR));
    world.pass_for(&[&li], 3 * HOUR);
    let visit = li.arrive(order)?;
    let shown = li.show(order)?;
    let arrived = shown.visit_of(li.person).and_then(|visit| visit.arrived).ok_or("an arrival")?;
    assert!(arrived.claimed < limit, "his phone says that he was in time");
    let between = shown.between(arrived);
    assert_eq!((between.hi, between.against(limit)), (None, Verdict::Breached), "the phone knows it better at once");
    assert!(shown.view.facets.low_confidence.contains(&arrived.fact));
    li.act(order, &Command::Start { visit })?;

    // The server has it two hours later: both bounds are known, on the phone and in the office.
    world.pass_for(&[&li], 2 * HOUR);
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    let shown = li.show(order)?;
    let between = shown.between(arrived);
    assert_eq!(between.hi, Some(world.now()));
    assert!(!between.holds(arrived.claimed) && between.lo > limit);
    let told = as_page(&world, &format!("/api/orders/{order}")).await?;
    let arrival = &told["visits"][0]["arrival"];
    assert_eq!(
        (arrival["claimed_at"].as_i64(), arrival["lo_at"].as_i64()),
        (Some(arrived.claimed.0), Some(arrived.lo.0))
    );
    assert_eq!((arrival["hi_at"].as_i64(), arrival["limit_at"].as_i64()), (Some(world.now().0), Some(limit.0)));
    assert_eq!((arrival["on_time"].as_str(), arrival["low_confidence"].as_bool()), (Some("breached"), Some(true)));

    // the supervisor finds in the gate's log that he came in time; what the phone claimed stays readable.
    let chief = world.person("赵主管", &[Role::Supervisor]).await?;
    let correct = |correction| {
        let (fact, reason) = (arrived.fact.reference(), "门卫登记".to_owned());
        Command::State(Box::new(Act::new(CorrectFact { fact, correction, reason })))
    };
    world.act(chief, order, correct(Correction::Time(limit.plus(-MINUTE)))).await?;
    let told = as_page(&world, &format!("/api/orders/{order}")).await?;
    let arrival = &told["visits"][0]["arrival"];
    assert_eq!((arrival["on_time"].as_str(), arrival["low_confidence"].as_bool()), (Some("met"), Some(false)));
    assert_eq!(arrival["claimed_at"].as_i64(), Some(arrived.claimed.0));
    Ok(())
}

#[tokio::test]
async fn u_10_after_a_reboot_nobody_can_tell_and_nobody_is_told_that_he_was_in_time() -> Result<(), Trouble> {
    let world = World::new(111).await?;
    let mut li = world.technician("李师傅").await?;
    let limit = MORNING.plus(2 * HOUR);
    let order = promised(&world, limit).await?;
    world.assign(order, li.person).await?;
    world.settle(&mut [&mut li]).await?;
    // The phone was off for three hours: its lower bound stands where it was, its clock is three hours behind.
    world.pass(3 * HOUR);
    li.clock.reboot();
    li.restart()?;
    li.arrive(order)?;
    world.pass(30 * MINUTE);
    world.settle(&mut [&mut li]).await?;
    let told = as_page(&world, &format!("/api/orders/{order}")).await?;
    let arrival = &told["visits"][0]["arrival"];
    assert!(arrival["claimed_at"].as_i64() < Some(limit.0), "claimed in time: {arrival}");
    assert_eq!(arrival["on_time"].as_str(), Some("uncertain"), "{arrival}");

    // A phone whose facts were there before the limit was in time, whatever its clock said.
    let mut wu = world.technician("吴师傅").await?;
    let order = promised(&world, world.now().plus(4 * HOUR)).await?;
    world.assign(order, wu.person).await?;
    world.settle(&mut [&mut wu]).await?;
    wu.clock.set_wall(world.now().plus(9 * HOUR));
    wu.arrive(order)?;
    world.pass(30 * MINUTE);
    world.settle(&mut [&mut wu]).await?;
    let told = as_page(&world, &format!("/api/orders/{order}")).await?;
    let arrival = &told["visits"][0]["arrival"];
    assert_eq!((arrival["on_time"].as_str(), arrival["low_confidence"].as_bool()), (Some("met"), Some(true)));
    // It is judged by what was promised when he came, whatever became of that time since.
    let visit = wu.show(order)?.visit_of(wu.person).ok_or("a visit")?.id.reference();
    wu.act(order, &Command::Start { visit })?;
    wu.act(order, &Command::Done { visit, finding: None })?;
    world.pass(30 * MINUTE);
    world.settle(&mut [&mut wu]).await?;
    let told = as_page(&world, &format!("/api/orders/{order}")).await?;
    assert!(told["appointment"].is_null() && told["visits"][0]["outcome"]["outcome"] == "done", "{told}");
    assert_eq!(told["visits"][0]["arrival"], *arrival);
    let shown = wu.show(order)?;
    let arrived = shown.visit_of(wu.person).and_then(|visit| visit.arrived).ok_or("an arrival")?;
    let Between { lo, hi } = shown.between(arrived);
    assert!(hi.is_some_and(|hi| lo <= hi && hi < arrived.claimed));
    Ok(())
}
