//! How a session begins, begins anew, and ends.

use minicbor::{Decode, Encode};

use crate::ids::{ActorId, DeviceId, Digest, Epoch, Incarnation, Nonce, Signature, StoreId};
use crate::sync::cursor::Cursor;
use crate::time::UnixMillis;
use crate::wire::{self, coded_enum};

/// A device opens a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hello {
    /// [`PROTOCOL`].
    #[n(0)]
    pub protocol: u8,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Its incarnation.
    #[n(2)]
    pub incarnation: Incarnation,
    /// Session counter, durable before it leaves.
    #[n(3)]
    pub counter: u64,
    /// The nonce of the previous answer.
    #[n(4)]
    pub nonce: Nonce,
    /// Where it stands; absent before the first pull.
    #[n(5)]
    pub cursor: Option<Cursor>,
    /// Schema level it knows.
    #[n(6)]
    pub level: u8,
    /// Over store id and all other fields but the last.
    #[n(7)]
    pub signature: Signature,
    /// Digest of the other frames in this message; absent when there are none.
    #[n(8)]
    pub travels: Option<Digest>,
    /// Facts not yet acknowledged, those in this message included.
    #[n(9)]
    pub pending: Option<Pending>,
    /// Where the walk through the feed began that `cursor` is in the middle of: what entered the device's scope after
    /// it may not be here. Absent when the last walk came to its end. Not signed, as servers before it do not know it:
    /// a false one makes orders travel whole, or be asked for, and nothing else.
    #[n(10)]
    pub walk_from: Option<u64>,
}

/// What exists on the device only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Pending {
    /// How many facts.
    #[n(0)]
    pub count: u64,
    /// Hybrid time of the oldest.
    #[n(1)]
    pub oldest: UnixMillis,
}

impl Hello {
    /// The bytes that the device signs.
    #[must_use]
    pub fn signed_bytes(&self, store: StoreId) -> Vec<u8> {
        wire::encode(&(
            "docket-hello-1",
            store,
            (self.protocol, self.device, self.incarnation, self.counter),
            (self.nonce, self.cursor, self.level, self.travels, self.pending),
        ))
    }
}

/// The store answers a Hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Welcome {
    /// The store's epoch.
    #[n(0)]
    pub epoch: Epoch,
    /// The server's time.
    #[n(1)]
    pub server_time: UnixMillis,
    /// The nonce of the next Hello.
    #[n(2)]
    pub nonce: Nonce,
    /// Everything up to here is on the store's disk.
    #[n(3)]
    pub durable_to: u64,
    /// Everything up to here is in a backup.
    #[n(4)]
    pub backed_up_to: u64,
    /// Schema level the server knows.
    #[n(5)]
    pub level: u8,
    /// Digest of the device's scope at its cursor, when no Batch follows.
    #[n(6)]
    pub digest: Option<Digest>,
    /// Tighter limits than the protocol's.
    #[n(7)]
    pub limits: Option<Limits>,
}

/// Limits that a server sets below those of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Limits {
    /// Largest message in bytes.
    #[n(0)]
    pub message_bytes: u64,
    /// Largest number of records in one push.
    #[n(1)]
    pub records_per_push: u64,
}

/// The nonce was unknown, or the counter too low: say Hello again with this one. Nothing else happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NonceFrame {
    /// The nonce of the next Hello.
    #[n(0)]
    pub nonce: Nonce,
    /// The last counter the server knows of this device.
    #[n(1)]
    pub last_counter: u64,
}

coded_enum! {
    /// Why a device must take a new incarnation.
    RenewReason {
        /// A session counter was used for two contents.
        CounterReused = 1 "counter_reused",
        /// One (actor, sequence) has two contents.
        TwoContents = 2 "two_contents",
        /// The incarnation is not the one the store knows as the device's last.
        OldIncarnation = 3 "old_incarnation",
    }
}

/// Take a new incarnation and state the journal again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Renew {
    /// The actor concerned, where there is one.
    #[n(0)]
    pub actor: Option<ActorId>,
    /// The sequence concerned.
    #[n(1)]
    pub sequence: u64,
    /// Why.
    #[n(2)]
    pub reason: RenewReason,
}

coded_enum! {
    /// Why the server ends a session.
    StopCode {
        /// The bytes were not frames of this protocol.
        BadFrame = 1 "bad_frame",
        /// A frame or message was larger than its limit.
        TooLarge = 2 "too_large",
        /// The device is not known or its signature is wrong.
        NotAuthentic = 3 "not_authentic",
        /// The device was revoked.
        Revoked = 4 "revoked",
        /// The disk is nearly full: pushes wait, reading goes on.
        StorageFull = 5 "storage_full",
        /// The device's quarantine is full: nothing was acknowledged.
        QuarantineFull = 6 "quarantine_full",
        /// Too busy now.
        Busy = 7 "busy",
        /// The server stops.
        ShuttingDown = 8 "shutting_down",
        /// A newer protocol is spoken here.
        Protocol = 9 "protocol",
        /// A frame came where it is not allowed.
        OutOfOrder = 10 "out_of_order",
        /// The store does not remember the device: say Hello again with [`Introduce`] right behind it.
        UnknownDevice = 11 "unknown_device",
        /// The store has forgotten the device: what it sends is held until it is confirmed, and it gets nothing.
        NotConfirmed = 12 "not_confirmed",
        /// Nobody who works here now uses the device: it may leave what it has and gets nothing.
        Deactivated = 13 "deactivated",
        /// The device does not read what it is sent: nothing more is kept for it; it comes again when it likes.
        SlowReader = 14 "slow_reader",
    }
}

/// The session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stop {
    /// Why.
    #[n(0)]
    pub code: StopCode,
    /// Milliseconds after which to try again; absent: not without a change.
    #[n(1)]
    pub retry_after_ms: Option<u64>,
}
