import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeFileSystem } from '#base';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { randomBlob } from '../remote/test-support.js';
import { openPartialContent } from './partial-content.js';

const MIB = 1024 * 1024;

test('what is kept after a full disk is the beginning of the content, without a gap', async (t) => {
  const directory = temporaryDirectory(t);
  const { bytes, descriptor } = randomBlob(3 * MIB);
  let full = true;
  const partial = openPartialContent(directory, descriptor, {
    async writeLater(fd, pieces) {
      if (!full) return nodeFileSystem.writeLater(fd, pieces);
      full = false;
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  });
  await partial.write(bytes.subarray(0, MIB));
  await assert.rejects(partial.write(bytes.subarray(MIB, 2 * MIB)), { code: 'BASE_DISK_FULL' });
  // There is space again.
  await assert.rejects(partial.keep(), { code: 'BASE_DISK_FULL' });
  const [name] = readdirSync(directory);
  const kept = readFileSync(join(directory, name!));
  assert.deepEqual(kept, bytes.subarray(0, kept.byteLength));
});

test('pieces without bytes are no short write', async (t) => {
  const { bytes, descriptor } = randomBlob(1000);
  const directory = temporaryDirectory(t);
  const partial = openPartialContent(directory, descriptor);
  await partial.write(bytes);
  await partial.write(new Uint8Array(0));
  assert.equal(await partial.commit(join(directory, 'whole')), true);
  const empty = openPartialContent(directory, descriptor);
  await empty.write(new Uint8Array(0));
  await empty.keep();
  assert.deepEqual(readFileSync(join(directory, 'whole')), bytes);
});
