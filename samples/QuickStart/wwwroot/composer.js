// Where a message is written: a new one, an answer, or an edit of one's own.

import { Attachments } from './attach.js';
import { byId, complain } from './dom.js';
import { mentionsIn } from './message.js';
import { people } from './people.js';
import { Suggestions } from './suggestions.js';

const LONGEST = 8000;   // until the server has said otherwise

export class Composer {
  /** @type {import('./room.js').Room|null} */ #room = null;
  /** @type {{kind: 'edit'|'reply', message: any}|null} */ #context = null;
  #form = byId('compose'); #text = byId('text'); #error = byId('compose-error'); #send = byId('send');
  #attachments = new Attachments(() => { this.#send.disabled = this.#attachments?.busy ?? false; });
  #suggestions = new Suggestions(this.#text);
  #sent;

  /** @param {() => void} sent */
  constructor(sent) {
    this.#sent = sent;
    this.#form.addEventListener('submit', event => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener('keydown', event => this.#key(event));
    this.#text.addEventListener('input', () => {
      this.fail(this.#tooLong());
      this.#saveDraft();
      if (this.#text.value && this.#context?.kind !== 'edit') this.#room?.channel.typing();
    });
    byId('cancel').addEventListener('click', () => this.cancel());
  }

  /** @param {import('./room.js').Room} room */
  show(room) {
    this.#room = room;
    this.#attachments.show(room);
    this.#setContext(null);
    this.#text.value = sessionStorage.getItem(this.#draftKey()) ?? '';
    this.fail(this.#tooLong());
    this.allow();
  }

  /** What the channel lets this user do may have changed. */
  allow() {
    const room = this.#room;
    if (!room) return;
    const { silence, settings, may } = room;
    byId('silence').textContent = room.denied ? '' : silence || (settings.slowMode && !may.moderates && !may.pin ? `Slow mode: one message every ${settings.slowMode} s.` : '');
    byId('write').disabled = Boolean(silence);
    byId('attach').hidden = !room.client.features.includes('files');
  }

  focus() { this.#text.focus(); }

  /** @param {any} message */
  edit(message) {
    this.#setContext({ kind: 'edit', message });
    this.#text.value = message.text ?? '';
    this.focus();
  }

  /** @param {any} message */
  reply(message) {
    this.#setContext({ kind: 'reply', message });
    this.focus();
  }

  cancel() {
    if (this.#context?.kind === 'edit') this.#text.value = sessionStorage.getItem(this.#draftKey()) ?? '';
    this.#setContext(null);
    this.focus();
  }

  /** @param {string} message */
  fail(message) { this.#error.textContent = message; }

  /** What is too long stays in the field, whole: how much to take out, or nothing. */
  #tooLong() {
    const { length } = this.#text.value.trim();
    const longest = this.#room?.client.limits?.textLength ?? LONGEST;
    return length > longest ? `This is too long to send: ${(length - longest).toLocaleString()} characters more than the ${longest.toLocaleString()} that a message may have.` : '';
  }

  #submit() {
    const room = this.#room;
    const text = this.#text.value.trim();
    const context = this.#context;
    const attachments = context?.kind === 'edit' ? [] : this.#attachments.ready;
    if (!room || (!text && !attachments.length) || this.#send.disabled) return;
    const problem = this.#tooLong();
    if (problem) return this.fail(problem);
    const mentions = mentionsIn(text);
    if (context?.kind === 'edit') {
      this.cancel();                                     // what is typed from here on is not part of the edit
      room.channel.edit(context.message.sequence, { text, mentions: mentions.length ? mentions : null }).catch(error => {
        if (room !== this.#room) return complain(error);
        this.#setContext(context);
        this.#text.value = text;
        this.fail(error.message);
      });
      return;
    }
    room.send({
      ...(text ? { text } : {}), ...(mentions.length ? { mentions } : {}), ...(attachments.length ? { attachments } : {}),
      ...(context ? { replyTo: context.message.sequence } : {}),
    });
    this.#text.value = '';
    this.#attachments.clear();
    this.#setContext(null);
    this.#saveDraft();
    this.#sent();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || this.#suggestions.key(event)) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (event.key === 'Escape' && this.#context) {
      event.preventDefault();
      this.cancel();
    } else if (event.key === 'ArrowUp' && !this.#text.value && !this.#context) {
      const own = this.#room?.items.filter(({ state, sender, deletedAt }) => state === 'stored' && sender === this.#room?.me && !deletedAt).at(-1);
      if (!own) return;
      event.preventDefault();
      this.edit(own);
    }
  }

  /** @param {typeof this.#context} context */
  #setContext(context) {
    this.#context = context;
    byId('context').hidden = !context;
    this.#form.classList.toggle('editing', context?.kind === 'edit');
    this.#send.textContent = context?.kind === 'edit' ? 'Save' : 'Send';
    if (context) byId('context-text').textContent = context.kind === 'edit' ? 'Editing your message' : `Replying to ${people.name(context.message.sender)}: ${context.message.text ?? '…'}`;
  }

  #draftKey() { return `realtimekit:draft:${this.#room?.me}:${this.#room?.name}`; }

  #saveDraft() {
    if (this.#context?.kind !== 'edit') sessionStorage.setItem(this.#draftKey(), this.#text.value);
  }
}
