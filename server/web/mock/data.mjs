// What the stand-in office has on its first day: every state once, and the stories that need explaining.

import { addFact, addLine, assign, both, DAY, HOUR, MINUTE, newOrder, PEOPLE, setState, sign, skip } from './orders.mjs';

const now = Date.now();
const customer = (name) => ({ id: 'c0ffee00'.repeat(4), name });
const site = (address) => ({ id: '51730000'.repeat(4), address });
const SKILL = ['skill does not fit', '技能不符'];
const OUT = ['has not returned', '未返回'];

export const contacts = {
  li: now - 3 * MINUTE, zhou: now - 26 * MINUTE, sun: now - 5 * HOUR, mueller: now - 40_000, ma: now - 3 * DAY,
};

function visit(order, who, times, state, outcome = null) {
  const [departed_at = null, arrived_at = null, started_at = null, ended_at = null] = times;
  // What a phone's clock said is shown; what is judged are the bounds: three phones, three verdicts.
  const bounds = { li: ['met', 4, 0, false], mueller: ['breached', 6, -30, false] }[who] ?? ['uncertain', 190, 60, true];
  const [on_time, wide, limit, low_confidence] = bounds;
  const arrival = arrived_at === null ? null : {
    claimed_at: low_confidence ? arrived_at - 9 * HOUR : arrived_at, lo_at: arrived_at - 2 * MINUTE, hi_at: arrived_at + wide * MINUTE,
    low_confidence, limit_at: arrived_at + (limit || 30) * MINUTE, on_time,
  };
  order.visits.push({ id: `${order.timeline.at(-1).fact}`, technician: { id: PEOPLE[who].id, name: PEOPLE[who].name }, state, departed_at, arrived_at, arrival, started_at, ended_at, outcome });
}

function review(order, kind, text, options) {
  order.reviews.push({
    id: `${order.id.slice(4, 8)}${kind.length}`.repeat(6).slice(0, 32), order: order.id, serial: order.serial, kind, kind_text: both(text), owner: 'supervisor',
    due_at: now + 45 * MINUTE, default: 'keep', blocking: false, status: 'open', choice: null, decidable: true, opened_at: now - 20 * MINUTE, stake: { minor: 12_000, currency: 'CNY' }, ...options,
  });
  order.open_reviews += 1;
}

/** Cancelled by the office while the technician, offline, finished and had it signed. */
function cancelledTooLate() {
  const at = now - 6 * HOUR;
  const order = newOrder(at, { customer: customer('绿洲花园 3 栋 1202 室'), site: site('南京市鼓楼区中山北路 88 号 3-1202'), problem: '空调不制冷，室外机有异响，老人在家', urgency: 'urgent' });
  addFact(order, 'confirm_request', 'wang', at + 9 * MINUTE, { says: ['Repair of the outdoor unit, chargeable', '室外机维修，有费'] });
  assign(order, 'li', at + 20 * MINUTE, { facet: 'accepted', turn: 41, skipped: [skip('zhou', 'skill', SKILL), skip('sun', 'not_returned', OUT)] });
  const accepted = addFact(order, 'accept', 'li', at + 26 * MINUTE);
  const blind = [accepted.fact];
  addFact(order, 'cancel_by_office', 'chen', at + 3.1 * HOUR, { says: ['The customer’s daughter wants another company', '客户女儿称另找公司'] });
  order.cancels.push({ fact: order.timeline.at(-1).fact, by: { id: PEOPLE.chen.id, name: PEOPLE.chen.name }, reason: '客户女儿来电称已另找公司', effect: 'late' });
  const late = { late: 3.2 * HOUR };
  const depart = addFact(order, 'depart', 'li', at + 1.2 * HOUR, { ...late, seen: blind });
  const arrive = addFact(order, 'arrive', 'li', at + 1.7 * HOUR, { ...late, seen: [depart.fact] });
  const start = addFact(order, 'start', 'li', at + 1.8 * HOUR, { ...late, seen: [arrive.fact] });
  const labour = addLine(order, 'li', at + 2.9 * HOUR, 'labour', '室外机检修', 1250, 'h', 18750, { ...late, seen: [start.fact] });
  const part = addLine(order, 'li', at + 3 * HOUR, 'part', '启动电容 CBB65 35 µF', 1000, 'piece', 6800, { ...late, seen: [labour.fact], serial: 'CB65-220817' });
  const done = addFact(order, 'outcome_done', 'li', at + 3.2 * HOUR, { ...late, seen: [part.fact], says: ['Start capacitor failed, replaced', '启动电容失效，已更换'] });
  const signed = sign(order, 'li', at + 3.3 * HOUR, { ...late, seen: [done.fact], name: '刘桂芳', relation: 'owner', words: '师傅很细心，谢谢' });
  addLine(order, 'li', at + 3.5 * HOUR, 'part', '铜管保温套', 2400, 'm', 3600, { ...late, covered: false, seen: [signed.fact] });
  visit(order, 'li', [at + 1.2 * HOUR, at + 1.7 * HOUR, at + 1.8 * HOUR, at + 3.2 * HOUR], 'ended', { outcome: 'done', finding: '启动电容失效，已更换；运行电流 5.1 A' });
  const cancel = order.cancels[0].fact;
  order.explanations.push(
    { field: 'state', value: 'completed', rule: 'R3', pair: 'X-04', winners: [done.fact, order.signatures[0].fact], losers: [cancel], text: both(['The work was done and signed before the technician could know of the cancel. The cancel stands in the record without effect.', '技术员在得知取消之前已修复并由客户签认。取消记录在案，但无效力。']) },
    { field: 'lines', value: 'partial', rule: 'R6', pair: 'X-43', winners: [order.signatures[0].fact], losers: [order.lines[2].fact], text: both(['One line was recorded after the signature; it is not covered and not billable until the customer consents.', '一行明细在签认之后记录，未被覆盖，客户同意之前不可收费。']) },
  );
  Object.assign(order, { signature: 'signed_partial', coverage: 'partial', assignment: 'accepted', commands: ['return_voucher', 'note', 'resolve_review', 'reverse_line', 'close'] });
  setState(order, 'completed');
  review(order, 'late_cancel', ['Cancel came after the work was done', '取消迟于完工'], { choices: [{ choice: 'keep', text: both(['Keep: bill the work', '保留：照常收费']) }, { choice: 'write_off', text: both(['Write off', '核销']) }] });
  review(order, 'uncovered_lines', ['Lines outside every signature', '有明细未被签认覆盖'], { owner: 'clerk', due_at: now + 20 * HOUR, default: 'write_off', choices: [{ choice: 'consented', text: both(['The customer consented', '客户已同意']) }, { choice: 'write_off', text: both(['Write off', '核销']) }] });
  order.notes.push({ fact: 'mfrggzdf9', author: { id: PEOPLE.wang.id, name: PEOPLE.wang.name }, text: '已电话告知客户女儿：维修已完成并由其母亲签字。', time_at: now - 12 * MINUTE });
  order.updated_at = now - 12 * MINUTE;
  return order;
}

function contested() {
  const at = now - 3 * HOUR;
  const order = newOrder(at, { customer: customer('Harbour Hotel'), site: site('12 Quay Road, boiler room'), problem: 'Boiler shuts down after ten minutes, no hot water on floors 3 to 6', urgency: 'hazard', class: 'contract' });
  assign(order, 'zhou', at + 10 * MINUTE, { facet: 'accepted', turn: 42 });
  const accepted = addFact(order, 'accept', 'zhou', at + 14 * MINUTE);
  const depart = addFact(order, 'depart', 'zhou', at + 30 * MINUTE, { late: 85 * MINUTE, seen: [accepted.fact] });
  addFact(order, 'arrive', 'zhou', at + 62 * MINUTE, { late: 55 * MINUTE, seen: [depart.fact], clock: -11 * MINUTE, lo: 4 * MINUTE });
  const cancel = addFact(order, 'cancel_by_office', 'chen', at + 80 * MINUTE, { seen: [accepted.fact], says: ['The hotel’s own engineer will look at it', '酒店工程部自行处理'] });
  order.cancels.push({ fact: cancel.fact, by: { id: PEOPLE.chen.id, name: PEOPLE.chen.name }, reason: 'The hotel’s own engineer will look at it', effect: 'contested' });
  visit(order, 'zhou', [at + 30 * MINUTE, at + 62 * MINUTE], 'on_site');
  order.explanations.push({ field: 'state', value: 'cancel_contested', rule: 'R3', pair: 'X-02', winners: [order.timeline[3].fact], losers: [cancel.fact], text: both(['The technician was already on site when the office, not knowing it, cancelled. A supervisor decides; the visit goes on.', '办公室不知技术员已到场而取消。由主管决定，上门继续。']) });
  review(order, 'cancel_contested', ['Cancel while work is going on', '施工中被取消'], { due_at: now - 4 * MINUTE, default: 'continue', blocking: true, choices: [{ choice: 'continue', text: both(['Continue: the cancel is withdrawn', '继续：撤销取消']) }, { choice: 'terminate', text: both(['Terminate: work so far stands', '终止：已做工作有效']) }] });
  order.commands = ['resolve_review', 'reinstate', 'note', 'assign'];
  order.updated_at = now - 50 * MINUTE;
  setState(order, 'cancel_contested');
  return order;
}

const PROBLEMS = [
  ['registered', '厨房燃气灶打不着火，闻到轻微燃气味', '金桥小区 5 号楼', '上海市浦东新区金桥路 1150 弄 5-302', null, 'hazard', 12 * MINUTE],
  ['ready', '冰箱冷藏室结冰，门封条老化', '王德发', '苏州市姑苏区平江路 66 号', null, 'normal', 40 * MINUTE],
  ['ready', 'Cold room display shows E4, temperature rising', 'Fresh Market Ltd', '4 Mill Lane, loading bay 2', null, 'urgent', 65 * MINUTE],
  ['dispatched', '热水器漏水，客户要求下午三点以后上门', '张敏', '杭州市西湖区文三路 478 号', 'zhou', 'normal', 2.4 * HOUR],
  ['dispatched', '洗衣机脱水时异响', '陈立', '宁波市海曙区中山西路 11 号', 'sun', 'normal', 5 * HOUR],
  ['in_progress', 'Lift door does not close on the second floor', 'Riverside Offices', '1 Bridge Street', 'ma', 'urgent', 7 * HOUR],
  ['in_progress', '中央空调回风口滴水，影响营业', '蓝鲸书店', '南京市玄武区珠江路 88 号 1 层', 'mueller', 'normal', 8 * HOUR],
  ['unfinished', '变频空调主板故障，缺配件', '何静', '无锡市梁溪区人民路 20 号', 'li', 'normal', 26 * HOUR],
  ['on_hold', '屋顶机组保养，因大风暂停', '东方商厦', '南通市崇川区工农路 5 号', 'mueller', 'normal', 30 * HOUR],
  ['completed', '油烟机不启动', '郑淑芬', '常州市天宁区延陵路 19 号', 'sun', 'normal', 31 * HOUR],
  ['returned', 'Socket in the kitchen trips the breaker', 'Maria Rossi', '22 Garden Close', 'mueller', 'normal', 50 * HOUR],
  ['cancelled', '客户自行修好，取消', '吴刚', '镇江市京口区解放路 3 号', null, 'normal', 52 * HOUR],
  ['terminated', '客户中途要求停止维修', '钱进', '扬州市广陵区文昌路 7 号', 'zhou', 'normal', 60 * HOUR],
  ['closed', '年度保养', '第二中学', '泰州市海陵区青年路 1 号', 'li', 'normal', 4 * DAY],
];

function plain([state, problem, name, address, who, urgency, ago], index) {
  const at = now - ago;
  const order = newOrder(at, { customer: customer(name), site: site(address), problem, urgency, class: ['chargeable', 'free', 'contract'][index % 3] });
  order.updated_at = at + Math.min(ago * 0.6, 2 * HOUR);
  if (state !== 'registered') addFact(order, 'confirm_request', 'wang', at + 6 * MINUTE);
  if (who !== null) {
    assign(order, who, at + 15 * MINUTE, { facet: index % 2 ? 'pending' : 'accepted', turn: 20 + index });
    order.appointment = { from: now + (2 + index) * HOUR, to: now + (4 + index) * HOUR, confirmed: index % 2 === 0 };
  }
  if (['in_progress', 'completed', 'returned', 'closed', 'terminated', 'unfinished'].includes(state)) {
    addFact(order, 'arrive', who, at + HOUR);
    addFact(order, 'start', who, at + 1.1 * HOUR);
    const labour = addLine(order, who, at + 1.8 * HOUR, 'labour', problem.slice(0, 12), 750, 'h', 11250);
    visit(order, who, [at + 40 * MINUTE, at + HOUR, at + 1.1 * HOUR, state === 'in_progress' ? null : at + 2 * HOUR], state === 'in_progress' ? 'working' : 'ended');
    if (['completed', 'returned', 'closed'].includes(state)) {
      addFact(order, 'outcome_done', who, at + 2 * HOUR);
      sign(order, who, at + 2.1 * HOUR, { name, proof: state === 'completed' ? 'pending' : 'present' });
      Object.assign(order, { signature: 'signed', coverage: 'full', voucher: state === 'completed' ? 'out' : 'returned' });
    } else {
      order.lines.find((line) => line.fact === labour.fact).covered = false;
    }
  }
  setState(order, state);
  order.explanations.push({ field: 'state', value: state, rule: 'R1', pair: null, winners: [order.timeline.at(-1).fact], losers: [], text: both([`The last fact that decides the state is: ${order.timeline.at(-1).kind_text.en}.`, `决定状态的最后一条事实：${order.timeline.at(-1).kind_text.zh}。`]) });
  return order;
}

export function firstDay() {
  const orders = [contested(), cancelledTooLate(), ...PROBLEMS.map(plain)];
  for (let index = 0; index < 60; index += 1) {
    const pattern = PROBLEMS[(index % 3) + 10];
    orders.push(plain([pattern[0], `${pattern[1]} (${index + 1})`, pattern[2], pattern[3], pattern[4], 'normal', 5 * DAY + index * 3 * HOUR], index));
  }
  orders.forEach((order, index) => { order.number = 1000 - index; });
  return orders;
}

export function firstCallbacks(orders) {
  const done = orders.filter((order) => ['completed', 'returned', 'closed'].includes(order.state)).slice(0, 8);
  return done.map((order, index) => ({
    id: order.id, serial: order.serial, customer: { name: order.customer.name, phone: `138 0013 8${String(index).padStart(3, '0')}` },
    completed_at: order.updated_at, due_at: now + (index - 2) * 13 * HOUR, overdue: index < 2, attempts: index % 3,
    outcome: index > 5 ? ['ok', 'refill'][index - 6] : null, note: index === 7 ? '凭证漏填机身编号' : null,
    technician: order.technician === null ? null : { id: order.technician.id, name: order.technician.name },
  }));
}

export function firstDispatches(orders) {
  return orders.filter((order) => order.technician !== null).slice(0, 5).map((order, index) => ({
    order: order.id, serial: order.serial, technician: { id: order.technician.id, name: order.technician.name }, turn: 42 - index, at: now - (index + 1) * 47 * MINUTE,
    reason: index === 2 ? '客户指定由该技术员上门' : null,
    skipped: index === 0 ? [skip('sun', 'not_returned', OUT), skip('li', 'skill', SKILL)] : index === 2 ? [skip('mueller', 'overridden', ['overridden by the dispatcher', '派工员改派'])] : [],
  }));
}

/** What the gate kept apart: undecided, held behind another, decided either way. */
export function firstQuarantine(orders) {
  const item = (key, order, sequence, reason, summary, ago, decided = null) => ({
    key: `${order.id.replaceAll('-', '')}9f9f9f9f${key}`, device: 'e7'.repeat(16), document: order.id, actor: '9f'.repeat(16), sequence, reason,
    bytes: summary === null ? 61_440 : 1_740, received_at: now - ago, summary, decided, serial: order.serial,
    used_in: reason === 'used_number' ? { order: orders[2].id, serial: orders[2].serial, fact: 'mfrggzdf7' } : null,
  });
  const by = PEOPLE.chen.id;
  return [
    item('01', orders[3], 12, 'revoked', 'Note: 客户说压缩机昨晚又停了一次，要求今天再来人看', 2 * HOUR),
    item('02', orders[3], 13, 'held', 'Work done: 更换启动电容', 2 * HOUR),
    item('03', orders[5], 4, 'malformed', null, 5 * HOUR),
    item('06', orders[4], 5, 'used_number', 'Goods taken: 主控板, receipt C-000012', 6 * HOUR),
    item('04', orders[6], 7, 'not_permitted', 'The call is closed', 26 * HOUR, { admitted: false, by, reason: '结案由文员办理', at: now - 20 * HOUR }),
    item('05', orders[7], 9, 'out_of_scope', 'Note: 顺路帮忙看过，无异常', 3 * DAY, { admitted: true, by, reason: 'Confirmed by telephone with both technicians', at: now - 2 * DAY }),
  ];
}

/** A store that was restored this morning, and two devices that it has forgotten. */
export function firstHealing() {
  return {
    lost: true, from: '/mnt/backup, series 1', unnoticed: false, at: now - 3 * HOUR, until_number: 812, until_at: now - 27 * HOUR, seen_to: 930,
    known_again: 96, brought: 7, unaccounted: 22,
    devices: ['4a', '5b', '6c'].map((byte, index) => ({ device: byte.repeat(16), back: index < 2, seen_to: index < 2 ? 930 - index : null, known_again: index < 2 ? 48 : 0, brought: index < 2 ? 4 - index : 0, references: index })),
    waiting: [
      { device: 'c4'.repeat(16), person: { id: PEOPLE.li.id, name: PEOPLE.li.name }, enrolled_at: now - 20 * HOUR, first_at: now - 2 * HOUR, last_at: now - HOUR, facts: 14 },
      { device: 'd9'.repeat(16), person: null, enrolled_at: null, first_at: now - HOUR, last_at: now - HOUR, facts: 1 },
    ],
    gaps: [{ document: 'c'.repeat(32), number: 907, device: '6c'.repeat(16) }], gaps_total: 1,
  };
}
