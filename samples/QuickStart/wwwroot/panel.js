// What stands beside the conversation: search, pinned messages, members, and what moderators see. One at a time.

import { byId, element } from './dom.js';

/** @typedef {(body: HTMLElement, room: import('./room.js').Room) => any} Fill What the panel has; it may take its time, and say by an error why there is nothing. */

export class Panel {
  #root = byId('panel');
  /** @type {{title: string, fill: Fill, lasts: boolean}|null} */ #shown = null;
  #room; #turn = 0;
  /** @type {HTMLElement|null} */ #from = null;

  /** @param {() => import('./room.js').Room} room The open one. */
  constructor(room) {
    this.#room = room;
    byId('close-panel').addEventListener('click', () => this.close());
    this.#root.addEventListener('keydown', event => { if (event.key === 'Escape' && !event.target.closest('[popover]')) this.close(); });
  }

  /** @param {string} title @param {Fill} fill @param {boolean} [lasts] It means something in another channel, too. */
  async open(title, fill, lasts = false) {
    if (!this.#shown) this.#from = /** @type {HTMLElement} */ (document.activeElement);
    this.#shown = { title, fill, lasts };
    byId('panel-title').textContent = title;
    byId('panel-body').replaceChildren();
    this.#root.hidden = false;
    await this.refresh();
    if (this.#shown?.fill === fill) (this.#root.querySelector('.panel-body input') ?? byId('close-panel')).focus();
  }

  /** @param {string} [title] Only where it shows this. */
  async refresh(title) {
    if (!this.#shown || (title && title !== this.#shown.title)) return;
    const turn = ++this.#turn;
    const body = element('div', { className: 'panel-content' });
    try {
      await this.#shown.fill(body, this.#room());
    } catch (error) {
      body.replaceChildren(element('p', { className: 'error', role: 'alert' }, error.message));
    }
    if (turn === this.#turn) byId('panel-body').replaceChildren(body);
  }

  /** Another channel is open: what belonged to the one before goes. */
  moved() {
    if (this.#shown?.lasts) this.refresh();
    else this.close();
  }

  close() {
    if (!this.#shown) return;
    this.#shown = null;
    this.#turn++;
    this.#root.hidden = true;
    if (this.#from?.isConnected) this.#from.focus();
  }

  /** On a phone it lies over the conversation: what it leads to is behind it. */
  makeWay() { if (matchMedia('(max-width: 1000px)').matches) this.close(); }
}

/** One line of a list in the panel. @param {Record<string, any>} properties @param {...(Node|string|false|null|undefined)} children */
export const item = (properties, ...children) => element('li', { className: 'item', ...properties }, ...children);

/** @param {HTMLElement} body @param {HTMLElement[]} items @param {string} empty What stands there without any. */
export const list = (body, items, empty) => body.append(items.length ? element('ul', {}, ...items) : element('p', { className: 'hint' }, empty));
