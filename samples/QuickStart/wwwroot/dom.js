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

/** A line drawing of 16 × 16. @param {string} path */
export function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/** @param {string} id @returns {any} */
export const byId = id => document.getElementById(id);

/** A disc with the user's initial, in a colour that is always the same for that user. @param {string} user */
export function avatar(user) {
  let hue = 7;
  for (const char of user) hue = (hue * 31 + char.charCodeAt(0)) % 360;
  const disc = element('span', { className: 'avatar', 'aria-hidden': 'true' }, user.slice(0, 1).toUpperCase());
  disc.style.setProperty('--hue', `${hue}`);
  return disc;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** @param {string} time */
export const timeOfDay = time => clock.format(new Date(time));

/** @param {string} time */
export const dayOf = time => day.format(new Date(time));
