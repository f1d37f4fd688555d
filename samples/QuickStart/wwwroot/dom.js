// The little that this page needs of a framework. Children that are strings become text, never HTML.

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] `data-…`, `aria-…` and `role` become attributes, `on…` listeners, the rest properties.
 * @param {...(Node|string|null|undefined|false)} children
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (/^(data-|aria-|role$)/.test(name)) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  attach: 'M12.5 7.5l-5 5a3 3 0 0 1-4.3-4.3l5.6-5.6a2 2 0 0 1 2.9 2.9l-5.5 5.5a1 1 0 0 1-1.5-1.5l4.8-4.8',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  muted: 'M3 6v4h2.5L9 13V3L5.5 6zM11.5 6l3 4M14.5 6l-3 4',
  new: 'M8 3v10M3 8h10',
  pin: 'M6 2.5h4M6.5 2.5v4L4 9.5h8l-2.5-3v-4M8 9.5v4',
  reply: 'M6.5 3.5 2.5 7.5l4 4M2.5 7.5h7a4 4 0 0 1 4 4v1',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.5 10.5l3 3',
  lock: 'M4.5 7.5h7v6h-7zM6 7.5v-2a2 2 0 0 1 4 0v2',
  hash: 'M6.5 3l-1.5 10M11 3l-1.5 10M3.5 6h10M2.5 10h10',
};

/** A line drawing of 16 × 16. @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `drawn ${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', ICONS[name]);
  svg.append(line);
  return svg;
}

/** @param {string} id @returns {any} */
export const byId = id => document.getElementById(id);

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** @param {string} time */
export const timeOfDay = time => clock.format(new Date(time));

/** @param {string} time */
export const dayOf = time => day.format(new Date(time));

/** The time of today, the day of everything else. @param {string} time */
export const shortTime = time => (new Date(time).toDateString() === new Date().toDateString() ? timeOfDay(time) : date.format(new Date(time)));

/** @param {number} bytes */
export function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, name] = bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(bytes / unit).toFixed(bytes < 10 * unit ? 1 : 0)} ${name}`;
}

/** Many calls in a row draw once. @param {() => void} draw */
export function soon(draw) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      draw();
    });
  };
}

let hiding;
/** Says for a moment why something did not work. @param {any} error */
export function complain(error) {
  const notice = byId('notice');
  notice.textContent = error.message ?? `${error}`;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.hidden = true; }, 8000);
}

/** Does something; a refusal is shown with its reason. @param {() => any} action */
export async function attempt(action) {
  try {
    await action();
  } catch (error) {
    complain(error);
  }
}
