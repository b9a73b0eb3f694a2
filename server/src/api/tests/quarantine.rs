//! The list of what was not admitted.

use docket_sync_core::document::Record;
use docket_sync_core::ids::{ActorId, DeviceId, DocumentId};
use docket_sync_core::sync::frames::QuarantineCode;

use super::*;
use crate::commit::QuarantineEntry;
use crate::store::record;

const ITEMS: u8 = 37;

async fn fill(company: &Company) {
    let job = |writer: &mut crate::commit::Writer| {
        for number in 0..ITEMS {
            let entry = QuarantineEntry {
                decided: None,
                good: None,
                document: DocumentId([number / 5; 16]),
                record: Record {
                    actor: ActorId([1; 16]),
                    sequence: u64::from(number),
                    time: NOW,
                    bytes: vec![number; usize::from(number) + 1],
                },
                hash: None,
                code: Some(QuarantineCode::NoProof),
                device: DeviceId([3; 16]),
                received_at: NOW,
            };
            writer.put(Table::Quarantine, [[number / 5; 16].as_slice(), &[number]].concat(), record::encode(&entry));
        }
        for (device, items) in [(3_u8, u64::from(ITEMS) - 1), (4, 1)] {
            let key = [b"quarantine/".as_slice(), &[device; 16]].concat();
            writer.put(Table::Meta, key, record::encode(&[items, 100_u64]));
        }
        Ok(())
    };
    company.office.committer.run(job).await.unwrap();
}

#[tokio::test]
async fn pages_of_the_quarantine_follow_each_other_without_gap_or_repetition() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let empty = company.get(&clerk, "/api/quarantine").await.ok();
    assert_eq!(empty, json!({"items": [], "next": null, "total": 0}));
    fill(&company).await;
    let expected: Vec<u64> = (0..u64::from(ITEMS)).rev().collect();
    for limit in [1, 7, 15, 16, 17, 36, 37, 38, 1_000] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = company.get(&clerk, &format!("/api/quarantine?limit={limit}&after={after}")).await.ok();
            assert_eq!(page["total"], ITEMS);
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.len() <= limit, "{limit}: {}", items.len());
            for item in items {
                assert_eq!(item["bytes"].as_u64(), item["sequence"].as_u64().map(|number| number + 1));
                seen.push(item["sequence"].as_u64().unwrap());
            }
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        assert_eq!(seen, expected, "{limit} at a time");
    }
    let wrong = company.get(&clerk, "/api/quarantine?after=zz").await;
    assert_eq!((wrong.code(), &wrong.body["field"]), ((422, "invalid_field"), &json!("after")));
}
