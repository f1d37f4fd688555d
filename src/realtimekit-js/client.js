// RealtimeKit's client for browsers and Node: one module, no dependency, no build step.
//
// From the bottom up: `Wire` is one lasting connection over many sockets. `Outbox` holds what a channel has not yet been told
// is stored. `Subscription` holds a channel's cursor. `Channel` and `RealtimeClient` are what an application sees.

// ---------------------------------------------------------------------------------------------------------------- types

/**
 * A message as the server holds it. A deleted one keeps its place and has `deletedAt` instead of content.
 * @typedef {object} Message
 * @property {string} id UUID made by the sender, unique within the channel.
 * @property {string} channel
 * @property {number} sequence Position in the channel: 1, 2, 3 … without gaps, never changed.
 * @property {number} version The channel's version at the message's last change.
 * @property {string} sender
 * @property {string} time RFC 3339, UTC.
 * @property {string} [text]
 * @property {unknown} [data]
 * @property {number} [replyTo] Sequence of the message this one answers.
 * @property {number} [thread] Sequence of the root of the chain of answers.
 * @property {object[]} [attachments]
 * @property {string[]} [mentions]
 * @property {string} [editedAt]
 * @property {string} [deletedAt]
 * @property {Reactions} [reactions]
 */

/** @typedef {Record<string, {count: number, users: string[]}>} Reactions By reaction; `users` names at most 20 of them. */

/**
 * What to send. One of `text`, `data` and `attachments` must be there.
 * @typedef {object} Content
 * @property {string} [id] UUID of the message; made here if left out. Sending the same id twice stores one message.
 * @property {string} [text] At most 8,000 UTF-16 code units.
 * @property {unknown} [data] Any JSON value.
 * @property {number} [replyTo] Sequence of the message that is answered.
 * @property {object[]} [attachments] At most 10.
 * @property {string[]} [mentions] At most 50 users.
 */

/** @typedef {{text?: string|null, data?: unknown, attachments?: object[]|null, mentions?: string[]|null}} Edit A field left out is kept, `null` removes it. */

/** @typedef {{id: string, content: Content, time: string}} Pending A message on its way; `time` is when it was sent here. */

/** @typedef {{channel: string, messageId: string, sequence: number, version: number, time: string, duplicate: boolean}} Published */

/**
 * One step of a channel's history. Every message is told once as `posted`, in its state at that moment (it may be deleted
 * already); whatever follows is an update of the message with that `sequence`. After an absence several changes are told as
 * one: then `edited` means "replace it by `message`", whatever it was that changed. Put messages where their `sequence` says.
 * @typedef {object} Change
 * @property {'posted'|'edited'|'deleted'|'reacted'} kind
 * @property {number} sequence
 * @property {number} version
 * @property {Message} [message] The whole message; not with `reacted`.
 * @property {Reactions} [reactions] With `reacted`: all reactions as they now are.
 * @property {string} [reaction] With `reacted`: which one.
 * @property {string} [user] With `reacted`: who.
 * @property {boolean} [removed] With `reacted`: whether it was taken back.
 */

/** @typedef {{epoch: string, version: number, sequence: number, read: number, role?: string}} Subscribed `read` is the user's own mark, 0 if none. */

/**
 * Where to begin: with the last `recent` messages (1 to 200), after a cursor saved earlier (`channel.cursor`), or, with
 * neither, with what happens from now on.
 * @typedef {{recent?: number, after?: number, epoch?: string, sequence?: number}} Start
 */

/** @typedef {'idle'|'connecting'|'connected'|'waiting'|'closed'} State `waiting`: until the next attempt to connect. */

/** @typedef {{state: State, error: RealtimeError|null, retryIn: number|null}} StateChange `error`: why it is `waiting` or `closed`; `retryIn`: ms, when `waiting`. */

/** @typedef {{user: string, connection: string, node: string, time: string, heartbeat: number, expires?: string, limits: {messageBytes: number, textLength: number, channels: number, historyPage: number}}} Hello */

/** @typedef {{channel: string, name?: string, kind: string, role: string, sequence: number, version: number, read: number, unread: number, mentions: number, last?: Message}} ChannelInfo */

/** @typedef {{user: string, role: string, read: number, muted?: boolean, mutedUntil?: string}} Member */

/** @typedef {{user: string, status: 'online'|'away', since: string, connections: number}} Present */

/** @typedef {{now(): number, setTimeout(run: () => void, ms: number): any, clearTimeout(timer: any): void}} Clock */

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
 * @property {Clock} [clock] Time and timers; default the platform's. For tests.
 * @property {() => number} [random] From 0 to below 1; default `Math.random`. For tests.
 */

/** @typedef {Record<string, any>} Frame */
/** @typedef {Pending & Deferred<Published>} Entry */
/** @template T @typedef {{promise: Promise<T>, resolve: (value: T) => void, reject: (error: RealtimeError) => void}} Deferred */
/** @typedef {(error: RealtimeError|null, reply: Frame) => void} Done */
/** @typedef {{frame: Frame, text: string, again: boolean, done: Done}} Request */

// --------------------------------------------------------------------------------------------------------------- errors

/**
 * What every promise of this module rejects with. `code` is the server's (`invalid`, `unauthenticated`, `forbidden`,
 * `not_found`, `conflict`, `too_large`, `too_many`, `rate_limited`, `unavailable`, `unsupported`, `internal`) or the client's own:
 * - `disconnected`: there is no connection, or it was lost before the answer; the request may have taken effect.
 * - `queue_full`: `queueLimit` is reached.
 * - `closed`: the client or the subscription was ended.
 */
export class RealtimeError extends Error {
  /** @param {string} code @param {string} message @param {{retryAfter?: number, cause?: unknown}} [more] */
  constructor(code, message, more = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'RealtimeError';
    /** @readonly */ this.code = code;
    /** @readonly ms to wait before trying again, where the server said so. */ this.retryAfter = more.retryAfter;
  }
}

// --------------------------------------------------------------------------------------------------------------- events

/** @template {Record<string, any>} Events */
class Emitter {
  /** @type {Map<keyof Events, Set<(event: any) => void>>} */
  #listeners = new Map();

  /**
   * Calls `listener` at each such event. One that throws disturbs neither the others nor the connection; its error goes
   * where the platform reports uncaught ones.
   * @template {keyof Events} K
   * @param {K} name
   * @param {(event: Events[K]) => void} listener
   * @returns {() => void} Ends it.
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** @internal @template {keyof Events} K @param {K} name @param {Events[K]} event */
  emit(name, event) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- small tools

const VERSION = '0.0.0';            // packing puts in the package's own
const SUBPROTOCOL = 'realtimekit.v1.json';
const PUBLISH_WINDOW = 64;          // publishes of one connection that await their reply
const CONNECT_DEADLINE = 15_000;    // ms from the start of an attempt to `connected`
const TYPING_SHOWN = 6_000;         // ms, from the protocol
const TYPING_SENT = 3_000;          // ms: often enough that a reader's 6 s never run out
const TYPING_USERS = 100;           // beyond that nobody reads the names
const SIGNAL_BACKLOG = 262_144;     // bytes not yet on the network at which signals are dropped
const RECENT = 50;
const MAY_RETRY = new Set(['unavailable', 'rate_limited']);
const STAYS_CLOSED = new Map([
  [1000, ['closed', 'The server ended the connection.']],
  [4400, ['invalid', 'The server could not read what this client sent; it will not be sent again.']],
  [4403, ['forbidden', 'The server disconnected this user.']],
]);

/** @type {Clock} */
const systemClock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer),
};

/** A new message id: a UUID of version 7, whose first 48 bits are the time, so that ids made later sort later. */
export function messageId(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint32(0, Math.floor(now / 0x10000));
  new DataView(bytes.buffer).setUint16(4, now % 0x10000);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @param {string} text @param {number} limit In bytes of UTF-8. */
const isLonger = (text, limit) => text.length * 3 > limit && new TextEncoder().encode(text).length > limit;

/** @param {string|URL} url */
function socketUrl(url) {
  const resolved = new URL(url, globalThis.location?.href);
  resolved.protocol = resolved.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(resolved.protocol)) throw new RealtimeError('invalid', `"${url}" is no address for a WebSocket; use ws, wss, http, https or a path.`);
  return resolved.href;
}

/**
 * A promise with its ends in hand. One that nobody awaits may fail without being reported as unhandled.
 * @template T
 * @returns {Deferred<T>}
 */
function deferred() {
  /** @type {any} */ const ends = {};
  ends.promise = new Promise((resolve, reject) => Object.assign(ends, { resolve, reject }));
  ends.promise.catch(() => {});
  return ends;
}

// ----------------------------------------------------------------------------------------------------------------- wire

/**
 * One lasting connection over many sockets: dials, says `connect`, keeps the heartbeat, matches replies to requests and, when
 * a socket is lost, dials again after a pause. Replies are told by callback, not by promise, so that what follows a reply
 * in the same batch of frames is handled after it.
 */
class Wire {
  /** @type {State} */ state = 'idle';
  /** @type {RealtimeError|null} */ error = null;
  /** @type {Hello|null} */ hello = null;
  /** Shared by all outboxes, whose limits go over all channels. */
  sends = { queued: 0, underway: 0, outboxes: /** @type {Set<Outbox>} */ (new Set()) };

  clock; queueLimit;
  #url; #options; #listener; #random;
  /** @type {any} */ #socket = null;
  /** @type {Map<number, Request>} */ #unanswered = new Map();
  /** @type {Request[]} */ #unsent = [];
  #lastId = 0;
  #attempts = 0;                                         // since the last `connected`
  #renewed = false;                                      // a new token was asked for since the last `connected`
  #turn = 0;                                             // tells an attempt that it was overtaken
  #heard = 0;
  /** @type {any} */ #timer = null;                      // of the present state: connect deadline, heartbeat or pause
  /** @type {any} */ #moveTimer = null;
  /** @type {number|null} */ #moveAt = null;             // when to leave a node that goes away
  #draining = false;
  /** What the server said the close will be for. @type {RealtimeError|null} */ #farewell = null;

  /**
   * @param {string|URL} url
   * @param {ClientOptions} options
   * @param {{state(change: StateChange): void, up(): void, down(): void, ended(error: RealtimeError): void, frame(frame: Frame): void}} listener
   */
  constructor(url, options, listener) {
    this.#url = socketUrl(url);
    this.#options = options;
    this.#listener = listener;
    this.clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.queueLimit = options.queueLimit ?? 1000;
  }

  get closedError() { return this.error ?? new RealtimeError('closed', 'The client is closed; call connect().'); }
  get ready() { return this.state === 'connected' && !this.#draining; }

  /** A pause in ms, exponential with full jitter: clients that were cut off together do not come back together. @param {number} attempt From 0. */
  pause(attempt) {
    const { backoffBase = 500, backoffCap = 30_000 } = this.#options;
    return this.#random() * Math.min(backoffCap, backoffBase * 2 ** Math.min(attempt, 30));
  }

  open() { if (this.state !== 'connecting' && this.state !== 'connected') this.#dial(); }

  /** @param {RealtimeError} error */
  close(error) { if (this.state !== 'closed') this.#end(error); }

  /** Sends a request on this connection or fails at once. @param {Frame} frame @param {Done} done */
  call(frame, done) { this.#place({ frame, text: '', again: false, done }); }

  /**
   * A request as a promise of what is `picked` from its reply. One that may be made `again` waits for a connection and
   * survives the loss of one.
   * @template T
   * @param {Frame} frame @param {boolean} again @param {(reply: any) => T} pick
   * @returns {Promise<T>}
   */
  ask(frame, again, pick) {
    const { promise, resolve, reject } = deferred();
    this.#place({ frame, text: '', again, done: (error, reply) => (error ? reject(error) : resolve(pick(reply))) });
    return promise;
  }

  /** Sends a frame that has no reply, or drops it if it could not leave at once. @param {Frame} frame */
  tell(frame) {
    const text = JSON.stringify(frame);
    if (isLonger(text, this.hello?.limits.messageBytes ?? 65_536)) throw tooLarge(frame, this.hello);
    if (this.ready && this.#socket.bufferedAmount < SIGNAL_BACKLOG) this.#socket.send(text);
  }

  /** @param {Request} request */
  #place(request) {
    const { again, done, frame } = request;
    if (this.ready) this.#send(request);
    else if (this.state === 'closed') done(this.closedError, {});
    else if (!again && this.state !== 'connected') done(new RealtimeError('disconnected', `There is no connection for "${frame.type}"; try again once the client is connected.`), {});
    else if (this.#unsent.length >= this.queueLimit) done(new RealtimeError('queue_full', `${this.queueLimit} requests already await a connection.`), {});
    else this.#unsent.push(request);
  }

  /** @param {Request} request */
  #send(request) {
    const id = ++this.#lastId;
    request.text = JSON.stringify({ ...request.frame, id });
    // The server would refuse it, or even close the connection and with it hold up everything else.
    if (isLonger(request.text, /** @type {Hello} */ (this.hello).limits.messageBytes)) return request.done(tooLarge(request.frame, this.hello), {});
    this.#unanswered.set(id, request);
    this.#socket.send(request.text);
  }

  async #dial() {
    const turn = ++this.#turn;
    this.#await(CONNECT_DEADLINE, () => this.#lost(new RealtimeError('disconnected', 'The server did not answer in time.')));
    this.#enter('connecting', null);
    const { token, webSocket = globalThis.WebSocket, client = { name: '@realtimekit/client', version: VERSION } } = this.#options;
    try {
      const signIn = typeof token === 'function' ? await token() : token;
      if (turn !== this.#turn) return;
      if (!webSocket) throw new RealtimeError('unsupported', 'This platform has no WebSocket; pass one as the option "webSocket".');
      const socket = new webSocket(this.#url, [SUBPROTOCOL]);
      this.#socket = socket;
      socket.onopen = () => socket.send(JSON.stringify({ type: 'connect', id: ++this.#lastId, token: signIn ?? undefined, client }));
      socket.onmessage = (/** @type {{data: any}} */ { data }) => this.#receive(socket, data);
      socket.onerror = () => {};                         // says nothing that the close after it does not
      socket.onclose = (/** @type {{code: number, reason: string}} */ { code, reason }) => this.#lost(null, code, reason);
    } catch (cause) {
      if (turn !== this.#turn) return;
      const error = cause instanceof RealtimeError ? cause : new RealtimeError('disconnected', `Could not begin to connect: ${cause}`, { cause });
      if (error.code === 'unauthenticated' || error.code === 'unsupported') this.#end(error);
      else this.#lost(error);
    }
  }

  /** @param {any} socket @param {any} data */
  #receive(socket, data) {
    this.#heard = this.clock.now();
    for (const line of String(data).split('\n')) {
      if (!line) continue;
      /** @type {Frame} */ let frame;
      try {
        frame = JSON.parse(line);
      } catch (cause) {
        return this.#lost(new RealtimeError('disconnected', 'The server sent something that is not JSON.', { cause }));
      }
      this.#handle(frame);
      if (socket !== this.#socket) return;               // what it said ended the connection
    }
  }

  /** @param {Frame} frame */
  #handle(frame) {
    if (frame.id !== undefined) return this.#answer(frame);
    switch (frame.type) {
      case 'ping': return void this.#socket.send('{"type":"pong"}');
      case 'reconnect': return this.#move(frame.within);
      case 'error': return void (this.#farewell = serverError(frame));
      default: this.#listener.frame(frame);
    }
  }

  /** @param {Frame} frame */
  #answer(frame) {
    if (this.state === 'connecting') {
      if (frame.type === 'connected') return this.#welcome(/** @type {any} */ (frame));
      const error = serverError(frame);
      return this.#lost(error, error.code === 'unauthenticated' ? 4401 : 0);
    }
    const request = this.#unanswered.get(frame.id);
    this.#unanswered.delete(frame.id);
    if (frame.type === 'error') request?.done(serverError(frame), frame);
    else request?.done(null, frame);
    this.#leaveIfDrained();
  }

  /** @param {Hello} hello */
  #welcome(hello) {
    this.hello = hello;
    this.#attempts = 0;
    this.#renewed = false;
    const heartbeat = hello.heartbeat || 25_000;
    const watch = () => {
      if (this.clock.now() - this.#heard >= 2 * heartbeat) this.#lost(new RealtimeError('disconnected', 'The server has fallen silent.'));
      else this.#await(heartbeat, watch);
    };
    this.#await(heartbeat, watch);
    this.#enter('connected', null);
    if (this.state !== 'connected') return;              // a listener closed it
    this.#listener.up();
    for (const request of this.#unsent.splice(0)) this.#place(request);
  }

  /** Leaves a node that goes away at a random moment, so that not all its clients come to the others at once. @param {number} within */
  #move(within) {
    const delay = this.#random() * (within || 0);
    this.#moveAt = this.clock.now() + delay;
    this.clock.clearTimeout(this.#moveTimer);
    this.#moveTimer = this.clock.setTimeout(() => {
      this.#draining = true;
      this.#leaveIfDrained();
    }, delay);
  }

  #leaveIfDrained() {
    if (this.#draining && this.#unanswered.size === 0) this.#lost(new RealtimeError('disconnected', 'The node goes away.'));
  }

  /**
   * The socket is gone, or given up: decides whether and when there is another.
   * @param {RealtimeError|null} error
   * @param {number} [code] The close code.
   * @param {string} [reason]
   */
  #lost(error, code = 0, reason = '') {
    const said = error ?? this.#farewell;
    const greeting = this.state === 'connecting';
    this.#drop();
    const fate = STAYS_CLOSED.get(code);
    if (fate) return this.#end(said ?? new RealtimeError(fate[0], reason || fate[1]));
    if (code === 1009 && greeting) return this.#end(said ?? new RealtimeError('too_large', 'The token is larger than the server takes.'));
    if (code === 4401) {
      const refused = said ?? new RealtimeError('unauthenticated', reason || 'The server asks for a sign-in.');
      if (this.#renewed || typeof this.#options.token !== 'function') return this.#end(refused);
      this.#renewed = true;
    }
    const lost = said ?? new RealtimeError('disconnected', `The connection was lost (close code ${code || 'none'}${reason && `: ${reason}`}).`);
    const delay = this.#moveAt === null ? this.pause(this.#attempts++) : Math.max(0, this.#moveAt - this.clock.now());
    this.#moveAt = null;
    this.#await(delay, () => this.#dial());
    this.#enter('waiting', lost, delay);
    if (code === 1009) this.#failLargest();
    const requests = [...this.#unanswered.values()];
    this.#unanswered.clear();
    this.#unsent.unshift(...requests.filter(request => request.again));
    for (const request of requests) {
      if (!request.again) request.done(new RealtimeError('disconnected', `The connection was lost before "${request.frame.type}" was answered; it may have taken effect.`), {});
    }
    this.#listener.down();
  }

  /** A close for size was brought by a frame without reply, and of those it can only have been the largest. */
  #failLargest() {
    let largest = 0;
    for (const [id, { text }] of this.#unanswered) {
      if (text.length > (this.#unanswered.get(largest)?.text.length ?? 0)) largest = id;
    }
    const request = this.#unanswered.get(largest);
    this.#unanswered.delete(largest);
    request?.done(tooLarge(request.frame, this.hello), {});
  }

  /** Ends for good, until `open`. @param {RealtimeError} error */
  #end(error) {
    this.#drop();
    this.#moveAt = null;
    const requests = [...this.#unanswered.values(), ...this.#unsent.splice(0)];
    this.#unanswered.clear();
    this.#enter('closed', error);
    for (const request of requests) request.done(error, {});
    this.#listener.ended(error);
  }

  /** Lets go of the socket at once: a browser may take minutes to close one whose other end is silent. */
  #drop() {
    this.#turn++;
    this.#draining = false;
    this.#farewell = null;
    this.clock.clearTimeout(this.#timer);
    this.clock.clearTimeout(this.#moveTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /** @param {number} ms @param {() => void} then */
  #await(ms, then) {
    this.clock.clearTimeout(this.#timer);
    this.#timer = this.clock.setTimeout(then, ms);
  }

  /** @param {State} state @param {RealtimeError|null} error @param {number|null} [retryIn] */
  #enter(state, error, retryIn = null) {
    this.state = state;
    this.error = error;
    this.#listener.state({ state, error, retryIn });
  }
}

/** @param {Frame} frame */
const serverError = frame => new RealtimeError(frame.code ?? 'internal', frame.message ?? 'The server gave no reason.', { retryAfter: frame.retryAfter });

/** @param {Frame} frame @param {Hello|null} hello */
const tooLarge = (frame, hello) =>
  new RealtimeError('too_large', `This "${frame.type}" is larger than the server takes (${hello?.limits.messageBytes ?? 'unknown'} bytes); send less, or a link to it.`);

// --------------------------------------------------------------------------------------------------------------- outbox

/**
 * The messages of one channel that are not yet known to be stored, in the order in which they were sent. Many are under way at
 * once; those at the front. What a lost connection leaves unanswered goes again with the same id, which the server stores once.
 */
class Outbox {
  /** @type {Entry[]} */
  #entries = [];
  #wire; #channel; #changed;
  #underway = 0;
  #refusals = 0;                                         // in a row
  #holding = false;
  #retryAfter = 0;
  /** @type {any} */ #timer = null;

  /** @param {Wire} wire @param {string} channel @param {() => void} changed */
  constructor(wire, channel, changed) {
    this.#wire = wire;
    this.#channel = channel;
    this.#changed = changed;
  }

  /** @returns {Pending[]} */
  get pending() {
    return this.#entries.map(({ id, content, time }) => ({ id, content, time }));
  }

  /** @param {Content} content @returns {Promise<Published> & {id: string}} */
  add(content) {
    const { sends, clock, queueLimit, state } = this.#wire;
    const id = content.id ?? messageId(clock.now());
    const known = this.#entries.find(entry => entry.id === id);
    if (known) return Object.assign(known.promise, { id });

    const entry = { id, content, time: new Date(clock.now()).toISOString(), ...deferred() };
    try {
      // A copy: one id must always come with the same content.
      entry.content = JSON.parse(JSON.stringify({ ...content, id }));
    } catch (cause) {
      entry.reject(new RealtimeError('invalid', `This message cannot be written as JSON: ${cause}`, { cause }));
      return Object.assign(entry.promise, { id });
    }
    if (state === 'closed') {
      entry.reject(this.#wire.closedError);
    } else if (sends.queued >= queueLimit) {
      entry.reject(new RealtimeError('queue_full', `${queueLimit} messages already await their acknowledgement; send again when some have it.`));
    } else {
      this.#entries.push(entry);
      sends.queued++;
      sends.outboxes.add(this);
      this.#changed();
      this.pump();
    }
    return Object.assign(entry.promise, { id });
  }

  pump() {
    const { sends } = this.#wire;
    // After a refusal one at a time, until one is stored: what is under way when the server recovers would overtake it.
    const window = this.#refusals ? 1 : PUBLISH_WINDOW;
    while (this.#wire.ready && !this.#holding && this.#underway < window && sends.underway < PUBLISH_WINDOW) {
      const entry = this.#entries[this.#underway];
      if (!entry) return;
      this.#underway++;
      sends.underway++;
      this.#wire.call({ type: 'publish', channel: this.#channel, message: entry.content }, (error, reply) => this.#answered(entry, error, reply));
    }
  }

  /** @param {RealtimeError} error */
  fail(error) {
    this.#wire.clock.clearTimeout(this.#timer);
    this.#holding = false;
    this.#refusals = this.#retryAfter = 0;
    for (const entry of [...this.#entries]) this.#remove(entry).reject(error);
  }

  /** @param {Entry} entry @param {RealtimeError|null} error @param {Frame} reply */
  #answered(entry, error, reply) {
    this.#underway--;
    this.#wire.sends.underway--;
    if (!error) {
      this.#refusals = 0;
      const { channel, messageId, sequence, version, time, duplicate } = reply;
      this.#remove(entry).resolve({ channel, messageId, sequence, version, time, duplicate });
    } else if (MAY_RETRY.has(error.code)) {
      this.#holding = true;
      this.#retryAfter = Math.max(this.#retryAfter, error.retryAfter ?? 0);
    } else if (error.code !== 'disconnected') {          // that one stays, for the next connection
      this.#remove(entry).reject(error);
    }
    // Those behind a refused one are refused with it, so the order is kept by going on from the first when all have answered.
    if (this.#holding && this.#underway === 0) this.#resumeLater();
    for (const outbox of this.#wire.sends.outboxes) outbox.pump();
  }

  #resumeLater() {
    const { clock } = this.#wire;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#holding = false;
      this.pump();
    }, Math.max(this.#retryAfter, this.#wire.pause(this.#refusals++)));
    this.#retryAfter = 0;
  }

  /** @param {Entry} entry */
  #remove(entry) {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) {
      this.#entries.splice(at, 1);
      this.#wire.sends.queued--;
      if (this.#entries.length === 0) this.#wire.sends.outboxes.delete(this);
      this.#changed();
    }
    return entry;
  }
}

// --------------------------------------------------------------------------------------------------------- subscription

/**
 * A channel's cursor and what keeps it moving: asks for everything after it with each new connection and after each hole, and
 * tells every change once.
 */
class Subscription {
  /** Between `subscribe` and `unsubscribe`, whatever the connection does. @type {Start|null} */ wanted = null;
  /** @type {{epoch: string|undefined, version: number}|null} */ #cursor = null;
  /** @type {'off'|'asking'|'catching'|'level'} */ #phase = 'off';
  /** @type {Subscribed|null} */ #info = null;
  /** Every message up to this sequence was told. */ #told = 0;
  /** Told beyond that: catching up goes by version, so an edited message comes after younger ones. @type {Set<number>} */ #ahead = new Set();
  /** Version of the first page of `recent`. @type {number|null} */ #firstPage = null;
  /** @type {Deferred<Subscribed>[]} */ #waiters = [];
  #turn = 0;
  #refusals = 0;
  /** @type {any} */ #timer = null;
  #wire; #name; #emit;

  /** @param {Wire} wire @param {string} name @param {<K extends keyof ChannelEvents>(name: K, event: ChannelEvents[K]) => void} emit */
  constructor(wire, name, emit) {
    this.#wire = wire;
    this.#name = name;
    this.#emit = emit;
  }

  get level() { return this.#phase === 'level'; }
  get cursor() { return this.#cursor && { after: this.#cursor.version, epoch: this.#cursor.epoch, sequence: this.#told }; }

  /** @param {Start} start @returns {Promise<Subscribed>} */
  start({ recent, after, epoch, sequence = 0 }) {
    const waiter = deferred();
    if (this.#wire.state === 'closed') {
      waiter.reject(this.#wire.closedError);
      return waiter.promise;
    }
    this.#waiters.push(waiter);
    this.#forget(this.wanted !== null);
    this.wanted = { recent };
    this.#cursor = after === undefined ? null : { version: after, epoch };
    this.#told = after === undefined ? 0 : sequence;
    this.#ask();
    return waiter.promise;
  }

  /** Ends it here. @param {RealtimeError} error For those who still wait for the beginning. */
  stop(error) {
    this.#turn++;
    this.#wire.clock.clearTimeout(this.#timer);
    this.wanted = null;
    this.#phase = 'off';
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  up() {
    if (!this.wanted || this.#phase === 'asking') return;  // a listener was faster
    // Cut off amid `recent`, the rest of those pages cannot be asked for: what was told of them is no whole.
    if (this.#firstPage !== null) this.#forget(true);
    this.#ask();
  }

  down() {
    this.#turn++;
    this.#wire.clock.clearTimeout(this.#timer);
    this.#phase = 'off';
  }

  /** The client was closed. One that had begun goes on from its cursor if it connects again. @param {RealtimeError} error */
  ended(error) {
    if (this.#waiters.length) this.stop(error);
    else this.down();
  }

  #ask() {
    if (!this.wanted || !this.#wire.ready) return;
    const turn = ++this.#turn;
    this.#phase = 'asking';
    this.#wire.clock.clearTimeout(this.#timer);
    const from = this.#cursor ? { after: this.#cursor.version, epoch: this.#cursor.epoch } : { recent: this.wanted.recent };
    this.#wire.call({ type: 'subscribe', channel: this.#name, ...from }, (error, reply) => {
      if (turn !== this.#turn || error?.code === 'disconnected') return;
      if (error) this.#refused(error);
      else this.#begin(/** @type {any} */ (reply));
    });
  }

  /** @param {RealtimeError} error */
  #refused(error) {
    if (error.code === 'conflict' && this.#cursor) {     // another epoch: what is held belongs to a channel that is no more
      this.#forget(true);
      this.wanted = { recent: this.wanted?.recent ?? RECENT };
      this.#ask();
    } else if (MAY_RETRY.has(error.code) || error.code === 'internal') {
      this.#timer = this.#wire.clock.setTimeout(() => this.#ask(), Math.max(error.retryAfter ?? 0, this.#wire.pause(this.#refusals++)));
    } else {
      const begun = this.#waiters.length === 0;
      this.stop(error);
      if (begun) this.#emit('revoked', { reason: 'denied', error });
    }
  }

  /** @param {Subscribed} reply */
  #begin({ epoch, version, sequence, read, role }) {
    this.#refusals = 0;
    this.#info = { epoch, version, sequence, read, role };
    this.#phase = 'catching';
    if (this.#cursor) this.#cursor.epoch = epoch;
    if (this.#cursor || this.wanted?.recent !== undefined) return;
    this.#cursor = { epoch, version };
    this.#told = sequence;
    this.#levelled();
  }

  /** @param {Frame} frame */
  changes({ messages, version, more }) {
    if (this.#phase !== 'catching' && this.#phase !== 'level') return;
    if (this.#cursor && version < this.#cursor.version) return;
    if (!this.#cursor && this.#firstPage === null) {
      this.#firstPage = version;
      this.#told = messages.length ? messages[0].sequence - 1 : /** @type {Subscribed} */ (this.#info).sequence;
    }
    const turn = this.#turn;
    for (const message of [...messages].sort((a, b) => a.sequence - b.sequence)) {
      this.#tell(message.deletedAt ? 'deleted' : 'edited', message);
      if (turn !== this.#turn) return;                   // a listener ended it
    }
    if (this.#cursor) this.#cursor.version = version;
    if (more) return;

    const firstPage = this.#firstPage;
    this.#firstPage = null;
    for (const sequence of this.#ahead) this.#told = Math.max(this.#told, sequence);
    this.#ahead.clear();
    if (firstPage !== null) this.#cursor = { epoch: /** @type {Subscribed} */ (this.#info).epoch, version: firstPage };
    // Pages of `recent` are read one after the other: an early one may lack a change that came before the last was read.
    if (firstPage !== null && firstPage < version) this.#ask();
    else if (this.#phase === 'catching') this.#levelled();
  }

  /** @param {Frame} event */
  event(event) {
    if (!this.#cursor || (this.#phase !== 'catching' && this.#phase !== 'level')) return;
    const { version } = event;
    if (version <= this.#cursor.version) return;
    if (version > this.#cursor.version + 1) {
      if (this.level) this.#ask();                       // something was lost on the way
      return;
    }
    this.#cursor.version = version;
    switch (event.kind) {
      case 'posted': case 'edited': case 'deleted': return this.#tell(event.kind, event.message);
      case 'reacted': {
        const { sequence, reaction, user, removed = false, reactions } = event;
        return this.#emit('change', { kind: 'reacted', sequence, version, reaction, user, removed, reactions });
      }
    }
  }

  /** @param {Frame} frame */
  revoked({ reason }) {
    if (!this.wanted) return;
    this.stop(new RealtimeError('closed', `The subscription to "${this.#name}" ended: ${reason}.`));
    this.#emit('revoked', { reason, error: null });
  }

  /** @param {'posted'|'edited'|'deleted'} kind @param {Message} message */
  #tell(kind, message) {
    const { sequence, version } = message;
    const isNew = sequence > this.#told && !this.#ahead.has(sequence);
    if (isNew) this.#ahead.add(sequence);
    while (this.#ahead.delete(this.#told + 1)) this.#told++;
    this.#emit('change', { kind: isNew ? 'posted' : kind === 'posted' ? 'edited' : kind, sequence, version, message });
  }

  #levelled() {
    this.#phase = 'level';
    const info = { .../** @type {Subscribed} */ (this.#info), version: /** @type {any} */ (this.#cursor).version, sequence: this.#told };
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(info);
    this.#emit('subscribed', info);
  }

  /** @param {boolean} wasTold */
  #forget(wasTold) {
    this.#cursor = null;
    this.#told = 0;
    this.#ahead.clear();
    this.#firstPage = null;
    if (wasTold) this.#emit('reset', {});
  }
}

// -------------------------------------------------------------------------------------------------------------- channel

/**
 * @typedef {object} ChannelEvents
 * @property {Change} change A message was posted, edited, deleted or reacted to.
 * @property {Subscribed} subscribed Level with the server, at first and again after each lost connection.
 * @property {{}} reset What was told before is void (the channel was made anew); the changes that follow start over.
 * @property {{reason: string, error: RealtimeError|null}} revoked The server ended the subscription: `removed`, `banned`, `left`, `deleted` or `denied`.
 * @property {Pending[]} pending The messages that await their acknowledgement have become these.
 * @property {string[]} typing Those who type have become these, without this user.
 * @property {{user: string, status: 'online'|'away'|'offline'}} presence
 * @property {{user: string, sequence: number}} read Someone's mark moved: this user's in another place, or the other's in a direct channel.
 * @property {{user: string, change: string, role?: string}} member In private and direct channels: `joined`, `left`, `removed`, `banned` or `role`.
 * @property {{user: string, name: string, data?: unknown}} signal One of the application's own.
 */

/**
 * One channel. Get it from `client.channel(name)`.
 *
 * Reads wait for a connection and survive the loss of one. `send` does too, and keeps its order. Every other request needs a
 * connection: it rejects with `disconnected` if there is none, or if it is lost before the answer.
 * @extends {Emitter<ChannelEvents>}
 */
export class Channel extends Emitter {
  /** @type {Wire} */ #wire;
  /** @type {Outbox} */ #outbox;
  /** @type {Subscription} */ #subscription;
  /** @type {Map<string, any>} */ #typists = new Map();
  #typed = -Infinity;

  /** @internal @param {string} name @param {Wire} wire */
  constructor(name, wire) {
    super();
    /** @readonly */ this.name = name;
    this.#wire = wire;
    this.#outbox = new Outbox(wire, name, () => this.emit('pending', this.pending));
    this.#subscription = new Subscription(wire, name, (event, value) => this.emit(event, value));
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
   * stood. A cursor that means nothing to the server any more brings a `reset` and the last 50 messages. Subscribing again starts over.
   * @param {Start} [start]
   * @returns {Promise<Subscribed>} Level: everything that was asked for has been told.
   */
  subscribe(start = {}) { return this.#subscription.start(start); }

  /** Ends the subscription. Always succeeds: without a connection there is nothing to end at the server. */
  unsubscribe() {
    this.#subscription.stop(new RealtimeError('closed', `The subscription to "${this.name}" was ended.`));
    this.#clearTyping();
    return this.#ask('unsubscribe').catch(() => {});
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

  /** Changes a message's content. @param {number} sequence @param {Edit} edit @returns {Promise<number>} Its version. */
  edit(sequence, edit) { return this.#ask('edit', { ...edit, sequence }, reply => reply.version); }

  /** Empties a message; its place stays. @param {number} sequence @returns {Promise<number>} Its version. */
  delete(sequence) { return this.#ask('delete', { sequence }, reply => reply.version); }

  /** @param {number} sequence @param {string} reaction @param {{remove?: boolean}} [options] @returns {Promise<number>} The message's version. */
  react(sequence, reaction, { remove = false } = {}) { return this.#ask('react', { sequence, reaction, remove }, reply => reply.version); }

  /** @param {number} sequence @returns {Promise<{reactions: Reactions, own: string[]}>} `own`: this user's. */
  reactions(sequence) { return this.#read('reactions', { sequence }, ({ reactions, own }) => ({ reactions, own })); }

  /**
   * A page of messages in ascending order: the newest, those just `before` or just `after` a sequence, or those of a `thread`.
   * @param {{before?: number, after?: number, thread?: number, limit?: number}} [page] `limit`: 1 to 200, default 50.
   * @returns {Promise<{messages: Message[], more: boolean}>}
   */
  history(page = {}) { return this.#read('history', page, ({ messages, more }) => ({ messages, more })); }

  /** @param {{limit?: number, after?: string}} [page] `after`: the last user of the page before. @returns {Promise<{members: Member[], more: boolean}>} */
  members(page = {}) { return this.#read('members', page, ({ members, more }) => ({ members, more })); }

  /** Who is subscribed now; `presence` events tell what changes. @returns {Promise<Present[]>} */
  presence() { return this.#read('presence', {}, reply => reply.users); }

  /** Moves this user's read mark forward. @param {number} sequence @returns {Promise<void>} */
  markRead(sequence) { return this.#ask('read', { sequence }); }

  /** Tells the others that this user types. Call it at every keystroke: it sends at most once in 3 s. */
  typing() {
    const now = this.#wire.clock.now();
    if (now - this.#typed < TYPING_SENT) return;
    this.#typed = now;
    this.signal('typing');
  }

  /** Sends what may be lost (and is, without a connection or on a slow one). Throws `too_large` beyond what the server takes. @param {string} name @param {unknown} [data] Any JSON value. */
  signal(name, data) { this.#wire.tell({ type: 'signal', channel: this.name, name, data }); }

  /** @returns {Promise<void>} */
  join() { return this.#ask('join'); }
  /** @returns {Promise<void>} */
  leave() { return this.#ask('leave'); }
  /** @param {string} user @param {string} [role] @returns {Promise<void>} */
  invite(user, role) { return this.#ask('invite', { user, role }); }
  /** @param {string} user @returns {Promise<void>} */
  remove(user) { return this.#ask('remove', { user }); }
  /** @param {string} user @param {Date} [until] Default: for good. @returns {Promise<void>} */
  ban(user, until) { return this.#ask('ban', { user, until }); }
  /** @param {string} user @returns {Promise<void>} */
  unban(user) { return this.#ask('unban', { user }); }
  /** @param {string} user @param {Date} [until] Default: for good. @returns {Promise<void>} */
  mute(user, until) { return this.#ask('mute', { user, until }); }
  /** @param {string} user @returns {Promise<void>} */
  unmute(user) { return this.#ask('unmute', { user }); }
  /** @param {string} user @param {string} role @returns {Promise<void>} */
  setRole(user, role) { return this.#ask('setRole', { user, role }); }

  /** @param {string} type @param {Frame} [fields] @param {(reply: any) => any} [pick] @returns {Promise<any>} */
  #ask(type, fields, pick = () => undefined) { return this.#wire.ask({ ...fields, type, channel: this.name }, false, pick); }

  /** @template T @param {string} type @param {Frame} fields @param {(reply: any) => T} pick */
  #read(type, fields, pick) { return this.#wire.ask({ ...fields, type, channel: this.name }, true, pick); }

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
      case 'member': return this.emit('member', { user: frame.user, change: frame.change, role: frame.role });
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
    } else if (name === 'read') this.emit('read', { user, sequence: data?.sequence });
    else this.emit('signal', { user, name, data });
  }

  /** @param {string} user */
  #startTyping(user) {
    const known = this.#typists.has(user);
    if (user === this.#wire.hello?.user || (!known && this.#typists.size >= TYPING_USERS)) return;
    this.#wire.clock.clearTimeout(this.#typists.get(user));
    this.#typists.set(user, this.#wire.clock.setTimeout(() => this.#stopTyping(user), TYPING_SHOWN));
    if (!known) this.emit('typing', this.typists);
  }

  /** @param {string} user */
  #stopTyping(user) {
    this.#wire.clock.clearTimeout(this.#typists.get(user));
    if (this.#typists.delete(user)) this.emit('typing', this.typists);
  }

  #clearTyping() {
    for (const user of this.typists) this.#stopTyping(user);
  }
}

// --------------------------------------------------------------------------------------------------------------- client

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
 * @extends {Emitter<{state: StateChange}>}
 */
export class RealtimeClient extends Emitter {
  /** @type {Wire} */ #wire;
  /** @type {Map<string, Channel>} */ #channels = new Map();
  /** @type {Deferred<Hello>[]} */ #waiters = [];

  /**
   * @param {string|URL} url Of the endpoint; a path like `/realtime` is taken relative to the page.
   * @param {ClientOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    this.#wire = new Wire(url, options, {
      state: change => this.emit('state', change),
      up: () => this.#up(),
      down: () => this.#channels.forEach(channel => channel.down()),
      ended: error => {
        this.#channels.forEach(channel => channel.ended(error));
        for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
      },
      frame: frame => this.#channels.get(frame.channel)?.frame(frame),
    });
  }

  get state() { return this.#wire.state; }

  /** Why it is `waiting` or `closed`. */
  get error() { return this.#wire.error; }

  /** Who the server says this is, once it has been connected. */
  get user() { return this.#wire.hello?.user ?? null; }

  /** The name of the server's node that this is, or was last, connected to. */
  get node() { return this.#wire.hello?.node ?? null; }

  /** What the server takes, once it has been connected. */
  get limits() { return this.#wire.hello?.limits ?? null; }

  /**
   * Begins to connect, or tries at once if it is waiting to.
   * @returns {Promise<Hello>} Connected. Rejects only if the client is closed before.
   */
  connect() {
    if (this.state === 'connected') return Promise.resolve(/** @type {Hello} */ (this.#wire.hello));
    const waiter = deferred();
    this.#waiters.push(waiter);
    this.#wire.open();
    return waiter.promise;
  }

  /** Closes the connection. Whatever is pending rejects with `closed`; what was under way may have taken effect. */
  close() { this.#wire.close(new RealtimeError('closed', 'The client was closed.')); }

  /** The channel of that name, always the same object. Asks nothing of the server. @param {string} name */
  channel(name) {
    let channel = this.#channels.get(name);
    if (!channel) this.#channels.set(name, channel = new Channel(name, this.#wire));
    return channel;
  }

  /**
   * The channels this user is a member of, the latest changed first.
   * @param {{limit?: number, before?: string}} [page] `before`: `next` of the page before.
   * @returns {Promise<{channels: ChannelInfo[], more: boolean, next?: string}>}
   */
  channels(page = {}) {
    return this.#wire.ask({ ...page, type: 'channels' }, true, ({ channels, more, next }) => ({ channels, more, next }));
  }

  /**
   * Makes a channel. A taken name rejects with `conflict`.
   * @param {{kind: 'public'|'private'|'direct', channel?: string, name?: string, members?: string[]}} what `channel` left out: the server names it.
   * @returns {Promise<Channel>}
   */
  create(what) { return this.#wire.ask({ ...what, type: 'create' }, false, reply => this.channel(reply.channel)); }

  /**
   * Messages that match, newest first.
   * @param {{query: string, channel?: string, limit?: number, before?: string}} what `before`: `next` of the page before.
   * @returns {Promise<{messages: Message[], more: boolean, next?: string}>}
   */
  search(what) {
    return this.#wire.ask({ ...what, type: 'search' }, true, ({ messages, more, next }) => ({ messages, more, next }));
  }

  /** Renews the sign-in of this connection before it expires. @param {string} token @returns {Promise<string|null>} When the new one expires. */
  refresh(token) { return this.#wire.ask({ type: 'refresh', token }, false, reply => reply.expires ?? null); }

  #up() {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(/** @type {Hello} */ (this.#wire.hello));
    this.#channels.forEach(channel => channel.up());
    for (const outbox of this.#wire.sends.outboxes) outbox.pump();
  }
}
