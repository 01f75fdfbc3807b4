import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from './file-lock.js';
import { identifyProcess } from './process-identity.js';

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prov-lock-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'file');
}

test('one at a time, and nothing is left behind', async (t) => {
  const path = place(t);
  let inside = 0;
  let most = 0;
  const step = () =>
    withFileLock(path, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
    });
  await Promise.all(Array.from({ length: 8 }, step));
  assert.equal(most, 1);
  await assert.rejects(
    withFileLock(path, () => {
      throw new Error('inside');
    }),
    { message: 'inside' },
  );
  assert.equal(existsSync(`${path}.lock`), false);
});

test('a lock of a process that is gone is taken over, one that is held is waited for', async (t) => {
  const path = place(t);
  writeFileSync(`${path}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));
  assert.equal(await withFileLock(path, () => 'taken'), 'taken');
  writeFileSync(`${path}.lock`, '');
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(`${path}.lock`, longAgo, longAgo);
  let waited = 0;
  const onWait = () => {
    waited += 1;
  };
  assert.equal(
    await withFileLock(path, () => 'taken', { onWait }),
    'taken',
    'killed before it wrote its name',
  );
  assert.equal(waited, 1);
  writeFileSync(`${path}.lock`, JSON.stringify(identifyProcess(process.pid)));
  await assert.rejects(
    withFileLock(path, () => 0, { timeoutMs: 60 }),
    { code: 'BASE_LOCK_HELD' },
  );
});
