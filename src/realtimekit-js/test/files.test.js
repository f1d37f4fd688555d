// Files: the client's own uploads, and those of an independent client of tus, against the real server.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as tus from 'tus-js-client';
import { served } from './server.js';
import { freshChannel, within } from './support.js';

const { server, clients } = served();

/** @param {string} cookie @param {(url: string, init: RequestInit) => Promise<void>|void} [before] Called before each request. */
const fetchWith = (cookie, before) => async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
  await before?.(url, init);
  return fetch(url, { ...init, headers: { ...init.headers, Cookie: cookie } });
};

/** @param {number} count @returns {Uint8Array<ArrayBuffer>} */
const random = count => new Uint8Array(randomBytes(count));

test('a file is sent with a message, with progress, and read by another user', async () => {
  const cookie = await server.signIn('ann');
  const ann = await clients.connect('ann', { fetch: fetchWith(cookie) });
  assert.ok(ann.features.includes('files'));
  const room = await freshChannel(ann);
  const bytes = random(2_500_000);
  /** @type {number[]} */ const told = [];
  const published = await room.sendFile(new File([bytes], 'plän.bin'), { text: 'look', onProgress: ({ sent, total }) => { assert.equal(total, bytes.length); told.push(sent); } });
  assert.equal(published.sequence, 1);
  assert.deepEqual(told, [0, 1_048_576, 2_097_152, bytes.length]);

  const bob = await clients.connect('bob', { fetch: fetchWith(await server.signIn('bob')) });
  const { messages: [message] } = await bob.channel(room.name).history();
  const [{ file, ...rest }] = /** @type {any[]} */ (message.attachments);
  assert.deepEqual(rest, { name: 'plän.bin', type: 'application/octet-stream', size: bytes.length });
  const reply = await bob.download(file);
  assert.deepEqual(new Uint8Array(await reply.arrayBuffer()), bytes);
  await assert.rejects(room.send({ attachments: [{ file }] }), { code: 'invalid' });
  await room.delete(1);
  await assert.rejects(bob.download(file), { code: 'not_found' });
});

test('an upload goes on after lost requests, lost answers and a crash of the server', async () => {
  const cookie = await server.signIn('ann');
  let patches = 0;
  const fetch = fetchWith(cookie, async (_, { method }) => {
    if (method !== 'PATCH') return;
    patches++;
    if (patches === 1) throw new TypeError('network lost');
    if (patches === 3) {
      await server.kill();
      await server.start();
    }
  });
  /** The answer of one piece is lost. @param {string} url @param {RequestInit} init */
  const lossy = async (url, init) => {
    const reply = await fetch(url, init);
    if (init.method === 'PATCH' && patches === 2) throw new TypeError('answer lost');
    return reply;
  };
  const ann = await clients.connect('ann', { fetch: lossy });
  const room = await freshChannel(ann);
  const bytes = random(3_000_000);
  const id = await within(60_000, room.upload(new Blob([bytes]), { name: 'big' }), () => 'the upload');
  const reply = await ann.download(id);
  assert.deepEqual(new Uint8Array(await reply.arrayBuffer()), bytes);
  assert.ok(patches >= 4);
});

test('an upload that the server refuses, or that is given up, rejects', async () => {
  const ann = await clients.connect('ann', { fetch: fetchWith(await server.signIn('ann')) });
  const room = await freshChannel(ann);
  await assert.rejects(ann.channel('no-such-channel').upload(new Blob(['x'])), { code: 'not_found' });
  const given = new AbortController();
  const upload = room.upload(new Blob([random(3_000_000)]), { signal: given.signal, onProgress: ({ sent }) => { if (sent) given.abort(); } });
  await assert.rejects(upload, { code: 'closed' });
  const nobody = await clients.connect('eve', { fetch: globalThis.fetch });
  await assert.rejects(nobody.channel(room.name).upload(new Blob(['x'])), { code: 'unauthenticated' });
});

test('tus-js-client uploads, resumes and terminates', async () => {
  const cookie = await server.signIn('ann');
  const ann = await clients.connect('ann', { fetch: fetchWith(cookie) });
  const room = await freshChannel(ann);
  const bytes = random(1_000_000);
  const options = { endpoint: `${server.url}/realtime/files`, chunkSize: 300_000, headers: { Cookie: cookie }, metadata: { filename: 'a.bin', filetype: 'application/x-a', channel: room.name }, retryDelays: [10, 100] };

  /** @param {tus.UploadOptions} more @returns {Promise<tus.Upload>} */
  const run = more => within(20_000, new Promise((resolve, reject) => {
    const upload = new tus.Upload(Buffer.from(bytes), { ...options, ...more, onError: reject, onSuccess: () => resolve(upload) });
    upload.start();
  }), () => 'tus-js-client');

  const whole = await run({});
  const id = /** @type {string} */ (/** @type {string} */ (whole.url).split('/').pop());
  assert.deepEqual(new Uint8Array(await (await ann.download(id)).arrayBuffer()), bytes);

  const half = await within(20_000, new Promise((resolve, reject) => {
    const upload = new tus.Upload(Buffer.from(bytes), { ...options, onError: reject, onChunkComplete: () => { void upload.abort().then(() => resolve(upload)); } });
    upload.start();
  }), () => 'the first piece');
  const resumed = await run({ uploadUrl: half.url });
  assert.equal(resumed.url, half.url);
  const again = /** @type {string} */ (/** @type {string} */ (half.url).split('/').pop());
  assert.deepEqual(new Uint8Array(await (await ann.download(again)).arrayBuffer()), bytes);

  await tus.Upload.terminate(/** @type {string} */ (whole.url), { headers: { Cookie: cookie } });
  await assert.rejects(ann.download(id), { code: 'not_found' });
});
