// What the client takes from where it runs: clocks, the address of the page, notices of the network; and what it does without.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { messageId, RealtimeClient } from '../client.js';
import { served } from './server.js';
import { freshChannel, Line, next, reaches, rejectsWith, TestClock } from './support.js';

const { server, clients } = served();
const { ann } = clients;
const HOUR = 3_600_000;
const HEARTBEAT = 7_777;                                 // ms; a timer of just this length is the heartbeat's

/** @type {(() => void)[]} */ const undo = [];
afterEach(() => { for (const each of undo.splice(0).reverse()) each(); });

/** Puts another value there until the test ends; `undefined` takes it away. @param {any} object @param {string} name @param {unknown} value */
function replace(object, name, value) {
  const was = Object.getOwnPropertyDescriptor(object, name);
  if (value === undefined) delete object[name];
  else Object.defineProperty(object, name, { value, configurable: true, writable: true });
  undo.push(() => { if (was) Object.defineProperty(object, name, was); else delete object[name]; });
}

/** The platform's own clocks in a test's hands: the one that can be set, the one that cannot, and the heartbeat's timer. */
function clocks() {
  const time = { wall: 1_750_000_000_000, running: 5_000, beat: () => {} };
  const { setTimeout } = globalThis;
  replace(Date, 'now', () => time.wall);
  replace(performance, 'now', () => time.running);
  replace(globalThis, 'setTimeout', (/** @type {() => void} */ run, /** @type {number} */ ms) => {
    if (ms !== HEARTBEAT) return setTimeout(run, ms);
    time.beat = run;
  });
  return time;
}

/** Ann on the platform's clocks. */
async function annByTheClock() {
  const time = clocks();
  const line = new Line();
  line.toClient = frame => (frame.type === 'connected' ? { ...frame, heartbeat: HEARTBEAT } : frame);
  const client = await clients.connect('ann', { line, random: () => 0.5, backoffBase: 20 });
  /** @type {number[]} */ const pauses = [];
  client.on('state', ({ retryIn }) => { if (retryIn !== null) pauses.push(retryIn); });
  return { time, line, client, pauses, room: await freshChannel(client) };
}

for (const [how, set] of /** @type {const} */ ([['back', -HOUR], ['forward', HOUR]])) {
  test(`a clock that is set ${how} neither ends a live connection nor hides a dead one`, async () => {
    const { time, line, client } = await annByTheClock();
    time.wall += set;
    time.beat();
    assert.equal(client.state, 'connected');
    line.toClient = () => null;
    time.running += 2 * HEARTBEAT;
    time.beat();
    assert.equal(client.state, 'waiting');
  });

  test(`typing is sent every three seconds when the clock is set ${how}`, async () => {
    const { time, line, room } = await annByTheClock();
    const sent = () => line.ofType('signal').length;
    room.typing();
    time.wall += set;
    room.typing();
    assert.equal(sent(), 1);
    time.running += 3_000;
    room.typing();
    assert.equal(sent(), 2);
  });

  test(`a node that goes away is left in its time when the clock is set ${how}`, async () => {
    const { time, line, pauses } = await annByTheClock();
    line.inject({ type: 'reconnect', within: 10_000 });
    time.wall += set;
    time.running += 1_000;
    line.cut(1001);
    assert.deepEqual(pauses, [4_000]);
  });

  test(`whether a connection has lasted does not depend on the clock, set ${how}`, async () => {
    const { time, line, client, pauses } = await annByTheClock();
    line.cut();
    await reaches(client, 'connected');
    time.wall += set;
    line.cut();                                          // the second failure in a row
    await reaches(client, 'connected');
    time.wall += set;
    time.running += 5_000;
    line.cut();
    assert.deepEqual(pauses, [10, 20, 10]);
  });
}

/** A window's `addEventListener`, which Node lacks: what it holds, and a way to say that the network went or came. */
function network() {
  const target = new EventTarget();
  /** @type {Set<unknown>} */ const listeners = new Set();
  replace(globalThis, 'addEventListener', (/** @type {string} */ name, /** @type {any} */ listener) => {
    listeners.add(listener);
    target.addEventListener(name, listener);
  });
  replace(globalThis, 'removeEventListener', (/** @type {string} */ name, /** @type {any} */ listener) => {
    listeners.delete(listener);
    target.removeEventListener(name, listener);
  });
  return { listeners, says: (/** @type {string} */ name) => target.dispatchEvent(new Event(name)) };
}

test('when the network comes back it connects at once', async () => {
  const { says } = network();
  const { client, line, room } = await ann({ clock: new TestClock() });   // on which no pause ever ends
  line.cut();
  const sending = room.send({ text: 'meanwhile' });
  assert.equal(client.state, 'waiting');
  says('online');
  await reaches(client, 'connected');
  assert.equal((await sending).sequence, 1);
  says('online');
  assert.equal(client.state, 'connected');
  assert.equal(line.connections, 2);
});

test('when the network goes it says so, and goes on when there is a server all the same', async () => {
  const { says } = network();
  const { client, line, room, heard } = await ann();
  const waiting = next(client, 'state');
  says('offline');
  assert.match((await waiting).error?.message, /network/);
  const sending = room.send({ text: 'meanwhile' });
  assert.deepEqual(room.pending.map(({ content }) => content.text), ['meanwhile']);
  assert.equal((await sending).sequence, 1);
  await heard.until(() => heard.posted().length === 1);
  assert.equal(line.connections, 2);
});

test('a client that is closed listens to the network no more', async () => {
  const { listeners, says } = network();
  const { client, line } = await ann({ clock: new TestClock() });
  line.cut();
  client.close();
  assert.equal(listeners.size, 0);
  says('online');
  says('offline');
  assert.equal(client.state, 'closed');

  await client.connect();
  line.cut(4403);
  assert.equal(listeners.size, 0);
});

/** Where a client dials. @param {string|URL} address */
function dialled(address) {
  let at = '';
  const webSocket = class { constructor(/** @type {string} */ url) { at = url; } close() {} };
  const client = new RealtimeClient(address, { webSocket });
  client.connect();
  client.close();
  return at;
}

test('an address is resolved as the page resolves every other', () => {
  replace(globalThis, 'location', { href: 'https://chat.example/app/rooms/42.html?x=1' });
  assert.equal(dialled('realtime'), 'wss://chat.example/app/rooms/realtime');
  replace(globalThis, 'document', { baseURI: 'https://chat.example/app/' });   // <base href="/app/">
  assert.equal(dialled('realtime'), 'wss://chat.example/app/realtime');
  assert.equal(dialled('/realtime'), 'wss://chat.example/realtime');
  assert.equal(dialled('//other.example:8443/realtime?a=b'), 'wss://other.example:8443/realtime?a=b');
  assert.equal(dialled('ws://other.example/realtime'), 'ws://other.example/realtime');
  assert.equal(dialled(new URL('http://other.example/realtime')), 'ws://other.example/realtime');
  for (const wrong of ['ftp://chat.example/realtime', 'http://', 'mailto:ann@chat.example']) {
    assert.throws(() => dialled(wrong), rejectsWith('invalid'), wrong);
  }
});

/** As in React Native: a whole address gets a slash, and of its parts there is none. */
class OtherURL {
  /** @param {string} url @param {string} [base] */
  constructor(url, base) { this.href = base ? `${base}${url}` : url.endsWith('/') ? url : `${url}/`; }
  get protocol() { throw new Error('not implemented'); }
  toString() { return this.href; }
}

test('it needs neither the whole URL, nor crypto, nor FinalizationRegistry, nor bufferedAmount', async () => {
  const { client: other, room } = await ann();
  const cookie = await server.signIn('bob');
  const address = new URL('/realtime', server.url).href;
  for (const name of ['URL', 'crypto', 'FinalizationRegistry', 'location', 'document', 'addEventListener']) replace(globalThis, name, undefined);
  replace(globalThis, 'URL', OtherURL);
  assert.equal(dialled('https://chat.example/realtime?a=b'), 'wss://chat.example/realtime?a=b');
  assert.throws(() => dialled('/realtime'), rejectsWith('invalid'));

  const line = new Line();
  line.cookie = cookie;
  const client = new RealtimeClient(address, { webSocket: line.webSocket });
  undo.push(() => client.close());
  await client.connect();
  const bobs = client.channel(room.name);
  await bobs.subscribe({ recent: 10 });
  await bobs.send({ text: 'from afar' });
  assert.deepEqual((await other.channel(room.name).history()).messages.map(({ text }) => text), ['from afar']);
  line.socket.bufferedAmount = undefined;
  bobs.typing();
  assert.equal(line.ofType('signal').length, 1);
});

test('ids made without crypto are of the same form, and no two are the same', () => {
  replace(globalThis, 'crypto', undefined);
  const ids = Array.from({ length: 10_000 }, () => messageId());
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, ids.length);
});
