/** A paged list of the server that stays right while it is on screen. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api';
import { liveSettled, onLive, resync, type LiveEvent } from '../live';
import { appendPage } from '../logic/order_list';
import type { Page } from '../types';

export interface Paged<T> {
  page: Page<T> | null;
  error: unknown;
  loading: boolean;
  loadingMore: boolean;
  reload: () => void;
  loadMore: () => void;
}

const PAGE_ROWS = 50;

export interface PagedOptions<T> {
  /** The list after an event; the same page when the event does not touch it. */
  onEvent?: (page: Page<T>, event: LiveEvent) => Page<T>;
  /** Events that make the list load again, because they do not carry its rows. */
  reloadOn?: (event: LiveEvent) => boolean;
}

export function usePage<T extends { id: string }>(path: string, options: PagedOptions<T> = {}): Paged<T> {
  const [page, setPage] = useState<Page<T> | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [loading, setLoading] = useState(true);
  const [loadingMore, setLoadingMore] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const epoch = resync.value;
  const latest = useRef(options);
  latest.current = options;
  const latestPath = useRef(path);
  latestPath.current = path;
  // Events that arrive while a page is on its way are applied to it.
  const waiting = useRef<LiveEvent[] | null>(null);

  const apply = (target: Page<T>, event: LiveEvent) => latest.current.onEvent?.(target, event) ?? target;

  useEffect(() => {
    const abort = new AbortController();
    waiting.current = [];
    setLoading(true);
    liveSettled()
      .then(() => call<Page<T> | T[]>('GET', pagePath(path, null), { signal: abort.signal }))
      .then((answer) => {
        setPage((waiting.current ?? []).reduce(apply, asPage(answer)));
        setError(null);
      })
      .catch((failure: unknown) => { if (!abort.signal.aborted) setError(failure); })
      .finally(() => {
        if (abort.signal.aborted) return;
        waiting.current = null;
        setLoading(false);
      });
    return () => abort.abort();
  }, [path, attempt, epoch]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onLive((event) => {
      waiting.current?.push(event);
      setPage((present) => (present === null ? present : apply(present, event)));
      if (latest.current.reloadOn?.(event)) {
        clearTimeout(timer);
        timer = setTimeout(() => setAttempt((count) => count + 1), 400);
      }
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);

  const loadMore = () => {
    if (!page?.next || loadingMore) return;
    setLoadingMore(true);
    call<Page<T>>('GET', pagePath(path, page.next))
      .then((more) => {
        if (latestPath.current !== path) return;
        setPage((present) => (present === null ? present : appendPage(present, more)));
      })
      .catch(setError)
      .finally(() => setLoadingMore(false));
  };

  return { page, error, loading, loadingMore, reload: () => setAttempt((count) => count + 1), loadMore };
}

function pagePath(path: string, after: string | null): string {
  const joint = path.includes('?') ? '&' : '?';
  const cursor = after === null ? '' : `&after=${encodeURIComponent(after)}`;
  return `${path}${joint}limit=${PAGE_ROWS}${cursor}`;
}

/** A short list may come without its page. */
function asPage<T>(answer: Page<T> | T[]): Page<T> {
  if (Array.isArray(answer)) return { items: answer, next: null, total: answer.length };
  return { items: answer.items, next: answer.next ?? null, total: answer.total ?? answer.items.length };
}

/** One value of the server, loaded again on demand and after a loss of events. */
export function useValue<T>(path: string, reloadOn?: (event: LiveEvent) => boolean) {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const epoch = resync.value;
  const reload = () => setAttempt((count) => count + 1);

  useEffect(() => {
    const abort = new AbortController();
    liveSettled()
      .then(() => call<T>('GET', path, { signal: abort.signal }))
      .then((answer) => { setValue(answer); setError(null); })
      .catch((failure: unknown) => { if (!abort.signal.aborted) setError(failure); });
    return () => abort.abort();
  }, [path, attempt, epoch]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onLive((event) => {
      if (!reloadOn?.(event)) return;
      clearTimeout(timer);
      timer = setTimeout(reload, 250);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [path]);

  return { value, error, reload, setValue };
}
