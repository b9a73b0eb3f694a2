/** Calls to the office API. Every failure is an ApiError with a stable code. */

import { signal } from '@preact/signals';
import { coded, fill, find, t } from './text';
import type { OrderDetail, Session } from './types';

/** The person at the desk; `undefined` until the server has answered, `null` when nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether the session ended while the page was open. */
export const sessionEnded = signal(false);

/** When the last call failed for want of a connection, since when; else `null`. */
export const unreachableSince = signal<number | null>(null);

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly said: string,
    readonly field: string | null,
    readonly body: unknown,
  ) {
    super(said);
  }
}

export interface CallOptions {
  body?: unknown;
  /** The ETag of the view that the person decided on. */
  ifMatch?: string;
  /** Names the request, so that sending it again creates nothing twice. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export async function call<T>(method: 'GET' | 'POST', path: string, options: CallOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
  const response = await send(path, {
    method,
    headers,
    credentials: 'same-origin',
    cache: 'no-store',
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as T;
  if (response.status === 401 && path !== '/api/login') endSession();
  throw refusal(response.status, body);
}

async function send(path: string, request: RequestInit): Promise<Response> {
  try {
    const response = await fetch(path, request);
    unreachableSince.value = null;
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    unreachableSince.value ??= Date.now();
    throw new ApiError(0, request.method === 'GET' ? 'unreachable' : 'no_answer', '', null, null);
  }
}

function endSession(): void {
  if (session.peek()) sessionEnded.value = true;
  session.value = null;
}

function refusal(status: number, body: unknown): ApiError {
  const said = (body ?? {}) as { code?: string; message?: string; field?: string | null };
  return new ApiError(status, said.code ?? `http_${status}`, said.message ?? '', said.field ?? null, body);
}

/** An error in the person's words: the catalogue's text for its code, else what the server said. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unexpected');
  const said = error.said === '' ? t('error.status', { status: error.status }) : error.said;
  const pattern = error.code === 'missing_field' ? t('error.missing_field') : find('refusal', error.code) ?? find('error', error.code);
  if (pattern === null) return said;
  const text = fill(pattern, error.field === null ? {} : { field: coded('field', error.field.split('.').at(-1) ?? error.field) });
  // A text that needs more than the answer carries gives way to the server's own sentence.
  if (/\{\w/.test(text)) return said;
  return error.code === 'internal' ? `${text} (${said})` : text;
}

/** The view that a 409 carries, alone or as `order`. */
export function presentOrder(error: ApiError): OrderDetail | null {
  const body = error.body as { timeline?: unknown; order?: { timeline?: unknown } } | null;
  if (Array.isArray(body?.timeline)) return body as OrderDetail;
  return Array.isArray(body?.order?.timeline) ? (body.order as OrderDetail) : null;
}

/** The entity tag of a view, in quotes as the header wants it. */
export function etagOf(order: OrderDetail): string {
  const tag = order.etag || order.frontier.join('.');
  return tag.startsWith('"') ? tag : `"${tag}"`;
}

export async function logIn(login: string, password: string): Promise<Session> {
  const person = await call<Session>('POST', '/api/login', { body: { login, password } });
  sessionEnded.value = false;
  session.value = person;
  return person;
}

export async function logOut(): Promise<void> {
  await call('POST', '/api/logout').catch(() => undefined);
  session.value = null;
}

export async function resumeSession(): Promise<void> {
  try {
    session.value = await call<Session>('GET', '/api/me');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) session.value = null;
    else throw error;
  }
}

/** Whether the person holds one of the roles; the server decides, this only hides what would be refused. */
export function holds(...roles: string[]): boolean {
  return session.value?.roles.some((role) => roles.includes(role)) ?? false;
}
