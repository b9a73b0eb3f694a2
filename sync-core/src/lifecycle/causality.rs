//! Who knew of what: the transitive `seen` of every fact, and the canonical order.
//!
//! Knowledge is stated, not inferred: a fact of the same actor or an earlier time is not known unless a fact
//! names it. References to facts that are not in the set are unknown and ignored; where the store said what a
//! refused fact had seen (`pass_over`), a reference to it leads there. In a circle of hostile
//! references a fact is taken to have seen only those that precede it by `lo` and identity, so that every
//! replica breaks the circle alike and facts outside the circle lose nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::cycles;
use super::fact_set::FactSet;
use crate::facts::{Author, Fact, FactBody, SeenRef};
use crate::ids::{Digest, FactId, FactRef};

/// One fact at its place in the canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    place: usize,
    /// The fact.
    pub fact: &'a Fact,
}

impl Node<'_> {
    /// Its place in the canonical order, from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> FactId {
        self.fact.id
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        work::step();
        self.place == other.place
    }
}

impl Eq for Node<'_> {}

/// A set of places, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<u64>);

impl Places {
    /// Whether the fact is in the set.
    #[must_use]
    pub fn contains(&self, node: Node<'_>) -> bool {
        bit(&self.0, node.place)
    }

    /// Adds a fact.
    pub fn insert(&mut self, node: Node<'_>) {
        let word = node.place / WORD;
        if self.0.len() <= word {
            self.0.resize(word.saturating_add(1), 0);
        }
        set_bit(&mut self.0, node.place);
    }
}

impl<'a> FromIterator<Node<'a>> for Places {
    fn from_iter<I: IntoIterator<Item = Node<'a>>>(nodes: I) -> Self {
        let mut places = Self::default();
        for node in nodes {
            places.insert(node);
        }
        places
    }
}

const WORD: usize = 64;

/// How much a fold compares: counted in tests, so that its bound is a number and not a time.
#[cfg(test)]
pub(super) mod work {
    std::thread_local! {
        static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
    }

    pub(in crate::lifecycle) fn step() {
        STEPS.set(STEPS.get().saturating_add(1));
    }

    /// The steps since the last call.
    pub(in crate::lifecycle) fn taken() -> u64 {
        STEPS.replace(0)
    }
}

#[cfg(not(test))]
pub(super) mod work {
    #[inline]
    pub(in crate::lifecycle) fn step() {}
}

fn bit(words: &[u64], place: usize) -> bool {
    words.get(place / WORD).is_some_and(|word| word & (1 << (place % WORD)) != 0)
}

fn set_bit(words: &mut [u64], place: usize) {
    if let Some(word) = words.get_mut(place / WORD) {
        *word |= 1 << (place % WORD);
    }
}

/// The causal order of one set of facts.
#[derive(Debug)]
pub struct Causality<'a> {
    nodes: Vec<Node<'a>>,
    /// Words in one row of `past`.
    words: usize,
    /// One row per place: the places that this fact knows.
    past: Vec<u64>,
    /// Identity references with places, sorted.
    references: Vec<(FactRef, usize)>,
    /// Places that some other fact names.
    seen: Places,
    /// Repeated system facts (`once`): they count as their first.
    repeated: Places,
}

impl<'a> Causality<'a> {
    /// Orders the facts of a set.
    #[must_use]
    pub fn new(facts: &'a FactSet) -> Self {
        let list: Vec<&Fact> = facts.iter().collect();
        let seen = resolved(&list);
        let (order, seen) = canonical(&list, seen);
        let mut place_of = vec![0; list.len()];
        for (place, index) in order.iter().enumerate() {
            if let Some(slot) = place_of.get_mut(*index) {
                *slot = place;
            }
        }
        let nodes: Vec<Node<'a>> = order
            .iter()
            .filter_map(|index| list.get(*index))
            .enumerate()
            .map(|(place, fact)| Node { place, fact })
            .collect();
        let mut references: Vec<_> = nodes.iter().map(|node| (node.id().reference(), node.place)).collect();
        references.sort_unstable();
        let words = nodes.len().div_ceil(WORD);
        let mut causality = Self {
            past: vec![0; words.saturating_mul(nodes.len())],
            nodes,
            words,
            references,
            seen: Places::default(),
            repeated: Places::default(),
        };
        let first_of = causality.mark_repeated();
        for (place, index) in order.iter().enumerate() {
            for earlier in seen.get(*index).into_iter().flatten() {
                if let Some(known) = place_of.get(*earlier) {
                    causality.learn(place, *known, &first_of);
                }
            }
        }
        causality
    }

    /// Every fact, in canonical order: what a fact has seen comes before it; otherwise the earlier `lo` first,
    /// then identity, then digest.
    #[must_use]
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// Whether `later` knew of `earlier` (transitively; no fact knows itself).
    #[must_use]
    pub fn knows(&self, later: Node<'_>, earlier: Node<'_>) -> bool {
        work::step();
        bit(self.row(later.place), earlier.place)
    }

    /// Whether neither knew of the other.
    #[must_use]
    pub fn concurrent(&self, one: Node<'_>, other: Node<'_>) -> bool {
        one != other && !self.knows(one, other) && !self.knows(other, one)
    }

    /// Every fact under a reference, in canonical order.
    pub fn resolve(&self, reference: FactRef) -> impl Iterator<Item = Node<'a>> + '_ {
        let start = self.references.partition_point(|(other, _)| *other < reference);
        self.references
            .iter()
            .skip(start)
            .take_while(move |(other, _)| *other == reference)
            .inspect(|_| work::step())
            .filter_map(|(_, place)| self.nodes.get(*place).copied())
    }

    /// Whether `later` knew of any of them.
    #[must_use]
    pub fn knows_any(&self, later: Node<'_>, of: &Places) -> bool {
        work::step();
        self.row(later.place).iter().zip(&of.0).any(|(past, wanted)| past & wanted != 0)
    }

    /// What at least one of `nodes` knew.
    #[must_use]
    pub fn known_to_any(&self, nodes: impl IntoIterator<Item = Node<'a>>) -> Places {
        let mut known = vec![0; self.words];
        for node in nodes {
            work::step();
            for (word, past) in known.iter_mut().zip(self.row(node.place)) {
                *word |= past;
            }
        }
        Places(known)
    }

    /// Whether the fact repeats what the system said before (`once`).
    #[must_use]
    pub fn is_repeated(&self, node: Node<'_>) -> bool {
        self.repeated.contains(node)
    }

    /// The facts that no other fact has seen, sorted: what a command decided on this set has seen.
    #[must_use]
    pub fn frontier(&self) -> Vec<FactId> {
        let mut frontier: Vec<_> = self.nodes.iter().filter(|node| !self.seen.contains(**node)).map(Node::id).collect();
        frontier.sort_unstable();
        frontier.dedup();
        frontier
    }

    fn row(&self, place: usize) -> &[u64] {
        let start = place.saturating_mul(self.words);
        self.past.get(start..start.saturating_add(self.words)).unwrap_or_default()
    }

    /// Marks repeated system facts; answers the first one's place for each.
    fn mark_repeated(&mut self) -> BTreeMap<usize, usize> {
        let mut firsts: BTreeMap<Digest, usize> = BTreeMap::new();
        let mut first_of = BTreeMap::new();
        for node in &self.nodes {
            let (Author::System(_), Some(once)) = (&node.fact.author, node.fact.content.head.once) else {
                continue;
            };
            let first = *firsts.entry(once).or_insert(node.place);
            if first != node.place {
                first_of.insert(node.place, first);
                self.repeated.insert(*node);
            }
        }
        first_of
    }

    /// The fact at `place` has seen the one at `known`, and all that one knew. Who knows a repeated system
    /// fact knows the first one.
    fn learn(&mut self, place: usize, known: usize, first_of: &BTreeMap<usize, usize>) {
        let border = place.saturating_mul(self.words).min(self.past.len());
        let (earlier, rest) = self.past.split_at_mut(border);
        let row = rest.get_mut(..self.words).unwrap_or_default();
        let start = known.saturating_mul(self.words);
        let known_row = earlier.get(start..start.saturating_add(self.words)).unwrap_or_default();
        for (word, past) in row.iter_mut().zip(known_row) {
            *word |= past;
        }
        set_bit(row, known);
        if let Some(first) = first_of.get(&known) {
            set_bit(row, *first);
        }
        if let Some(node) = self.nodes.get(known).copied() {
            self.seen.insert(node);
        }
    }
}

/// For each fact the indices that it names as seen, sorted, without itself and without unknown ones.
fn resolved(list: &[&Fact]) -> Vec<Vec<usize>> {
    let mut references: Vec<(FactRef, FactId, usize)> =
        list.iter().enumerate().map(|(index, fact)| (fact.id.reference(), fact.id, index)).collect();
    references.sort_unstable();
    let matching = |reference: FactRef| {
        let start = references.partition_point(|(other, _, _)| *other < reference);
        references.iter().skip(start).take_while(move |(other, _, _)| *other == reference)
    };
    let passed = passed_over(list);
    let through = |reference: FactRef| {
        // Each refused fact is passed once, so that a circle of them ends.
        let (mut found, mut met, mut waiting) = (Vec::new(), BTreeSet::new(), vec![reference]);
        while let Some(next) = waiting.pop() {
            let before = found.len();
            found.extend(matching(next).map(|(_, _, index)| *index));
            if found.len() == before && met.insert(next) {
                waiting.extend(passed.get(&next).into_iter().flatten().copied());
            }
        }
        found
    };
    list.iter()
        .enumerate()
        .map(|(index, fact)| {
            let mut earlier: Vec<usize> = Vec::with_capacity(fact.content.seen.len());
            for seen in &fact.content.seen {
                match seen {
                    SeenRef::Previous => {
                        let Some(sequence) = fact.id.sequence.checked_sub(1) else {
                            continue;
                        };
                        let previous = FactId { actor: fact.id.actor, sequence };
                        let mut found = matching(previous.reference()).filter(|(_, id, _)| *id == previous).peekable();
                        if found.peek().is_none() {
                            earlier.extend(through(previous.reference()));
                        }
                        earlier.extend(found.map(|(_, _, index)| *index));
                    }
                    SeenRef::Fact(reference) => earlier.extend(through(*reference)),
                }
            }
            earlier.sort_unstable();
            earlier.dedup();
            earlier.retain(|other| *other != index);
            earlier
        })
        .collect()
}

/// What refused facts had seen, where the store said so.
fn passed_over(list: &[&Fact]) -> BTreeMap<FactRef, BTreeSet<FactRef>> {
    let mut passed: BTreeMap<FactRef, BTreeSet<FactRef>> = BTreeMap::new();
    for fact in list {
        if let (FactBody::PassOver(body), Author::System(_)) = (fact.body(), &fact.author) {
            passed.entry(body.fact).or_default().extend(&body.seen);
        }
    }
    passed
}

/// The canonical order as indices into `list`, and `seen` without the references that close a circle.
fn canonical(list: &[&Fact], mut seen: Vec<Vec<usize>>) -> (Vec<usize>, Vec<Vec<usize>>) {
    let later = reversed(&seen);
    let order = topological(list, &seen, &later);
    if order.len() == list.len() {
        return (order, seen);
    }
    let component = cycles::components(&seen, &later);
    // `list` is sorted by identity and digest, so that the index breaks ties of `lo`.
    let key = |index: usize| (list.get(index).map(|fact| fact.lo()), index);
    for (index, earlier) in seen.iter_mut().enumerate() {
        earlier.retain(|other| component.get(*other) != component.get(index) || key(*other) < key(index));
    }
    let order = topological(list, &seen, &reversed(&seen));
    (order, seen)
}

fn reversed(seen: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut later = vec![Vec::new(); seen.len()];
    for (index, earlier) in seen.iter().enumerate() {
        for other in earlier {
            if let Some(list) = later.get_mut(*other) {
                list.push(index);
            }
        }
    }
    later
}

/// Kahn's algorithm; facts in or behind a circle are left out.
fn topological(list: &[&Fact], seen: &[Vec<usize>], later: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = seen.iter().map(Vec::len).collect();
    let key = |index: usize| Reverse((list.get(index).map(|fact| fact.lo()), index));
    let mut ready: BinaryHeap<_> =
        missing.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| key(index)).collect();
    let mut order = Vec::with_capacity(list.len());
    while let Some(Reverse((_, index))) = ready.pop() {
        order.push(index);
        for next in later.get(index).into_iter().flatten() {
            let Some(count) = missing.get_mut(*next) else {
                continue;
            };
            *count = count.saturating_sub(1);
            if *count == 0 {
                ready.push(key(*next));
            }
        }
    }
    order
}
