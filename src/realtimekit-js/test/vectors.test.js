// The protocol's test vectors, read by a second, independent reader: what they say must not depend on who runs them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { messageId } from '../client.js';
import { Server } from './server.js';
import { within } from './support.js';

const path = fileURLToPath(new URL('../../../docs/protocol-vectors.json', import.meta.url));
const { format, vectors } = JSON.parse(readFileSync(path, 'utf8'));
const PASSED_OVER = new Set(['ping', 'member', 'signal']);

const server = new Server();
before(() => server.start());
after(() => server.remove());

test('the vectors are there, in the form this reads', () => {
  assert.equal(format, 1);
  assert.ok(vectors.length > 0);
});

for (const [number, vector] of vectors.entries()) {
  test(`vector: ${vector.name}`, async () => {
    const user = `vector-${process.pid}-${number}`;
    const cookie = await server.signIn(user);
    /** @type {Record<string, any>} */
    const names = { user, none: `none-${user}`, channel: `channel-${user}` };
    for (let i = 1; i <= 5; i++) names[`id${i}`] = messageId();
    if (vector.needs === 'create') {
      const owner = await connect(cookie);
      await owner.step({ send: [{ type: 'connect', id: 1 }, { type: 'create', id: 2, kind: 'public', channel: names.channel }], expect: [{ type: 'connected' }, { type: 'ok', id: 2 }] }, names);
      owner.close();
    }
    const peer = await connect(vector.start === 'anonymous' ? '' : cookie);
    const started = vector.start ?? 'connected';
    if (started === 'connected') await peer.step({ send: [{ type: 'connect', id: 4_000_000_001 }], expect: [{ type: 'connected' }] }, names);
    for (const step of vector.steps) await peer.step(step, names);
    if (vector.steps.at(-1).close === undefined) await peer.step({ send: [{ type: 'ping', id: 4_000_000_002 }], expect: [{ type: 'ok', id: 4_000_000_002 }] }, names);
    peer.close();
    assert.deepEqual(peer.frames, [], 'frames that nothing expected');
  });
}

/** @param {string} cookie */
async function connect(cookie) {
  const socket = new WebSocket(new URL('/realtime', server.url.replace('http', 'ws')), ['realtimekit.v1.json'], { headers: cookie ? { cookie } : {} });
  /** @type {any[]} */ const frames = [];
  /** @type {number|null} */ let closed = null;
  let heard = () => {};
  socket.on('message', data => {
    frames.push(...String(data).split('\n').filter(Boolean).map(text => JSON.parse(text)).filter(({ type }) => !PASSED_OVER.has(type)));
    heard();
  });
  socket.on('close', code => {
    closed = code;
    heard();
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));

  /** @param {() => boolean} fits @param {() => string} what */
  const until = (fits, what) => within(10_000, new Promise(resolve => {
    heard = () => { if (fits()) resolve(undefined); };
    heard();
  }), what);

  return {
    frames,
    close: () => socket.close(),
    /** @param {any} step @param {Record<string, any>} names */
    async step({ send = [], expect = [], close }, names) {
      if (send.length) socket.send(send.map((/** @type {any} */ line) => fill(typeof line === 'string' ? line : JSON.stringify(line), names)).join('\n'));
      for (const wanted of expect) {
        /** @type {any} */ let bound = {};
        const find = () => frames.findIndex(frame => matches(wanted, frame, names, bound = {}));
        await until(() => find() >= 0 || closed !== null, () => `${JSON.stringify(wanted)}; there came ${JSON.stringify(frames)}`);
        const at = find();
        assert.ok(at >= 0, `closed with ${closed} before ${JSON.stringify(wanted)}; there came ${JSON.stringify(frames)}`);
        frames.splice(at, 1);
        Object.assign(names, bound);
      }
      if (close !== undefined) {
        await until(() => closed !== null, () => `the close ${close}`);
        assert.equal(closed, close);
        // A server may say, without being asked, what it closes for.
        frames.splice(0, frames.length, ...frames.filter(({ type, id }) => type !== 'error' || id !== undefined));
      }
    },
  };
}

/** @param {string} text @param {Record<string, any>} names */
function fill(text, names) {
  return text
    .replace(/\$\{repeat:(\d+):([^}]*)\}/g, (_, times, part) => part.repeat(Number(times)))
    // A number that was bound stands for a number, not for a string of its digits.
    .replace(/"\$\{(\w+)\}"/g, (whole, name) => (name in names ? JSON.stringify(names[name]) : whole))
    .replace(/\$\{(\w+)\}/g, (whole, name) => (name in names ? String(names[name]) : whole));
}

/** @param {any} wanted @param {any} frame @param {Record<string, any>} names @param {Record<string, any>} bound @returns {boolean} */
function matches(wanted, frame, names, bound) {
  if (typeof wanted === 'string') {
    if (wanted.startsWith('$bind:')) {
      if (frame === undefined || frame === null) return false;
      bound[wanted.slice(6)] = frame;
      return true;
    }
    switch (wanted) {
      case '$string': return typeof frame === 'string';
      case '$integer': return Number.isInteger(frame);
      case '$boolean': return typeof frame === 'boolean';
      case '$time': return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(frame);
      case '$any': return frame !== undefined && frame !== null;
      case '$absent': return frame === undefined || frame === null;
      default: return JSON.stringify(frame) === fill(JSON.stringify(wanted), names);
    }
  }
  if (Array.isArray(wanted)) return Array.isArray(frame) && frame.length === wanted.length && wanted.every((item, i) => matches(item, frame[i], names, bound));
  if (wanted && typeof wanted === 'object') {
    return Boolean(frame) && typeof frame === 'object' && Object.entries(wanted).every(([field, value]) => matches(value, frame[fill(field, names)], names, bound));
  }
  return wanted === frame;
}
