//! Room `frames`: every frame with every cover, news, outcome and code; messages plain and compressed.

use docket_sync_core::ids::{ActorId, ChangeHash, DeviceId, Digest, KeyId, Nonce, Signature};
use docket_sync_core::sync::frames::{
    Ack, AckRun, Batch, BatchDocument, Cover, DocumentHeads, Frame, Have, Heads, Introduce, Limits, News, NonceFrame,
    Outcome, ProofBytes, Push, QuarantineCode, ReceiptLine, RecordSet, References, Renew, RenewReason, Run, RunItem,
    Sealed, SealedBundle, Stop, StopCode, Stored, Want, Welcome,
};
use docket_sync_core::sync::message::{Plain, frame_bytes, pack, travels_digest, unpack};

use super::golden::{Files, Room};
use super::proofs::{chain, cursor, envelope, hellos, receipt, scope_digest, sealed};
use super::samples::{EPOCH, NOON, device_origin, document, records};

fn pushes() -> Vec<(String, Frame)> {
    let covers = [
        ("own", Cover::Own { key: KeyId([0x74; 8]), counter: 42, signature: Signature([0x75; 64]) }),
        ("relayed", Cover::Relayed { envelope: envelope(), certificate: vec![1, 2, 3] }),
        ("receipt", Cover::Receipt { receipt: receipt().to_bytes() }),
        ("none", Cover::None),
    ];
    let push = |cover| Push {
        cover,
        records: RecordSet::pack([(document(), records().as_slice())]),
        proofs: vec![ProofBytes(vec![4, 5, 6])],
    };
    covers.map(|(name, cover)| (format!("push-{name}"), Frame::Push(push(cover)))).to_vec()
}

fn welcomes() -> [(String, Frame); 2] {
    let plain = Welcome {
        epoch: EPOCH,
        server_time: NOON,
        nonce: Nonce([0x63; 16]),
        durable_to: 1_000,
        backed_up_to: 900,
        level: 1,
        digest: None,
        limits: None,
    };
    let full = Welcome {
        digest: Some(scope_digest()),
        limits: Some(Limits { message_bytes: 1_048_576, records_per_push: 500 }),
        ..plain.clone()
    };
    [("welcome".into(), Frame::Welcome(plain)), ("welcome-full".into(), Frame::Welcome(full))]
}

/// Every outcome and every code of the quarantine.
fn ack() -> Frame {
    let actor = device_origin().actor();
    let outcomes = [Outcome::Accepted, Outcome::Duplicate, Outcome::Held { missing: 300 }];
    let refused = QuarantineCode::ALL.iter().map(|code| Outcome::Quarantined { code: *code });
    let exceptions = (1..)
        .zip(outcomes.into_iter().chain(refused))
        .map(|(first, outcome)| AckRun { document: document(), actor, first, count: 1, outcome })
        .collect();
    Frame::Ack(Ack { counter: 42, number: 1_001, exceptions, device: None, at: None, damaged: None })
}

/// The answer to a colleague's push.
fn ack_relayed() -> Frame {
    let (device, at) = (Some(DeviceId([0x76; 16])), Some(NOON));
    Frame::Ack(Ack { counter: 7, number: 1_002, exceptions: vec![], device, at, damaged: Some(vec![document()]) })
}

fn batches() -> [(String, Frame); 2] {
    let runs = vec![
        Run { actor: 0, first: 1, time: NOON, items: vec![RunItem { later: 0, bytes: vec![7] }] },
        Run {
            actor: 1,
            first: 300,
            time: NOON,
            items: vec![RunItem { later: 0, bytes: vec![8] }, RunItem { later: -5, bytes: vec![9] }],
        },
    ];
    let news = [News::Records { runs }, News::Whole { bytes: vec![10, 11] }, News::Evict, News::Forget];
    let full = Batch {
        from: 900,
        to: cursor(),
        actors: vec![device_origin().actor(), ActorId([0xab; 16])],
        documents: news.map(|news| BatchDocument { document: document(), news }).to_vec(),
        references: vec![ProofBytes(vec![12])],
        proofs: vec![ProofBytes(vec![13])],
        receipt: Some(ReceiptLine { number: 1_000, chain: chain(), signature: Signature([0x64; 64]) }),
        digest: Some(scope_digest()),
        at: Some(NOON),
    };
    let empty = Batch {
        from: 900,
        to: cursor(),
        actors: vec![],
        documents: vec![],
        references: vec![],
        proofs: vec![],
        receipt: None,
        digest: None,
        at: None,
    };
    [("batch".into(), Frame::Batch(full)), ("batch-empty".into(), Frame::Batch(empty))]
}

fn heads() -> Vec<DocumentHeads> {
    vec![
        DocumentHeads { document: document(), heads: vec![ChangeHash([1; 32]), ChangeHash([2; 32])], receipt: Some(7) },
        DocumentHeads { document: document(), heads: vec![], receipt: None },
    ]
}

fn returned() -> References {
    References { receipt: Some(ProofBytes(receipt().to_bytes())), records: vec![ProofBytes(vec![12])] }
}

/// Every frame with the name of its file.
fn frames() -> Vec<(String, Frame)> {
    let [first, full, cut] = hellos();
    let mut frames = vec![
        ("hello-first".into(), Frame::Hello(first)),
        ("hello-full".into(), Frame::Hello(full)),
        ("hello-cut".into(), Frame::Hello(cut)),
        ("ack".into(), ack()),
        ("ack-relayed".into(), ack_relayed()),
        ("stored".into(), Frame::Stored(Stored { to: 1_000 })),
        ("heads".into(), Frame::Heads(Heads { documents: heads() })),
        ("want".into(), Frame::Want(Want { documents: vec![document()] })),
        ("nonce".into(), Frame::Nonce(NonceFrame { nonce: Nonce([0x65; 16]), last_counter: 70_000 })),
        ("have".into(), Frame::Have(Have { documents: heads(), damaged: None })),
        ("introduce".into(), Frame::Introduce(Introduce { certificate: vec![1, 2, 3] })),
        ("references".into(), Frame::References(returned())),
        (
            "sealed".into(),
            Frame::Sealed(Sealed { bundles: vec![SealedBundle { document: document(), bytes: sealed() }] }),
        ),
    ];
    frames.extend(pushes());
    frames.extend(welcomes());
    frames.extend(batches());
    for reason in RenewReason::ALL {
        let actor = (*reason == RenewReason::TwoContents).then(|| device_origin().actor());
        frames.push((format!("renew-{reason}"), Frame::Renew(Renew { actor, sequence: 12, reason: *reason })));
    }
    for code in StopCode::ALL {
        let retry_after_ms = (*code == StopCode::Busy).then_some(30_000);
        frames.push((format!("stop-{code}"), Frame::Stop(Stop { code: *code, retry_after_ms })));
    }
    frames
}

/// Two frames that travel in one message.
fn together() -> Vec<Frame> {
    vec![Frame::Stored(Stored { to: 1_000 }), Frame::Want(Want { documents: vec![document()] })]
}

/// The two frames as one zstd frame of one stored block, for what a compressor chooses is not part of the format.
fn compressed() -> Vec<u8> {
    let body = [0, 1].map(|index| frame_bytes(&together()[index])).concat();
    // Magic number, frame header without flags, window of 1 KiB, header of the last block.
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, u8::try_from(body.len() * 8 + 1).unwrap(), 0, 0];
    [&[1, 1], header.as_slice(), &body].concat()
}

fn files() -> Files {
    let mut files: Files = frames().iter().map(|(name, frame)| (name.clone(), frame_bytes(frame))).collect();
    files.push(("message-plain".into(), pack(&together(), &mut Plain)));
    files.push(("message-zstd".into(), compressed()));
    files.push(("travels".into(), travels_digest(&together()).unwrap().0.to_vec()));
    files
}

#[test]
fn golden_frames_are_what_this_version_writes() {
    Room::open("frames").check(&files());
}

#[test]
fn golden_frames_are_read_to_the_same_values() {
    let room = Room::open("frames");
    for (name, frame) in frames() {
        let message = [vec![1, 0], room.read(&name)].concat();
        assert_eq!(unpack(&message).unwrap(), [frame], "{name}");
    }
    for name in ["message-plain", "message-zstd"] {
        assert_eq!(unpack(&room.read(name)).unwrap(), together(), "{name}");
    }
}

#[test]
fn what_travels_is_digested_as_it_is_in_a_message() {
    let room = Room::open("frames");
    let body = &room.read("message-plain")[2..];
    assert_eq!(room.read("travels"), Digest(*blake3::hash(body).as_bytes()).0);
}
