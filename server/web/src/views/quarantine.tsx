/** What the gate kept apart, and a supervisor's decision about it. */

import { useState } from 'preact/hooks';
import { call, errorText, session } from '../api';
import { bytes, dateTime } from '../format';
import { Chip } from '../parts/chip';
import { Dialog } from '../parts/dialog';
import { LongField, Problem, SelectField } from '../parts/form';
import { say } from '../parts/state_of_things';
import { coded, find, t } from '../text';
import type { QuarantineDecisions, Quarantined } from '../types';

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
                  ? <DecidedBy by={row.decided} />
                  : decides && <button type="button" class="button" onClick={() => setDeciding(row)}>{t('reviews.decide')}</button>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {deciding !== null && <Decide row={deciding} onClose={() => setDeciding(null)} onDone={() => { setDeciding(null); onDecided(); }} onChanged={onDecided} />}
    </>
  );
}

/** Where the code or the receipt number was used first. */
function UsedIn({ by }: { by: NonNullable<Quarantined['used_in']> }) {
  return <p class="quiet" data-part="used-in">{t('quarantine.used_in')} <a href={`#/orders/${encodeURIComponent(by.order)}`}>{by.serial ?? by.order.slice(0, 13)}</a></p>;
}

function DecidedBy({ by }: { by: NonNullable<Quarantined['decided']> }) {
  return (
    <div class="decided" data-admitted={by.admitted}>
      <Chip tone={by.admitted ? 'done' : 'off'} icon={by.admitted ? 'check' : 'slash'}>{t(by.admitted ? 'quarantine.admitted' : 'quarantine.discarded')}</Chip>
      <span class="quiet" title={dateTime(by.at)}>{by.reason}</span>
    </div>
  );
}

/** What one decision is about: this fact, or all that waits of its order, or of what its device brought. */
const ABOUT = ['one', 'order', 'device'] as const;
type About = typeof ABOUT[number];

/** What became of a decision about many: how many it was about, and the codes of those that could not be decided. */
interface Decided { decided: number; left: string[]; failed: unknown }

/** Requests of one decision, each about 256 facts at most: whoever goes on sending ends no loop. */
const ROUNDS = 64;

async function decideAbout(about: About, row: Quarantined, admit: boolean, reason: string): Promise<Decided> {
  if (about === 'one') {
    await call('POST', `/api/quarantine/${encodeURIComponent(row.key)}/${admit ? 'admit' : 'discard'}`, { body: { reason } });
    return { decided: 1, left: [], failed: null };
  }
  const those = about === 'order' ? { order: row.document } : { device: row.device };
  const done: Decided = { decided: 0, left: [], failed: null };
  let after: string | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    try {
      const answer: QuarantineDecisions = await call('POST', '/api/quarantine/decisions', { body: { admit, reason, ...those, ...(after === null ? {} : { after }) } });
      done.decided += answer.decided;
      done.left.push(...answer.left.map((one) => one.code));
      after = answer.next;
    } catch (error) {
      // What was decided before it stays decided.
      return { ...done, failed: error };
    }
    if (after === null) break;
  }
  return done;
}

/** Why facts could not be decided, each reason once. */
function reasons(left: string[]): string[] {
  return [...new Set(left)].map((code) => find('quarantine.left', code) ?? find('refusal', code) ?? find('error', code) ?? code);
}

function Decide({ row, onClose, onDone, onChanged }: { row: Quarantined; onClose: () => void; onDone: () => void; onChanged: () => void }) {
  const [reason, setReason] = useState('');
  const [about, setAbout] = useState<About>('one');
  const [wrong, setWrong] = useState<string | null>(null);
  const [deciding, setDeciding] = useState(false);
  const decide = (admit: boolean) => {
    setWrong(null);
    setDeciding(true);
    decideAbout(about, row, admit, reason.trim())
      .then(({ decided, left, failed }) => {
        if (decided > 0) say(t(admit ? 'quarantine.admitted_n' : 'quarantine.discarded_n', { n: decided }));
        if (left.length === 0 && failed === null) return onDone();
        const some = left.length === 0 ? [] : [t('quarantine.left', { n: left.length }), ...reasons(left)];
        setWrong([...some, ...(failed === null ? [] : [errorText(failed)])].join(' '));
        onChanged();
      })
      .catch((error: unknown) => setWrong(errorText(error)))
      .finally(() => setDeciding(false));
  };
  const cannot = deciding || reason.trim() === '';
  return (
    <Dialog title={coded('quarantine.reason', row.reason)} onClose={() => { if (!deciding) onClose(); }}>
      <form class="form" onSubmit={(event) => { event.preventDefault(); if (!cannot) decide(true); }}>
        {wrong !== null && <Problem>{wrong}</Problem>}
        {row.summary !== null && <p class="strong">{row.summary}</p>}
        {row.used_in !== null && <UsedIn by={row.used_in} />}
        <p class="hint">{t('quarantine.decide_hint')}</p>
        <SelectField
          name="about" label={t('quarantine.about')} value={about} onValue={(value) => setAbout(ABOUT.find((one) => one === value) ?? 'one')}
          options={ABOUT.map((value) => ({ value, label: t(`quarantine.about.${value}`) }))}
        />
        <LongField name="reason" label={t('field.reason')} value={reason} onValue={setReason} />
        <div class="form-end">
          <button type="button" class="button" disabled={deciding} onClick={onClose}>{t('cancel')}</button>
          <button type="button" class="button danger" disabled={cannot} onClick={() => decide(false)}>{t('quarantine.discard')}</button>
          <button type="submit" class="button primary" disabled={cannot}>{t('quarantine.admit')}</button>
        </div>
      </form>
    </Dialog>
  );
}
