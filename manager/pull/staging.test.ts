import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { openStaging, recoverStaging } from './staging.js';

/** A destination with content, and how to look at it and at what stands beside it. */
function place(t: TestContext) {
  const parent = temporaryDirectory(t);
  const destination = join(parent, 'redis');
  mkdirSync(destination);
  writeFileSync(join(destination, 'file'), 'old');
  return {
    parent,
    destination,
    content: () =>
      existsSync(destination) ? readFileSync(join(destination, 'file'), 'utf8') : 'nothing is there',
    beside: () => readdirSync(parent).filter((name) => name !== 'redis'),
  };
}

function fill(tree: string): void {
  mkdirSync(tree);
  writeFileSync(join(tree, 'file'), 'new');
}

/** Renames, except those of the given numbers (from 1). */
function failing(...numbers: readonly number[]) {
  let count = 0;
  return {
    rename(from: string, to: string) {
      count += 1;
      if (numbers.includes(count)) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      renameSync(from, to);
    },
  };
}

test('when the second move fails, what was moved aside is back under its name', async (t) => {
  for (const failed of [1, 2]) {
    const { destination, content, beside } = place(t);
    const staging = openStaging(destination, failing(failed));
    fill(staging.tree);
    await assert.rejects(staging.commit(), { code: 'BASE_DISK_FULL' });
    staging.discard();
    assert.deepEqual([content(), beside()], ['old', []]);
  }
});

test('what could be neither replaced nor put back is never deleted, and comes back with the next pull', async (t) => {
  const { parent, destination, content, beside } = place(t);
  const staging = openStaging(destination, failing(2, 3));
  fill(staging.tree);
  await assert.rejects(staging.commit(), { code: 'BASE_DISK_FULL' });
  staging.discard();
  const [name] = beside();
  assert.equal(readFileSync(join(parent, name!, 'old', 'file'), 'utf8'), 'old');
  recoverStaging(destination);
  assert.deepEqual([content(), beside()], ['nothing is there', [name]], 'this process may still be at it');
  const dead = name!.replace(/staging\.\d+\./, 'staging.999999999.');
  renameSync(join(parent, name!), join(parent, dead));
  recoverStaging(destination);
  assert.deepEqual([content(), beside()], ['old', []]);
});

test('a link that has the name of a staging directory leads nowhere', (t) => {
  const { parent, destination, content } = place(t);
  const other = temporaryDirectory(t);
  renameSync(destination, join(other, 'old'));
  symlinkSync(other, join(parent, '.redis.prov-pull-staging.999999999.30.abcd.tmp'));
  recoverStaging(destination);
  assert.equal(content(), 'nothing is there');
  assert.deepEqual(readdirSync(other), ['old']);
});

test('a kill between the two moves loses nothing, also when something else took the name since', async (t) => {
  const script = `
    import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
    const { openStaging } = await import(${JSON.stringify(new URL('./staging.js', import.meta.url).href)});
    let count = 0;
    const staging = openStaging(process.argv[1], {
      rename(from, to) {
        count += 1;
        if (count === 2) process.kill(process.pid, 'SIGKILL');
        renameSync(from, to);
      },
    });
    mkdirSync(staging.tree);
    writeFileSync(staging.tree + '/file', 'new');
    await staging.commit();`;
  for (const taken of [false, true]) {
    const { parent, destination, content, beside } = place(t);
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, destination], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [, signal] = await once(child, 'exit');
    assert.equal(signal, 'SIGKILL');
    const [name] = beside();
    assert.equal(content(), 'nothing is there');
    if (taken) {
      mkdirSync(destination);
      writeFileSync(join(destination, 'file'), 'later');
    }
    recoverStaging(destination);
    if (taken) {
      assert.deepEqual([content(), beside()], ['later', [name]]);
      assert.equal(readFileSync(join(parent, name!, 'old', 'file'), 'utf8'), 'old');
    } else assert.deepEqual([content(), beside()], ['old', []]);
  }
});
