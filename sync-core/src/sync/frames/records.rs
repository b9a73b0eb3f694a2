//! Records as they travel: runs of consecutive sequences, with one table of actors for a frame.

use minicbor::{Decode, Encode};

use crate::document::Record;
use crate::ids::{ActorId, DocumentId};
use crate::limits;
use crate::time::UnixMillis;

/// Records of several documents, with one table of actors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecordSet {
    /// Actors, referred to by index.
    #[n(0)]
    pub actors: Vec<ActorId>,
    /// The documents.
    #[n(1)]
    pub documents: Vec<DocumentRuns>,
}

/// Records of one document: runs of consecutive sequences by one actor each.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentRuns {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The runs.
    #[n(1)]
    pub runs: Vec<Run>,
}

/// Consecutive records of one actor.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Run {
    /// Index in the table of actors.
    #[n(0)]
    pub actor: u32,
    /// Sequence of the first record.
    #[n(1)]
    pub first: u64,
    /// Time of the first record.
    #[n(2)]
    pub time: UnixMillis,
    /// The records.
    #[n(3)]
    pub items: Vec<RunItem>,
}

/// One record of a run.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RunItem {
    /// Milliseconds since the record before it in the run.
    #[n(0)]
    pub later: i64,
    /// Bytes of the stated fact.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

impl RecordSet {
    /// Packs the records of several documents, each in the order of its chains.
    #[must_use]
    pub fn pack<'a>(documents: impl IntoIterator<Item = (DocumentId, &'a [Record])>) -> Self {
        let mut set = Self::default();
        for (document, records) in documents {
            set.push(document, records);
        }
        set
    }

    /// Adds the records of one document.
    pub fn push(&mut self, document: DocumentId, records: &[Record]) {
        let mut runs: Vec<Run> = Vec::new();
        let mut last: Option<(ActorId, u64, UnixMillis)> = None;
        for record in records {
            let follows = last.is_some_and(|(actor, sequence, _)| {
                actor == record.actor && sequence.checked_add(1) == Some(record.sequence)
            });
            let later = last.map_or(0, |(_, _, time)| record.time.since(time));
            match runs.last_mut() {
                Some(run) if follows => run.items.push(RunItem { later, bytes: record.bytes.clone() }),
                _ => runs.push(Run {
                    actor: self.actor_index(record.actor),
                    first: record.sequence,
                    time: record.time,
                    items: vec![RunItem { later: 0, bytes: record.bytes.clone() }],
                }),
            }
            last = Some((record.actor, record.sequence, record.time));
        }
        self.documents.push(DocumentRuns { document, runs });
    }

    fn actor_index(&mut self, actor: ActorId) -> u32 {
        let known = self.actors.iter().position(|known| *known == actor);
        let index = known.unwrap_or_else(|| {
            self.actors.push(actor);
            self.actors.len().saturating_sub(1)
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The records of every document.
    ///
    /// # Errors
    /// A run with an actor outside the table or a sequence below 1, more than [`limits::RECORDS_PER_PUSH_MAX`].
    pub fn unpack(&self) -> Result<Vec<(DocumentId, Vec<Record>)>, crate::DecodeError> {
        let mut total = 0_usize;
        let mut documents = Vec::new();
        let mut named = std::collections::BTreeSet::new();
        for DocumentRuns { document, runs } in &self.documents {
            if !named.insert(*document) {
                return Err(crate::DecodeError::new("records", "one document stands twice"));
            }
            let mut records = Vec::new();
            for run in runs {
                total = total.saturating_add(run.items.len());
                if total > limits::RECORDS_PER_PUSH_MAX {
                    return Err(crate::DecodeError::new("records", "too many records in one frame"));
                }
                self.unpack_run(run, &mut records)?;
            }
            documents.push((*document, records));
        }
        Ok(documents)
    }

    fn unpack_run(&self, run: &Run, records: &mut Vec<Record>) -> Result<(), crate::DecodeError> {
        let index = usize::try_from(run.actor).unwrap_or(usize::MAX);
        let actor = *self
            .actors
            .get(index)
            .ok_or_else(|| crate::DecodeError::new("records", "a run names an unknown actor"))?;
        let mut time = run.time;
        let mut sequences = run.first..=u64::MAX;
        for item in &run.items {
            let wrong = || crate::DecodeError::new("records", "a sequence out of range");
            let sequence = sequences.next().filter(|sequence| *sequence > 0).ok_or_else(wrong)?;
            time = time.plus(item.later);
            records.push(Record { actor, sequence, time, bytes: item.bytes.clone() });
        }
        Ok(())
    }
}
