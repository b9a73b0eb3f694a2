// Orders of the stand-in office: each is told as facts, and carries the row that a fold would give.

const KINDS = {
  register_call: ['Call registered', '登记报修'], confirm_request: ['Confirmed with customer', '与客户确认'],
  assign: ['Assigned', '派工'], unassign: ['Assignment taken back', '撤回派工'], accept: ['Accepted', '接单'],
  seen: ['Seen by technician', '已查看'], refuse: ['Refused', '拒单'],
  propose_appointment: ['Time proposed', '拟定时间'], confirm_appointment: ['Time confirmed', '确认预约'],
  depart: ['Set out', '出发'], arrive: ['Arrived', '到场'], start: ['Work started', '开工'], pause: ['Paused', '暂停'],
  record_line: ['Line recorded', '记录明细'], reverse_line: ['Line reversed', '冲红'], outcome_done: ['Done', '已修复'],
  outcome_unfinished: ['Unfinished', '未完工'], sign_document: ['Customer signed', '客户签认'],
  return_voucher: ['Voucher booked back', '凭证回单'], cancel_by_office: ['Cancelled by office', '办公室取消'],
  reinstate: ['Cancel taken back', '撤销取消'], close: ['Closed', '归档'], add_note: ['Note', '备注'],
  resolve_review: ['Review decided', '待核事项决定'], end: ['Visit ended', '上门结束'],
};
export const STATES = {
  registered: ['Registered', '已登记'], ready: ['Ready to dispatch', '待派工'], dispatched: ['Dispatched', '已派工'],
  in_progress: ['In progress', '处理中'], unfinished: ['Unfinished', '未完工'], completed: ['Completed', '已完工'],
  returned: ['Voucher returned', '已回单（注销）'], cancelled: ['Cancelled', '已取消'], terminated: ['Terminated', '已终止'],
  cancel_contested: ['Cancel contested', '取消待核'], closed: ['Closed', '已归档'], on_hold: ['On hold', '挂起'],
};
export const both = ([en, zh]) => ({ en, zh });
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const PEOPLE = {
  chen: { id: 'a1'.repeat(16), name: '陈晓梅', login: 'chen', roles: ['clerk', 'dispatcher', 'supervisor', 'administrator'] },
  wang: { id: 'a2'.repeat(16), name: '王海燕', login: 'wang', roles: ['clerk'] },
  zhao: { id: 'a3'.repeat(16), name: '赵国强', login: 'zhao', roles: ['supervisor'] },
  li: { id: 'b1'.repeat(16), name: '李伟', login: 'liwei', roles: ['technician'], skills: ['hvac', 'refrigeration'] },
  zhou: { id: 'b2'.repeat(16), name: '周建军', login: 'zhou', roles: ['technician'], skills: ['gas', 'plumbing'] },
  sun: { id: 'b3'.repeat(16), name: '孙丽', login: 'sun', roles: ['technician'], skills: ['electrical', 'appliance'] },
  mueller: { id: 'b4'.repeat(16), name: 'Anna Müller', login: 'mueller', roles: ['technician'], skills: ['hvac', 'electrical', 'refrigeration'] },
  ma: { id: 'b5'.repeat(16), name: '马志远', login: 'ma', roles: ['technician'], skills: ['lift'] },
};

let counter = 0;
const hex = (length) => (++counter * 2654435761 % 4294967296).toString(16).padStart(8, '0').repeat(8).slice(0, length);
const actors = { office: 'mfrggzdf', li: 'nbswy3dp', zhou: 'onswg4tf', sun: 'orsxg5a3', mueller: 'pfxxk4tj', ma: 'qbswy4tz' };
const sequences = {};

/** A new fact of an order; `seen` defaults to everything it knows. */
export function addFact(order, kind, who, at, options = {}) {
  const actor = actors[who] ?? actors.office;
  const key = `${order.id} ${actor}`;
  sequences[key] = (sequences[key] ?? 0) + 1;
  const person = PEOPLE[who];
  const fact = {
    fact: `${actor}${sequences[key]}`, kind, kind_text: both(KINDS[kind]),
    author: person ? { id: person.id, name: person.name } : { system: who },
    time_at: at, claimed_at: at + (options.clock ?? 0), lo_at: at - (options.lo ?? 0),
    received_at: at + (options.late ?? 1200), void: options.void ?? false,
    summary: both(options.says ?? ['', '']),
    seen: options.seen ?? frontier(order),
  };
  order.timeline.push(fact);
  order.timeline.sort((one, other) => one.time_at - other.time_at);
  order.frontier = frontier(order);
  order.etag = `"${order.frontier.join('.')}"`;
  return fact;
}

export function frontier(order) {
  const seen = new Set(order.timeline.flatMap((fact) => fact.seen));
  return order.timeline.map((fact) => fact.fact).filter((fact) => !seen.has(fact));
}

/** Facts that a frontier does not contain. */
export function notSeen(order, references) {
  const facts = new Map(order.timeline.map((fact) => [fact.fact, fact]));
  const known = new Set();
  const open = [...references];
  for (let next = open.pop(); next; next = open.pop()) {
    if (known.has(next)) continue;
    known.add(next);
    open.push(...(facts.get(next)?.seen ?? []));
  }
  return [...facts.keys()].filter((fact) => !known.has(fact));
}

const serials = { next: 1180 };

export function newOrder(at, fields) {
  serials.next += 1;
  const order = {
    id: `0193${hex(4)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${hex(12)}`, serial: `2026-11-00${serials.next}`,
    class: 'chargeable', urgency: 'normal', technician: null, assignment: null, appointment: null,
    signature: 'unsigned', coverage: 'none', voucher: 'not_out', open_reviews: 0, registered_at: at, updated_at: at, number: serials.next,
    timeline: [], visits: [], lines: [], notes: [], signatures: [], cancels: [], assignments: [], reviews: [], explanations: [],
    commands: ['confirm', 'assign', 'reschedule', 'cancel', 'note'], ...fields,
  };
  setState(order, fields.state ?? 'registered');
  addFact(order, 'register_call', fields.by ?? 'wang', at, { says: [`By telephone: ${fields.problem}`, `电话：${fields.problem}`] });
  return order;
}

export function setState(order, state) {
  order.state = state;
  order.state_text = both(STATES[state]);
}

/** A cursive name, as a pen would leave it. */
export function strokes(seed) {
  const stroke = (x0, y0, width, height, turns) => Array.from({ length: 60 }, (_, index) => {
    const part = index / 59;
    const swing = Math.sin(part * turns * Math.PI * 2 + seed) * height * (0.55 + 0.45 * Math.cos(part * 5 + seed));
    return {
      x: Math.round(x0 + part * width + Math.cos(part * turns * Math.PI * 2) * 22),
      y: Math.round(y0 + swing), t: index * 14, p: Math.round(380 + 420 * Math.abs(Math.sin(part * 6 + seed))),
    };
  });
  return [
    stroke(90, 150, 190, 78, 2.5), stroke(300, 158, 210, 46, 4), stroke(180, 228, 390, 9, 1),
    [{ x: 560, y: 118, t: 0, p: 600 }],
  ];
}

export function sign(order, who, at, options) {
  const fact = addFact(order, 'sign_document', who, at, {
    ...options, says: [`${options.name} signed: ${options.words ?? 'satisfied'}`, `${options.name} 签认：${options.words ?? '满意'}`],
  });
  order.signatures.push({
    fact: fact.fact, name: options.name, relation: options.relation ?? 'owner',
    opinion: { grade: options.grade ?? 'satisfied', text: options.words ?? null }, voucher_digest: hex(64),
    proof: options.proof ?? 'present', strokes: options.proof === 'pending' ? null : strokes(at % 7),
    canvas: { width: 640, height: 280 }, verified: options.proof !== 'pending', signed_at: at,
  });
  return fact;
}

export function addLine(order, who, at, kind, name, quantity, unit, minor, options = {}) {
  const fact = addFact(order, 'record_line', who, at, { ...options, says: [`${name}, ${quantity / 1000} ${unit}`, `${name}，${quantity / 1000} ${unit}`] });
  order.lines.push({
    fact: fact.fact, kind, name, quantity_thousandths: quantity, unit, amount: minor === null ? null : { minor, currency: 'CNY' },
    serial: options.serial ?? null, standing: options.standing ?? 'effective', covered: options.covered ?? true,
    billable: options.billable ?? options.covered ?? true, held: options.covered === false ? 'not_covered' : null, held_text: options.covered === false ? both(['The customer has not signed for it.', '客户未签认。']) : null, charge: minor === null ? null : { minor, currency: 'CNY' }, technician: { id: PEOPLE[who].id, name: PEOPLE[who].name },
  });
  return fact;
}

export function assign(order, who, at, options = {}) {
  const fact = addFact(order, 'assign', options.by ?? 'chen', at, { says: [`To ${PEOPLE[who].name}`, `派给${PEOPLE[who].name}`], ...options });
  order.assignments.push({
    fact: fact.fact, technician: { id: PEOPLE[who].id, name: PEOPLE[who].name }, by: { id: PEOPLE.chen.id, name: PEOPLE.chen.name },
    facet: options.facet ?? 'pending', time_at: at, turn: options.turn ?? null, reason: options.reason ?? null, skipped: options.skipped ?? [],
  });
  order.technician = { id: PEOPLE[who].id, name: PEOPLE[who].name, last_sync_at: null };
  order.assignment = options.facet ?? 'pending';
  order.voucher = 'out';
  return fact;
}

export const skip = (who, reason, text) => ({ technician: { id: PEOPLE[who].id, name: PEOPLE[who].name }, reason, reason_text: both(text) });
