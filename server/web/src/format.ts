/** Numbers, times and names as people read them, in the present language and the browser's zone. */

import { signal } from '@preact/signals';
import { age, span } from './logic/age';
import { coded, language, t } from './text';
import type { Author, Id, Millis, Money, Named } from './types';

/** The present, for everything that ages on screen. */
export const now = signal<Millis>(Date.now());
setInterval(() => { now.value = Date.now(); }, 10_000);

const formats = new Map<string, Intl.DateTimeFormat>();

function formatted(at: Millis, style: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${language.value} ${style}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(language.value === 'zh' ? 'zh-CN' : 'en-GB', { hourCycle: 'h23', ...options });
    formats.set(key, format);
  }
  return format.format(at);
}

/** The year is shown only where it is not the present one. */
function dateOptions(at: Millis): { style: string; options: Intl.DateTimeFormatOptions } {
  const sameYear = new Date(at).getFullYear() === new Date(now.peek()).getFullYear();
  return sameYear
    ? { style: 'date', options: { month: 'short', day: 'numeric' } }
    : { style: 'full date', options: { year: 'numeric', month: 'short', day: 'numeric' } };
}

export function date(at: Millis): string {
  const { style, options } = dateOptions(at);
  return formatted(at, style, options);
}

export function clock(at: Millis): string {
  return formatted(at, 'clock', { hour: '2-digit', minute: '2-digit' });
}

export function dateTime(at: Millis): string {
  return `${date(at)} ${clock(at)}`;
}

/** A span on one day names the day once. */
export function timeSpan(from: Millis, to: Millis): string {
  return date(from) === date(to) ? `${date(from)} ${clock(from)}–${clock(to)}` : `${dateTime(from)} – ${dateTime(to)}`;
}

/** Two bounds of one time; within the same minute they are that minute. */
export function timeBetween(lo: Millis, hi: Millis): string {
  return dateTime(lo) === dateTime(hi) ? dateTime(lo) : timeSpan(lo, hi);
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function ageText(then: Millis): string {
  const { unit, count } = age(then, now.value);
  return t(`age.${unit}`, { n: count });
}

export function spanText(millis: Millis): string {
  return span(millis).map(({ count, unit }) => t(`unit.${unit}`, { n: count })).join(' ');
}

export function money(amount: Money): string {
  const locale = language.value === 'zh' ? 'zh-CN' : 'en-GB';
  try {
    const format = new Intl.NumberFormat(locale, {
      style: 'currency', currency: amount.currency, currencyDisplay: language.value === 'zh' ? 'symbol' : 'code',
    });
    return format.format(amount.minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
  } catch {
    return `${amount.minor} / 100 ${amount.currency}`;
  }
}

/** Thousandths of a unit, without trailing zeros. */
export function quantity(thousandths: number, unit: string): string {
  return `${thousandths / 1000} ${unitText(unit)}`;
}

function unitText(unit: string): string {
  if (unit === 'piece') return t('unit.piece');
  return unit === 'h' ? t('unit.hour') : unit;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

/** The name behind a person, a bare id or a rule of the system. */
export function nameOf(who: Named | Author | Id | null | undefined): string {
  if (who === null || who === undefined) return '–';
  if (typeof who === 'string') return who.slice(0, 8);
  if ('system' in who) return t('author.system', { rule: coded('system', who.system) });
  return who.name ?? who.id.slice(0, 8);
}
