/** The books: goods of customers, cash, parts, and what contradicts itself across orders. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { holds } from '../api';
import { filterOf, LISTS, pathOf, type BooksFilter, type BooksList } from '../books/lists';
import { StockDialog } from '../books/stock_dialog';
import { BenchTable, CashTable, CustodyTable, FindingsTable, HoldingsTable, MovesTable, RefundsTable, StockTable } from '../books/tables';
import type { CashBalance, CashMove, Custody, Finding, Holding, Refund, Stock } from '../books/types';
import { listHash } from '../logic/route';
import { SearchBox } from '../parts/form';
import { Icon } from '../parts/icon';
import { Empty, Failed, Loading } from '../parts/state_of_things';
import { usePage } from '../parts/use_page';
import { technicians } from '../technicians';
import { coded, t, type TextKey } from '../text';

const TYPING_MS = 250;

type Row = { id: string };

export function Books({ query }: { query: URLSearchParams }) {
  const { list, filter } = filterOf(query);
  const path = pathOf(list, filter);
  return (
    <section class="view">
      <div class="view-head"><h1>{t('nav.books')}</h1></div>
      <div class="filters">
        <div class="tabs" role="group" aria-label={t('books.lists')}>
          {LISTS.map((one) => (
            <a key={one.code} href={listHash('books', { list: one.code })} aria-current={one.code === list.code ? 'true' : undefined}>
              {t(`books.list.${one.code}`)}
            </a>
          ))}
        </div>
      </div>
      <Filters list={list} filter={filter} />
      {path === null ? <Empty icon="user" title={t('books.choose_person')} /> : <List key={path} list={list} path={path} filter={filter} />}
    </section>
  );
}

function Filters({ list, filter }: { list: BooksList; filter: BooksFilter }) {
  const go = (part: Partial<BooksFilter>) => location.replace(listHash('books', { ...filter, ...part }));
  const [typed, setTyped] = useState(filter.q);
  const current = useRef(go);
  current.current = go;
  useEffect(() => setTyped(filter.q), [filter.q, list.code]);
  useEffect(() => {
    if (typed === filter.q) return;
    const timer = setTimeout(() => current.current({ q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const filtered = filter.state !== '' || filter.person !== '' || filter.q !== '';
  return (
    <div class="filters">
      <SearchBox value={typed} onValue={setTyped} />
      {list.states.length > 0 && (
        <label class="pick">
          <span>{t('orders.state')}</span>
          <select name="state" value={filter.state} onChange={(event) => go({ state: event.currentTarget.value })}>
            <option value="">{t(list.code === 'custody' ? 'books.state.open' : 'filter.all')}</option>
            {list.states.map((code) => <option key={code} value={code}>{coded(list.code === 'findings' ? 'finding' : 'books.state', code)}</option>)}
          </select>
        </label>
      )}
      <label class="pick">
        <span>{t('books.person')}</span>
        <select name="person" value={filter.person} onChange={(event) => go({ person: event.currentTarget.value })}>
          <option value="">{t(list.needsPerson ? 'books.choose' : 'filter.all')}</option>
          {technicians.value.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
        </select>
      </label>
      {filtered && (
        <button type="button" class="button quiet-button" onClick={() => go({ state: '', person: '', q: '' })}>
          <Icon name="close" />{t('filter.clear')}
        </button>
      )}
    </div>
  );
}

function List({ list, path, filter }: { list: BooksList; path: string; filter: BooksFilter }) {
  const [booking, setBooking] = useState(false);
  const page = usePage<Row>(path, { reloadOn: (event) => event.kind === 'order' });
  if (page.page === null) return page.error === null ? <Loading /> : <Failed error={page.error} retry={page.reload} />;
  const rows = page.page.items;
  const none = filter.state !== '' || filter.person !== '' || filter.q !== '' ? 'books.none_filtered' : 'books.none';
  return (
    <>
      <div class="list-head">
        <span class="count" data-total={page.page.total}>{t('books.count', { shown: rows.length, total: page.page.total })}</span>
        {list.code === 'stock' && holds('storekeeper', 'supervisor') && (
          <button type="button" class="button" onClick={() => setBooking(true)}><Icon name="plus" />{t('books.book')}</button>
        )}
      </div>
      {rows.length === 0 && <Empty icon="board" title={t(none as TextKey)} />}
      {rows.length > 0 && <TableOf list={list} rows={rows} />}
      {page.page.next !== null && (
        <button type="button" class="button more" disabled={page.loadingMore} onClick={page.loadMore}>
          {t('more', { n: page.page.total - rows.length })}
        </button>
      )}
      {booking && <StockDialog onClose={() => setBooking(false)} onDone={() => { setBooking(false); page.reload(); }} />}
    </>
  );
}

/** The rows are what the path of the list answers. */
function TableOf({ list, rows }: { list: BooksList; rows: Row[] }) {
  switch (list.code) {
    case 'custody':
      return <CustodyTable rows={rows as Custody[]} />;
    case 'bench':
      return <BenchTable rows={rows as Custody[]} />;
    case 'holdings':
      return <HoldingsTable rows={rows as Holding[]} />;
    case 'cash':
      return <CashTable rows={rows as CashBalance[]} movesOf={(person) => listHash('books', { list: 'moves', person })} />;
    case 'moves':
      return <MovesTable rows={rows as CashMove[]} />;
    case 'refunds':
      return <RefundsTable rows={rows as Refund[]} />;
    case 'stock':
      return <StockTable rows={rows as Stock[]} />;
    case 'findings':
      return <FindingsTable rows={rows as Finding[]} />;
  }
}
