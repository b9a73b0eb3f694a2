//! What went wrong, as one sentence and what to do next, with a stable code and exit code.

use docket_sync_core::bundle::PartError;
use docket_sync_core::commands::form::FormError;
use docket_sync_core::lifecycle::Language;
use docket_sync_core::sync::device::is_final;
use docket_sync_core::sync::frames::StopCode;

use super::bundles::{of_bundle, of_part};
use super::messages::filled;
use crate::attaching::AttachingError;
use crate::client::{ExecuteError, WitnessError};
use crate::enrolment::EnrolmentError;
use crate::orders::find::FindError;
use crate::platform::PlatformError;
use crate::replica::{AttachError, ReplicaError};
use crate::signing::SigningError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::transport::TransportError;

/// Everything that ends the program with an error.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Attaching(#[from] AttachingError),
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error("'{value}' is no {what}")]
    Value { what: &'static str, value: String },
    #[error("there is no command '{0}'")]
    NoCommand(String),
    #[error(transparent)]
    Form(#[from] FormError),
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error(transparent)]
    Part(#[from] PartError),
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("writing the output: {0}")]
    Output(#[from] std::io::Error),
    #[error("this order has no visit of yours")]
    NoVisit,
    #[error("this device has taken no signature on this order")]
    NoSignature,
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::Replica(error.into())
    }
}

impl From<PlatformError> for CliError {
    fn from(error: PlatformError) -> Self {
        Self::Replica(error.into())
    }
}

/// Exit codes; they are listed in the help.
pub(super) const FAILED: u8 = 1;
const USAGE: u8 = 2;
const NOT_ENROLLED: u8 = 3;
const NO_ORDER: u8 = 4;
pub(super) const REFUSED: u8 = 5;
const UNREACHABLE: u8 = 6;
const SERVER_REFUSED: u8 = 7;
const IN_USE: u8 = 8;

/// What the person is told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) exit: u8,
    pub(super) code: String,
    pub(super) text: String,
}

impl CliError {
    /// The sentence, what to do next, and the exit code.
    pub(super) fn told(&self, language: Language) -> Told {
        match self {
            Self::Replica(error) | Self::Find(FindError::Replica(error)) | Self::Sync(SyncError::Replica(error)) => {
                of_replica(error, language)
            }
            Self::Find(FindError::None(name)) => {
                told(NO_ORDER, "device.error.no_order", language, &[("order", name.as_str())])
            }
            Self::Find(FindError::Several { text, count }) => {
                let count = count.to_string();
                told(NO_ORDER, "device.error.several_orders", language, &[("order", text), ("count", &count)])
            }
            Self::Execute(error) | Self::Signing(SigningError::Execute(error)) => of_execute(error, language),
            Self::NoVisit | Self::Signing(SigningError::NoVisit) => {
                told(REFUSED, "device.error.no_visit", language, &[])
            }
            Self::Attaching(AttachingError::Execute(error)) => of_execute(error, language),
            Self::Attaching(AttachingError::Attach(AttachError::Replica(error))) => of_replica(error, language),
            Self::Attaching(AttachingError::NoVisit) => told(REFUSED, "device.error.no_visit", language, &[]),
            Self::Attaching(error) => {
                told(REFUSED, "device.error.not_attached", language, &[("problem", &error.to_string())])
            }
            Self::NoSignature => told(REFUSED, "device.error.no_signature", language, &[]),
            Self::Signing(error) => {
                told(REFUSED, "device.error.not_signed", language, &[("problem", &error.to_string())])
            }
            Self::Enrolment(EnrolmentError::AlreadyEnrolled) => {
                told(USAGE, "device.error.already_enrolled", language, &[])
            }
            Self::Enrolment(EnrolmentError::Store(StoreError::InUse)) => {
                told(IN_USE, "device.error.in_use", language, &[])
            }
            Self::Enrolment(error) => {
                told(FAILED, "device.error.not_accepted", language, &[("problem", &error.to_string())])
            }
            Self::Transport(error) | Self::Sync(SyncError::Transport(error)) => of_transport(error, language),
            Self::Sync(SyncError::Stopped(stop)) => {
                let key = match stop.code {
                    StopCode::NotConfirmed => "device.error.not_confirmed",
                    StopCode::Deactivated => "device.error.deactivated",
                    _ if is_final(stop) => "device.error.stopped",
                    _ => "device.error.stopped_for_now",
                };
                told(SERVER_REFUSED, key, language, &[("code", stop.code.code())])
            }
            Self::Sync(error) => {
                told(SERVER_REFUSED, "device.error.protocol", language, &[("problem", &error.to_string())])
            }
            Self::NoCommand(name) => told(USAGE, "device.error.no_command", language, &[("value", name)]),
            Self::Form(FormError { field, code, problem }) => {
                let key = match *code {
                    "missing_field" => "device.error.form_missing",
                    "unknown_field" => "device.error.form_unknown",
                    _ => "device.error.form_invalid",
                };
                told(USAGE, key, language, &[("field", field), ("problem", problem)])
            }
            Self::Witness(WitnessError::Execute(error)) => of_execute(error, language),
            Self::Witness(error) => {
                told(REFUSED, "device.error.not_witnessed", language, &[("problem", &error.to_string())])
            }
            Self::Part(error) => of_part(error, language),
            Self::Value { what, value } => told(USAGE, what, language, &[("value", value)]),
            Self::File { path, source } => {
                told(FAILED, "device.error.file", language, &[("path", path), ("problem", &source.to_string())])
            }
            Self::Output(error) => told(FAILED, "device.error.internal", language, &[("problem", &error.to_string())]),
        }
    }
}

pub(super) fn told(exit: u8, key: &'static str, language: Language, values: &[(&str, &str)]) -> Told {
    let code = key.trim_start_matches("device.error.").to_owned();
    Told { exit, code, text: filled(key, language, values) }
}

fn of_replica(error: &ReplicaError, language: Language) -> Told {
    match error {
        ReplicaError::NotEnrolled => told(NOT_ENROLLED, "device.error.not_enrolled", language, &[]),
        ReplicaError::KeyMissing => told(NOT_ENROLLED, "device.error.key_missing", language, &[]),
        ReplicaError::DraftOutdated => told(REFUSED, "device.error.draft_outdated", language, &[]),
        ReplicaError::Bundle(error) => of_bundle(error, language),
        ReplicaError::NoDocument(order) => {
            told(NO_ORDER, "device.error.no_order", language, &[("order", &order.to_string())])
        }
        ReplicaError::Store(StoreError::InUse) => told(IN_USE, "device.error.in_use", language, &[]),
        ReplicaError::Store(StoreError::Full) => told(FAILED, "device.error.disk_full", language, &[]),
        ReplicaError::Store(StoreError::Format { .. }) => told(FAILED, "device.error.newer_store", language, &[]),
        ReplicaError::Store(StoreError::Damaged { .. }) | ReplicaError::Damaged(_) | ReplicaError::Document(_) => {
            told(FAILED, "device.error.damaged", language, &[("problem", &error.to_string())])
        }
        ReplicaError::Store(StoreError::TooLarge { .. } | StoreError::Engine { .. }) | ReplicaError::Platform(_) => {
            told(FAILED, "device.error.internal", language, &[("problem", &error.to_string())])
        }
    }
}

fn of_execute(error: &ExecuteError, language: Language) -> Told {
    match error {
        ExecuteError::Refused(refusal) => {
            let exit = if refusal.field.is_some() { USAGE } else { REFUSED };
            Told { exit, code: refusal.code.to_owned(), text: refusal.text(language) }
        }
        ExecuteError::Replica(error) => of_replica(error, language),
    }
}

fn of_transport(error: &TransportError, language: Language) -> Told {
    let problem = error.to_string();
    match error {
        TransportError::Address(address) => told(USAGE, "device.error.address", language, &[("value", address)]),
        TransportError::PlainNotAllowed => told(USAGE, "device.error.plain", language, &[]),
        TransportError::FingerprintMissing => told(USAGE, "device.error.fingerprint_missing", language, &[]),
        TransportError::WrongServer { shown } => {
            told(SERVER_REFUSED, "device.error.wrong_server", language, &[("shown", &shown.to_string())])
        }
        TransportError::Unreachable { .. } => {
            told(UNREACHABLE, "device.error.unreachable", language, &[("problem", &problem)])
        }
        TransportError::Refused { code, message, .. } => {
            let code = if code.is_empty() { "server_refused".to_owned() } else { code.clone() };
            let text = filled("device.error.server_refused", language, &[("problem", message)]);
            Told { exit: SERVER_REFUSED, code, text }
        }
        TransportError::TooLarge { .. } | TransportError::Malformed(_) => {
            told(SERVER_REFUSED, "device.error.protocol", language, &[("problem", &problem)])
        }
    }
}
