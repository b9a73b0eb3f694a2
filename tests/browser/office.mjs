// The office page against a running server: a state change that a device makes arrives without a reload, and the
// customer's signature is drawn and marked verified.
//
// Variables: DOCKET_URL, DOCKET_LOGIN, DOCKET_PASSWORD, DOCKET_SERIAL (the order to watch); DOCKET_SHOTS (a folder
// for pictures), CHROMIUM and DOCKET_TIMEOUT_MS are optional.
//
// Lines on standard output, each answered by one line on standard input:
//   ready: list STATE     the order is in the list with this state    <- go [STATE]  a device changed it (to STATE)
//   ready: changed STATE  the row shows another state                 <- go          the order may be opened
//   ready: order STATE    the order is open, its signature verified   <- go          that is all
// Then `done`, exit code 0. On failure one line `failed: SENTENCE` on standard error, exit code 1.

import { createInterface } from 'node:readline';
import { launch, logIn, openPage, shoot } from './browser.mjs';

const TIMEOUT_MS = Number(process.env.DOCKET_TIMEOUT_MS ?? 30_000);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`the variable ${name} is not set`);
  return value;
}

/** Says where we are and waits until the other side has acted. */
async function ready(step) {
  process.stdout.write(`ready: ${step}\n`);
  const { value, done } = await input.next();
  const [word, ...rest] = (done ? '' : value).trim().split(/\s+/);
  if (word !== 'go') throw new Error(`after "ready: ${step}" the line was ${done ? 'missing' : JSON.stringify(value)}, not "go"`);
  return rest[0] ?? null;
}

/** Waits for one thing; what was expected becomes the sentence of the failure. */
async function expect(sentence, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`${sentence} (within ${TIMEOUT_MS} ms): ${String(error.message ?? error).split('\n')[0]}`);
  }
}

async function run(page, complaints) {
  const serial = variable('DOCKET_SERIAL');
  const row = `tr[data-serial=${JSON.stringify(serial)}]`;
  page.setDefaultTimeout(TIMEOUT_MS);
  await expect('logging in did not lead to the desk', logIn(page, variable('DOCKET_URL'), variable('DOCKET_LOGIN'), variable('DOCKET_PASSWORD')));
  await page.fill('.filters input[type="search"]', serial);
  await expect(`the order ${serial} is not in the list`, page.waitForSelector(row));
  await expect('the event stream did not open', page.waitForSelector('.live[data-live="live"]'));
  const before = await page.getAttribute(row, 'data-state');
  await page.evaluate(() => { globalThis.sameDocument = true; });
  await shoot(page, 'office-1-list');

  const wanted = await ready(`list ${before}`);
  const changed = page.waitForFunction(
    ([selector, was, to]) => {
      const state = document.querySelector(selector)?.getAttribute('data-state');
      return state && (to === null ? state !== was : state === to) ? state : false;
    },
    [row, before, wanted],
  );
  const state = await (await expect(`the row of ${serial} did not change from ${before} to ${wanted ?? 'another state'}`, changed)).jsonValue();
  if (!await page.evaluate(() => globalThis.sameDocument === true)) throw new Error('the page was reloaded before the change was seen');
  await shoot(page, 'office-2-changed');

  await ready(`changed ${state}`);
  // By the element, not by its place: rows move when the next event comes.
  await page.$eval(`${row} a.serial`, (link) => link.click());
  await expect('the order did not open', page.waitForSelector('section.view.order'));
  const verified = 'article.signature[data-verified="true"]';
  await expect('the order shows no signature that is marked verified', page.waitForSelector(verified));
  const drawn = await page.$$eval(`${verified} svg.drawn path`, (paths) => paths.reduce((sum, path) => sum + path.getTotalLength(), 0));
  if (!(drawn > 10)) throw new Error(`the signature is not drawn: its strokes are ${drawn} units long`);
  await shoot(page, 'office-3-order', { fullPage: true });
  await page.click('.languages button[lang="zh-CN"]');
  await expect('the page did not turn Chinese', page.waitForSelector('html[lang="zh-CN"]'));
  await shoot(page, 'office-4-order-zh', { fullPage: true });

  await ready(`order ${state}`);
  // Before the login the page asks who is there; the browser reports that 401 as an error, and it is none.
  const real = complaints.filter((text) => !/status of 401/.test(text));
  if (real.length > 0) throw new Error(`the browser's console complained: ${real.join(' | ')}`);
}

let browser;
try {
  browser = await launch();
  const { page, complaints } = await openPage(browser, { locale: 'en-GB' });
  try {
    await run(page, complaints);
  } catch (error) {
    await shoot(page, 'office-failed').catch(() => undefined);
    throw error;
  }
  process.stdout.write('done\n');
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`failed: ${String(error.message ?? error).replaceAll('\n', ' ')}\n`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  process.stdin.destroy();
}
