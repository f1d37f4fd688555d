// Coming in under a name, and going.

import { byId } from './dom.js';

/** @param {string} problem */
export function askName(problem) {
  byId('chat').hidden = true;
  byId('welcome').hidden = false;
  byId('splash').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-error').textContent = problem;
  byId('name').focus();
}

/** The server's own words, whether it said them as text, as JSON or as problem details. @param {Response} response */
async function reason(response) {
  const text = await response.text();
  try {
    const said = JSON.parse(text);
    return typeof said === 'string' ? said : said.detail ?? said.title ?? text;
  } catch {
    return text || `The server answered ${response.status}.`;
  }
}

/** @param {{entered(): any, leaving(): any}} actions */
export function onSignIn({ entered, leaving }) {
  byId('sign-in').addEventListener('submit', async event => {
    event.preventDefault();
    const problem = byId('sign-in-error');
    problem.textContent = '';
    try {
      const response = await fetch('/login', { method: 'POST', body: new URLSearchParams({ name: byId('name').value.trim() }) });
      if (!response.ok) problem.textContent = await reason(response);
      else await entered();
    } catch {
      problem.textContent = 'The server cannot be reached. Check the connection and try again.';
    }
  });
  byId('sign-out').addEventListener('click', async () => {
    leaving();
    await fetch('/logout', { method: 'POST' }).catch(() => {});
    byId('name').value = '';
    askName('');
  });
}
