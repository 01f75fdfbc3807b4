import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ManagerContext, type PublishOptions, publishExtension } from '#manager';
import { anonymousCredentials, createRemoteRegistry } from '#oci';
import type { FaultRegistry } from '../fault-registry/index.js';
import type { SampleExtension } from '../support/extensions.js';
import { processesMentioning } from '../support/processes.js';
import { bench, edKey, indexOf, REDIS, REPOSITORY } from './publish-bench.js';
import { NAMESPACE, newKey, openSite } from './site.js';

test('publishing checks, tests, signs, tags, indexes and reads back; the second time sends nothing', async (t) => {
  const { publish, client, server } = await bench(t);
  const { signer, publicKey } = await newKey();
  const sample = { ...REDIS, files: { ...REDIS.files, 'tests/ok.sh': 'test -f manifest.yaml\n' } };
  const first = await publish(sample, { signer, tags: ['stable'] });
  assert.deepEqual(
    [first.pushed, first.index.by, first.tagged, first.landed?.blobs, first.warnings],
    [true, 'artifact', ['stable'], 2, []],
  );
  assert.deepEqual(Array.isArray(first.tests) && first.tests.map(({ test: name }) => name), ['tests/ok.sh']);
  const { entries } = await indexOf(client);
  assert.deepEqual(
    entries.map(({ version, digest, state, signers }) => ({ version, digest, state, signers })),
    [{ version: '1.0.0', digest: first.digest, state: 'active', signers: [publicKey.id] }],
  );
  assert.ok(Date.parse(entries[0]?.publishedAt ?? '') > Date.now() - 60_000);
  assert.equal((await client.repository(REPOSITORY).resolve('stable')).digest, first.digest);
  const writes = () => server.seen.filter(({ method }) => !['GET', 'HEAD'].includes(method)).length;
  const before = writes();
  const second = await publish(sample, { signer, tags: ['stable'] });
  assert.deepEqual([second.pushed, second.tagged, writes() - before], [false, [], 0]);
});

test('our registry keeps the index itself, and no tag is made for it', async (t) => {
  const site = await openSite(t);
  const { signer } = await newKey();
  const options = { dir: site.extension(REDIS), registry: site.registry, namespace: NAMESPACE, signer };
  const { index, landed } = await publishExtension(options, site.context);
  assert.deepEqual([index, landed?.blobs], [{ by: 'endpoint', tries: 0 }, 2]);
  const client = createRemoteRegistry({
    registry: site.registry,
    credentials: anonymousCredentials,
    env: {},
  });
  t.after(() => client.close());
  const tags = await client.repository(REPOSITORY).list();
  assert.deepEqual(
    tags.filter((tag) => !tag.endsWith('.sig')),
    ['1.0.0'],
  );
});

test('a dry run changes nothing and lists the requests that the real run then sends', async (t) => {
  for (const options of [{ referrersApi: true }, { referrersApi: false }, { conditional: false }]) {
    const { server, publish } = await bench(t, options);
    const signer = await edKey();
    const planned = await publish(REDIS, { signer, tags: ['stable'], dryRun: true });
    assert.equal(server.seen.filter(({ method }) => !['GET', 'HEAD'].includes(method)).length, 0);
    assert.equal(planned.landed, undefined);
    server.seen.length = 0;
    const real = await publish(REDIS, { signer, tags: ['stable'] });
    assert.ok(planned.plan && real.landed);
    const shown = (method: string, path: string, bytes: number) =>
      `${method} ${path.replace(/\?.*$/, '').replace(/uploads\/.+$/, 'uploads/…')} ${method === 'GET' ? 0 : bytes}`;
    const sent = server.seen.map(({ method, url, received }) => shown(method, url, received));
    const wanted = planned.plan.requests.map(({ method, path, bytes }) => shown(method, path, bytes));
    // Index and signatures say when it was published, so their digests differ; everything else is the same.
    const known = new Set(wanted.map((line) => line.split(' ')[1]));
    const differing = sent.slice(0, wanted.length).filter((line) => !known.has(line.split(' ')[1]));
    assert.ok(differing.length <= 16, differing.join('\n'));
    const undated = (line: string) => line.replace(/(blobs|manifests)\/sha256:[0-9a-f]+/, '$1/sha256:…');
    assert.deepEqual(sent.slice(0, wanted.length).map(undated), wanted.map(undated));
    // What follows the plan is the reading back, by a client of its own.
    assert.ok(sent.slice(wanted.length).every((line) => /^(?:GET|HEAD) /.test(line)));
    assert.equal(
      planned.plan.bytes,
      server.seen.reduce((sum, one) => sum + one.received, 0),
    );
  }
});

test('an index that cannot be written is a warning and nothing else; the next publish makes up for it', async (t) => {
  const { publish, client, server } = await bench(t);
  server.fault({ method: 'PUT', path: /_index/, times: 100, does: { answer: { status: 403 } } });
  const first = await publish();
  assert.equal(first.landed?.blobs, 2);
  assert.match(first.warnings.join(), /index of team\/redis was not brought up to date/);
  server.clearFaults();
  await publish({ ...REDIS, version: '1.1.0' });
  assert.deepEqual(
    (await indexOf(client)).entries.map(({ version }) => version),
    ['1.0.0', '1.1.0'],
  );
});

test('what landed wrong is found: another content under the tag, a lost and a damaged blob', async (t) => {
  const { signer } = await newKey();
  const damages: Readonly<Record<string, (server: FaultRegistry, digests: string[]) => void>> = {
    damaged: ({ model }, [, layer]) => model.repository(REPOSITORY).blobs.set(layer!, Buffer.from('damaged')),
    lost: ({ model }, [config]) => model.repository(REPOSITORY).blobs.delete(config!),
  };
  for (const [what, damage] of Object.entries(damages)) {
    const { publish, server } = await bench(t);
    server.fault({
      method: 'GET',
      path: /manifests\/1\.0\.0$/,
      times: 100,
      does: {
        change: ({ body }) => {
          const { config, layers } = JSON.parse(body.toString()) as {
            config: { digest: string };
            layers: { digest: string }[];
          };
          damage(server, [config.digest, layers[0]!.digest]);
        },
      },
    });
    await assert.rejects(publish(REDIS, { signer }), { code: 'MANAGER_LANDED_WRONG', exitCode: 6 }, what);
  }
});

test('a version with other content is a conflict; names, versions and channels are checked before anything is sent', async (t) => {
  const { publish, server } = await bench(t);
  await publish();
  const changed = { ...REDIS, files: { ...REDIS.files, 'README.md': '# other\n' } };
  await assert.rejects(publish(changed), { code: 'MANAGER_VERSION_EXISTS', exitCode: 11 });
  const before = server.seen.length;
  await assert.rejects(publish(REDIS, { expect: { version: '2.0.0' } }), {
    code: 'MANAGER_VERSION_DISAGREES',
  });
  for (const tag of ['2.0.0', '_index', 'no spaces', `sha256-${'a'.repeat(64)}.sig`])
    await assert.rejects(publish(REDIS, { tags: [tag] }), { code: 'SCHEMAS_NAME_INVALID' }, tag);
  assert.equal(server.seen.length, before);
});

test('an extension that is not valid or fails its own tests is not published', async (t) => {
  const { publish, server, site } = await bench(t);
  const failing = (files: Record<string, string>, more: Partial<PublishOptions> = {}) =>
    publish({ ...REDIS, files: { ...REDIS.files, ...files } }, more);
  await assert.rejects(publish({ ...REDIS, manifest: { scripts: { install: 'scripts/none.sh' } } }), {
    code: 'MANAGER_EXTENSION_INVALID',
    exitCode: 3,
    message: /scripts\/none\.sh/,
  });
  await assert.rejects(failing({ 'tests/a.sh': 'echo "it is $((1+1))"; exit 3\n' }), {
    code: 'MANAGER_TESTS_FAILED',
    exitCode: 1,
    message: /tests\/a\.sh of redis failed: it ended with 3\nit is 2/,
  });
  const mark = join(site.folder, 'sleeper');
  await assert.rejects(
    failing({ 'tests/a.sh': `exec 3>'${mark}'; sleep 600 & sleep 600 # ${mark}\n` }, { testLimitMs: 300 }),
    { code: 'MANAGER_TESTS_FAILED', message: /longer than 0\.3 s/ },
  );
  assert.ok(existsSync(mark));
  assert.deepEqual(processesMentioning(mark), []);
  assert.equal(server.seen.length, 0);
  const skipped = await failing({ 'tests/a.sh': 'exit 3\n' }, { test: false });
  assert.equal(skipped.tests, 'skipped');
});

test('tests run in a copy with an environment of their own, and what they change is not published', async (t) => {
  const { publish, site } = await bench(t);
  const context: ManagerContext = { ...site.context, env: { ...site.context.env, SECRET: 'x' } };
  const report = join(site.folder, 'report');
  const sample: SampleExtension = {
    ...REDIS,
    files: {
      ...REDIS.files,
      'tests/a.mjs': `import { appendFileSync } from 'node:fs';
appendFileSync('README.md', 'changed');
appendFileSync(${JSON.stringify(report)}, JSON.stringify({ env: process.env, cwd: process.cwd() }));\n`,
      'tests/b.sh': 'grep -q changed README.md && exit 1; exit 0\n',
      'tests/data.txt': 'not a test',
    },
  };
  const dir = site.extension(sample);
  const host = (await publish(sample)).reference.split('/')[0]!;
  const { tests } = await publishExtension({ dir, registry: host, namespace: NAMESPACE }, context);
  assert.deepEqual(Array.isArray(tests) && tests.map(({ test: name }) => name), [
    'tests/a.mjs',
    'tests/b.sh',
  ]);
  const text = readFileSync(report, 'utf8');
  const { env, cwd } = JSON.parse(text.slice(text.lastIndexOf('{"env"'))) as {
    env: Record<string, string>;
    cwd: string;
  };
  assert.equal(env['SECRET'], undefined);
  assert.deepEqual(
    [env['PROV_EXTENSION_NAME'], env['PROV_EXTENSION_VERSION'], cwd === dir, existsSync(cwd)],
    ['redis', '1.0.0', false, false],
  );
  assert.equal(readFileSync(join(dir, 'README.md'), 'utf8'), '# redis\n');
});
