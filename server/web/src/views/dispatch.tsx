/** The rotation: whose turn it is, who is out, what waits, and why anybody was passed over. */

import { useState } from 'preact/hooks';
import { ApiError, call, errorText, holds } from '../api';
import { dateTime, nameOf, now, spanText } from '../format';
import { textMatches } from '../logic/order_list';
import { orderHash } from '../logic/route';
import { Chip, StateChip, UrgencyMark } from '../parts/chip';
import { Dialog } from '../parts/dialog';
import { LongField, Problem, SearchBox, SelectField } from '../parts/form';
import { Icon } from '../parts/icon';
import { Empty, Failed, Loading, say } from '../parts/state_of_things';
import { useValue } from '../parts/use_page';
import { both, coded, t } from '../text';
import type { DispatchBoard, DispatchRecord, RosterEntry, Skip, WaitingOrder } from '../types';

const PATH = '/api/dispatch';

export function Dispatch() {
  const board = useValue<DispatchBoard>(PATH, (event) => event.kind !== 'callback');
  const [override, setOverride] = useState<WaitingOrder | null>(null);
  const [text, setText] = useState('');
  if (board.value === null) {
    return <section class="view"><h1>{t('nav.dispatch')}</h1>{board.error === null ? <Loading /> : <Failed error={board.error} retry={board.reload} />}</section>;
  }
  const { roster, waiting, last } = board.value;
  return (
    <section class="view">
      <div class="view-head">
        <h1>{t('nav.dispatch')}</h1>
        <SearchBox value={text} onValue={setText} />
      </div>
      {board.error !== null && <Failed error={board.error} retry={board.reload} />}
      <div class="split">
        <div class="stack">
          <Waiting
            rows={waiting.filter((row) => textMatches(text, [row.serial, row.customer.name, row.site.address, row.problem]))}
            onDone={board.reload} onOverride={setOverride}
          />
          <Last records={last.filter((record) => textMatches(text, [record.serial, nameOf(record.technician), record.reason]))} />
        </div>
        <Roster roster={roster.filter((entry) => textMatches(text, [entry.technician.name, ...entry.skills]))} />
      </div>
      {override !== null && (
        <Override row={override} roster={roster} onClose={() => setOverride(null)} onView={setOverride} onDone={() => { setOverride(null); board.reload(); }} />
      )}
    </section>
  );
}

interface DispatchAnswer {
  order?: { technician?: { name: string } | null };
}

async function send(row: WaitingOrder, body: { technician?: string; reason?: string }): Promise<void> {
  const answer = await call<DispatchAnswer | null>('POST', `/api/orders/${encodeURIComponent(row.id)}/dispatch`, { body, ifMatch: `"${row.etag}"` });
  const name = answer?.order?.technician?.name;
  say(name === undefined ? t('dispatch.done', { serial: row.serial }) : t('dispatch.done_to', { serial: row.serial, name }));
}

/** The order as it is, where the server did not know the view that was decided on. */
function presentOf(error: unknown): WaitingOrder | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  return (error.body as { order?: WaitingOrder } | null)?.order ?? null;
}

interface WaitingProps {
  rows: WaitingOrder[];
  onDone: () => void;
  onOverride: (row: WaitingOrder) => void;
}

function Waiting({ rows, onDone, onOverride }: WaitingProps) {
  const [busy, setBusy] = useState<string | null>(null);
  const [wrong, setWrong] = useState<{ id: string; text: string } | null>(null);
  const may = holds('dispatcher', 'supervisor');
  const dispatch = (row: WaitingOrder) => {
    setBusy(row.id);
    setWrong(null);
    send(row, {})
      .then(onDone)
      .catch((error: unknown) => {
        const present = presentOf(error);
        setWrong({ id: row.id, text: present === null ? errorText(error) : t('command.conflict') });
        if (present !== null) onDone();
      })
      .finally(() => setBusy(null));
  };
  return (
    <section class="card">
      <h2>{t('dispatch.waiting')} <span class="count">{t('orders.number', { n: rows.length })}</span></h2>
      {rows.length === 0 && <Empty icon="check" title={t('dispatch.none_waiting')} />}
      <ul class="items">
        {rows.map((row) => (
          <li key={row.id} class="item">
            <div class="item-main">
              <div class="row-marks">
                <a class="serial" href={orderHash(row.id)}>{row.serial}</a>
                <StateChip state={row.state} text={row.state_text} />
                <UrgencyMark urgency={row.urgency} />
                <span class="quiet" title={dateTime(row.registered_at)}>{t('dispatch.since', { span: spanText(now.value - row.registered_at) })}</span>
              </div>
              <p>{row.problem}</p>
              <p class="quiet">{row.customer.name} · {row.site.address}</p>
              {wrong?.id === row.id && <Problem>{wrong.text}</Problem>}
            </div>
            {may && (
              <div class="item-actions">
                <button type="button" class="button primary" disabled={busy !== null} onClick={() => dispatch(row)}>
                  {busy === row.id ? t('sending') : t('dispatch.by_turn')}
                </button>
                <button type="button" class="button" disabled={busy !== null} onClick={() => onOverride(row)}>{t('dispatch.override')}</button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Roster({ roster }: { roster: RosterEntry[] }) {
  return (
    <section class="card roster">
      <h2>{t('dispatch.roster')} <span class="count">{t('dispatch.people', { n: roster.length })}</span></h2>
      <p class="hint">{t('dispatch.roster.hint')}</p>
      <ol class="turns">
        {roster.map((entry) => (
          <li key={entry.technician.id} class={entry.next ? 'turn next' : entry.active ? 'turn' : 'turn inactive'}>
            <div>
              <span class="strong">{entry.technician.name}</span>
              <span class="quiet block">{entry.skills.map((skill) => coded('skill', skill)).join(' · ')}</span>
            </div>
            <span class="row-marks">
              {entry.next && <Chip tone="good" icon="play">{t('dispatch.next')}</Chip>}
              {entry.out && <Chip tone="busy" icon="dispatch">{t('dispatch.out')}</Chip>}
              {!entry.active && <Chip tone="off" icon="slash">{t('dispatch.inactive')}</Chip>}
              {entry.active && !entry.out && !entry.next && <span class="quiet">{t('dispatch.in')}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Last({ records }: { records: DispatchRecord[] }) {
  return (
    <section class="card">
      <h2>{t('dispatch.last')}</h2>
      {records.length === 0 && <Empty icon="dispatch" title={t('dispatch.none_yet')} />}
      <ul class="items">
        {records.map((record) => (
          <li key={`${record.order} ${record.at}`} class="item plain">
            <div class="row-marks">
              <a class="serial" href={orderHash(record.order)}>{record.serial}</a>
              <Icon name="dispatch" />
              <span class="strong">{nameOf(record.technician)}</span>
              {record.turn !== null && <span class="tag">{t('dispatch.turn', { n: record.turn })}</span>}
              <span class="quiet">{dateTime(record.at)}</span>
            </div>
            {record.reason !== null && record.reason !== '' && <p class="quote">{record.reason}</p>}
            <Skips skipped={record.skipped} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Everybody who was passed over, with the reason that was recorded. */
export function Skips({ skipped }: { skipped: Skip[] }) {
  if (skipped.length === 0) return <p class="quiet">{t('dispatch.no_skips')}</p>;
  return (
    <ul class="skips">
      {skipped.map((skip, index) => (
        <li key={index}>
          <span class="quiet">{t('dispatch.skipped')}</span> <span class="strong">{nameOf(skip.technician)}</span>
          <span class="tag">{both(skip.reason_text) || coded('skip', skip.reason)}</span>
        </li>
      ))}
    </ul>
  );
}

interface OverrideProps {
  row: WaitingOrder;
  roster: RosterEntry[];
  onClose: () => void;
  onView: (row: WaitingOrder) => void;
  onDone: () => void;
}

function Override({ row, roster, onClose, onView, onDone }: OverrideProps) {
  const [technician, setTechnician] = useState('');
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const options = roster.map((entry) => ({
    value: entry.technician.id,
    label: entry.technician.name + (entry.out ? ` (${t('dispatch.out')})` : entry.active ? '' : ` (${t('dispatch.inactive')})`),
  }));
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setWrong(null);
    send(row, { technician, reason: reason.trim() })
      .then(onDone)
      .catch((error: unknown) => {
        const present = presentOf(error);
        setWrong(present === null ? errorText(error) : t('command.conflict'));
        if (present !== null) onView(present);
      })
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={t('dispatch.override_title', { serial: row.serial })} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {wrong !== null && <Problem>{wrong}</Problem>}
        <p class="hint">{t('dispatch.override_hint')}</p>
        <SelectField
          name="technician" label={t('field.technician')} value={technician} onValue={setTechnician}
          options={[{ value: '', label: t('choose') }, ...options]}
        />
        <LongField name="reason" label={t('field.reason')} value={reason} onValue={setReason} />
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button primary" disabled={busy || technician === '' || reason.trim() === ''}>
            {busy ? t('sending') : t('dispatch.override_submit')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
