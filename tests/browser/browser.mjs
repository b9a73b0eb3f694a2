// A headless Chromium that belongs to the machine; nothing is downloaded.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const SWITCHES = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
];

/** The browser to use; a missing one is a failure with the way out, never a silent skip. */
export function findChromium() {
  const path = process.env.CHROMIUM ?? process.env.DOCKET_CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (path === undefined || !existsSync(path)) {
    throw new Error('no Chromium found: install the package chromium, or name one in the variable CHROMIUM or DOCKET_CHROMIUM');
  }
  return path;
}

export async function launch() {
  return chromium.launch({ executablePath: findChromium(), args: SWITCHES });
}

/** A page that collects everything the console and the network complain about. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** Saves a picture where DOCKET_SHOTS asks for it. */
export async function shoot(page, name, options = {}) {
  const folder = process.env.DOCKET_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
}

export async function logIn(page, url, login, password) {
  await page.goto(url);
  await page.fill('input[name="login"]', login);
  await page.fill('input[name="password"]', password);
  await page.click('button[type="submit"]');
  await page.waitForSelector('header.top');
}
