//! When a file leaves the device that took it, and when it is offered again.

use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{DAY, UnixMillis};

use super::super::retention::Retention;
use super::fake_store::FakeStore;
use super::{Device, START};

const YEAR: i64 = 365 * DAY;

/// A file that is taken for a photo.
fn photo(seed: u8) -> Vec<u8> {
    [b"\xff\xd8\xff\xe0".as_slice(), &[seed; 60]].concat()
}

/// One order, a device with a photo of it that the store has confirmed, and the store after a backup.
fn confirmed() -> (FakeStore, Device, DocumentId) {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    device.open().attach(document, &photo(1), Some("1"), false).unwrap();
    assert_eq!(answered(&device, &[]), ["1"]);
    store.back_up();
    device.sync(&mut store);
    (store, device, document)
}

/// Offers what is to be offered, and drops what may go; the server has those named in `there` and takes the others.
fn answered(device: &Device, there: &[&str]) -> Vec<String> {
    let mut replica = device.open();
    let offered = replica.attachments_to_send().unwrap();
    for entry in &offered {
        if there.contains(&entry.name.as_deref().unwrap()) {
            replica.confirm_there(entry, 1).unwrap();
        } else {
            replica.confirm_attachment(entry.order, entry.blob.hash, 1).unwrap();
        }
    }
    replica.drop_backed_up().unwrap();
    offered.into_iter().filter_map(|entry| entry.name).collect()
}

fn kept(device: &Device) -> usize {
    device.open().attachments().unwrap().len()
}

fn pass_days(device: &Device, store: &mut FakeStore, days: i64) {
    device.clock.pass(days * DAY);
    store.pass(days * DAY);
    device.sync(store);
}

#[test]
fn a_file_goes_after_thirty_days_in_a_backup_when_the_store_says_again_that_it_is_there() {
    let (mut store, device, _) = confirmed();
    pass_days(&device, &mut store, 30);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec![], 1), "not long ago");
    pass_days(&device, &mut store, 1);
    assert_eq!(device.open().drop_backed_up().unwrap(), 0, "it was not asked for again");
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec!["1".to_owned()], 0));
}

#[test]
fn a_file_that_the_server_lost_in_between_is_sent_again_and_as_new_as_that() {
    let (mut store, device, _) = confirmed();
    pass_days(&device, &mut store, 31);
    assert_eq!((answered(&device, &[]), kept(&device)), (vec!["1".to_owned()], 1), "asked for, and sent");
    pass_days(&device, &mut store, 29);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec![], 1));
    pass_days(&device, &mut store, 2);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec!["1".to_owned()], 0));
}

#[test]
fn a_clock_that_stands_in_another_year_lets_no_file_go() {
    let (mut store, device, _) = confirmed();
    // The phone's.
    device.clock.set_wall(START.plus(10 * YEAR));
    device.sync(&mut store);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec![], 1));
    // The office's, and the phone is started anew.
    for _ in 0..2 {
        store.pass(10 * YEAR);
        device.clock.reboot();
        device.sync(&mut store);
        assert_eq!((answered(&device, &["1"]), kept(&device)), (vec![], 1));
    }
}

#[test]
fn a_file_taken_under_a_wrong_clock_goes_after_thirty_days_of_the_right_one() {
    let mut store = FakeStore::new();
    let document = store.order(1);
    let device = Device::enrolled(&store);
    device.sync(&mut store);
    device.clock.set_wall(START.plus(10 * YEAR));
    device.open().attach(document, &photo(1), Some("1"), false).unwrap();
    device.clock.set_wall(START);
    answered(&device, &[]);
    store.back_up();
    pass_days(&device, &mut store, 31);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec!["1".to_owned()], 0));
}

#[test]
fn a_phone_that_is_started_anew_every_day_counts_a_day_for_each() {
    let (mut store, device, _) = confirmed();
    for day in 0..31 {
        assert_eq!((answered(&device, &["1"]), kept(&device)), (vec![], 1), "day {day}");
        device.clock.reboot();
        store.pass(DAY);
        device.sync(&mut store);
    }
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec!["1".to_owned()], 0));
}

#[test]
fn x_74_a_disk_rolled_back_unnoticed_is_offered_every_file_again_and_none_goes_before() {
    // With 0 the store stays behind the device's number; with 9 it has gone on past it.
    for news in [0, 9] {
        let mut store = FakeStore::new();
        let document = store.order(1);
        let device = Device::enrolled(&store);
        device.sync(&mut store);
        let before = store.clone();
        store.note(document, "that is lost");
        device.sync(&mut store);
        device.open().attach(document, &photo(1), Some("1"), false).unwrap();
        answered(&device, &[]);
        assert_eq!(answered(&device, &["1"]), Vec::<String>::new(), "confirmed");

        let mut store = before.rolled_back();
        for number in 0..news {
            store.note(document, &format!("since {number}"));
        }
        store.back_up();
        pass_days(&device, &mut store, 40);
        device.sync(&mut store);
        assert_eq!(device.open().drop_backed_up().unwrap(), 0, "{news} news: a number of another log");
        assert_eq!((answered(&device, &[]), kept(&device)), (vec!["1".to_owned()], 1), "{news} news");
        assert_eq!(answered(&device, &["1"]), Vec::<String>::new(), "{news} news: once, it is as new as now");
    }
}

#[test]
fn above_the_limit_of_bytes_the_oldest_in_a_backup_makes_room() {
    let (mut store, device, document) = confirmed();
    device.open().attach(document, &photo(2), Some("2"), false).unwrap();
    let mut replica = device.open();
    // Room for one of them beside the largest that may come.
    let file_bytes_max = docket_sync_core::limits::ATTACHMENT_BYTES_MAX + 64;
    replica.retention = Retention { file_bytes_max, ..Retention::default() };
    let offered: Vec<_> = replica.attachments_to_send().unwrap();
    let names: Vec<_> = offered.iter().filter_map(|entry| entry.name.as_deref()).collect();
    assert_eq!(names, ["1", "2"], "the first is asked for once more, the second is new");
    assert_eq!(replica.drop_backed_up().unwrap(), 0);
    replica.confirm_there(&offered[0], 1).unwrap();
    replica.confirm_attachment(document, offered[1].blob.hash, 1_000).unwrap();
    assert_eq!(replica.drop_backed_up().unwrap(), 1);
    let left: Vec<_> = replica.attachments().unwrap().into_iter().filter_map(|entry| entry.name).collect();
    assert_eq!(left, ["2"]);
    drop(replica);
    device.sync(&mut store);
}

#[test]
fn rows_of_an_older_program_count_from_when_this_one_began() {
    use crate::replica::stored::{from_bytes, to_bytes};
    use crate::store::{Batch, DeviceStore as _, Table, scan_all};
    let (mut store, device, _) = confirmed();
    let mut rows = device.disk.open().unwrap();
    for (key, value) in scan_all(&rows, Table::Attachment).unwrap() {
        let mut old: crate::replica::KeptAttachment = from_bytes("attachment", &value).unwrap();
        old.kept_from = None;
        old.kept_at = UnixMillis(0);
        let mut batch = Batch::new();
        batch.put(Table::Attachment, key, to_bytes(&old));
        rows.write(batch).unwrap();
    }
    drop(rows);
    device.sync(&mut store);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec![], 1));
    pass_days(&device, &mut store, 31);
    assert_eq!((answered(&device, &["1"]), kept(&device)), (vec!["1".to_owned()], 0));
}
