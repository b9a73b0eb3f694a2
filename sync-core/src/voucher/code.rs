//! The verification code of a signature: a digest that fits on paper, in a QR code and in a telephone call.

use core::fmt;
use core::str::FromStr;

use qrcode::{Color, EcLevel, QrCode};

use super::Statement;
use crate::ids::{Digest, ParseIdError};

/// What a QR code's text begins with.
const PREFIX: &str = "DOCKET:";
/// Modules of white around a QR code (ISO/IEC 18004, quiet zone).
const QUIET: usize = 4;

/// BLAKE3 of what the device key signed. It says the same of every copy of one signature, whatever form it has.
///
/// Written in base32 (RFC 4648) without padding, in groups of four; the first two groups are the *short code*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationCode(pub Digest);

impl Statement {
    /// The code under which copies of this signature are compared.
    #[must_use]
    pub fn code(&self) -> VerificationCode {
        VerificationCode(Digest(*blake3::hash(&self.to_bytes()).as_bytes()))
    }
}

impl VerificationCode {
    /// The first eight characters, for a paper and a telephone: `K7QM-2XRD`.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(9).collect()
    }

    /// Whether `typed` is a beginning of it: at least the short code; hyphens, spaces and small letters do not matter.
    #[must_use]
    pub fn begins_with(&self, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|char| !matches!(char, ' ' | '-')).collect();
        typed.len() >= 8 && data_encoding::BASE32_NOPAD.encode(&self.0.0).starts_with(&typed.to_ascii_uppercase())
    }

    /// The text of its QR code.
    #[must_use]
    pub fn qr_text(&self) -> String {
        format!("{PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&self.0.0))
    }

    /// The QR code's modules row by row, `true` is dark, without the quiet zone; empty when there is none.
    #[must_use]
    pub fn qr_modules(&self) -> Vec<Vec<bool>> {
        let Ok(code) = QrCode::with_error_correction_level(self.qr_text(), EcLevel::M) else { return Vec::new() };
        let colors = code.to_colors();
        colors.chunks(code.width().max(1)).map(|row| row.iter().map(|color| *color == Color::Dark).collect()).collect()
    }

    /// The QR code for a terminal: two modules a character, dark on light whatever the terminal's colours are.
    #[must_use]
    pub fn qr_terminal(&self) -> String {
        let modules = self.qr_modules();
        let size = modules.len().saturating_add(2 * QUIET);
        let dark = |x: usize, y: usize| {
            let module = y.checked_sub(QUIET).and_then(|y| modules.get(y)).zip(x.checked_sub(QUIET));
            module.and_then(|(row, x)| row.get(x)).copied().unwrap_or(false)
        };
        let row = |y: usize| {
            let module = |x: usize| match (dark(x, y), dark(x, y.saturating_add(1))) {
                (true, true) => ' ',
                (true, false) => '\u{2584}',
                (false, true) => '\u{2580}',
                (false, false) => '\u{2588}',
            };
            (0..size).map(module).collect::<String>()
        };
        (0..size).step_by(2).map(row).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = data_encoding::BASE32_NOPAD.encode(&self.0.0);
        for (index, char) in text.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{char}")?;
        }
        Ok(())
    }
}

impl FromStr for VerificationCode {
    type Err = ParseIdError;

    /// Reads the groups or the text of the QR code; spaces, hyphens and small letters do not matter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text: String = text.chars().filter(|char| !matches!(char, ' ' | '-')).collect();
        let text = text.to_ascii_uppercase();
        let digits = text.strip_prefix(PREFIX).unwrap_or(&text);
        data_encoding::BASE32_NOPAD
            .decode(digits.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(|bytes| Self(Digest(bytes)))
            .ok_or(ParseIdError { kind: "verification code", expected: "52 letters and digits in groups of four" })
    }
}
