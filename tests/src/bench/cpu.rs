//! Processor time to the nanosecond, from Linux's scheduler statistics (Documentation/scheduler/sched-stats).
//!
//! `/proc/PID/stat` counts in steps of 10 ms; a pull that takes 20 ms needs more. A thread that runs is counted up to
//! its last switch; the calling thread has a clock of its own.

use std::io;

/// Processor seconds of all living threads of the process `pid`.
pub(super) fn of_process(pid: u32) -> io::Result<f64> {
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while the list is read.
        if let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) {
            nanoseconds += first_number(&text);
        }
    }
    Ok(nanoseconds / 1e9)
}

/// Processor seconds of the calling thread, of the slice that it is in too.
#[expect(clippy::unnecessary_wraps, reason = "other systems may have no such clock")]
pub(super) fn of_this_thread() -> io::Result<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Ok(std::time::Duration::try_from(time).map_or(0.0, |time| time.as_secs_f64()))
}

/// Time on a processor is the first of three numbers.
fn first_number(text: &str) -> f64 {
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_uses_time() {
        let before = of_this_thread().unwrap();
        let started = std::time::Instant::now();
        while of_this_thread().unwrap() - before < 0.02 {
            assert!(started.elapsed().as_secs() < 30);
        }
        assert!(of_process(std::process::id()).unwrap() >= 0.02);
    }
}
