/** Registering a call. The server says which field is missing; the message stands at that field. */

import { useRef, useState } from 'preact/hooks';
import { ApiError, call, errorText } from '../api';
import { fieldOfRefusal } from '../logic/written';
import { orderHash } from '../logic/route';
import { LongField, Problem, RadioField, SelectField, TextField } from '../parts/form';
import { Icon } from '../parts/icon';
import { say } from '../parts/state_of_things';
import { technicians } from '../technicians';
import { coded, t } from '../text';

export const CHANNELS = ['phone', 'fax', 'letter', 'email', 'website', 'app', 'walk_in', 'store', 'on_site'];
const CLASSES = ['chargeable', 'contract', 'free', 'internal'];
const URGENCIES = ['normal', 'urgent', 'hazard'];

const START = {
  'customer.name': '', 'customer.phone': '', 'site.address': '', 'unit.model': '', 'unit.serial': '',
  channel: 'phone', class: 'chargeable', urgency: 'normal', problem: '', skill: '',
};
type Name = keyof typeof START;
type Values = Record<Name, string>;

function bodyOf(values: Values) {
  const clean = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim()])) as Values;
  const unit = { model: clean['unit.model'], serial: clean['unit.serial'] };
  return {
    customer: { name: clean['customer.name'], phone: clean['customer.phone'] },
    site: { address: clean['site.address'] },
    ...(unit.model === '' && unit.serial === '' ? {} : { unit }),
    channel: clean.channel, class: clean.class, urgency: clean.urgency, problem: clean.problem,
    ...(clean.skill === '' ? {} : { skill: clean.skill }),
  };
}

/** 128 random bits. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const optionsOf = (family: string, codes: string[]) => codes.map((value) => ({ value, label: coded(family, value) }));

export function NewCall() {
  const [values, setValues] = useState<Values>(START);
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  // A call sent again because its answer was lost is the same request; a changed one is another.
  const sent = useRef({ body: '', key: '' });
  const keyFor = (body: object): string => {
    const text = JSON.stringify(body);
    if (sent.current.body !== text) sent.current = { body: text, key: randomKey() };
    return sent.current.key;
  };
  const skills = [...new Set(technicians.value.flatMap((one) => one.skills))].sort();

  const field = (name: Name) => ({
    name,
    label: t(`call.${name}`),
    value: values[name],
    error: wrong?.field === name ? wrong.text : null,
    onValue: (value: string) => {
      setValues({ ...values, [name]: value });
      if (wrong?.field === name) setWrong(null);
    },
  });

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    setWrong(null);
    call<{ id: string; serial: string }>('POST', '/api/orders', { body: bodyOf(values), idempotencyKey: keyFor(bodyOf(values)) })
      .then(({ id, serial }) => {
        say(t('new_call.done', { serial }));
        location.hash = orderHash(id);
      })
      .catch((error: unknown) => {
        const refused = fieldOfRefusal(error instanceof ApiError ? error.field : null, Object.keys(START));
        setWrong({ field: refused, text: errorText(error) });
        if (refused !== null) form.querySelector<HTMLElement>(`[name="${refused}"]`)?.focus();
      })
      .finally(() => setBusy(false));
  };

  return (
    <section class="view narrow">
      <a class="back" href="#/orders"><Icon name="back" />{t('nav.orders')}</a>
      <h1>{t('new_call.title')}</h1>
      <form class="card form" onSubmit={submit} noValidate>
        {wrong !== null && wrong.field === null && <Problem>{wrong.text}</Problem>}
        <h2>{t('new_call.customer')}</h2>
        <div class="pair">
          <TextField {...field('customer.name')} />
          <TextField {...field('customer.phone')} type="tel" inputmode="tel" />
        </div>
        <TextField {...field('site.address')} />
        <h2>{t('new_call.problem')}</h2>
        <LongField {...field('problem')} rows={4} />
        <div class="pair">
          <RadioField {...field('urgency')} options={optionsOf('urgency', URGENCIES)} />
          <SelectField {...field('class')} options={optionsOf('class', CLASSES)} />
        </div>
        <div class="pair">
          <SelectField {...field('channel')} options={optionsOf('channel', CHANNELS)} />
          <SelectField
            {...field('skill')} optional
            options={[{ value: '', label: t('call.skill.any') }, ...optionsOf('skill', skills)]}
          />
        </div>
        <h2>{t('new_call.unit')}</h2>
        <div class="pair">
          <TextField {...field('unit.model')} optional />
          <TextField {...field('unit.serial')} optional />
        </div>
        <div class="form-end">
          <a class="button" href="#/orders">{t('cancel')}</a>
          <button type="submit" class="button primary" disabled={busy}>{busy ? t('sending') : t('new_call.submit')}</button>
        </div>
      </form>
    </section>
  );
}
