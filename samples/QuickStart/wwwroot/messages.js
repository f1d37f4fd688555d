// The list of messages: one element a message, kept by its id, so that a pending one becomes stored where it stands.

import { attempt, dayOf, element } from './dom.js';
import { drawMessage } from './message.js';

const TOGETHER = 5 * 60_000;   // ms between messages of one sender that are shown under one name
const NEAR_END = 80;           // px from the end that still count as being there
const NEAR_START = 300;

export class Messages {
  /** @type {import('./room.js').Room|null} */ #room = null;
  /** @type {Map<string, {node: HTMLElement, shown: any[]}>} */ #rows = new Map();
  #list; #rowList; #toEnd; #toLine; #actions;
  #start = element('li');
  #atEnd = true;
  #landed = false;
  #focused = '';

  /**
   * @param {HTMLElement} list What scrolls; it has a list of its own in it.
   * @param {HTMLButtonElement} toEnd @param {HTMLButtonElement} toLine
   * @param {Omit<import('./message.js').Actions, 'goTo'> & {seen(): void}} actions
   */
  constructor(list, toEnd, toLine, actions) {
    this.#list = list;
    this.#rowList = list.querySelector('ol');
    this.#toEnd = toEnd;
    this.#toLine = toLine;
    this.#actions = { ...actions, goTo: sequence => attempt(() => this.goTo(sequence)) };
    list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    list.addEventListener('focusin', event => this.#focus(event.target.closest('[data-id]')));
    list.addEventListener('keydown', event => this.#move(event));
    toEnd.addEventListener('click', () => attempt(() => this.toEnd()));
    toLine.addEventListener('click', () => attempt(() => this.goTo(this.#room.line)));
    // The list is as high as the composer and the keyboard leave it, and its content as the pictures that have come.
    const grown = new ResizeObserver(() => { if (this.#atEnd) this.#scrollToEnd(); });
    grown.observe(list);
    grown.observe(this.#rowList);
  }

  get atEnd() { return this.#atEnd; }

  /** @param {import('./room.js').Room} room @param {boolean} [land] Where the reader begins is not decided otherwise. */
  show(room, land = true) {
    this.#room = room;
    this.#rows.clear();
    this.#rowList.replaceChildren();
    this.#atEnd = land;
    this.#landed = !land;
    if (room.visited) room.drawLine();
    this.render();
  }

  async toEnd() {
    const room = this.#room;
    await room?.timeline.loadNewest();
    if (room !== this.#room) return;
    this.#atEnd = true;
    this.render();
  }

  /** Shows a message, wherever in the channel it is. @param {number} sequence */
  async goTo(sequence) {
    const room = this.#room;
    this.#landed = true;
    this.#atEnd = false;                                 // else what is loaded would be let go of again
    await room?.timeline.loadAround(sequence);
    if (room !== this.#room) return;
    this.render();
    const node = this.#rowList.querySelector(`[data-sequence="${sequence}"]`);
    if (!node) throw new Error('This message is not to be found any more.');
    node.scrollIntoView({ block: 'center' });
    this.#scrolled();
    node.focus({ preventScroll: true });
    node.classList.add('found');
    setTimeout(() => node.classList.remove('found'), 2500);
  }

  /** Draws all anew: names have come, or another may do other things. */
  redraw() {
    for (const row of this.#rows.values()) row.shown = [];
    this.render();
  }

  render() {
    const room = this.#room;
    if (!room) return;
    if (this.#atEnd) room.timeline.trim();
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
      put(this.#row(room, rows, item, before));
      before = item;
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
    this.#rows = rows;
    this.#rove();
    if (!this.#landed && room.visited) this.#land(room);
    else if (this.#atEnd) this.#scrollToEnd();
    else if (anchor) this.#list.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    this.#scrolled();
  }

  /** Where a reader begins: at the first unread message, else at the end. @param {import('./room.js').Room} room */
  #land(room) {
    this.#landed = true;
    this.#scrollToEnd();
    const line = room.line && this.#rowList.querySelector(`[data-sequence="${room.line}"]`);
    if (!line) return;
    const above = line.getBoundingClientRect().top - this.#list.getBoundingClientRect().top;
    if (above < 0) this.#list.scrollTop += above - 40;
  }

  /** @param {import('./room.js').Room} room @param {boolean} empty */
  #beginning(room, empty) {
    const beginning = room.kind === 'direct' ? 'This is the beginning of your conversation.' : `This is the beginning of #${room.settings.name ?? room.name}.`;
    const first = room.visited ? 'Nothing here yet. Say hello!' : 'Loading…';
    this.#start.className = `beginning${empty || room.denied ? ' empty' : ''}`;
    this.#start.dataset.testid = 'beginning';
    this.#start.textContent = room.denied || (room.timeline.more ? 'Loading older messages…' : empty ? first : beginning);
    return this.#start;
  }

  /** The item's element: the one that stands, unless what it shows has changed. */
  #row(room, rows, item, before) {
    const id = item.id.toLowerCase();
    const quoted = item.replyTo ? room.timeline.quoted(item.replyTo) : null;
    const newDay = Boolean(item.time) && (!before?.time || dayOf(before.time) !== dayOf(item.time));
    const first = Boolean(room.line) && item.sequence === room.line;
    const together = !newDay && !first && !item.replyTo && before?.sender === item.sender && Date.parse(item.time) - Date.parse(before.time) < TOGETHER;
    // A stored message is another object when it has changed; what is on its way is made anew each time.
    const shown = [item.state === 'stored' ? item : JSON.stringify(item), quoted, newDay, together, first];
    const row = this.#rows.get(id) ?? { node: element('li'), shown: [] };
    if (shown.some((part, index) => part !== row.shown[index])) {
      const hadFocus = row.node.contains(document.activeElement);
      drawMessage(row.node, item, { room, actions: this.#actions, quoted, newDay, together, first });
      if (hadFocus) row.node.focus({ preventScroll: true });
      row.shown = shown;
    }
    rows.set(id, row);
    return row.node;
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

  #scrollToEnd() { this.#list.scrollTop = this.#list.scrollHeight; }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const timeline = this.#room?.timeline;
    const low = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#atEnd = low && !timeline?.detached;
    this.#toEnd.hidden = this.#atEnd;
    this.#toLine.hidden = !timeline || !this.#room.line || timeline.first <= this.#room.line;
    this.#toEnd.textContent = timeline && timeline.last > this.#room.read ? 'New messages ↓' : 'Newest ↓';
    if (this.#atEnd) this.#actions.seen();
    if (scrollTop < NEAR_START) timeline?.loadOlder();
    if (low) timeline?.loadNewer();
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
