//! The description of the API agrees with the routes, the golden file and the message catalogue.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::api::{ROUTES, openapi};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.json");

fn described() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let description = described();
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    let routes: BTreeSet<_> = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described, routes);
}

#[test]
fn operations_are_named_by_verb_and_noun_once_each() {
    let description = described();
    let mut names = BTreeSet::new();
    for methods in description["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(name.contains('_'), "{name}");
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
    }
}

#[test]
fn the_golden_description_is_what_the_handlers_say() {
    let text = format!("{}\n", openapi().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(golden == text, "schemas/openapi.json differs: run this test with UPDATE_GOLDEN=1 and read the change");
}

#[test]
fn every_code_of_the_api_is_in_the_message_catalogue() {
    type Catalogue = BTreeMap<String, BTreeMap<String, String>>;
    let catalogue: Catalogue = serde_json::from_str(include_str!("../../../../schemas/messages/api.json")).unwrap();
    let codes = [
        "already_done", "busy", "method_not_allowed", "not_a_technician", "not_ready", "other_site", "proof_pending",
        "stopping", "timeout", "unknown_frontier", "unknown_record",
    ];
    for code in codes {
        let texts = catalogue.get(&format!("error.{code}")).unwrap_or_else(|| panic!("{code} has no text"));
        assert!(["en", "zh"].iter().all(|language| !texts[*language].is_empty()), "{code}");
    }
    assert_eq!(catalogue.len(), codes.len(), "the catalogue has a text that nothing uses");
}
