/** One order: what it is, why, what happened, and what this person may do. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from '../api';
import { onLive, resync } from '../live';
import { arrivedSince } from '../logic/unseen';
import { Icon } from '../parts/icon';
import { Empty, Failed, Loading } from '../parts/state_of_things';
import { t } from '../text';
import type { OrderDetail } from '../types';
import { lastList } from '../views/orders';
import { ActCard, Everyday, type Preset } from './act/card';
import { ActDialog, type Open } from './act/dialog';
import { Attachments } from './attachments';
import { Assignments, Cancels, Notes, Visits } from './cards';
import { Forms } from './forms';
import { Head, Why } from './head';
import { KnownChoice, KnownPage, asksForThen } from './known';
import { Lines } from './lines';
import { Reviews } from './reviews';
import { Signatures } from './signatures';
import { Timeline } from './timeline';

const REFRESH_MS = 120;

export function OrderPage({ id, query }: { id: string; query: URLSearchParams }) {
  const { order, error, fresh, reload, replace } = useOrder(id);
  const [open, setOpen] = useState<Open | null>(null);
  if (order === null) {
    const missing = error instanceof ApiError && error.status === 404;
    return (
      <section class="view">
        <a class="back" href={lastList.value}><Icon name="back" />{t('nav.orders')}</a>
        {error === null && <Loading />}
        {missing && <Empty icon="orders" title={t('order.missing')} />}
        {error !== null && !missing && <Failed error={error} retry={reload} />}
      </section>
    );
  }
  if (asksForThen(query)) return <KnownPage order={order} query={query} />;
  const act = (command: string, preset: Preset = {}) => setOpen({ command, preset, view: order });
  return (
    <section class="view order" data-order={order.id} data-state={order.state}>
      <a class="back" href={lastList.value}><Icon name="back" />{t('nav.orders')}</a>
      <Head order={order} changed={fresh.size > 0} />
      <Everyday order={order} act={act} />
      <div class="split">
        <div class="stack">
          <Why order={order} />
          <Reviews order={order} act={act} wanted={query.get('review')} />
          <Signatures order={order} />
          <Attachments order={order} act={act} />
          <Lines order={order} act={act} />
          <Forms order={order} />
          <ActCard order={order} act={act} />
          <Timeline order={order} fresh={fresh} />
        </div>
        <div class="stack side">
          <Visits order={order} />
          <Assignments order={order} />
          <Notes order={order} />
          <Cancels order={order} />
          <KnownChoice order={order} />
        </div>
      </div>
      {open !== null && (
        <ActDialog open={open} present={order} onView={(view) => setOpen({ ...open, view })} onOrder={replace} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}

function useOrder(id: string) {
  const [order, setOrder] = useState<OrderDetail | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [attempt, setAttempt] = useState(0);
  const shown = useRef<OrderDetail | null>(null);
  const epoch = resync.value;

  /** Shows a view unless a newer one is already on screen; new facts are marked. */
  const replace = (next: OrderDetail) => {
    if (shown.current !== null) {
      if (next.number < shown.current.number) return;
      setFresh(new Set(arrivedSince(shown.current.timeline, next.timeline).map((fact) => fact.fact)));
    }
    shown.current = next;
    setOrder(next);
    setError(null);
  };

  useEffect(() => {
    const abort = new AbortController();
    call<OrderDetail>('GET', `/api/orders/${encodeURIComponent(id)}`, { signal: abort.signal })
      .then(replace)
      .catch((failure: unknown) => { if (!abort.signal.aborted) setError(failure); });
    return () => abort.abort();
  }, [id, attempt, epoch]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onLive((event) => {
      const about = event.kind === 'order' && event.row.id === id && event.row.number > (shown.current?.number ?? -1);
      if (!about) return;
      clearTimeout(timer);
      timer = setTimeout(() => setAttempt((count) => count + 1), REFRESH_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [id]);

  return { order, error, fresh, replace, reload: () => setAttempt((count) => count + 1) };
}
