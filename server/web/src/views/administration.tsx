/** People, enrolment codes for devices, and the store. */

import { useState } from 'preact/hooks';
import { ApiError, call, errorText } from '../api';
import { ageText, dateTime } from '../format';
import { textMatches } from '../logic/order_list';
import { Dialog } from '../parts/dialog';
import { LongField, Problem, SearchBox, SelectField, TextField } from '../parts/form';
import { Failed, Loading, say } from '../parts/state_of_things';
import { useValue } from '../parts/use_page';
import { loadTechnicians, technicians } from '../technicians';
import { coded, t } from '../text';
import type { Device, EnrolmentCode, Page, Person, StoreStatus } from '../types';
import { Healing } from './healing';
import { DeviceLine } from './technicians';

const ROLES = ['clerk', 'dispatcher', 'supervisor', 'technician', 'administrator', 'auditor'];

export function Administration() {
  return (
    <section class="view">
      <h1>{t('nav.administration')}</h1>
      <div class="split even">
        <div class="stack"><Enrolment /><Devices /></div>
        <div class="stack"><People /><Store /><Healing /></div>
      </div>
    </section>
  );
}

function Enrolment() {
  const [person, setPerson] = useState('');
  const [code, setCode] = useState<EnrolmentCode | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const name = technicians.value.find((one) => one.id === person)?.name ?? '';
  const submit = (event: Event) => {
    event.preventDefault();
    setWrong(null);
    call<EnrolmentCode>('POST', '/api/devices/codes', { body: { person } })
      .then(setCode)
      .catch((error: unknown) => setWrong(errorText(error)));
  };
  return (
    <section class="card">
      <h2>{t('enrolment.title')}</h2>
      <p class="hint">{t('enrolment.hint')}</p>
      <form class="inline-form" onSubmit={submit}>
        <SelectField
          name="person" label={t('field.technician')} value={person} onValue={(value) => { setPerson(value); setCode(null); }}
          options={[{ value: '', label: t('choose') }, ...technicians.value.map((one) => ({ value: one.id, label: one.name }))]}
        />
        <button type="submit" class="button primary" disabled={person === ''}>{t('enrolment.submit')}</button>
      </form>
      {wrong !== null && <Problem>{wrong}</Problem>}
      {code !== null && (
        <div class="code-card" role="status">
          <p>{t('enrolment.code_for', { name })}</p>
          <p class="enrolment-code">{code.code}</p>
          <p class="quiet">{t('enrolment.expires', { time: dateTime(code.expires_at) })}</p>
          <p class="label">{t('enrolment.fingerprint')}</p>
          <p class="fingerprint">{grouped(code.server_fingerprint)}</p>
          <p class="hint">{t('enrolment.compare')}</p>
        </div>
      )}
    </section>
  );
}

/** Groups of four are easier to compare by eye; a fingerprint that has its own marks keeps them. */
function grouped(fingerprint: string): string {
  return /^[0-9a-f]+$/i.test(fingerprint) ? fingerprint.replace(/(.{4})(?=.)/g, '$1 ') : fingerprint;
}

function Devices() {
  const [text, setText] = useState('');
  const [revoking, setRevoking] = useState<{ device: Device; name: string } | null>(null);
  const rows = technicians.value.filter((one) => one.devices.length > 0
    && textMatches(text, [one.name, ...one.devices.map((device) => device.id)]));
  return (
    <section class="card">
      <div class="card-head"><h2>{t('technicians.devices')}</h2><SearchBox value={text} onValue={setText} /></div>
      <ul class="items">
        {rows.flatMap((one) => one.devices.map((device) => (
          <li key={device.id} class="item">
            <div class="item-main"><span class="strong">{one.name}</span><DeviceLine device={device} /></div>
            {!device.revoked && (
              <div class="item-actions">
                <button type="button" class="button" onClick={() => setRevoking({ device, name: one.name })}>{t('devices.revoke')}</button>
              </div>
            )}
          </li>
        )))}
      </ul>
      {revoking !== null && <Revoke {...revoking} onClose={() => setRevoking(null)} />}
    </section>
  );
}

function Revoke({ device, name, onClose }: { device: Device; name: string; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    call('POST', `/api/devices/${encodeURIComponent(device.id)}/revoke`, { body: { reason: reason.trim() } })
      .then(loadTechnicians)
      .then(() => { say(t('devices.revoked', { name })); onClose(); })
      .catch((error: unknown) => setWrong(errorText(error)));
  };
  return (
    <Dialog title={t('devices.revoke_title', { name })} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {wrong !== null && <Problem>{wrong}</Problem>}
        <p class="hint">{t('devices.revoke_hint')}</p>
        <LongField name="reason" label={t('field.reason')} value={reason} onValue={setReason} />
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button danger" disabled={reason.trim() === ''}>{t('devices.revoke')}</button>
        </div>
      </form>
    </Dialog>
  );
}

function People() {
  const [text, setText] = useState('');
  const [adding, setAdding] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const people = useValue<Page<Person> | Person[]>('/api/people');
  const all = Array.isArray(people.value) ? people.value : people.value?.items ?? [];
  const setActive = (one: Person, active: boolean) => {
    setWrong(null);
    call('POST', `/api/people/${encodeURIComponent(one.id)}`, { body: { active } })
      .then(() => {
        say(t(active ? 'people.activated' : 'people.deactivated', { name: one.name }));
        people.reload();
        loadTechnicians().catch(() => undefined);
      })
      .catch((error: unknown) => setWrong(errorText(error)));
  };
  const rows = all.filter((one) => textMatches(text, [one.name, one.login, ...one.roles.map((role) => coded('role', role))]));
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('people.title')}</h2>
        <SearchBox value={text} onValue={setText} />
        <button type="button" class="button" onClick={() => setAdding(true)}>{t('people.add')}</button>
      </div>
      {wrong !== null && <Problem>{wrong}</Problem>}
      {people.value === null && (people.error === null ? <Loading rows={3} /> : <Failed error={people.error} retry={people.reload} />)}
      <ul class="items">
        {rows.map((one) => (
          <li key={one.id} class="item">
            <div class="item-main"><span class="strong">{one.name}</span> <code>{one.login}</code></div>
            <span class="row-marks">{one.roles.map((role) => <span key={role} class="tag">{coded('role', role)}</span>)}{!one.active && <span class="tag">{t('people.inactive')}</span>}</span>
            <div class="item-actions">
              <button type="button" class="button" onClick={() => setActive(one, !one.active)}>{t(one.active ? 'people.deactivate' : 'people.activate')}</button>
            </div>
          </li>
        ))}
      </ul>
      {adding && <AddPerson onClose={() => setAdding(false)} onDone={() => { setAdding(false); people.reload(); loadTechnicians().catch(() => undefined); }} />}
    </section>
  );
}

function AddPerson({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [values, setValues] = useState({ name: '', login: '', password: '', skills: '' });
  const [roles, setRoles] = useState<string[]>(['clerk']);
  const [wrong, setWrong] = useState<{ field: string | null; text: string } | null>(null);
  const field = (name: keyof typeof values) => ({
    name, label: t(`people.${name}`), value: values[name], error: wrong?.field === name ? wrong.text : null,
    onValue: (value: string) => setValues({ ...values, [name]: value }),
  });
  const submit = (event: Event) => {
    event.preventDefault();
    const skills = values.skills.split(/[\s,，、]+/).filter(Boolean);
    const body = { login: values.login.trim(), name: values.name.trim(), password: values.password, roles, ...(skills.length > 0 ? { skills } : {}) };
    call('POST', '/api/people', { body })
      .then(() => { say(t('people.added', { name: body.name })); onDone(); })
      .catch((error: unknown) => setWrong({ field: error instanceof ApiError ? error.field : null, text: errorText(error) }));
  };
  const known = wrong !== null && wrong.field !== null && wrong.field in values;
  return (
    <Dialog title={t('people.add')} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {wrong !== null && !known && <Problem>{wrong.text}</Problem>}
        <TextField {...field('name')} />
        <TextField {...field('login')} />
        <TextField {...field('password')} type="password" autocomplete="new-password" />
        <fieldset class="field">
          <legend>{t('people.roles')}</legend>
          <div class="radios">
            {ROLES.map((role) => (
              <label key={role} class={roles.includes(role) ? 'radio chosen' : 'radio'}>
                <input
                  type="checkbox" checked={roles.includes(role)}
                  onChange={(event) => setRoles(event.currentTarget.checked ? [...roles, role] : roles.filter((one) => one !== role))}
                />
                {coded('role', role)}
              </label>
            ))}
          </div>
        </fieldset>
        {roles.includes('technician') && <TextField {...field('skills')} optional hint={t('people.skills.hint')} />}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button primary">{t('people.submit')}</button>
        </div>
      </form>
    </Dialog>
  );
}

function Store() {
  const store = useValue<StoreStatus>('/api/store');
  const facts = store.value === null ? [] : ([
    [t('store.id'), store.value.store], [t('store.epoch'), store.value.epoch], [t('store.number'), t('store.records', { n: store.value.number })],
    [t('store.fingerprint'), grouped(store.value.fingerprint)], [t('store.chain'), store.value.chain],
    [t('store.backup'), store.value.backed_up_at === null ? t('store.backup.none')
      : t('store.backup.last', { age: ageText(store.value.backed_up_at), n: store.value.backed_up_to })],
    [t('store.journal'), store.value.journal_read_at === null ? t('store.journal.none')
      : t('store.journal.last', { age: ageText(store.value.journal_read_at) })],
    ...store.value.journal_damage.map((problem) => [t('store.journal.damaged'), problem] as const),
  ] as const);
  return (
    <section class="card">
      <h2>{t('store.title')}</h2>
      {store.value === null && (store.error === null ? <Loading rows={3} /> : <Failed error={store.error} retry={store.reload} />)}
      <dl class="facts">
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd><code>{value}</code></dd></div>)}
      </dl>
    </section>
  );
}
