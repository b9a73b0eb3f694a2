//! Folders and files of the simulated disk: what is there, and what of it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The folder of the disk itself.
const ROOT: u64 = 0;

/// Numbers that follow from a seed (splitmix64).
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, 0 when `end` is 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mixed = usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or(0);
        mixed.checked_rem(end).unwrap_or(0)
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    folders: BTreeMap<u64, Folder>,
    files: BTreeMap<u64, Contents>,
    last: u64,
}

#[derive(Debug, Clone, Default)]
struct Folder {
    names: BTreeMap<String, u64>,
    durable: BTreeMap<String, u64>,
    /// Changes of names since the last sync, in their order.
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Made(String, u64),
    Moved(String, String),
    Removed(String),
}

#[derive(Debug, Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Made(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Moved(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
            Self::Removed(name) => drop(names.remove(name)),
        }
    }
}

fn absent(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{path} is not there"))
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn overwrite(bytes: &mut Vec<u8>, offset: usize, new: &[u8]) {
    let end = offset.saturating_add(new.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(place) = bytes.get_mut(offset..end) {
        place.copy_from_slice(new);
    }
}

impl Tree {
    fn folder_of(&self, path: &str) -> io::Result<u64> {
        let mut node = ROOT;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let folder = self.folders.get(&node);
            node = *folder.and_then(|folder| folder.names.get(part)).ok_or_else(|| absent(path))?;
        }
        if node == ROOT || self.folders.contains_key(&node) { Ok(node) } else { Err(absent(path)) }
    }

    fn node(&self, path: &str) -> io::Result<u64> {
        let (folder, name) = split(path);
        let folder = self.folders.get(&self.folder_of(folder)?);
        folder.and_then(|folder| folder.names.get(name)).copied().ok_or_else(|| absent(path))
    }

    fn change(&mut self, folder: u64, change: Change) {
        let folder = self.folders.entry(folder).or_default();
        change.apply(&mut folder.names);
        folder.unsynced.push(change);
    }

    fn add(&mut self, path: &str) -> io::Result<u64> {
        if self.node(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{path} is there")));
        }
        let (folder, name) = split(path);
        let folder = self.folder_of(folder)?;
        self.last = self.last.saturating_add(1);
        self.change(folder, Change::Made(name.to_owned(), self.last));
        Ok(self.last)
    }

    pub(super) fn create(&mut self, path: &str) -> io::Result<u64> {
        let node = self.add(path)?;
        self.files.insert(node, Contents::default());
        Ok(node)
    }

    pub(super) fn make_folder(&mut self, path: &str) -> io::Result<()> {
        if self.folder_of(path).is_ok() {
            return Ok(());
        }
        let node = self.add(path)?;
        self.folders.insert(node, Folder::default());
        Ok(())
    }

    pub(super) fn file(&self, path: &str) -> io::Result<u64> {
        self.node(path).and_then(|node| if self.files.contains_key(&node) { Ok(node) } else { Err(absent(path)) })
    }

    pub(super) fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let folder = self.folders.get(&self.folder_of(folder)?);
        Ok(folder.map(|folder| folder.names.keys().cloned().collect()).unwrap_or_default())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let ((folder, from_name), (other, to_name)) = (split(from), split(to));
        if folder != other {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "a move to another folder"));
        }
        self.node(from)?;
        let folder = self.folder_of(folder)?;
        self.change(folder, Change::Moved(from_name.to_owned(), to_name.to_owned()));
        Ok(())
    }

    pub(super) fn link(&mut self, from: &str, to: &str) -> io::Result<()> {
        let node = self.file(from)?;
        if self.node(to).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{to} is there")));
        }
        let (folder, name) = split(to);
        let folder = self.folder_of(folder)?;
        self.change(folder, Change::Made(name.to_owned(), node));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &str) -> io::Result<()> {
        self.node(path)?;
        let (folder, name) = split(path);
        let folder = self.folder_of(folder)?;
        self.change(folder, Change::Removed(name.to_owned()));
        Ok(())
    }

    pub(super) fn sync_folder(&mut self, path: &str) -> io::Result<()> {
        let folder = self.folder_of(path)?;
        let folder = self.folders.entry(folder).or_default();
        folder.durable = folder.names.clone();
        folder.unsynced.clear();
        Ok(())
    }

    pub(super) fn read(&self, node: u64, offset: u64, buffer: &mut [u8]) -> usize {
        let bytes = self.files.get(&node).map(|file| file.bytes.as_slice()).unwrap_or_default();
        let rest = bytes.get(position(offset)..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(rest) {
            *place = *byte;
        }
        length
    }

    pub(super) fn write(&mut self, node: u64, offset: u64, bytes: &[u8]) {
        if let Some(file) = self.files.get_mut(&node).filter(|_| !bytes.is_empty()) {
            overwrite(&mut file.bytes, position(offset), bytes);
            file.unsynced.push((position(offset), bytes.to_vec()));
        }
    }

    pub(super) fn growth(&self, node: u64, offset: u64, length: usize) -> u64 {
        let end = if length == 0 { 0 } else { position(offset).saturating_add(length) };
        let now = self.files.get(&node).map_or(0, |file| file.bytes.len());
        u64::try_from(end.saturating_sub(now)).unwrap_or(u64::MAX)
    }

    pub(super) fn sync(&mut self, node: u64) {
        if let Some(file) = self.files.get_mut(&node) {
            for (offset, bytes) in std::mem::take(&mut file.unsynced) {
                overwrite(&mut file.durable, offset, &bytes);
            }
        }
    }

    /// The system drops the dirty pages and keeps showing them.
    pub(super) fn forget_unsynced(&mut self, node: u64) {
        if let Some(file) = self.files.get_mut(&node) {
            file.unsynced.clear();
        }
    }

    pub(super) fn length(&self, node: u64) -> u64 {
        self.files.get(&node).map_or(0, |file| super::super::length_of(&file.bytes))
    }

    /// Bytes of every file that has a name.
    pub(super) fn used(&self) -> u64 {
        let named: BTreeSet<u64> = self.files().into_iter().filter_map(|path| self.file(&path).ok()).collect();
        named.into_iter().map(|node| self.length(node)).fold(0, u64::saturating_add)
    }

    pub(super) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![(ROOT, String::new())];
        while let Some((node, prefix)) = folders.pop() {
            for (name, node) in self.folders.get(&node).iter().flat_map(|folder| &folder.names) {
                let path = format!("{prefix}{name}");
                if self.files.contains_key(node) {
                    found.push(path);
                } else {
                    folders.push((*node, format!("{path}/")));
                }
            }
        }
        found.sort();
        found
    }

    pub(super) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.file(path).ok().and_then(|node| self.files.get(&node)).map(|file| file.bytes.clone())
    }

    pub(super) fn put(&mut self, path: &str, bytes: Vec<u8>) -> io::Result<()> {
        let node = match self.file(path) {
            Ok(node) => node,
            Err(_) => self.create(path)?,
        };
        self.files.insert(node, Contents { bytes: bytes.clone(), durable: bytes, unsynced: Vec::new() });
        self.sync_folder(split(path).0)
    }

    pub(super) fn flip(&mut self, path: &str, offset: u64, mask: u8) -> bool {
        let Some(file) = self.file(path).ok().and_then(|node| self.files.get_mut(&node)) else { return false };
        let offset = position(offset);
        if let Some(byte) = file.durable.get_mut(offset) {
            *byte ^= mask;
        }
        match file.bytes.get_mut(offset) {
            Some(byte) => {
                *byte ^= mask;
                true
            }
            None => false,
        }
    }

    /// Loses what is not durable, but for what the seed keeps.
    pub(super) fn crash(&mut self, seed: &mut Seed) -> bool {
        let mut lost = false;
        for file in self.files.values_mut() {
            // A third of the crashes keeps nothing, a third everything, a third any sectors.
            let kept = seed.below(3);
            for (offset, bytes) in std::mem::take(&mut file.unsynced) {
                keep_sectors(&mut file.durable, offset, &bytes, kept, seed);
            }
            lost |= file.bytes != file.durable;
            file.bytes.clone_from(&file.durable);
        }
        for folder in self.folders.values_mut() {
            let kept = seed.below(folder.unsynced.len().saturating_add(1));
            for change in folder.unsynced.drain(..).take(kept) {
                change.apply(&mut folder.durable);
            }
            folder.names.clone_from(&folder.durable);
        }
        lost
    }
}

/// Puts those sectors of a write on the disk that `kept` says: 0 none, 1 all, 2 by chance.
fn keep_sectors(durable: &mut Vec<u8>, offset: usize, bytes: &[u8], kept: usize, seed: &mut Seed) {
    let mut at = offset;
    let mut rest = bytes;
    while !rest.is_empty() {
        let in_sector = at.checked_rem(SECTOR).unwrap_or(0);
        let length = SECTOR.saturating_sub(in_sector).min(rest.len());
        let (sector, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if kept == 1 || (kept == 2 && seed.below(2) == 1) {
            overwrite(durable, at, sector);
        }
        at = at.saturating_add(length);
        rest = after;
    }
}
