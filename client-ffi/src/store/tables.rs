//! The registry of tables: number, what a row is, and whether its key may be read on a stolen disk.

/// In which order a scan meets the rows of a table, and so whether a sealed store may hide their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrder {
    /// Ascending by key bytes. The key lies on disk as it is: only counters and fixed names qualify, which
    /// say nothing but how much there is.
    Ascending,
    /// Some order that stays the same between writes. A sealed store replaces the key by its keyed digest, so
    /// that a stolen disk does not show which orders, customers or times (a UUIDv7 holds one) it is about.
    Any,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $number:literal $label:literal $order:ident;)*) => {
        /// A table of the device store. Numbers are on disk: the list only grows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table { $($(#[$doc])* $name),* }

        impl Table {
            /// Every table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The first byte of every key of this table.
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $(Self::$name => $number),* }
            }

            /// Its name in messages.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }

            /// The order of a scan.
            #[must_use]
            pub fn order(self) -> KeyOrder {
                match self { $(Self::$name => KeyOrder::$order),* }
            }
        }
    };
}

tables! {
    /// Fixed names: who this device is, the cursor, the clock, counters.
    Meta = 1 "meta" Ascending;
    /// One small row per order, by document: what a list shows without loading the document.
    OrderRow = 2 "order_row" Any;
    /// The saved document, by document.
    Document = 3 "document" Any;
    /// Commands not yet acknowledged, with the fact they made, by a counter (8 bytes, big-endian).
    Journal = 4 "journal" Ascending;
    /// Receipts of the store, by a counter; documents name the newest one that covers them.
    Receipt = 5 "receipt" Ascending;
    /// Reference records, by record.
    Reference = 6 "reference" Any;
    /// Proofs of signatures, by content address.
    Proof = 7 "proof" Any;
    /// Documents put aside when they were taken anew from the store, by a counter.
    Aside = 8 "aside" Ascending;
    /// What is known of a document without loading it, by document.
    DocumentMeta = 9 "document_meta" Any;
    /// Documents that left the scope and are still kept, by document; how many bytes of them are sealed.
    Evicted = 10 "evicted" Any;
    /// What is kept of documents that left the scope, sealed to the store, by document.
    Sealed = 11 "sealed" Any;
    /// Photos and other files of orders: what is known of each, by order and content address.
    Attachment = 12 "attachment" Any;
    /// Their bytes in parts, by content address and number of the part.
    AttachmentPart = 13 "attachment_part" Any;
    /// Pushes that colleagues handed over, by a counter.
    Carried = 14 "carried" Ascending;
    /// Reference records as colleagues' devices told them, by record.
    Told = 15 "told" Any;
    /// Certificates of devices that witnessed or handed over, by key.
    Certificate = 16 "certificate" Any;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_numbers_are_unique_and_ordered() {
        let numbers: Vec<u8> = Table::ALL.iter().map(|table| table.number()).collect();
        assert!(numbers.is_sorted_by(|left, right| left < right), "{numbers:?}");
    }
}
