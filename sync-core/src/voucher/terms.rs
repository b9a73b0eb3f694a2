//! What binds the customer beside work and lines: quote and consent, discounts, goods, money, guarantee, next visit.

use super::build::{Fields, VoucherInput, money, window};
use crate::facts::values::{Channel, CustomerPerson, Money};
use crate::ids::FactId;
use crate::lifecycle::facets::{ConsentState, CustodyView, QuoteView, ReceiptState};
use crate::lifecycle::messages::{self, coded};
use crate::lifecycle::view::{Appointment, NotBillable, OrderView, Outcome};
use crate::reference::Language;
use crate::time::{DAY, UnixMillis};

/// The quote that the customer is bound by or asked about: the last one that he agreed to, else the current one.
fn shown_quote(view: &OrderView) -> Option<&QuoteView> {
    let agreed = view.facets.quotes.iter().rfind(|quote| quote.consent == ConsentState::Given);
    agreed.or_else(|| view.facets.current_quote())
}

/// The appointment, where it lies after everything that was done.
fn shown_appointment(view: &OrderView) -> Option<&Appointment> {
    let last = view.visits.iter().filter_map(|visit| visit.ended.or(visit.started).or(visit.arrived));
    let last = last.map(|moment| moment.claimed).max();
    view.appointment.as_ref().filter(|appointment| last.is_none_or(|last| appointment.window.from > last))
}

/// The facts that these fields show.
pub(super) fn facts(view: &OrderView) -> Vec<FactId> {
    let facets = &view.facets;
    let quote = shown_quote(view);
    let answer = quote.and_then(|quote| quote.answer.as_ref()).map(|answer| answer.at.fact);
    let discounts = facets.discounts.iter().filter(|discount| discount.counts).map(|discount| discount.at.fact);
    let next = shown_appointment(view).map(|appointment| appointment.at.fact);
    quote
        .map(|quote| quote.at.fact)
        .into_iter()
        .chain(answer)
        .chain(discounts)
        .chain(facets.custody.iter().map(|custody| custody.at.fact))
        .chain(facets.payments.iter().map(|payment| payment.at.fact))
        .chain(next)
        .collect()
}

/// When the repair's guarantee ends: so many days after the work was done (C-026). `None` where nothing was done, or
/// the policy gives none.
#[must_use]
pub fn guarantee_until(view: &OrderView, days: u32) -> Option<UnixMillis> {
    let done = view.visits.iter().filter_map(|visit| match &visit.outcome {
        Some(Outcome::Done { at, .. }) => Some(at.claimed),
        Some(Outcome::Unfinished { .. } | Outcome::NotRepairable { .. }) | None => None,
    });
    done.max().filter(|_| days > 0).map(|done| done.plus(i64::from(days).saturating_mul(DAY)))
}

/// Why a line is not charged, as the customer reads it; `None` where signing makes it due.
pub(super) fn held_text(held: Option<NotBillable>, language: Language) -> Option<&'static str> {
    let held = held.filter(|held| !held.ends_by_signing() && *held != NotBillable::NoCharge)?;
    Some(coded("not_billable", held.code(), messages_language(language)))
}

fn messages_language(language: Language) -> messages::Language {
    match language {
        Language::En => messages::Language::En,
        Language::Zh => messages::Language::Zh,
    }
}

impl Fields<'_> {
    /// Quote and consent, with the version (C-023, C-024).
    pub(super) fn quote(&mut self, input: &VoucherInput<'_>) {
        let Some(quote) = shown_quote(input.view) else { return };
        self.add("quote.version", "quote", quote.version.to_string());
        let mut sums = std::collections::BTreeMap::<&str, i64>::new();
        for line in &quote.lines {
            let sum = sums.entry(&line.amount.currency).or_default();
            *sum = sum.saturating_add(line.amount.minor);
        }
        let sums: Vec<String> =
            sums.into_iter().map(|(currency, minor)| money(&Money { minor, currency: currency.to_owned() })).collect();
        self.add("quote.amount", "quote_amount", sums.join(" + "));
        let state = self.text(match quote.consent {
            ConsentState::Given => "voucher.value.agreed",
            ConsentState::Refused => "voucher.value.refused",
            ConsentState::Open | ConsentState::Superseded => "voucher.value.not_answered",
        });
        let mut said = state.to_owned();
        if let Some(answer) = &quote.answer {
            said = format!("{said}, {}", input.policy.local_time(answer.at.claimed));
            if let Some(customer) = &answer.customer {
                said = format!("{said}, {}", self.person(customer));
            }
        }
        self.add("quote.consent", "consent", said);
    }

    fn person(&self, customer: &CustomerPerson) -> String {
        let channel = self.text(channel_key(customer.channel));
        let parts = [customer.name.as_str(), customer.relation.as_str(), channel];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Discounts that count (C-095), each with its reason.
    pub(super) fn discounts(&mut self, input: &VoucherInput<'_>) {
        let counting = input.view.facets.discounts.iter().filter(|discount| discount.counts);
        for (number, discount) in (1_usize..).zip(counting) {
            let off = Money { minor: discount.amount.minor.saturating_neg(), ..discount.amount.clone() };
            self.add(format!("discount.{number}.amount"), "discount", money(&off));
            self.add(format!("discount.{number}.reason"), "reason", discount.reason.as_str());
        }
    }

    /// Goods that were taken away, with the number of the customer's receipt (C-130, C-082).
    pub(super) fn custody(&mut self, input: &VoucherInput<'_>) {
        for (number, custody) in (1_usize..).zip(&input.view.facets.custody) {
            let goods = &custody.goods;
            let serial = goods.serial.as_ref().map(|serial| format!(" ({serial})")).unwrap_or_default();
            let pieces = if goods.pieces == 1 { String::new() } else { format!(" \u{d7} {}", goods.pieces) };
            self.add(format!("custody.{number}.goods"), "goods", format!("{}{serial}{pieces}", goods.name));
            self.add_some(format!("custody.{number}.condition"), "condition", goods.condition.as_ref());
            self.add(format!("custody.{number}.receipt"), "custody_receipt", custody.receipt.as_str());
            self.add(format!("custody.{number}.taken"), "taken", input.policy.local_time(custody.at.claimed));
            self.add(format!("custody.{number}.state"), "custody_state", self.text(custody_key(custody)));
        }
    }

    /// What was paid, with the number of the receipt (C-090).
    pub(super) fn payments(&mut self, input: &VoucherInput<'_>) {
        for (number, payment) in (1_usize..).zip(&input.view.facets.payments) {
            let label = if payment.cash { "cash" } else { "transfer" };
            self.add(format!("paid.{number}.amount"), label, money(&payment.amount));
            self.add(format!("paid.{number}.receipt"), "receipt", payment.receipt.as_str());
        }
    }

    /// The guarantee for the repair (C-026), and when somebody comes again.
    pub(super) fn afterwards(&mut self, input: &VoucherInput<'_>) {
        let days = input.policy.guarantee.repair_days;
        if let Some(until) = guarantee_until(input.view, days) {
            let shown = self.text("voucher.value.guarantee");
            let shown = shown.replace("{days}", &days.to_string()).replace("{date}", &input.policy.local_time(until));
            self.add("guarantee.repair", "guarantee", shown);
        }
        if let Some(next) = shown_appointment(input.view) {
            let state = if next.confirmed { "voucher.value.confirmed" } else { "voucher.value.proposed" };
            let shown = format!("{} ({})", window(&next.window, input.policy), self.text(state));
            self.add("next.appointment", "appointment", shown);
        }
    }
}

fn custody_key(custody: &CustodyView) -> &'static str {
    match custody.receipt_state {
        _ if custody.is_open() => "voucher.value.with_us",
        ReceiptState::VoidWithoutPaper => "voucher.value.returned_receipt_lost",
        ReceiptState::Live | ReceiptState::Void => "voucher.value.returned",
    }
}

fn channel_key(channel: Channel) -> &'static str {
    match channel {
        Channel::OnSite => "voucher.value.on_site",
        Channel::Phone => "voucher.value.by_phone",
        Channel::Fax
        | Channel::Letter
        | Channel::Email
        | Channel::Website
        | Channel::App
        | Channel::WalkIn
        | Channel::Store
        | Channel::Import => "voucher.value.in_writing",
    }
}
