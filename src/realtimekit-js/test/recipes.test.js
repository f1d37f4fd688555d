// What a page copies from the docs, or shares with the sample, does what is said there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Emitter } from '../client/emitter.js';
import { served } from './server.js';
import { freshChannel, Line, next } from './support.js';

const { clients } = served();
const root = new URL('../../../', import.meta.url);

/** The JavaScript snippet of a page that has this in it. @param {string} page @param {string} part */
function snippet(page, part) {
  const codes = [...readFileSync(new URL(page, root), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(match => match[1]);
  const code = codes.find(text => text.includes(part));
  assert.ok(code, `${page} has no snippet with ${part}`);
  return code;
}

test('what a page keeps in sessionStorage survives the end of the client', async () => {
  /** @type {Map<string, string>} */ const kept = new Map();
  const sessionStorage = { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value) };
  const recipe = new Function('client', 'lobby', 'sessionStorage', snippet('docs/delivery-guarantees.md', 'sessionStorage'));
  const unsent = () => JSON.parse(kept.get('unsent:ann') ?? '[]').map((/** @type {any} */ { content }) => content.text);

  const line = new Line();
  const client = await clients.connect('ann', { line });
  const room = await freshChannel(client);
  recipe(client, room, sessionStorage);
  line.toServer = frame => (frame.type === 'publish' ? null : frame);
  for (const text of ['a', 'b']) room.send({ text });
  assert.deepEqual(unsent(), ['a', 'b']);
  line.cut(4403);
  assert.equal(client.state, 'closed');
  assert.deepEqual(unsent(), ['a', 'b']);

  const bob = await clients.connect('bob');              // the next to sign in in this tab
  recipe(bob, bob.channel(room.name), sessionStorage);
  assert.deepEqual(bob.channel(room.name).pending, []);
  assert.deepEqual(unsent(), ['a', 'b']);

  const reloaded = await clients.connect('ann');
  const again = reloaded.channel(room.name);
  recipe(reloaded, again, sessionStorage);
  await again.send({ text: 'c' });
  assert.deepEqual((await clients.stored(room.name)).map(({ text }) => text), ['a', 'b', 'c']);
  assert.deepEqual(unsent(), []);
});

for (const page of ['src/realtimekit-js/README.md', 'docs/from-socketio.md']) {
  test(`the example of ${page} passes over changes of messages that it does not hold`, () => {
    const listener = /lobby\.on\('change', (.*?^\})\);$/ms.exec(snippet(page, "lobby.on('change'"))?.[1];
    const messages = new Map();
    const hear = new Function('messages', `return ${listener}`)(messages);
    const message = (/** @type {number} */ sequence, /** @type {string} */ text) => ({ sequence, text });
    hear({ kind: 'posted', sequence: 5, message: message(5, 'a') });
    hear({ kind: 'reacted', sequence: 4, reactions: { x: { count: 1, users: ['bob'] } } });
    hear({ kind: 'edited', sequence: 3, message: message(3, 'older') });
    hear({ kind: 'edited', sequence: 5, message: message(5, 'b') });
    hear({ kind: 'reacted', sequence: 5, reactions: {} });
    assert.deepEqual([...messages.values()], [{ sequence: 5, text: 'b', reactions: {} }]);
  });
}

test('parts of a page that share a room see the same, whoever comes first and goes last', async () => {
  const line = new Line();
  const room = await freshChannel(await clients.connect('ann', { line }));
  await Promise.all(['a', 'b'].map(text => room.send({ text })));
  const { watch, list } = new Function('channel', `${snippet('src/realtimekit-js/README.md', 'useSyncExternalStore')}\nreturn makeRoom(channel);`)(room);
  const texts = () => list().map((/** @type {any} */ { text }) => text);
  const asked = () => line.ofType('subscribe').map(({ recent, after }) => ({ recent, after }));
  const watched = () => {
    /** @type {string[][]} */ const seen = [];
    return { seen, end: watch(() => seen.push(texts())) };
  };
  const strict = watched();                              // as React's StrictMode does: begun, ended, begun
  strict.end();
  const first = watched();
  await next(room, 'subscribed');
  assert.deepEqual(texts(), ['a', 'b']);
  const second = watched();
  assert.equal(list(), list());
  const change = next(room, 'change');
  await room.send({ text: 'c' });
  await change;
  assert.deepEqual(first.seen.at(-1), ['a', 'b', 'c']);
  assert.deepEqual(second.seen, [['a', 'b', 'c']]);

  first.end();
  first.end();
  assert.equal(room.subscribed, true);
  second.end();
  assert.equal(room.subscribed, false);
  await room.send({ text: 'd' });
  const third = watched();
  await next(room, 'subscribed');
  assert.deepEqual(third.seen.at(-1), ['a', 'b', 'c', 'd']);
  assert.deepEqual(asked(), [{ recent: 50, after: undefined }, { recent: 50, after: undefined }, { recent: undefined, after: 3 }]);
});

test('in a new life of a channel the sample reads from the beginning', async () => {
  const { Room } = await import(new URL('samples/QuickStart/wwwroot/room.js', root).href);
  const channel = Object.assign(new Emitter(), { pending: [], typists: [], presence: async () => [] });
  const room = new Room({ user: 'ann', channel: () => channel, inbox: () => ({ row: () => undefined }) }, 'lobby', () => {});
  channel.emit('subscribed', { sequence: 10, read: 0 });
  assert.equal(room.read, 10, 'whoever comes for the first time has missed nothing');
  channel.emit('reset', {});
  channel.emit('change', { kind: 'posted', sequence: 1, version: 1, message: { id: 'x', sequence: 1, sender: 'bob', text: 'new' } });
  channel.emit('subscribed', { sequence: 1, read: 0 });
  assert.equal(room.read, 0);
});
