// The connection to the server, which mends itself.

/** @import { ClientOptions, Clock, Hello, State, StateChange } from '../client.js' */
/** @import { Frame } from './requests.js' */

import { finalClose, isHopeless, RealtimeError, serverError, tooLarge } from './errors.js';
import { isLonger, RequestTable } from './requests.js';

const SUBPROTOCOL = 'realtimekit.v1.json';
const CONNECT_DEADLINE = 15_000;                         // ms from the start of an attempt to `connected`
const LASTING = 5_000;                                   // ms; a connection that ends sooner counts as another failed attempt
const SIGNAL_BACKLOG = 262_144;                          // bytes not yet on the network at which signals are dropped
const WHOLE = /^(?:http|ws)(s?:\/\/)/i;                   // an address that needs no page to be resolved

/** @type {Clock} */
const systemClock = {
  now: () => performance.now(),                          // which nobody sets
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer),
};

/** @param {string|URL} url */
function socketUrl(url) {
  let address = String(url);
  try {
    // A whole address stays as it is: not every platform's URL gives back what it was given.
    const resolved = new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href).href;
    if (!WHOLE.test(address)) address = resolved;
  } catch (cause) {
    throw new RealtimeError('invalid', `"${url}" is no whole address, which outside of a page it must be, such as wss://chat.example/realtime.`, { cause });
  }
  if (!WHOLE.test(address)) throw new RealtimeError('invalid', `"${url}" is no address for a WebSocket; use ws, wss, http, https or, in a page, a path.`);
  return address.replace(WHOLE, 'ws$1');
}

/** @param {string} line @returns {Frame} */
function parse(line) {
  const frame = JSON.parse(line);
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) throw new TypeError(`No object: ${line}`);
  return frame;
}

/**
 * One lasting connection over many sockets: dials, says `connect`, keeps the heartbeat and, when a socket is lost, dials again
 * after a pause.
 */
export class Connection {
  /** @type {State} */ state = 'idle';
  /** @type {RealtimeError|null} */ error = null;
  /** @type {Hello|null} */ hello = null;

  clock; queueLimit; requests;
  #url; #options; #self; #listener; #random;
  /** @type {any} */ #socket = null;
  #attempts = 0;                                         // since the last connection that lasted
  #renewed = false;                                      // a new token was asked for since the last `connected`
  #turn = 0;                                             // tells an attempt that it was overtaken
  #heard = 0;
  #since = 0;                                            // when it was connected
  /** @type {any} */ #timer = null;                      // of the present state: connect deadline, heartbeat or pause
  /** @type {any} */ #moveTimer = null;
  /** @type {number|null} */ #moveAt = null;             // when to leave a node that goes away
  #draining = false;
  /** What is to leave together. @type {string[]|null} */ #joined = null;
  /** What the server said the close will be for. @type {RealtimeError|null} */ #farewell = null;
  #online = () => this.open();
  #offline = () => { if (this.state === 'connected') this.#lost(new RealtimeError('disconnected', 'The device has lost its network.')); };

  /**
   * @param {string|URL} url
   * @param {ClientOptions} options
   * @param {{name: string, version: string}} self What the client calls itself where the application says nothing.
   * @param {{state(change: StateChange): void, up(): void, down(): void, ended(error: RealtimeError): void, frame(frame: Frame): void}} listener
   */
  constructor(url, options, self, listener) {
    this.#url = socketUrl(url);
    this.#options = options;
    this.#self = self;
    this.#listener = listener;
    this.clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.queueLimit = options.queueLimit ?? 1000;
    this.requests = new RequestTable(this);
  }

  get closedError() { return this.error ?? new RealtimeError('closed', 'The client is closed; call connect().'); }
  get ready() { return this.state === 'connected' && !this.#draining; }

  /** A pause in ms, exponential with full jitter: clients that were cut off together do not come back together. @param {number} attempt From 0. */
  pause(attempt) {
    const { backoffBase = 500, backoffCap = 30_000 } = this.#options;
    return this.#random() * Math.min(backoffCap, backoffBase * 2 ** Math.min(attempt, 30));
  }

  /** Where the server takes files, or has this one. @param {string} [id] */
  fileUrl(id) {
    const [path, query] = this.#url.replace(/^ws/, 'http').split('?');
    return `${path.replace(/\/$/, '')}/files${id ? `/${id}` : ''}${query ? `?${query}` : ''}`;
  }

  /** A request of HTTP, under the same sign-in. @param {string} url @param {RequestInit} init @returns {Promise<Response>} */
  async fetch(url, init) {
    const { token, fetch = (/** @type {string} */ address, /** @type {RequestInit} */ more) => globalThis.fetch(address, more) } = this.#options;
    const signIn = typeof token === 'function' ? await token() : token;
    const headers = { ...init.headers, ...signIn && { Authorization: `Bearer ${signIn}` } };
    return fetch(url, { ...init, headers, credentials: signIn ? 'same-origin' : 'include' });
  }

  open() { if (this.state !== 'connecting' && this.state !== 'connected') this.#dial(); }

  /** @param {RealtimeError} error */
  close(error) { if (this.state !== 'closed') this.#end(error); }

  /** @param {string} text */
  write(text) {
    if (this.#joined) this.#joined.push(text);
    else this.#socket.send(text);
  }

  /** What is written meanwhile leaves as one message, or not at all if the connection ends meanwhile. @param {() => void} write */
  together(write) {
    const socket = this.#socket;
    const outer = this.#joined;
    /** @type {string[]} */ const joined = this.#joined = [];
    try {
      write();
    } finally {
      this.#joined = outer;
    }
    if (joined.length && socket === this.#socket) socket.send(joined.join('\n'));
  }

  /** Sends a frame that has no reply, or drops it if it could not leave at once. @param {Frame} frame */
  tell(frame) {
    const text = JSON.stringify(frame);
    if (isLonger(text, this.hello?.limits.messageBytes ?? 65_536)) throw tooLarge(frame, this.hello);
    // React Native does not say how much that is.
    if (this.ready && !(this.#socket.bufferedAmount >= SIGNAL_BACKLOG)) this.write(text);
  }

  async #dial() {
    const turn = ++this.#turn;
    this.#await(CONNECT_DEADLINE, () => this.#lost(new RealtimeError('disconnected', 'The server did not answer in time.')));
    this.#enter('connecting', null);
    const { token, webSocket = globalThis.WebSocket, client = this.#self } = this.#options;
    try {
      const signIn = typeof token === 'function' ? await token() : token;
      if (turn !== this.#turn) return;
      if (!webSocket) throw new RealtimeError('unsupported', 'This platform has no WebSocket; pass one as the option "webSocket".');
      const socket = new webSocket(this.#url, [SUBPROTOCOL]);
      this.#socket = socket;
      socket.onopen = () => socket.send(JSON.stringify({ type: 'connect', id: this.requests.nextId(), token: signIn ?? undefined, client }));
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
        frame = parse(line);
      } catch (cause) {
        return this.#lost(new RealtimeError('disconnected', 'The server sent something that is no frame.', { cause }));
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
      return isHopeless(error) ? this.#end(error) : this.#lost(error, error.code === 'unauthenticated' ? 4401 : 0);
    }
    this.requests.answer(frame);
    this.#leaveIfDrained();
  }

  /** @param {Hello} hello */
  #welcome(hello) {
    this.hello = hello;
    this.#since = this.clock.now();
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
    this.requests.resume();
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
    if (this.#draining && this.requests.allAnswered) this.#lost(new RealtimeError('disconnected', 'The node goes away.'));
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
    if (this.state === 'connected' && this.clock.now() - this.#since >= LASTING) this.#attempts = 0;
    this.#drop();
    const final = finalClose(code, reason);
    if (final) return this.#end(said ?? final);
    if (code === 1009 && greeting) return this.#end(said ?? new RealtimeError('too_large', 'The token is larger than the server takes.'));
    if (code === 4401) {
      const { token } = this.#options;
      // Cookies change by themselves, but not between two attempts that follow one another.
      const mayBeNew = typeof token === 'function' ? !this.#renewed : !token && !greeting;
      if (!mayBeNew) return this.#end(said ?? new RealtimeError('unauthenticated', reason || 'The server asks for a sign-in.'));
      this.#renewed = true;
    }
    const lost = said ?? new RealtimeError('disconnected', `The connection was lost (close code ${code || 'none'}${reason && `: ${reason}`}).`);
    const delay = this.#moveAt === null ? this.pause(this.#attempts++) : Math.max(0, this.#moveAt - this.clock.now());
    this.#moveAt = null;
    this.#await(delay, () => this.#dial());
    this.#enter('waiting', lost, delay);
    if (code === 1009) this.requests.failLargest();
    this.requests.interrupt();
    this.#listener.down();
  }

  /** Ends for good, until `open`. @param {RealtimeError} error */
  #end(error) {
    this.#drop();
    this.#moveAt = null;
    this.state = 'closed';
    this.error = error;
    const requests = this.requests.takeAll();
    this.#listener.ended(error);
    for (const request of requests) request.done(error, {});
    // Told last, so that who then connects again has nothing of before in the way; a listener may have done so already.
    if (this.state === 'closed') this.#enter('closed', error);
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
    const ended = state === 'closed';
    // Where the platform has these. To add a listener again changes nothing.
    globalThis[ended ? 'removeEventListener' : 'addEventListener']?.('online', this.#online);
    globalThis[ended ? 'removeEventListener' : 'addEventListener']?.('offline', this.#offline);
    this.#listener.state({ state, error, retryIn });
  }
}
