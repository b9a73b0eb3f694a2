//! Uploads on their way: remembered on disk and in memory, one request at a time for each.
//!
//! `ID.upload` says what is expected; it is written whole before the upload is announced, and again when the file has
//! arrived, so that a sender who lost the answer learns that it was there. Not here: HTTP, and what becomes of a whole
//! file.

mod partial;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use docket_sync_core::ids::{BlobId, DocumentId};
use docket_sync_core::time::{MINUTE, UnixMillis};
use minicbor::{Decode, Encode};
use tokio::sync::Notify;

pub use partial::Partial;

use super::blobs::{make_private, sync_folder};
use super::records::Sender;
use crate::store::record;

/// How much later an upload must have been heard of than its record says before the record is written again.
const TOUCH_MS: i64 = 10 * MINUTE;

/// The name of an upload: 16 random bytes, so that nobody guesses another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UploadId(pub [u8; 16]);

impl core::fmt::Display for UploadId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl UploadId {
    /// Reads a name; `None` when it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Upload {
    /// The order it is for.
    #[n(0)]
    pub order: DocumentId,
    /// The digest it must have.
    #[n(1)]
    pub blob: BlobId,
    /// Size in bytes.
    #[n(2)]
    pub length: u64,
    /// What the sender calls it.
    #[n(3)]
    pub name: Option<String>,
    /// The metadata as sent.
    #[n(4)]
    pub metadata: String,
    /// Who sends it; nobody else touches it.
    #[n(5)]
    pub sender: Sender,
    /// Last time that it was heard of.
    #[n(6)]
    pub touched_at: UnixMillis,
    /// Number of the log under which it has arrived.
    #[n(7)]
    pub finished: Option<u64>,
}

/// Sums over unfinished uploads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub uploads: u64,
    /// Bytes announced.
    pub bytes: u64,
}

/// Uploads in a folder.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    known: Mutex<BTreeMap<UploadId, Upload>>,
    /// Uploads with a request at work; the value is told when somebody else asks for it.
    held: Mutex<BTreeMap<UploadId, Arc<Notify>>>,
    freed: Notify,
}

/// One request's hold on an upload.
#[derive(Debug)]
pub struct Held<'a> {
    uploads: &'a Uploads,
    id: UploadId,
    asked: Arc<Notify>,
}

impl Held<'_> {
    /// Ready when somebody else asks for the upload: the request that has it is dead, or its sender thinks so.
    #[must_use]
    pub fn asked(&self) -> Arc<Notify> {
        self.asked.clone()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        lock(&self.uploads.held).remove(&self.id);
        self.uploads.freed.notify_waiters();
    }
}

impl Uploads {
    /// The uploads in `folder`, which is made when absent. What a crash left half made is cleared away.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        make_private(&folder)?;
        let mut known = BTreeMap::new();
        let mut others = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(UploadId::read);
            match (id, path.extension().and_then(|extension| extension.to_str())) {
                (Some(id), Some("upload")) => match record::decode::<Upload>("upload", &fs::read(&path)?) {
                    Ok(upload) => drop(known.insert(id, upload)),
                    // Nobody was told of it, or the disk damaged it: its sender begins again.
                    Err(error) => {
                        tracing::warn!(%error, path = %path.display(), "an upload cannot be read and is forgotten");
                        others.push(path);
                    }
                },
                (Some(_), Some("part" | "at" | "new")) => others.push(path),
                _ => {}
            }
        }
        for path in others {
            let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(UploadId::read);
            let kept = id.and_then(|id| known.get(&id)).is_some_and(|upload| upload.finished.is_none());
            let is_bytes = path.extension().is_some_and(|extension| extension == "part" || extension == "at");
            if !(kept && is_bytes) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { folder, known: Mutex::new(known), held: Mutex::default(), freed: Notify::new() })
    }

    /// The file of an upload's bytes.
    #[must_use]
    pub fn path(&self, id: UploadId) -> PathBuf {
        self.folder.join(format!("{id}.part"))
    }

    /// Begins an upload; durable when it returns.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(&self, id: UploadId, upload: Upload) -> io::Result<()> {
        if upload.finished.is_none() {
            drop(Partial::create(&self.path(id))?);
        }
        self.write(id, &upload)?;
        lock(&self.known).insert(id, upload);
        Ok(())
    }

    /// What is expected under this name.
    #[must_use]
    pub fn get(&self, id: UploadId) -> Option<Upload> {
        lock(&self.known).get(&id).cloned()
    }

    /// The sender was heard of; answers from when the upload's time counts. A start forgets nothing that was told: the
    /// time moves when it is on the disk, and not at every request.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn touch(&self, id: UploadId, now: UnixMillis) -> io::Result<UnixMillis> {
        let Some(mut upload) = self.get(id) else { return Ok(now) };
        if now.since(upload.touched_at) >= TOUCH_MS {
            upload.touched_at = now;
            self.write(id, &upload)?;
            if let Some(known) = lock(&self.known).get_mut(&id) {
                known.touched_at = now;
            }
        }
        Ok(upload.touched_at)
    }

    /// The file has arrived under `number`; durable when it returns.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(&self, id: UploadId, number: u64) -> io::Result<()> {
        let Some(mut upload) = self.get(id) else { return Ok(()) };
        upload.finished = Some(number);
        self.write(id, &upload)?;
        lock(&self.known).insert(id, upload);
        partial::remove(&self.path(id))
    }

    /// Forgets an upload and its bytes.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(&self, id: UploadId) -> io::Result<()> {
        // The name first: bytes without one are cleared away at the next start.
        match fs::remove_file(self.folder.join(format!("{id}.upload"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        lock(&self.known).remove(&id);
        partial::remove(&self.path(id))?;
        sync_folder(&self.folder)
    }

    /// Forgets the oldest finished uploads of a sender beyond `keep`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget_finished(&self, sender: Sender, keep: usize) -> io::Result<()> {
        let mut finished: Vec<(UnixMillis, UploadId)> = {
            let known = lock(&self.known);
            let his = known.iter().filter(|(_, upload)| upload.finished.is_some() && upload.sender == sender);
            his.map(|(id, upload)| (upload.touched_at, *id)).collect()
        };
        finished.sort_unstable();
        let beyond = finished.len().saturating_sub(keep);
        finished.into_iter().take(beyond).try_for_each(|(_, id)| self.forget(id))
    }

    /// Uploads last heard of before `before`.
    #[must_use]
    pub fn untouched_since(&self, before: UnixMillis) -> Vec<UploadId> {
        let known = lock(&self.known);
        known.iter().filter(|(_, upload)| upload.touched_at < before).map(|(id, _)| *id).collect()
    }

    /// How many are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.known).len()
    }

    /// Sums over the unfinished uploads that `of` picks.
    #[must_use]
    pub fn sums(&self, of: impl Fn(&Upload) -> bool) -> Sums {
        let known = lock(&self.known);
        let unfinished = known.values().filter(|upload| upload.finished.is_none() && of(upload));
        unfinished.fold(Sums::default(), |sums, upload| Sums {
            uploads: sums.uploads.saturating_add(1),
            bytes: sums.bytes.saturating_add(upload.length),
        })
    }

    /// Takes hold of an upload, unless another request has it.
    #[must_use]
    pub fn hold(&self, id: UploadId) -> Option<Held<'_>> {
        let asked = Arc::new(Notify::new());
        match lock(&self.held).entry(id) {
            std::collections::btree_map::Entry::Occupied(_) => None,
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(asked.clone());
                Some(Held { uploads: self, id, asked })
            }
        }
    }

    /// Takes hold of an upload; asks the request that has it to end. `None` when it does not in time.
    pub async fn take_over(&self, id: UploadId, within: std::time::Duration) -> Option<Held<'_>> {
        let taking = async {
            loop {
                let freed = self.freed.notified();
                if let Some(held) = self.hold(id) {
                    return held;
                }
                if let Some(asked) = lock(&self.held).get(&id) {
                    asked.notify_one();
                }
                freed.await;
            }
        };
        tokio::time::timeout(within, taking).await.ok()
    }

    fn write(&self, id: UploadId, upload: &Upload) -> io::Result<()> {
        let (new, path) = (self.folder.join(format!("{id}.new")), self.folder.join(format!("{id}.upload")));
        write_whole(&new, &path, &record::encode(upload))?;
        sync_folder(&self.folder)
    }
}

fn write_whole(new: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = fs::File::create(new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use docket_sync_core::ids::DeviceId;
    use proptest::prelude::*;

    use super::*;

    fn upload(length: u64) -> Upload {
        Upload {
            order: DocumentId([1; 16]),
            blob: BlobId([2; 32]),
            length,
            name: None,
            metadata: String::new(),
            sender: Sender::Device(DeviceId([3; 16])),
            touched_at: UnixMillis(1_000),
            finished: None,
        }
    }

    #[test]
    fn uploads_are_found_again_after_a_start_and_what_was_half_made_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two, half) = (UploadId([1; 16]), UploadId([2; 16]), UploadId([3; 16]));
        let uploads = Uploads::open(folder.path().to_owned()).unwrap();
        uploads.begin(one, upload(5)).unwrap();
        uploads.begin(two, upload(7)).unwrap();
        uploads.finish(two, 44).unwrap();
        drop(Partial::create(&uploads.path(half)).unwrap());
        fs::write(folder.path().join(format!("{half}.new")), "torn").unwrap();
        let again = Uploads::open(folder.path().to_owned()).unwrap();
        assert_eq!((again.get(one), again.count()), (Some(upload(5)), 2));
        assert_eq!(again.get(two).unwrap().finished, Some(44));
        assert!(!again.path(half).exists() && !again.path(two).exists() && again.path(one).exists());
        assert_eq!(again.sums(|_| true), Sums { uploads: 1, bytes: 5 });
        assert_eq!(again.untouched_since(UnixMillis(1_000)), []);
        assert_eq!(again.untouched_since(UnixMillis(1_001)), [one, two]);
        again.forget(one).unwrap();
        assert!(again.get(one).is_none() && !again.path(one).exists());
        assert_eq!(Uploads::open(folder.path().to_owned()).unwrap().count(), 1);
    }

    #[test]
    fn the_time_that_a_sender_was_told_survives_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let id = UploadId([1; 16]);
        let uploads = Uploads::open(folder.path().to_owned()).unwrap();
        uploads.begin(id, upload(5)).unwrap();
        let mut told = UnixMillis(0);
        for minutes in [3, 11, 12, 40] {
            told = uploads.touch(id, UnixMillis(1_000).plus(minutes * MINUTE)).unwrap();
            let again = Uploads::open(folder.path().to_owned()).unwrap();
            assert_eq!(again.get(id).map(|upload| upload.touched_at), Some(told), "after {minutes} minutes");
        }
        assert_eq!(told, UnixMillis(1_000).plus(40 * MINUTE));
    }

    #[test]
    fn of_what_a_sender_has_finished_the_oldest_is_forgotten_first_and_nothing_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path().to_owned()).unwrap();
        let sender = upload(1).sender;
        for id in 1..=4 {
            let touched_at = UnixMillis(i64::from(10 - id));
            uploads.begin(UploadId([id; 16]), Upload { touched_at, ..upload(5) }).unwrap();
            if id < 4 {
                uploads.finish(UploadId([id; 16]), 44).unwrap();
            }
        }
        let other = Upload { sender: Sender::Device(DeviceId([9; 16])), finished: Some(1), ..upload(5) };
        uploads.begin(UploadId([7; 16]), other).unwrap();
        uploads.forget_finished(sender, 1).unwrap();
        let left: Vec<bool> = [1, 2, 3, 4, 7].map(|id| uploads.get(UploadId([id; 16])).is_some()).into();
        assert_eq!(left, [true, false, false, true, true], "the last one touched, the unfinished one, the other's");
        assert_eq!(Uploads::open(folder.path().to_owned()).unwrap().count(), 3);
    }

    #[tokio::test]
    async fn one_request_has_an_upload_and_who_asks_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Arc::new(Uploads::open(folder.path().to_owned()).unwrap());
        let id = UploadId([1; 16]);
        let second = {
            let held = uploads.hold(id).unwrap();
            assert!(uploads.hold(id).is_none());
            let asked = held.asked();
            let theirs = uploads.clone();
            let second = tokio::spawn(async move {
                let within = std::time::Duration::from_secs(20);
                theirs.take_over(id, within).await.is_some()
            });
            asked.notified().await;
            second
        };
        assert!(second.await.unwrap());
        assert!(uploads.hold(id).is_some());
    }

    /// What happens to an upload.
    #[derive(Debug, Clone)]
    enum Step {
        /// Bytes are written and kept.
        Kept(usize),
        /// Bytes are written; the request is cut before they count.
        Lost(usize),
        /// Bytes whose checksum is wrong.
        Refused(usize),
        /// The process dies and starts again; so many bytes of the last write had reached the disk behind the end.
        Crash(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (1_usize..400).prop_map(Step::Kept),
            1 => (1_usize..400).prop_map(Step::Lost),
            1 => (1_usize..400).prop_map(Step::Refused),
            1 => (0_usize..400).prop_map(Step::Crash),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Features, interrupted upload: whatever is cut, refused or killed, what counts is a beginning of the file, and
        /// the end is the file.
        #[test]
        fn any_interleaving_of_writes_cuts_and_crashes_yields_exactly_the_bytes(
            steps in proptest::collection::vec(step(), 1..24),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("u.part");
            let file: Vec<u8> = (0..4_000_u32).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect();
            let mut partial = Partial::create(&path).unwrap();
            for step in steps {
                let at = usize::try_from(partial.offset()).unwrap();
                let part = |length: usize| file.get(at..(at + length).min(file.len())).unwrap();
                match step {
                    Step::Kept(length) => {
                        partial.write(part(length)).unwrap();
                        partial.keep().unwrap();
                    }
                    Step::Lost(length) => {
                        partial.write(part(length)).unwrap();
                        partial = Partial::open(&path).unwrap().unwrap();
                    }
                    Step::Refused(length) => {
                        partial.write(&vec![0xee; length]).unwrap();
                        partial.drop_written();
                    }
                    Step::Crash(length) => {
                        partial.write(&vec![0xdd; length]).unwrap();
                        partial = Partial::open(&path).unwrap().unwrap();
                        prop_assert_eq!(usize::try_from(partial.offset()).unwrap(), at, "what was told stands");
                    }
                }
            }
            let at = usize::try_from(partial.offset()).unwrap();
            partial.write(file.get(at..).unwrap()).unwrap();
            partial.keep().unwrap();
            partial.trim().unwrap();
            prop_assert_eq!(fs::read(&path).unwrap(), file);
        }
    }
}
