//! What histories came to: which kinds of facts, which pairs, which faults. What is never drawn proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use docket_sync_core::facts::FactKind;

use super::faults::Fault;

/// Counts over one history or many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Histories.
    pub histories: u64,
    /// Kinds of facts that entered the office's log, with the number of histories.
    pub kinds: BTreeMap<FactKind, u64>,
    /// Pairs that a fold named, with the number of histories.
    pub pairs: BTreeMap<&'static str, u64>,
    /// Faults that struck.
    pub faults: BTreeMap<Fault, u64>,
    /// Facts that were stated.
    pub facts: u64,
    /// Messages carried.
    pub messages: u64,
    /// Live sessions opened, and batches that were sent on them.
    pub live: (u64, u64),
    /// Phones that a restored office had forgotten and an administrator confirmed.
    pub forgotten: u64,
    /// Bundles that a phone took from another, and facts that entered there.
    pub bundles: (u64, u64),
}

impl Coverage {
    pub(super) fn fault(&mut self, fault: Fault) {
        let count = self.faults.entry(fault).or_insert(0);
        *count = count.saturating_add(1);
    }

    pub(super) fn pairs(&mut self, pairs: &BTreeSet<&'static str>) {
        for pair in pairs {
            add(&mut self.pairs, *pair, 1);
        }
    }

    pub(super) fn kinds(&mut self, kinds: &BTreeSet<FactKind>) {
        for kind in kinds {
            add(&mut self.kinds, *kind, 1);
        }
    }

    /// Adds the counts of another history.
    pub fn add(&mut self, other: &Self) {
        let Self { histories, kinds, pairs, faults, facts, messages, live, forgotten, bundles } = other;
        self.histories = self.histories.saturating_add(*histories);
        self.facts = self.facts.saturating_add(*facts);
        self.messages = self.messages.saturating_add(*messages);
        self.forgotten = self.forgotten.saturating_add(*forgotten);
        self.live = (self.live.0.saturating_add(live.0), self.live.1.saturating_add(live.1));
        self.bundles = (self.bundles.0.saturating_add(bundles.0), self.bundles.1.saturating_add(bundles.1));
        kinds.iter().for_each(|(kind, count)| add(&mut self.kinds, *kind, *count));
        pairs.iter().for_each(|(pair, count)| add(&mut self.pairs, *pair, *count));
        faults.iter().for_each(|(fault, count)| add(&mut self.faults, *fault, *count));
    }

    /// Faults that never struck.
    #[must_use]
    pub fn faults_never_drawn(&self) -> Vec<&'static str> {
        Fault::ALL.iter().filter(|fault| !self.faults.contains_key(fault)).map(|fault| fault.name()).collect()
    }

    /// Kinds of facts that never entered a log.
    #[must_use]
    pub fn kinds_never_drawn(&self) -> Vec<&'static str> {
        FactKind::ALL.iter().filter(|kind| !self.kinds.contains_key(kind)).map(|kind| kind.code()).collect()
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, more: u64) {
    let count = counts.entry(key).or_insert(0);
    *count = count.saturating_add(more);
}

impl core::fmt::Display for Coverage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let line = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
        let counted = |name: &str, count: u64| format!("{name} {count}");
        writeln!(f, "{} histories, {} facts, {} messages", self.histories, self.facts, self.messages)?;
        writeln!(f, "live:   {} sessions, {} batches on them", self.live.0, self.live.1)?;
        writeln!(f, "bundles: {} taken, {} facts entered by them", self.bundles.0, self.bundles.1)?;
        writeln!(f, "forgotten phones confirmed: {}", self.forgotten)?;
        writeln!(f, "kinds:  {}", line(self.kinds.iter().map(|(k, n)| counted(k.code(), *n)).collect()))?;
        writeln!(f, "pairs:  {}", line(self.pairs.iter().map(|(p, n)| counted(p, *n)).collect()))?;
        writeln!(f, "faults: {}", line(self.faults.iter().map(|(x, n)| counted(x.name(), *n)).collect()))
    }
}
