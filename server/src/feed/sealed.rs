//! What a device gives back of documents that left its scope: sealed to this store, opened here, taken as pushes.
//!
//! What it is not: a way around the gate. What lies in a bundle is judged as if it had come now.

use std::sync::Arc;

use docket_sync_core::proof::sealed::SealedFor;
use docket_sync_core::sync::frames::{Ack, Frame, Push, Sealed};
use docket_sync_core::sync::message::unpack;

use super::session::ServerSession;
use crate::commit::CommitError;

impl ServerSession {
    /// Takes what was sealed; one Ack answers the frame. What does not open is left with the device.
    pub(super) async fn open_sealed(&self, sealed: &Sealed) -> Result<Frame, CommitError> {
        let number = self.office().hub.read().number;
        let mut all = Ack { number, ..Ack::default() };
        for push in sealed.bundles.iter().flat_map(|bundle| self.pushes_in(bundle.document, &bundle.bytes)) {
            match self.push(&Arc::new(push)).await? {
                Frame::Ack(ack) => {
                    all.number = all.number.max(ack.number);
                    all.exceptions.extend(ack.exceptions);
                    all.damaged = all.damaged.or(ack.damaged);
                }
                other => return Ok(other),
            }
        }
        Ok(Frame::Ack(all))
    }

    fn pushes_in(&self, document: docket_sync_core::ids::DocumentId, bytes: &[u8]) -> Vec<Push> {
        let belongs = SealedFor { store: self.office().identity.store, document };
        let frames = self.office().keys.open_sealed(belongs, bytes).map(|message| unpack(&message));
        let Some(Ok(frames)) = frames else {
            tracing::warn!(order.id = %document, "a device gave back sealed bytes that do not open");
            return Vec::new();
        };
        let push = |frame| match frame {
            Frame::Push(push) => Some(push),
            _ => None,
        };
        frames.into_iter().filter_map(push).collect()
    }
}
