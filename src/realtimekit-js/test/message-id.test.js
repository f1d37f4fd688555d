import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageId } from '../client.js';

test('a message id is a UUID of version 7 that begins with its time', () => {
  const id = messageId(0x0123456789ab);
  assert.match(id, /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('ids made later sort later, and none comes twice', () => {
  const now = Date.now();
  const ids = Array.from({ length: 1000 }, (_, i) => messageId(now + i));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(Array.from({ length: 1000 }, () => messageId(now))).size, 1000);
});
