import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../../test/support/extensions.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { runExtensionTests } from './run-extension-tests.js';

test('a test of an extension does not begin once it is interrupted, whatever was under way', async (t) => {
  const folder = temporaryDirectory(t);
  const mark = join(folder, 'mark');
  const dir = writeExtension(folder, { name: 'redis', files: { 'tests/a.sh': `touch '${mark}'\n` } });
  const stop = new AbortController();
  const context = {
    provVersion: '0.1.0',
    env: process.env,
    cwd: folder,
    signal: stop.signal,
    // Comes before the copy is made.
    onEvent: () => stop.abort(new Error('interrupted')),
  };
  await assert.rejects(runExtensionTests({ dir, name: 'redis', version: '1.0.0' }, context), /interrupted/);
  assert.equal(existsSync(mark), false);
});
