//! Taking and restoring without a server: series, pieces, cuts, damage in the journal and of attachments.

mod failing;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use docket_sync_core::attachments::blob_id;
use docket_sync_core::ids::{Epoch, StoreId};
use docket_sync_core::proof::{chain_next, chain_start};
use docket_sync_core::time::UnixMillis;

use super::BackupError;
use super::manifest::Manifest;
use super::reading::{Backup, Cut};
use super::restore::restore_journal;
use super::sealing::{Identities, Recipients, make_identity};
use super::take::{Request, Taken, take};
use super::told::BackedUp;
use super::verify::verify;
use crate::commit::keys;
use crate::identity::{Identity, StoreKeys};
use crate::log::entry_bytes;
use crate::platform::Clock;
use crate::store::disk::{Disk, RealDisk, SimulatedDisk};
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
        self.write_with(from, to, &BTreeMap::new());
    }

    /// The same, where frames of these numbers say that a file has arrived.
    fn write_with(&self, from: u64, to: u64, photos: &BTreeMap<u64, Vec<u8>>) {
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
            if let Some(photo) = photos.get(&number) {
                batch.put(Table::Attachment, arrived(photo), "size");
            }
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

/// The key under which the store says of a file that it has arrived.
fn arrived(photo: &[u8]) -> Vec<u8> {
    [b"b", blob_id(photo).0.as_slice(), &[7; 16]].concat()
}

/// Where a file lies in a data folder.
fn place_of(photo: &[u8]) -> String {
    let name = blob_id(photo).to_string();
    format!("attachments/blobs/{}/{name}", &name[..2])
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
    let told = BackedUp::read(&world.path("data")).unwrap().unwrap();
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
            .map(|restored| (restored.reached.log_to, restored.reached.is_cut))
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
    assert_eq!(BackedUp::read(&world.path("data")).unwrap().unwrap().number, 10, "nothing more is told to devices");
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
fn a_store_without_a_journal_is_told_to_be_upgraded_first() {
    let world = World::new();
    let said = world.take(1_000_000).unwrap_err().to_string();
    assert!(said.contains("docket serve"), "{said}");
    assert!(!Path::new(&world.path("backup/manifest.json")).exists());
}

#[test]
fn a_damaged_attachment_is_named_holds_back_what_devices_are_told_and_is_copied_when_it_is_mended() {
    let world = World::new();
    let photos = BTreeMap::from([(2, vec![2; 3_000]), (5, vec![5; 90_000]), (9, vec![9; 10])]);
    world.write_with(1, 10, &photos);
    let put = |photo: &[u8], bytes: &[u8]| {
        let path = world.path("data").join(place_of(photo));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for photo in photos.values() {
        put(photo, photo);
    }
    let (flipped, short) = (&photos[&5], &photos[&9]);
    let mut bytes = flipped.clone();
    bytes[70_000] ^= 1;
    put(flipped, &bytes);
    put(short, &short[..9]);
    let said = world.take(1_000_000).unwrap_err().to_string();
    assert!(said.contains("2 attachments") && said.contains(&place_of(flipped)) && said.contains(&place_of(short)));
    assert_eq!(BackedUp::read(&world.path("data")).unwrap(), None, "no device forgets what the backup lacks");
    let backup = world.path("backup");
    let sealed = |photo: &[u8]| {
        let name = blob_id(photo).to_string();
        backup.join("blobs").join(&name[..2]).join(format!("{name}.age"))
    };
    assert!(sealed(&photos[&2]).exists() && !sealed(flipped).exists() && !sealed(short).exists());
    // Verify names both, not only the first, and the frames count as whole.
    let said = verify(&world.backup(), u64::MAX, |_| {}).unwrap_err().to_string();
    assert!(said.contains("2 attachments") && said.contains("everything else is"), "{said}");
    assert!(said.contains(&blob_id(flipped).to_string()) && said.contains(&blob_id(short).to_string()), "{said}");
    // Mended, and one moved out of the folder: the next run has all that there is.
    put(flipped, flipped);
    fs::remove_file(world.path("data").join(place_of(short))).unwrap();
    assert_eq!(world.take(1_000_000).unwrap().attachments.files, 1);
    assert_eq!(BackedUp::read(&world.path("data")).unwrap().unwrap().number, 10);
    put(short, short);
    world.take(1_000_000).unwrap();
    assert_eq!(verify(&world.backup(), u64::MAX, |_| {}).unwrap().attachments, 3);
    // What is damaged in the backup itself is removed there, and copied again.
    let mut bytes = fs::read(sealed(flipped)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(sealed(flipped), bytes).unwrap();
    let said = verify(&world.backup(), u64::MAX, |_| {}).unwrap_err().to_string();
    assert!(said.contains("1 attachments") && said.contains("remove the damaged files"), "{said}");
    fs::remove_file(sealed(flipped)).unwrap();
    assert_eq!(world.take(1_000_000).unwrap().attachments.files, 1);
    assert_eq!(verify(&world.backup(), u64::MAX, |_| {}).unwrap().attachments, 3);
}

#[test]
fn a_restore_knows_the_attachments_of_its_frames_and_of_no_later_ones() {
    let world = World::new();
    let photos = BTreeMap::from([(2, vec![2; 30]), (5, vec![5; 30]), (9, vec![9; 30])]);
    world.write_with(1, 10, &photos);
    world.take(1_000).unwrap();
    let expected = |cut| {
        let disk = SimulatedDisk::new();
        restore_journal(&world.backup(), &disk.mount(), OPTIONS, cut, |_| {}).unwrap().attachments.blobs().count()
    };
    assert_eq!((expected(Cut::Nothing), expected(Cut::ToNumber(5)), expected(Cut::ToNumber(1))), (3, 2, 0));
}
