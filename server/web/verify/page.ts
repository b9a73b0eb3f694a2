/** The page form of a copy (copy-page.md): what it must show, made again from the bytes in it, and held against what it shows. */

import style from '../../../sync-core/src/voucher/page.css?raw';
import messages from '../../../schemas/messages/voucher.json';
import { hex, Unreadable } from './cbor';
import { voucherDigest, type Proof, type Strokes } from './copy';
import { codeText, fingerprintText } from './verify';

export type Language = 'en' | 'zh';

const BEGIN = '<!DOCTYPE html>\n';
const OPEN = '<script type="text/plain" id="docket-copy">\n';
const CLOSE = '</script>\n';
const PAGE_BYTES_MAX = 6 * 112 * 1024;
const catalogue = messages as Record<string, Record<Language, string>>;

export const text = (key: string, language: Language) => catalogue[key]?.[language] ?? key;
export const label = (of: string, language: Language) => catalogue[`voucher.label.${of}`]?.[language] ?? of;

const decoded = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

export function isPage(file: Uint8Array): boolean {
  return BEGIN.split('').every((char, at) => file[at] === char.charCodeAt(0));
}

/** The bytes of the copy in a page. */
export function embedded(file: Uint8Array): Uint8Array {
  if (file.length > PAGE_BYTES_MAX) throw new Unreadable('too large to be a signed copy');
  let page: string;
  try {
    page = decoded(file);
  } catch {
    throw new Unreadable('the page is not UTF-8');
  }
  const from = page.indexOf(OPEN);
  const to = page.indexOf(CLOSE, from);
  if (from < 0 || to < 0) throw new Unreadable('the bytes of the copy are not in it');
  const encoded = page.slice(from + OPEN.length, to).replaceAll('\n', '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) throw new Unreadable('the bytes of the copy are damaged');
  try {
    return Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  } catch {
    throw new Unreadable('the bytes of the copy are damaged');
  }
}

/** The path of the field that shows something else than what was signed; `page` outside of every field. */
export function firstDifference(file: Uint8Array, bytes: Uint8Array, proof: Proof): string | null {
  const rows = decoded(file).split('\n');
  const made = pageRows(bytes, proof);
  for (const [at, row] of made.entries()) {
    const found = rows[at];
    // The picture of the code is scanned and compared as text: it is not drawn again here.
    const agrees = row === QR ? found !== undefined && QR_ROW.test(found) : row === found;
    if (!agrees) return row === QR ? 'qr' : (/data-path="([^"]*)"/.exec(row)?.[1] ?? 'page');
  }
  return rows.length === made.length ? null : 'page';
}

const QR = '\0qr';
const QR_ROW = /^<svg data-path="qr" class="qr" viewBox="0 0 (\d+) \1" shape-rendering="crispEdges"><path d="(M\d+ \d+h1v1h-1z)+"\/><\/svg>$/;

const escaped = (value: string) => value.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? '&#39;');

/** Control characters and those that turn the direction of writing are shown as missing. */
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;
export const shown = (value: string) => value.replace(HIDDEN, '\ufffd');
const line = (value: string) => escaped(shown(value)).replaceAll('\n', '<br>');
const row = (path: string, of: string, value: string) => `<tr data-path="${line(path)}"><th>${line(of)}</th><td>${line(value)}</td></tr>`;

export const GRADES = ['no_opinion', 'satisfied', 'acceptable', 'dissatisfied'] as const;

export function uuid(bytes: Uint8Array): string {
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function strokePath({ strokes }: Strokes): string {
  return strokes.flatMap((stroke) => stroke.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`)).join('');
}

/** Path, label and value of everything that was signed beside the voucher's fields. */
export function signedRows({ statement }: Proof, language: Language): [string, string, string][] {
  const rows: [string, string, string][] = [
    ['name', 'signed_by', statement.name],
    ['relation', 'relation', statement.relation],
    ['opinion.grade', 'opinion', text(`voucher.value.${GRADES[statement.opinion.grade] ?? ''}`, language)],
  ];
  if (statement.opinion.text !== null) rows.push(['opinion.text', 'opinion', statement.opinion.text]);
  rows.push(['claimed', 'signed_at', new Date(statement.claimed).toISOString()], ['device', 'device', hex(statement.device)]);
  return rows.map(([path, of, value]) => [path, label(of, language), value]);
}

function pageRows(bytes: Uint8Array, proof: Proof): string[] {
  const { voucher, strokes, statement } = proof;
  const { language } = voucher;
  const serial = voucher.leaves.find((leaf) => leaf.path === 'order.serial')?.opened?.value ?? uuid(voucher.document);
  const title = `${escaped(text('voucher.title', language))} ${line(serial)}`;
  const fields = voucher.leaves.map(({ path, label: of, opened }) => row(path, label(of, language), opened?.value ?? text('voucher.value.erased', language)));
  const about: [string, string, string][] = [
    ['document', 'document', uuid(voucher.document)],
    ['header', 'template', `${voucher.template} ${voucher.templateVersion}`],
    ['store', 'fingerprint', fingerprintText(voucher.fingerprint)],
    ['voucher', 'digest', hex(voucherDigest(voucher))],
    ['code', 'code', codeText(statement)],
  ];
  const base64 = btoa([...bytes].map((byte) => String.fromCharCode(byte)).join('')).match(/.{1,76}/g) ?? [];
  return [
    '<!DOCTYPE html>', `<html lang="${language}">`, '<head>', '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">', '<meta name="generator" content="docket-page-1">',
    `<title>${title}</title>`, '<style>', ...style.trimEnd().split('\n'), '</style>', '</head>', '<body>', '<main>', `<h1>${title}</h1>`,
    '<table>', ...fields, '</table>',
    `<h2>${escaped(text('voucher.page.signature', language))}</h2>`,
    `<svg data-path="strokes" class="drawn" viewBox="0 0 ${strokes.width * 4} ${strokes.height * 4}"><path d="${strokePath(strokes)}"/></svg>`,
    '<table>', ...signedRows(proof, language).map(([path, of, value]) => row(path, of, value)), '</table>',
    `<h2>${escaped(text('voucher.page.verification', language))}</h2>`, `<p>${escaped(text('voucher.page.how', language))}</p>`,
    '<table>', ...about.map(([path, of, value]) => row(path, label(of, language), value)), '</table>',
    QR, '</main>', OPEN.trimEnd(), ...base64, CLOSE.trimEnd(), '</body>', '</html>', '',
  ];
}
