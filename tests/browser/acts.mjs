// The office page on a real server: what a device did, everything else that can be done as forms, codes, the order as
// somebody knew it, and the customer's copy, verified from a disk without a network; one changed byte is named.
//
// Variables: DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD, DOCKET_ORDER (id of a signed order with a photo, reached in time),
// DOCKET_LATE (id of an order reached too late), DOCKET_EMERGENCY (id of an order that began on site, at whose site the
// appliance SN-900 stands), DOCKET_FOLDER (for the copy); DOCKET_SHOTS (a folder for pictures) and CHROMIUM are optional. Exit code 0, or `failed: ...`.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, logIn, openPage, shoot } from './browser.mjs';

const { DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD, DOCKET_ORDER, DOCKET_LATE, DOCKET_EMERGENCY, DOCKET_FOLDER } = process.env;
const ORDER = `${DOCKET_URL}/#/orders/${DOCKET_ORDER}`;

async function pagesFit(page, name) {
  for (const [width, height] of [[1366, 800], [390, 844]]) {
    await page.setViewportSize({ width, height });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, `${name} is ${overflow} px too wide at ${width} px`);
    await shoot(page, `acts-${name}-${width}`, { fullPage: true });
  }
  await page.setViewportSize({ width: 1366, height: 800 });
}

async function whatTheDeviceDid(page) {
  await page.goto(ORDER);
  await page.waitForSelector('.order-head');
  // The photo came by itself, and has its small form.
  await page.waitForFunction(() => document.querySelector('.attachment[data-state="present"] img')?.naturalWidth > 0);
  await page.waitForSelector('article.signature[data-verified="true"]');
  assert.match(await page.textContent('[data-part="checks"] summary'), /\d/);
  for (const language of ['zh-CN', 'en']) {
    await page.click(`.languages button[lang="${language}"]`);
    await page.waitForSelector(`html[lang="${language}"]`);
    await pagesFit(page, `order-${language}`);
    const bare = await page.$$eval('main p, main dd, main dt, main h2, main h3, main button', (all) => all.map((one) => one.textContent.trim()).filter((text) => /\bweb\.|^[0-9a-f]{32}$|^\?$|undefined|\[object/.test(text)));
    assert.deepEqual(bare, [], 'raw ids or keys are shown');
  }
}

// When he came is judged by the bounds of the true time (U-10); the page says what the server found, in words.
async function arrivalsAreJudged(page) {
  const words = { met: { en: 'in time', 'zh-CN': '准时' }, breached: { en: 'too late', 'zh-CN': '已迟到' } };
  for (const [id, verdict] of [[DOCKET_LATE, 'breached'], [DOCKET_ORDER, 'met']]) {
    await page.goto(`${DOCKET_URL}/#/orders/${id}`);
    await page.waitForSelector(`.order[data-order="${id}"]`);
    const { arrival, clock } = await page.evaluate(async (order) => {
      const { visits } = await (await fetch(`/api/orders/${order}`)).json();
      const clock = (at) => new Date(at).toTimeString().slice(0, 5);
      return { arrival: visits[0].arrival, clock: { lo: clock(visits[0].arrival.lo_at), hi: clock(visits[0].arrival.hi_at), limit: clock(visits[0].arrival.limit_at) } };
    }, id);
    assert.equal(arrival.on_time, verdict);
    assert.ok(arrival.lo_at < arrival.hi_at && !arrival.low_confidence, JSON.stringify(arrival));
    for (const language of ['zh-CN', 'en']) {
      await page.click(`.languages button[lang="${language}"]`);
      await page.waitForSelector(`html[lang="${language}"]`);
      const shown = await page.textContent(`.arrival[data-verdict="${verdict}"]`);
      for (const part of [words[verdict][language], clock.lo, clock.hi, clock.limit]) assert.ok(shown.includes(part), `${part} is not in: ${shown}`);
      await pagesFit(page, `arrival-${verdict}-${language}`);
    }
  }
}

/** Opens the form of a command. */
async function opened(page, command) {
  await page.click(`[data-part="acts"] button[data-command="${command}"], .actions button[data-command="${command}"]`);
  await page.waitForSelector('dialog form');
}

/** Chooses the option whose words fit, once the server has named it. */
async function chosen(page, name, words) {
  const option = page.locator(`dialog select[name="${name}"] option`, { hasText: words }).first();
  await option.waitFor({ state: 'attached' });
  await page.selectOption(`dialog select[name="${name}"]`, await option.getAttribute('value'));
}

// The paper of an order that began on site is completed later: customer, site, and which of the site's appliances it is.
async function paperworkIsCompleted(page) {
  await page.goto(`${DOCKET_URL}/#/orders/${DOCKET_EMERGENCY}`);
  await page.waitForSelector(`.order[data-order="${DOCKET_EMERGENCY}"]`);
  for (const [language, label] of [['zh-CN', '设备'], ['en', 'Appliance']]) {
    await page.click(`.languages button[lang="${language}"]`);
    await page.waitForSelector(`html[lang="${language}"]`);
    await opened(page, 'complete_paperwork');
    assert.ok((await page.textContent('dialog')).includes(label));
    for (const [width, height] of [[390, 844], [1366, 800]]) {
      await page.setViewportSize({ width, height });
      await shoot(page, `acts-paperwork-dialog-${language}-${width}`);
    }
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
  }
  await opened(page, 'complete_paperwork');
  await page.locator('dialog .searched', { has: page.locator('select[name="customer"]') }).locator('input[type="search"]').fill('志强');
  await chosen(page, 'customer', '志强商务酒店');
  await chosen(page, 'site', '南京西路 1266 号');
  await chosen(page, 'unit', 'SN-900');
  for (const [name, value] of [['channel', 'phone'], ['class', 'chargeable'], ['urgency', 'urgent']]) {
    const radio = await page.$(`dialog input[name="${name}"][value="${value}"]`);
    if (radio !== null) await radio.click();
    else await page.selectOption(`dialog select[name="${name}"]`, value);
  }
  await shoot(page, 'acts-paperwork');
  const asked = page.waitForRequest((request) => request.url().endsWith('/commands'));
  await page.click('dialog button[type="submit"]');
  const sent = (await asked).postDataJSON();
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.match(sent.unit, /^[0-9a-f-]{32,36}$/);
  await page.waitForFunction(() => document.querySelector('.order-head')?.textContent.includes('志强商务酒店'));
}

async function actsAreStated(page) {
  await page.goto(ORDER);
  await page.waitForSelector(`.order[data-order="${DOCKET_ORDER}"]`);
  const state = (command) => opened(page, command);
  const sent = async () => {
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('dialog', { state: 'detached' });
  };
  // Liability: shares that do not add up are refused at the field, by the server.
  await state('set_liability');
  await page.click('dialog input[value="joint"]');
  for (const [index, party] of ['owner', 'contractor'].entries()) {
    await page.click('dialog button[data-add="shares"]');
    await page.fill(`dialog input[name="shares.${index}.party"]`, party);
    await page.fill(`dialog input[name="shares.${index}.permille"]`, '400');
  }
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog [data-path="shares"] > .field-error');
  await shoot(page, 'acts-refused');
  await page.fill('dialog input[name="shares.1.permille"]', '600');
  await sent();
  // A follow-up call, about the DONE that the form already knows.
  await state('record_callback');
  await page.selectOption('dialog select[name="result"]', 'ok').catch(() => page.click('dialog input[value="ok"]'));
  await sent();
  await state('open_complaint');
  await page.selectOption('dialog select[name="kind"]', 'service').catch(() => page.click('dialog input[value="service"]'));
  await page.click('dialog input[value="normal"]');
  await page.fill('dialog textarea[name="text"]', 'He came late');
  await sent();
  // A correction names its fact by words.
  await state('withdraw');
  const options = await page.$$eval('dialog select[name="fact"] option', (all) => all.map((one) => one.textContent));
  assert.ok(options.length > 5 && options.every((text) => text.length > 3), options.join('\n'));
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-kind="open_complaint"], li[data-kind]');
  const kinds = await page.$$eval('.timeline [data-kind]', (all) => all.map((one) => one.dataset.kind));
  for (const kind of ['set_liability', 'record_callback', 'open_complaint']) assert.ok(kinds.includes(kind), `${kind} is not among ${kinds}`);
  // What cannot be done says why, in words.
  await page.click('.not-now summary');
  const why = await page.$$eval('[data-refused] dd', (all) => all.map((one) => one.textContent.trim()));
  assert.ok(why.length > 5 && why.every((text) => text.length > 5), why.join('\n'));
}

async function codesAreShownOnce(page) {
  await page.click('[data-action="customer-codes"]');
  await page.fill('dialog input[name="count"]', '0');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog .field-error');
  await page.fill('dialog input[name="count"]', '2');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog [data-part="codes"] li:nth-child(2)');
  await shoot(page, 'acts-codes');
  await page.keyboard.press('Escape');
  await page.goto(`${DOCKET_URL}/#/technicians`);
  await page.waitForSelector('[data-action="numbers"]');
  await page.click('[data-action="numbers"]');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.click('[data-action="approval-codes"]');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog [data-part="codes"] li:nth-child(10)');
  await page.keyboard.press('Escape');
}

async function whatSomebodyKnew(page) {
  await page.goto(ORDER);
  await page.waitForSelector('[data-part="known"] select option:nth-child(2)', { state: 'attached' });
  // The technician did not know what the office recorded after his last sync.
  await page.click('[data-part="known"] button[type="submit"]');
  await page.waitForSelector('[data-part="then"]');
  assert.equal(await page.$('[data-part="acts"]'), null, 'nobody acts in the past');
  const kinds = await page.$$eval('[data-part="then"] .timeline [data-kind]', (all) => all.map((one) => one.dataset.kind));
  assert.ok(kinds.includes('outcome_done') && !kinds.includes('open_complaint'), kinds.join(' '));
  assert.match((await page.$$eval('[data-part="had-arrived"], [data-part="arrived-later"]', (all) => all.map((one) => one.textContent))).join(' '), /complaint/i);
  await pagesFit(page, 'known');
}

async function theCopyProvesItself(page, browser) {
  await page.goto(ORDER);
  const link = page.locator('article.signature a.button[download$=".html"]');
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const copy = join(DOCKET_FOLDER, 'copy.html');
  await download.saveAs(copy);
  const [verifier] = await Promise.all([page.waitForEvent('download'), page.locator('a[download="verify.html"]').first().click()]);
  const verify = join(DOCKET_FOLDER, 'verify.html');
  await verifier.saveAs(verify);
  const text = readFileSync(copy, 'utf8');
  assert.ok(text.includes('志强商务酒店'), 'the copy is readable by itself');
  const changed = join(DOCKET_FOLDER, 'changed.html');
  writeFileSync(changed, text.replace('志强商务酒店', '志强商务酒楼'));
  const { page: alone, complaints } = await openPage(browser, { offline: true });
  await alone.goto(pathToFileURL(verify).href);
  const answer = async (file) => {
    await alone.evaluate(() => document.querySelector('#report').replaceChildren());
    await alone.setInputFiles('#file', file);
    await alone.waitForSelector('#report [data-passed]');
    return alone.evaluate(() => [document.querySelector('[data-passed]').dataset.passed, document.querySelector('[data-field]')?.dataset.field ?? null]);
  };
  assert.deepEqual(await answer(copy), ['true', null]);
  await shoot(alone, 'acts-verified', { fullPage: true });
  const [passed, field] = await answer(changed);
  assert.equal(passed, 'false');
  assert.ok(field !== null, 'the changed field is named');
  process.stdout.write(`changed field: ${field}\n`);
  assert.deepEqual(complaints, []);
}

const browser = await launch();
try {
  const { page, complaints } = await openPage(browser, { locale: 'en-GB', viewport: { width: 1366, height: 800 } });
  page.setDefaultTimeout(60_000);
  try {
    await logIn(page, DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD);
    for (const step of [whatTheDeviceDid, arrivalsAreJudged, paperworkIsCompleted, actsAreStated, codesAreShownOnce, whatSomebodyKnew]) await step(page);
    await theCopyProvesItself(page, browser);
  } catch (error) {
    await shoot(page, 'acts-failed').catch(() => undefined);
    throw error;
  }
  const real = complaints.filter((text) => !/status of (401|422)/.test(text));
  assert.deepEqual(real, [], 'the console complained');
  process.stdout.write('done\n');
} catch (error) {
  process.stderr.write(`failed: ${String(error.stack ?? error)}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
