//! one serial number is one thing (R9).

use super::Claimed;

/// A serial number as it is compared: letters and digits, in capitals.
#[must_use]
pub fn compared(serial: &str) -> String {
    serial.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The claims that contradict each other: all of them, as soon as there are two.
#[must_use]
pub fn conflict(claims: &[Claimed]) -> &[Claimed] {
    if claims.len() > 1 { claims } else { &[] }
}

/// Whether a line takes the thing out of the stock: the first claim does, the others claim the same thing.
#[must_use]
pub fn takes(claims: &[Claimed], line: &Claimed) -> bool {
    claims.iter().map(Claimed::rank).min().is_none_or(|first| first == line.rank())
}

#[cfg(test)]
mod tests {
    use super::super::tests::claim;
    use super::*;

    #[test]
    fn x_35_two_claims_of_one_serial_contradict_each_other_and_one_leaves_the_stock() {
        let (one, other) = (claim(1, 0), claim(2, 5));
        assert_eq!(conflict(&[one]), &[]);
        assert_eq!(conflict(&[one, other]), &[one, other]);
        assert!(takes(&[other, one], &one) && !takes(&[other, one], &other));
    }

    #[test]
    fn serials_are_compared_as_people_read_them() {
        for text in ["sn-9001", " SN 9001 ", "SN9001"] {
            assert_eq!(compared(text), "SN9001");
        }
        assert_ne!(compared("SN-9001"), compared("SN-9010"));
    }
}
