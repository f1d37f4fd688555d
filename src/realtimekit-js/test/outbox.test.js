// Messages sent while lines are cut and servers killed: none lost, none doubled, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { served } from './server.js';
import { freshChannel, Line, reaches, record, within } from './support.js';

const { server, clients } = served();
const { ann, stored } = clients;

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
  line.toClient = frame => (['published', 'event'].includes(frame.type) && frame.version > 1 ? null : frame);
  const sendings = ['a', 'b', 'c', 'd'].map(text => room.send({ text }));
  await within(20_000, (async () => { while ((await stored(room.name)).length < 4); })(), () => 'the server to store them');
  line.toClient = frame => frame;
  line.cut();

  const published = await Promise.all(sendings);
  assert.deepEqual(published.map(({ sequence, duplicate }) => [sequence, duplicate]), [[1, false], [2, true], [3, true], [4, true]]);
  assert.deepEqual(line.ofType('publish').map(({ message }) => message.id), [...sendings, ...sendings.slice(1)].map(({ id }) => id));
  await heard.until(() => heard.posted().length === 4);
  assert.deepEqual(heard.texts(), ['a', 'b', 'c', 'd']);
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

test('a message that was refused is not overtaken by one sent before that was known', async () => {
  const { line, room } = await ann();
  /** @type {number[]} */ const refused = [];
  line.toServer = frame => {
    if (frame.type !== 'publish' || refused.length) return frame;
    refused.push(frame.id);                              // and the answer is long on its way: the server waits for this client no more
    return null;
  };
  const sendings = ['a', 'b', 'c'].map(text => room.send({ text }));
  await room.history();
  line.inject({ type: 'error', id: refused[0], code: 'unavailable', message: 'Not now.', retryAfter: 1 });
  const published = await Promise.all(sendings);
  assert.deepEqual(published.map(({ sequence }) => sequence), [1, 2, 3]);
  assert.deepEqual(line.ofType('publish').map(({ message }) => message.text), ['a', 'a', 'b', 'c']);
});

test('what gathers while messages are under way leaves as one, which the server has as a whole', async () => {
  const { line, room } = await ann();
  const texts = Array.from({ length: 150 }, (_, i) => `${i}`);
  await Promise.all(texts.map(text => room.send({ text })));
  assert.deepEqual((await stored(room.name)).map(({ text }) => text), texts);
  assert.deepEqual(line.messages.filter(([{ type }]) => type === 'publish').map(({ length }) => length), [1, 64, 64, 21]);
});

test('large messages leave in as many as the server takes', async () => {
  const { client, line, room } = await ann();
  const texts = Array.from({ length: 40 }, (_, i) => `${i} ${'€'.repeat(7_900)}`);
  await Promise.all(texts.map(text => room.send({ text })));
  assert.deepEqual((await stored(room.name)).map(({ text }) => text), texts);
  assert.equal(client.state, 'connected');
  assert.equal(line.connections, 1);
  assert.ok(line.messages.every(frames => Buffer.byteLength(frames.map(frame => JSON.stringify(frame)).join()) < 1_048_576));
});

test('a page that closes the client amid a window is not disturbed', async () => {
  const { client, line, room } = await ann();
  line.toServer = frame => (frame.type === 'publish' ? null : frame);
  const sendings = [room.send({ text: 'a' }), room.send({ text: 'b' }), room.send({ data: 'x'.repeat(70_000) }), room.send({ text: 'c' })];
  const refused = new Promise(resolve => {
    const off = room.on('pending', pending => {
      if (pending.some(({ id }) => id === sendings[2].id)) return;
      off();
      resolve(client.close());
    });
  });
  line.inject({ type: 'published', id: line.sent.at(-1)?.id, channel: room.name, messageId: sendings[0].id, sequence: 1, version: 1, time: '', duplicate: false });
  await refused;
  const ends = await Promise.allSettled(sendings);
  assert.deepEqual(ends.map(end => (end.status === 'rejected' ? end.reason.code : end.value.sequence)), [1, 'closed', 'too_large', 'closed']);
  line.toServer = frame => frame;
  await client.connect();
  assert.equal((await room.send({ text: 'd' })).sequence, 1);
});
