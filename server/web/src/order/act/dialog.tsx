/**
 * The form of one command, made from what the server says of it. It decides on the view it was opened on: its frontier
 * travels as If-Match, and what arrives meanwhile is shown but moves the frontier only when the person says so.
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call, errorText, etagOf, presentOrder } from '../../api';
import { loadForms } from '../../forms';
import { dateTime } from '../../format';
import { bodyOf, pathOfRefusal, pathsOf, startValues, type Group } from '../../logic/filled';
import { arrivedSince } from '../../logic/unseen';
import { StateChip } from '../../parts/chip';
import { Dialog } from '../../parts/dialog';
import { Problem } from '../../parts/form';
import { Icon } from '../../parts/icon';
import { Failed, Loading, say } from '../../parts/state_of_things';
import { both, coded, t } from '../../text';
import type { CommandAnswer, CommandForm, FormField, OrderDetail, TimelineFact } from '../../types';
import { factName } from '../timeline';
import type { Preset } from './card';
import { Fields, type Wrong } from './fields';

export interface Open {
  command: string;
  preset: Preset;
  /** The view on screen when the person opened the form; its frontier goes with the command. */
  view: OrderDetail;
}

interface ActDialogProps {
  open: Open;
  /** The newest view of the page behind the dialog. */
  present: OrderDetail;
  onView: (view: OrderDetail) => void;
  onOrder: (order: OrderDetail) => void;
  onClose: () => void;
}

export function ActDialog(props: ActDialogProps) {
  const { command, view } = props.open;
  const [form, setForm] = useState<CommandForm | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setError(null);
    loadForms().then((forms) => setForm(forms.get(command) ?? null)).catch(setError);
  }, [command, attempt]);
  if (form !== null) return <Ready {...props} form={form} />;
  return (
    <Dialog title={`${coded('command', command)} · ${view.serial}`} onClose={props.onClose}>
      {error === null ? <Loading rows={3} /> : <Failed error={error} retry={() => setAttempt(attempt + 1)} />}
    </Dialog>
  );
}

/** What is fixed by where the form was opened is not asked again; a work item only where there are several. */
function asked(form: CommandForm, { preset, view }: Open): FormField[] {
  const several = view.timeline.some((fact) => fact.kind === 'add_work_item');
  return form.fields.filter((field) => field.type !== 'made' && !(field.name in preset) && (field.name !== 'work_item' || several));
}

function Ready({ open, present, onView, onOrder, onClose, form }: ActDialogProps & { form: CommandForm }) {
  const { command, preset, view } = open;
  const fields = asked(form, open);
  const [values, setValues] = useState<Group>(() => startValues(fields, view.commands.find((offer) => offer.command === command)?.known ?? {}));
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const [conflict, setConflict] = useState(false);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<CommandAnswer | null>(null);
  const element = useRef<HTMLFormElement>(null);

  const refuse = (error: ApiError | null, text: string) => {
    const path = pathOfRefusal(error?.field ?? null, pathsOf(fields, values));
    setWrong({ path, text });
    if (path !== null) element.current?.querySelector<HTMLElement>(`[name="${path}"], [data-path="${path}"] :is(input, select, textarea, button)`)?.focus();
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
    refuse(error instanceof ApiError ? error : null, errorText(error));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setWrong(null);
    setConflict(false);
    call<CommandAnswer>('POST', `/api/orders/${encodeURIComponent(view.id)}/commands`, { body: { command, ...preset, ...bodyOf(fields, values) }, ifMatch: etagOf(view) })
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
      <form class="form" ref={element} onSubmit={submit} noValidate data-command={command}>
        {conflict && <Problem>{t('command.conflict')}</Problem>}
        <Basis view={view} present={present} onUse={() => onView(present)} />
        <Subject open={open} />
        {wrong !== null && wrong.path === null && <Problem>{wrong.text}</Problem>}
        <Fields
          fields={fields} values={values} path="" wrong={wrong} place={{ order: view, command, preset }}
          onValues={(next) => { setValues(next); setWrong(null); }}
        />
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

/** What a command on one line, review or document is about. */
function Subject({ open: { preset, view } }: { open: Open }) {
  const line = view.lines.find((one) => one.fact === preset['line']);
  const review = view.reviews.find((one) => one.id === preset['review']);
  if (line !== undefined) return <p class="quote">{coded('line', line.kind)} · {line.name}</p>;
  if (typeof preset['demand'] === 'string') return <p class="quote">{coded('demand', preset['demand'])}</p>;
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
