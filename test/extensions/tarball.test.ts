import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { extensionsRoot } from './harness.js';

interface Reader {
  unpackTarball(archive: string, destination: string): Promise<{ entries: number; bytes: number }>;
}
const { unpackTarball } = (await import(
  pathToFileURL(join(extensionsRoot, 'shared', 'tarball.mjs')).href
)) as Reader;

const dir = mkdtempSync(join(tmpdir(), 'prov-tarball-'));
after(() => rmSync(dir, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly content?: string;
  readonly type?: string;
  readonly mode?: number;
}

/** A ustar header with its content, padded. */
function block({ name, content = '', type = '0', mode = 0o644 }: Entry): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(mode.toString(8).padStart(7, '0'), 100);
  header.write(Buffer.byteLength(content).toString(8).padStart(11, '0'), 124);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.from(content);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

let count = 0;
async function unpack(bytes: Buffer): Promise<string> {
  count += 1;
  const archive = join(dir, `${count}.tgz`);
  const destination = join(dir, String(count));
  mkdirSync(destination);
  writeFileSync(archive, bytes);
  await unpackTarball(archive, destination);
  return destination;
}
const archiveOf = (entries: readonly Entry[]): Buffer =>
  gzipSync(Buffer.concat([...entries.map(block), Buffer.alloc(1024)]));

test('files, modes, empty files and names longer than a header come out below the first folder', async () => {
  const long = `package/${'deep/'.repeat(30)}file`;
  const record = ` path=${long}\n`;
  const size = String(record.length + 3);
  const into = await unpack(
    archiveOf([
      { name: 'package/', type: '5' },
      { name: 'package/bin/run', content: '#!', mode: 0o755 },
      { name: 'package/empty' },
      { name: 'PaxHeader/file', type: 'x', content: `${size}${record}` },
      { name: 'package/cut', content: 'far down' },
    ]),
  );
  assert.equal(statSync(join(into, 'bin/run')).mode & 0o777, 0o755);
  assert.equal(statSync(join(into, 'empty')).size, 0);
  assert.equal(readFileSync(join(into, 'deep/'.repeat(30), 'file'), 'utf8'), 'far down');
});

const hostile: readonly (readonly [string, Entry, RegExp])[] = [
  ['a symbolic link', { name: 'package/link', type: '2' }, /neither file nor directory/],
  ['a hard link', { name: 'package/link', type: '1' }, /neither file nor directory/],
  ['a device', { name: 'package/dev', type: '3' }, /neither file nor directory/],
  ['a path that climbs', { name: 'package/../../evil', content: 'x' }, /unsafe path/],
  ['an absolute path', { name: '/etc/evil', content: 'x' }, /unsafe path/],
  ['a backslash', { name: 'package\\..\\evil', content: 'x' }, /unsafe path/],
];
for (const [what, entry, reason] of hostile) {
  test(`${what} is refused`, async () => {
    await assert.rejects(unpack(archiveOf([entry])), reason);
    assert.deepEqual(readdirSync(join(dir, String(count))), []);
  });
}

test('the same file twice, a damaged header, a cut archive and no archive at all are refused', async () => {
  const file = { name: 'package/file', content: 'x'.repeat(2000) };
  await assert.rejects(unpack(archiveOf([file, file])), /EEXIST/);
  const damaged = Buffer.concat([block(file), Buffer.alloc(1024)]);
  damaged[3] = 0x41;
  await assert.rejects(unpack(gzipSync(damaged)), /wrong checksum/);
  await assert.rejects(unpack(gzipSync(block(file).subarray(0, 1500))), /ends in the middle/);
  await assert.rejects(unpack(archiveOf([file]).subarray(0, 40)), /no gzip archive/);
  await assert.rejects(unpack(Buffer.from('plain text')), /no gzip archive/);
});
