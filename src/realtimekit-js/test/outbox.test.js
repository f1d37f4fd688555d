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
