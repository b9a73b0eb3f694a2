//! `docket verify`: checks a customer's signed copy. Reads one file, nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use docket_sync_core::limits;
use docket_sync_core::proof::Fingerprint;
use docket_sync_core::reference::Language;
use docket_sync_core::voucher::page::verify_file;
use docket_sync_core::voucher::{VerificationCode, voucher_text};

use super::{say, say_error};

/// Exit code when the copy does not pass.
const NOT_PASSED: u8 = 3;

/// Checks a customer's signed copy; needs no server and no network.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  docket verify copy-2026-000017.html --store-key '3f2a 91c0 77de 10b4 5a6c 0f1e 8d2b c4a9'\n\n\
    Exit codes: 0 the copy passed, 3 it did not, 1 the file could not be read."
)]
pub(super) struct VerifyOptions {
    /// The copy: the page, or the bytes alone.
    file: PathBuf,
    /// Fingerprint of the company's store key, as printed on your voucher.
    #[arg(long, value_name = "FINGERPRINT")]
    store_key: Option<Fingerprint>,
    /// The verification code, as it stands on a paper or in a QR code.
    #[arg(long, value_name = "CODE")]
    code: Option<VerificationCode>,
    /// Language of the report: en or zh.
    #[arg(long, value_parser = |text: &str| Language::from_code(text).ok_or("possible are en, zh"), default_value = "en")]
    lang: Language,
}

pub(super) fn run(options: &VerifyOptions) -> ExitCode {
    let size = std::fs::metadata(&options.file).map(|meta| meta.len());
    let too_large = |size: u64| size > u64::try_from(limits::COPY_PAGE_BYTES_MAX).unwrap_or(u64::MAX);
    let bytes = match size {
        Ok(size) if too_large(size) => {
            say_error(&format!("{} is too large to be a signed copy", options.file.display()));
            return ExitCode::FAILURE;
        }
        Ok(_) => std::fs::read(&options.file),
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => {
            let report = verify_file(&bytes, options.store_key);
            say(&report.render_text(options.lang));
            let other_code = options.code.is_some() && options.code != report.code();
            if other_code {
                say(voucher_text("voucher.report.other_code", options.lang));
            }
            if report.passed() && !other_code { ExitCode::SUCCESS } else { ExitCode::from(NOT_PASSED) }
        }
        Err(error) => {
            say_error(&format!("reading {}: {error}", options.file.display()));
            ExitCode::FAILURE
        }
    }
}
