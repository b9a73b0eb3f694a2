/** The live list of orders. */

import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { holds } from '../api';
import { ageText, dateTime, timeSpan } from '../format';
import type { LiveEvent } from '../live';
import { applyContact, applyOrder, type OrderFilter } from '../logic/order_list';
import { listHash, orderHash } from '../logic/route';
import { SignatureMark, STATE_CODES, StateChip, SyncAge, UrgencyMark } from '../parts/chip';
import { SearchBox } from '../parts/form';
import { Icon } from '../parts/icon';
import { Empty, Failed, Loading } from '../parts/state_of_things';
import { usePage } from '../parts/use_page';
import { technicians } from '../technicians';
import { both, coded, t } from '../text';
import type { OrderRow, Page } from '../types';

const TYPING_MS = 250;

/** The list as it was last filtered: the way back from an order. */
export const lastList = signal('#/orders');

export function Orders({ query }: { query: URLSearchParams }) {
  const filter: OrderFilter = {
    state: query.get('state') ?? '', technician: query.get('technician') ?? '', q: query.get('q') ?? '',
  };
  const [changes, setChanges] = useState<ReadonlyMap<string, number>>(new Map());
  const [announcement, setAnnouncement] = useState('');

  const onEvent = (page: Page<OrderRow>, event: LiveEvent): Page<OrderRow> => {
    if (event.kind === 'technician') return Array.isArray(event.technician.devices) ? applyContact(page, event.technician) : page;
    if (event.kind !== 'order') return page;
    const applied = applyOrder(page, event.row, filter);
    if (applied.effect === 'changed' || applied.effect === 'added') {
      setChanges((known) => new Map(known).set(event.row.id, (known.get(event.row.id) ?? 0) + 1));
      setAnnouncement(t('orders.announce', { serial: event.row.serial, state: both(event.row.state_text) }));
    }
    return applied.page;
  };
  const path = `/api/orders?${new URLSearchParams({ ...filter }).toString()}`;
  const list = usePage<OrderRow>(path, { onEvent });
  useEffect(() => { lastList.value = listHash('orders', { ...filter }); }, [path]);
  const filtered = Object.values(filter).some((value) => value !== '');

  return (
    <section class="view">
      <div class="view-head">
        <h1>{t('nav.orders')}</h1>
        {list.page !== null && <span class="count">{t('orders.count', { shown: list.page.items.length, total: list.page.total })}</span>}
        {holds('clerk', 'dispatcher', 'supervisor') && (
          <a class="button primary push" href="#/orders/new"><Icon name="plus" />{t('new_call.open')}</a>
        )}
      </div>
      <Filters filter={filter} filtered={filtered} />
      <p class="hidden" role="status" aria-live="polite">{announcement}</p>
      <Body list={list} filtered={filtered} changes={changes} />
    </section>
  );
}

function Filters({ filter, filtered }: { filter: OrderFilter; filtered: boolean }) {
  const go = (part: Partial<OrderFilter>) => location.replace(listHash('orders', { ...filter, ...part }));
  const [typed, setTyped] = useState(filter.q);
  const box = useRef<HTMLDivElement>(null);
  const current = useRef(go);
  current.current = go;
  useEffect(() => setTyped(filter.q), [filter.q]);
  useEffect(() => {
    if (typed === filter.q) return;
    const timer = setTimeout(() => current.current({ q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    // The slash key goes to the filter, unless somebody is writing.
    const onKey = (event: KeyboardEvent) => {
      const writing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || writing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.querySelector('input')?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <div class="filters" ref={box} aria-keyshortcuts="/">
      <SearchBox value={typed} onValue={setTyped} label={t('orders.search')} />
      <label class="pick">
        <span>{t('orders.state')}</span>
        <select name="state" value={filter.state} onChange={(event) => go({ state: event.currentTarget.value })}>
          <option value="">{t('filter.all')}</option>
          {STATE_CODES.map((code) => <option key={code} value={code}>{coded('state', code)}</option>)}
        </select>
      </label>
      <label class="pick">
        <span>{t('orders.technician')}</span>
        <select name="technician" value={filter.technician} onChange={(event) => go({ technician: event.currentTarget.value })}>
          <option value="">{t('filter.all')}</option>
          {technicians.value.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
        </select>
      </label>
      {filtered && (
        <button type="button" class="button quiet-button" onClick={() => go({ state: '', technician: '', q: '' })}>
          <Icon name="close" />{t('filter.clear')}
        </button>
      )}
    </div>
  );
}

interface BodyProps {
  list: ReturnType<typeof usePage<OrderRow>>;
  filtered: boolean;
  changes: ReadonlyMap<string, number>;
}

function Body({ list, filtered, changes }: BodyProps) {
  if (list.page === null) return list.error === null ? <Loading /> : <Failed error={list.error} retry={list.reload} />;
  if (list.page.items.length === 0) {
    return (
      <Empty icon="orders" title={t(filtered ? 'orders.none_filtered' : 'orders.none')}>
        {filtered && <a class="button" href="#/orders">{t('filter.clear')}</a>}
      </Empty>
    );
  }
  return (
    <>
      {list.error !== null && <Failed error={list.error} retry={list.reload} />}
      <OrderTable rows={list.page.items} changes={changes} busy={list.loading} />
      {list.page.next !== null && (
        <button type="button" class="button more" disabled={list.loadingMore} onClick={list.loadMore}>
          {list.loadingMore ? t('loading') : t('more', { n: list.page.total - list.page.items.length })}
        </button>
      )}
    </>
  );
}

function OrderTable({ rows, changes, busy }: { rows: OrderRow[]; changes: ReadonlyMap<string, number>; busy: boolean }) {
  return (
    <table class="table orders" aria-busy={busy}>
      <thead>
        <tr>
          <th scope="col">{t('orders.state')}</th>
          <th scope="col">{t('orders.serial')}</th>
          <th scope="col">{t('orders.customer')}</th>
          <th scope="col">{t('orders.problem')}</th>
          <th scope="col">{t('orders.technician')}</th>
          <th scope="col">{t('orders.appointment')}</th>
          <th scope="col">{t('orders.signature')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => <OrderLine key={row.id} row={row} changed={changes.get(row.id) ?? 0} />)}
      </tbody>
    </table>
  );
}

/** The whole row opens the order, unless text in it was being selected. */
function open(id: string, event: MouseEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('a, button') || String(getSelection() ?? '') !== '') return;
  location.hash = orderHash(id);
}

function OrderLine({ row, changed }: { row: OrderRow; changed: number }) {
  // Two names of one animation, so that every further change starts it anew.
  const flash = changed === 0 ? '' : changed % 2 === 1 ? ' flash-odd' : ' flash-even';
  return (
    <tr class={`clickable${flash}`} data-order={row.id} data-serial={row.serial} data-state={row.state} onClick={(event) => open(row.id, event)}>
      <td class="cell-state">
        <StateChip state={row.state} text={row.state_text} />
        {row.open_reviews > 0 && <span class="mark tone-bad"><Icon name="review" />{t('orders.reviews', { n: row.open_reviews })}</span>}
      </td>
      <td class="cell-serial">
        <a class="serial" href={orderHash(row.id)}>{row.serial}</a>
        <span class="quiet" title={dateTime(row.updated_at)}>{ageText(row.updated_at)}</span>
      </td>
      <td class="cell-customer">
        <span class="strong">{row.customer.name}</span>
        <span class="quiet clip" title={row.site.address}>{row.site.address}</span>
      </td>
      <td class="cell-problem">
        <span class="clip two" title={row.problem}>{row.problem}</span>
        <span class="row-marks"><UrgencyMark urgency={row.urgency} /><span class="quiet">{coded('class', row.class)}</span></span>
      </td>
      <td class="cell-technician">{row.technician === null ? <span class="quiet">{t('orders.nobody')}</span> : <TechnicianCell row={row} />}</td>
      <td class="cell-appointment">
        {row.appointment === null ? <span class="quiet">{t('orders.no_appointment')}</span> : (
          <>
            <span class="nowrap">{timeSpan(row.appointment.from, row.appointment.to)}</span>
            <span class="quiet">{t(row.appointment.confirmed ? 'appointment.confirmed' : 'appointment.proposed')}</span>
          </>
        )}
      </td>
      <td class="cell-signature">
        <SignatureMark row={row} />
        {row.signature !== 'unsigned' && <span class="quiet">{coded('coverage', row.coverage)}</span>}
        {row.voucher !== 'not_out' && <span class="quiet">{coded('voucher', row.voucher)}</span>}
      </td>
    </tr>
  );
}

function TechnicianCell({ row }: { row: OrderRow }) {
  if (row.technician === null) return null;
  return (
    <>
      <span>
        <span class="strong">{row.technician.name}</span>
        {row.assignment !== null && <span class="quiet"> · {coded('assignment', row.assignment)}</span>}
      </span>
      <SyncAge at={row.technician.last_sync_at} />
    </>
  );
}
