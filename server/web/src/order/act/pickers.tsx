/** Fields that name something: chosen by what people call it, never by an id. */

import { useEffect, useState } from 'preact/hooks';
import { call, errorText } from '../../api';
import { loadPeople } from '../../forms';
import { bytes, dateTime } from '../../format';
import { CheckField, SearchBox, SelectField, type Option } from '../../parts/form';
import { Icon } from '../../parts/icon';
import { both, coded, t } from '../../text';
import type { Attachment, AttachmentList, OrderDetail, OrderRow, Page, Person, Unit } from '../../types';
import { sendFile } from '../../upload';
import { factName } from '../timeline';

interface PickerProps {
  name: string;
  label: string;
  optional?: boolean;
  error: string | null;
  value: string;
  onValue: (value: string) => void;
}

const NONE: () => Option = () => ({ value: '', label: t('choose') });

export function PersonField({ technicians, ...props }: PickerProps & { technicians: boolean }) {
  const [people, setPeople] = useState<Person[]>([]);
  useEffect(() => { loadPeople().then(setPeople).catch(() => undefined); }, []);
  const fits = (one: Person) => one.active && (!technicians || one.roles.includes('technician'));
  const words = (one: Person) => (technicians ? (one.skills ?? []).map((skill) => coded('skill', skill)) : one.roles.map((role) => coded('role', role)));
  const option = (one: Person) => ({ value: one.id, label: words(one).length === 0 ? one.name : `${one.name} (${words(one).join(', ')})` });
  return <SelectField {...props} options={[NONE(), ...people.filter(fits).map(option)]} />;
}

function factOptions(order: OrderDetail, kinds: readonly string[]): Option[] {
  const facts = order.timeline.filter((fact) => !fact.void && (kinds.length === 0 || kinds.includes(fact.kind)));
  const words = (fact: OrderDetail['timeline'][number]) => {
    const line = order.lines.find((one) => one.fact === fact.fact);
    const about = line === undefined ? both(fact.summary) : line.name;
    return about === '' ? factName(fact, fact.fact) : `${factName(fact, fact.fact)}: ${about}`;
  };
  return facts.map((fact) => ({ value: fact.fact, label: words(fact) }));
}

export function FactField({ order, kinds, ...props }: PickerProps & { order: OrderDetail; kinds: readonly string[] }) {
  return <SelectField {...props} options={[NONE(), ...factOptions(order, kinds)]} />;
}

interface FactsProps {
  name: string;
  label: string;
  error: string | null;
  order: OrderDetail;
  kinds: readonly string[];
  value: string[];
  onValue: (value: string[]) => void;
}

export function FactsField({ name, label, error, order, kinds, value, onValue }: FactsProps) {
  const options = factOptions(order, kinds);
  return (
    <fieldset class={error === null ? 'field' : 'field wrong'} data-path={name}>
      <legend>{label}</legend>
      {options.length === 0 && <p class="quiet">{t('field.nothing_to_choose')}</p>}
      {options.map((option) => (
        <CheckField
          key={option.value} name={name} label={option.label} checked={value.includes(option.value)}
          onChecked={(checked) => onValue(checked ? [...value, option.value] : value.filter((one) => one !== option.value))}
        />
      ))}
      {error !== null && <p class="field-error" role="alert"><Icon name="alert" />{error}</p>}
    </fieldset>
  );
}

export function ReviewField({ order, ...props }: PickerProps & { order: OrderDetail }) {
  const open = order.reviews.filter((review) => review.status === 'open' || review.decidable);
  return <SelectField {...props} options={[NONE(), ...open.map((review) => ({ value: review.id, label: both(review.kind_text) }))]} />;
}

/** Orders that the words fit; asked a moment after the last letter. */
function useOrders(words: string): OrderRow[] {
  const [rows, setRows] = useState<OrderRow[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      call<Page<OrderRow>>('GET', `/api/orders?limit=20&q=${encodeURIComponent(words)}`, { signal: abort.signal })
        .then((page) => setRows(page.items))
        .catch(() => undefined);
    }, 200);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [words]);
  return rows;
}

export function OrderField({ except, ...props }: PickerProps & { except: string }) {
  const [words, setWords] = useState('');
  const rows = useOrders(words).filter((row) => row.id !== except);
  return (
    <div class="searched">
      <SelectField {...props} options={[NONE(), ...rows.map((row) => ({ value: row.id, label: `${row.serial} · ${row.customer.name} · ${row.problem}` }))]} />
      <SearchBox value={words} onValue={setWords} label={t('field.search_order')} />
    </div>
  );
}

/** A customer or a site that some order names. */
export function RecordField({ of, ...props }: PickerProps & { of: 'customer' | 'site' }) {
  const [words, setWords] = useState('');
  const found = useOrders(words).map((row) => (of === 'customer' ? { value: row.customer.id, label: row.customer.name } : { value: row.site.id, label: row.site.address }));
  const options = [...new Map(found.map((option) => [option.value, option])).values()];
  return (
    <div class="searched">
      <SelectField {...props} options={[NONE(), ...options]} />
      <SearchBox value={words} onValue={setWords} label={t('field.search_record')} />
    </div>
  );
}

/** A unit of the site that is chosen in the same form, or any that the words fit. */
export function UnitField({ site, ...props }: PickerProps & { site: string }) {
  const [words, setWords] = useState('');
  const [units, setUnits] = useState<Unit[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const asked = `/api/units?limit=50&site=${encodeURIComponent(site)}&q=${encodeURIComponent(words)}`;
    const timer = setTimeout(() => {
      call<{ items: Unit[] }>('GET', asked, { signal: abort.signal }).then((answer) => setUnits(answer.items)).catch(() => undefined);
    }, 200);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [words, site]);
  const named = (unit: Unit) => [unit.model, unit.serial, site === '' ? unit.site.address : ''].filter((part) => part !== '').join(' · ');
  return (
    <div class="searched">
      <SelectField {...props} {...(site === '' ? {} : { hint: t('field.units_at_site') })} options={[NONE(), ...units.map((unit) => ({ value: unit.id, label: named(unit) }))]} />
      <SearchBox value={words} onValue={setWords} label={t('field.search_unit')} />
    </div>
  );
}

/** A file of the order, or one that is sent now. */
export function FileField({ order, ...props }: PickerProps & { order: OrderDetail }) {
  const [list, setList] = useState<Attachment[]>([]);
  const [attempt, setAttempt] = useState(0);
  const [percent, setPercent] = useState<number | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    call<AttachmentList>('GET', `/api/orders/${encodeURIComponent(order.id)}/attachments`)
      .then((answer) => setList(answer.items.filter((item) => item.state !== 'missing')))
      .catch(() => undefined);
  }, [order.id, attempt]);
  const send = async (file: File) => {
    setWrong(null);
    setPercent(0);
    try {
      const address = await sendFile(order.id, file, setPercent);
      setAttempt((count) => count + 1);
      props.onValue(address);
    } catch (error) {
      setWrong(errorText(error));
    } finally {
      setPercent(null);
    }
  };
  const words = (item: Attachment) => [item.name ?? t('attachments.no_name'), item.received === null ? null : dateTime(item.received.at), item.size === null ? null : bytes(item.size)];
  const options = list.map((item) => ({ value: item.blob, label: words(item).filter((part) => part !== null).join(' · ') }));
  return (
    <div class="searched">
      <SelectField {...props} error={wrong ?? props.error} options={[NONE(), ...options]} />
      <label class="button file-button">
        <Icon name="plus" />{percent === null ? t('attachments.add') : `${percent} %`}
        <input
          type="file" disabled={percent !== null}
          onChange={(event) => {
            const chosen = event.currentTarget.files?.[0];
            event.currentTarget.value = '';
            if (chosen !== undefined) void send(chosen);
          }}
        />
      </label>
    </div>
  );
}
