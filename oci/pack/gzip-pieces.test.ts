import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { digestOf } from '#base';
import { collect } from '../fetch-bytes.js';
import { gzipPieces, PIECE_BYTES } from './gzip-pieces.js';

const MANY_BYTES = 64 * PIECE_BYTES;

/** Each in a buffer of its own, which Buffer's own `slice` does not give. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    yield Uint8Array.from(bytes.subarray(at, at + PIECE_BYTES));
}

/** Bytes that compress like text: words of a small vocabulary, drawn from a seed. */
function text(seed: number, size: number): Buffer {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  const words = Array.from({ length: 500 }, () => next().toString(36));
  const out: string[] = [];
  for (let length = 0; length < size; ) {
    const word = words[Math.floor((next() / 2 ** 32) ** 3 * words.length)]!;
    out.push(word);
    length += word.length + 1;
  }
  return Buffer.from(out.join(' ')).subarray(0, size);
}

test('threads and no threads give the same bytes, and zlib reads them back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: 3 * PIECE_BYTES + 1000 }), async (seed, size) => {
      const bytes = text(seed, size);
      const here = await collect(gzipPieces(pieces(bytes), { expectedBytes: 0 }));
      assert.ok(gunzipSync(here).equals(bytes));
      const apart = await collect(gzipPieces(pieces(bytes), { expectedBytes: MANY_BYTES }));
      assert.ok(Buffer.from(here).equals(apart));
    }),
    { numRuns: 8 },
  );
});

test('input of exactly one, of no and of whole pieces ends as it should', async () => {
  for (const size of [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES]) {
    const bytes = text(7, size);
    assert.ok(gunzipSync(await collect(gzipPieces(pieces(bytes), { expectedBytes: size }))).equals(bytes));
  }
});

test('the bytes of known input never change', async () => {
  const packed = await collect(gzipPieces(pieces(text(1, 2_500_000)), { expectedBytes: 2_500_000 }));
  assert.equal(digestOf(packed), 'sha256:0bafc1bc54d294b7111533c153f89c0902c9f95b62eae5090b8d25eab5e3d8d9');
});

test('a failure of the source reaches the reader with and without threads', async () => {
  async function* failing(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield new Uint8Array(PIECE_BYTES);
    throw new Error('no more');
  }
  for (const expectedBytes of [0, MANY_BYTES])
    await assert.rejects(collect(gzipPieces(failing(), { expectedBytes })), /no more/);
});
