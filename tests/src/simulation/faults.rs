//! What may go wrong in a simulated company, and how often.

use crate::random::Random;

macro_rules! faults {
    ($($(#[$doc:meta])* $field:ident $variant:ident $usual:literal;)*) => {
        /// How often each fault is drawn: per mille of the steps of a history.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Faults { $($(#[$doc])* pub $field: u32,)* }

        /// One fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($(#[$doc])* $variant,)* }

        impl Fault {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, as in [`Faults`].
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)* }
            }
        }

        impl Faults {
            /// No fault at all.
            pub const NONE: Self = Self { $($field: 0,)* };
            /// Every fault at its usual rate.
            pub const USUAL: Self = Self { $($field: $usual,)* };

            /// The rate of one fault.
            #[must_use]
            pub fn rate(&self, fault: Fault) -> u32 {
                match fault { $(Fault::$variant => self.$field,)* }
            }

            fn set(&mut self, fault: Fault, rate: u32) {
                match fault { $(Fault::$variant => self.$field = rate,)* }
            }
        }
    };
}

faults! {
    /// A request does not arrive.
    lost_request LostRequest 20;
    /// An answer does not arrive.
    lost_answer LostAnswer 20;
    /// A request arrives after its sender gave up.
    delayed Delayed 12;
    /// A request arrives twice.
    duplicated Duplicated 12;
    /// A sync of several messages is cut in the middle.
    cut Cut 12;
    /// For a while only one direction of a phone's connection works.
    one_way OneWay 8;
    /// The office loses power at its n-th write from now.
    office_crash OfficeCrash 12;
    /// The machine loses power while it writes: what was not flushed reaches the disk in part, or not at all.
    lost_writes LostWrites 8;
    /// The machine loses power between two writes: nothing is lost, and the engine's files are not trusted any more.
    power_loss PowerLoss 4;
    /// The office's disk is full for a while.
    full_disk FullDisk 4;
    /// The office is restored from a backup, under a new epoch.
    office_restore OfficeRestore 4;
    /// The office's disk is rolled back, and nobody notices.
    office_rollback OfficeRollback 4;
    /// A phone loses power at its n-th write from now, before or after it became durable.
    phone_crash PhoneCrash 20;
    /// A phone is restored from its backup.
    phone_restore PhoneRestore 5;
    /// A phone is copied, keys and all; both work on.
    phone_clone PhoneClone 4;
    /// A phone's key store loses the incarnation.
    phone_renew PhoneRenew 5;
    /// A phone is switched off and on: its monotonic clock begins again.
    phone_reboot PhoneReboot 6;
    /// The office's clock jumps by two days, forward or back.
    office_clock_days OfficeClockDays 4;
    /// The office's clock jumps by ten years, forward or back.
    office_clock_years OfficeClockYears 2;
    /// A phone's wall clock jumps by two days.
    phone_clock_days PhoneClockDays 6;
    /// A phone's wall clock jumps by ten years.
    phone_clock_years PhoneClockYears 4;
    /// Summer time begins or ends: the wall clocks of the phones jump by an hour.
    daylight_saving DaylightSaving 4;
    /// For a while the office runs a server of the level before.
    older_server OlderServer 4;
    /// A phone is revoked.
    revoked Revoked 2;
    /// The order of one technician is given to another.
    reassigned Reassigned 15;
    /// A phone in the wrong hands states what its technician may not.
    hostile_fact HostileFact 10;
    /// Somebody sends a recorded message again.
    replayed Replayed 8;
    /// Somebody sends a recorded message with some bytes changed.
    mutated Mutated 12;
    /// A phone in the wrong hands sends facts of others under a receipt that it made itself.
    forged_receipt ForgedReceipt 6;
}

impl Faults {
    /// The faults of one history: about half of them, so that each also meets a company without the others, and
    /// some histories are quiet.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let mut random = Random::from_seed(seed).fork("faults");
        let mut faults = Self::NONE;
        let share = [0, 3, 5, 8][random.position(4)];
        for fault in Fault::ALL {
            if random.chance(share, 10) {
                faults.set(*fault, Self::USUAL.rate(*fault));
            }
        }
        faults
    }
}
