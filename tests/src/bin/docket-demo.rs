//! The demo: a made-up company's working day on a real server. `cargo xtask demo` builds and runs it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use docket_harness::day::messages::{Language, filled, text};
use docket_harness::day::print::{status_line, summary_lines, time_of_day};
use docket_harness::day::setting::PASSWORD;
use docket_harness::day::summary::Summary;
use docket_harness::day::{Day, DayOptions, Trouble};
use docket_harness::demo::Options;
use docket_harness::process::binary;
use docket_server::telemetry::{self, LogFormat};
use docket_sync_core::facts::Role;
use tokio::time::{Instant, sleep_until};

/// Plays a made-up company's working day: a server, an office, technicians with bad networks.
#[derive(Debug, Parser)]
#[command(name = "docket-demo", after_help = "Example: docket-demo --speed 300 --technicians 20 --seed 7 --keep")]
struct Arguments {
    /// Simulated seconds for each real one; a slow machine takes longer.
    #[arg(long, default_value_t = 540)]
    speed: u32,
    /// Technicians of the company.
    #[arg(long, default_value_t = 12)]
    technicians: usize,
    /// Orders that come in during the day.
    #[arg(long, default_value_t = 40)]
    orders: usize,
    /// The same seed plays the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the company is: shanghai or bristol.
    #[arg(long, default_value = "shanghai")]
    region: String,
    /// Language of this program's own lines: en or zh.
    #[arg(long = "lang", value_name = "LANGUAGE", default_value = "en", value_parser = language_code)]
    language: Language,
    /// The day ends early after so many real seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = duration)]
    run_for: Option<Duration>,
    /// Leaves the server running after the day, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Keeps store and devices in this folder; without it they are removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the server listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Writes the summary and all acts to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Only what ends the server is worth a line between the demo's own.
    if let Err(error) = telemetry::install(LogFormat::Text, "error") {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    let played = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Trouble::from)
        .and_then(|runtime| runtime.block_on(play(&arguments)));
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays the day; whether every check passed.
async fn play(arguments: &Arguments) -> Result<bool, Trouble> {
    let company = Options {
        seed: arguments.seed,
        region: arguments.region.clone(),
        technicians: arguments.technicians,
        orders: arguments.orders,
    };
    let options = DayOptions { company, data: arguments.data.clone(), listen: arguments.listen };
    let mut day = Day::begin(&options).await?;
    announce(&day, arguments);
    work(&mut day, arguments).await?;
    day.come_back().await?;
    let mut summary = day.summary().await?;
    let verified = verify_with_program(&day, &mut summary, arguments.language)?;
    println!("{}", summary_lines(&summary, arguments.language));
    if let Some(line) = verified {
        println!("  {line}");
    }
    if let Some(file) = &arguments.json {
        let seed = arguments.seed;
        let document = serde_json::json!({"seed": seed, "summary": summary, "acts": day.acts});
        std::fs::write(file, serde_json::to_vec_pretty(&document)?)?;
    }
    if arguments.keep {
        day.setting.release();
        println!("{}", filled("demo.keep", arguments.language, &[("url", &url(&day))]));
        tokio::signal::ctrl_c().await?;
    }
    day.setting.close().await?;
    Ok(summary.passed())
}

fn url(day: &Day) -> String {
    format!("https://{}/", day.setting.address)
}

fn announce(day: &Day, arguments: &Arguments) {
    let company = &day.setting.company;
    let (seed, times) = (arguments.seed.to_string(), arguments.speed.to_string());
    let (technicians, orders) = (company.technicians().count().to_string(), company.orders.len().to_string());
    let name =
        [("company", company.name.as_str()), ("technicians", &technicians), ("orders", &orders), ("seed", &seed)];
    let say = |key, values: &[(&str, &str)]| println!("{}", filled(key, arguments.language, values));
    say("demo.begin", &name);
    say("demo.page", &[("url", &url(day))]);
    say("demo.certificate", &[]);
    let office = company.people.iter().filter(|person| !person.roles.contains(&Role::Technician));
    let logins = office.map(|person| person.login.as_str()).collect::<Vec<_>>().join(", ");
    say("demo.logins", &[("logins", &logins), ("password", PASSWORD)]);
    say("demo.pace", &[("speed", &times)]);
}

/// Plays minute after minute in time with the real clock, until the day, the given time or Ctrl-C ends it.
async fn work(day: &mut Day, arguments: &Arguments) -> Result<(), Trouble> {
    let terminal = std::io::stdout().is_terminal();
    let started = Instant::now();
    let minute = Duration::from_secs(60).checked_div(arguments.speed.max(1)).unwrap_or_default();
    let until = arguments.run_for.map(|limit| started.checked_add(limit).unwrap_or(started));
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    let mut next = started;
    loop {
        let goes_on = day.play_minute().await?;
        let quarter = day.minute() % 15 == 0;
        if terminal || quarter {
            show(&status_line(&day.status().await?, arguments.language), terminal, quarter)?;
        }
        if !goes_on {
            break;
        }
        // A day that is behind does not run faster afterwards.
        next = next.checked_add(minute).unwrap_or(next).max(Instant::now());
        let early = tokio::select! {
            biased;
            _interrupted = &mut interrupt => true,
            () = sleep_until(next) => until.is_some_and(|until| Instant::now() >= until),
        };
        if early {
            let time = time_of_day(day.minute());
            show(&filled("demo.early", arguments.language, &[("time", &time)]), terminal, true)?;
            break;
        }
    }
    Ok(())
}

/// One line: on a terminal it stays in place until the quarter of an hour is over.
fn show(line: &str, terminal: bool, stays: bool) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    if terminal {
        write!(out, "\r\x1b[2K{line}{}", if stays { "\n" } else { "" })?;
    } else {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

/// Lets `docket verify` judge one customer's copy, as a customer would.
fn verify_with_program(day: &Day, summary: &mut Summary, language: Language) -> Result<Option<String>, Trouble> {
    let Some(copy) = &summary.copy else { return Ok(None) };
    let file: PathBuf = Path::new(day.setting.folder()).join("customer-copy.docket");
    std::fs::write(&file, copy)?;
    let Ok(program) = binary("docket") else {
        return Ok(Some(text("demo.verify.not_built", language).to_owned()));
    };
    let fingerprint = day.setting.office.keys.fingerprint().to_string();
    let output = Command::new(program).arg("verify").arg(&file).args(["--store-key", &fingerprint]).output()?;
    let answer = if output.status.success() {
        text("demo.verify.passed", language)
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        summary.failures.push(format!("docket verify refuses a customer's copy: {}", said.trim()));
        text("demo.verify.failed", language)
    };
    let shown = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(filled("demo.verify", language, &[("file", &shown), ("answer", answer)])))
}

fn language_code(code: &str) -> Result<Language, String> {
    Language::from_code(code).ok_or_else(|| format!("'{code}' is none of: en, zh"))
}

/// Reads a number of seconds, or `90s`, `5m`, `1h`.
fn duration(given: &str) -> Result<Duration, String> {
    let wrong = || format!("'{given}' is no duration: write a number of seconds, or 90s, 5m, 1h");
    let units = [("s", 1), ("m", 60), ("h", 3_600)];
    let unit = units.into_iter().find_map(|(unit, seconds)| Some((given.strip_suffix(unit)?, seconds)));
    let (number, seconds) = unit.unwrap_or((given, 1));
    let number: u64 = number.parse().map_err(|_error| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_unless_a_unit_is_named() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3_600)));
        for given in ["", "m", "5 m", "5d", "-1s"] {
            assert!(duration(given).is_err(), "{given}");
        }
    }
}
