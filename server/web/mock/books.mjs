// The books of the stand-in office: enough of each list to page, to filter and to see a conflict.

import { PEOPLE } from './orders.mjs';

const DAY = 86_400_000;
const named = (key) => ({ id: PEOPLE[key].id, name: PEOPLE[key].name });
const BOTH = {
  serial_conflict: { en: 'One serial number was used twice', zh: '同一序列号被使用两次' },
  cash_overnight: { en: 'Cash was not handed in on its day', zh: '现金未当日上交' },
  core_owed: { en: 'The old part is owed', zh: '旧件未交' },
};

export function firstBooks(orders, now) {
  const order = (index) => ({ id: orders[index].id, serial: orders[index].serial, customer: orders[index].customer.name });
  const goods = (index, more) => ({
    id: `g${index}`, order: order(index % 8), receipt: `D07-${String(31 + index).padStart(4, '0')}`, receipt_state: 'live', goods: '空调主机 KFR-35GW', serial: `SN-${7700 + index}`, pieces: 1,
    condition: '外壳有划痕', taken_at: now - (index + 1) * DAY / 2, taken_by: named('li'), countersigned: true, holders: [named('zhou')], conflict: false, unconfirmed: 0, place: 'bench', stage: 'on_bench',
    received_at: now - index * DAY / 2, due_at: now + (3 - index) * DAY, late: index > 3, returned_at: null, hours_thousandths: 1500, parts: ['主控板'], ...more,
  });
  const custody = Array.from({ length: 60 }, (_, index) => goods(index, index === 1
    ? { conflict: true, holders: [named('li'), named('zhou')], unconfirmed: 1, place: 'van', stage: 'taken', received_at: null, countersigned: false }
    : index > 40 ? { stage: 'returned', holders: [], returned_at: now - DAY, receipt_state: 'void', late: false } : {}));
  const claim = (index, key) => ({ order: order(index), fact: `f${index}`, person: named(key) });
  const findings = [
    { id: 'f1', kind: 'serial_conflict', kind_text: BOTH.serial_conflict, subject: 'SN-9001', person: null, claims: [claim(0, 'li'), claim(1, 'zhou')], at: now - DAY / 3 },
    { id: 'f2', kind: 'cash_overnight', kind_text: BOTH.cash_overnight, subject: 'CNY', person: named('sun'), claims: [claim(2, 'sun')], at: now - DAY },
    { id: 'f3', kind: 'core_owed', kind_text: BOTH.core_owed, subject: 'CMP-35', person: named('li'), claims: [claim(3, 'li')], at: now - 2 * DAY },
  ];
  return {
    custody, findings,
    cash: [
      { id: 'c1', technician: named('sun'), held: { minor: 128_000, currency: 'CNY' }, orders: 3, oldest_at: now - 2 * DAY, due_at: now - DAY, overnight: true },
      { id: 'c2', technician: named('li'), held: { minor: 8_000, currency: 'CNY' }, orders: 1, oldest_at: now - DAY / 8, due_at: now + DAY / 3, overnight: false },
    ],
    moves: [
      { id: 'm1', order: order(2), technician: named('sun'), kind: 'handed_in', amount: { minor: 30_000, currency: 'CNY' }, at: now - DAY / 4, receipt: null, to: named('chen'), confirmed: false },
      { id: 'm2', order: order(2), technician: named('sun'), kind: 'taken', amount: { minor: 30_000, currency: 'CNY' }, at: now - DAY / 2, receipt: 'XJ-0007', to: null, confirmed: true },
    ],
    refunds: [{ id: order(5).id, order: order(5), amounts: [{ minor: 8_000, currency: 'CNY' }], at: now - DAY / 5 }],
    holdings: [
      { id: 'h1', person: named('li'), kind: 'goods', name: '空调主机 KFR-35GW', minor: null, order: order(1), since: now - DAY, conflict: true },
      { id: 'h2', person: named('li'), kind: 'core', name: 'CMP-35', minor: null, order: order(3), since: now - DAY, conflict: false },
      { id: 'h3', person: named('sun'), kind: 'cash', name: 'CNY', minor: 128_000, order: order(2), since: now - 2 * DAY, conflict: false },
    ],
    stock: [
      { id: 's1', keeper: named('li'), code: 'CMP-35', name: '压缩机', unit: 'piece', left_thousandths: -1000, variance_thousandths: 0, counted_at: null, quota: true, disputed: 2 },
      { id: 's2', keeper: named('zhou'), code: 'PIPE-6', name: '铜管', unit: 'm', left_thousandths: 12_500, variance_thousandths: -500, counted_at: now - 5 * DAY, quota: false, disputed: 0 },
    ],
  };
}

/** The rows of a list that a filter shows, as the server filters them. */
export function booksList(office, name, url) {
  const [state, person, q] = ['state', 'person', 'q'].map((key) => url.searchParams.get(key) ?? '');
  const words = q.toLowerCase().split(/\s+/);
  const is = {
    custody: (row) => (state === 'all' ? true : state === 'returned' ? row.returned_at !== null : row.returned_at === null && (state === '' || state === 'open' || row[state])),
    bench: (row) => row.returned_at === null && row.received_at !== null && (state === '' || row.late),
    cash: (row) => state === '' || row[state],
    stock: (row) => state === '' || row.quota && state === 'quota' || row.disputed > 0 && state === 'disputed' || row.variance_thousandths !== 0 && state === 'variance',
    refunds: () => true,
  }[name] ?? ((row) => state === '' || row.kind === state);
  const rows = office.books[name === 'bench' ? 'custody' : name];
  return rows.filter((row) => is(row) && (person === '' || JSON.stringify(row).includes(person)) && words.every((word) => JSON.stringify(row).toLowerCase().includes(word)));
}
