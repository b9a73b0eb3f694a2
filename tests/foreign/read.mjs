// Reads documents with the JavaScript implementation of Automerge, and their facts by `schemas/document.md` and
// `schemas/fact.md` alone; nothing of Docket's own code is used. Takes lines of hexadecimal (one document each) and
// prints one line of JSON for each document.
//
// Usage: node read.mjs < documents

import { blake3 } from '@noble/hashes/blake3';
import * as Automerge from '@automerge/automerge';
import { createInterface } from 'node:readline';

const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** CBOR of the small kind that `fact.md` names: definite lengths, no tags, no floats. */
function decode(bytes) {
  let at = 0;
  const argument = (info) => {
    if (info < 24) return BigInt(info);
    const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (width === undefined) throw new Error(`a length of kind ${info}`);
    let value = 0n;
    for (let end = at + width; at < end; at += 1) value = (value << 8n) | BigInt(bytes[at]);
    return value;
  };
  const item = () => {
    const head = bytes[at++];
    if (head === undefined) throw new Error('the bytes end early');
    const major = head >> 5;
    if (major === 7) {
      const simple = { 20: false, 21: true, 22: null }[head & 31];
      if (simple === undefined) throw new Error(`a simple value ${head & 31}`);
      return simple;
    }
    const value = argument(head & 31);
    const length = Number(value);
    if (major === 0) return value;
    if (major === 1) return -1n - value;
    if (major === 2 || major === 3) {
      const part = bytes.subarray(at, (at += length));
      return major === 2 ? part : new TextDecoder('utf-8', { fatal: true }).decode(part);
    }
    if (major === 4) return Array.from({ length }, item);
    if (major === 5) return new Map(Array.from({ length }, () => [item(), item()]));
    throw new Error(`major type ${major}`);
  };
  return {
    item,
    get at() {
      return at;
    },
    set at(place) {
      at = place;
    },
  };
}

/** The value as JSON: byte strings as `h'..'`, numbers in decimal, map entries by key. */
function plain(value) {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return `h'${hex(value)}'`;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, part]) => [String(key), plain(part)]));
  return value;
}

/** A fact is `[statement, content]`; the bytes of the content are kept as they came. */
function readFact(bytes) {
  if (bytes[0] !== 0x82) throw new Error('not an array of two');
  const reader = decode(bytes);
  reader.at = 1;
  const statement = reader.item();
  const content = bytes.subarray(reader.at);
  const [kind, level, seen, head, body] = reader.item();
  if (reader.at !== bytes.length) throw new Error('bytes behind the fact');
  return { statement, content, kind, level, seen, head, body };
}

function encodeHead(major, value) {
  if (value < 24) return [(major << 5) | value];
  if (value < 256) return [(major << 5) | 24, value];
  return [(major << 5) | 25, value >> 8, value & 255];
}

/** CBOR of an author: sixteen bytes, or the code of a rule. */
function authorBytes(author) {
  const bytes = typeof author === 'string' ? new TextEncoder().encode(author) : author;
  return Uint8Array.from([...encodeHead(typeof author === 'string' ? 3 : 2, bytes.length), ...bytes]);
}

const big = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

/** Content digest, as `fact.md` defines it. */
function contentDigest(document, actor, sequence, author, time, content) {
  const parts = [Buffer.from('docket-fact-1'), document, actor, big(sequence), authorBytes(author), big(time), content];
  return hex(blake3(Buffer.concat(parts)));
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The key of a fact: base32 of the actor's first five bytes, then the sequence. */
function keyOf(actor, sequence) {
  let bits = 0n;
  for (const byte of actor.subarray(0, 5)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 35n; shift >= 0n; shift -= 5n) text += BASE32[Number((bits >> shift) & 31n)];
  return `${text}${sequence}`;
}

function readDocument(bytes) {
  const loaded = Automerge.load(bytes);
  const document = loaded.id;
  const [changes, places] = [new Map(), new Map()];
  for (const change of Automerge.getAllChanges(loaded).map((raw) => Automerge.decodeChange(raw))) {
    changes.set(`${change.actor} ${change.seq}`, { time: change.time, operations: change.ops.length });
    const actor = Buffer.from(change.actor, 'hex');
    if (actor.length === 16) places.set(keyOf(actor, change.seq), { actor: change.actor, sequence: change.seq });
  }
  const found = [];
  for (const [key, value] of Object.entries(loaded.facts)) {
    // Two actors with one prefix put their facts under one key: every value of it counts.
    const values = Object.entries(Automerge.getConflicts(loaded.facts, key) ?? {}).map(([operation, other]) => {
      const [counter, actor] = operation.split('@');
      return { actor, sequence: Number(counter) - 2, value: other };
    });
    for (const one of values.length > 0 ? values : [{ ...places.get(key), value }]) {
      found.push({ key, actor: one.actor, sequence: one.sequence, ...readFact(one.value) });
    }
  }
  found.sort((one, other) => (one.actor < other.actor ? -1 : one.actor > other.actor ? 1 : one.sequence - other.sequence));
  const firsts = new Map(found.filter((fact) => fact.sequence === 1).map((fact) => [fact.actor, fact.statement[1]]));
  const facts = found.map((fact) => {
    const { time, operations } = changes.get(`${fact.actor} ${fact.sequence}`);
    if (operations !== 1) throw new Error(`${fact.key} came with ${operations} operations`);
    const actorBytes = Buffer.from(fact.actor, 'hex');
    if (keyOf(actorBytes, fact.sequence) !== fact.key) throw new Error(`${fact.key} is not the key of its place`);
    const [, author = null, restates = null] = fact.statement;
    const who = author ?? firsts.get(fact.actor);
    const [first, sequence] = restates === null ? [actorBytes, fact.sequence] : [restates[0], Number(restates[1])];
    return {
      actor: hex(first),
      sequence,
      time,
      kind: Number(fact.kind),
      level: Number(fact.level),
      author: typeof who === 'string' ? who : hex(who),
      seen: plain(fact.seen),
      head: plain(fact.head),
      body: plain(fact.body),
      digest: contentDigest(document, first, sequence, who, time, fact.content),
    };
  });
  return { id: hex(document), heads: Automerge.getHeads(loaded).toSorted(), facts };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== '') console.log(JSON.stringify(readDocument(Buffer.from(line.trim(), 'hex'))));
}
