//! Who vouches for what: certificates of devices.

pub mod certificate;
