/** What the customer signed: the drawing, the words, whether it verifies, and the copy to verify it anywhere. */

import { dateTime } from '../format';
import { drawing } from '../logic/strokes';
import { Chip } from '../parts/chip';
import { Icon } from '../parts/icon';
import { coded, t } from '../text';
import type { OrderDetail, SignatureFact } from '../types';

export function Signatures({ order }: { order: OrderDetail }) {
  const proofs = order.proofs ?? [];
  if (order.signatures.length + proofs.length === 0) return null;
  return (
    <section class="card signatures">
      <h2>{t('signatures.title')}</h2>
      {order.signatures.map((signature) => <One key={signature.fact} order={order} signature={signature} />)}
      {proofs.map((proof) => (
        <article key={proof.fact} class="signature" data-fact={proof.fact} data-way={proof.way}>
          <div class="signature-words">
            <p class="row-marks"><span class="strong">{proof.name}</span> <span class="quiet">{coded('relation', proof.relation)}</span></p>
            <p class="quiet">{t(proof.way === 'code' ? 'signatures.by_code' : 'signatures.on_paper', { time: dateTime(proof.signed_at) })}</p>
            <p><span class="label">{t('signatures.opinion')}</span> {coded('opinion', proof.opinion.grade)}</p>
          </div>
        </article>
      ))}
    </section>
  );
}

function One({ order, signature }: { order: OrderDetail; signature: SignatureFact }) {
  const signed = `/api/orders/${encodeURIComponent(order.id)}/signatures/${encodeURIComponent(signature.fact)}`;
  return (
    <article class="signature" data-fact={signature.fact} data-verified={signature.verified ? 'true' : 'false'}>
      <Drawn signature={signature} />
      <div class="signature-words">
        <p class="row-marks">
          <span class="strong">{signature.name}</span>
          <span class="quiet">{coded('relation', signature.relation)}</span>
          <Verified signature={signature} />
        </p>
        <p class="quiet">{t('signatures.signed', { time: dateTime(signature.signed_at) })}</p>
        <p><span class="label">{t('signatures.opinion')}</span> {coded('opinion', signature.opinion.grade)}</p>
        {signature.opinion.text && <p class="quote">{signature.opinion.text}</p>}
        <p class="digest"><span class="label">{t('signatures.digest')}</span> <code title={signature.voucher_digest}>{signature.voucher_digest.slice(0, 16)}…</code></p>
        {signature.proof === 'present' && (
          <p class="row-marks">
            <a class="button" href={`${signed}/page`} download={`${order.serial}-${signature.fact}.html`}><Icon name="orders" />{t('signatures.page')}</a>
            <a class="button" href={`${signed}/copy`} download={`${order.serial}-${signature.fact}.cbor`}><Icon name="orders" />{t('signatures.copy')}</a>
            <a class="link-button" href="verify.html" download="verify.html">{t('signatures.verifier')}</a>
          </p>
        )}
        {signature.proof === 'present' && <p class="hint">{t('signatures.copy_hint')}</p>}
      </div>
    </article>
  );
}

function Verified({ signature }: { signature: SignatureFact }) {
  if (signature.proof === 'pending') return <Chip tone="warn" icon="clock">{t('signatures.pending')}</Chip>;
  return signature.verified
    ? <Chip tone="good" icon="shield">{t('signatures.verified')}</Chip>
    : <Chip tone="bad" icon="alert">{t('signatures.not_verified')}</Chip>;
}

function Drawn({ signature }: { signature: SignatureFact }) {
  const drawn = drawing(signature);
  if (drawn === null) return <div class="drawn empty-drawing"><span class="quiet">{t(signature.proof === 'pending' ? 'signatures.drawing_pending' : 'signatures.no_drawing')}</span></div>;
  return (
    <svg class="drawn" viewBox={drawn.viewBox} role="img" aria-label={t('signatures.drawing', { name: signature.name })} preserveAspectRatio="xMidYMid meet">
      {drawn.paths.map((path, index) => <path key={index} d={path.d} stroke-width={path.width} />)}
    </svg>
  );
}
