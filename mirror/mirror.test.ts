import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#base';
import { openOciLayoutTar, sideTag } from '#oci';
import { formatLock, type Lock } from '#schemas';
import { exportBundle, importBundle, inspectBundle } from './index.js';
import {
  attachAssets,
  lockOf,
  publish,
  type SampleRegistry,
  sampleRegistry,
  sign,
  temporaryDirectory,
} from './testing/sample-registry.js';

interface Shop {
  readonly registry: SampleRegistry;
  readonly lock: Lock;
  readonly directory: string;
  readonly file: string;
}

/** Two extensions and three versions, signed by one or two, one with assets beside it. */
async function shop(t: TestContext): Promise<Shop> {
  const registry = sampleRegistry();
  const redis = await publish(t, registry, {
    name: 'redis',
    files: { 'scripts/install.sh': 'x'.repeat(3000) },
    signers: ['alice', 'bob'],
  });
  const web1 = await publish(t, registry, { name: 'web', version: '1.0.0' });
  const web2 = await publish(t, registry, {
    name: 'web',
    version: '2.0.0+build.1',
    files: { 'docs/README.md': 'two' },
  });
  await attachAssets(registry.repository('prov/ext/redis'), redis.manifest!, Buffer.alloc(70_000, 7));
  const directory = temporaryDirectory(t);
  return { registry, lock: lockOf(web2, redis, web1), directory, file: join(directory, 'out.tar') };
}

const bundle = ({ registry, lock, file }: Shop) =>
  exportBundle({ lock, source: (name) => registry.repository(name), output: file });

test('a bundle brings everything to an empty registry, tags last, and is the same when made there again', async (t) => {
  const source = await shop(t);
  const result = await bundle(source);
  assert.deepEqual(result.repositories, ['prov/ext/redis', 'prov/ext/web']);
  assert.equal(digestOf(readFileSync(source.file)), result.digest);
  const target = sampleRegistry();
  const first = await importBundle({ file: source.file, target: (name) => target.repository(name) });
  assert.equal(first.extensions, 3);
  assert.ok(first.bytes > 70_000);
  const firstTag = target.writes.findIndex((each) => each.startsWith('tag '));
  assert.ok(
    target.writes.slice(firstTag).every((each) => each.startsWith('tag ')),
    'a tag was set before all content was there',
  );
  assert.deepEqual(target.writes.slice(-3), [
    'tag prov/ext/redis:1.0.0',
    'tag prov/ext/web:1.0.0',
    'tag prov/ext/web:2.0.0_build.1',
  ]);
  for (const name of source.registry.names()) {
    const [from, to] = [source.registry.repository(name), target.repository(name)];
    assert.deepEqual(await to.list(), await from.list());
    for (const tag of await from.list()) {
      const root = await from.resolve(tag);
      assert.deepEqual(await to.resolve(tag), root);
      assert.deepEqual(await to.referrers(root), await from.referrers(root));
    }
  }
  target.writes.length = 0;
  const second = await importBundle({ file: source.file, target: (name) => target.repository(name) });
  assert.deepEqual([second.copied, second.bytes, second.tagged, target.writes], [0, 0, [], []]);
  const again = await bundle({ ...source, registry: target, file: join(source.directory, 'again.tar') });
  assert.equal(again.digest, result.digest);
});

test('the same lock in another order gives the same file, with the lock inside', async (t) => {
  const source = await shop(t);
  const { digest } = await bundle(source);
  const lock = { ...source.lock, extensions: source.lock.extensions.toReversed() };
  const other = await bundle({ ...source, lock, file: join(source.directory, 'other.tar') });
  assert.equal(other.digest, digest);
  const report = await inspectBundle(source.file);
  assert.equal(formatLock(report.lock), formatLock(source.lock));
  assert.deepEqual(
    report.extensions.map(({ reference, attached }) => [reference, attached]),
    [
      ['prov/ext/redis:1.0.0', 4],
      ['prov/ext/web:1.0.0', 2],
      ['prov/ext/web:2.0.0_build.1', 2],
    ],
  );
  assert.equal(report.size, readFileSync(source.file).length);
});

test('a bundle is a plain layout: names, blobs once, referrers listed, no times', async (t) => {
  const source = await shop(t);
  await bundle(source);
  const layout = await openOciLayoutTar(source.file);
  t.after(() => layout.close());
  const names = layout.index.manifests.flatMap(
    (entry) => entry.annotations?.['org.opencontainers.image.ref.name'] ?? [],
  );
  const redis = source.lock.extensions.find(({ name }) => name === 'redis')!.manifest!.digest;
  assert.ok(names.includes('prov/ext/redis:1.0.0'));
  assert.ok(names.includes(`prov/ext/redis:${sideTag(redis, 'sig')}`));
  assert.equal(layout.index.manifests.filter((entry) => entry.artifactType?.includes('sigstore')).length, 4);
  assert.equal(
    layout.index.manifests.length,
    new Set(layout.index.manifests.map(({ digest }) => digest)).size,
  );
});

test('trust material travels beside the lock and reaches the verifier with each extension', async (t) => {
  const source = await shop(t);
  const policy = {
    name: 'trust-policy.yaml',
    mediaType: 'application/yaml',
    bytes: Buffer.from('rules: []\n'),
  };
  await exportBundle({
    lock: source.lock,
    source: (name) => source.registry.repository(name),
    output: source.file,
    trustMaterial: [policy],
  });
  const seen: string[] = [];
  const target = sampleRegistry();
  await importBundle({
    file: source.file,
    target: (name) => target.repository(name),
    async verify({ repository, tag, manifestBytes, descriptor, store, files }) {
      assert.equal(digestOf(manifestBytes), descriptor.digest);
      assert.deepEqual(
        files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]),
        [['trust-policy.yaml', 'rules: []\n']],
      );
      assert.deepEqual(target.writes, []);
      seen.push(`${repository}:${tag} ${(await store.referrers(descriptor)).length}`);
    },
  });
  assert.deepEqual(seen, ['prov/ext/redis:1.0.0 3', 'prov/ext/web:1.0.0 1', 'prov/ext/web:2.0.0_build.1 1']);
});

test('a verifier that refuses, another lock and an abort write nothing', async (t) => {
  const source = await shop(t);
  await bundle(source);
  const target = sampleRegistry();
  const options = { file: source.file, target: (name: string) => target.repository(name) };
  const refusal = new Error('not trusted');
  await assert.rejects(
    importBundle({
      ...options,
      verify: async ({ tag }) => (tag === '2.0.0_build.1' ? Promise.reject(refusal) : undefined),
    }),
    refusal,
  );
  const other = { ...source.lock, extensions: source.lock.extensions.slice(1) };
  await assert.rejects(importBundle({ ...options, expected: other }), {
    code: 'MIRROR_LOCK_DIFFERS',
    exitCode: 8,
  });
  await assert.rejects(importBundle({ ...options, signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.deepEqual(target.writes, []);
  await importBundle({ ...options, expected: source.lock });
});

test('an export that cannot be complete leaves no file', async (t) => {
  const source = await shop(t);
  const [web2, redis, web1] = source.lock.extensions;
  const { lock, registry } = source;
  const run = (changed: Lock, more = {}) =>
    exportBundle({
      lock: changed,
      source: (name) => registry.repository(name),
      output: source.file,
      ...more,
    });
  const lost = { ...redis!, signatures: { bundles: [digestOf('gone')] } };
  await assert.rejects(run(lockOf(web2!, lost)), { code: 'MIRROR_PROOF_MISSING', exitCode: 6 });
  const absent = { ...web1!, manifest: { ...web1!.manifest!, digest: digestOf('absent') } };
  await assert.rejects(run(lockOf(absent)), { code: 'OCI_CONTENT_MISSING' });
  const local = { ...web1!, source: { path: './web', tree: digestOf('tree') } };
  await assert.rejects(run(lockOf(local)), { code: 'MIRROR_SOURCE_LOCAL' });
  const twin = {
    ...web1!,
    source: { registry: 'other', repository: 'prov/ext/web' },
    manifest: web2!.manifest,
  };
  await assert.rejects(run(lockOf(web1!, twin)), { code: 'MIRROR_LOCK_AMBIGUOUS', exitCode: 11 });
  await assert.rejects(run(lock, { freeBytes: async () => 1000 }), { code: 'BASE_DISK_FULL' });
  await assert.rejects(run(lock, { output: join(source.directory, 'no', 'where.tar') }), {
    code: 'BASE_FILE_UNWRITABLE',
  });
  const failing = (name: string) => {
    const store = registry.repository(name);
    const cut = async () => Promise.reject(new Error('the line is dead'));
    return {
      ...store,
      fetch: (...[descriptor, options]: Parameters<typeof store.fetch>) =>
        descriptor.size === 70_000 ? cut() : store.fetch(descriptor, options),
    };
  };
  await assert.rejects(run(lock, { source: failing }), /the line is dead/);
  assert.deepEqual(readdirSync(source.directory), []);
});

test('an import that breaks off sets no tag, and the next one completes it', async (t) => {
  const source = await shop(t);
  await bundle(source);
  for (const after of [0, 3, 9, 15]) {
    const target = sampleRegistry();
    let left = after;
    target.beforeWrite = () => {
      left -= 1;
      if (left < 0) throw new Error('the registry is down');
    };
    await assert.rejects(
      importBundle({ file: source.file, target: (name) => target.repository(name) }),
      /registry is down/,
    );
    assert.equal(
      target.writes.some((each) => each.startsWith('tag ')),
      false,
    );
    target.beforeWrite = undefined;
    const result = await importBundle({ file: source.file, target: (name) => target.repository(name) });
    assert.equal(result.tagged.length, 7);
  }
});

test('signatures added on the far side stay; a conflict is found before the first write', async (t) => {
  const source = await shop(t);
  await bundle(source);
  const redis = source.lock.extensions.find(({ name }) => name === 'redis')!;
  const repository = 'prov/ext/redis';
  const sig = sideTag(redis.manifest!.digest, 'sig');
  const options = (target: SampleRegistry) => ({
    file: source.file,
    target: (name: string) => target.repository(name),
  });

  const more = sampleRegistry();
  await importBundle(options(more));
  await sign(more.repository(repository), redis.manifest!, ['alice', 'bob', 'carol']);
  const kept = await more.repository(repository).resolve(sig);
  more.writes.length = 0;
  assert.deepEqual((await importBundle(options(more))).tagged, []);
  assert.deepEqual(await more.repository(repository).resolve(sig), kept);

  const fewer = sampleRegistry();
  await importBundle(options(fewer));
  await sign(fewer.repository(repository), redis.manifest!, ['alice']);
  assert.deepEqual((await importBundle(options(fewer))).tagged, [`${repository}:${sig}`]);

  const others = sampleRegistry();
  await importBundle(options(others));
  await sign(others.repository(repository), redis.manifest!, ['carol']);
  others.writes.length = 0;
  await assert.rejects(importBundle(options(others)), { code: 'MIRROR_TAG_CONFLICT', exitCode: 11 });
  assert.deepEqual(others.writes, []);

  const taken = sampleRegistry();
  await publish(t, taken, { name: 'web', version: '1.0.0', files: { 'other.txt': 'other' } });
  taken.writes.length = 0;
  await assert.rejects(importBundle(options(taken)), { code: 'MIRROR_TAG_CONFLICT' });
  assert.deepEqual(taken.writes, []);
});

test('an empty lock gives a bundle that imports to nothing', async (t) => {
  const file = join(temporaryDirectory(t), 'empty.tar');
  await exportBundle({ lock: lockOf(), source: () => assert.fail('nothing to ask for'), output: file });
  assert.ok(existsSync(file));
  const result = await importBundle({ file, target: () => assert.fail('nothing to write') });
  assert.deepEqual([result.extensions, result.tagged], [0, []]);
});
