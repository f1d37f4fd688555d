import assert from 'node:assert/strict';
import { test } from 'node:test';
import { served } from './server.js';
import { freshChannel, Line } from './support.js';

const { clients } = served();

/** @param {import('../client/inbox.js').Inbox} inbox @param {() => boolean} wanted */
async function until(inbox, wanted) {
  while (!wanted()) await new Promise(resolve => {
    const offs = [inbox.on('change', done), inbox.on('totals', done), inbox.on('level', done)];
    function done() {
      for (const off of offs) off();
      resolve(undefined);
    }
  });
}

test('an inbox has the rows of all channels, live', async () => {
  const ann = await clients.connect('inbox-ann');
  const bob = await clients.connect('inbox-bob');
  const room = await freshChannel(ann);
  await room.join();
  await bob.channel(room.name).join();
  const inbox = bob.inbox();
  assert.equal(inbox, bob.inbox());
  await inbox.open();
  assert.ok(inbox.level);
  assert.equal(inbox.row(room.name)?.unread, 0);
  /** @type {any[]} */ const changes = [];
  inbox.on('change', change => changes.push(change));
  const before = inbox.unread;
  await room.send({ text: 'hello', mentions: ['inbox-bob'] });
  await until(inbox, () => inbox.row(room.name)?.unread === 1 && inbox.unread === before + 1);
  assert.equal(inbox.rows[0].channel, room.name);
  assert.equal(inbox.row(room.name)?.last?.text, 'hello');
  assert.equal(inbox.row(room.name)?.mentions, 1);
  assert.ok(changes.some(({ rows }) => rows[0].channel === room.name));

  await bob.channel(room.name).prefer({ notify: 'none', pinned: true });
  await until(inbox, () => inbox.row(room.name)?.pinned === true && inbox.unread === before);
  await bob.channel(room.name).markRead(1);
  await until(inbox, () => inbox.row(room.name)?.unread === 0);
  await bob.channel(room.name).leave();
  await until(inbox, () => !inbox.row(room.name));
  await inbox.close();
  assert.deepEqual(inbox.rows, []);
  await inbox.open();
  assert.equal(inbox.row(room.name), undefined);
});

test('an inbox goes on after a lost connection', async () => {
  const ann = await clients.connect('inbox-cid');
  const room = await freshChannel(ann);
  await room.join();
  const line = new Line();
  const dan = await clients.connect('inbox-dan', { line });
  await dan.channel(room.name).join();
  const inbox = dan.inbox();
  await inbox.open();
  line.cut();
  await room.send({ text: 'while away' });
  await until(inbox, () => inbox.row(room.name)?.unread === 1);
  assert.ok(inbox.level);
});
