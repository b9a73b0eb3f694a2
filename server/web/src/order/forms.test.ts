import { expect, test } from 'vitest';
import type { FormStep } from '../types';
import { valueOf } from './forms';

const STEP: FormStep = {
  code: 'pressure', title: { en: 'Pressure', zh: '压力' }, takes: 'reading', unit: 'kPa', min: '1.5', max: null, state: 'filled', whole: true,
  at_fault: false, too_early: false, photo_lacking: false, result: null, reading_thousandths: 2_125, text: null, people: [], time_at: 0,
};

test.each([
  [{}, '2.125 kPa (1.5–)'],
  [{ min: null }, '2.125 kPa'],
  [{ reading_thousandths: null, text: 'worn' }, 'worn'],
  [{ reading_thousandths: null, text: null, people: [{ id: 'a', name: 'Li' }, { id: 'b', name: 'Wu' }] }, 'Li, Wu'],
  [{ reading_thousandths: null }, ''],
])('a step says what was recorded: %j', (change, words) => expect(valueOf({ ...STEP, ...change })).toBe(words));
