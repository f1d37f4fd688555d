// Requests and the replies that they await.

/** @import { Hello } from '../client.js' */
/** @import { Connection } from './connection.js' */

import { deferred, RealtimeError, serverError, tooLarge } from './errors.js';

/** @typedef {Record<string, any>} Frame */
/** @typedef {(error: RealtimeError|null, reply: Frame) => void} Done */
/** @typedef {{frame: Frame, text: string, again: boolean, done: Done}} Request `again`: may be made again after a lost connection. */

/** @param {string} text @param {number} limit In bytes of UTF-8. */
export const isLonger = (text, limit) => text.length * 3 > limit && new TextEncoder().encode(text).length > limit;

/**
 * A client's requests: those that await their reply, and those that await a connection. Replies are told by callback, not by
 * promise, so that what follows a reply in the same batch of frames is handled after it.
 */
export class RequestTable {
  /** By id. @type {Map<number, Request>} */ #unanswered = new Map();
  /** @type {Request[]} */ #unsent = [];
  #lastId = 0;
  #connection;

  /** @param {Connection} connection */
  constructor(connection) { this.#connection = connection; }

  get allAnswered() { return this.#unanswered.size === 0; }

  nextId() { return ++this.#lastId; }

  /** Sends a request on this connection or fails at once. @param {Frame} frame @param {Done} done */
  call(frame, done) { this.#place({ frame, text: '', again: false, done }); }

  /**
   * A request as a promise of what is `picked` from its reply. One that may be made `again` waits for a connection and
   * survives the loss of one.
   * @template T
   * @param {Frame} frame @param {boolean} again @param {(reply: any) => T} pick
   * @returns {Promise<T>}
   */
  ask(frame, again, pick) {
    const { promise, resolve, reject } = deferred();
    this.#place({ frame, text: '', again, done: (error, reply) => (error ? reject(error) : resolve(pick(reply))) });
    return promise;
  }

  /** @param {Request} request */
  #place(request) {
    const { again, done, frame } = request;
    const { ready, state, queueLimit } = this.#connection;
    if (ready) this.#send(request);
    else if (state === 'closed') done(this.#connection.closedError, {});
    else if (!again && state !== 'connected') done(new RealtimeError('disconnected', `There is no connection for "${frame.type}"; try again once the client is connected.`), {});
    else if (this.#unsent.length >= queueLimit) done(new RealtimeError('queue_full', `${queueLimit} requests already await a connection.`), {});
    else this.#unsent.push(request);
  }

  /** @param {Request} request */
  #send(request) {
    const id = this.nextId();
    const { hello } = this.#connection;
    try {
      request.text = JSON.stringify({ ...request.frame, id });
    } catch (cause) {
      return request.done(new RealtimeError('invalid', `This "${request.frame.type}" cannot be written as JSON: ${cause}`, { cause }), {});
    }
    // The server would refuse it, or even close the connection and with it hold up everything else.
    if (isLonger(request.text, /** @type {Hello} */ (hello).limits.messageBytes)) return request.done(tooLarge(request.frame, hello), {});
    this.#unanswered.set(id, request);
    this.#connection.write(request.text);
  }

  /** There is a connection again. */
  resume() {
    for (const request of this.#unsent.splice(0)) this.#place(request);
  }

  /** For whoever ends them all. */
  takeAll() {
    const all = [...this.#unanswered.values(), ...this.#unsent.splice(0)];
    this.#unanswered.clear();
    return all;
  }

  /** @param {Frame} reply */
  answer(reply) {
    const request = this.#unanswered.get(reply.id);
    this.#unanswered.delete(reply.id);
    request?.done(reply.type === 'error' ? serverError(reply) : null, reply);
  }

  /** The connection is lost: keeps what may be made again, and fails the rest. */
  interrupt() {
    const requests = [...this.#unanswered.values()];
    this.#unanswered.clear();
    this.#unsent.unshift(...requests.filter(request => request.again));
    for (const { again, done, frame } of requests) {
      if (!again) done(new RealtimeError('disconnected', `The connection was lost before "${frame.type}" was answered; it may have taken effect.`), {});
    }
  }

  /** A close for size was brought by a frame without reply, and of those it can only have been the largest. */
  failLargest() {
    let largest = 0;
    for (const [id, { text }] of this.#unanswered) {
      if (text.length > (this.#unanswered.get(largest)?.text.length ?? 0)) largest = id;
    }
    const request = this.#unanswered.get(largest);
    this.#unanswered.delete(largest);
    request?.done(tooLarge(request.frame, this.#connection.hello), {});
  }
}
