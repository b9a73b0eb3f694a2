//! What lies across orders, through real devices and the server: pairs that the ledger decides (lifecycle 4.5), quotas
//! offline, the overnight exception.
//!
//! The rules are proven beside them; here it is proven that devices that were offline end with the same findings, in
//! whichever order they come back, and that nobody states one twice.

mod register;
mod stage;

use docket_harness::world::Trouble;
use docket_harness::world::field::{part, yuan};
use docket_sync_core::commands::{Act, Command};
use docket_sync_core::facts::bodies;
use docket_sync_core::facts::values::{BenchStep, FindingKind, Goods, Line, PartSource};
use docket_sync_core::lifecycle::view::{LineStanding, ReviewKind, ReviewStatus, Rule};
use docket_sync_core::time::{DAY, HOUR, MINUTE};

use stage::{LI, Stage, ZHANG, decided_by, found, open_review};

/// A part with its code and, where it has one, its serial.
fn piece(code: &str, serial: Option<&str>) -> Line {
    Line {
        code: Some(code.to_owned()),
        serial: serial.map(str::to_owned),
        source: Some(PartSource::Van),
        ..part("压缩机", 1_000, 80_000)
    }
}

/// Both orders of arrival.
const TURNS: [[usize; 2]; 2] = [[LI, ZHANG], [ZHANG, LI]];

#[tokio::test]
async fn x_35_the_same_serial_on_two_devices_holds_both_lines() -> Result<(), Trouble> {
    for turn in TURNS {
        let mut stage = Stage::new().await?;
        stage.moved(LI, "CMP-35", 1, false).await?;
        stage.moved(ZHANG, "CMP-35", 1, false).await?;
        let (one, other) = (stage.begun(LI)?, stage.begun(ZHANG)?);
        stage.fit(LI, one, piece("CMP-35", Some("SN-9001")))?;
        let line = stage.fit(ZHANG, other, piece("CMP-35", Some("sn 9001")))?;
        stage.meet(turn).await?;
        for device in [LI, ZHANG] {
            let view = stage.view(device).await?;
            assert_eq!(found(&view), [FindingKind::SerialConflict], "{turn:?}");
            assert_eq!(decided_by(&view, "X-35"), Some((Rule::R9, "serial_conflict".to_owned())));
            let shown = &view.lines[0];
            assert!(
                shown.held == Some(docket_sync_core::lifecycle::view::NotBillable::LedgerAsks)
                    && !shown.billable
                    && shown.standing == LineStanding::Effective,
                "held, not lost"
            );
            assert!(open_review(&view, ReviewKind::SerialConflict).blocking, "the storekeeper asks both");
        }
        assert_eq!(stage.left("CMP-35").await?, 1_000, "two pieces came, one serial left: -1 and not -2");

        // Zhang read the label wrong. His correction frees both.
        stage.devices[ZHANG]
            .act(stage.orders[ZHANG], &Command::ReverseLine { line: line.reference(), reason: "看错".to_owned() })?;
        stage.fit(ZHANG, other, piece("CMP-35", Some("SN-9007")))?;
        stage.meet(turn).await?;
        for device in [LI, ZHANG] {
            let view = stage.view(device).await?;
            assert_eq!(found(&view), [], "{turn:?}");
            assert!(
                view.lines
                    .iter()
                    .all(|line| line.held != Some(docket_sync_core::lifecycle::view::NotBillable::LedgerAsks))
            );
            let review = view.reviews.iter().find(|review| review.kind == ReviewKind::SerialConflict);
            assert_eq!(review.map(|review| review.status), Some(ReviewStatus::Lapsed));
        }
        assert_eq!(stage.left("CMP-35").await?, 0);
        stage.said_once().await?;
    }
    Ok(())
}

#[tokio::test]
async fn x_36_two_devices_draw_the_last_piece_of_one_stock() -> Result<(), Trouble> {
    for turn in TURNS {
        let mut stage = Stage::new().await?;
        stage.moved(LI, "CAP-45", 1, false).await?;
        stage.shares(ZHANG, LI).await?;
        let (one, other) = (stage.begun(LI)?, stage.begun(ZHANG)?);
        stage.fit(LI, one, piece("CAP-45", None))?;
        stage.fit(ZHANG, other, piece("CAP-45", None))?;
        stage.meet(turn).await?;
        for device in [LI, ZHANG] {
            let view = stage.view(device).await?;
            assert_eq!(found(&view), [FindingKind::StockDispute], "{turn:?}");
            assert_eq!(decided_by(&view, "X-36").map(|(rule, _)| rule), Some(Rule::R5));
            assert_eq!(view.lines[0].standing, LineStanding::Effective, "both lines stand");
        }
        assert_eq!(stage.left("CAP-45").await?, -1_000, "the stock is negative");
        stage.said_once().await?;
    }
    Ok(())
}

#[tokio::test]
async fn x_41_a_stocktake_meets_what_was_used_offline_before_it() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    stage.moved(LI, "CAP-45", 10, false).await?;
    let visit = stage.begun(LI)?;
    stage.fit(LI, visit, piece("CAP-45", None))?;
    // He has no signal. The storekeeper counts his van in the evening.
    stage.world.pass(4 * HOUR);
    stage.counted(LI, "CAP-45", 9).await?;
    assert_eq!(stage.variance("CAP-45").await?, -1_000, "C-118: nine counted, ten expected");
    stage.meet([LI, ZHANG]).await?;
    assert_eq!((stage.left("CAP-45").await?, stage.variance("CAP-45").await?), (9_000, 0));
    let view = stage.view(LI).await?;
    assert_eq!(found(&view), [FindingKind::VarianceExplained]);
    assert_eq!(decided_by(&view, "X-41"), Some((Rule::R11, "variance_explained".to_owned())));
    assert!(view.reviews.iter().all(|review| review.status != ReviewStatus::Open), "nobody has to be asked");
    stage.said_once().await
}

#[tokio::test]
async fn x_42_one_technician_with_two_devices_works_on_two_orders_at_one_time() -> Result<(), Trouble> {
    for turn in TURNS {
        // Zhang's phone is Li's tablet here.
        let mut stage = Stage::of_one().await?;
        let (one, other) = (stage.begun(LI)?, stage.begun(ZHANG)?);
        for device in [LI, ZHANG] {
            stage.devices[device].clock.pass(40 * MINUTE);
        }
        let (first, second) = (stage.orders[LI], stage.orders[ZHANG]);
        stage.devices[LI].done(first, one)?;
        stage.devices[ZHANG].done(second, other)?;
        stage.meet(turn).await?;
        for device in [LI, ZHANG] {
            let view = stage.view(device).await?;
            assert_eq!(found(&view), [FindingKind::TimeOverlap], "{turn:?}");
            assert_eq!(decided_by(&view, "X-42").map(|(rule, _)| rule), Some(Rule::R5));
            let li = stage.devices[LI].person;
            assert!(
                view.notices.iter().any(|notice| notice.person == Some(li) && notice.message == "notice.time_overlap")
            );
        }
        // He confirms the split, on his own device.
        let review = open_review(&stage.view(LI).await?, ReviewKind::TimeOverlap);
        let choice = docket_sync_core::facts::values::ReviewChoice::Keep;
        let reason = "中间去了另一户".to_owned();
        stage.devices[LI].act(first, &Command::ResolveReview { review: review.id, choice, reason })?;
        stage.meet(turn).await?;
        let view = stage.view(LI).await?;
        let decided = view.reviews.iter().find(|review| review.kind == ReviewKind::TimeOverlap).ok_or("a review")?;
        assert_eq!(decided.status, ReviewStatus::Resolved);
        stage.said_once().await?;
    }
    Ok(())
}

#[tokio::test]
async fn u_13_two_vans_with_three_pieces_never_use_four_offline() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    stage.moved(LI, "CMP-35", 2, true).await?;
    stage.moved(ZHANG, "CMP-35", 1, true).await?;
    stage.meet([LI, ZHANG]).await?;
    let (one, other) = (stage.begun(LI)?, stage.begun(ZHANG)?);
    stage.fit(LI, one, piece("CMP-35", None))?;
    stage.fit(LI, one, piece("CMP-35", None))?;
    stage.fit(ZHANG, other, piece("CMP-35", None))?;
    for (device, visit) in [(LI, one), (ZHANG, other)] {
        let refused = stage.fit(device, visit, piece("CMP-35", None)).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|why| why.contains("over_quota")), "the fourth is refused before it is recorded");
        let held = stage.devices[device].client.held()?;
        assert_eq!((held.parts[0].left, held.parts[0].is_quota), (0, true));
    }
    stage.meet([ZHANG, LI]).await?;
    assert_eq!(stage.left("CMP-35").await?, 0);
    // Told twice is counted once: the office's word and his own lines are the same pieces.
    assert_eq!(stage.devices[LI].client.held()?.parts[0].left, 0);
    stage.moved(LI, "CMP-35", 1, true).await?;
    stage.meet([LI, ZHANG]).await?;
    assert_eq!(stage.devices[LI].client.held()?.parts[0].left, 1_000);
    let last = stage.fit(LI, one, piece("CMP-35", None))?;
    assert!(stage.fit(LI, one, piece("CMP-35", None)).is_err());
    // One line in place of another draws no more than the quota either; what the old one took is his again.
    let order = stage.orders[LI];
    let replace = |quantity| {
        let new = Line { quantity, ..piece("CMP-35", None) };
        Command::State(Box::new(Act::new(bodies::ReplaceLine { visit: one, line: last.reference(), new })))
    };
    let refused = stage.devices[LI].act(order, &replace(2_000)).map_err(|error| error.to_string());
    assert!(refused.is_err_and(|why| why.contains("over_quota")));
    stage.devices[LI].act(order, &replace(1_000))?;
    assert_eq!(stage.devices[LI].client.held()?.parts[0].left, 0);
    // The bench draws from the same van.
    let goods = Goods { name: "主控板".to_owned(), serial: None, unit: None, pieces: 1, condition: None };
    let take = bodies::TakeCustody { goods, receipt: String::new(), due: None, countersigned: None };
    let custody = stage.devices[LI].act(order, &Command::State(Box::new(Act::new(take))))?.fact.reference();
    let (step, line) = (BenchStep::Line, Some(piece("CMP-35", None)));
    let bench = bodies::BenchWork { custody, step, line, note: None };
    let refused = stage.devices[LI].act(order, &Command::State(Box::new(Act::new(bench))));
    assert!(refused.is_err_and(|why| why.to_string().contains("over_quota")));

    // What was really fitted can always be recorded, and is flagged.
    stage.fit(LI, one, Line { source: Some(PartSource::Unknown), ..piece("CMP-35", None) })?;
    stage.meet([LI, ZHANG]).await?;
    let view = stage.view(LI).await?;
    assert_eq!(view.lines.len(), 5, "the replaced one is still shown");
    assert!(!open_review(&view, ReviewKind::PartSource).blocking);
    assert_eq!(stage.left("CMP-35").await?, 0);
    Ok(())
}

#[tokio::test]
async fn c_093_cash_of_a_device_that_comes_back_late_is_judged_by_field_time() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    for device in [LI, ZHANG] {
        stage.begun(device)?;
        // The device takes the next number of its block.
        let (receipt, reason) = (String::new(), Some("客户要求现付".to_owned()));
        let collect = bodies::CollectCash { amount: yuan(30_000), receipt, reason };
        stage.devices[device].act(stage.orders[device], &Command::State(Box::new(Act::new(collect))))?;
    }
    assert_eq!(stage.devices[LI].client.held()?.cash.get("CNY"), Some(&30_000));
    stage.world.pass(HOUR);
    // Li syncs in the evening; Zhang is in the mountains for two days.
    stage.arrive(LI).await?;
    stage.ticked().await?;
    assert_eq!(found(&stage.view(LI).await?), [], "the day is not over");
    stage.world.pass(2 * DAY);
    stage.ticked().await?;
    let view = stage.view(LI).await?;
    assert_eq!(found(&view), [FindingKind::CashOvernight], "the timer says so, without any upload");
    open_review(&view, ReviewKind::CashOvernight);
    stage.meet([ZHANG, LI]).await?;
    assert_eq!(
        found(&stage.view(ZHANG).await?),
        [FindingKind::CashOvernight],
        "taken two days ago, whenever it was uploaded"
    );
    stage.said_once().await
}

#[tokio::test]
async fn u_12_findings_survive_a_restart_and_a_restore() -> Result<(), Trouble> {
    let mut stage = Stage::new().await?;
    let backup = stage.world.backup();
    let (one, other) = (stage.begun(LI)?, stage.begun(ZHANG)?);
    stage.fit(LI, one, piece("CMP-35", Some("SN-9001")))?;
    stage.fit(ZHANG, other, piece("CMP-35", Some("SN-9001")))?;
    stage.meet([LI, ZHANG]).await?;
    assert_eq!(found(&stage.view(LI).await?), [FindingKind::SerialConflict]);
    // The office loses everything since the morning; the devices give it back.
    stage.restored(backup).await?;
    stage.meet([ZHANG, LI]).await?;
    for device in [LI, ZHANG] {
        assert_eq!(found(&stage.view(device).await?), [FindingKind::SerialConflict]);
    }
    stage.said_once().await
}
