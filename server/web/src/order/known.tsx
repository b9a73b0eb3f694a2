/** Time travel (U-18): the order as a person knew it at a time, or as the author of a fact knew it. Nothing can be done here. */

import { useEffect, useState } from 'preact/hooks';
import { call, session } from '../api';
import { loadPeople } from '../forms';
import { dateTime, nameOf } from '../format';
import { orderHash } from '../logic/route';
import { instant, localTime } from '../logic/written';
import { SelectField, TextField } from '../parts/form';
import { Icon } from '../parts/icon';
import { Failed, Loading } from '../parts/state_of_things';
import { both, t } from '../text';
import type { KnownOrder, OrderDetail, Person } from '../types';
import { Assignments, Cancels, Notes, Visits } from './cards';
import { Head, Why } from './head';
import { Lines } from './lines';
import { Timeline, factName } from './timeline';

/** Whether an address asks for the past. */
export const asksForThen = (query: URLSearchParams): boolean => query.has('fact') || query.has('person');

/** The field knows minutes only: the present one counts to its end. */
const MINUTE_MS = 60_000;

const NOTHING: ReadonlySet<string> = new Set();

/** Chooses a person and a time. */
export function KnownChoice({ order, person, at }: { order: OrderDetail; person?: string; at?: number }) {
  const [people, setPeople] = useState<Person[]>([]);
  const [who, setWho] = useState(person ?? order.technician?.id ?? session.value?.person ?? '');
  const [when, setWhen] = useState(localTime(at ?? Date.now() + MINUTE_MS));
  useEffect(() => { loadPeople().then(setPeople).catch(() => undefined); }, []);
  const go = (event: Event) => {
    event.preventDefault();
    const time = instant(when);
    location.hash = `${orderHash(order.id)}?${new URLSearchParams({ person: who, ...(time === null ? {} : { at: String(time) }) }).toString()}`;
  };
  return (
    <section class="card" data-part="known">
      <h2>{t('known.title')}</h2>
      <form class="form" onSubmit={go}>
        <SelectField name="person" label={t('known.person')} value={who} onValue={setWho} options={people.map((one) => ({ value: one.id, label: one.name }))} />
        <TextField name="at" type="datetime-local" label={t('known.at')} value={when} onValue={setWhen} />
        <div class="form-end"><button type="submit" class="button"><Icon name="clock" />{t('known.show')}</button></div>
      </form>
    </section>
  );
}

/** The order as it was known; beside it what was missing. */
export function KnownPage({ order, query }: { order: OrderDetail; query: URLSearchParams }) {
  const [known, setKnown] = useState<KnownOrder | null>(null);
  const [people, setPeople] = useState<Person[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const asked = query.toString();
  useEffect(() => {
    const abort = new AbortController();
    setKnown(null);
    setError(null);
    call<KnownOrder>('GET', `/api/orders/${encodeURIComponent(order.id)}/known?${asked}`, { signal: abort.signal })
      .then(setKnown)
      .catch((failure: unknown) => { if (!abort.signal.aborted) setError(failure); });
    return () => abort.abort();
  }, [order.id, asked, attempt]);
  useEffect(() => { loadPeople().then(setPeople).catch(() => undefined); }, []);
  const back = <a class="back" href={orderHash(order.id)}><Icon name="back" />{t('known.back', { serial: order.serial })}</a>;
  if (known === null) {
    return <section class="view">{back}{error === null ? <Loading /> : <Failed error={error} retry={() => setAttempt(attempt + 1)} />}</section>;
  }
  const author = order.timeline.map((fact) => fact.author).find((one) => 'id' in one && one.id === known.person);
  const name = people.find((one) => one.id === known.person)?.name ?? (author === undefined ? t('known.rule') : nameOf(author));
  const then = known.order;
  return (
    <section class="view order then" data-part="then">
      {back}
      <p class="news then-banner" role="status"><Icon name="clock" /><span class="strong">{t('known.banner', { name, time: dateTime(known.at) })}</span></p>
      <Head order={then} changed={false} />
      <div class="split">
        <div class="stack">
          <Missing order={order} title={t('known.had_arrived')} facts={known.had_arrived} part="had-arrived" />
          <Missing order={order} title={t('known.arrived_later')} facts={known.arrived_later} part="arrived-later" />
          <Why order={then} />
          <Lines order={then} act={() => undefined} />
          <Timeline order={then} fresh={NOTHING} />
        </div>
        <div class="stack side">
          <KnownChoice key={asked} order={order} at={known.at} {...(known.person === null ? {} : { person: known.person })} />
          <Visits order={then} />
          <Assignments order={then} />
          <Notes order={then} />
          <Cancels order={then} />
        </div>
      </div>
    </section>
  );
}

function Missing({ order, title, facts, part }: { order: OrderDetail; title: string; facts: string[]; part: string }) {
  if (facts.length === 0) return null;
  const named = facts.map((reference) => [reference, order.timeline.find((fact) => fact.fact === reference)] as const);
  return (
    <section class="card" data-part={part}>
      <h2>{title} <span class="count">{t('timeline.count', { n: facts.length })}</span></h2>
      <ul class="fact-list">
        {named.map(([reference, fact]) => (
          <li key={reference}>
            {factName(fact, reference)}
            {fact !== undefined && both(fact.summary) !== '' && <span class="quiet block">{both(fact.summary)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
