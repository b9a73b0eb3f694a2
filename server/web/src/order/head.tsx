/** The head of an order: state, the reason for it, customer, promise. */

import { ageText, dateTime, timeSpan } from '../format';
import { Chip, RuleTag, SignatureMark, StateChip, SyncAge, UrgencyMark } from '../parts/chip';
import { both, coded, t } from '../text';
import type { Explanation, OrderDetail, TimelineFact } from '../types';
import { factName } from './timeline';

export function Head({ order, changed }: { order: OrderDetail; changed: boolean }) {
  const reasons = order.explanations.filter((one) => one.field === 'state');
  return (
    <header class={changed ? 'order-head card flash-odd' : 'order-head card'}>
      <div class="order-title">
        <h1>{order.serial}</h1>
        <StateChip state={order.state} text={order.state_text} large />
        <UrgencyMark urgency={order.urgency} />
        <span class="tag">{coded('class', order.class)}</span>
        <span class="quiet push" title={dateTime(order.updated_at)}>{t('order.updated', { age: ageText(order.updated_at) })}</span>
      </div>
      {reasons.map((one) => (
        <p key={one.text.en} class="reason"><span>{both(one.text)}</span> <RuleTag rule={one.rule} pair={one.pair} /></p>
      ))}
      <p class="order-problem">{order.problem}</p>
      <dl class="grid-facts">
        <div>
          <dt>{t('orders.customer')}</dt>
          <dd class="strong">{order.customer.name}</dd>
          <dd class="quiet">{order.site.address}</dd>
        </div>
        <div>
          <dt>{t('orders.technician')}</dt>
          {order.technician === null ? <dd class="quiet">{t('orders.nobody')}</dd> : (
            <>
              <dd><span class="strong">{order.technician.name}</span>{order.assignment && <span class="quiet"> · {coded('assignment', order.assignment)}</span>}</dd>
              <dd><SyncAge at={order.technician.last_sync_at} /></dd>
            </>
          )}
        </div>
        <div>
          <dt>{t('orders.appointment')}</dt>
          {order.appointment === null ? <dd class="quiet">{t('orders.no_appointment')}</dd> : (
            <>
              <dd>{timeSpan(order.appointment.from, order.appointment.to)}</dd>
              <dd>
                {order.appointment.confirmed
                  ? <Chip tone="good" icon="check">{t('appointment.confirmed')}</Chip>
                  : <Chip tone="plain" icon="dot">{t('appointment.proposed')}</Chip>}
              </dd>
            </>
          )}
        </div>
        <div>
          <dt>{t('orders.signature')}</dt>
          <dd><SignatureMark row={order} /></dd>
          <dd class="quiet">{t('order.coverage', { coverage: coded('coverage', order.coverage) })}</dd>
        </div>
        <div>
          <dt>{t('order.voucher')}</dt>
          <dd>{coded('voucher', order.voucher)}</dd>
          <dd class="quiet">{t('order.registered', { time: dateTime(order.registered_at) })}</dd>
        </div>
      </dl>
    </header>
  );
}

/** Why every other field is what it is: the winner, the loser, the rule. */
export function Why({ order }: { order: OrderDetail }) {
  const rows = order.explanations.filter((one) => one.field !== 'state' || one.losers.length > 0);
  if (rows.length === 0) return null;
  const facts = new Map(order.timeline.map((fact) => [fact.fact, fact]));
  return (
    <section class="card">
      <h2>{t('why.title')}</h2>
      <ul class="items">
        {rows.map((one, index) => <Because key={index} one={one} facts={facts} />)}
      </ul>
    </section>
  );
}

function Because({ one, facts }: { one: Explanation; facts: ReadonlyMap<string, TimelineFact> }) {
  const names = (references: string[]) => references.map((reference) => factName(facts.get(reference), reference)).join('; ');
  return (
    <li class="item plain because">
      <div class="row-marks">
        <span class="strong">{coded('explained', one.field)}</span>
        <RuleTag rule={one.rule} pair={one.pair} />
      </div>
      <p>{both(one.text)}</p>
      <p class="quiet"><span class="label">{t('why.rule')}</span> {coded('rule', one.rule)}</p>
      {one.winners.length > 0 && <p class="quiet"><span class="label">{t('why.winners')}</span> {names(one.winners)}</p>}
      {one.losers.length > 0 && <p class="quiet"><span class="label">{t('why.losers')}</span> {names(one.losers)}</p>}
    </li>
  );
}
