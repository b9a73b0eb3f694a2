//! The message catalogue of the lifecycle: every sentence in English and Simplified Chinese.
//!
//! Sources: `schemas/messages/lifecycle.json`, `facts.json` and `office.json`. Placeholders look like `{name}`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::wire::coded_enum;

coded_enum! {
    /// A language of the product.
    Language {
        /// English.
        En = 0 "en",
        /// Simplified Chinese.
        Zh = 1 "zh",
    }
}

#[derive(serde::Deserialize)]
struct Message {
    en: String,
    zh: String,
}

const SOURCES: [&str; 3] = [
    include_str!("../../../schemas/messages/lifecycle.json"),
    include_str!("../../../schemas/messages/facts.json"),
    include_str!("../../../schemas/messages/office.json"),
];

fn catalogue() -> &'static BTreeMap<String, Message> {
    static CATALOGUE: OnceLock<BTreeMap<String, Message>> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let read = |source| serde_json::from_str::<BTreeMap<String, Message>>(source).unwrap_or_default();
        SOURCES.into_iter().flat_map(read).collect()
    })
}

/// The sentence under a key; the key of the missing sentence where there is none (a test keeps that from
/// happening).
#[must_use]
pub fn text(key: &str, language: Language) -> &'static str {
    let Some(message) = catalogue().get(key) else {
        return "?";
    };
    match language {
        Language::En => &message.en,
        Language::Zh => &message.zh,
    }
}

/// The sentence for a coded value: `text("state", "ready", ..)` reads `state.ready`.
#[must_use]
pub fn coded(group: &str, code: &str, language: Language) -> &'static str {
    text(&format!("{group}.{code}"), language)
}

/// A sentence with its placeholders filled.
#[must_use]
pub fn filled(key: &str, language: Language, values: &[(&str, &str)]) -> String {
    let mut rest = text(key, language);
    let mut filled = String::with_capacity(rest.len());
    // One pass: what people wrote is never searched for placeholders.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            filled.push('{');
            filled.push_str(after);
            return filled;
        };
        filled.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// Every key of the catalogue, sorted.
pub fn keys() -> impl Iterator<Item = &'static str> {
    catalogue().keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_every_sentence_with_the_same_placeholders() {
        assert!(!catalogue().is_empty(), "the catalogue does not parse");
        let placeholders = |text: &str| {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            names.sort();
            names
        };
        for (key, message) in catalogue() {
            assert!(!message.en.is_empty() && !message.zh.is_empty(), "{key}");
            assert_eq!(placeholders(&message.en), placeholders(&message.zh), "{key}");
        }
    }

    #[test]
    fn what_people_wrote_is_not_searched_for_placeholders() {
        let text = filled("fact.add_note", Language::En, &[("text", "{reason} {")]);
        assert!(text.contains("{reason} {"), "{text}");
    }
}
