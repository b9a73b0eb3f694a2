//! A bundle as a sequence of QR codes: parts of a fixed size, each with its number, their count and the bundle's digest.
//!
//! They are scanned in any order, each as often as it happens; [`Parts`] says which are missing. A part is text in the
//! alphanumeric mode of QR codes (ISO/IEC 18004): every scanner gives it back as it was.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use qrcode::{Color, EcLevel, QrCode, Version};

use super::{BundleError, PartError, digest};
use crate::{limits, wire};

/// What the text of a part begins with.
const PREFIX: &str = "DOCKET-PART:";

/// Bytes of the bundle in one part; the last one has what is left.
const PART_BYTES: usize = 800;

/// The version that every part fits in: 117 modules a side, read from a phone's screen at arm's length.
const VERSION: Version = Version::Normal(25);

/// Bytes of a bundle's digest by which its parts know each other.
const NAME_BYTES: usize = 16;
/// Bytes of a part's own check.
const CHECK_BYTES: usize = 8;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Part {
    /// First bytes of the BLAKE3 of the bundle.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) bundle: [u8; NAME_BYTES],
    /// Its number, from 1.
    #[n(1)]
    number: u16,
    /// How many there are.
    #[n(2)]
    total: u16,
    /// First bytes of the BLAKE3 of all the other fields.
    #[cbor(n(3), with = "minicbor::bytes")]
    check: [u8; CHECK_BYTES],
    /// Its bytes of the bundle.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(super) bytes: Vec<u8>,
}

/// Cuts a bundle into parts.
///
/// # Errors
/// When there would be more than [`limits::BUNDLE_PARTS_MAX`].
pub fn split(bundle: &[u8]) -> Result<Vec<Part>, BundleError> {
    let most = limits::BUNDLE_PARTS_MAX.saturating_mul(PART_BYTES);
    if bundle.len() > most {
        return Err(BundleError::TooLarge { bytes: bundle.len(), most });
    }
    let pieces: Vec<&[u8]> = bundle.chunks(PART_BYTES).collect();
    let total = u16::try_from(pieces.len()).unwrap_or(u16::MAX);
    let name = name_of(bundle);
    Ok((1..).zip(pieces).map(|(number, bytes)| Part::new(name, number, total, bytes.to_vec())).collect())
}

fn name_of(bundle: &[u8]) -> [u8; NAME_BYTES] {
    let mut name = [0; NAME_BYTES];
    name.iter_mut().zip(digest(bundle).0).for_each(|(to, from)| *to = from);
    name
}

impl Part {
    pub(super) fn new(bundle: [u8; NAME_BYTES], number: u16, total: u16, bytes: Vec<u8>) -> Self {
        let check = [0; CHECK_BYTES];
        let part = Self { bundle, number, total, check, bytes };
        Self { check: part.expected_check(), ..part }
    }

    fn expected_check(&self) -> [u8; CHECK_BYTES] {
        let mut check = [0; CHECK_BYTES];
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"docket-part-1").update(&self.bundle);
        hasher.update(&self.number.to_be_bytes()).update(&self.total.to_be_bytes()).update(&self.bytes);
        hasher.finalize_xof().fill(&mut check);
        check
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// How many parts there are.
    #[must_use]
    pub fn total(&self) -> u16 {
        self.total
    }

    /// The text of its QR code.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&wire::encode(self)))
    }

    /// Reads the text of a code; white space around it and small letters do not matter.
    ///
    /// # Errors
    /// [`PartError::NotAPart`] or [`PartError::Damaged`].
    pub fn read(text: &str) -> Result<Self, PartError> {
        let text = text.trim();
        if text.len() > TEXT_MAX {
            return Err(PartError::NotAPart);
        }
        let text = text.to_ascii_uppercase();
        let digits = text.strip_prefix(PREFIX).ok_or(PartError::NotAPart)?;
        let bytes = data_encoding::BASE32_NOPAD.decode(digits.as_bytes()).map_err(|_not_base32| PartError::Damaged)?;
        let part: Self = wire::decode_deterministic("part", &bytes).map_err(|_cut| PartError::Damaged)?;
        if part.check != part.expected_check() {
            return Err(PartError::Damaged);
        }
        let last = part.number == part.total;
        let fits = if last { (1..=PART_BYTES).contains(&part.bytes.len()) } else { part.bytes.len() == PART_BYTES };
        let counts = part.number >= 1 && part.number <= part.total;
        if fits && counts && usize::from(part.total) <= limits::BUNDLE_PARTS_MAX {
            Ok(part)
        } else {
            Err(PartError::NotAPart)
        }
    }

    /// The QR code's modules row by row, `true` is dark, without the quiet zone.
    #[must_use]
    pub fn qr_modules(&self) -> Vec<Vec<bool>> {
        // Every part fits: its size is fixed. A test holds the largest one against it.
        let Ok(code) = QrCode::with_version(self.text(), VERSION, EcLevel::M) else { return Vec::new() };
        let colors = code.to_colors();
        colors.chunks(code.width().max(1)).map(|row| row.iter().map(|color| *color == Color::Dark).collect()).collect()
    }

    /// The QR code as an image (SVG), with its quiet zone.
    #[must_use]
    pub fn qr_svg(&self) -> String {
        use core::fmt::Write as _;
        let modules = self.qr_modules();
        let size = modules.len().saturating_add(8);
        let mut path = String::new();
        for (y, row) in modules.iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
                // Writing to a string cannot fail.
                write!(path, "M{} {}h1v1h-1z", x.saturating_add(4), y.saturating_add(4)).unwrap_or_default();
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
             <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>\n"
        )
    }
}

/// Characters of the longest text of a part, with room for white space that somebody copied inside.
const TEXT_MAX: usize = 2_048;

/// The parts of one bundle, as far as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    bundle: Option<([u8; NAME_BYTES], u16)>,
    read: BTreeMap<u16, Vec<u8>>,
}

/// What a part added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// It was read before.
    Again,
}

impl Parts {
    /// Takes the text of one code, in any order. A code that is not taken changes nothing.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn add(&mut self, text: &str) -> Result<Added, PartError> {
        let part = Part::read(text)?;
        match self.bundle {
            Some((name, _)) if name != part.bundle => return Err(PartError::OtherBundle),
            Some((_, total)) if total != part.total => return Err(PartError::Contradicts),
            Some(_) | None => self.bundle = Some((part.bundle, part.total)),
        }
        match self.read.get(&part.number) {
            Some(known) if *known == part.bytes => Ok(Added::Again),
            Some(_) => Err(PartError::Contradicts),
            None => {
                self.read.insert(part.number, part.bytes);
                Ok(Added::New)
            }
        }
    }

    /// How many parts there are; 0 before the first was read.
    #[must_use]
    pub fn total(&self) -> u16 {
        self.bundle.map_or(0, |(_, total)| total)
    }

    /// Numbers of the parts that were not read yet.
    #[must_use]
    pub fn missing(&self) -> Vec<u16> {
        (1..=self.total()).filter(|number| !self.read.contains_key(number)).collect()
    }

    /// The bundle, when every part was read.
    ///
    /// # Errors
    /// [`PartError::Missing`], or [`PartError::Damaged`] when the whole is not what its parts say.
    pub fn whole(&self) -> Result<Vec<u8>, PartError> {
        let Some((name, total)) = self.bundle else { return Err(PartError::NotAPart) };
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(PartError::Missing { missing, total });
        }
        let bytes: Vec<u8> = self.read.values().flatten().copied().collect();
        if name_of(&bytes) == name { Ok(bytes) } else { Err(PartError::Damaged) }
    }
}
