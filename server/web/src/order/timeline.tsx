/** Every fact of the order: when it is said to have happened, when it arrived, what its author had not seen. */

import { useState } from 'preact/hooks';
import { dateTime, nameOf, spanText } from '../format';
import { textMatches } from '../logic/order_list';
import { orderHash } from '../logic/route';
import { unseenByAuthor } from '../logic/unseen';
import { Chip } from '../parts/chip';
import { SearchBox } from '../parts/form';
import { Icon } from '../parts/icon';
import { both, t } from '../text';
import type { OrderDetail, TimelineFact } from '../types';

/** A longer way to the server than this is worth saying. */
const LATE_MS = 5 * 60_000;
/** A clock that disagrees with the order of events by more than this is worth saying. */
const CLOCK_MS = 2 * 60_000;

/** A fact in words: kind, author, time. */
export function factName(fact: TimelineFact | undefined, reference: string): string {
  if (fact === undefined) return reference;
  return t('fact.name', { kind: both(fact.kind_text), author: nameOf(fact.author), time: dateTime(fact.time_at) });
}

export function Timeline({ order, fresh }: { order: OrderDetail; fresh: ReadonlySet<string> }) {
  const [text, setText] = useState('');
  const unseen = unseenByAuthor(order.timeline);
  const shown = order.timeline.filter((fact) => textMatches(text, [both(fact.kind_text), both(fact.summary), nameOf(fact.author)]));
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('timeline.title')} <span class="count">{t('timeline.count', { n: order.timeline.length })}</span></h2>
        <SearchBox value={text} onValue={setText} />
      </div>
      <ol class="timeline">
        {shown.map((fact) => <Entry key={fact.fact} order={order.id} fact={fact} unseen={unseen.get(fact.fact) ?? []} fresh={fresh.has(fact.fact)} />)}
      </ol>
    </section>
  );
}

function Entry({ order, fact, unseen, fresh }: { order: string; fact: TimelineFact; unseen: TimelineFact[]; fresh: boolean }) {
  const system = 'system' in fact.author;
  return (
    <li class={`${fact.void ? 'void' : ''}${system ? ' system' : ''}${fresh ? ' flash-odd' : ''}`} data-fact={fact.fact} data-kind={fact.kind}>
      <div class="row-marks">
        <span class="strong">{both(fact.kind_text)}</span>
        <span>{nameOf(fact.author)}</span>
        {(fact.denies?.length ?? 0) > 0 && <Chip tone="warn" icon="alert">{t('timeline.denies', { n: fact.denies?.length ?? 0 })}</Chip>}
        {fact.void && <Chip tone="bad" icon="slash">{t('timeline.void')}</Chip>}
        <a class="quiet push" href={`${orderHash(order)}?fact=${encodeURIComponent(fact.fact)}`} title={t('known.of_fact')} aria-label={t('known.of_fact')}><Icon name="clock" /></a>
        <code class="quiet" title={t('timeline.reference')}>{fact.fact}</code>
      </div>
      {both(fact.summary) !== '' && <p>{both(fact.summary)}</p>}
      <Times fact={fact} />
      {unseen.length > 0 && (
        <details class="unseen">
          <summary><Icon name="alert" />{t('timeline.unseen', { author: nameOf(fact.author), n: unseen.length })}</summary>
          <ul>{unseen.map((other) => <li key={other.fact}>{factName(other, other.fact)}</li>)}</ul>
        </details>
      )}
    </li>
  );
}

function Times({ fact }: { fact: TimelineFact }) {
  const way = fact.received_at === null ? 0 : fact.received_at - fact.time_at;
  const clockOff = Math.abs(fact.claimed_at - fact.time_at) > CLOCK_MS;
  return (
    <p class="times">
      <span>{t('timeline.claimed', { time: dateTime(fact.claimed_at) })}</span>
      {fact.received_at !== null && <span>{t('timeline.received', { time: dateTime(fact.received_at) })}</span>}
      {way > LATE_MS && <span class="mark tone-info"><Icon name="offline" />{t('timeline.late', { span: spanText(way) })}</span>}
      {clockOff && <span class="mark tone-warn"><Icon name="clock" />{t('timeline.clock', { time: dateTime(fact.lo_at) })}</span>}
    </p>
  );
}
