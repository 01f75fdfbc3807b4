import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestOf, isProvError } from '#base';
import { ANNOTATION, configBlobSchema, MEDIA } from '#schemas';
import { collect } from '../fetch-bytes.js';
import { createMemoryStore } from '../store/memory-store.js';
import { failingFileSystem } from '../testing/failing-file-system.js';
import { REDIS_TREE, type Tree, temporaryDirectory, writeTree } from '../testing/temporary-tree.js';
import { type PackOptions, packExtension } from './pack-extension.js';
import { pushPacked } from './push-packed.js';

const provVersion = '0.1.0';

async function digestsOf(dir: string, options: Partial<PackOptions> = {}) {
  const packed = await packExtension(dir, { provVersion, sourceDateEpoch: 0, ...options });
  await packed.close();
  return {
    manifest: packed.descriptor.digest,
    tree: packed.treeDigest,
    layer: packed.blobs[1]!.descriptor.digest,
  };
}

test('the same tree gives the same digests whatever order, times, modes and umask it was made with', async (t) => {
  const first = writeTree(temporaryDirectory(t), REDIS_TREE);
  const second = temporaryDirectory(t);
  const before = process.umask(0o077);
  try {
    writeTree(second, Object.fromEntries(Object.entries(REDIS_TREE).reverse()));
  } finally {
    process.umask(before);
  }
  mkdirSync(join(second, 'empty'));
  writeFileSync(join(second, '.DS_Store'), 'x');
  chmodSync(join(second, 'scripts/install.sh'), 0o755);
  utimesSync(join(second, 'docs/README.md'), 1_000_000, 1_000_000);
  assert.deepEqual(await digestsOf(second), await digestsOf(first));
});

test('the digests of a known tree never change', async (t) => {
  const noise = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) >> (i % 7)));
  const dir = writeTree(temporaryDirectory(t), { ...REDIS_TREE, 'data/noise.bin': noise });
  assert.deepEqual(await digestsOf(dir), {
    manifest: 'sha256:a6db0570a17e2ba792718974ba0a06ddaa83032f11b65a07d36763f59e7f1459',
    tree: 'sha256:5d38887a653c9504c57671c55d5571b27cbef0523eac26367527ad379f63463b',
    layer: 'sha256:38a76a82b84ca1876c5382fd8d2e36e603c5324dacd243437487550535aa0c63',
  });
});

test('the archive follows the directory convention of ORAS', async (t) => {
  const packed = await packExtension(writeTree(temporaryDirectory(t), REDIS_TREE), { provVersion });
  const [config, layer] = packed.blobs;
  const gzip = Buffer.from(await collect(layer!.source()));
  assert.equal(digestOf(gzip), layer!.descriptor.digest);
  assert.equal(digestOf(gunzipSync(gzip)), packed.treeDigest);
  assert.deepEqual([...gzip.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  assert.deepEqual(layer!.descriptor.annotations, {
    [ANNOTATION.orasDigest]: packed.treeDigest,
    [ANNOTATION.orasUnpack]: 'true',
    [ANNOTATION.title]: 'redis',
  });
  assert.match(
    Buffer.from(packed.manifestBytes).toString(),
    /^\{"schemaVersion":2,"mediaType":"[^"]+","artifactType":"[^"]+","config":\{"mediaType"/,
  );
  assert.equal(packed.descriptor.artifactType, MEDIA.extension);
  assert.equal(
    packed.imageManifest.annotations?.[ANNOTATION.deps],
    '{"dependencies":{"os":{"version":">=1.0.0 <2.0.0"}}}',
  );
  assert.equal(config!.descriptor.mediaType, MEDIA.extensionConfig);
  configBlobSchema.parse(JSON.parse(Buffer.from(packed.configBytes).toString()));
  await packed.close();
});

test('SOURCE_DATE_EPOCH sets the times and the creation date', async (t) => {
  const dir = writeTree(temporaryDirectory(t), REDIS_TREE);
  const packed = await packExtension(dir, { provVersion, sourceDateEpoch: 1_700_000_000 });
  assert.equal(packed.imageManifest.annotations?.[ANNOTATION.created], '2023-11-14T22:13:20Z');
  await packed.close();
  assert.notEqual(
    (await digestsOf(dir, { sourceDateEpoch: 1_700_000_000 })).tree,
    (await digestsOf(dir)).tree,
  );
});

test('build.include and build.exclude choose what is packed', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    'manifest.yaml':
      'schema: 1\nname: tiny\ntype: template\nversion: 1.0.0\ndescription: x\nbuild:\n  include: [templates/**, "*.md"]\n  exclude: [secret.j2, docs/]\n',
    'templates/a.j2': 'a',
    'templates/secret.j2': 'b',
    'docs/x.md': 'c',
    'README.md': 'd',
    'other.txt': 'e',
  });
  const packed = await packExtension(dir, { provVersion });
  const tar = gunzipSync(await collect(packed.blobs[1]!.source()));
  const names = [...tar.toString('latin1').matchAll(/(tiny[\w./-]*)\0/g)].map((match) => match[1]);
  assert.deepEqual(names, [
    'tiny',
    'tiny/README.md',
    'tiny/manifest.yaml',
    'tiny/templates',
    'tiny/templates/a.j2',
  ]);
  await packed.close();
});

const refusals: { name: string; code: string; tree?: Tree; prepare?: (dir: string) => void }[] = [
  { name: 'a directory without a manifest', code: 'OCI_PACK_MANIFEST_MISSING', tree: { 'README.md': 'x' } },
  { name: 'a malformed manifest', code: 'SCHEMAS_YAML_SYNTAX', tree: { 'manifest.yaml': 'a: [' } },
  {
    name: 'an unknown key',
    code: 'SCHEMAS_KEY_UNKNOWN',
    tree: { 'manifest.yaml': `${REDIS_TREE['manifest.yaml']}depends: {}\n` },
  },
  {
    name: 'a bad version',
    code: 'SCHEMAS_VALUE_INVALID',
    tree: { 'manifest.yaml': String(REDIS_TREE['manifest.yaml']).replace('7.2.1', 'latest') },
  },
  {
    name: 'a manifest that is not UTF-8',
    code: 'SCHEMAS_YAML_SYNTAX',
    tree: { 'manifest.yaml': Uint8Array.of(0x61, 0xff) },
  },
  {
    name: 'a declared script that is not there',
    code: 'OCI_EXTENSION_INVALID',
    tree: { 'manifest.yaml': REDIS_TREE['manifest.yaml']! },
  },
  {
    name: 'a link out of the tree',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => symlinkSync('/etc/hostname', join(dir, 'host')),
  },
  {
    name: 'a link to a directory',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => symlinkSync('scripts', join(dir, 'again')),
  },
  {
    name: 'a dangling link',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => symlinkSync('nowhere', join(dir, 'broken')),
  },
  {
    name: 'names that differ in case only',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => writeTree(dir, { 'a.txt': '', 'A.txt': '' }),
  },
  {
    name: 'a name that is not NFC',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => writeTree(dir, { 'cafe\u0301': '' }),
  },
  {
    name: 'a name that Windows cannot hold',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => writeTree(dir, { 'a:b': '' }),
  },
  {
    name: 'a path too long for ustar',
    code: 'OCI_PACK_REFUSED',
    prepare: (dir) => writeTree(dir, { [`x${'y'.repeat(120)}`]: '' }),
  },
];
for (const { name, code, tree, prepare } of refusals) {
  test(`packing refuses ${name}`, { skip: process.platform === 'win32' }, async (t) => {
    const dir = writeTree(temporaryDirectory(t), tree ?? REDIS_TREE);
    prepare?.(dir);
    const spool = temporaryDirectory(t);
    await assert.rejects(packExtension(dir, { provVersion, temporaryDirectory: spool }), (error) => {
      assert.ok(isProvError(error), String(error));
      assert.equal(error.code, code);
      assert.notEqual(error.hint, '');
      return true;
    });
    assert.deepEqual(readdirSync(spool), []);
  });
}

test('a link to a file inside the tree stands for that file', {
  skip: process.platform === 'win32',
}, async (t) => {
  const copied = writeTree(temporaryDirectory(t), { ...REDIS_TREE, 'docs/again.md': '# redis\n' });
  const linked = writeTree(temporaryDirectory(t), REDIS_TREE);
  symlinkSync('README.md', join(linked, 'docs/again.md'));
  assert.deepEqual(await digestsOf(linked), await digestsOf(copied));
});

test('a disk that fills up at any step leaves nothing behind', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    ...REDIS_TREE,
    'big.bin': Buffer.alloc(300_000, 'abcdefg'),
  });
  const spool = temporaryDirectory(t);
  const clean = failingFileSystem(0);
  await (
    await packExtension(dir, { provVersion, temporaryDirectory: spool, fileSystem: clean.fileSystem })
  ).close();
  assert.ok(clean.steps() > 4);
  for (let step = 1; step <= clean.steps(); step += 1) {
    const { fileSystem } = failingFileSystem(step);
    await assert.rejects(packExtension(dir, { provVersion, temporaryDirectory: spool, fileSystem }), {
      code: 'BASE_DISK_FULL',
    });
    assert.deepEqual(readdirSync(spool), [], `step ${step}`);
  }
});

test('an abort leaves nothing behind', async (t) => {
  const dir = writeTree(temporaryDirectory(t), { ...REDIS_TREE, 'big.bin': Buffer.alloc(3_000_000) });
  const spool = temporaryDirectory(t);
  const controller = new AbortController();
  const packing = packExtension(dir, { provVersion, temporaryDirectory: spool, signal: controller.signal });
  controller.abort();
  await assert.rejects(packing, { name: 'AbortError' });
  assert.deepEqual(readdirSync(spool), []);
});

const ASSETS = `assets:
  - {name: tool, source: "npm:@tool/linux-x64@1.0.0", sha256: ${digestOf('linux').slice(7)}, platform: linux/amd64}
  - {name: tool, source: "npm:@tool/darwin-arm64@1.0.0", sha256: ${digestOf('darwin').slice(7)}, platform: darwin/arm64}
`;

test('vendored assets become layers, with size and platforms recorded', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    ...REDIS_TREE,
    'manifest.yaml': REDIS_TREE['manifest.yaml'] + ASSETS,
  });
  const files = writeTree(temporaryDirectory(t), { 'linux/amd64': 'linux', 'darwin/arm64': 'darwin' });
  const resolve = async (asset: { platform?: string | undefined }) => ({
    path: join(files, asset.platform!),
  });
  const some = await packExtension(dir, {
    provVersion,
    vendorAssets: { platforms: ['linux/amd64'], resolve },
  });
  assert.deepEqual(some.vendored, ['linux/amd64']);
  assert.equal(some.imageManifest.annotations?.[ANNOTATION.vendored], 'linux/amd64');
  assert.deepEqual(
    some.manifest.assets?.map((asset) => asset.size),
    [5, undefined],
  );
  assert.deepEqual(some.blobs[2]!.descriptor, {
    mediaType: MEDIA.asset,
    digest: digestOf('linux'),
    size: 5,
    annotations: { [ANNOTATION.asset]: 'tool', [ANNOTATION.platform]: 'linux/amd64' },
  });
  const all = await packExtension(dir, { provVersion, vendorAssets: { resolve } });
  assert.deepEqual(all.vendored, ['darwin/arm64', 'linux/amd64']);
  assert.equal(all.blobs.length, 4);
  const store = createMemoryStore();
  assert.equal((await pushPacked(store, all)).copied, 5);
  assert.equal((await pushPacked(store, all)).copied, 0);
  await assert.rejects(pushPacked(store, some), { code: 'OCI_TAG_CONFLICT' });
  await Promise.all([some.close(), all.close()]);
});

test('an asset with other bytes than the manifest says is refused', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    ...REDIS_TREE,
    'manifest.yaml': REDIS_TREE['manifest.yaml'] + ASSETS,
  });
  const path = join(writeTree(temporaryDirectory(t), { asset: 'tampered' }), 'asset');
  await assert.rejects(
    packExtension(dir, { provVersion, vendorAssets: { resolve: async () => ({ path }) } }),
    { code: 'OCI_ASSET_MISMATCH' },
  );
});

test('an asset that is not where the resolver says is an unreadable file, not a bug', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    ...REDIS_TREE,
    'manifest.yaml': REDIS_TREE['manifest.yaml'] + ASSETS,
  });
  const vendorAssets = { resolve: async () => ({ path: join(dir, 'nowhere') }) };
  await assert.rejects(packExtension(dir, { provVersion, vendorAssets }), { code: 'BASE_FILE_MISSING' });
});

test('a file that grows or goes away while it is packed is found', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    ...REDIS_TREE,
    'manifest.yaml': REDIS_TREE['manifest.yaml'] + ASSETS.replace(/.*darwin.*\n/, ''),
  });
  const asset = join(writeTree(temporaryDirectory(t), { asset: 'linux' }), 'asset');
  const packWhile = (change: () => void) => {
    const resolve = async () => {
      change();
      return { path: asset };
    };
    return packExtension(dir, { provVersion, vendorAssets: { resolve } });
  };
  const readme = join(dir, 'docs/README.md');
  await assert.rejects(
    packWhile(() => writeFileSync(readme, 'longer than before')),
    { code: 'OCI_PACK_FILE_CHANGED' },
  );
  await assert.rejects(
    packWhile(() => rmSync(readme)),
    { code: 'BASE_FILE_MISSING' },
  );
});
