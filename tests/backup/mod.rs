//! Backup, verification, restore and doctor, against the real `docket` process.

mod damage;
mod errors;
mod interrupted;
mod restoring;
mod setting;
mod taking;
