//! Deliberate bugs, to prove that the simulation would notice them; and the twelve merge rules, each broken on
//! purpose, to prove that some story of the pairs would.
//!
//! Each is one line where the real code does the right thing. Without the feature `sabotage`, which no default
//! feature turns on, [`is_on`] is a constant `false` and nothing is left of them.

use crate::lifecycle::view::Rule;
use crate::wire::coded_enum;

coded_enum! {
    /// A bug that somebody might make, and that must not stay unnoticed.
    Bug {
        /// The store acknowledges before its flush.
        AcknowledgeBeforeFlush = 1 "acknowledge_before_flush",
        /// A device keeps the cursor of a batch before its data.
        CursorBeforeData = 2 "cursor_before_data",
        /// A device drops an order that left its scope with work that was never sent.
        EvictsUnsent = 3 "evicts_unsent",
        /// A fact states the present heads as known, not what its author was shown.
        FrontierOfHeads = 4 "frontier_of_heads",
        /// The digest of a scope does not follow a change.
        DigestNotUpdated = 5 "digest_not_updated",
        /// A change is not entered in the feed.
        FeedEntryLost = 6 "feed_entry_lost",
        /// A restored server states facts as the actor that it was.
        ActorReused = 7 "actor_reused",
        /// A push under a receipt is taken without checking the receipt's signature.
        ReceiptNotChecked = 8 "receipt_not_checked",
        /// A change behind a refused one is acknowledged and not kept.
        HeldDropped = 9 "held_dropped",
        /// The journal takes a torn record at its end for a whole one.
        TornTailAccepted = 10 "torn_tail_accepted",
        /// A device drops evicted orders before they are in a backup.
        RetentionIgnored = 11 "retention_ignored",
        /// A cursor is taken for good without comparing its chain value.
        ChainNotCompared = 12 "chain_not_compared",
    }
}

#[cfg(feature = "sabotage")]
thread_local! {
    static ON: core::cell::Cell<Option<Bug>> = const { core::cell::Cell::new(None) };
    static BROKEN: core::cell::Cell<Option<Rule>> = const { core::cell::Cell::new(None) };
}

/// Whether the running thread is to have this merge rule broken, each at its own place in the fold.
#[cfg(feature = "sabotage")]
#[must_use]
pub fn breaks(rule: Rule) -> bool {
    BROKEN.get() == Some(rule)
}

/// Whether the running thread is to have this merge rule broken: never.
#[cfg(not(feature = "sabotage"))]
#[must_use]
pub const fn breaks(_rule: Rule) -> bool {
    false
}

/// Runs `work` with a merge rule broken on this thread.
#[cfg(feature = "sabotage")]
pub fn breaking<T>(rule: Rule, work: impl FnOnce() -> T) -> T {
    struct Before(Option<Rule>);
    impl Drop for Before {
        fn drop(&mut self) {
            BROKEN.set(self.0);
        }
    }
    let _before = Before(BROKEN.replace(Some(rule)));
    work()
}

/// Whether the running thread is to have this bug.
#[cfg(feature = "sabotage")]
#[must_use]
pub fn is_on(bug: Bug) -> bool {
    ON.get() == Some(bug)
}

/// Whether the running thread is to have this bug: never.
#[cfg(not(feature = "sabotage"))]
#[must_use]
pub const fn is_on(_bug: Bug) -> bool {
    false
}

/// Runs `work` with a bug on this thread, or with none.
#[cfg(feature = "sabotage")]
pub fn with<T>(bug: Option<Bug>, work: impl FnOnce() -> T) -> T {
    struct Before(Option<Bug>);
    impl Drop for Before {
        fn drop(&mut self) {
            ON.set(self.0);
        }
    }
    let _before = Before(ON.replace(bug));
    work()
}
