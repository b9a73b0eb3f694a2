// What a camera sees of the codes that Docket writes: each image (SVG) as a phone shows it, and the code on each page
// (HTML), as pictures beside the files (`.png`). Arguments: the files.

import { pathToFileURL } from 'node:url';
import { launch, openPage } from './browser.mjs';

// Half a finger of what lies around the code comes into the picture, too.
const AROUND = 12;

const browser = await launch();
try {
  const { page, complaints } = await openPage(browser, { offline: true, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
  for (const file of process.argv.slice(2)) {
    await page.goto(pathToFileURL(file).href);
    if (file.endsWith('.svg')) {
      await page.screenshot({ path: `${file}.png` });
    } else {
      const box = await page.locator('svg.qr').boundingBox();
      const clip = { x: box.x - AROUND, y: box.y - AROUND, width: box.width + 2 * AROUND, height: box.height + 2 * AROUND };
      await page.screenshot({ path: `${file}.png`, fullPage: true, clip });
    }
  }
  if (complaints.length > 0) throw new Error(complaints.join('; '));
} finally {
  await browser.close();
}
