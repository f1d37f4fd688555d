// Finding messages, in the open channel or in all; and those that are pinned.

import { element, shortTime } from './dom.js';
import { item, list } from './panel.js';
import { avatar, people } from './people.js';

const PAUSE = 250;     // ms without a key before it is searched

let query = '';
let everywhere = true;

/**
 * @param {import('/realtime/client.js').RealtimeClient} client
 * @param {(channel: string) => string} label
 * @param {(channel: string, sequence: number) => void} jump
 * @returns {import('./panel.js').Fill}
 */
export const search = (client, label, jump) => (body, room) => {
  const input = element('input', { type: 'search', value: query, maxLength: 200, placeholder: 'Words, or "a phrase"', 'aria-label': 'Search messages', 'data-testid': 'search-query' });
  const where = (value, text) => element('label', {}, element('input', { type: 'radio', name: 'where', checked: everywhere === value, onchange: () => {
    everywhere = value;
    find();
  } }), element('span', {}, text));
  const results = element('div', { role: 'status', 'data-testid': 'search-results' });
  let waiting, turn = 0;

  const find = async before => {
    clearTimeout(waiting);
    query = input.value.trim();
    const now = ++turn;
    if (!query) return results.replaceChildren(element('p', { className: 'hint' }, 'Words find what begins with them. Case and accents do not count.'));
    try {
      const { messages, next } = await client.search(query, { ...(everywhere ? {} : { channel: room.name }), ...(before ? { before } : {}), limit: 20 });
      if (now !== turn) return;
      if (!before) results.replaceChildren();
      results.querySelector('.next')?.remove();
      const hits = messages.map(message => hit(message, everywhere && label(message.channel), () => jump(message.channel, message.sequence)));
      const shown = results.querySelector('ul');
      if (shown) shown.append(...hits);
      else list(results, hits, next ? '' : 'Nothing was found.');
      if (next) results.append(element('button', { type: 'button', className: 'quiet next', onclick: () => find(next) }, 'Show more'));
    } catch (error) {
      if (now === turn) results.replaceChildren(element('p', { className: 'error' }, error.code === 'invalid' ? 'There is nothing in it to search for.' : error.message));
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, PAUSE);
  });
  body.append(element('form', { className: 'search', role: 'search', onsubmit: event => {
    event.preventDefault();
    find();
  } }, input, element('fieldset', {}, element('legend', { className: 'visually-hidden' }, 'Where'), where(true, 'All channels'), where(false, `Only ${label(room.name)}`))), results);
  find();
};

/** @param {(sequence: number) => void} jump @returns {import('./panel.js').Fill} */
export const pins = jump => async (body, room) => {
  const { messages } = await room.channel.history({ pinned: true, limit: 100 });
  list(body, messages.reverse().map(message => hit(message, '', () => jump(message.sequence))), room.may.pin ? 'Nothing is pinned yet. Pin a message by its menu.' : 'Nothing is pinned yet.');
};

/** A message as a button that leads to it. @param {any} message @param {string|false} where @param {() => void} onclick */
const hit = ({ sender, time, text = '', attachments = [], matches = [] }, where, onclick) => item({}, element('button', { type: 'button', className: 'hit', 'data-testid': 'hit', onclick },
  avatar(sender),
  element('span', { className: 'hit-body' },
    element('span', { className: 'from' }, element('b', {}, people.name(sender)), where && element('span', { className: 'note' }, where), element('time', { dateTime: time }, shortTime(time))),
    element('span', { className: 'hit-text', dir: 'auto' }, ...marked(text || attachments.map(({ name }) => name).join(', '), matches)))));

/** The text around its first match, with all of them marked; as text. @param {string} text @param {[number, number][]} matches */
function marked(text, matches) {
  const from = matches[0]?.[0] > 60 ? text.indexOf(' ', matches[0][0] - 40) + 1 : 0;
  const parts = [from ? '…' : ''];
  let end = from;
  for (const [start, length] of matches) {
    parts.push(text.slice(end, start), element('mark', {}, text.slice(start, start + length)));
    end = start + length;
  }
  return [...parts, text.slice(end)];
}
