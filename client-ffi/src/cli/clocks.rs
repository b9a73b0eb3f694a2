//! Times that a wrong clock claimed, beside the interval in which they lie (U-10).

use docket_sync_core::facts::Fact;
use docket_sync_core::lifecycle::summary;
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::Between;
use serde_json::{Value, json};

use super::App;
use super::error::CliError;
use super::messages::filled;
use crate::client::Shown;

impl App<'_> {
    /// A claimed time that contradicts the server's contacts is shown as claimed, with its interval.
    pub(super) fn say_clocks(&mut self, shown: &Shown, policy: &ServicePolicy) -> Result<(), CliError> {
        for (fact, between) in doubtful(shown) {
            let (claimed, lo) = (policy.local_time(fact.claimed()), policy.local_time(between.lo));
            let what = summary(fact, self.language);
            let values = [("what", what.as_str()), ("claimed", &claimed), ("lo", &lo)];
            let line = match between.hi.map(|hi| policy.local_time(hi)) {
                Some(hi) => {
                    let values = [values.as_slice(), &[("hi", hi.as_str())]].concat();
                    filled("device.shown.clock_between", self.language, &values)
                }
                None => filled("device.shown.clock_after", self.language, &values),
            };
            self.say(&line)?;
        }
        Ok(())
    }
}

/// The same as JSON.
pub(super) fn clocks_json(shown: &Shown) -> Value {
    let items = doubtful(shown).map(|(fact, between)| {
        json!({
            "fact": fact.id.to_string(), "claimed_at": fact.claimed().0, "lo_at": between.lo.0,
            "hi_at": between.hi.map(|hi| hi.0),
        })
    });
    items.collect()
}

fn doubtful(shown: &Shown) -> impl Iterator<Item = (&Fact, Between)> {
    let facts = shown.view.facets.low_confidence.iter().filter_map(|id| shown.facts.get(*id));
    facts.map(|fact| (fact, Between { lo: fact.lo(), hi: shown.received.get(&fact.id).copied() }))
}
