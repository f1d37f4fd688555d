// The protocol's vectors for whoever reads `changes`: what is new and what is not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { served } from './server.js';

const { clients } = served();
const path = fileURLToPath(new URL('../../../docs/protocol-vectors.json', import.meta.url));
const { readers } = JSON.parse(readFileSync(path, 'utf8'));

for (const { name, knows, frames, new: fresh, changed, position } of readers) {
  test(`reader: ${name}`, async () => {
    const { line, room, heard } = await clients.ann();
    const channel = room.name;
    const messages = Array.from({ length: knows.sequence }, (_, i) => (
      { id: `known-${i}`, channel, sequence: i + 1, version: i + 1, sender: 'bob', time: '2026-01-31T09:00:00.000Z', text: 'known' }));
    line.inject({ type: 'changes', channel, messages, version: knows.version, more: false });
    await heard.until(() => heard.changes.length === messages.length);
    for (const frame of frames) {
      line.inject({ ...frame, channel, messages: frame.messages.map((/** @type {any} */ message) => ({ ...message, channel })) });
    }
    await heard.until(() => room.cursor?.after === position.version);
    const told = heard.changes.slice(messages.length);
    const sequences = (/** @type {boolean} */ isNew) => told.filter(({ kind }) => (kind === 'posted') === isNew).map(({ sequence }) => sequence).sort();
    assert.deepEqual(sequences(true), fresh);
    assert.deepEqual(sequences(false), changed);
    assert.equal(room.cursor?.sequence, position.sequence);
  });
}
