// One way to ask for something: a form in a dialog, which stays open with the reason when it is refused.

import { element } from './dom.js';

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {'text'|'number'|'checkbox'|'textarea'} [type]
 * @property {[value: string, label: string][]} [options] A list to choose from, in place of a field to write in.
 * @property {string[]} [suggestions]
 * @property {any} [value]
 * @property {boolean} [required]
 * @property {number} [maxLength] @property {number} [min] @property {number} [max]
 */

/**
 * @param {object} what
 * @param {string} what.title
 * @param {string} [what.text]
 * @param {Field[]} [what.fields]
 * @param {string} what.submit What its button says.
 * @param {boolean} [what.danger]
 * @param {(values: Record<string, any>) => any} what.action What it does; what this rejects with is shown.
 */
export function ask({ title, text, fields = [], submit, danger = false, action }) {
  const error = element('p', { className: 'error', role: 'alert', 'data-testid': 'dialog-error' });
  const button = element('button', { className: danger ? 'primary danger' : 'primary', 'data-testid': 'dialog-submit' }, submit);
  const inputs = fields.map(input);
  const form = element('form', { className: 'form' },
    element('h2', { id: 'dialog-title' }, title),
    text && element('p', {}, text),
    ...fields.map((field, index) => element('label', { className: field.type === 'checkbox' ? 'check' : '' }, element('span', {}, field.label), ...inputs[index])),
    error,
    element('div', { className: 'buttons' }, element('button', { type: 'button', className: 'quiet', onclick: () => dialog.close() }, 'Cancel'), button));
  const dialog = element('dialog', { 'aria-labelledby': 'dialog-title', 'data-testid': 'dialog', onclose: () => dialog.remove() }, form);
  form.addEventListener('submit', async event => {
    event.preventDefault();
    error.textContent = '';
    button.disabled = true;
    try {
      await action(Object.fromEntries(fields.map(({ name }, index) => [name, valueOf(inputs[index][0])])));
      dialog.close();
    } catch (problem) {
      error.textContent = problem.message;
    } finally {
      button.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  (form.querySelector('input, select, textarea') ?? button).focus();
}

/** @param {Field} field @returns {HTMLElement[]} */
function input({ name, type = 'text', options, suggestions, value, required, maxLength, min, max }) {
  if (options) return [element('select', { name, value }, ...options.map(([key, label]) => element('option', { value: key, selected: key === value }, label)))];
  if (type === 'textarea') return [element('textarea', { name, rows: 3, maxLength, value: value ?? '', dir: 'auto' })];
  const own = element('input', { name, type, required, maxLength, min, max, autocomplete: 'off', ...(type === 'checkbox' ? { checked: value ?? false } : { value: value ?? '' }) });
  if (!suggestions) return [own];
  own.setAttribute('list', `list-${name}`);
  return [own, element('datalist', { id: `list-${name}` }, ...suggestions.map(suggestion => element('option', { value: suggestion })))];
}

/** @param {any} own */
function valueOf(own) {
  if (own.type === 'checkbox') return own.checked;
  return own.type === 'number' ? own.valueAsNumber || 0 : own.value.trim();
}
