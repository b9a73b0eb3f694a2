//! The demo: a made-up company at work. `cargo xtask demo` builds and runs it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use docket_harness::demo::{Company, Options};

/// Starts a server with a made-up company and lets its technicians work.
#[derive(Debug, Parser)]
#[command(name = "docket-demo", after_help = "Example: docket-demo --speed 120 --technicians 20 --seed 7 --for 5m")]
struct Arguments {
    /// How many times faster than real time the day runs.
    #[arg(long, default_value_t = 60)]
    speed: u32,
    /// Technicians of the company.
    #[arg(long, default_value_t = 12)]
    technicians: usize,
    /// Orders that come in during the day.
    #[arg(long, default_value_t = 40)]
    orders: usize,
    /// The same seed makes the same company.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the company is: shanghai or bristol.
    #[arg(long, default_value = "shanghai")]
    region: String,
    /// Ends by itself after this long: 90s, 5m, 1h.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    run_for: Option<Duration>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        seed: arguments.seed,
        region: arguments.region,
        technicians: arguments.technicians,
        orders: arguments.orders,
    };
    let company = match Company::generate(&options) {
        Ok(company) => company,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}: {} technicians, {} customers", company.name, company.technicians().count(), company.customers.len());
    for person in &company.people {
        println!("  {:8} {}  {}", person.login, person.name, person.skills.join(", "));
    }
    println!("{} orders at {}x, for {:?}", company.orders.len(), arguments.speed, arguments.run_for);
    for order in &company.orders {
        let customer = company.customers.get(order.customer);
        let (name, address) = customer.map_or(("", ""), |customer| (&customer.name, &customer.address));
        let minutes = order.comes_after_ms / 60_000;
        println!("  +{}:{:02} {name}, {address}: {}", minutes / 60, minutes % 60, order.problem);
    }
    ExitCode::SUCCESS
}

/// Reads `90s`, `5m` or `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no duration: write 90s, 5m or 1h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3_600)));
        for text in ["", "5", "m", "5 m", "5d", "-1s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
