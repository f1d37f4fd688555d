// What an outbox sends and when, over a connection that answers as a test says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealtimeError } from '../client/errors.js';
import { Outbox, Sends } from '../client/outbox.js';
import { rejectsWith, TestClock } from './support.js';

/** A connection on which nothing is answered before a test says so. */
class Wire {
  state = 'connected';
  ready = true;
  queueLimit = 1_000;
  closedError = new RealtimeError('closed', 'The test closed it.');
  clock = new TestClock();
  sends = new Sends();
  /** The attempts for which a pause was asked. @type {number[]} */ pauses = [];
  /** What left together. @type {any[][]} */ windows = [];
  /** Not answered yet. @type {{text: string, answer: (error: RealtimeError|null, reply?: any) => void}[]} */ open = [];
  requests = {
    call: (/** @type {any} */ frame, /** @type {any} */ answered) => {
      this.windows.at(-1)?.push(frame.message);
      this.open.push({ text: frame.message.text, answer: answered });
    },
  };

  /** @param {number} attempt */
  pause(attempt) {
    this.pauses.push(attempt);
    return 10;
  }

  /** @param {() => void} write */
  together(write) {
    this.windows.push([]);
    write();
  }

  /** @param {string} [channel] */
  outbox(channel = 'a') { return new Outbox(/** @type {any} */ (this), this.sends, channel, () => {}); }

  get sizes() { return this.windows.map(({ length }) => length).filter(length => length > 0); }
  get texts() { return this.windows.flat().map(({ text }) => text); }

  /** The oldest is stored. */
  stored() { this.open.shift()?.answer(null, { sequence: 1 }); }

  /** The oldest is not. @param {number} [retryAfter] @param {string} [code] */
  refused(retryAfter, code = 'unavailable') { this.open.shift()?.answer(new RealtimeError(code, 'Not now.', { retryAfter })); }
}

/** @param {Outbox} outbox @param {string[]} texts */
const add = (outbox, ...texts) => texts.map(text => outbox.add({ text }));

const many = (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => `m${i}`);

test('a message that waits already is not sent twice, and its promise is shared', async () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  const first = outbox.add({ id: 'x', text: 'a' });
  const again = outbox.add({ id: 'x', text: 'a' });
  assert.equal(outbox.size, 1);
  wire.stored();
  await Promise.all([first, again]);
  assert.deepEqual(wire.sizes, [1]);
});

test('what is changed after it was handed over is sent as it was', () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  const content = { text: 'b', data: { n: 1 } };
  outbox.add({ text: 'a' });
  outbox.add(content);
  content.data.n = 2;
  wire.stored();
  assert.equal(wire.windows.flat()[1].data.n, 1);
});

test('all channels have one window of 64, and what one leaves of it another takes', () => {
  const wire = new Wire();
  const [one, two] = [wire.outbox('a'), wire.outbox('b')];
  add(one, ...many(70));
  add(two, ...many(2));
  assert.equal(wire.sends.underway, 2);
  wire.stored();                                         // the first of the one
  assert.deepEqual(wire.sizes, [1, 1, 63]);
  assert.equal(wire.sends.underway, 64);
  wire.stored();                                         // the first of the other, whose second finds room
  assert.deepEqual(wire.sizes, [1, 1, 63, 1]);
});

test('a window takes no more where its messages are large, but one at least', () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  add(outbox, 'first', 'x'.repeat(200_000), ...['a', 'b', 'c'].map(text => text.repeat(100_000)));
  while (wire.open.length > 0) wire.stored();
  assert.deepEqual(wire.sizes, [1, 1, 2, 1]);
});

test('nothing is sent while a refusal is waited out, then one alone until it is stored, then all', () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  add(outbox, 'a');
  wire.refused();
  add(outbox, 'b', 'c');
  outbox.pump();
  assert.deepEqual(wire.texts, ['a']);
  wire.clock.advance(10);
  assert.deepEqual(wire.texts, ['a', 'a']);
  wire.stored();
  assert.deepEqual(wire.sizes, [1, 1, 2]);
});

test('a refusal is waited out once for a window, when all of it is answered, as long as the longest of its answers says', () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  add(outbox, 'a', 'b', 'c');
  wire.stored();
  wire.refused(500);
  wire.clock.advance(1_000);
  assert.deepEqual(wire.pauses, [], 'one is not answered yet');
  wire.refused(100, 'rate_limited');
  wire.clock.advance(499);
  assert.deepEqual(wire.texts, ['a', 'b', 'c']);
  wire.clock.advance(1);
  assert.deepEqual(wire.texts, ['a', 'b', 'c', 'b']);
  wire.refused();                                        // and says nothing of how long
  wire.clock.advance(10);
  assert.deepEqual(wire.texts, ['a', 'b', 'c', 'b', 'b']);
  assert.deepEqual(wire.pauses, [0, 1], 'longer each time');
});

test('after all were given up nothing is left of a refusal', async () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  const [given] = add(outbox, 'a');
  wire.refused(500);
  outbox.fail(wire.closedError);
  await assert.rejects(given, rejectsWith('closed'));
  assert.equal(wire.clock.timers.length, 0);
  wire.ready = false;
  add(outbox, 'b', 'c', 'd');
  wire.ready = true;
  outbox.pump();
  assert.deepEqual(wire.sizes, [1, 3], 'the next leave at once, and together');
});

test('what a lost connection leaves unanswered stays and goes again, and the rest is counted no more', async () => {
  const wire = new Wire();
  const outbox = wire.outbox();
  const [lost] = add(outbox, 'a');
  wire.ready = false;
  wire.refused(undefined, 'disconnected');
  assert.deepEqual([outbox.size, wire.sends.queued, wire.sends.underway, wire.sends.outboxes.size], [1, 1, 0, 1]);
  wire.ready = true;
  wire.sends.pump();
  wire.stored();
  await lost;
  assert.equal(wire.windows.flat()[0].id, wire.windows.flat()[1].id);
  const [refused] = add(outbox, 'b');
  wire.refused(undefined, 'invalid');
  await assert.rejects(refused, rejectsWith('invalid'));
  assert.deepEqual([outbox.size, wire.sends.queued, wire.sends.underway, wire.sends.outboxes.size], [0, 0, 0, 0]);
});

test('as many messages wait as the limit says', async () => {
  const wire = new Wire();
  wire.queueLimit = 2;
  const [, , third] = add(wire.outbox(), 'a', 'b', 'c');
  await assert.rejects(third, rejectsWith('queue_full'));
  assert.equal(wire.sends.queued, 2);
});
