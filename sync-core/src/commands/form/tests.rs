//! Every kind has a form; what is filled in is read as it was meant, or the field is named.

use serde_json::{Value, json};

use super::*;
use crate::facts::bodies::{CollectCash, IssueQuote, RequestParts, TakeCustody};
use crate::facts::values::Money;
use crate::lifecycle::messages::{Language, coded};

fn read(command: CommandCode, filled: &Value) -> Result<FactBody, (String, &'static str)> {
    let form = Form::of(command).unwrap();
    form.read(filled).map(|filled| filled.act.body).map_err(|error| (error.field, error.code))
}

#[test]
fn every_act_has_a_form_whose_fields_have_names_in_both_languages() {
    let forms = Form::all();
    assert!(forms.len() > 50, "{}", forms.len());
    for (command, form) in forms {
        assert!(Form::of(command).is_some());
        for field in &form.fields {
            for language in [Language::En, Language::Zh] {
                assert_ne!(coded("field", field.name, language), "?", "{}.{}", command.code(), field.name);
            }
        }
    }
    assert!(Form::of(CommandCode::Depart).is_none());
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
    assert!(matches!(read(CommandCode::RequestParts, &parts), Ok(FactBody::RequestParts(RequestParts { to_site: true, .. }))));
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
    let lines = json!({"version": 1, "lines": [{"name": "x", "quantity": 1, "unit": "h", "amount": "1 CNY"}, {"name": "y"}]});
    assert_eq!(wrong(CommandCode::IssueQuote, lines), field("lines.1.quantity", "missing_field"));
    assert_eq!(wrong(CommandCode::Hold, json!({"reason": "sunshine"})), field("reason", "invalid_field"));
    assert_eq!(wrong(CommandCode::Hold, json!({"reason": "weather", "x": 1})), field("x", "unknown_field"));
    assert_eq!(wrong(CommandCode::Hold, json!("weather")), field("", "invalid_field"));
    assert_eq!(wrong(CommandCode::Hold, json!({"reason": "weather", "told": "tomorrow"})), field("told", "invalid_field"));
}

#[test]
fn the_schema_of_a_form_says_what_is_required_and_what_can_be_chosen() {
    let schema = Form::of(CommandCode::GiveConsent).unwrap().schema();
    assert_eq!(schema["required"], json!(["quote", "version", "customer"]));
    assert_eq!(schema["properties"]["customer"]["required"], json!(["name", "relation", "channel"]));
    let schema = Form::of(CommandCode::Hold).unwrap().schema();
    assert_eq!(schema["properties"]["reason"]["enum"][0], "weather");
}
