//! `docket healing`: what came back after the store lost something, and what nobody has returned.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, data, say};
use crate::restore::report::{HealingReport, healing_report};

/// Gaps that are listed one by one.
const GAPS_SHOWN: usize = 100;

/// Shows what came back since the store was restored, and what nobody has returned.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  docket healing --data /var/lib/docket\n\n\
    The server must not run on the same folder; while it runs, look at GET /api/store/healing or the office page.")]
pub(super) struct HealingOptions {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(options: HealingOptions) -> Result<(), Failure> {
    let opened = data::open(&options.data)?;
    let report = healing_report(&opened.office);
    opened.close();
    tell(&report?);
    Ok(())
}

fn tell(report: &HealingReport) {
    let Some(loss) = &report.loss else {
        say("This store has never lost anything.");
        return;
    };
    let kind = if loss.was_unnoticed() { "A loss was noticed" } else { "Restored" };
    say(&format!("{kind} at {}: {}; kept up to number {}", loss.at, loss.from, loss.until_number));
    match report.lost() {
        Some((from, to)) => say(&format!("Devices had seen numbers {from} to {to} that were lost")),
        None => say("No device has shown that it had seen more"),
    }
    for (loss, seen_to) in &report.earlier {
        let (kind, until) = (if loss.was_unnoticed() { "noticed" } else { "restored" }, loss.until_number);
        let seen = seen_to.map_or_else(String::new, |to| format!(", seen up to {to}"));
        say(&format!("Before that, {kind} at {}: {}; kept up to number {until}{seen}", loss.at, loss.from));
    }
    say(&format!("Came back under receipts: {} facts; under envelopes: {}", report.known_again(), report.brought()));
    say(&format!("Numbers that nothing returned accounts for: {}", report.unaccounted()));
    let back = report.devices.iter().filter(|device| device.is_back).count();
    say(&format!("Devices that have come back: {back} of {}", report.devices.len()));
    for device in report.devices.iter().filter(|device| device.returned.at.is_some()) {
        let returned = &device.returned;
        let (known, brought, references) = (returned.known, returned.brought, returned.references);
        say(&format!("  {}: {known} under receipts, {brought} under envelopes, {references} records", device.device));
    }
    for (device, waiting) in &report.waiting {
        say(&format!("  {device} waits to be confirmed, {} facts held", waiting.facts));
    }
    for gap in report.gaps.iter().take(GAPS_SHOWN) {
        say(&format!("  order {}: seen up to number {} by {}, not returned", gap.document, gap.number, gap.device));
    }
    let more = report.gaps_total.saturating_sub(GAPS_SHOWN.min(report.gaps.len()));
    if more > 0 {
        say(&format!("  and {more} more orders"));
    }
}
