import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import { makeDirectories } from './make-directories.js';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'prov-directories-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('missing directories are made with the mode that is asked for, once', (t) => {
  const root = folder(t);
  const path = join(root, 'a', 'b');
  assert.deepEqual(makeDirectories(path, { mode: 0o700 }), [join(root, 'a'), path]);
  for (const each of [path, join(root, 'a')]) assert.equal(statSync(each).mode & 0o777, 0o700);
  assert.deepEqual(makeDirectories(path), []);
  symlinkSync(path, join(root, 'link'));
  assert.deepEqual(makeDirectories(join(root, 'link', 'c')), [join(root, 'link', 'c')]);
});

test('durable directories are synced where their names stand', (t) => {
  const root = folder(t);
  const synced: string[] = [];
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open(path, flags, mode) {
      synced.push(path);
      return nodeFileSystem.open(path, flags, mode);
    },
  };
  makeDirectories(join(root, 'a', 'b', 'c'), { durable: true, fileSystem });
  assert.deepEqual(synced, [root, join(root, 'a'), join(root, 'a', 'b')]);
});

test('what cannot be made is an error, also where one that is there takes no other', (t) => {
  const root = folder(t);
  const unwritable = { code: 'BASE_FILE_UNWRITABLE' };
  writeFileSync(join(root, 'file'), '');
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
  for (const name of ['file', 'file/below', 'dangling'])
    assert.throws(() => makeDirectories(join(root, name)), unwritable, name);
  // Recursive mkdir would try for ever.
  if (process.platform === 'linux')
    for (const path of ['/proc/prov', '/proc/prov/below'])
      assert.throws(() => makeDirectories(path), unwritable, path);
});
