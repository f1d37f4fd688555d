// A channel, as an application sees it.

/** @import { Connection } from './connection.js' */
/** @import { Change, Content, Edit, Message, Pending, Published, Reactions } from './messages.js' */
/** @import { UploadOptions } from './files.js' */
/** @import { Sends } from './outbox.js' */
/** @import { Frame } from './requests.js' */

import { Emitter } from './emitter.js';
import { upload } from './files.js';
import { RealtimeError } from './errors.js';
import { Outbox } from './outbox.js';
import { Subscription } from './subscription.js';

/** @typedef {{epoch: string, version: number, sequence: number, read: number, role?: string, kind?: string, muted?: boolean, mutedUntil?: string} & Settings} Subscribed `read` is the user's own mark, 0 if none. */

/** `closed`: nobody below owner may write. `slowMode`: the seconds between two posts of a user below moderator. @typedef {{name?: string, data?: any, closed?: boolean, slowMode?: number}} Settings */

/**
 * Where to begin: with the last `recent` messages (1 to 200), after a cursor saved earlier (`channel.cursor`), or, with
 * neither, with what happens from now on.
 * @typedef {{recent?: number, after?: number, epoch?: string, sequence?: number}} Start
 */

/** @typedef {{user: string, role: string, read: number, muted?: boolean, mutedUntil?: string}} Member */

/** @typedef {{user: string, by: string, until?: string, reason?: string, time: string}} Ban */

/** What a moderator or owner did; `change` is the request's name. @typedef {{time: string, by: string, change: string, user?: string, sequence?: number, role?: string, until?: string, reason?: string, data?: any}} Action */

/** A reported message as it was when first reported, with up to 20 of those who did. @typedef {{report: string, message: Message, reporters: string[], reason?: string, time: string, state: 'open'|'dismissed'|'acted'}} Report */

/**
 * Until when a ban or a mute lasts (a `Date`, or a time such as `2026-01-31T12:00:00.000Z`; absent: for good) and why, in at most 200 units.
 * @typedef {{until?: Date|string, reason?: string}} Sanction
 */

/** @typedef {{user: string, status: 'online'|'away', since: string, connections: number}} Present */

/**
 * @typedef {object} ChannelEvents
 * @property {Change} change A message was posted, edited, deleted, pinned, unpinned or reacted to.
 * @property {Subscribed} subscribed Level with the server, at first and again after each lost connection.
 * @property {{}} reset What was told before is void (the channel was made anew); the changes that follow start over.
 * @property {{reason: string, error: RealtimeError|null}} revoked The server ended the subscription: `removed`, `banned`, `left`, `deleted` or `denied`.
 * @property {Pending[]} pending The messages that await their acknowledgement have become these.
 * @property {string[]} typing Those who type have become these, without this user.
 * @property {{user: string, status: 'online'|'away'|'offline'}} presence
 * @property {{user: string, sequence: number}} read Someone's mark moved: this user's in another place, or in a direct or small channel that of another.
 * @property {{user: string, change: string, role?: string, by?: string, until?: string}} member In private and direct channels: `joined`, `left`, `removed`,
 *   `role`, `banned`, `unbanned`, `muted` or `unmuted`; in others only that this user was muted or may write again. `by`: who did it, where it was another user.
 * @property {Settings} settings The channel's settings have become these.
 * @property {{user: string, name: string, data?: unknown}} signal One of the application's own.
 */

const TYPING_SHOWN = 6_000;                              // ms, from the protocol
const TYPING_SENT = 3_000;                               // ms: often enough that a reader's 6 s never run out
const TYPING_USERS = 100;                                // beyond that nobody reads the names

/** @param {Date|string|undefined} when */
const time = when => when instanceof Date ? when.toISOString() : when;

/**
 * One channel. Get it from `client.channel(name)`.
 *
 * Reads wait for a connection and survive the loss of one. `send` does too, and keeps its order. Every other request needs a
 * connection: it rejects with `disconnected` if there is none, or if it is lost before the answer.
 * @extends {Emitter<ChannelEvents>}
 */
export class Channel extends Emitter {
  /** @type {Connection} */ #connection;
  /** @type {Outbox} */ #outbox;
  /** @type {Subscription} */ #subscription;
  /** @type {Map<string, any>} */ #typists = new Map();
  #typed = -Infinity;
  #left = false;                                         // listeners from before then do not keep the channel
  #used = false;
  #use;

  /** @internal @param {string} name @param {Connection} connection @param {Sends} sends @param {(channel: Channel, used: boolean) => void} use Called when its use begins or ends. */
  constructor(name, connection, sends, use) {
    super();
    /** @readonly */ this.name = name;
    this.#connection = connection;
    this.#use = use;
    this.#outbox = new Outbox(connection, sends, name, () => {
      this.#look();
      this.emit('pending', this.pending);
    });
    this.#subscription = new Subscription(connection, name, (event, value) => this.emit(event, value), () => this.#look());
  }

  /** Whether the subscription is level with the server now. */
  get subscribed() { return this.#subscription.level; }

  /** How far the changes were told; hand it to `subscribe` later to go on from there. `null` before the first. */
  get cursor() { return this.#subscription.cursor; }

  /** Messages that await their acknowledgement, in order. */
  get pending() { return this.#outbox.pending; }

  /** Who types now, without this user. */
  get typists() { return [...this.#typists.keys()]; }

  /**
   * Begins to tell `change` events and lasts until `unsubscribe` or `revoked`: after a lost connection it goes on where it
   * stood. A cursor that means nothing to the server any more brings a `reset` and the last 50 messages.
   *
   * A channel has one subscription. Subscribing again joins it, and no change is reported again: `history` has the messages. It
   * lasts until `unsubscribe` was called as often. Only a saved cursor starts over, for all, with a `reset`.
   * @param {Start} [start]
   * @returns {Promise<Subscribed>} Level: everything that was asked for has been told.
   */
  subscribe(start = {}) {
    this.#left = false;
    return this.#subscription.start(start);
  }

  /**
   * Ends the subscription, when it was called once for each `subscribe`. Always succeeds: without a connection there is nothing
   * to end at the server. The client then forgets the channel and its listeners, unless the application holds the object.
   */
  async unsubscribe() {
    if (!this.#subscription.leave(new RealtimeError('closed', `The subscription to "${this.name}" was ended.`))) return;
    this.#left = true;
    this.#look();
    this.#clearTyping();
    // One that waited would come behind what is asked of the next connection, and end that.
    if (this.#connection.ready) await this.#ask('unsubscribe').catch(() => {});
  }

  /**
   * Sends a message. The promise resolves once the server has stored it; until then it is kept and sent again, in order and
   * with the same id, over as many connections as it takes. It rejects if the server refuses it, with `queue_full` beyond
   * `queueLimit`, and when the client is closed.
   * @param {Content} content
   * @returns {Promise<Published> & {id: string}} With the message's id, at once.
   */
  send(content) {
    this.#typed = -Infinity;                             // whoever sent has stopped typing
    return this.#outbox.add(content);
  }

  /**
   * Uploads a file, over as many connections as it takes. A message of this user in this channel may take it, within the
   * server's time for that (24 h by default): `send({ attachments: [{ file: id }] })`.
   * @param {Blob} file
   * @param {UploadOptions} [options]
   * @returns {Promise<string>} Its id.
   */
  upload(file, options) { return upload(this.#connection, this.name, file, options ?? {}); }

  /**
   * Uploads a file and sends a message that has it. Rejects if the server refuses either.
   * @param {Blob} file
   * @param {Content & UploadOptions} [options] What else the message says, and how to upload.
   * @returns {Promise<Published>}
   */
  async sendFile(file, { name, type, onProgress, signal, ...content } = {}) {
    const id = await this.upload(file, { name, type, onProgress, signal });
    return this.send({ ...content, attachments: [...content.attachments ?? [], { file: id }] });
  }

  /** Changes a message's content. @param {number} sequence @param {Edit} edit @returns {Promise<number>} Its version. */
  edit(sequence, edit) { return this.#ask('edit', { ...edit, sequence }, reply => reply.version); }

  /** Empties a message; its place stays. @param {number} sequence @returns {Promise<number>} Its version. */
  delete(sequence) { return this.#ask('delete', { sequence }, reply => reply.version); }

  /** Pins a message; `history` finds it by `pinned`. For moderators and owners; in a direct channel for both. @param {number} sequence @returns {Promise<number>} Its version. */
  pin(sequence) { return this.#ask('pin', { sequence }, reply => reply.version); }

  /** @param {number} sequence @returns {Promise<number>} The message's version. */
  unpin(sequence) { return this.#ask('unpin', { sequence }, reply => reply.version); }

  /** @param {number} sequence @param {string} reaction @param {{remove?: boolean}} [options] @returns {Promise<number>} The message's version. */
  react(sequence, reaction, { remove = false } = {}) { return this.#ask('react', { sequence, reaction, remove }, reply => reply.version); }

  /** @param {number} sequence @returns {Promise<{reactions: Reactions, own: string[]}>} `own`: this user's. */
  reactions(sequence) { return this.#read('reactions', { sequence }, ({ reactions, own }) => ({ reactions, own })); }

  /**
   * A page of messages in ascending order: the newest, those just `before` or just `after` a sequence, those of a `thread`, or the `pinned` ones.
   * @param {{before?: number, after?: number, thread?: number, pinned?: boolean, limit?: number}} [page] `limit`: 1 to 200, default 50.
   * @returns {Promise<{messages: Message[], more: boolean}>}
   */
  history(page = {}) { return this.#read('history', page, ({ messages, more }) => ({ messages, more })); }

  /** @param {{limit?: number, after?: string}} [page] `after`: the last user of the page before. @returns {Promise<{members: Member[], more: boolean}>} */
  members(page = {}) { return this.#read('members', page, ({ members, more }) => ({ members, more })); }

  /** Who is subscribed now; `presence` events tell what changes. @returns {Promise<Present[]>} */
  async presence() {
    /** @type {Present[]} */ const present = [];
    for (let more = true; more;) {
      const reply = await this.#read('presence', present.length ? { after: present[present.length - 1].user } : {}, ({ users, more }) => ({ users, more }));
      present.push(...reply.users);
      more = reply.more && reply.users.length > 0;
    }
    return present;
  }

  /** Moves this user's read mark forward. @param {number} sequence @returns {Promise<void>} */
  markRead(sequence) { return this.#ask('read', { sequence }, () => this.#subscription.marked(sequence)); }

  /** Tells the others that this user types. Call it at every keystroke: it sends at most once in 3 s. */
  typing() {
    const now = this.#connection.clock.now();
    if (now - this.#typed < TYPING_SENT) return;
    this.#typed = now;
    this.signal('typing');
  }

  /** Sends what may be lost (and is, without a connection or on a slow one). Throws `too_large` beyond what the server takes. @param {string} name @param {unknown} [data] Any JSON value. */
  signal(name, data) { this.#connection.tell({ type: 'signal', channel: this.name, name, data }); }

  /** @returns {Promise<void>} */
  join() { return this.#ask('join'); }
  /** @returns {Promise<void>} */
  leave() { return this.#ask('leave'); }

  /** Changes settings: `null` takes name or data away. @param {{name?: string|null, data?: object|null, closed?: boolean, slowMode?: number}} settings @returns {Promise<void>} */
  update(settings) { return this.#ask('update', settings); }

  /** What this member sets for itself in the channel; it ends with the membership. @param {{notify?: 'all'|'mentions'|'none', pinned?: boolean, hidden?: boolean}} preferences `hidden`: until the next message. @returns {Promise<void>} */
  prefer(preferences) { return this.#ask('prefer', preferences); }

  /** Makes another user a member; a member keeps the role. @param {string} user @param {{role?: 'member'|'moderator'|'owner'}} [options] @returns {Promise<void>} */
  invite(user, { role } = {}) { return this.#ask('invite', { user, role }); }
  /** Ends another user's membership and subscriptions. @param {string} user @param {{reason?: string}} [options] @returns {Promise<void>} */
  remove(user, { reason } = {}) { return this.#ask('remove', { user, reason }); }
  /** Keeps a user out, member or not. Replaces an earlier ban. @param {string} user @param {Sanction} [options] @returns {Promise<void>} */
  ban(user, { until, reason } = {}) { return this.#ask('ban', { user, until: time(until), reason }); }
  /** The user is no member after it. @param {string} user @returns {Promise<void>} */
  unban(user) { return this.#ask('unban', { user }); }
  /** Lets a user only read, member or not. Replaces an earlier mute. @param {string} user @param {Sanction} [options] @returns {Promise<void>} */
  mute(user, { until, reason } = {}) { return this.#ask('mute', { user, until: time(until), reason }); }
  /** @param {string} user @returns {Promise<void>} */
  unmute(user) { return this.#ask('unmute', { user }); }
  /** For owners. Whoever is no member becomes one. @param {string} user @param {'member'|'moderator'|'owner'} role @returns {Promise<void>} */
  setRole(user, role) { return this.#ask('setRole', { user, role }); }
  /** Reports a message to the moderators; the same again changes nothing. A deleted one rejects with `conflict`. @param {number} sequence @param {{reason?: string}} [options] `reason`: at most 1,000 units. @returns {Promise<void>} */
  report(sequence, { reason } = {}) { return this.#ask('report', { sequence, reason }); }
  /** Reported messages, newest report first; for moderators and owners. @param {{limit?: number, before?: string}} [page] `before`: the `next` of the page before. @returns {Promise<{reports: Report[], more: boolean, next?: string}>} */
  reports(page = {}) { return this.#read('reports', page, ({ reports, more, next }) => ({ reports, more, next })); }
  /** Says what became of a report. @param {string} report @param {'open'|'dismissed'|'acted'} state @returns {Promise<void>} */
  resolve(report, state) { return this.#ask('resolve', { report, state }); }
  /** What moderators and owners did, latest first; for these. @param {{limit?: number, before?: string}} [page] `before`: the `next` of the page before. @returns {Promise<{actions: Action[], more: boolean, next?: string}>} */
  actions(page = {}) { return this.#read('actions', page, ({ actions, more, next }) => ({ actions, more, next })); }
  /** The bans that hold, by user; for moderators and owners. @param {{limit?: number, after?: string}} [page] `after`: the last user of the page before. @returns {Promise<{bans: Ban[], more: boolean}>} */
  bans(page = {}) { return this.#read('bans', page, ({ bans, more }) => ({ bans, more })); }

  /** @param {string} type @param {Frame} [fields] @param {(reply: any) => any} [pick] @returns {Promise<any>} */
  #ask(type, fields, pick = () => undefined) { return this.#connection.requests.ask({ ...fields, type, channel: this.name }, false, pick); }

  /** @template T @param {string} type @param {Frame} fields @param {(reply: any) => T} pick */
  #read(type, fields, pick) { return this.#connection.requests.ask({ ...fields, type, channel: this.name }, true, pick); }

  /** @internal @override @param {boolean} came */
  listened(came) {
    if (came) this.#left = false;
    this.#look();
  }

  /** Whether the client has to keep it, though nobody else does. */
  #look() {
    const used = this.#subscription.wanted !== null || this.#outbox.size > 0 || (this.hasListeners && !this.#left);
    if (used === this.#used) return;
    this.#used = used;
    this.#use(this, used);
  }

  /** @internal */
  up() { this.#subscription.up(); }

  /** @internal */
  down() {
    this.#subscription.down();
    this.#clearTyping();
  }

  /** @internal @param {RealtimeError} error */
  ended(error) {
    this.#subscription.ended(error);
    this.#outbox.fail(error);
    this.#clearTyping();
  }

  /** @internal @param {Frame} frame */
  frame(frame) {
    switch (frame.type) {
      case 'event':
        if (frame.kind === 'posted') this.#stopTyping(frame.message.sender);
        return this.#subscription.event(frame);
      case 'changes': return this.#subscription.changes(frame);
      case 'revoked':
        this.#clearTyping();
        return this.#subscription.revoked(frame);
      case 'member': return this.emit('member', { user: frame.user, change: frame.change, role: frame.role, by: frame.by, until: frame.until });
      case 'channel': return this.emit('settings', { name: frame.name, data: frame.data, closed: frame.closed, slowMode: frame.slowMode });
      case 'signal': return this.#signalled(frame);
    }
  }

  /** @param {Frame} signal */
  #signalled({ user, name, data }) {
    if (!this.#subscription.wanted) return;
    if (name === 'typing') this.#startTyping(user);
    else if (name === 'presence') {
      if (data?.status === 'offline') this.#stopTyping(user);
      this.emit('presence', { user, status: data?.status });
    } else if (name === 'read') {
      if (user === this.#connection.hello?.user) this.#subscription.marked(data?.sequence);
      this.emit('read', { user, sequence: data?.sequence });
    } else this.emit('signal', { user, name, data });
  }

  /** @param {string} user */
  #startTyping(user) {
    const known = this.#typists.has(user);
    if (user === this.#connection.hello?.user || (!known && this.#typists.size >= TYPING_USERS)) return;
    this.#connection.clock.clearTimeout(this.#typists.get(user));
    this.#typists.set(user, this.#connection.clock.setTimeout(() => this.#stopTyping(user), TYPING_SHOWN));
    if (!known) this.emit('typing', this.typists);
  }

  /** @param {string} user */
  #stopTyping(user) {
    this.#connection.clock.clearTimeout(this.#typists.get(user));
    if (this.#typists.delete(user)) this.emit('typing', this.typists);
  }

  #clearTyping() {
    for (const user of this.typists) this.#stopTyping(user);
  }
}
