import { describe, expect, test } from 'vitest';
import served from '../../../../schemas/command-forms.json';
import type { CommandForm, Offer, OrderDetail } from '../types';
import { everyday, further, groupOf } from './acts';
import { bodyOf, pathOfRefusal, pathsOf, sentOf, startValues, type Group } from './filled';
import { fieldOfRefusal, instant, localTime, minorUnits } from './written';

const forms = new Map((served as unknown as CommandForm[]).map((form) => [form.command, form]));
const fieldsOf = (command: string) => forms.get(command)?.fields ?? [];

describe('forms that the server gives', () => {
  test('every form can be opened, and sends nothing that nobody filled in', () => {
    expect(forms.size).toBeGreaterThan(60);
    for (const [command, form] of forms) {
      const values = startValues(form.fields, {});
      expect([command, bodyOf(form.fields, values)]).toEqual([command, {}]);
      expect(new Set(pathsOf(form.fields, values)).size).toBe(pathsOf(form.fields, values).length);
    }
  });
  test('what follows from the order is sent back as it came', () => {
    const known = { window: { from: 1_717_203_600_000, to: 1_717_207_200_000 } };
    expect(bodyOf(fieldsOf('reschedule'), startValues(fieldsOf('reschedule'), known))).toEqual(known);
    const due = { amount: { minor: 15_050, currency: 'CNY' } };
    expect(bodyOf(fieldsOf('collect_cash'), startValues(fieldsOf('collect_cash'), due))).toEqual(due);
  });
  test('groups and lists nest; an empty group is left out', () => {
    const values = startValues(fieldsOf('set_liability'), { case: 'joint', shares: [{ party: 'owner', permille: 600, answer: 'agreed' }, {}] });
    expect(bodyOf(fieldsOf('set_liability'), values)).toEqual({ case: 'joint', shares: [{ party: 'owner', permille: '600', answer: 'agreed' }] });
    expect(pathsOf(fieldsOf('set_liability'), values)).toContain('shares.1.permille');
  });
  test('a refusal finds the nearest input above it', () => {
    const paths = pathsOf(fieldsOf('set_liability'), { shares: [{}] } as unknown as Group);
    expect(['shares.0.permille', 'shares.4.party', 'case', 'elsewhere', null].map((path) => pathOfRefusal(path, paths)))
      .toEqual(['shares.0.permille', 'shares', 'case', null, null]);
  });
  test('what is no amount goes to the server as it was written', () =>
    expect(sentOf({ type: 'amount' }, { amount: 'twelve', currency: 'CNY' })).toBe('twelve'));
});

describe('what can be done', () => {
  const offer = (command: string, code: string | null = null): Offer =>
    ({ command, text: { en: command, zh: command }, refusal: code === null ? null : { code, text: { en: code, zh: code } }, known: {} });
  const order = { commands: [offer('assign'), offer('cancel', 'already_done'), offer('invoice'), offer('hold'), offer('later_kind'), offer('resolve_review')] } as OrderDetail;

  test('everyday buttons, the rest by subject, and what is not possible now', () => {
    expect(everyday(order)).toEqual(['assign']);
    const { now, notNow } = further(order);
    expect(now.map(([group, offers]) => [group, offers.map((one) => one.command)])).toEqual([['planning', ['hold']], ['books', ['invoice']], ['rest', ['later_kind']]]);
    expect(notNow.map((one) => one.command)).toEqual(['cancel']);
  });
  test('every command of a desk has its subject', () => {
    const field = ['handover_visit', 'take_custody', 'collect_cash', 'remit_cash', 'self_dispatch', 'request_parts', 'escalate',
      'outcome_not_repairable', 'report_contact', 'swap_unit', 'sign_by_code', 'print_voucher', 'create_emergency_order'];
    const plain = ['confirm', 'assign', 'unassign', 'reschedule', 'reverse_line', 'note', 'return_voucher', 'cancel', 'reinstate', 'close', 'resolve_review'];
    const rest = [...forms.keys()].filter((command) => !field.includes(command) && !plain.includes(command));
    expect(rest.filter((command) => groupOf(command) === 'rest')).toEqual([]);
  });
});

describe('what is written', () => {
  test('a local time comes back as it was written', () => {
    const at = instant('2024-06-01T09:30');
    expect(at === null ? null : localTime(at)).toBe('2024-06-01T09:30');
    expect(instant('2024-06-01T')).toBeNull();
  });
  test.each([['120', 12_000], ['12.5', 1_250], ['12,05', 1_205], ['0.1', 10]])('%s is %d minor units', (text, minor) => expect(minorUnits(text)).toBe(minor));
  test.each(['', '1.234', '-3', '1e5', 'twelve'])('%j is no amount', (text) => expect(minorUnits(text)).toBeNull());
  test('a refusal finds its field, also by group', () => {
    const names = ['customer.name', 'customer.phone', 'problem'];
    expect(['problem', 'customer', 'phone', 'elsewhere', null].map((field) => fieldOfRefusal(field, names)))
      .toEqual(['problem', 'customer.name', 'customer.phone', null, null]);
  });
});
