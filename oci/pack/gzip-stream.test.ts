import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { collect } from '../fetch-bytes.js';
import { gzipStream } from './gzip-stream.js';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('the result does not depend on how the input is cut, and zlib reads it back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 1000 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 200_000 }),
      async (unit, times, size) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => unit));
        const whole = await collect(gzipStream(pieces(bytes, bytes.length + 1)));
        assert.deepEqual(
          await collect(gzipStream(pieces(bytes, Math.max(size, Math.ceil(bytes.length / 500))))),
          whole,
        );
        assert.deepEqual(gunzipSync(whole), bytes);
      },
    ),
    { numRuns: 20 },
  );
});
