//! The description of the API agrees with the routes, the golden file and the message catalogue.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::api::{ROUTES, openapi};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.json");

fn described() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

fn operations() -> BTreeSet<(String, String)> {
    let description = described();
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
    });
    operations.collect()
}

#[test]
fn every_route_of_the_table_is_described() {
    let operations = operations();
    for (method, path) in ROUTES {
        assert!(operations.contains(&((*method).to_owned(), (*path).to_owned())), "{method} {path} is not described");
    }
}

#[tokio::test]
async fn everything_described_is_answered() {
    let company = Company::new();
    for (method, path) in operations() {
        let address = path.replace("{id}", "00").replace("{blob}", "00").replace("{fact}", "00");
        let address = address.replace("{upload}", "00");
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(&address);
        let request = request.header("tus-resumable", "1.0.0");
        let answer = company.send(request.body(Body::empty()).unwrap()).await;
        let status = answer.status.as_u16();
        // Nobody is logged in, nothing is sent, no attachments are kept: what is there says so.
        assert!(matches!(status, 200 | 401 | 415 | 503), "{method} {path} is answered {status}");
    }
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

#[tokio::test]
async fn the_golden_forms_are_what_the_office_serves() {
    const FORMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/command-forms.json");
    let company = Company::new();
    let auditor = company.person("auditor", &[Role::Auditor]).await;
    let mut forms = company.get(&auditor, "/api/command-forms").await.ok();
    // The schemas say the same a second time.
    for form in forms.as_array_mut().unwrap() {
        assert_eq!(form.as_object_mut().unwrap().remove("schema").unwrap()["title"], form["command"]);
    }
    let text = format!("{}\n", serde_json::to_string_pretty(&forms).unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(FORMS, &text).unwrap();
    }
    let golden = std::fs::read_to_string(FORMS).unwrap_or_default();
    assert!(
        golden == text,
        "schemas/command-forms.json differs: run this test with UPDATE_GOLDEN=1 and read the change"
    );
}

#[test]
fn every_code_of_the_api_is_in_the_message_catalogue() {
    type Catalogue = BTreeMap<String, BTreeMap<String, String>>;
    let catalogue: Catalogue = serde_json::from_str(include_str!("../../../../schemas/messages/api.json")).unwrap();
    let codes = [
        "busy",
        "idempotency_key_reused",
        "method_not_allowed",
        "not_ready",
        "other_site",
        "proof_pending",
        "stopping",
        "timeout",
        "unknown_frontier",
        "unknown_record",
    ];
    for code in codes {
        let texts = catalogue.get(&format!("error.{code}")).unwrap_or_else(|| panic!("{code} has no text"));
        assert!(["en", "zh"].iter().all(|language| !texts[*language].is_empty()), "{code}");
    }
    assert_eq!(catalogue.len(), codes.len(), "the catalogue has a text that nothing uses");
}
