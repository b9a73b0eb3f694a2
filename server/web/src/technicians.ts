/** The technicians that lists and forms choose from, loaded once and kept right by events. */

import { signal } from '@preact/signals';
import { call } from './api';
import { onLive } from './live';
import type { Page, Technician } from './types';

export const technicians = signal<Technician[]>([]);

export async function loadTechnicians(): Promise<void> {
  const answer = await call<Page<Technician> | Technician[]>('GET', '/api/technicians');
  technicians.value = Array.isArray(answer) ? answer : answer.items;
}

/** One technician's new state, if the event carries all of it. */
export function withTechnician(list: readonly Technician[], changed: Technician): Technician[] {
  if (!Array.isArray(changed.devices)) return [...list];
  const known = list.some((technician) => technician.id === changed.id);
  return known ? list.map((technician) => (technician.id === changed.id ? changed : technician)) : [...list, changed];
}

onLive((event) => {
  if (event.kind === 'technician') technicians.value = withTechnician(technicians.value, event.technician);
});
