import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { RealtimeClient } from '../client.js';
import { Server } from './server.js';
import { clientsOf, freshChannel, Line, next, record, rejectsWith, TestClock, within } from './support.js';

const server = new Server();
const clients = clientsOf(server);
before(() => server.start());
afterEach(() => clients.closeAll());
after(() => server.remove());

/** Ann in a channel of her own, over a line that can be meddled with. @param {import('../client.js').ClientOptions} [options] */
async function ann(options) {
  const line = new Line();
  const client = await clients.connect('ann', { line, ...options });
  const room = await freshChannel(client);
  const heard = record(room);
  await room.subscribe({ recent: 10 });
  return { client, line, room, heard };
}

/** @param {RealtimeClient} client @param {string} state */
const reaches = (client, state) => (client.state === state ? Promise.resolve() : next(client, 'state', change => change.state === state));

/** What the server holds, asked over a connection of its own. @param {string} channel */
async function stored(channel) {
  const reader = await clients.connect('reader');
  const { messages } = await reader.channel(channel).history({ limit: 200 });
  reader.close();
  return messages;
}

test('a killed server loses nothing, doubles nothing and keeps the order', async () => {
  const { client, room, heard } = await ann();
  const bob = await clients.connect('bob');
  const bobHeard = record(bob.channel(room.name));
  await bob.channel(room.name).subscribe({ recent: 10 });

  const texts = Array.from({ length: 120 }, (_, i) => `m${i}`);
  const sendings = texts.slice(0, 60).map(text => room.send({ text }));
  await sendings[20];
  await server.kill();                                   // with some stored, some under way, some still here
  await reaches(client, 'waiting');
  sendings.push(...texts.slice(60).map(text => room.send({ text })));
  assert.ok(room.pending.length >= 60);
  await server.start();

  const published = await within(30_000, Promise.all(sendings), () => 'all to be stored');
  assert.deepEqual(published.map(({ sequence }) => sequence), texts.map((_, i) => i + 1));
  assert.deepEqual((await stored(room.name)).map(({ text }) => text), texts);
  for (const reader of [heard, bobHeard]) {
    await reader.until(() => reader.posted().length >= texts.length);
    assert.deepEqual(reader.texts(), texts);
  }
});

test('lines that are cut again and again lose nothing, double nothing and keep each sender\'s order', async () => {
  const lines = [new Line(), new Line()];
  const names = ['ann', 'bob'];
  const both = await Promise.all(names.map((name, i) => clients.connect(name, { line: lines[i] })));
  const { name } = await freshChannel(both[0]);
  const heard = both.map(client => record(client.channel(name)));
  await Promise.all(both.map(client => client.channel(name).subscribe({ recent: 10 })));

  let frames = 0;
  let cuts = 0;
  for (const line of lines) {
    line.toClient = frame => {
      if (cuts < 20 && ++frames % 23 === 0) {            // amid a batch: what follows in it is lost with the line
        cuts++;
        line.cut();
      }
      return frame;
    };
  }
  const texts = names.map(sender => Array.from({ length: 150 }, (_, i) => `${sender} ${i}`));
  const published = await within(30_000, Promise.all(both.flatMap((client, i) => texts[i].map(text => client.channel(name).send({ text })))), () => 'all to be stored');
  assert.equal(cuts, 20);
  assert.equal(new Set(published.map(({ sequence }) => sequence)).size, 300);

  for (const reader of heard) {
    await reader.until(() => reader.posted().length >= 300);
    assert.equal(reader.posted().length, 300);
    const inOrder = reader.posted().sort((a, b) => a.sequence - b.sequence);
    assert.deepEqual(inOrder.map(({ sequence }) => sequence), Array.from({ length: 300 }, (_, i) => i + 1));
    names.forEach((sender, i) => assert.deepEqual(inOrder.filter(({ message }) => message?.sender === sender).map(({ message }) => message?.text), texts[i]));
  }
});

test('what was stored but not acknowledged is sent again with the same id and stored once', async () => {
  const { line, room, heard } = await ann();
  line.toClient = frame => (frame.type === 'published' || frame.type === 'event' ? null : frame);
  const sendings = ['a', 'b', 'c'].map(text => room.send({ text }));
  await within(20_000, (async () => { while ((await stored(room.name)).length < 3); })(), () => 'the server to store them');
  line.toClient = frame => frame;
  line.cut();

  const published = await Promise.all(sendings);
  assert.deepEqual(published.map(({ sequence, duplicate }) => [sequence, duplicate]), [[1, true], [2, true], [3, true]]);
  assert.deepEqual(line.ofType('publish').map(({ message }) => message.id), [...sendings, ...sendings].map(({ id }) => id));
  await heard.until(() => heard.posted().length === 3);
  assert.deepEqual(heard.texts(), ['a', 'b', 'c']);
});

test('a refused message and those behind it are sent again in order', async () => {
  for (const code of ['unavailable', 'rate_limited']) {
    const { line, room } = await ann();
    let refusals = 0;
    let first = '';
    line.toServer = frame => {
      if (frame.type !== 'publish') return frame;
      if (frame.message.text === 'b') first = frame.message.id;
      // As a server does: from the first that it cannot store, all that it has received.
      if (!first || refusals >= 4) return frame;
      refusals++;
      queueMicrotask(() => line.inject({ type: 'error', id: frame.id, code, message: 'Not now.', retryAfter: 5 }));
      return null;
    };
    const published = await Promise.all(['a', 'b', 'c', 'd'].map(text => room.send({ text })));
    assert.equal(refusals, 4);
    assert.deepEqual(published.map(({ sequence }) => sequence), [1, 2, 3, 4]);
    assert.deepEqual(line.ofType('publish').map(({ message }) => message.text), ['a', 'b', 'c', 'd', 'b', 'b', 'c', 'd']);
    assert.deepEqual((await stored(room.name)).map(({ text }) => text), ['a', 'b', 'c', 'd']);
  }
});

test('a lost event is fetched, a doubled one dropped', async () => {
  const { line, room, heard } = await ann();
  const bob = await clients.connect('bob');
  const bobsRoom = bob.channel(room.name);
  let dropped = 0;
  line.toClient = frame => {
    if (frame.type !== 'event') return frame;
    if (frame.version === 2) return dropped++, null;
    return frame.version === 3 ? frame : [frame, frame];
  };
  for (const text of ['a', 'b', 'c', 'd']) await bobsRoom.send({ text });
  await heard.until(() => heard.posted().length >= 4);
  await bobsRoom.send({ text: 'e' });
  await heard.until(() => heard.posted().length >= 5);
  assert.equal(dropped, 1);
  assert.deepEqual(heard.texts(), ['a', 'b', 'c', 'd', 'e']);
  assert.equal(heard.changes.length, 5);
  assert.deepEqual(line.ofType('subscribe').map(({ after }) => after), [undefined, 1]);
});

test('what this client does not know is ignored, but its version counts', async () => {
  const { line, room, heard } = await ann();
  line.toClient = frame => (frame.version === 2 && frame.type === 'event' ? { type: 'event', channel: frame.channel, version: 2, kind: 'pinned', by: 'x' } : frame);
  line.inject({ type: 'weather', channel: room.name, rain: true }, { type: 'weather' });
  for (const text of ['a', 'b', 'c']) await room.send({ text });
  await heard.until(changes => changes.length >= 2);
  assert.deepEqual(heard.texts(), ['a', 'c']);
  assert.equal(room.cursor?.after, 3);
  assert.equal(line.ofType('subscribe').length, 1);
});

test('what was on its way when a subscription ended is not told', async () => {
  const { line, room, heard } = await ann();
  const ending = room.unsubscribe();
  const message = { id: 'x', channel: room.name, sequence: 1, version: 1, sender: 'bob', time: '', text: 'late' };
  line.inject({ type: 'event', channel: room.name, version: 1, kind: 'posted', message });
  line.inject({ type: 'changes', channel: room.name, version: 1, messages: [message], more: false });
  await ending;
  assert.equal(heard.changes.length, 0);
});

test('without a connection reads wait and changes fail', async () => {
  const { client, line, room } = await ann();
  await room.send({ text: 'a' });
  line.toServer = frame => (['history', 'edit'].includes(frame.type) ? null : frame);
  const history = room.history();
  const edit = room.edit(1, { text: 'b' });
  line.cut();
  await assert.rejects(edit, rejectsWith('disconnected'));
  assert.equal(client.state, 'waiting');
  await assert.rejects(room.react(1, 'x'), rejectsWith('disconnected'));
  line.toServer = frame => frame;
  assert.deepEqual((await history).messages.map(({ text }) => text), ['a']);
});

test('the queue is bounded', async () => {
  const line = new Line();
  const client = await clients.connect('ann', { line, queueLimit: 3, backoffBase: 60_000, backoffCap: 60_000, random: () => 0.9 });
  const room = await freshChannel(client);
  line.cut();
  const sendings = ['a', 'b', 'c'].map(text => room.send({ text }));
  await assert.rejects(room.send({ text: 'd' }), rejectsWith('queue_full'));
  const reads = [1, 2, 3].map(() => room.history());
  await assert.rejects(room.history(), rejectsWith('queue_full'));
  client.connect();                                      // does not wait for the minute to pass
  assert.deepEqual((await Promise.all(sendings)).map(({ sequence }) => sequence), [1, 2, 3]);
  await Promise.all(reads);
  await room.send({ text: 'e' });
});

test('closing rejects what is pending, and connecting again resumes', async () => {
  const { client, line, room, heard } = await ann();
  line.toServer = frame => (['publish', 'history', 'edit'].includes(frame.type) ? null : frame);
  const pending = [room.send({ text: 'a' }), room.history(), room.edit(1, {}), client.channel('lobby').subscribe()];
  client.close();
  for (const promise of pending) await assert.rejects(promise, rejectsWith('closed'));
  for (const promise of [room.send({ text: 'b' }), room.history(), room.subscribe()]) await assert.rejects(promise, rejectsWith('closed'));
  assert.deepEqual(room.pending, []);

  line.toServer = frame => frame;
  await client.connect();
  line.cut();                                            // what waits for a connection is rejected as well
  const waiting = [room.send({ text: 'b' }), room.history()];
  client.close();
  for (const promise of waiting) await assert.rejects(promise, rejectsWith('closed'));
  assert.deepEqual(room.pending, []);

  await client.connect();
  await room.send({ text: 'c' });
  await heard.until(() => heard.posted().length >= 1);
  assert.deepEqual(heard.texts(), ['c']);
});

test('what is larger than the server takes is refused here', async () => {
  const { line, room } = await ann();
  const { length } = line.sent;
  await assert.rejects(room.send({ text: 'ä'.repeat(40_000) }), rejectsWith('too_large'));   // fewer than 65,536 characters, more bytes
  await assert.rejects(room.history({ limit: 1, .../** @type {any} */ ({ note: 'x'.repeat(70_000) }) }), rejectsWith('too_large'));
  assert.throws(() => room.signal('big', 'x'.repeat(70_000)), rejectsWith('too_large'));
  assert.equal(line.sent.length, length);
});

test('a message too big for the server closes the line once and is never sent again', async () => {
  const { client, line, room } = await ann();
  // The client is made to believe that the server takes more than it does.
  line.toClient = frame => (frame.type === 'connected' ? { ...frame, limits: { ...frame.limits, messageBytes: 10_000_000 } } : frame);
  line.cut();
  await reaches(client, 'connected');
  const huge = room.send({ data: 'x'.repeat(1_200_000) });
  const small = room.send({ text: 'small' });
  await assert.rejects(huge, rejectsWith('too_large'));
  assert.equal((await small).sequence, 1);
  assert.equal(line.ofType('publish').filter(({ message }) => message.id === huge.id).length, 1);
  assert.equal(line.connections, 3);
});

test('a frame that the server cannot read closes the client for good', async () => {
  const { client, line, room } = await ann();
  line.toServer = frame => (frame.type === 'publish' ? '{"type":' : frame);
  const sending = room.send({ text: 'garbled' });
  await assert.rejects(sending, rejectsWith('invalid'));
  assert.equal(client.state, 'closed');
  assert.equal(client.error?.code, 'invalid');

  line.toServer = frame => frame;
  await client.connect();
  await room.send({ text: 'next' });
  assert.equal(line.ofType('publish').filter(({ message }) => message.id === sending.id).length, 1);
});

test('close codes decide whether it comes back', async () => {
  for (const code of [1000, 4401, 4403]) {
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
  const signedOut = new RealtimeClient(new URL('/realtime', server.url), { webSocket: new Line().webSocket });
  await assert.rejects(signedOut.connect(), rejectsWith('unauthenticated'));
  assert.equal(signedOut.state, 'closed');

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

test('pauses grow with full jitter up to the cap, and start over once connected', async () => {
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
  assert.equal(pauses.at(-1), 250);
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

test('`recent` that is cut off midway starts over', async () => {
  const { client, line, room } = await ann();
  for (const text of ['a', 'b', 'c']) await room.send({ text });
  await room.unsubscribe();
  let resets = 0;
  room.on('reset', () => resets++);
  const again = record(room);
  let pages = 0;
  line.toClient = frame => {
    if (frame.type !== 'changes' || pages++) return frame;
    queueMicrotask(() => line.cut());
    return { ...frame, messages: frame.messages.slice(0, 2), more: true };
  };
  const level = await room.subscribe({ recent: 10 });
  assert.equal(level.sequence, 3);
  assert.equal(resets, 1);
  assert.deepEqual(again.texts(), ['a', 'b', 'a', 'b', 'c']);
  assert.equal(client.state, 'connected');
});

test('a change between two pages of `recent` is not missed', async () => {
  const { line, room } = await ann();
  const bob = await clients.connect('bob');
  for (const text of ['a', 'b']) await room.send({ text });
  await room.unsubscribe();
  const again = record(room);
  line.toClient = frame => {
    if (frame.type !== 'changes') return frame;
    line.toClient = other => other;
    // The first page as it was read before b was posted, the second after.
    return [{ ...frame, messages: frame.messages.slice(0, 1), version: 1, more: true }, { ...frame, messages: frame.messages.slice(1) }];
  };
  await room.subscribe({ recent: 10 });
  assert.equal(line.ofType('subscribe').at(-1)?.after, 1);
  await bob.channel(room.name).send({ text: 'c' });
  await again.until(() => again.posted().length >= 3);
  assert.deepEqual(again.texts(), ['a', 'b', 'c']);
});
