/** What the views beside the order show: dispatch, callbacks, people, devices, the store. */

import type { Id, Millis, Named } from './basic';
import type { OrderRow, Skip } from './order';

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
  /** The order's number in the register, once it has one. */
  serial: string | null;
  /** For a code or a receipt number that was used before: where. */
  used_in: { order: Id; serial: string | null; fact: string } | null;
  /** What the fact says; `null` when its bytes are none. */
  summary: string | null;
  decided: { admitted: boolean; by: Id; reason: string; at: Millis } | null;
}

/** What became of a decision about many facts in quarantine. */
export interface QuarantineDecisions {
  decided: number;
  /** What was not decided about, and why. */
  left: { key: string; code: string }[];
  /** There may be more behind it. */
  next: string | null;
}

/** A unit that stands at a customer's site. */
export interface Unit {
  id: Id;
  model: string;
  serial: string;
  site: { id: Id; address: string };
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
  journal_read_at: Millis | null;
  journal_damage: string[];
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
