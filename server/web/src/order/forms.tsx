/** The forms of an order: every step, what was filled in, and what is lacking. */

import { useState } from 'preact/hooks';
import { dateTime, nameOf, quantity } from '../format';
import { textMatches } from '../logic/order_list';
import { Chip } from '../parts/chip';
import { SearchBox } from '../parts/form';
import { useValue } from '../parts/use_page';
import { both, t } from '../text';
import type { FormRecord, FormStep, OrderDetail, Page } from '../types';

export function Forms({ order }: { order: OrderDetail }) {
  const [text, setText] = useState('');
  const about = (id: string) => id === order.id;
  const forms = useValue<Page<FormRecord>>(`/api/orders/${encodeURIComponent(order.id)}/forms`, (event) => event.kind === 'order' && about(event.row.id));
  const found = forms.value?.items ?? [];
  if (found.length === 0) return null;
  return (
    <section class="card" data-forms>
      <div class="card-head">
        <h2>{t('forms.title')} <span class="count">{t('forms.count', { n: found.length })}</span></h2>
        <SearchBox value={text} onValue={setText} />
      </div>
      {found.map((form) => <One key={form.code} form={form} text={text} />)}
    </section>
  );
}

function One({ form, text }: { form: FormRecord; text: string }) {
  const steps = form.steps.filter((step) => step.state !== 'not_asked' && textMatches(text, [both(step.title), valueOf(step)]));
  const asked = form.steps.filter((step) => step.state !== 'not_asked');
  const filled = asked.filter((step) => step.state === 'filled').length;
  return (
    <details open={!form.whole} data-form={form.code}>
      <summary>
        <span class="strong">{both(form.title)}</span>{' '}
        <span class="quiet">{t('forms.filled', { n: filled, of: asked.length })}</span>{' '}
        <Chip tone={form.whole ? 'good' : 'warn'}>{t(form.whole ? 'forms.whole' : 'forms.lacking')}</Chip>
      </summary>
      <table class="table inner">
        <thead>
          <tr>
            <th scope="col">{t('forms.step')}</th>
            <th scope="col">{t('forms.value')}</th>
            <th scope="col">{t('forms.when')}</th>
          </tr>
        </thead>
        <tbody>{steps.map((step) => <Step key={step.code} step={step} />)}</tbody>
      </table>
    </details>
  );
}

function Step({ step }: { step: FormStep }) {
  const flags = [
    step.at_fault && t('forms.at_fault'),
    step.too_early && t('forms.too_early'),
    step.photo_lacking && t('forms.photo_lacking'),
  ].filter((flag) => flag !== false);
  return (
    <tr data-step={step.code} data-state={step.state}>
      <td>{both(step.title)}</td>
      <td>
        {step.state === 'open' ? <span class="quiet">{t('forms.open')}</span> : valueOf(step)}
        {flags.map((flag) => <Chip key={flag} tone="warn">{flag}</Chip>)}
      </td>
      <td>{step.time_at === null ? '–' : dateTime(step.time_at)}</td>
    </tr>
  );
}

/** What was filled in, in words; a reading with its unit and range. */
export function valueOf(step: FormStep): string {
  if (step.reading_thousandths !== null) {
    const range = step.min === null && step.max === null ? '' : ` (${step.min ?? ''}–${step.max ?? ''})`;
    return `${quantity(step.reading_thousandths, step.unit ?? '')}${range}`;
  }
  if (step.people.length > 0) return step.text ?? step.people.map((person) => nameOf(person)).join(', ');
  return [step.result === null ? null : t(`forms.result.${step.result}`), step.text].filter((part) => part !== null).join(' · ');
}
