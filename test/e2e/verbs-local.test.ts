import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rawTarGzip } from '../../oci/testing/raw-tar.js';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { expectFailure } from '../support/failures.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const REDIS = {
  name: 'redis',
  version: '7.2.0',
  manifest: {
    author: 'A team',
    license: 'MIT',
    dependencies: { os: '>=1.0.0' },
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  files: { 'scripts/install.sh': '#!/bin/sh\n', 'README.md': '# redis\n' },
};

test('package writes NAME-VERSION.tar.gz, the very layer of the artifact; inspect-artifact looks into it', async (t) => {
  const { work, options, assertNothingHalfDone } = createSandbox(t);
  const dir = writeExtension(work, REDIS);
  const packed = await provData<{ digest: string; output: string }>(['oci', 'package', dir], options);
  assert.equal(packed.output, join(work, 'redis-7.2.0.tar.gz'));
  const archive = sha256(readFileSync(packed.output));

  const listed = await provData<{ digest: string; findings: string[]; archives: { title: string }[] }>(
    ['oci', 'inspect-artifact', 'redis-7.2.0.tar.gz'],
    options,
  );
  assert.deepEqual([listed.digest, listed.findings, listed.archives[0]!.title], [archive, [], 'redis']);
  const text = await prov(['oci', 'inspect-artifact', 'redis-7.2.0.tar.gz'], options);
  assert.match(text.stdout, /^ {2}0755 +10 {2}redis\/scripts\/install\.sh$/m);
  assert.match(text.stdout, /✓ nothing in it would be refused/);

  for (const output of ['layout', 'redis.tar']) {
    const stored = await provData<{ digest: string }>(['ext', 'pack', dir, '--output', output], options);
    assert.equal(stored.digest, packed.digest);
    const inside = await provData<{ digest: string; layers: { digest: string }[] }>(
      ['ext', 'inspect-artifact', output],
      options,
    );
    assert.equal(inside.digest, packed.digest);
    assert.ok(inside.layers.some(({ digest }) => digest === archive));
  }
  await assertNothingHalfDone();
});

test('inspect-artifact names what is hostile, exits with 6 and writes nothing', async (t) => {
  const { work, options, assertNothingHalfDone } = createSandbox(t);
  writeFileSync(
    join(work, 'evil.tar.gz'),
    rawTarGzip([
      { path: 'redis/', type: '5' },
      { path: 'redis/../../etc/cron.d/x', content: 'x' },
      { path: 'redis/link', type: '2', link: '/etc/passwd' },
    ]),
  );
  const before = readdirSync(work);
  const result = await prov(['ext', 'inspect-artifact', 'evil.tar.gz', '--out', 'json'], options);
  assert.equal(result.code, 6);
  const { findings } = result.json.data as { findings: string[] };
  assert.match(findings.join('\n'), /redis\/\.\.\/\.\.\/etc\/cron\.d\/x: the path has \.\./);
  assert.match(findings.join('\n'), /redis\/link: it is a symbolic link/);
  const text = await prov(['ext', 'inspect-artifact', 'evil.tar.gz'], options);
  assert.match(text.stdout, /redis\/link -> \/etc\/passwd/);
  await expectFailure(['ext', 'validate', 'evil.tar.gz'], { code: 'OCI_UNPACK_REFUSED', exit: 6 }, options);
  assert.deepEqual(readdirSync(work), before);
  await assertNothingHalfDone();

  writeFileSync(join(work, 'note.txt'), 'no package at all');
  mkdirSync(join(work, 'empty'));
  const unknown = { code: 'MANAGER_PACKAGE_FORM_UNKNOWN', exit: 2, message: /note\.txt|empty/ };
  await expectFailure(['ext', 'inspect-artifact', 'note.txt'], unknown, options);
  await expectFailure(['ext', 'inspect-artifact', 'empty'], unknown, options);
  await expectFailure(['ext', 'validate', 'note.txt'], unknown, options);
});

test('validate takes a directory, an archive, a layout, a tar and a reference, with the same findings', async (t) => {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const { work, options, assertNothingHalfDone } = createSandbox(t);
  const dir = writeExtension(work, { ...REDIS, files: { 'scripts/install.sh': '#!/bin/sh\n' } });
  await provData(['oci', 'package', dir], options);
  for (const output of ['layout', 'redis.tar'])
    await provData(['ext', 'pack', dir, '--output', output], options);
  await provData(['ext', 'push', dir, '--registry', registry.host, '--namespace', 'team'], options);
  const forms = [dir, 'redis-7.2.0.tar.gz', 'layout', 'redis.tar', `${registry.host}/team/redis:7.2.0`];
  for (const form of forms) {
    const result = await provData<{ valid: boolean; findings: { details: { reason: string } }[] }>(
      ['oci', 'package', 'validate', form],
      options,
    );
    assert.deepEqual(
      [result.valid, result.findings.map(({ details }) => details.reason)],
      [true, ['there is no README.md']],
      form,
    );
  }
  const text = await prov(['ext', 'validate', dir], options);
  assert.match(text.stdout, /^✓ .* is valid\nWarnings:\n {2}OCI_EXTENSION_INVALID: .*README\.md/);
  writeFileSync(join(dir, 'manifest.yaml'), 'schema: 1\n');
  const wrong = await prov(['ext', 'validate', dir], options);
  assert.equal(wrong.code, 3);
  assert.match(wrong.stdout, /^✗ .* has \d errors\nErrors:\n/);
  await assertNothingHalfDone();
});

test('inspect prints the manifest of the source documents as YAML; --manifest, --config and --raw the rest', async (t) => {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const { work, options } = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  await provData(['ext', 'push', writeExtension(work, REDIS), ...at], options);
  const yaml = await prov(['oci', 'inspect', 'redis:7.2.0', ...at], options);
  assert.ok(
    yaml.stdout.startsWith(
      [
        'name: redis',
        'type: taskserv',
        'version: 7.2.0',
        'description: The redis of a test.',
        'author: A team',
        'license: MIT',
        'dependencies:',
        '  os: ">=1.0.0"',
        'platforms:',
        '  - linux/amd64',
        '  - linux/arm64',
        `reference: ${registry.host}/team/redis:7.2.0@sha256:`,
      ].join('\n'),
    ),
    yaml.stdout,
  );
  const json = await provData<{ digest: string; signatures: number; type: string }>(
    ['oci', 'inspect', 'redis:7.2.0', ...at, '--format', 'json'].slice(0, -2),
    options,
  );
  assert.deepEqual([json.type, json.signatures], ['taskserv', 0]);
  const raw = await prov(['ext', 'inspect', 'redis:7.2.0', ...at, '--raw'], options);
  assert.equal(sha256(Buffer.from(raw.stdout)), json.digest);
  const config = await prov(['ext', 'inspect', 'redis:7.2.0', ...at, '--config', '--raw'], options);
  const manifest = await provData<{ manifest: { config: { digest: string } } }>(
    ['ext', 'inspect', 'redis:7.2.0', ...at, '--manifest'],
    options,
  );
  assert.equal(sha256(Buffer.from(config.stdout)), manifest.manifest.config.digest);
  await expectFailure(
    ['ext', 'inspect', 'redis:7.2.0', ...at, '--manifest', '--config'],
    { code: 'CLI_OPTION_CONFLICT', exit: 2 },
    options,
  );
});

test('push PATH NAME VERSION goes on only when both agree with the manifest, and says which does not', async (t) => {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const { work, options } = createSandbox(t);
  const dir = writeExtension(work, REDIS);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const wrong = { code: 'MANAGER_VERSION_DISAGREES', exit: 2 };
  await expectFailure(
    ['oci', 'push', dir, 'reds', '7.2.0', ...at],
    { ...wrong, message: /the name reds .* manifest says redis/ },
    options,
  );
  await expectFailure(
    ['oci', 'push', dir, 'redis', '7.2.1', ...at],
    { ...wrong, message: /the version 7\.2\.1 .* manifest says 7\.2\.0/ },
    options,
  );
  assert.equal(registry.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length, 0);
  const pushed = await provData<{ pushed: boolean }>(['oci', 'push', dir, 'redis', '7.2.0', ...at], options);
  assert.equal(pushed.pushed, true);
});
