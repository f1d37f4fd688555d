// What this page knows of one channel: its messages, those under way, who is there, what is unread.

import { forget, keep } from './unsent.js';

const PAGE = 50;
const HELD = 600;      // messages kept; what is scrolled away beyond that is fetched again

export class Room {
  /** @type {Map<number, any>} By sequence. */ messages = new Map();
  /** Refused by the server, until tried again or discarded. @type {Map<string, {content: any, error: Error}>} */ refused = new Map();
  /** @type {Map<string, string>} */ present = new Map();
  /** Messages that are quoted but not held. @type {Map<number, any>} */ #quoted = new Map();
  read = 0;
  denied = '';
  #loading = false;
  #visited = false;

  /**
   * @param {import('/realtime/client.js').RealtimeClient} client
   * @param {string} name
   * @param {(what: 'messages'|'presence'|'typing'|'unread') => void} changed
   */
  constructor(client, name, changed) {
    this.client = client;
    this.name = name;
    this.channel = client.channel(name);
    this.changed = changed;
    this.#listen();
  }

  get me() { return this.client.user; }
  get typists() { return this.channel.typists; }
  get last() { return Math.max(0, ...this.messages.keys()); }
  get oldest() { return Math.min(...this.messages.keys()); }

  /** There are older messages than those held: sequences begin at 1 and have no gaps. */
  get more() { return this.messages.size > 0 && this.oldest > 1; }

  /** Stored ones by sequence, then those on their way, then those refused. */
  get items() {
    const stored = [...this.messages.values()].sort((a, b) => a.sequence - b.sequence).map(message => ({ state: 'stored', ...message }));
    const ids = new Set(stored.map(({ id }) => id.toLowerCase()));
    const mine = (state, content, time, error) => ({ ...content, state, time, error, sender: this.me });
    const pending = this.channel.pending.filter(({ id }) => !ids.has(id.toLowerCase())).map(({ content, time }) => mine('pending', content, time));
    const refused = [...this.refused.values()].map(({ content, error }) => mine('refused', content, undefined, error.message));
    return [...stored, ...pending, ...refused];
  }

  /** How many messages of others are above the read mark; `atLeast` that many, if older ones are not held. */
  get unread() {
    let count = 0;
    if (!this.#visited) return { count, atLeast: false };
    for (const { sequence, sender, deletedAt } of this.messages.values()) {
      if (sequence > this.read && sender !== this.me && !deletedAt) count++;
    }
    return { count, atLeast: count > 0 && this.more && this.oldest > this.read + 1 };
  }

  #listen() {
    const { channel } = this;
    channel.on('change', ({ kind, sequence, version, message, reactions }) => {
      const held = this.messages.get(sequence);
      if (kind === 'reacted') {
        if (held) this.messages.set(sequence, { ...held, version, reactions });
      } else if (held || kind === 'posted') {
        this.messages.set(sequence, message);
      }
      this.#quoted.delete(sequence);
      this.#updated();
    });
    channel.on('reset', () => {
      this.messages.clear();
      this.#quoted.clear();
      this.read = 0;                                     // sequences begin anew
      this.#updated();
    });
    channel.on('subscribed', ({ sequence, read, role }) => {
      this.denied = '';
      // Whoever comes to a channel for the first time has missed nothing in it.
      this.read = Math.max(this.read, role || this.#visited ? read : sequence);
      this.#visited = true;
      this.#updated();
      this.#lookAround();
    });
    channel.on('revoked', ({ reason }) => {
      this.denied = `You can no longer read this channel (${reason}).`;
      this.changed('messages');
    });
    channel.on('pending', () => this.changed('messages'));
    channel.on('typing', () => this.changed('typing'));
    channel.on('presence', ({ user, status }) => {
      if (status === 'offline') this.present.delete(user);
      else this.present.set(user, status);
      this.changed('presence');
    });
    channel.on('read', ({ user, sequence }) => {
      if (user === this.me) this.#markLocally(sequence);
    });
  }

  async open() {
    try {
      await this.channel.subscribe({ recent: PAGE });
    } catch (error) {
      this.denied = error.message;
      this.changed('messages');
    }
  }

  async #lookAround() {
    const users = await this.channel.presence().catch(() => []);
    this.present = new Map(users.map(({ user, status }) => [user, status]));
    this.changed('presence');
  }

  /** Sends, and keeps it in the tab until it is stored. @param {any} content */
  send(content) {
    const sending = this.channel.send(content);
    const whole = { ...content, id: sending.id };
    this.refused.delete(sending.id);
    keep(this.me, this.name, whole);
    sending.then(
      () => forget(this.me, sending.id),
      error => {
        // When the client itself has ended, the message is not refused: it goes with the next sign-in.
        if (this.client.state === 'closed') return;
        forget(this.me, sending.id);
        this.refused.set(sending.id, { content: whole, error });
        this.changed('messages');
      });
  }

  /** @param {string} id */
  discard(id) {
    this.refused.delete(id);
    this.changed('messages');
  }

  /** @param {string} id */
  again(id) {
    const { content } = this.refused.get(id) ?? {};
    if (content) this.send(content);
  }

  /** @param {any} message @param {string} reaction */
  async toggle({ sequence, reactions = {} }, reaction) {
    const { users = [], count = 0 } = reactions[reaction] ?? {};
    // The list of users is cut at 20; beyond that only the server knows.
    const own = users.includes(this.me) || (count > users.length && (await this.channel.reactions(sequence)).own.includes(reaction));
    await this.channel.react(sequence, reaction, { remove: own });
  }

  /** Fetches the page before the oldest message. */
  async loadOlder() {
    if (this.#loading || !this.more || !this.channel.subscribed) return;
    this.#loading = true;
    try {
      const { messages } = await this.channel.history({ before: this.oldest, limit: PAGE });
      for (const message of messages) if (!this.messages.has(message.sequence)) this.messages.set(message.sequence, message);
      this.changed('messages');
    } catch {
      // Scrolling up again tries again.
    } finally {
      this.#loading = false;
    }
  }

  /** Fetches all pages from the oldest message down to this one. Whoever asked draws them. @param {number} sequence */
  async loadTo(sequence) {
    while (this.more && this.oldest > sequence) {
      const { messages } = await this.channel.history({ before: this.oldest, limit: 4 * PAGE });
      if (messages.length === 0) return;
      for (const message of messages) if (!this.messages.has(message.sequence)) this.messages.set(message.sequence, message);
    }
  }

  /** Lets go of the oldest, when the reader is at the end. */
  trim() {
    const excess = this.messages.size - HELD;
    if (excess <= 0) return;
    for (const sequence of [...this.messages.keys()].sort((a, b) => a - b).slice(0, excess)) this.messages.delete(sequence);
  }

  /** The message that is quoted: held, fetched before, or fetched now and told later. @param {number} sequence */
  quoted(sequence) {
    const known = this.messages.get(sequence) ?? this.#quoted.get(sequence);
    if (known === undefined && this.#quoted.size < HELD) {
      this.#quoted.set(sequence, null);
      this.channel.history({ after: sequence - 1, before: sequence + 1 }).then(
        ({ messages }) => {
          if (messages[0]) this.#quoted.set(sequence, messages[0]);
          this.changed('messages');
        },
        () => this.#quoted.delete(sequence));
    }
    return known ?? null;
  }

  /** The reader has seen everything. */
  markRead() {
    const { last } = this;
    if (last <= this.read) return;
    this.#markLocally(last);
    this.channel.markRead(last).catch(() => {});
  }

  /** @param {number} sequence */
  #markLocally(sequence) {
    this.read = Math.max(this.read, sequence);
    this.changed('unread');
  }

  #updated() {
    this.changed('messages');
    this.changed('unread');
  }
}
