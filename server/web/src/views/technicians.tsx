/** Technicians, their devices, what only a device has, and what the gate kept apart. */

import { useState } from 'preact/hooks';
import { ApiError, holds } from '../api';
import { ageText, dateTime } from '../format';
import { listHash } from '../logic/route';
import { textMatches } from '../logic/order_list';
import { Chip, SyncAge } from '../parts/chip';
import { SearchBox } from '../parts/form';
import { Empty, Failed, Loading } from '../parts/state_of_things';
import { useValue } from '../parts/use_page';
import { coded, t } from '../text';
import type { Device, Page, Quarantined, Technician } from '../types';
import { ApprovalCodes, NumberBlock } from './codes';
import { QuarantineTable } from './quarantine';

const listOf = <T,>(answer: Page<T> | T[] | null): T[] => (Array.isArray(answer) ? answer : answer?.items ?? []);

export function Technicians() {
  const [text, setText] = useState('');
  const [codes, setCodes] = useState(false);
  const people = useValue<Page<Technician>>('/api/technicians', (event) => event.kind === 'technician');
  const kept = useValue<Page<Quarantined>>('/api/quarantine', (event) => event.kind === 'technician');
  const rows = listOf(people.value).filter((row) => textMatches(text, [row.name, ...row.skills, ...row.devices.map((device) => device.id)]));
  const quarantined = listOf(kept.value).filter((row) => textMatches(text, [row.device, row.document, row.reason, row.summary ?? '']));
  const forbidden = kept.error instanceof ApiError && kept.error.status === 403;
  return (
    <section class="view">
      <div class="view-head">
        <h1>{t('nav.technicians')}</h1>
        {people.value !== null && <span class="count">{t('dispatch.people', { n: rows.length })}</span>}
      </div>
      <div class="filters">
        <SearchBox value={text} onValue={setText} />
        {holds('supervisor', 'accountant', 'quality') && <button type="button" class="button" data-action="approval-codes" onClick={() => setCodes(true)}>{t('codes.approval')}</button>}
      </div>
      {codes && <ApprovalCodes onClose={() => setCodes(false)} />}
      {people.value === null && (people.error === null ? <Loading /> : <Failed error={people.error} retry={people.reload} />)}
      {people.value !== null && rows.length === 0 && <Empty icon="user" title={t('technicians.none')} />}
      {rows.length > 0 && <TechnicianTable rows={rows} />}
      {!forbidden && (
        <>
          <h2 class="section-title">{t('quarantine.title')} <span class="count">{t('quarantine.count', { n: quarantined.length })}</span></h2>
          <p class="hint">{t('quarantine.hint')}</p>
          {kept.error !== null && <Failed error={kept.error} retry={kept.reload} />}
          {kept.value !== null && quarantined.length === 0 && <Empty icon="shield" title={t('quarantine.none')} />}
          {quarantined.length > 0 && <QuarantineTable rows={quarantined} onDecided={kept.reload} />}
        </>
      )}
    </section>
  );
}

function TechnicianTable({ rows }: { rows: Technician[] }) {
  const [block, setBlock] = useState<{ device: string; name: string } | null>(null);
  const gives = holds('clerk', 'dispatcher', 'supervisor');
  return (
    <>
    <table class="table technicians">
      <thead>
        <tr>
          <th scope="col">{t('orders.technician')}</th>
          <th scope="col">{t('technicians.skills')}</th>
          <th scope="col">{t('technicians.devices')}</th>
          <th scope="col"><span class="hidden">{t('actions')}</span></th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} data-technician={row.id}>
            <td>
              <span class="strong">{row.name}</span>
              {!row.active && <Chip tone="off" icon="slash">{t('dispatch.inactive')}</Chip>}
            </td>
            <td>{row.skills.map((skill) => coded('skill', skill)).join(' · ') || '–'}</td>
            <td>
              {row.devices.length === 0 && <span class="quiet">{t('technicians.no_device')}</span>}
              {row.devices.map((device) => (
                <div key={device.id} class="device-row">
                  <DeviceLine device={device} />
                  {gives && !device.revoked && <button type="button" class="link-button" data-action="numbers" onClick={() => setBlock({ device: device.id, name: row.name })}>{t('numbers.button')}</button>}
                </div>
              ))}
            </td>
            <td class="cell-actions"><a class="button" href={listHash('orders', { technician: row.id })}>{t('technicians.orders')}</a></td>
          </tr>
        ))}
      </tbody>
    </table>
    {block !== null && <NumberBlock {...block} onClose={() => setBlock(null)} />}
    </>
  );
}

export function DeviceLine({ device }: { device: Device }) {
  return (
    <div class="device">
      <code title={device.id}>{device.id.slice(0, 8)}</code>
      {device.revoked ? <Chip tone="off" icon="slash">{t('technicians.revoked')}</Chip> : <SyncAge at={device.last_sync_at} />}
      {device.revoked ? null : device.pending > 0 ? (
        <span class="mark tone-warn">
          {t('technicians.pending', { n: device.pending })}
          {device.pending_oldest_at !== null && <span class="quiet" title={dateTime(device.pending_oldest_at)}>{t('technicians.oldest', { age: ageText(device.pending_oldest_at) })}</span>}
        </span>
      ) : <span class="quiet">{t('technicians.nothing_pending')}</span>}
    </div>
  );
}
