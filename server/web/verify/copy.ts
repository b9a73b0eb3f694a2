/** The parts of a customer's copy, read as the published formats say (voucher.md, certificate.md). */

import { blake3 } from '@noble/hashes/blake3.js';
import { big, bytesOf, decode, encode, joined, list, numberOf, same, textOf, Unreadable, type Item } from './cbor';

const PROOF_BYTES_MAX = 32 * 1024;
const CERTIFICATE_BYTES_MAX = 16 * 1024;
const COPY_BYTES_MAX = PROOF_BYTES_MAX + 64 * 1024 + CERTIFICATE_BYTES_MAX;
const MAGIC = Uint8Array.of(0xd9, 0xd9, 0xf7);

export const digest = (...parts: (Uint8Array | string)[]) => blake3(joined(...parts));

export interface Leaf {
  path: string;
  label: string;
  commitment: Uint8Array;
  opened: { value: string; salt: Uint8Array } | null;
}

export interface Covered {
  actor: Uint8Array;
  sequence: number | bigint;
  content: Uint8Array;
}

export interface Voucher {
  template: string;
  templateVersion: number;
  language: 'en' | 'zh';
  store: Uint8Array;
  fingerprint: Uint8Array;
  document: Uint8Array;
  headerDigest: Uint8Array;
  headerCommitment: Uint8Array;
  leaves: Leaf[];
  covered: Covered[];
}

export interface Opinion {
  grade: number;
  text: string | null;
}

/** What the device key signs. */
export interface Statement {
  store: Uint8Array;
  document: Uint8Array;
  voucher: Uint8Array;
  covered: Uint8Array;
  strokes: Uint8Array;
  opinion: Opinion;
  name: string;
  relation: string;
  language: 'en' | 'zh';
  claimed: number;
  device: Uint8Array;
  key: Uint8Array;
}

export interface Point {
  x: number;
  y: number;
}

export interface Strokes {
  width: number;
  height: number;
  strokes: Point[][];
  bytes: Uint8Array;
}

export interface Proof {
  voucher: Voucher;
  strokes: Strokes;
  statement: Statement;
  bytes: Uint8Array;
}

export interface Certificate {
  store: Uint8Array;
  device: Uint8Array;
  deviceKey: Uint8Array;
  storeKey: Uint8Array;
  signed: Uint8Array;
  signature: Uint8Array;
}

export interface Copy {
  document: Uint8Array;
  claimed: number;
  device: Uint8Array;
  fact: {
    voucher: Uint8Array;
    covered: Uint8Array[];
    coveredDigest: Uint8Array;
    opinion: Opinion;
    name: string;
    relation: string;
    proof: Uint8Array;
    key: Uint8Array;
    signature: Uint8Array;
  };
  proof: Uint8Array;
  certificate: Uint8Array;
}

function language(item: Item | undefined): 'en' | 'zh' {
  if (item === 0) return 'en';
  if (item === 1) return 'zh';
  throw new Unreadable('a language that this page does not know');
}

function opinion(item: Item | undefined): Opinion {
  const parts = list(item, 'opinion', 1, 2);
  const grade = numberOf(parts[0], 'opinion');
  if (grade < 0 || grade > 3) throw new Unreadable('opinion');
  return { grade, text: parts.length === 2 ? textOf(parts[1], 'opinion') : null };
}

const optional = (text: string | null): Item[] => (text === null ? [] : [text]);

export function readCopy(bytes: Uint8Array): Copy {
  if (bytes.length > COPY_BYTES_MAX) throw new Unreadable('too large to be a signed copy');
  if (!same(bytes.subarray(0, 3), MAGIC)) throw new Unreadable('does not begin as a signed copy');
  const parts = list(decode(bytes.subarray(3)), "customer's copy", 7);
  if (parts[0] !== 'docket-copy-1') throw new Unreadable('not of the format docket-copy-1');
  const fact = list(parts[4], 'sign fact', 9);
  return {
    document: bytesOf(parts[1], 'order', 16),
    claimed: numberOf(parts[2], 'claimed time'),
    device: bytesOf(parts[3], 'device', 16),
    fact: {
      voucher: bytesOf(fact[0], 'sign fact', 32),
      covered: list(fact[1], 'sign fact', 0, 1e6).map((item) => bytesOf(item, 'sign fact')),
      coveredDigest: bytesOf(fact[2], 'sign fact', 32),
      opinion: opinion(fact[3]),
      name: textOf(fact[4], 'sign fact'),
      relation: textOf(fact[5], 'sign fact'),
      proof: bytesOf(fact[6], 'sign fact', 32),
      key: bytesOf(fact[7], 'sign fact', 8),
      signature: bytesOf(fact[8], 'sign fact', 64),
    },
    proof: bytesOf(parts[5], 'proof'),
    certificate: bytesOf(parts[6], 'certificate'),
  };
}

export function readProof(bytes: Uint8Array): Proof {
  if (bytes.length > PROOF_BYTES_MAX) throw new Unreadable('the proof is too large');
  const parts = list(decode(bytes), 'proof', 4);
  if (parts[0] !== 'docket-proof-1') throw new Unreadable('not of the format docket-proof-1');
  return {
    voucher: readVoucher(bytesOf(parts[1], 'proof')),
    strokes: readStrokes(bytesOf(parts[2], 'proof')),
    statement: readStatement(bytesOf(parts[3], 'proof')),
    bytes,
  };
}

function readVoucher(bytes: Uint8Array): Voucher {
  const parts = list(decode(bytes), 'voucher', 4);
  const header = list(parts[0], 'voucher', 8);
  if (header[0] !== 'docket-voucher-1') throw new Unreadable('not of the format docket-voucher-1');
  const covered: Covered[] = [];
  let last = '';
  for (const group of list(parts[3], 'voucher', 0, 1e6)) {
    const [actor, facts] = list(group, 'voucher', 2);
    const rows = list(facts, 'voucher', 0, 1e6);
    const name = [...bytesOf(actor, 'voucher', 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (rows.length === 0 || name <= last) throw new Unreadable('covered facts are out of order');
    last = name;
    for (const row of rows) {
      const [sequence, content] = list(row, 'voucher', 2);
      if (typeof sequence !== 'number' && typeof sequence !== 'bigint') throw new Unreadable('voucher');
      const before = covered[covered.length - 1];
      if (before !== undefined && same(before.actor, actor as Uint8Array) && before.sequence > sequence) throw new Unreadable('covered facts are out of order');
      covered.push({ actor: actor as Uint8Array, sequence, content: bytesOf(content, 'voucher', 32) });
    }
  }
  return {
    template: textOf(header[1], 'voucher'),
    templateVersion: numberOf(header[2], 'voucher'),
    language: language(header[4]),
    store: bytesOf(header[5], 'voucher', 16),
    fingerprint: bytesOf(header[6], 'voucher', 16),
    document: bytesOf(header[7], 'voucher', 16),
    headerDigest: digest(encode(header)),
    headerCommitment: bytesOf(parts[1], 'voucher', 32),
    leaves: list(parts[2], 'voucher', 0, 1e6).map(readLeaf),
    covered,
  };
}

function readLeaf(item: Item): Leaf {
  const parts = list(item, 'voucher', 3, 4);
  const opened = parts.length === 4 ? list(parts[3], 'voucher', 2) : null;
  return {
    path: textOf(parts[0], 'voucher'),
    label: textOf(parts[1], 'voucher'),
    commitment: bytesOf(parts[2], 'voucher', 32),
    opened: opened === null ? null : { value: textOf(opened[0], 'voucher'), salt: bytesOf(opened[1], 'voucher', 16) },
  };
}

/** Whether value, salt, label and path are those of the commitment; an erased leaf holds. */
export function holds({ path, label, commitment, opened }: Leaf): boolean {
  return opened === null || same(digest(encode(['docket-leaf-1', opened.salt, path, label, opened.value])), commitment);
}

export function coveredDigest(covered: readonly Covered[]): Uint8Array {
  return digest('docket-covered-1', ...covered.flatMap(({ actor, sequence, content }) => [actor, big(sequence), content]));
}

export function voucherDigest(voucher: Voucher): Uint8Array {
  const commitments = voucher.leaves.map((leaf) => leaf.commitment);
  return digest('docket-voucher-digest-1', voucher.headerCommitment, big(commitments.length), ...commitments, coveredDigest(voucher.covered));
}

/** References as the sign fact holds them: five bytes of the actor, the sequence in as few bytes as it needs. */
export function reference({ actor, sequence }: Covered): Uint8Array {
  const bytes = big(sequence);
  const skip = Math.min(bytes.findIndex((byte) => byte !== 0) === -1 ? 7 : bytes.findIndex((byte) => byte !== 0), 7);
  return joined(actor.subarray(0, 5), bytes.subarray(skip));
}

function readStatement(bytes: Uint8Array): Statement {
  const parts = list(decode(bytes), 'signed statement', 13);
  if (parts[0] !== 'docket-sign-1') throw new Unreadable('not of the format docket-sign-1');
  const what = 'signed statement';
  return {
    store: bytesOf(parts[1], what, 16),
    document: bytesOf(parts[2], what, 16),
    voucher: bytesOf(parts[3], what, 32),
    covered: bytesOf(parts[4], what, 32),
    strokes: bytesOf(parts[5], what, 32),
    opinion: opinion(parts[6]),
    name: textOf(parts[7], what),
    relation: textOf(parts[8], what),
    language: language(parts[9]),
    claimed: numberOf(parts[10], what),
    device: bytesOf(parts[11], what, 16),
    key: bytesOf(parts[12], what, 8),
  };
}

/** The bytes that the device key signed. */
export function statementBytes(one: Statement): Uint8Array {
  return encode([
    'docket-sign-1', one.store, one.document, one.voucher, one.covered, one.strokes, [one.opinion.grade, ...optional(one.opinion.text)],
    one.name, one.relation, one.language === 'en' ? 0 : 1, one.claimed, one.device, one.key,
  ]);
}

function readStrokes(bytes: Uint8Array): Strokes {
  const parts = list(decode(bytes), 'strokes', 4);
  if (parts[0] !== 'docket-strokes-1') throw new Unreadable('not of the format docket-strokes-1');
  const before = [0, 0, 0, 0];
  const strokes = list(parts[3], 'strokes', 0, 1e6).map((item) => readStroke(bytesOf(item, 'strokes'), before));
  return { width: numberOf(parts[1], 'strokes'), height: numberOf(parts[2], 'strokes'), strokes, bytes };
}

/** Differences, zigzag coded, seven bits a byte, low bits first, in as few bytes as each needs. */
function readStroke(bytes: Uint8Array, before: number[]): Point[] {
  const points: Point[] = [];
  let at = 0;
  const difference = (): number => {
    for (let shift = 0, sum = 0; shift < 35; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) break;
      at += 1;
      sum += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) break;
        return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
      }
    }
    throw new Unreadable('a point is damaged');
  };
  while (at < bytes.length) {
    for (let part = 0; part < 4; part += 1) before[part] = (before[part] ?? 0) + difference();
    points.push({ x: before[0] ?? 0, y: before[1] ?? 0 });
  }
  return points;
}

export function readCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > CERTIFICATE_BYTES_MAX || bytes.length < 64) throw new Unreadable('certificate');
  const signed = bytes.subarray(0, bytes.length - 64);
  const parts = list(decode(signed), 'certificate', 9);
  if (parts[0] !== 'docket-certificate-1') throw new Unreadable('not of the format docket-certificate-1');
  return {
    store: bytesOf(parts[1], 'certificate', 16),
    device: bytesOf(parts[3], 'certificate', 16),
    deviceKey: bytesOf(parts[4], 'certificate', 32),
    storeKey: bytesOf(parts[7], 'certificate', 32),
    signed,
    signature: bytes.subarray(bytes.length - 64),
  };
}
