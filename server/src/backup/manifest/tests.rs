//! The manifest as a file: golden bytes, and that no byte of it can change unnoticed.

use docket_sync_core::ids::{Digest, StoreId};
use docket_sync_core::time::UnixMillis;
use ed25519_dalek::SigningKey;

use super::*;

const AT: UnixMillis = UnixMillis(1_795_000_000_123);

fn piece(number: u64, first: u64, last: u64) -> Piece {
    let byte = |number: u64| u8::try_from(number).unwrap();
    Piece {
        name: format!("frames-0001-{first:012}.age"),
        first_frame: first,
        last_frame: last,
        previous_hash: Digest([byte(first - 1); 32]),
        last_hash: Digest([byte(last); 32]),
        log_before: first - 1,
        log_to: last,
        log_chain: Digest([byte(last) + 50; 32]),
        first_at: AT.0,
        last_at: AT.0 + 1_000,
        frame_bytes: 4_711,
        recipients: vec!["age1recipient".to_owned()],
        bytes: 815,
        blake3: Digest([byte(number) + 100; 32]),
    }
}

fn sample() -> Manifest {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut manifest = Manifest::new(StoreId([0x5a; 16]), &key.verifying_key());
    manifest.raise(Some(3));
    manifest.keys.push(KeysPiece {
        name: "keys-0001.age".to_owned(),
        written_at: AT.to_string(),
        content: Digest([9; 32]),
        recipients: vec!["age1recipient".to_owned()],
        bytes: 77,
        blake3: Digest([8; 32]),
    });
    manifest.series.push(Series {
        number: 1,
        journal: StoreId([0xa5; 16]),
        reason: "the first backup into this folder".to_owned(),
        begun_at: AT.to_string(),
        pieces: vec![piece(1, 1, 3), piece(2, 4, 4)],
    });
    manifest.sign(&key, AT);
    manifest
}

fn parse(bytes: &[u8]) -> Result<Manifest, BackupError> {
    Manifest::parse(Path::new("manifest.json"), bytes)
}

#[test]
fn golden_bytes_of_the_manifest() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/golden/backup/manifest.json");
    let bytes = sample().render();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(&golden, &bytes).unwrap();
    }
    assert_eq!(String::from_utf8(std::fs::read(golden).unwrap()).unwrap(), String::from_utf8(bytes.clone()).unwrap());
    assert_eq!(parse(&bytes).unwrap(), sample());
}

#[test]
fn a_changed_byte_anywhere_in_the_manifest_is_found() {
    let good = sample().render();
    for position in 0..good.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[position] ^= change;
            let said = parse(&bad).err().unwrap_or_else(|| panic!("byte {position} was changed unnoticed")).to_string();
            assert!(said.contains("manifest.json"), "{said}");
        }
    }
    for length in 0..good.len() {
        assert!(parse(&good[..length]).is_err(), "cut to {length} bytes unnoticed");
    }
    let spaced = [good.as_slice(), b"\n"].concat();
    assert!(parse(&spaced).is_err(), "a byte was added unnoticed");
}

#[test]
fn pieces_of_a_series_follow_each_other_and_stay_in_the_folder() {
    let refused = |change: fn(&mut Manifest)| {
        let mut manifest = sample();
        change(&mut manifest);
        manifest.sign(&SigningKey::from_bytes(&[7; 32]), AT);
        parse(&manifest.render()).unwrap_err().to_string()
    };
    assert!(refused(|manifest| manifest.series[0].pieces[1].first_frame = 5).contains("does not follow"));
    assert!(refused(|manifest| manifest.series[0].pieces[1].previous_hash = Digest([1; 32])).contains("follow"));
    assert!(refused(|manifest| manifest.series[0].pieces[1].log_before = 9).contains("follow"));
    assert!(refused(|manifest| drop(manifest.series[0].pieces.remove(0))).contains("follow"));
    assert!(refused(|manifest| manifest.series[0].number = 2).contains("series 2"));
    assert!(refused(|manifest| manifest.keys[0].name = "../keys".to_owned()).contains("name of a piece"));
    assert!(refused(|manifest| manifest.fingerprint.push('0')).contains("fingerprint"));
}

#[test]
fn another_key_does_not_sign_for_the_store_and_a_newer_format_is_said() {
    let mut forged = sample();
    forged.sign(&SigningKey::from_bytes(&[6; 32]), AT);
    assert!(parse(&forged.render()).unwrap_err().to_string().contains("not the store's"));
    let newer = br#"{"format": 3, "what": "nobody knows"}"#;
    assert!(parse(newer).unwrap_err().to_string().contains("newer docket"));
}

#[test]
fn golden_bytes_of_the_manifest_of_format_1_are_read_and_still_signed() {
    let golden = include_bytes!("../../../../schemas/golden/backup/manifest-1.json");
    let read = parse(golden).unwrap();
    assert_eq!((read.format, read.store_format), (1, None));
    // Its pieces are the same; the next run writes it in the format of this program.
    let mut raised = read.clone();
    assert!(raised.raise(Some(3)) && !raised.clone().raise(Some(2)) && !raised.clone().raise(None));
    raised.sign(&SigningKey::from_bytes(&[7; 32]), AT);
    assert_eq!((raised, read.kept_name()), (sample(), "manifest.store-format-unknown.json".to_owned()));
}

#[test]
fn a_backup_of_a_store_that_a_newer_program_wrote_is_refused_in_one_sentence() {
    let known = crate::store::journaled::FORMAT;
    let mut newer = sample();
    newer.raise(Some(known + 1));
    newer.sign(&SigningKey::from_bytes(&[7; 32]), AT);
    let error = parse(&newer.render()).unwrap_err();
    assert!(matches!(error, BackupError::NewerStore { found, .. } if found == known + 1), "{error}");
    let said = error.to_string();
    assert!(said.contains("format 4") && said.contains("use a newer docket") && !said.contains("damaged"), "{said}");
    // Whatever else the newer program has put into it.
    let text =
        String::from_utf8(newer.render()).unwrap().replace("\"fingerprint\"", "\"later\": 1,\n  \"fingerprint\"");
    assert!(matches!(parse(text.as_bytes()), Err(BackupError::NewerStore { .. })));
}
