// A menu at a button, a card at a face: what opens beside something, closes by Escape and by a click elsewhere, and gives the focus back.

import { attempt, element } from './dom.js';

/** @typedef {{label: string, run: () => any, danger?: boolean, testid?: string}} Item */

/** @param {HTMLElement} anchor @param {HTMLElement} box */
export function popUp(anchor, box) {
  box.popover = 'auto';
  (anchor.closest('main, nav, aside') ?? document.body).append(box);
  box.showPopover();
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = at.bottom + 4 + height <= innerHeight;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
  box.addEventListener('toggle', event => {
    if (event.newState !== 'closed') return;
    if (box.contains(document.activeElement) && anchor.isConnected) anchor.focus({ preventScroll: true });
    box.remove();
  });
  return box;
}

/** @param {HTMLElement} box @param {Item} item @param {string} [role] */
export const entry = (box, { label, run, danger, testid }, role) => element('button', {
  type: 'button', role, className: `entry${danger ? ' danger' : ''}`, 'data-testid': testid,
  onclick: () => {
    box.hidePopover();
    attempt(run);
  },
}, label);

/** @param {HTMLElement} anchor @param {(Item|false|null|undefined|'')[]} items */
export function menu(anchor, items) {
  const box = element('div', { className: 'menu', role: 'menu', 'data-testid': 'menu' });
  for (const item of items) if (item) box.append(entry(box, item, 'menuitem'));
  box.addEventListener('keydown', event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const entries = [...box.children];
    const next = entries.indexOf(document.activeElement) + step;
    entries.at(next % entries.length)?.focus();
  });
  popUp(anchor, box);
  box.firstElementChild?.focus();
}
