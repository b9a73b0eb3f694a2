//! The units that one may choose from.

use docket_sync_core::ids::RecordId;
use docket_sync_core::reference::{Reference, Site, Unit};

use super::*;

/// Three sites; the units are spread over them, and lie between other records.
const UNITS: u8 = 90;

async fn fill(company: &Company) {
    let job = |writer: &mut crate::commit::Writer| {
        for number in 0..3_u8 {
            let address = format!("解放路 {number} 号");
            let site = Site { customer: RecordId([9; 16]), address, zone: None, contact: None };
            writer.write_reference(RecordId([number; 16]), site.into(), None)?;
        }
        for number in 0..UNITS {
            let model = if number % 2 == 0 { "KFR-35GW" } else { "JSQ-24" }.to_owned();
            let site = RecordId([number % 3; 16]);
            let unit = Unit { site, model, serial: format!("SN-{number:03}"), warranty_until: None };
            writer.write_reference(RecordId([100 + number; 16]), Reference::from(unit), None)?;
        }
        Ok(())
    };
    company.office.committer.run(job).await.unwrap();
}

#[tokio::test]
async fn c_010_a_unit_is_found_by_its_site_and_by_words_page_by_page() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    assert_eq!(company.get(&clerk, "/api/units").await.ok(), json!({"items": [], "next": null}));
    fill(&company).await;
    let site = RecordId([1; 16]);
    let found = company.get(&clerk, &format!("/api/units?site={site}&limit=1000")).await.ok();
    let items = found["items"].as_array().unwrap();
    assert_eq!((items.len(), &found["next"]), (usize::from(UNITS) / 3, &Value::Null));
    for item in items {
        assert_eq!(item["site"], json!({"id": site.to_string(), "address": "解放路 1 号"}));
    }
    let found = company.get(&clerk, &format!("/api/units?site={site}&q=kfr%20sn-00")).await.ok();
    let serials: Vec<&str> =
        found["items"].as_array().unwrap().iter().filter_map(|item| item["serial"].as_str()).collect();
    assert_eq!(serials, ["SN-004"], "every word must fit, small letters or not");
    for limit in [1, 7, 89, 90, 91] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = company.get(&clerk, &format!("/api/units?limit={limit}&after={after}")).await.ok();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            seen.extend(items.iter().map(|item| item["serial"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        let expected: Vec<String> = (0..UNITS).map(|number| format!("SN-{number:03}")).collect();
        assert_eq!(seen, expected, "{limit}");
    }
    for (query, field) in [("site=zz", "site"), ("after=zz", "after"), ("limit=0", "limit")] {
        let wrong = company.get(&clerk, &format!("/api/units?{query}")).await;
        assert_eq!((wrong.code(), &wrong.body["field"]), ((422, "invalid_field"), &json!(field)), "{query}");
    }
    let long = company.get(&clerk, &format!("/api/units?q={}", "x".repeat(201))).await;
    assert_eq!(long.code(), (422, "invalid_field"));
}
