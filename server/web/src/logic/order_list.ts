/** The live list of orders: which rows a filter shows, and what an event does to the list. Pure. */

import type { Millis, OrderRow, Page, Technician } from '../types';

export interface OrderFilter {
  state: string;
  technician: string;
  q: string;
}

/** What an event did to the list. */
export type Effect = 'added' | 'changed' | 'removed' | 'none';

export interface Applied {
  page: Page<OrderRow>;
  effect: Effect;
}

/** Every word of a free text must occur somewhere in the texts, in any case. */
export function textMatches(query: string, texts: readonly (string | null | undefined)[]): boolean {
  const hay = texts.filter(Boolean).join('\n').toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

export function rowMatches(row: OrderRow, filter: OrderFilter): boolean {
  if (filter.state !== '' && row.state !== filter.state) return false;
  if (filter.technician !== '' && row.technician?.id !== filter.technician) return false;
  return textMatches(filter.q, [
    row.serial, row.customer.name, row.site.address, row.problem, row.technician?.name,
  ]);
}

/** Newest call first, then the greater id: the order in which the server pages. */
function comesBefore(one: OrderRow, other: OrderRow): boolean {
  if (one.registered_at !== other.registered_at) return one.registered_at > other.registered_at;
  return one.id > other.id;
}

/**
 * The list after an event. A row outside the filter never enters and leaves when it no longer matches;
 * an event older than the row on screen changes nothing; a row that belongs to a page not yet loaded
 * waits for that page.
 */
export function applyOrder(page: Page<OrderRow>, row: OrderRow, filter: OrderFilter): Applied {
  const index = page.items.findIndex((item) => item.id === row.id);
  const present = page.items[index];
  const matches = rowMatches(row, filter);
  if (present !== undefined) {
    if (row.number < present.number) return { page, effect: 'none' };
    if (!matches) {
      const items = page.items.filter((item) => item.id !== row.id);
      return { page: { ...page, items, total: Math.max(items.length, page.total - 1) }, effect: 'removed' };
    }
    const effect: Effect = row.number === present.number ? 'none' : 'changed';
    return { page: { ...page, items: page.items.with(index, row) }, effect };
  }
  if (!matches) return { page, effect: 'none' };
  const at = page.items.findIndex((item) => comesBefore(row, item));
  if (at === -1 && page.next !== null) return { page, effect: 'none' };
  const items = at === -1 ? [...page.items, row] : page.items.toSpliced(at, 0, row);
  return { page: { ...page, items, total: page.total + 1 }, effect: 'added' };
}

/** A further page behind what is loaded; rows that moved meanwhile are not shown twice. */
export function appendPage<T extends { id: string }>(page: Page<T>, more: Page<T>): Page<T> {
  const known = new Set(page.items.map((item) => item.id));
  const fresh = more.items.filter((item) => !known.has(item.id));
  return { items: [...page.items, ...fresh], next: more.next, total: more.total };
}

/** The latest contact of any device that still counts. */
export function lastSync(technician: Technician): Millis | null {
  const times = technician.devices.filter((device) => !device.revoked).map((device) => device.last_sync_at ?? 0);
  const latest = Math.max(0, ...times);
  return latest === 0 ? null : latest;
}

/** A technician's device made contact: every row of his shows it. */
export function applyContact(page: Page<OrderRow>, technician: Technician): Page<OrderRow> {
  const contact = lastSync(technician);
  const touched = page.items.some((row) => row.technician?.id === technician.id);
  if (!touched || contact === null) return page;
  const items = page.items.map((row) =>
    row.technician?.id === technician.id ? { ...row, technician: { ...row.technician, last_sync_at: contact } } : row,
  );
  return { ...page, items };
}
