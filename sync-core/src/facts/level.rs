//! The schema level: which kinds and fields a program knows.
//!
//! A simulation plays an upgrade with one program: behind the feature `scenario` a thread may be the program of an
//! older level for a while, to which newer kinds are as unknown as they were to that one.

/// The schema level of this version.
pub const SCHEMA_LEVEL: u8 = 2;

#[cfg(feature = "scenario")]
thread_local! {
    static PLAYED: core::cell::Cell<u8> = const { core::cell::Cell::new(SCHEMA_LEVEL) };
}

/// The level of the program that runs: [`SCHEMA_LEVEL`], or the older one that a simulation plays.
#[cfg(feature = "scenario")]
#[must_use]
pub fn known_level() -> u8 {
    PLAYED.get()
}

/// The level of the program that runs.
#[cfg(not(feature = "scenario"))]
#[must_use]
pub const fn known_level() -> u8 {
    SCHEMA_LEVEL
}

/// Runs `work` as the program of a level.
#[cfg(feature = "scenario")]
pub fn as_level<T>(level: u8, work: impl FnOnce() -> T) -> T {
    struct Before(u8);
    impl Drop for Before {
        fn drop(&mut self) {
            PLAYED.set(self.0);
        }
    }
    let _before = Before(PLAYED.replace(level));
    work()
}
