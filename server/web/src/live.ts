/** The event stream of the office: rows change while people look at them. */

import { signal } from '@preact/signals';
import { call, unreachableSince } from './api';
import type { Callback, OrderRow, Technician } from './types';

export type LiveEvent =
  | { kind: 'order'; row: OrderRow }
  | { kind: 'callback'; item: Callback }
  | { kind: 'technician'; technician: Technician }
  | { kind: 'attachment'; id: string };

export type LiveState = 'connecting' | 'live' | 'lost';

export const liveState = signal<LiveState>('connecting');

/** Grows whenever events may have been missed: lists load again. */
export const resync = signal(0);

const listeners = new Set<(event: LiveEvent) => void>();
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 20_000;

let source: EventSource | null = null;
let lastId: string | null = null;
let opened = false;
/** Lists were read before the stream was open: they may have missed something. */
let readBefore = false;
let retryMs = RETRY_MS_MIN;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let settle: () => void = () => undefined;
let settled: Promise<void> = Promise.resolve();

export function onLive(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Settles when the stream is open or will not open soon: a list read after it misses no event. */
export function liveSettled(): Promise<void> {
  return settled;
}

export function startLive(): void {
  stopLive();
  settled = new Promise((resolve) => {
    settle = resolve;
    setTimeout(() => {
      readBefore = !opened;
      resolve();
    }, RETRY_MS_MIN);
  });
  connect();
  addEventListener('offline', lost);
  addEventListener('online', connect);
}

export function stopLive(): void {
  close();
  clearTimeout(retryTimer);
  removeEventListener('offline', lost);
  removeEventListener('online', connect);
  lastId = null;
  opened = false;
  readBefore = false;
  liveState.value = 'connecting';
}

function close(): void {
  source?.close();
  source = null;
}

/** A new connection resumes behind the last event; the browser's own retry does the same by header. */
function connect(): void {
  close();
  clearTimeout(retryTimer);
  const address = lastId === null ? '/api/events' : `/api/events?after=${encodeURIComponent(lastId)}`;
  source = new EventSource(address);
  source.onopen = onOpen;
  source.onerror = lost;
  source.addEventListener('order', (event) => receive(event, (data) => ({ kind: 'order', row: data.row ?? data })));
  source.addEventListener('callback', (event) => receive(event, (data) => ({ kind: 'callback', item: data })));
  source.addEventListener('technician', (event) => receive(event, (data) => ({ kind: 'technician', technician: data })));
  source.addEventListener('attachment', (event) => receive(event, (data) => ({ kind: 'attachment', id: data.id })));
  source.addEventListener('reset', (event) => {
    lastId = (event as MessageEvent).lastEventId || null;
    resync.value += 1;
  });
}

function onOpen(): void {
  const blind = lastId === null && (opened || readBefore);
  const wasCut = unreachableSince.peek() !== null;
  opened = true;
  readBefore = false;
  retryMs = RETRY_MS_MIN;
  unreachableSince.value = null;
  liveState.value = 'live';
  if (blind || wasCut) resync.value += 1;
  settle();
}

/** The browser retries by itself unless the answer was not a stream; then we do. */
function lost(): void {
  liveState.value = 'lost';
  if (!opened) readBefore = true;
  settle();
  if (source !== null && source.readyState !== EventSource.CLOSED && navigator.onLine) return;
  close();
  retryLater();
}

/** Asks who is logged in before connecting: an ended session leads to the login, not to endless tries. */
function retryLater(): void {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(() => void call('GET', '/api/me').then(connect, retryLater), retryMs);
  retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
}

// The data is what the contract of the stream says; a text that is not JSON makes the lists load again.
function receive(event: Event, read: (data: any) => LiveEvent): void {
  const message = event as MessageEvent<string>;
  if (message.lastEventId !== '') lastId = message.lastEventId;
  let parsed: LiveEvent;
  try {
    parsed = read(JSON.parse(message.data));
  } catch {
    resync.value += 1;
    return;
  }
  for (const listener of [...listeners]) listener(parsed);
}
