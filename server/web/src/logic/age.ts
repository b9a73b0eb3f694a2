/** How long ago something was, in words with a unit. Pure: the present is an argument. */

export interface Age {
  unit: 'now' | 'minutes' | 'hours' | 'days';
  count: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A clock of another machine may run ahead: the future counts as now. */
export function age(then: number, now: number): Age {
  const elapsed = Math.max(0, now - then);
  if (elapsed < MINUTE) return { unit: 'now', count: 0 };
  if (elapsed < HOUR) return { unit: 'minutes', count: Math.floor(elapsed / MINUTE) };
  if (elapsed < 2 * DAY) return { unit: 'hours', count: Math.floor(elapsed / HOUR) };
  return { unit: 'days', count: Math.floor(elapsed / DAY) };
}

/** How worrying it is that a device has not been heard of for so long. */
export type Freshness = 'fresh' | 'ageing' | 'stale';

/** A working shift without contact is worth a call; an hour is worth a look. */
export function freshness(then: number | null, now: number): Freshness {
  if (then === null || now - then >= 8 * HOUR) return 'stale';
  return now - then >= HOUR ? 'ageing' : 'fresh';
}

/** The two largest units of a span: `1 h 05 min`, `3 d 4 h`. */
export function span(millis: number): { count: number; unit: 'd' | 'h' | 'min' | 's' }[] {
  const whole = Math.abs(millis);
  if (whole >= DAY) return pair(whole, DAY, 'd', HOUR, 'h');
  if (whole >= HOUR) return pair(whole, HOUR, 'h', MINUTE, 'min');
  if (whole >= MINUTE) return [{ count: Math.floor(whole / MINUTE), unit: 'min' }];
  return [{ count: Math.floor(whole / 1000), unit: 's' }];
}

type Unit = 'd' | 'h' | 'min';

function pair(whole: number, large: number, largeUnit: Unit, small: number, smallUnit: Unit) {
  const first = { count: Math.floor(whole / large), unit: largeUnit };
  const rest = Math.floor((whole % large) / small);
  return rest === 0 ? [first] : [first, { count: rest, unit: smallUnit }];
}
