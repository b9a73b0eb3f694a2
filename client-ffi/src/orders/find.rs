//! Naming an order as people do: by id, by serial, or by the beginning of one of them.

use docket_sync_core::ids::DocumentId;

use super::OrderRow;
use crate::replica::ReplicaError;

/// Why no order was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No order has this id or serial.
    #[error("no order here is named '{0}'")]
    None(String),
    /// Several begin like this.
    #[error("{count} orders here begin with '{text}'")]
    Several {
        /// What was asked for.
        text: String,
        /// How many.
        count: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

/// The one order that `text` names: exactly, or else as the only one that begins with it.
pub(crate) fn find(rows: &[(DocumentId, OrderRow)], text: &str) -> Result<DocumentId, FindError> {
    let wanted = text.trim().to_lowercase();
    if wanted.is_empty() {
        return Err(FindError::None(text.to_owned()));
    }
    let names_of = |id: &DocumentId, row: &OrderRow| {
        [Some(id.to_string()), row.serial.as_ref().map(|serial| serial.to_lowercase())]
    };
    let matching = |matches: &dyn Fn(&str) -> bool| -> Vec<DocumentId> {
        let found = rows.iter().filter(|(id, row)| names_of(id, row).iter().flatten().any(|name| matches(name)));
        found.map(|(id, _)| *id).collect()
    };
    let exact = matching(&|name| name == wanted);
    let found = if exact.is_empty() { matching(&|name| name.starts_with(&wanted)) } else { exact };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(FindError::None(text.to_owned())),
        several => Err(FindError::Several { text: text.to_owned(), count: several.len() }),
    }
}
