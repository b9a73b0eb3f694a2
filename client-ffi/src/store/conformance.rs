//! What every device store must do, as one suite that a macro runs for each implementation.
//!
//! Adding a store: write a [`Place`] for it (something that can be opened again and again) and a line in
//! `conforms!` below.

use super::{Batch, DeviceStore, KEY_BYTES_MAX, KeyOrder, Row, StoreError, Table, scan_all};

/// Where a store lies; what is durable there survives closing the store.
pub(crate) trait Place {
    /// The store of this place.
    type Store: DeviceStore;
    /// Opens the store.
    fn open(&self) -> Result<Self::Store, StoreError>;
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

fn row(key: &[u8], value: &[u8]) -> Row {
    (key.to_vec(), value.to_vec())
}

pub(crate) fn rows_are_read_back_and_absence_is_no_error(place: &impl Place) {
    let mut store = place.open().unwrap();
    for &table in Table::ALL {
        assert_eq!(store.get(table, b"k").unwrap(), None);
        let mut batch = Batch::new();
        batch.put(table, "k", table.label()).put(table, "", "empty key").put(table, "e", "");
        store.write(batch).unwrap();
    }
    for &table in Table::ALL {
        assert_eq!(store.get(table, b"k").unwrap().unwrap(), table.label().as_bytes());
        assert_eq!(store.get(table, b"").unwrap().unwrap(), b"empty key");
        assert_eq!(store.get(table, b"e").unwrap().unwrap(), b"");
        assert_eq!(store.get(table, b"kk").unwrap(), None);
    }
}

pub(crate) fn later_changes_of_one_batch_win(place: &impl Place) {
    let mut store = place.open().unwrap();
    let mut batch = Batch::new();
    batch.put(Table::Document, "a", "1").put(Table::Document, "a", "2").delete(Table::Document, "a");
    batch.put(Table::Document, "b", "1").delete(Table::Document, "b").put(Table::Document, "b", "3");
    batch.delete(Table::Document, "never there");
    store.write(batch).unwrap();
    assert_eq!(scan_all(&store, Table::Document).unwrap(), [row(b"b", b"3")]);
}

pub(crate) fn what_was_written_survives_reopening(place: &impl Place) {
    let mut store = place.open().unwrap();
    let mut batch = Batch::new();
    batch.put(Table::Document, "stays", vec![7; 100_000]).put(Table::Document, "goes", "x");
    store.write(batch).unwrap();
    let mut batch = Batch::new();
    batch.delete(Table::Document, "goes");
    store.write(batch).unwrap();
    drop(store);
    let store = place.open().unwrap();
    assert_eq!(store.get(Table::Document, b"stays").unwrap().unwrap(), vec![7; 100_000]);
    assert_eq!(store.get(Table::Document, b"goes").unwrap(), None);
}

pub(crate) fn a_scan_sees_its_own_table_only(place: &impl Place) {
    let mut store = place.open().unwrap();
    let mut batch = Batch::new();
    for &table in Table::ALL {
        batch.put(table, [0xff; 3], [table.number()]).put(table, "", [table.number(), 0]);
    }
    store.write(batch).unwrap();
    for &table in Table::ALL {
        let expected = [row(b"", &[table.number(), 0]), row(&[0xff; 3], &[table.number()])];
        assert_eq!(sorted(store.scan(table, None, 10).unwrap()), expected, "{table:?}");
    }
}

pub(crate) fn paging_meets_every_row_once(place: &impl Place) {
    let mut store = place.open().unwrap();
    for table in [Table::Journal, Table::OrderRow] {
        let mut batch = Batch::new();
        let mut expected = Vec::new();
        for number in 0..2_500_u64 {
            let (key, value) = (number.to_be_bytes().to_vec(), number.to_string().into_bytes());
            batch.put(table, key.clone(), value.clone());
            expected.push((key, value));
        }
        store.write(batch).unwrap();
        let all = scan_all(&store, table).unwrap();
        if table.order() == KeyOrder::Ascending {
            assert_eq!(all, expected, "ascending tables come in the order of their keys");
        }
        assert_eq!(sorted(all), expected);
        let mut paged: Vec<Row> = Vec::new();
        loop {
            let page = store.scan(table, paged.last().map(|(key, _)| key.as_slice()), 7).unwrap();
            assert!(page.len() <= 7);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(sorted(paged), expected);
    }
    assert_eq!(store.scan(Table::Journal, None, 0).unwrap(), []);
}

pub(crate) fn paging_goes_on_after_a_row_that_was_deleted(place: &impl Place) {
    let mut store = place.open().unwrap();
    let mut batch = Batch::new();
    for number in 0..10_u8 {
        batch.put(Table::OrderRow, [number], [number]);
    }
    store.write(batch).unwrap();
    let first = store.scan(Table::OrderRow, None, 5).unwrap();
    let last = first.last().unwrap().0.clone();
    let mut batch = Batch::new();
    batch.delete(Table::OrderRow, last.clone());
    store.write(batch).unwrap();
    let rest = store.scan(Table::OrderRow, Some(&last), 10).unwrap();
    assert_eq!(rest.len(), 5);
    assert!(rest.iter().all(|row| !first.contains(row)));
}

pub(crate) fn an_oversized_batch_changes_nothing(place: &impl Place) {
    let mut store = place.open().unwrap();
    let mut batch = Batch::new();
    batch.put(Table::Meta, "fine", "x").put(Table::Meta, vec![1; KEY_BYTES_MAX + 1], "too long a key");
    assert!(matches!(store.write(batch), Err(StoreError::TooLarge { .. })));
    assert_eq!(store.get(Table::Meta, b"fine").unwrap(), None);
    store.write(Batch::new()).unwrap();
}

pub(crate) fn one_holder_at_a_time(place: &impl Place) {
    let store = place.open().unwrap();
    assert!(matches!(place.open(), Err(StoreError::InUse)));
    drop(store);
    place.open().unwrap();
}

macro_rules! conforms {
    ($($name:ident: $place:expr;)*) => {$(
        mod $name {
            use super::*;
            conforms!(@cases $place,
                rows_are_read_back_and_absence_is_no_error
                later_changes_of_one_batch_win
                what_was_written_survives_reopening
                a_scan_sees_its_own_table_only
                paging_meets_every_row_once
                paging_goes_on_after_a_row_that_was_deleted
                an_oversized_batch_changes_nothing
                one_holder_at_a_time
            );
        }
    )*};
    (@cases $place:expr, $($case:ident)*) => {$(
        #[test]
        fn $case() {
            crate::store::conformance::$case(&$place);
        }
    )*};
}

mod places {
    use super::Place;
    use crate::platform::testing::CountingRandom;
    use crate::store::StoreError;
    use crate::store::memory::{MemoryDisk, MemoryStore};
    use crate::store::sealed::SealedStore;

    pub(super) struct Memory(MemoryDisk);

    impl Memory {
        pub(super) fn new() -> Self {
            Self(MemoryDisk::new())
        }
    }

    impl Place for Memory {
        type Store = MemoryStore;
        fn open(&self) -> Result<MemoryStore, StoreError> {
            self.0.open()
        }
    }

    pub(super) struct Sealed<P>(pub(super) P);

    impl<P: Place> Place for Sealed<P> {
        type Store = SealedStore<P::Store, CountingRandom>;
        fn open(&self) -> Result<Self::Store, StoreError> {
            Ok(SealedStore::new(self.0.open()?, CountingRandom::new(5), &[42; 32]))
        }
    }

    #[cfg(feature = "sqlite")]
    pub(super) struct Sqlite(tempfile::TempDir);

    #[cfg(feature = "sqlite")]
    impl Sqlite {
        pub(super) fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }
    }

    #[cfg(feature = "sqlite")]
    impl Place for Sqlite {
        type Store = crate::store::sqlite::SqliteStore;
        fn open(&self) -> Result<Self::Store, StoreError> {
            crate::store::sqlite::SqliteStore::open(self.0.path())
        }
    }

    conforms! {
        memory: Memory::new();
        sealed_memory: Sealed(Memory::new());
    }

    #[cfg(feature = "sqlite")]
    conforms! {
        sqlite: Sqlite::new();
        sealed_sqlite: Sealed(Sqlite::new());
    }
}
