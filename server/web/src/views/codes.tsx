/** Codes that are shown once: a customer's, for signing; one's own, for approving; and blocks of receipt numbers. */

import { useState } from 'preact/hooks';
import { ApiError, call, errorText } from '../api';
import { dateTime } from '../format';
import { fieldOfRefusal } from '../logic/written';
import { Dialog } from '../parts/dialog';
import { Problem, RadioField, TextField } from '../parts/form';
import { say } from '../parts/state_of_things';
import { t } from '../text';
import type { Id, Millis } from '../types';

interface Code {
  number: number;
  code: string;
}

interface Issued {
  codes: Code[];
  until?: Millis;
}

interface CountProps {
  title: string;
  hint: string;
  path: string;
  /** As the server allows. */
  most: number;
  start: number;
  onClose: () => void;
}

/** Asks how many, and shows what was given out. */
function CodesDialog({ title, hint, path, most, start, onClose }: CountProps) {
  const [count, setCount] = useState(String(start));
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const [issued, setIssued] = useState<Issued | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    setWrong(null);
    call<Issued>('POST', path, { body: { count: /^\d{1,6}$/.test(count.trim()) ? Number(count) : 0 } })
      .then(setIssued)
      .catch((error: unknown) => setWrong({ field: fieldOfRefusal(error instanceof ApiError ? error.field : null, ['count']), text: errorText(error) }));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {issued === null ? (
        <form class="form" onSubmit={submit} noValidate>
          {wrong !== null && wrong.field === null && <Problem>{wrong.text}</Problem>}
          <p class="hint">{hint}</p>
          <TextField name="count" label={t('codes.count')} inputmode="numeric" value={count} onValue={setCount} error={wrong?.field === 'count' ? wrong.text : null} hint={t('field.number.hint', { least: 1, most })} />
          <div class="form-end">
            <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
            <button type="submit" class="button primary">{t('codes.issue')}</button>
          </div>
        </form>
      ) : (
        <div class="form" data-part="codes">
          <p class="strong" role="status">{t('codes.once')}</p>
          <ol class="codes">
            {issued.codes.map((one) => <li key={one.number}><span class="quiet">{one.number}</span> <code>{one.code}</code></li>)}
          </ol>
          {issued.until !== undefined && <p class="quiet">{t('codes.until', { time: dateTime(issued.until) })}</p>}
          <div class="form-end">
            <button type="button" class="button" onClick={() => print()}>{t('codes.print')}</button>
            <button type="button" class="button primary" onClick={onClose}>{t('understood')}</button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

export function CustomerCodes({ customer, name, onClose }: { customer: Id; name: string; onClose: () => void }) {
  return (
    <CodesDialog
      title={t('codes.customer', { name })} hint={t('codes.customer_hint')} path={`/api/customers/${encodeURIComponent(customer)}/codes`}
      most={20} start={3} onClose={onClose}
    />
  );
}

export function ApprovalCodes({ onClose }: { onClose: () => void }) {
  return <CodesDialog title={t('codes.approval')} hint={t('codes.approval_hint')} path="/api/approval-codes" most={100} start={10} onClose={onClose} />;
}

const LEDGERS = ['custody', 'cash'] as const;

/** The next numbers for a device's receipts. */
export function NumberBlock({ device, name, onClose }: { device: Id; name: string; onClose: () => void }) {
  const [ledger, setLedger] = useState<string>('custody');
  const [count, setCount] = useState('50');
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    setWrong(null);
    call<{ first: string; last: string }>('POST', `/api/devices/${encodeURIComponent(device)}/numbers`, { body: { ledger, count: /^\d{1,6}$/.test(count.trim()) ? Number(count) : 0 } })
      .then((block) => {
        say(t('numbers.given', { name, first: block.first, last: block.last }));
        onClose();
      })
      .catch((error: unknown) => setWrong({ field: fieldOfRefusal(error instanceof ApiError ? error.field : null, ['ledger', 'count']), text: errorText(error) }));
  };
  return (
    <Dialog title={t('numbers.title', { name })} onClose={onClose}>
      <form class="form" onSubmit={submit} noValidate>
        {wrong !== null && wrong.field === null && <Problem>{wrong.text}</Problem>}
        <p class="hint">{t('numbers.hint')}</p>
        <RadioField name="ledger" label={t('numbers.ledger')} value={ledger} onValue={setLedger} options={LEDGERS.map((value) => ({ value, label: t(`numbers.${value}`) }))} error={wrong?.field === 'ledger' ? wrong.text : null} />
        <TextField name="count" label={t('codes.count')} inputmode="numeric" value={count} onValue={setCount} error={wrong?.field === 'count' ? wrong.text : null} hint={t('field.number.hint', { least: 1, most: 500 })} />
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button primary">{t('numbers.give')}</button>
        </div>
      </form>
    </Dialog>
  );
}
