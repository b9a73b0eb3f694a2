//! The journal, frame by frame; the log's chain in it; and every document that it makes.

use std::path::Path;

use docket_sync_core::proof::chain_start;

use super::finding::Finding;
use super::folder::{RESTORE, Use};
use super::scan::{Gap, ScanError, Scanned, scan};
use crate::backup::contents::{batch_of, identity_in};
use crate::backup::folding;
use crate::backup::verify::Replayed;
use crate::store::journal::{FOLDER, Frame, Position};

/// What looking at the journal found.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    /// Where its sound part ends.
    pub(super) end: Position,
    /// The journal's own position at the number where the engine stands.
    pub(super) at_engine: Option<Position>,
}

/// Looks at every frame of the journal of the store in `store`.
pub(super) fn look(store: &Path, used: &Use, engine: Option<Position>) -> Result<Looked, ScanError> {
    let mut contents = Contents { replayed: None, problem: None };
    let mut at_engine = None;
    let scanned = scan(&store.join(FOLDER), &mut |frame, is_behind| {
        if engine.is_some_and(|engine| engine.number == frame.header.number) {
            at_engine = Some(frame.header.position());
        }
        if !is_behind {
            contents.take(frame);
        }
    })?;
    let mut findings = journal_findings(&scanned, used);
    findings.extend(contents.findings());
    Ok(Looked { findings, end: scanned.sound_to, at_engine })
}

fn journal_findings(scanned: &Scanned, used: &Use) -> Vec<Finding> {
    let Scanned { segments, sound_to, behind, gaps, gaps_total, torn_bytes, .. } = scanned;
    let mut findings = Vec::new();
    if gaps.is_empty() {
        let said = format!(
            "The journal is sound: {} frames in {segments} segments, each chained to the one before.",
            sound_to.number
        );
        findings.push(Finding::sound("journal", said));
    }
    for gap in gaps {
        let next = format!("{RESTORE} To save what is readable first: docket doctor --data DIR --salvage TO");
        findings.push(Finding::damage("journal", sentence(gap), &next));
    }
    if *gaps_total > 0 {
        let said = format!(
            "The journal has {gaps_total} damaged places; frames up to {} are whole before them, {behind} stand behind them.",
            sound_to.number
        );
        findings.push(Finding::damage("journal", said, RESTORE));
    }
    if *torn_bytes > 0 && matches!(used, Use::Free { .. }) {
        let said = format!(
            "The journal ends with {torn_bytes} bytes of a write that was cut off and that nobody was told of."
        );
        findings.push(Finding::note("journal", said, "Nothing is to be done: the next start cuts them."));
    }
    findings
}

fn sentence(gap: &Gap) -> String {
    let Gap { file, offset, until, before, after, problem } = gap;
    let from = format!("{}: at byte {offset}, after frame {before}, {problem}", file.display());
    match (until, after) {
        (Some(until), Some(after)) => format!("{from}; whole frames go on at byte {until} with frame {after}."),
        _ => format!("{from}."),
    }
}

/// What the sound frames make.
struct Contents {
    replayed: Option<Replayed>,
    problem: Option<String>,
}

impl Contents {
    fn take(&mut self, frame: &Frame) {
        if self.problem.is_none() {
            self.problem = self.try_take(frame).err();
        }
    }

    fn try_take(&mut self, frame: &Frame) -> Result<(), String> {
        let replayed = if let Some(replayed) = &mut self.replayed {
            replayed
        } else {
            let batch = batch_of(frame).map_err(|error| error.to_string())?;
            let identity = identity_in(&batch).map_err(|error| error.to_string())?;
            let identity = identity.ok_or("the first frame does not say which store it is of")?;
            self.replayed.insert(Replayed::new(chain_start(identity.store)))
        };
        replayed.take(frame).map_err(|error| format!("frame {}: {error}", frame.header.number))
    }

    fn findings(self) -> Vec<Finding> {
        if let Some(problem) = self.problem {
            return vec![Finding::damage(
                "log",
                format!("The frames are whole and what they hold is not: {problem}."),
                RESTORE,
            )];
        }
        let Some(replayed) = self.replayed else { return Vec::new() };
        let mut findings = vec![Finding::sound("log", format!("The log is one chain of {} records.", replayed.number))];
        match folding::fold_all(&replayed.store, |_| {}) {
            Ok(folded) if folded.wrong == 0 => {
                let said = format!("{} documents with {} facts fold.", folded.documents, folded.facts);
                findings.push(Finding::sound("documents", said));
            }
            Ok(folded) => {
                let wrong = folded.problems.into_iter();
                findings.extend(wrong.map(|problem| Finding::damage("documents", format!("{problem}."), RESTORE)));
            }
            Err(error) => {
                findings.push(Finding::damage("documents", format!("Documents cannot be read: {error}."), RESTORE));
            }
        }
        findings
    }
}
