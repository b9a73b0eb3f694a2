//! What the commit thread does for itself between jobs: saves of quiet orders, and what fell due.

use super::saves::SAVED_BYTES_MAX;
use super::thread::{CommitThread, run_job};

/// Orders saved in one round while others may wait, and where nobody does.
pub(super) const SAVES: usize = 8;
pub(super) const SAVES_ALONE: usize = 256;

impl CommitThread {
    /// Folds loose changes of at most `saves` orders into saves, fires what fell due. Tells whether more may wait to
    /// be saved.
    pub(super) fn tidy(&mut self, saves: usize) -> bool {
        let has_more =
            run_job(&mut self.writer, |writer| writer.save_idle(saves, SAVED_BYTES_MAX)).unwrap_or_else(|error| {
                tracing::warn!(%error, "folding saves failed");
                false
            });
        let due = self.writer.due().unwrap_or_default();
        for (due, document) in due {
            if let Err(error) = run_job(&mut self.writer, |writer| writer.fire(document)) {
                tracing::error!(work_order.id = %document, %error, "what fell due could not be done");
                let postponed = run_job(&mut self.writer, |writer| {
                    writer.postpone(due, document);
                    Ok(())
                });
                if let Err(error) = postponed {
                    tracing::error!(work_order.id = %document, %error, "nor could it be put off");
                }
            }
        }
        has_more
    }
}
