// What the application shows of users, and what changes of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { served } from './server.js';
import { reaches, within } from './support.js';

const { clients } = served();
const { ann } = clients;

/** The server of these tests knows no users: the line answers in its place. @param {any} line @param {Map<string, any>} known */
function answers(line, known) {
  const { toServer } = line;
  line.toServer = (/** @type {any} */ frame) => {
    if (frame.type !== 'users') return toServer(frame);
    const users = frame.users.filter((/** @type {string} */ name) => known.has(name)).map((/** @type {string} */ name) => ({ user: name, ...known.get(name) }));
    queueMicrotask(() => line.inject({ type: 'users', id: frame.id, users }, ...(known.get('behind') ?? [])));
    return null;
  };
}

test('users are asked for, and changes are told', async () => {
  const { client, line } = await ann();
  const known = new Map([['17', { name: 'Ann Lee', avatar: '/17.png', data: { team: 1 } }]]);
  answers(line, known);
  /** @type {import('../client.js').User[]} */ const told = [];
  client.on('user', user => told.push(user));
  assert.deepEqual(await client.users(['17', '18']), [{ user: '17', name: 'Ann Lee', avatar: '/17.png', data: { team: 1 } }]);
  line.inject({ type: 'user', user: '17', name: 'Other' });
  assert.deepEqual(told, [{ user: '17', name: 'Other', avatar: undefined, data: undefined }]);
});

test('the server that knows nobody answers with none', async () => {
  const { client } = await ann();
  assert.deepEqual(await client.users(['17']), []);
});

test('a change behind the reply, in the same batch, is newer than the reply', async () => {
  const { client, line } = await ann();
  answers(line, new Map(Object.entries({ 17: { name: 'Old' }, behind: [{ type: 'user', user: '17', name: 'New' }] })));
  assert.deepEqual((await client.users(['17'])).map(({ name }) => name), ['New']);
});

test('a new connection asks again for the thousand asked for last, and tells what is news', async () => {
  const { client, line } = await ann();
  const known = new Map([['17', { name: 'Ann' }], ['18', { name: 'Bob' }], ['x0', { name: 'Cid' }]]);
  answers(line, known);
  const names = Array.from({ length: 999 }, (_, i) => `x${i}`);
  await client.users(['17', '18']);
  for (let first = 0; first < names.length; first += 200) await client.users(names.slice(first, first + 200));
  /** @type {import('../client.js').User[]} */ const told = [];
  client.on('user', user => told.push(user));
  line.sent.length = 0;
  known.set('17', { name: 'Forgotten' }).set('18', { name: 'Rob' });
  line.cut();
  await within(20_000, reaches(client, 'connected'), () => 'the connection');
  await within(20_000, (async () => { while (!told.length) await new Promise(done => { setTimeout(done, 5); }); })(), () => 'the news');
  assert.deepEqual(told.map(({ user, name }) => [user, name]), [['18', 'Rob']]);
  assert.deepEqual(line.ofType('users').flatMap(({ users }) => users), ['18', ...names]);
});
