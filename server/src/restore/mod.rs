//! What happens after a store lost something: a restored backup, or a disk that was rolled back unnoticed.
//!
//! A restored store is the same store under a new epoch and a new actor ([`restored`]); it remembers every loss
//! ([`losses`]). Its devices notice the
//! epoch, or a chain value that does not match, and give back what it lacks ([`returned`]); devices that it has
//! forgotten wait until an administrator confirms them ([`waiting`]); [`report`] says what came back and what
//! nobody has returned yet. It brings no backup back by itself: that is the command line's.
//!
//! Invariant: nothing here takes a fact that has no proof, and nothing that a device says moves the epoch.

mod claims;
mod losses;
pub mod report;
mod restored;
mod returned;
mod waiting;

pub(crate) use losses::last_loss;
pub use losses::{Losses, Restored};
pub use restored::{RestoredFrom, renew_epoch};
pub(crate) use waiting::was_revoked;
pub use waiting::{Waiting, list_waiting};
pub(crate) use waiting::{our_certificate, proof_of};

/// Meta: the last loss of this store, a [`Restored`].
const RESTORED: &[u8] = b"restored";
/// Meta: prefix of all losses of this store, by number.
const LOSSES: &[u8] = b"restored/loss/";
/// Meta: prefix of what each device gave back.
const RETURNED: &[u8] = b"restored/device/";
/// Meta: prefix of what devices hold and the store lacks, by document.
pub(crate) const CLAIMS: &[u8] = b"restored/claim/";
/// Meta: prefix of devices that wait to be confirmed.
const WAITING: &[u8] = b"waiting/device/";
/// Meta: prefix of the pushes of a device that waits to be confirmed.
const PUSHES: &[u8] = b"waiting/push/";
/// Meta: prefix of the facts in those pushes, each with the push that it lies in.
const HELD: &[u8] = b"waiting/fact/";
/// Meta: prefix of revocations of devices that the store does not know.
const REVOKED: &[u8] = b"waiting/revoked/";

fn key(prefix: &[u8], id: &[u8]) -> Vec<u8> {
    [prefix, id].concat()
}
