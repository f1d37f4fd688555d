// What a subscription asks for and tells, over a connection that answers as a test says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealtimeError } from '../client/errors.js';
import { Subscription } from '../client/subscription.js';
import { rejectsWith, TestClock } from './support.js';

/** A subscription to "a" on a connection on which nothing is answered before a test says so. */
class Wire {
  state = 'connected';
  ready = true;
  closedError = new RealtimeError('closed', 'The test closed it.');
  clock = new TestClock();
  /** The attempts for which a pause was asked. @type {number[]} */ pauses = [];
  /** @type {any[]} */ asked = [];
  /** @type {any} */ answer = null;
  /** @type {[string, any][]} */ emitted = [];
  /** Called with all that it tells. @type {(name: string, event: any) => void} */ listener = () => {};
  requests = {
    call: (/** @type {any} */ { type, channel, ...from }, /** @type {any} */ answered) => {
      this.asked.push(from);
      this.answer = answered;
    },
  };
  subscription = new Subscription(/** @type {any} */ (this), 'a', (name, event) => {
    this.emitted.push([name, event]);
    this.listener(name, event);
  }, () => {});

  /** @param {number} attempt */
  pause(attempt) {
    this.pauses.push(attempt);
    return 10;
  }

  /** @param {any} [head] */
  begins(head) { this.answer(null, { epoch: 'e', version: 4, sequence: 4, read: 0, ...head }); }

  /** @param {string} code @param {number} [retryAfter] */
  refused(code, retryAfter) { this.answer(new RealtimeError(code, 'Not now.', { retryAfter })); }

  /** A page that ends at a version. @param {number} version @param {boolean} more @param {[number, number][]} messages Sequence and version of each. */
  page(version, more, ...messages) { this.subscription.changes({ version, more, messages: messages.map(([sequence, each]) => ({ sequence, version: each })) }); }

  /** @param {string} kind @param {number} sequence @param {number} version */
  event(kind, sequence, version) { this.subscription.event({ kind, version, message: { sequence, version } }); }

  /** Level at version and message 4. */
  level() {
    const level = this.subscription.start({});
    this.begins();
    return level;
  }

  get told() { return this.emitted.filter(([name]) => name === 'change').map(([, { kind, sequence }]) => `${kind} ${sequence}`); }
  get names() { return this.emitted.map(([name]) => name); }
}

test('whoever subscribes after it was ended shares it with nobody', async () => {
  const wire = new Wire();
  await Promise.all([wire.level(), wire.subscription.start({})]);
  wire.subscription.stop(wire.closedError);
  await wire.level();
  assert.equal(wire.subscription.leave(wire.closedError), true);
});

test('closed before it began it is over; closed later it is there for those who had it', async () => {
  const wire = new Wire();
  const first = wire.subscription.start({});
  wire.subscription.ended(wire.closedError);
  await assert.rejects(first, rejectsWith('closed'));
  assert.equal(wire.subscription.wanted, null);

  await wire.level();
  wire.subscription.down();
  const late = wire.subscription.start({});
  wire.subscription.ended(wire.closedError);
  await assert.rejects(late, rejectsWith('closed'));
  assert.notEqual(wire.subscription.wanted, null);
  assert.equal(wire.subscription.leave(wire.closedError), true, 'who came too late does not have it');
});

test('the mark moves forward only, and not beyond what was told', async () => {
  const wire = new Wire();
  const level = wire.subscription.start({});
  wire.begins({ read: 3 });
  assert.equal((await level).read, 3);
  wire.subscription.marked(2);
  assert.equal((await wire.subscription.start({})).read, 3);
  wire.subscription.marked(9);
  assert.equal((await wire.subscription.start({})).read, 4);
});

test('a request that its connection took with it is no refusal', () => {
  const wire = new Wire();
  wire.subscription.start({});
  wire.state = 'waiting';
  wire.refused('disconnected');
  assert.notEqual(wire.subscription.wanted, null);
});

test('what may succeed later is asked again, after as long as the server says and longer each time', async () => {
  const wire = new Wire();
  const level = wire.subscription.start({});
  wire.refused('unavailable', 500);
  wire.clock.advance(499);
  assert.equal(wire.asked.length, 1);
  wire.clock.advance(1);
  assert.equal(wire.asked.length, 2);
  wire.refused('internal');
  wire.clock.advance(10);
  assert.equal(wire.asked.length, 3);
  wire.begins();
  await level;
  wire.event('posted', 6, 6);                            // a hole
  wire.refused('unavailable');
  assert.deepEqual(wire.pauses, [0, 1, 0]);
});

test('a cursor of no epoch is one of the epoch in which it begins', () => {
  const wire = new Wire();
  wire.subscription.start({ after: 4, sequence: 4 });
  wire.begins();
  assert.deepEqual(wire.subscription.cursor, { after: 4, epoch: 'e', sequence: 4 });
});

test('one that begins again from a cursor and is refused was never there', async () => {
  const wire = new Wire();
  await wire.level();
  const again = wire.subscription.start({ after: 1, epoch: 'e', sequence: 1 });
  wire.refused('forbidden');
  await assert.rejects(again, rejectsWith('forbidden'));
  assert.equal(wire.names.includes('revoked'), false);
});

test('one that never began is over where there is a conflict, and begins nothing', async () => {
  const wire = new Wire();
  const level = wire.subscription.start({ recent: 10 });
  wire.refused('conflict');
  await assert.rejects(level, rejectsWith('conflict'));
  assert.equal(wire.asked.length, 1);
});

test('it is asked for once where a listener was faster than the connection', () => {
  const wire = new Wire();
  wire.subscription.start({});
  wire.subscription.up();
  assert.equal(wire.asked.length, 1);
});

test('a page says what was deleted', async () => {
  const wire = new Wire();
  await wire.level();
  wire.subscription.changes({ version: 6, more: false, messages: [{ sequence: 2, version: 5, deletedAt: 'now' }, { sequence: 3, version: 6 }] });
  assert.deepEqual(wire.told, ['deleted 2', 'edited 3']);
});

test('a page from before its cursor is dropped', async () => {
  const wire = new Wire();
  await wire.level();
  wire.event('posted', 5, 5);
  wire.page(4, false, [2, 4]);
  assert.deepEqual(wire.told, ['posted 5']);
  assert.equal(wire.subscription.cursor?.after, 5);
});

test('an event that leaves some out makes it ask, but not while it catches up anyway', async () => {
  const wire = new Wire();
  await wire.level();
  wire.event('edited', 2, 4);
  wire.event('posted', 6, 6);
  assert.deepEqual(wire.told, []);
  assert.deepEqual(wire.asked, [{ recent: undefined }, { after: 4, epoch: 'e' }]);
  wire.begins({ version: 6, sequence: 6 });
  wire.event('posted', 7, 7);
  assert.equal(wire.asked.length, 2);
});

test('a message that is told once is new once, whatever page or event it comes with again', async () => {
  const wire = new Wire();
  wire.subscription.start({ after: 4, epoch: 'e', sequence: 4 });
  wire.begins();
  wire.page(6, true, [6, 6]);                            // 5 was changed since, and comes later
  wire.page(7, true, [6, 7]);
  wire.page(8, false, [5, 8]);
  wire.event('posted', 5, 9);
  assert.deepEqual(wire.told, ['posted 6', 'edited 6', 'posted 5', 'edited 5']);
  assert.equal(wire.subscription.cursor?.sequence, 6);
});

test('within a page the messages are told by their sequence', async () => {
  const wire = new Wire();
  await wire.level();
  wire.page(7, false, [6, 6], [5, 7]);
  assert.deepEqual(wire.told, ['posted 5', 'posted 6']);
});

test('recent messages that were cut off amid their pages are told anew', () => {
  const wire = new Wire();
  wire.subscription.start({ recent: 10 });
  wire.begins();
  wire.page(4, true, [3, 3]);
  wire.subscription.down();
  wire.subscription.up();
  assert.deepEqual(wire.asked, [{ recent: 10 }, { recent: 10 }]);
  assert.deepEqual(wire.names, ['change', 'reset']);
});

test('what never comes holds nothing back once it is level', async () => {
  const wire = new Wire();
  const level = wire.subscription.start({ after: 4, epoch: 'e', sequence: 4 });
  wire.begins();
  wire.page(7, false, [6, 6], [7, 7]);
  assert.equal((await level).sequence, 7);
});

test('in another epoch every message is new, also one that was told ahead', () => {
  const wire = new Wire();
  wire.subscription.start({ after: 4, epoch: 'e', sequence: 4 });
  wire.begins();
  wire.page(6, true, [6, 6]);
  wire.subscription.down();
  wire.subscription.up();
  wire.refused('conflict');
  wire.begins({ epoch: 'f', version: 6, sequence: 6 });
  wire.page(6, false, [5, 5], [6, 6]);
  assert.deepEqual(wire.told, ['posted 6', 'posted 5', 'posted 6']);
  assert.deepEqual(wire.names, ['change', 'reset', 'change', 'change', 'subscribed']);
});

test('what changed while several recent pages were read is asked for', () => {
  const wire = new Wire();
  wire.subscription.start({ recent: 10 });
  wire.begins();
  wire.page(4, true, [1, 1], [2, 2]);
  wire.page(6, false, [3, 3], [4, 4]);
  assert.deepEqual(wire.asked, [{ recent: 10 }, { after: 4, epoch: 'e' }]);
  wire.begins({ version: 6 });
  wire.page(6, false, [1, 6]);
  assert.deepEqual(wire.told.at(-1), 'edited 1');
  assert.equal(wire.subscription.level, true);
});

test('a listener that ends it amid a page is told no more of it', async () => {
  const wire = new Wire();
  await wire.level();
  wire.listener = name => { if (name === 'change') wire.subscription.stop(wire.closedError); };
  wire.page(6, false, [5, 5], [6, 6]);
  assert.deepEqual(wire.told, ['posted 5']);
});
