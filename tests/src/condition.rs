//! Waiting for a condition with a deadline: the only way a test here waits.

use std::time::{Duration, Instant};

/// How often a condition is looked at: short beside what it waits for, long beside looking.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The condition did not come true in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("waited {waited:?} for: {what}")]
pub struct DeadlineError {
    /// What was waited for.
    pub what: String,
    /// How long.
    pub waited: Duration,
}

/// Looks until `look` gives something, at most for `deadline`.
///
/// # Errors
/// When the deadline passes first; the error says what was waited for.
pub async fn eventually<T, F>(what: &str, deadline: Duration, mut look: impl FnMut() -> F) -> Result<T, DeadlineError>
where
    F: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        if started.elapsed() >= deadline {
            return Err(DeadlineError { what: what.to_owned(), waited: deadline });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_with_what_was_found_or_says_what_it_waited_for() {
        let mut looks = 0;
        let found = eventually("three looks", Duration::from_secs(10), || {
            looks += 1;
            let found = (looks == 3).then_some("found");
            async move { found }
        });
        assert_eq!(found.await, Ok("found"));
        let missed = eventually("the impossible", Duration::from_millis(20), || async { None::<()> }).await;
        assert!(missed.unwrap_err().to_string().contains("the impossible"));
    }
}
