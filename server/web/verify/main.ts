/** The verification page: a file is dropped, three questions are answered, and what was signed is shown from its bytes. */

import { Unreadable } from './cbor';
import { label, shown, signedRows, strokePath, text, uuid, type Language } from './page';
import texts from './texts.json';
import { verifyFile, type Answer, type Report } from './verify';

const own = texts as Record<string, Record<Language, string>>;
let language: Language = navigator.language.startsWith('zh') ? 'zh' : 'en';
let last: { name: string; bytes: Uint8Array } | null = null;

const t = (key: string) => own[key]?.[language] ?? key;
const find = <E extends Element>(selector: string) => document.querySelector(selector) as E;

function element(name: string, attributes: Record<string, string>, ...inner: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inner);
  return made;
}

function reason(answer: Answer): string {
  if (answer === 'yes') return text('voucher.report.yes', language);
  if (answer === 'unknown') return text('voucher.report.unknown', language);
  let why = text(`voucher.report.${answer.kind}`, language);
  if (answer.kind === 'field') why = why.replace('{path}', shown(answer.path));
  if (answer.kind === 'unreadable') why = why.replace('{error}', shown(answer.error));
  return text('voucher.report.no', language).replace('{reason}', why);
}

function question(key: 'intact' | 'signed' | 'vouched', answer: Answer): HTMLElement {
  const state = typeof answer === 'string' ? answer : 'no';
  const path = typeof answer === 'object' && answer.kind === 'field' ? { 'data-field': answer.path } : {};
  return element('li', { 'data-question': key, 'data-answer': state, ...path },
    element('span', { class: 'asked' }, text(`voucher.report.${key}`, language)), ' ', element('strong', {}, reason(answer)));
}

function signed(report: Report): Node[] {
  const { proof } = report;
  if (proof === null) return [];
  const row = (path: string, of: string, value: string) =>
    element('tr', { 'data-path': path }, element('th', {}, of), element('td', {}, shown(value)));
  const fields = proof.voucher.leaves.map((leaf) => row(leaf.path, label(leaf.label, language), leaf.opened?.value ?? text('voucher.value.erased', language)));
  const words = signedRows(proof, language).map(([path, of, value]) => row(path, of, value));
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `0 0 ${proof.strokes.width * 4} ${proof.strokes.height * 4}`);
  svg.setAttribute('class', 'drawn');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', strokePath(proof.strokes));
  svg.append(path);
  return [
    element('h2', {}, t('shown')), element('p', { class: 'hint' }, t('shown_hint')),
    element('table', {}, row('document', label('document', language), uuid(proof.voucher.document)), ...fields),
    element('h2', {}, text('voucher.page.signature', language)), svg, element('table', {}, ...words),
  ];
}

async function answer(): Promise<void> {
  if (last === null) return;
  const out = find<HTMLElement>('#report');
  try {
    const report = await verifyFile(last.bytes, find<HTMLInputElement>('#fingerprint').value);
    const passed = [report.intact, report.signed, report.vouched].every((one) => one === 'yes');
    const rows: Node[] = [
      element('p', { class: `verdict ${passed ? 'good' : 'bad'}`, 'data-passed': String(passed) }, t(passed ? 'passed' : 'failed')),
      element('p', { class: 'hint' }, last.name),
      element('ol', {}, question('intact', report.intact), question('signed', report.signed), question('vouched', report.vouched)),
    ];
    if (report.fingerprint !== null && !report.compared) rows.push(element('p', {}, text('voucher.report.compare', language).replace('{fingerprint}', report.fingerprint)));
    if (report.code !== null) rows.push(element('p', {}, `${label('code', language)}: `, element('code', { id: 'code' }, report.code)));
    if (report.erased.length > 0) rows.push(element('p', {}, text('voucher.report.erased', language).replace('{fields}', shown(report.erased.join(', ')))));
    out.replaceChildren(...rows, ...signed(report));
  } catch (error) {
    const key = error instanceof Unreadable ? 'failed' : 'no_crypto';
    out.replaceChildren(element('p', { class: 'verdict bad', 'data-passed': 'false' }, t(key)));
  }
}

async function take(files: FileList | null): Promise<void> {
  const file = files?.[0];
  if (file === undefined) return;
  last = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  await answer();
}

function speak(): void {
  document.documentElement.lang = language;
  document.title = t('title');
  for (const spoken of document.querySelectorAll<HTMLElement>('[data-text]')) spoken.textContent = t(spoken.dataset['text'] ?? '');
  void answer();
}

const drop = find<HTMLElement>('#drop');
find<HTMLInputElement>('#file').addEventListener('change', (event) => void take((event.target as HTMLInputElement).files));
find<HTMLInputElement>('#fingerprint').addEventListener('input', () => void answer());
find<HTMLButtonElement>('#language').addEventListener('click', () => { language = language === 'en' ? 'zh' : 'en'; speak(); });
for (const name of ['dragover', 'dragleave', 'drop'] as const) {
  document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.toggle('over', name === 'dragover'); });
}
document.addEventListener('drop', (event) => void take(event.dataTransfer?.files ?? null));
speak();
