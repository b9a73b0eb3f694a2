// What happens outside of the office while somebody looks at the page: devices, and faults of the network.

import { contacts } from './data.mjs';
import { addFact, addLine, both, PEOPLE, setState, sign } from './orders.mjs';
import { rowOf, technicianItem } from './routes.mjs';

export function act(office, { what, serial, ms }) {
  const order = office.orders.find((one) => one.serial === serial);
  switch (what) {
    case 'done':
      workDone(office, order);
      break;
    case 'arrive':
      addFact(order, 'arrive', 'zhou', Date.now(), { says: ['On site', '到场'] });
      setState(order, 'in_progress');
      order.commands = [...order.commands.filter((one) => one !== 'confirm')];
      touch(office, order);
      break;
    case 'contact':
      contacts.sun = Date.now();
      office.emit('technician', technicianItem(office, 'sun'));
      break;
    case 'drop':
      office.deaf = true;
      for (const stream of office.streams) stream.destroy();
      setTimeout(() => { office.deaf = false; }, ms ?? 3000);
      break;
    case 'forget':
      office.forgetNext = true;
      break;
    case 'slow':
      office.slowMs = ms;
      break;
    default:
      return { error: 'unknown act' };
  }
  return { ok: true, state: order?.state };
}

function workDone(office, order) {
  const who = Object.keys(PEOPLE).find((key) => PEOPLE[key].id === order.technician?.id) ?? 'li';
  const now = Date.now();
  addLine(order, who, now - 300_000, 'labour', '检修', 500, 'h', 7500, { late: 300_000 });
  const done = addFact(order, 'outcome_done', who, now - 200_000, { late: 200_000 });
  sign(order, who, now - 100_000, { late: 100_000, name: order.customer.name });
  Object.assign(order, { signature: 'signed', coverage: 'full', commands: ['return_voucher', 'note'] });
  order.explanations = [{ field: 'state', value: 'completed', rule: 'R1', pair: null, winners: [done.fact], losers: [], text: both(['The technician reported the work done.', '技术员报告已修复。']) }];
  setState(order, 'completed');
  contacts[who] = now;
  touch(office, order);
  office.emit('technician', technicianItem(office, who));
}

export function touch(office, order) {
  order.updated_at = Date.now();
  order.number = office.number + 1;
  office.emit('order', rowOf(office, order));
}
