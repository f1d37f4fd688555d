// The messages of a channel that this page holds: a stretch without a gap, at the end or, after a jump, somewhere in the past.

const PAGE = 50;
const HELD = 600;      // messages kept; what is scrolled away beyond that is fetched again

export class Timeline {
  /** By sequence. @type {Map<number, any>} */ #messages = new Map();
  /** There are newer messages that are not held. */ detached = false;
  /** Messages that are quoted but not held. @type {Map<number, any>} */ #quoted = new Map();
  /** Changes of messages that a page under way may bring without them. @type {any[]} */ #meanwhile = [];
  #head = 0;
  /** @type {Promise<void>|null} */ #loading = null;
  #channel; #changed;

  /** @param {import('/realtime/client.js').Channel} channel @param {() => void} changed */
  constructor(channel, changed) {
    this.#channel = channel;
    this.#changed = changed;
    channel.on('change', change => {
      const { kind, sequence, message } = change;
      this.head(sequence);
      if (this.#messages.has(sequence)) this.#apply(change);
      else if (kind === 'posted' && !this.detached) this.#hold(message);
      else if (this.#loading) this.#meanwhile.push(change);
      this.#quoted.delete(sequence);
      changed();
    });
    channel.on('reset', () => {                          // sequences begin anew
      this.clear();
      changed();
    });
  }

  clear() {
    this.#messages.clear();
    this.#quoted.clear();
    this.detached = false;
    this.#head = 0;
  }

  get #sequences() { return [...this.#messages.keys()].sort((a, b) => a - b); }
  get all() { return this.#sequences.map(sequence => this.#messages.get(sequence)); }
  get last() { return this.#sequences.at(-1) ?? 0; }
  get first() { return this.#sequences[0] ?? 0; }

  /** There are older messages than those held: sequences begin at 1 and have no gaps. */
  get more() { return this.first > 1; }

  /** There is a message of this sequence. @param {number} sequence */
  head(sequence) { this.#head = Math.max(this.#head, sequence); }

  /** Fetches the page before the oldest message. */
  loadOlder() {
    if (!this.more) return;
    return this.#load({ before: this.first }, () => {
      const excess = this.#sequences.slice(HELD);
      for (const sequence of excess) this.#messages.delete(sequence);
      if (excess.length) this.detached = true;
    });
  }

  /** Fetches the page after the newest one that is held. */
  loadNewer() { return this.detached ? this.#load({ after: this.last }, () => this.trim()) : undefined; }

  /** Comes to hold this message, with those around it. @param {number} sequence */
  async loadAround(sequence) { if (!this.#messages.has(sequence)) await this.#replace({ before: sequence + PAGE / 2 }); }

  /** Comes to hold the newest messages. */
  async loadNewest() { if (this.detached) await this.#replace({}); }

  /** Lets go of the oldest. */
  trim() { for (const sequence of this.#sequences.slice(0, -HELD)) this.#messages.delete(sequence); }

  /** The message that is quoted: held, fetched before, or fetched now and told later. @param {number} sequence */
  quoted(sequence) {
    const known = this.#messages.get(sequence) ?? this.#quoted.get(sequence);
    if (known === undefined && this.#quoted.size < HELD) {
      this.#quoted.set(sequence, null);
      this.#channel.history({ after: sequence - 1, before: sequence + 1 }).then(
        ({ messages }) => {
          if (messages[0]) this.#quoted.set(sequence, messages[0]);
          this.#changed();
        },
        () => this.#quoted.delete(sequence));
    }
    return known ?? null;
  }

  async #replace(page) {
    while (this.#loading) await this.#loading;
    await this.#load(page, messages => {
      const before = this.#messages;
      this.#messages = new Map(messages.map(({ sequence }) => [sequence, before.get(sequence)]));
      this.detached = true;
    }, true);
  }

  /** Whoever must have the page learns why it did not come; else scrolling tries again. */
  async #load(page, then, must = false) {
    if (this.#loading) return;
    const load = async () => {
      try {
        const { messages } = await this.#channel.history({ limit: PAGE, ...page });
        for (const message of messages) this.#hold(message);
        then(messages);
        for (const change of this.#meanwhile) this.#apply(change);
        if (this.last >= this.#head) this.detached = false;
        this.#changed();
      } catch (error) {
        if (must) throw error;
      } finally {
        this.#meanwhile = [];
        this.#loading = null;
      }
    };
    await (this.#loading = load());
  }

  /** A message is replaced as a whole, so that what shows it sees at once whether it is another. */
  #hold(message) {
    const held = this.#messages.get(message.sequence);
    if (!held || held.version < message.version) this.#messages.set(message.sequence, { ...message, state: 'stored' });
  }

  #apply({ sequence, version, message, reactions }) {
    const held = this.#messages.get(sequence);
    if (held) this.#hold(message ?? { ...held, version, reactions });
  }
}
