// Several parts of a page that use one channel, and what is kept of a channel that they have left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RealtimeClient } from '../client.js';
import { served } from './server.js';
import { next, record, rejectsWith, within } from './support.js';

const { clients } = served();
const { ann } = clients;

test('a second subscription joins the first, which is told nothing again', async () => {
  const { line, room, heard } = await ann();
  await room.send({ text: 'a' });
  await heard.until(() => heard.posted().length === 1);
  let resets = 0;
  room.on('reset', () => resets++);
  const other = record(room);
  const { sequence, version, read, epoch } = await room.subscribe({ recent: 50 });
  assert.deepEqual({ sequence, version, read, epoch }, { sequence: 1, version: 1, read: 0, epoch: room.cursor?.epoch });
  assert.equal(line.ofType('subscribe').length, 1);

  await room.unsubscribe();                              // one of the two
  assert.equal(room.subscribed, true);
  await room.send({ text: 'b' });
  await heard.until(() => heard.posted().length === 2);
  assert.deepEqual(heard.changes.map(({ kind, version: each }) => [kind, each]), [['posted', 1], ['posted', 2]]);
  assert.deepEqual(other.texts(), ['b']);
  assert.equal(resets, 0);

  await room.unsubscribe();
  assert.equal(room.subscribed, false);
  assert.equal(line.ofType('unsubscribe').length, 1);
  await room.unsubscribe();                              // nobody's any more
  assert.equal(line.ofType('unsubscribe').length, 1);
  await room.send({ text: 'c' });
  await room.history();
  assert.equal(heard.posted().length, 2);
});

test('what was told late says how it is now', async () => {
  const { room } = await ann();
  const bob = await clients.connect('bob');
  const bobsRoom = bob.channel(room.name);
  const typing = next(room, 'typing');
  bobsRoom.typing();
  await typing;
  await room.send({ text: 'a' });
  await room.markRead(1);
  const joined = await room.subscribe();
  assert.equal(joined.read, 1);
  assert.equal(joined.sequence, room.cursor?.sequence);
  assert.equal(joined.version, room.cursor?.after);
  assert.deepEqual(room.typists, ['bob']);
});

test('those that wait for one beginning share it, and one may go meanwhile', async () => {
  const { client, line } = await ann();
  const lobby = client.channel('lobby');
  const levels = [lobby.subscribe({ recent: 5 }), lobby.subscribe(), lobby.subscribe({ recent: 7 })];
  await lobby.unsubscribe();
  const [first, ...others] = await Promise.all(levels);
  for (const other of others) assert.deepEqual(other, first);
  assert.deepEqual(line.ofType('subscribe').filter(({ channel }) => channel === 'lobby').map(({ recent }) => recent), [5]);
  await lobby.unsubscribe();
  assert.equal(lobby.subscribed, true);
  await lobby.unsubscribe();
  assert.equal(lobby.subscribed, false);
});

test('it survives a lost connection for as many as there are', async () => {
  const { line, room, heard } = await ann();
  await room.subscribe();
  const again = next(room, 'subscribed');
  line.cut();
  await room.unsubscribe();
  await again;
  await room.send({ text: 'a' });
  await heard.until(() => heard.posted().length === 1);
});

test('one that the server refuses or ends is over for all', async () => {
  const ann = await clients.connect('ann');
  const bob = await clients.connect('bob');
  const room = await ann.create({ kind: 'private', members: ['bob'] });
  const bobsRoom = bob.channel(room.name);
  await Promise.all([bobsRoom.subscribe(), bobsRoom.subscribe()]);
  const revoked = next(bobsRoom, 'revoked');
  await bobsRoom.leave();
  await revoked;
  assert.equal(bobsRoom.subscribed, false);

  const lobby = bob.channel('lobby');
  const none = bob.channel('none-of-that-name');
  for (const refused of [none.subscribe(), none.subscribe()]) await assert.rejects(refused, rejectsWith('not_found'));
  await lobby.subscribe();
  await lobby.unsubscribe();
  assert.equal(lobby.subscribed, false);
});

test('a saved cursor starts over for all, and the last to go still ends it', async () => {
  const { line, room, heard } = await ann();
  await room.send({ text: 'a' });
  await heard.until(() => heard.posted().length === 1);
  let resets = 0;
  room.on('reset', () => resets++);
  await room.subscribe({ after: 0, sequence: 0 });
  assert.equal(resets, 1);
  await heard.until(() => heard.posted().length === 2);
  assert.deepEqual(heard.texts(), ['a', 'a']);
  await room.unsubscribe();
  assert.equal(line.ofType('unsubscribe').length, 0);
  await room.unsubscribe();
  assert.equal(line.ofType('unsubscribe').length, 1);
});

test('two parts that listen with one function are two listeners', async () => {
  const { room } = await ann();
  let heard = 0;
  const listener = () => { heard++; };
  const first = room.on('pending', listener);
  room.on('pending', listener);
  first();
  first();
  await room.send({ text: 'a' });
  assert.equal(heard, 2);                                // on its way, and stored
});

const MANY = 20_000;

/** A server of as many channels as one likes, to which nothing is ever posted. */
class Endless {
  bufferedAmount = 0;
  /** @type {() => void} */ onopen = () => {};
  /** @type {(event: {data: string}) => void} */ onmessage = () => {};
  constructor() { queueMicrotask(() => this.onopen()); }
  close() {}

  /** @param {string} text */
  send(text) {
    for (const line of text.split('\n')) {
      const { type, id, channel, message } = JSON.parse(line);
      const reply = {
        connect: { type: 'connected', user: 'ann', connection: 'c', node: 'n', heartbeat: 3_600_000, limits: { messageBytes: 65_536, textLength: 8_000, channels: MANY, historyPage: 200 } },
        subscribe: { type: 'subscribed', channel, epoch: 'e', version: 0, sequence: 0, read: 0 },
        publish: { type: 'published', channel, messageId: message?.id, sequence: 1, version: 1, time: '', duplicate: false },
      }[/** @type {string} */ (type)] ?? { type: 'ok' };
      queueMicrotask(() => this.onmessage({ data: JSON.stringify({ ...reply, id }) }));
    }
  }
}

setFlagsFromString('--expose-gc');
const collect = /** @type {() => void} */ (runInNewContext('gc'));

/** Whether this comes true as garbage is collected. @param {() => boolean} fits @param {() => string} what */
async function afterCollecting(fits, what) {
  for (let i = 0; i < 50 && !fits(); i++) {
    await new Promise(resolve => setImmediate(resolve));
    collect();
  }
  assert.ok(fits(), what());
}

for (const [what, use] of /** @type {[string, (channel: import('../client.js').Channel) => Promise<void>][]} */ ([
  ['subscribed to and left', async channel => {
    channel.on('change', () => {});
    const off = channel.on('reset', () => {});
    await channel.subscribe();
    await channel.unsubscribe();
    off();
  }],
  ['written to', async channel => { await channel.send({ text: 'x' }); }],
  ['listened to for a while', async channel => channel.on('change', () => {})()],
])) {
  test(`of ${MANY} channels that were ${what} nothing is kept`, async () => {
    const client = new RealtimeClient('ws://endless.example/', { webSocket: Endless });
    try {
      await client.connect();
      const begin = async (/** @type {number} */ from, /** @type {number} */ to) => {
        /** @type {WeakRef<object>[]} */ const refs = [];
        for (let i = from; i < to; i++) {
          const channel = client.channel(`channel-${i}`);
          refs.push(new WeakRef(channel));
          await use(channel);
        }
        return refs;
      };
      await within(60_000, begin(0, 1_000), () => 'the first channels');
      collect();
      const before = process.memoryUsage().heapUsed;
      let refs = await within(60_000, begin(1_000, MANY), () => 'the channels');
      await afterCollecting(() => refs.every(ref => !ref.deref()), () => `${refs.filter(ref => ref.deref()).length} channels are still reachable`);
      refs = [];
      const more = () => process.memoryUsage().heapUsed - before;
      await afterCollecting(() => more() < MANY * 20, () => `${more()} bytes more are held`);   // not even the names
    } finally {
      client.close();
    }
  });
}

test('a channel that is in use, or held, stays the same', async () => {
  const client = new RealtimeClient('ws://endless.example/', { webSocket: Endless });
  try {
    await client.connect();
    let heard = 0;
    client.channel('listened').on('subscribed', () => heard++);
    await client.channel('subscribed').subscribe();
    const held = client.channel('held');
    const left = client.channel('left');
    left.on('subscribed', () => heard++);
    await left.subscribe();
    await left.unsubscribe();
    for (let i = 0; i < 5; i++) {
      await new Promise(resolve => setImmediate(resolve));
      collect();
    }
    await client.channel('listened').subscribe();
    assert.equal(heard, 2);
    assert.equal(client.channel('subscribed').subscribed, true);
    assert.equal(client.channel('held'), held);
    assert.equal(client.channel('left'), left);
    await left.subscribe();                              // and it hears again
    assert.equal(heard, 3);
    assert.deepEqual(left.cursor, { after: 0, epoch: 'e', sequence: 0 });
  } finally {
    client.close();
  }
});
