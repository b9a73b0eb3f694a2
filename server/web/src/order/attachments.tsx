/** Photos, scans and papers of the order: those that are here, and those that are still on a device. */

import { useEffect, useState } from 'preact/hooks';
import { call, errorText, etagOf, holds } from '../api';
import { bytes, dateTime, nameOf } from '../format';
import { onLive, resync } from '../live';
import { Chip } from '../parts/chip';
import { Dialog } from '../parts/dialog';
import { Problem, TextField } from '../parts/form';
import { Icon } from '../parts/icon';
import { say } from '../parts/state_of_things';
import { coded, t } from '../text';
import type { Attachment, AttachmentList, OrderDetail } from '../types';
import { sendFile } from '../upload';

const ACCEPTED = 'image/jpeg,image/png,image/webp,image/heic,application/pdf,audio/mp4,audio/ogg';

export function Attachments({ order, onFact }: { order: OrderDetail; onFact: () => void }) {
  const { list, reload } = useAttachments(order);
  const [sending, setSending] = useState<{ name: string; percent: number } | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [paper, setPaper] = useState(false);
  if (list === null || !list.kept) return null;
  const writes = holds('clerk', 'dispatcher', 'supervisor');
  if (list.items.length === 0 && !writes) return null;

  const send = async (file: File): Promise<string | null> => {
    setWrong(null);
    if (file.size > list.most_bytes) {
      setWrong(t('attachments.too_large', { size: bytes(file.size), most: bytes(list.most_bytes) }));
      return null;
    }
    setSending({ name: file.name, percent: 0 });
    try {
      return await sendFile(order.id, file, (percent) => setSending({ name: file.name, percent }));
    } catch (error) {
      setWrong(errorText(error));
      return null;
    } finally {
      setSending(null);
      reload();
    }
  };
  const file = async (chosen: File, fact: string, demand: string) => {
    const photo = await send(chosen);
    if (photo === null) return;
    try {
      await call('POST', `/api/orders/${encodeURIComponent(order.id)}/documents`, { body: { fact, demand, photo }, ifMatch: etagOf(order) });
      say(t('attachments.filed'));
      onFact();
    } catch (error) {
      setWrong(errorText(error));
    }
  };
  return (
    <section class="card attachments">
      <div class="card-head">
        <h2>{t('attachments.title')} <span class="count">{t('attachments.count', { n: list.items.length })}</span></h2>
        {writes && (
          <div class="row-marks">
            {list.paper && <button type="button" class="button" data-action="paper" onClick={() => setPaper(true)}><Icon name="pen" />{t('attachments.paper')}</button>}
            <Choose label={t('attachments.add')} disabled={sending !== null} onFile={(chosen) => void send(chosen)} />
          </div>
        )}
      </div>
      {wrong !== null && <Problem>{wrong}</Problem>}
      {sending !== null && <p role="status">{t('attachments.sending', sending)}</p>}
      {writes && list.lacking.map(({ fact, demand }) => (
        <p key={`${fact} ${demand}`} class="row-marks" data-lacking={demand}>
          <Chip tone="warn" icon="alert">{t('attachments.lacking', { document: coded('demand', demand) })}</Chip>
          <Choose label={t('attachments.file')} disabled={sending !== null} onFile={(chosen) => void file(chosen, fact, demand)} />
        </p>
      ))}
      {list.items.length === 0 && <p class="quiet">{t('attachments.none')}</p>}
      <div class="attachments-list">
        {list.items.map((item) => <One key={item.blob} order={order.id} item={item} />)}
      </div>
      {paper && <PaperDialog order={order} send={send} onClose={() => setPaper(false)} onDone={onFact} />}
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

interface PaperProps {
  order: OrderDetail;
  send: (file: File) => Promise<string | null>;
  onClose: () => void;
  onDone: () => void;
}

/** A voucher that the customer signed by hand: its photo, and what is written on it. */
function PaperDialog({ order, send, onClose, onDone }: PaperProps) {
  const [values, setValues] = useState({ name: '', relation: '', date: '', time: '', printed: '' });
  const [photo, setPhoto] = useState<{ blob: string; name: string } | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (field: keyof typeof values) => (value: string) => setValues({ ...values, [field]: value });
  const choose = async (file: File) => {
    setBusy(true);
    const blob = await send(file);
    if (blob !== null) setPhoto({ blob, name: file.name });
    setBusy(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const at = new Date(`${values.date}T${values.time}`).getTime();
    const body = {
      photo: photo?.blob ?? null, name: values.name, relation: values.relation,
      signed_at: Number.isNaN(at) ? null : at, printed: values.printed === '' ? null : values.printed,
    };
    setBusy(true);
    call('POST', `/api/orders/${encodeURIComponent(order.id)}/paper`, { body, ifMatch: etagOf(order) })
      .then(() => {
        say(t('attachments.paper_done'));
        onDone();
        onClose();
      })
      .catch((error: unknown) => setWrong(errorText(error)))
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={`${t('attachments.paper')} · ${order.serial}`} onClose={onClose}>
      <form class="form" onSubmit={submit} noValidate data-form="paper">
        {wrong !== null && <Problem>{wrong}</Problem>}
        <p class="row-marks">
          <Choose label={t('attachments.paper_photo')} disabled={busy} onFile={(file) => void choose(file)} />
          {photo !== null && <span class="quiet">{photo.name}</span>}
        </p>
        <TextField name="name" label={t('attachments.paper_name')} value={values.name} onValue={set('name')} />
        <TextField name="relation" label={t('attachments.paper_relation')} value={values.relation} onValue={set('relation')} />
        <div class="trio">
          <TextField name="date" type="date" label={t('attachments.paper_date')} value={values.date} onValue={set('date')} />
          <TextField name="time" type="time" label={t('attachments.paper_time')} value={values.time} onValue={set('time')} />
        </div>
        <TextField name="printed" label={t('attachments.paper_printed')} optional value={values.printed} onValue={set('printed')} />
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>{t('cancel')}</button>
          <button type="submit" class="button primary" disabled={busy || photo === null}>{busy ? t('sending') : t('attachments.paper')}</button>
        </div>
      </form>
    </Dialog>
  );
}
