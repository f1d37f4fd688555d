// Each change told once, whatever was lost, doubled or unknown on the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { served } from './server.js';
import { record, within } from './support.js';

const { clients } = served();
const { ann } = clients;

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
  line.toClient = frame => (frame.version === 2 && frame.type === 'event' ? { type: 'event', channel: frame.channel, version: 2, kind: 'weathered', by: 'x' } : frame);
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

test('closing while a resumed subscription is unanswered does not end it', async () => {
  for (const end of [1000, 4403, 'close']) {
    const { client, line, room, heard } = await ann();
    const bob = await clients.connect('bob');
    /** @type {any[]} */ const revoked = [];
    room.on('revoked', event => revoked.push(event));
    const asked = new Promise(resolve => {
      line.toServer = frame => (frame.type === 'subscribe' ? (resolve(frame), null) : frame);
    });
    line.cut();
    await within(20_000, asked, () => 'the second subscribe');
    if (end === 'close') client.close();
    else line.cut(/** @type {number} */ (end));
    assert.equal(client.state, 'closed', `${end}`);
    assert.deepEqual(revoked, [], `${end}`);

    await bob.channel(room.name).send({ text: 'meanwhile' });
    line.toServer = frame => frame;
    await client.connect();
    await heard.until(() => heard.posted().length > 0);
    assert.deepEqual(heard.texts(), ['meanwhile']);
  }
});

/** Ann's channel, whose cursor means nothing to the server when she comes back. */
async function resetOnReturn() {
  const { client, line, room, heard } = await ann();
  await room.send({ text: 'a' });
  await heard.until(() => heard.posted().length > 0);
  line.toServer = frame => (frame.type === 'subscribe' && frame.after !== undefined ? { ...frame, epoch: 'another' } : frame);
  return { client, line, room, heard };
}

test('a `reset` listener may end the subscription', async () => {
  const { line, room } = await resetOnReturn();
  const reset = new Promise(resolve => room.on('reset', () => resolve(room.unsubscribe())));
  line.cut();
  await within(20_000, reset, () => 'the reset');
  assert.deepEqual(line.sent.slice(-2).map(({ type }) => type), ['subscribe', 'unsubscribe']);
  await room.history();
  assert.equal(line.ofType('subscribe').length, 2);
  assert.equal(room.subscribed, false);
  assert.equal(line.ofType('unsubscribe').length, 1);
});

test('a `reset` listener may begin another subscription', async () => {
  const { line, room, heard } = await resetOnReturn();
  let resets = 0;
  const level = new Promise(resolve => room.on('reset', () => {
    resets++;
    room.unsubscribe();
    resolve(room.subscribe({ recent: 7 }));
  }));
  line.cut();
  await within(20_000, level, () => 'the other subscription');
  assert.deepEqual(line.ofType('subscribe').map(({ after, recent }) => after ?? { recent }), [{ recent: 10 }, 1, { recent: 7 }]);
  assert.equal(resets, 1);
  assert.deepEqual(heard.texts(), ['a', 'a']);
});

test('subscribing anew before anything was told voids nothing', async () => {
  const { client } = await ann();
  const other = client.channel('lobby');
  let resets = 0;
  other.on('reset', () => resets++);
  await Promise.all([other.subscribe(), other.subscribe({ recent: 1 })]);
  assert.equal(resets, 0);
});
