/** The shapes of the office API. Times are milliseconds since 1970 UTC; ids are opaque texts. */

export type Millis = number;
export type Id = string;
export type FactRef = string;

/** A text that the server gives in both languages. */
export interface Both {
  en: string;
  zh: string;
}

export interface Named {
  id: Id;
  name: string;
}

/** A person, or the rule of the system that acted. */
export type Author = { id: Id; name?: string } | { system: string };

export interface Money {
  minor: number;
  currency: string;
}

export interface Session {
  person: Id;
  name: string;
  roles: string[];
  language: string | null;
}

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}

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

export interface Visit {
  id: FactRef;
  technician: Named | Id;
  state: string;
  departed_at: Millis | null;
  arrived_at: Millis | null;
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
  commands: string[];
}

export interface CommandAnswer {
  fact: FactRef;
  order: OrderDetail;
  not_seen: FactRef[];
}

export interface RosterEntry {
  technician: Named;
  skills: string[];
  active: boolean;
  out: boolean;
  next: boolean;
}

export interface DispatchRecord {
  order: Id;
  serial: string;
  technician: Named | Id;
  turn: number | null;
  skipped: Skip[];
  reason: string | null;
  at: Millis;
}

/** An order with the view that a dispatcher decides on. */
export interface WaitingOrder extends OrderRow {
  etag: string;
}

export interface DispatchBoard {
  roster: RosterEntry[];
  waiting: WaitingOrder[];
  last: DispatchRecord[];
}

export interface Callback {
  id: Id;
  serial: string;
  customer: { name: string; phone: string | null };
  completed_at: Millis;
  due_at: Millis;
  overdue: boolean;
  attempts: number;
  outcome: 'ok' | 'redo' | 'refill' | 'complaint' | null;
  note: string | null;
  technician: Named | Id | null;
  etag: string;
}

export interface Device {
  id: Id;
  last_sync_at: Millis | null;
  pending: number;
  pending_oldest_at: Millis | null;
  revoked: boolean;
}

export interface Technician {
  id: Id;
  name: string;
  skills: string[];
  active: boolean;
  devices: Device[];
}

export interface Quarantined {
  /** Under which it is decided about. */
  key: string;
  device: Id;
  document: Id;
  actor: string;
  sequence: number;
  reason: string;
  bytes: number;
  received_at: Millis;
  /** What the fact says; `null` when its bytes are none. */
  summary: string | null;
  decided: { admitted: boolean; by: Id; reason: string; at: Millis } | null;
}

/** A device that a restored store has forgotten. */
export interface WaitingDevice {
  device: Id;
  person: { id: Id; name: string } | null;
  enrolled_at: Millis | null;
  facts: number;
}

export interface Healing {
  lost: boolean;
  unnoticed: boolean;
  at: Millis | null;
  /** Facts that came back under the office's own receipts. */
  known_again: number;
  /** Facts that devices brought under their own signatures: lost ones, or new work. */
  brought: number;
  /** Numbers of the log that devices had seen and nothing returned accounts for. */
  unaccounted: number;
  devices: { device: Id; back: boolean }[];
  gaps_total: number;
  waiting: WaitingDevice[];
}

export interface Person {
  id: Id;
  login: string;
  name: string;
  roles: string[];
  skills?: string[];
  active: boolean;
}

export interface EnrolmentCode {
  code: string;
  expires_at: Millis;
  server_fingerprint: string;
}

export interface StoreStatus {
  store: string;
  epoch: string;
  fingerprint: string;
  number: number;
  chain: string;
  backed_up_to: number;
  backed_up_at: Millis | null;
}

export interface AttachmentDevice {
  id: Id;
  person: Named | null;
}

export interface Attachment {
  blob: string;
  name: string | null;
  media_type: string | null;
  /** Bytes. */
  size: number | null;
  state: 'present' | 'missing' | 'unnamed';
  /** Whether it stands for a signature. */
  signs: boolean;
  thumbnail: boolean;
  named: { fact: string; at: Millis; by: Named | null; device: AttachmentDevice | null } | null;
  received: { at: Millis; device: AttachmentDevice | null; person: Named | null; number: number } | null;
}

export interface AttachmentList {
  items: Attachment[];
  kept: boolean;
  /** Whether this person may enter a voucher signed by hand. */
  paper: boolean;
  lacking: { fact: string; demand: string }[];
  most_bytes: number;
}
