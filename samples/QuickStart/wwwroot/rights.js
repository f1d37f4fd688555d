// What a user may do in a channel, as the server decides by default (docs/security.md): a menu offers nothing that would be refused.

const RANK = { member: 1, moderator: 2, owner: 3 };

/** @param {{role?: string, kind: string, closed?: boolean, mutedNow: boolean}} room */
export function rights({ role, kind, closed, mutedNow }) {
  const rank = RANK[role] ?? 0;
  const direct = kind === 'direct';
  const moderates = !direct && rank >= 2;
  const write = (!closed || rank === 3) && !mutedNow;
  /** @param {string} [other] The role of another; without one, as a member. */
  const outranks = other => moderates && rank > (RANK[other] ?? 1);
  return {
    write,
    moderates,
    owns: !direct && rank === 3,
    pin: write && (direct || rank >= 2),
    invite: !direct && rank >= 1,
    outranks,
    /** @param {boolean} mine @param {string} [other] The sender's role. */
    deletes: (mine, other) => (!closed || rank === 3) && (mine || outranks(other)),
    /** What a member may be made. */
    roles: rank === 3 ? ['member', 'moderator', 'owner'] : ['member'],
  };
}
