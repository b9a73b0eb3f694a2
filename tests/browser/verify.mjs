// Opens the verification page from a disk, without a network, gives it every file of a folder, and says what it answers.

import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, openPage, shoot } from './browser.mjs';

const [verifier, folder, fingerprint] = process.argv.slice(2);
const browser = await launch();
try {
  const { page, complaints } = await openPage(browser, { offline: true });
  await page.goto(pathToFileURL(resolve(verifier)).href);
  // Filled in once: each input would answer for the file before.
  await page.fill('#fingerprint', fingerprint);
  for (const file of readdirSync(folder).sort()) {
    await page.evaluate(() => document.querySelector('#report').replaceChildren());
    await page.setInputFiles('#file', join(folder, file));
    await page.waitForSelector('#report [data-passed]');
    const answer = await page.evaluate(() => {
      const asked = [...document.querySelectorAll('[data-question]')].map((one) => [one.dataset.question, one.dataset.answer]);
      return {
        passed: document.querySelector('[data-passed]').dataset.passed === 'true',
        field: document.querySelector('[data-field]')?.dataset.field ?? null,
        code: document.querySelector('#code')?.textContent ?? null,
        customer: document.querySelector('[data-path="customer.name"] td')?.textContent ?? null,
        ...Object.fromEntries(asked),
      };
    });
    console.log(JSON.stringify({ file, ...answer }));
    if (file.startsWith('0-')) await shoot(page, 'verify', { fullPage: true });
  }
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('; ')}`);
} finally {
  await browser.close();
}
