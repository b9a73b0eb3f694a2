//! A voucher signed by hand and entered later (U-09): what it covers, and the digest that is printed on it.

use crate::ids::{Digest, FactId, FactRef};
use crate::lifecycle::FactSet;
use crate::lifecycle::view::OrderView;
use crate::time::UnixMillis;
use crate::voucher::{covered_digest, shown_facts};

/// Facts that a paper covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The facts.
    pub facts: Vec<FactRef>,
    /// BLAKE3 over their identities and content digests.
    pub digest: Digest,
}

/// What a paper signed at `signed_at` covers: everything that a voucher shows and that had been stated by then. What
/// was added later the customer has not seen.
#[must_use]
pub fn covered_by_paper(view: &OrderView, facts: &FactSet, signed_at: UnixMillis) -> Covered {
    let covered: Vec<(FactId, Digest)> = shown_facts(view)
        .into_iter()
        .filter_map(|id| Some((id, facts.get(id).filter(|fact| fact.claimed() <= signed_at)?.digest)))
        .collect();
    Covered { facts: covered.iter().map(|(id, _)| id.reference()).collect(), digest: covered_digest(&covered) }
}

/// A digest as people copy it from a paper: 64 hexadecimal digits or 52 letters of base32 (RFC 4648); spaces, hyphens
/// and capitals do not matter.
#[must_use]
pub fn read_printed_digest(text: &str) -> Option<Digest> {
    let plain: String = text.chars().filter(|char| !matches!(char, ' ' | '-' | ':')).collect();
    if plain.len() == 64 {
        return plain.to_lowercase().parse().ok();
    }
    let bytes = data_encoding::BASE32_NOPAD.decode(plain.to_uppercase().as_bytes()).ok()?;
    Digest::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_digest_is_read_as_people_copy_it() {
        let digest = Digest([0xa5; 32]);
        let hexadecimal = digest.to_string();
        let base32 = data_encoding::BASE32_NOPAD.encode(&digest.0);
        let groups: Vec<String> =
            base32.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
        for text in
            [hexadecimal.clone(), hexadecimal.to_uppercase(), base32.to_lowercase(), groups.join("-"), groups.join(" ")]
        {
            assert_eq!(read_printed_digest(&text), Some(digest), "{text}");
        }
        for text in ["", "a5a5", &hexadecimal[..63], &base32[..51], "1".repeat(52).as_str()] {
            assert_eq!(read_printed_digest(text), None, "{text}");
        }
    }
}
