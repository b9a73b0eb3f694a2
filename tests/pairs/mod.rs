//! The concurrent pairs (lifecycle 4.5) through real replicas and the session: the office acts on the page that a
//! person saw, devices act offline, then everybody meets, in every order that makes sense.
//!
//! What one set of facts means is proven beside the fold; here it is proven that devices and office get the same
//! set, with the same knowledge in it, whatever happens between the act and the push.

mod appointments;
mod assignment;
mod cancel;
mod clones;
mod closing;
mod known;
mod lines;
mod office;
mod replicas;
mod stage;
pub(crate) use stage::sending;

use docket_harness::world::Trouble;
use stage::Way;

/// Tells a story in every way, for `parties` of whom each arrives once.
async fn in_every_way<F>(parties: usize, story: impl Fn(Way) -> F) -> Result<(), Trouble>
where
    F: Future<Output = Result<(), Trouble>>,
{
    for way in Way::all(parties) {
        story(way).await.map_err(|error| format!("{way:?}: {error}"))?;
    }
    Ok(())
}

/// One test for each pair: `name(story, parties)`.
macro_rules! pairs {
    ($($(#[$doc:meta])* $name:ident($story:ident, $parties:literal);)*) => { $(
        $(#[$doc])*
        #[tokio::test]
        async fn $name() -> Result<(), docket_harness::world::Trouble> {
            super::in_every_way($parties, $story).await
        }
    )* };
}
use pairs;
