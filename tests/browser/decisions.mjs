// What a person decides on the office page against the real routes: the lists of reviews, the quarantine, and a default
// that fired and is undone.
//
// Variables: DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD; DOCKET_OLD, DOCKET_DEAR, DOCKET_GOODS (serials: the review that is
// older, the one with more money at stake, the order with two facts in quarantine), DOCKET_OLD_ID, DOCKET_GOODS_ID,
// DOCKET_NUMBER (the receipt number that was used before, in DOCKET_DEAR); DOCKET_SHOTS and CHROMIUM are optional.
//
// Lines on standard output, each answered by `go`: `ready: decided` (a default may fire now), `ready: undone`.
// Exit code 0, or `failed: ...` on standard error.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { launch, logIn, openPage, shoot } from './browser.mjs';

const { DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD, DOCKET_OLD, DOCKET_DEAR, DOCKET_GOODS, DOCKET_OLD_ID, DOCKET_GOODS_ID, DOCKET_NUMBER } = process.env;
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ready(step) {
  process.stdout.write(`ready: ${step}\n`);
  const { value, done } = await input.next();
  if (done || value.trim() !== 'go') throw new Error(`after "ready: ${step}" came ${value}`);
}

/** Both languages, a desk and a phone: nothing is cut off. */
async function looks(page, name) {
  for (const language of ['zh-CN', 'en']) {
    await page.click(`.languages button[lang="${language}"]`);
    await page.waitForSelector(`html[lang="${language}"]`);
    for (const [width, height] of [[390, 844], [1366, 800]]) {
      await page.setViewportSize({ width, height });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${name} is ${overflow} px too wide at ${width} px`);
      await shoot(page, `decisions-${name}-${language}-${width}`, { fullPage: true });
    }
  }
}

async function reviewsAreSorted(page) {
  await page.goto(`${DOCKET_URL}/#/reviews`);
  const serials = () => page.$$eval('.table.reviews tbody tr', (rows) => rows.map((row) => row.querySelector('.serial').textContent));
  const orders = { age: [DOCKET_OLD, DOCKET_DEAR], stake: [DOCKET_DEAR, DOCKET_OLD] };
  for (const sort of ['stake', 'age', 'stake']) {
    await page.waitForSelector('.table.reviews tbody tr');
    await page.selectOption('select[name="sort"]', sort);
    await page.waitForFunction(([first, second]) => {
      const rows = [...document.querySelectorAll('.table.reviews tbody tr')].map((row) => row.querySelector('.serial').textContent);
      return rows.includes(first) && rows.includes(second) && rows.indexOf(first) < rows.indexOf(second);
    }, orders[sort]).catch(async () => assert.fail(`by ${sort}: ${await serials()}`));
  }
  const dear = page.locator('.table.reviews tbody tr', { hasText: DOCKET_DEAR }).first();
  assert.match(await dear.textContent(), /880\.00/, 'the money at stake is shown');
  await looks(page, 'reviews');
}

async function quarantineIsDecided(page) {
  await page.goto(`${DOCKET_URL}/#/technicians`);
  const used = page.locator('tr[data-quarantined]', { hasText: DOCKET_NUMBER });
  await used.waitFor();
  await looks(page, 'quarantine');
  // Both orders are named: the one that waits, and the one that used the number first.
  assert.match(await used.textContent(), /receipt number was used before/);
  assert.ok((await used.textContent()).includes(DOCKET_GOODS));
  assert.equal(await used.locator('[data-part="used-in"] a').textContent(), DOCKET_DEAR);
  const other = page.locator('tr[data-quarantined]', { hasText: 'may not state this' });
  const decide = async (row, button, reason, admitted) => {
    await row.locator('button').click();
    assert.ok(await page.isDisabled(`dialog ${button}`), 'a decision needs its reason');
    await page.fill('dialog textarea', reason);
    await page.click(`dialog ${button}`);
    await page.waitForSelector('dialog', { state: 'detached' }).catch(async () => assert.fail(await page.textContent('dialog')));
    await row.locator(`[data-admitted="${admitted}"]`, { hasText: reason }).waitFor();
  };
  await decide(other, '.danger', '结案由办公室办理', 'false');
  await decide(used, '.primary', '两张收据号码相同，已电话核实', 'true');
  await looks(page, 'quarantine-decided');
  // What was admitted is the author's work on its order.
  await page.goto(`${DOCKET_URL}/#/orders/${DOCKET_GOODS_ID}`);
  await page.waitForSelector('.order-head');
  const kinds = await page.$$eval('.timeline [data-kind]', (all) => all.map((one) => one.dataset.kind));
  assert.ok(kinds.includes('admit') && !kinds.includes('close'), kinds.join(' '));
}

async function defaultIsUndone(page) {
  await page.goto(`${DOCKET_URL}/#/orders/${DOCKET_OLD_ID}`);
  const settled = page.locator('[data-review-status="defaulted"]').first();
  await settled.waitFor();
  await looks(page, 'defaulted');
  const before = await settled.textContent();
  await settled.locator('button').click();
  await page.waitForSelector('dialog form');
  const choices = await page.$$eval('dialog input[name="choice"]', (all) => all.map((one) => one.value));
  assert.deepEqual(choices, ['acknowledged', 'write_off']);
  await page.click('dialog input[value="write_off"]');
  await page.fill('dialog textarea', '客户未等到我们，不收费');
  await shoot(page, 'decisions-undo');
  await page.click('dialog button[type="submit"]');
  await page.waitForSelector('dialog', { state: 'detached' }).catch(async () => assert.fail(await page.textContent('dialog')));
  const after = page.locator('[data-review-status="resolved"]').first();
  await after.waitFor();
  assert.notEqual(await after.textContent(), before);
  await looks(page, 'undone');
}

const browser = await launch();
try {
  const { page, complaints } = await openPage(browser, { locale: 'en-GB', viewport: { width: 1366, height: 800 } });
  page.setDefaultTimeout(60_000);
  try {
    await logIn(page, DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD);
    await reviewsAreSorted(page);
    await quarantineIsDecided(page);
    await ready('decided');
    // A day went by: his session ended.
    await page.context().clearCookies();
    await page.goto('about:blank');
    await logIn(page, DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD);
    await defaultIsUndone(page);
    await ready('undone');
  } catch (error) {
    await shoot(page, 'decisions-failed').catch(() => undefined);
    throw error;
  }
  const real = complaints.filter((text) => !/status of (401|422)|ERR_ABORTED/.test(text));
  assert.deepEqual(real, [], 'the console complained');
} catch (error) {
  process.stderr.write(`failed: ${String(error.stack ?? error)}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
  // Nobody says anything more: the process may end.
  process.stdin.destroy();
}
