//! Saves of documents: loose changes folded in when an order has been quiet for a while, so that a pull copies bytes.

use docket_sync_core::ids::DocumentId;
use docket_sync_core::time::{SECOND, UnixMillis};

use super::error::CommitError;
use super::keys;
use super::order::Order;
use super::tables::Tables;
use super::writer::Writer;
use crate::store::{KeyRange, Table};

/// Milliseconds of quiet after which loose changes are folded into the save.
const QUIET: i64 = SECOND;
/// Bytes that one job writes before the saves of its other orders wait for the next: far below what a batch may hold.
pub(super) const SAVED_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Writer {
    /// Folds loose changes into the save; whether that was possible. Where it is not, they stay beside it, where they
    /// are as good.
    pub(super) fn save_order(&mut self, document: DocumentId, order: &mut Order) -> bool {
        let bytes = match order.document.fold_in() {
            Ok(bytes) => bytes.to_vec(),
            Err(error) => {
                tracing::error!(work_order.id = %document, %error, "loose changes of an order cannot be folded into its save");
                return false;
            }
        };
        self.put(Table::Document, document.0, bytes);
        order.meta.saved_to = order.meta.last;
        order.meta.unsaved = 0;
        self.unsaved.remove(&document);
        self.remove(Table::Index, keys::unsaved(document));
        true
    }

    /// Orders with loose changes that the process before this one left.
    pub(super) fn find_unsaved(&mut self) -> Result<(), CommitError> {
        for (key, _) in self.scan(Table::Index, &KeyRange::prefix(keys::UNSAVED), usize::MAX)? {
            let document = key.get(keys::UNSAVED.len()..).and_then(DocumentId::from_slice);
            self.unsaved.extend(document.map(|document| (document, UnixMillis(0))));
        }
        Ok(())
    }

    /// Folds loose changes into the saves of orders that have been quiet, so that a pull copies bytes: of at most
    /// `limit` orders, and no further one once `bytes_max` are written. Tells whether there may be more.
    pub(super) fn save_idle(&mut self, limit: usize, bytes_max: usize) -> Result<bool, CommitError> {
        let now = self.now();
        let quiet = self.unsaved.iter().filter(|(_, touched)| now.since(**touched) >= QUIET);
        let quiet: Vec<_> = quiet.map(|(document, _)| *document).take(limit).collect();
        let is_full = quiet.len() == limit;
        for document in quiet {
            if self.job_bytes() >= bytes_max {
                return Ok(true);
            }
            self.unsaved.remove(&document);
            let unsaved = match self.order(document) {
                Ok(order) => order.map_or(0, |order| order.meta.unsaved),
                // It stays on the list of the next start; the others are folded.
                Err(error) if error.is_damage() => {
                    tracing::error!(work_order.id = %document, %error, "an order cannot be read, nor its save folded");
                    continue;
                }
                Err(error) => return Err(error),
            };
            if unsaved == 0 {
                self.remove(Table::Index, keys::unsaved(document));
                continue;
            }
            if let Some(mut order) = self.orders.remove(&document) {
                self.job_orders.insert(document);
                if self.save_order(document, &mut order) {
                    self.write(Table::DocumentMeta, document.0, &order.meta);
                }
                self.orders.insert(document, order);
            }
        }
        Ok(is_full)
    }
}
