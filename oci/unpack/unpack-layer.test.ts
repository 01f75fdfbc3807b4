import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { digestOf, isProvError } from '#base';
import { ANNOTATION, MEDIA } from '#schemas';
import { bytesSource, collect } from '../fetch-bytes.js';
import { packExtension } from '../pack/pack-extension.js';
import { failingFileSystem } from '../testing/failing-file-system.js';
import { paxRecord, type RawEntry, rawTar, rawTarGzip } from '../testing/raw-tar.js';
import { REDIS_TREE, type Tree, temporaryDirectory, writeTree } from '../testing/temporary-tree.js';
import { treeDigest } from './tree-digest.js';
import { type UnpackOptions, unpackLayer } from './unpack-layer.js';

const provVersion = '0.1.0';

function readTree(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  return Object.fromEntries(
    paths.map((path) => [path.slice(directory.length + 1), readFileSync(path, 'base64')]),
  );
}

function unpack(bytes: Uint8Array, destination: string, options: Partial<UnpackOptions> = {}) {
  return unpackLayer(bytesSource(bytes)(), { destination, title: 'x', ...options });
}

const segment = fc.stringMatching(/^[a-zA-Z0-9_äé漢-]{1,12}$/).map((text) => text.normalize('NFC'));
const content = fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.constant(Buffer.from('#!/bin/sh\n')));
const tree = fc.dictionary(
  fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `d/${parts.join('/')}.f`),
  content,
  { maxKeys: 12 },
);

test("what was packed unpacks to the same files, and its tree digest is the layer's", async (t) => {
  await fc.assert(
    fc.asyncProperty(tree, async (files) => {
      const keys = Object.keys(files).map((path) => path.toLowerCase());
      fc.pre(
        new Set(keys).size === keys.length && !/\b(con|prn|aux|nul|com\d|lpt\d)\b/i.test(keys.join(' ')),
      );
      const dir = writeTree(temporaryDirectory(t), { ...REDIS_TREE, ...files });
      const packed = await packExtension(dir, { provVersion });
      const { descriptor, source } = packed.blobs[1]!;
      const destination = join(temporaryDirectory(t), 'redis');
      const unpacked = await unpackLayer(source(), { descriptor, destination });
      await packed.close();
      assert.deepEqual(readTree(destination), readTree(dir));
      assert.equal(unpacked.treeDigest, packed.treeDigest);
      assert.equal(await treeDigest(destination, { title: 'redis' }), packed.treeDigest);
    }),
    { numRuns: 15 },
  );
});

/** What prov 0.1.0 packed from REDIS_TREE with the compressor of ADR 0004; such archives stay readable for ever. */
const GOLDEN_V1 = Buffer.from(
  [
    'H4sIAAAAAAAA/+xYTY/bIBDds38FZa9ZYvyRqKitFKl7rFT1WvXA2pOErQ0ukK2iKP+92E66aXarqNvY0cq8y9h4zGCe5zGgIRfm',
    'qluEDtM0bazDsX16TcMoTq5Q2vG4GqyM5dqF/99+jj/ulaDhf5wpORcLksOcrwpryJqXxfli1PMxSZK/80/jI/6TyLmjXiZx4PxX',
    'SluGJvH0bXDpoXhcAG3+5yrrcBH4d/2ndOL1vxc88j/+cjv7+OmWlPm5Y5zW/2P+o5RSr/994Bo1f4AX/4Gizf+SSzEHY89c+O1w',
    'Kv+TJ/kf18bnfw8w2RJKzhANJC+B7dTArit3bbn5bkA/BA+gjVCSoSmJCA1yMJkWlW2aZhIJeVNCqfQaGas0BIXIQBrXwazirvub',
    'iITunQpkDjITYFiAkDIM4Q/vKQlJOHrnPEiIg7bb5rmQjpeiYGjXNt41ELMM2t3KSvNmBM55/xGt3e9m2jtyb5R0Pvu9DUPPbXYG',
    'q39t/rdT1VWMF9R/ydTXf73gkP9nEucsMU7pfxQf85/SJPX63wc2uNZ6zLC6u4fM4hGutKpAW6fTmG1wfT5Q252XkBYWoJ1bKaQo',
    'VyVmdOve4cb8VDo/8DRWC7nAW/dUw4+VcD8aZl8fPb+NMM9zUUs4Lz4fxJzzwsD20vMyFOzzv1lkO4rxAv2fRrHX/z7wB/8HRdY5',
    'Y5zkP/q9NuzPf8PQ8e/1v3tcvxnfCTl2VTVkS4XwZosHWwt7eHh4DAm/BgBADJ2vACAAAA==',
  ].join(''),
  'base64',
);

test('an archive made with the earlier compressor is the same tree', async (t) => {
  const packed = await packExtension(writeTree(temporaryDirectory(t), REDIS_TREE), { provVersion });
  await packed.close();
  const annotations = { ...packed.blobs[1]!.descriptor.annotations };
  const digest = 'sha256:65c1ee67f817fef13e844b0f51c09f0b3ec6e58dd289ece2646f970b325ae4f0';
  assert.notEqual(packed.blobs[1]!.descriptor.digest, digest);
  const descriptor = {
    mediaType: MEDIA.ociLayerTarGzip,
    digest,
    size: GOLDEN_V1.length,
    annotations,
  } as const;
  const destination = join(temporaryDirectory(t), 'redis');
  const unpacked = await unpackLayer(bytesSource(GOLDEN_V1)(), { descriptor, destination });
  assert.equal(unpacked.treeDigest, packed.treeDigest);
  assert.equal(await treeDigest(destination, { title: 'redis' }), packed.treeDigest);
});

test('an edit after unpacking changes the tree digest; a script stays executable', async (t) => {
  const packed = await packExtension(writeTree(temporaryDirectory(t), REDIS_TREE), { provVersion });
  const { descriptor, source } = packed.blobs[1]!;
  const destination = join(temporaryDirectory(t), 'deep/er/redis');
  await unpackLayer(source(), { descriptor, destination });
  await packed.close();
  assert.notEqual(statSync(join(destination, 'scripts/install.sh')).mode & 0o100, 0);
  assert.equal(await treeDigest(destination, { title: 'redis' }), packed.treeDigest);
  writeFileSync(join(destination, 'config.defaults.yaml'), 'port: 1\n');
  assert.notEqual(await treeDigest(destination, { title: 'redis' }), packed.treeDigest);
  symlinkSync('/etc/passwd', join(destination, 'link'));
  await assert.rejects(treeDigest(destination, { title: 'redis' }), { code: 'OCI_PACK_REFUSED' });
});

const dir: RawEntry = { path: 'x', type: '5' };
const file: RawEntry = { path: 'x/a', content: 'a' };
const hostile: [string, RawEntry[], RegExp][] = [
  ['an absolute path', [dir, { path: '/etc/passwd', content: 'x' }], /absolute/],
  ['a Windows drive', [dir, { path: 'C:/x', content: 'x' }], /absolute/],
  ['a path with ..', [dir, { path: 'x/../../evil', content: 'x' }], /\.\./],
  [
    'a path with .. behind a PAX header',
    [dir, { path: 'p', type: 'x', content: paxRecord('path', 'x/../../evil') }, file],
    /\.\./,
  ],
  [
    'a path with .. behind a GNU long name',
    [dir, { path: 'l', type: 'L', content: 'x/../../evil\0' }, file],
    /\.\./,
  ],
  ['an entry outside of the title', [dir, { path: 'y/a', content: 'x' }], /outside/],
  ['a title with a longer name', [dir, { path: 'xx/a', content: 'x' }], /outside/],
  [
    'a symbolic link',
    [dir, { path: 'x/l', type: '2', link: '/etc' }, { path: 'x/l/passwd', content: 'x' }],
    /symbolic link/,
  ],
  ['a symbolic link that stays inside', [dir, file, { path: 'x/l', type: '2', link: 'a' }], /symbolic link/],
  ['a hard link', [dir, { path: 'x/l', type: '1', link: '/etc/passwd' }], /hard link/],
  ['a character device', [dir, { path: 'x/null', type: '3' }], /no plain file/],
  ['a fifo', [dir, { path: 'x/fifo', type: '6' }], /no plain file/],
  ['an unknown type', [dir, { path: 'x/odd', type: 'Z' }], /no plain file/],
  ['a file twice', [dir, file, file], /twice/],
  ['names that differ in case', [dir, file, { path: 'x/A', content: 'b' }], /one file on some systems/],
  [
    'names that differ in Unicode form',
    [dir, { path: 'x/é' }, { path: 'x/e\u0301' }],
    /one file on some systems|NFC/,
  ],
  [
    'directories that differ in case',
    [dir, { path: 'x/d/a' }, { path: 'x/D/b' }],
    /one file on some systems/,
  ],
  ['a file that is also a directory', [dir, file, { path: 'x/a/b', content: 'b' }], /file and a directory/],
  ['a title that is a file', [{ path: 'x', content: 'a' }], /title is a file/],
  ['a name with a backslash', [dir, { path: 'x/a\\..\\..\\b' }], /one of/],
  ['a name with a line break', [dir, { path: 'x/a\nb' }], /control/],
  ['a Windows device', [dir, { path: 'x/NUL.txt' }], /device/],
  ['a bad checksum', [dir, { ...file, checksum: 1 }], /not a valid tar/],
  ['content cut off', [dir, { path: 'x/a', content: 'a', size: 100_000 }], /not a valid tar/],
  ['nothing', [], /empty|not a valid tar/],
];
for (const [name, entries, reason] of hostile) {
  test(`an archive with ${name} is refused and leaves nothing`, async (t) => {
    const parent = temporaryDirectory(t);
    const options = { replace: true };
    writeTree(join(parent, 'target'), { keep: 'me' });
    for (const bytes of [rawTarGzip(entries), rawTar(entries)]) {
      await assert.rejects(unpack(bytes, join(parent, 'target'), options), (error) => {
        assert.ok(isProvError(error, 'OCI_UNPACK_REFUSED'), String(error));
        assert.match(error.message, reason);
        return true;
      });
    }
    assert.deepEqual(readTree(parent), { 'target/keep': Buffer.from('me').toString('base64') });
    assert.deepEqual(readdirSync(parent), ['target']);
  });
}

test('archives of other programs are read: ./ in front, slashes behind, directories missing, PAX names', async (t) => {
  const destination = join(temporaryDirectory(t), 'x');
  const long = `x/${'n'.repeat(150)}`;
  const entries: RawEntry[] = [
    { path: './x/', type: '5' },
    { path: './x/a/b/c', content: 'deep' },
    { path: 'p', type: 'x', content: paxRecord('path', long) },
    { path: 'x/n', content: 'long', mode: 0o711 },
  ];
  const unpacked = await unpack(
    Buffer.concat([rawTar(entries), Buffer.alloc(8192, 'trailing')]),
    destination,
  );
  assert.equal(unpacked.files, 2);
  assert.equal(readFileSync(join(destination, 'a/b/c'), 'utf8'), 'deep');
  assert.notEqual(statSync(join(destination, long.slice(2))).mode & 0o100, 0);
});

test('the limits on entries, bytes and growth hold', async (t) => {
  const destination = join(temporaryDirectory(t), 'x');
  const many = rawTarGzip([dir, ...Array.from({ length: 20 }, (_, i) => ({ path: `x/${i}` }))]);
  await assert.rejects(unpack(many, destination, { limits: { entries: 20 } }), /more than 20 entries/);
  const zeros = rawTarGzip([dir, { path: 'x/zeros', content: Buffer.alloc(8_000_000) }]);
  await assert.rejects(
    unpack(zeros, destination, { limits: { bytes: 1_000_000 } }),
    /more than 1000000 bytes/,
  );
  await assert.rejects(unpack(zeros, destination, { limits: { ratio: 100 } }), /more than 100 times/);
  await assert.rejects(unpack(gzipSync(zeros), destination), /compressed twice/);
  await assert.rejects(unpack(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), destination), /zstd/);
  await assert.rejects(unpack(zeros.subarray(0, 500), destination), /gzip/);
  assert.equal(existsSync(destination), false);
});

test('wrong bytes are refused by the digest of the archive and of what it holds', async (t) => {
  const destination = join(temporaryDirectory(t), 'x');
  const bytes = rawTarGzip([dir, file]);
  const descriptor = { mediaType: MEDIA.ociLayerTarGzip, digest: digestOf(bytes), size: bytes.length };
  const annotations = { [ANNOTATION.title]: 'x', [ANNOTATION.orasDigest]: digestOf(gunzipSync(bytes)) };
  await assert.rejects(
    unpack(bytes, destination, { descriptor: { ...descriptor, digest: digestOf('other') } }),
    { code: 'OCI_DIGEST_MISMATCH' },
  );
  await assert.rejects(unpack(bytes, destination, { descriptor: { ...descriptor, size: 5 } }), {
    code: 'OCI_SIZE_MISMATCH',
  });
  const wrong = { ...annotations, [ANNOTATION.orasDigest]: digestOf('other') };
  await assert.rejects(unpack(bytes, destination, { descriptor: { ...descriptor, annotations: wrong } }), {
    code: 'OCI_DIGEST_MISMATCH',
  });
  assert.equal(existsSync(destination), false);
  await unpack(bytes, destination, { descriptor: { ...descriptor, annotations } });
  await assert.rejects(unpack(bytes, destination), { code: 'OCI_UNPACK_TARGET_EXISTS' });
  await unpack(rawTarGzip([dir, { path: 'x/new', content: 'n' }]), destination, { replace: true });
  assert.deepEqual(readdirSync(destination), ['new']);
});

test('a disk that fills up at any step leaves the target as it was', async (t) => {
  const parent = temporaryDirectory(t);
  const destination = join(parent, 'x');
  writeTree(destination, { keep: 'me' });
  const bytes = rawTarGzip([dir, file, { path: 'x/big', content: Buffer.alloc(600_000, 'q') }]);
  for (let step = 1; step <= 5; step += 1) {
    const { fileSystem } = failingFileSystem(step);
    await assert.rejects(unpack(bytes, destination, { fileSystem, replace: true }), {
      code: 'BASE_DISK_FULL',
    });
    assert.deepEqual(readdirSync(parent), ['x']);
    assert.deepEqual(readdirSync(destination), ['keep']);
  }
});

test('random damage to an archive never writes outside and never gives other files', async (t) => {
  const parent = temporaryDirectory(t);
  const packed = await packExtension(writeTree(temporaryDirectory(t), REDIS_TREE as Tree), { provVersion });
  const tar = gunzipSync(await collect(packed.blobs[1]!.source()));
  await packed.close();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(tar.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const damaged = Buffer.from(tar);
      damaged[at]! ^= flip;
      const destination = join(parent, String(round++));
      await unpack(damaged, destination, { title: 'redis' }).catch((error: unknown) => {
        assert.ok(isProvError(error, 'OCI_UNPACK_REFUSED'), String(error));
        assert.equal(existsSync(destination), false);
      });
    }),
    { numRuns: 60 },
  );
  assert.ok(readdirSync(parent).every((name) => /^\d+$/.test(name)));
});
