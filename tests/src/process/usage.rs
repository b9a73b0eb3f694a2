//! What a process has used, from Linux's /proc (see proc(5)).

use std::io;

/// Used up to now.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Usage {
    /// User and system time of all its threads, ended ones included, in seconds; the kernel counts in 10 ms.
    pub processor_seconds: f64,
    /// Resident memory now.
    pub memory_bytes: u64,
    /// Resident memory at its highest.
    pub memory_bytes_max: u64,
}

/// Usage could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// The process is gone, or this system has no /proc.
    #[error("reading {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A field is missing.
    #[error("{path} has no {field}")]
    Unexpected {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
    },
}

/// Clock ticks a second in /proc (`USER_HZ`): 100 on every architecture that Rust supports on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the process `pid` has used.
///
/// # Errors
/// When the process has ended, or this system has no /proc.
pub fn usage_of(pid: u32) -> Result<Usage, UsageError> {
    let path = format!("/proc/{pid}/stat");
    let ticks = ticks_in(&read(&path)?).ok_or(UsageError::Unexpected { path, field: "utime" })?;
    let path = format!("/proc/{pid}/status");
    let status = read(&path)?;
    let memory = |field| kilobytes_in(&status, field).ok_or(UsageError::Unexpected { path: path.clone(), field });
    Ok(Usage {
        processor_seconds: f64::from(ticks) / TICKS_PER_SECOND,
        memory_bytes: memory("VmRSS")?.saturating_mul(1_024),
        memory_bytes_max: memory("VmHWM")?.saturating_mul(1_024),
    })
}

fn read(path: &str) -> Result<String, UsageError> {
    std::fs::read_to_string(path).map_err(|source| UsageError::Unreadable { path: path.to_owned(), source })
}

/// Fields 14 and 15 (utime, stime); the name in field 2 is in brackets and may hold anything.
fn ticks_in(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

fn kilobytes_in(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_a_name_with_brackets() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 150 25 0 0 20 0 1 0 100 1000 10";
        assert_eq!(ticks_in(stat), Some(175));
        assert_eq!(kilobytes_in("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS"), Some(2_048));
        assert_eq!(kilobytes_in("VmRSSX: 1 kB", "VmRSS"), None);
    }
}
