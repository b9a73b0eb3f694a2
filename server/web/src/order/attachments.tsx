/** Photos, scans and papers of the order: those that are here, and those that are still on a device. */

import { useEffect, useState } from 'preact/hooks';
import { call, errorText, holds } from '../api';
import { bytes, dateTime, nameOf } from '../format';
import { onLive, resync } from '../live';
import { may } from '../logic/acts';
import { Chip } from '../parts/chip';
import { Problem } from '../parts/form';
import { Icon } from '../parts/icon';
import { coded, t } from '../text';
import type { Attachment, AttachmentList, OrderDetail } from '../types';
import { sendFile } from '../upload';
import type { Act } from './act/card';

const ACCEPTED = 'image/jpeg,image/png,image/webp,image/heic,application/pdf,audio/mp4,audio/ogg';

export function Attachments({ order, act }: { order: OrderDetail; act: Act }) {
  const { list, reload } = useAttachments(order);
  const [sending, setSending] = useState<{ name: string; percent: number } | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  if (list === null || !list.kept) return null;
  const writes = holds('clerk', 'dispatcher', 'supervisor');
  if (list.items.length === 0 && !writes) return null;

  const send = async (file: File) => {
    setWrong(null);
    if (file.size > list.most_bytes) {
      setWrong(t('attachments.too_large', { size: bytes(file.size), most: bytes(list.most_bytes) }));
      return;
    }
    setSending({ name: file.name, percent: 0 });
    try {
      await sendFile(order.id, file, (percent) => setSending({ name: file.name, percent }));
    } catch (error) {
      setWrong(errorText(error));
    } finally {
      setSending(null);
      reload();
    }
  };
  return (
    <section class="card attachments">
      <div class="card-head">
        <h2>{t('attachments.title')} <span class="count">{t('attachments.count', { n: list.items.length })}</span></h2>
        {writes && (
          <div class="row-marks">
            {may(order, 'attach_paper') && <button type="button" class="button" data-action="paper" onClick={() => act('attach_paper')}><Icon name="pen" />{t('attachments.paper')}</button>}
            <Choose label={t('attachments.add')} disabled={sending !== null} onFile={(chosen) => void send(chosen)} />
          </div>
        )}
      </div>
      {wrong !== null && <Problem>{wrong}</Problem>}
      {sending !== null && <p role="status">{t('attachments.sending', sending)}</p>}
      {writes && list.lacking.map(({ fact, demand }) => (
        <p key={`${fact} ${demand}`} class="row-marks" data-lacking={demand}>
          <Chip tone="warn" icon="alert">{t('attachments.lacking', { document: coded('demand', demand) })}</Chip>
          <button type="button" class="button" onClick={() => act('file_document', { fact, demand })}>{t('attachments.file')}</button>
        </p>
      ))}
      {list.items.length === 0 && <p class="quiet">{t('attachments.none')}</p>}
      <div class="attachments-list">
        {list.items.map((item) => <One key={item.blob} order={order.id} item={item} />)}
      </div>
    </section>
  );
}

function useAttachments(order: OrderDetail) {
  const [list, setList] = useState<AttachmentList | null>(null);
  const [attempt, setAttempt] = useState(0);
  const epoch = resync.value;
  useEffect(() => {
    const abort = new AbortController();
    // What cannot be listed now is listed with the next change; the order itself says when the server is away.
    call<AttachmentList>('GET', `/api/orders/${encodeURIComponent(order.id)}/attachments`, { signal: abort.signal })
      .then(setList)
      .catch(() => undefined);
    return () => abort.abort();
  }, [order.id, order.number, attempt, epoch]);
  useEffect(() => onLive((event) => {
    if (event.kind === 'attachment' && event.id === order.id) setAttempt((count) => count + 1);
  }), [order.id]);
  return { list, reload: () => setAttempt((count) => count + 1) };
}

function Choose({ label, disabled, onFile }: { label: string; disabled: boolean; onFile: (file: File) => void }) {
  return (
    <label class="button file-button">
      <Icon name="orders" />{label}
      <input
        type="file" accept={ACCEPTED} disabled={disabled}
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (chosen !== undefined) onFile(chosen);
        }}
      />
    </label>
  );
}

function One({ order, item }: { order: string; item: Attachment }) {
  const address = `/api/orders/${encodeURIComponent(order)}/attachments/${encodeURIComponent(item.blob)}`;
  const name = item.name ?? t('attachments.no_name');
  const owner = item.named?.device?.person ?? item.named?.by ?? null;
  const preview = item.thumbnail
    ? <img src={`${address}/thumbnail`} alt={name} loading="lazy" />
    : <Icon name={item.state === 'missing' ? 'clock' : 'orders'} />;
  return (
    <article class="attachment" data-blob={item.blob} data-state={item.state}>
      {item.state === 'missing'
        ? <div class="preview">{preview}</div>
        : <a class="preview" href={address} target="_blank" rel="noreferrer" aria-label={`${t('attachments.open')}: ${name}`}>{preview}</a>}
      <p class="strong">{name}</p>
      <p class="row-marks">
        {item.signs && <Chip tone="good" icon="pen">{t('attachments.signs')}</Chip>}
        {item.state === 'unnamed' && <Chip tone="warn" icon="alert">{t('attachments.unnamed')}</Chip>}
        {item.state === 'missing' && (
          <Chip tone="warn" icon="clock">
            {owner === null ? t('attachments.missing_unknown') : t('attachments.missing', { who: nameOf(owner) })}
          </Chip>
        )}
      </p>
      <p class="quiet">{[item.size === null ? null : bytes(item.size), item.media_type].filter((part) => part !== null).join(' · ')}</p>
      {item.named !== null && <p class="quiet">{t('attachments.taken', { who: nameOf(item.named.by), time: dateTime(item.named.at) })}</p>}
      {item.received !== null && (
        <p class="quiet">{t('attachments.sent', { who: nameOf(item.received.person ?? item.received.device?.person), time: dateTime(item.received.at) })}</p>
      )}
    </article>
  );
}
