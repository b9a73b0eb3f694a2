/** The form of each command, and the body it sends. Pure; the server decides what is allowed. */

import type { OrderDetail } from '../types';
import type { TextKey } from '../text';

export interface Choice {
  value: string;
  /** A ready text, or a key family and code of the catalogue. */
  label: string;
}

export type FieldKind = 'line' | 'long' | 'technician' | 'date' | 'time' | 'check' | 'choice' | 'select' | 'amount';

export interface Field {
  name: string;
  kind: FieldKind;
  label: TextKey;
  optional?: boolean;
  /** Shown only while this check box is set. */
  when?: string;
  choices?: Choice[];
}

export type FormValues = Record<string, string | boolean>;

/** Commands that act on one thing of the order carry it here. */
export interface Subject {
  review?: string;
  line?: string;
  cancel?: string;
}

const REASON: Field = { name: 'reason', kind: 'long', label: 'field.reason' };
const REASON_OPTIONAL: Field = { ...REASON, optional: true };
const WINDOW: Field[] = [
  { name: 'date', kind: 'date', label: 'field.date' },
  { name: 'from', kind: 'time', label: 'field.from' },
  { name: 'to', kind: 'time', label: 'field.to' },
];
const CUSTOMER: Field[] = [
  { name: 'customer.name', kind: 'line', label: 'field.customer_person', when: 'confirmed' },
  { name: 'customer.relation', kind: 'line', label: 'field.relation', when: 'confirmed' },
  { name: 'customer.channel', kind: 'select', label: 'field.channel', when: 'confirmed' },
];

/** Buttons appear in this order; a name the page does not know is not offered. */
export const COMMANDS = [
  'confirm', 'assign', 'unassign', 'reschedule', 'note', 'return_voucher', 'close', 'reinstate', 'cancel',
  'resolve_review', 'reverse_line',
] as const;
export type CommandName = (typeof COMMANDS)[number];

/** Commands that belong to one line or review of the order and have their button there. */
export const ON_SUBJECT: readonly CommandName[] = ['resolve_review', 'reverse_line'];

export function fieldsOf(command: CommandName): Field[] {
  switch (command) {
    case 'assign':
      return [{ name: 'technician', kind: 'technician', label: 'field.technician' }, REASON_OPTIONAL];
    case 'reschedule':
      return [...WINDOW, { name: 'confirmed', kind: 'check', label: 'field.confirmed' }, ...CUSTOMER, REASON_OPTIONAL];
    case 'reinstate':
      return [{ name: 'cancel', kind: 'select', label: 'field.cancel' }, REASON];
    case 'confirm':
      return [
        { name: 'content', kind: 'long', label: 'field.content' },
        { name: 'in_warranty', kind: 'check', label: 'field.in_warranty' },
        { name: 'amount', kind: 'amount', label: 'field.amount', optional: true },
        ...WINDOW.map((field) => ({ ...field, optional: true })),
      ];
    case 'return_voucher':
      return [REASON_OPTIONAL];
    case 'close':
      return [];
    case 'note':
      return [{ name: 'text', kind: 'long', label: 'field.text' }];
    case 'resolve_review':
      return [{ name: 'choice', kind: 'choice', label: 'field.choice' }, REASON];
    case 'cancel':
    case 'unassign':
    case 'reverse_line':
      return [REASON];
  }
}

/** What the form starts with: what the order already says. */
export function startValues(command: CommandName, order: OrderDetail, subject: Subject): FormValues {
  if (command === 'reschedule') {
    const how = { 'customer.channel': 'phone' };
    if (order.appointment === null) return how;
    const { from, to } = order.appointment;
    return { ...how, date: localDate(from), from: localTime(from), to: localTime(to) };
  }
  if (command === 'reinstate') {
    return { cancel: subject.cancel ?? order.cancels.at(-1)?.fact ?? '' };
  }
  return command === 'confirm' ? { content: order.problem } : {};
}

export function bodyOf(command: CommandName, values: FormValues, subject: Subject): Record<string, unknown> {
  const text = (name: string) => String(values[name] ?? '').trim();
  const reason = text('reason') || null;
  const window = { from: instant(text('date'), text('from')), to: instant(text('date'), text('to')) };
  switch (command) {
    case 'assign':
      return { command, technician: text('technician'), reason };
    case 'reschedule': {
      const confirmed = values['confirmed'] === true;
      const customer = { name: text('customer.name'), relation: text('customer.relation'), channel: text('customer.channel') };
      return { command, ...window, confirmed, customer: confirmed ? customer : null, reason };
    }
    case 'reinstate':
      return { command, cancel: text('cancel'), reason };
    case 'confirm':
      return {
        command,
        content: text('content'),
        amount: minorUnits(text('amount')),
        in_warranty: values['in_warranty'] === true,
        ...(window.from !== null && window.to !== null ? window : {}),
      };
    case 'note':
      return { command, text: text('text') };
    case 'resolve_review':
      return { command, review: subject.review, choice: text('choice'), reason };
    case 'reverse_line':
      return { command, line: subject.line, reason };
    case 'close':
      return { command };
    case 'cancel':
    case 'unassign':
    case 'return_voucher':
      return { command, reason };
  }
}

/** `12.5` or `12,50` yuan as 1250 fen; anything else is left out for the server to ask about. */
export function minorUnits(text: string): { minor: number; currency: string } | null {
  const match = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const [, whole = '0', part = ''] = match;
  return { minor: Number(whole) * 100 + Number(part.padEnd(2, '0')), currency: 'CNY' };
}

/** A local date and time as an instant; `null` while one of them is missing. */
export function instant(day: string, time: string): number | null {
  if (day === '' || time === '') return null;
  const at = new Date(`${day}T${time}`).getTime();
  return Number.isNaN(at) ? null : at;
}

const two = (value: number) => String(value).padStart(2, '0');

export function localDate(at: number): string {
  const day = new Date(at);
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

export function localTime(at: number): string {
  const day = new Date(at);
  return `${two(day.getHours())}:${two(day.getMinutes())}`;
}

/** The form's field that a refusal means: its own name, or the group it lies in. */
export function fieldOfRefusal(refused: string | null, names: readonly string[]): string | null {
  if (refused === null) return null;
  if (names.includes(refused)) return refused;
  return names.find((name) => name.startsWith(`${refused}.`) || refused.startsWith(`${name}.`)
    || name.endsWith(`.${refused}`)) ?? null;
}
