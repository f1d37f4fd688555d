// The list of channels: the user's inbox, live, with what is unread in each and in all.

import { byId, element, icon, shortTime, soon } from './dom.js';
import { menu } from './menu.js';
import { avatar, people } from './people.js';

export class InboxList {
  /** @type {import('/realtime/client.js').RealtimeClient|null} */ #client = null;
  /** The other one of each direct channel. @type {Map<string, string>} */ #others = new Map();
  #list = byId('channels');
  #actions;
  render = soon(() => this.#render());

  /** @param {{open(channel: string): void, left(channel: string): void, shown(unread: number): void, current(): import('./room.js').Room|null, reading(): boolean}} actions */
  constructor(actions) { this.#actions = actions; }

  /** @param {import('/realtime/client.js').RealtimeClient} client */
  async use(client) {
    this.#client = client;
    this.#others.clear();
    const inbox = client.inbox();
    for (const event of ['change', 'totals', 'level']) inbox.on(event, () => this.render());
    await inbox.open();
  }

  /** What a channel is called. @param {string} channel */
  label(channel) {
    const row = this.#client?.inbox().row(channel);
    if (row?.kind === 'direct') return people.name(this.other(row));
    return `#${row?.name ?? this.#settings(channel)?.name ?? channel}`;
  }

  /** The other one of a direct channel; what is not known yet is asked for. @param {any} row */
  other({ channel, last }) {
    const me = people.me;
    if (!this.#others.has(channel)) {
      const sender = last && last.sender !== me && last.sender !== 'system' ? last.sender : '';
      this.#others.set(channel, sender);
      if (!sender) this.#client?.channel(channel).members({ limit: 2 }).then(({ members }) => {
        this.#others.set(channel, members.find(({ user }) => user !== me)?.user ?? me);
        people.changed();
      }, () => this.#others.delete(channel));
    }
    return this.#others.get(channel) || '…';
  }

  #settings(channel) {
    const current = this.#actions.current();
    return current?.name === channel ? current.settings : undefined;
  }

  #render() {
    const client = this.#client;
    if (!client) return;
    const current = this.#actions.current();
    const inbox = client.inbox();
    let { unread } = inbox;
    const rows = inbox.rows.filter(row => !row.hidden || row.channel === current?.name);
    if (current && !current.denied && !inbox.row(current.name)) {
      // One that is only looked at, or just joined.
      rows.unshift({ channel: current.name, kind: current.kind, name: current.settings.name, unread: 0, mentions: 0, notify: 'all' });
    }
    rows.sort((one, other) => Number(other.pinned ?? false) - Number(one.pinned ?? false));
    let elsewhere = false;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.#list.replaceChildren(...rows.map(row => {
      const open = row.channel === current?.name;
      // What is read as it comes is not unread, though the server may not know yet.
      const seen = open && this.#actions.reading();
      const counted = row.notify === 'none' ? 0 : row.notify === 'mentions' ? row.mentions : row.unread;
      if (seen) unread -= counted;
      else if (counted && !open) elsewhere = true;
      return this.#row(row, open, seen ? 0 : row.unread, seen ? 0 : row.mentions);
    }));
    if (focused) [...this.#list.querySelectorAll('[data-key]')].find(node => node.dataset.key === focused)?.focus();
    byId('unread-elsewhere').hidden = !elsewhere;
    this.#actions.shown(Math.max(0, unread));
  }

  #row(row, open, unread, mentions) {
    const { channel, kind, name, last, notify, pinned } = row;
    const direct = kind === 'direct';
    const label = direct ? people.name(this.other(row)) : name ?? channel;
    const badge = element('span', { className: `badge${mentions ? ' mentioned' : ''}`, hidden: unread === 0, 'data-testid': `unread-${channel}` }, mentions ? `@${unread}` : `${unread}`);
    if (unread) badge.append(element('span', { className: 'visually-hidden' }, mentions ? ` unread, ${mentions} for you` : ' unread'));
    return element('li', { className: `${notify === 'none' ? 'quieted' : ''}` },
      element('button', {
        type: 'button', className: `channel${unread ? ' unread' : ''}`, 'aria-current': open ? 'page' : undefined,
        'data-testid': `channel-${channel}`, 'data-channel': channel, 'data-key': `open ${channel}`, onclick: () => this.#actions.open(channel),
      },
      direct ? avatar(this.other(row)) : element('span', { className: 'glyph' }, icon(kind === 'private' ? 'lock' : 'hash')),
      element('span', { className: 'channel-text' },
        element('span', { className: 'channel-top' }, element('span', { className: 'channel-name' }, label), pinned && icon('pin'), notify === 'none' && icon('muted'), last && element('time', { dateTime: last.time }, shortTime(last.time))),
        element('span', { className: 'channel-bottom' }, element('span', { className: 'last', dir: 'auto' }, this.#preview(last, direct)), badge))),
      row.changed && element('button', {
        type: 'button', className: 'icon options', 'aria-label': `Options of ${label}`, title: 'Options', 'data-testid': `options-${channel}`, 'data-key': `options ${channel}`,
        onclick: event => menu(event.currentTarget, this.options(row)),
      }, icon('more')));
  }

  #preview(last, direct) {
    if (!last) return 'No messages yet';
    const { sender, text, attachments, deletedAt } = last;
    const what = deletedAt ? 'deleted' : people.blocked.has(sender) ? '…' : text || (attachments?.length ? attachments[0].name ?? 'a file' : '…');
    return sender === people.me ? `You: ${what}` : direct ? what : `${people.name(sender)}: ${what}`;
  }

  /** What the user can set of a row. @returns {import('./menu.js').Item[]} */
  options({ channel, kind, notify, pinned, hidden }) {
    const own = this.#client.channel(channel);
    return [
      { label: pinned ? 'Unpin from the top' : 'Pin to the top', testid: 'row-pin', run: () => own.prefer({ pinned: !pinned }) },
      notify !== 'all' && { label: 'Count all messages', testid: 'row-all', run: () => own.prefer({ notify: 'all' }) },
      notify !== 'mentions' && { label: 'Count mentions only', testid: 'row-mentions', run: () => own.prefer({ notify: 'mentions' }) },
      notify !== 'none' && { label: 'Silence', testid: 'row-mute', run: () => own.prefer({ notify: 'none' }) },
      { label: hidden ? 'Show again' : 'Hide until the next message', testid: 'row-hide', run: () => own.prefer({ hidden: !hidden }) },
      kind !== 'direct' && { label: 'Leave', testid: 'row-leave', danger: true, run: async () => {
        await own.leave();
        this.#actions.left(channel);
      } },
    ].filter(Boolean);
  }
}
