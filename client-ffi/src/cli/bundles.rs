//! Handing orders over and taking them at a terminal: files, and codes whose texts a scanner wrote into files.

use std::path::Path;

use docket_sync_core::bundle::{BundleError, PartError, Parts, split};
use docket_sync_core::lifecycle::Language;
use serde_json::json;

use super::error::{CliError, REFUSED, Told, told};
use super::messages::{filled, text};
use super::show::refusal_key;
use super::{App, TerminalClient, args};
use crate::replica::{ReplicaError, Share, Taken};

/// How the text of a code begins; a file that begins so holds such texts, one a line.
const PART: &[u8] = b"DOCKET-PART:";

impl App<'_> {
    pub(super) fn bundle(&mut self, asked: &args::Bundle) -> Result<(), CliError> {
        let mut client = self.open()?;
        let mut orders = Vec::new();
        for order in &asked.orders {
            orders.push(client.find(order)?);
        }
        let share = if asked.unsent { Share::Unsent } else { Share::Whole };
        let handed = client.hand_over(&orders, share)?;
        let count = handed.orders.len().to_string();
        let bytes = handed.bytes.len().to_string();
        if let Some(file) = &asked.file {
            write(file, &handed.bytes)?;
            let path = file.display().to_string();
            if !self.json {
                let values = [("orders", count.as_str()), ("path", &path), ("bytes", &bytes)];
                self.say(&filled("device.said.bundled", self.language, &values))?;
            }
        }
        let mut parts_written = None;
        if let Some(folder) = &asked.qr {
            let parts = split(&handed.bytes).map_err(ReplicaError::from)?;
            std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
            for part in &parts {
                let name = format!("{:03}-of-{:03}", part.number(), part.total());
                write(&folder.join(format!("{name}.svg")), part.qr_svg().as_bytes())?;
                write(&folder.join(format!("{name}.txt")), part.text().as_bytes())?;
            }
            let (path, total) = (folder.display().to_string(), parts.len().to_string());
            if !self.json {
                let values = [("orders", count.as_str()), ("path", &path), ("parts", &total)];
                self.say(&filled("device.said.bundled_qr", self.language, &values))?;
            }
            parts_written = Some(parts.len());
        }
        if self.json {
            let orders: Vec<String> = handed.orders.iter().map(ToString::to_string).collect();
            return self.say_json(&json!({"orders": orders, "bytes": handed.bytes.len(), "codes": parts_written}));
        }
        Ok(())
    }

    pub(super) fn receive(&mut self, asked: &args::Receive) -> Result<(), CliError> {
        let mut client = self.open()?;
        let mut parts = Parts::default();
        let mut bundles = Vec::new();
        for file in &asked.files {
            let bytes = std::fs::read(file).map_err(|source| file_error(file, source))?;
            if bytes.trim_ascii_start().starts_with(PART) {
                let text = String::from_utf8(bytes).map_err(|_no_text| PartError::NotAPart)?;
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    parts.add(line)?;
                }
            } else {
                bundles.push(bytes);
            }
        }
        if parts.total() > 0 {
            bundles.push(parts.whole()?);
        }
        for bundle in bundles {
            let taken = client.take_over(&bundle)?;
            self.say_taken(&client, &taken)?;
        }
        Ok(())
    }

    fn say_taken(&mut self, client: &TerminalClient, taken: &Taken) -> Result<(), CliError> {
        if self.json {
            let orders = taken.orders.iter().map(|(id, order)| {
                let refused: Vec<&str> = order.refused.iter().map(|code| code.code()).collect();
                json!({
                    "order": id.to_string(), "entered": order.entered, "known": order.known,
                    "waiting": order.waiting, "refused": refused,
                })
            });
            let orders: Vec<serde_json::Value> = orders.collect();
            return self.say_json(&json!({
                "device": taken.from.to_string(), "made_at": taken.made_at.0, "orders": orders,
            }));
        }
        let mut names = Vec::new();
        for person in &taken.persons {
            names.push(client.person_name(*person)?);
        }
        self.say(&filled("device.said.received", self.language, &[("name", &names.join(", "))]))?;
        let rows = client.list()?;
        for (id, order) in &taken.orders {
            let serial = rows.iter().find(|(row, _)| row == id).and_then(|(_, row)| row.serial.clone());
            let name = serial.unwrap_or_else(|| id.to_string());
            let [entered, known, waiting] = [order.entered, order.known, order.waiting].map(|count| count.to_string());
            let values = [("order", name.as_str()), ("entered", &entered), ("known", &known), ("waiting", &waiting)];
            self.say(&filled("device.said.received_order", self.language, &values))?;
            for code in &order.refused {
                let why = text(refusal_key(*code), self.language);
                let values = [("order", name.as_str()), ("code", why)];
                self.say(&filled("device.said.received_refused", self.language, &values))?;
            }
        }
        Ok(())
    }
}

/// Why a bundle was not made or not taken.
pub(super) fn of_bundle(error: &BundleError, language: Language) -> Told {
    let key = match error {
        BundleError::TooLarge { .. } => "device.error.bundle_too_large",
        BundleError::Malformed => "device.error.bundle_malformed",
        BundleError::OtherCompany => "device.error.bundle_other_company",
        BundleError::Certificate => "device.error.bundle_certificate",
        BundleError::Signature => "device.error.bundle_signature",
        BundleError::Revoked => "device.error.bundle_revoked",
        BundleError::NoProof => "device.error.bundle_no_proof",
        BundleError::CarriesTooMuch => "device.error.bundle_carries_too_much",
        BundleError::Empty => "device.error.bundle_empty",
    };
    let (bytes, most) = match error {
        BundleError::TooLarge { bytes, most } => (bytes.to_string(), most.to_string()),
        _ => (String::new(), String::new()),
    };
    told(REFUSED, key, language, &[("bytes", &bytes), ("most", &most)])
}

/// Why a code was not taken.
pub(super) fn of_part(error: &PartError, language: Language) -> Told {
    match error {
        PartError::NotAPart => told(REFUSED, "device.error.part_unknown", language, &[]),
        PartError::Damaged => told(REFUSED, "device.error.part_damaged", language, &[]),
        PartError::OtherBundle => told(REFUSED, "device.error.part_of_other_bundle", language, &[]),
        PartError::Contradicts => told(REFUSED, "device.error.part_contradicts", language, &[]),
        PartError::Missing { missing, total } => {
            let (count, total) = (missing.len().to_string(), total.to_string());
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let values = [("count", count.as_str()), ("total", &total), ("missing", &missing.join(", "))];
            told(REFUSED, "device.error.parts_missing", language, &values)
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(path, bytes).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> CliError {
    CliError::File { path: path.display().to_string(), source }
}
