// A stand-in for the office server, on loopback, for looking at the page: the API with invented orders, the
// event stream, and the built page under the content security policy that the server sends. Never shipped.

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { act } from './acts.mjs';
import { firstBooks } from './books.mjs';
import { contacts, firstCallbacks, firstDay, firstDispatches, firstHealing, firstQuarantine } from './data.mjs';
import { routes } from './routes.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const PORT = Number(process.env.PORT ?? 4180);
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

const orders = firstDay();
export const office = {
  orders, contacts, callbacks: firstCallbacks(orders), dispatches: firstDispatches(orders), books: firstBooks(orders, Date.now()), quarantine: firstQuarantine(orders), healing: firstHealing(), streams: new Set(), log: [], number: 1000, session: false, turn: 43,
  /** Tells every open page. */
  emit(event, data) {
    this.number += 1;
    const record = { id: this.number, event, data: event === 'order' ? { number: this.number, id: data.id, row: data } : data };
    this.log.push(record);
    for (const stream of this.streams) write(stream, record);
  },
};

function write(stream, { id, event, data }) {
  stream.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function openStream(request, response, url) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': open\n\n');
  const after = request.headers['last-event-id'] ?? url.searchParams.get('after');
  if (after !== null && after !== undefined) {
    if (Number(after) > office.number) write(response, { id: office.number, event: 'reset', data: {} });
    for (const record of office.log.filter(({ id }) => id > Number(after))) write(response, record);
  }
  office.streams.add(response);
  const beat = setInterval(() => response.write(': beat\n\n'), 15_000);
  response.on('close', () => { clearInterval(beat); office.streams.delete(response); });
}

function serveFile(response, path) {
  const file = normalize(join(DIST, path === '/' ? 'index.html' : path));
  if (!file.startsWith(DIST) || !existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store',
  });
  return createReadStream(file).pipe(response);
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://loopback');
  if (url.pathname === '/mock/act') return response.end(JSON.stringify(act(office, await bodyOf(request))));
  if (!url.pathname.startsWith('/api/')) return serveFile(response, url.pathname);
  const answer = url.pathname === '/api/events' && office.session && !office.deaf
    ? null : routes(office, { method: request.method, url, headers: request.headers, body: await bodyOf(request) });
  if (answer === null) return openStream(request, response, url);
  const [status, body, headers = {}] = answer;
  if (office.slowMs) await new Promise((resolve) => { setTimeout(resolve, office.slowMs); });
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  return response.end(body === null ? undefined : JSON.stringify(body));
}).listen(PORT, '127.0.0.1', function told() { console.log(`stand-in office: http://127.0.0.1:${this.address().port}`); });
