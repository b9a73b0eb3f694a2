/** Customers to call back after the work: due, overdue, and what they said. */

import { useState } from 'preact/hooks';
import { ApiError, call, errorText, holds } from '../api';
import { dateTime, nameOf, now, spanText } from '../format';
import { listHash, orderHash } from '../logic/route';
import { textMatches } from '../logic/order_list';
import { Chip, type Tone } from '../parts/chip';
import { Dialog } from '../parts/dialog';
import { LongField, Problem, RadioField, SearchBox } from '../parts/form';
import { Icon, type IconName } from '../parts/icon';
import { Empty, Failed, Loading, say } from '../parts/state_of_things';
import { usePage } from '../parts/use_page';
import { coded, t } from '../text';
import type { Callback, Page } from '../types';

const STATES = ['due', 'done', 'all'] as const;
type State = (typeof STATES)[number];
const OUTCOMES = ['ok', 'redo', 'refill', 'complaint', 'no_answer'];

/** The list after one item changed: it enters and leaves with the filter. */
export function applyCallback(page: Page<Callback>, item: Callback, state: State): Page<Callback> {
  const shows = state === 'all' || (item.outcome === null) === (state === 'due');
  const known = page.items.some((present) => present.id === item.id);
  if (known && shows) return { ...page, items: page.items.map((present) => (present.id === item.id ? item : present)) };
  if (known) return { ...page, items: page.items.filter((present) => present.id !== item.id), total: page.total - 1 };
  if (!shows) return page;
  const at = page.items.findIndex((present) => present.due_at > item.due_at);
  const items = at === -1 ? [...page.items, item] : page.items.toSpliced(at, 0, item);
  return { ...page, items, total: page.total + 1 };
}

export function Callbacks({ query }: { query: URLSearchParams }) {
  const state: State = STATES.find((one) => one === query.get('state')) ?? 'due';
  const [text, setText] = useState('');
  const [calling, setCalling] = useState<Callback | null>(null);
  const list = usePage<Callback>(`/api/callbacks?state=${state}`, {
    onEvent: (page, event) => (event.kind === 'callback' ? applyCallback(page, event.item, state) : page),
  });
  const rows = (list.page?.items ?? []).filter((row) =>
    textMatches(text, [row.serial, row.customer.name, row.customer.phone, nameOf(row.technician), row.note]));
  const overdue = rows.filter((row) => row.outcome === null && row.due_at < now.value).length;
  return (
    <section class="view">
      <div class="view-head">
        <h1>{t('nav.callbacks')}</h1>
        {list.page !== null && <span class="count">{t('callbacks.count', { n: list.page.total, overdue })}</span>}
      </div>
      <div class="filters">
        <SearchBox value={text} onValue={setText} />
        <div class="tabs" role="group" aria-label={t('orders.state')}>
          {STATES.map((one) => (
            <a key={one} href={listHash('callbacks', { state: one === 'due' ? '' : one })} aria-current={one === state ? 'true' : undefined}>
              {t(`callbacks.state.${one}`)}
            </a>
          ))}
        </div>
      </div>
      {list.page === null && (list.error === null ? <Loading /> : <Failed error={list.error} retry={list.reload} />)}
      {list.page !== null && rows.length === 0 && <Empty icon="phone" title={t('callbacks.none')} />}
      {rows.length > 0 && <CallbackTable rows={rows} onCall={setCalling} />}
      {list.page !== null && list.page.next !== null && (
        <button type="button" class="button more" disabled={list.loadingMore} onClick={list.loadMore}>
          {t('more', { n: list.page.total - list.page.items.length })}
        </button>
      )}
      {calling !== null && <Outcome item={calling} onClose={() => setCalling(null)} onDone={() => { setCalling(null); list.reload(); }} />}
    </section>
  );
}

function CallbackTable({ rows, onCall }: { rows: Callback[]; onCall: (item: Callback) => void }) {
  return (
    <table class="table callbacks">
      <thead>
        <tr>
          <th scope="col">{t('callbacks.due')}</th>
          <th scope="col">{t('orders.serial')}</th>
          <th scope="col">{t('orders.customer')}</th>
          <th scope="col">{t('orders.technician')}</th>
          <th scope="col">{t('callbacks.completed')}</th>
          <th scope="col">{t('callbacks.outcome')}</th>
          <th scope="col"><span class="hidden">{t('actions')}</span></th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} data-order={row.id}>
            <td><DueMark row={row} /></td>
            <td><a class="serial" href={orderHash(row.id)}>{row.serial}</a></td>
            <td>
              <span class="strong">{row.customer.name}</span>
              {row.customer.phone !== null && <a class="quiet block" href={`tel:${row.customer.phone}`}>{row.customer.phone}</a>}
            </td>
            <td data-label={t('orders.technician')}>{nameOf(row.technician)}</td>
            <td class="nowrap" data-label={t('callbacks.completed')}>{dateTime(row.completed_at)}</td>
            <td><OutcomeCell row={row} /></td>
            <td class="cell-actions">
              {row.outcome === null && holds('clerk', 'supervisor', 'dispatcher') && (
                <button type="button" class="button" onClick={() => onCall(row)}><Icon name="phone" />{t('callbacks.record')}</button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DueMark({ row }: { row: Callback }) {
  if (row.outcome !== null) return <span class="quiet nowrap">{dateTime(row.due_at)}</span>;
  const late = now.value - row.due_at;
  return (
    <>
      {late > 0
        ? <Chip tone="bad" icon="alert">{t('callbacks.overdue', { span: spanText(late) })}</Chip>
        : <Chip tone="info" icon="clock">{t('callbacks.due_in', { span: spanText(late) })}</Chip>}
      <span class="quiet nowrap block">{dateTime(row.due_at)}</span>
    </>
  );
}

const LOOKS: Record<string, { tone: Tone; icon: IconName }> = {
  ok: { tone: 'good', icon: 'check' },
  redo: { tone: 'warn', icon: 'back' },
  refill: { tone: 'warn', icon: 'pen' },
  complaint: { tone: 'bad', icon: 'alert' },
};

function OutcomeCell({ row }: { row: Callback }) {
  const look = row.outcome === null ? null : LOOKS[row.outcome];
  return (
    <>
      {row.outcome !== null && <Chip tone={look?.tone ?? 'plain'} icon={look?.icon ?? 'dot'}>{coded('outcome', row.outcome)}</Chip>}
      {row.outcome === null && row.attempts > 0 && <span>{t('callbacks.attempts', { n: row.attempts })}</span>}
      {row.outcome === null && row.attempts === 0 && <span class="quiet">{t('callbacks.not_called')}</span>}
      {row.note !== null && row.note !== '' && <span class="quiet block">{row.note}</span>}
    </>
  );
}

function Outcome({ item, onClose, onDone }: { item: Callback; onClose: () => void; onDone: () => void }) {
  const [outcome, setOutcome] = useState('');
  const [note, setNote] = useState('');
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setWrong(null);
    const body = note.trim() === '' ? { outcome } : { outcome, note: note.trim() };
    call('POST', `/api/callbacks/${encodeURIComponent(item.id)}`, { body, ifMatch: `"${item.etag}"` })
      .then(() => {
        say(t('callbacks.recorded', { serial: item.serial, outcome: coded('outcome', outcome) }));
        onDone();
      })
      .catch((error: unknown) => setWrong({
        field: error instanceof ApiError ? error.field : null,
        text: error instanceof ApiError && error.code === 'already_done' ? t('callbacks.already_done') : errorText(error),
      }))
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={t('callbacks.dialog', { serial: item.serial })} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <p>
          <span class="strong">{item.customer.name}</span>
          {item.customer.phone !== null && <> · <a href={`tel:${item.customer.phone}`}>{item.customer.phone}</a></>}
          <span class="quiet block">{t('callbacks.after', { name: nameOf(item.technician), time: dateTime(item.completed_at) })}</span>
        </p>
        {wrong !== null && wrong.field !== 'note' && wrong.field !== 'outcome' && <Problem>{wrong.text}</Problem>}
        <RadioField
          name="outcome" label={t('callbacks.outcome')} value={outcome} onValue={setOutcome}
          error={wrong?.field === 'outcome' ? wrong.text : null}
          options={OUTCOMES.map((value) => ({ value, label: coded('outcome', value) }))}
        />
        <LongField
          name="note" label={t('field.note')} optional value={note} onValue={setNote}
          error={wrong?.field === 'note' ? wrong.text : null}
        />
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button primary" disabled={busy || outcome === ''}>{busy ? t('sending') : t('callbacks.submit')}</button>
        </div>
      </form>
    </Dialog>
  );
}
