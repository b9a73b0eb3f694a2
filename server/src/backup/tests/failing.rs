//! Disks that fail at any call of a backup or of a restore, attachments included.

use std::collections::BTreeMap;
use std::fs;

use super::super::BackupError;
use super::super::attachments::{self, Expected, PutBack};
use super::super::folder;
use super::super::reading::Cut;
use super::super::restore::restore_journal;
use super::super::sealing::Identities;
use super::super::take::{Disks, Request, Taken, take_on};
use super::super::told::BackedUp;
use super::super::verify::verify;
use super::{Noon, OPTIONS, World, arrived, frames, place_of};
use crate::store::disk::{DiskFailure, SimulatedDisk};
use crate::store::journal::FOLDER;
use crate::store::{Batch, Table};

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

/// Both disks of a backup: one with frames up to `last`, one with a backup up to `backed_up`.
struct Pair {
    data: SimulatedDisk,
    to: SimulatedDisk,
    /// By the number of the frame that says of it that it has arrived.
    photos: BTreeMap<u64, Vec<u8>>,
}

impl Pair {
    fn new(world: &World, backed_up: u64, last: u64) -> Self {
        let photos = BTreeMap::from([(3, vec![3; 700]), (20, vec![20; 70_000]), (35, vec![35; 70])]);
        let pair = Self { data: SimulatedDisk::new(), to: SimulatedDisk::new(), photos };
        pair.make_folder("store");
        pair.make_folder("store/journal");
        world.write_with(1, backed_up, &pair.photos);
        pair.copy_journal(world, 0..backed_up);
        pair.take(world).unwrap();
        world.write_with(backed_up + 1, last, &pair.photos);
        pair.copy_journal(world, backed_up..last);
        pair
    }

    fn make_folder(&self, path: &str) {
        let disk = self.data.mount();
        disk.make_folder(path).unwrap();
        disk.sync_folder(path.rsplit_once('/').map_or("", |(around, _)| around)).unwrap();
    }

    /// The files that have arrived up to this number.
    fn expected(&self, to: u64) -> Expected {
        let mut expected = Expected::default();
        for (_, photo) in self.photos.range(..=to) {
            let mut batch = Batch::new();
            batch.put(Table::Attachment, arrived(photo), "size");
            expected.take(&batch);
        }
        expected
    }

    /// The journal, and the files that arrived after frame `new.start`.
    fn copy_journal(&self, world: &World, new: core::ops::Range<u64>) {
        for (_, photo) in self.photos.iter().filter(|(number, _)| (new.start + 1..=new.end).contains(number)) {
            let place = place_of(photo);
            for (end, _) in place.match_indices('/') {
                self.make_folder(&place[..end]);
            }
            self.data.put(&place, photo.clone()).unwrap();
        }
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
        folder::clear(disks.to.as_ref())?;
        take_on(&request, &disks, &Noon, &mut |_| {})
    }

    /// How far the backup goes that the disk holds now, whole and verified; attachments up to `told`, for a run that
    /// was cut off has not copied the others yet.
    fn verified(&self, world: &World, told: u64) -> u64 {
        let to = world.path("backup");
        fs::remove_dir_all(&to).ok();
        fs::create_dir(&to).unwrap();
        for name in self.to.files() {
            fs::create_dir_all(to.join(&name).parent().unwrap()).unwrap();
            fs::write(to.join(&name), self.to.bytes(&name).unwrap()).unwrap();
        }
        let backup = world.backup();
        backup.check_attachments(&self.expected(told)).unwrap();
        match verify(&backup, u64::MAX, |_| {}) {
            Err(BackupError::SealedAttachments { .. }) => backup.series().unwrap().last().unwrap().log_to,
            verified => verified.unwrap().reached.log_to,
        }
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
    assert_eq!(pair.verified(&world, 40), 40);
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
                let told = BackedUp::read_on(pair.data.mount().as_ref()).unwrap().unwrap().number;
                let verified = pair.verified(&world, told);
                assert!((12..=40).contains(&verified) && told <= verified, "{case}: {told} told, {verified} there");
                partly += usize::from(verified > 12 && verified < 40);
                // The next run goes on.
                assert!(pair.take(&world).unwrap().log_to == 40 && pair.verified(&world, 40) == 40, "{case}");
                let left = pair.to.files().into_iter().find(|name| name.ends_with(".part"));
                assert_eq!(left, None, "{case}");
            }
        }
    }
    assert!(partly > 20, "some of them had written pieces: {partly}");
}

/// A data folder's disk after its attachments were put back from the disk of a backup.
fn put_back(
    from: &SimulatedDisk,
    data: &SimulatedDisk,
    world: &World,
    expected: &Expected,
) -> Result<PutBack, BackupError> {
    let identities = Identities::read(&world.path("identity")).unwrap();
    attachments::restore(from.mount().as_ref(), &identities, data.mount().as_ref(), expected)
}

#[test]
fn attachments_whose_disks_fail_at_any_call_of_a_restore_are_put_back_whole_or_named() {
    let world = World::new();
    let pair = Pair::new(&world, 40, 40);
    let expected = pair.expected(40);
    let (from, data) = (&pair.to, SimulatedDisk::new());
    let before = from.calls();
    let whole = put_back(from, &data, &world, &expected).unwrap();
    assert_eq!((whole.files, whole.missing.len(), whole.problems.len()), (3, 0, 0));
    let calls = [from.calls() - before, data.calls()];
    assert!(calls[0] > 10 && calls[1] > 20, "{calls:?}");
    let is_whole = |data: &SimulatedDisk, photo: &Vec<u8>| match data.bytes(&place_of(photo)) {
        Some(bytes) => bytes == *photo,
        None => false,
    };
    for failure in [DiskFailure::Broken, DiskFailure::Full, DiskFailure::Short] {
        for call in 1..=calls[1] {
            let data = SimulatedDisk::new();
            data.fail_call(call, failure);
            assert!(put_back(from, &data, &world, &expected).is_err(), "{failure:?} at {call}: nobody was told");
            data.crash(call);
            for photo in pair.photos.values() {
                let bytes = data.bytes(&place_of(photo));
                assert!(bytes.is_none_or(|bytes| bytes == *photo), "{failure:?} at {call}: half a file has its name");
            }
            assert_eq!(put_back(from, &data, &world, &expected).unwrap().files, 3);
            data.crash(call + 1);
            let durable = pair.photos.values().all(|photo| is_whole(&data, photo));
            assert!(durable, "{failure:?} at {call}: what is said to be back survives a power failure");
        }
    }
    // A read of the backup that fails costs one file, which is named, or the whole run, never a file in silence.
    let (mut named, mut ended) = (0, 0);
    for call in 1..=calls[0] {
        let data = SimulatedDisk::new();
        from.fail_call(from.calls() + call, DiskFailure::Broken);
        match put_back(from, &data, &world, &expected) {
            Ok(put_back) => {
                named += 1;
                let there = pair.photos.values().filter(|photo| is_whole(&data, photo)).count();
                assert_eq!((put_back.files, put_back.problems.len(), there), (2, 1, 2), "call {call}");
            }
            Err(_) => ended += 1,
        }
        from.heal();
    }
    assert!(named > 5 && ended > 2, "{named} {ended}");
}
