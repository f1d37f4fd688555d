// A user's inbox: every channel that the user is in, live.

/** @import { ChannelInfo } from '../client.js' */
/** @import { Connection } from './connection.js' */
/** @import { Deferred } from './errors.js' */
/** @import { Frame } from './requests.js' */

import { Emitter } from './emitter.js';
import { deferred, isTransient, RealtimeError } from './errors.js';

/**
 * @typedef {object} InboxEvents
 * @property {{rows: ChannelInfo[], removed: string[]}} change These rows are new or other ones now, and the user is no longer in these channels.
 * @property {{unread: number, mentions: number}} totals What is unread in all channels has become this.
 * @property {{}} level Level with the server, at first and again after each lost connection.
 * @property {{error: RealtimeError}} failed The server refused the inbox; it is closed.
 */

/** Between two channels of one time, by their names' units. @param {string} one @param {string} other */
const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/**
 * The channels that the user is a member of, with what is unread in each and in all. Get it from `client.inbox()`.
 *
 * Once opened it stays so over lost connections: what changed meanwhile comes when there is a connection again, and nothing twice that did not change.
 * @extends {Emitter<InboxEvents>}
 */
export class Inbox extends Emitter {
  /** @type {Map<string, ChannelInfo>} */ #rows = new Map();
  /** The channels that came since all began anew; `null` while only changes come. @type {Set<string>|null} */ #fresh = null;
  /** @type {string|undefined} */ #cursor;
  /** @type {'off'|'asking'|'catching'|'level'} */ #phase = 'off';
  #totals = { unread: 0, mentions: 0 };
  #wanted = false;
  #turn = 0;
  #refusals = 0;
  /** @type {any} */ #timer = null;
  /** @type {Deferred<void>[]} */ #waiters = [];
  #connection;

  /** @internal @param {Connection} connection */
  constructor(connection) {
    super();
    this.#connection = connection;
  }

  /** Whether the rows are level with the server now. */
  get level() { return this.#phase === 'level'; }

  /** The rows, the latest change first. @returns {ChannelInfo[]} */
  get rows() { return [...this.#rows.values()].sort((one, other) => order(other.changed, one.changed) || order(one.channel, other.channel)); }

  /** Unread messages in all channels; those of `notify: 'none'` do not count, those of `mentions` by their mentions. */
  get unread() { return this.#totals.unread; }

  /** Those of them that mention the user. */
  get mentions() { return this.#totals.mentions; }

  /** The row of a channel, if the user is in it. @param {string} channel @returns {ChannelInfo|undefined} */
  row(channel) { return this.#rows.get(channel); }

  /**
   * Opens it, or waits for it where it is open.
   * @returns {Promise<void>} Level: all rows are there.
   */
  open() {
    const waiter = deferred();
    if (this.#connection.state === 'closed') waiter.reject(this.#connection.closedError);
    else if (this.level) waiter.resolve(undefined);
    else {
      this.#waiters.push(waiter);
      this.#wanted = true;
      if (this.#phase === 'off') this.#ask();
    }
    return waiter.promise;
  }

  /** Closes it and forgets the rows. Always succeeds. */
  async close() {
    if (!this.#wanted) return;
    this.#stop(new RealtimeError('closed', 'The inbox was closed.'));
    if (this.#connection.ready) await this.#connection.requests.ask({ type: 'closeInbox' }, false, () => undefined).catch(() => {});
  }

  /** @internal */
  up() { if (this.#wanted && this.#phase === 'off') this.#ask(); }

  /** @internal */
  down() {
    this.#turn++;
    this.#connection.clock.clearTimeout(this.#timer);
    this.#phase = 'off';
  }

  /** @internal @param {RealtimeError} error */
  ended(error) {
    this.down();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** @internal @param {Frame} frame */
  frame({ channels, removed = [], cursor, more, unread, mentions }) {
    if (this.#phase !== 'catching' && this.#phase !== 'level') return;
    const turn = this.#turn;
    const left = removed.filter((/** @type {string} */ name) => this.#rows.delete(name));
    for (const row of channels) {
      this.#rows.set(row.channel, row);
      this.#fresh?.add(row.channel);
    }
    if (!more && this.#fresh) {
      // All rows came: what is not among them is no more.
      for (const name of [...this.#rows.keys()]) if (!this.#fresh.has(name) && this.#rows.delete(name)) left.push(name);
      this.#fresh = null;
    }
    this.#cursor = cursor;
    if (channels.length || left.length) this.emit('change', { rows: channels, removed: left });
    if (turn === this.#turn) this.#count(unread, mentions);
    if (more || turn !== this.#turn || this.level) return;
    this.#phase = 'level';
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(undefined);
    this.emit('level', {});
  }

  #ask() {
    if (!this.#wanted || !this.#connection.ready) return;
    const turn = ++this.#turn;
    this.#phase = 'asking';
    this.#connection.clock.clearTimeout(this.#timer);
    this.#connection.requests.call({ type: 'inbox', after: this.#cursor }, (error, reply) => {
      // Without a connection this is no refusal: `down` or `ended` says how it goes on.
      if (turn !== this.#turn || this.#connection.state !== 'connected') return;
      if (error) return this.#refused(error);
      this.#refusals = 0;
      this.#phase = 'catching';
      this.#fresh = reply.reset ? new Set() : null;
      this.#cursor = reply.cursor;
    });
  }

  /** @param {RealtimeError} error */
  #refused(error) {
    this.#phase = 'off';
    if (isTransient(error) || error.code === 'internal') {
      this.#timer = this.#connection.clock.setTimeout(() => this.#ask(), Math.max(error.retryAfter ?? 0, this.#connection.pause(this.#refusals++)));
    } else {
      this.#stop(error);
      this.emit('failed', { error });
    }
  }

  /** @param {RealtimeError} error */
  #stop(error) {
    this.down();
    this.#wanted = false;
    this.#rows.clear();
    this.#cursor = undefined;
    this.#totals = { unread: 0, mentions: 0 };
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** @param {number} unread @param {number} mentions */
  #count(unread, mentions) {
    if (unread === this.#totals.unread && mentions === this.#totals.mentions) return;
    this.#totals = { unread, mentions };
    this.emit('totals', { unread, mentions });
  }
}
