/** Open decisions of this order, with what each choice means and what happens if nobody decides. */

import { useEffect, useRef } from 'preact/hooks';
import { dateTime } from '../format';
import { may } from '../logic/acts';
import { Icon } from '../parts/icon';
import { both, coded, t } from '../text';
import type { OrderDetail, Review } from '../types';
import type { Act } from './act/card';
import { byDue, choiceText, ReviewDue } from '../views/reviews';

interface ReviewsProps {
  order: OrderDetail;
  act: Act;
  /** The review that a link asked for. */
  wanted: string | null;
}

export function Reviews({ order, act, wanted }: ReviewsProps) {
  const open = order.reviews.filter((review) => review.status === 'open').toSorted(byDue);
  const settled = order.reviews.filter((review) => review.status !== 'open');
  if (order.reviews.length === 0) return null;
  return (
    <section class={open.length > 0 ? 'card attention' : 'card'}>
      <h2><Icon name="review" />{t('reviews.title')} <span class="count">{t('reviews.count', { n: open.length })}</span></h2>
      {open.map((review) => (
        <OpenReview key={review.id} review={review} wanted={review.id === wanted} may={may(order, 'resolve_review')} act={act} />
      ))}
      {settled.map((review) => (
        <p key={review.id} class="quiet" data-review-status={review.status}>
          {both(review.kind_text)} · {coded('review_status', review.status)}
          {review.choice !== null && <> · {choiceText(review, review.choice)}</>}
          {review.decidable && may(order, 'resolve_review') && (
            <> <button type="button" class="button" onClick={() => act('resolve_review', { review: review.id })}>{t('reviews.again')}</button></>
          )}
        </p>
      ))}
    </section>
  );
}

interface OpenReviewProps {
  review: Review;
  wanted: boolean;
  may: boolean;
  act: ReviewsProps['act'];
}

function OpenReview({ review, wanted, may, act }: OpenReviewProps) {
  const element = useRef<HTMLElement>(null);
  useEffect(() => { if (wanted) element.current?.scrollIntoView({ block: 'center' }); }, [wanted]);
  return (
    <article ref={element} class={wanted ? 'review wanted' : 'review'} data-review={review.id}>
      <div class="row-marks">
        <span class="strong">{both(review.kind_text)}</span>
        <ReviewDue review={review} />
        {review.blocking && <span class="mark tone-bad"><Icon name="slash" />{t('reviews.blocking')}</span>}
      </div>
      <p class="quiet">
        {t('reviews.owned', { role: coded('role', review.owner) })} ·{' '}
        {review.due_at === null
          ? t('reviews.waits')
          : t('reviews.default_at', { time: dateTime(review.due_at), choice: choiceText(review, review.default) })}
      </p>
      <p class="choices"><span class="label">{t('reviews.choices')}</span> {review.choices.map((one) => both(one.text)).join(' · ')}</p>
      {may && <button type="button" class="button primary" onClick={() => act('resolve_review', { review: review.id })}>{t('reviews.decide')}</button>}
    </article>
  );
}
