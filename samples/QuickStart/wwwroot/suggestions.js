// Names to choose from while a mention is written: behind an @, from the people whom this page has met.

import { byId, element } from './dom.js';
import { avatar, people } from './people.js';

const MOST = 6;
const WRITTEN = /(?:^|\s)@([\w.-]*)$/;

export class Suggestions {
  #list = byId('suggestions');
  #text;
  /** @type {string[]} */ #users = [];
  #chosen = 0;

  /** @param {HTMLTextAreaElement} text */
  constructor(text) {
    this.#text = text;
    text.addEventListener('input', () => this.#look());
    text.addEventListener('blur', () => this.close());
  }

  close() {
    this.#users = [];
    this.#draw();
  }

  /** Whether the key was for the list. @param {KeyboardEvent} event */
  key(event) {
    if (!this.#users.length) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') this.#chosen = (this.#chosen + (event.key === 'ArrowDown' ? 1 : -1) + this.#users.length) % this.#users.length;
    else if (event.key === 'Enter' || event.key === 'Tab') return this.#choose(this.#users[this.#chosen], event);
    else if (event.key === 'Escape') this.#users = [];
    else return false;
    event.preventDefault();
    this.#draw();
    return true;
  }

  #look() {
    const { value, selectionStart } = this.#text;
    const begun = value.slice(0, selectionStart).match(WRITTEN)?.[1].toLowerCase();
    const fits = user => user.toLowerCase().startsWith(begun) || people.name(user).toLowerCase().split(' ').some(word => word.startsWith(begun));
    // Whoever has a blank in the name cannot be written so.
    this.#users = begun === undefined ? [] : people.ids.filter(user => user !== people.me && /^[\w.-]+$/.test(user) && fits(user)).slice(0, MOST);
    this.#chosen = 0;
    this.#draw();
  }

  /** @param {string} user @param {Event} event */
  #choose(user, event) {
    event.preventDefault();
    const { value, selectionStart: at } = this.#text;
    const begin = value.slice(0, at).replace(/@[\w.-]*$/, `@${user} `);
    this.#text.value = begin + value.slice(at);
    this.#text.setSelectionRange(begin.length, begin.length);
    this.#text.dispatchEvent(new Event('input', { bubbles: true }));
    return true;
  }

  #draw() {
    this.#list.replaceChildren(...this.#users.map((user, index) => element('li', {
      id: `suggestion-${index}`, role: 'option', 'aria-selected': `${index === this.#chosen}`, 'data-testid': `suggestion-${user}`,
      onpointerdown: event => this.#choose(user, event),
    }, avatar(user), element('b', {}, people.name(user)), people.name(user) !== user && element('span', { className: 'note' }, user))));
    this.#list.hidden = !this.#users.length;
    if (this.#list.hidden) this.#text.removeAttribute('aria-activedescendant');
    else this.#text.setAttribute('aria-activedescendant', `suggestion-${this.#chosen}`);
  }
}
