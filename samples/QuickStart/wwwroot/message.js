// How one message looks: who, when, what, with its files and reactions, and what may be done with it.

import { attempt, dayOf, element, icon, sizeOf, timeOfDay } from './dom.js';
import { ask } from './dialog.js';
import { menu } from './menu.js';
import { avatar, people } from './people.js';

const REACTIONS = ['👍', '❤️', '😂', '🎉', '👀'];
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/;
// A link, without the punctuation that ends the sentence; or a mention.
const PARTS = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'])|(?<![\w@])@([\w][\w.-]*)/g;

/**
 * What a message needs of the page around it.
 * @typedef {object} Actions
 * @property {(message: any) => void} edit @property {(message: any) => void} reply
 * @property {(sequence: number) => void} goTo
 * @property {(anchor: HTMLElement, user: string) => void} card
 */

/**
 * @param {HTMLElement} row @param {any} message
 * @param {{room: import('./room.js').Room, actions: Actions, quoted: any, newDay: boolean, together: boolean, first: boolean}} context
 */
export function drawMessage(row, message, context) {
  const { room, actions, quoted, newDay, together, first } = context;
  const { id, sequence, state, sender, time, deletedAt } = message;
  row.replaceChildren();
  row.className = ['message', together && 'together', sender === 'system' && 'system'].filter(Boolean).join(' ');
  row.tabIndex = -1;
  Object.assign(row.dataset, { testid: 'message', id, state });
  if (sequence) row.dataset.sequence = sequence;
  if (newDay) row.append(element('div', { className: 'day' }, element('span', {}, dayOf(time))));
  if (first) row.append(element('div', { className: 'day unread-line', 'data-testid': 'unread-line' }, element('span', {}, 'New')));
  const body = element('div', { className: 'body' });
  const card = face => element('button', { type: 'button', className: 'who', tabIndex: -1, 'data-testid': 'sender', onclick: event => actions.card(event.currentTarget, sender) }, face);
  const name = people.name(sender);
  if (!together) {
    body.append(element('div', { className: 'from' }, sender === 'system' ? element('b', {}, name) : card(element('b', {}, name)),
      time && element('time', { dateTime: time, title: new Date(time).toLocaleString() }, timeOfDay(time))));
  }
  if (message.replyTo) body.append(quote(message.replyTo, quoted, actions));
  body.append(...contentOf(message, room));
  if (state === 'refused') body.append(refusal(message, room));
  if (message.reactions && !deletedAt) body.append(reactions(message, room));
  row.append(element('div', { className: 'line' },
    together ? element('span', { className: 'avatar-gap' }, time && element('time', { dateTime: time }, timeOfDay(time))) : avatar(sender), body,
    state === 'stored' && !deletedAt && !room.denied && tools(message, context)));
}

function contentOf({ sender, text, data, attachments, state, editedAt, deletedAt, pinnedAt, pinnedBy }, room) {
  const note = (words, title) => element('span', { className: 'note', title }, words);
  if (deletedAt) return [element('p', { className: 'content gone' }, element('span', { 'data-testid': 'text' }, 'This message was deleted.'))];
  if (people.blocked.has(sender)) return [element('p', { className: 'content gone' }, 'From somebody whom you block.')];
  const content = element('p', { className: 'content', dir: 'auto' }, element('span', { className: 'text', 'data-testid': 'text' }, ...rich(text ?? '')));
  if (data !== undefined && data !== null) content.append(element('code', {}, JSON.stringify(data)));
  if (editedAt) content.append(note(' (edited)', new Date(editedAt).toLocaleString()));
  if (state === 'pending') content.append(element('span', { className: 'note sending' }, ' Sending…'));
  if (pinnedAt) content.append(element('span', { className: 'note pin-note', title: pinnedBy && `by ${people.name(pinnedBy)}` }, icon('pin'), 'Pinned'));
  return [content, attachments?.length && element('div', { className: 'files' }, ...attachments.map(attachment => file(attachment, room.client)))].filter(Boolean);
}

/** Text as text, with its links and mentions. @param {string} text @returns {(Node|string)[]} */
export function rich(text) {
  const parts = [];
  let end = 0;
  for (const { 0: whole, 1: link, 2: user, index } of text.matchAll(PARTS)) {
    parts.push(text.slice(end, index), link
      ? element('a', { href: link, target: '_blank', rel: 'noopener noreferrer' }, link)
      : people.ids.includes(user) ? element('span', { className: `mention${user === people.me ? ' self' : ''}`, title: people.name(user) }, whole) : whole);
    end = index + whole.length;
  }
  return [...parts, text.slice(end)];
}

/** The users whom a text mentions, of those whom this page has met. @param {string} text */
export const mentionsIn = text => [...new Set([...text.matchAll(PARTS)].map(([, , user]) => user).filter(user => people.ids.includes(user)))];

function file({ file: id, name, type, size, width, height }, client) {
  if (!id) return element('span', { className: 'note' }, name ?? '1 attachment');
  const href = client.fileUrl(id);
  return PICTURES.test(type)
    ? element('a', { className: 'picture', href, target: '_blank', 'data-testid': 'picture' }, element('img', { src: href, alt: name, loading: 'lazy', ...(width && height ? { width, height } : {}) }))
    : element('a', { className: 'file', href, target: '_blank', 'data-testid': 'file' }, icon('attach'), element('b', {}, name), element('span', { className: 'note' }, sizeOf(size)));
}

function quote(sequence, quoted, actions) {
  const text = quoted ? (quoted.deletedAt ? 'This message was deleted.' : quoted.text ?? '…') : '…';
  return element('button', { type: 'button', className: 'quote', tabIndex: -1, 'data-testid': 'quote', onclick: () => actions.goTo(sequence) },
    element('span', { className: 'visually-hidden' }, 'Answers '), quoted && element('b', {}, people.name(quoted.sender)), ' ', element('span', { dir: 'auto' }, text));
}

function refusal({ id, error }, room) {
  return element('div', { className: 'refusal', role: 'alert' },
    element('span', {}, `Not sent: ${error}`),
    element('button', { type: 'button', className: 'quiet', onclick: () => room.again(id) }, 'Try again'),
    element('button', { type: 'button', className: 'quiet', onclick: () => room.discard(id) }, 'Discard'));
}

function reactions(message, room) {
  return element('div', { className: 'reactions' }, ...Object.entries(message.reactions).map(([reaction, { count, users }]) => element('button', {
    type: 'button', className: 'chip', tabIndex: -1, title: users.map(user => people.name(user)).join(', '),
    'aria-pressed': `${users.includes(room.me)}`, 'aria-label': `${reaction}, ${count}`, 'data-testid': 'reaction', 'data-reaction': reaction,
    onclick: () => attempt(() => room.toggle(message, reaction)),
  }, reaction, element('span', {}, `${count}`))));
}

function tools(message, { room, actions }) {
  const tool = (testid, label, face, onclick) => element('button', { type: 'button', className: 'tool', tabIndex: -1, title: label, 'aria-label': label, 'data-testid': testid, onclick }, face);
  const items = more(message, room, actions);
  return element('div', { className: 'tools', role: 'toolbar', 'aria-label': 'What to do with this message' },
    ...(room.may.write ? REACTIONS : []).map((reaction, index) => tool(index ? `react-${reaction}` : 'react', `React with ${reaction}`, reaction, () => attempt(() => room.toggle(message, reaction)))),
    room.may.write && tool('reply', 'Reply', icon('reply'), () => actions.reply(message)),
    items.length > 0 && tool('more', 'More', icon('more'), event => menu(event.currentTarget, items)));
}

/** @returns {import('./menu.js').Item[]} */
function more(message, room, actions) {
  const { sequence, sender, text, pinnedAt } = message;
  const { channel, may, client } = room;
  const mine = sender === room.me;
  return [
    mine && may.write && { label: 'Edit', testid: 'edit', run: () => actions.edit(message) },
    may.pin && { label: pinnedAt ? 'Unpin' : 'Pin', testid: 'pin', run: () => (pinnedAt ? channel.unpin(sequence) : channel.pin(sequence)) },
    text && { label: 'Copy text', run: () => navigator.clipboard.writeText(text) },
    !mine && sender !== 'system' && client.features.includes('moderation') && { label: 'Report…', testid: 'report', run: () => report(room, sequence) },
    may.deletes(mine, room.roles.get(sender)) && {
      label: 'Delete…', testid: 'delete', danger: true,
      run: () => ask({ title: 'Delete this message?', text: 'Nobody can bring it back.', submit: 'Delete', danger: true, action: () => channel.delete(sequence) }),
    },
  ].filter(Boolean);
}

function report(room, sequence) {
  ask({
    title: 'Report this message', text: 'The moderators of the channel will see it, and who reported it.', submit: 'Report',
    fields: [{ name: 'reason', label: 'What is wrong with it?', type: 'textarea', maxLength: 1000 }],
    action: ({ reason }) => room.channel.report(sequence, reason ? { reason } : {}),
  });
}
