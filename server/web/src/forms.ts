/** The forms of commands and the people that they name: loaded once, when a form is first opened. */

import { call } from './api';
import type { CommandForm, Page, Person } from './types';

let forms: Promise<Map<string, CommandForm>> | null = null;
let people: Promise<Person[]> | null = null;

/** What failed is asked for again the next time. */
function once<T>(kept: Promise<T> | null, ask: () => Promise<T>, forget: () => void): Promise<T> {
  if (kept !== null) return kept;
  const asked = ask();
  asked.catch(forget);
  return asked;
}

export function loadForms(): Promise<Map<string, CommandForm>> {
  forms = once(forms, async () => new Map((await call<CommandForm[]>('GET', '/api/command-forms')).map((form) => [form.command, form])), () => { forms = null; });
  return forms;
}

export function loadPeople(): Promise<Person[]> {
  people = once(people, async () => {
    const answer = await call<Page<Person> | Person[]>('GET', '/api/people?limit=200');
    return Array.isArray(answer) ? answer : answer.items;
  }, () => { people = null; });
  return people;
}
