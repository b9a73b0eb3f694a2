//! Stamps: a digest of the inputs of a step, kept under `target/`, so that the step runs only when they changed.
//!
//! The digest is FNV-1a (64 bits), enough to notice a change; it protects nothing.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::tool;

/// Folders that are results, not inputs.
const RESULTS: &[&str] = &["node_modules", "dist", ".git", "target"];

/// Digest of the names and contents of all files in `places`; a place that does not exist counts as empty.
pub(crate) fn of(places: &[&Path]) -> Result<u64, Failure> {
    let mut files = Vec::new();
    for place in places {
        collect(place, &mut files)
            .map_err(|error| Failure::new(format!("reading {}: {error}", place.display()), "check its permissions"))?;
    }
    files.sort();
    let mut digest = Digest::new();
    for file in files {
        digest.take(file.as_os_str().as_encoded_bytes());
        let bytes = std::fs::read(&file)
            .map_err(|error| Failure::new(format!("reading {}: {error}", file.display()), "check its permissions"))?;
        digest.take(&bytes);
    }
    Ok(digest.0)
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if place.is_file() {
        files.push(place.to_path_buf());
    } else if place.is_dir() {
        for entry in std::fs::read_dir(place)? {
            let entry = entry?;
            let is_result = RESULTS.iter().any(|name| entry.file_name() == *name);
            if !is_result {
                collect(&entry.path(), files)?;
            }
        }
    }
    Ok(())
}

struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one item and its length, so that two items never read as one.
    fn take(&mut self, item: &[u8]) {
        let length = item.len().to_string();
        for byte in item.iter().chain(length.as_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// One stamp file.
pub(crate) struct Stamp(PathBuf);

impl Stamp {
    /// The stamp of the step called `name`.
    pub(crate) fn named(name: &str) -> Self {
        Self(tool::target_directory().join("xtask").join(format!("{name}.stamp")))
    }

    /// Whether the step was last done for these inputs.
    pub(crate) fn is(&self, digest: u64) -> bool {
        std::fs::read_to_string(&self.0).is_ok_and(|text| text == text_of(digest))
    }

    /// Remembers that the step was done for these inputs.
    pub(crate) fn write(&self, digest: u64) -> Result<(), Failure> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&self.0, text_of(digest)))
            .map_err(|error| Failure::new(format!("writing {}: {error}", self.0.display()), "check the disk"))
    }
}

fn text_of(digest: u64) -> String {
    format!("{digest:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_changes_with_any_file_and_not_with_results() {
        let folder = std::env::temp_dir().join(format!("docket-stamp-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dist")).unwrap();
        std::fs::write(folder.join("a.ts"), "one").unwrap();
        let first = of(&[&folder]).unwrap();
        std::fs::write(folder.join("dist/out.js"), "built").unwrap();
        assert_eq!(of(&[&folder]).unwrap(), first);
        std::fs::write(folder.join("a.ts"), "two").unwrap();
        assert_ne!(of(&[&folder]).unwrap(), first);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn items_do_not_run_together() {
        let mut one = Digest::new();
        one.take(b"ab");
        one.take(b"c");
        let mut other = Digest::new();
        other.take(b"a");
        other.take(b"bc");
        assert_ne!(one.0, other.0);
    }
}
