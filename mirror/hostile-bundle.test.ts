import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createLayoutTarWriter } from '#oci';
import { exportBundle, importBundle, inspectBundle } from './index.js';
import { joinTar, splitTar, type TarPart } from './testing/edit-tar.js';
import { lockOf, publish, sampleRegistry, temporaryDirectory } from './testing/sample-registry.js';

async function goodBundle(t: TestContext): Promise<Buffer> {
  const registry = sampleRegistry();
  const redis = await publish(t, registry, { name: 'redis', files: { 'data.txt': 'x'.repeat(2000) } });
  const web = await publish(t, registry, { name: 'web' });
  const file = join(temporaryDirectory(t), 'good.tar');
  await exportBundle({ lock: lockOf(redis, web), source: (name) => registry.repository(name), output: file });
  return readFileSync(file);
}

/** Imports bytes as a bundle and gives the error's code (or `ok`), with what the target then holds. */
async function outcome(
  t: TestContext,
  bytes: Buffer,
): Promise<{ code: string; message: string; writes: number; tags: string }> {
  const file = join(temporaryDirectory(t), 'bundle.tar');
  writeFileSync(file, bytes);
  const target = sampleRegistry();
  const result = await importBundle({ file, target: (name) => target.repository(name) }).then(
    () => ({ code: 'ok', message: '' }),
    (error: { code?: string; message: string }) => ({ code: error.code ?? 'none', message: error.message }),
  );
  const tags: string[] = [];
  for (const name of target.names()) {
    const store = target.repository(name);
    for (const tag of await store.list()) tags.push(`${name}:${tag} ${(await store.resolve(tag)).digest}`);
  }
  return { ...result, writes: target.writes.length, tags: tags.join('\n') };
}

const edit = (bytes: Buffer, change: (parts: TarPart[]) => TarPart[]) => joinTar(change(splitTar(bytes)));
const editIndex = (bytes: Buffer, change: (text: string) => string) =>
  edit(bytes, (parts) =>
    parts.map((part) =>
      part.name === 'index.json' ? { ...part, body: Buffer.from(change(part.body.toString())) } : part,
    ),
  );
const biggestBlob = (parts: readonly TarPart[]) =>
  parts.toSorted((a, b) => b.body.length - a.body.length).find(({ name }) => name.startsWith('blobs/'))!;
const blob = (header: Buffer, body: Buffer): TarPart => ({
  name: `blobs/sha256/${createHash('sha256').update(body).digest('hex')}`,
  header,
  body,
});

const ATTACKS: readonly { name: string; change: (bytes: Buffer) => Buffer }[] = [
  { name: 'cut off in the middle', change: (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2)) },
  { name: 'cut off in the last blob', change: (bytes) => bytes.subarray(0, bytes.length - 1600) },
  { name: 'empty', change: () => Buffer.alloc(0) },
  { name: 'zeros', change: () => Buffer.alloc(10_240) },
  { name: 'no tar', change: () => Buffer.from('hello'.repeat(1000)) },
  { name: 'gzipped', change: (bytes) => gzipSync(bytes) },
  {
    name: 'a blob with another byte',
    change: (bytes) =>
      edit(bytes, (parts) =>
        parts.map((part) =>
          part === biggestBlob(parts)
            ? { ...part, body: Buffer.from(part.body.map((byte, i) => (i === 100 ? byte ^ 1 : byte))) }
            : part,
        ),
      ),
  },
  {
    name: 'a blob one byte shorter',
    change: (bytes) =>
      edit(bytes, (parts) =>
        parts.map((part) => (part === biggestBlob(parts) ? { ...part, body: part.body.subarray(1) } : part)),
      ),
  },
  {
    name: 'a blob one byte longer',
    change: (bytes) =>
      edit(bytes, (parts) =>
        parts.map((part) =>
          part === biggestBlob(parts) ? { ...part, body: Buffer.concat([part.body, Buffer.alloc(1)]) } : part,
        ),
      ),
  },
  {
    name: 'a blob that is missing',
    change: (bytes) => edit(bytes, (parts) => parts.filter((part) => part !== biggestBlob(parts))),
  },
  {
    name: 'a blob that is there twice',
    change: (bytes) => edit(bytes, (parts) => [...parts, biggestBlob(parts)]),
  },
  {
    name: 'a blob under a path that leads out',
    change: (bytes) =>
      edit(bytes, (parts) =>
        parts.map((part) => (part === biggestBlob(parts) ? { ...part, name: `../${part.name}` } : part)),
      ),
  },
  {
    name: 'a blob under an absolute path',
    change: (bytes) =>
      edit(bytes, (parts) =>
        parts.map((part) => (part === biggestBlob(parts) ? { ...part, name: `/${part.name}` } : part)),
      ),
  },
  {
    name: 'no index',
    change: (bytes) => edit(bytes, (parts) => parts.filter(({ name }) => name !== 'index.json')),
  },
  { name: 'an index that is no JSON', change: (bytes) => editIndex(bytes, (text) => text.slice(1)) },
  {
    name: 'a wrong size in the index',
    change: (bytes) => editIndex(bytes, (text) => text.replace(/"size":\d+/, '"size":7')),
  },
  {
    name: 'a huge size in the index',
    change: (bytes) => editIndex(bytes, (text) => text.replace(/"size":\d+/, '"size":9007199254740991')),
  },
  {
    name: 'a version tag on other content',
    change: (bytes) =>
      editIndex(bytes, (text) =>
        text
          .replace('prov/ext/redis:1.0.0', 'x')
          .replace('prov/ext/web:1.0.0', 'prov/ext/redis:1.0.0')
          .replace('"x"', '"prov/ext/web:1.0.0"'),
      ),
  },
  {
    name: 'a tag that the lock does not list',
    change: (bytes) => editIndex(bytes, (text) => text.replace('prov/ext/web:1.0.0', 'prov/ext/web:9.9.9')),
  },
  {
    name: 'a repository that the lock does not list',
    change: (bytes) => editIndex(bytes, (text) => text.replace('prov/ext/web:1.0.0', 'evil/web:1.0.0')),
  },
  {
    name: 'a signature of nothing in the lock',
    change: (bytes) =>
      editIndex(bytes, (text) =>
        text.replace(/web:sha256-[0-9a-f]{64}\.sig/, `web:sha256-${'0'.repeat(64)}.sig`),
      ),
  },
];

test('every hostile bundle is one clear error and writes nothing; its honest twin goes in', async (t) => {
  const good = await goodBundle(t);
  assert.equal((await outcome(t, good)).code, 'ok');
  assert.equal(
    (
      await outcome(
        t,
        edit(good, (parts) => parts),
      )
    ).code,
    'ok',
  );
  for (const { name, change } of ATTACKS) {
    const { code, message, writes } = await outcome(t, change(good));
    assert.ok(
      code === 'MIRROR_BUNDLE_INVALID' || code === 'MIRROR_BUNDLE_FOREIGN',
      `${name}: ${code} ${message}`,
    );
    assert.equal(writes, 0, name);
  }
});

test('content that nothing refers to, and files that are not of a layout, are not brought in', async (t) => {
  const good = await goodBundle(t);
  const extra = edit(good, (parts) => [
    ...parts,
    blob(parts[0]!.header, Buffer.from('smuggled')),
    { name: '../../etc/cron', header: parts[0]!.header, body: Buffer.from('x') },
  ]);
  const [plain, stuffed] = [await outcome(t, good), await outcome(t, extra)];
  assert.deepEqual(stuffed, plain);
});

test('one flipped bit anywhere is refused without a write, or changes nothing that counts', async (t) => {
  const good = await goodBundle(t);
  const expected = await outcome(t, good);
  let seed = 20_261_121;
  for (let round = 0; round < 150; round += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const at = seed % good.length;
    const bytes = Buffer.from(good);
    bytes[at]! ^= 1 << (seed % 8);
    const found = await outcome(t, bytes);
    if (found.code === 'ok') assert.deepEqual(found, expected, `byte ${at}`);
    else {
      assert.match(
        found.code,
        /^(?:MIRROR_BUNDLE_INVALID|MIRROR_BUNDLE_FOREIGN|SCHEMAS_NEEDS_NEWER_PROV)$/,
        `byte ${at}: ${found.message}`,
      );
      assert.equal(found.writes, 0, `byte ${at}`);
    }
  }
});

test('a file that is not there, a directory and a layout without a lock each have their error', async (t) => {
  const directory = temporaryDirectory(t);
  const run = (name: string) => inspectBundle(join(directory, name));
  await assert.rejects(run('none.tar'), { code: 'BASE_FILE_MISSING', exitCode: 5 });
  mkdirSync(join(directory, 'dir'));
  await assert.rejects(run('dir'), { code: 'BASE_FILE_UNREADABLE' });
  await createLayoutTarWriter(join(directory, 'plain.tar')).finish();
  await assert.rejects(run('plain.tar'), { code: 'MIRROR_BUNDLE_FOREIGN' });
  await createLayoutTarWriter(join(directory, 'newer.tar')).finish({
    annotations: { 'dev.prov.bundle.version': '2' },
  });
  await assert.rejects(run('newer.tar'), { code: 'SCHEMAS_NEEDS_NEWER_PROV' });
});
