/** Form fields with their label, hint and the server's message about them. */

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { t } from '../text';
import { Icon } from './icon';

export interface FieldShellProps {
  label: string;
  optional?: boolean | undefined;
  error?: string | null | undefined;
  hint?: string | undefined;
}

interface InputProps extends FieldShellProps {
  name: string;
  value: string;
  onValue: (value: string) => void;
}

function Shell({ id, label, optional, error, hint, children }: FieldShellProps & { id: string; children: ComponentChildren }) {
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={id}>
        {label}
        {optional && <span class="quiet"> {t('optional')}</span>}
      </label>
      {children}
      {hint && <p class="hint">{hint}</p>}
      {error && <p class="field-error" id={`${id}-error`} role="alert"><Icon name="alert" />{error}</p>}
    </div>
  );
}

function about(id: string, error: string | null | undefined) {
  return error ? { 'aria-invalid': true as const, 'aria-describedby': `${id}-error` } : {};
}

/** The element's own type wants one type of input at a time; all of these share their attributes. */
type AnyText = 'text';

export function TextField(props: InputProps & { type?: 'text' | 'tel' | 'password' | 'date' | 'time' | 'datetime-local'; autocomplete?: string; inputmode?: 'decimal' | 'numeric' | 'tel' }) {
  const id = useId();
  return (
    <Shell id={id} {...props}>
      <input
        id={id} name={props.name} type={(props.type ?? 'text') as AnyText} value={props.value} autocomplete={props.autocomplete ?? 'off'}
        {...(props.inputmode ? { inputMode: props.inputmode } : {})}
        onInput={(event) => props.onValue(event.currentTarget.value)} {...about(id, props.error)}
      />
    </Shell>
  );
}

export function LongField(props: InputProps & { rows?: number }) {
  const id = useId();
  return (
    <Shell id={id} {...props}>
      <textarea
        id={id} name={props.name} rows={props.rows ?? 3} value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.value)} {...about(id, props.error)}
      />
    </Shell>
  );
}

export interface Option {
  value: string;
  label: string;
}

export function SelectField(props: InputProps & { options: Option[] }) {
  const id = useId();
  return (
    <Shell id={id} {...props}>
      <select
        id={id} name={props.name} value={props.value}
        onChange={(event) => props.onValue(event.currentTarget.value)} {...about(id, props.error)}
      >
        {props.options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
      </select>
    </Shell>
  );
}

/** A few choices, all visible. */
export function RadioField(props: InputProps & { options: Option[] }) {
  const id = useId();
  return (
    <fieldset class={props.error ? 'field wrong' : 'field'} {...about(id, props.error)}>
      <legend>{props.label}</legend>
      <div class="radios">
        {props.options.map((option) => (
          <label key={option.value} class={props.value === option.value ? 'radio chosen' : 'radio'}>
            <input
              type="radio" name={props.name} value={option.value} checked={props.value === option.value}
              onChange={() => props.onValue(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {props.error && <p class="field-error" id={`${id}-error`} role="alert"><Icon name="alert" />{props.error}</p>}
    </fieldset>
  );
}

export function CheckField(props: { name: string; label: string; checked: boolean; onChecked: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" name={props.name} checked={props.checked} onChange={(event) => props.onChecked(event.currentTarget.checked)} />
      {props.label}
    </label>
  );
}

/** The free-text filter that stands above every table. */
export function SearchBox({ value, onValue, label }: { value: string; onValue: (value: string) => void; label?: string }) {
  const words = label ?? t('filter.text');
  return (
    <label class="search">
      <Icon name="search" />
      <span class="hidden">{words}</span>
      <input type="search" name="q" placeholder={words} value={value} onInput={(event) => onValue(event.currentTarget.value)} />
    </label>
  );
}

export function Problem({ children }: { children: ComponentChildren }) {
  return <p class="problem" role="alert"><Icon name="alert" /><span>{children}</span></p>;
}
