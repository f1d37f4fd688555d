// The page: who is signed in, the connection, which channel is open, and what leads from one part to another.

import { RealtimeClient } from '/realtime/client.js';
import { directory, newChannel, newConversation, writeTo } from './channels.js';
import { Composer } from './composer.js';
import { attempt, byId, element, icon, soon } from './dom.js';
import { InboxList } from './inbox.js';
import { card, editProfile, invite, members } from './members.js';
import { menu } from './menu.js';
import { Messages } from './messages.js';
import { actions, bans, reports, settings } from './moderation.js';
import { Panel } from './panel.js';
import { avatar, people } from './people.js';
import { Room } from './room.js';
import { pins, search } from './search.js';
import { askName, onSignIn } from './sign-in.js';
import { unsent } from './unsent.js';

const PUBLIC = ['lobby', 'random', 'help'];
const ROOMS = 20;      // subscribed at once: the open channel, and those that were open before

/** @type {RealtimeClient|null} */ let client = null;
/** The latest one last. @type {Map<string, Room>} */ const rooms = new Map();
/** @type {Room|null} */ let current = null;

const composer = new Composer(() => attempt(() => messages.toEnd()));
const messages = new Messages(byId('messages'), byId('to-end'), byId('to-line'), {
  edit: message => composer.edit(message),
  reply: message => composer.reply(message),
  card: showCard,
  seen: markRead,
});
const inbox = new InboxList({
  open, current: () => current, reading,
  left: name => { if (name === current?.name) open(client.inbox().rows.find(row => row.channel !== name && !row.hidden)?.channel ?? PUBLIC[0]); },
  shown: unread => {
    document.title = `${unread ? `(${unread}) ` : ''}${current ? inbox.label(current.name) : ''} · QuickStart`;
    showHeading();
  },
});
const panel = new Panel(() => current);
people.changed = soon(redraw);

// ---------------------------------------------------------------- signing in and the connection

async function start() {
  client?.close();
  rooms.clear();
  current = null;
  const own = client = new RealtimeClient('/realtime');
  own.on('state', change => { if (own === client) showState(change); });
  try {
    await own.connect();
    await Promise.all([people.use(own), inbox.use(own)]);
  } catch (error) {
    if (own === client) askName(error.code === 'unauthenticated' ? '' : error.message);
    return;
  }
  // Whoever is new here finds something to read.
  const rows = own.inbox().rows;
  if (!rows.length) await Promise.all(PUBLIC.map(name => own.channel(name).join().catch(() => {})));
  if (own !== client) return;
  byId('welcome').hidden = true;
  byId('chat').hidden = false;
  for (const node of document.querySelectorAll('[data-needs]')) node.hidden = !own.features.includes(node.dataset.needs);
  for (const { channel, content } of unsent(own.user ?? '')) enter(channel).send(content);
  open(decodeURIComponent(location.hash.slice(1)) || rows.find(row => !row.hidden)?.channel || PUBLIC[0]);
}

onSignIn({ entered: start, leaving() {
  const leaving = client;
  client = null;
  panel.close();
  leaving?.close();
} });

/** @param {{state: string, error: any}} change */
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
  if (state === 'closed' && error?.code === 'unauthenticated') askName(byId('chat').hidden ? '' : 'Your sign-in has ended. Join again to go on; what you have written is kept.');
}

byId('retry').addEventListener('click', () => void (client?.state === 'closed' ? start() : client?.connect()));

// ---------------------------------------------------------------- channels

/** @param {string} name @returns {Room} */
function enter(name) {
  const room = rooms.get(name) ?? new Room(client, name, what => changed(room, what));
  rooms.delete(name);
  rooms.set(name, room);
  return room;
}

/** @param {string} name @param {boolean} [land] */
function open(name, land = true) {
  if (!client) return;
  const room = current = enter(name);
  if (decodeURIComponent(location.hash.slice(1)) !== name) location.hash = name;
  if (!room.channel.subscribed) room.ready = room.open();
  // To be a member is what keeps a channel in the inbox.
  if (!client.inbox().row(name)) room.channel.join().catch(() => {});
  for (const [old, other] of [...rooms].slice(0, -ROOMS)) {
    if (other.channel.pending.length || other.refused.size) continue;
    rooms.delete(old);
    other.channel.unsubscribe();
  }
  messages.show(room, land);
  composer.show(room);
  redraw();
  panel.moved();
  drawer(false);
  if (matchMedia('(hover: hover)').matches) composer.focus();
}

/** @param {string} channel @param {number} sequence */
async function jump(channel, sequence) {
  panel.makeWay();
  if (current?.name !== channel) open(channel, false);
  const room = current;
  await room.ready;
  if (room === current) await attempt(() => messages.goTo(sequence));
}

/** @param {Room} room @param {string} what */
function changed(room, what) {
  if (room.client !== client || room !== current) return;
  if (what === 'messages') renderSoon();
  if (what === 'presence' || what === 'typing') showPeople();
  if (what === 'pins') panel.refresh('Pinned messages');
  if (what === 'settings') settledSoon();
}

/** A page of history brings its messages one by one; what they change is drawn once. */
const renderSoon = soon(() => messages.render());
const settledSoon = soon(() => {
  composer.allow();
  redraw();
  panel.refresh('Members');
});

function redraw() {
  if (!client || !current) return;
  byId('me').replaceChildren(avatar(people.me), element('span', {}, people.name(people.me)));
  inbox.render();
  messages.redraw();
  showPeople();
}

function showHeading() {
  if (!current) return;
  const { name, kind, settings: { data, closed } } = current;
  byId('title').replaceChildren(inbox.label(name), closed ? element('span', { className: 'note' }, ' closed') : '');
  byId('text').placeholder = `Message ${inbox.label(name)}`;
  byId('topic').textContent = kind === 'direct' ? '' : data?.topic ?? '';
}

function reading() { return Boolean(current?.visited && messages.atEnd && document.visibilityState === 'visible' && document.hasFocus()); }

function markRead() { if (reading()) current?.markRead(); }
addEventListener('focus', () => {
  markRead();
  inbox.render();
});
addEventListener('blur', () => inbox.render());
addEventListener('hashchange', () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name && name !== current?.name) open(name);
});

function showPeople() {
  const here = [...(current?.present.keys() ?? [])].sort();
  byId('presence').replaceChildren(element('span', { className: 'faces', 'aria-hidden': 'true' }, ...here.slice(0, 3).map(avatar)), element('span', {}, `${here.length} here`));
  const [first, second, ...others] = (current?.typists ?? []).map(user => people.name(user));
  byId('typing').textContent = !first ? '' : others.length ? 'Several people are typing…' : second ? `${first} and ${second} are typing…` : `${first} is typing…`;
}

/** @param {HTMLElement} anchor @param {string} user */
function showCard(anchor, user) {
  attempt(() => card(anchor, user, current, { write: other => writeTo(client, other, open), done: () => panel.refresh('Members') }));
}

// ---------------------------------------------------------------- what the buttons open

const openHere = name => {
  panel.makeWay();
  open(name);
};
const here = sequence => jump(current.name, sequence);
const show = {
  search: () => panel.open('Search', search(client, name => inbox.label(name), jump), true),
  pins: () => panel.open('Pinned messages', pins(here), true),
  members: () => panel.open('Members', members(showCard), true),
  directory: () => panel.open('Public channels', directory(client, openHere), true),
  reports: () => panel.open('Reports', reports(here, () => panel.refresh('Reports'))),
  bans: () => panel.open('Bans', bans(() => panel.refresh('Bans'))),
  actions: () => panel.open('What was done', actions),
};

byId('find').prepend(icon('search'));
byId('new').append(icon('new'));
byId('channel-menu').append(icon('more'));
byId('find').addEventListener('click', show.search);
byId('presence').addEventListener('click', show.members);
byId('me').addEventListener('click', () => attempt(editProfile));
byId('new').addEventListener('click', event => menu(event.currentTarget, [
  { label: 'Find a public channel', testid: 'browse', run: () => { drawer(false); show.directory(); } },
  { label: 'Write to somebody…', testid: 'new-direct', run: () => newConversation(client, open) },
  { label: 'New channel…', testid: 'new-channel', run: () => newChannel(client, open) },
]));
byId('channel-menu').addEventListener('click', event => {
  const { may, name } = current;
  const row = client.inbox().row(name);
  const moderates = may.moderates && client.features.includes('moderation');
  menu(event.currentTarget, [
    { label: 'Members', testid: 'members', run: show.members },
    { label: 'Pinned messages', testid: 'pins', run: show.pins },
    may.invite && { label: 'Invite somebody…', run: () => invite(current) },
    may.moderates && { label: 'Settings…', testid: 'settings', run: () => settings(current) },
    moderates && { label: 'Reports', testid: 'reports', run: show.reports },
    moderates && { label: 'Bans', testid: 'bans', run: show.bans },
    moderates && { label: 'What was done', testid: 'actions', run: show.actions },
    ...(row ? inbox.options(row).filter(({ danger }) => danger) : []),
  ]);
});

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
  if (event.key === 'Escape' && !event.target.closest('[popover]')) drawer(false);
  if (event.key === 'k' && (event.ctrlKey || event.metaKey) && client?.features.includes('search') && current) {
    event.preventDefault();
    show.search();
  }
});

start();
