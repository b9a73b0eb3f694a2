/** The inputs of a form, one for each kind of field; groups and lists hold further ones. */

import type { ComponentChildren } from 'preact';
import { startOf, type Filled, type Group } from '../../logic/filled';
import { CheckField, LongField, RadioField, SelectField, TextField } from '../../parts/form';
import { Icon } from '../../parts/icon';
import { both, t } from '../../text';
import type { FieldContent, FormField, OrderDetail } from '../../types';
import { FactField, FactsField, FileField, OrderField, PersonField, RecordField, ReviewField, UnitField } from './pickers';
import type { Preset } from './card';

export interface Wrong {
  /** The input that is meant; `null` is the form as a whole. */
  path: string | null;
  text: string;
}

/** Where the form stands. */
export interface Place {
  order: OrderDetail;
  command: string;
  preset: Preset;
}

interface Common {
  place: Place;
  wrong: Wrong | null;
}

interface FieldsProps extends Common {
  fields: readonly FormField[];
  values: Group;
  /** What stands before the names: `goods.`. */
  path: string;
  onValues: (values: Group) => void;
}

export function Fields({ fields, values, path, onValues, ...common }: FieldsProps) {
  return (
    <>
      {fields.map((field) => (
        <One
          key={field.name} field={field} path={`${path}${field.name}`} value={values[field.name]} beside={values} {...common}
          onValue={(value) => onValues({ ...values, [field.name]: value })}
        />
      ))}
    </>
  );
}

interface OneProps extends Common {
  field: FormField;
  path: string;
  /** What is filled in beside it. */
  beside: Group;
  value: Filled | undefined;
  onValue: (value: Filled) => void;
}

/** Words that run over more than a line. */
const LONG = ['text', 'reason', 'content', 'problem', 'note', 'remarks', 'statement', 'evidence', 'finding'];
/** A bound from here on says nothing to a person. */
const WIDE = 65_535;
/** More choices than this go into a list. */
const RADIOS_MAX = 5;

function One(props: OneProps) {
  const { field, path, value, wrong, place, onValue } = props;
  const error = wrong?.path === path ? wrong.text : null;
  const common = { name: path, label: labelOf(field), optional: !field.required, error, value: String(value ?? ''), onValue };
  switch (field.type) {
    case 'made':
      return null;
    case 'flag':
      return <CheckField name={path} label={labelOf(field)} checked={value === true} onChecked={onValue} />;
    case 'text':
      return LONG.includes(field.name) ? <LongField {...common} /> : <TextField {...common} />;
    case 'number':
      return <TextField {...common} inputmode="numeric" {...(field.most < WIDE ? { hint: t('field.number.hint', { least: field.least, most: field.most }) } : {})} />;
    case 'thousandths':
      return <TextField {...common} inputmode="decimal" hint={t('field.decimal.hint')} />;
    case 'time':
      return <TextField {...common} type="datetime-local" />;
    case 'amount':
      return <AmountField {...props} error={error} />;
    case 'choice': {
      const options = choicesOf(field, place).map((one) => ({ value: one.code, label: both(one.text) }));
      if (options.length <= RADIOS_MAX && field.required) return <RadioField {...common} options={options} />;
      return <SelectField {...common} options={[{ value: '', label: t('choose') }, ...options]} />;
    }
    case 'file':
      return <FileField {...common} order={place.order} />;
    case 'id':
      return <IdField field={field} of={field.of} place={place} beside={props.beside} common={common} />;
    case 'group':
      return <GroupField {...props} fields={field.fields} error={error} />;
    case 'list':
      return <ListField {...props} item={field.item} most={field.most} error={error} />;
  }
}

function labelOf(field: FormField): string {
  return field.unit === null ? both(field.text) : `${both(field.text)} (${field.unit})`;
}

/** A review has choices of its own. */
function choicesOf(field: FormField & { type: 'choice' }, { order, command, preset }: Place) {
  if (command !== 'resolve_review' || field.name !== 'choice') return field.choices;
  const review = order.reviews.find((one) => one.id === preset['review']);
  return review === undefined ? field.choices : review.choices.map(({ choice, text }) => ({ code: choice, text }));
}

interface IdFieldProps {
  field: FormField;
  of: string;
  place: Place;
  beside: Group;
  common: { name: string; label: string; optional: boolean; error: string | null; value: string; onValue: (value: string) => void };
}

function IdField({ field, of, place, beside, common }: IdFieldProps) {
  switch (of) {
    case 'person':
      return <PersonField {...common} technicians={field.name === 'technician'} />;
    case 'fact':
      return <FactField {...common} order={place.order} kinds={field.facts} />;
    case 'review':
      return <ReviewField {...common} order={place.order} />;
    case 'order':
      return <OrderField {...common} except={place.order.id} />;
    case 'attachment':
      return <FileField {...common} order={place.order} />;
    case 'record':
      if (field.name === 'unit') return <UnitField {...common} site={typeof beside['site'] === 'string' ? beside['site'] : ''} />;
      return field.name === 'customer' || field.name === 'site' ? <RecordField {...common} of={field.name} /> : null;
    default:
      return <TextField {...common} />;
  }
}

function AmountField({ field, path, value, error, onValue }: OneProps & { error: string | null }) {
  const amount = (typeof value === 'object' && !Array.isArray(value) ? value : {}) as Group;
  return (
    <div class="pair amount">
      <TextField
        name={path} label={labelOf(field)} optional={!field.required} error={error} inputmode="decimal" hint={t('field.amount.hint')}
        value={String(amount['amount'] ?? '')} onValue={(written) => onValue({ ...amount, amount: written })}
      />
      <TextField
        name={`${path}.currency`} label={t('field.currency')} value={String(amount['currency'] ?? '')}
        onValue={(currency) => onValue({ ...amount, currency })}
      />
    </div>
  );
}

function GroupField({ field, fields, path, value, error, onValue, ...common }: OneProps & { fields: FormField[]; error: string | null }) {
  const values = (typeof value === 'object' && !Array.isArray(value) ? value : {}) as Group;
  const inner = <Fields fields={fields} values={values} path={`${path}.`} onValues={onValue} {...common} />;
  const times = fields.every((one) => one.type === 'time');
  const body = times ? <div class="pair">{inner}</div> : inner;
  if (field.required) return <Framed path={path} label={labelOf(field)} error={error}>{body}</Framed>;
  const meant = common.wrong?.path?.startsWith(path) === true;
  const begun = Object.values(values).some((one) => typeof one === 'string' && one !== '');
  return (
    <details class="field optional-group" data-path={path} open={meant || begun}>
      <summary>{labelOf(field)} <span class="quiet">{t('optional')}</span></summary>
      {error !== null && <p class="field-error" role="alert"><Icon name="alert" />{error}</p>}
      <div class="inner-fields">{body}</div>
    </details>
  );
}

function Framed({ path, label, error, children }: { path: string; label: string; error: string | null; children: ComponentChildren }) {
  return (
    <fieldset class={error === null ? 'field' : 'field wrong'} data-path={path}>
      <legend>{label}</legend>
      {error !== null && <p class="field-error" role="alert"><Icon name="alert" />{error}</p>}
      <div class="inner-fields">{children}</div>
    </fieldset>
  );
}

function ListField({ field, item, most, path, value, error, onValue, ...common }: OneProps & { item: FieldContent; most: number; error: string | null }) {
  const items = Array.isArray(value) ? value : [];
  if (item.type === 'id' && item.of === 'fact') {
    return <FactsField name={path} label={labelOf(field)} error={error} order={common.place.order} kinds={field.facts} value={items.map(String)} onValue={onValue} />;
  }
  const set = (index: number, next: Filled) => onValue(items.map((one, at) => (at === index ? next : one)));
  const numbered = (index: number): FormField => ({ ...item, name: String(index), text: numberedText(field, index), required: true, unit: null, facts: field.facts });
  return (
    <Framed path={path} label={labelOf(field)} error={error}>
      {items.map((one, index) => (
        <div key={index} class="list-row">
          <One {...common} field={numbered(index)} path={`${path}.${index}`} value={one} onValue={(next) => set(index, next)} />
          <button type="button" class="link-button" onClick={() => onValue(items.filter((_, at) => at !== index))}>{t('field.remove', { n: index + 1 })}</button>
        </div>
      ))}
      {items.length < most && (
        <button type="button" class="button" data-add={path} onClick={() => onValue([...items, startOf(item)])}><Icon name="plus" />{t('field.add', { field: both(field.text) })}</button>
      )}
    </Framed>
  );
}

function numberedText(field: FormField, index: number) {
  return { en: `${field.text.en} ${index + 1}`, zh: `${field.text.zh} ${index + 1}` };
}
