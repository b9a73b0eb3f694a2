//! A fact recorded offline is durable and shown at once, and moves the board when the network is back.

use docket_harness::world::{Trouble, World};
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{Line, LineKind};
use docket_sync_core::lifecycle::view::OrderState;
use docket_sync_core::time::{HOUR, MINUTE};

/// A line of `minutes` of work.
fn labour(minutes: i64) -> Line {
    Line {
        kind: LineKind::Labour,
        name: "工时".to_owned(),
        quantity: minutes * 1_000 / 60,
        unit: "h".to_owned(),
        amount: None,
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    }
}

#[tokio::test]
async fn journey_1_offline_edit_to_live_board() -> Result<(), Trouble> {
    // 1. The clerk registers a call, the dispatcher gives it to Li.
    let world = World::new(1).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    assert_eq!(world.view(order).await?.state, OrderState::Dispatched);

    // 2. Li's device pulls it with customer and site, and its digest equals the server's.
    let report = world.sync(&mut li).await?;
    assert_eq!(report.verified, Some(true));
    let rows = li.client.list()?;
    assert_eq!(rows.len(), 1);

    // 3. Offline he accepts, drives, arrives, works. Everything shows at once, marked unsent.
    for command in [Command::Accept, Command::Depart, Command::Arrive { visit: None, place: None }] {
        let shown = li.client.show(order)?;
        let command = match (&command, shown.visit_of(li.person)) {
            (Command::Arrive { .. }, Some(visit)) => Command::Arrive { visit: Some(visit.id.reference()), place: None },
            _ => command,
        };
        li.client.execute(&shown, &command)?;
        li.clock.pass(10 * MINUTE);
    }
    let shown = li.client.show(order)?;
    let visit = shown.visit_of(li.person).ok_or("a visit")?.id.reference();
    let executed = li.client.execute(&shown, &Command::Start { visit })?;
    let executed = li.client.execute(&executed.order, &Command::RecordLine { visit, line: labour(45) })?;
    let executed =
        li.client.execute(&executed.order, &Command::Done { visit, finding: Some("缺制冷剂".to_owned()) })?;
    assert_eq!(executed.order.view.state, OrderState::Completed);
    assert_eq!(executed.order.unsent.len(), 6);
    assert_eq!(world.view(order).await?.state, OrderState::Dispatched);

    // 4. Hours later he has signal: one exchange, the board moves, nothing was overwritten.
    world.pass(2 * HOUR);
    let report = world.sync(&mut li).await?;
    assert_eq!((report.sent, report.unsent, report.verified), (6, 0, Some(true)));
    let view = world.view(order).await?;
    assert_eq!(view.state, OrderState::Completed);
    assert_eq!(view.lines.len(), 1);
    assert_eq!(li.client.show(order)?.unsent.len(), 0);
    assert_eq!(*view, li.client.show(order)?.view);
    Ok(())
}
