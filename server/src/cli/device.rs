//! `docket device`: enrolment codes at the server's own terminal.

use std::path::PathBuf;

use clap::Subcommand;
use docket_sync_core::ids::DeviceId;

use super::{Failure, data, say};
use crate::listen::tls::{TlsIdentity, grouped};
use crate::restore::list_waiting;

/// Manages technicians' devices.
#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Makes a one-time code with which a technician enrols his device.
    #[command(after_help = "Example:\n  docket device enrol --data /var/lib/docket --login li\n\n\
        The code is good for 15 minutes and one device. The server must not run on the same folder; while it\n\
        runs, make the code on the office page.")]
    Enrol {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Login of the technician.
        #[arg(long)]
        login: String,
    },
    /// Confirms a device that the store enrolled once and has forgotten when it was restored.
    #[command(after_help = "Example:\n  docket device confirm --data /var/lib/docket --device 7d0c…\n\n\
        `docket device list` shows which devices wait. The server must not run on the same folder; while it runs,\n\
        confirm the device on the office page.")]
    Confirm {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The device, as the list shows it.
        #[arg(long)]
        device: String,
    },
    /// Lists enrolled devices.
    #[command(after_help = "Example:\n  docket device list --data /var/lib/docket")]
    List {
        /// Folder of the store.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

pub(super) fn run(command: DeviceCommand) -> Result<(), Failure> {
    match command {
        DeviceCommand::Enrol { data, login } => {
            let tls = TlsIdentity::kept(&data.join("tls"))?;
            let opened = data::open(&data)?;
            let made = (|| {
                let by = data::administrator(&opened.office)?;
                let person = data::person(&opened.office, &login)?.id;
                let committer = &opened.office.committer;
                Ok::<_, Failure>(committer.run_blocking(move |writer| writer.new_enrolment_code(person, by))?)
            })();
            opened.close();
            let (code, record) = made?;
            say(&format!("Code: {}", code.reveal()));
            say(&format!("Good until: {}", record.expires_at()));
            match tls {
                Some(tls) => say(&format!("TLS certificate fingerprint: {}", grouped(&tls.fingerprint()))),
                None => say("TLS certificate: none yet; `docket serve` makes it and says its fingerprint"),
            }
            Ok(())
        }
        DeviceCommand::Confirm { data, device } => confirm(&data, &device),
        DeviceCommand::List { data } => {
            let opened = data::open(&data)?;
            let (devices, waiting) = {
                let _durable = opened.office.hub.read();
                let store = opened.office.store.as_ref();
                (crate::feed::devices::list_devices(store, 100_000), list_waiting(store))
            };
            opened.close();
            for (device, waiting) in waiting? {
                say(&format!(
                    "{device} waits to be confirmed, {} facts held, last seen {}",
                    waiting.facts, waiting.last_at
                ));
            }
            for (device, contact) in devices? {
                let synced =
                    contact.and_then(|contact| contact.last_sync_at).map_or("never".to_owned(), |at| at.to_string());
                let state = if device.revoked_at.is_some() { "revoked" } else { "enrolled" };
                say(&format!("{} {state} last sync {synced}", device.device));
            }
            Ok(())
        }
    }
}

fn confirm(data: &std::path::Path, device: &str) -> Result<(), Failure> {
    let device: DeviceId =
        device.parse().map_err(|_no_id| Failure::new(format!("'{device}' is not the id of a device")))?;
    let opened = data::open(data)?;
    let confirmed = data::administrator(&opened.office)
        .and_then(|by| Ok(opened.office.committer.run_blocking(move |writer| writer.confirm_device(device, by))?));
    opened.close();
    say(&format!("Confirmed. Facts that had waited here and are in their orders now: {}", confirmed?));
    Ok(())
}
