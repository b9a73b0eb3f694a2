/** Small marks: a colour, a sign and always the words. */

import { ageText, dateTime, now } from '../format';
import { freshness } from '../logic/age';
import { both, coded, t } from '../text';
import type { Both, Millis, OrderRow } from '../types';
import { Icon, type IconName } from './icon';

export type Tone = 'plain' | 'info' | 'busy' | 'good' | 'done' | 'warn' | 'bad' | 'off';

const STATES: Record<string, { tone: Tone; icon: IconName }> = {
  registered: { tone: 'plain', icon: 'dot' },
  ready: { tone: 'info', icon: 'play' },
  dispatched: { tone: 'info', icon: 'dispatch' },
  in_progress: { tone: 'busy', icon: 'sync' },
  unfinished: { tone: 'warn', icon: 'clock' },
  completed: { tone: 'good', icon: 'check' },
  returned: { tone: 'done', icon: 'check' },
  cancelled: { tone: 'off', icon: 'slash' },
  terminated: { tone: 'off', icon: 'slash' },
  cancel_contested: { tone: 'bad', icon: 'alert' },
  closed: { tone: 'done', icon: 'orders' },
  on_hold: { tone: 'warn', icon: 'pause' },
  awaiting_consent: { tone: 'warn', icon: 'pen' },
  in_custody: { tone: 'busy', icon: 'board' },
  merged: { tone: 'off', icon: 'slash' },
  declined: { tone: 'off', icon: 'slash' },
};

export const STATE_CODES = Object.keys(STATES);

export function StateChip({ state, text, large = false }: { state: string; text: Both; large?: boolean }) {
  const look = STATES[state] ?? { tone: 'plain', icon: 'dot' };
  return (
    <span class={`chip tone-${look.tone}${large ? ' large' : ''}`} data-state={state}>
      <Icon name={look.icon} />
      {both(text)}
    </span>
  );
}

export function Chip({ tone, icon, children }: { tone: Tone; icon?: IconName; children: preact.ComponentChildren }) {
  return (
    <span class={`chip tone-${tone}`}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

/** How long a device has been silent; it keeps ageing while one looks at it. */
export function SyncAge({ at }: { at: Millis | null }) {
  const fresh = freshness(at, now.value);
  const words = at === null ? t('sync.never') : t('sync.ago', { age: ageText(at) });
  return (
    <span class={`sync-age ${fresh}`} title={at === null ? undefined : dateTime(at)}>
      <Icon name={fresh === 'stale' ? 'offline' : 'sync'} />
      {words}
    </span>
  );
}

export function SignatureMark({ row }: { row: Pick<OrderRow, 'signature'> }) {
  const tone: Record<OrderRow['signature'], Tone> = { unsigned: 'plain', signed: 'good', signed_partial: 'warn', refused: 'bad' };
  const icon: Record<OrderRow['signature'], IconName> = { unsigned: 'dot', signed: 'check', signed_partial: 'alert', refused: 'slash' };
  return (
    <span class={`mark tone-${tone[row.signature] ?? 'plain'}`}>
      <Icon name={icon[row.signature] ?? 'dot'} />
      {coded('signature', row.signature)}
    </span>
  );
}

export function UrgencyMark({ urgency }: { urgency: string }) {
  if (urgency === 'normal') return null;
  return (
    <span class={`mark tone-${urgency === 'hazard' ? 'bad' : 'warn'}`}>
      <Icon name="alert" />
      {coded('urgency', urgency)}
    </span>
  );
}

export function RuleTag({ rule, pair }: { rule: string; pair: string | null }) {
  return (
    <span class="rule-tags">
      <span class="tag" title={coded('rule', rule)}>{rule}</span>
      {pair && <span class="tag case">{pair}</span>}
    </span>
  );
}
