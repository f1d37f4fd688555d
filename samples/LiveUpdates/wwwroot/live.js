// The shop as it is at this moment, and what came while this page was away.

import { RealtimeClient } from '/realtime/client.js';
import { byId, element } from './dom.js';

const SHOWN = 12;

const client = new RealtimeClient('/realtime');
const orders = client.channel('orders');
const stock = client.channel('stock');

/** @type {Map<string, {row: HTMLElement, meter: HTMLMeterElement, left: HTMLElement}>} */ const items = new Map();
/** @type {Map<number, HTMLElement>} */ const rows = new Map();
/** @type {Map<string, number>} The last message of each channel. */ const last = new Map();
let came = 0;       // changes since this page came back
let missing = 0;

// ---------------------------------------------------------------- what happens

function count(channel, sequence) {
  const expected = (last.get(channel) ?? sequence - 1) + 1;
  if (sequence > expected) missing += sequence - expected;
  last.set(channel, sequence);
  came++;
}

stock.on('change', ({ sequence, message }) => {
  count('stock', sequence);
  const { item, left } = message.data;
  const shown = items.get(item) ?? addItem(item);
  shown.meter.value = left;
  shown.left.textContent = `${left}`;
});

orders.on('change', ({ sequence, message }) => {
  count('orders', sequence);
  const { order, item, quantity, status } = message.data;
  let row = rows.get(order);
  if (!row) rows.set(order, row = element('li', {}));
  row.replaceChildren(
    element('span', { className: 'number' }, `${order}`),
    element('span', { className: 'what' }, `${quantity} × ${item}`),
    element('span', { className: 'status', 'data-status': status }, status));
  byId('orders').prepend(row);
  if (rows.size > SHOWN) forget(byId('orders').lastElementChild);
});

function forget(row) {
  for (const [order, shown] of rows) if (shown === row) rows.delete(order);
  row.remove();
}

function addItem(item) {
  const meter = element('meter', { min: 0, max: 100, low: 30, optimum: 100, 'aria-label': `Stock of ${item}` });
  const left = element('span', { className: 'left' });
  const row = element('li', {}, element('span', { className: 'what' }, item), meter, left);
  items.set(item, { row, meter, left });
  byId('stock').replaceChildren(...[...items].sort(([a], [b]) => a.localeCompare(b)).map(([, shown]) => shown.row));
  return items.get(item);
}

// ---------------------------------------------------------------- here and away

client.on('state', ({ state, error }) => {
  const label = byId('state');
  label.dataset.state = state;
  label.textContent = { idle: '', connecting: 'Connecting…', connected: 'Live', waiting: 'Offline, trying again…', closed: 'Away' }[state];
  label.title = error?.message ?? '';
});

let leftAt = 0;
byId('away').addEventListener('click', async () => {
  if (client.state !== 'closed') {
    leftAt = performance.now();
    client.close();
    byId('away').textContent = 'Come back';
    byId('note').textContent = 'You are away. The shop goes on without you.';
    return;
  }

  const begun = performance.now();
  came = missing = 0;
  byId('away').textContent = 'Go away';
  // Each channel says so when it is level again.
  const level = Promise.all([orders, stock].map(channel => new Promise(resolve => {
    const off = channel.on('subscribed', () => { off(); resolve(null); });
  })));
  await client.connect();
  await level;
  const away = Math.round((begun - leftAt) / 1000);
  byId('note').textContent = `You were away for ${away} s. ${came} changes came in ${Math.round(performance.now() - begun)} ms; ${missing === 0 ? 'none' : missing} of them missing.`;
  Object.assign(byId('note').dataset, { came, missing });
});

// ---------------------------------------------------------------- the crowd

async function showCrowd() {
  try {
    const { watching, away, delivered, perSecond, slowestMilliseconds, returned, caughtUp, missing: lost } = await (await fetch('/crowd')).json();
    const figures = {
      'watching now': watching, 'away': away, 'changes delivered': delivered, 'in the last second': perSecond,
      'slowest of these': `${slowestMilliseconds} ms`, 'came back': returned, 'caught up on': caughtUp, 'missing': lost,
    };
    byId('crowd').replaceChildren(...Object.entries(figures).map(([name, value]) => element('div', {},
      element('dt', {}, name), element('dd', { 'data-testid': `crowd-${name.replaceAll(' ', '-')}` }, typeof value === 'number' ? value.toLocaleString('en') : value))));
  } catch {
    // The server is away: the state says so.
  }
}

// ---------------------------------------------------------------- begin

/** Whoever comes for the first time gets a name. */
async function signIn() {
  await fetch('/login', { method: 'POST', body: new URLSearchParams({ name: `visitor-${crypto.randomUUID().slice(0, 8)}` }) });
}

async function begin() {
  try {
    await client.connect();
  } catch (error) {
    if (error.code !== 'unauthenticated') throw error;
    await signIn();
    await client.connect();
  }
  await Promise.all([stock.subscribe({ recent: 200 }), orders.subscribe({ recent: 50 })]);
}

setInterval(showCrowd, 1000);
showCrowd();
begin().catch(error => { byId('note').textContent = error.message; });
