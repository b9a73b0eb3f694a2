use super::*;
use crate::commands::{Command, Context, decide};
use crate::facts::values::{Blob, FormEntry, Line, LineKind, ORAL_WARNING, WARNING_TAG};
use crate::facts::{Author, FactBody, Head, Role, bodies};
use crate::ids::{BlobId, FactId, PersonId};
use crate::lifecycle::fold;
use crate::lifecycle::scenario::{Scenario, Stage, Who, part};
use crate::lifecycle::view::{LineView, OrderView};
use crate::time::UnixMillis;

const SMALL: &str = r#"{"format":1,"code":"small","version":1,"title":{"en":"Small","zh":"小"},"steps":[
    {"code":"leak","title":{"en":"Leak","zh":"漏"},"takes":{"kind":"check"},"lacking":"refuse","demand":"safety_check"},
    {"code":"pressure","title":{"en":"Pressure","zh":"压力"},"takes":{"kind":"reading","unit":"kPa","min":"1.5","max":"3"},
        "after":["leak"]},
    {"code":"why","title":{"en":"Why","zh":"原因"},"takes":{"kind":"text"},"when":{"step":"leak","is":"fault"}},
    {"code":"high","title":{"en":"High","zh":"高"},"takes":{"kind":"check"},"when":{"step":"pressure","above":"3"},"photo":true}
]}"#;

fn small() -> Form {
    Form::from_json(SMALL.as_bytes()).unwrap()
}

fn entry(step: &str, text: Option<&str>) -> Option<FormEntry> {
    let text = text.map(str::to_owned);
    Some(FormEntry { form: "small".into(), version: 1, step: step.into(), text, people: None })
}

fn check(step: &str, result: CheckResult) -> Line {
    Line { result: Some(result), entry: entry(step, None), ..Line::new(LineKind::Checklist, step, 0, "") }
}

fn pressure(thousandths: i64) -> Line {
    Line { entry: entry("pressure", None), ..Line::new(LineKind::Reading, "Pressure", thousandths, "kPa") }
}

fn photo(step: &str) -> Line {
    let blob = Blob { hash: BlobId([7; 32]), size: 9, media_type: "image/jpeg".into() };
    Line { blob: Some(blob), entry: entry(step, None), ..Line::new(LineKind::Photo, step, 0, "") }
}

/// Work on site with these lines, one after another.
fn work(lines: Vec<Line>) -> (Scenario, FactId) {
    let mut scenario = Scenario::default();
    let stage = scenario.stage();
    stage.dispatched();
    let visit = stage.works(Who::A);
    for line in lines {
        stage.line(Who::A, visit, line);
    }
    stage.look(Who::A);
    (scenario, visit)
}

fn view(scenario: &Scenario) -> OrderView {
    fold(&scenario.office_facts())
}

fn lines(scenario: &Scenario) -> Vec<LineView> {
    view(scenario).lines
}

fn states(form: &Form, stage: &Scenario) -> Vec<(String, StepState, bool)> {
    let lines = lines(stage);
    let told = |step: &StepRecord<'_>| (step.step.code.clone(), step.state, step.is_whole());
    form.record(&lines).steps.iter().map(told).collect()
}

fn done(stage: &Scenario, visit: FactId, forms: Vec<Form>) -> Result<Vec<Demand>, &'static str> {
    let context = Context { forms, ..Context::new(stage.person(Who::A), &[Role::Technician]) };
    let command = Command::Done { visit: visit.reference(), finding: None };
    match decide(&view(stage), &command, &context) {
        Ok(decision) => {
            assert!(matches!(decision.body, FactBody::OutcomeDone(_)));
            Ok(decision.head.missing.unwrap_or_default())
        }
        Err(refusal) => Err(refusal.code),
    }
}

#[test]
fn every_form_that_ships_is_valid_under_its_name_and_survives_its_json() {
    for (name, json) in SHIPPED {
        let form = Form::from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((form.code.as_str(), form.version), (*name, 1));
        assert_eq!(Form::from_json(&form.to_json()).unwrap(), form, "{name}");
    }
}

#[test]
fn a_form_that_cannot_be_used_names_the_key() {
    let cases = [
        (r#""version":1"#, r#""version":0"#, "$.version"),
        (r#""format":1"#, r#""format":2"#, "$.format"),
        (r#""code":"small""#, r#""code":"Small!""#, "$.code"),
        (r#""zh":"小""#, r#""zh":" ""#, "$.title.zh"),
        (r#""max":"3""#, r#""max":"1""#, "$.steps[1].takes.max"),
        (r#""max":"3""#, r#""max":"3.0001""#, "$.steps[1].takes"),
        (r#""unit":"kPa","#, "", "$.steps[1].takes"),
        (r#""after":["leak"]"#, r#""after":["why"]"#, "$.steps[1].after[0]"),
        (r#""is":"fault""#, r#""above":"3""#, "$.steps[2].when"),
        (r#""is":"fault""#, r#""is":"fault","above":"3""#, "$.steps[2].when"),
        (r#""above":"3""#, r#""is":"ok""#, "$.steps[3].when"),
        (r#""code":"high""#, r#""code":"leak""#, "$.steps[3].code"),
        (r#""photo":true"#, r#""foto":true"#, "$.steps[3].foto"),
        (r#""lacking":"refuse""#, r#""lacking":"never""#, "$.steps[0].lacking"),
        (r#""steps":["#, r#""stops":["#, "$.stops"),
    ];
    for (good, bad, key) in cases {
        let error = Form::from_json(SMALL.replacen(good, bad, 1).as_bytes()).unwrap_err();
        assert_eq!(error.key, key, "{bad}: {error}");
    }
    let long = format!("{SMALL}{}", " ".repeat(40_000));
    assert_eq!(Form::from_json(long.as_bytes()).unwrap_err().key, "$.");
}

#[test]
fn decimals_have_three_places_and_come_back_as_they_were() {
    for (text, thousandths) in [("2.5", 2_500), ("-0.125", -125), ("0", 0), ("198", 198_000), ("10.05", 10_050)] {
        assert_eq!(Decimal::parse(text), Some(Decimal(thousandths)));
        assert_eq!(Decimal(thousandths).to_string(), text);
    }
    for text in ["", "-", ".5", "5.", "1.2345", "1e3", "+1", "1 ", "1234567890123", "٣"] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn c_062_work_cannot_be_reported_done_without_its_safety_check() {
    let (stage, visit) = work(vec![]);
    assert_eq!(done(&stage, visit, vec![small()]), Err("form_step_lacking"));
    assert_eq!(done(&stage, visit, vec![]), Ok(vec![]), "an order without forms");
    let (stage, visit) = work(vec![check("leak", CheckResult::Ok)]);
    assert_eq!(done(&stage, visit, vec![small()]), Ok(vec![Demand::Record]), "the pressure was not read");
    let (stage, visit) = work(vec![check("leak", CheckResult::Ok), pressure(2_000)]);
    assert_eq!(done(&stage, visit, vec![small()]), Ok(vec![]));
}

#[test]
fn c_060_done_without_a_diagnosis_is_allowed_and_the_record_is_incomplete() {
    let repair = Form::from_json(SHIPPED[0].1.as_bytes()).unwrap();
    let (mut stage, visit) = work(vec![]);
    assert_eq!(done(&stage, visit, vec![repair]), Ok(vec![Demand::Diagnosis, Demand::Record]));
    let head = Head { missing: Some(vec![Demand::Diagnosis]), ..Head::default() };
    stage.act(Who::A, head, bodies::OutcomeDone { visit: visit.reference(), finding: None }.into());
    stage.look(Who::A);
    let view = view(&stage);
    assert!(view.facets.missing.iter().any(|missing| missing.demand == Demand::Diagnosis));
    assert!(view.completed.is_some(), "the work counts");
}

#[test]
fn c_065_a_step_before_the_one_that_comes_first_is_flagged() {
    let (stage, visit) = work(vec![pressure(2_000), check("leak", CheckResult::Ok)]);
    let lines = lines(&stage);
    let form = small();
    let record = form.record(&lines);
    assert!(record.steps[1].too_early);
    assert_eq!(done(&stage, visit, vec![small()]), Ok(vec![Demand::Record]));
}

#[test]
fn a_reading_outside_its_range_is_recorded_shown_and_opens_what_depends_on_it() {
    let (stage, visit) = work(vec![check("leak", CheckResult::Fault), pressure(3_001), check("high", CheckResult::Ok)]);
    let open = states(&small(), &stage);
    assert_eq!(open[2], ("why".into(), StepState::Open, false), "asked because of the fault");
    assert_eq!(open[3], ("high".into(), StepState::Filled, false), "its photo is lacking");
    let lines = lines(&stage);
    assert!(small().record(&lines).steps[1].at_fault);
    assert_eq!(done(&stage, visit, vec![small()]), Ok(vec![Demand::Record]));

    let words = Line { entry: entry("why", Some("cracked hose")), ..check("why", CheckResult::Ok) };
    let (stage, visit) = work(vec![
        check("leak", CheckResult::Fault),
        pressure(3_001),
        check("high", CheckResult::Ok),
        photo("high"),
        words,
    ]);
    assert_eq!(done(&stage, visit, vec![small()]), Ok(vec![]));
    let (stage, _) = work(vec![check("leak", CheckResult::Ok), pressure(3_000)]);
    let quiet = states(&small(), &stage);
    assert_eq!((quiet[2].1, quiet[3].1), (StepState::NotAsked, StepState::NotAsked));
}

#[test]
fn c_050_two_people_with_a_lead_are_named_before_a_station_round_is_done() {
    let round = SHIPPED.iter().find(|(name, _)| *name == "station_round").unwrap();
    let form = Form::from_json(round.1.as_bytes()).unwrap();
    let crew = |people: Option<Vec<PersonId>>| {
        let entry = FormEntry { form: "station_round".into(), version: 1, step: "crew".into(), text: None, people };
        Line { entry: Some(entry), ..Line::new(LineKind::Checklist, "crew", 0, "") }
    };
    let alone = [crew(None), crew(Some(vec![]))];
    for line in alone {
        let (stage, _) = work(vec![line]);
        assert_eq!(states(&form, &stage)[0].1, StepState::Open);
    }
    let (stage, _) = work(vec![crew(Some(vec![PersonId([9; 16])]))]);
    assert_eq!(states(&form, &stage)[0].1, StepState::Filled);
}

#[test]
fn c_050_two_people_are_two_whoever_is_named_twice() {
    let json = SMALL.replacen(r#"{"kind":"text"}"#, r#"{"kind":"people","least":2}"#, 1);
    let form = |least: &str| Form::from_json(json.replacen(r#""least":2"#, least, 1).as_bytes()).unwrap();
    let himself = Scenario::default().person(Who::A);
    let (b, c) = (PersonId([9; 16]), PersonId([10; 16]));
    let crew = |people: &[PersonId]| {
        let people = Some(people.to_vec());
        let entry = FormEntry { form: "small".into(), version: 1, step: "why".into(), text: None, people };
        Line { entry: Some(entry), ..Line::new(LineKind::Checklist, "crew", 0, "") }
    };
    for (least, people, state) in [
        (r#""least":2"#, vec![himself], StepState::Open),
        (r#""least":2"#, vec![b], StepState::Filled),
        (r#""least":2"#, vec![himself, b], StepState::Filled),
        (r#""least":3"#, vec![b, b], StepState::Open),
        (r#""least":3"#, vec![himself, b], StepState::Open),
        (r#""least":3"#, vec![b, c], StepState::Filled),
    ] {
        let (stage, _) = work(vec![check("leak", CheckResult::Fault), crew(&people)]);
        assert_eq!(states(&form(least), &stage)[2].1, state, "{least} {people:?}");
    }
}

#[test]
fn c_062_a_mandatory_photo_is_not_passed_by_in_the_wrong_order() {
    let json = SMALL.replacen(r#""photo":true}"#, r#""photo":true,"lacking":"refuse","after":["pressure"]}"#, 1);
    let form = || vec![Form::from_json(json.as_bytes()).unwrap()];
    let lines = || vec![check("leak", CheckResult::Ok), check("high", CheckResult::Ok), pressure(3_001)];
    let (stage, visit) = work(lines());
    assert_eq!(done(&stage, visit, form()), Err("form_step_lacking"), "its photo is lacking, and it was too early");
    let (stage, visit) = work([lines(), vec![photo("high")]].concat());
    assert_eq!(done(&stage, visit, form()), Ok(vec![Demand::Record]), "what was too early cannot be mended");
}

#[test]
fn c_063_what_cannot_be_used_yet_needs_a_warning_and_reminds_at_its_time() {
    let dries = Line { usable_from: Some(UnixMillis(i64::MAX / 4)), ..part("Sealant", 1_000) };
    let (stage, visit) = work(vec![dries.clone()]);
    assert_eq!(done(&stage, visit, vec![]), Ok(vec![Demand::Warning]));
    let review = view(&stage).reviews.into_iter().find(|review| review.kind.code() == "not_usable_yet").unwrap();
    assert_eq!((review.owner, review.due), (Role::Clerk, Some(UnixMillis(i64::MAX / 4))));
    for code in [WARNING_TAG, ORAL_WARNING] {
        let warning = Line { code: Some(code.into()), ..check("tag", CheckResult::Ok) };
        let (stage, visit) = work(vec![dries.clone(), warning]);
        assert_eq!(done(&stage, visit, vec![]), Ok(vec![]), "{code}");
    }
}

#[test]
fn what_was_reversed_fills_nothing_in() {
    let (mut stage, _) = work(vec![check("leak", CheckResult::Ok)]);
    assert_eq!(states(&small(), &stage)[0].1, StepState::Filled);
    let line = lines(&stage)[0].at.fact.reference();
    let reason = "the wrong appliance".to_owned();
    stage.stage().does(Who::A, bodies::ReverseLine { line, reason });
    stage.look(Who::A);
    assert_eq!(states(&small(), &stage)[0].1, StepState::Open);
}

#[test]
fn c_066_forms_are_for_the_orders_that_they_name() {
    let mut stage = Scenario::default();
    stage.stage().registered();
    let view = view(&stage);
    let applies = |skills: &[&str]| {
        let skills = skills.iter().map(|skill| (*skill).to_owned()).collect();
        Form { applies: Applies { skills, classes: vec![] }, ..small() }.is_for(&view)
    };
    assert!(applies(&[]));
    assert!(!applies(&["gas"]), "the request asks for no skill");
}

fn shipped(code: &str) -> Form {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == code).unwrap();
    // Which orders a form is for is another rule's.
    Form { applies: Applies::default(), ..Form::from_json(json.as_bytes()).unwrap() }
}

/// A line that fills in a step of a form that ships.
fn fills(form: &str, step: &str, text: Option<&str>) -> Line {
    let (form, step, text) = (form.to_owned(), step.to_owned(), text.map(str::to_owned));
    let name = step.clone();
    let entry = Some(FormEntry { form, version: 1, step, text, people: None });
    Line { result: Some(CheckResult::Ok), entry, ..Line::new(LineKind::Checklist, name, 0, "") }
}

#[test]
fn c_061_conduct_in_the_home_is_recorded_item_by_item_with_who_and_when() {
    let conduct = shipped("in_home_conduct");
    assert!(conduct.steps.len() >= 8, "the rule names eight things and more");
    for item in ["uniform", "knocked", "shoe_covers", "tool_cloth", "not_seated", "no_gifts", "no_private_cash"] {
        assert!(conduct.steps.iter().any(|step| step.code == item), "{item}");
    }
    let lines_of = |steps: &[Step]| steps.iter().map(|step| fills("in_home_conduct", &step.code, None)).collect();
    let (stage, visit) = work(lines_of(&conduct.steps));
    assert_eq!(done(&stage, visit, vec![conduct.clone()]), Ok(vec![]));
    let recorded = lines(&stage);
    let author = Author::Person(stage.person(Who::A));
    for step in conduct.record(&recorded).steps {
        let line = recorded.iter().find(|line| step.lines.first() == Some(&line.at.fact)).unwrap();
        assert_eq!((step.state, &line.by, step.value.unwrap().at), (StepState::Filled, &author, line.at.time));
    }
    let (stage, visit) = work(lines_of(&conduct.steps[1..]));
    assert_eq!(done(&stage, visit, vec![conduct]), Ok(vec![Demand::Record]), "an item is lacking");
}

#[test]
fn c_067_an_old_unit_that_is_taken_along_needs_its_document() {
    let form = || vec![shipped("recycling")];
    let taken = || fills("recycling", "taken", None);
    let document = || fills("recycling", "document", Some("HS-2024-117"));
    let paper =
        || Line { kind: LineKind::Photo, blob: photo("photo").blob, result: None, ..fills("recycling", "photo", None) };
    let case = |lines: Vec<Line>| {
        let (stage, visit) = work(lines);
        done(&stage, visit, form())
    };
    assert_eq!(case(vec![]), Ok(vec![]), "nothing was taken along");
    assert_eq!(case(vec![taken()]), Ok(vec![Demand::RecyclingDocument]));
    assert_eq!(case(vec![taken(), document()]), Ok(vec![Demand::RecyclingDocument]), "its photo is lacking");
    assert_eq!(
        case(vec![taken(), fills("recycling", "document", Some(" ")), paper()]),
        Ok(vec![Demand::RecyclingDocument])
    );
    assert_eq!(case(vec![taken(), document(), paper()]), Ok(vec![]));
}

#[test]
fn c_070_a_training_has_its_attendees_and_an_opinion_before_and_after() {
    let words = |step: &str| fills("user_training", step, Some("王工、李工"));
    let all = ["opinion_before", "attendees", "content", "opinion_after"];
    let case = |steps: &[&str]| {
        let (stage, visit) = work(steps.iter().map(|step| words(step)).collect());
        done(&stage, visit, vec![shipped("user_training")])
    };
    assert_eq!(case(&all), Ok(vec![]));
    for lacking in all {
        let rest: Vec<&str> = all.into_iter().filter(|step| *step != lacking).collect();
        assert_eq!(case(&rest), Ok(vec![Demand::Record]), "{lacking}");
    }
    assert_eq!(case(&["opinion_after", "opinion_before", "attendees", "content"]), Ok(vec![Demand::Record]));
}
