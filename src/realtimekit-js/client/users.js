// The users whose profiles an application asked for.

/** @import { User } from '../client.js' */
/** @import { Connection } from './connection.js' */
/** @import { Frame } from './requests.js' */

const WATCHED = 1_000;                                   // as many as the server watches for a connection
const ASKED = 200;                                       // at once

/**
 * The users that were asked for last. The server tells what changes of them for as long as a connection lasts, so each new
 * connection asks for them again.
 */
export class Users {
  /** By name, the last asked for last. @type {Map<string, User|undefined>} */ #known = new Map();
  #connection; #changed;

  /** @param {Connection} connection @param {(user: User) => void} changed */
  constructor(connection, changed) {
    this.#connection = connection;
    this.#changed = changed;
  }

  /** @param {string[]} names @returns {Promise<User[]>} */
  async ask(names) {
    const found = await this.#connection.requests.ask({ type: 'users', users: names }, true, ({ users }) => {
      this.#watch(names);
      for (const user of users) this.#note(user);
      return /** @type {User[]} */ (users);
    });
    // What came behind the reply, in the same batch of frames, is newer.
    return found.map(user => this.#known.get(user.user) ?? user);
  }

  up() {
    const names = [...this.#known.keys()];
    for (let first = 0; first < names.length; first += ASKED) {
      this.#connection.requests.call({ type: 'users', users: names.slice(first, first + ASKED) }, (error, { users }) => {
        if (error) return;                               // what is known stays
        for (const user of users) if (this.#note(user)) this.#changed(user);
      });
    }
  }

  /** @param {Frame} frame */
  take({ user, name, avatar, data }) {
    const changed = { user, name, avatar, data };
    this.#note(changed);
    this.#changed(changed);
  }

  /** @param {string[]} names */
  #watch(names) {
    for (const name of names) {
      const user = this.#known.get(name);
      this.#known.delete(name);
      this.#known.set(name, user);
    }
    for (const name of this.#known.keys()) {
      if (this.#known.size <= WATCHED) break;
      this.#known.delete(name);
    }
  }

  /** @param {User} user @returns {boolean} Whether it is news. */
  #note({ user, name, avatar, data }) {
    const news = { user, name, avatar, data };
    if (!this.#known.has(user) || JSON.stringify(this.#known.get(user)) === JSON.stringify(news)) return false;
    this.#known.set(user, news);
    return true;
  }
}
