/** A second implementation, from the published formats alone, of what the core verifies: same golden bytes, same answers. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode, encode, hex } from './cbor';
import { readCopy, readProof } from './copy';
import { verifyFile } from './verify';

const folder = join(__dirname, '../../../schemas/golden/voucher');
const golden = (name: string) => Uint8Array.from(Buffer.from(readFileSync(join(folder, `${name}.hex`), 'utf8').replaceAll('\n', ''), 'hex'));
const fingerprint = async (bytes: Uint8Array) => (await verifyFile(bytes, '')).fingerprint ?? '';

describe('u_22 the verification page', () => {
  it.each(['copy', 'page', 'copy-template-1'])('passes the golden %s', async (name) => {
    const report = await verifyFile(golden(name), '');
    expect([report.intact, report.signed, report.vouched]).toEqual(['yes', 'yes', 'yes']);
    expect((await verifyFile(golden(name), await fingerprint(golden(name)))).vouched).toBe('yes');
    expect((await verifyFile(golden(name), '00'.repeat(16))).vouched).toEqual({ kind: 'other_fingerprint' });
  });

  it('names every field of the page of which one byte was changed', async () => {
    const page = golden('page');
    const rows = Buffer.from(page).toString('latin1').split('\n');
    let offset = 0;
    const named: string[] = [];
    for (const row of rows) {
      const path = /data-path="([^"]*)"/.exec(row)?.[1];
      if (path !== undefined && path !== 'qr') {
        const at = offset + row.length - (path === 'strokes' ? 20 : 12);
        const changed = page.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        const report = await verifyFile(changed, '');
        if (typeof report.intact === 'object' && report.intact.kind === 'field') {
          expect(report.intact.path, row).toBe(path);
          named.push(path);
        } else {
          expect(report.intact).not.toBe('yes');
        }
      }
      offset += row.length + 1;
    }
    for (const path of ['customer.name', 'total.CNY', 'strokes', 'name', 'code', 'store']) expect(named).toContain(path);
  });

  it('finds every changed byte of the copy', async () => {
    const copy = golden('copy');
    for (let at = 0; at < copy.length; at += 3) {
      const changed = copy.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const { intact, signed, vouched } = await verifyFile(changed, '');
      expect([intact, signed, vouched].every((one) => one === 'yes'), `byte ${at}`).toBe(false);
    }
  }, 120_000);

  it('names a leaf whose value was changed, and the side that was changed in what was signed with it', async () => {
    const bytes = golden('copy');
    const parts = decode(bytes.subarray(3)) as unknown[];
    const proof = readProof(readCopy(bytes).proof);
    for (const leaf of proof.voucher.leaves) {
      const inner = decode(readCopy(bytes).proof) as unknown[];
      const voucher = decode(inner[1] as Uint8Array) as [unknown, unknown, [string, string, unknown, [string, unknown]][]];
      const found = voucher[2].find(([path]) => path === leaf.path);
      if (found !== undefined) found[3][0] += '0';
      inner[1] = encode(voucher as never);
      const forged = [...parts];
      forged[5] = encode(inner as never);
      const report = await verifyFile(Uint8Array.from([0xd9, 0xd9, 0xf7, ...encode(forged as never)]), '');
      expect(report.intact).toEqual({ kind: 'field', path: leaf.path });
      expect(report.signed).toBe('yes');
    }
    const fact = [...(parts[4] as unknown[])];
    fact[4] = '李四';
    const forged = [...parts];
    forged[4] = fact;
    const report = await verifyFile(Uint8Array.from([0xd9, 0xd9, 0xf7, ...encode(forged as never)]), '');
    expect(report.intact).toEqual({ kind: 'field', path: 'name' });
  });

  it('an erased field passes and is listed', async () => {
    const bytes = golden('copy');
    const parts = decode(bytes.subarray(3)) as unknown[];
    parts[5] = golden('proof-erased');
    const report = await verifyFile(Uint8Array.from([0xd9, 0xd9, 0xf7, ...encode(parts as never)]), '');
    expect([report.intact, report.erased]).toEqual(['yes', ['customer.name']]);
  });

  it('writes what it reads', () => {
    const bytes = golden('voucher');
    expect(hex(encode(decode(bytes)))).toBe(hex(bytes));
  });
});
