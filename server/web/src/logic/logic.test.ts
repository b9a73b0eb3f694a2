import { describe, expect, test } from 'vitest';
import catalogue from '../../../../schemas/messages/web.json';
import { fill } from '../text';
import type { TimelineFact } from '../types';
import { age, freshness, span } from './age';
import { listHash, parseRoute } from './route';
import { drawing } from './strokes';
import { arrivedSince, unseenByAuthor } from './unseen';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('age', () => {
  test.each([
    [0, 'now', 0], [59_999, 'now', 0], [MINUTE, 'minutes', 1], [59 * MINUTE, 'minutes', 59], [HOUR, 'hours', 1],
    [47 * HOUR, 'hours', 47], [48 * HOUR, 'days', 2], [-5 * HOUR, 'now', 0],
  ])('%d ms is %s %d', (elapsed, unit, count) => expect(age(1_000_000_000 - elapsed, 1_000_000_000)).toEqual({ unit, count }));

  test('silence grows from fresh to stale, and never is stale', () => {
    expect([10 * MINUTE, HOUR, 8 * HOUR].map((silence) => freshness(0, silence))).toEqual(['fresh', 'ageing', 'stale']);
    expect(freshness(null, 0)).toBe('stale');
  });

  test('a span names its two largest units', () => {
    expect(span(26 * HOUR)).toEqual([{ count: 1, unit: 'd' }, { count: 2, unit: 'h' }]);
    expect(span(-90 * MINUTE)).toEqual([{ count: 1, unit: 'h' }, { count: 30, unit: 'min' }]);
    expect(span(2 * HOUR)).toEqual([{ count: 2, unit: 'h' }]);
  });
});

function fact(name: string, at: number, seen: string[]): TimelineFact {
  const text = { en: name, zh: name };
  return { fact: name, kind: name, kind_text: text, author: { system: 'test' }, time_at: at, claimed_at: at, lo_at: at, received_at: at, void: false, summary: text, seen };
}

describe('what an author had not seen', () => {
  const told = [fact('call', 1, []), fact('assign', 2, ['call']), fact('depart', 3, ['assign']), fact('done', 4, ['depart']), fact('cancel', 5, ['assign'])];
  const missed = (timeline: TimelineFact[]) => [...unseenByAuthor(timeline)].map(([name, facts]) => `${name}: ${facts.map((one) => one.fact).join(' ')}`);

  test('X-04: the canceller did not know of the work', () => expect(missed(told)).toEqual(['cancel: depart done']));
  test('whoever has seen a fact has seen what it had seen', () => expect(missed([...told, fact('close', 6, ['done', 'cancel'])])).toEqual(['cancel: depart done']));
  test('a reference to a fact that is not here is no harm', () => expect(missed([fact('late', 1, ['unknown'])])).toEqual([]));
  test('facts that arrived since', () => expect(arrivedSince(told.slice(0, 3), told).map((one) => one.fact)).toEqual(['done', 'cancel']));
});

describe('addresses', () => {
  test('an order, the new call and a filtered list', () => {
    expect(parseRoute('#/orders/0193-a')).toMatchObject({ view: 'order', id: '0193-a' });
    expect(parseRoute('#/orders/new')).toEqual({ view: 'new_call' });
    expect(parseRoute('')).toMatchObject({ view: 'orders' });
    expect(parseRoute('#/elsewhere')).toEqual({ view: 'unknown' });
  });
  test('a filter survives its address', () => {
    const route = parseRoute(listHash('orders', { state: 'ready', technician: '', q: '平江 & 路' }));
    expect(route.view === 'orders' ? Object.fromEntries(route.query) : null).toEqual({ state: 'ready', q: '平江 & 路' });
  });
});

describe('a drawn signature', () => {
  const point = (x: number, y: number, p = 1) => ({ x, y, t: 0, p });
  test('fills the canvas it was drawn on', () => {
    const drawn = drawing({ strokes: [[point(1, 1), point(50, 40), point(90, 10)]], canvas: { width: 100, height: 50 } });
    expect(drawn?.viewBox).toBe('0 0 100 50');
    expect(drawn?.paths[0]?.d).toMatch(/^M1 1Q.*L90 10$/);
  });
  test('that left its canvas is still shown whole', () => {
    const [left = 0, top = 0, width = 0, height = 0] = (drawing({ strokes: [[point(-20, 5), point(300, 80)]], canvas: { width: 100, height: 50 } })?.viewBox ?? '').split(' ').map(Number);
    expect(left < -20 && top < 5 && left + width > 300 && top + height > 80).toBe(true);
  });
  test('without strokes is none, and a dot is visible', () => {
    expect(drawing({ strokes: [], canvas: null })).toBeNull();
    expect(drawing({ strokes: null, canvas: null })).toBeNull();
    expect(drawing({ strokes: [[point(3, 3)]], canvas: null })?.paths).toHaveLength(1);
  });
});

describe('texts', () => {
  test('both languages have the same placeholders', () => {
    const names = (text: string) => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]);
    for (const [key, { en, zh }] of Object.entries(catalogue)) {
      expect([key, [...new Set(names(zh))].sort()]).toEqual([key, [...new Set(names(en))].sort()]);
    }
  });
  test('no text is empty', () => {
    for (const [key, text] of Object.entries(catalogue)) expect([key, text.en !== '' && text.zh !== '']).toEqual([key, true]);
  });
  test('a word follows its number', () => {
    expect([1, 2].map((n) => fill('{n} {n:fact|facts}', { n }))).toEqual(['1 fact', '2 facts']);
    expect(fill('{unknown}', {})).toBe('{unknown}');
  });
});
