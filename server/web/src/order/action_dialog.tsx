/**
 * The form of one command. It decides on the view it was opened on: its frontier travels as If-Match, and
 * what arrives meanwhile is shown but moves the frontier only when the person says so.
 */

import { useRef, useState } from 'preact/hooks';
import { ApiError, call, errorText, etagOf, presentOrder } from '../api';
import { dateTime } from '../format';
import { bodyOf, fieldOfRefusal, fieldsOf, minorUnits, startValues, type Field, type FormValues } from '../logic/commands';
import { arrivedSince } from '../logic/unseen';
import { StateChip } from '../parts/chip';
import { Dialog } from '../parts/dialog';
import { CheckField, LongField, Problem, RadioField, SelectField, TextField, type Option } from '../parts/form';
import { Icon } from '../parts/icon';
import { say } from '../parts/state_of_things';
import { technicians } from '../technicians';
import { both, coded, t } from '../text';
import type { CommandAnswer, OrderDetail, TimelineFact } from '../types';
import { CHANNELS } from '../views/new_call';
import type { Open } from './page';
import { factName } from './timeline';

interface ActionDialogProps {
  open: Open;
  /** The newest view of the page behind the dialog. */
  present: OrderDetail;
  onView: (view: OrderDetail) => void;
  onOrder: (order: OrderDetail) => void;
  onClose: () => void;
}

interface Wrong {
  field: string | null;
  text: string;
}

export function ActionDialog({ open, present, onView, onOrder, onClose }: ActionDialogProps) {
  const { command, subject, view } = open;
  const [values, setValues] = useState<FormValues>(() => startValues(command, view, subject));
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const [conflict, setConflict] = useState(false);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<CommandAnswer | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const fields = fieldsOf(command).filter((field) => field.when === undefined || values[field.when] === true);

  const refuse = (field: string | null, text: string) => {
    setWrong({ field, text });
    if (field !== null) form.current?.querySelector<HTMLElement>(`[name="${field}"]`)?.focus();
  };
  const fail = (error: unknown) => {
    const now = error instanceof ApiError && error.status === 409 ? presentOrder(error) : null;
    if (now !== null) {
      // The server does not know what this view was: the person sees the present one and is asked again.
      onOrder(now);
      onView(now);
      setConflict(true);
      return;
    }
    refuse(fieldOfRefusal(error instanceof ApiError ? error.field : null, fields.map((field) => field.name)), errorText(error));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const amount = String(values['amount'] ?? '').trim();
    if (amount !== '' && minorUnits(amount) === null) {
      refuse('amount', t('error.amount'));
      return;
    }
    setBusy(true);
    setWrong(null);
    setConflict(false);
    call<CommandAnswer>('POST', `/api/orders/${encodeURIComponent(view.id)}/commands`, { body: bodyOf(command, values, subject), ifMatch: etagOf(view) })
      .then((answered) => {
        onOrder(answered.order);
        if (answered.not_seen.length > 0) {
          setAnswer(answered);
          return;
        }
        say(t('command.done', { command: coded('command', command), serial: view.serial }));
        onClose();
      })
      .catch(fail)
      .finally(() => setBusy(false));
  };

  const title = `${coded('command', command)} · ${view.serial}`;
  if (answer !== null) return <Dialog title={title} onClose={onClose}><NotSeen answer={answer} onClose={onClose} /></Dialog>;
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" ref={form} onSubmit={submit} noValidate data-command={command}>
        {conflict && <Problem>{t('command.conflict')}</Problem>}
        <Basis view={view} present={present} onUse={() => onView(present)} />
        <Subjects open={open} />
        {wrong !== null && wrong.field === null && <Problem>{wrong.text}</Problem>}
        {inRows(fields).map((row) => (
          <div key={row[0]?.name} class={row.length > 1 ? 'trio' : 'single'}>
            {row.map((field) => (
              <Input
                key={field.name} field={field} order={view} open={open} value={values[field.name] ?? ''}
                error={wrong?.field === field.name ? wrong.text : null}
                onValue={(value) => {
                  setValues({ ...values, [field.name]: value });
                  if (wrong?.field === field.name) setWrong(null);
                }}
              />
            ))}
          </div>
        ))}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class={command === 'cancel' ? 'button danger' : 'button primary'} disabled={busy}>
            {busy ? t('sending') : coded('command', command)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A date and its times share a row. */
function inRows(fields: Field[]): Field[][] {
  const ofWindow = (field: Field) => field.kind === 'date' || field.kind === 'time';
  const rows: Field[][] = [];
  for (const field of fields) {
    const last = rows.at(-1);
    if (ofWindow(field) && last?.[0] !== undefined && ofWindow(last[0])) last.push(field);
    else rows.push([field]);
  }
  return rows;
}

/** The view that is decided on, and what has arrived since. */
function Basis({ view, present, onUse }: { view: OrderDetail; present: OrderDetail; onUse: () => void }) {
  const news = present.number > view.number ? arrivedSince(view.timeline, present.timeline) : [];
  return (
    <>
      <p class="basis">
        <span>{t('command.basis', { time: dateTime(view.updated_at) })}</span>
        <StateChip state={view.state} text={view.state_text} />
      </p>
      {news.length > 0 && (
        <div class="news" role="status">
          <p class="strong"><Icon name="alert" />{t('command.news', { n: news.length })}</p>
          <Facts facts={news} />
          <p class="row-marks">
            <StateChip state={present.state} text={present.state_text} />
            <button type="button" class="button" onClick={onUse}>{t('command.use_present')}</button>
          </p>
          <p class="hint">{t('command.news_hint')}</p>
        </div>
      )}
    </>
  );
}

/** What a command on one line or review is about. */
function Subjects({ open: { subject, view } }: { open: Open }) {
  const line = view.lines.find((one) => one.fact === subject.line);
  const review = view.reviews.find((one) => one.id === subject.review);
  if (line !== undefined) return <p class="quote">{coded('line', line.kind)} · {line.name}</p>;
  return review === undefined ? null : <p class="quote">{both(review.kind_text)}</p>;
}

function Facts({ facts }: { facts: TimelineFact[] }) {
  return (
    <ul class="fact-list">
      {facts.map((fact) => (
        <li key={fact.fact}>
          {factName(fact, fact.fact)}
          {both(fact.summary) !== '' && <span class="quiet block">{both(fact.summary)}</span>}
        </li>
      ))}
    </ul>
  );
}

/** After the answer: what had already happened, unknown to the person who decided. */
function NotSeen({ answer, onClose }: { answer: CommandAnswer; onClose: () => void }) {
  const missed = answer.order.timeline.filter((fact) => answer.not_seen.includes(fact.fact));
  const reasons = answer.order.explanations.filter((one) => one.field === 'state');
  return (
    <div class="form" data-part="not-seen">
      <p>{t('not_seen.recorded')}</p>
      <div class="news">
        <p class="strong"><Icon name="alert" />{t('not_seen.title', { n: answer.not_seen.length })}</p>
        <Facts facts={missed} />
      </div>
      <p class="row-marks"><span>{t('not_seen.state')}</span><StateChip state={answer.order.state} text={answer.order.state_text} /></p>
      {reasons.map((one) => <p key={one.text.en} class="quiet">{both(one.text)}</p>)}
      <div class="form-end"><button type="button" class="button primary" onClick={onClose}>{t('understood')}</button></div>
    </div>
  );
}

interface FieldInputProps {
  field: Field;
  order: OrderDetail;
  open: Open;
  value: string | boolean;
  error: string | null;
  onValue: (value: string | boolean) => void;
}

function Input({ field, order, open, value, error, onValue }: FieldInputProps) {
  const common = { name: field.name, label: t(field.label), optional: field.optional, error, value: String(value), onValue };
  switch (field.kind) {
    case 'line':
      return <TextField {...common} />;
    case 'long':
      return <LongField {...common} />;
    case 'date':
    case 'time':
      return <TextField {...common} type={field.kind} />;
    case 'amount':
      return <TextField {...common} inputmode="decimal" hint={t('field.amount.hint')} />;
    case 'check':
      return <CheckField name={field.name} label={t(field.label)} checked={value === true} onChecked={onValue} />;
    case 'technician':
      return <SelectField {...common} options={[{ value: '', label: t('choose') }, ...technicianOptions()]} />;
    case 'select':
      return <SelectField {...common} options={selectOptions(field, order)} />;
    case 'choice':
      return <RadioField {...common} options={choiceOptions(order, open)} />;
  }
}

function technicianOptions(): Option[] {
  return technicians.value.filter((one) => one.active).map((one) => ({
    value: one.id, label: `${one.name}${one.skills.length > 0 ? ` (${one.skills.map((skill) => coded('skill', skill)).join(', ')})` : ''}`,
  }));
}

function selectOptions(field: Field, order: OrderDetail): Option[] {
  if (field.name === 'customer.channel') return CHANNELS.map((value) => ({ value, label: coded('channel', value) }));
  return order.cancels.map((cancel) => ({ value: cancel.fact, label: cancel.reason }));
}

function choiceOptions(order: OrderDetail, open: Open): Option[] {
  const review = order.reviews.find((one) => one.id === open.subject.review);
  return (review?.choices ?? []).map((one) => ({ value: one.choice, label: both(one.text) }));
}
