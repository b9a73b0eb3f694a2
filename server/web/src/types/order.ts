/** A work order, as lists and its own page have it. */

import type { Author, Both, FactRef, Id, Millis, Money, Named } from './basic';

export interface OrderTechnician extends Named {
  last_sync_at: Millis | null;
}

export interface Appointment {
  from: Millis;
  to: Millis;
  confirmed: boolean;
}

export interface OrderRow {
  id: Id;
  serial: string;
  state: string;
  state_text: Both;
  class: string;
  urgency: string;
  customer: Named;
  site: { id: Id; address: string };
  problem: string;
  technician: OrderTechnician | null;
  assignment: 'pending' | 'seen' | 'accepted' | 'refused' | null;
  appointment: Appointment | null;
  signature: 'unsigned' | 'signed' | 'signed_partial' | 'refused';
  coverage: 'none' | 'partial' | 'full';
  voucher: 'not_out' | 'out' | 'returned';
  open_reviews: number;
  registered_at: Millis;
  updated_at: Millis;
  /** Number of the last log record that changed this row. */
  number: number;
}

export interface TimelineFact {
  fact: FactRef;
  kind: string;
  kind_text: Both;
  author: Author;
  time_at: Millis;
  claimed_at: Millis;
  lo_at: Millis;
  received_at: Millis | null;
  void: boolean;
  summary: Both;
  seen: FactRef[];
  /** What his device had on disk by then, and he states not to have seen. */
  denies?: FactRef[];
}

export interface ProofFact {
  fact: FactRef;
  way: 'code' | 'paper';
  name: string;
  relation: string;
  opinion: { grade: string; text: string | null };
  voucher_digest: string;
  photo: string | null;
  signed_at: Millis;
}

/** When he came: what the phone said, and the bounds of the true time (U-10). */
export interface Arrival {
  claimed_at: Millis;
  lo_at: Millis;
  hi_at: Millis | null;
  low_confidence: boolean;
  limit_at: Millis | null;
  on_time: 'met' | 'breached' | 'uncertain' | null;
}

export interface Visit {
  id: FactRef;
  technician: Named | Id;
  state: string;
  departed_at: Millis | null;
  arrived_at: Millis | null;
  arrival: Arrival | null;
  started_at: Millis | null;
  ended_at: Millis | null;
  outcome: string | Record<string, unknown> | null;
}

export interface Line {
  fact: FactRef;
  kind: string;
  name: string;
  quantity_thousandths: number;
  unit: string;
  amount: Money | null;
  serial: string | null;
  standing: string;
  covered: boolean;
  billable: boolean;
  /** Why it is not billed. */
  held: string | null;
  held_text: Both | null;
  /** What is charged for it where it is billed. */
  charge: Money | null;
  technician: Named | Id | null;
}

/** One step of a form with what was filled in. */
export interface FormStep {
  code: string;
  title: Both;
  takes: 'check' | 'reading' | 'photo' | 'text' | 'people';
  unit: string | null;
  min: string | null;
  max: string | null;
  state: 'not_asked' | 'open' | 'filled';
  whole: boolean;
  at_fault: boolean;
  too_early: boolean;
  photo_lacking: boolean;
  result: 'ok' | 'fault' | 'not_applicable' | null;
  reading_thousandths: number | null;
  text: string | null;
  people: Named[];
  time_at: Millis | null;
}

/** A form of an order. */
export interface FormRecord {
  code: string;
  version: number;
  title: Both;
  whole: boolean;
  steps: FormStep[];
}

export interface Note {
  fact: FactRef;
  author: Author;
  text: string;
  time_at: Millis;
}

export interface StrokePoint {
  x: number;
  y: number;
  t: number;
  p: number;
}

export interface SignatureFact {
  fact: FactRef;
  name: string;
  relation: string;
  opinion: { grade: string; text: string | null };
  voucher_digest: string;
  proof: 'present' | 'pending';
  strokes: StrokePoint[][] | null;
  canvas: { width: number; height: number } | null;
  verified: boolean;
  signed_at: Millis;
}

export interface Cancel {
  fact: FactRef;
  by: Author;
  reason: string;
  effect: string;
}

export interface Skip {
  technician: Named | Id;
  reason: string;
  reason_text?: Both | string;
}

export interface Assignment {
  fact: FactRef;
  technician: Named | Id;
  by?: Author;
  facet: string;
  time_at?: Millis;
  turn?: number | null;
  reason?: string | null;
  skipped?: Skip[];
}

export interface Review {
  id: Id;
  order: Id;
  serial: string;
  kind: string;
  kind_text: Both;
  owner: string;
  due_at: Millis | null;
  default: string;
  choices: { choice: string; text: Both }[];
  blocking: boolean;
  status: string;
  choice: string | null;
  decidable: boolean;
  opened_at: Millis;
  stake: Money | null;
}

export interface Explanation {
  field: string;
  value: string;
  rule: string;
  pair: string | null;
  winners: FactRef[];
  losers: FactRef[];
  text: Both;
}

export interface OrderDetail extends OrderRow {
  etag: string;
  frontier: FactRef[];
  timeline: TimelineFact[];
  visits: Visit[];
  lines: Line[];
  notes: Note[];
  signatures: SignatureFact[];
  proofs: ProofFact[];
  repeat_of: Id | null;
  cancels: Cancel[];
  assignments: Assignment[];
  reviews: Review[];
  explanations: Explanation[];
  /** Every command of this person's roles. */
  commands: Offer[];
}

/** A command beside an order: with a reason when it is not there now. */
export interface Offer {
  command: string;
  text: Both;
  refusal: { code: string; text: Both } | null;
  /** Fields that follow from the order, by name. */
  known: Record<string, unknown>;
}

export interface CommandAnswer {
  fact: FactRef;
  order: OrderDetail;
  not_seen: FactRef[];
}

/** An order as somebody knew it (U-18). */
export interface KnownOrder {
  person: Id | null;
  at: Millis;
  order: OrderDetail;
  had_arrived: FactRef[];
  arrived_later: FactRef[];
}
