//! The texts of vouchers and reports, from the message catalogue.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::reference::{Language, Translated};

const CATALOGUE: &str = include_str!("../../../schemas/messages/voucher.json");

fn catalogue() -> &'static BTreeMap<String, Translated> {
    static PARSED: OnceLock<BTreeMap<String, Translated>> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(CATALOGUE).unwrap_or_default())
}

/// The text of `key` in the catalogue of vouchers; the key itself where it has none.
#[must_use]
pub fn text(key: &str, language: Language) -> &str {
    catalogue().get(key).map_or(key, |translated| translated.text(language))
}

/// The label of a leaf.
pub(super) fn label(of: &str, language: Language) -> String {
    let key = format!("voucher.label.{of}");
    catalogue().get(&key).map_or(of, |translated| translated.text(language)).to_owned()
}

/// A unit as the customer reads it; the unit itself where the catalogue has none.
pub(super) fn unit_text(unit: &str, language: Language) -> &str {
    catalogue().get(&format!("voucher.unit.{unit}")).map_or(unit, |translated| translated.text(language))
}

/// The text of `key` with its `{name}` placeholders filled.
pub(super) fn filled(key: &str, language: Language, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(text(key, language).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_there_in_both_languages() {
        assert!(catalogue().len() > 40);
        for (key, translated) in catalogue() {
            assert!(!translated.en.is_empty() && !translated.zh.is_empty(), "{key}");
            assert!(!translated.zh.is_ascii(), "{key} is not Chinese");
            for language in Language::ALL {
                let placeholders = |text: &str| {
                    let mut names: Vec<_> = text
                        .split('{')
                        .skip(1)
                        .filter_map(|rest| rest.split_once('}'))
                        .map(|(name, _)| name.to_owned())
                        .collect();
                    names.sort();
                    names
                };
                assert_eq!(placeholders(translated.text(*language)), placeholders(&translated.en), "{key}");
            }
        }
    }

    #[test]
    fn every_key_named_in_this_module_is_in_the_catalogue() {
        let sources = [
            include_str!("build.rs"),
            include_str!("render.rs"),
            include_str!("copy.rs"),
            include_str!("sign.rs"),
            include_str!("terms.rs"),
            include_str!("changes.rs"),
            include_str!("page.rs"),
        ];
        let mut seen = 0;
        for source in sources {
            for key in source.split('"').filter(|text| text.starts_with("voucher.") && !text.contains(['{', ' '])) {
                assert!(catalogue().contains_key(key), "{key}");
                seen += 1;
            }
        }
        assert!(seen > 20);
    }
}
