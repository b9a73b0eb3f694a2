//! Backup, verification, restore and doctor, against the real `docket` process.

mod damage;
mod doctor;
mod errors;
mod interrupted;
mod memory;
mod restoring;
pub(crate) mod setting;
mod taking;
