// Messages on their way to the server.

/** @import { Connection } from './connection.js' */
/** @import { Deferred } from './errors.js' */
/** @import { Content, Pending, Published } from './messages.js' */
/** @import { Frame } from './requests.js' */

import { deferred, isTransient, RealtimeError } from './errors.js';
import { messageId } from './messages.js';

/** @typedef {Pending & Deferred<Published> & {length: number}} Entry `length`: of its JSON. */

const PUBLISH_WINDOW = 64;                               // publishes of one connection that await their reply
const WINDOW_LENGTH = 131_072;                           // from there on a window takes no more: a server takes 1 MiB at once

/** What all outboxes of a client share, for the limits go over all channels. */
export class Sends {
  queued = 0;
  underway = 0;
  /** Those that hold something. @type {Set<Outbox>} */ outboxes = new Set();

  pump() {
    for (const outbox of this.outboxes) outbox.pump();
  }
}

/**
 * The messages of one channel that are not yet known to be stored, in the order in which they were sent. Those at the front are
 * under way as one window. What a lost connection leaves unanswered goes again with the same id, which the server stores once.
 *
 * A server refuses, with a message that it cannot store now, those behind it that it already has. One that came later would
 * be stored ahead of it. So a window leaves as one, and the next only when all of it is answered.
 */
export class Outbox {
  /** @type {Entry[]} */
  #entries = [];
  #connection; #sends; #channel; #changed;
  #underway = 0;
  #refusals = 0;                                         // in a row
  #holding = false;
  #retryAfter = 0;
  /** @type {any} */ #timer = null;

  /** @param {Connection} connection @param {Sends} sends @param {string} channel @param {() => void} changed */
  constructor(connection, sends, channel, changed) {
    this.#connection = connection;
    this.#sends = sends;
    this.#channel = channel;
    this.#changed = changed;
  }

  get size() { return this.#entries.length; }

  /** @returns {Pending[]} */
  get pending() {
    return this.#entries.map(({ id, content, time }) => ({ id, content, time }));
  }

  /** @param {Content} content @returns {Promise<Published> & {id: string}} */
  add(content) {
    const { queueLimit, state } = this.#connection;
    const id = content.id ?? messageId();
    const known = this.#entries.find(entry => entry.id === id);
    if (known) return Object.assign(known.promise, { id });

    const entry = { id, content, length: 0, time: new Date().toISOString(), ...deferred() };
    try {
      // A copy: one id must always come with the same content.
      const text = JSON.stringify({ ...content, id });
      entry.content = JSON.parse(text);
      entry.length = text.length;
    } catch (cause) {
      entry.reject(new RealtimeError('invalid', `This message cannot be written as JSON: ${cause}`, { cause }));
      return Object.assign(entry.promise, { id });
    }
    if (state === 'closed') {
      entry.reject(this.#connection.closedError);
    } else if (this.#sends.queued >= queueLimit) {
      entry.reject(new RealtimeError('queue_full', `${queueLimit} messages already await their acknowledgement; send again when some have it.`));
    } else {
      this.#entries.push(entry);
      this.#sends.queued++;
      this.#sends.outboxes.add(this);
      this.#changed();
      this.pump();
    }
    return Object.assign(entry.promise, { id });
  }

  pump() {
    if (this.#underway > 0 || this.#holding || !this.#connection.ready) return;
    // After a refusal one at a time, until one is stored: a server in need is not asked for more.
    const most = Math.min(this.#refusals ? 1 : PUBLISH_WINDOW, PUBLISH_WINDOW - this.#sends.underway);
    let length = 0;
    const window = this.#entries.slice(0, most).filter(entry => (length += entry.length) - entry.length < WINDOW_LENGTH);
    this.#underway = window.length;
    this.#sends.underway += window.length;
    this.#connection.together(() => {
      for (const entry of window) {
        this.#connection.requests.call({ type: 'publish', channel: this.#channel, message: entry.content }, (error, reply) => this.#answered(entry, error, reply));
      }
    });
  }

  /** @param {RealtimeError} error */
  fail(error) {
    this.#connection.clock.clearTimeout(this.#timer);
    this.#holding = false;
    this.#refusals = this.#retryAfter = 0;
    for (const entry of [...this.#entries]) this.#remove(entry).reject(error);
  }

  /** @param {Entry} entry @param {RealtimeError|null} error @param {Frame} reply */
  #answered(entry, error, reply) {
    this.#underway--;
    this.#sends.underway--;
    if (!error) {
      this.#refusals = 0;
      const { channel, messageId, sequence, version, time, duplicate } = reply;
      this.#remove(entry).resolve({ channel, messageId, sequence, version, time, duplicate });
    } else if (isTransient(error)) {
      this.#holding = true;
      this.#retryAfter = Math.max(this.#retryAfter, error.retryAfter ?? 0);
    } else if (error.code !== 'disconnected') {          // that one stays, for the next connection
      this.#remove(entry).reject(error);
    }
    if (this.#holding && this.#underway === 0) this.#resumeLater();
    this.#sends.pump();
  }

  #resumeLater() {
    const { clock } = this.#connection;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#holding = false;
      this.pump();
    }, Math.max(this.#retryAfter, this.#connection.pause(this.#refusals++)));
    this.#retryAfter = 0;
  }

  /** @param {Entry} entry */
  #remove(entry) {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) {
      this.#entries.splice(at, 1);
      this.#sends.queued--;
      if (this.#entries.length === 0) this.#sends.outboxes.delete(this);
      this.#changed();
    }
    return entry;
  }
}
