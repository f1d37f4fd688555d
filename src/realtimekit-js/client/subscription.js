// A channel's changes, from a cursor on.

/** @import { ChannelEvents, Start, Subscribed } from './channel.js' */
/** @import { Connection } from './connection.js' */
/** @import { Deferred } from './errors.js' */
/** @import { Message } from './messages.js' */
/** @import { Frame } from './requests.js' */

import { deferred, isTransient, RealtimeError } from './errors.js';

const RECENT = 50;                                       // told where the cursor means nothing any more

/**
 * A channel's cursor and what keeps it moving: asks for everything after it with each new connection and after each hole, and
 * tells every change once.
 */
export class Subscription {
  /** Between `subscribe` and `unsubscribe`, whatever the connection does. @type {Start|null} */ wanted = null;
  /** @type {{epoch: string|undefined, version: number}|null} */ #cursor = null;
  /** @type {'off'|'asking'|'catching'|'level'} */ #phase = 'off';
  /** @type {Subscribed|null} */ #info = null;
  /** Every message up to this sequence was told. */ #told = 0;
  /** Told beyond that: catching up goes by version, so an edited message comes after younger ones. @type {Set<number>} */ #ahead = new Set();
  /** Version of the first page of `recent`. @type {number|null} */ #firstPage = null;
  /** @type {Deferred<Subscribed>[]} */ #waiters = [];
  #shares = 0;                                           // calls of `start` without their `leave`
  #begun = false;                                        // it was level since the first of them
  #turn = 0;
  #refusals = 0;
  /** @type {any} */ #timer = null;
  #connection; #name; #emit; #changed;

  /**
   * @param {Connection} connection
   * @param {string} name
   * @param {<K extends keyof ChannelEvents>(name: K, event: ChannelEvents[K]) => void} emit
   * @param {() => void} changed Whether it is wanted.
   */
  constructor(connection, name, emit, changed) {
    this.#connection = connection;
    this.#name = name;
    this.#emit = emit;
    this.#changed = changed;
  }

  get level() { return this.#phase === 'level'; }
  get cursor() { return this.#cursor && { after: this.#cursor.version, epoch: this.#cursor.epoch, sequence: this.#told }; }

  /** @param {Start} start @returns {Promise<Subscribed>} */
  start({ recent, after, epoch, sequence = 0 }) {
    const waiter = deferred();
    if (this.#connection.state === 'closed') {
      waiter.reject(this.#connection.closedError);
      return waiter.promise;
    }
    this.#shares++;
    if (this.level && after === undefined) {
      waiter.resolve(this.#now());
      return waiter.promise;
    }
    this.#waiters.push(waiter);
    if (this.wanted && after === undefined) return waiter.promise;
    this.#begun = false;
    this.#startOver({ recent }, after === undefined ? null : { version: after, epoch }, sequence);
    return waiter.promise;
  }

  /** One of those that share it goes. @param {RealtimeError} error @returns {boolean} Whether it was the last. */
  leave(error) {
    if (!this.wanted || --this.#shares > 0) return false;
    this.stop(error);
    return true;
  }

  /** Ends it here, for all that share it. @param {RealtimeError} error For those who still wait for the beginning. */
  stop(error) {
    this.#turn++;
    this.#connection.clock.clearTimeout(this.#timer);
    this.wanted = null;
    this.#phase = 'off';
    this.#shares = 0;
    this.#begun = false;
    this.#changed();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  up() {
    if (!this.wanted || this.#phase === 'asking') return;  // a listener was faster
    // Cut off amid `recent`, the rest of those pages cannot be asked for: what was told of them is no whole.
    if (this.#firstPage !== null) this.#startOver(this.wanted);
    else this.#ask();
  }

  down() {
    this.#turn++;
    this.#connection.clock.clearTimeout(this.#timer);
    this.#phase = 'off';
  }

  /** The client was closed. One that had begun goes on from its cursor if it connects again. @param {RealtimeError} error */
  ended(error) {
    if (!this.#begun) return this.stop(error);
    this.down();
    const late = this.#waiters.splice(0);
    this.#shares = Math.max(1, this.#shares - late.length);
    for (const waiter of late) waiter.reject(error);
  }

  /** The user's own mark has moved. @param {number} sequence */
  marked(sequence) { if (this.#info) this.#info.read = Math.max(this.#info.read, Math.min(sequence, this.#told)); }

  /** Voids what was told so far, if anything was. @param {Start} wanted @param {{epoch: string|undefined, version: number}|null} [cursor] @param {number} [told] */
  #startOver(wanted, cursor = null, told = 0) {
    const isReset = this.wanted !== null && (this.#cursor !== null || this.#firstPage !== null);
    const turn = ++this.#turn;
    this.wanted = wanted;
    this.#changed();
    this.#cursor = null;
    this.#ahead.clear();
    this.#firstPage = null;
    this.#phase = 'off';
    if (isReset) this.#emit('reset', {});
    if (turn !== this.#turn) return;                     // a listener ended it or began another
    this.#cursor = cursor;
    this.#told = told;
    this.#ask();
  }

  #ask() {
    if (!this.wanted || !this.#connection.ready) return;
    const turn = ++this.#turn;
    this.#phase = 'asking';
    this.#connection.clock.clearTimeout(this.#timer);
    const from = this.#cursor ? { after: this.#cursor.version, epoch: this.#cursor.epoch } : { recent: this.wanted.recent };
    this.#connection.requests.call({ type: 'subscribe', channel: this.#name, ...from }, (error, reply) => {
      // Without a connection this is no refusal: `down` or `ended` says how it goes on.
      if (turn !== this.#turn || this.#connection.state !== 'connected') return;
      if (error) this.#refused(error);
      else this.#begin(/** @type {any} */ (reply));
    });
  }

  /** @param {RealtimeError} error */
  #refused(error) {
    if (error.code === 'conflict' && this.#cursor) {     // another epoch: what is held belongs to a channel that is no more
      this.#startOver({ recent: this.wanted?.recent ?? RECENT });
    } else if (isTransient(error) || error.code === 'internal') {
      this.#timer = this.#connection.clock.setTimeout(() => this.#ask(), Math.max(error.retryAfter ?? 0, this.#connection.pause(this.#refusals++)));
    } else {
      const begun = this.#begun;
      this.stop(error);
      if (begun) this.#emit('revoked', { reason: 'denied', error });
    }
  }

  /** @param {Subscribed} reply */
  #begin({ epoch, version, sequence, read, role, kind, name, data, closed, slowMode, muted, mutedUntil }) {
    this.#refusals = 0;
    this.#info = { epoch, version, sequence, read, role, kind, name, data, closed, slowMode, muted, mutedUntil };
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
      case 'posted': case 'edited': case 'deleted': case 'pinned': return this.#tell(event.kind, event.message);
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

  /** @param {'posted'|'edited'|'deleted'|'pinned'} kind @param {Message} message */
  #tell(kind, message) {
    const { sequence, version } = message;
    const isNew = sequence > this.#told && !this.#ahead.has(sequence);
    if (isNew) this.#ahead.add(sequence);
    while (this.#ahead.delete(this.#told + 1)) this.#told++;
    this.#emit('change', { kind: isNew ? 'posted' : kind === 'posted' ? 'edited' : kind, sequence, version, message });
  }

  #levelled() {
    this.#phase = 'level';
    this.#begun = true;
    const now = this.#now();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(now);
    this.#emit('subscribed', now);
  }

  /** @returns {Subscribed} How it stands, when it is level. */
  #now() { return { .../** @type {Subscribed} */ (this.#info), version: /** @type {any} */ (this.#cursor).version, sequence: this.#told }; }
}
