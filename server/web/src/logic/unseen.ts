/** What the author of a fact had not seen, derived from the `seen` references. Pure. */

import type { FactRef, TimelineFact } from '../types';

/** Everything a fact's author had seen: the closure of `seen`. */
export function closure(fact: TimelineFact, facts: ReadonlyMap<FactRef, TimelineFact>): Set<FactRef> {
  const known = new Set<FactRef>();
  const open = [...fact.seen];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (known.has(next)) continue;
    known.add(next);
    open.push(...(facts.get(next)?.seen ?? []));
  }
  return known;
}

/** Facts that happened before this one and that its author had not seen, per fact; others are absent. */
export function unseenByAuthor(timeline: readonly TimelineFact[]): Map<FactRef, TimelineFact[]> {
  const facts = new Map(timeline.map((fact) => [fact.fact, fact]));
  const closures = new Map(timeline.map((fact) => [fact.fact, closure(fact, facts)]));
  const result = new Map<FactRef, TimelineFact[]>();
  for (const fact of timeline) {
    const missed = timeline.filter(
      (other) => other.fact !== fact.fact && other.time_at < fact.time_at
        && !closures.get(fact.fact)?.has(other.fact) && !closures.get(other.fact)?.has(fact.fact),
    );
    if (missed.length > 0) result.set(fact.fact, missed);
  }
  return result;
}

/** Facts of a newer view that an older one does not have. */
export function arrivedSince(older: readonly TimelineFact[], newer: readonly TimelineFact[]): TimelineFact[] {
  const had = new Set(older.map((fact) => fact.fact));
  return newer.filter((fact) => !had.has(fact.fact));
}
