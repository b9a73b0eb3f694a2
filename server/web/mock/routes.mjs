// The answers of the stand-in office, as the contract of the API gives them.

import { readFileSync } from 'node:fs';
import { touch } from './acts.mjs';
import { booksList } from './books.mjs';
import { contacts } from './data.mjs';
import { addFact, assign, both, newOrder, notSeen, PEOPLE, setState, skip } from './orders.mjs';

const TECHNICIANS = ['li', 'zhou', 'sun', 'mueller', 'ma'];
const refused = (status, code, message, field = null) => [status, { code, message, field }];
const DETAIL = ['timeline', 'visits', 'lines', 'notes', 'signatures', 'cancels', 'assignments', 'reviews', 'explanations', 'commands', 'etag', 'frontier'];

export function technicianItem(office, key) {
  const person = PEOPLE[key];
  const waiting = { sun: 7, ma: 31 }[key] ?? 0;
  return {
    id: person.id, name: person.name, skills: person.skills, active: key !== 'ma',
    devices: [
      { id: `d${key.charCodeAt(0)}`.padEnd(32, '4a'), last_sync_at: contacts[key], pending: waiting, pending_oldest_at: waiting ? contacts[key] + 900_000 : null, revoked: false },
      ...(key === 'zhou' ? [{ id: 'e7'.repeat(16), last_sync_at: contacts[key] - 40 * 86_400_000, pending: 0, pending_oldest_at: null, revoked: true }] : []),
    ],
  };
}

export function rowOf(office, order) {
  const row = Object.fromEntries(Object.entries(order).filter(([name]) => !DETAIL.includes(name)));
  const key = TECHNICIANS.find((one) => PEOPLE[one].id === row.technician?.id);
  if (key) row.technician = { ...row.technician, last_sync_at: contacts[key] };
  return row;
}

const FORMS_OF_COMMANDS = JSON.parse(readFileSync(new URL('../../../schemas/command-forms.json', import.meta.url), 'utf8'));
/** Offered at any time; each order says which of the everyday ones it takes. */
const ALWAYS = ['hold', 'set_liability', 'link_duplicate', 'approve', 'open_complaint', 'issue_quote', 'attach_paper'];
const NOT_NOW = both(['Nothing of this order can be billed.', '本工单没有可开票的内容。']);

function offersOf(order) {
  const known = (command) => (command === 'reschedule' && order.appointment ? { window: { from: order.appointment.from, to: order.appointment.to } }
    : command === 'confirm' ? { content: order.problem } : {});
  const offer = (command) => ({ command, text: FORMS_OF_COMMANDS.find((form) => form.command === command).text, refusal: null, known: known(command) });
  return [...order.commands, ...ALWAYS].map(offer).concat({ ...offer('invoice'), refusal: { code: 'nothing_billable', text: NOT_NOW } });
}

const detailOf = (office, order) => ({ ...order, ...rowOf(office, order), commands: offersOf(order) });

function paged(items, url) {
  const limit = Number(url.searchParams.get('limit') ?? 50);
  const from = Number(url.searchParams.get('after') ?? 0);
  const end = from + limit;
  return [200, { items: items.slice(from, end), next: end < items.length ? String(end) : null, total: items.length }];
}

function listOrders(office, url) {
  const [state, technician, q] = ['state', 'technician', 'q'].map((name) => url.searchParams.get(name) ?? '');
  const words = q.toLowerCase().split(/\s+/);
  const rows = office.orders.map((order) => rowOf(office, order))
    .filter((row) => (!state || row.state === state) && (!technician || row.technician?.id === technician))
    .filter((row) => {
      const hay = [row.serial, row.customer.name, row.site.address, row.problem, row.technician?.name].join('\n').toLowerCase();
      return words.every((word) => hay.includes(word));
    })
    .sort((one, other) => other.registered_at - one.registered_at || (other.id > one.id ? 1 : -1));
  return paged(rows, url);
}

function register(office, body) {
  for (const [field, value] of [['customer.name', body.customer?.name], ['customer.phone', body.customer?.phone], ['site.address', body.site?.address], ['problem', body.problem]]) {
    if (!value) return refused(422, 'missing_field', 'this field is mandatory', field);
  }
  const order = newOrder(Date.now(), {
    customer: { id: 'c'.repeat(32), name: body.customer.name }, site: { id: 'd'.repeat(32), address: body.site.address }, problem: body.problem,
    class: body.class, urgency: body.urgency, by: 'chen',
  });
  order.explanations.push({ field: 'state', value: 'registered', rule: 'R1', pair: null, winners: [order.timeline[0].fact], losers: [], text: both(['The call is in the register; nothing else has happened.', '报修已登记，尚无其他事实。']) });
  office.orders.unshift(order);
  touch(office, order);
  return [201, { id: order.id, serial: order.serial, etag: order.etag }];
}

function command(office, order, body, headers) {
  const tag = headers['if-match'];
  if (!tag) return refused(428, 'if_match_required', 'If-Match is required');
  if (office.forgetNext) {
    office.forgetNext = false;
    return [409, detailOf(office, order)];
  }
  const references = tag.replaceAll('"', '').split('.');
  const unseen = notSeen(order, references);
  const now = Date.now();
  const wants = { cancel: 'reason', reinstate: 'reason', resolve_review: 'choice', note: 'text', assign: 'technician', reschedule: 'window', confirm: 'content', reverse_line: 'reason', unassign: 'reason' }[body.command];
  if (wants && !body[wants]) return refused(422, 'missing_field', 'this field is mandatory', wants);
  const shares = body.command === 'set_liability' && body.case === 'joint' ? (body.shares ?? []) : null;
  if (shares && shares.some((one) => !one.permille)) return refused(422, 'missing_field', 'is missing', `shares.${shares.findIndex((one) => !one.permille)}.permille`);
  if (shares && shares.reduce((sum, one) => sum + Number(one.permille), 0) !== 1000) return refused(422, 'wrong_shares', 'the shares', 'shares');
  const with_ = { seen: references, says: [body.reason ?? body.text ?? body.content ?? '', body.reason ?? body.text ?? body.content ?? ''] };
  let fact;
  if (body.command === 'assign') {
    fact = assign(order, TECHNICIANS.find((key) => PEOPLE[key].id === body.technician), now, { seen: references, reason: body.reason });
    setState(order, 'dispatched');
  } else {
    const kinds = { approve: 'add_note', hold: 'add_note', set_liability: 'add_note', link_duplicate: 'add_note', open_complaint: 'add_note', issue_quote: 'add_note', attach_paper: 'add_note', cancel: 'cancel_by_office', confirm: 'confirm_request', note: 'add_note', reschedule: body.confirmed ? 'confirm_appointment' : 'propose_appointment' };
    fact = addFact(order, kinds[body.command] ?? body.command, 'chen', now, with_);
  }
  apply(order, body, fact, unseen);
  touch(office, order);
  return [200, { fact: fact.fact, order: detailOf(office, order), not_seen: unseen }, { etag: order.etag }];
}

function apply(order, body, fact, unseen) {
  const me = { id: PEOPLE.chen.id, name: PEOPLE.chen.name };
  switch (body.command) {
    case 'cancel': {
      const contested = order.timeline.some((one) => ['arrive', 'start'].includes(one.kind) && unseen.includes(one.fact));
      order.cancels.push({ fact: fact.fact, by: me, reason: body.reason, effect: contested ? 'contested' : 'cancelled' });
      setState(order, contested ? 'cancel_contested' : 'cancelled');
      order.explanations = [{ field: 'state', value: order.state, rule: 'R3', pair: contested ? 'X-02' : null, winners: [fact.fact], losers: unseen, text: both(contested
        ? ['The technician was already on site when you cancelled without knowing it. A supervisor decides; the visit goes on.', '您取消时不知技术员已到场。由主管决定，上门继续。']
        : ['Cancelled before any work.', '未施工前取消。']) }];
      order.commands = ['reinstate', 'note'];
      break;
    }
    case 'note':
      order.notes.push({ fact: fact.fact, author: me, text: body.text, time_at: Date.now() });
      break;
    case 'confirm':
      setState(order, 'ready');
      break;
    case 'reschedule':
      order.appointment = { ...body.window, confirmed: body.confirmed === true };
      break;
    case 'return_voucher':
      order.voucher = 'returned';
      setState(order, 'returned');
      break;
    case 'close':
      setState(order, 'closed');
      break;
    case 'resolve_review':
      order.reviews.find((one) => one.id === body.review).status = 'resolved';
      order.open_reviews -= 1;
      break;
    case 'reverse_line':
      order.lines.find((one) => one.fact === body.line).standing = 'reversed';
      break;
  }
}

function board(office) {
  const out = ['zhou', 'sun'];
  return {
    roster: TECHNICIANS.map((key) => ({ technician: { id: PEOPLE[key].id, name: PEOPLE[key].name }, skills: PEOPLE[key].skills, active: key !== 'ma', out: out.includes(key), next: key === 'mueller' })),
    waiting: office.orders.filter((order) => ['ready', 'registered', 'unfinished'].includes(order.state)).map((order) => ({ ...rowOf(office, order), etag: order.frontier.join('.') })),
    last: office.dispatches,
  };
}

function dispatch(office, order, body, headers) {
  const tag = headers['if-match'];
  if (!tag) return refused(428, 'precondition_required', 'If-Match is required');
  const references = tag.replaceAll('"', '').split('.');
  const unseen = notSeen(order, references);
  const key = TECHNICIANS.find((one) => PEOPLE[one].id === body.technician) ?? 'mueller';
  const skipped = body.technician ? [skip('mueller', 'overridden', ['overridden by the dispatcher', '派工员改派'])] : [skip('li', 'not_returned', ['has not returned', '未返回'])];
  const fact = assign(order, key, Date.now(), { seen: references, turn: office.turn, reason: body.reason ?? null, skipped });
  setState(order, 'dispatched');
  office.dispatches.unshift({ order: order.id, serial: order.serial, technician: { id: PEOPLE[key].id, name: PEOPLE[key].name }, turn: office.turn, skipped, reason: body.reason ?? null, at: Date.now() });
  office.turn += 1;
  touch(office, order);
  return [200, { fact: fact.fact, order: detailOf(office, order), not_seen: unseen }];
}

function callback(office, id, body) {
  const item = office.callbacks.find((one) => one.id === id);
  if (!item) return refused(404, 'not_found', 'no such callback');
  if (item.outcome) return refused(409, 'already_done', 'the outcome is recorded');
  item.attempts += 1;
  if (body.outcome !== 'no_answer') item.outcome = body.outcome;
  item.note = body.note ?? null;
  office.emit('callback', item);
  return [200, item];
}

const step = (code, en, zh, more) => ({ code, title: { en, zh }, takes: 'check', unit: null, min: null, max: null, state: 'filled', whole: true, at_fault: false, too_early: false, photo_lacking: false, result: 'ok', reading_thousandths: null, text: null, people: [], time_at: Date.now() - 3_600_000, ...more });
const FORMS = [{
  code: 'gas_safety', version: 1, title: { en: 'Gas safety check in the home', zh: '户内燃气安全检查' }, whole: false,
  steps: [
    step('pressure', 'Pressure at the appliance', '灶前压力', { takes: 'reading', unit: 'kPa', min: '1.5', max: '3', result: null, reading_thousandths: 3_500, at_fault: true }),
    step('leak_test', 'Leak test with soap solution', '肥皂水检漏', {}),
    step('leak_photo', 'Photo of the leak', '漏点照片', { takes: 'photo', state: 'not_asked', result: null, time_at: null }),
    step('hose', 'Hose and clamps', '软管及卡箍', { state: 'open', whole: false, result: null, time_at: null }),
  ],
}];
function decide(office, key, admitted, body) {
  const item = office.quarantine.find((one) => one.key === key);
  if (!item) return refused(404, 'not_found', 'no such change in quarantine');
  if (!body.reason?.trim()) return refused(422, 'missing_field', 'this field is mandatory', 'reason');
  if (item.decided) return refused(409, 'already_done', 'it is decided');
  if (admitted && item.summary === null) return refused(422, 'not_admissible', 'its bytes are not a fact: it can only be discarded');
  item.decided = { admitted, by: PEOPLE.chen.id, reason: body.reason, at: Date.now() };
  return [204, null];
}

/** In the order of the list: the mock's keys are those of the chains. */
function decideMany(office, body) {
  if (!body.reason?.trim()) return refused(422, 'missing_field', 'this field is mandatory', 'reason');
  if (body.admit === undefined) return refused(422, 'missing_field', 'this field is mandatory', 'admit');
  if (!body.order && !body.device) return refused(422, 'missing_field', 'this field is mandatory', 'order');
  const waiting = office.quarantine.filter((one) => !one.decided && (!body.order || one.document === body.order) && (!body.device || one.device === body.device));
  const answer = { decided: 0, left: [], next: null };
  for (const { key } of waiting) {
    const [status, error] = decide(office, key, body.admit, body);
    if (status === 204) answer.decided += 1;
    else answer.left.push({ key, code: error.code });
  }
  return [200, answer];
}

function confirm(office, id) {
  const waiting = office.healing.waiting.find((one) => one.device === id);
  if (!waiting) return refused(404, 'not_found', 'no such device');
  office.healing.waiting = office.healing.waiting.filter((one) => one !== waiting);
  return [200, { admitted: waiting.facts }];
}

export function routes(office, { method, url, headers, body }) {
  const [, , name, id, rest] = url.pathname.split('/');
  const me = { person: PEOPLE.chen.id, name: PEOPLE.chen.name, roles: PEOPLE.chen.roles, language: 'zh' };
  const route = `${method} ${name}${id ? '/*' : ''}${rest ? `/${rest}` : ''}`;
  if (route === 'POST login') {
    if (body.password !== 'docket') return refused(401, 'wrong_login', 'wrong login name or password');
    office.session = true;
    return [200, me];
  }
  if (!office.session) return refused(401, 'not_logged_in', 'log in first');
  if (office.deaf && name === 'events') return refused(503, 'busy', 'not now');
  const order = office.orders.find((one) => one.id === id);
  if (name === 'orders' && id && !order) return refused(404, 'not_found', 'no such order');
  const reviews = () => office.orders.flatMap((one) => one.reviews).filter((one) => one.status === 'open');
  const state = url.searchParams.get('state') ?? 'due';
  switch (route) {
    case 'POST logout':
      office.session = false;
      return [200, {}];
    case 'GET me': return [200, me];
    case 'GET orders': return listOrders(office, url);
    case 'POST orders': return register(office, body);
    case 'GET orders/*': return [200, detailOf(office, order), { etag: order.etag }];
    case 'GET orders/*/forms': return paged(FORMS, url);
    case 'POST orders/*/commands': return command(office, order, body, headers);
    case 'POST orders/*/dispatch': return dispatch(office, order, body, headers);
    case 'GET command-forms': return [200, FORMS_OF_COMMANDS];
    case 'GET orders/*/attachments': return [200, { items: [], kept: true, paper: true, lacking: [], most_bytes: 1_000_000 }];
    case 'GET dispatch': return [200, board(office)];
    case 'GET callbacks': return paged(office.callbacks.filter((one) => state === 'all' || (one.outcome === null) === (state === 'due')), url);
    case 'POST callbacks/*': return callback(office, id, body);
    case 'GET reviews': return paged(reviews(), url);
    case 'GET technicians': return paged(TECHNICIANS.map((key) => technicianItem(office, key)), url);
    case 'GET quarantine': return paged(office.quarantine, url);
    case 'POST quarantine/*': return decideMany(office, body);
    case 'POST quarantine/*/admit':
    case 'POST quarantine/*/discard': return decide(office, id, rest === 'admit', body);
    case 'GET custody': case 'GET bench': case 'GET holdings': case 'GET cash': case 'GET refunds': case 'GET stock': case 'GET findings':
      return paged(booksList(office, route.slice(4), url), url);
    case 'GET cash/*': return paged(booksList(office, 'moves', url), url);
    case 'POST stock/*': return body.code ? [204, {}] : refused(422, 'missing_field', 'code is needed to book a part', 'code');
    case 'GET people': return paged(Object.values(PEOPLE).map((person) => ({ active: true, ...person })), url);
    case 'POST people/*': {
      const person = Object.values(PEOPLE).find((one) => one.id === id);
      if (!person) return refused(404, 'not_found', 'there is no such person');
      Object.assign(person, body);
      return [200, { active: true, ...person }];
    }
    case 'POST people': return body.login ? [201, { id: 'f'.repeat(32) }] : refused(422, 'missing_field', 'this field is mandatory', 'login');
    case 'POST devices/*': return [200, { code: 'K7QM-4WDX-R2HP', expires_at: Date.now() + 900_000, server_fingerprint: '8c1f04aa57e2936bd0417f5e2ac9b8613d70f2e45b9a6c18e3f7d2540a9b6c1e' }];
    case 'POST devices/*/confirm': return confirm(office, id);
    case 'POST devices/*/revoke': return [200, {}];
    case 'GET store': return [200, { store: '5e'.repeat(16), epoch: '01c3d9a477e0b21f', fingerprint: '8c1f04aa57e2936bd0417f5e2ac9b8613d70f2e45b9a6c18e3f7d2540a9b6c1e', number: office.number, chain: 'be'.repeat(32), backed_up_to: office.number - 12, backed_up_at: Date.now() - 2_400_000, journal_read_at: Date.now() - 9_000_000, journal_damage: ['journal/00000003.seg: the frame at byte 40960 is damaged; run `docket doctor`'] }];
    case 'GET store/*': return id === 'healing' ? [200, office.healing] : refused(404, 'not_found', 'no such route');
    default: return refused(404, 'not_found', 'no such route');
  }
}
