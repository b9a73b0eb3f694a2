/** The words of the page. All come from the message catalogue; nothing is fetched at run time. */

import { signal } from '@preact/signals';
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

export function fill(pattern: string, values: Values): string {
  return pattern.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text of the catalogue in the present language. */
export function t(key: TextKey, values: Values = {}): string {
  return fill(catalogue[`web.${key}`][language.value], values);
}

/** A text whose key carries a code of the server: a code unknown to this page shows itself. */
export function coded(family: string, code: string): string {
  const texts = catalogue as Record<string, Both>;
  return texts[`web.${family}.${code}`]?.[language.value] ?? code.replaceAll('_', ' ');
}

/** Whether the catalogue knows a code. */
export function knows(family: string, code: string): boolean {
  return `web.${family}.${code}` in catalogue;
}

/** A text that the server gave in both languages. */
export function both(text: Both | string | null | undefined): string {
  if (text === null || text === undefined) return '';
  return typeof text === 'string' ? text : text[language.value];
}
