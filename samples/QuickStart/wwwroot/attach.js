// Files on their way into a message: chosen, dropped or pasted, with their progress, each to be given up.

import { byId, element, icon, sizeOf } from './dom.js';

const MOST = 10;       // of one message

export class Attachments {
  /** @type {import('./room.js').Room|null} */ #room = null;
  /** They wait in their channel. @type {WeakMap<import('./room.js').Room, {name: string, size: number, sent: number, error: string, stop: AbortController, ready: any}[]>} */ #all = new WeakMap();
  #list = byId('attached');
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    const input = byId('file');
    byId('attach').prepend(icon('attach'));
    byId('attach').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      this.add(input.files);
      input.value = '';
    });
    const area = byId('conversation');
    const over = event => event.dataTransfer?.types.includes('Files') && this.#possible;
    area.addEventListener('dragover', event => {
      if (!over(event)) return;
      event.preventDefault();
      area.classList.add('dropping');
    });
    area.addEventListener('dragleave', event => { if (!area.contains(event.relatedTarget)) area.classList.remove('dropping'); });
    area.addEventListener('drop', event => {
      area.classList.remove('dropping');
      if (!over(event)) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
    byId('text').addEventListener('paste', event => {
      const { files } = event.clipboardData;
      if (!files.length || !this.#possible) return;
      event.preventDefault();
      this.add(files);
    });
  }

  get #possible() { return Boolean(this.#room?.client.features.includes('files') && !this.#room.silence); }
  get #files() { return (this.#room && this.#all.get(this.#room)) ?? []; }
  get busy() { return this.#files.some(({ ready, error }) => !ready && !error); }
  get ready() { return this.#files.map(({ ready }) => ready).filter(Boolean); }

  /** @param {import('./room.js').Room} room */
  show(room) {
    this.#room = room;
    if (!this.#all.has(room)) this.clear();
    this.#draw();
  }

  /** They have gone with a message. */
  clear() { this.#keep([]); }

  #keep(files) {
    if (this.#room) this.#all.set(this.#room, files);
    this.#draw();
  }

  /** @param {Iterable<File>} files */
  add(files) { for (const file of [...files].slice(0, MOST - this.#files.length)) this.#upload(file); }

  /** @param {File} file */
  async #upload(file) {
    const { channel } = this.#room;                      // whichever is open when it has come
    const entry = { name: file.name, size: file.size, sent: 0, error: '', stop: new AbortController(), ready: null };
    this.#files.push(entry);
    this.#draw();
    try {
      // The size of a picture goes along: whoever reads it has the room for it before it has come.
      const picture = file.type.startsWith('image/') ? await createImageBitmap(file).catch(() => null) : null;
      const id = await channel.upload(file, {
        signal: entry.stop.signal,
        onProgress: ({ sent }) => {
          entry.sent = sent;
          this.#draw();
        },
      });
      const { name, type, size } = file;
      entry.ready = { file: id, name, type, size, ...(picture ? { width: picture.width, height: picture.height } : {}) };
    } catch (error) {
      entry.error = error.message;
    }
    this.#draw();
  }

  #draw() {
    this.#list.replaceChildren(...this.#files.map(entry => element('li', { className: entry.error ? 'failed' : '', 'data-testid': 'attached' },
      element('b', {}, entry.name),
      element('span', { className: entry.error ? 'error' : 'note' }, entry.error || sizeOf(entry.size)),
      !entry.ready && !entry.error && element('progress', { max: entry.size || 1, value: entry.sent, 'aria-label': `Uploading ${entry.name}` }),
      element('button', { type: 'button', className: 'icon', 'aria-label': `Leave out ${entry.name}`, onclick: () => {
        entry.stop.abort();
        this.#keep(this.#files.filter(other => other !== entry));
      } }, '✕'))));
    this.#list.hidden = this.#files.length === 0;
    this.#changed();
  }
}
