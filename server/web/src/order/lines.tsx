/** What was done, fitted and measured; what a signature covers; what may be billed. */

import { useState } from 'preact/hooks';
import { money, nameOf, quantity } from '../format';
import { may } from '../logic/acts';
import { textMatches } from '../logic/order_list';
import { Chip } from '../parts/chip';
import { SearchBox } from '../parts/form';
import { Icon } from '../parts/icon';
import { both, coded, t } from '../text';
import type { Line, Money, OrderDetail } from '../types';
import type { Act } from './act/card';

/** Totals per currency; different currencies are never added. */
export function totals(amounts: readonly (Money | null)[]): Money[] {
  const sums = new Map<string, number>();
  for (const amount of amounts) {
    if (amount !== null) sums.set(amount.currency, (sums.get(amount.currency) ?? 0) + amount.minor);
  }
  return [...sums].map(([currency, minor]) => ({ currency, minor }));
}

const joined = (amounts: Money[]) => (amounts.length === 0 ? '–' : amounts.map(money).join(' + '));

/** What is charged for, or could be; the rest was looked at, measured, photographed. */
const isWork = (line: Line): boolean => line.amount !== null || ['labour', 'part', 'expense'].includes(line.kind);

export function Lines({ order, act }: { order: OrderDetail; act: Act }) {
  const [text, setText] = useState('');
  if (order.lines.length === 0) return null;
  const rows = order.lines.filter((line) => textMatches(text, [line.name, line.serial, coded('line', line.kind), nameOf(line.technician)]));
  const reverse = (line: Line) => (may(order, 'reverse_line') ? () => act('reverse_line', { line: line.fact }) : null);
  const [work, checks] = [rows.filter(isWork), rows.filter((line) => !isWork(line))];
  const effective = order.lines.filter((line) => line.standing === 'effective');
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('lines.title')} <span class="count">{t('lines.count', { n: order.lines.length })}</span></h2>
        <SearchBox value={text} onValue={setText} />
      </div>
      {work.length > 0 && <table class="table lines inner">
        <thead>
          <tr>
            <th scope="col">{t('lines.kind')}</th>
            <th scope="col">{t('lines.name')}</th>
            <th scope="col" class="number">{t('lines.quantity')}</th>
            <th scope="col" class="number">{t('lines.amount')}</th>
            <th scope="col">{t('lines.covered')}</th>
            <th scope="col">{t('lines.billable')}</th>
          </tr>
        </thead>
        <tbody>
          {work.map((line) => <Row key={line.fact} line={line} reverse={reverse(line)} />)}
        </tbody>
      </table>}
      {order.repeat_of != null && <p class="hint" data-repeat-of={order.repeat_of}>{t('lines.repeat_of')}: <a href={`#/orders/${encodeURIComponent(order.repeat_of)}`}>{order.repeat_of}</a></p>}
      {checks.length > 0 && (
        <details class="checks" open={text !== ''} data-part="checks">
          <summary>{t('lines.checks', { n: checks.length })}</summary>
          <ul>{checks.map((line) => <Checked key={line.fact} line={line} reverse={reverse(line)} />)}</ul>
        </details>
      )}
      <p class="totals">
        <span>{t('lines.total', { amount: joined(totals(effective.map((line) => line.amount))) })}</span>
        <span class="strong">{t('lines.total_billable', { amount: joined(totals(effective.filter((line) => line.billable).map((line) => line.charge))) })}</span>
      </p>
    </section>
  );
}

function Row({ line, reverse }: { line: Line; reverse: (() => void) | null }) {
  const counts = line.standing === 'effective';
  return (
    <tr class={counts ? '' : 'struck'}>
      <td>{coded('line', line.kind)}</td>
      <td>
        <span class="strong line-name">{line.name}</span>
        <span class="quiet block">
          {nameOf(line.technician)}{line.serial !== null && ` · ${t('lines.serial', { serial: line.serial })}`}
        </span>
        {!counts && <Chip tone="off" icon="slash">{coded('standing', line.standing)}</Chip>}
        {counts && reverse !== null && <button type="button" class="link-button" onClick={reverse}>{coded('command', 'reverse_line')}</button>}
      </td>
      <td class="number nowrap">{quantity(line.quantity_thousandths, line.unit)}</td>
      <td class="number nowrap">{line.amount === null ? t('lines.free') : money(line.amount)}</td>
      <td>{counts && <YesNo yes={line.covered} texts={[t('lines.is_covered'), t('lines.not_covered')]} />}</td>
      <td>
        {counts && <YesNo yes={line.billable} texts={[t('lines.is_billable'), t('lines.not_billable')]} />}
        {counts && line.held_text !== null && <span class="quiet block" data-held={line.held}>{both(line.held_text)}</span>}
      </td>
    </tr>
  );
}

/** A check, a reading or a photo: nothing is charged for it. */
function Checked({ line, reverse }: { line: Line; reverse: (() => void) | null }) {
  const counts = line.standing === 'effective';
  return (
    <li class={counts ? 'checked' : 'checked struck'}>
      <span><span class="line-name">{line.name}</span> <span class="quiet">{coded('line', line.kind)} · {nameOf(line.technician)}</span></span>
      <span class="number nowrap">{line.unit === '' ? '' : quantity(line.quantity_thousandths, line.unit)}</span>
      {counts && <YesNo yes={line.covered} texts={[t('lines.is_covered'), t('lines.not_covered')]} />}
      {!counts && <Chip tone="off" icon="slash">{coded('standing', line.standing)}</Chip>}
      {counts && reverse !== null && <button type="button" class="link-button" onClick={reverse}>{coded('command', 'reverse_line')}</button>}
    </li>
  );
}

function YesNo({ yes, texts }: { yes: boolean; texts: [string, string] }) {
  return <span class={`mark tone-${yes ? 'good' : 'warn'}`}><Icon name={yes ? 'check' : 'alert'} />{yes ? texts[0] : texts[1]}</span>;
}
