/** The shapes of the books' lists. */

import type { Both, Id, Millis, Money, Named } from '../types';

export interface OrderNamed {
  id: Id;
  serial: string;
  customer: string;
}

export interface Custody {
  id: Id;
  order: OrderNamed;
  receipt: string;
  receipt_state: string;
  goods: string;
  serial: string | null;
  pieces: number;
  condition: string | null;
  taken_at: Millis;
  taken_by: Named | null;
  countersigned: boolean;
  holders: Named[];
  conflict: boolean;
  unconfirmed: number;
  place: string;
  stage: string;
  received_at: Millis | null;
  due_at: Millis | null;
  late: boolean;
  returned_at: Millis | null;
  hours_thousandths: number;
  parts: string[];
}

export interface Holding {
  id: Id;
  person: Named;
  kind: 'goods' | 'core' | 'cash';
  name: string;
  minor: number | null;
  order: OrderNamed;
  since: Millis;
  conflict: boolean;
}

export interface CashBalance {
  id: Id;
  technician: Named;
  held: Money;
  orders: number;
  oldest_at: Millis | null;
  due_at: Millis | null;
  overnight: boolean;
}

export interface CashMove {
  id: Id;
  order: OrderNamed;
  technician: Named;
  kind: 'taken' | 'handed_in';
  amount: Money;
  at: Millis;
  receipt: string | null;
  to: Named | null;
  confirmed: boolean;
}

export interface Refund {
  id: Id;
  order: OrderNamed;
  amounts: Money[];
  at: Millis;
}

export interface Stock {
  id: Id;
  keeper: Named;
  code: string;
  name: string;
  unit: string;
  left_thousandths: number;
  variance_thousandths: number;
  counted_at: Millis | null;
  quota: boolean;
  disputed: number;
}

export interface Finding {
  id: Id;
  kind: string;
  kind_text: Both;
  subject: string;
  person: Named | null;
  claims: { order: OrderNamed; fact: string; person: Named | null }[];
  at: Millis;
}
