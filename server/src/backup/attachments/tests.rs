//! Copying, checking and putting back on the file system.

use std::fs;

use docket_sync_core::attachments::blob_id;

use super::*;
use crate::attachments::blobs::{BlobStore as _, FolderBlobs};
use crate::backup::sealing::{Identities, Recipients, make_identity};
use crate::store::disk::RealDisk;

#[test]
fn files_are_copied_once_checked_and_put_back_and_what_is_damaged_or_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let disk = |name: &str| {
        fs::create_dir_all(folder.path().join(name)).unwrap();
        RealDisk::new(&folder.path().join(name))
    };
    let (data, to, new) = (disk("data"), disk("to"), disk("new"));
    let (text, recipient) = make_identity("today");
    fs::write(folder.path().join("identity"), text.as_bytes()).unwrap();
    let identities = Identities::read(&folder.path().join("identity")).unwrap();
    let recipients = Recipients::read(&[recipient]).unwrap();
    assert_eq!(copy(&data, &to, &recipients).unwrap(), Copied::default());
    let blobs = FolderBlobs::open(folder.path().join("data").join(kept_folder())).unwrap();
    let mut expected = Expected::default();
    let mut take = |bytes: &[u8]| {
        let part = folder.path().join("part");
        fs::write(&part, bytes).unwrap();
        let blob = blob_id(bytes);
        blobs.take(blob, &part).unwrap();
        let mut batch = Batch::new();
        batch.put(Table::Attachment, [b"b", blob.0.as_slice(), &[7; 16]].concat(), "size");
        expected.take(&batch);
        blob
    };
    let (one, two) = (take(b"one"), take(&[5; 3_000_000]));
    // What somebody else has put there is left alone.
    fs::write(folder.path().join("data").join(kept_folder()).join("00"), "a file where a folder is").unwrap();
    assert_eq!(copy(&data, &to, &recipients).unwrap().files, 2);
    assert_eq!(copy(&data, &to, &recipients).unwrap(), Copied::default(), "what is there is not written again");
    assert_eq!(verify(&to, &identities, &expected).unwrap(), 2);
    let sealed_path = |blob| folder.path().join("to").join(path_of(BLOBS, blob, SEALED));
    assert!(!fs::read(sealed_path(two)).unwrap().windows(64).any(|bytes| bytes == [5; 64]), "encrypted");
    let whole = PutBack { files: 2, ..PutBack::default() };
    assert_eq!(restore(&to, &identities, &new, &expected).unwrap(), whole);
    assert_eq!(restore(&to, &identities, &new, &expected).unwrap(), whole, "a restore that was cut off is run again");
    let restored = FolderBlobs::open(folder.path().join("new").join(kept_folder())).unwrap();
    assert_eq!(restored.read(one, 0, 10).unwrap().unwrap(), b"one");
    assert_eq!(restored.size(two).unwrap(), Some(3_000_000));
    // One byte of one file.
    let mut bytes = fs::read(sealed_path(two)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(sealed_path(two), bytes).unwrap();
    let problem = verify(&to, &identities, &expected).unwrap_err().to_string();
    assert!(problem.contains(&two.to_string()) && !problem.contains(&one.to_string()), "{problem}");
    let third = disk("third");
    let put_back = restore(&to, &identities, &third, &expected).unwrap();
    assert_eq!((put_back.files, put_back.missing.len(), put_back.problems.len()), (1, 0, 1));
    let left = RealDisk::new(&folder.path().join("third"));
    assert_eq!(listed(&left, &kept_folder(), "").unwrap(), BTreeSet::from([one]), "half a file is not left behind");
    // One is not there, and then the whole folder is not.
    fs::remove_file(sealed_path(one)).unwrap();
    let problem = verify(&to, &identities, &expected).unwrap_err().to_string();
    assert!(problem.contains(&two.to_string()) && problem.contains(&one.to_string()), "all are named: {problem}");
    assert_eq!(restore(&to, &identities, &disk("fourth"), &expected).unwrap().missing, [one]);
    fs::remove_dir_all(folder.path().join("to").join(BLOBS)).unwrap();
    let nothing = restore(&to, &identities, &disk("fifth"), &expected).unwrap();
    assert_eq!((nothing.files, nothing.missing.len(), nothing.problems.len()), (0, 2, 0));
}
