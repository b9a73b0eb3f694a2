//! What a technician will do on one visit: drawn once, when he takes the order, from his seed and the order.

use std::collections::VecDeque;

use docket_sync_core::facts::values::{
    CheckResult, Line, LineKind, Money, Opinion, OpinionGrade, PartSource, UnfinishedReason,
};

use super::messages::{Language, text};
use crate::demo::names::{Trade, lists};
use crate::random::Random;

/// Price of an hour of work in minor units of the company's money.
fn hour_price(currency: &str) -> i64 {
    if currency == "GBP" { 5_500 } else { 12_000 }
}

/// One thing he does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Takes the order.
    Accept,
    /// Sends it back.
    Refuse(String),
    /// Sets out.
    Depart,
    /// Arrives.
    Arrive,
    /// Begins to work.
    Start,
    /// Records a line.
    Line(Box<Line>),
    /// Writes a note.
    Note(String),
    /// Stops for a while.
    Pause(String),
    /// Goes on.
    Resume,
    /// Reports it done, with what he found.
    Done(String),
    /// Leaves it unfinished; the next visit is so many hours after the day's beginning.
    Unfinished(UnfinishedReason, String, Option<i64>),
    /// Gets the voucher signed.
    Sign(Opinion),
    /// The customer does not sign.
    RefuseSignature(String),
    /// Fills in what the company's forms ask.
    Forms,
    /// Takes a photo: its name, and what it shows.
    Photo(String, u64),
    /// Takes something along to the workshop: its name and serial number.
    Goods(String, String),
    /// Says what it will cost.
    Quote(serde_json::Value),
    /// The customer agrees to it, or does not.
    Consent(bool),
    /// The customer pays.
    Cash,
    /// Hands the cash in.
    Remit,
}

impl Step {
    /// Its name in the list of acts: the code of its command.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse(_) => "refuse",
            Self::Depart => "depart",
            Self::Arrive => "arrive",
            Self::Start => "start",
            Self::Line(_) => "record_line",
            Self::Note(_) => "note",
            Self::Pause(_) => "pause",
            Self::Resume => "resume",
            Self::Done(_) => "done",
            Self::Unfinished(..) => "unfinished",
            Self::Sign(_) => "sign",
            Self::RefuseSignature(_) => "refuse_signature",
            Self::Forms => "forms",
            Self::Photo(..) => "photo",
            Self::Goods(..) => "take_custody",
            Self::Quote(_) => "issue_quote",
            Self::Consent(true) => "give_consent",
            Self::Consent(false) => "refuse_consent",
            Self::Cash => "collect_cash",
            Self::Remit => "remit_cash",
        }
    }
}

/// What is known when the plan is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Language of people and customers.
    pub language: Language,
    /// The company's money.
    pub currency: &'a str,
    /// What is repaired.
    pub trade: &'a Trade,
    /// Whether the customer pays.
    pub chargeable: bool,
}

/// The steps of one visit, each with the minutes that pass before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    steps: VecDeque<(i64, Step)>,
}

impl Plan {
    /// Draws a visit.
    #[must_use]
    pub fn draw(random: &mut Random, known: Known<'_>) -> Self {
        let mut plan = Self::default();
        if random.chance(1, 25) {
            plan.after(random.between(1, 6), Step::Refuse(text("demo.text.refuse", known.language).to_owned()));
            return plan;
        }
        plan.after(random.between(1, 6), Step::Accept);
        plan.after(random.between(1, 6), Step::Depart);
        plan.after(random.between(8, 35), Step::Arrive);
        plan.after(random.between(1, 5), Step::Start);
        let agrees = plan.quote(&mut random.fork("quote"), known);
        let unfinished = random.chance(1, 6) || !agrees;
        plan.work(random, known, unfinished);
        plan.on_site(&mut random.fork("on site"), known, unfinished);
        plan.outcome(random, known, unfinished);
        plan.cash(&mut random.fork("cash"), known);
        plan
    }

    /// Takes the next step.
    pub fn take(&mut self) -> Option<Step> {
        self.steps.pop_front().map(|(_, step)| step)
    }

    /// Minutes until the next step; `None` at the end.
    #[must_use]
    pub fn pause(&self) -> Option<i64> {
        self.steps.front().map(|(minutes, _)| *minutes)
    }

    /// He sets out this many minutes later.
    pub fn set_out_later(&mut self, minutes: i64) {
        if let Some((pause, _)) = self.steps.iter_mut().find(|(_, step)| *step == Step::Depart) {
            *pause = pause.saturating_add(minutes);
        }
    }

    fn after(&mut self, minutes: i64, step: Step) {
        self.steps.push_back((minutes, step));
    }

    /// Checklist, parts, labour, a note, sometimes a break.
    fn work(&mut self, random: &mut Random, known: Known<'_>, unfinished: bool) {
        let language = known.language.code();
        let checks = random.between(3, 6);
        for check in known.trade.checks.iter().take(usize::try_from(checks).unwrap_or(0)) {
            let result = if random.chance(1, 6) { CheckResult::Fault } else { CheckResult::Ok };
            let checked =
                Line { result: Some(result), ..line(LineKind::Checklist, check.in_language(language), 1_000, "") };
            self.after(random.between(1, 4), Step::Line(Box::new(checked)));
        }
        if random.chance(1, 6) {
            self.after(random.between(2, 8), Step::Pause(text("demo.text.pause", known.language).to_owned()));
            self.after(random.between(10, 40), Step::Resume);
        }
        let parts = if unfinished { random.between(0, 1) } else { random.between(0, 2) };
        for _ in 0..parts {
            let part = random.pick(&known.trade.parts);
            let pieces = random.between(1, 2);
            let price = if known.chargeable { part.price_minor(known.currency).saturating_mul(pieces) } else { 0 };
            let serial = random.chance(1, 4).then(|| format!("SN{:08}", random.below(100_000_000)));
            let fitted = Line {
                amount: Some(Money { minor: price, currency: known.currency.to_owned() }),
                code: Some(part.code.clone()),
                source: Some(PartSource::Van),
                serial,
                ..line(LineKind::Part, part.name.in_language(language), pieces.saturating_mul(1_000), &part.unit)
            };
            self.after(random.between(4, 15), Step::Line(Box::new(fitted)));
        }
        if random.chance(1, 2) {
            let note = random.pick(&lists().notes).in_language(language).to_owned();
            self.after(random.between(1, 3), Step::Note(note));
        }
        let quarters = random.between(2, 8);
        let price = quarters.saturating_mul(hour_price(known.currency)).checked_div(4).unwrap_or(0);
        let price = if known.chargeable { price } else { 0 };
        let labour = Line {
            amount: Some(Money { minor: price, currency: known.currency.to_owned() }),
            ..line(LineKind::Labour, text("demo.text.labour", known.language), quarters.saturating_mul(250), "h")
        };
        self.after(random.between(8, 40), Step::Line(Box::new(labour)));
    }

    /// A larger repair is quoted first; whether the customer agrees.
    fn quote(&mut self, random: &mut Random, known: Known<'_>) -> bool {
        if !known.chargeable || !random.chance(1, 5) {
            return true;
        }
        let hours = random.between(2, 4);
        let amount = hours.saturating_mul(hour_price(known.currency));
        let name = text("demo.text.labour", known.language);
        let amount = serde_json::json!({"minor": amount, "currency": known.currency});
        let line =
            serde_json::json!({"name": name, "quantity": hours.saturating_mul(1_000), "unit": "h", "amount": amount});
        self.after(random.between(3, 8), Step::Quote(serde_json::json!([line])));
        let agrees = random.chance(3, 4);
        self.after(random.between(1, 4), Step::Consent(agrees));
        agrees
    }

    /// Forms, photos, and what goes along to the workshop.
    fn on_site(&mut self, random: &mut Random, known: Known<'_>, unfinished: bool) {
        if random.chance(1, 2) {
            let seed = random.below(u64::MAX);
            self.after(1, Step::Photo(text("demo.text.photo", known.language).to_owned(), seed));
        }
        if unfinished && random.chance(1, 2) {
            let part = random.pick(&known.trade.parts).name.in_language(known.language.code()).to_owned();
            self.after(random.between(1, 5), Step::Goods(part, format!("SN{:08}", random.below(100_000_000))));
        }
        self.after(random.between(2, 5), Step::Forms);
    }

    /// Who pays on site pays in cash, sometimes; it goes to the office when he passes there.
    fn cash(&mut self, random: &mut Random, known: Known<'_>) {
        let signs = self.steps.iter().any(|(_, step)| matches!(step, Step::Sign(_)));
        if known.chargeable && signs && random.chance(2, 3) {
            self.after(random.between(1, 3), Step::Cash);
            if random.chance(1, 2) {
                self.after(random.between(10, 30), Step::Remit);
            }
        }
    }

    /// Done or not, signed or not.
    fn outcome(&mut self, random: &mut Random, known: Known<'_>, unfinished: bool) {
        if unfinished {
            let reasons = [UnfinishedReason::Parts, UnfinishedReason::Customer, UnfinishedReason::Skill];
            let reason = *random.pick(&reasons);
            // On the next morning, where the customer could say when.
            let next = random.chance(2, 3).then(|| random.between(24, 30));
            let why = text("demo.text.unfinished", known.language).to_owned();
            self.after(random.between(2, 6), Step::Unfinished(reason, why, next));
        } else {
            let finding = random.pick(&known.trade.findings).in_language(known.language.code()).to_owned();
            self.after(random.between(2, 6), Step::Done(finding));
        }
        let pause = random.between(1, 6);
        let opinion = opinion(random, known.language);
        match random.below(20) {
            0 | 1 => {
                self.after(pause, Step::RefuseSignature(text("demo.text.no_signature", known.language).to_owned()));
            }
            // Nobody there who could sign; half of the unfinished visits are not signed either.
            2 => {}
            number if unfinished && number < 11 => {}
            _ => self.after(pause, Step::Sign(opinion)),
        }
    }
}

fn opinion(random: &mut Random, language: Language) -> Opinion {
    let grade = match random.below(10) {
        0 => OpinionGrade::NoneGiven,
        1 => OpinionGrade::Acceptable,
        2 => OpinionGrade::Dissatisfied,
        _ => OpinionGrade::Satisfied,
    };
    let words = random.chance(1, 3).then(|| random.pick(&lists().opinions).in_language(language.code()).to_owned());
    Opinion { text: words.filter(|_| grade == OpinionGrade::Satisfied), grade }
}

fn line(kind: LineKind, name: &str, quantity: i64, unit: &str) -> Line {
    let (name, unit) = (name.to_owned(), unit.to_owned());
    Line::new(kind, name, quantity, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_follow_their_seed_and_all_kinds_of_ends_occur() {
        let known = Known { language: Language::Zh, currency: "CNY", trade: &lists().trades[0], chargeable: true };
        let draw = |seed| Plan::draw(&mut Random::from_seed(seed), known);
        assert_eq!(draw(1), draw(1));
        let plans: Vec<Plan> = (0..200).map(draw).collect();
        let with =
            |is: fn(&Step) -> bool| plans.iter().filter(|plan| plan.steps.iter().any(|(_, step)| is(step))).count();
        assert!((120..190).contains(&with(|step| matches!(step, Step::Sign(_)))));
        assert!((10..60).contains(&with(|step| matches!(step, Step::Unfinished(..)))));
        assert!((5..50).contains(&with(|step| matches!(step, Step::RefuseSignature(_)))));
        assert!((1..30).contains(&with(|step| matches!(step, Step::Refuse(_)))));
        assert_eq!(with(|step| *step == Step::Forms), with(|step| *step == Step::Start), "forms belong to every visit");
        for kind in [
            |step: &Step| matches!(step, Step::Photo(..)),
            |step: &Step| matches!(step, Step::Goods(..)),
            |step: &Step| *step == Step::Consent(false),
            |step: &Step| *step == Step::Remit,
        ] {
            assert!(with(kind) > 2);
        }
    }
}
