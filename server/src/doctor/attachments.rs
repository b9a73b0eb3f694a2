//! The attachments: every file has the digest it is named by, and those that have arrived are there.

use std::path::Path;
use std::sync::Arc;

use docket_sync_core::ids::BlobId;

use super::finding::Finding;
use crate::attachments::blobs::{BlobStore as _, FolderBlobs, digest_of};
use crate::attachments::{BLOBS, FOLDER};
use crate::backup::attachments::Expected;
use crate::store::disk::RealDisk;
use crate::store::journal::{self, Reader};

const RESTORE: &str = "Restore it from a backup; the device that took it offers it again after a loss that it notices, \
                       and before it drops the file.";

/// Names said in one finding.
const NAMED_MAX: usize = 3;

/// Looks at every file.
pub(super) fn look(data: &Path) -> Vec<Finding> {
    let folder = data.join(FOLDER).join(BLOBS);
    let expected = expected(&data.join("store"));
    if !folder.exists() {
        let missing: Vec<BlobId> = expected.iter().flat_map(Expected::blobs).collect();
        return if missing.is_empty() { Vec::new() } else { vec![missing_finding(&missing)] };
    }
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    let looked = FolderBlobs::open(folder).and_then(|blobs| {
        let mut found = Vec::new();
        blobs.each(&mut |blob, _| Ok(found.push(blob)))?;
        for blob in found {
            match digest_of(&blobs.path(blob), 0) {
                Ok((digest, _)) if digest == blob => sound.push(blob),
                Ok(_) => damaged.push(blob),
                // Tidied away since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => damaged.push(blob),
            }
        }
        Ok(())
    });
    let mut findings = Vec::new();
    if let Err(error) = looked {
        findings.push(Finding::damage("attachments", format!("The attachments cannot be listed: {error}."), RESTORE));
    }
    if !damaged.is_empty() {
        let said = format!("{} attachments are not what was written: {}.", damaged.len(), names(&damaged));
        findings.push(Finding::damage("attachments", said, RESTORE));
    }
    let here = |blob: &BlobId| sound.contains(blob) || damaged.contains(blob);
    let missing: Vec<BlobId> = expected.iter().flat_map(Expected::blobs).filter(|blob| !here(blob)).collect();
    if !missing.is_empty() {
        findings.push(missing_finding(&missing));
    }
    if findings.is_empty() {
        findings.push(Finding::sound(
            "attachments",
            format!("{} attachments have the digests they are named by.", sound.len()),
        ));
    }
    findings
}

fn missing_finding(missing: &[BlobId]) -> Finding {
    let said = format!("{} attachments that had arrived are gone: {}.", missing.len(), names(missing));
    Finding::damage("attachments", said, RESTORE)
}

fn names(blobs: &[BlobId]) -> String {
    let mut names: Vec<String> = blobs.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    if blobs.len() > NAMED_MAX {
        names.push("...".to_owned());
    }
    names.join(", ")
}

/// The files that have arrived, as the journal says; `None` where it cannot be read, which is another finding.
fn expected(store: &Path) -> Option<Expected> {
    let reader = Reader::open(Arc::new(RealDisk::new(store)), journal::FOLDER).ok()?;
    let mut expected = Expected::default();
    for frame in reader.frames(1) {
        // What stands behind damage is not known here.
        let Some(batch) = frame.ok().and_then(|frame| frame.batch()) else { break };
        expected.take(&batch);
    }
    Some(expected)
}
