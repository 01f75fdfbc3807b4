import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../support/extensions.js';
import { assertFailure, expectFailure } from '../support/failures.js';
import { prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { createSandbox } from '../support/sandbox.js';

interface Versions {
  readonly versions: readonly { readonly version: string; readonly state: string }[];
}

test('publish, list, search, tags, info, tag, yank, revoke, undo, pull and delete, as people type them', async (t) => {
  const sandbox = createSandbox(t);
  const { options, work, root, env } = sandbox;
  const registry = await ownRegistry(t, root, env);
  const at = ['--registry', registry.host, '--namespace', 'acme'];
  await provData(['key', 'generate', '--output', join(work, 'release')], options);
  const key = ['--key', join(work, 'release.key')];
  for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) {
    const dir = writeExtension(work, {
      name: 'redis',
      version,
      files: { 'README.md': '# redis\n', 'tests/a.sh': 'exit 0\n' },
    });
    const published = await provData<{ index: { by: string }; landed: { signer?: string } }>(
      ['ext', 'publish', dir, 'redis', version, ...key, ...at],
      options,
    );
    assert.deepEqual([published.index.by, published.landed.signer === undefined], ['endpoint', false]);
  }
  const web = writeExtension(work, {
    name: 'web',
    type: 'cluster',
    manifest: { dependencies: { redis: '^1' }, description: 'A site that needs a cache.' },
  });
  await provData(['oci', 'publish', web, '--no-sign', '--tag', 'stable', ...at], options);

  const list = await prov(['oci', 'list', ...at], options);
  assert.match(list.stdout, /^NAME +REGISTRY +NAMESPACE +REFERENCE +KIND +VERSION +STATE\n/);
  assert.match(list.stdout, /redis +\S+ +acme +\S+\/acme\/redis:1\.1\.0 +taskserv +1\.1\.0 +active/);
  const found = async (...query: string[]) =>
    (
      await provData<{ extensions: { name: string }[] }>(
        ['oci', 'search', ...query, ...at.slice(0, 2)],
        options,
      )
    ).extensions.map(({ name }) => name);
  assert.deepEqual(await found('cache'), ['web']);
  assert.deepEqual(await found('re*'), ['redis']);
  assert.deepEqual(await found('nothing'), []);

  const tags = await prov(['oci', 'tags', 'redis', ...at], options);
  assert.match(tags.stdout, /^ARTIFACT +VERSION +REFERENCE +STATE +PUBLISHED\n/);
  const versions = async () =>
    (await provData<Versions>(['ext', 'tags', 'redis', ...at], options)).versions.map(
      ({ version, state }) => `${version} ${state}`,
    );
  assert.deepEqual(await versions(), ['2.0.0-rc.1 active', '1.1.0 active', '1.0.0 active']);
  await provData(['ext', 'tag', 'redis:1.1.0', 'stable', ...at], options);
  await expectFailure(
    ['ext', 'tag', 'redis:1.1.0', '3.0.0', ...at],
    { code: 'MANAGER_CONTENT_MISNAMED', exit: 6 },
    options,
  );
  const versionTag = { code: 'SCHEMAS_NAME_INVALID', exit: 3 };
  await expectFailure(['ext', 'untag', 'redis:1.1.0', ...at], versionTag, options);
  const moved = await prov(['ext', 'tags', 'redis', ...at], options);
  assert.match(moved.stderr, /1 tag is no version \(stable\): --all shows it/);
  await provData(['ext', 'untag', 'redis:stable', ...at], options);

  await expectFailure(['ext', 'yank', 'redis:1.0.0', ...at], { code: 'CLI_USAGE', exit: 2 }, options);
  const why = ['--reason', 'loses data', '--replacement', 'redis@^1.1'];
  await provData(['ext', 'yank', 'redis:1.0.0', ...why, ...key, ...at], options);
  await provData(['ext', 'revoke', 'redis:1.1.0', '--reason', 'leaks', ...key, ...at], options);
  assert.deepEqual(await versions(), ['2.0.0-rc.1 active', '1.1.0 revoked', '1.0.0 yanked']);
  const info = await prov(['ext', 'info', 'redis:1.0.0', ...at], options);
  assert.match(info.stdout, /state +yanked: loses data: take redis@\^1\.1/);
  const pulled = await prov(['ext', 'pull', 'redis:1.0.0', ...at], options);
  assert.equal(pulled.code, 0, pulled.stderr);
  assert.match(pulled.stderr, /is yanked: loses data; take redis@\^1\.1 instead/);
  const inspected = await prov(['ext', 'inspect', 'redis:1.0.0', ...at], options);
  assert.match(inspected.stdout, /^state: yanked\nreason: loses data\nreplacement: redis@\^1\.1$/m);
  const skipped = await prov(
    ['ext', 'pull', 'redis@^1', '--destination', join(work, 'none'), ...at, '--out', 'json'],
    options,
  );
  const none = assertFailure(skipped, {
    code: 'OCI_REFERENCE_NOT_FOUND',
    exit: 5,
    hint: /All versions in that range are yanked or revoked/,
  });
  assert.match(none.hint, /1\.1\.0/);
  await provData(['ext', 'pull', 'redis@1.0.0', '--destination', join(work, 'pinned'), ...at], options);
  const other = ['--destination', join(work, 'revoked'), ...at];
  await expectFailure(
    ['ext', 'pull', 'redis:1.1.0', ...other],
    { code: 'MANAGER_VERSION_REVOKED', exit: 6, message: /leaks/ },
    options,
  );
  await provData(['ext', 'pull', 'redis:1.1.0', '--allow-revoked', ...other], options);
  await expectFailure(
    ['ext', 'revoke', 'redis:1.1.0', '--undo', ...at],
    { code: 'MANAGER_STATUS_NO_EFFECT', exit: 6 },
    options,
  );
  await provData(['ext', 'revoke', 'redis:1.1.0', '--undo', ...key, ...at], options);
  assert.deepEqual(await versions(), ['2.0.0-rc.1 active', '1.1.0 active', '1.0.0 yanked']);
  const yanked = await provData<{ state: string }>(
    ['ext', 'inspect', 'redis@>=1.0.0 <1.1.0', ...at],
    options,
  );
  assert.equal(yanked.state, 'yanked', 'who looks may see it');
  const below = await prov(['ext', 'pull', 'redis@>=1.0.0 <1.1.0', '--destination', 'below', ...at], options);
  assert.equal(below.code, 5, below.stderr);

  await expectFailure(['ext', 'delete', 'redis:1.1.0', ...at], { code: 'CLI_USAGE', exit: 2 }, options);
  const planned = await provData<{ dependents: string[]; deleted: string[] }>(
    ['ext', 'delete', 'redis:1.1.0', '--dry-run', ...at],
    options,
  );
  assert.deepEqual([planned.dependents, planned.deleted], [['acme/web:1.0.0'], []]);
  await provData(['oci', 'delete', 'redis:1.1.0', '--force', ...at], options);
  const gone = await provData<{ what: string }>(['oci', 'delete', 'redis:1.1.0', '--force', ...at], options);
  assert.equal(gone.what, 'nothing');
  const all = await provData<{ deleted: string[]; referrers: string[] }>(
    ['ext', 'delete', 'redis:1.0.0', '--with-referrers', '--yes', ...at],
    options,
  );
  assert.ok(all.referrers.length >= 2 && all.deleted.length >= 3, JSON.stringify(all));
  assert.deepEqual(await versions(), ['2.0.0-rc.1 active']);
  await sandbox.assertNothingHalfDone(1);
});
