// Messages that were not acknowledged yet, kept for this tab across reloads. They are sent again with the same id, so one that
// the server stored after all is not stored twice.

/** @param {string} user */
const key = user => `realtimekit:unsent:${user}`;

/** @param {string} user @returns {{channel: string, content: any}[]} */
export function unsent(user) {
  try {
    return JSON.parse(sessionStorage.getItem(key(user)) ?? '[]');
  } catch {
    return [];
  }
}

/** @param {string} user @param {string} channel @param {any} content */
export function keep(user, channel, content) {
  write(user, [...unsent(user).filter(item => item.content.id !== content.id), { channel, content }]);
}

/** @param {string} user @param {string} id */
export function forget(user, id) {
  write(user, unsent(user).filter(item => item.content.id !== id));
}

/** @param {string} user @param {{channel: string, content: any}[]} items */
function write(user, items) {
  try {
    sessionStorage.setItem(key(user), JSON.stringify(items));
  } catch {
    // Full or forbidden: then they live as long as the page.
  }
}
