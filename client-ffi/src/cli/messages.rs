//! The sentences of the terminal device, in English and Simplified Chinese.
//!
//! Source: `schemas/messages/device.json`. Names of states and kinds come from the core's own catalogue.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use docket_sync_core::lifecycle::Language;

const SOURCE: &str = include_str!("../../../schemas/messages/device.json");

#[derive(serde::Deserialize)]
struct Message {
    en: String,
    zh: String,
}

fn catalogue() -> &'static BTreeMap<String, Message> {
    static CATALOGUE: OnceLock<BTreeMap<String, Message>> = OnceLock::new();
    CATALOGUE.get_or_init(|| serde_json::from_str(SOURCE).unwrap_or_default())
}

/// The sentence under a key, if there is one.
pub(super) fn find(key: &str, language: Language) -> Option<&'static str> {
    let message = catalogue().get(key)?;
    Some(match language {
        Language::En => &message.en,
        Language::Zh => &message.zh,
    })
}

/// The sentence under a key; the key itself where there is none (a test keeps that from happening).
pub(super) fn text(key: &'static str, language: Language) -> &'static str {
    find(key, language).unwrap_or(key)
}

/// A sentence with its placeholders filled, in one pass: what people wrote is not searched for placeholders.
pub(super) fn filled(key: &'static str, language: Language, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text(key, language);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { break };
        filled.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_have_every_sentence_with_the_same_placeholders() {
        assert!(catalogue().len() > 50, "the catalogue does not parse");
        for (key, message) in catalogue() {
            assert!(!message.en.is_empty() && !message.zh.is_empty(), "{key}");
            assert_eq!(placeholders(&message.en), placeholders(&message.zh), "{key}");
        }
    }

    #[test]
    fn every_key_that_the_program_names_exists() {
        let sources = [
            include_str!("acts.rs"),
            include_str!("bundles.rs"),
            include_str!("clocks.rs"),
            include_str!("error.rs"),
            include_str!("field.rs"),
            include_str!("mod.rs"),
            include_str!("network.rs"),
            include_str!("show.rs"),
        ];
        let mut found = 0;
        for word in sources.iter().flat_map(|source| source.split('"')) {
            let is_key = ["device.error.", "device.shown.", "device.said."]
                .iter()
                .any(|prefix| word.len() > prefix.len() && word.starts_with(prefix));
            if is_key && !word.contains(' ') {
                assert!(find(word, Language::En).is_some(), "{word}");
                found += 1;
            }
        }
        assert!(found > 30, "the keys were not found in the sources");
    }
}
