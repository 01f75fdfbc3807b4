import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { assertFailure, expectFailure } from '../support/failures.js';
import { listFiles, snapshot, unfinished } from '../support/files.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

interface Pulled {
  digest: string;
  written: boolean;
  unchanged: boolean;
  fetched: number;
  requests: Record<string, number>;
  plan?: { requests: { method: string; path: string; bytes: number }[]; fetched: number };
}

async function setUp(t: TestContext, bytes = 300_000) {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const dir = writeExtension(sandbox.work, {
    name: 'redis',
    version: '7.2.0',
    files: { 'data.bin': randomBytes(bytes), 'scripts/install.sh': '#!/bin/sh\n' },
  });
  const { digest } = await provData<{ digest: string }>(['ext', 'push', dir, ...at], sandbox.options);
  const pull = (...args: string[]) => ['oci', 'pull', 'redis:7.2.0', ...at, ...args];
  return { ...sandbox, registry, at, dir, digest, pull };
}

test('what is on this machine is not fetched again: no request for a digest, no content for a tag', async (t) => {
  const { registry, options, digest, pull, dir, work, at, env, assertNothingHalfDone } = await setUp(t);
  const dry = await provData<Pulled>(pull('--dry-run'), options);
  assert.equal(existsSync(join(work, 'redis')), false);
  registry.seen.length = 0;
  rmSync(join(env['PROVISIONING_HOME']!, 'oci-cache'), { recursive: true });
  const first = await provData<Pulled>(pull(), options);
  assert.deepEqual(
    registry.seen.map(({ method, url }) => `${method} ${url.replace(/\?.*/, '')}`),
    dry.plan!.requests.map(({ method, path }) => `${method} ${path}`),
    'a dry run names the requests of a pull',
  );
  assert.deepEqual([first.written, first.fetched], [true, dry.fetched]);
  assert.equal(dry.plan!.fetched, dry.fetched);
  assert.deepEqual(snapshot(join(work, 'redis')), snapshot(dir));

  registry.seen.length = 0;
  const same = await provData<Pulled>(pull(), options);
  assert.deepEqual([same.written, same.unchanged, same.fetched], [false, true, 0]);
  assert.deepEqual(
    [registry.count('GET', /\/blobs\//), registry.count('GET', /\/manifests\/sha256:/)],
    [0, 0],
  );
  const other = await provData<Pulled>(pull('--destination', 'other'), options);
  assert.deepEqual([other.written, other.fetched], [true, 0]);
  assert.equal(registry.count('HEAD', /\/manifests\/7\.2\.0$/), 2);
  assert.equal(registry.count('GET', /\/blobs\//), 0);

  registry.seen.length = 0;
  const pinned = ['ext', 'pull', `redis@${digest}`, ...at, '--destination', 'pinned'];
  const offline = await provData<Pulled>(pinned, options);
  assert.deepEqual([offline.written, offline.requests, registry.seen], [true, {}, []]);
  assert.deepEqual(snapshot(join(work, 'pinned')), snapshot(dir));
  await assertNothingHalfDone();
});

test('a damaged cache is noticed and filled again', async (t) => {
  const { options, pull, dir, env, work, assertNothingHalfDone } = await setUp(t);
  await provData(pull(), options);
  const blobs = join(env['PROVISIONING_HOME']!, 'oci-cache/blobs/sha256');
  for (const name of readdirSync(blobs)) {
    const path = join(blobs, name);
    const bytes = readFileSync(path);
    if (bytes.length < 100_000) continue;
    bytes[5000]! ^= 1;
    renameSync(path, `${path}.old`);
    writeFileSync(path, bytes);
  }
  await provData(pull('--destination', 'again'), options);
  assert.deepEqual(snapshot(join(work, 'again')), snapshot(dir));
  await assertNothingHalfDone();
});

test('something else at the destination is refused; --force replaces it, or leaves it when the pull fails', async (t) => {
  const { registry, options, pull, dir, work, assertNothingHalfDone } = await setUp(t);
  mkdirSync(join(work, 'redis'));
  writeFileSync(join(work, 'redis', 'mine.txt'), 'mine');
  const refused = { code: 'OCI_UNPACK_TARGET_EXISTS', exit: 11, hint: /--force/ };
  await expectFailure(pull(), refused, options);
  await expectFailure(pull('--dry-run'), refused, options);
  const before = snapshot(join(work, 'redis'));
  registry.fault({
    method: 'GET',
    path: /\/blobs\//,
    times: 50,
    does: {
      change: (planned) => {
        planned.body = Buffer.from(planned.body.map((byte) => byte ^ 1));
      },
    },
  });
  await expectFailure(pull('--force'), { code: 'OCI_DIGEST_MISMATCH', exit: 6 }, options);
  assert.deepEqual(snapshot(join(work, 'redis')), before);
  registry.clearFaults();
  await provData(pull('--force'), options);
  assert.deepEqual(snapshot(join(work, 'redis')), snapshot(dir));

  writeFileSync(join(work, 'redis', 'README.md'), 'edited');
  await expectFailure(pull(), refused, options);
  writeFileSync(join(work, 'file'), 'a file');
  await expectFailure(pull('--destination', 'file'), refused, options);
  await assertNothingHalfDone();
});

test('a destination that may not be written is a matter of permission', async (t) => {
  const { options, pull, work, assertNothingHalfDone } = await setUp(t);
  writeFileSync(join(work, 'file'), '');
  const below = { code: 'BASE_FILE_UNWRITABLE', exit: 1, message: /ENOTDIR|EEXIST/ };
  await expectFailure(pull('--destination', 'file/redis'), below, options);
  if (existsSync('/proc/version') && process.getuid?.() === 0) {
    const denied = { code: 'BASE_FILE_UNWRITABLE', exit: 1, message: /\/proc/ };
    const result = await prov([...pull('--destination', '/proc/redis'), '--out', 'json'], options);
    assert.equal(result.json.error?.code, denied.code, result.stdout);
  }
  await assertNothingHalfDone();
});

test('a pull that is killed leaves a staging directory, and the next one uses what came and clears up', async (t) => {
  const bytes = 24 * 1024 * 1024;
  const { registry, options, pull, dir, work, root, assertNothingHalfDone } = await setUp(t, bytes);
  const half = 12 * 1024 * 1024;
  registry.fault({ method: 'GET', path: /\/blobs\//, after: 1, does: { stallAfter: half } });
  const running = prov(pull(), {
    ...options,
    onStart: async (child) => {
      const partial = join(root, 'home/.provisioning/oci-cache/partial');
      const arrived = () =>
        existsSync(partial)
          ? readdirSync(partial).reduce((sum, name) => sum + statSync(join(partial, name)).size, 0)
          : 0;
      while (arrived() < half - 2 * 1024 * 1024) await sleep(20);
      child.kill('SIGKILL');
    },
  });
  assert.equal((await running).signal, 'SIGKILL');
  assert.deepEqual(listFiles(join(work, 'redis')), []);
  registry.seen.length = 0;
  await provData(pull(), options);
  const [again] = registry.seen.filter(({ method, url }) => method === 'GET' && /\/blobs\//.test(url));
  const from = Number(/^bytes=(\d+)-/.exec(String(again!.headers['range']))?.[1]);
  assert.ok(from > half - 3 * 1024 * 1024, `it goes on at ${from}`);
  assert.deepEqual(snapshot(join(work, 'redis')), snapshot(dir));
  await assertNothingHalfDone();
});

test('a destination that a dead pull had moved aside comes back', async (t) => {
  const { registry, options, pull, work, assertNothingHalfDone } = await setUp(t);
  const aside = join(work, '.redis.prov-pull-staging.999999999.30.abcd.tmp');
  mkdirSync(join(aside, 'old'), { recursive: true });
  writeFileSync(join(aside, 'old', 'mine.txt'), 'mine');
  registry.fault({ method: 'GET', path: /\/manifests\//, times: 50, does: { answer: { status: 404 } } });
  await expectFailure(pull('--force'), { code: 'OCI_CONTENT_MISSING', exit: 5 }, options);
  registry.clearFaults();
  await expectFailure(pull(), { code: 'OCI_UNPACK_TARGET_EXISTS', exit: 11 }, options);
  assert.deepEqual(listFiles(join(work, 'redis')), ['mine.txt']);
  assert.equal(existsSync(aside), false);
  await assertNothingHalfDone();
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} in the middle of a pull leaves the destination as it was`, async (t) => {
    const { registry, options, pull, work } = await setUp(t);
    registry.fault({ method: 'GET', path: /\/blobs\//, after: 1, does: { stallAfter: 1000 } });
    const running = prov([...pull(), '--out', 'json'], {
      ...options,
      onStart: async (child) => {
        while (registry.count('GET', /\/blobs\//) < 2) await sleep(20);
        child.kill(signal);
      },
    });
    const [code, exit] = signal === 'SIGINT' ? ['BASE_INTERRUPTED', 130] : ['BASE_TERMINATED', 143];
    assertFailure(await running, { code: String(code), exit: Number(exit) });
    assert.equal(existsSync(join(work, 'redis')), false);
    assert.deepEqual(unfinished(work), []);
    await provData(pull(), options);
  });
}

test('--any restores the files of another artifact by their titles, and refuses titles that lead elsewhere', async (t) => {
  const { registry, options, at, work, assertNothingHalfDone } = await setUp(t);
  mkdirSync(join(work, 'docs/guide'), { recursive: true });
  writeFileSync(join(work, 'docs/guide/a.md'), '# a');
  writeFileSync(join(work, 'scan.txt'), 'nothing found');
  const attached = await provData<{ digest: string }>(
    ['ext', 'attach', 'redis:7.2.0', 'scan.txt', 'docs', '--artifact-type', 'a/b', ...at],
    options,
  );
  const pull = (...args: string[]) => ['oci', 'pull', `redis@${attached.digest}`, ...at, ...args];
  await expectFailure(pull(), { code: 'OCI_ARTIFACT_NOT_EXTENSION', exit: 1, hint: /--any/ }, options);
  await provData(pull('--any', '--destination', 'got'), options);
  assert.deepEqual(listFiles(join(work, 'got')), ['docs/guide/a.md', 'scan.txt']);
  assert.equal(readFileSync(join(work, 'got/scan.txt'), 'utf8'), 'nothing found');
  await expectFailure(
    pull('--any', '--destination', 'got'),
    { code: 'OCI_UNPACK_TARGET_EXISTS', exit: 11 },
    options,
  );
  await provData(pull('--any', '--destination', 'got', '--force'), options);

  const { manifests } = registry.model.repository('team/redis');
  const stored = manifests.get(attached.digest)!;
  const put = async (tag: string, text: string) => {
    const answer = await fetch(`${registry.origin}/v2/team/redis/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: text,
    });
    assert.ok(answer.ok, String(answer.status));
  };
  const text = stored.bytes.toString();
  await put('evil', text.replace('"scan.txt"', '"../scan.txt"'));
  await put('untitled', text.replaceAll('org.opencontainers.image.title', 'other'));
  const before = snapshot(work);
  await expectFailure(
    ['oci', 'pull', 'redis:evil', ...at, '--any', '--destination', 'evil'],
    { code: 'OCI_UNPACK_REFUSED', exit: 6, message: /\.\.\/scan\.txt.*has \.\./ },
    options,
  );
  await expectFailure(
    ['oci', 'pull', 'redis:untitled', ...at, '--any', '--destination', 'evil'],
    { code: 'MANAGER_NOTHING_TO_PULL', exit: 1, message: /no layer has a file name/ },
    options,
  );
  assert.deepEqual(snapshot(work), before);
  await assertNothingHalfDone();
});

test('a configured mirror serves content, and hides no revocation while the registry answers', async (t) => {
  const { registry, options, at, work, env, pull } = await setUp(t);
  const mirror = await startFaultRegistry();
  t.after(() => mirror.close());
  const [from, to] = [registry.model.repository('team/redis'), mirror.model.repository('cache/redis')];
  for (const kind of ['blobs', 'manifests', 'tags'] as const)
    for (const [key, value] of from[kind]) (to[kind] as Map<string, unknown>).set(key, value);
  const rule = `[[mirrors]]\nprefix = "${registry.host}/team"\nlocation = "${mirror.host}/cache"\ntags = "mirror"\n`;
  mkdirSync(env['PROVISIONING_HOME']!, { recursive: true });
  writeFileSync(join(env['PROVISIONING_HOME']!, 'config.toml'), rule);
  const { served } = await provData<{ served: Record<string, number> }>(pull(), options);
  assert.ok(served[mirror.host]! > 0, JSON.stringify(served));
  await provData(['ext', 'revoke', 'redis:7.2.0', '--reason', 'leaks', ...at], options);
  const other = ['--destination', join(work, 'other')];
  const revoked = { code: 'MANAGER_VERSION_REVOKED', exit: 6, message: /leaks/ };
  await expectFailure(pull(...other), revoked, options);
  await registry.close();
  const alone = await prov(pull(...other), options);
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(
    alone.stderr,
    /cannot be asked whether versions were yanked or revoked; its mirror \S+ answers/,
  );
});
