use chrono::NaiveDate;
use docket_sync_core::facts::values::{ServiceClass, Urgency};
use docket_sync_core::limits::TEXT_BYTES_MAX;

use super::record::hundredths;
use super::*;

const HEADER: &str = "customer,phone,address,model,serial,problem,class,urgency,skill,date\n";

fn read(text: &[u8]) -> Vec<Result<ImportedOrder, LineError>> {
    OrderFile::new(text, &Defaults::default()).unwrap().collect()
}

/// Reads one line under the full header.
fn line(text: &str) -> Result<ImportedOrder, LineError> {
    let mut records = read(format!("{HEADER}{text}\n").as_bytes());
    assert_eq!(records.len(), 1, "{text}");
    records.remove(0)
}

fn header_error(text: &[u8]) -> FileError {
    OrderFile::new(text, &Defaults::default()).unwrap_err()
}

#[test]
fn a_full_line_is_an_order() {
    let order =
        line(r#" 王秀英 ,13800000000,"Elm St 1, 2nd floor",LX-2,SN1,"door ""B"" sticks",free,Urgent,lift,2026-03-31"#);
    let expected = ImportedOrder {
        line: 2,
        reference: None,
        customer: "王秀英".into(),
        phone: "13800000000".into(),
        address: "Elm St 1, 2nd floor".into(),
        model: Some("LX-2".into()),
        serial: Some("SN1".into()),
        problem: r#"door "B" sticks"#.into(),
        class: ServiceClass::Free,
        urgency: Urgency::Urgent,
        skill: Some("lift".into()),
        date: NaiveDate::from_ymd_opt(2026, 3, 31),
        maintenance_type: None,
        cost_hundredths: None,
    };
    assert!(order == Ok(expected), "{order:?}");
}

#[test]
fn empty_optional_cells_take_the_ordinary_value() {
    let order = line("a,1,b,,,c,,,,").unwrap();
    assert_eq!((order.class, order.urgency), (ServiceClass::Chargeable, Urgency::Normal));
    assert!(order.model.is_none() && order.serial.is_none() && order.skill.is_none() && order.date.is_none());
}

#[test]
fn chinese_headers_and_values_are_understood() {
    let text = "客户,电话,地址,故障,类别,紧急程度,日期\n王秀英,1,某路一号,不制冷,合同,危险,2026/3/1\n";
    let order = read(text.as_bytes()).remove(0).unwrap();
    assert_eq!((order.class, order.urgency), (ServiceClass::Contract, Urgency::Hazard));
    assert_eq!(order.date, NaiveDate::from_ymd_opt(2026, 3, 1));
}

#[test]
fn c_001_a_bad_line_is_reported_and_the_rest_goes_on() {
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let cases = [
        (",1,b,,,c,,,,", Some("customer"), LineCode::MissingField),
        ("a,1,b,,,  ,,,,", Some("problem"), LineCode::MissingField),
        ("a,1,b,,,c,gratis,,,", Some("class"), LineCode::UnknownValue),
        ("a,1,b,,,c,,soon,,", Some("urgency"), LineCode::UnknownValue),
        ("a,1,b,,,c,,,,03/04/2026", Some("date"), LineCode::Date),
        ("a,1,b,,,c,,,,2026-02-30", Some("date"), LineCode::Date),
        ("a,1,b,,,c\u{7},,,,", Some("problem"), LineCode::ControlCharacter),
        (&format!("a,1,b,,,{long},,,,"), Some("problem"), LineCode::TextLength),
        ("a,1,b,,,c", None, LineCode::FieldCount),
        ("a,1,Elm St 1, floor 2,,,c,,,,", None, LineCode::FieldCount),
        ("a,1,\"b,,,c,,,,", None, LineCode::Quoting),
        (&"x".repeat(LINE_BYTES_MAX + 1), None, LineCode::LineLength),
    ];
    for (bad, field, code) in cases {
        let text = format!("{HEADER}a,1,b,,,first,,,,\n{bad}\na,1,b,,,last,,,,\n");
        let records = read(text.as_bytes());
        assert_eq!(records.len(), 3, "{code:?}");
        assert_eq!(records[1], Err(LineError { line: 3, field, code }));
        assert!(records[0].as_ref().is_ok_and(|order| order.problem == "first"));
        assert!(records[2].as_ref().is_ok_and(|order| order.line == 4 && order.problem == "last"));
    }
}

#[test]
fn a_quote_that_is_never_closed_swallows_no_line() {
    let text = format!("{HEADER}a,1,b,,,\"never closed,free,,,\na,1,b,,,next,,,,\na,1,b,,,\"last\",,,,\n");
    let problems: Vec<String> = read(text.as_bytes()).into_iter().map(|order| order.unwrap().problem).collect();
    assert_eq!(problems, ["\"never closed", "next", "last"]);
}

proptest::proptest! {
    /// Whatever a line holds, the lines around it arrive unchanged.
    #[test]
    fn no_line_touches_another(hostile in r#"([",\\a \t0\r]|é|\PC){0,60}"#, raw in proptest::collection::vec(0_u8.., 0..60)) {
        let raw: Vec<u8> = raw.into_iter().filter(|byte| *byte != b'\n').collect();
        for line in [hostile.as_bytes(), &raw] {
            let good = "a,1,b,,,c,,,,\n".as_bytes();
            let records = read(&[HEADER.as_bytes(), good, line, b"\n", good].concat());
            let (first, last) = (records.first().unwrap(), records.last().unwrap());
            proptest::prop_assert!(records.len() <= 3 && first.as_ref().is_ok_and(|order| order.line == 2));
            proptest::prop_assert!(last.as_ref().is_ok_and(|order| order.line == 4 && order.problem == "c"));
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_are_one_bad_line() {
    let text = [HEADER.as_bytes(), b"\xCD\xF5,1,b,,,c,,,,\r\na,1,b,,,c,,,,\r\n\r\n  \n"].concat();
    let records = read(&text);
    assert_eq!(records[0], Err(LineError { line: 2, field: None, code: LineCode::Encoding }));
    assert!(records[1].is_ok() && records.len() == 2, "empty lines are no records");
}

#[test]
fn a_file_that_is_not_understood_is_refused_as_a_whole() {
    let missing = |column| FileError::MissingColumn { column };
    assert_eq!(header_error(b""), FileError::Empty);
    assert_eq!(header_error(b"\xEF\xBB\xBF\r\nx"), FileError::Empty);
    assert_eq!(header_error(b"customer;phone;address;problem\n"), FileError::Separator);
    assert_eq!(header_error(b"customer,phone,problem\n"), missing("address"));
    assert_eq!(header_error(b"customer,phone,address,problm\n"), FileError::UnknownColumn { name: "problm".into() });
    assert_eq!(header_error(b"customer,Phone,phone\n"), FileError::RepeatedColumn { column: "phone" });
    assert_eq!(header_error(b"cust\"omer,phone\n"), FileError::HeaderQuoting);
    assert_eq!(header_error(b"\xFF\xFEc\0u\0s\0,\0"), FileError::Encoding);
    assert_eq!(header_error(b"c\0u\0s\0,\0p\0"), FileError::Encoding);
    assert_eq!(header_error(&vec![b'a'; FILE_BYTES_MAX + 1]), FileError::TooLarge { size: FILE_BYTES_MAX + 1 });
    let both = b"\xEF\xBB\xBF\"CUSTOMER\", phone ,Address,problem\r\na,1,b,c\r\n";
    assert!(read(both)[0].is_ok(), "a byte order mark, quotes, spaces and capitals do no harm");
}

#[test]
fn too_many_records_end_the_file() {
    let text = format!("{HEADER}{}", "a,1,b,,,c,,,,\n".repeat(RECORDS_MAX + 10));
    let records = read(text.as_bytes());
    assert_eq!(records.len(), RECORDS_MAX + 1);
    assert!(records[RECORDS_MAX - 1].is_ok());
    assert_eq!(records[RECORDS_MAX].as_ref().unwrap_err().code, LineCode::TooManyRecords);
}

#[test]
fn amounts_are_exact() {
    let cases = [
        ("0", Some(0)),
        ("407.4", Some(40_740)),
        ("407.04", Some(40_704)),
        ("-1.05", Some(-105)),
        ("1,000", None),
        ("1.005", None),
        ("1e3", None),
        ("", None),
        (".5", None),
        ("-", None),
        ("99999999999999999999", None),
    ];
    for (text, expected) in cases {
        assert_eq!(hundredths(text), expected, "{text}");
    }
}

fn mine() -> Defaults {
    let text = |text: &str| Some(text.to_owned());
    let (customer, phone, address) = (text("Mine"), text("000"), text("Pit 1"));
    Defaults { customer, phone, address, class: Some(ServiceClass::Contract), urgency: None }
}

#[test]
fn a_maintenance_log_needs_defaults_and_keeps_its_texts() {
    let header = "BscStartDate,Asset,OriginalShorttext,PMType,Cost\n";
    assert_eq!(header_error(header.as_bytes()), FileError::MissingColumn { column: "customer" });
    let text = format!(
        "{header}2004-07-01,A,leak, left,PM01,407.4\n2004-07-02,B,\"\\B\\\"\" line\"\"\",PM01,0\n2004-07-03,C,does,nt move,PM02\n"
    );
    let defaults = mine();
    let orders: Vec<_> = OrderFile::new(text.as_bytes(), &defaults).unwrap().map(Result::unwrap).collect();
    assert_eq!(orders[0].problem, "leak, left");
    assert_eq!((orders[0].cost_hundredths, orders[0].serial.as_deref()), (Some(40_740), Some("A")));
    assert_eq!(orders[1].problem, "\\B\\\" line\"");
    assert_eq!((orders[1].customer.as_str(), orders[1].class), ("Mine", ServiceClass::Contract));
    let without_cost = (orders[2].problem.as_str(), orders[2].maintenance_type.as_deref(), orders[2].cost_hundredths);
    assert_eq!(without_cost, ("does,nt move", Some("PM02"), None));
}

#[test]
fn debug_output_has_no_personal_data() {
    let shown = format!("{:?}", line("Anna,1380000,Elm St,,,leaks,,,,").unwrap());
    assert!(!["Anna", "1380000", "Elm", "leaks"].iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[test]
fn every_line_code_is_in_the_message_catalogue() {
    type Catalogue = std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>;
    let text = include_str!("../../../../schemas/messages/import.json");
    let catalogue: Catalogue = serde_json::from_str(text).unwrap();
    let keys = LineCode::ALL.map(|code| format!("import.{}", code.code()));
    let complete = |key: &String| !catalogue[key]["en"].is_empty() && !catalogue[key]["zh"].is_empty();
    assert!(keys.iter().all(complete) && catalogue.len() == keys.len());
}

/// 3,761 real maintenance orders with the quoting of a real export; the data cannot be part of this repository.
#[test]
fn a_real_maintenance_log_arrives_whole() {
    let Some(folder) = std::env::var_os("DOCKET_DATA") else {
        println!("not run: DOCKET_DATA names no folder of real maintenance records");
        return;
    };
    let bytes = std::fs::read(std::path::Path::new(&folder).join("excavator-mwo/excavators.csv")).unwrap();
    let defaults = mine();
    let orders: Vec<ImportedOrder> = OrderFile::new(&bytes, &defaults)
        .unwrap()
        .map(|order| order.unwrap_or_else(|error| panic!("{error}")))
        .collect();
    assert_eq!(orders.len(), 3_761);
    assert!(
        orders.iter().all(|order| order.date.is_some() && order.serial.as_deref().is_some_and(|unit| unit.len() == 1))
    );
    let quotes: usize = orders.iter().map(|order| order.problem.matches('"').count()).sum();
    let commas: usize = orders.iter().map(|order| order.problem.matches(',').count()).sum();
    let cost: i64 = orders.iter().filter_map(|order| order.cost_hundredths).sum();
    assert_eq!((quotes, commas, cost), (27, 34, 767_759_172));
    assert!(orders.iter().all(|order| order.problem.len() <= 42), "a text swallowed another line");
}
