/** What a store that had lost something got back, and the devices that wait to be confirmed. */

import { useState } from 'preact/hooks';
import { call, errorText, session } from '../api';
import { dateTime } from '../format';
import { Problem } from '../parts/form';
import { say } from '../parts/state_of_things';
import { useValue } from '../parts/use_page';
import { t } from '../text';
import type { Healing as HealingStatus, WaitingDevice } from '../types';

export function Healing() {
  const [wrong, setWrong] = useState<string | null>(null);
  const healing = useValue<HealingStatus>('/api/store/healing', (event) => event.kind === 'technician');
  const found = healing.value;
  const administers = session.value?.roles.includes('administrator') ?? false;
  if (found === null || (!found.lost && found.waiting.length === 0)) return null;
  const confirm = (device: WaitingDevice) => {
    setWrong(null);
    call<{ admitted: number }>('POST', `/api/devices/${encodeURIComponent(device.device)}/confirm`)
      .then((answer) => { say(t('healing.confirmed', { n: answer.admitted })); healing.reload(); })
      .catch((error: unknown) => setWrong(errorText(error)));
  };
  return (
    <section class="card" data-healing>
      <h2>{t('healing.title')}</h2>
      {wrong !== null && <Problem>{wrong}</Problem>}
      {found.unnoticed && <p class="hint">{t('healing.unnoticed')}</p>}
      <dl class="facts wide">
        {found.at !== null && <div><dt>{t(found.unnoticed ? 'healing.noticed' : 'healing.since')}</dt><dd>{dateTime(found.at)}</dd></div>}
        <div><dt>{t('healing.devices')}</dt><dd>{t('healing.devices.n', { n: found.devices.filter((device) => device.back).length, of: found.devices.length })}</dd></div>
        <div><dt>{t('healing.known_again')}</dt><dd>{t('healing.facts', { n: found.known_again })}</dd></div>
        <div><dt>{t('healing.brought')}</dt><dd>{t('healing.facts', { n: found.brought })}</dd></div>
        <div><dt>{t('healing.unaccounted')}</dt><dd>{t('healing.numbers', { n: found.unaccounted })}</dd></div>
        <div><dt>{t('healing.gaps')}</dt><dd>{t('healing.gaps.n', { n: found.gaps_total })}</dd></div>
      </dl>
      {found.waiting.length > 0 && <p class="hint">{t('healing.waiting')}</p>}
      <ul class="items">
        {found.waiting.map((device) => (
          <li key={device.device} class="item" data-waiting={device.device}>
            <div class="item-main">
              <span class="strong">{device.person?.name ?? '–'}</span> <code title={device.device}>{device.device.slice(0, 8)}</code>
              <p class="quiet">{device.enrolled_at !== null && `${t('healing.enrolled', { at: dateTime(device.enrolled_at) })} · `}{t('healing.facts', { n: device.facts })}</p>
            </div>
            {administers && (
              <div class="item-actions">
                <button type="button" class="button" onClick={() => confirm(device)}>{t('healing.confirm')}</button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
