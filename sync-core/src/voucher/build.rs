//! From the order to the fields of its voucher, as the customer reads them in his language.
//!
//! Everything is copied by value, texts included: a later change of a name, a price or a translation does not
//! change what was signed.

use std::collections::BTreeMap;

use super::labels::{text, unit_text};
use super::leaf::Leaf;
use super::terms;
use super::{Header, Voucher, VoucherError};
use crate::facts::values::{CheckResult, Line, LineKind, Money, ServiceClass, UnfinishedReason, Window};
use crate::ids::{Digest, DocumentId, FactId, PersonId, StoreId};
use crate::lifecycle::view::{LineStanding, LineView, OrderView, Outcome, Visit};
use crate::limits;
use crate::policy::ServicePolicy;
use crate::proof::certificate::Fingerprint;
use crate::reference::Language;

/// Names from the reference records, as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The company.
    pub company: String,
    /// Its phone number for customers.
    pub company_phone: Option<String>,
    /// The customer.
    pub customer: String,
    /// His phone number.
    pub phone: String,
    /// The site's address.
    pub address: String,
    /// Model of the unit.
    pub model: Option<String>,
    /// Serial number of the unit.
    pub unit_serial: Option<String>,
    /// Technicians who appear in visits. One without a name is shown by his id.
    pub technicians: BTreeMap<PersonId, String>,
}

/// What a voucher is made of.
#[derive(Debug, Clone, Copy)]
pub struct VoucherInput<'a> {
    /// The order.
    pub document: DocumentId,
    /// The company's store.
    pub store: StoreId,
    /// Fingerprint of the store's key.
    pub fingerprint: Fingerprint,
    /// Language that the customer reads.
    pub language: Language,
    /// The policy that the device holds: template, terms, currency, local time.
    pub policy: &'a ServicePolicy,
    /// The order as the device shows it.
    pub view: &'a OrderView,
    /// The facts that the voucher shows ([`shown_facts`]) with their content digests; in any order.
    pub covered: &'a [(FactId, Digest)],
    /// Names from the reference records.
    pub names: &'a Names,
}

/// The facts of `view` that a voucher shows: the request, what was agreed, visits with their outcomes, every
/// effective line, quote and consent, discounts, goods taken, payments, the next visit. Ascending, none twice.
#[must_use]
pub fn shown_facts(view: &OrderView) -> Vec<FactId> {
    let request = view.request.as_ref().map(|request| request.at.fact);
    let agreed = view.confirmation.as_ref().map(|agreed| agreed.at.fact);
    let visits = shown_visits(view).flat_map(|visit| {
        let moments = [visit.departed, visit.arrived, visit.started, visit.ended];
        let outcome = visit.outcome.as_ref().map(|outcome| match outcome {
            Outcome::Done { at, .. } | Outcome::Unfinished { at, .. } | Outcome::NotRepairable { at, .. } => at.fact,
        });
        moments.into_iter().flatten().map(|moment| moment.fact).chain([visit.id]).chain(outcome)
    });
    let lines = effective_lines(view).map(|line| line.at.fact);
    let terms = terms::facts(view);
    let mut facts: Vec<FactId> = request.into_iter().chain(agreed).chain(visits).chain(lines).chain(terms).collect();
    facts.sort_unstable();
    facts.dedup();
    facts
}

/// How finely lines are split into fields.
#[derive(Clone, Copy)]
enum Split {
    /// Item, quantity and amount are fields of their own.
    Parts,
    /// One field for each line: for orders with so many lines that the proof would become too large.
    Whole,
}

pub(super) fn build(input: &VoucherInput<'_>, seed: &[u8; 32]) -> Result<Voucher, VoucherError> {
    let fine = build_split(input, seed, Split::Parts)?;
    if fine.to_bytes().len() <= limits::VOUCHER_BYTES_MAX {
        return Ok(fine);
    }
    let coarse = build_split(input, seed, Split::Whole)?;
    let bytes = coarse.to_bytes().len();
    if bytes <= limits::VOUCHER_BYTES_MAX {
        Ok(coarse)
    } else {
        Err(VoucherError::TooLarge { bytes, max: limits::VOUCHER_BYTES_MAX })
    }
}

fn build_split(input: &VoucherInput<'_>, seed: &[u8; 32], split: Split) -> Result<Voucher, VoucherError> {
    let mut fields = Fields { language: input.language, seed, leaves: Vec::new() };
    fields.order(input)?;
    let mut visits = 0;
    for (number, visit) in (1_usize..).zip(shown_visits(input.view)) {
        fields.visit(number, visit, input);
        visits = number;
    }
    if visits == 0 {
        // C-083: content, fee, time. The fee is always there; a visit gives content and time.
        return Err(VoucherError::Missing("visit"));
    }
    fields.quote(input);
    for (number, line) in (1_usize..).zip(effective_lines(input.view)) {
        fields.line(number, line, split);
    }
    fields.discounts(input);
    fields.total(input);
    fields.payments(input);
    fields.custody(input);
    fields.afterwards(input);
    fields.add("terms", "terms", input.policy.voucher.terms.text(input.language));
    let header = Header {
        template: input.policy.voucher.template.clone(),
        template_version: input.policy.voucher.template_version,
        policy: input.policy.version,
        language: input.language,
        store: input.store,
        fingerprint: input.fingerprint,
        document: input.document,
    };
    let mut covered = input.covered.to_vec();
    covered.sort_unstable();
    covered.dedup();
    Ok(Voucher { header_commitment: header.commitment(), header, leaves: fields.leaves, covered })
}

/// Visits on which somebody was there; one that is only on its way shows no work and no time.
fn shown_visits(view: &OrderView) -> impl Iterator<Item = &Visit> {
    let was_there = |visit: &&Visit| visit.arrived.or(visit.started).is_some() || visit.outcome.is_some();
    view.visits.iter().filter(was_there)
}

fn effective_lines(view: &OrderView) -> impl Iterator<Item = &LineView> {
    view.lines.iter().filter(|line| line.standing == LineStanding::Effective)
}

/// The leaves so far.
pub(super) struct Fields<'a> {
    language: Language,
    seed: &'a [u8; 32],
    leaves: Vec<Leaf>,
}

impl Fields<'_> {
    pub(super) fn add(&mut self, path: impl Into<String>, label: &str, value: impl Into<String>) {
        self.leaves.push(Leaf::new(path.into(), label, value.into(), self.seed));
    }

    pub(super) fn add_some(&mut self, path: impl Into<String>, label: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(path, label, value);
        }
    }

    pub(super) fn text(&self, key: &'static str) -> &'static str {
        text(key, self.language)
    }

    fn order(&mut self, input: &VoucherInput<'_>) -> Result<(), VoucherError> {
        let (names, policy) = (input.names, input.policy);
        let request = input.view.request.as_ref().ok_or(VoucherError::Missing("request"))?;
        self.add("company", "company", &names.company);
        self.add_some("company.phone", "company_phone", names.company_phone.as_ref());
        self.add_some("order.serial", "serial", request.serial.as_ref());
        self.add("order.registered", "registered", policy.local_time(request.at.claimed));
        self.add("customer.name", "customer", &names.customer);
        self.add("customer.phone", "phone", &names.phone);
        self.add("site.address", "address", &names.address);
        self.add_some("unit.model", "model", names.model.as_ref());
        self.add_some("unit.serial", "unit_serial", names.unit_serial.as_ref());
        self.add("order.class", "class", self.text(class_key(input.view.facets.class.unwrap_or(request.class))));
        self.add("order.problem", "problem", &request.problem);
        if let Some(agreed) = &input.view.confirmation {
            let warranty =
                if agreed.in_warranty { "voucher.value.in_warranty" } else { "voucher.value.out_of_warranty" };
            self.add("agreed.content", "agreed", &agreed.content);
            self.add("agreed.warranty", "warranty", self.text(warranty));
            self.add_some("agreed.estimate", "estimate", agreed.amount.as_ref().map(money));
        }
        Ok(())
    }

    fn visit(&mut self, number: usize, visit: &Visit, input: &VoucherInput<'_>) {
        let technician = input.names.technicians.get(&visit.technician);
        let technician = technician.cloned().unwrap_or_else(|| visit.technician.to_string());
        self.add(format!("visit.{number}.technician"), "technician", technician);
        for (part, moment) in [("arrived", visit.arrived), ("started", visit.started), ("ended", visit.ended)] {
            let time = moment.map(|moment| input.policy.local_time(moment.claimed));
            self.add_some(format!("visit.{number}.{part}"), part, time);
        }
        match &visit.outcome {
            Some(Outcome::Done { finding, .. }) => {
                self.add(format!("visit.{number}.outcome"), "outcome", self.text("voucher.value.done"));
                self.add_some(format!("visit.{number}.finding"), "finding", finding.as_ref());
            }
            Some(Outcome::Unfinished { reason, text, next, .. }) => {
                let reason = self.text(unfinished_key(*reason));
                let shown = text.as_ref().map_or_else(|| reason.to_owned(), |text| format!("{reason}: {text}"));
                self.add(format!("visit.{number}.outcome"), "unfinished", shown);
                let next = next
                    .map_or_else(|| self.text("voucher.value.no_date").to_owned(), |next| window(&next, input.policy));
                self.add(format!("visit.{number}.next"), "next", next);
            }
            Some(Outcome::NotRepairable { finding, .. }) => {
                self.add(format!("visit.{number}.outcome"), "outcome", self.text("voucher.value.not_repairable"));
                self.add(format!("visit.{number}.finding"), "finding", finding.clone());
            }
            None => {}
        }
    }

    fn line(&mut self, number: usize, view: &LineView, split: Split) {
        let line: &Line = &view.line;
        let held = terms::held_text(view.held, self.language);
        let (label, billed) = line_kind(line.kind);
        let details: Vec<&str> = [&line.code, &line.serial].into_iter().flatten().map(String::as_str).collect();
        let item =
            if details.is_empty() { line.name.clone() } else { format!("{} ({})", line.name, details.join(", ")) };
        let result = line.result.map(|result| self.text(result_key(result)).to_owned());
        let counted = !matches!(line.kind, LineKind::Photo | LineKind::Checklist);
        let quantity = counted.then(|| quantity(line.quantity, &line.unit, self.language));
        let amount = match &line.amount {
            Some(amount) => Some(money(amount)),
            None if billed => Some(self.text("voucher.value.free_of_charge").to_owned()),
            None => None,
        };
        match split {
            Split::Parts => {
                self.add(format!("line.{number}.item"), label, item);
                self.add_some(format!("line.{number}.result"), "result", result);
                self.add_some(format!("line.{number}.quantity"), "quantity", quantity);
                self.add_some(format!("line.{number}.amount"), "amount", amount);
                self.add_some(format!("line.{number}.held"), "not_charged", held);
            }
            Split::Whole => {
                let held = held.map(str::to_owned);
                let parts: Vec<String> = [Some(item), result, quantity, amount, held].into_iter().flatten().collect();
                self.add(format!("line.{number}"), label, parts.join("; "));
            }
        }
    }

    /// The fee for each currency, less the discounts; 0 is stated too (C-083). What signing does not make due is
    /// not in it.
    fn total(&mut self, input: &VoucherInput<'_>) {
        let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
        for amount in effective_lines(input.view).filter_map(LineView::charge_if_signed) {
            let total = totals.entry(&amount.currency).or_default();
            *total = total.saturating_add(amount.minor);
        }
        for (currency, off) in &input.view.facets.money.discount {
            if let Some(total) = totals.get_mut(currency.as_str()) {
                *total = total.saturating_sub(*off).max(0);
            }
        }
        if totals.is_empty() {
            totals.insert(&input.policy.currency, 0);
        }
        for (currency, minor) in totals {
            let total = Money { minor, currency: currency.to_owned() };
            self.add(format!("total.{currency}"), "total", money(&total));
        }
    }
}

/// An amount as people read it: `35.00 CNY`.
pub(super) fn money(amount: &Money) -> String {
    // Digits of the minor unit (ISO 4217); two where not listed.
    let digits: u32 = match amount.currency.as_str() {
        "CLP" | "ISK" | "JPY" | "KRW" | "PYG" | "UGX" | "VND" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    format!("{} {}", decimal(amount.minor, digits, Zeros::Kept), amount.currency)
}

/// A quantity in thousandths as people read it: `1.5 h`, `1.5 小时`.
fn quantity(thousandths: i64, unit: &str, language: Language) -> String {
    format!("{} {}", decimal(thousandths, 3, Zeros::Dropped), unit_text(unit, language))
}

/// Whether zeros at the end of a fraction are shown.
#[derive(Clone, Copy, PartialEq)]
enum Zeros {
    Kept,
    Dropped,
}

fn decimal(number: i64, digits: u32, zeros: Zeros) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let scale = 10_u64.saturating_pow(digits).max(1);
    let magnitude = number.unsigned_abs();
    let (whole, fraction) = (magnitude.checked_div(scale).unwrap_or(0), magnitude.checked_rem(scale).unwrap_or(0));
    let width = usize::try_from(digits).unwrap_or(0);
    let fraction = if digits == 0 { String::new() } else { format!("{fraction:0width$}") };
    let fraction = if zeros == Zeros::Dropped { fraction.trim_end_matches('0') } else { &fraction };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

pub(super) fn window(window: &Window, policy: &ServicePolicy) -> String {
    format!("{} – {}", policy.local_time(window.from), policy.local_time(window.to))
}

/// Label of a line, and whether a missing price means free of charge.
fn line_kind(kind: LineKind) -> (&'static str, bool) {
    match kind {
        LineKind::Labour => ("labour", true),
        LineKind::Part => ("part", true),
        LineKind::Expense => ("expense", true),
        LineKind::Reading => ("reading", false),
        LineKind::Photo => ("photo", false),
        LineKind::Checklist => ("checklist", false),
    }
}

fn class_key(class: ServiceClass) -> &'static str {
    match class {
        ServiceClass::Chargeable => "voucher.value.chargeable",
        ServiceClass::Contract => "voucher.value.contract",
        ServiceClass::Free => "voucher.value.free",
        ServiceClass::Internal => "voucher.value.internal",
    }
}

fn unfinished_key(reason: UnfinishedReason) -> &'static str {
    match reason {
        UnfinishedReason::Parts => "voucher.value.waits_for_parts",
        UnfinishedReason::Customer => "voucher.value.waits_for_customer",
        UnfinishedReason::Weather => "voucher.value.waits_for_weather",
        UnfinishedReason::Skill => "voucher.value.waits_for_skill",
        UnfinishedReason::Other => "voucher.value.waits_for_other",
    }
}

fn result_key(result: CheckResult) -> &'static str {
    match result {
        CheckResult::Ok => "voucher.value.check_ok",
        CheckResult::Fault => "voucher.value.check_fault",
        CheckResult::NotApplicable => "voucher.value.check_not_applicable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_quantities_read_as_people_write_them() {
        let shown = |minor, currency: &str| money(&Money { minor, currency: currency.to_owned() });
        assert_eq!(shown(3_500, "CNY"), "35.00 CNY");
        assert_eq!(shown(-5, "EUR"), "-0.05 EUR");
        assert_eq!(shown(0, "CNY"), "0.00 CNY");
        assert_eq!(shown(1_200, "JPY"), "1200 JPY");
        assert_eq!(shown(1_234, "KWD"), "1.234 KWD");
        assert_eq!(shown(i64::MIN, "CNY"), "-92233720368547758.08 CNY");
        assert_eq!(quantity(1_500, "h", Language::Zh), "1.5 小时");
        assert_eq!(quantity(2_000, "piece", Language::En), "2 piece");
        assert_eq!(quantity(-5, "kPa", Language::Zh), "-0.005 kPa");
    }
}
