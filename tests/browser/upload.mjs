// Sends a file with tus-js-client, a client that knows nothing of Docket, as a person logged in at the office.
// Environment: DOCKET_URL, DOCKET_COOKIE, DOCKET_ORDER, DOCKET_DIGEST, DOCKET_FILE, DOCKET_CHUNK (bytes).
// Prints one JSON line: the upload's address and how often it went on after a cut.

import { readFile } from 'node:fs/promises';
import { Upload } from 'tus-js-client';

const { DOCKET_URL, DOCKET_COOKIE, DOCKET_ORDER, DOCKET_DIGEST, DOCKET_FILE, DOCKET_CHUNK } = process.env;
const file = await readFile(DOCKET_FILE);
let retries = 0;
let requests = 0;

const upload = new Upload(file, {
  endpoint: `${DOCKET_URL}/api/attachments`,
  chunkSize: Number(DOCKET_CHUNK),
  uploadSize: file.length,
  retryDelays: Array.from({ length: 600 }, () => 100),
  headers: { Cookie: DOCKET_COOKIE },
  metadata: { order: DOCKET_ORDER, digest: DOCKET_DIGEST, filename: 'site plan.png' },
  onBeforeRequest: () => { requests += 1; },
  onShouldRetry: (error) => {
    retries += 1;
    const status = error.originalResponse?.getStatus() ?? 0;
    return status === 0 || status >= 500 || [408, 409, 423].includes(status);
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => {
    console.log(JSON.stringify({ url: upload.url, retries, requests }));
    process.exit(0);
  },
});
upload.start();
