//! two people are sent, or one is replaced while he works.

use docket_harness::world::Trouble;
use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::ReviewChoice;
use docket_sync_core::lifecycle::view::{AssignmentFacet, OrderState, ReviewKind, ReviewStatus, Rule, SignatureFacet};

use super::pairs;
use super::stage::{LI, Stage, Way, ZHANG, decided_by, open_kinds, open_review, review, sending};

pairs! {
    x_14_the_replaced_technician_on_site_goes_on(replaced_at_work, 2);
    x_15_the_replaced_technician_has_finished(replaced_after_done, 2);
    x_15_the_replaced_technician_has_a_signature(replaced_after_signature, 2);
    x_17_the_replaced_technician_is_on_his_way(replaced_on_his_way, 2);
    x_18_of_two_dispatchers_the_later_wins(two_dispatchers, 1);
    x_18_of_two_dispatchers_the_higher_rank_wins(two_ranks, 1);
}

async fn replaced_at_work(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let (order, zhang) = (stage.order, stage.devices[ZHANG].person);
    let visit = stage.li().begin(order)?;
    stage.send_zhang();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.technician()), (OrderState::InProgress, Some(zhang)));
    assert_eq!(decided_by(&view, "X-14").map(|(rule, _)| rule), Some(Rule::R4));
    let review_ = open_review(&view, ReviewKind::WorkByReplaced, Role::Dispatcher, ReviewChoice::Release);
    assert!(review_.due.is_some());
    assert!(view.notices.iter().any(|notice| notice.person == Some(zhang)), "Zhang is told that Li is on site");

    // Li reports DONE: Zhang is released by that.
    stage.part().await?;
    stage.li().done(order, visit)?;
    let view = stage.meet().await?;
    assert_eq!(view.state, OrderState::Completed);
    assert_eq!(view.technician(), Some(stage.devices[LI].person));
    let open = review(&view, ReviewKind::WorkByReplaced).filter(|review| review.status == ReviewStatus::Open);
    assert_eq!(open, None, "nothing is left to decide");
    Ok(())
}

async fn replaced_after_done(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().work(order)?;
    stage.send_zhang();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Unsigned));
    check_released(&stage, &view);
    Ok(())
}

async fn replaced_after_signature(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let order = stage.order;
    stage.li().work(order)?;
    stage.li().sign(order)?;
    stage.send_zhang();
    let view = stage.meet().await?;
    assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Signed));
    assert_eq!(view.billable.get("CNY"), Some(&6_000), "Li's work counts for Li");
    check_released(&stage, &view);
    Ok(())
}

fn check_released(stage: &Stage, view: &docket_sync_core::lifecycle::view::OrderView) {
    let (li, zhang) = (stage.devices[LI].person, stage.devices[ZHANG].person);
    assert_eq!(decided_by(view, "X-15").map(|(rule, _)| rule), Some(Rule::R4));
    let his = view.assignments.iter().find(|assignment| assignment.technician == zhang).map(|his| his.facet);
    assert_eq!((view.technician(), his), (Some(li), Some(AssignmentFacet::Released)));
    assert_eq!(open_kinds(view), []);
}

async fn replaced_on_his_way(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::assigned(way).await?;
    let (order, zhang) = (stage.order, stage.devices[ZHANG].person);
    stage.li().set_out(order)?;
    stage.send_zhang();
    let view = stage.meet().await?;
    assert_eq!(view.technician(), Some(zhang));
    assert_eq!(decided_by(&view, "X-17").map(|(rule, _)| rule), Some(Rule::R2));
    open_review(&view, ReviewKind::DoubleAssigned, Role::Dispatcher, ReviewChoice::First);
    Ok(())
}

async fn two_dispatchers(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::new(way).await?;
    let (li, zhang) = (stage.devices[LI].person, stage.devices[ZHANG].person);
    let (first, second) =
        (stage.person("赵调度", Role::Dispatcher).await?, stage.person("钱调度", Role::Dispatcher).await?);
    stage.office(first, sending(li));
    stage.office(second, sending(zhang));
    let view = stage.meet().await?;
    assert_eq!((view.state, view.technician()), (OrderState::Dispatched, Some(zhang)));
    check_loser(&view, li);
    assert!(view.notices.iter().any(|notice| notice.person == Some(first)), "the loser is told");
    Ok(())
}

async fn two_ranks(way: Way) -> Result<(), Trouble> {
    let mut stage = Stage::new(way).await?;
    let (li, zhang) = (stage.devices[LI].person, stage.devices[ZHANG].person);
    let supervisor = stage.person("孙主管", Role::Supervisor).await?;
    let dispatcher = stage.person("钱调度", Role::Dispatcher).await?;
    stage.office(supervisor, sending(li));
    stage.office(dispatcher, sending(zhang));
    let view = stage.meet().await?;
    assert_eq!(view.technician(), Some(li), "rank comes before time");
    check_loser(&view, zhang);
    Ok(())
}

fn check_loser(view: &docket_sync_core::lifecycle::view::OrderView, loser: docket_sync_core::ids::PersonId) {
    assert_eq!(decided_by(view, "X-18"), Some((Rule::R2, "superseded".to_owned())));
    let lost = view.assignments.iter().find(|assignment| assignment.technician == loser).map(|lost| lost.facet);
    assert_eq!(lost, Some(AssignmentFacet::Superseded));
    let told = |notice: &&docket_sync_core::lifecycle::view::Notice| {
        notice.person == Some(loser) && notice.message == "notice.released"
    };
    assert!(view.notices.iter().any(|notice| told(&notice)), "his technician gets a release");
}
