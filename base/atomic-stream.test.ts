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
import { openAtomicStream, writeFileAtomicLater } from './atomic-stream.js';
import { filePieces } from './file-pieces.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';

const MIB = 1024 * 1024;

function folderWith(t: TestContext): { folder: string; path: string } {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'prov-stream-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  writeFileSync(path, 'old');
  return { folder, path };
}

/** The real file system; notes what is done, and fails at one step. */
function noting(failAt = 0) {
  const steps: string[] = [];
  const open = new Set<number>();
  const step = (name: string) => {
    steps.push(name);
    if (steps.length === failAt) throw Object.assign(new Error('injected'), { code: 'ENOSPC' });
  };
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open(path, flags, mode) {
      step('open');
      const fd = nodeFileSystem.open(path, flags, mode);
      open.add(fd);
      return fd;
    },
    async writeLater(fd, pieces) {
      assert.ok(open.has(fd), 'only what is open is written');
      step('write');
      return nodeFileSystem.writeLater(fd, pieces);
    },
    async fsyncLater(fd) {
      assert.ok(open.has(fd), 'only what is open is synced');
      step('fsync');
      return nodeFileSystem.fsyncLater(fd);
    },
    close(fd) {
      open.delete(fd);
      nodeFileSystem.close(fd);
    },
    async closeLater(fd) {
      open.delete(fd);
      await nodeFileSystem.closeLater(fd);
    },
    rename(from, to) {
      step('rename');
      nodeFileSystem.rename(from, to);
    },
    write: () => assert.fail('the event loop would wait'),
    fsync: () => assert.fail('the event loop would wait'),
  };
  return { fileSystem, steps, open };
}

async function collect(path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of filePieces(path)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('the bytes are durable before the name is, and nothing waits on the event loop', async (t) => {
  const { folder, path } = folderWith(t);
  const { fileSystem, steps } = noting();
  await writeFileAtomicLater(path, Buffer.from('new'), { fileSystem });
  assert.deepEqual(steps, ['open', 'write', 'fsync', 'rename', 'open', 'fsync']);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a disk that fills up at any step leaves the earlier content and no other file', async (t) => {
  const { folder, path } = folderWith(t);
  const bytes = Buffer.alloc(70 * MIB, 'x');
  let failures = 0;
  for (let at = 1; ; at += 1) {
    writeFileSync(path, 'old');
    const { fileSystem, open, steps } = noting(at);
    const writing = (async () => {
      const file = openAtomicStream(path, { fileSystem });
      try {
        for (let from = 0; from < bytes.length; from += 10 * MIB)
          await file.write(bytes.subarray(from, from + 10 * MIB));
        await file.commit();
      } catch (error) {
        await file.abort();
        throw error;
      }
    })();
    const error: unknown = await writing.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.deepEqual([readdirSync(folder), open.size], [['file'], 0]);
    if (error === undefined) break;
    failures += 1;
    assert.equal((error as { code?: string }).code, 'BASE_DISK_FULL');
    if (!steps.includes('rename') || steps.at(-1) === 'rename')
      assert.equal(readFileSync(path, 'utf8'), 'old');
  }
  assert.ok(failures >= 12, `${failures} steps could fail: seven writes, syncs on the way and at the end`);
  assert.equal((await collect(path)).compare(bytes), 0);
});

test('short writes go on where they stopped, also inside a piece', async (t) => {
  const { path } = folderWith(t);
  const short: FileSystem = {
    ...nodeFileSystem,
    writeLater: async (fd, pieces) => nodeFileSystem.write(fd, Buffer.concat(pieces).subarray(0, 7)),
  };
  const file = openAtomicStream(path, { fileSystem: short });
  for (const piece of ['seven ', 'by ', 'seven, until all', ' of it is there'])
    await file.write(Buffer.from(piece));
  await file.commit();
  assert.equal(readFileSync(path, 'utf8'), 'seven by seven, until all of it is there');
  const stuck = openAtomicStream(path, { fileSystem: { ...nodeFileSystem, writeLater: async () => 0 } });
  await stuck.write(Buffer.from('x'));
  await assert.rejects(stuck.commit(), { code: 'BASE_FILE_UNWRITABLE', message: /EIO/ });
  await stuck.abort();
});

test('what is given up while a write is under way leaves nothing, and may be given up again', async (t) => {
  const { folder, path } = folderWith(t);
  const file = openAtomicStream(path, { mode: 0o600 });
  await file.write(Buffer.alloc(4 * MIB));
  await file.abort();
  await file.abort();
  assert.deepEqual([readdirSync(folder), readFileSync(path, 'utf8')], [['file'], 'old']);
  const other = openAtomicStream(path, { mode: 0o600 });
  await other.write(Buffer.from('other'));
  await other.commit();
  await other.abort();
  assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['other', 0o600]);
});

test('a file comes in pieces that nobody else writes into', async (t) => {
  const { path } = folderWith(t);
  for (const size of [0, 1, 64 * 1024, 64 * 1024 + 1, MIB, 3 * MIB + 5]) {
    const bytes = Buffer.alloc(size, `${size} bytes `);
    writeFileSync(path, bytes);
    assert.equal((await collect(path)).compare(bytes), 0, `${size} bytes`);
  }
  await assert.rejects(collect(`${path}.none`), { code: 'ENOENT' });
  const first = filePieces(path);
  await first.next();
  await first.return?.(undefined);
});
