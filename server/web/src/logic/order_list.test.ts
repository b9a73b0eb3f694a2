import { describe, expect, test } from 'vitest';
import type { OrderRow, Page, Technician } from '../types';
import { appendPage, applyContact, applyOrder, rowMatches, textMatches, type OrderFilter } from './order_list';

const NO_FILTER: OrderFilter = { state: '', technician: '', q: '' };

function row(id: string, part: Partial<OrderRow> = {}): OrderRow {
  return {
    id, serial: `S-${id}`, state: 'ready', state_text: { en: 'Ready', zh: '待派工' }, class: 'free', urgency: 'normal',
    customer: { id: 'c', name: '王德发' }, site: { id: 's', address: '平江路 66 号' }, problem: 'No hot water',
    technician: null, assignment: null, appointment: null, signature: 'unsigned', coverage: 'none', voucher: 'not_out',
    open_reviews: 0, registered_at: 100, updated_at: 100, number: 1, ...part,
  };
}

const page = (items: OrderRow[], next: string | null = null): Page<OrderRow> => ({ items, next, total: items.length });
const ids = (list: Page<OrderRow>) => list.items.map((item) => item.id).join(' ');

describe('the filter', () => {
  test('every word must occur, in any field and case', () => {
    expect(rowMatches(row('1'), { ...NO_FILTER, q: 'HOT 平江路' })).toBe(true);
    expect(rowMatches(row('1'), { ...NO_FILTER, q: 'hot 中山路' })).toBe(false);
  });
  test('state and technician must both fit', () => {
    const mine = row('1', { technician: { id: 't1', name: '李伟', last_sync_at: null } });
    expect(rowMatches(mine, { state: 'ready', technician: 't1', q: '' })).toBe(true);
    expect(rowMatches(mine, { state: 'ready', technician: 't2', q: '' })).toBe(false);
    expect(rowMatches(mine, { state: 'closed', technician: 't1', q: '' })).toBe(false);
  });
  test('absent texts match nothing but the empty query', () => {
    expect(textMatches('', [null, undefined])).toBe(true);
    expect(textMatches('null', [null, undefined])).toBe(false);
  });
});

describe('an event', () => {
  test('changes the row that is on screen', () => {
    const { page: after, effect } = applyOrder(page([row('1'), row('2')]), row('2', { number: 2, state: 'closed' }), NO_FILTER);
    expect([effect, after.items[1]?.state]).toEqual(['changed', 'closed']);
  });
  test('that is older than the row changes nothing', () => {
    const before = page([row('1', { number: 5, state: 'closed' })]);
    expect(applyOrder(before, row('1', { number: 4 }), NO_FILTER)).toEqual({ page: before, effect: 'none' });
  });
  test('outside the filter does not appear, and leaves when it no longer fits', () => {
    const filter = { ...NO_FILTER, state: 'ready' };
    const before = page([row('1')]);
    expect(applyOrder(before, row('2', { state: 'closed' }), filter).effect).toBe('none');
    const left = applyOrder(before, row('1', { number: 2, state: 'closed' }), filter);
    expect([left.effect, left.page.items.length, left.page.total]).toEqual(['removed', 0, 0]);
  });
  test('of a new order takes its place by time of registration', () => {
    const before = page([row('9', { registered_at: 300 }), row('3', { registered_at: 100 })]);
    expect(ids(applyOrder(before, row('5', { registered_at: 200 }), NO_FILTER).page)).toBe('9 5 3');
  });
  test('that belongs to a page not loaded yet waits for it', () => {
    const before = page([row('9', { registered_at: 300 })], 'cursor');
    expect(applyOrder(before, row('1', { registered_at: 10 }), NO_FILTER).effect).toBe('none');
    expect(applyOrder({ ...before, next: null }, row('1', { registered_at: 10 }), NO_FILTER).effect).toBe('added');
  });
});

test('a further page does not repeat rows', () => {
  const joined = appendPage(page([row('1'), row('2')], 'a'), { items: [row('2'), row('3')], next: null, total: 3 });
  expect([ids(joined), joined.next, joined.total]).toEqual(['1 2 3', null, 3]);
});

test('a contact shows on every row of the technician and only there; a revoked device does not count', () => {
  const device = (at: number | null, revoked: boolean) => ({ id: 'd', last_sync_at: at, pending: 0, pending_oldest_at: null, revoked });
  const li: Technician = { id: 't1', name: '李伟', skills: [], active: true, devices: [device(500, false), device(900, true)] };
  const before = page([row('1', { technician: { id: 't1', name: '李伟', last_sync_at: 100 } }), row('2', { technician: { id: 't2', name: '周', last_sync_at: 1 } })]);
  expect(applyContact(before, li).items.map((item) => item.technician?.last_sync_at)).toEqual([500, 1]);
});
