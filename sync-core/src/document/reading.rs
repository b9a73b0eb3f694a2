//! What stands in the columns of a saved document of ours. Every column is looked at; anything that a document of ours
//! does not have gives `None`. What it proves nothing about: hashes, which [`super::saved`] takes.

use std::collections::BTreeMap;

use super::change::{Record, SKELETON_OPERATIONS};
use super::chunk::{CHECKSUM_BYTES, MAGIC, SKELETON_ACTOR, bytes_meta, has_checksum};
use super::columns::{Reader, deltas, is_all_no, numbers, runs};
use crate::ids::{ActorId, ChangeHash, DocumentId, FactId};
use crate::limits;
use crate::time::UnixMillis;

/// One chunk whose checksum fits.
pub(super) struct Chunk<'a> {
    pub(super) kind: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The chunk at the front of `reader`, whose bytes `all` begin there.
    pub(super) fn read(reader: &mut Reader<'a>, all: &'a [u8]) -> Option<Self> {
        if reader.take(MAGIC.len())? != MAGIC {
            return None;
        }
        let checksum = reader.take(CHECKSUM_BYTES)?;
        let kind = reader.byte()?;
        let content = reader.string()?;
        let end = all.len().checked_sub(reader.rest().len())?;
        let checked = all.get(MAGIC.len().checked_add(CHECKSUM_BYTES)?..end)?;
        has_checksum(checksum, checked).then_some(Self { kind, content })
    }
}

/// The record in the content of a change; everything else of it is compared with what the record gives.
pub(super) fn read_change(content: &[u8]) -> Option<Record> {
    let mut reader = Reader::new(content);
    reader.take(1_usize.checked_add(ChangeHash::LENGTH)?)?;
    let actor = ActorId::from_slice(reader.string()?)?;
    let sequence = reader.number()?;
    reader.number()?;
    let time = UnixMillis(reader.signed()?);
    reader.take(7)?;
    let columns = Columns::read(&mut reader)?;
    let mut data = reader;
    let bytes = columns.of(&mut data, &[0x01, 0x02, 0x15, 0x34, 0x42, 0x56, 0x57, 0x70])?;
    let [.., value, _predecessors] = bytes.as_slice() else { return None };
    Some(Record { actor, sequence, time, bytes: value.to_vec() })
}

/// Specifications and lengths of columns.
struct Columns(Vec<(u64, usize)>);

impl Columns {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let count = reader.length().filter(|count| *count <= 16)?;
        (0..count).map(|_| Some((reader.number()?, reader.length()?))).collect::<Option<_>>().map(Self)
    }

    /// The data of the columns `known`, in their order; `None` when there is another one, or another order.
    fn of<'a>(&self, reader: &mut Reader<'a>, known: &[u64]) -> Option<Vec<&'a [u8]>> {
        let mut there = self.0.iter().peekable();
        let mut data = Vec::with_capacity(known.len());
        for specification in known {
            let length = there.next_if(|(found, _)| found == specification).map_or(0, |(_, length)| *length);
            data.push(reader.take(length)?);
        }
        there.next().is_none().then_some(data)
    }
}

pub(super) type ByActor = BTreeMap<ActorId, Vec<Record>>;

/// The records in a document chunk's content, by actor in the order of their sequences, and the heads it claims.
pub(super) fn read_document(id: DocumentId, content: &[u8]) -> Option<(ByActor, Vec<ChangeHash>)> {
    let mut reader = Reader::new(content);
    let actors: Vec<&[u8]> = {
        let count = reader.length().filter(|count| *count <= limits::ACTORS_PER_DOCUMENT_MAX.saturating_add(1))?;
        (0..count).map(|_| reader.string()).collect::<Option<_>>()?
    };
    let skeleton = actors.iter().position(|actor| *actor == SKELETON_ACTOR)?;
    let head_count = reader.length().filter(|count| *count <= limits::ACTORS_PER_DOCUMENT_MAX)?;
    let mut heads: Vec<ChangeHash> =
        (0..head_count).map(|_| ChangeHash::from_slice(reader.take(ChangeHash::LENGTH)?)).collect::<Option<_>>()?;
    heads.sort_unstable();
    let change_columns = Columns::read(&mut reader)?;
    let operation_columns = Columns::read(&mut reader)?;
    let changes = change_columns.of(&mut reader, &[0x01, 0x03, 0x13, 0x23, 0x35, 0x40, 0x43, 0x56, 0x57])?;
    let operations = operation_columns
        .of(&mut reader, &[0x01, 0x02, 0x11, 0x13, 0x15, 0x21, 0x23, 0x34, 0x42, 0x56, 0x57, 0x80, 0x81, 0x83])?;
    let places = Places { skeleton, actors: actors.len() };
    let rows = read_changes(&places, &changes)?;
    // Behind the columns the library lists at which change each head stands.
    if !reader.is_at_end() {
        for _ in 0..head_count {
            reader.length().filter(|at| *at < rows.count)?;
        }
        if !reader.is_at_end() {
            return None;
        }
    }
    let values = read_operations(id, &places, &actors, rows.count, &operations)?;
    let mut by_actor = ByActor::new();
    for ((actor, times), values) in actors.iter().zip(rows.times).zip(values) {
        if times.len() != values.len() {
            return None;
        }
        if times.is_empty() {
            continue;
        }
        let actor = ActorId::from_slice(actor)?;
        let mut records = Vec::with_capacity(times.len());
        for ((sequence, time), bytes) in (1_u64..).zip(times).zip(values) {
            let record = Record { actor, sequence, time: UnixMillis(time), bytes: bytes?.to_vec() };
            let sane = record.time >= limits::TIME_MIN && record.time <= limits::TIME_MAX;
            if !sane || record.bytes.len() > limits::FACT_BYTES_MAX {
                return None;
            }
            records.push(record);
        }
        if by_actor.insert(actor, records).is_some() {
            return None;
        }
    }
    Some((by_actor, heads))
}

/// Where things stand in a document.
struct Places {
    /// Index of the skeleton's actor.
    skeleton: usize,
    /// How many actors there are.
    actors: usize,
}

/// The changes of a document: how many with the skeleton, and the times on each actor's chain.
struct ChangeRows {
    count: usize,
    times: Vec<Vec<i64>>,
}

/// Reads the columns of changes: chains without a gap, each change behind its actor's previous one.
fn read_changes(places: &Places, columns: &[&[u8]]) -> Option<ChangeRows> {
    let [actor, sequence, max_operation, time, message, dependencies, dependency, extra, extra_bytes] = columns else {
        return None;
    };
    let count = count_of_runs(actor)?;
    if count > limits::FACTS_PER_DOCUMENT_MAX.saturating_add(1) || !extra_bytes.is_empty() {
        return None;
    }
    let message = runs(message, count, Reader::string)?;
    let extra = runs(extra, count, Reader::number)?;
    if message.iter().any(|text| text.is_some_and(|text| !text.is_empty()))
        || extra.iter().any(|meta| meta.is_some_and(|meta| meta != 7))
    {
        return None;
    }
    let actor = numbers(actor, count)?;
    let sequence = deltas(sequence, count)?;
    let max_operation = deltas(max_operation, count)?;
    let time = deltas(time, count)?;
    let dependencies: Vec<u64> =
        runs(dependencies, count, Reader::number)?.into_iter().map(Option::unwrap_or_default).collect();
    let mut dependency = deltas(dependency, count.checked_sub(1)?)?.into_iter();
    let mut times: Vec<Vec<i64>> = vec![Vec::new(); places.actors];
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); places.actors];
    let mut skeleton_row = None;
    for (row, actor) in actor.into_iter().enumerate() {
        let actor = usize::try_from(actor).ok()?;
        let (sequence, max_operation, time) = (sequence.get(row)?, max_operation.get(row)?, time.get(row)?);
        if actor == places.skeleton {
            let is_skeleton = (*sequence, *max_operation, *time) == (1, 2, 0) && dependencies.get(row) == Some(&0);
            if !is_skeleton || skeleton_row.replace(row).is_some() {
                return None;
            }
            continue;
        }
        let chain = rows_of.get_mut(actor)?;
        let behind = chain.last().copied().or(skeleton_row)?;
        let expected = i64::try_from(chain.len().checked_add(1)?).ok()?;
        let operation = expected.checked_add(i64::try_from(SKELETON_OPERATIONS).ok()?)?;
        let on = dependency.next().and_then(|on| usize::try_from(on).ok());
        if (*sequence, *max_operation) != (expected, operation)
            || dependencies.get(row) != Some(&1)
            || on != Some(behind)
        {
            return None;
        }
        chain.push(row);
        times.get_mut(actor)?.push(*time);
    }
    skeleton_row?;
    Some(ChangeRows { count, times })
}

/// Reads the columns of operations: the skeleton's two, then one value for each other change, in any order.
fn read_operations<'a>(
    id: DocumentId,
    places: &Places,
    actors: &[&[u8]],
    changes: usize,
    columns: &[&'a [u8]],
) -> Option<Vec<Vec<Option<&'a [u8]>>>> {
    let [
        object_actor,
        object_counter,
        key_actor,
        key_counter,
        key,
        actor,
        counter,
        insert,
        action,
        meta,
        value,
        rest @ ..,
    ] = columns
    else {
        return None;
    };
    let [successors, successor_actor, successor_counter] = rest else { return None };
    let count = changes.checked_add(1)?;
    let nothing = [key_actor, key_counter, successor_actor, successor_counter];
    let successors = runs(successors, count, Reader::number)?;
    if nothing.iter().any(|column| !column.is_empty())
        || successors.iter().any(|number| number.unwrap_or_default() != 0)
        || !is_all_no(insert, count)
    {
        return None;
    }
    let object_actor = runs(object_actor, count, Reader::length)?;
    let object_counter = runs(object_counter, count, Reader::number)?;
    let keys = runs(key, count, Reader::string)?;
    let actor = numbers(actor, count)?;
    let counter = deltas(counter, count)?;
    let action = numbers(action, count)?;
    let meta = numbers(meta, count)?;
    let mut value = Reader::new(value);
    let mut values: Vec<Vec<Option<&'a [u8]>>> = vec![Vec::new(); places.actors];
    for row in 0..count {
        let object = (*object_actor.get(row)?, *object_counter.get(row)?);
        let (key, action, meta) = ((*keys.get(row)?)?, *action.get(row)?, *meta.get(row)?);
        let by = usize::try_from(*actor.get(row)?).ok()?;
        let counter = u64::try_from(*counter.get(row)?).ok()?;
        if by == places.skeleton {
            let is_facts = (object, key, counter, action, meta) == ((None, None), b"facts", 1, 0, 0);
            let is_id = (object, key, counter, action, meta)
                == ((None, None), b"id", 2, 1, bytes_meta(DocumentId::LENGTH))
                && value.take(DocumentId::LENGTH)? == id.0;
            if !(row == 0 && is_facts) && !(row == 1 && is_id) {
                return None;
            }
            continue;
        }
        let sequence = counter.checked_sub(SKELETON_OPERATIONS).filter(|sequence| *sequence > 0)?;
        let reference = FactId { actor: ActorId::from_slice(actors.get(by)?)?, sequence }.reference().to_string();
        let length = usize::try_from(meta >> 4).ok()?;
        if object != (Some(places.skeleton), Some(1))
            || key != reference.as_bytes()
            || action != 1
            || meta != bytes_meta(length)
        {
            return None;
        }
        let at = usize::try_from(sequence.checked_sub(1)?).ok().filter(|at| *at < count)?;
        let chain = values.get_mut(by)?;
        if chain.len() <= at {
            chain.resize(at.checked_add(1)?, None);
        }
        let slot = chain.get_mut(at)?;
        if slot.replace(value.take(length)?).is_some() {
            return None;
        }
    }
    value.is_at_end().then_some(values)
}

/// How many values a column of runs has.
fn count_of_runs(column: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(column);
    let mut count = 0_usize;
    while !reader.is_at_end() {
        let run = reader.signed().filter(|run| *run != 0)?;
        let length = usize::try_from(run.unsigned_abs()).ok()?;
        count = count.checked_add(length)?;
        let literals = if run > 0 { 1 } else { length };
        for _ in 0..literals {
            reader.number()?;
        }
    }
    Some(count)
}
