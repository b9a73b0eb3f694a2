//! A made-up company at work: people, customers, sites, units and a day's orders, from a seed.
//!
//! The same options give the same company, on every machine. Nothing here talks to a server: the demo
//! program enters what this says through the product's own interfaces.

pub mod names;

use std::collections::BTreeSet;

use docket_sync_core::facts::Role;
use docket_sync_core::facts::values::{Channel, Place, ServiceClass, Urgency};
use docket_sync_core::ids::{PersonId, RecordId};
use docket_sync_core::time::{HOUR, MINUTE};

use crate::random::Random;
use names::{Region, Trade, lists};

/// What company to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// Where it is: a code of [`names::Lists::regions`].
    pub region: String,
    /// Number of technicians.
    pub technicians: usize,
    /// Number of orders that come in on the day.
    pub orders: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, region: "shanghai".to_owned(), technicians: 12, orders: 40 }
    }
}

/// The options ask for what does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no region '{region}'; there are: {known}")]
pub struct NoSuchRegion {
    /// What was asked for.
    pub region: String,
    /// What there is.
    pub known: String,
}

/// A company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// `zh` or `en`: the language of its people and customers.
    pub language: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Minutes ahead of UTC.
    pub utc_offset_minutes: i64,
    /// Office people and technicians, in the rotation's order.
    pub people: Vec<Person>,
    /// Customers; orders refer to them by position.
    pub customers: Vec<Customer>,
    /// The day's orders, in the order they come in.
    pub orders: Vec<DayOrder>,
}

/// Somebody who works there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// Name to log in with.
    pub login: String,
    /// Name as shown.
    pub name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Codes of skills; empty for the office.
    pub skills: Vec<String>,
}

/// A customer with one site and the units there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The customer's record.
    pub id: RecordId,
    /// Firm or person.
    pub name: String,
    /// Who answers there.
    pub contact: String,
    /// Phone; cannot be called.
    pub phone: String,
    /// The site's record.
    pub site: RecordId,
    /// The site's address.
    pub address: String,
    /// Where that is.
    pub place: Place,
    /// What stands there.
    pub units: Vec<Unit>,
}

/// A piece of equipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its record.
    pub id: RecordId,
    /// The maker's name of the model.
    pub model: String,
    /// The maker's number.
    pub serial: String,
    /// Skill that it needs.
    pub skill: String,
    /// Whether it is in its guarantee period.
    pub in_warranty: bool,
}

/// An order that comes in during the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOrder {
    /// Position in [`Company::customers`].
    pub customer: usize,
    /// Position in [`Customer::units`].
    pub unit: usize,
    /// How it comes in.
    pub channel: Channel,
    /// Service class.
    pub class: ServiceClass,
    /// Urgency.
    pub urgency: Urgency,
    /// The customer's words.
    pub problem: String,
    /// Skill that the work needs.
    pub skill: String,
    /// A note that the clerk adds, for some.
    pub note: Option<String>,
    /// Milliseconds after the start of the working day.
    pub comes_after_ms: i64,
}

/// Units at one site, at most.
const UNITS_MAX: i64 = 3;

/// Length of the working day in which orders come in.
const DAY_LENGTH_MS: i64 = 9 * HOUR;

impl Company {
    /// The company of these options.
    ///
    /// # Errors
    /// When there is no such region.
    pub fn generate(options: &Options) -> Result<Self, NoSuchRegion> {
        let region = names::region(&options.region).ok_or_else(|| NoSuchRegion {
            region: options.region.clone(),
            known: lists().regions.iter().map(|region| region.code.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        let random = Random::from_seed(options.seed);
        // Two in three orders come from different customers.
        let customers = options.orders.saturating_mul(2).div_ceil(3).max(1);
        // A small company repairs only what its men know.
        let trades = lists().trades.get(..options.technicians.max(1)).unwrap_or(&lists().trades);
        let mut people = people(region, options.technicians, random.fork("people"));
        let mut maker = random.fork("customers");
        let customers: Vec<Customer> = (0..customers).map(|_| customer(region, trades, &mut maker)).collect();
        let orders = orders(region, &customers, options.orders, random.fork("orders"));
        random.fork("rotation").shuffle(people.get_mut(OFFICE.len()..).unwrap_or_default());
        Ok(Self {
            name: region.company.clone(),
            language: region.language.clone(),
            currency: region.currency.clone(),
            utc_offset_minutes: region.utc_offset_minutes,
            people,
            customers,
            orders,
        })
    }

    /// The technicians, in the rotation's order.
    pub fn technicians(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.roles.contains(&Role::Technician))
    }
}

/// The office: login and roles.
const OFFICE: &[(&str, &[Role])] = &[
    ("admin", &[Role::Administrator]),
    ("clerk", &[Role::Clerk]),
    ("clerk2", &[Role::Clerk]),
    ("dispatch", &[Role::Dispatcher]),
    ("chief", &[Role::Supervisor, Role::Dispatcher]),
];

fn people(region: &Region, technicians: usize, mut random: Random) -> Vec<Person> {
    let mut names = BTreeSet::new();
    let mut unique_name = |random: &mut Random| {
        // A company of hundreds uses all names: then a number tells people apart.
        let name = person_name(region, random);
        let mut unique = name.clone();
        for number in 2_u32.. {
            if names.insert(unique.clone()) {
                break;
            }
            unique = format!("{name} {number}");
        }
        unique
    };
    let office = OFFICE.iter().map(|(login, roles)| ((*login).to_owned(), roles.to_vec(), Vec::new()));
    let trades = &lists().trades;
    let mut skills = random.fork("skills");
    let field = (0..technicians).map(|position| {
        // Every trade has its men: the first skill goes round, a second one by chance.
        let first = position.checked_rem(trades.len()).and_then(|trade| trades.get(trade));
        let second = skills.chance(1, 2).then(|| skills.pick(trades));
        let known: BTreeSet<String> = first.into_iter().chain(second).map(|trade| trade.skill.clone()).collect();
        (format!("tech{}", position.saturating_add(1)), vec![Role::Technician], known.into_iter().collect())
    });
    let all: Vec<_> = office.chain(field).collect();
    all.into_iter()
        .map(|(login, roles, skills)| {
            let id = PersonId(random.bytes());
            Person { id, login, name: unique_name(&mut random), roles, skills }
        })
        .collect()
}

fn filled(pattern: &str, region: &Region, random: &mut Random) -> String {
    let surname: &String = random.pick(&region.surnames);
    let given: &String = random.pick(&region.given_names);
    pattern.replace("{surname}", surname).replace("{given}", given)
}

fn person_name(region: &Region, random: &mut Random) -> String {
    filled(&region.person, region, random)
}

fn customer(region: &Region, trades: &[Trade], random: &mut Random) -> Customer {
    let contact = person_name(region, random);
    let name = if random.chance(2, 5) {
        contact.clone()
    } else {
        let pattern = random.pick(&region.businesses).clone();
        filled(&pattern, region, random)
    };
    let street = random.pick(&region.streets);
    let address = region
        .address
        .replace("{street}", &street.name)
        .replace("{number}", &random.between(1, street.numbers).to_string())
        .replace("{room}", &random.between(1, 28).saturating_mul(100).saturating_add(random.between(1, 6)).to_string());
    // House numbers run along about 600 m of the street.
    let mut near = |middle: i32| middle.saturating_add(i32::try_from(random.between(-30_000, 30_000)).unwrap_or(0));
    let place =
        Place { latitude_e7: near(street.latitude_e7), longitude_e7: near(street.longitude_e7), accuracy_m: 30 };
    let digits = region.phone_digits;
    let limit = u32::try_from(digits).ok().and_then(|digits| 10_u64.checked_pow(digits)).unwrap_or(1);
    let phone = format!("{}{:0digits$}", region.phone_prefix, random.below(limit));
    let units = (0..random.between(1, UNITS_MAX)).map(|_| unit(trades, random)).collect();
    Customer {
        id: RecordId(random.bytes()),
        name,
        contact,
        phone,
        site: RecordId(random.bytes()),
        address,
        place,
        units,
    }
}

fn unit(trades: &[Trade], random: &mut Random) -> Unit {
    let trade = random.pick(trades);
    let model = random.pick(&trade.models).clone();
    Unit {
        id: RecordId(random.bytes()),
        serial: format!("{:02}{:08}", random.between(18, 26), random.below(100_000_000)),
        model,
        skill: trade.skill.clone(),
        in_warranty: random.chance(1, 4),
    }
}

fn orders(region: &Region, customers: &[Customer], number: usize, mut random: Random) -> Vec<DayOrder> {
    let mut orders: Vec<DayOrder> = (0..number).map(|_| order(region, customers, &mut random)).collect();
    orders.sort_by_key(|order| order.comes_after_ms);
    orders
}

fn order(region: &Region, customers: &[Customer], random: &mut Random) -> DayOrder {
    let customer = random.position(customers.len());
    let units = customers.get(customer).map_or(&[][..], |customer| customer.units.as_slice());
    let unit = random.position(units.len());
    let trade: &Trade = units
        .get(unit)
        .and_then(|unit| names::trade(&unit.skill))
        .unwrap_or_else(|| unreachable!("every customer has a unit of a known trade"));
    let language = region.language.as_str();
    let in_warranty = units.get(unit).is_some_and(|unit| unit.in_warranty);
    let class = match (in_warranty, random.chance(1, 5)) {
        (true, _) => ServiceClass::Free,
        (false, true) => ServiceClass::Contract,
        (false, false) => ServiceClass::Chargeable,
    };
    let urgency = match random.below(10) {
        0 => Urgency::Hazard,
        1 | 2 => Urgency::Urgent,
        _ => Urgency::Normal,
    };
    let problem = random.pick(&trade.faults).in_language(language).to_owned();
    let note = random.chance(1, 3).then(|| random.pick(&lists().notes).in_language(language).to_owned());
    // Most calls come in the morning: the smaller of two draws.
    let first = random.between(0, DAY_LENGTH_MS);
    let comes_after_ms = whole_minutes(first.min(random.between(0, DAY_LENGTH_MS)));
    let channel = *random.pick(&[Channel::Phone, Channel::Phone, Channel::App, Channel::Website, Channel::WalkIn]);
    DayOrder { customer, unit, channel, class, urgency, problem, skill: trade.skill.clone(), note, comes_after_ms }
}

fn whole_minutes(millis: i64) -> i64 {
    millis.saturating_sub(millis % MINUTE)
}

#[cfg(test)]
mod tests;
