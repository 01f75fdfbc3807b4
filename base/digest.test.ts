import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  Digester,
  digestAlgorithm,
  digestFile,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from './digest.js';

const folder = mkdtempSync(join(tmpdir(), 'prov-digest-'));
after(() => rmSync(folder, { recursive: true }));
const BUFFER = 256 * 1024;

test('known digests', () => {
  assert.equal(digestOf(''), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(
    digestOf(Buffer.from('abc')),
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  assert.equal(digestOf('é'), digestOf(Buffer.from([0xc3, 0xa9])), 'text is hashed as UTF-8');
  assert.match(digestOf('', 'sha512'), /^sha512:cf83e1357eefb8bd[0-9a-f]{112}$/);
});

test('a file has the digest of its bytes at every size around the read buffer', async () => {
  for (const size of [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER, 2 * BUFFER + 1, 3 * BUFFER - 1]) {
    const bytes = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
    const path = join(folder, String(size));
    writeFileSync(path, bytes);
    assert.deepEqual(await digestFile(path), { digest: digestOf(bytes), size }, `${size} bytes`);
  }
  assert.deepEqual(await digestFile(join(folder, '1'), 'sha512'), {
    digest: digestOf(Buffer.from([0]), 'sha512'),
    size: 1,
  });
});

test('hashing a file stops when it is aborted, and a missing file is an error', async () => {
  const path = join(folder, 'aborted');
  writeFileSync(path, 'x');
  await assert.rejects(digestFile(path, 'sha256', AbortSignal.abort(new Error('enough'))), /enough/);
  await assert.rejects(digestFile(join(folder, 'none')), { code: 'ENOENT' });
});

test('chunks give the digest and the size of the whole', () => {
  const digester = new Digester().update(Buffer.from('a')).update(Buffer.alloc(0)).update(Buffer.from('bc'));
  assert.equal(digester.bytes, 3);
  assert.equal(digester.digest(), digestOf('abc'));
});

test('only sha256 and sha512 in lower case are digests', () => {
  const hex = 'a'.repeat(64);
  for (const good of [`sha256:${hex}`, `sha512:${hex}${hex}`] as const) {
    assert.equal(parseDigest(good), good);
    assert.equal(digestHex(good), good.slice(7));
    assert.equal(digestAlgorithm(good), good.slice(0, 6));
  }
  for (const bad of [
    '',
    hex,
    `sha256:${hex}a`,
    `sha256:${hex.slice(1)}`,
    `sha256:${hex.toUpperCase()}`,
    `SHA256:${hex}`,
    `sha512:${hex}`,
    `md5:${'a'.repeat(32)}`,
    `sha256:${hex}\n`,
    ` sha256:${hex}`,
    `sha256:../../${'a'.repeat(58)}`,
  ]) {
    assert.equal(isDigest(bad), false, bad);
    assert.throws(() => parseDigest(bad), { code: 'BASE_DIGEST_INVALID' });
  }
  assert.equal(isDigest(undefined), false);
});
