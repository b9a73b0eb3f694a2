//! Why a commit was not made.

use docket_sync_core::commands::Refusal;
use docket_sync_core::document::DocumentError;
use docket_sync_core::ids::{DocumentId, FactRef};

use crate::store::StoreError;
use crate::store::record::RecordError;

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Business says no, from the view that the person had.
    #[error("refused: {}", .0.code)]
    Refused(Box<Refusal>),
    /// There is no such order.
    #[error("order {0} is not known")]
    NoOrder(DocumentId),
    /// There is no such thing.
    #[error("{what} is not known")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// The view names a fact that this store does not have.
    #[error("the view names fact {0}, which this store does not have")]
    UnknownFrontier(FactRef),
    /// The thing was done already.
    #[error("{what} was done already")]
    AlreadyDone {
        /// What.
        what: &'static str,
    },
    /// A value is not acceptable.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Stable code.
        code: &'static str,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// A field of a form is not acceptable.
    #[error("{field}: {problem}")]
    InvalidPath {
        /// Path of the field.
        field: String,
        /// Stable code.
        code: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The order holds as much as one order may: nothing more can be stated in it.
    #[error("order {0} is full: it holds as many facts, or as many bytes of them, as one order may")]
    OrderFull(DocumentId),
    /// Too many wait: try again.
    #[error("too many commits wait")]
    Busy,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored value is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A document is damaged.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A defect.
    #[error("internal error: {0}")]
    Internal(String),
}

impl CommitError {
    /// What was done, or `None` where the order has no room for what is stated by itself beside something else: that
    /// something goes on.
    ///
    /// # Errors
    /// Every other one.
    pub fn unless_full<T>(done: Result<T, Self>, what: &'static str) -> Result<Option<T>, Self> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error @ Self::OrderFull(order)) => {
                tracing::error!(work_order.id = %order, %error, "{what} finds no room");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an order has no room for one more change; in the office's limits, or in those of the document.
    #[must_use]
    pub fn is_for_want_of_room(&self) -> bool {
        let of_document =
            |error: &DocumentError| matches!(error, DocumentError::Limit { .. } | DocumentError::Sequence { .. });
        matches!(self, Self::OrderFull(_)) || matches!(self, Self::Document(error) if of_document(error))
    }

    /// Whether a stored value of one thing is damaged: that thing must not hold up the others.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Record(_) | Self::Document(_) => true,
            Self::Store(error) => {
                matches!(error, StoreError::Value { .. } | StoreError::Damaged { .. } | StoreError::Encrypted { .. })
            }
            Self::Refused(_)
            | Self::NoOrder(_)
            | Self::NotFound { .. }
            | Self::UnknownFrontier(_)
            | Self::AlreadyDone { .. }
            | Self::Invalid { .. }
            | Self::InvalidPath { .. }
            | Self::OrderFull(_)
            | Self::Busy
            | Self::Stopping
            | Self::Internal(_) => false,
        }
    }
}
