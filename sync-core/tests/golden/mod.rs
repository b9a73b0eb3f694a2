//! Golden bytes: what this version writes is what every released version wrote.
//!
//! A room is a folder of `schemas/golden`; a file holds bytes in hexadecimal, 32 bytes a line.
//! `UPDATE_GOLDEN=1` rewrites a room; a change in one of its files is a change of a frozen format.
//!
//! Every crate's golden tests include this one file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// Bytes on one line of a file.
const LINE: usize = 32;

/// Named bytes: one file each.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// One folder of golden files.
pub(crate) struct Room {
    folder: PathBuf,
}

impl Room {
    /// The room of this name.
    pub(crate) fn open(name: &str) -> Self {
        Self { folder: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/golden").join(name) }
    }

    /// Checks that the room holds exactly these files.
    pub(crate) fn check(&self, files: &Files) {
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&self.folder).unwrap();
            for (name, bytes) in files {
                fs::write(self.folder.join(format!("{name}.hex")), hexadecimal(bytes)).unwrap();
            }
        }
        for (name, bytes) in files {
            assert_eq!(hexadecimal(&self.read(name)), hexadecimal(bytes), "{name}");
        }
        let expected: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(expected.len(), files.len(), "two files have one name");
        assert_eq!(self.names(), expected, "files that no test writes, or that are missing");
    }

    /// Names of the files that are there.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| name.strip_suffix(".hex").map(str::to_owned)).collect()
    }

    /// Bytes of one file; empty when it is not there.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let text = fs::read_to_string(self.folder.join(format!("{name}.hex"))).unwrap_or_default();
        let digits: Vec<u8> = text.lines().flat_map(str::bytes).collect();
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(LINE) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}
