// What goes wrong, and the promises that reject with it.

/** @import { Hello } from '../client.js' */
/** @import { Frame } from './requests.js' */

/**
 * What every promise of this client rejects with. `code` is the server's (`invalid`, `unauthenticated`, `forbidden`,
 * `not_found`, `conflict`, `too_large`, `too_many`, `rate_limited`, `unavailable`, `unsupported`, `internal`) or the client's own:
 * - `disconnected`: there is no connection, or it was lost before the answer; the request may have taken effect.
 * - `queue_full`: `queueLimit` is reached.
 * - `closed`: the client or the subscription was ended.
 */
export class RealtimeError extends Error {
  /** @param {string} code @param {string} message @param {{retryAfter?: number, cause?: unknown}} [more] */
  constructor(code, message, more = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'RealtimeError';
    /** @readonly */ this.code = code;
    /** @readonly ms to wait before trying again, where the server said so. */ this.retryAfter = more.retryAfter;
  }
}

const TRANSIENT = new Set(['unavailable', 'rate_limited']);   // as in RealtimeKit.Protocol's ErrorCodes
const HOPELESS = new Set(['forbidden', 'invalid', 'too_large', 'unsupported']);
const STAYS_CLOSED = new Map([
  [1000, ['closed', 'The server ended the connection.']],
  [4400, ['invalid', 'The server could not read what this client sent; it will not be sent again.']],
  [4403, ['forbidden', 'The server disconnected this user.']],
]);

/** Whether the same request may succeed later. @param {RealtimeError} error */
export const isTransient = error => TRANSIENT.has(error.code);

/** Whether a sign-in that was refused so would be refused again. @param {RealtimeError} error */
export const isHopeless = error => HOPELESS.has(error.code);

/** What a close means after which a client stays away; `null` for all others. @param {number} code @param {string} reason */
export function finalClose(code, reason) {
  const [error, text] = STAYS_CLOSED.get(code) ?? [];
  return error ? new RealtimeError(error, reason || text) : null;
}

/** @param {Frame} frame */
export const serverError = frame => new RealtimeError(frame.code ?? 'internal', frame.message ?? 'The server gave no reason.', { retryAfter: frame.retryAfter });

/** @param {Frame} frame @param {Hello|null} hello */
export const tooLarge = (frame, hello) =>
  new RealtimeError('too_large', `This "${frame.type}" is larger than the server takes (${hello?.limits.messageBytes ?? 'unknown'} bytes); send less, or a link to it.`);

/** @template T @typedef {{promise: Promise<T>, resolve: (value: T) => void, reject: (error: RealtimeError) => void}} Deferred */

/**
 * A promise with its ends in hand. One that nobody awaits may fail without being reported as unhandled.
 * @template T
 * @returns {Deferred<T>}
 */
export function deferred() {
  /** @type {any} */ const ends = {};
  ends.promise = new Promise((resolve, reject) => Object.assign(ends, { resolve, reject }));
  ends.promise.catch(() => {});
  return ends;
}
