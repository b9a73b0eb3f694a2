//! Why a bundle, or a part of one, is not taken. Nothing of it is kept then, and nothing that was here is changed: the
//! device that made it still has everything.

/// Why a bundle is not made or not taken. Codes are stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Larger than the limit of a file, of a sequence of codes, or of frames.
    #[error("the bundle is too large: {bytes}, at most {most}")]
    TooLarge {
        /// Its bytes, or frames.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Not the layout of a bundle: cut, changed, or another file.
    #[error("this is no bundle, or it was cut or changed on the way")]
    Malformed,
    /// Made by a device of another company.
    #[error("the bundle is of another company")]
    OtherCompany,
    /// A certificate in it is not signed by this company's store, or not readable.
    #[error("a certificate in the bundle is not this company's")]
    Certificate,
    /// The signature of the device that handed it over is not its.
    #[error("the bundle is not signed by the device that it names")]
    Signature,
    /// The device that handed it over was revoked.
    #[error("the device that made the bundle was revoked")]
    Revoked,
    /// Facts in it are covered by no envelope and no receipt.
    #[error("the bundle holds facts that nobody vouches for")]
    NoProof,
    /// This device carries as much for others as it may: it syncs first.
    #[error("this device carries too much for others already")]
    CarriesTooMuch,
    /// There is nothing to hand over.
    #[error("there is nothing to hand over")]
    Empty,
}

impl BundleError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "bundle_too_large",
            Self::Malformed => "bundle_malformed",
            Self::OtherCompany => "bundle_other_company",
            Self::Certificate => "bundle_certificate",
            Self::Signature => "bundle_signature",
            Self::Revoked => "bundle_revoked",
            Self::NoProof => "bundle_no_proof",
            Self::CarriesTooMuch => "bundle_carries_too_much",
            Self::Empty => "bundle_empty",
        }
    }
}

/// Why one code of a sequence is not taken. Codes are stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// The text is no part of a bundle.
    #[error("this code is no part of a bundle")]
    NotAPart,
    /// Its check does not fit: it was read or copied wrongly.
    #[error("this code was read wrongly; scan it once more")]
    Damaged,
    /// A part of another bundle than those read before.
    #[error("this code belongs to another bundle")]
    OtherBundle,
    /// A part with this number was read with another content, or of another count.
    #[error("this code contradicts one that was read before")]
    Contradicts,
    /// Parts are missing.
    #[error("{} of {total} codes are missing", missing.len())]
    Missing {
        /// Their numbers, from 1.
        missing: Vec<u16>,
        /// How many there are.
        total: u16,
    },
}

impl PartError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAPart => "part_unknown",
            Self::Damaged => "part_damaged",
            Self::OtherBundle => "part_of_other_bundle",
            Self::Contradicts => "part_contradicts",
            Self::Missing { .. } => "parts_missing",
        }
    }
}
