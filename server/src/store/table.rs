//! The tables of a store [frozen: names may change, numbers never; the list only grows].

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// One ordered key-value table of the store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Table { $($(#[$doc])* $name),* }

        impl Table {
            /// Every table, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number that keys on disk begin with. From 1 to [`Table::NUMBER_MAX`].
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $(Self::$name => $number),* }
            }

            /// The name, for messages.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

tables! {
    /// Identity of the store, its epoch, keys, counters.
    Meta = 1,
    /// Number -> log record: the truth, in the order of commits.
    Log = 2,
    /// Document -> uncompressed save, followed by raw changes.
    Document = 3,
    /// Document -> metadata of its changes: heads and sequences per actor.
    DocumentMeta = 4,
    /// Document and change -> what is kept of one change.
    Change = 5,
    /// Scope and number -> document.
    Feed = 6,
    /// Scope and document -> when it entered, its number, when it left.
    Scope = 7,
    /// Document -> folded view for lists.
    View = 8,
    /// Record -> reference record: customer, site, unit, person, catalogue, policy.
    Reference = 9,
    /// What was not admitted, with its reason.
    Quarantine = 10,
    /// Person -> login data and roles.
    Person = 11,
    /// Device -> key, persons, counters, revocation.
    Device = 12,
    /// Digest of a session token -> session.
    Session = 13,
    /// Due time and subject -> timer.
    Timer = 14,
    /// Reactor -> number of the last log record it has dealt with.
    Reactor = 15,
    /// Blob -> bytes of a small blob (proofs); large ones are files.
    Blob = 16,
    /// Digest of an enrolment code -> code.
    Code = 17,
    /// Login name -> person.
    Login = 18,
    /// Keys of secondary indexes.
    Index = 19,
    /// Rotation and decisions of dispatch.
    Dispatch = 20,
    /// Follow-up calls.
    Callback = 21,
    /// Review items.
    Review = 22,
    /// Messages that must leave the process.
    Outbox = 23,
    /// Receipts and push envelopes.
    Receipt = 24,
    /// Data keys of orders.
    Vault = 25,
    /// Imported lines already taken over.
    Import = 26,
    /// What lies across orders: serials, stocks, time, cash, goods.
    Books = 27,
    /// Order and file -> what facts say of an attachment and what has arrived of it.
    Attachment = 28,
}

impl Table {
    /// The greatest number a table may ever have: greater first bytes belong to the engines.
    pub const NUMBER_MAX: u8 = 0xEF;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_numbers_are_frozen() {
        let numbers: Vec<u8> = Table::ALL.iter().map(|table| table.number()).collect();
        assert_eq!(numbers, (1..=28).collect::<Vec<u8>>());
        assert_eq!((Table::Meta.number(), Table::Document.number(), Table::Blob.number()), (1, 3, 16));
        assert_eq!((Table::Log.name(), Table::Log.number()), ("Log", 2));
        assert!(Table::ALL.iter().all(|table| table.number() <= Table::NUMBER_MAX));
    }
}
