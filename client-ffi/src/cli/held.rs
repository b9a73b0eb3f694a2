//! What the technician holds, in words or as JSON.

use docket_sync_core::facts::values::Money;
use docket_sync_core::lifecycle::facets::{CustodyView, Holder};
use docket_sync_core::lifecycle::messages::coded;
use serde_json::{Value, json};

use super::App;
use super::error::CliError;
use super::messages::{filled, text};
use super::show::{decimal, money};
use crate::client::HeldHere;

impl App<'_> {
    pub(super) fn held(&mut self) -> Result<(), CliError> {
        let held = self.open()?.held()?;
        if self.json {
            return self.say_json(&self.held_json(&held));
        }
        if held == HeldHere::default() {
            return self.say(text("device.shown.held_nothing", self.language));
        }
        for (order, custody) in &held.goods {
            let key = if is_conflict(custody) { "device.shown.held_claimed" } else { "device.shown.held_goods" };
            let order = order.to_string();
            let values = [("goods", custody.goods.name.as_str()), ("receipt", &custody.receipt), ("order", &order)];
            self.say(&filled(key, self.language, &values))?;
        }
        for (currency, minor) in &held.cash {
            let amount = money(&Money { minor: *minor, currency: currency.clone() });
            self.say(&filled("device.shown.held_cash", self.language, &[("amount", &amount)]))?;
        }
        for (order, _, code) in &held.cores {
            self.say(&filled(
                "device.shown.held_core",
                self.language,
                &[("code", code), ("order", &order.to_string())],
            ))?;
        }
        for part in &held.parts {
            let key = if part.is_quota { "device.shown.held_quota" } else { "device.shown.held_part" };
            let quantity = format!("{} {}", decimal(part.left), part.unit);
            self.say(&filled(key, self.language, &[("code", &part.code), ("name", &part.name), ("left", &quantity)]))?;
        }
        Ok(())
    }

    fn held_json(&self, held: &HeldHere) -> Value {
        let goods = held.goods.iter().map(|(order, custody)| {
            json!({
                "order": order.to_string(), "goods": custody.goods.name, "serial": custody.goods.serial,
                "receipt": custody.receipt, "stage": custody.stage.code(),
                "stage_text": coded("custody", custody.stage.code(), self.language), "conflict": is_conflict(custody),
            })
        });
        let cash = held.cash.iter().map(|(currency, minor)| json!({"currency": currency, "minor": minor}));
        let cores = held
            .cores
            .iter()
            .map(|(order, line, code)| json!({"order": order.to_string(), "line": line.to_string(), "code": code}));
        let parts = held.parts.iter().map(|part| {
            json!({
                "code": part.code, "name": part.name, "unit": part.unit, "left_thousandths": part.left,
                "quota": part.is_quota,
            })
        });
        json!({
            "goods": goods.collect::<Vec<Value>>(), "cash": cash.collect::<Vec<Value>>(),
            "cores": cores.collect::<Vec<Value>>(), "parts": parts.collect::<Vec<Value>>(),
        })
    }
}

fn is_conflict(custody: &CustodyView) -> bool {
    matches!(custody.holder, Holder::Conflict(_))
}
