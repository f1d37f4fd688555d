// Messages: as the server holds them, as they are sent, and as they change.

/**
 * A message as the server holds it. A deleted one keeps its place and has `deletedAt` instead of content.
 * @typedef {object} Message
 * @property {string} id UUID made by the sender, unique within the channel.
 * @property {string} channel
 * @property {number} sequence Position in the channel: 1, 2, 3 … without gaps, never changed.
 * @property {number} version The channel's version at the message's last change.
 * @property {string} sender
 * @property {string} time RFC 3339, UTC.
 * @property {string} [text]
 * @property {unknown} [data]
 * @property {number} [replyTo] Sequence of the message this one answers.
 * @property {number} [thread] Sequence of the root of the chain of answers.
 * @property {object[]} [attachments]
 * @property {string[]} [mentions]
 * @property {string} [editedAt]
 * @property {string} [deletedAt]
 * @property {string} [pinnedAt] While it is pinned.
 * @property {string} [pinnedBy] Who pinned it.
 * @property {Reactions} [reactions]
 */

/** `matches`: what of the text matches, each as its start and length in UTF-16 code units; ascending, at least one. @typedef {Message & {matches: [number, number][]}} Found */

/** @typedef {Record<string, {count: number, users: string[]}>} Reactions By reaction; `users` names at most 20 of them. */

/**
 * What to send. One of `text`, `data` and `attachments` must be there.
 * @typedef {object} Content
 * @property {string} [id] UUID of the message; made here if left out. Sending the same id twice stores one message.
 * @property {string} [text] At most 8,000 UTF-16 code units.
 * @property {unknown} [data] Any JSON value.
 * @property {number} [replyTo] Sequence of the message that is answered.
 * @property {object[]} [attachments] At most 10.
 * @property {string[]} [mentions] At most 50 users.
 */

/** @typedef {{text?: string|null, data?: unknown, attachments?: object[]|null, mentions?: string[]|null}} Edit A field left out is kept, `null` removes it. */

/** @typedef {{id: string, content: Content, time: string}} Pending A message on its way; `time` is when it was sent here. */

/** @typedef {{channel: string, messageId: string, sequence: number, version: number, time: string, duplicate: boolean}} Published */

/**
 * One step of a channel's history. Every message is told once as `posted`, in its state at that moment (it may be deleted
 * already); whatever follows is an update of the message with that `sequence`. After an absence several changes are told as
 * one: then `edited` means "replace it by `message`", whatever it was that changed. Put messages where their `sequence` says.
 * @typedef {MessageChange|ReactionChange} Change
 */

/**
 * @typedef {object} MessageChange
 * @property {'posted'|'edited'|'deleted'|'pinned'} kind `pinned` also where it is pinned no more: then `message` has no `pinnedAt`.
 * @property {number} sequence
 * @property {number} version
 * @property {Message} message The whole message.
 * @property {undefined} [reactions]
 * @property {undefined} [reaction]
 * @property {undefined} [user]
 * @property {undefined} [removed]
 */

/**
 * @typedef {object} ReactionChange
 * @property {'reacted'} kind
 * @property {number} sequence
 * @property {number} version
 * @property {Reactions} reactions All reactions as they now are.
 * @property {string} reaction Which one.
 * @property {string} user Who.
 * @property {boolean} removed Whether it was taken back.
 * @property {undefined} [message]
 */

/** A new message id: a UUID of version 7, whose first 48 bits are the time, so that ids made later sort later. */
export function messageId(now = Date.now()) {
  const bytes = new Uint8Array(16).map(() => Math.random() * 256);
  globalThis.crypto?.getRandomValues?.(bytes);           // better, where there is one
  new DataView(bytes.buffer).setUint32(0, Math.floor(now / 0x10000));
  new DataView(bytes.buffer).setUint16(4, now % 0x10000);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
