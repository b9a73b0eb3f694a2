//! The engine behind the journal: does it stand where the journal says? It is opened as a copy, for opening may repair.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::folder::{RESTORE, Use};
use crate::store::journal::Position;
use crate::store::journaled::{Engine as _, EngineHome as _, SledHome};
use crate::store::{SledOptions, space};

/// What is known of the engine.
#[derive(Debug)]
pub(super) enum EngineLook {
    Running { process: String },
    Missing,
    NotLookedAt { why: String },
    Unusable { why: String },
    Stands(Option<Position>),
}

/// Looks at the engine of the store in `store`, in a copy below `scratch`.
pub(super) fn look(store: &Path, used: &Use, scratch: &Path) -> EngineLook {
    if let Use::Running { process } = used {
        return EngineLook::Running { process: process.clone() };
    }
    let engine = store.join("sled");
    if !engine.is_dir() {
        return EngineLook::Missing;
    }
    let copy = scratch.join(format!("docket-doctor-{}", std::process::id()));
    let looked = match copied(&engine, &copy) {
        Ok(()) => {
            let home = SledHome { folder: copy.clone(), options: SledOptions::default() };
            match home.open().and_then(|engine| engine.position()) {
                Ok(position) => EngineLook::Stands(position),
                Err(error) => EngineLook::Unusable { why: error.to_string() },
            }
        }
        Err(error) => EngineLook::NotLookedAt { why: format!("it could not be copied to {}: {error}", copy.display()) },
    };
    if let Err(error) = fs::remove_dir_all(&copy) {
        tracing::warn!(%error, copy = %copy.display(), "the copy of the engine could not be removed");
    }
    looked
}

fn copied(engine: &Path, copy: &PathBuf) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(copy)?;
    let needed = bytes_below(engine)?;
    let free = space::free_space(copy).map_err(io::Error::other)?;
    if free < needed.saturating_mul(2) {
        return Err(io::Error::other(format!("it has {needed} bytes and {free} are free there")));
    }
    copy_folder(engine, &copy.join("sled"))
}

fn bytes_below(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let below = if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
        bytes = bytes.saturating_add(below);
    }
    Ok(bytes)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl EngineLook {
    /// Where it stands, when that is known.
    pub(super) fn position(&self) -> Option<Position> {
        match self {
            Self::Stands(position) => *position,
            Self::Running { .. } | Self::Missing | Self::NotLookedAt { .. } | Self::Unusable { .. } => None,
        }
    }

    /// What that means beside a journal that ends at `end` and has `at_engine` where the engine stands.
    pub(super) fn finding(&self, end: Position, at_engine: Option<Position>) -> Finding {
        const ANEW: &str =
            "Nothing is to be done: the next start makes it anew from the journal and keeps the old one aside.";
        match self {
            Self::Running { process } => {
                Finding::sound("engine", format!("Process {process} serves this store, so its engine was not opened."))
            }
            Self::Missing => Finding::note("engine", "There is no engine.", ANEW),
            Self::NotLookedAt { why } => Finding::note(
                "engine",
                format!("The engine was not looked at: {why}."),
                "Name a folder with more room: --scratch FOLDER.",
            ),
            Self::Unusable { why } => Finding::note("engine", format!("The engine cannot be used: {why}."), ANEW),
            Self::Stands(None) => Finding::note("engine", "The engine has never been behind this journal.", ANEW),
            Self::Stands(Some(position)) if position.number > end.number => Finding::damage(
                "engine",
                format!(
                    "The engine has seen frame {} and the journal ends at {}: the journal has lost what was acknowledged.",
                    position.number, end.number
                ),
                RESTORE,
            ),
            Self::Stands(Some(position)) if position.number > 0 && at_engine != Some(*position) => {
                let said = format!("The engine's frame {} is not the journal's.", position.number);
                Finding::note("engine", said, ANEW)
            }
            Self::Stands(Some(position)) => Finding::sound(
                "engine",
                format!(
                    "The engine agrees with the journal; {} frames are to be read at the next start.",
                    end.number.saturating_sub(position.number)
                ),
            ),
        }
    }
}
