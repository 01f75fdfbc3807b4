import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { digestHex, digestOf } from '#base';
import { type ManagerContext, withAssetCache } from '#manager';
import { bytesSource, createRemoteRegistry } from '#oci';
import { type Asset, MEDIA } from '#schemas';
import { listFiles } from '../support/files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { openSite } from './site.js';

const BYTES = Buffer.from('the bytes of the asset');
const asset = (source: string, more: Partial<Asset> = {}): Asset => ({
  name: 'tool',
  source,
  sha256: digestHex(digestOf(BYTES)),
  size: BYTES.length,
  ...more,
});
function place(t: Parameters<typeof temporaryDirectory>[0]) {
  const folder = temporaryDirectory(t);
  const home = join(folder, 'home');
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: folder, PROVISIONING_HOME: home };
  const context: ManagerContext = { provVersion: '0.1.0', env, cwd: folder };
  const dir = join(folder, 'extension');
  mkdirSync(dir);
  writeFileSync(join(dir, 'tool'), BYTES);
  const fetchOne = (one: Asset) => withAssetCache(context, (path) => path(one, dir));
  /** Files of the cache that hold content; an asset that was refused must leave none. */
  const cached = () => listFiles(home).filter((path) => path.includes('content'));
  return { folder, env, context, dir, fetchOne, cached };
}

test('a file inside the extension, or at an absolute path, is checked and cached', async (t) => {
  const { dir, fetchOne } = place(t);
  for (const source of ['file:tool', 'file:./tool', `file:${join(dir, 'tool')}`]) {
    const { path } = await fetchOne(asset(source));
    assert.deepEqual(readFileSync(path), BYTES);
    assert.notEqual(path, join(dir, 'tool'));
  }
});

test('what is cached is not fetched again', async (t) => {
  const { context, fetchOne } = place(t);
  const first = await fetchOne(asset('file:tool'));
  const events: unknown[] = [];
  const again = await withAssetCache({ ...context, onEvent: (event) => events.push(event) }, (path) =>
    path(asset('file:gone'), '/nowhere'),
  );
  assert.deepEqual([again, events], [first, []]);
});

test('another sha256 or size is refused and nothing of it is kept', async (t) => {
  const { fetchOne, cached } = place(t);
  const mismatch = { code: 'MANAGER_ASSET_MISMATCH' };
  await assert.rejects(fetchOne(asset('file:tool', { sha256: '0'.repeat(64) })), {
    ...mismatch,
    message: new RegExp(`tool from file:tool .* digest ${digestOf(BYTES)} instead of sha256:0000`),
  });
  await assert.rejects(fetchOne(asset('file:tool', { size: 1 })), {
    ...mismatch,
    message: new RegExp(`size ${BYTES.length} instead of 1`),
  });
  assert.deepEqual(cached(), []);
});

test('a path that leaves the extension, and a file that is not there, are refused', async (t) => {
  const { fetchOne, cached } = place(t);
  for (const source of ['file:../tool', 'file:a/../../tool', 'file:.'])
    await assert.rejects(
      fetchOne(asset(source)),
      { code: 'MANAGER_ASSET_UNAVAILABLE', message: /leaves the extension/ },
      source,
    );
  await assert.rejects(fetchOne(asset('file:none')), {
    code: 'MANAGER_ASSET_UNAVAILABLE',
    message: /there is no such file/,
  });
  assert.deepEqual(cached(), []);
});

/** Puts a program called npm first on the PATH. */
function fakeNpm(folder: string, env: NodeJS.ProcessEnv, script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'npm'), 0o755);
  env['PATH'] = `${bin}${delimiter}${env['PATH']}`;
}

test('an npm package comes as the tarball that npm packs, without running its scripts', async (t) => {
  const { folder, env, dir, fetchOne } = place(t);
  fakeNpm(folder, env, `echo "$@" > ${folder}/args; cp ${dir}/tool ./tool-1.0.0.tgz`);
  const { path } = await fetchOne(asset('npm:@scope/tool@1.0.0'));
  assert.deepEqual(readFileSync(path), BYTES);
  assert.match(
    readFileSync(join(folder, 'args'), 'utf8'),
    /^pack (?=.*@scope\/tool@1\.0\.0)(?=.*--ignore-scripts)/,
  );
});

test('an npm that fails, writes nothing, writes something else or is missing is told apart', async (t) => {
  const unavailable = (message: RegExp) => ({ code: 'MANAGER_ASSET_UNAVAILABLE', message });
  const cases: [string, object][] = [
    ['echo "npm error 404 Not Found" >&2; exit 1', unavailable(/404 Not Found/)],
    ['exit 3', unavailable(/npm pack ended with 3/)],
    ['exit 0', unavailable(/wrote no file/)],
    ['echo other > ./tool-1.0.0.tgz', { code: 'MANAGER_ASSET_MISMATCH' }],
  ];
  for (const [script, expected] of cases) {
    const { folder, env, fetchOne, cached } = place(t);
    fakeNpm(folder, env, script);
    await assert.rejects(fetchOne(asset('npm:tool@1.0.0')), expected, script);
    assert.deepEqual(cached(), []);
  }
  const { folder, env, fetchOne } = place(t);
  env['PATH'] = folder;
  await assert.rejects(fetchOne(asset('npm:tool@1.0.0')), unavailable(/npm is not on the PATH/));
});

test('a layer of an artifact on a registry is taken by its digest', async (t) => {
  const site = await openSite(t);
  const client = createRemoteRegistry({ registry: site.registry, env: site.context.env, userAgent: 'test' });
  t.after(() => client.close());
  const store = client.repository('team/tools');
  const describe = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const config = Buffer.from('{}');
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      artifactType: 'application/x-tool',
      config: describe(config, MEDIA.ociEmpty),
      layers: [describe(BYTES, MEDIA.octetStream)],
    }),
  );
  const descriptor = describe(manifest, MEDIA.ociManifest);
  await store.push(describe(config, MEDIA.ociEmpty), bytesSource(config));
  await store.push(describe(BYTES, MEDIA.octetStream), bytesSource(BYTES));
  await store.push(descriptor, bytesSource(manifest));
  await store.tag(descriptor, 'latest');
  const fetchOne = (one: Asset) => withAssetCache(site.context, (path) => path(one, site.folder));
  const source = `oci://${site.registry}/team/tools:latest`;
  await assert.rejects(fetchOne(asset(source, { sha256: '1'.repeat(64) })), {
    code: 'MANAGER_ASSET_UNAVAILABLE',
    message: /no layer of it has the promised sha256/,
  });
  const { path } = await fetchOne(asset(source));
  assert.deepEqual(readFileSync(path), BYTES);
  assert.ok(existsSync(path));
});
