/** The smaller parts of an order: visits, assignments, notes, cancels. */

import { dateTime, nameOf, timeBetween, timeSpan } from '../format';
import { Chip, type Tone } from '../parts/chip';
import type { IconName } from '../parts/icon';
import { coded, t } from '../text';
import type { Arrival, Millis, OrderDetail, Visit } from '../types';
import { Skips } from '../views/dispatch';

export function Visits({ order }: { order: OrderDetail }) {
  return (
    <section class="card">
      <h2>{t('visits.title')} <span class="count">{t('visits.count', { n: order.visits.length })}</span></h2>
      {order.visits.length === 0 && <p class="quiet">{t('visits.none')}</p>}
      {order.visits.map((visit) => (
        <article key={visit.id} class="visit">
          <p class="row-marks">
            <span class="strong">{nameOf(visit.technician)}</span>
            <Chip tone={visit.state === 'ended' ? 'done' : 'busy'}>{coded('visit', visit.state)}</Chip>
          </p>
          <ol class="steps">
            <Step label={t('visits.departed')} at={visit.departed_at} />
            <Step label={t('visits.arrived')} at={visit.arrived_at} />
            <Step label={t('visits.started')} at={visit.started_at} />
            <Step label={t('visits.ended')} at={visit.ended_at} />
          </ol>
          {visit.arrival && <ArrivalText arrival={visit.arrival} />}
          <OutcomeText outcome={visit.outcome} />
        </article>
      ))}
    </section>
  );
}

function Step({ label, at }: { label: string; at: Millis | null }) {
  return (
    <li class={at === null ? 'open' : 'reached'}>
      <span>{label}</span>
      <span class="quiet">{at === null ? '–' : dateTime(at)}</span>
    </li>
  );
}

const VERDICTS: Record<string, { tone: Tone; icon: IconName }> = {
  met: { tone: 'good', icon: 'check' }, breached: { tone: 'bad', icon: 'alert' }, uncertain: { tone: 'warn', icon: 'clock' },
};

/** A phone's clock proves nothing: within which bounds he came, and what they say about the time that was agreed (U-10). */
function ArrivalText({ arrival }: { arrival: Arrival }) {
  const { lo_at, hi_at, limit_at, on_time } = arrival;
  const verdict = on_time === null ? undefined : VERDICTS[on_time];
  return (
    <div class="arrival" data-verdict={on_time ?? 'none'}>
      <p class="row-marks">
        {on_time !== null && <Chip tone={verdict?.tone ?? 'plain'} icon={verdict?.icon ?? 'dot'}>{coded('arrival', on_time)}</Chip>}
        {limit_at !== null && <span class="quiet">{t('visits.limit', { time: dateTime(limit_at) })}</span>}
      </p>
      <p class="quiet" data-part="bounds">
        {hi_at === null ? t('visits.not_before', { time: dateTime(lo_at) }) : t('visits.between', { time: timeBetween(lo_at, hi_at) })}
      </p>
      {arrival.low_confidence && <p data-part="clock">{t('visits.clock_wrong', { time: dateTime(arrival.claimed_at) })}</p>}
    </div>
  );
}

/** The outcome is a code, or a code with its reason, words and next visit. */
function OutcomeText({ outcome }: { outcome: Visit['outcome'] }) {
  if (outcome === null) return null;
  if (typeof outcome === 'string') return <p>{coded('visit_outcome', outcome)}</p>;
  const text = (name: string) => (typeof outcome[name] === 'string' ? String(outcome[name]) : '');
  const next = outcome['next'] as { from?: number; to?: number } | null | undefined;
  return (
    <div>
      <p>
        <span class="strong">{coded('visit_outcome', text('outcome') || text('kind'))}</span>
        {text('reason') !== '' && <> · {coded('unfinished', text('reason'))}</>}
      </p>
      {(text('finding') || text('text')) && <p class="quote">{text('finding') || text('text')}</p>}
      {next?.from !== undefined && next.to !== undefined && <p class="quiet">{t('visits.next', { time: timeSpan(next.from, next.to) })}</p>}
    </div>
  );
}

const FACETS: Record<string, Tone> = { pending: 'plain', seen: 'info', accepted: 'good', refused: 'bad' };

export function Assignments({ order }: { order: OrderDetail }) {
  if (order.assignments.length === 0) return null;
  return (
    <section class="card">
      <h2>{t('assignments.title')} <span class="count">{t('assignments.count', { n: order.assignments.length })}</span></h2>
      <ul class="items">
        {order.assignments.map((one) => (
          <li key={one.fact} class="item plain">
            <p class="row-marks">
              <span class="strong">{nameOf(one.technician)}</span>
              <Chip tone={FACETS[one.facet] ?? 'off'}>{coded('assignment', one.facet)}</Chip>
              {typeof one.turn === 'number' && <span class="tag">{t('dispatch.turn', { n: one.turn })}</span>}
            </p>
            <p class="quiet">
              {one.by !== undefined && nameOf(one.by)}{one.by !== undefined && one.time_at !== undefined && ' · '}
              {one.time_at !== undefined && dateTime(one.time_at)}
            </p>
            {one.reason && <p class="quote">{one.reason}</p>}
            {one.skipped !== undefined && one.skipped.length > 0 && <Skips skipped={one.skipped} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Notes({ order }: { order: OrderDetail }) {
  if (order.notes.length === 0) return null;
  return (
    <section class="card">
      <h2>{t('notes.title')} <span class="count">{t('notes.count', { n: order.notes.length })}</span></h2>
      {order.notes.map((note) => (
        <article key={note.fact} class="note">
          <p class="quote">{note.text}</p>
          <p class="quiet">{nameOf(note.author)} · {dateTime(note.time_at)}</p>
        </article>
      ))}
    </section>
  );
}

export function Cancels({ order }: { order: OrderDetail }) {
  if (order.cancels.length === 0) return null;
  return (
    <section class="card">
      <h2>{t('cancels.title')}</h2>
      {order.cancels.map((cancel) => (
        <article key={cancel.fact} class="note">
          <p class="row-marks">
            <span class="strong">{nameOf(cancel.by)}</span>
            <Chip tone={cancel.effect === 'contested' ? 'bad' : 'off'}>{coded('cancel', cancel.effect)}</Chip>
          </p>
          <p class="quote">{cancel.reason}</p>
        </article>
      ))}
    </section>
  );
}
