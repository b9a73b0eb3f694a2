/** What stands where content would: loading, nothing there, failed; and the messages that pass by. */

import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { errorText } from '../api';
import { t } from '../text';
import { Icon, type IconName } from './icon';

export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">{t('loading')}</span>
      {Array.from({ length: rows }, (_, index) => <div key={index} class="bone" />)}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="empty failed" role="alert">
      <Icon name="alert" />
      <p class="empty-title">{errorText(error)}</p>
      <button type="button" class="button" onClick={retry}>{t('retry')}</button>
    </div>
  );
}

interface Toast {
  id: number;
  text: string;
}

const toasts = signal<Toast[]>([]);
const TOAST_MS = 6_000;
let lastToast = 0;

/** Says something that needs no answer. */
export function say(text: string): void {
  lastToast += 1;
  const id = lastToast;
  toasts.value = [...toasts.value, { id, text }];
  setTimeout(() => { toasts.value = toasts.value.filter((toast) => toast.id !== id); }, TOAST_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => <div key={toast.id} class="toast"><Icon name="check" />{toast.text}</div>)}
    </div>
  );
}
