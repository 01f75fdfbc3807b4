import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '#base';
import { bytesSource } from '../fetch-bytes.js';
import { type RawEntry, rawTar, rawTarGzip } from '../testing/raw-tar.js';
import { listArchive } from './list-archive.js';

const list = (bytes: Uint8Array, limits = {}) => listArchive(bytesSource(bytes)(), { limits });
const good: readonly RawEntry[] = [
  { path: 'x/', type: '5' },
  { path: 'x/a', content: 'abc' },
  { path: 'x/run.sh', content: '#!/bin/sh\n', mode: 0o755 },
];

test('entries, digests and title are those of the archive', async () => {
  const bytes = rawTarGzip(good);
  const listed = await list(bytes);
  assert.equal(listed.title, 'x');
  assert.equal(listed.digest, digestOf(bytes));
  assert.equal(listed.treeDigest, digestOf(gunzipSync(bytes)));
  assert.deepEqual([listed.size, listed.unpackedBytes], [bytes.length, gunzipSync(bytes).length]);
  assert.deepEqual(
    listed.entries.map(({ path, type, size, mode, refused }) => [path, type, size, mode, refused]),
    [
      ['x/', 'Directory', 0, 0o644, undefined],
      ['x/a', 'File', 3, 0o644, undefined],
      ['x/run.sh', 'File', 10, 0o755, undefined],
    ],
  );
  assert.deepEqual(listed.problems, []);
});

const HOSTILE: readonly [string, RawEntry, RegExp][] = [
  ['an absolute path', { path: '/etc/passwd', content: 'x' }, /absolute/],
  ['a way out', { path: 'x/../../etc/passwd', content: 'x' }, /has \.\./],
  ['another directory', { path: 'y/a', content: 'x' }, /outside of the directory x/],
  ['a symbolic link', { path: 'x/l', type: '2', link: '/etc' }, /a symbolic link/],
  ['a hard link', { path: 'x/l', type: '1', link: 'x/a' }, /a hard link/],
  ['a device', { path: 'x/dev', type: '3' }, /no plain file/],
  ['a name twice', { path: 'x/a', content: 'x' }, /there twice/],
  ['a name that differs by case', { path: 'x/A', content: 'x' }, /one file on some systems/],
];
for (const [what, entry, reason] of HOSTILE) {
  test(`${what} is listed with the reason why it would be refused, and the rest goes on`, async () => {
    const { entries, title } = await list(rawTarGzip([...good, entry, { path: 'x/last', content: 'l' }]));
    assert.equal(title, 'x');
    const refused = entries.filter((each) => each.refused !== undefined);
    assert.deepEqual(
      refused.map(({ path }) => path),
      [entry.path],
    );
    assert.match(refused[0]!.refused!, reason);
    if (entry.link !== undefined) assert.equal(refused[0]!.linksTo, entry.link);
    assert.equal(entries.at(-1)!.path, 'x/last');
  });
}

test('damage and limits are told without an exception', async () => {
  const cases: [string, Uint8Array, object, RegExp][] = [
    ['cut off', rawTarGzip(good).subarray(0, 60), {}, /not valid gzip/],
    ['a cut tar', rawTar(good).subarray(0, 700), {}, /./],
    ['nothing', new Uint8Array(0), {}, /it is empty/],
    ['too many entries', rawTar(good), { entries: 2 }, /more than 2 entries/],
    ['too many bytes', rawTar(good), { bytes: 100 }, /more than 100 bytes/],
    [
      'a bomb',
      rawTarGzip([{ path: 'x/0', content: Buffer.alloc(8 << 20) }]),
      { ratio: 10 },
      /more than 10 times/,
    ],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), {}, /zstd/],
  ];
  for (const [what, bytes, limits, reason] of cases) {
    const { problems } = await list(bytes, limits);
    assert.match(problems.join('; '), reason, what);
  }
});
