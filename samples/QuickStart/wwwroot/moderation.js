// What owners and moderators do in their channel: its settings, what was reported, who is banned, and what was done.

import { ask } from './dialog.js';
import { attempt, element, shortTime } from './dom.js';
import { item, list } from './panel.js';
import { avatar, people } from './people.js';

/** @param {import('./room.js').Room} room */
export const settings = room => ask({
  title: `Settings of ${room.settings.name ?? room.name}`, submit: 'Save',
  fields: [
    { name: 'name', label: 'Name', maxLength: 64, value: room.settings.name ?? '' },
    { name: 'topic', label: 'Topic', maxLength: 200, value: room.settings.data?.topic ?? '' },
    { name: 'slowMode', label: 'Slow mode: seconds between two messages of a member, 0 for none', type: 'number', min: 0, max: 3600, value: room.settings.slowMode ?? 0 },
    ...(room.may.owns ? [{ name: 'closed', label: 'Closed: only owners can write', type: 'checkbox', value: room.closed }] : []),
  ],
  action: ({ name, topic, slowMode, closed }) => room.channel.update({
    name: name || null, data: topic || room.settings.data ? { ...room.settings.data, topic } : null, slowMode, ...(closed === undefined ? {} : { closed }),
  }),
});

const by = (users, time) => element('span', { className: 'note' }, `${users.map(user => people.name(user)).join(', ')} · ${shortTime(time)}`);
const button = (label, testid, run) => element('button', { type: 'button', className: 'quiet', 'data-testid': testid, onclick: () => attempt(run) }, label);

/** @param {(sequence: number) => void} jump @param {() => void} refresh @returns {import('./panel.js').Fill} */
export const reports = (jump, refresh) => async (body, room) => {
  const { reports: all } = await room.channel.reports({ limit: 50 });
  const resolve = (report, state) => async () => {
    await room.channel.resolve(report, state);
    refresh();
  };
  list(body, all.map(({ report, message, reporters, reason, time, state }) => item({ 'data-testid': 'report-row', 'data-state': state },
    element('div', { className: 'from' }, avatar(message.sender), element('b', {}, people.name(message.sender)), state !== 'open' && element('span', { className: 'note' }, state)),
    element('p', { dir: 'auto' }, message.text ?? '…'),
    reason && element('p', { className: 'reason', dir: 'auto' }, reason),
    by(reporters, time),
    element('div', { className: 'buttons' },
      button('Show', 'show', () => jump(message.sequence)),
      ...(state === 'open'
        ? [button('Dismiss', 'dismiss', resolve(report, 'dismissed')), button('Mark as done', 'acted', resolve(report, 'acted'))]
        : [button('Open again', 'reopen', resolve(report, 'open'))])))), 'Nothing was reported.');
};

/** @param {() => void} refresh @returns {import('./panel.js').Fill} */
export const bans = refresh => async (body, room) => {
  const { bans: all } = await room.channel.bans({ limit: 200 });
  list(body, all.map(({ user, by: who, until, reason, time }) => item({ 'data-user': user },
    element('div', { className: 'from' }, avatar(user), element('b', {}, people.name(user))),
    reason && element('p', { className: 'reason', dir: 'auto' }, reason),
    by([who], time),
    element('span', { className: 'note' }, until ? `until ${new Date(until).toLocaleString()}` : 'until it is taken back'),
    element('div', { className: 'buttons' }, button('Unban', 'unban', async () => {
      await room.channel.unban(user);
      refresh();
    })))), 'Nobody is banned.');
};

const DONE = {
  invite: 'invited', remove: 'removed', ban: 'banned', unban: 'unbanned', mute: 'muted', unmute: 'unmuted', setRole: 'set the role of',
  delete: 'deleted a message of', pin: 'pinned a message', unpin: 'unpinned a message', update: 'changed the settings', resolve: 'resolved a report',
};

/** @type {import('./panel.js').Fill} */
export const actions = async (body, room) => {
  const { actions: all } = await room.channel.actions({ limit: 100 });
  list(body, all.map(({ time, by: who, change, user, role, until, reason, data }) => item({},
    element('p', {}, element('b', {}, people.name(who)), ` ${DONE[change] ?? change} `, user && element('b', {}, people.name(user)), role && ` as ${role}`,
      until && ` until ${new Date(until).toLocaleString()}`, change === 'resolve' && `: ${data?.state}`),
    change === 'update' && element('code', {}, JSON.stringify(data)),
    reason && element('p', { className: 'reason', dir: 'auto' }, reason),
    element('span', { className: 'note' }, shortTime(time)))), 'Nothing was done yet.');
};
