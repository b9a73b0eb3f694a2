/** What a person must decide before a default does: by due time, by age or by the money at stake. */

import { useState } from 'preact/hooks';
import { dateTime, money, now, spanText } from '../format';
import { orderHash } from '../logic/route';
import { textMatches } from '../logic/order_list';
import { Chip } from '../parts/chip';
import { SearchBox, SelectField } from '../parts/form';
import { Icon } from '../parts/icon';
import { Empty, Failed, Loading } from '../parts/state_of_things';
import { usePage } from '../parts/use_page';
import { both, coded, t } from '../text';
import type { Review } from '../types';

/** Due first; what has no limit blocks closing and stands behind. */
export function byDue(one: Review, other: Review): number {
  return (one.due_at ?? Infinity) - (other.due_at ?? Infinity) || one.opened_at - other.opened_at;
}

const SORTS = ['due', 'age', 'stake'] as const;

export function Reviews() {
  const [text, setText] = useState('');
  const [sort, setSort] = useState<string>('due');
  const list = usePage<Review>(`/api/reviews?status=open&sort=${sort}`, { reloadOn: (event) => event.kind === 'order' });
  const rows = (list.page?.items ?? [])
    .filter((row) => textMatches(text, [row.serial, both(row.kind_text), coded('role', row.owner)]));
  return (
    <section class="view">
      <div class="view-head">
        <h1>{t('nav.reviews')}</h1>
        {list.page !== null && <span class="count">{t('reviews.count', { n: list.page.total })}</span>}
      </div>
      <div class="filters">
        <SearchBox value={text} onValue={setText} />
        <SelectField
          name="sort" label={t('reviews.sort')} value={sort} onValue={setSort}
          options={SORTS.map((one) => ({ value: one, label: t(`reviews.sort.${one}`) }))}
        />
      </div>
      {list.page === null && (list.error === null ? <Loading /> : <Failed error={list.error} retry={list.reload} />)}
      {list.page !== null && rows.length === 0 && <Empty icon="check" title={t('reviews.none')} />}
      {rows.length > 0 && <ReviewTable rows={rows} />}
      {list.page !== null && list.page.next !== null && (
        <button type="button" class="button more" disabled={list.loadingMore} onClick={list.loadMore}>
          {t('more', { n: list.page.total - list.page.items.length })}
        </button>
      )}
    </section>
  );
}

export function ReviewDue({ review }: { review: Review }) {
  if (review.due_at === null) return <Chip tone="warn" icon="pause">{t('reviews.no_limit')}</Chip>;
  const late = now.value - review.due_at;
  return late > 0
    ? <Chip tone="bad" icon="alert">{t('callbacks.overdue', { span: spanText(late) })}</Chip>
    : <Chip tone="info" icon="clock">{t('callbacks.due_in', { span: spanText(late) })}</Chip>;
}

/** The words of a choice, from the review's own list. */
export function choiceText(review: Review, choice: string): string {
  return both(review.choices.find((one) => one.choice === choice)?.text) || coded('choice', choice);
}

function ReviewTable({ rows }: { rows: Review[] }) {
  return (
    <table class="table reviews">
      <thead>
        <tr>
          <th scope="col">{t('callbacks.due')}</th>
          <th scope="col">{t('orders.serial')}</th>
          <th scope="col">{t('reviews.kind')}</th>
          <th scope="col">{t('reviews.owner')}</th>
          <th scope="col">{t('reviews.default')}</th>
          <th scope="col">{t('reviews.stake')}</th>
          <th scope="col">{t('reviews.opened')}</th>
          <th scope="col"><span class="hidden">{t('actions')}</span></th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <ReviewDue review={row} />
              {row.due_at !== null && <span class="quiet nowrap block">{dateTime(row.due_at)}</span>}
            </td>
            <td><a class="serial" href={orderHash(row.order)}>{row.serial}</a></td>
            <td>
              <span class="strong">{both(row.kind_text)}</span>
              {row.blocking && <span class="mark tone-bad"><Icon name="slash" />{t('reviews.blocking')}</span>}
            </td>
            <td data-label={t('reviews.owner')}>{coded('role', row.owner)}</td>
            <td data-label={t('reviews.default')}>{choiceText(row, row.default)}</td>
            <td class="nowrap" data-label={t('reviews.stake')}>{row.stake === null ? '–' : money(row.stake)}</td>
            <td class="nowrap" data-label={t('reviews.opened')}>{dateTime(row.opened_at)}</td>
            <td class="cell-actions"><a class="button" href={`${orderHash(row.order)}?review=${encodeURIComponent(row.id)}`}>{t('reviews.decide')}</a></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
