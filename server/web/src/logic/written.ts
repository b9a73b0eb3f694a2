/** What people write into fields: amounts, times, and which field a refusal means. Pure. */

import type { Money } from '../types';

/** `12.5` or `12,50` as 1250 hundredths; anything else is `null`. */
export function minorUnits(text: string): number | null {
  const match = /^(\d{1,12})(?:[.,](\d{1,2}))?$/.exec(text.trim());
  if (match === null) return null;
  const [, whole = '0', part = ''] = match;
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

/** An amount as it is written. */
export function writtenAmount(amount: Money): string {
  return (amount.minor / 100).toFixed(2);
}

/** A local date and time as an instant; `null` while it is not whole. */
export function instant(written: string): number | null {
  if (written === '') return null;
  const at = new Date(written).getTime();
  return Number.isNaN(at) ? null : at;
}

const two = (value: number) => String(value).padStart(2, '0');

/** An instant as the browser's field for date and time takes it. */
export function localTime(at: number): string {
  const day = new Date(at);
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}T${two(day.getHours())}:${two(day.getMinutes())}`;
}

/** The form's field that a refusal means: its own name, or the group it lies in. */
export function fieldOfRefusal(refused: string | null, names: readonly string[]): string | null {
  if (refused === null) return null;
  if (names.includes(refused)) return refused;
  return names.find((name) => name.startsWith(`${refused}.`) || refused.startsWith(`${name}.`)
    || name.endsWith(`.${refused}`)) ?? null;
}
