// What the tests share: a deadline for everything awaited, a clock in their hands, and a line that can be meddled with.

import WebSocket from 'ws';
import { RealtimeClient } from '../client.js';

/** @typedef {Record<string, any>} Frame */

/**
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @param {() => string} what Said if it does not come.
 * @returns {Promise<T>}
 */
export async function within(ms, promise, what) {
  /** @type {NodeJS.Timeout|undefined} */ let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain for ${what()}`)), ms); });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The next event that fits.
 * @param {{on(name: any, listener: (event: any) => void): () => void}} emitter
 * @param {string} name
 * @param {(event: any) => boolean} [fits]
 * @returns {Promise<any>}
 */
export function next(emitter, name, fits = () => true) {
  /** @type {() => void} */ let off = () => {};
  const come = new Promise(resolve => {
    off = emitter.on(name, event => { if (fits(event)) resolve(event); });
  });
  return within(20_000, come, () => `the event "${name}"`).finally(off);
}

/**
 * Everything a channel tells from now on, and a way to wait for it.
 * @param {import('../client.js').Channel} channel
 */
export function record(channel) {
  /** @type {import('../client.js').Change[]} */ const changes = [];
  /** @type {Set<() => void>} */ const watchers = new Set();
  channel.on('change', change => {
    changes.push(change);
    for (const watch of watchers) watch();
  });
  const posted = () => changes.filter(({ kind }) => kind === 'posted');
  return {
    changes,
    posted,
    texts: () => posted().map(({ message }) => message?.text),
    /** @param {(changes: import('../client.js').Change[]) => boolean} fits */
    until(fits) {
      const come = new Promise(resolve => {
        const watch = () => { if (fits(changes)) { watchers.delete(watch); resolve(undefined); } };
        watchers.add(watch);
        watch();
      });
      return within(20_000, come, () => `changes; there were ${JSON.stringify(changes)}`);
    },
  };
}

/** Time that passes when a test says so. */
export class TestClock {
  #now = 1_750_000_000_000;
  /** @type {{at: number, run: () => void}[]} */ timers = [];

  now() { return this.#now; }

  /** @param {() => void} run @param {number} ms */
  setTimeout(run, ms) {
    const timer = { at: this.#now + ms, run };
    this.timers.push(timer);
    return timer;
  }

  /** @param {any} timer */
  clearTimeout(timer) { this.timers = this.timers.filter(other => other !== timer); }

  /** @param {number} ms */
  advance(ms) {
    const until = this.#now + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      this.clearTimeout(due);
      due.run();
    }
    this.#now = until;
  }
}

/** Between a client and the server: sees every frame, and may change, drop or add some, or cut the line. */
export class Line {
  /** As the client sent them. @type {Frame[]} */ sent = [];
  /** The same, by the messages in which they left. @type {Frame[][]} */ messages = [];
  /** Goes to the server in place of a frame; text goes as it is. @type {(frame: Frame) => Frame|string|null} */ toServer = frame => frame;
  /** Goes to the client in place of a frame. @type {(frame: Frame) => Frame|Frame[]|null} */ toClient = frame => frame;
  /** @type {any} */ socket = null;
  connections = 0;
  cookie = '';

  /** The constructor to hand to a client. */
  get webSocket() {
    const line = this;
    return class {
      /** @type {((event: any) => void)|null} */ onopen = null;
      /** @type {((event: any) => void)|null} */ onmessage = null;
      /** @type {((event: any) => void)|null} */ onclose = null;
      /** @type {((event: any) => void)|null} */ onerror = null;
      bufferedAmount = 0;

      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        line.socket = this;
        line.connections++;
        this.inner = new WebSocket(url, protocols, { headers: line.cookie ? { cookie: line.cookie } : {} });
        this.inner.on('open', () => this.onopen?.({}));
        this.inner.on('error', () => this.onerror?.({}));
        this.inner.on('close', (code, reason) => this.onclose?.({ code, reason: String(reason) }));
        this.inner.on('message', data => {
          const frames = String(data).split('\n').filter(Boolean).flatMap(text => line.toClient(JSON.parse(text)) ?? []);
          if (frames.length) this.deliver(...frames);
        });
      }

      /** @param {Frame[]} frames */
      deliver(...frames) { this.onmessage?.({ data: frames.map(frame => JSON.stringify(frame)).join('\n') }); }

      /** @param {string} text */
      send(text) {
        const frames = text.split('\n').map(each => JSON.parse(each));
        line.messages.push(frames);
        const out = frames.flatMap(frame => {
          line.sent.push(frame);
          return line.toServer(frame) ?? [];
        });
        if (out.length) this.inner.send(out.map(each => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n'));
      }

      /** @param {number} code */
      close(code) { this.inner.close(code); }
    };
  }

  /** The server says something it did not say. @param {Frame[]} frames */
  inject(...frames) { this.socket.deliver(...frames); }

  /** The connection ends, without a word or as the server would close it. @param {number} [code] */
  cut(code = 1006) {
    const { socket } = this;
    const { onclose } = socket;
    socket.onclose = socket.onmessage = null;
    socket.inner.terminate();
    onclose?.({ code, reason: '' });
  }

  /** @param {string} type */
  ofType(type) { return this.sent.filter(frame => frame.type === type); }
}

/**
 * Clients of one server, all closed by `closeAll`.
 * @param {import('./server.js').Server} server
 */
export function clientsOf(server) {
  /** @type {RealtimeClient[]} */ const clients = [];

  /** @param {string} name @param {import('../client.js').ClientOptions & {line?: Line}} [options] */
  async function connect(name, { line, ...options } = {}) {
    const connection = line ?? new Line();
    connection.cookie = await server.signIn(name);
    const client = new RealtimeClient(new URL('/realtime', server.url), { webSocket: connection.webSocket, backoffBase: 20, backoffCap: 200, ...options });
    clients.push(client);
    await within(20_000, client.connect(), () => `${name} to connect; ${client.state}: ${client.error?.message}`);
    return client;
  }

  return {
    connect,

    /** Ann in a channel of her own, over a line that can be meddled with. @param {import('../client.js').ClientOptions} [options] */
    async ann(options) {
      const line = new Line();
      const client = await connect('ann', { line, ...options });
      const room = await freshChannel(client);
      const heard = record(room);
      await room.subscribe({ recent: 10 });
      return { client, line, room, heard };
    },

    /** What the server holds, asked over a connection of its own. @param {string} channel */
    async stored(channel) {
      const reader = await connect('reader');
      const { messages } = await reader.channel(channel).history({ limit: 200 });
      reader.close();
      return messages;
    },

    closeAll() {
      for (const client of clients.splice(0)) client.close();
    },
  };
}

/** @param {RealtimeClient} client @param {string} state */
export const reaches = (client, state) => (client.state === state ? Promise.resolve() : next(client, 'state', change => change.state === state));

let channels = 0;

/** A channel that no other test uses. @param {RealtimeClient} client @param {{kind?: any, name?: string, data?: object, members?: string[]}} [what] */
export async function freshChannel(client, { kind = 'public', ...rest } = {}) {
  const channel = `test-${process.pid}-${++channels}`;
  return client.create({ kind, channel, ...rest });
}

/** @param {string} code */
export const rejectsWith = code => (/** @type {any} */ error) => error.name === 'RealtimeError' && error.code === code;
