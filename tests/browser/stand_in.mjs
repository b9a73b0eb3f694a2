// The office page against its stand-in API: what only a server that misbehaves on demand can show. Pictures of
// every view in both languages and widths go to DOCKET_SHOTS.
//
// The set-up has built the page. Exit code 0, or `failed: ...`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { launch, logIn, openPage, shoot } from './browser.mjs';

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

const server = spawn(process.execPath, [fileURLToPath(new URL('../../server/web/mock/serve.mjs', import.meta.url))], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
const URL_ = await new Promise((resolve, reject) => {
  server.stdout.once('data', (said) => resolve(/http:\S+/.exec(String(said))[0]));
  server.once('exit', () => reject(new Error('the stand-in office did not start')));
});
const act = (what, more = {}) => fetch(`${URL_}/mock/act`, { method: 'POST', body: JSON.stringify({ what, ...more }) }).then((answer) => answer.json());
const browser = await launch();

async function step(name, body) {
  await body();
  process.stdout.write(`ok: ${name}\n`);
}

async function pictures(page, language) {
  const views = ['orders', 'orders/new', 'dispatch', 'callbacks', 'callbacks?state=all', 'reviews', 'books', 'books?list=custody', 'books?list=bench', 'books?list=holdings', 'books?list=cash', 'books?list=moves&person=' + 'b3'.repeat(16),
    'books?list=refunds', 'books?list=stock', 'technicians', 'administration'];
  await page.click(`.languages button[lang="${language === 'zh' ? 'zh-CN' : 'en'}"]`);
  for (const [width, viewport] of [['wide', WIDE], ['narrow', NARROW]]) {
    await page.setViewportSize(viewport);
    for (const view of views) {
      await page.goto(`${URL_}/#/${view}`);
      await page.waitForSelector('h1');
      await page.waitForFunction(() => document.querySelector('.loading') === null);
      await shoot(page, `${language}-${width}-${view.replace(/[/?=&]/g, '_')}`, { fullPage: view !== 'orders' });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${view} is wider than the ${width} window by ${overflow} px (${language})`);
    }
    await page.goto(`${URL_}/#/orders?q=1182`);
    await page.click('tr[data-order]');
    await page.waitForSelector('.order-head');
    await shoot(page, `${language}-${width}-order`, { fullPage: true });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `the order is too wide (${width}, ${language})`);
  }
  await page.setViewportSize(WIDE);
}

async function filterKeepsOthersOut(page) {
  await page.goto(`${URL_}/#/orders?state=completed`);
  await page.waitForSelector('tr[data-state="completed"]');
  await act('arrive', { serial: '2026-11-001186' });
  await act('done', { serial: '2026-11-001187' });
  await page.waitForSelector('tr[data-serial="2026-11-001187"]');
  await shoot(page, 'highlight');
  assert.equal(await page.$('tr[data-serial="2026-11-001186"]'), null, 'an order outside the filter appeared');
}

async function dialogKeepsItsView(page) {
  await page.goto(`${URL_}/#/orders?q=001189`);
  await page.click('tr[data-order] a.serial');
  await page.click('button[data-command="cancel"]');
  await page.fill('dialog textarea', '客户要求取消');
  await act('arrive', { serial: '2026-11-001189' });
  await page.waitForSelector('dialog .news');
  await shoot(page, 'dialog-news');
  const sent = page.waitForRequest((request) => request.url().endsWith('/commands'));
  await page.click('dialog button[type="submit"]');
  const tag = (await sent).headers()['if-match'];
  assert.ok(!tag.includes('onswg4tf'), `the dialog sent a newer view than it was opened on: ${tag}`);
  await page.waitForSelector('[data-part="not-seen"] .fact-list li');
  await shoot(page, 'dialog-not-seen');
  await page.click('dialog .button.primary');
}

async function conflictAsksAgain(page) {
  await page.goto(`${URL_}/#/orders?q=001184`);
  await page.click('tr[data-order] a.serial');
  await page.click('button[data-command="note"]');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog .field-error');
  await shoot(page, 'dialog-field-error');
  await page.fill('dialog textarea', '门禁密码 2580');
  await act('forget');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog .problem');
  await shoot(page, 'dialog-conflict');
  assert.equal(await page.inputValue('dialog textarea'), '门禁密码 2580');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog', { state: 'detached' });
}

async function streamResumes(page) {
  await page.goto(`${URL_}/#/orders`);
  await page.waitForSelector('.live[data-live="live"]');
  await act('drop', { ms: 2500 });
  await page.waitForSelector('.banner');
  await shoot(page, 'banner');
  await act('arrive', { serial: '2026-11-001188' });
  await page.waitForSelector('.live[data-live="live"]');
  await page.waitForSelector('tr[data-serial="2026-11-001188"][data-state="in_progress"]');
  await page.waitForSelector('.banner', { state: 'detached' });
}

async function newCallNamesTheField(page) {
  await page.goto(`${URL_}/#/orders/new`);
  await page.fill('input[name="customer.name"]', '和平里社区卫生站');
  await page.click('form button[type="submit"]');
  await page.waitForSelector('.field.wrong input[name="customer.phone"]');
  await shoot(page, 'new-call-error');
  await page.fill('input[name="customer.phone"]', '025 8345 1122');
  await page.fill('input[name="site.address"]', '南京市秦淮区和平里 2 号');
  await page.fill('textarea[name="problem"]', '疫苗冷藏柜报警');
  await page.click('form button[type="submit"]');
  await page.waitForSelector('.order-head');
}

async function callbackIsRecorded(page) {
  await page.goto(`${URL_}/#/callbacks`);
  await page.click('.cell-actions button');
  await page.click('dialog input[value="redo"]');
  await page.fill('dialog textarea', '仍有异响');
  await shoot(page, 'dialog-callback');
  const rows = await page.$$eval('tbody tr', (all) => all.length);
  await page.click('dialog button[type="submit"]');
  await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length === count - 1, rows);
}

async function booksFilterAndPage(page) {
  await page.goto(`${URL_}/#/books?list=custody`);
  await page.waitForSelector('.table.custody tbody tr');
  const all = Number(await page.getAttribute('.count', 'data-total'));
  const rows = () => page.$$eval('.table.custody tbody tr', (found) => found.length);
  assert.ok(await rows() <= all && all > 30, `${await rows()} of ${all}`);
  await page.selectOption('select[name="state"]', 'conflict');
  await page.waitForFunction(() => document.querySelectorAll('.table.custody tbody tr').length === 1);
  const holders = await page.textContent('.table.custody tbody td:nth-child(5)');
  assert.ok(holders.includes('李伟') && holders.includes('周建军'), `both claims are shown: ${holders}`);
  await page.selectOption('select[name="state"]', 'all');
  await page.waitForSelector('button.more');
  const before = await rows();
  await page.click('button.more');
  await page.waitForFunction((count) => document.querySelectorAll('.table.custody tbody tr').length > count, before);
  await page.fill('.filters input[type="search"]', 'SN-7705');
  await page.waitForFunction(() => document.querySelectorAll('.table.custody tbody tr').length === 1);
  await shoot(page, 'books-filtered');
  await page.goto(`${URL_}/#/books?list=stock`);
  const left = await page.textContent('.table.stock tbody tr:first-child td:nth-child(4)');
  assert.ok(/^-1 pc/.test(left.trim()), `a number carries its unit: ${left}`);
  await page.click('.list-head button');
  await page.selectOption('dialog select[name="keeper"]', { index: 1 });
  await page.fill('dialog input[name="quantity"]', 'two');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog .field-error');
  await shoot(page, 'dialog-stock');
  await page.fill('dialog input[name="quantity"]', '2');
  await page.click('dialog button[type="submit"]');
  await page.waitForFunction(() => document.querySelector('dialog .field-error')?.textContent.length > 0);
  await page.fill('dialog input[name="code"]', 'CMP-35');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog', { state: 'detached' });
}

async function actsAreForms(page) {
  await page.goto(`${URL_}/#/orders?q=001182`);
  await page.click('tr[data-order] a.serial');
  await page.waitForSelector('[data-part="acts"] button[data-command="set_liability"]');
  // What cannot be done now says why.
  await page.click('.not-now summary');
  assert.match(await page.textContent('[data-refused="invoice"] dd'), /can be billed/);
  await page.click('button[data-command="set_liability"]');
  await page.click('dialog input[value="joint"]');
  for (const party of ['业主', '施工方']) {
    await page.click('dialog button[data-add="shares"]');
    const rows = await page.$$('dialog .list-row');
    await page.fill(`dialog input[name="shares.${rows.length - 1}.party"]`, party);
  }
  await page.fill('dialog input[name="shares.0.permille"]', '600');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog .field.wrong input[name="shares.1.permille"]');
  assert.ok(await page.evaluate(() => document.activeElement?.getAttribute('name') === 'shares.1.permille'), 'the field that is wrong has the focus');
  await shoot(page, 'dialog-act-refused');
  await page.fill('dialog input[name="shares.1.permille"]', '300');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog [data-path="shares"] > .field-error');
  await page.fill('dialog input[name="shares.1.permille"]', '400');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog', { state: 'detached' });
}

async function everyFormOpens(page, language) {
  await page.click(`.languages button[lang="${language === 'zh' ? 'zh-CN' : 'en'}"]`);
  await page.goto(`${URL_}/#/orders?q=001182`);
  await page.click('tr[data-order] a.serial');
  await page.waitForSelector('[data-part="acts"]');
  const commands = await page.$$eval('[data-part="acts"] button[data-command], .actions button[data-command]', (all) => all.map((one) => one.dataset.command));
  assert.ok(commands.length > 8, `${commands.length} forms`);
  for (const command of commands) {
    await page.click(`button[data-command="${command}"]`);
    await page.waitForSelector('dialog form');
    await page.$$eval('dialog details', (all) => all.forEach((one) => { one.open = true; }));
    for (const add of await page.$$('dialog button[data-add]')) await add.click();
    await shoot(page, `${language}-form-${command}`);
    const bare = await page.$$eval('dialog :is(input, select, textarea)', (all) => all.filter((one) => (one.labels?.length ?? 0) === 0).map((one) => one.name));
    assert.deepEqual(bare, [], `${command}: inputs without a label`);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
  }
}

async function otherDialogs(page) {
  await page.goto(`${URL_}/#/orders?q=001182`);
  await page.click('tr[data-order] a.serial');
  await page.click('.review button');
  await page.waitForSelector('dialog input[type="radio"]');
  await shoot(page, 'dialog-review');
  await page.keyboard.press('Escape');
  await page.goto(`${URL_}/#/orders?q=001185`);
  await page.click('tr[data-order] a.serial');
  await page.click('button[data-command="reschedule"]');
  await page.waitForSelector('dialog input[type="datetime-local"]');
  await page.click('dialog input[type="checkbox"]');
  await page.click('dialog summary');
  await shoot(page, 'dialog-reschedule');
  await page.keyboard.press('Escape');
  await page.goto(`${URL_}/#/dispatch`);
  await page.click('.item-actions .button:not(.primary)');
  await shoot(page, 'dialog-override');
  await page.keyboard.press('Escape');
  await page.goto(`${URL_}/#/administration`);
  await page.waitForSelector('select[name="person"] option:nth-child(2)', { state: 'attached' });
  await page.selectOption('select[name="person"]', { index: 1 });
  await page.click('.inline-form button');
  await page.waitForSelector('.enrolment-code');
  await shoot(page, 'enrolment');
}

async function quarantineIsDecided(page) {
  await page.goto(`${URL_}/#/technicians`);
  const row = (end) => `tr[data-quarantined$="${end}"]`;
  await page.waitForSelector(row('01'));
  // What was decided says how and why, without a pointer over it; what waits behind another fact says so.
  assert.match(await page.textContent(`${row('04')} [data-admitted="false"]`), /结案由文员办理/);
  assert.match(await page.textContent(`${row('05')} [data-admitted="true"]`), /both technicians/);
  assert.match(await page.textContent(`${row('02')} td`), /waits behind/);
  // One decision about all that waits of an order.
  await page.click(`${row('01')} button`);
  await page.selectOption('dialog select[name="about"]', 'order');
  for (const button of ['.primary', '.danger']) assert.ok(await page.isDisabled(`dialog ${button}`), 'a decision needs its reason');
  await page.fill('dialog textarea', '已与技术员核对');
  await shoot(page, 'dialog-quarantine');
  await page.click('dialog .primary');
  for (const end of ['01', '02']) await page.waitForSelector(`${row(end)} [data-admitted="true"]`);
  // Bytes that are no fact can only be left out: of all that the device brought they are left, with the reason.
  await page.click(`${row('03')} button`);
  await page.selectOption('dialog select[name="about"]', 'device');
  await page.fill('dialog textarea', '逐一核对过');
  await page.click('dialog .primary');
  assert.match(await page.textContent('dialog .problem'), /1 fact could not be decided/);
  await page.waitForSelector(`${row('06')} [data-admitted="true"]`);
  // Alone: the refusal is shown, and the reason stays.
  await page.selectOption('dialog select[name="about"]', 'one');
  await page.fill('dialog textarea', '无法辨认');
  await page.click('dialog .primary');
  await page.waitForSelector('dialog .problem');
  assert.equal(await page.inputValue('dialog textarea'), '无法辨认');
  await shoot(page, 'dialog-quarantine-refused');
  await page.click('dialog .danger');
  await page.waitForSelector(`${row('03')} [data-admitted="false"]`);
}

async function forgottenDeviceIsConfirmed(page) {
  await page.goto(`${URL_}/#/administration`);
  await page.waitForSelector('[data-healing] [data-waiting]');
  assert.equal((await page.$$('[data-waiting]')).length, 2);
  assert.match(await page.textContent('[data-healing] dl'), /2 of 3/);
  await page.click('[data-waiting] button');
  await page.waitForFunction(() => document.querySelectorAll('[data-waiting]').length === 1);
  await shoot(page, 'healing-confirmed', { fullPage: true });
}

let shown = null;
try {
  const { page, complaints } = await openPage(browser, { viewport: WIDE, timezoneId: 'Asia/Shanghai', locale: 'en-GB' });
  shown = page;
  page.setDefaultTimeout(10_000);
  await page.goto(URL_);
  await page.waitForSelector('.door');
  await shoot(page, 'login');
  await logIn(page, URL_, 'chen', 'docket');
  for (const language of ['en', 'zh']) await step(`every view fits in ${language}`, () => pictures(page, language));
  await page.click('.languages button[lang="en"]');
  await step('an event outside the filter does not appear', () => filterKeepsOthersOut(page));
  await step('a dialog keeps the view it was opened on', () => dialogKeepsItsView(page));
  await step('a conflict shows the present view and asks again', () => conflictAsksAgain(page));
  await step('a lost stream is announced and resumes', () => streamResumes(page));
  await step('a missing field is named at the field', () => newCallNamesTheField(page));
  await step('a callback is recorded', () => callbackIsRecorded(page));
  await step('the books are filtered and paged', () => booksFilterAndPage(page));
  await step('a supervisor decides about the quarantine', () => quarantineIsDecided(page));
  await step('an administrator confirms a forgotten device', () => forgottenDeviceIsConfirmed(page));
  await step('an act is a form, and its refusal shows the field', () => actsAreForms(page));
  for (const language of ['zh', 'en']) await step(`every form opens in ${language}`, () => everyFormOpens(page, language));
  await step('the other dialogs open', () => otherDialogs(page));
  const real = complaints.filter((text) => !/status of (401|409|422|503)|ERR_|net::/.test(text));
  assert.deepEqual(real, [], 'the console complained');
} catch (error) {
  if (shown !== null) await shoot(shown, 'failed').catch(() => undefined);
  process.stderr.write(`failed: ${error.stack}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
  server.kill();
}
