// Who is in a channel, a card about a person, and what one may do to another.

import { ask } from './dialog.js';
import { element } from './dom.js';
import { entry, popUp } from './menu.js';
import { item, list } from './panel.js';
import { avatar, people, unnamed } from './people.js';

const LASTING = [['3600', 'for an hour'], ['86400', 'for a day'], ['604800', 'for a week'], ['', 'until it is taken back']];

/** @param {(anchor: HTMLElement, user: string) => void} card @returns {import('./panel.js').Fill} */
export const members = card => async (body, room) => {
  const known = await room.members();
  const joined = new Set(known.map(({ user }) => user));
  const visitors = [...room.present.keys()].filter(user => !joined.has(user)).map(user => ({ user, role: 'visitor' }));
  const rank = ({ role }) => ['owner', 'moderator', 'member', 'visitor'].indexOf(role);
  const all = [...known, ...visitors].sort((one, other) => rank(one) - rank(other) || people.name(one.user).localeCompare(people.name(other.user)));
  if (room.may.invite) body.append(element('button', { type: 'button', className: 'wide', 'data-testid': 'invite', onclick: () => invite(room) }, 'Invite somebody…'));
  list(body, all.map(({ user, role, muted }) => item({ 'data-user': user }, element('button', { type: 'button', className: 'hit', 'data-testid': `member-${user}`, onclick: event => card(event.currentTarget, user) },
    element('span', { className: `face ${room.present.get(user) ?? ''}` }, avatar(user)),
    element('span', { className: 'hit-body' }, element('b', {}, user === room.me ? `${people.name(user)} (you)` : people.name(user)),
      element('span', { className: 'note' }, [role, muted && 'muted', room.present.get(user) === 'away' && 'away'].filter(Boolean).join(' · ')))))), 'Nobody is here.');
};

/** @param {import('./room.js').Room} room */
export const invite = room => ask({
  title: 'Invite somebody', submit: 'Invite',
  fields: [
    { name: 'user', label: 'Their name', required: true, maxLength: 128, suggestions: people.ids.filter(user => user !== room.me) },
    ...(room.may.owns ? [{ name: 'role', label: 'As', options: room.may.roles.map(role => [role, role]) }] : []),
  ],
  action: ({ user, role = 'member' }) => room.channel.invite(user, { role }).catch(unnamed),
});

/** What can be done about a user here. @param {import('./room.js').Room} room @param {string} user @param {any} member @param {() => void} done @returns {import('./menu.js').Item[]} */
function measures(room, user, member, done) {
  const { channel, may } = room;
  const name = people.name(user);
  const act = action => async (...values) => {
    await action(...values);
    done();
  };
  const sanction = (title, submit, action) => ask({
    title, submit, danger: true,
    fields: [{ name: 'lasting', label: 'How long', options: LASTING, value: '' }, { name: 'reason', label: 'Why (for the moderators)', maxLength: 200 }],
    action: act(({ lasting, reason }) => action({ ...(lasting ? { until: new Date(Date.now() + 1000 * lasting) } : {}), ...(reason ? { reason } : {}) })),
  });
  const outranked = may.outranks(member?.role);
  return [
    ...(may.owns && member ? may.roles.filter(role => role !== member.role).map(role => ({ label: `Make ${role}`, testid: `role-${role}`, run: act(() => channel.setRole(user, role)) })) : []),
    outranked && (member?.muted
      ? { label: 'Unmute', testid: 'unmute', run: act(() => channel.unmute(user)) }
      : { label: 'Mute…', testid: 'mute', run: () => sanction(`Mute ${name}`, 'Mute', how => channel.mute(user, how)) }),
    outranked && member && { label: 'Remove…', testid: 'remove', danger: true, run: () => ask({
      title: `Remove ${name}?`, text: 'They can come back where they may join.', submit: 'Remove', danger: true, action: act(() => channel.remove(user)),
    }) },
    outranked && { label: 'Ban…', testid: 'ban', danger: true, run: () => sanction(`Ban ${name}`, 'Ban', how => channel.ban(user, how)) },
  ].filter(Boolean);
}

/**
 * A card about a person.
 * @param {HTMLElement} anchor @param {string} user @param {import('./room.js').Room} room
 * @param {{write(user: string): void, done(): void}} actions
 */
export async function card(anchor, user, room, { write, done }) {
  const { me, client } = room;
  const moderation = client.features.includes('moderation');
  const { data } = people.profile(user);
  const status = room.present.get(user);
  // Mutes and roles as they are now.
  const known = user !== me && moderation && room.may.moderates ? await room.members().catch(() => []) : [];
  const box = element('div', { className: 'menu profile', role: 'dialog', 'aria-label': people.name(user), 'data-testid': 'card' },
    element('div', { className: 'profile-head' }, avatar(user), element('div', {}, element('b', {}, people.name(user)),
      element('span', { className: 'note' }, [people.name(user) !== user && user, room.roles.get(user), status ?? 'not here'].filter(Boolean).join(' · ')))),
    data?.about && element('p', { dir: 'auto' }, data.about));
  const blocked = people.blocked.has(user);
  const items = user === me ? [{ label: 'Edit your profile…', testid: 'edit-profile', run: editProfile }] : [
    { label: 'Write a message', testid: 'write', run: () => write(user) },
    moderation && { label: blocked ? 'Unblock' : 'Block', testid: 'block', danger: !blocked, run: () => people.block(user, !blocked) },
    ...(moderation ? measures(room, user, known.find(member => member.user === user), done) : []),
  ];
  box.append(...items.filter(Boolean).map(one => entry(box, one)));
  popUp(anchor, box);
  box.querySelector('button')?.focus();
}

/** What the others see of this user. */
export async function editProfile() {
  const known = await fetch('/profile');
  if (!known.ok) throw new Error('This server keeps no names.');
  const { name, about } = await known.json();
  ask({
    title: 'Your profile', submit: 'Save',
    fields: [{ name: 'name', label: 'Name', required: true, maxLength: 60, value: name }, { name: 'about', label: 'About you', maxLength: 120, value: about }],
    action: async profile => {
      const response = await fetch('/profile', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(profile) });
      if (!response.ok) throw new Error(await response.text());
    },
  });
}
