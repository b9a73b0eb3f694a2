/** What the gate kept apart, and a supervisor's decision about it. */

import { useState } from 'preact/hooks';
import { call, errorText, session } from '../api';
import { bytes, dateTime } from '../format';
import { Chip } from '../parts/chip';
import { Dialog } from '../parts/dialog';
import { LongField, Problem } from '../parts/form';
import { say } from '../parts/state_of_things';
import { coded, t } from '../text';
import type { Quarantined } from '../types';

export function QuarantineTable({ rows, onDecided }: { rows: Quarantined[]; onDecided: () => void }) {
  const [deciding, setDeciding] = useState<Quarantined | null>(null);
  const decides = session.value?.roles.includes('supervisor') ?? false;
  return (
    <>
      <table class="table quarantine">
        <thead>
          <tr>
            <th scope="col">{t('quarantine.reason')}</th>
            <th scope="col">{t('quarantine.says')}</th>
            <th scope="col">{t('quarantine.device')}</th>
            <th scope="col">{t('quarantine.document')}</th>
            <th scope="col">{t('quarantine.size')}</th>
            <th scope="col">{t('quarantine.received')}</th>
            <th scope="col"><span class="hidden">{t('actions')}</span></th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} data-quarantined={row.key}>
              <td class="strong">
                {coded('quarantine.reason', row.reason)}
                {row.used_in !== null && <UsedIn by={row.used_in} />}
              </td>
              <td data-label={t('quarantine.says')}>{row.summary ?? '–'}</td>
              <td class="nowrap" data-label={t('quarantine.device')}><code title={row.device}>{row.device.slice(0, 8)}</code></td>
              <td class="nowrap" data-label={t('quarantine.document')}><a href={`#/orders/${encodeURIComponent(row.document)}`}>{row.serial ?? <code>{row.document.slice(0, 13)}</code>}</a></td>
              <td class="nowrap" data-label={t('quarantine.size')}>{bytes(row.bytes)}</td>
              <td class="nowrap" data-label={t('quarantine.received')}>{dateTime(row.received_at)}</td>
              <td class="cell-actions">
                {row.decided !== null
                  ? <Decided by={row.decided} />
                  : decides && <button type="button" class="button" onClick={() => setDeciding(row)}>{t('reviews.decide')}</button>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {deciding !== null && <Decide row={deciding} onClose={() => setDeciding(null)} onDone={() => { setDeciding(null); onDecided(); }} />}
    </>
  );
}

/** Where the code or the receipt number was used first. */
function UsedIn({ by }: { by: NonNullable<Quarantined['used_in']> }) {
  return <p class="quiet" data-part="used-in">{t('quarantine.used_in')} <a href={`#/orders/${encodeURIComponent(by.order)}`}>{by.serial ?? by.order.slice(0, 13)}</a></p>;
}

function Decided({ by }: { by: NonNullable<Quarantined['decided']> }) {
  return (
    <div class="decided" data-admitted={by.admitted}>
      <Chip tone={by.admitted ? 'done' : 'off'} icon={by.admitted ? 'check' : 'slash'}>{t(by.admitted ? 'quarantine.admitted' : 'quarantine.discarded')}</Chip>
      <span class="quiet" title={dateTime(by.at)}>{by.reason}</span>
    </div>
  );
}

function Decide({ row, onClose, onDone }: { row: Quarantined; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const decide = (decision: 'admit' | 'discard') => {
    setWrong(null);
    call('POST', `/api/quarantine/${encodeURIComponent(row.key)}/${decision}`, { body: { reason: reason.trim() } })
      .then(() => { say(t(decision === 'admit' ? 'quarantine.admitted' : 'quarantine.discarded')); onDone(); })
      .catch((error: unknown) => setWrong(errorText(error)));
  };
  return (
    <Dialog title={coded('quarantine.reason', row.reason)} onClose={onClose}>
      <form class="form" onSubmit={(event) => { event.preventDefault(); decide('admit'); }}>
        {wrong !== null && <Problem>{wrong}</Problem>}
        {row.summary !== null && <p class="strong">{row.summary}</p>}
        {row.used_in !== null && <UsedIn by={row.used_in} />}
        <p class="hint">{t('quarantine.decide_hint')}</p>
        <LongField name="reason" label={t('field.reason')} value={reason} onValue={setReason} />
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="button" class="button danger" disabled={reason.trim() === ''} onClick={() => decide('discard')}>{t('quarantine.discard')}</button>
          <button type="submit" class="button primary" disabled={reason.trim() === ''}>{t('quarantine.admit')}</button>
        </div>
      </form>
    </Dialog>
  );
}
