// The list of messages: one element a message, kept by its id, so that a pending one becomes stored where it stands.

import { avatar, dayOf, element, icon, timeOfDay } from './dom.js';

const REACTIONS = ['👍', '❤️', '😂', '🎉', '👀'];
const ICONS = {
  reply: 'M6.5 3.5 2.5 7.5l4 4M2.5 7.5h7a4 4 0 0 1 4 4v1',
  edit: 'M10.5 2.5l3 3-8 8H2.5v-3zM9 4l3 3',
  delete: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4',
};
const TOGETHER = 5 * 60_000;   // ms between messages of one sender that are shown under one name
const NEAR_END = 80;           // px from the end that still count as being there
const NEAR_START = 300;

export class Messages {
  /** @type {import('./room.js').Room|null} */ #room = null;
  /** @type {Map<string, {node: HTMLElement, shown: string}>} */ #rows = new Map();
  #list; #rowList; #toEnd; #actions;
  #start = element('li');
  #atEnd = true;
  #focused = '';

  /**
   * @param {HTMLElement} list What scrolls; it has a list of its own in it.
   * @param {HTMLButtonElement} toEnd
   * @param {{edit(message: any): void, reply(message: any): void, failed(error: Error): void, seen(): void}} actions
   */
  constructor(list, toEnd, actions) {
    this.#list = list;
    this.#rowList = list.querySelector('ol');
    this.#toEnd = toEnd;
    this.#actions = actions;
    list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    list.addEventListener('focusin', event => this.#focus(event.target.closest('[data-id]')));
    list.addEventListener('keydown', event => this.#move(event));
    toEnd.addEventListener('click', () => this.toEnd());
    // The list is as high as the composer and the keyboard leave it.
    new ResizeObserver(() => { if (this.#atEnd) this.toEnd(); }).observe(list);
  }

  get atEnd() { return this.#atEnd; }

  /** @param {import('./room.js').Room} room */
  show(room) {
    this.#room = room;
    this.#rows.clear();
    this.#rowList.replaceChildren();
    this.#atEnd = true;
    this.render();
  }

  toEnd() {
    this.#atEnd = true;
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#scrolled();
  }

  render() {
    const room = this.#room;
    if (!room) return;
    if (this.#atEnd) room.trim();
    const { items } = room;
    const anchor = this.#atEnd ? null : this.#anchor();
    const rows = new Map();
    let before = null;
    let place = this.#rowList.firstChild;
    const put = node => {
      if (node === place) place = place.nextSibling;
      else this.#rowList.insertBefore(node, place);
    };
    put(this.#beginning(room, items.length === 0));
    for (const item of items) {
      put(this.#row(rows, item, before));
      before = item;
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
    this.#rows = rows;
    this.#rove();
    if (anchor) this.#list.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    else this.#list.scrollTop = this.#list.scrollHeight;
    this.#scrolled();
  }

  /** @param {import('./room.js').Room} room @param {boolean} empty */
  #beginning(room, empty) {
    this.#start.className = `beginning${empty ? ' empty' : ''}`;
    this.#start.textContent = room.denied || (room.more ? 'Loading older messages…' : empty ? `Nothing here yet. Say hello to #${room.name}.` : `This is the beginning of #${room.name}.`);
    return this.#start;
  }

  /** The item's element: the one that stands, unless what it shows has changed. */
  #row(rows, item, before) {
    const id = item.id.toLowerCase();
    const quoted = item.replyTo ? this.#room?.quoted(item.replyTo) : null;
    const newDay = Boolean(item.time) && (!before?.time || dayOf(before.time) !== dayOf(item.time));
    const together = !newDay && !item.replyTo && before?.sender === item.sender && Date.parse(item.time) - Date.parse(before.time) < TOGETHER;
    const shown = JSON.stringify([item, quoted, newDay, together]);
    const row = this.#rows.get(id) ?? { node: element('li'), shown: '' };
    if (row.shown !== shown) {
      const hadFocus = row.node.contains(document.activeElement);
      this.#draw(row.node, item, { quoted, newDay, together });
      if (hadFocus) row.node.focus({ preventScroll: true });
      row.shown = shown;
    }
    rows.set(id, row);
    return row.node;
  }

  #draw(row, message, { quoted, newDay, together }) {
    const { id, sequence, state, sender, time, deletedAt } = message;
    const mine = sender === this.#room?.me;
    row.replaceChildren();
    row.className = ['message', together && 'together', sender === 'system' && 'system'].filter(Boolean).join(' ');
    row.tabIndex = -1;
    Object.assign(row.dataset, { testid: 'message', id, state });
    if (sequence) row.dataset.sequence = sequence;
    if (newDay) row.append(element('div', { className: 'day' }, element('span', {}, dayOf(time))));
    const body = element('div', { className: 'body' });
    if (!together) {
      body.append(element('div', { className: 'from' },
        element('b', {}, sender),
        time && element('time', { dateTime: time, title: new Date(time).toLocaleString() }, timeOfDay(time))));
    }
    if (message.replyTo) body.append(this.#quote(message.replyTo, quoted));
    body.append(this.#content(message));
    if (state === 'refused') body.append(this.#refusal(message));
    if (message.reactions) body.append(this.#reactions(message));
    row.append(element('div', { className: 'line' },
      together ? element('span', { className: 'avatar-gap' }) : avatar(sender), body,
      state === 'stored' && !deletedAt && this.#tools(message, mine)));
  }

  #content({ text, data, attachments, state, editedAt, deletedAt }) {
    if (deletedAt) return element('p', { className: 'content gone' }, element('span', { 'data-testid': 'text' }, 'This message was deleted.'));
    const content = element('p', { className: 'content', dir: 'auto' }, element('span', { className: 'text', 'data-testid': 'text' }, text ?? ''));
    if (data !== undefined && data !== null) content.append(element('code', {}, JSON.stringify(data)));
    if (attachments?.length) content.append(element('span', { className: 'note' }, ` ${attachments.length} attached`));
    if (editedAt) content.append(element('span', { className: 'note', title: new Date(editedAt).toLocaleString() }, ' (edited)'));
    if (state === 'pending') content.append(element('span', { className: 'note sending' }, ' Sending…'));
    return content;
  }

  #quote(sequence, quoted) {
    const text = quoted ? (quoted.deletedAt ? 'This message was deleted.' : quoted.text ?? '…') : '…';
    return element('button', {
      type: 'button', className: 'quote', tabIndex: -1, 'data-testid': 'quote', onclick: () => this.#goTo(sequence),
    }, element('span', { className: 'visually-hidden' }, 'Answers '), quoted && element('b', {}, quoted.sender), ' ', element('span', { dir: 'auto' }, text));
  }

  #refusal({ id, error }) {
    return element('div', { className: 'refusal', role: 'alert' },
      element('span', {}, `Not sent: ${error}`),
      element('button', { type: 'button', className: 'quiet', onclick: () => this.#room?.again(id) }, 'Try again'),
      element('button', { type: 'button', className: 'quiet', onclick: () => this.#room?.discard(id) }, 'Discard'));
  }

  #reactions(message) {
    const chips = Object.entries(message.reactions).map(([reaction, { count, users }]) => element('button', {
      type: 'button', className: 'chip', tabIndex: -1, title: users.join(', '),
      'aria-pressed': `${users.includes(this.#room?.me)}`, 'aria-label': `${reaction}, ${count}`, 'data-testid': 'reaction', 'data-reaction': reaction,
      onclick: () => this.#try(this.#room?.toggle(message, reaction)),
    }, reaction, element('span', {}, `${count}`)));
    return element('div', { className: 'reactions' }, ...chips);
  }

  #tools(message, mine) {
    const tool = (testid, label, face, onclick) => element('button', { type: 'button', className: 'tool', tabIndex: -1, title: label, 'aria-label': label, 'data-testid': testid, onclick }, face);
    const react = reaction => this.#try(this.#room?.toggle(message, reaction));
    const [first, ...others] = REACTIONS;
    return element('div', { className: 'tools', role: 'toolbar', 'aria-label': 'What to do with this message' },
      tool('react', `React with ${first}`, first, () => react(first)),
      ...others.map(reaction => tool(`react-${reaction}`, `React with ${reaction}`, reaction, () => react(reaction))),
      tool('reply', 'Reply', icon(ICONS.reply), () => this.#actions.reply(message)),
      mine && tool('edit', 'Edit', icon(ICONS.edit), () => this.#actions.edit(message)),
      mine && tool('delete', 'Delete', icon(ICONS.delete), () => this.#try(this.#room?.channel.delete(message.sequence))));
  }

  /** @param {Promise<any>|undefined} action */
  #try(action) { action?.catch(error => this.#actions.failed(error)); }

  async #goTo(sequence) {
    const room = this.#room;
    try {
      await room?.loadTo(sequence);
    } catch (error) {
      return this.#actions.failed(error);
    }
    if (room !== this.#room) return;
    this.#atEnd = false;                                 // else what was loaded would be let go of again
    this.render();
    const node = this.#rowList.querySelector(`[data-sequence="${sequence}"]`);
    node?.scrollIntoView({ block: 'center' });
    this.#scrolled();
    node?.focus({ preventScroll: true });
  }

  /** Something in view, to hold in place while the list grows above it. */
  #anchor() {
    const top = this.#list.getBoundingClientRect().top;
    for (const { node } of this.#rows.values()) {
      const box = node.getBoundingClientRect();
      if (box.bottom > top) return { node, top: box.top };
    }
    return null;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#toEnd.hidden = this.#atEnd;
    this.#toEnd.textContent = this.#room?.unread.count ? 'New messages ↓' : 'Newest ↓';
    if (this.#atEnd) this.#actions.seen();
    if (scrollTop < NEAR_START) this.#room?.loadOlder();
  }

  // One message at a time is a stop for Tab, with its buttons behind it; the arrow keys go from message to message.

  #focus(row) {
    const id = row?.dataset.id.toLowerCase();
    if (!row || id === this.#focused) return;
    this.#focused = id;
    this.#rove();
    row.scrollIntoView({ block: 'nearest' });            // with room for its buttons
  }

  #rove() {
    const current = this.#rows.has(this.#focused) ? this.#focused : [...this.#rows.keys()].at(-1);
    for (const [id, { node }] of this.#rows) {
      const stop = id === current ? 0 : -1;
      if (node.tabIndex === stop) continue;
      node.tabIndex = stop;
      for (const button of node.querySelectorAll('button')) button.tabIndex = stop;
    }
  }

  #move(event) {
    const row = event.target.closest('[data-id]');
    const step = { ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling' }[event.key];
    if (!row || !step) return;
    event.preventDefault();
    const other = row[step];
    if (other?.dataset.id) other.focus();
  }
}
