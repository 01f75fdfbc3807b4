import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { expectBothForms, expectFailure } from '../support/failures.js';
import { snapshot } from '../support/files.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

async function setUp(t: TestContext) {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const dir = writeExtension(sandbox.work, { name: 'tool', files: { 'data.bin': Buffer.alloc(100_000, 1) } });
  await provData(['ext', 'push', dir, ...at], sandbox.options);
  return { ...sandbox, registry, at, dir, reference: `${registry.host}/team/tool:1.0.0` };
}

test('a file where the directory of an extension is expected is called one', async (t) => {
  const { work, options, at } = await setUp(t);
  writeFileSync(join(work, 'tool.tar.gz'), 'packed');
  const expected = {
    code: 'OCI_PACK_NOT_DIRECTORY',
    exit: 3,
    message: /tool\.tar\.gz is a file, not the directory of an extension$/,
    hint: /inspect-artifact/,
  };
  await expectBothForms(['ext', 'pack', 'tool.tar.gz'], expected, options);
  await expectFailure(['ext', 'package', 'tool.tar.gz'], expected, options);
  const published = { code: 'MANAGER_EXTENSION_INVALID', exit: 3, message: /tool\.tar\.gz is a file/ };
  await expectFailure(['ext', 'publish', 'tool.tar.gz', '--no-sign', ...at], published, options);
});

test('a place that cannot be written says why, and what is there stays', async (t) => {
  const { work, options, dir, reference } = await setUp(t);
  writeFileSync(join(work, 'file'), 'mine');
  mkdirSync(join(work, 'taken.tar.gz'));
  const before = snapshot(work);
  const unwritable = { code: 'BASE_FILE_UNWRITABLE', exit: 1 };
  const isFile = { ...unwritable, hint: /^A part of that path is a file/ };
  await expectBothForms(
    ['ext', 'package', dir, '--output', 'taken.tar.gz'],
    { ...unwritable, hint: /^There is a directory of that name/ },
    options,
  );
  await expectFailure(['ext', 'pack', dir, '--output', 'file/layout'], isFile, options);
  await expectFailure(['ext', 'export', reference, '--output', 'file/layout'], isFile, options);
  await expectFailure(['ext', 'copy', reference, 'oci-layout:file/layout#team/tool:1.0.0'], isFile, options);
  await expectFailure(
    ['ext', 'import', 'nowhere', '--registry', 'localhost:1'],
    { code: 'OCI_LAYOUT_INVALID', exit: 1, message: /no such directory$/, hint: /^Check the path\.$/ },
    options,
  );
  assert.deepEqual(snapshot(work), before);
});

test('a layout that a failed command made and put nothing into is gone with it', async (t) => {
  const { work, options, reference, registry, assertNothingHalfDone } = await setUp(t);
  const before = readdirSync(work);
  const to = 'oci-layout:new#team/tool:1.0.0';
  const missing = { code: 'OCI_REFERENCE_NOT_FOUND', exit: 5 };
  await expectFailure(['ext', 'copy', reference.replace('1.0.0', '2.0.0'), to], missing, options);
  registry.fault({ times: 99, does: { hang: true } });
  const stopped = await prov(['ext', 'copy', reference, to], {
    ...options,
    onStart: async (child) => {
      const asked = registry.seen.length;
      while (registry.seen.length === asked) await sleep(20);
      child.kill('SIGINT');
    },
  });
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.deepEqual(readdirSync(work), before);
  registry.clearFaults();
  mkdirSync(join(work, 'new'));
  await expectFailure(['ext', 'copy', reference.replace('1.0.0', '2.0.0'), to], missing, options);
  await provData(['ext', 'copy', reference, to], options);
  assert.ok(existsSync(join(work, 'new/oci-layout')));
  await assertNothingHalfDone();
});

test('a home that cannot be written does not stop a pull; nothing is kept', async (t) => {
  const { work, options, dir, reference } = await setUp(t);
  const home = join(work, 'home');
  writeFileSync(home, 'a file');
  const env = { ...options.env, PROVISIONING_HOME: home };
  const result = await prov(['ext', 'pull', reference, '--destination', 'got', '--out', 'json'], {
    ...options,
    env,
  });
  assert.equal(result.code, 0, result.stdout);
  mkdirSync(join(work, 'other'));
  mkdirSync(join(work, 'other/trust-policy.yaml'));
  await expectFailure(
    ['ext', 'pull', reference, '--destination', 'more'],
    { code: 'BASE_FILE_UNREADABLE', exit: 1, message: /trust-policy\.yaml/ },
    { ...options, env: { ...options.env, PROVISIONING_HOME: join(work, 'other') } },
  );
  assert.match(result.stderr, /not kept on this machine/);
  assert.ok((result.json.data as { fetched: number }).fetched > 0);
  assert.deepEqual(snapshot(join(work, 'got')), snapshot(dir));
});
