// Makes the verification page: one file with its script and style in it, which works when it is opened from a disk.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const [built] = await build({
  configFile: false,
  logLevel: 'warn',
  build: { write: false, target: 'es2022', lib: { entry: join(here, 'main.ts'), formats: ['iife'], name: 'verify' } },
});
const script = built.output[0].code.trim();
if (script.includes('</script')) throw new Error('the script would end its own element');
const style = readFileSync(join(here, '../../../sync-core/src/voucher/page.css'), 'utf8') + readFileSync(join(here, 'style.css'), 'utf8');
const page = readFileSync(join(here, 'index.html'), 'utf8').replace('/*STYLE*/', () => style).replace('/*SCRIPT*/', () => script);
const out = join(here, '../dist/verify.html');
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
