//! What the conformance suite cannot know: files, locks, damage, room.

use super::*;

fn open(path: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(path, SledOptions { cache_bytes: 8 << 20, reserve_bytes: 0 })
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn large_values_never_leave_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for (number, size) in [60_000, 200_000, 1 << 20, 3 << 20].into_iter().enumerate() {
        let bytes = (0..size).map(|at: usize| at.wrapping_mul(2_654_435_761).to_be_bytes()[4]);
        let value: Vec<u8> = bytes.collect();
        for key in 0..20_u8 {
            store.apply(Batch::new().put(Table::Document, [u8::try_from(number).unwrap(), key], &value)).unwrap();
        }
    }
    store.flush().unwrap();
    assert_eq!(files_in(&folder.path().join("sled/blobs")), 0, "sled does not sync blob files");
    assert!(store.size_on_disk().unwrap() > 80 << 20);
}

#[test]
fn pieces_are_removed_with_their_value() {
    let folder = tempfile::tempdir().unwrap();
    let large = vec![7; 100_000];
    let store = open(folder.path()).unwrap();
    store.apply(Batch::new().put(Table::Blob, "a", &large).put(Table::Blob, "b", &large)).unwrap();
    store.flush().unwrap();
    drop(store);
    let store = open(folder.path()).unwrap();
    let pieces = || store.db.scan_prefix([PIECES_PREFIX]).count();
    assert_eq!(pieces(), 14);
    store.apply(Batch::new().put(Table::Blob, "a", vec![8; 40_000])).unwrap();
    assert_eq!(pieces(), 10);
    store.apply(Batch::new().put(Table::Blob, "a", "small").remove(Table::Blob, "b")).unwrap();
    assert_eq!(pieces(), 0);
    assert_eq!(store.get(Table::Blob, b"a").unwrap(), Some(b"small".to_vec()));
}

#[test]
fn a_second_opener_is_told_who_holds_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&format!("in use by process {}", std::process::id())), "{error}");
    drop(store);
    open(folder.path()).unwrap();
}

#[test]
fn a_disk_below_the_reserve_is_read_but_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.apply(Batch::new().put(Table::Meta, "a", "1")).unwrap();
    store.flush().unwrap();
    drop(store);
    let full = SledOptions { reserve_bytes: u64::MAX, ..SledOptions::default() };
    let store = SledStore::open(folder.path(), full).unwrap();
    assert!(matches!(store.apply(Batch::new().put(Table::Meta, "a", "2")), Err(StoreError::Full { .. })));
    assert_eq!(store.get(Table::Meta, b"a").unwrap(), Some(b"1".to_vec()));
    store.flush().unwrap();
}

#[test]
fn a_damaged_store_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for number in 0..500_u32 {
        store.apply(Batch::new().put(Table::Log, number.to_be_bytes(), [1; 300])).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let log = folder.path().join("sled/db");
    let whole = std::fs::read(&log).unwrap();
    for at in (0..200_000).step_by(9_973) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&log, damaged).unwrap();
        // sled may accept, refuse or panic; whatever it does, the process and its other threads go on.
        if let Ok(store) = open(folder.path()) {
            drop(store.scan(Table::Log, &KeyRange::all(), 1_000, Order::Forward));
        }
    }
    std::fs::write(&log, whole).unwrap();
    assert!(open(folder.path()).is_ok());
    std::fs::write(folder.path().join("sled/conf"), "segment_size: 524288\nuse_compression: false\nversion: 0.34\n")
        .unwrap();
    assert!(matches!(open(folder.path()), Err(StoreError::Open { .. })), "another segment size was accepted");
}

#[test]
fn a_foreign_sled_directory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = ::sled::Config::new().path(folder.path().join("sled")).segment_size(SEGMENT_BYTES).open().unwrap();
    foreign.insert("somebody's", "data").unwrap();
    foreign.flush().unwrap();
    drop(foreign);
    let error = open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("not made by this program"), "{error}");
}

#[test]
fn another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.db.insert(FORMAT_KEY, &[9]).unwrap();
    store.flush().unwrap();
    drop(store);
    assert!(open(folder.path()).unwrap_err().to_string().contains("format [9]"));
}

#[test]
fn the_key_layout_is_frozen() {
    assert_eq!(full_key(3, b"ab"), [3, b'a', b'b']);
    assert_eq!(piece_key(3, b"ab", 258), [0xFE, 3, b'a', b'b', 0, 0, 1, 2]);
    let mut batch = Batch::new();
    batch.put(Table::Meta, "k", "v").put(Table::Blob, "k", vec![9; 20_000]);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.apply(&batch).unwrap();
    let raw = |key: &[u8]| store.db.get(key).unwrap().map(|value| value.to_vec());
    assert_eq!(raw(&[1, b'k']), Some(vec![0, 1, 0, b'v']));
    assert_eq!(raw(&[16, b'k']), Some([&[1], 20_002_u32.to_be_bytes().as_slice()].concat()));
    assert_eq!(raw(&[0xFE, 16, b'k', 0, 0, 0, 0]).map(|piece| piece.len()), Some(16 * 1024));
    assert_eq!(raw(&[0xFE, 16, b'k', 0, 0, 0, 1]).map(|piece| piece.len()), Some(20_002 - 16 * 1024));
}
