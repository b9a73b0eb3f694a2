/** The three questions about a customer's copy (voucher.md, Verification), asked in the browser, with no server. */

import { hex, same, Unreadable } from './cbor';
import {
  coveredDigest, digest, holds, readCertificate, readCopy, readProof, reference, statementBytes, voucherDigest,
  type Certificate, type Copy, type Proof, type Statement,
} from './copy';
import { embedded, firstDifference, isPage } from './page';

export type Problem =
  | { kind: 'unreadable'; error: string }
  | { kind: 'field'; path: string }
  | { kind: 'other_key' | 'not_signed' | 'bad_certificate' | 'other_device' | 'other_store' | 'other_fingerprint' };
export type Answer = 'yes' | 'unknown' | Problem;

export interface Report {
  intact: Answer;
  signed: Answer;
  vouched: Answer;
  fingerprint: string | null;
  compared: boolean;
  erased: string[];
  code: string | null;
  proof: Proof | null;
}

const field = (path: string): Problem => ({ kind: 'field', path });
const unreadable = (error: unknown): Problem => {
  if (error instanceof Unreadable) return { kind: 'unreadable', error: error.message };
  throw error;
};

/** Points of small order (RFC 8032, strict verification): whoever signs with them can make one signature fit anything. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000', '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

async function signedBy(key: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const withoutSign = (point: Uint8Array) => hex(Uint8Array.from(point, (byte, at) => (at === 31 ? byte & 0x7f : byte)));
  if (SMALL_ORDER.has(withoutSign(key)) || SMALL_ORDER.has(withoutSign(signature.subarray(0, 32)))) return false;
  try {
    const imported = await crypto.subtle.importKey('raw', key as BufferSource, { name: 'Ed25519' }, false, ['verify']);
    return await crypto.subtle.verify({ name: 'Ed25519' }, imported, signature as BufferSource, message as BufferSource);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') throw error;
    return false;
  }
}

const keyId = (key: Uint8Array) => digest(key).subarray(0, 8);

export function fingerprintText(fingerprint: Uint8Array): string {
  return (hex(fingerprint).match(/.{4}/g) ?? []).join(' ');
}

/** Base32 (RFC 4648) without padding, in groups of four. */
export function codeText(statement: Statement): string {
  const bits = [...digest(statementBytes(statement))].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  const text = groups.map((group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
  return (text.match(/.{1,4}/g) ?? []).join('-');
}

/** Verifies a copy in either form. `expected` is a fingerprint as people write it, or empty. */
export async function verifyFile(file: Uint8Array, expected: string): Promise<Report> {
  const report: Report = {
    intact: 'unknown', signed: 'unknown', vouched: 'unknown', fingerprint: null, compared: expected.trim() !== '', erased: [], code: null, proof: null,
  };
  let bytes = file;
  let copy: Copy;
  try {
    if (isPage(file)) bytes = embedded(file);
    copy = readCopy(bytes);
  } catch (error) {
    report.intact = unreadable(error);
    return report;
  }
  let certificate: Certificate | null = null;
  try {
    certificate = readCertificate(copy.certificate);
  } catch (error) {
    report.vouched = unreadable(error);
  }
  await askIntactAndSigned(report, copy, certificate);
  if (certificate !== null) {
    const fingerprint = digest(certificate.storeKey).subarray(0, 16);
    report.fingerprint = fingerprintText(fingerprint);
    report.vouched = await doubt(report.proof, copy, certificate, fingerprint, expected.replace(/[\s:-]/g, '').toLowerCase());
  }
  if (isPage(file) && report.intact === 'yes' && report.proof !== null) {
    const path = firstDifference(file, bytes, report.proof);
    if (path !== null) report.intact = field(path);
  }
  return report;
}

async function askIntactAndSigned(report: Report, copy: Copy, certificate: Certificate | null): Promise<void> {
  let proof: Proof;
  try {
    proof = readProof(copy.proof);
  } catch (error) {
    report.intact = unreadable(error);
    return;
  }
  report.proof = proof;
  report.code = codeText(proof.statement);
  report.erased = proof.voucher.leaves.filter((leaf) => leaf.opened === null).map((leaf) => leaf.path);
  const { fact } = copy;
  const byFact: Statement = {
    store: proof.voucher.store, document: copy.document, voucher: fact.voucher, covered: fact.coveredDigest,
    strokes: digest(proof.strokes.bytes), opinion: fact.opinion, name: fact.name, relation: fact.relation,
    language: proof.voucher.language, claimed: copy.claimed, device: copy.device, key: fact.key,
  };
  const holdsBy = async (statement: Statement) =>
    certificate !== null && same(statement.key, keyId(certificate.deviceKey)) && signedBy(certificate.deviceKey, fact.signature, statementBytes(statement));
  // One side may have been changed: whichever the signature is over is the true one.
  const [factHolds, proofHolds] = [await holdsBy(byFact), await holdsBy(proof.statement)];
  if (certificate !== null) {
    const other = !same(fact.key, keyId(certificate.deviceKey));
    report.signed = factHolds || proofHolds ? 'yes' : { kind: other ? 'other_key' : 'not_signed' };
  }
  const truth = factHolds && !proofHolds ? byFact : proof.statement;
  const named = differing(copy, proof, byFact, truth)
    ?? (same(digest(copy.proof), fact.proof) || report.erased.length > 0 ? null : 'proof');
  report.intact = named === null ? 'yes' : field(named);
}

/** The first part of voucher or statement that is not as in `truth`. */
function differing(copy: Copy, { voucher, statement }: Proof, byFact: Statement, truth: Statement): string | null {
  if (!same(voucher.document, truth.document)) return 'document';
  if (!same(voucher.store, truth.store)) return 'store';
  if (voucher.language !== truth.language) return 'language';
  if (!same(voucher.headerDigest, voucher.headerCommitment)) return 'header';
  const broken = voucher.leaves.find((leaf) => !holds(leaf));
  if (broken !== undefined) return broken.path;
  const references = voucher.covered.map(reference);
  const sameReferences = references.length === copy.fact.covered.length && references.every((one, at) => same(one, copy.fact.covered[at] as Uint8Array));
  if (!same(coveredDigest(voucher.covered), truth.covered) || !sameReferences) return 'covered';
  const parts: [string, boolean][] = [
    ['document', same(statement.document, byFact.document)], ['store', same(statement.store, byFact.store)],
    ['language', statement.language === byFact.language], ['covered', same(statement.covered, byFact.covered)],
    ['strokes', same(statement.strokes, byFact.strokes)], ['opinion.grade', statement.opinion.grade === byFact.opinion.grade],
    ['opinion.text', statement.opinion.text === byFact.opinion.text], ['name', statement.name === byFact.name],
    ['relation', statement.relation === byFact.relation], ['claimed', statement.claimed === byFact.claimed],
    ['device', same(statement.device, byFact.device)], ['key', same(statement.key, byFact.key)],
    ['voucher', same(statement.voucher, byFact.voucher)],
  ];
  return parts.find(([, agrees]) => !agrees)?.[0] ?? (same(voucherDigest(voucher), truth.voucher) ? null : 'voucher');
}

async function doubt(proof: Proof | null, copy: Copy, certificate: Certificate, fingerprint: Uint8Array, expected: string): Promise<Answer> {
  if (!(await signedBy(certificate.storeKey, certificate.signature, certificate.signed))) return { kind: 'bad_certificate' };
  if (!same(certificate.device, copy.device)) return { kind: 'other_device' };
  if (expected !== '' && expected !== hex(fingerprint)) return { kind: 'other_fingerprint' };
  const other = proof !== null && !(same(proof.voucher.store, certificate.store) && same(proof.voucher.fingerprint, fingerprint));
  return other ? { kind: 'other_store' } : 'yes';
}
