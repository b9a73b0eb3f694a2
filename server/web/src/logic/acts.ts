/** Which commands stand where on an order's page. A name that is not here stands under the rest. */

import type { Offer, OrderDetail } from '../types';

/** The everyday ones: buttons under the head, in this order. */
export const EVERYDAY: readonly string[] = ['confirm', 'assign', 'unassign', 'reschedule', 'note', 'return_voucher', 'close', 'reinstate', 'cancel'];

/** Commands that belong to one thing of the order and have their button there. */
const ON_SUBJECT: readonly string[] = ['resolve_review', 'reverse_line'];

export const GROUPS = ['planning', 'customer', 'goods', 'books', 'corrections', 'rest'] as const;
export type ActGroup = (typeof GROUPS)[number];

const GROUP_OF: Record<string, ActGroup> = {
  hold: 'planning', release: 'planning', edit_header: 'planning', add_work_item: 'planning', drop_work_item: 'planning',
  plan_line: 'planning', drop_planned_line: 'planning', receive_parts: 'planning', decline: 'planning', complete_paperwork: 'planning',
  issue_quote: 'customer', give_consent: 'customer', refuse_consent: 'customer', cancel_by_customer: 'customer', set_warranty: 'customer',
  grant_discount: 'customer', attach_paper: 'customer', file_document: 'customer', open_complaint: 'customer', handle_complaint: 'customer', record_callback: 'customer',
  transfer_custody: 'goods', return_custody: 'goods', bench_work: 'goods', inspect: 'goods',
  book_transfer: 'books', invoice: 'books', credit: 'books', settle: 'books', record_cost: 'books', set_liability: 'books', void_number: 'books',
  approve: 'corrections', reject: 'corrections', quality_verdict: 'corrections', correct_fact: 'corrections', withdraw: 'corrections', replace_line: 'corrections',
  reopen: 'corrections', link_duplicate: 'corrections', unlink: 'corrections',
};

export const groupOf = (command: string): ActGroup => GROUP_OF[command] ?? 'rest';

/** Whether the command can be used now. */
export function may(order: OrderDetail, command: string): boolean {
  return order.commands.some((offer) => offer.command === command && offer.refusal === null);
}

/** The everyday ones that can be used now. */
export function everyday(order: OrderDetail): string[] {
  return EVERYDAY.filter((command) => may(order, command));
}

/** Everything else, by group; and what cannot be used now. */
export function further(order: OrderDetail): { now: [ActGroup, Offer[]][]; notNow: Offer[] } {
  const here = order.commands.filter((offer) => !ON_SUBJECT.includes(offer.command));
  const free = here.filter((offer) => offer.refusal === null && !EVERYDAY.includes(offer.command));
  const now = GROUPS.map((group): [ActGroup, Offer[]] => [group, free.filter((offer) => groupOf(offer.command) === group)]);
  return { now: now.filter(([, offers]) => offers.length > 0), notNow: here.filter((offer) => offer.refusal !== null) };
}
