/** One table for each list of the books. Numbers carry their units, times the company's day. */

import type { ComponentChildren } from 'preact';
import { dateTime, money, nameOf, now, quantity, spanText } from '../format';
import { orderHash } from '../logic/route';
import { Chip } from '../parts/chip';
import { both, coded, t, type TextKey } from '../text';
import type { Named } from '../types';
import type { CashBalance, CashMove, Custody, Finding, Holding, OrderNamed, Refund, Stock } from './types';

interface Column<T> {
  head: TextKey;
  number?: true;
  cell: (row: T) => ComponentChildren;
}

function Table<T extends { id: string }>({ name, rows, columns }: { name: string; rows: T[]; columns: Column<T>[] }) {
  return (
    <table class={`table books ${name}`}>
      <thead>
        <tr>{columns.map(({ head, number }) => <th key={head} scope="col" class={number ? 'number' : ''}>{t(head)}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} data-row={row.id}>
            {columns.map(({ head, number, cell }) => <td key={head} class={number ? 'number' : ''} data-label={t(head)}>{cell(row)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function OrderLink({ order }: { order: OrderNamed }) {
  return (
    <>
      <a class="serial" href={orderHash(order.id)}>{order.serial || order.id.slice(0, 8)}</a>
      <span class="quiet block">{order.customer}</span>
    </>
  );
}

function people(all: Named[]): string {
  return all.length === 0 ? t('books.customer') : all.map(nameOf).join(t('books.or'));
}

function Due({ at, late }: { at: number | null; late: boolean }) {
  if (at === null) return <span class="quiet">{t('books.no_due')}</span>;
  return (
    <>
      {late && <Chip tone="bad" icon="alert">{t('callbacks.overdue', { span: spanText(Math.max(0, now.value - at)) })}</Chip>}
      <span class="quiet nowrap block">{dateTime(at)}</span>
    </>
  );
}

function Holders({ row }: { row: Custody }) {
  return (
    <>
      {row.conflict && <Chip tone="bad" icon="alert">{t('books.conflict')}</Chip>}
      <span class={row.conflict ? 'block' : ''}>{people(row.holders)}</span>
      {row.unconfirmed > 0 && <span class="quiet block">{t('books.unconfirmed', { n: row.unconfirmed })}</span>}
    </>
  );
}

function Goods({ row }: { row: Custody }) {
  return (
    <>
      <span class="strong">{row.goods}</span>
      <span class="quiet block">{t('books.pieces', { n: row.pieces })}{row.serial !== null && ` · ${row.serial}`}</span>
      {row.condition !== null && <span class="quiet block">{row.condition}</span>}
    </>
  );
}

export function CustodyTable({ rows }: { rows: Custody[] }) {
  const receiptOf = (row: Custody) => (
    <>
      <span class="nowrap">{row.receipt}</span>
      {row.receipt_state !== 'live' && <span class="quiet block">{coded('books.receipt', row.receipt_state)}</span>}
      {!row.countersigned && <span class="quiet block">{t('books.not_countersigned')}</span>}
    </>
  );
  return (
    <Table name="custody" rows={rows} columns={[
      { head: 'books.goods', cell: (row) => <Goods row={row} /> },
      { head: 'books.order', cell: (row) => <OrderLink order={row.order} /> },
      { head: 'books.receipt_number', cell: receiptOf },
      { head: 'books.taken', cell: (row) => <><span class="nowrap">{dateTime(row.taken_at)}</span><span class="quiet block">{nameOf(row.taken_by)}</span></> },
      { head: 'books.holder', cell: (row) => <Holders row={row} /> },
      { head: 'books.stage', cell: (row) => <>{coded('custody', row.stage)}{row.returned_at === null && <span class="quiet block">{coded('place', row.place)}</span>}</> },
      { head: 'books.due', cell: (row) => row.returned_at === null ? <Due at={row.due_at} late={row.late} /> : <span class="nowrap">{t('books.returned', { time: dateTime(row.returned_at) })}</span> },
    ]} />
  );
}

export function BenchTable({ rows }: { rows: Custody[] }) {
  return (
    <Table name="bench" rows={rows} columns={[
      { head: 'books.goods', cell: (row) => <Goods row={row} /> },
      { head: 'books.order', cell: (row) => <OrderLink order={row.order} /> },
      { head: 'books.stage', cell: (row) => coded('custody', row.stage) },
      { head: 'books.received', cell: (row) => <span class="nowrap">{row.received_at === null ? '–' : dateTime(row.received_at)}</span> },
      { head: 'books.worked', number: true, cell: (row) => quantity(row.hours_thousandths, 'h') },
      { head: 'books.parts', cell: (row) => row.parts.length === 0 ? '–' : row.parts.join(', ') },
      { head: 'books.holder', cell: (row) => <Holders row={row} /> },
      { head: 'books.due', cell: (row) => <Due at={row.due_at} late={row.late} /> },
    ]} />
  );
}

export function HoldingsTable({ rows }: { rows: Holding[] }) {
  const what = (row: Holding) => (row.minor === null ? row.name : money({ minor: row.minor, currency: row.name }));
  return (
    <Table name="holdings" rows={rows} columns={[
      { head: 'books.holder', cell: (row) => <span class="strong">{nameOf(row.person)}</span> },
      { head: 'books.kind', cell: (row) => coded('books.state', row.kind) },
      { head: 'books.thing', cell: (row) => <>{what(row)}{row.conflict && <> <Chip tone="bad" icon="alert">{t('books.conflict')}</Chip></>}</> },
      { head: 'books.order', cell: (row) => <OrderLink order={row.order} /> },
      { head: 'books.since', cell: (row) => <span class="nowrap">{dateTime(row.since)}</span> },
    ]} />
  );
}

export function CashTable({ rows, movesOf }: { rows: CashBalance[]; movesOf: (person: string) => string }) {
  return (
    <Table name="cash" rows={rows} columns={[
      { head: 'orders.technician', cell: (row) => <a href={movesOf(row.technician.id)}>{nameOf(row.technician)}</a> },
      { head: 'books.held', number: true, cell: (row) => <span class="strong nowrap">{money(row.held)}</span> },
      { head: 'books.orders', number: true, cell: (row) => t('orders.number', { n: row.orders }) },
      { head: 'books.oldest', cell: (row) => <span class="nowrap">{row.oldest_at === null ? '–' : dateTime(row.oldest_at)}</span> },
      { head: 'books.remit_by', cell: (row) => <Due at={row.due_at} late={row.overnight} /> },
    ]} />
  );
}

export function MovesTable({ rows }: { rows: CashMove[] }) {
  const signed = (row: CashMove) => money(row.kind === 'taken' ? row.amount : { ...row.amount, minor: -row.amount.minor });
  const to = (row: CashMove) => (
    <>
      {nameOf(row.to)}
      {!row.confirmed && <span class="block"><Chip tone="warn" icon="clock">{t('books.not_confirmed')}</Chip></span>}
    </>
  );
  return (
    <Table name="moves" rows={rows} columns={[
      { head: 'books.at', cell: (row) => <span class="nowrap">{dateTime(row.at)}</span> },
      { head: 'books.kind', cell: (row) => coded('books.state', row.kind) },
      { head: 'books.amount', number: true, cell: (row) => <span class="strong nowrap">{signed(row)}</span> },
      { head: 'books.order', cell: (row) => <OrderLink order={row.order} /> },
      { head: 'books.receipt_number', cell: (row) => row.receipt ?? '–' },
      { head: 'books.handed_to', cell: (row) => (row.kind === 'taken' ? '–' : to(row)) },
    ]} />
  );
}

export function RefundsTable({ rows }: { rows: Refund[] }) {
  return (
    <Table name="refunds" rows={rows} columns={[
      { head: 'books.order', cell: (row) => <OrderLink order={row.order} /> },
      { head: 'books.give_back', number: true, cell: (row) => row.amounts.map((amount) => <span key={amount.currency} class="strong nowrap block">{money(amount)}</span>) },
      { head: 'books.at', cell: (row) => <span class="nowrap">{dateTime(row.at)}</span> },
    ]} />
  );
}

export function StockTable({ rows }: { rows: Stock[] }) {
  const variance = (row: Stock) => (row.counted_at === null
    ? <span class="quiet">{t('books.never_counted')}</span>
    : <><span class={row.variance_thousandths === 0 ? '' : 'strong'}>{quantity(row.variance_thousandths, row.unit)}</span><span class="quiet nowrap block">{dateTime(row.counted_at)}</span></>);
  const left = (row: Stock) => (
    <>
      <span class="strong nowrap">{quantity(row.left_thousandths, row.unit)}</span>
      {row.disputed > 0 && <span class="block"><Chip tone="bad" icon="alert">{t('books.disputed', { n: row.disputed })}</Chip></span>}
    </>
  );
  return (
    <Table name="stock" rows={rows} columns={[
      { head: 'books.keeper', cell: (row) => nameOf(row.keeper) },
      { head: 'books.code', cell: (row) => <span class="nowrap">{row.code}</span> },
      { head: 'books.part', cell: (row) => row.name },
      { head: 'books.left', number: true, cell: left },
      { head: 'books.variance', number: true, cell: variance },
      { head: 'books.quota', cell: (row) => (row.quota ? <Chip tone="info" icon="shield">{t('books.quota')}</Chip> : '–') },
    ]} />
  );
}

export function FindingsTable({ rows }: { rows: Finding[] }) {
  const claims = (row: Finding) => row.claims.map((claim) => (
    <span key={`${claim.order.id}.${claim.fact}`} class="block">
      <a class="serial" href={orderHash(claim.order.id)}>{claim.order.serial || claim.order.id.slice(0, 8)}</a> {claim.person !== null && nameOf(claim.person)}
    </span>
  ));
  return (
    <Table name="findings" rows={rows} columns={[
      { head: 'books.kind', cell: (row) => <Chip tone={row.kind === 'core_owed' ? 'warn' : 'bad'} icon="alert">{both(row.kind_text)}</Chip> },
      { head: 'books.subject', cell: (row) => <span class="strong">{row.subject}</span> },
      { head: 'books.claims', cell: claims },
      { head: 'books.concerned', cell: (row) => nameOf(row.person) },
      { head: 'books.found', cell: (row) => <span class="nowrap">{dateTime(row.at)}</span> },
    ]} />
  );
}
