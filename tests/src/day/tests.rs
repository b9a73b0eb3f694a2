use std::time::Duration;

use super::{Day, DayOptions};
use crate::day::acts::Act;
use crate::day::summary::Summary;
use crate::demo::{Company, Options};

const WITHIN: Duration = Duration::from_secs(300);

async fn play(seed: u64) -> (Company, Vec<Act>, Summary) {
    let company = Options { seed, technicians: 3, orders: 12, ..Options::default() };
    let day = async {
        let mut day = Day::begin(&DayOptions::of(company)).await.unwrap();
        while day.play_minute().await.unwrap() {}
        day.come_back().await.unwrap();
        let summary = day.summary().await.unwrap();
        let (company, acts) = (day.setting.company.clone(), day.acts.clone());
        day.setting.close().await.unwrap();
        (company, acts, summary)
    };
    tokio::time::timeout(WITHIN, day).await.expect("a small day ends in minutes")
}

fn listed(acts: &[Act]) -> Vec<String> {
    acts.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_plays_the_same_day_over_bad_networks_and_everything_arrives() {
    let (company, acts, summary) = play(5).await;
    assert_eq!(summary.failures, Vec::<String>::new());
    assert_eq!((summary.devices_equal, summary.orders.values().sum::<usize>()), (3, 12));
    assert!(summary.signatures > 0 && summary.signatures_verified == summary.signatures, "{summary:?}");
    let filled = acts.iter().filter(|act| act.what == "forms").count();
    let reported = acts.iter().filter(|act| act.what == "done").count();
    assert!(filled >= reported && reported > 0, "no work is reported done before its forms are filled in");
    assert!(acts.iter().any(|act| act.what == "photo"), "{:?}", listed(&acts));
    assert!(summary.syncs.cuts > 0 && summary.facts_offline > 0, "the network was too good: {summary:?}");
    let (company_again, acts_again, summary_again) = play(5).await;
    assert_eq!(company, company_again);
    assert_eq!(listed(&acts), listed(&acts_again));
    assert_eq!(summary.register, summary_again.register);
    assert_eq!((summary.pairs, summary.reviews), (summary_again.pairs, summary_again.reviews));
}
