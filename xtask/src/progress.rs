//! Progress lines with elapsed time, and the list of how long each part took.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Prints one line for the start and the end of each part and remembers how long it took.
pub(crate) struct Progress {
    started: Instant,
    parts: Vec<(String, Duration)>,
}

impl Progress {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), parts: Vec::new() }
    }

    /// Runs one part under a name.
    pub(crate) fn part<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        self.say(&format!("{name} ..."));
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        self.say(&format!("{name}: {} after {}", if result.is_ok() { "ended" } else { "FAILED" }, minutes(took)));
        self.parts.push((name.to_owned(), took));
        result
    }

    /// Prints a line with the time since the start.
    pub(crate) fn say(&self, line: &str) {
        println!("[{:>6.1} s] {line}", self.started.elapsed().as_secs_f64());
    }

    /// The table of parts, one line each, and the total.
    pub(crate) fn report(&self) -> String {
        let total = ("in all".to_owned(), self.started.elapsed());
        let lines = self.parts.iter().chain([&total]);
        lines.map(|(name, took)| format!("  {name:<28} {:>10}\n", minutes(*took))).collect::<Vec<_>>().concat()
    }
}

/// `0.1 min` for anything below a minute would hide what matters; seconds are shown there.
fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 { format!("{seconds:.1} s") } else { format!("{:.1} min", seconds / 60.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_below_a_minute_and_minutes_above() {
        assert_eq!(minutes(Duration::from_millis(1_500)), "1.5 s");
        assert_eq!(minutes(Duration::from_secs(150)), "2.5 min");
    }

    #[test]
    fn failed_parts_are_in_the_report_too() {
        let mut progress = Progress::start();
        let failed: Result<(), _> = progress.part("broken part", || Err(Failure::new("a", "b")));
        assert!(failed.is_err());
        assert!(progress.report().contains("broken part"));
    }
}
