/** What is filled in into a form that the server gave, and the body it becomes. Pure; the server decides. */

import type { FieldContent, FormField, Money } from '../types';
import { instant, localTime, minorUnits, writtenAmount } from './written';

/** Texts as they stand in the inputs; an amount is a group of `amount` and `currency`. */
export type Filled = string | boolean | Filled[] | { [name: string]: Filled };
export type Group = Record<string, Filled>;

const HOME = 'CNY';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a field begins with: what follows from the order, or nothing. */
export function startOf(content: FieldContent, known?: unknown): Filled {
  switch (content.type) {
    case 'flag':
      return known === true;
    case 'group': {
      const values = isObject(known) ? known : {};
      return Object.fromEntries(content.fields.map((field) => [field.name, startOf(field, values[field.name])]));
    }
    case 'list':
      return (Array.isArray(known) ? known : []).map((one) => startOf(content.item, one));
    case 'amount': {
      const amount = isObject(known) ? known as unknown as Money : null;
      return { amount: amount === null ? '' : writtenAmount(amount), currency: amount?.currency ?? HOME };
    }
    case 'time':
      return typeof known === 'number' ? localTime(known) : '';
    case 'thousandths':
      return typeof known === 'number' ? String(known / 1000) : '';
    default:
      return known === undefined || known === null ? '' : String(known);
  }
}

export function startValues(fields: readonly FormField[], known: Record<string, unknown>): Group {
  return Object.fromEntries(fields.map((field) => [field.name, startOf(field, known[field.name])]));
}

/** What is sent for one field; `undefined` where nothing was filled in. */
export function sentOf(content: FieldContent, filled: Filled | undefined): unknown {
  switch (content.type) {
    case 'made':
      return undefined;
    case 'flag':
      return filled === true ? true : undefined;
    case 'group': {
      const body = bodyOf(content.fields, isObject(filled) ? filled as Group : {});
      return Object.keys(body).length === 0 ? undefined : body;
    }
    case 'list': {
      const items = (Array.isArray(filled) ? filled : []).map((one) => sentOf(content.item, one)).filter((one) => one !== undefined);
      return items.length === 0 ? undefined : items;
    }
    case 'amount': {
      const { amount, currency } = isObject(filled) ? filled : {};
      const written = String(amount ?? '').trim();
      if (written === '') return undefined;
      const minor = minorUnits(written);
      // What is no amount is sent as it is written: the server names the field.
      return minor === null ? written : { minor, currency: String(currency ?? HOME).trim().toUpperCase() };
    }
    case 'time':
      return instant(String(filled ?? '')) ?? undefined;
    default: {
      const text = String(filled ?? '').trim();
      return text === '' ? undefined : text;
    }
  }
}

export function bodyOf(fields: readonly FormField[], filled: Group): Record<string, unknown> {
  const sent = fields.map((field) => [field.name, sentOf(field, filled[field.name])] as const);
  return Object.fromEntries(sent.filter(([, value]) => value !== undefined));
}

/** The paths of all inputs that are on the page, for finding the one that a refusal means. */
export function pathsOf(fields: readonly FormField[], filled: Group, prefix = ''): string[] {
  return fields.flatMap((field) => inputsOf(field, filled[field.name], `${prefix}${field.name}`));
}

function inputsOf(content: FieldContent, filled: Filled | undefined, path: string): string[] {
  switch (content.type) {
    case 'made':
      return [];
    case 'group':
      return [path, ...pathsOf(content.fields, isObject(filled) ? filled as Group : {}, `${path}.`)];
    case 'list':
      return [path, ...(Array.isArray(filled) ? filled : []).flatMap((one, index) => inputsOf(content.item, one, `${path}.${index}`))];
    default:
      return [path];
  }
}

/** The longest path on the page that leads to the field that was refused. */
export function pathOfRefusal(refused: string | null, paths: readonly string[]): string | null {
  if (refused === null) return null;
  const above = paths.filter((path) => path === refused || refused.startsWith(`${path}.`));
  return above.reduce<string | null>((best, path) => (best === null || path.length > best.length ? path : best), null);
}
