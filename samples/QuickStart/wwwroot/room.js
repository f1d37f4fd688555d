// What this page knows of one channel: its messages, those under way, who is there, and what this user may do.

import { rights } from './rights.js';
import { Timeline } from './timeline.js';
import { forget, keep } from './unsent.js';

const ENDED = {
  banned: 'You were banned from this channel.', removed: 'You were removed from this channel.',
  left: 'You have left this channel.', deleted: 'This channel was deleted.',
};

export class Room {
  /** Refused by the server, until tried again or discarded. @type {Map<string, {content: any, error: Error}>} */ refused = new Map();
  /** @type {Map<string, string>} */ present = new Map();
  /** Roles of the members, for those who may moderate. @type {Map<string, string>} */ roles = new Map();
  /** @type {{name?: string, data?: any, closed?: boolean, slowMode?: number}} */ settings = {};
  kind = 'public';
  read = 0;
  /** The first message that was unread when the reader came. */ line = 0;
  denied = '';
  visited = false;
  /** When what was asked for is here, or refused. @type {Promise<void>} */ ready = Promise.resolve();
  #muted = { muted: false, until: '' };
  /** @type {string|undefined} */ #role;

  /**
   * @param {import('/realtime/client.js').RealtimeClient} client
   * @param {string} name
   * @param {(what: 'messages'|'presence'|'typing'|'pins'|'settings') => void} changed
   */
  constructor(client, name, changed) {
    this.client = client;
    this.name = name;
    this.channel = client.channel(name);
    this.changed = changed;
    this.timeline = new Timeline(this.channel, () => changed('messages'));
    this.#listen();
  }

  get me() { return this.client.user; }
  get typists() { return this.channel.typists; }

  /** A role that changes comes with the channel's row in the inbox. */
  get role() { return this.client.inbox().row(this.name)?.role ?? this.#role; }
  get closed() { return this.settings.closed; }
  get mutedNow() { return this.#muted.muted && !(Date.parse(this.#muted.until) <= Date.now()); }
  get may() { return rights(this); }

  /** Why nothing can be written here, if so. */
  get silence() {
    if (this.denied) return this.denied;
    if (this.mutedNow) return `You are muted here${this.#muted.until ? ` until ${new Date(this.#muted.until).toLocaleString()}` : ''}.`;
    return this.may.write ? '' : 'This channel is closed. Only its owners can write.';
  }

  /** Stored ones by sequence, then those on their way, then those refused. */
  get items() {
    const stored = this.timeline.all;
    const ids = new Set(stored.map(({ id }) => id.toLowerCase()));
    const mine = (state, content, time, error) => ({ ...content, state, time, error, sender: this.me });
    const pending = this.channel.pending.filter(({ id }) => !ids.has(id.toLowerCase())).map(({ content, time }) => mine('pending', content, time));
    const refused = [...this.refused.values()].map(({ content, error }) => mine('refused', content, undefined, error.message));
    return [...stored, ...pending, ...refused];
  }

  #listen() {
    const { channel } = this;
    channel.on('change', ({ kind }) => { if (kind === 'pinned' || kind === 'deleted') this.changed('pins'); });
    channel.on('reset', () => { this.read = 0; });
    channel.on('subscribed', ({ sequence, read, role, kind = 'public', muted = false, mutedUntil = '', name, data, closed, slowMode }) => {
      Object.assign(this, { denied: '', kind, settings: { name, data, closed, slowMode } });
      this.#role = role;
      this.#muted = { muted, until: mutedUntil };
      this.timeline.head(sequence);
      // Whoever comes to a channel for the first time has missed nothing in it.
      this.read = Math.max(this.read, role || this.visited ? read : sequence);
      if (!this.visited) this.drawLine();
      this.visited = true;
      this.changed('messages');
      this.changed('settings');
      this.#lookAround();
    });
    channel.on('settings', settings => {
      this.settings = settings;
      this.changed('settings');
    });
    channel.on('member', ({ user, change, role, until = '' }) => {
      if (role) this.roles.set(user, role);
      if (user === this.me && role) this.#role = role;
      if (user === this.me && /muted/.test(change)) this.#muted = { muted: change === 'muted', until };
      this.changed('settings');
    });
    channel.on('revoked', ({ reason }) => {
      this.present.clear();
      this.timeline.clear();
      this.visited = false;
      this.#deny(ENDED[reason] ?? 'You can no longer read this channel.');
    });
    channel.on('pending', () => this.changed('messages'));
    channel.on('typing', () => this.changed('typing'));
    channel.on('presence', ({ user, status }) => {
      if (status === 'offline') this.present.delete(user);
      else this.present.set(user, status);
      this.changed('presence');
    });
    channel.on('read', ({ user, sequence }) => { if (user === this.me) this.read = Math.max(this.read, sequence); });
  }

  async open() {
    try {
      await this.channel.subscribe({ recent: 50 });
    } catch (error) {
      this.#deny(error.message);
    }
  }

  /** @param {string} why */
  #deny(why) {
    this.denied = why;
    this.changed('messages');
    this.changed('settings');
    this.changed('presence');
  }

  async #lookAround() {
    const users = await this.channel.presence().catch(() => []);
    this.present = new Map(users.map(({ user, status }) => [user, status]));
    this.changed('presence');
    // Whom one outranks decides what a menu offers.
    if (this.may.moderates) await this.members().catch(() => []);
  }

  /** Where the unread messages begin; with more than are held, at the one after the last that was read. */
  drawLine() {
    const first = this.timeline.all.find(({ sequence, sender }) => sequence > this.read && sender !== this.me)?.sequence ?? 0;
    this.line = first && this.timeline.first > this.read + 1 ? this.read + 1 : first;
  }

  async members() {
    const { members } = await this.channel.members({ limit: 200 });
    this.roles = new Map(members.map(({ user, role }) => [user, role]));
    return members;
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

  /** The reader has seen everything. */
  markRead() {
    const { last, detached } = this.timeline;
    if (last <= this.read || detached) return;
    this.read = last;
    this.channel.markRead(last).catch(() => {});
  }
}
