//! The curated lists behind the made-up company: real places and models, common names, plausible faults and prices.
//!
//! The lists are data (`data.json`), written by hand and short on purpose: generator libraries make nonsense
//! addresses. Phone numbers cannot be called: no local number in China begins with 0, and 0117 496 0xxx is
//! reserved for fiction by the British regulator Ofcom.

use std::sync::LazyLock;

use serde::Deserialize;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

impl Text {
    /// The text in this language: `zh`, else English.
    #[must_use]
    pub fn in_language(&self, language: &str) -> &str {
        if language == "zh" { &self.zh } else { &self.en }
    }
}

/// All lists.
#[derive(Debug, Clone, Deserialize)]
pub struct Lists {
    /// Where companies can be.
    pub regions: Vec<Region>,
    /// What they repair.
    pub trades: Vec<Trade>,
    /// Notes of clerks and technicians.
    pub notes: Vec<Text>,
    /// Why orders are cancelled.
    pub cancel_reasons: Vec<Text>,
    /// What customers write when they sign.
    pub opinions: Vec<Text>,
}

/// A place with its names, language and money.
#[derive(Debug, Clone, Deserialize)]
pub struct Region {
    /// Name on the command line.
    pub code: String,
    /// `zh` or `en`.
    pub language: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Minutes ahead of UTC in winter.
    pub utc_offset_minutes: i64,
    /// Name of the company.
    pub company: String,
    /// First part of every phone number.
    pub phone_prefix: String,
    /// Digits after it.
    pub phone_digits: usize,
    /// Streets.
    pub streets: Vec<Street>,
    /// Pattern of an address: `{street}`, `{number}`, `{room}`.
    pub address: String,
    /// Family names.
    pub surnames: Vec<String>,
    /// Given names.
    pub given_names: Vec<String>,
    /// Pattern of a person's name: `{surname}`, `{given}`.
    pub person: String,
    /// Patterns of firms' names: `{surname}`, `{given}`.
    pub businesses: Vec<String>,
}

/// A real street with about where its middle is.
#[derive(Debug, Clone, Deserialize)]
pub struct Street {
    /// Name with its district.
    pub name: String,
    /// Latitude in 1e-7 degrees.
    pub latitude_e7: i32,
    /// Longitude in 1e-7 degrees.
    pub longitude_e7: i32,
    /// House numbers go up to about this.
    pub numbers: i64,
}

/// A kind of equipment and what goes with it.
#[derive(Debug, Clone, Deserialize)]
pub struct Trade {
    /// Code of the skill that it needs.
    pub skill: String,
    /// Its name.
    pub name: Text,
    /// Makers' names of models.
    pub models: Vec<String>,
    /// What customers report.
    pub faults: Vec<Text>,
    /// The eight steps of its checklist.
    pub checks: Vec<Text>,
    /// Parts.
    pub parts: Vec<Part>,
    /// What technicians find.
    pub findings: Vec<Text>,
}

/// A part of the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub struct Part {
    /// Catalogue code.
    pub code: String,
    /// Name.
    pub name: Text,
    /// Unit of its quantity.
    pub unit: String,
    /// Price of one unit in fen.
    pub cny: i64,
    /// Price of one unit in pence.
    pub gbp: i64,
}

impl Part {
    /// Price of one unit in minor units of `currency`.
    #[must_use]
    pub fn price_minor(&self, currency: &str) -> i64 {
        if currency == "GBP" { self.gbp } else { self.cny }
    }
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    serde_json::from_str(include_str!("data.json"))
        .unwrap_or_else(|error| unreachable!("data.json is read by a test: {error}"))
});

/// The lists.
#[must_use]
pub fn lists() -> &'static Lists {
    &LISTS
}

/// The region with this code.
#[must_use]
pub fn region(code: &str) -> Option<&'static Region> {
    lists().regions.iter().find(|region| region.code == code)
}

/// The trade that needs this skill.
#[must_use]
pub fn trade(skill: &str) -> Option<&'static Trade> {
    lists().trades.iter().find(|trade| trade.skill == skill)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let lists = lists();
        let trades = lists.trades.iter().flat_map(|trade| {
            let parts = trade.parts.iter().map(|part| &part.name);
            [&trade.name].into_iter().chain(&trade.faults).chain(&trade.checks).chain(&trade.findings).chain(parts)
        });
        for text in trades.chain(&lists.notes).chain(&lists.cancel_reasons).chain(&lists.opinions) {
            assert!(is_chinese(&text.zh), "{text:?}");
            assert!(!is_chinese(&text.en) && text.en.len() > 3, "{text:?}");
        }
    }

    #[test]
    fn every_trade_has_a_checklist_of_eight_steps_and_parts_with_prices() {
        let mut codes = std::collections::BTreeSet::new();
        for trade in &lists().trades {
            assert_eq!(trade.checks.len(), 8, "{}", trade.skill);
            assert!(trade.models.len() >= 4 && trade.faults.len() >= 4 && trade.findings.len() >= 3, "{}", trade.skill);
            for part in &trade.parts {
                assert!(codes.insert(&part.code), "{} is there twice", part.code);
                assert!(part.price_minor("CNY") > part.price_minor("GBP") && part.price_minor("GBP") > 0, "{part:?}");
            }
        }
    }

    #[test]
    fn streets_are_inside_their_city() {
        for region in &lists().regions {
            let (latitude, longitude) = match region.code.as_str() {
                "shanghai" => (30.9..31.5, 121.2..121.7),
                "bristol" => (51.40..51.52, -2.70..-2.50),
                other => panic!("where is {other}?"),
            };
            for street in &region.streets {
                assert!(latitude.contains(&(f64::from(street.latitude_e7) / 1e7)), "{street:?}");
                assert!(longitude.contains(&(f64::from(street.longitude_e7) / 1e7)), "{street:?}");
            }
        }
    }
}
