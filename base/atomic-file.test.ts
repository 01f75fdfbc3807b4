import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAtomicFile, writeFileAtomic } from './atomic-file.js';
import { ProvError } from './errors/prov-error.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';

type Operation = keyof FileSystem;
interface Fault {
  readonly operation: Operation;
  /** Which call of it fails, the first is 1. */
  readonly call: number;
  readonly code: string;
}

/** The real file system, but one call fails; every operation is recorded. */
function faulty(fault?: Fault): FileSystem & { readonly calls: Operation[]; readonly open_: Set<number> } {
  const calls: Operation[] = [];
  const open_ = new Set<number>();
  const step = (operation: Operation) => {
    calls.push(operation);
    if (fault?.operation === operation && calls.filter((each) => each === operation).length === fault.call)
      throw Object.assign(new Error(`${fault.code}: injected`), { code: fault.code });
  };
  return {
    calls,
    open_,
    open(path, flags, mode) {
      step('open');
      const fd = nodeFileSystem.open(path, flags, mode);
      open_.add(fd);
      return fd;
    },
    write(fd, data) {
      step('write');
      return nodeFileSystem.write(fd, data);
    },
    writeLater(fd, pieces) {
      step('writeLater');
      return nodeFileSystem.writeLater(fd, pieces);
    },
    fsync(fd) {
      step('fsync');
      nodeFileSystem.fsync(fd);
    },
    fsyncLater(fd) {
      step('fsyncLater');
      return nodeFileSystem.fsyncLater(fd);
    },
    close(fd) {
      // As in close(2): the descriptor is gone also when it reports an error.
      nodeFileSystem.close(fd);
      open_.delete(fd);
      step('close');
    },
    async closeLater(fd) {
      await nodeFileSystem.closeLater(fd);
      open_.delete(fd);
      step('closeLater');
    },
    rename(from, to) {
      step('rename');
      nodeFileSystem.rename(from, to);
    },
    remove(path) {
      step('remove');
      nodeFileSystem.remove(path);
    },
  };
}

function folderWith(t: TestContext, old?: string): { folder: string; path: string } {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'prov-atomic-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  if (old !== undefined) writeFileSync(path, old);
  return { folder, path };
}

test('the bytes are durable before the name is: write, fsync, rename, fsync of the directory', (t) => {
  const { folder, path } = folderWith(t, 'old');
  const fileSystem = faulty();
  writeFileAtomic(path, 'new', { fileSystem });
  assert.deepEqual(fileSystem.calls, ['open', 'write', 'fsync', 'close', 'rename', 'open', 'fsync', 'close']);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['file']);
});

const BEFORE_RENAME: readonly [Operation, number][] = [
  ['open', 1],
  ['write', 1],
  ['fsync', 1],
  ['close', 1],
  ['rename', 1],
];
for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EACCES']) {
  for (const [operation, call] of BEFORE_RENAME) {
    test(`${code} at ${operation} leaves the earlier content and no other file`, (t) => {
      for (const old of ['old', undefined]) {
        const { folder, path } = folderWith(t, old);
        const fileSystem = faulty({ operation, call, code });
        const expected = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)
          ? 'BASE_DISK_FULL'
          : 'BASE_FILE_UNWRITABLE';
        assert.throws(
          () => writeFileAtomic(path, 'new', { fileSystem }),
          (error) => {
            assert.ok(error instanceof ProvError);
            assert.equal(error.code, expected);
            const { hint, ...details } = error.details;
            assert.deepEqual(details, { path, reason: code });
            assert.equal(hint !== undefined, code === 'EACCES', 'what the system knows better is said');
            assert.equal((error.cause as NodeJS.ErrnoException).code, code);
            return true;
          },
        );
        assert.deepEqual(readdirSync(folder), old === undefined ? [] : ['file']);
        if (old !== undefined) assert.equal(readFileSync(path, 'utf8'), old);
        assert.deepEqual([...fileSystem.open_], [], 'no descriptor stays open');
      }
    });
  }
}

test('an error after the rename is reported, and the new content is whole', (t) => {
  const { folder, path } = folderWith(t, 'old');
  assert.throws(
    () => writeFileAtomic(path, 'new', { fileSystem: faulty({ operation: 'fsync', call: 2, code: 'EIO' }) }),
    { code: 'BASE_FILE_UNWRITABLE' },
  );
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('short writes go on where they stopped; a write of nothing is an error', (t) => {
  const { folder, path } = folderWith(t, 'old');
  const short: FileSystem = {
    ...nodeFileSystem,
    write: (fd, data) => nodeFileSystem.write(fd, data.subarray(0, 7)),
  };
  const text = 'seven by seven, until all of it is there';
  writeFileAtomic(path, text, { fileSystem: short });
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.throws(() => writeFileAtomic(path, 'x', { fileSystem: { ...nodeFileSystem, write: () => 0 } }), {
    code: 'BASE_FILE_UNWRITABLE',
    message: /EIO/,
  });
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a failing clean-up does not hide why writing failed', (t) => {
  const { path } = folderWith(t, 'old');
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    write: () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    },
    close: (fd) => {
      nodeFileSystem.close(fd);
      throw Object.assign(new Error('close'), { code: 'EIO' });
    },
  };
  assert.throws(() => writeFileAtomic(path, 'new', { fileSystem }), { code: 'BASE_DISK_FULL' });
  assert.equal(readFileSync(path, 'utf8'), 'old');
});

test('the content is invisible until commit; abort is safe at any time', (t) => {
  const { folder, path } = folderWith(t, 'old');
  const writer = openAtomicFile(path);
  writer.write(Buffer.from('ne'));
  assert.equal(readFileSync(path, 'utf8'), 'old');
  writer.write(Buffer.from('w'));
  writer.commit();
  writer.abort();
  writer.abort();
  assert.equal(readFileSync(path, 'utf8'), 'new');
  const given = openAtomicFile(path);
  given.write(Buffer.from('partial'));
  given.abort();
  given.abort();
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('two writers of one path do not share a temporary file, and secrets get their mode', (t) => {
  const { folder, path } = folderWith(t);
  const [a, b] = [openAtomicFile(path, { mode: 0o600 }), openAtomicFile(path, { mode: 0o600 })];
  assert.notEqual(a.temporaryPath, b.temporaryPath);
  a.write(Buffer.from('a'));
  b.write(Buffer.from('b'));
  b.commit();
  a.commit();
  assert.equal(readFileSync(path, 'utf8'), 'a');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a missing directory is an error that names the file', (t) => {
  const { folder } = folderWith(t);
  assert.throws(() => writeFileAtomic(join(folder, 'none', 'file'), 'x'), {
    code: 'BASE_FILE_UNWRITABLE',
    message: /none\/file.*ENOENT/,
  });
});
