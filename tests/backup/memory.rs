//! A store larger than the memory that may be used is verified and examined all the same, in several readings.

use docket_client::replica::NewFact;
use docket_harness::random::Random;
use docket_harness::world::Trouble;
use docket_server::backup::reading::Backup;
use docket_server::backup::sealing::Identities;
use docket_server::backup::verify::{Doing, Verified, verify};
use docket_sync_core::facts::bodies::AddNote;
use docket_sync_core::facts::{Author, Head};

use super::setting::{Shelf, docket, good, said};
use crate::network::setting::company;

const PHONES: usize = 4;
/// Notes of each order, and bytes of each: an order of half a megabyte.
const NOTES: usize = 64;
const NOTE_BYTES: usize = 8_000;

fn verified(shelf: &Shelf, memory_bytes: u64) -> Result<(Verified, usize), Trouble> {
    let backup = Backup::open(&shelf.backup(), Identities::read(shelf.identity().as_ref())?, None)?;
    let mut again = 0;
    let verified = verify(&backup, memory_bytes, |doing| again += usize::from(matches!(doing, Doing::Again(_))))?;
    Ok((verified, again))
}

#[tokio::test]
async fn a_store_larger_than_the_memory_is_folded_in_several_readings() -> Result<(), Trouble> {
    let (mut office, address, mut phones) = company(PHONES).await?;
    let mut random = Random::from_seed(9);
    for phone in &mut phones {
        let (person, _) = phone.client.replica().certificate().persons.first().cloned().ok_or("a person")?;
        for _ in 0..NOTES {
            let text: Vec<u8> = (0..NOTE_BYTES * 5 / 8 / 32).flat_map(|_| random.bytes::<32>()).collect();
            let body = AddNote { text: data_encoding::BASE32_NOPAD.encode(&text) }.into();
            let (document, author, seen, head) = (phone.order, Author::Person(person), Vec::new(), Head::default());
            let fact = NewFact { document, author, seen, head, body, claimed: None, proof: None };
            phone.client.replica_mut().state_fact(fact)?;
        }
        assert_eq!(phone.sync(address).await?.unsent, 0);
    }
    let shelf = Shelf::new().await?;
    shelf.back_up(&office).await?;

    // In one reading, and in as many as there are documents: the same is found.
    let (whole, again) = verified(&shelf, u64::MAX)?;
    assert_eq!((whole.folded.passes, again, whole.folded.documents), (1, 0, u64::try_from(PHONES)?));
    let (single, again) = verified(&shelf, 1)?;
    assert_eq!((single.folded.passes, again), (u64::try_from(PHONES)?, PHONES - 1));
    for few in [300_000, 700_000, 1_100_000] {
        let (part, _) = verified(&shelf, few)?;
        let found = |verified: &Verified| (verified.folded.documents, verified.folded.facts, verified.reached);
        assert_eq!(found(&part), found(&whole), "{few}");
        assert!(part.folded.passes > 1 && part.folded.passes <= single.folded.passes, "{few}: {}", part.folded.passes);
        // The bound, and what one document takes that is larger.
        let bound = few + whole.folded.peak_bytes / u64::try_from(PHONES)? * 2;
        assert!(part.folded.peak_bytes <= bound, "{few}: {} bytes were in memory", part.folded.peak_bytes);
    }

    // The commands, with less memory than the store is large.
    assert!(whole.folded.peak_bytes > 2 << 20, "{} bytes", whole.folded.peak_bytes);
    let (from, identity, data) = (shelf.to(), shelf.identity(), office.data());
    let told = good(&["backup", "verify", "--from", &from, "--identity", &identity, "--memory-mib", "1"]).await?;
    assert!(told.contains("reading the frames for the 2. time") && told.contains("4 documents with"), "{told}");
    for _running_or_not in 0..2 {
        let examined = docket(&["doctor", "--json", "--data", &data, "--memory-mib", "1"]).await?;
        let report: serde_json::Value = serde_json::from_slice(&examined.stdout)?;
        assert!(examined.status.success() && report.to_string().contains("4 documents with"), "{report}");
        assert!(said(&examined).contains("4 documents are folded"), "{}", said(&examined));
        office.stop().await?;
    }
    let refused = docket(&["backup", "verify", "--from", &from, "--identity", &identity, "--memory-mib", "0"]).await?;
    assert!(!refused.status.success() && said(&refused).contains("--memory-mib"), "{}", said(&refused));
    Ok(())
}
