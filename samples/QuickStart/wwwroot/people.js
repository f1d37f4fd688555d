// Who people are: what the application shows of them (its IUserDirectory), their faces, and whom this user blocks.

import { element, soon } from './dom.js';

const ASKED_AT_ONCE = 200;

class People {
  /** @type {import('/realtime/client.js').RealtimeClient|null} */ #client = null;
  /** @type {Map<string, any>} */ #known = new Map();
  /** @type {Set<string>} */ #unasked = new Set();
  /** @type {Set<string>} */ blocked = new Set();
  changed = () => {};
  #ask = soon(() => this.#askAll());

  /** @param {import('/realtime/client.js').RealtimeClient} client */
  async use(client) {
    this.#client = client;
    this.#known.clear();
    this.blocked = new Set();
    client.on('user', user => this.#learn([user]));
    if (client.features.includes('moderation')) this.blocked = new Set(await client.blocked().catch(() => []));
  }

  get me() { return this.#client?.user ?? ''; }

  /** Everybody whom this page has met. */
  get ids() { return [...this.#known.keys()].filter(user => user !== 'system').sort(); }

  /** What is known of a user; the rest is asked for, and `changed` tells when it is there. @param {string} user */
  profile(user) {
    if (!this.#known.has(user)) {
      this.#known.set(user, { user });
      this.#unasked.add(user);
      this.#ask();
    }
    return this.#known.get(user);
  }

  /** @param {string} user @returns {string} */
  name(user) { return this.profile(user).name ?? user; }

  /** @param {string} user @param {boolean} blocked */
  async block(user, blocked) {
    await (blocked ? this.#client?.block(user) : this.#client?.unblock(user));
    if (blocked) this.blocked.add(user);
    else this.blocked.delete(user);
    this.changed();
  }

  async #askAll() {
    const users = [...this.#unasked];
    this.#unasked.clear();
    for (let at = 0; at < users.length; at += ASKED_AT_ONCE) {
      this.#learn(await this.#client?.users(users.slice(at, at + ASKED_AT_ONCE)).catch(() => []) ?? []);
    }
  }

  /** @param {any[]} users */
  #learn(users) {
    for (const user of users) this.#known.set(user.user, user);
    if (users.length) this.changed();
  }
}

export const people = new People();

/** A name that no user can have, in words for people. @param {any} error */
export const unnamed = error => { throw error.code === 'invalid' ? new Error('Nobody can have such a name.') : error; };

/** The user's picture, or a disc with the initials, in a colour that is always the same for that user. @param {string} user */
export function avatar(user) {
  const { avatar: picture } = people.profile(user);
  if (picture) return element('img', { className: 'avatar', src: picture, alt: '' });
  let hue = 7;
  for (const char of user) hue = (hue * 31 + char.charCodeAt(0)) % 360;
  const initials = people.name(user).split(/\s+/).map(word => [...word][0]).slice(0, 2).join('').toUpperCase();
  const disc = element('span', { className: `avatar${initials.length > 1 ? ' two' : ''}`, 'aria-hidden': 'true' }, initials);
  disc.style.setProperty('--hue', `${hue}`);
  return disc;
}
