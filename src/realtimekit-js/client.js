// RealtimeKit's client for browsers and Node: ES modules, of which this is the one to import; no dependency, no build step.
//
// From the bottom up: `Connection` is one lasting connection over many sockets, whose requests `RequestTable` matches with their
// replies. `Outbox` holds what a channel has not yet been told is stored. `Subscription` holds a channel's cursor. `Channel`
// and `RealtimeClient` are what an application sees.

/** @import { Deferred } from './client/errors.js' */
/** @import { Found, Message } from './client/messages.js' */

import { Channel } from './client/channel.js';
import { Connection } from './client/connection.js';
import { Emitter } from './client/emitter.js';
import { deferred, RealtimeError } from './client/errors.js';
import { download } from './client/files.js';
import { Inbox } from './client/inbox.js';
import { Sends } from './client/outbox.js';
import { Users } from './client/users.js';
// Used by those above, and named here so that a browser asks for all modules at once.
import './client/requests.js';
import './client/subscription.js';

export * from './client/channel.js';
export * from './client/inbox.js';
export * from './client/messages.js';
export { RealtimeError };

/** @typedef {'idle'|'connecting'|'connected'|'waiting'|'closed'} State `waiting`: until the next attempt to connect. */

/** @typedef {{state: State, error: RealtimeError|null, retryIn: number|null}} StateChange `error`: why it is `waiting` or `closed`; `retryIn`: ms, when `waiting`. */

/** @typedef {{user: string, connection: string, node: string, time: string, heartbeat: number, expires?: string, limits: {messageBytes: number, textLength: number, channels: number, historyPage: number}, features?: string[]}} Hello */

/**
 * A channel of the user's. `notify`: of what the user wants to be notified (`all`, `mentions`, `none`). `hidden`: until the next message. `changed`: the time of the
 * last version, or of the creation. In an inbox the text of `last` is cut after 500 units, and `last` has `truncated`.
 * @typedef {{channel: string, name?: string, kind: string, role: string, sequence: number, version: number, read: number, unread: number, mentions: number, last?: Message & {truncated?: boolean}, data?: any, closed?: boolean, notify: 'all'|'mentions'|'none', pinned: boolean, hidden: boolean, changed: string}} ChannelInfo
 */

/** What the application shows of a user. @typedef {{user: string, name?: string, avatar?: string, data?: unknown}} User */

/** A public channel. @typedef {{channel: string, name?: string, data?: any, members: number, sequence: number}} ListedChannel */

/** @typedef {{now(): number, setTimeout(run: () => void, ms: number): any, clearTimeout(timer: any): void}} Clock `now`: ms since any moment, on a clock that nobody sets. */

/**
 * @typedef {object} ClientOptions
 * @property {string|(() => string|null|Promise<string|null>)} [token] The sign-in, or a function that is asked for it before
 *   each connection. Left out where a cookie signs in. A function that fails is asked again after the backoff; one that
 *   throws a `RealtimeError` of code `unauthenticated` ends the client.
 * @property {new (url: string, protocols: string[]) => any} [webSocket] Constructor; default the platform's (none in Node 20).
 * @property {number} [queueLimit] Messages that may await their acknowledgement, over all channels; as many reads may await a
 *   connection. Default 1000.
 * @property {number} [backoffBase] ms; the first pause between attempts is anything up to this. Default 500.
 * @property {number} [backoffCap] ms; no pause is longer. Default 30,000.
 * @property {{name: string, version: string}} [client] What this application calls itself to the server.
 * @property {(url: string, init: RequestInit) => Promise<Response>} [fetch] Sends the requests for files; default the platform's.
 * @property {Clock} [clock] Time and timers; default the platform's. For tests.
 * @property {() => number} [random] From 0 to below 1; default `Math.random`. For tests.
 */

const VERSION = '0.0.0';                                 // packing puts in the package's own

/**
 * A connection to a RealtimeKit server that mends itself.
 *
 *     const client = new RealtimeClient('/realtime');
 *     const lobby = client.channel('lobby');
 *     lobby.on('change', ({ kind, message }) => …);
 *     await client.connect();
 *     await lobby.subscribe({ recent: 50 });
 *     await lobby.send({ text: 'Hello' });
 *
 * It reconnects by itself, with backoff, until it is closed, the sign-in is refused, or the server disconnects it for good.
 * Being `closed` rejects everything that is pending; `connect` may be called again and resumes the subscriptions.
 * @extends {Emitter<{state: StateChange, user: User}>} `user`: one of the 1,000 users asked for last has changed.
 */
export class RealtimeClient extends Emitter {
  /** @type {Connection} */ #connection;
  #sends = new Sends();
  /** @type {Users} */ #users;
  /** Those in use: subscribed, listened to, or with messages on their way. @type {Map<string, Channel>} */ #channels = new Map();
  /** The others, for as long as the application holds them. @type {Map<string, WeakRef<Channel>>} */ #unused = new Map();
  /** Removes the names of those that were collected; not every platform has one. @type {FinalizationRegistry<string>|undefined} */
  #names = globalThis.FinalizationRegistry && new FinalizationRegistry(name => { if (!this.#unused.get(name)?.deref()) this.#unused.delete(name); });
  /** @type {Deferred<Hello>[]} */ #waiters = [];
  /** @type {Inbox} */ #inbox;

  /**
   * @param {string|URL} url Of the endpoint; a path like `/realtime` is taken relative to the page.
   * @param {ClientOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    this.#connection = new Connection(url, options, { name: '@realtimekit/client', version: VERSION }, {
      state: change => this.emit('state', change),
      up: () => this.#up(),
      down: () => {
        this.#each(channel => channel.down());
        this.#inbox.down();
      },
      ended: error => {
        for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
        this.#each(channel => channel.ended(error));
        this.#inbox.ended(error);
      },
      frame: frame => {
        if (frame.type === 'inbox') this.#inbox.frame(frame);
        else if (frame.type === 'user') this.#users.take(frame);
        else this.#channels.get(frame.channel)?.frame(frame);
      },
    });
    this.#inbox = new Inbox(this.#connection);
    this.#users = new Users(this.#connection, user => this.emit('user', user));
  }

  get state() { return this.#connection.state; }

  /** Why it is `waiting` or `closed`. */
  get error() { return this.#connection.error; }

  /** Who the server says this is, once it has been connected. */
  get user() { return this.#connection.hello?.user ?? null; }

  /** The name of the server's node that this is, or was last, connected to. */
  get node() { return this.#connection.hello?.node ?? null; }

  /** What the node has, or the last one had, of what not every node has, such as `search`. */
  get features() { return this.#connection.hello?.features ?? []; }

  /** What the server takes, once it has been connected. */
  get limits() { return this.#connection.hello?.limits ?? null; }

  /**
   * Begins to connect, or tries at once if it is waiting to.
   * @returns {Promise<Hello>} Connected. Rejects only if the client is closed before.
   */
  connect() {
    if (this.state === 'connected') return Promise.resolve(/** @type {Hello} */ (this.#connection.hello));
    const waiter = deferred();
    this.#waiters.push(waiter);
    this.#connection.open();
    return waiter.promise;
  }

  /** Closes the connection. Whatever is pending rejects with `closed`; what was under way may have taken effect. */
  close() { this.#connection.close(new RealtimeError('closed', 'The client was closed.')); }

  /**
   * The channel of that name. Asks nothing of the server. It is the same object while the channel is subscribed, has listeners
   * or has pending messages, and as long as the application holds it.
   * @param {string} name
   */
  channel(name) {
    const known = this.#channels.get(name) ?? this.#unused.get(name)?.deref();
    if (known) return known;
    const channel = new Channel(name, this.#connection, this.#sends, (used, isUsed) => this.#use(used, isUsed));
    this.#unused.set(name, new WeakRef(channel));
    this.#names?.register(channel, name);
    return channel;
  }

  /**
   * The channels this user is a member of, the latest changed first.
   * @param {{limit?: number, before?: string}} [page] `before`: `next` of the page before.
   * @returns {Promise<{channels: ChannelInfo[], more: boolean, next?: string}>}
   */
  channels(page = {}) {
    return this.#connection.requests.ask({ ...page, type: 'channels' }, true, ({ channels, more, next }) => ({ channels, more, next }));
  }

  /** The user's inbox: all these channels, live. Always the same object; `open` it. */
  inbox() { return this.#inbox; }

  /**
   * Public channels, by name without regard to case; those without a name last. A page may have fewer than `limit` though there are more.
   * @param {{query?: string, limit?: number, before?: string}} [page] `query`: beginnings of words of the name, each of which must be there. `before`: `next` of the page before.
   * @returns {Promise<{channels: ListedChannel[], more: boolean, next?: string}>}
   */
  directory(page = {}) {
    return this.#connection.requests.ask({ ...page, type: 'directory' }, true, ({ channels, more, next }) => ({ channels, more, next }));
  }

  /** In the direct channel with this user a blocked one may only read and delete; mentions by that one do not count. Nobody is told. @param {string} user @returns {Promise<void>} */
  block(user) { return this.#connection.requests.ask({ type: 'block', user }, false, () => undefined); }
  /** @param {string} user @returns {Promise<void>} */
  unblock(user) { return this.#connection.requests.ask({ type: 'unblock', user }, false, () => undefined); }
  /** Whom this user blocks, by name. @returns {Promise<string[]>} */
  blocked() { return this.#connection.requests.ask({ type: 'blocked' }, true, ({ users }) => users); }

  /**
   * Finds messages by their text, the latest first, in all channels that this user may see or in one. Words are joined by AND, each
   * finds words that begin with it; `"a phrase"` in quotation marks finds itself; case and diacritics do not count.
   * @param {string} query At most 200 UTF-16 code units. Nothing in it to search rejects with `invalid`.
   * @param {{channel?: string, sender?: string, since?: string|Date, until?: string|Date, limit?: number, before?: string}} [page]
   *   `since` counts, `until` does not; `before`: `next` of the page before.
   * @returns {Promise<{messages: Found[], more: boolean, next?: string}>} A page may have fewer than asked for, also none, and there be more.
   */
  search(query, page = {}) {
    return this.#connection.requests.ask({ ...page, type: 'search', query }, true, ({ messages, more, next }) => ({ messages, more, next }));
  }

  /**
   * Makes a channel. A taken name rejects with `conflict`.
   * @param {{kind: 'public'|'private'|'direct', channel?: string, name?: string, data?: object, members?: string[]}} what `channel` left out: the server names it.
   * @returns {Promise<Channel>}
   */
  create(what) { return this.#connection.requests.ask({ ...what, type: 'create' }, false, reply => this.channel(reply.channel)); }

  /**
   * What the application shows of users. Whoever is unknown, or not to be seen by this user, is left out. `user` events tell what
   * changes of them, also what was noticed after a lost connection.
   * @param {string[]} users 1 to 200 names.
   * @returns {Promise<User[]>}
   */
  users(users) { return this.#users.ask(users); }

  /** The address of a file, for an `img` or a link where a cookie signs in; others ask by `download`. @param {string} id */
  fileUrl(id) { return this.#connection.fileUrl(id); }

  /** Fetches a file. Rejects with `not_found` where there is none that this user may see. @param {string} id @param {RequestInit} [init] @returns {Promise<Response>} */
  download(id, init) { return download(this.#connection, id, init ?? {}); }

  /** Renews the sign-in of this connection before it expires. @param {string} token @returns {Promise<string|null>} When the new one expires. */
  refresh(token) { return this.#connection.requests.ask({ type: 'refresh', token }, false, reply => reply.expires ?? null); }

  #up() {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(/** @type {Hello} */ (this.#connection.hello));
    this.#each(channel => channel.up());
    this.#inbox.up();
    this.#users.up();
    this.#sends.pump();
  }

  /** A copy: what is done may begin or end the use of some. @param {(channel: Channel) => void} run */
  #each(run) {
    for (const channel of [...this.#channels.values()]) run(channel);
  }

  /** @param {Channel} channel @param {boolean} used */
  #use(channel, used) {
    const { name } = channel;
    if (used) this.#channels.set(name, channel);
    else this.#channels.delete(name);
    if (used) this.#unused.delete(name);
    else this.#unused.set(name, new WeakRef(channel));
  }
}
