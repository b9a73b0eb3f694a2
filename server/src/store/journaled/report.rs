//! What opening a store found and did, for the operator.

/// What opening found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Bytes of a torn tail of the journal that were cut: a write that no one was told of.
    pub cut_bytes: u64,
    /// Frames that the engine had not seen.
    pub replayed_frames: u64,
    /// The engine was made anew.
    pub rebuild: Option<Rebuild>,
    /// The folder was of an older format: where what was kept of it lies, a folder that the program of before opens.
    pub upgraded: Option<String>,
}

/// Why and from where an engine was made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// Why.
    pub reason: RebuildReason,
    /// Where the old one lies now; `None` when there was none.
    pub aside: Option<String>,
}

/// Why an engine cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildReason {
    /// There is none, or it has never been behind this journal.
    #[error("it is not behind this journal")]
    NoPosition,
    /// It cannot be opened or read.
    #[error("it cannot be opened: {0}")]
    Unusable(String),
    /// It failed while the last process ran.
    #[error("it failed while running: {0}")]
    Failed(String),
    /// The machine stopped while it was open.
    #[error("the machine stopped while it was open")]
    PowerLoss,
    /// It has seen frames that the journal does not hold: the journal has lost what was acknowledged.
    #[error("it has seen frame {engine} and the journal ends at {journal}: THE JOURNAL HAS LOST FRAMES")]
    Ahead {
        /// Last frame of the engine.
        engine: u64,
        /// Last frame of the journal.
        journal: u64,
    },
    /// It has seen another frame under the same number.
    #[error("its frame {number} is not the journal's")]
    Differs {
        /// The number.
        number: u64,
    },
}

/// How far a long step of opening has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The journal is read into the engine.
    Reading {
        /// Frames read.
        frame: u64,
        /// Frames there are.
        frames: u64,
        /// Writes applied so far.
        writes: u64,
    },
    /// A store of an older format is copied before it is upgraded.
    Copying {
        /// Bytes copied.
        bytes: u64,
        /// Bytes there are.
        of: u64,
    },
}
