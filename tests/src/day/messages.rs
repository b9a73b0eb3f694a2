//! The demo's sentences, in English and Simplified Chinese. Source: `schemas/messages/demo.json`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use docket_sync_core::reference::Language;

const SOURCE: &str = include_str!("../../../schemas/messages/demo.json");

#[derive(serde::Deserialize)]
struct Message {
    en: String,
    zh: String,
}

fn catalogue() -> &'static BTreeMap<String, Message> {
    static CATALOGUE: OnceLock<BTreeMap<String, Message>> = OnceLock::new();
    CATALOGUE.get_or_init(|| serde_json::from_str(SOURCE).unwrap_or_default())
}

/// The sentence under a key; the key itself where there is none (a test keeps that from happening).
#[must_use]
pub fn text(key: &'static str, language: Language) -> &'static str {
    catalogue().get(key).map_or(key, |message| match language {
        Language::En => &message.en,
        Language::Zh => &message.zh,
    })
}

/// A sentence with its placeholders filled, in one pass.
#[must_use]
pub fn filled(key: &'static str, language: Language, values: &[(&str, &str)]) -> String {
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

    #[test]
    fn every_key_that_the_demo_names_exists_in_both_languages() {
        let sources = [
            include_str!("desk/choice.rs"),
            include_str!("desk/intake.rs"),
            include_str!("print.rs"),
            include_str!("onsite.rs"),
            include_str!("technician/mod.rs"),
            include_str!("technician/steps.rs"),
            include_str!("visit.rs"),
            include_str!("../bin/docket-demo.rs"),
        ];
        let mut found = 0;
        for word in sources.iter().flat_map(|source| source.split('"')).filter(|word| word.starts_with("demo.")) {
            assert!(catalogue().contains_key(word), "{word}");
            found += 1;
        }
        assert!(found > 20, "the keys were not found in the sources");
        for (key, message) in catalogue() {
            let placeholders = |text: &str| {
                let mut names: Vec<String> =
                    text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0.to_owned())).collect();
                names.sort_unstable();
                names
            };
            assert_eq!(placeholders(&message.en), placeholders(&message.zh), "{key}");
        }
    }
}
