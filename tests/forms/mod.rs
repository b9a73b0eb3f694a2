//! Forms from the office to the technician and back (C-050, C-060 to C-070), and their published schema.

use std::fs;
use std::path::Path;

use docket_harness::world::field::part;
use docket_harness::world::{Device, Trouble, World};
use docket_server::commit::CommitError;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{CheckResult, Demand, FormEntry, Line, LineKind, ORAL_WARNING};
use docket_sync_core::forms::{Form, SHIPPED};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::view::{ReviewKind, ReviewStatus};
use docket_sync_core::time::{HOUR, MINUTE};
use serde_json::Value;

fn entry(step: &str) -> Option<FormEntry> {
    let (form, step) = ("gas_safety".to_owned(), step.to_owned());
    Some(FormEntry { form, version: 1, step, text: None, people: None })
}

fn check(step: &str, result: CheckResult) -> Line {
    Line { result: Some(result), entry: entry(step), ..Line::new(LineKind::Checklist, step, 0, "") }
}

/// A technician on a gas order that has its form.
async fn on_site() -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(7).await?;
    let gas = SHIPPED.iter().find(|(name, _)| *name == "gas_safety").ok_or("the form")?.1;
    let written = |error: docket_server::forms::WriteFormError| CommitError::Internal(error.to_string());
    world.office.committer.run(move |writer| writer.write_form(gas.as_bytes(), None).map_err(written)).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order_needing("燃气灶打不着火", Some("gas")).await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    li.begin(order)?;
    Ok((world, li, order))
}

#[tokio::test]
async fn c_062_a_gas_visit_is_not_reported_done_without_its_safety_check_also_offline() -> Result<(), Trouble> {
    let (world, mut li, order) = on_site().await?;
    let visit = li.visit(order)?;
    let done = Command::Done { visit, finding: None };
    let shown = li.show(order)?;
    let refusal = li.client.execute(&shown, &done).unwrap_err().to_string();
    assert!(refusal.contains("form_step_lacking"), "{refusal}");

    let pressure = Line { entry: entry("pressure"), ..Line::new(LineKind::Reading, "灶前压力", 3_500, "kPa") };
    li.record(order, visit, pressure)?;
    li.record(order, visit, check("leak_test", CheckResult::Ok))?;
    let executed = li.act(order, &done)?;
    let owed: Vec<Demand> = executed.order.view.facets.missing.iter().map(|missing| missing.demand).collect();
    assert_eq!(owed, [Demand::Record], "what is not needed for safety can be filed later");
    let forms = li.client.forms(&executed.order)?;
    let lines = &executed.order.view.lines;
    let pressure =
        forms[0].record(lines).steps.iter().find(|step| step.step.code == "pressure").map(|step| step.at_fault);
    assert_eq!(pressure, Some(true), "out of range is recorded, not refused");

    world.sync(&mut li).await?;
    assert_eq!(*world.view(order).await?, li.show(order)?.view);
    Ok(())
}

#[tokio::test]
async fn c_063_people_are_reminded_when_a_thing_can_be_used_again() -> Result<(), Trouble> {
    let (world, mut li, order) = on_site().await?;
    let visit = li.visit(order)?;
    let usable_from = Some(world.now().plus(26 * HOUR));
    li.record(order, visit, Line { usable_from, ..part("密封胶", 1_000, 2_000) })?;
    let warned = Line { code: Some(ORAL_WARNING.to_owned()), ..check("valve_closed", CheckResult::Ok) };
    li.record(order, visit, warned)?;
    world.pass(HOUR);
    world.sync(&mut li).await?;
    let reminder = |status: ReviewStatus| {
        move |view: &docket_sync_core::lifecycle::view::OrderView| {
            view.reviews.iter().any(|review| review.kind == ReviewKind::NotUsableYet && review.status == status)
        }
    };
    let reviews: Vec<_> = world.view(order).await?.reviews.iter().map(|review| (review.kind, review.status)).collect();
    assert!(reviews.contains(&(ReviewKind::NotUsableYet, ReviewStatus::Open)), "{reviews:?}");
    world.pass(27 * HOUR + MINUTE);
    world.until("the reminder has fired", order, reminder(ReviewStatus::Defaulted)).await?;
    Ok(())
}

/// Every form that ships, and forms that are wrong: the schema and the program agree.
#[test]
fn the_published_schema_accepts_and_refuses_what_the_program_does() -> Result<(), Trouble> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/forms");
    let schema: Value = serde_json::from_str(&fs::read_to_string(folder.join("service-form.schema.json"))?)?;
    let schema = jsonschema::validator_for(&schema)?;
    let mut names: Vec<String> = Vec::new();
    for file in fs::read_dir(&folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".json").filter(|name| !name.ends_with(".schema")) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    let mut shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    shipped.sort_unstable();
    assert_eq!(names, shipped, "every form in the folder ships");
    for (name, json) in SHIPPED {
        let problems: Vec<String> =
            schema.iter_errors(&serde_json::from_str(json)?).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
    let gas = SHIPPED.iter().find(|(name, _)| *name == "gas_safety").ok_or("the form")?.1;
    let wrong = [
        ("\"format\": 1", "\"format\": 2"),
        ("\"version\": 1", "\"version\": 0"),
        ("\"kind\": \"check\"", "\"kind\": \"cheque\""),
        ("\"unit\": \"kPa\",", ""),
        ("\"min\": \"1.5\"", "\"min\": 1.5"),
        ("\"min\": \"1.5\"", "\"min\": \"1.2345\""),
        ("\"code\": \"hose\"", "\"code\": \"Hose\""),
        ("\"lacking\": \"refuse\"", "\"lacking\": \"never\""),
        ("\"is\": \"fault\"", "\"is\": \"broken\""),
        ("\"steps\"", "\"stops\""),
    ];
    for (good, bad) in wrong {
        let json = gas.replacen(good, bad, 1);
        assert_ne!(json, gas, "{good}");
        assert!(Form::from_json(json.as_bytes()).is_err(), "the program takes {bad}");
        assert!(!schema.is_valid(&serde_json::from_str(&json)?), "the schema takes {bad}");
    }
    Ok(())
}
