//! Deterministic simulation: a whole company in one thread, from a seed.
//!
//! The real server over a disk that forgets, the real device library on phones that crash, are cloned and restored,
//! a network that loses, delays, doubles and cuts, clocks that jump, users who do what is offered to them, and some
//! who do what is not. [`run`] plays the history of a seed and checks after every step what must hold; then faults
//! stop and everything must come to rest. The same seed gives the same trace, in every process.
//!
//! Not here: sockets, TLS, real disks: `tests/network`, `tests/kills` and the store's own tests have those.

mod action;
pub mod acts;
mod bundles;
mod checks;
mod company;
mod coverage;
mod devices;
pub mod faults;
mod hostile;
mod invariants;
mod ledger;
mod live;
mod network;
mod office;
mod phone;
mod rest;
mod shrink;
mod step;
mod technician;
mod users;

use docket_sync_core::ids::Digest;

pub use action::{Action, Kind, schedule};
pub use coverage::Coverage;
use faults::Faults;
pub use shrink::shrink;

use crate::world::Trouble;
use company::Company;

/// Steps of a history.
pub const STEPS: usize = 120;

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {told}")]
pub struct Violation {
    /// The rule's name, which is the check's.
    pub rule: &'static str,
    /// What was found.
    pub told: String,
}

impl Violation {
    pub(crate) fn new(rule: &'static str, told: String) -> Self {
        Self { rule, told }
    }

    /// A violation, whatever went wrong: an error of the product where none may be is one, too.
    fn of(trouble: &Trouble) -> Self {
        match trouble.downcast_ref::<Self>() {
            Some(violation) => violation.clone(),
            None => Self::new("nothing_fails_by_itself", trouble.to_string()),
        }
    }
}

/// A history that broke a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What broke.
    pub violation: Violation,
    /// The action at which it showed; their number when it was in the end.
    pub at: usize,
}

/// What a history came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Digest over every step and all that the office made durable.
    pub trace: Digest,
    /// What occurred.
    pub coverage: Coverage,
    /// What broke, if something did.
    pub failure: Option<Failure>,
}

/// Plays the history of a seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    play(seed, &schedule(seed, &Faults::of_seed(seed), STEPS))
}

/// Plays a list of actions in the company of a seed.
#[must_use]
pub fn play(seed: u64, actions: &[Action]) -> Outcome {
    play_told(seed, actions, None)
}

/// Plays a list of actions in the company of a seed and tells what is stated and what enters the log.
fn play_told(seed: u64, actions: &[Action], mut told: Option<&mut Vec<String>>) -> Outcome {
    let mut trace = blake3::Hasher::new();
    let mut coverage = Coverage { histories: 1, ..Coverage::default() };
    let mut at = 0;
    let end = (|| -> Result<(), Trouble> {
        let mut company = Company::open(seed)?;
        company.ledger.story = told.is_some().then(Vec::new);
        let result = (|| {
            for (number, action) in actions.iter().enumerate() {
                at = number;
                if let Some(story) = &mut company.ledger.story {
                    story.push(format!("{action:?}"));
                }
                company.act(action)?;
                company.fan_out()?;
                company.count_older()?;
                company.look_at_what_changed()?;
                trace.update(format!("{action:?}").as_bytes()).update(&company.office.durable().chain.0);
            }
            at = actions.len();
            company.come_to_rest()?;
            trace.update(&company.office.durable().chain.0);
            Ok(())
        })();
        company.coverage.facts = u64::try_from(company.ledger.honest.len()).unwrap_or(u64::MAX);
        coverage.add(&company.coverage);
        if let (Some(told), Some(story)) = (&mut told, company.ledger.story.take()) {
            told.extend(story);
        }
        result
    })();
    let failure = end.err().map(|trouble| Failure { violation: Violation::of(&trouble), at });
    Outcome { trace: Digest(*trace.finalize().as_bytes()), coverage, failure }
}

/// A failure in words: what broke, the shortest history that shows it, and how to play it again.
#[must_use]
pub fn tell(seed: u64, failure: &Failure) -> String {
    let actions = schedule(seed, &Faults::of_seed(seed), STEPS);
    let (shortest, shown) = shrink(seed, &actions, failure);
    let mut told = format!(
        "seed {seed} breaks {} at action {} of {}\n  play it again at commit {}: cargo xtask simulate --seed {seed}\n",
        failure.violation,
        failure.at,
        actions.len(),
        commit()
    );
    told.push_str(&format!("  shortest history, which breaks {shown}:\n", shown = shown.violation));
    for action in shortest {
        told.push_str(&format!("    {action:?}\n"));
    }
    told
}

/// The shortest history that shows a failure, fact by fact.
#[must_use]
pub fn story(seed: u64, failure: &Failure) -> Vec<String> {
    let (shortest, _) = shrink(seed, &schedule(seed, &Faults::of_seed(seed), STEPS), failure);
    let mut told = Vec::new();
    let _the_same_again = play_told(seed, &shortest, Some(&mut told));
    told
}

/// The commit that is played, as far as the version control says.
fn commit() -> String {
    let said = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let said = said.ok().filter(|said| said.status.success());
    let name = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// The first of `seeds` whose history catches a deliberate bug and breaks nothing without it, and by which check.
#[cfg(feature = "sabotage")]
#[must_use]
pub fn first_catch(bug: docket_sync_core::sabotage::Bug, seeds: core::ops::Range<u64>) -> Option<(u64, &'static str)> {
    seeds.into_iter().find_map(|seed| {
        let outcome = docket_sync_core::sabotage::with(Some(bug), || run(seed));
        let caught = outcome.failure.map(|failure| (seed, failure.violation.rule));
        caught.filter(|_| run(seed).failure.is_none())
    })
}
