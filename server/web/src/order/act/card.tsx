/** Everything that this person can do with the order: the everyday buttons, the others by subject, and why not the rest. */

import { useState } from 'preact/hooks';
import { holds } from '../../api';
import { everyday, further } from '../../logic/acts';
import { textMatches } from '../../logic/order_list';
import { SearchBox } from '../../parts/form';
import { Icon, type IconName } from '../../parts/icon';
import { both, coded, t } from '../../text';
import type { Offer, OrderDetail } from '../../types';
import { CustomerCodes } from '../../views/codes';

/** What is fixed when a form is opened beside one line, review or document. */
export type Preset = Record<string, unknown>;
export type Act = (command: string, preset?: Preset) => void;

const ICONS: Record<string, IconName> = {
  assign: 'user', unassign: 'slash', reschedule: 'clock', confirm: 'check', note: 'pen', return_voucher: 'orders',
  close: 'shield', cancel: 'close', reinstate: 'back',
};

export function Everyday({ order, act }: { order: OrderDetail; act: Act }) {
  const commands = everyday(order);
  if (commands.length === 0) return null;
  return (
    <div class="actions" role="group" aria-label={t('actions')}>
      {commands.map((command) => (
        <button key={command} type="button" class={command === 'cancel' ? 'button danger-quiet' : 'button'} data-command={command} onClick={() => act(command)}>
          <Icon name={ICONS[command] ?? 'dot'} />{coded('command', command)}
        </button>
      ))}
    </div>
  );
}

export function ActCard({ order, act }: { order: OrderDetail; act: Act }) {
  const [text, setText] = useState('');
  const [codes, setCodes] = useState(false);
  const { now, notNow } = further(order);
  if (now.length === 0 && notNow.length === 0) return null;
  const fits = (offer: Offer) => textMatches(text, [coded('command', offer.command), both(offer.text), offer.command]);
  const shown = now.map(([group, offers]) => [group, offers.filter(fits)] as const).filter(([, offers]) => offers.length > 0);
  const refused = notNow.filter(fits);
  return (
    <section class="card acts" data-part="acts">
      <div class="card-head">
        <h2>{t('acts.title')} <span class="count">{t('acts.count', { n: now.reduce((sum, [, offers]) => sum + offers.length, 0) })}</span></h2>
        <SearchBox value={text} onValue={setText} />
      </div>
      {shown.map(([group, offers]) => (
        <div key={group} class="act-group" role="group" aria-label={t(`acts.${group}`)}>
          <h3>{t(`acts.${group}`)}</h3>
          <div class="act-buttons">
            {offers.map((offer) => (
              <button key={offer.command} type="button" class="button" data-command={offer.command} onClick={() => act(offer.command)}>{coded('command', offer.command)}</button>
            ))}
          </div>
        </div>
      ))}
      {holds('clerk', 'supervisor') && (
        <p class="act-group"><button type="button" class="button" data-action="customer-codes" onClick={() => setCodes(true)}><Icon name="phone" />{t('codes.customer_button')}</button></p>
      )}
      {codes && <CustomerCodes customer={order.customer.id} name={order.customer.name} onClose={() => setCodes(false)} />}
      {refused.length > 0 && (
        <details class="not-now" open={text !== ''}>
          <summary>{t('acts.not_now', { n: refused.length })}</summary>
          <dl>
            {refused.map((offer) => (
              <div key={offer.command} data-refused={offer.command}><dt>{coded('command', offer.command)}</dt><dd>{offer.refusal === null ? '' : both(offer.refusal.text)}</dd></div>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}
