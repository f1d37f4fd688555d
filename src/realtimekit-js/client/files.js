// Files: uploads by the protocol tus 1.0, which go on after a lost connection, and the addresses of downloads.

/** @import { Connection } from './connection.js' */

import { RealtimeError } from './errors.js';

/**
 * @typedef {object} UploadOptions
 * @property {string} [name] The file's name; default that of a `File`.
 * @property {string} [type] Its media type; default that of the blob. The server looks at the content first.
 * @property {(progress: {sent: number, total: number}) => void} [onProgress] Called at the beginning and after each piece, with bytes that are stored.
 * @property {AbortSignal} [signal] Gives the upload up: it rejects with `closed`.
 */

const PIECE = 1_048_576;                                 // bytes of a request: lost ones cost no more than that
const VERSION = '1.0.0';
/** Codes of the statuses that will not become better. @type {Record<number, string>} */
const FINAL = { 400: 'invalid', 401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 405: 'unsupported', 412: 'unsupported', 413: 'too_large', 415: 'invalid', 422: 'invalid', 429: 'rate_limited', 507: 'unavailable' };

/** @param {string} text */
const base64 = text => btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''));

/**
 * Uploads a file, over as many connections as it takes.
 * @param {Connection} connection
 * @param {string} channel
 * @param {Blob} blob
 * @param {UploadOptions} options
 * @returns {Promise<string>} Its id: `{file: id}` in the attachments of a message of this user in the channel takes it.
 */
export async function upload(connection, channel, blob, { name = /** @type {any} */ (blob).name ?? 'file', type = blob.type, onProgress, signal } = {}) {
  const metadata = Object.entries({ channel, filename: name, filetype: type }).filter(([, value]) => value).map(([key, value]) => `${key} ${base64(value)}`);
  const begin = { 'Upload-Length': String(blob.size), 'Upload-Metadata': metadata.join(',') };
  const begun = await request(connection, () => ({ url: connection.fileUrl(), method: 'POST', headers: begin }), signal);
  const id = /** @type {string} */ (begun.headers.get('Location')).split('/').pop() ?? '';
  const url = connection.fileUrl(id);
  let sent = 0;
  onProgress?.({ sent, total: blob.size });
  while (sent < blob.size) {
    const piece = blob.slice(sent, sent + PIECE);
    const headers = { 'Upload-Offset': String(sent), 'Content-Type': 'application/offset+octet-stream' };
    const reply = await attempt(connection, { url, method: 'PATCH', headers, body: piece }, signal)
      // What the server has of it only the server knows.
      ?? await request(connection, () => ({ url, method: 'HEAD', headers: {} }), signal, true);
    sent = Number(reply.headers.get('Upload-Offset'));
    onProgress?.({ sent, total: blob.size });
  }
  return id;
}

/** @param {Connection} connection @param {string} id @param {RequestInit} init */
export async function download(connection, id, init) {
  let reply;
  try {
    reply = await connection.fetch(connection.fileUrl(id), init);
  } catch (cause) {
    throw cause instanceof RealtimeError ? cause : new RealtimeError('disconnected', `The file could not be fetched: ${cause}`, { cause });
  }
  if (reply.ok || reply.status === 304) return reply;
  throw new RealtimeError(FINAL[reply.status] ?? 'unavailable', await reply.text());
}

/** @typedef {{url: string, method: string, headers: Record<string, string>, body?: Blob}} Call */

/**
 * Sends a request until it is answered, with pauses.
 * @param {Connection} connection @param {() => Call} call @param {AbortSignal} [signal] @param {boolean} [pauseFirst]
 */
async function request(connection, call, signal, pauseFirst = false) {
  for (let failures = 0; ; failures++) {
    if (pauseFirst || failures) await pause(connection, failures, signal);
    const reply = await attempt(connection, call(), signal);
    if (reply) return reply;
  }
}

/** One request; `null` where another may succeed. @param {Connection} connection @param {Call} call @param {AbortSignal} [signal] */
async function attempt(connection, { url, method, headers, body }, signal) {
  check(signal);
  let reply;
  try {
    reply = await connection.fetch(url, { method, headers: { 'Tus-Resumable': VERSION, ...headers }, body, signal });
  } catch (error) {
    if (error instanceof RealtimeError) throw error;
    check(signal);
    return null;
  }
  if (reply.ok) return reply;
  const code = FINAL[reply.status];
  // With a time to wait it is only too fast, else too much.
  if (code && !reply.headers.get('Retry-After')) throw new RealtimeError(code, await reply.text().catch(() => '') || `The server answered ${reply.status}.`);
  return null;
}

/** @param {AbortSignal} [signal] */
function check(signal) {
  if (signal?.aborted) throw new RealtimeError('closed', 'The upload was given up.');
}

/** @param {Connection} connection @param {number} failures @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(connection, failures, signal) {
  return new Promise(resolve => {
    const end = () => {
      connection.clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = connection.clock.setTimeout(end, connection.pause(failures));
    signal?.addEventListener('abort', end);
  });
}
