//! Results of measurements: a table for people and JSON for machines, with the goal beside each figure.

use serde::Serialize;

/// What a figure counts, and so how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things: messages, requests, facts.
    Count,
    /// Things a second.
    PerSecond,
    /// Bytes a second.
    BytesPerSecond,
    /// Processor seconds: comparable between machines of one kind.
    ProcessorSeconds,
    /// Wall seconds: comparable only within one run.
    WallSeconds,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// No goal: said for information.
    None,
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// One measured value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured, in snake case: `cold_pull_bytes`.
    pub name: String,
    /// The value in its unit.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
    /// What it should be.
    pub goal: Goal,
    /// What the design's list of goals calls it; empty for a figure that explains others.
    pub measures: &'static str,
}

impl Figure {
    /// A figure without a goal.
    #[must_use]
    pub fn new(name: &str, value: f64, unit: Unit) -> Self {
        Self { name: name.to_owned(), value, unit, goal: Goal::None, measures: "" }
    }

    /// A count of bytes.
    #[must_use]
    pub fn bytes(name: &str, bytes: u64) -> Self {
        Self::new(name, exact(bytes), Unit::Bytes)
    }

    /// A count of things.
    #[must_use]
    pub fn count(name: &str, count: u64) -> Self {
        Self::new(name, exact(count), Unit::Count)
    }

    /// The same figure with a goal.
    #[must_use]
    pub fn at_most(mut self, goal: f64) -> Self {
        self.goal = Goal::AtMost(goal);
        self
    }

    /// The same figure with a goal.
    #[must_use]
    pub fn at_least(mut self, goal: f64) -> Self {
        self.goal = Goal::AtLeast(goal);
        self
    }

    /// The same figure under the name that it has in the design's list of goals.
    #[must_use]
    pub fn named(self, measures: &'static str) -> Self {
        Self { measures, ..self }
    }

    /// Whether the goal is met; `None` where there is none.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        match self.goal {
            Goal::None => None,
            Goal::AtMost(goal) => Some(self.value <= goal),
            Goal::AtLeast(goal) => Some(self.value >= goal),
        }
    }
}

/// The figures of one row of the bench.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// The row's name.
    pub row: String,
    /// Its figures, in the order they are shown.
    pub figures: Vec<Figure>,
}

impl Measurement {
    /// The row by itself, as it is shown while others are still measured.
    #[must_use]
    pub fn table(&self) -> String {
        aligned(&self.lines())
    }

    fn lines(&self) -> Vec<[String; COLUMNS]> {
        let line = |(position, figure): (usize, &Figure)| {
            let name = if position == 0 { self.row.clone() } else { String::new() };
            let goal = match figure.goal {
                Goal::None => String::new(),
                Goal::AtMost(goal) => format!("<= {}", shown(goal, figure.unit)),
                Goal::AtLeast(goal) => format!(">= {}", shown(goal, figure.unit)),
            };
            let verdict = figure.is_met().map_or("", |met| if met { "met" } else { "MISSED" });
            let value = shown(figure.value, figure.unit);
            [name, figure.name.clone(), value, goal, verdict.to_owned(), figure.measures.to_owned()]
        };
        self.figures.iter().enumerate().map(line).collect()
    }
}

/// All that one run measured, and on what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// Work orders of the workload.
    pub orders: usize,
    /// Processors of the machine.
    pub processors: usize,
    /// `debug` figures say nothing about speed.
    pub build: &'static str,
    /// The rows.
    pub rows: Vec<Measurement>,
}

impl Results {
    /// Nothing measured yet, on this machine.
    #[must_use]
    pub fn new(orders: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        Self { orders, processors, build, rows: Vec::new() }
    }

    /// The table: row, figure, value, goal, whether it is met, and what the list of goals calls it.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = vec![["row", "figure", "value", "goal", "", "in the list of goals"].map(str::to_owned)];
        lines.extend(self.rows.iter().flat_map(Measurement::lines));
        let head = format!("{} orders, {} processors, {} build\n", self.orders, self.processors, self.build);
        head + &aligned(&lines)
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        // Names, numbers and lists always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Columns that hold numbers are aligned to the right.
const RIGHT: [bool; COLUMNS] = [false, false, true, true, false, false];

/// Columns of the table.
const COLUMNS: usize = 6;

fn aligned(lines: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(widths).zip(RIGHT);
        let cells = cells
            .map(|((cell, width), right)| if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes if value >= 1e6 => format!("{:.3} MB", value / 1e6),
        Unit::Bytes if value >= 1e4 => format!("{:.1} kB", value / 1e3),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Count => format!("{value:.0}"),
        Unit::PerSecond => format!("{value:.0} /s"),
        Unit::BytesPerSecond => format!("{:.1} MB/s", value / 1e6),
        Unit::ProcessorSeconds => format!("{} cpu", seconds(value)),
        Unit::WallSeconds => seconds(value),
    }
}

fn seconds(value: f64) -> String {
    if value >= 1.0 {
        format!("{value:.2} s")
    } else if value >= 1e-3 {
        format!("{:.2} ms", value * 1e3)
    } else {
        format!("{:.1} us", value * 1e6)
    }
}

/// The number as floating point; counts of a bench stay far below 2^52.
fn exact(number: u64) -> f64 {
    let (high, low) = (number >> 32, number & 0xffff_ffff);
    let part = |part: u64| u32::try_from(part).map_or(0.0, f64::from);
    part(high) * 4_294_967_296.0 + part(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(figure: &Figure, expected: &str) {
        let results = Results {
            rows: vec![Measurement { row: "r".to_owned(), figures: vec![figure.clone()] }],
            ..Results::new(1)
        };
        let table = results.table();
        let line = table.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(line, expected);
    }

    #[test]
    fn figures_are_shown_with_their_goal_and_whether_it_is_met() {
        check(&Figure::bytes("pull", 840_123).at_most(850_000.0), "r pull 840.1 kB <= 850.0 kB met");
        check(&Figure::bytes("pull", 1_540_000).at_most(850_000.0), "r pull 1.540 MB <= 850.0 kB MISSED");
        check(&Figure::new("rate", 5_100.0, Unit::PerSecond).at_least(5_000.0), "r rate 5100 /s >= 5000 /s met");
        check(&Figure::new("fold", 0.000_05, Unit::WallSeconds), "r fold 50.0 us");
        check(&Figure::new("server", 0.0125, Unit::ProcessorSeconds), "r server 12.50 ms cpu");
        check(&Figure::count("requests", 2), "r requests 2");
        check(&Figure::new("backup", 12_340_000.0, Unit::BytesPerSecond), "r backup 12.3 MB/s");
        check(
            &Figure::count("requests", 2).at_most(2.0).named("cold pull, requests"),
            "r requests 2 <= 2 met cold pull, requests",
        );
    }

    #[test]
    fn json_has_every_figure() {
        let mut results = Results::new(10);
        results.rows.push(Measurement { row: "cold_pull".to_owned(), figures: vec![Figure::bytes("bytes", 7)] });
        let json: serde_json::Value = serde_json::from_str(&results.json()).unwrap();
        assert_eq!(json["rows"][0]["figures"][0]["value"], 7.0);
        assert_eq!(json["rows"][0]["figures"][0]["unit"], "bytes");
        assert_eq!(json["orders"], 10);
    }

    #[test]
    fn large_counts_are_exact() {
        assert_eq!(exact(5_000_000_001).to_string(), "5000000001");
    }
}
