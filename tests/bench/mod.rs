//! The benchmarks cannot rot: every row runs on a tiny workload against this build's server.

use docket_harness::bench::{Options, ROWS};
use docket_harness::table::Unit;

#[tokio::test(flavor = "multi_thread")]
async fn every_row_runs_and_the_goals_of_bytes_and_messages_hold() {
    let options = Options::quick(20);
    for row in ROWS.iter() {
        let figures = (row.run)(options.clone()).await.unwrap_or_else(|error| panic!("{}: {error}", row.name));
        assert!(!figures.is_empty(), "{} measured nothing", row.name);
        for figure in figures {
            assert!(figure.value.is_finite(), "{} {figure:?}", row.name);
            // Times and memory of a debug build say nothing; what travels is the same in every build.
            let travels = figure.unit == Unit::Count || (figure.unit == Unit::Bytes && row.name != "memory");
            let is_memory = figure.name.contains("memory");
            assert!(!travels || is_memory || figure.is_met() != Some(false), "{} {figure:?}", row.name);
        }
    }
}
