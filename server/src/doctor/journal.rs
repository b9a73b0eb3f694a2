//! The journal, frame by frame; the log's chain in it; and every document that it makes.

use std::path::Path;

use docket_sync_core::proof::chain_start;

use super::finding::Finding;
use super::folder::{RESTORE, Use};
use super::scan::{Gap, ScanError, Scanned, Unreadable, scan};
use crate::backup::contents::{batch_of, identity_in};
use crate::backup::folding::{Folded, Gathering};
use crate::backup::verify::LogWalk;
use crate::store::disk::RealDisk;
use crate::store::journal::{FOLDER, Frame, JournalId, Position};

/// What to do about a disk that does not give what was written.
const REPLACE: &str =
    "The disk fails: save what is readable (--salvage TO, on another disk), and restore onto a new one.";

/// What looking at the journal found.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    /// Where its sound part ends.
    pub(super) end: Position,
    /// The journal's own position at the number where the engine stands.
    pub(super) at_engine: Option<Position>,
}

/// What a look at a journal needs to know.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// The folder of the store.
    pub(super) store: &'a Path,
    pub(super) used: &'a Use,
    /// Where the engine stands.
    pub(super) engine: Option<Position>,
    /// Ids that the journal may have.
    pub(super) known: &'a [JournalId],
    /// Bytes of documents in memory at once.
    pub(super) memory_bytes: u64,
}

/// Looks at every frame of the journal of a store; `told` hears how many documents are folded.
pub(super) fn look(look: &Look<'_>, told: &mut dyn FnMut(u64)) -> Result<Looked, ScanError> {
    let Look { store, used, engine, known, memory_bytes } = look;
    let disk = RealDisk::new(store);
    let mut contents = Contents { log: None, gathering: Gathering::new(*memory_bytes), problem: None };
    let mut at_engine = None;
    let scanned = scan(&disk, FOLDER, known, &mut |frame, is_behind| {
        if engine.is_some_and(|engine| engine.number == frame.header.number) {
            at_engine = Some(frame.header.position());
        }
        if !is_behind {
            contents.take(frame);
        }
    })?;
    let was_closed = !store.join("running").exists();
    let mut findings = journal_findings(&scanned, used, was_closed);
    findings.extend(contents.findings(&disk, scanned.journal, scanned.sound_to.number, told)?);
    Ok(Looked { findings, end: scanned.sound_to, at_engine })
}

fn journal_findings(scanned: &Scanned, used: &Use, was_closed: bool) -> Vec<Finding> {
    let Scanned { segments, sound_to, behind, gaps, gaps_total, torn_bytes, .. } = scanned;
    let mut findings = Vec::new();
    for Unreadable { file, offset, bytes, problem } in &scanned.unreadable {
        let said = format!("{}: {bytes} bytes from byte {offset} on cannot be read: {problem}.", file.display());
        findings.push(Finding::damage("journal", said, REPLACE));
    }
    if scanned.is_sound() {
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
    if *torn_bytes > 0 && was_closed {
        let said = format!(
            "The journal ends with {torn_bytes} bytes that are no whole frame, although the store was closed in order: \
             frames up to {} are whole.",
            sound_to.number
        );
        findings.push(Finding::damage("journal", said, RESTORE));
    } else if *torn_bytes > 0 && matches!(used, Use::Free { .. }) {
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
    log: Option<LogWalk>,
    gathering: Gathering,
    problem: Option<String>,
}

impl Contents {
    fn take(&mut self, frame: &Frame) {
        if self.problem.is_none() {
            self.problem = self.try_take(frame).err();
        }
    }

    fn try_take(&mut self, frame: &Frame) -> Result<(), String> {
        let log = if let Some(log) = &mut self.log {
            log
        } else {
            let batch = batch_of(frame).map_err(|error| error.to_string())?;
            let identity = identity_in(&batch).map_err(|error| error.to_string())?;
            let identity = identity.ok_or("the first frame does not say which store it is of")?;
            self.log.insert(LogWalk::new(chain_start(identity.store)))
        };
        let taken = log.take(frame).and_then(|batch| self.gathering.take(&batch));
        taken.map_err(|error| format!("frame {}: {error}", frame.header.number))
    }

    /// Folds the documents; for more than fit into memory the frames up to `last` are read again.
    fn findings(
        self,
        disk: &RealDisk,
        journal: JournalId,
        last: u64,
        told: &mut dyn FnMut(u64),
    ) -> Result<Vec<Finding>, ScanError> {
        if let Some(problem) = self.problem {
            return Ok(vec![Finding::damage(
                "log",
                format!("The frames are whole and what they hold is not: {problem}."),
                RESTORE,
            )]);
        }
        let Some(log) = self.log else { return Ok(Vec::new()) };
        let mut findings = vec![Finding::sound("log", format!("The log is one chain of {} records.", log.number))];
        let mut folded = Folded::default();
        let mut next = self.gathering.fold(&mut folded, &mut |folded| told(folded.documents));
        while let Some(mut gathering) = next {
            let mut problem = None;
            // A running server may have added frames since.
            scan(disk, FOLDER, &[journal], &mut |frame, is_behind| {
                if !is_behind && frame.header.number <= last && problem.is_none() {
                    problem = batch_of(frame).and_then(|batch| gathering.take(&batch)).err();
                }
            })?;
            if let Some(error) = problem {
                findings.push(Finding::damage("documents", format!("Documents cannot be read: {error}."), RESTORE));
                return Ok(findings);
            }
            next = gathering.fold(&mut folded, &mut |folded| told(folded.documents));
        }
        if folded.wrong == 0 {
            let said = format!("{} documents with {} facts fold.", folded.documents, folded.facts);
            findings.push(Finding::sound("documents", said));
        }
        let wrong = folded.problems.into_iter();
        findings.extend(wrong.map(|problem| Finding::damage("documents", format!("{problem}."), RESTORE)));
        Ok(findings)
    }
}
