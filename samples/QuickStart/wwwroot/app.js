// The page: signing in, the list of channels, and which one is open.

import { RealtimeClient } from '/realtime/client.js';
import { Composer } from './composer.js';
import { avatar, byId, element } from './dom.js';
import { Messages } from './messages.js';
import { Room } from './room.js';
import { unsent } from './unsent.js';

const PUBLIC = ['lobby', 'random', 'help'];
const CHANNELS = 40;   // subscribed at once; the server bounds them too

/** @type {RealtimeClient|null} */ let client = null;
/** @type {Map<string, Room>} */ const rooms = new Map();
/** @type {Room|null} */ let current = null;

const composer = new Composer(() => messages.toEnd());
const messages = new Messages(byId('messages'), byId('to-end'), {
  edit: message => composer.edit(message),
  reply: message => composer.reply(message),
  failed: error => composer.fail(error.message),
  seen: () => markRead(),
});

// ---------------------------------------------------------------- signing in

async function start() {
  client?.close();
  rooms.clear();
  current = null;
  const own = client = new RealtimeClient('/realtime');
  own.on('state', change => { if (own === client) showState(change); });
  try {
    await own.connect();
  } catch (error) {
    if (own === client) askName(error.code === 'unauthenticated' ? '' : error.message);
    return;
  }
  byId('welcome').hidden = true;
  byId('chat').hidden = false;
  byId('me').replaceChildren(avatar(own.user ?? ''), element('span', {}, own.user));
  const names = await channelNames();
  for (const name of names) enter(name);
  for (const { channel, content } of unsent(own.user ?? '')) enter(channel)?.send(content);
  open(location.hash.slice(1) || PUBLIC[0]);
}

async function channelNames() {
  try {
    const { channels } = await client.channels({ limit: CHANNELS });
    return [...new Set([...PUBLIC, ...channels.map(({ channel }) => channel)])];
  } catch {
    return PUBLIC;
  }
}

/** @param {string} problem */
function askName(problem) {
  byId('chat').hidden = true;
  byId('welcome').hidden = false;
  byId('splash').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-error').textContent = problem;
  byId('name').focus();
}

/** The server's own words, whether it said them as text, as JSON or as problem details. @param {Response} response */
async function reason(response) {
  const text = await response.text();
  try {
    const said = JSON.parse(text);
    return typeof said === 'string' ? said : said.detail ?? said.title ?? text;
  } catch {
    return text || `The server answered ${response.status}.`;
  }
}

byId('sign-in').addEventListener('submit', async event => {
  event.preventDefault();
  const problem = byId('sign-in-error');
  problem.textContent = '';
  try {
    const response = await fetch('/login', { method: 'POST', body: new URLSearchParams({ name: byId('name').value.trim() }) });
    if (!response.ok) problem.textContent = await reason(response);
    else await start();
  } catch {
    problem.textContent = 'The server cannot be reached. Check the connection and try again.';
  }
});

byId('sign-out').addEventListener('click', async () => {
  const leaving = client;
  client = null;
  leaving?.close();
  await fetch('/logout', { method: 'POST' }).catch(() => {});
  byId('name').value = '';
  askName('');
});

// ---------------------------------------------------------------- connection

/** @param {{state: string, error: Error|null}} change */
function showState({ state, error }) {
  const label = byId('state');
  const words = { idle: 'Offline', connecting: 'Connecting…', connected: 'Connected', waiting: 'Reconnecting…', closed: 'Disconnected' };
  label.dataset.state = state;
  label.textContent = words[state];
  // Which of the application's nodes it is: for those who look for it.
  label.dataset.node = state === 'connected' ? client?.node ?? '' : '';
  label.title = error?.message ?? (label.dataset.node && `Served by ${label.dataset.node}`);
  byId('retry').hidden = state !== 'waiting' && state !== 'closed';
  byId('splash').textContent = state === 'waiting' ? `The server cannot be reached. Trying again… ${error?.message ?? ''}` : words[state];
  if (state === 'closed' && /** @type {any} */ (error)?.code === 'unauthenticated') askName(byId('chat').hidden ? '' : 'Your sign-in has ended. Join again to go on; what you have written is kept.');
}

byId('retry').addEventListener('click', () => void (client?.state === 'closed' ? start() : client?.connect()));

// ---------------------------------------------------------------- channels

/** @param {string} name */
function enter(name) {
  if (!rooms.has(name) && client) {
    const room = new Room(client, name, what => changed(room, what));
    rooms.set(name, room);
    room.open();
    showChannels();
  }
  return rooms.get(name);
}

/** @param {string} name */
function open(name) {
  const room = enter(name);
  if (!room) return;
  current = room;
  if (location.hash.slice(1) !== name) location.hash = name;
  document.title = `#${name} · QuickStart`;
  byId('title').textContent = name;
  byId('create-error').textContent = '';
  // To be a member is what keeps a channel in the list and its unread counts at the server.
  room.channel.join().catch(() => {});
  messages.show(room);
  composer.show(room);
  showPresence();
  showTyping();
  showChannels();
  drawer(false);
  if (matchMedia('(hover: hover)').matches) composer.focus();
}

/** @param {Room} room @param {string} what */
function changed(room, what) {
  if (room.client !== client) return;
  if (what === 'unread') showChannelsSoon();
  if (room !== current) return;
  if (what === 'messages') renderSoon();
  if (what === 'presence') showPresence();
  if (what === 'typing') showTyping();
}

/** A page of history brings its messages one by one; what they change is drawn once. @param {() => void} draw */
function soon(draw) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      draw();
    });
  };
}
const renderSoon = soon(() => messages.render());
const showChannelsSoon = soon(showChannels);

function markRead() {
  if (current && document.visibilityState === 'visible' && document.hasFocus()) current.markRead();
}
addEventListener('focus', () => { if (messages.atEnd) markRead(); });

function showChannels() {
  const list = byId('channels');
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.channel : null;
  let elsewhere = false;
  list.replaceChildren(...[...rooms.values()].map(room => {
    const { count, atLeast } = room.unread;
    if (count && room !== current) elsewhere = true;
    const badge = element('span', { className: 'badge', hidden: count === 0, 'data-testid': `unread-${room.name}` }, `${count}${atLeast ? '+' : ''}`);
    if (count) badge.append(element('span', { className: 'visually-hidden' }, ' unread'));
    return element('li', {}, element('button', {
      type: 'button', className: `channel${count ? ' unread' : ''}`, 'aria-current': room === current ? 'page' : undefined,
      'data-testid': `channel-${room.name}`, 'data-channel': room.name, onclick: () => open(room.name),
    }, element('span', { className: 'channel-name' }, room.name), badge));
  }));
  if (focused) [...list.querySelectorAll('button')].find(button => button.dataset.channel === focused)?.focus();
  byId('unread-elsewhere').hidden = !elsewhere;
}

/** Why there is no such channel, for whoever asked for it. */
const refusals = {
  invalid: 'A name has letters from a to z, digits and - _ . : @ only, without spaces.',
  forbidden: 'You may not create channels here.',
  disconnected: 'There is no connection. Please try again in a moment.',
};

byId('create-name').addEventListener('input', () => { byId('create-error').textContent = ''; });
byId('create').addEventListener('submit', async event => {
  event.preventDefault();
  const input = byId('create-name');
  const name = input.value.trim();
  const problem = byId('create-error');
  problem.textContent = '';
  if (!name || !client) return;
  try {
    await client.create({ kind: 'public', channel: name });
  } catch (error) {
    // Taken: then it can be joined.
    if (error.code !== 'conflict') return void (problem.textContent = refusals[error.code] ?? 'That did not work. Please try again.');
  }
  input.value = '';
  open(name);
});

addEventListener('hashchange', () => {
  const name = location.hash.slice(1);
  if (name && name !== current?.name) open(name);
});

// ---------------------------------------------------------------- who is here

function showPresence() {
  const users = [...(current?.present ?? [])].sort(([a], [b]) => a.localeCompare(b));
  const box = byId('presence');
  box.querySelector('summary').replaceChildren(
    element('span', { className: 'faces', 'aria-hidden': 'true' }, ...users.slice(0, 3).map(([user]) => avatar(user))),
    element('span', {}, `${users.length} here`));
  box.querySelector('ul').replaceChildren(...users.map(([user, status]) => element('li', { 'data-user': user },
    avatar(user), element('span', {}, user === client?.user ? `${user} (you)` : user), element('span', { className: 'note' }, status === 'away' ? 'away' : ''))));
}

function showTyping() {
  const typists = current?.typists ?? [];
  const [first, second] = typists;
  byId('typing').textContent = typists.length === 0 ? '' : typists.length === 1 ? `${first} is typing…` : typists.length === 2 ? `${first} and ${second} are typing…` : 'Several people are typing…';
}

// ---------------------------------------------------------------- the drawer on a phone

/** @param {boolean} shown */
function drawer(shown) {
  byId('chat').classList.toggle('drawer-open', shown);
  byId('open-drawer').setAttribute('aria-expanded', `${shown}`);
}
byId('open-drawer').addEventListener('click', () => {
  drawer(true);
  byId('close-drawer').focus();
});
for (const id of ['close-drawer', 'scrim']) byId(id).addEventListener('click', () => drawer(false));

addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  drawer(false);
  byId('presence').open = false;
});
addEventListener('click', event => {
  if (!byId('presence').contains(event.target)) byId('presence').open = false;
});

start();
