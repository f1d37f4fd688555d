import assert from 'node:assert/strict';
import { test } from 'node:test';
import { served } from './server.js';
import { freshChannel, Line, next, record, rejectsWith, TestClock } from './support.js';

const { clients } = served();

/** Ann and Bob, level in a channel of their own. @param {import('../client.js').ClientOptions} [bobs] */
async function annAndBob(bobs) {
  const ann = await clients.connect('ann');
  const bob = await clients.connect('bob', bobs);
  const annsRoom = await freshChannel(ann);
  const bobsRoom = bob.channel(annsRoom.name);
  const [annHeard, bobHeard] = [record(annsRoom), record(bobsRoom)];
  await Promise.all([annsRoom.subscribe(), bobsRoom.subscribe({ recent: 10 })]);
  return { ann, bob, annsRoom, bobsRoom, annHeard, bobHeard };
}

test('a message reaches both, once, as it was sent', async () => {
  const { annsRoom, annHeard, bobHeard } = await annAndBob();
  const content = { text: 'Grüße 👋 <b>&amp;</b>\nnext line', data: { a: [1, null, 'x'] }, mentions: ['bob'] };
  const sending = annsRoom.send(content);
  assert.match(sending.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(annsRoom.pending.map(({ id }) => id), [sending.id]);

  const published = await sending;
  assert.equal(published.messageId, sending.id);
  assert.equal(published.sequence, 1);
  assert.equal(published.duplicate, false);
  assert.deepEqual(annsRoom.pending, []);

  for (const heard of [annHeard, bobHeard]) {
    await heard.until(changes => changes.length > 0);
    const { kind, message } = heard.changes[0];
    assert.equal(kind, 'posted');
    assert.deepEqual({ text: message?.text, data: message?.data, mentions: message?.mentions }, content);
    assert.equal(message?.sender, 'ann');
    assert.equal(heard.changes.length, 1);
  }
});

test('many messages sent at once keep their order', async () => {
  const { annsRoom, bobHeard } = await annAndBob();
  const texts = Array.from({ length: 300 }, (_, i) => `message ${i}`);
  const published = await Promise.all(texts.map(text => annsRoom.send({ text })));
  assert.deepEqual(published.map(({ sequence }) => sequence), texts.map((_, i) => i + 1));
  await bobHeard.until(() => bobHeard.posted().length >= texts.length);
  assert.deepEqual(bobHeard.texts(), texts);
});

test('edits, reactions and deletions reach both', async () => {
  const { annsRoom, bobsRoom, bobHeard } = await annAndBob();
  const { sequence } = await annsRoom.send({ text: 'teh' });
  const edited = await annsRoom.edit(sequence, { text: 'the', data: { fixed: true } });
  assert.equal(edited, 2);
  await bobsRoom.react(sequence, '👍');
  assert.deepEqual(await bobsRoom.reactions(sequence), { reactions: { '👍': { count: 1, users: ['bob'] } }, own: ['👍'] });
  await bobsRoom.react(sequence, '👍', { remove: true });
  await annsRoom.delete(sequence);
  await bobHeard.until(changes => changes.length >= 5);

  const [posted, edit, reacted, unreacted, deleted] = bobHeard.changes;
  assert.deepEqual(bobHeard.changes.map(({ kind, version }) => [kind, version]), [['posted', 1], ['edited', 2], ['reacted', 3], ['reacted', 4], ['deleted', 5]]);
  assert.equal(posted.message?.text, 'teh');
  assert.equal(edit.message?.text, 'the');
  assert.ok(edit.message?.editedAt);
  assert.deepEqual([reacted.reaction, reacted.user, reacted.removed, reacted.reactions?.['👍'].count], ['👍', 'bob', false, 1]);
  assert.deepEqual([unreacted.removed, unreacted.reactions], [true, {}]);
  assert.ok(deleted.message?.deletedAt);
  assert.equal(deleted.message?.text, undefined);

  await assert.rejects(annsRoom.edit(sequence, { text: 'again' }), rejectsWith('conflict'));
});

test('history comes in pages, and threads on their own', async () => {
  const { annsRoom } = await annAndBob();
  await Promise.all(Array.from({ length: 25 }, (_, i) => annsRoom.send({ text: `${i + 1}` })));
  const answer = await annsRoom.send({ text: 'answer', replyTo: 3 });
  await annsRoom.send({ text: 'answer to the answer', replyTo: answer.sequence });

  const read = [];
  let before;
  for (let more = true; more;) {
    const page = await annsRoom.history({ before, limit: 10 });
    read.unshift(...page.messages.map(({ sequence }) => sequence));
    before = page.messages[0].sequence;
    more = page.more;
  }
  assert.deepEqual(read, Array.from({ length: 27 }, (_, i) => i + 1));
  assert.deepEqual((await annsRoom.history({ after: 5, limit: 2 })).messages.map(({ sequence }) => sequence), [6, 7]);
  assert.deepEqual((await annsRoom.history({ thread: 3 })).messages.map(({ sequence }) => sequence), [3, 26, 27]);
});

test('a saved cursor brings what was missed: new messages once, others as updates', async () => {
  const { annsRoom, bobsRoom, bobHeard } = await annAndBob();
  for (const text of ['one', 'two', 'three']) await annsRoom.send({ text });
  await bobHeard.until(() => bobHeard.posted().length === 3);
  const { cursor } = bobsRoom;
  await bobsRoom.unsubscribe();
  bobHeard.changes.length = 0;

  await annsRoom.send({ text: 'four' });
  await annsRoom.send({ text: 'five' });
  await annsRoom.edit(4, { text: 'four, edited' });      // so that by version it comes after five
  await annsRoom.edit(1, { text: 'one, edited' });
  await annsRoom.delete(2);
  assert.deepEqual((await bobsRoom.history({ limit: 1 })).messages.map(({ text }) => text), ['five']);
  assert.equal(bobHeard.changes.length, 0, 'an ended subscription tells nothing');

  const level = await bobsRoom.subscribe(cursor ?? undefined);
  assert.deepEqual([level.version, level.sequence], [8, 5]);
  const told = bobHeard.changes.map(({ kind, sequence, message }) => [kind, sequence, message?.text]);
  assert.deepEqual(told.sort((a, b) => Number(a[1]) - Number(b[1])), [
    ['edited', 1, 'one, edited'], ['deleted', 2, undefined], ['posted', 4, 'four, edited'], ['posted', 5, 'five'],
  ]);
});

test('a cursor of another epoch resets and starts over with the recent messages', async () => {
  const { annsRoom, bobsRoom, bobHeard } = await annAndBob();
  await annsRoom.send({ text: 'here' });
  await bobsRoom.unsubscribe();
  bobHeard.changes.length = 0;
  let resets = 0;
  bobsRoom.on('reset', () => resets++);
  await bobsRoom.subscribe({ after: 1, epoch: 'another', sequence: 1 });
  assert.equal(resets, 1);
  assert.equal(bobHeard.texts().join(), 'here');
});

test('typing shows for six seconds, to others only, and ends with the message', async () => {
  const clock = new TestClock();
  const { annsRoom, bobsRoom } = await annAndBob({ clock });
  let typing = next(bobsRoom, 'typing');
  annsRoom.typing();
  assert.deepEqual(await typing, ['ann']);
  clock.advance(5_999);
  assert.deepEqual(bobsRoom.typists, ['ann']);
  clock.advance(1);
  assert.deepEqual(bobsRoom.typists, []);

  typing = next(bobsRoom, 'typing');
  await annsRoom.send({ text: 'so' });                   // after it, typing is told at once
  annsRoom.typing();
  assert.deepEqual(await typing, ['ann']);
  typing = next(bobsRoom, 'typing');
  await annsRoom.send({ text: 'done' });
  assert.deepEqual(await typing, []);
});

test('typing is sent at most once in three seconds', async () => {
  const clock = new TestClock();
  const line = new Line();
  const ann = await clients.connect('ann', { clock, line });
  const room = await freshChannel(ann);
  for (let i = 0; i < 10; i++) room.typing();
  assert.equal(line.ofType('signal').length, 1);
  clock.advance(3_000);
  room.typing();
  assert.equal(line.ofType('signal').length, 2);
});

test('signals, presence and read marks', async () => {
  const { ann, bob, annsRoom, bobsRoom } = await annAndBob();
  assert.deepEqual((await annsRoom.presence()).map(({ user, status }) => [user, status]).sort(), [['ann', 'online'], ['bob', 'online']]);

  const signal = next(annsRoom, 'signal');
  bobsRoom.signal('cursor', { x: 1 });
  assert.deepEqual(await signal, { user: 'bob', name: 'cursor', data: { x: 1 } });

  const gone = next(annsRoom, 'presence', ({ user, status }) => user === 'bob' && status === 'offline');
  bob.close();
  await gone;

  const elsewhere = await clients.connect('ann');
  const mark = next(annsRoom, 'read');
  await annsRoom.send({ text: 'x' });
  await elsewhere.channel(annsRoom.name).markRead(1);
  assert.deepEqual(await mark, { user: 'ann', sequence: 1 });
  assert.equal((await elsewhere.channel(annsRoom.name).subscribe()).read, 1);
  assert.equal(ann.user, 'ann');
});

test('pins reach both, and history finds them', async () => {
  const { annsRoom, bobsRoom, bobHeard } = await annAndBob();
  for (const text of ['a', 'b', 'c']) await annsRoom.send({ text });
  assert.equal(await annsRoom.pin(2), 4);
  assert.equal(await annsRoom.pin(2), 4);
  await assert.rejects(bobsRoom.pin(1), rejectsWith('forbidden'));
  await bobHeard.until(changes => changes.length >= 4);
  const { kind, sequence, version, message } = bobHeard.changes[3];
  assert.deepEqual([kind, sequence, version, message?.text, message?.pinnedBy, message?.editedAt], ['pinned', 2, 4, 'b', 'ann', undefined]);
  assert.match(message?.pinnedAt ?? '', /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual((await bobsRoom.history({ pinned: true })).messages.map(({ text }) => text), ['b']);
  assert.equal(await annsRoom.unpin(2), 5);
  await bobHeard.until(changes => changes.length >= 5);
  assert.deepEqual([bobHeard.changes[4].kind, bobHeard.changes[4].message?.pinnedAt], ['pinned', undefined]);
  assert.deepEqual((await bobsRoom.history({ pinned: true })).messages, []);
});

test('in a small channel one sees how far the others have read', async () => {
  const { annsRoom, bobsRoom } = await annAndBob();
  const mark = next(annsRoom, 'read');
  await annsRoom.send({ text: 'x' });
  await bobsRoom.markRead(1);
  assert.deepEqual(await mark, { user: 'bob', sequence: 1 });
});

test('channels are made, joined, listed with unread counts, and left', async () => {
  const { ann, bob, annsRoom, bobsRoom } = await annAndBob();
  await bobsRoom.join();
  await annsRoom.send({ text: 'unread' });
  const listed = (await bob.channels()).channels.find(({ channel }) => channel === bobsRoom.name);
  assert.deepEqual([listed?.unread, listed?.sequence, listed?.last?.text], [1, 1, 'unread']);
  assert.ok((await annsRoom.members()).members.some(({ user }) => user === 'bob'));
  await bobsRoom.leave();
  assert.ok(!(await annsRoom.members()).members.some(({ user }) => user === 'bob'));
  await assert.rejects(ann.create({ kind: 'public', channel: annsRoom.name }), rejectsWith('conflict'));
});

test('who leaves a private channel is told that the subscription ended', async () => {
  const ann = await clients.connect('ann');
  const bob = await clients.connect('bob');
  const annsRoom = await freshChannel(ann, { kind: 'private', members: ['bob'] });
  const bobsRoom = bob.channel(annsRoom.name);
  const heard = record(bobsRoom);
  await Promise.all([annsRoom.subscribe(), bobsRoom.subscribe()]);
  const member = next(annsRoom, 'member');
  const revoked = next(bobsRoom, 'revoked');
  await bobsRoom.leave();
  assert.equal((await revoked).reason, 'left');
  assert.equal(bobsRoom.subscribed, false);
  assert.deepEqual(await member, { user: 'bob', change: 'left', role: undefined, by: undefined, until: undefined });
  await annsRoom.send({ text: 'without bob' });
  await assert.rejects(bobsRoom.history(), rejectsWith('not_found'));
  await assert.rejects(bobsRoom.subscribe(), rejectsWith('not_found'));
  assert.equal(heard.changes.length, 0);
});

test('settings are changed and received', async () => {
  const ann = await clients.connect('ann');
  const bob = await clients.connect('bob');
  const annsRoom = await freshChannel(ann, { kind: 'private', name: 'Name', data: { topic: 't' }, members: ['bob'] });
  const bobsRoom = bob.channel(annsRoom.name);
  const { kind, name, data, closed, slowMode } = await bobsRoom.subscribe();
  assert.deepEqual([kind, name, data, closed, slowMode], ['private', 'Name', { topic: 't' }, undefined, undefined]);
  await assert.rejects(bobsRoom.update({ name: 'x' }), rejectsWith('forbidden'));
  let settings = next(bobsRoom, 'settings');
  await annsRoom.update({ name: 'Other', data: null, slowMode: 5 });
  assert.deepEqual(await settings, { name: 'Other', data: undefined, closed: undefined, slowMode: 5 });
  settings = next(bobsRoom, 'settings');
  await annsRoom.update({ closed: true, slowMode: 0 });
  assert.deepEqual(await settings, { name: 'Other', data: undefined, closed: true, slowMode: undefined });
  await assert.rejects(bobsRoom.send({ text: 'x' }), rejectsWith('forbidden'));
  assert.equal((await bob.channels()).channels.find(({ channel }) => channel === bobsRoom.name)?.closed, true);
});

test('moderators invite, mute, ban and remove', async () => {
  const ann = await clients.connect('ann');
  const bob = await clients.connect('bob');
  const annsRoom = await freshChannel(ann, { kind: 'private', members: ['cid'] });
  const bobsRoom = bob.channel(annsRoom.name);
  await annsRoom.invite('bob', { role: 'moderator' });
  await bobsRoom.subscribe();
  /** @type {any[]} */ const seen = [];
  bobsRoom.on('member', change => seen.push(change));
  await bobsRoom.mute('cid', { until: new Date(Date.UTC(2099, 0)), reason: 'loud' });
  assert.deepEqual((await annsRoom.members()).members.find(({ user }) => user === 'cid'), { user: 'cid', role: 'member', read: 0, muted: true, mutedUntil: '2099-01-01T00:00:00.000Z' });
  await bobsRoom.unmute('cid');
  await bobsRoom.remove('cid', { reason: 'gone' });
  await bobsRoom.ban('eve');
  const { bans, more } = await annsRoom.bans();
  assert.deepEqual([bans.map(({ user, by }) => [user, by]), more], [[['eve', 'bob']], false]);
  await assert.rejects(annsRoom.invite('eve'), rejectsWith('conflict'));
  await bobsRoom.unban('eve');
  await annsRoom.setRole('bob', 'member');
  await assert.rejects(bobsRoom.bans(), rejectsWith('forbidden'));
  await annsRoom.mute('bob');
  await assert.rejects(bobsRoom.send({ text: 'x' }), rejectsWith('forbidden'));
  const revoked = next(bobsRoom, 'revoked');
  await annsRoom.ban('bob', { reason: 'enough' });
  assert.equal((await revoked).reason, 'banned');
  assert.deepEqual(seen.map(({ user, change, role, by, until }) => [user, change, role, by, until]), [
    ['cid', 'muted', 'member', 'bob', '2099-01-01T00:00:00.000Z'], ['cid', 'unmuted', 'member', 'bob', undefined], ['cid', 'removed', undefined, 'bob', undefined],
    ['eve', 'banned', undefined, 'bob', undefined], ['eve', 'unbanned', undefined, 'bob', undefined],
    ['bob', 'role', 'member', 'ann', undefined], ['bob', 'muted', 'member', 'ann', undefined]]);
});

test('messages are reported, users blocked, public channels found', async () => {
  const { ann, bob, annsRoom, bobsRoom } = await annAndBob();
  await bobsRoom.send({ text: 'rude' });
  await annsRoom.report(1, { reason: 'why' });
  await annsRoom.report(1);
  await assert.rejects(bobsRoom.reports(), rejectsWith('forbidden'));
  const { reports: [report], more } = await annsRoom.reports();
  assert.deepEqual([report.message.text, report.reporters, report.reason, report.state, more], ['rude', [ann.user], 'why', 'open', false]);
  await annsRoom.resolve(report.report, 'acted');
  assert.equal((await annsRoom.reports()).reports[0].state, 'acted');
  assert.equal((await annsRoom.actions()).actions[0].change, 'resolve');

  const name = `Reading ${annsRoom.name}`;
  await annsRoom.update({ name });
  assert.deepEqual((await bob.directory({ query: `${annsRoom.name} READ` })).channels.map(({ channel, name, sequence }) => ({ channel, name, sequence })), [{ channel: annsRoom.name, name, sequence: 1 }]);

  const direct = await ann.create({ kind: 'direct', members: [/** @type {string} */ (bob.user)] });
  await ann.block(/** @type {string} */ (bob.user));
  assert.deepEqual(await ann.blocked(), [bob.user]);
  await assert.rejects(bob.channel(direct.name).send({ text: 'x' }), rejectsWith('forbidden'));
  await ann.unblock(/** @type {string} */ (bob.user));
  await bob.channel(direct.name).send({ text: 'x' });
  assert.deepEqual(await ann.blocked(), []);
});

test('errors reject what they concern and nothing else', async () => {
  const { ann, bob, annsRoom, bobsRoom } = await annAndBob();
  await assert.rejects(ann.channel('no-such-channel').subscribe({ recent: 1 }), rejectsWith('not_found'));
  await assert.rejects(ann.channel('not a name').history(), rejectsWith('invalid'));

  const before = annsRoom.send({ text: 'before' });
  const tooLong = annsRoom.send({ text: 'x'.repeat(8001) });
  const empty = annsRoom.send({});
  const frameTooLarge = annsRoom.send({ data: 'x'.repeat(70_000) });
  const notJson = annsRoom.send({ data: 1n });
  const behind = annsRoom.send({ text: 'behind' });
  await assert.rejects(tooLong, rejectsWith('too_large'));
  await assert.rejects(empty, rejectsWith('invalid'));
  await assert.rejects(frameTooLarge, rejectsWith('too_large'));
  await assert.rejects(notJson, rejectsWith('invalid'));
  assert.deepEqual([(await before).sequence, (await behind).sequence], [1, 2]);
  assert.deepEqual(annsRoom.pending, []);

  await assert.rejects(bobsRoom.edit(1, { text: 'mine now' }), rejectsWith('forbidden'));
  await assert.rejects(bobsRoom.delete(99), rejectsWith('not_found'));
  assert.equal(bob.state, 'connected');
});

test('messages are found by their text', async () => {
  const { ann, bob, annsRoom } = await annAndBob();
  await annsRoom.send({ text: 'Ein Café' });
  await annsRoom.send({ text: '東京都, cafés' });
  assert.ok(ann.features.includes('search'));
  const first = await bob.search('cafe', { channel: annsRoom.name, limit: 1 });
  assert.deepEqual(first.messages.map(({ sequence, matches }) => ({ sequence, matches })), [{ sequence: 2, matches: [[5, 4]] }]);
  assert.equal(first.more, true);
  const second = await bob.search('cafe', { channel: annsRoom.name, before: first.next });
  assert.deepEqual(second.messages.map(({ text }) => text), ['Ein Café']);
  assert.equal(second.more, false);
  assert.equal((await bob.search('京', { channel: annsRoom.name, sender: 'ann', until: new Date(Date.now() + 60_000) })).messages.length, 1);
  assert.equal((await bob.search('京', { channel: annsRoom.name, since: new Date(Date.now() + 60_000) })).messages.length, 0);
  await assert.rejects(bob.search('!'), rejectsWith('invalid'));
});
