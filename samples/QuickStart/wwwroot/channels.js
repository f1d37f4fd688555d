// New channels: made here, found in the directory, or with one person alone.

import { ask } from './dialog.js';
import { element } from './dom.js';
import { item, list } from './panel.js';
import { people, unnamed } from './people.js';

/** A name that a person likes, as a channel may be called; without one the server chooses. @param {string} name */
const identifier = name => name.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 64);

/** @param {import('/realtime/client.js').RealtimeClient} client @param {(channel: string) => void} open */
export const newChannel = (client, open) => ask({
  title: 'New channel', submit: 'Create',
  fields: [
    { name: 'name', label: 'Name', required: true, maxLength: 64 },
    { name: 'kind', label: 'Who can read it', options: [['public', 'Everybody'], ['private', 'Only those who are invited']] },
    { name: 'topic', label: 'Topic', maxLength: 200 },
  ],
  action: async ({ name, kind, topic }) => {
    const what = { kind, name, ...(topic ? { data: { topic } } : {}) };
    const own = identifier(name);
    const made = await client.create({ ...what, ...(kind === 'public' && own ? { channel: own } : {}) }).catch(error => {
      throw error.code === 'conflict' ? new Error('There is a channel of that name already. Look for it in the directory, or choose another name.') : error;
    });
    open(made.name);
  },
});

/** @param {import('/realtime/client.js').RealtimeClient} client @param {(channel: string) => void} open */
export const newConversation = (client, open) => ask({
  title: 'Write to somebody', submit: 'Begin',
  fields: [{ name: 'user', label: 'Their name', required: true, maxLength: 128, suggestions: people.ids.filter(user => user !== client.user) }],
  action: ({ user }) => writeTo(client, user, open).catch(unnamed),
});

/** @param {import('/realtime/client.js').RealtimeClient} client @param {string} user @param {(channel: string) => void} open */
export const writeTo = async (client, user, open) => open((await client.create({ kind: 'direct', members: [user] })).name);

/** @param {import('/realtime/client.js').RealtimeClient} client @param {(channel: string) => void} open @returns {import('./panel.js').Fill} */
export const directory = (client, open) => async body => {
  const input = element('input', { type: 'search', placeholder: 'Words of the name', maxLength: 200, 'aria-label': 'Find a channel', 'data-testid': 'directory-query' });
  const results = element('div', { role: 'status' });
  let turn = 0;
  const find = async before => {
    const now = ++turn;
    const { channels, next } = await client.directory({ ...(input.value.trim() ? { query: input.value.trim() } : {}), ...(before ? { before } : {}), limit: 50 });
    if (now !== turn) return;
    if (!before) results.replaceChildren();
    results.querySelector('.next')?.remove();
    const rows = channels.map(({ channel, name, data, members }) => item({}, element('button', { type: 'button', className: 'hit', 'data-testid': `directory-${channel}`, onclick: () => open(channel) },
      element('span', { className: 'hit-body' }, element('b', {}, `#${name ?? channel}`), data?.topic && element('span', { dir: 'auto' }, data.topic),
        element('span', { className: 'note' }, `${members} ${members === 1 ? 'member' : 'members'}${client.inbox().row(channel) ? ' · joined' : ''}`)))));
    const shown = results.querySelector('ul');
    if (shown) shown.append(...rows);
    else list(results, rows, 'No public channel has such a name.');
    if (next) results.append(element('button', { type: 'button', className: 'quiet next', onclick: () => find(next) }, 'Show more'));
  };
  input.addEventListener('input', () => find().catch(error => results.replaceChildren(element('p', { className: 'error' }, error.message))));
  body.append(element('form', { className: 'search', role: 'search', onsubmit: event => event.preventDefault() }, input), results);
  await find();
};
