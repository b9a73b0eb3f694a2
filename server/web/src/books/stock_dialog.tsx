/** The storekeeper books parts into a stock, out of it, or counts them. */

import { useState } from 'preact/hooks';
import { ApiError, call, errorText } from '../api';
import { Dialog } from '../parts/dialog';
import { Problem, RadioField, TextField } from '../parts/form';
import { say } from '../parts/state_of_things';
import { technicians } from '../technicians';
import { t } from '../text';

/** Thousandths of what somebody typed; `null` when it is no number. */
export function thousandths(text: string): number | null {
  return /^-?\d{1,6}([.,]\d{1,3})?$/.test(text.trim()) ? Math.round(Number(text.trim().replace(',', '.')) * 1000) : null;
}

export function StockDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [what, setWhat] = useState('move');
  const [keeper, setKeeper] = useState('');
  const [code, setCode] = useState('');
  const [name, setName] = useState('');
  const [unit, setUnit] = useState('piece');
  const [count, setCount] = useState('');
  const [quota, setQuota] = useState(false);
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const of = (field: string) => (wrong?.field === field ? wrong.text : null);
  const submit = (event: Event) => {
    event.preventDefault();
    const quantity = thousandths(count);
    if (quantity === null) {
      setWrong({ field: 'quantity_thousandths', text: t('books.wrong_number') });
      return;
    }
    setBusy(true);
    setWrong(null);
    const path = what === 'count' ? '/api/stock/counts' : '/api/stock/moves';
    const body = { keeper, code, name, unit, quantity_thousandths: what === 'out' ? -quantity : quantity, quota };
    call('POST', path, { body })
      .then(() => { say(t('books.booked', { code })); onDone(); })
      .catch((error: unknown) => setWrong({ field: error instanceof ApiError ? error.field : null, text: errorText(error) }))
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={t('books.book')} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {wrong !== null && (wrong.field === null || wrong.field === 'at') && <Problem>{wrong.text}</Problem>}
        <RadioField
          name="what" label={t('books.kind')} value={what} onValue={setWhat}
          options={['move', 'out', 'count'].map((value) => ({ value, label: t(`books.book.${value}` as 'books.book.move') }))}
        />
        <label class="pick wide">
          <span>{t('books.keeper')}</span>
          <select name="keeper" value={keeper} onChange={(event) => setKeeper(event.currentTarget.value)}>
            <option value="">–</option>
            {technicians.value.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
          </select>
        </label>
        {of('keeper') !== null && <p class="field-error" role="alert">{of('keeper')}</p>}
        <TextField name="code" label={t('books.code')} value={code} onValue={setCode} error={of('code')} />
        <TextField name="name" label={t('books.part')} value={name} onValue={setName} error={of('name')} />
        <TextField name="unit" label={t('books.unit')} value={unit} onValue={setUnit} error={of('unit')} />
        <TextField name="quantity" label={t('books.quantity')} inputmode="decimal" value={count} onValue={setCount} error={of('quantity_thousandths')} />
        {what !== 'count' && (
          <label class="check">
            <input type="checkbox" name="quota" checked={quota} onChange={(event) => setQuota(event.currentTarget.checked)} />
            <span>{t('books.quota_hint')}</span>
          </label>
        )}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button primary" disabled={busy || keeper === ''}>{busy ? t('sending') : t('books.book')}</button>
        </div>
      </form>
    </Dialog>
  );
}
