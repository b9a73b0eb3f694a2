/** Deterministic CBOR (RFC 8949 4.2) as far as Docket's formats use it: whatever could be written shorter is refused. */

export type Item = number | bigint | string | Uint8Array | null | boolean | Item[];

export class Unreadable extends Error {}

/** The one item that `bytes` hold. */
export function decode(bytes: Uint8Array): Item {
  const reader = new Reader(bytes);
  const item = reader.item(0);
  if (reader.at !== bytes.length) throw new Unreadable('bytes after the end');
  return item;
}

/** Arrays in arrays that a format has at most. */
const DEPTH_MAX = 16;
const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
  at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  private take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new Unreadable('the end is missing');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info > 27) throw new Unreadable('not deterministic');
    const width = 1 << (info - 24);
    const value = this.take(width).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const least = width === 1 ? 24n : 1n << BigInt(4 * width);
    if (value < least) throw new Unreadable('not deterministic');
    return value;
  }

  item(depth: number): Item {
    if (depth > DEPTH_MAX) throw new Unreadable('nested too deep');
    const first = this.take(1)[0] ?? 0;
    const [major, info] = [first >> 5, first & 31];
    if (major === 7) {
      if (info === 22) return null;
      if (info === 20 || info === 21) return info === 21;
      throw new Unreadable('a value that no format has');
    }
    const argument = this.argument(info);
    const small = argument <= BigInt(Number.MAX_SAFE_INTEGER);
    if (major === 0) return small ? Number(argument) : argument;
    if (major === 1) return small ? -1 - Number(argument) : -1n - argument;
    const length = Number(argument);
    if (major === 2) return this.take(length).slice();
    if (major === 3) {
      const bytes = this.take(length);
      try {
        return strictText.decode(bytes);
      } catch {
        throw new Unreadable('a text is not UTF-8');
      }
    }
    if (major !== 4 || length > this.bytes.length) throw new Unreadable('a value that no format has');
    return Array.from({ length }, () => this.item(depth + 1));
  }
}

/** The bytes of an item. */
export function encode(item: Item): Uint8Array {
  const out: number[] = [];
  write(item, out);
  return Uint8Array.from(out);
}

function head(major: number, value: bigint, out: number[]): void {
  const top = major << 5;
  if (value < 24n) {
    out.push(top | Number(value));
    return;
  }
  const width = value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8;
  out.push(top | (24 + Math.log2(width)));
  for (let shift = width - 1; shift >= 0; shift -= 1) out.push(Number((value >> BigInt(8 * shift)) & 0xffn));
}

function write(item: Item, out: number[]): void {
  if (item === null) out.push(0xf6);
  else if (typeof item === 'boolean') out.push(item ? 0xf5 : 0xf4);
  else if (typeof item === 'number' || typeof item === 'bigint') {
    const value = BigInt(item);
    head(value < 0n ? 1 : 0, value < 0n ? -1n - value : value, out);
  } else if (typeof item === 'string') {
    const bytes = new TextEncoder().encode(item);
    head(3, BigInt(bytes.length), out);
    out.push(...bytes);
  } else if (item instanceof Uint8Array) {
    head(2, BigInt(item.length), out);
    for (const byte of item) out.push(byte);
  } else {
    head(4, BigInt(item.length), out);
    for (const inner of item) write(inner, out);
  }
}

/** Reads an item as an array of so many parts. */
export function list(item: Item | undefined, what: string, least: number, most = least): Item[] {
  if (!Array.isArray(item) || item.length < least || item.length > most) throw new Unreadable(what);
  return item;
}

export function bytesOf(item: Item | undefined, what: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array) || (length !== undefined && item.length !== length)) throw new Unreadable(what);
  return item;
}

export function textOf(item: Item | undefined, what: string): string {
  if (typeof item !== 'string') throw new Unreadable(what);
  return item;
}

export function numberOf(item: Item | undefined, what: string): number {
  if (typeof item !== 'number') throw new Unreadable(what);
  return item;
}

export const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export const same = (one: Uint8Array, other: Uint8Array) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export function joined(...parts: (Uint8Array | string)[]): Uint8Array {
  const bytes = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part));
  const all = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Eight bytes, big endian. */
export function big(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
