// The conversation of one order. The page says which channel it is, who is looking and what people are called.

import { RealtimeClient } from '/realtime/client.js';

const { channel: name, me, customer, names } = document.getElementById('chat').dataset;
const nameOf = JSON.parse(names);
const list = document.getElementById('messages');
const rows = new Map();

const client = new RealtimeClient('/realtime');
const channel = client.channel(name);

client.on('state', ({ state }) => {
  const words = { connecting: 'connecting…', connected: 'connected', waiting: 'offline, trying again…', closed: 'ended; load the page again' };
  Object.assign(document.getElementById('state'), { textContent: words[state] ?? state }).dataset.state = state;
});
channel.on('change', ({ kind, sequence, message }) => {
  if (kind !== 'reacted') show(sequence, message);
});
channel.on('reset', () => {
  rows.clear();
  list.replaceChildren();
});
channel.on('pending', showPending);

function show(sequence, message) {
  const row = rows.get(sequence) ?? document.createElement('li');
  fill(row, message.sender, message.deletedAt ? 'This message was deleted.' : message.text ?? '');
  // Whoever may write may send any data: of a customer it means nothing here.
  const status = message.sender === customer ? undefined : message.data?.status;
  row.classList.toggle('note', Boolean(status));
  if (!rows.has(sequence)) {
    rows.set(sequence, row);
    // Usually the last, but a page of history may come later than what it precedes.
    const later = [...rows.keys()].filter(other => other > sequence);
    list.insertBefore(row, later.length ? rows.get(Math.min(...later)) : list.querySelector('[data-pending]'));
  }
  if (status) document.getElementById('status').textContent = status;
  list.scrollTop = list.scrollHeight;
}

function showPending() {
  list.querySelectorAll('[data-pending]').forEach(row => row.remove());
  for (const { content } of channel.pending) {
    const row = document.createElement('li');
    row.dataset.pending = '';
    fill(row, me, content.text);
    list.append(row);
  }
  list.scrollTop = list.scrollHeight;
}

function fill(row, sender, text) {
  const from = document.createElement('b');
  from.textContent = sender === 'system' ? 'Order desk' : nameOf[sender] ?? sender;
  const said = document.createElement('span');
  said.textContent = text;
  row.replaceChildren(from, said);
  row.classList.toggle('mine', sender === me);
}

document.getElementById('compose').addEventListener('submit', event => {
  event.preventDefault();
  const input = document.getElementById('text');
  const problem = document.getElementById('problem');
  problem.textContent = input.value.length > 8000 ? 'Not sent: a message has at most 8,000 characters.' : '';
  if (problem.textContent) return;                       // and nothing of it is lost
  channel.send({ text: input.value }).catch(error => { problem.textContent = `Not sent: ${error.message}`; });
  input.value = '';
});

try {
  await client.connect();
  await channel.subscribe({ recent: 50 });
} catch (error) {
  document.getElementById('problem').textContent = error.message;
}
