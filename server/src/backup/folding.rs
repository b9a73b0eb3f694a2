//! Folding every document of a store: the proof that what was kept is not only whole but means something.

use docket_sync_core::ids::DocumentId;
use docket_sync_core::lifecycle::{FactSet, fold};
use docket_sync_core::sync::digest::DigestSum;

use crate::commit::meta::{ChangeEntry, DocumentMeta};
use crate::commit::tables::resolve;
use crate::commit::{CommitError, Tables};
use crate::store::{KeyRange, Store, StoreError, Table, record};

/// Documents whose problems are told one by one.
const PROBLEMS_MAX: usize = 100;

/// Entries read at once.
const PAGE: usize = 512;

/// Tables that folding reads.
pub const TABLES: [Table; 6] =
    [Table::Meta, Table::Log, Table::Document, Table::DocumentMeta, Table::Change, Table::Index];

/// What folding every document found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// Documents.
    pub documents: u64,
    /// Their facts.
    pub facts: u64,
    /// What is wrong, one sentence a document; at most 100.
    pub problems: Vec<String>,
    /// How many documents are wrong.
    pub wrong: u64,
}

/// Loads, checks and folds every document; `told` hears how many are done.
///
/// # Errors
/// When the store cannot be read; what is wrong with a document is not an error but a finding.
pub fn fold_all(store: &dyn Store, mut told: impl FnMut(&Folded)) -> Result<Folded, StoreError> {
    let mut folded = Folded::default();
    let mut range = KeyRange::all();
    loop {
        let page = Tables::scan(store, Table::DocumentMeta, &range, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(folded) };
        range = KeyRange::after(last.clone());
        for (key, value) in &page {
            folded.documents = folded.documents.saturating_add(1);
            match fold_one(store, key, value) {
                Ok(facts) => folded.facts = folded.facts.saturating_add(facts),
                Err(problem) => {
                    folded.wrong = folded.wrong.saturating_add(1);
                    if folded.problems.len() < PROBLEMS_MAX {
                        let name = DocumentId::from_slice(key).map_or_else(String::new, |id| id.to_string());
                        folded.problems.push(format!("document {name}: {problem}"));
                    }
                }
            }
        }
        told(&folded);
    }
}

/// Gives the number of facts.
fn fold_one(store: &dyn Store, key: &[u8], value: &[u8]) -> Result<u64, String> {
    let said = |error: CommitError| error.to_string();
    let id = DocumentId::from_slice(key).ok_or("its key is not an identity")?;
    let meta: DocumentMeta = record::decode("document meta", value).map_err(|error| error.to_string())?;
    let document = store.document(id, &meta).map_err(said)?;
    if *document.chains() != meta.chains {
        return Err("its changes do not end where its metadata says".to_owned());
    }
    let mut sum = DigestSum::of_change(id, docket_sync_core::document::skeleton_hash(id));
    for (_, value) in
        Tables::scan(store, Table::Change, &KeyRange::prefix(id.0), usize::MAX).map_err(|e| e.to_string())?
    {
        let entry: ChangeEntry = record::decode("change", &value).map_err(|error| error.to_string())?;
        sum = sum.plus(DigestSum::of_change(id, entry.hash));
    }
    if sum.to_digest() != meta.sum().to_digest() {
        return Err("the digest of its changes is not what its metadata says".to_owned());
    }
    let mut facts = FactSet::new(id);
    let mut count = 0_u64;
    for fact in resolve(&document).map_err(said)? {
        facts.insert(fact);
        count = count.saturating_add(1);
    }
    let _view = fold(&facts);
    Ok(count)
}
