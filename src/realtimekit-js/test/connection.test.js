// When the connection comes back, when it does not, and how soon.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealtimeClient } from '../client.js';
import { served } from './server.js';
import { Line, next, reaches, rejectsWith, TestClock } from './support.js';

const { server, clients } = served();
const { ann } = clients;

test('close codes decide whether it comes back', async () => {
  for (const code of [1000, 4403]) {
    const { client, line } = await ann();
    line.cut(code);
    assert.equal(client.state, 'closed', `${code}`);
    assert.ok(client.error?.message);
  }
  for (const code of [1001, 1006, 1011, 4408, 4429, 4500]) {
    const { client, line } = await ann();
    line.cut(code);
    assert.equal(client.state, 'waiting', `${code}`);
    await reaches(client, 'connected');
    client.close();
  }
});

test('without a sign-in it closes as unauthenticated; with a provider it asks once more', async () => {
  const out = new Line();
  const signedOut = new RealtimeClient(new URL('/realtime', server.url), { webSocket: out.webSocket });
  await assert.rejects(signedOut.connect(), rejectsWith('unauthenticated'));
  assert.equal(signedOut.state, 'closed');
  assert.equal(out.connections, 1);

  const line = new Line();
  let asked = 0;
  const token = async () => {
    if (++asked === 2) line.cookie = await server.signIn('ann');
    return null;
  };
  const client = new RealtimeClient(new URL('/realtime', server.url), { webSocket: line.webSocket, token, backoffBase: 10 });
  assert.equal((await client.connect()).user, 'ann');
  assert.equal(asked, 2);

  line.cookie = '';                                      // from here on the sign-in is refused
  line.cut(4401);
  await reaches(client, 'closed');
  assert.equal(client.error?.code, 'unauthenticated');
  assert.equal(asked, 3);
});

test('when the sign-in by cookie ends it comes back once, with the cookie as it now is', async () => {
  const { client, line, room, heard } = await ann();
  line.toServer = frame => (frame.type === 'publish' ? null : frame);
  const sending = room.send({ text: 'under way' });
  line.cookie = await server.signIn('ann');              // as a page with a sliding expiration gets it
  line.toServer = frame => frame;
  line.cut(4401);
  assert.equal(client.state, 'waiting');
  assert.equal((await sending).sequence, 1);
  await heard.until(() => heard.posted().length === 1);

  line.cookie = '';
  line.cut(4401);
  await reaches(client, 'closed');
  assert.equal(client.error?.code, 'unauthenticated');
  assert.equal(line.connections, 3);

  line.cookie = await server.signIn('ann');
  await client.connect();
  line.cut(4401);
  await reaches(client, 'connected');
});

test('a token that never changes is not tried again when the sign-in ends', async () => {
  const line = new Line();
  line.toServer = frame => (frame.type === 'connect' ? { ...frame, token: undefined } : frame);   // the cookie signs in
  const client = await clients.connect('ann', { line, token: 'fixed' });
  line.cut(4401);
  assert.equal(client.state, 'closed');
  assert.equal(line.connections, 1);
});

test('a sign-in that no server can take is not tried again', async () => {
  const line = new Line();
  const client = new RealtimeClient(new URL('/realtime', server.url), { webSocket: line.webSocket, token: 'x'.repeat(40_000), backoffBase: 1 });
  await assert.rejects(client.connect(), rejectsWith('invalid'));
  assert.equal(client.state, 'closed');
  assert.equal(line.connections, 1);
});

test('outside of a page the address must be whole', () => {
  assert.throws(() => new RealtimeClient('/realtime'), rejectsWith('invalid'));
});

test('a silent server is noticed after two heartbeats', async () => {
  const clock = new TestClock();
  const { client, line } = await ann({ clock });
  line.toClient = frame => (frame.type === 'connected' ? frame : null);
  clock.advance(25_000);
  assert.equal(client.state, 'connected');
  clock.advance(25_000);
  assert.equal(client.state, 'waiting');
  assert.match(client.error?.message ?? '', /silent/);
  clock.advance(1_000);
  await reaches(client, 'connected');
});

test('a ping is answered', async () => {
  const { line } = await ann();
  line.inject({ type: 'ping' });
  assert.equal(line.ofType('pong').length, 1);
});

test('pauses grow with full jitter up to the cap, and start over once a connection has lasted', async () => {
  const clock = new TestClock();
  const line = new Line();
  let random = 1;
  const client = await clients.connect('ann', { clock, line, backoffBase: 500, backoffCap: 3_000, random: () => random });
  /** @type {(number|null)[]} */ const pauses = [];
  client.on('state', ({ state, retryIn }) => { if (state === 'waiting') pauses.push(retryIn); });

  await server.kill();
  for (let i = 0; i < 5; i++) {
    await reaches(client, 'waiting');
    if (i === 3) random = 0.5;
    const failed = next(client, 'state', ({ state }) => state === 'waiting');
    clock.advance(pauses.at(-1) ?? 0);
    await failed;
  }
  assert.deepEqual(pauses, [500, 1000, 2000, 3000, 1500, 1500]);

  await server.start();
  const connected = reaches(client, 'connected');
  clock.advance(3_000);
  await connected;
  line.cut();
  assert.equal(pauses.at(-1), 1500, 'one that did not last is another failure');
  const again = reaches(client, 'connected');
  clock.advance(1_500);
  await again;
  clock.advance(5_000);
  line.cut();
  assert.equal(pauses.at(-1), 250);
});

test('a server that drops every connection at once is left alone for longer each time', async () => {
  const clock = new TestClock();
  const line = new Line();
  const client = await clients.connect('ann', { clock, line, backoffBase: 500, backoffCap: 30_000, random: () => 1 });
  /** @type {number[]} */ const pauses = [];
  client.on('state', ({ state, retryIn }) => { if (state === 'waiting') pauses.push(retryIn ?? 0); });
  clock.advance(5_000);
  for (let i = 0; i < 4; i++) {
    line.cut();
    const connected = reaches(client, 'connected');
    clock.advance(pauses.at(-1) ?? 0);
    await connected;
    clock.advance(4_999);
  }
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
});

test('a node that goes away is left at a random moment, when all is answered', async () => {
  const clock = new TestClock();
  const { client, line, room, heard } = await ann({ clock, random: () => 0.5 });
  line.inject({ type: 'reconnect', within: 10_000 });
  await room.send({ text: 'still here' });
  /** @type {import('./support.js').Frame[]} */ const held = [];
  line.toClient = frame => (frame.type === 'published' ? (held.push(frame), null) : frame);
  const sending = room.send({ text: 'under way' });
  await heard.until(() => heard.posted().length === 2);
  clock.advance(5_000);
  assert.equal(client.state, 'connected', 'it waits for the answer');
  line.toClient = frame => frame;
  const waiting = reaches(client, 'waiting');
  line.inject(...held);
  await waiting;
  assert.equal((await sending).duplicate, false);
  clock.advance(0);
  await reaches(client, 'connected');
  assert.equal((await room.send({ text: 'there' })).sequence, 3);
  assert.equal(line.connections, 2);
});

test('a node that closes before that moment is left alone until then', async () => {
  const clock = new TestClock();
  const { client, line } = await ann({ clock, random: () => 0.5 });
  line.inject({ type: 'reconnect', within: 10_000 });
  clock.advance(1_000);
  const waiting = next(client, 'state');
  line.cut(1001);
  assert.equal((await waiting).retryIn, 4_000);
});

test('a subscription that is begun anew while the node goes away begins at the next', async () => {
  const clock = new TestClock();
  const { client, line, room, heard } = await ann({ clock, random: () => 0 });
  /** @type {import('./support.js').Frame[]} */ const held = [];
  line.toClient = frame => (frame.type === 'published' ? (held.push(frame), null) : frame);
  room.send({ text: 'under way' });
  await heard.until(() => heard.posted().length === 1);
  line.inject({ type: 'reconnect', within: 10_000 });
  clock.advance(0);
  const ended = room.unsubscribe();
  const level = room.subscribe();
  const waiting = reaches(client, 'waiting');
  line.toClient = frame => frame;
  line.inject(...held);
  await waiting;
  clock.advance(0);
  await Promise.all([ended, level]);

  await room.history();                                  // whatever was sent behind the subscription is answered by now
  await room.send({ text: 'there' });
  await heard.until(() => heard.posted().length === 2);
  assert.deepEqual(line.sent.map(({ type }) => type).filter(type => type.endsWith('subscribe')), ['subscribe', 'subscribe']);
});

test('a listener may connect again as soon as the client is closed', async () => {
  const { client, line, room, heard } = await ann();
  line.toServer = frame => (frame.type === 'publish' ? null : frame);
  const ended = room.send({ text: 'ended' });
  /** @type {string[]} */ const states = [];
  client.on('state', ({ state }) => states.push(state));
  const again = new Promise(resolve => {
    const off = client.on('state', () => { off(); resolve(client.connect()); });
  });
  line.cut(4403);
  line.toServer = frame => frame;
  await again;
  await assert.rejects(ended, rejectsWith('forbidden'));
  await room.send({ text: 'again' });
  await heard.until(() => heard.posted().length === 1);
  assert.deepEqual(heard.texts(), ['again']);
  assert.deepEqual(states, ['closed', 'connecting', 'connected']);
});

test('who connects again before the end was told is not told of it any more', async () => {
  const { client, line, room } = await ann();
  line.toServer = frame => (frame.type === 'publish' ? null : frame);
  room.send({ text: 'ended' });
  /** @type {string[]} */ const states = [];
  client.on('state', ({ state }) => states.push(state));
  const again = new Promise(resolve => {
    const off = room.on('pending', () => { off(); resolve(client.connect()); });
  });
  client.close();
  await again;
  assert.deepEqual(states, ['connecting', 'connected']);
});
