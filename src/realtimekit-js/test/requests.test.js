// What becomes of requests when there is no connection, and of those that the server does not take.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { served } from './server.js';
import { freshChannel, Line, reaches, rejectsWith, within } from './support.js';

const { clients } = served();
const { ann } = clients;

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
  const { messages } = await within(20_000, history, () => 'the history');
  assert.deepEqual(messages.map(({ text }) => text), ['a']);
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

test('what cannot be written as JSON is refused alone', async () => {
  const { client, line, room } = await ann();
  const unwritable = /** @type {any} */ ({ before: 5n });
  await assert.rejects(room.history(unwritable), rejectsWith('invalid'));

  line.cut();
  const waiting = [room.history(), room.history(unwritable), room.presence()];
  await reaches(client, 'connected');
  const ends = await within(20_000, Promise.allSettled(waiting), () => 'the reads');
  assert.deepEqual(ends.map(end => (end.status === 'rejected' ? end.reason.code : 'told')), ['told', 'invalid', 'told']);
});

test('a line that is no frame ends the connection, and what it held up is asked again', async () => {
  for (const rubbish of [null, 5, 'x', []]) {
    const { client, line, room } = await ann();
    const history = room.history();
    line.inject({ type: 'weather' }, /** @type {any} */ (rubbish), { type: 'weather' });
    assert.equal(client.state, 'waiting', JSON.stringify(rubbish));
    await within(20_000, history, () => 'the history');
    assert.equal(line.connections, 2);
  }
});
