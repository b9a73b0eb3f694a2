//! Every kind has a form; what is filled in is read as it was meant, or the field is named.

use serde_json::{Value, json};

use super::*;
use crate::facts::bodies::{CollectCash, IssueQuote, RequestParts, TakeCustody};
use crate::facts::values::Money;
use crate::lifecycle::messages::{Language, coded};

fn read(command: CommandCode, filled: &Value) -> Result<FactBody, (String, &'static str)> {
    let form = Form::of(command).unwrap();
    form.read(filled)
        .map(|filled| {
            let Command::State(act) = filled.command else { panic!("{} states a kind", command.code()) };
            act.body
        })
        .map_err(|error| (error.field, error.code))
}

fn check_words(path: &str, fields: &[FormField]) {
    for field in fields {
        let path = format!("{path}.{}", field.name);
        for language in [Language::En, Language::Zh] {
            assert_ne!(field.text(language), "?", "{path} has no name in {language}");
        }
        let mut inner = &field.field_type;
        while let FieldType::List(of) = inner {
            inner = of;
        }
        match inner {
            FieldType::Group(fields) => check_words(&path, fields),
            FieldType::Choice(family, codes) => {
                for code in codes {
                    for language in [Language::En, Language::Zh] {
                        assert_ne!(coded(family, code, language), "?", "{path}: {family}.{code} in {language}");
                    }
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_form_names_its_fields_and_choices_in_both_languages() {
    let forms = Form::all();
    assert!(forms.len() > 60, "{}", forms.len());
    for (command, form) in forms {
        check_words(command.code(), &form.fields);
    }
    assert!(Form::of(CommandCode::Depart).is_none());
}

#[test]
fn a_command_of_the_normal_path_is_read_by_its_form() {
    let form = Form::of(CommandCode::Cancel).unwrap();
    let read = form.read(&json!({"reason": " moved away "})).unwrap();
    assert_eq!(read.command, Command::Cancel { reason: "moved away".into() });
    let form = Form::of(CommandCode::Reschedule).unwrap();
    let error = form.read(&json!({"window": {"from": "2026-11-23T09:00:00+08:00"}})).unwrap_err();
    assert_eq!((error.field.as_str(), error.code), ("window.to", "missing_field"));
    for (field, path) in [("from", "window.from"), ("relation", "customer.relation"), ("reason", "reason"), ("x", "x")]
    {
        assert_eq!(form.path_of(field), path);
    }
}

#[test]
fn what_only_the_program_knows_is_added() {
    use crate::lifecycle::scenario::{Scenario, Who};
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    let done = stage.done(Who::A, visit);
    let facts = scenario.facts();
    let view = crate::lifecycle::fold(&facts);
    let digest = facts.get(done).unwrap().digest.to_string();
    let mut values = serde_json::Map::from_iter([("subject".to_owned(), Value::from(done.reference().to_string()))]);
    complete(CommandCode::Approve, &mut values, &view, &facts).unwrap();
    assert_eq!(values["digest"], digest);
    let mut values = serde_json::Map::from_iter([("subject".to_owned(), "vov2xk5l42".into())]);
    let error = complete(CommandCode::Approve, &mut values, &view, &facts).unwrap_err();
    assert_eq!((error.field.as_str(), error.code), ("subject", "no_fact"));

    let paper = |code: Option<&str>| {
        let mut values = serde_json::Map::new();
        values.insert("signed_at".to_owned(), crate::limits::TIME_MAX.0.into());
        if let Some(code) = code {
            values.insert("code".to_owned(), code.into());
        }
        complete(CommandCode::AttachPaper, &mut values, &view, &facts).map(|()| values)
    };
    let values = paper(None).unwrap();
    assert!(values["covered"].as_array().is_some_and(|covered| !covered.is_empty()), "{values:?}");
    assert_eq!(values["voucher"], values["covered_digest"]);
    assert_eq!(paper(Some("zzzz")).unwrap_err().code, "no_print");
}

#[test]
fn what_people_write_is_read_as_they_mean_it() {
    let taken = json!({
        "goods": {"name": "空调主板", "pieces": "2", "serial": "SN-1"},
        "receipt": "", "due": "2026-11-23T09:00:00+08:00",
    });
    let Ok(FactBody::TakeCustody(TakeCustody { goods, due, .. })) = read(CommandCode::TakeCustody, &taken) else {
        panic!("{:?}", read(CommandCode::TakeCustody, &taken));
    };
    assert_eq!((goods.pieces, due.map(|due| due.to_string())), (2, Some("2026-11-23T01:00:00.000Z".to_owned())));
    let amount = Money { minor: 3_550, currency: "CNY".into() };
    for written in [json!("35.5 cny"), json!({"minor": 3550, "currency": "CNY"})] {
        let body = read(CommandCode::CollectCash, &json!({"amount": written, "receipt": "R-000001"}));
        let cash = CollectCash { amount: amount.clone(), receipt: "R-000001".into(), reason: None };
        assert_eq!(body, Ok(cash.into()));
    }
    let line = json!({"name": "Pump", "quantity": "1.5", "unit": "m", "amount": "90 CNY"});
    let Ok(FactBody::IssueQuote(IssueQuote { lines, .. })) =
        read(CommandCode::IssueQuote, &json!({"version": 1, "lines": line}))
    else {
        panic!("one line is a list of one");
    };
    assert_eq!((lines.len(), lines[0].quantity, lines[0].amount.minor), (1, 1_500, 9_000));
    let parts = json!({"parts": [{"name": "Board", "quantity": 2000, "unit": "piece"}], "to_site": "yes"});
    assert!(matches!(
        read(CommandCode::RequestParts, &parts),
        Ok(FactBody::RequestParts(RequestParts { to_site: true, .. }))
    ));
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    let wrong = |command, filled: Value| read(command, &filled).unwrap_err();
    let field = |path: &str, code| (path.to_owned(), code);
    assert_eq!(wrong(CommandCode::CollectCash, json!({"receipt": "x"})), field("amount", "missing_field"));
    assert_eq!(
        wrong(CommandCode::CollectCash, json!({"amount": "35,00 CNY", "receipt": ""})),
        field("amount", "invalid_field")
    );
    let goods = json!({"goods": {"name": "x", "pieces": -1}, "receipt": ""});
    assert_eq!(wrong(CommandCode::TakeCustody, goods), field("goods.pieces", "invalid_field"));
    let lines =
        json!({"version": 1, "lines": [{"name": "x", "quantity": 1, "unit": "h", "amount": "1 CNY"}, {"name": "y"}]});
    assert_eq!(wrong(CommandCode::IssueQuote, lines), field("lines.1.quantity", "missing_field"));
    assert_eq!(wrong(CommandCode::Hold, json!({"reason": "sunshine"})), field("reason", "invalid_field"));
    assert_eq!(wrong(CommandCode::Hold, json!({"reason": "weather", "x": 1})), field("x", "unknown_field"));
    assert_eq!(wrong(CommandCode::Hold, json!("weather")), field("", "invalid_field"));
    assert_eq!(
        wrong(CommandCode::Hold, json!({"reason": "weather", "told": "tomorrow"})),
        field("told", "invalid_field")
    );
}

#[test]
fn the_schema_of_a_form_says_what_is_required_and_what_can_be_chosen() {
    let schema = Form::of(CommandCode::GiveConsent).unwrap().schema();
    assert_eq!(schema["required"], json!(["quote", "version", "customer"]));
    assert_eq!(schema["properties"]["customer"]["required"], json!(["name", "relation", "channel"]));
    let schema = Form::of(CommandCode::Hold).unwrap().schema();
    assert_eq!(schema["properties"]["reason"]["enum"][0], "weather");
}
