//! Taking and restoring without a server: series, pieces, cuts, damage in the journal, and disks that fail at any
//! call of a backup or of a restore.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use docket_sync_core::ids::{Epoch, StoreId};
use docket_sync_core::proof::{chain_next, chain_start};
use docket_sync_core::time::UnixMillis;

use super::BackupError;
use super::manifest::Manifest;
use super::reading::{Backup, Cut};
use super::restore::restore_journal;
use super::sealing::{Identities, Recipients, make_identity};
use super::take::{Disks, Request, Taken, take, take_on};
use super::told::BackedUp;
use super::verify::verify;
use crate::commit::keys;
use crate::identity::{Identity, StoreKeys};
use crate::log::entry_bytes;
use crate::platform::Clock;
use crate::store::disk::{Disk, DiskFailure, RealDisk, SimulatedDisk};
use crate::store::journal::{FOLDER, Journal, JournalId, JournalOptions, NewFrame, Position, Reader};
use crate::store::{Batch, Table, record};

const STORE: StoreId = StoreId([0x5a; 16]);
const SECRET: [u8; StoreKeys::LENGTH] = [7; StoreKeys::LENGTH];
const OPTIONS: JournalOptions =
    JournalOptions { first_segment_bytes: 4_096, segment_bytes_max: 8_192, step_bytes: 1_024, reserve_bytes: 0 };

struct Noon;

impl Clock for Noon {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_795_000_000_000)
    }
}

/// A data folder, a folder of backups and an identity.
struct World {
    folder: tempfile::TempDir,
    recipients: Recipients,
    keys: StoreKeys,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (text, recipient) = make_identity("today");
        fs::write(folder.path().join("identity"), text.as_bytes()).unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("keys")).unwrap();
        fs::create_dir_all(data.join("store")).unwrap();
        fs::write(data.join("keys/store.key"), data_encoding::HEXLOWER.encode(&SECRET)).unwrap();
        let recipients = Recipients::read(&[recipient]).unwrap();
        Self { folder, recipients, keys: StoreKeys::from_secret(&SECRET) }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(RealDisk::new(&self.path("data/store")))
    }

    /// Writes frames `from` to `to`, one log record each, into the store's journal. Time is the number in seconds.
    fn write(&self, from: u64, to: u64) {
        let mut journal = if from == 1 {
            Journal::create(self.disk(), FOLDER, JournalId([9; 16]), OPTIONS).unwrap()
        } else {
            Journal::open(self.disk(), FOLDER, OPTIONS).unwrap().journal
        };
        for number in from..=to {
            let chain = (1..=number).fold(chain_start(STORE), |chain, at| chain_next(chain, at, &at.to_be_bytes()));
            let mut batch = Batch::new();
            if number == 1 {
                let identity = Identity { store: STORE, epoch: Epoch([1; 8]), node: 0, start: 1 };
                batch.put(Table::Meta, keys::IDENTITY, record::encode(&identity));
            }
            batch.put(Table::Log, keys::number(number), entry_bytes(chain, &number.to_be_bytes()));
            batch.put(Table::Session, [0; 16], [u8::try_from(number % 251).unwrap(); 150]);
            let time = UnixMillis(i64::try_from(number).unwrap() * 1_000);
            journal.append(&NewFrame { batch: &batch, time, is_base: false }).unwrap();
        }
    }

    fn take(&self, piece_bytes: u64) -> Result<Taken, BackupError> {
        let (data, to) = (self.path("data"), self.path("backup"));
        let request = Request { data: &data, to: &to, recipients: &self.recipients, keys: &self.keys, piece_bytes };
        take(&request, &Noon, &mut |_| {})
    }

    fn backup(&self) -> Backup {
        let identities = Identities::read(&self.path("identity")).unwrap();
        Backup::open(&self.path("backup"), identities, None).unwrap()
    }

    fn last(&self) -> Position {
        let reader = Reader::open(self.disk(), FOLDER).unwrap();
        reader.frames(1).map(Result::unwrap).last().unwrap().header.position()
    }
}

fn frames(disk: Arc<dyn Disk>) -> Vec<Vec<u8>> {
    let reader = Reader::open(disk, FOLDER).unwrap();
    reader.frames(1).map(|frame| frame.unwrap().to_bytes()).collect()
}

#[test]
fn pieces_are_cut_by_size_and_hold_every_frame_once() {
    let world = World::new();
    world.write(1, 40);
    let taken = world.take(2_000).unwrap();
    assert_eq!((taken.frames, taken.last_frame, taken.log_to, taken.series), (40, 40, 40, 1));
    assert!(taken.pieces > 3, "{taken:?}");
    let verified = verify(&world.backup(), u64::MAX, |_| {}).unwrap();
    assert_eq!((verified.reached.frames, verified.reached.log_to, verified.pieces), (40, 40, taken.pieces));
    assert_eq!(verified.reached.position, world.last());
    let nothing = world.take(2_000).unwrap();
    assert_eq!((nothing.frames, nothing.pieces, nothing.bytes, nothing.with_keys), (0, 0, 0, false));
    world.write(41, 43);
    assert_eq!(world.take(2_000).unwrap().frames, 3);
    let told = BackedUp::read(&world.path("data")).unwrap();
    assert_eq!(told.number, 43);
    assert_eq!(told.chain, (1..=43_u64).fold(chain_start(STORE), |chain, at| chain_next(chain, at, &at.to_be_bytes())));
    let disk = SimulatedDisk::new();
    restore_journal(&world.backup(), &disk.mount(), OPTIONS, Cut::Nothing, |_| {}).unwrap();
    assert_eq!(frames(disk.mount()), frames(world.disk()), "the restored journal is the journal");
}

#[test]
fn a_restore_is_cut_before_the_first_frame_beyond_the_number_or_the_time() {
    let world = World::new();
    world.write(1, 20);
    world.take(1_000).unwrap();
    let reached = |cut| {
        let disk = SimulatedDisk::new();
        restore_journal(&world.backup(), &disk.mount(), OPTIONS, cut, |_| {})
            .map(|reached| (reached.log_to, reached.is_cut))
    };
    assert_eq!(reached(Cut::ToNumber(7)).unwrap(), (7, true));
    assert_eq!(reached(Cut::ToNumber(20)).unwrap(), (20, false));
    assert_eq!(reached(Cut::ToNumber(u64::MAX)).unwrap(), (20, false));
    assert_eq!(reached(Cut::Until(UnixMillis(7_999))).unwrap(), (7, true));
    assert_eq!(reached(Cut::Until(UnixMillis(8_000))).unwrap(), (8, true));
    for too_early in [Cut::ToNumber(0), Cut::Until(UnixMillis(999))] {
        let said = reached(too_early).unwrap_err().to_string();
        assert!(said.contains("begins at 1970-01-01T00:00:01") && said.contains("log number 1"), "{said}");
    }
}

#[test]
fn a_journal_that_went_another_way_begins_a_new_series() {
    let world = World::new();
    world.write(1, 10);
    world.take(1_000_000).unwrap();
    fs::remove_dir_all(world.path("data/store").join(FOLDER)).unwrap();
    world.write(1, 9);
    let taken = world.take(1_000_000).unwrap();
    assert_eq!((taken.series, taken.frames, taken.log_to), (2, 9, 9));
    assert!(taken.begun.unwrap().contains("rolled back"));
    assert_eq!(verify(&world.backup(), u64::MAX, |_| {}).unwrap().pieces, 2);
    // As long as it goes on from there, the series does too.
    world.write(10, 12);
    assert_eq!(world.take(1_000_000).unwrap().series, 2);
}

#[test]
fn a_backup_names_the_format_of_its_store_and_what_an_older_program_could_read_stays_readable() {
    let world = World::new();
    let says = |format: &str| fs::write(world.path("data/store/format"), format).unwrap();
    let manifest = || Manifest::require(&world.path("backup")).unwrap();
    world.write(1, 10);
    world.take(1_000_000).unwrap();
    assert_eq!(manifest().store_format, None, "the store does not say");
    says("2\n");
    world.write(11, 15);
    world.take(1_000_000).unwrap();
    assert_eq!(manifest().store_format, Some(2));
    let of_format_2 = fs::read(world.path("backup/manifest.json")).unwrap();
    says("3\n");
    for (from, to) in [(16, 20), (21, 25)] {
        world.write(from, to);
        world.take(1_000_000).unwrap();
        assert_eq!(manifest().store_format, Some(3));
        // The first run of the newer program keeps it, and no later one writes over it.
        assert!(fs::read(world.path("backup/manifest.store-format-2.json")).unwrap() == of_format_2);
    }
    assert_eq!(verify(&world.backup(), u64::MAX, |_| {}).unwrap().reached.log_to, 25);
    // The old program: what was kept, under its old name in a copy of the folder.
    for (kept, log_to) in [("manifest.store-format-2.json", 15), ("manifest.store-format-unknown.json", 10)] {
        fs::copy(world.path("backup").join(kept), world.path("backup/manifest.json")).unwrap();
        assert_eq!(verify(&world.backup(), u64::MAX, |_| {}).unwrap().reached.log_to, log_to, "{kept}");
    }
}

#[test]
fn a_backup_of_a_newer_store_is_neither_read_nor_added_to() {
    let world = World::new();
    world.write(1, 10);
    world.take(1_000_000).unwrap();
    let mut manifest = Manifest::require(&world.path("backup")).unwrap();
    manifest.raise(Some(crate::store::journaled::FORMAT + 1));
    manifest.write(&RealDisk::new(&world.path("backup")), world.keys.signing(), UnixMillis(1)).unwrap();
    let before = fs::read(world.path("backup/manifest.json")).unwrap();
    world.write(11, 12);
    assert!(matches!(world.take(1_000_000), Err(BackupError::NewerStore { .. })));
    let identities = Identities::read(&world.path("identity")).unwrap();
    let opened = Backup::open(&world.path("backup"), identities, None).map(drop);
    assert!(matches!(opened, Err(BackupError::NewerStore { .. })), "restore and verify begin with this");
    assert!(fs::read(world.path("backup/manifest.json")).unwrap() == before);
    // A store of a newer format is not backed up by a program that does not know it.
    fs::write(world.path("data/store/format"), "4\n").unwrap();
    fs::remove_dir_all(world.path("backup")).unwrap();
    let said = world.take(1_000_000).unwrap_err().to_string();
    assert!(said.contains("start a newer version of docket"), "{said}");
}

#[test]
fn a_damaged_journal_is_not_backed_up_past_its_damage_and_what_there_is_stays() {
    let world = World::new();
    world.write(1, 10);
    world.take(1_000_000).unwrap();
    world.write(11, 30);
    let segment = world.path("data/store").join(FOLDER).join(crate::store::journal::segment::file_name(2));
    let file = fs::OpenOptions::new().write(true).open(segment).unwrap();
    file.write_all_at(&[0xff; 8], 512 + 200).unwrap();
    let said = world.take(1_000_000).unwrap_err().to_string();
    assert!(said.contains("damaged") && said.contains("docket doctor"), "{said}");
    assert_eq!(BackedUp::read(&world.path("data")).unwrap().number, 10, "nothing more is told to devices");
    assert_eq!(verify(&world.backup(), u64::MAX, |_| {}).unwrap().reached.log_to, 10);
    let left = fs::read_dir(world.path("backup")).unwrap().flatten();
    assert!(
        left.into_iter().all(|file| !file.file_name().to_string_lossy().ends_with(".part")),
        "half a piece is left"
    );
}

#[test]
fn a_log_that_was_rewritten_before_it_was_backed_up_is_found_by_verify() {
    let world = World::new();
    world.write(1, 3);
    let mut journal = Journal::open(world.disk(), FOLDER, OPTIONS).unwrap().journal;
    let mut batch = Batch::new();
    batch.put(Table::Log, keys::number(4), entry_bytes(chain_start(STORE), b"forged"));
    journal.append(&NewFrame { batch: &batch, time: UnixMillis(4_000), is_base: false }).unwrap();
    drop(journal);
    world.take(1_000_000).unwrap();
    let said = verify(&world.backup(), u64::MAX, |_| {}).unwrap_err().to_string();
    assert!(said.contains("log record 4 does not continue the chain"), "{said}");
}

#[test]
fn keys_of_another_store_in_the_folder_are_refused() {
    let world = World::new();
    world.write(1, 3);
    world.take(1_000_000).unwrap();
    let other = World { keys: StoreKeys::from_secret(&[8; StoreKeys::LENGTH]), ..world };
    assert!(matches!(other.take(1_000_000), Err(BackupError::OtherStore { .. })));
}

#[test]
fn a_restore_whose_disk_fails_at_any_call_says_so_and_is_run_again() {
    let world = World::new();
    world.write(1, 40);
    world.take(3_000).unwrap();
    let whole = frames(world.disk());
    let counting = SimulatedDisk::new();
    restore_journal(&world.backup(), &counting.mount(), OPTIONS, Cut::Nothing, |_| {}).unwrap();
    let calls = counting.calls();
    assert!(calls > 40);
    for failure in [DiskFailure::Broken, DiskFailure::Full, DiskFailure::Short] {
        for call in 1..=calls {
            let disk = SimulatedDisk::new();
            disk.fail_call(call, failure);
            let restored = restore_journal(&world.backup(), &disk.mount(), OPTIONS, Cut::Nothing, |_| {});
            assert!(restored.is_err(), "call {call} failed and nobody was told");
            disk.heal();
            disk.crash(call);
            // The command removes what is unfinished before it begins again.
            let mount = disk.mount();
            let _nothing_there = mount.remove(FOLDER);
            restore_journal(&world.backup(), &mount, OPTIONS, Cut::Nothing, |_| {}).unwrap();
            disk.crash(call + 1);
            assert_eq!(frames(disk.mount()), whole, "what a restore says is restored survives a power failure");
        }
    }
}

#[test]
fn a_store_without_a_journal_is_told_to_be_upgraded_first() {
    let world = World::new();
    let said = world.take(1_000_000).unwrap_err().to_string();
    assert!(said.contains("docket serve"), "{said}");
    assert!(!Path::new(&world.path("backup/manifest.json")).exists());
}

/// Both disks of a backup: one with frames up to `last`, one with a backup up to `backed_up`.
struct Pair {
    data: SimulatedDisk,
    to: SimulatedDisk,
}

impl Pair {
    fn new(world: &World, backed_up: u64, last: u64) -> Self {
        let pair = Self { data: SimulatedDisk::new(), to: SimulatedDisk::new() };
        pair.data.mount().make_folder("store").unwrap();
        pair.data.mount().make_folder("store/journal").unwrap();
        pair.data.mount().sync_folder("").unwrap();
        pair.data.mount().sync_folder("store").unwrap();
        world.write(1, backed_up);
        pair.copy_journal(world);
        pair.take(world).unwrap();
        world.write(backed_up + 1, last);
        pair.copy_journal(world);
        pair
    }

    fn copy_journal(&self, world: &World) {
        for file in fs::read_dir(world.path("data/store").join(FOLDER)).unwrap().flatten() {
            let name = format!("store/journal/{}", file.file_name().to_string_lossy());
            self.data.put(&name, fs::read(file.path()).unwrap()).unwrap();
        }
    }

    fn take(&self, world: &World) -> Result<Taken, BackupError> {
        let (data, to) = (world.path("data"), world.path("backup"));
        let (recipients, keys) = (&world.recipients, &world.keys);
        let request = Request { data: &data, to: &to, recipients, keys, piece_bytes: 1_500 };
        let disks = Disks { data: self.data.mount(), to: self.to.mount() };
        super::folder::clear(disks.to.as_ref())?;
        take_on(&request, &disks, &Noon, &mut |_| {})
    }

    /// How far the backup goes that the disk holds now, whole and verified.
    fn verified(&self, world: &World) -> u64 {
        let to = world.path("backup");
        fs::remove_dir_all(&to).ok();
        fs::create_dir(&to).unwrap();
        for name in self.to.files() {
            fs::write(to.join(&name), self.to.bytes(&name).unwrap()).unwrap();
        }
        verify(&world.backup(), u64::MAX, |_| {}).unwrap().reached.log_to
    }
}

#[test]
fn a_backup_whose_disks_fail_at_any_call_says_so_and_what_it_names_is_whole() {
    let world = World::new();
    let pair = Pair::new(&world, 12, 40);
    let (data, to) = (pair.data.snapshot(), pair.to.snapshot());
    let again = |pair: &Pair| {
        pair.data.heal();
        pair.to.heal();
        pair.data.restore(&data);
        pair.to.restore(&to);
    };
    let before = (pair.data.calls(), pair.to.calls());
    pair.take(&world).unwrap();
    let after = (pair.data.calls(), pair.to.calls());
    assert_eq!(pair.verified(&world), 40);
    let calls = [(&pair.data, after.0 - before.0), (&pair.to, after.1 - before.1)];
    assert!(calls[0].1 > 20 && calls[1].1 > 20, "{calls:?}");
    let mut partly = 0;
    for (disk, calls) in calls {
        for failure in [DiskFailure::Broken, DiskFailure::Full, DiskFailure::Short] {
            for call in 1..=calls {
                again(&pair);
                disk.fail_call(disk.calls() + call, failure);
                let case = format!("{failure:?} at call {call} of {calls}");
                assert!(pair.take(&world).is_err(), "{case}: nobody was told");
                // The power fails, too: what is there is a backup, and it has what devices were told of.
                pair.data.crash(call);
                pair.to.crash(call + 7);
                let told = BackedUp::read_on(pair.data.mount().as_ref()).unwrap().number;
                let verified = pair.verified(&world);
                assert!((12..=40).contains(&verified) && told <= verified, "{case}: {told} told, {verified} there");
                partly += usize::from(verified > 12 && verified < 40);
                // The next run goes on.
                assert!(pair.take(&world).unwrap().log_to == 40 && pair.verified(&world) == 40, "{case}");
            }
        }
    }
    assert!(partly > 20, "some of them had written pieces: {partly}");
}
