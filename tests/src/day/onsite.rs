//! What a technician does on site beside lines and signatures: he fills in the company's forms, takes photos, quotes,
//! takes goods along and cash. All of it by the forms of the commands, as a phone's screens would.

use docket_client::client::{ExecuteError, Shown};
use docket_sync_core::attachments::describe;
use docket_sync_core::commands::form::Form;
use docket_sync_core::commands::{Command, CommandCode};
use docket_sync_core::facts::values::{CheckResult, FormEntry, Line, LineKind};
use docket_sync_core::forms::{Decimal, Step, StepState, Takes};
use docket_sync_core::ids::DocumentId;
use docket_sync_core::reference::Language;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde_json::Value;

use super::Trouble;
use super::clock::DayClock;
use super::device::DayClient;
use super::messages::text;
use crate::random::Random;

/// Steps of one order's forms, at most.
const STEPS_MAX: usize = 100;

/// What became of it: done, or a refusal's code.
pub(super) type Outcome = Result<(), String>;

/// States a command by its form, over what follows from the order.
pub(super) fn state_by_form(
    client: &mut DayClient,
    shown: &Shown,
    command: CommandCode,
    filled: &Value,
) -> Result<Outcome, Trouble> {
    let mut fields = client.defaults(shown, command)?;
    fields.extend(filled.as_object().cloned().unwrap_or_default());
    let form = Form::of(command).ok_or("the command has no form")?;
    match form.read(&fields.into()) {
        Ok(filled) => execute(client, shown, &filled.command),
        Err(error) => Ok(Err(format!("{}: {}", error.field, error.code))),
    }
}

fn execute(client: &mut DayClient, shown: &Shown, command: &Command) -> Result<Outcome, Trouble> {
    match client.execute(shown, command) {
        Ok(_) => Ok(Ok(())),
        Err(ExecuteError::Refused(refusal)) => Ok(Err(refusal.code.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Fills in whatever the order's forms still ask.
pub(super) fn fill_forms(
    client: &mut DayClient,
    order: DocumentId,
    clock: &DayClock,
    language: Language,
) -> Result<Outcome, Trouble> {
    for _ in 0..STEPS_MAX {
        let shown = client.show(order)?;
        let Some(visit) = shown.visit_of(client.person()).map(|visit| visit.id.reference()) else {
            return Ok(Err("no_visit".to_owned()));
        };
        let forms = client.forms(&shown)?;
        let open = forms.iter().find_map(|form| {
            let record = form.record(&shown.view.lines);
            let step = record.steps.iter().find(|step| step.state == StepState::Open && takes_no_photo(step.step))?;
            Some(line(form.code.clone(), form.version, step.step, language))
        });
        let Some(line) = open else { return Ok(Ok(())) };
        clock.step();
        if let Err(refusal) = execute(client, &shown, &Command::RecordLine { visit, line })? {
            return Ok(Err(refusal));
        }
    }
    Err("a form never ends".into())
}

/// Photos have a step of their own in his plan; where all is well no form asks for one.
fn takes_no_photo(step: &Step) -> bool {
    !matches!(step.takes, Takes::Photo)
}

/// The line that fills a step in: in order, in the middle of its range.
fn line(form: String, version: u32, step: &Step, language: Language) -> Line {
    let name = step.title.text(language).to_owned();
    let words = matches!(step.takes, Takes::Text).then(|| text("demo.text.step", language).to_owned());
    let entry = FormEntry { form, version, step: step.code.clone(), text: words, people: None };
    let line = match &step.takes {
        Takes::Reading { unit, min, max } => {
            let least = min.map_or(0, |Decimal(least)| least);
            let most = max.map_or_else(|| least.saturating_add(2_000), |Decimal(most)| most);
            let middle = least.midpoint(most);
            Line::new(LineKind::Reading, name, middle, unit.clone())
        }
        Takes::Check | Takes::Text | Takes::Photo | Takes::People { .. } => {
            Line { result: Some(CheckResult::Ok), ..Line::new(LineKind::Checklist, name, 0, "") }
        }
    };
    Line { entry: Some(entry), ..line }
}

/// Takes a photo of what he works on.
pub(super) fn photograph(client: &mut DayClient, shown: &Shown, name: &str, seed: u64) -> Result<Outcome, Trouble> {
    let bytes = picture(seed)?;
    let Some(visit) = shown.visit_of(client.person()).map(|visit| visit.id.reference()) else {
        return Ok(Err("no_visit".to_owned()));
    };
    let blob = Some(describe(&bytes)?);
    client.replica_mut().attach(shown.id, &bytes, Some(name), false)?;
    execute(
        client,
        shown,
        &Command::RecordLine { visit, line: Line { blob, ..Line::new(LineKind::Photo, name, 0, "") } },
    )
}

/// A made-up photo: a wall, a unit on it, and what hangs there, in colours of the seed.
fn picture(seed: u64) -> Result<Vec<u8>, Trouble> {
    const WIDTH: u32 = 480;
    const HEIGHT: u32 = 360;
    let mut random = Random::from_seed(seed);
    let mut shade = |least: i64, most: i64| u8::try_from(random.between(least, most)).unwrap_or(128);
    let (wall, unit) =
        ([shade(170, 220), shade(165, 210), shade(150, 200)], [shade(215, 245), shade(215, 245), shade(220, 250)]);
    let (pipe, mark) =
        ([shade(90, 140), shade(80, 120), shade(70, 110)], [shade(150, 220), shade(40, 90), shade(30, 70)]);
    let image = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let within =
            |left: u32, top: u32, right: u32, bottom: u32| (left..right).contains(&x) && (top..bottom).contains(&y);
        let light = u8::try_from(y / 12).unwrap_or(0);
        let colour = if within(300, 150, 330, 170) {
            mark
        } else if within(90, 70, 390, 200) {
            if y % 14 < 2 && y > 160 { pipe } else { unit }
        } else if within(350, 200, 368, 360) {
            pipe
        } else {
            wall
        };
        Rgb(colour.map(|part| part.saturating_sub(light)))
    });
    let mut bytes = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 80))?;
    Ok(bytes)
}
