import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from './retry-after.js';

test('Retry-After is read in seconds and in every form of a date', () => {
  const now = Date.parse('2026-05-01T12:00:00Z');
  const read = (value: string | undefined) => parseRetryAfter(value, now);
  assert.equal(read('0'), 0);
  assert.equal(read(' 120 '), 120_000);
  assert.equal(read('Fri, 01 May 2026 12:00:30 GMT'), 30_000);
  assert.equal(read('Friday, 01-May-26 12:00:30 GMT'), 30_000);
  assert.equal(read('Fri May  1 12:00:30 2026 GMT'), 30_000);
  assert.equal(read('Fri, 01 May 2026 11:00:00 GMT'), 0);
  assert.equal(read('99999999999999'), 365 * 24 * 3600 * 1000);
  for (const nothing of [undefined, '', 'soon', '-1', '1.5', '12 seconds', 'Fri, nonsense'])
    assert.equal(read(nothing), undefined, nothing);
});
