/** The words of the page. All come from the message catalogue; nothing is fetched at run time. */

import { signal } from '@preact/signals';
import attachments from '../../../schemas/messages/attachments.json';
import errors from '../../../schemas/messages/errors.json';
import facts from '../../../schemas/messages/facts.json';
import lifecycle from '../../../schemas/messages/lifecycle.json';
import catalogue from '../../../schemas/messages/web.json';
import type { Both } from './types';

export type Language = 'en' | 'zh';
type Key<K> = K extends `web.${infer Rest}` ? Rest : never;
export type TextKey = Key<keyof typeof catalogue>;
export type Values = Record<string, string | number>;

const REMEMBERED = 'docket.language';

function remembered(): Language | null {
  const value = globalThis.localStorage?.getItem(REMEMBERED);
  return value === 'en' || value === 'zh' ? value : null;
}

function ofBrowser(): Language {
  return globalThis.navigator?.language?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<Language>(remembered() ?? ofBrowser());

/** The person's own choice; it outlives the session. */
export function chooseLanguage(next: Language): void {
  globalThis.localStorage?.setItem(REMEMBERED, next);
  language.value = next;
}

/** What the person's file says; a choice made on this page goes first. */
export function suggestLanguage(tag: string | null): void {
  if (remembered() === null && tag !== null) {
    language.value = tag.toLowerCase().startsWith('zh') ? 'zh' : 'en';
  }
}

/** Puts values into a pattern: `{n}` is the value, `{n:fact|facts}` the word that fits its number. */
export function fill(pattern: string, values: Values): string {
  return pattern.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return one === undefined || many === undefined ? String(value) : value === 1 ? one : many;
  });
}

/** A text of the catalogue in the present language. */
export function t(key: TextKey, values: Values = {}): string {
  return fill(catalogue[`web.${key}`][language.value], values);
}

/** The page's own words go first; states, kinds and refusals have theirs where the server has them. */
const texts: Record<string, Both> = { ...errors, ...attachments, ...facts, ...lifecycle, ...catalogue };

/** A text by family and code, if the catalogue has one. */
export function find(family: string, code: string): string | null {
  const text = texts[`web.${family}.${code}`] ?? texts[`${family}.${code}`];
  return text?.[language.value] ?? null;
}

/** A text whose key carries a code of the server: a code unknown to the catalogue shows itself. */
export function coded(family: string, code: string): string {
  return find(family, code) ?? code.replaceAll('_', ' ');
}

/** A text that the server gave in both languages. */
export function both(text: Both | string | null | undefined): string {
  if (text === null || text === undefined) return '';
  return typeof text === 'string' ? text : text[language.value];
}
